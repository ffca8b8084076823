"""Frames that were captured -> values to compare and to show.

    seen = read(frame)
    seen.kind, seen.src, seen.dst, seen.sport, seen.payload, seen.ttl ...      the names of packets.FIELDS

Reads what is there and never raises: a packet that ends too early is of kind "ip" with what could be read. Wrong
checksums are listed in `faults`. This reader shares nothing with the engines that it judges. Sources: RFC 791, 768,
9293, 792, 4443, 8200, 2784, 2890, 2637, 9260, 3828.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

from conformance import icmp_names
from conformance.names import Names
from conformance.packets import shown_flags, shown_payload

IPV4: Final = 0x0800
IPV6: Final = 0x86DD
ARP: Final = 0x0806
VLAN: Final = 0x8100
# IPv6 headers that are followed by another: number -> name
EXTENSIONS: Final = {0: "hop-by-hop", 43: "routing", 44: "fragment", 51: "ah", 60: "destination", 135: "mobility"}
CHUNKS: Final = {
    0: "DATA",
    1: "INIT",
    2: "INIT-ACK",
    3: "SACK",
    4: "HEARTBEAT",
    5: "HEARTBEAT-ACK",
    6: "ABORT",
    7: "SHUTDOWN",
    8: "SHUTDOWN-ACK",
    9: "ERROR",
    10: "COOKIE-ECHO",
    11: "COOKIE-ACK",
    14: "SHUTDOWN-COMPLETE",
}


class Seen:
    """One frame that was seen. Fields are attributes, named as in packets.FIELDS, and src, dst, sport, dport."""

    __slots__ = ("device", "expected", "faults", "fields", "frame", "kind", "node", "packet", "segment", "time")

    def __init__(self, frame: bytes, kind: str, packet: bytes, fields: dict[str, Any], faults: list[str]) -> None:
        self.frame = frame
        self.kind = kind
        self.packet = packet  # from the IP header on, without padding
        self.fields = fields
        self.faults = faults
        self.time = 0.0
        self.node = ""
        self.device = ""
        self.segment = 0
        self.expected = False

    def __getattr__(self, name: str) -> Any:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(f"this {self.kind} packet has no {name}; it has {', '.join(self.fields)}") from None

    def get(self, name: str, default: Any = None) -> Any:
        return self.fields.get(name, default)

    @property
    def family(self) -> int:
        return 6 if ":" in self.fields.get("src", "") else 4

    @property
    def text(self) -> str:
        """The payload as text."""
        data: bytes = self.fields.get("payload", b"")
        return data.decode("latin-1")

    @property
    def size(self) -> int:
        """Bytes of the IP packet."""
        return len(self.packet)

    def shown(self, names: Names | None = None, like: tuple[str, ...] = ()) -> str:
        """As text, for people. `like`: fields that matter here and are shown although they are ordinary."""
        if self.kind == "frame":
            return f"frame of {len(self.frame)} bytes, type 0x{self.fields['ethertype']:04x}"
        return " ".join(_words(self, names, like))

    def __repr__(self) -> str:
        return f"<{self.shown()}>"


def read(frame: bytes) -> Seen:
    """Read an Ethernet frame."""
    kind = int.from_bytes(frame[12:14], "big")
    fields: dict[str, Any] = {"source_mac": _mac(frame[6:12]), "destination_mac": _mac(frame[0:6])}
    start = 14
    if kind == VLAN and len(frame) >= 18:
        fields["vlan"] = int.from_bytes(frame[14:16], "big") & 0xFFF
        kind = int.from_bytes(frame[16:18], "big")
        start = 18
    faults: list[str] = []
    body = frame[start:]
    if kind == IPV4 and len(body) >= 20:
        name, packet = _ipv4(body, fields, faults, checked=True)
    elif kind == IPV6 and len(body) >= 40:
        name, packet = _ipv6(body, fields, faults, checked=True)
    elif kind == ARP and len(body) >= 28:
        name, packet = _arp(body, fields)
    else:
        fields["ethertype"] = kind
        name, packet = "frame", body
    fields["padding"] = len(body) - len(packet)
    return Seen(frame, name, packet, fields, faults)


def read_packet(packet: bytes, quoted: bool = False) -> Seen:
    """Read bytes from the IP header on. With `quoted`, the end may be missing, and checksums are not looked at."""
    fields: dict[str, Any] = {}
    faults: list[str] = []
    kind, body = "ip", packet
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        kind, body = _ipv4(packet, fields, faults, checked=not quoted)
    elif len(packet) >= 40 and packet[0] >> 4 == 6:
        kind, body = _ipv6(packet, fields, faults, checked=not quoted)
    return Seen(b"", kind, body, fields, faults)


def is_chatter(seen: Seen) -> bool:
    """What machines say by themselves: ARP, neighbour discovery, multicast reports."""
    if seen.kind == "arp":
        return True
    if seen.kind == "icmp6":
        return seen.fields.get("type") in (130, 131, 132, 133, 134, 135, 136, 143)
    return seen.kind == "frame" or (seen.kind == "ip" and seen.fields.get("protocol") == 2)


# --- IP ---------------------------------------------------------------------------------------------------------------


def _ipv4(data: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> tuple[str, bytes]:
    head, tos, total, ip_id, fragment, ttl, protocol, checksum = struct.unpack_from("!BBHHHBBH", data)
    header = max((head & 15) * 4, 20)
    packet = data[:total] if header <= total <= len(data) else data
    fields.update(
        version=head >> 4,
        header_length=head & 15,
        tos=tos,
        dscp=tos >> 2,
        ecn=tos & 3,
        total_length=total,
        ip_id=ip_id,
        df=bool(fragment & 0x4000),
        mf=bool(fragment & 0x2000),
        evil=bool(fragment & 0x8000),
        offset=(fragment & 0x1FFF) * 8,
        ttl=ttl,
        protocol=protocol,
        ip_checksum=checksum,
        ip_options=packet[20:header],
        src=socket.inet_ntoa(packet[12:16]),
        dst=socket.inet_ntoa(packet[16:20]),
    )
    if checked and checksum_of(packet[:header]):
        faults.append(f"IP header checksum 0x{checksum:04x} is wrong")
    pseudo = packet[12:20] + bytes((0, protocol))
    whole = not fragment & 0x3FFF
    if fields["offset"]:
        fields["payload"] = packet[header:]
        return "fragment", packet
    return _transport(protocol, packet[header:], pseudo, fields, faults, checked and whole), packet


def _ipv6(data: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> tuple[str, bytes]:
    first, length, protocol, ttl = struct.unpack_from("!IHBB", data)
    packet = data[: 40 + length] if 40 + length <= len(data) else data
    tos = first >> 20 & 255
    fields.update(
        version=first >> 28,
        tos=tos,
        dscp=tos >> 2,
        ecn=tos & 3,
        flow_label=first & 0xFFFFF,
        total_length=length,
        ttl=ttl,
        src=socket.inet_ntop(socket.AF_INET6, packet[8:24]),
        dst=socket.inet_ntop(socket.AF_INET6, packet[24:40]),
        mf=False,
        offset=0,
    )
    at, found, final = 40, [], packet[24:40]
    while protocol in EXTENSIONS and at + 8 <= len(packet):
        found.append(EXTENSIONS[protocol])
        if protocol == 44:
            _following, _reserved, place, ip_id = struct.unpack_from("!BBHI", packet, at)
            fields.update(offset=place & 0xFFF8, mf=bool(place & 1), ip_id=ip_id)
            size = 8
        else:
            size = (packet[at + 1] + 2) * 4 if protocol == 51 else (packet[at + 1] + 1) * 8
            if protocol == 43 and packet[at + 3] and size >= 24:
                final = packet[at + size - 16 : at + size]  # the checksum is over the last address of the route
        protocol, at = packet[at], at + size
    fields.update(protocol=protocol, extensions=tuple(found))
    if fields["offset"]:
        fields["payload"] = packet[at:]
        return "fragment", packet
    pseudo = packet[8:24] + final + bytes((0, protocol))
    whole = not fields["mf"]
    return _transport(protocol, packet[at:], pseudo, fields, faults, checked and whole), packet


def _arp(body: bytes, fields: dict[str, Any]) -> tuple[str, bytes]:
    fields.update(
        op=int.from_bytes(body[6:8], "big"), src=socket.inet_ntoa(body[14:18]), dst=socket.inet_ntoa(body[24:28])
    )
    return "arp", body[:28]


# --- transport --------------------------------------------------------------------------------------------------------


def _transport(
    protocol: int, data: bytes, pseudo: bytes, fields: dict[str, Any], faults: list[str], checked: bool
) -> str:
    reader = READERS.get(protocol)
    if reader is None or not reader[1](data, pseudo, fields, faults, checked):
        fields["payload"] = data
        return "ip"
    return reader[0]


def _ports(data: bytes, fields: dict[str, Any]) -> None:
    fields["sport"], fields["dport"] = struct.unpack_from("!HH", data)


def _udp(data: bytes, pseudo: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> bool:
    if len(data) < 8:
        return _only_ports(data, fields)
    _ports(data, fields)
    length, checksum = struct.unpack_from("!HH", data, 4)
    fields.update(length=length, checksum=checksum, payload=data[8:])
    if checked and checksum and length <= len(data):
        _verify("UDP", checksum, pseudo, data[:length], faults)
    return True


def _udplite(data: bytes, pseudo: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> bool:
    if len(data) < 8:
        return False
    _ports(data, fields)
    coverage, checksum = struct.unpack_from("!HH", data, 4)
    fields.update(coverage=coverage, checksum=checksum, payload=data[8:])
    if checked and coverage <= len(data):
        covered = data[: coverage or len(data)]
        total = pseudo + struct.pack("!I" if len(pseudo) > 12 else "!H", len(data)) + covered
        if checksum_of(total):
            faults.append(f"UDP-Lite checksum 0x{checksum:04x} is wrong")
    return True


def _only_ports(data: bytes, fields: dict[str, Any]) -> bool:
    """The ports of a header that was cut, as ICMP errors quote them."""
    if len(data) >= 4:
        _ports(data, fields)
        fields["payload"] = b""
    return len(data) >= 4


def _tcp(data: bytes, pseudo: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> bool:
    if len(data) >= 8:
        fields["seq"] = struct.unpack_from("!I", data, 4)[0]
    if len(data) < 20:
        return _only_ports(data, fields)
    _ports(data, fields)
    seq, ack, place, window, checksum, urgent = struct.unpack_from("!IIHHHH", data, 4)
    size = max((place >> 12) * 4, 20)
    fields.update(seq=seq, ack=ack, data_offset=place >> 12, reserved=place >> 8 & 15, flags=place & 255, window=window,
                  checksum=checksum, urgent=urgent, tcp_options=data[20:size], payload=data[size:])  # fmt: skip
    _tcp_options(data[20:size], fields)
    if checked:
        _verify("TCP", checksum, pseudo, data, faults)
    return True


def _tcp_options(data: bytes, fields: dict[str, Any]) -> None:
    at = 0
    while at < len(data) and data[at]:
        kind = data[at]
        if kind == 1:
            at += 1
            continue
        if at + 1 >= len(data) or data[at + 1] < 2:
            return
        body = data[at + 2 : at + data[at + 1]]
        if kind == 2 and len(body) == 2:
            fields["mss"] = int.from_bytes(body, "big")
        elif kind == 3 and len(body) == 1:
            fields["wscale"] = body[0]
        elif kind == 4:
            fields["sack_ok"] = True
        elif kind == 5:
            edges = struct.unpack(f"!{len(body) // 4}I", body[: len(body) // 4 * 4])
            fields["sack"] = tuple(zip(edges[::2], edges[1::2], strict=False))
        elif kind == 8 and len(body) == 8:
            fields["timestamp"] = struct.unpack("!II", body)
        at += data[at + 1]


def _icmp(data: bytes, _pseudo: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> bool:
    if len(data) < 4:
        return False
    fields.update(type=data[0], code=data[1], checksum=int.from_bytes(data[2:4], "big"))
    if checked and checksum_of(data):
        faults.append(f"ICMP checksum 0x{fields['checksum']:04x} is wrong")
    _icmp_body(data, fields, icmp_names.ERRORS)
    return True


def _icmp6(data: bytes, pseudo: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> bool:
    if len(data) < 4 or len(pseudo) < 34:
        return False
    fields.update(type=data[0], code=data[1], checksum=int.from_bytes(data[2:4], "big"))
    if checked:
        _verify("ICMPv6", fields["checksum"], pseudo, data, faults)
    if data[0] in (135, 136) and len(data) >= 24:
        fields["target"] = socket.inet_ntop(socket.AF_INET6, data[8:24])
    _icmp_body(data, fields, icmp_names.ERRORS6)
    return True


def _icmp_body(data: bytes, fields: dict[str, Any], errors: frozenset[int]) -> None:
    if len(data) < 8:
        fields["payload"] = data[4:]
        return
    kind = data[0]
    if kind in errors:
        fields["payload"] = data[8:]
        fields["quoting"] = read_packet(data[8:], quoted=True)
        fields["quoted_bytes"] = len(data) - 8
        if len(errors) == 4:
            fields["mtu" if kind == 2 else "pointer"] = int.from_bytes(data[4:8], "big")
        elif kind == 5:
            fields["gateway"] = socket.inet_ntoa(data[4:8])
        elif kind == 12:
            fields["pointer"] = data[4]
        else:
            fields["mtu"] = int.from_bytes(data[6:8], "big")
    else:
        fields["id"], fields["seq"] = struct.unpack_from("!HH", data, 4)
        fields["payload"] = data[8:]


def _gre(data: bytes, _pseudo: bytes, fields: dict[str, Any], _faults: list[str], _checked: bool) -> bool:
    if len(data) < 4:
        return False
    bits, inner = struct.unpack_from("!HH", data)
    version = bits & 7
    fields.update(gre_version=version, inner=inner)
    at = 4 + (4 if bits & 0x8000 else 0)
    wanted = [("key", 0x2000), ("gre_seq", 0x1000)] + ([("gre_ack", 0x0080)] if version else [])
    for name, bit in wanted:
        if bits & bit and at + 4 <= len(data):
            fields[name] = int.from_bytes(data[at + (2 if version and name == "key" else 0) : at + 4], "big")
            at += 4
    fields["payload"] = data[at:]
    return True


def _sctp(data: bytes, _pseudo: bytes, fields: dict[str, Any], faults: list[str], checked: bool) -> bool:
    if len(data) < 12:
        return _only_ports(data, fields)
    _ports(data, fields)
    vtag, checksum = struct.unpack_from("!II", data, 4)
    names, at = [], 12
    while at + 4 <= len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        names.append(CHUNKS.get(data[at], str(data[at])))
        if data[at] in (1, 2) and at + 8 <= len(data):
            fields["init_tag"] = int.from_bytes(data[at + 4 : at + 8], "big")
        at += max((length + 3) & ~3, 4)
    fields.update(vtag=vtag, checksum=checksum, chunks=",".join(names), payload=data[12:])
    if checked and crc32c(data[:8] + bytes(4) + data[12:]) != struct.unpack("<I", data[8:12])[0]:
        faults.append(f"SCTP checksum 0x{checksum:08x} is wrong")
    return True


def _spi(data: bytes, _pseudo: bytes, fields: dict[str, Any], _faults: list[str], _checked: bool) -> bool:
    """ESP and AH: the index, and all of it as payload."""
    at = 4 if fields["protocol"] == 51 else 0
    if len(data) < at + 4:
        return False
    fields.update(spi=int.from_bytes(data[at : at + 4], "big"), payload=data[at + 8 :])
    return True


READERS: Final = {
    1: ("icmp", _icmp),
    6: ("tcp", _tcp),
    17: ("udp", _udp),
    47: ("gre", _gre),
    50: ("esp", _spi),
    51: ("ah", _spi),
    58: ("icmp6", _icmp6),
    132: ("sctp", _sctp),
    136: ("udplite", _udplite),
}


# --- checksums --------------------------------------------------------------------------------------------------------


def checksum_of(data: bytes) -> int:
    """The Internet checksum of RFC 1071; 0 for data that contains its own right checksum."""
    if len(data) & 1:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _verify(name: str, checksum: int, pseudo: bytes, data: bytes, faults: list[str]) -> None:
    length = struct.pack("!I" if len(pseudo) > 12 else "!H", len(data))
    if checksum_of(pseudo + length + data):
        faults.append(f"{name} checksum 0x{checksum:04x} is wrong")


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _bit in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC: list[int] = []


def crc32c(data: bytes) -> int:
    """CRC-32C as SCTP uses it (RFC 9260, appendix A)."""
    if not _CRC:
        _CRC.extend(_crc_table())
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


# --- for people -------------------------------------------------------------------------------------------------------


def _mac(data: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in data)


def _end(address: str, port: int | None, names: Names | None) -> str:
    shown = names.shown(address) if names is not None else address
    if port is None:
        return shown
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


# Fields that are shown when they are out of the ordinary, and what is ordinary.
ORDINARY: Final = {
    "tos": 0,
    "mf": False,
    "offset": 0,
    "evil": False,
    "vlan": None,
    "ip_options": b"",
    "extensions": (),
    "urgent": 0,
}


def _words(seen: Seen, names: Names | None, like: tuple[str, ...]) -> list[str]:
    fields = seen.fields
    kind = seen.kind + ("6" if seen.family == 6 and seen.kind in ("udp", "tcp") else "")
    words = [kind, f"{_end(fields.get('src', '?'), fields.get('sport'), names)} > "
                   f"{_end(fields.get('dst', '?'), fields.get('dport'), names)}"]  # fmt: skip
    if "type" in fields:
        words.append(icmp_names.shown(fields["type"], fields["code"], seen.family))
        words += [f"{name}={fields[name]}" for name in ("id", "seq") if name in fields]
    if "flags" in fields:
        words += [shown_flags(fields["flags"]), f"seq={fields['seq']}", f"ack={fields['ack']}"]
    if "chunks" in fields:
        words.append(fields["chunks"])
    if seen.kind in ("ip", "fragment"):
        words.append(f"protocol {fields.get('protocol', '?')}")
    shown = [
        name
        for name in like
        if name not in ("flags", "seq", "ack", "type", "code", "id", "payload", "chunks", "quoting")
    ]
    shown += [name for name, usual in ORDINARY.items() if fields.get(name, usual) != usual and name not in shown]
    words += [f"{name}={_value(fields.get(name))}" for name in shown if name in fields]
    if "quoting" in fields:
        words.append(f"quoting ({fields['quoting'].shown(names)})")
    elif fields.get("payload"):
        words.append(shown_payload(fields["payload"]))
    return [*words, *(f"[{fault}]" for fault in seen.faults)]


def _value(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
