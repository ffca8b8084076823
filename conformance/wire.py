"""Packets as values -> bytes. The only file that knows scapy.

scapy is asked for single layers and gets every address, so it looks at no route, interface or namespace of this
machine. What was built once is kept: scenarios send the same packets to one engine after the other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from conformance import plain
from conformance.flows import ANY
from conformance.names import Hop, Names
from conformance.packets import (
    CONDITIONS,
    PROTOCOLS,
    WITH_PORTS,
    Edited,
    Packet,
    PacketFault,
    Piece,
    Raw,
    Sendable,
    shown_flags,
)

ETHERTYPE: Final = {4: 0x0800, 6: 0x86DD}
# What follows the header of ICMP queries: three timestamps, an address mask (RFC 792, RFC 950).
USUAL_BODY: Final = {13: 12, 14: 12, 17: 4, 18: 4}
QUOTE_LIMIT: Final = {4: 576 - 28, 6: 1280 - 48}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A packet with addresses in place of names: everything that decides its bytes."""

    kind: str
    family: int
    src: str
    dst: str
    sport: int | None
    dport: int | None
    fields: tuple[tuple[str, Any], ...]


def resolve(packet: Packet, names: Names) -> Resolved:
    """Raises NameFault for unknown names and PacketFault for what cannot be sent."""
    family = packet.ip_version
    flow = names.resolve(packet.flow, family)
    for end, shown in ((flow.source, packet.flow.source), (flow.destination, packet.flow.destination)):
        if end.host == ANY:
            raise PacketFault(f"'{packet.flow}': a packet that is sent needs an address in place of '{shown}'")
        if packet.kind in WITH_PORTS and end.port is None:
            raise PacketFault(f"'{packet.flow}': a {packet.kind} packet that is sent needs one port at '{shown}'")
    fields = []
    for name, value in packet.fields:
        if isinstance(value, CONDITIONS):
            raise PacketFault(f"{name}={value}: a packet that is sent needs one value")
        fields.append((name, _quoted(value, names) if name == "quoting" else value))
    return Resolved(
        packet.kind,
        family,
        flow.source.host,
        flow.destination.host,
        flow.source.port,
        flow.destination.port,
        tuple(fields),
    )


def _quoted(what: Any, names: Names) -> bytes:
    """The bytes of a packet that an ICMP error quotes: of one that was seen or sent, or of a description."""
    data = getattr(what, "packet", None)
    if isinstance(what, bytes):
        return what
    if isinstance(data, bytes):
        return data
    if isinstance(what, Packet | Edited | Piece | Raw):
        return packet_bytes(what, names)
    raise PacketFault(f"quoting={what!r}: a packet that was seen, a packet or bytes are needed")


def packet_bytes(what: Sendable, names: Names) -> bytes:
    """From the IP header on."""
    if isinstance(what, Raw):
        return what.data
    if isinstance(what, Packet):
        return build(resolve(what, names))
    whole = packet_bytes(what.packet, names)
    if isinstance(what, Piece):
        return piece_of(whole, what.start, what.stop, what.more)
    for offset, data in what.patches:
        whole = whole[:offset] + data + whole[offset + len(data) :]
    return whole[: what.size]


def piece_of(packet: bytes, start: int, stop: int | None, more: bool) -> bytes:
    """A fragment of an IP packet (RFC 791 3.2, RFC 8200 4.5)."""
    if packet[0] >> 4 == 4:
        header = (packet[0] & 15) * 4
        part = packet[header:][start:stop]
        flags = struct.unpack_from("!H", packet, 6)[0] & 0x4000 | (0x2000 if more else 0) | start // 8
        head = bytearray(packet[:header])
        struct.pack_into("!H", head, 2, header + len(part))
        struct.pack_into("!H", head, 6, flags)
        head[10:12] = bytes(2)
        struct.pack_into("!H", head, 10, internet_checksum(bytes(head)))
        return bytes(head) + part
    part = packet[40:][start:stop]
    extension = struct.pack("!BBHI", packet[6], 0, start | int(more), 0x1234)
    return packet[:4] + struct.pack("!HBB", len(part) + 8, 44, packet[7]) + packet[8:40] + extension + part


def frame(what: Sendable, packet: bytes, hop: Hop) -> bytes:
    """The Ethernet frame around a packet."""
    if isinstance(what, Raw) and what.frame:
        return what.data
    inner = what if isinstance(what, Packet) else getattr(what, "packet", None)
    fields = dict(inner.fields) if isinstance(inner, Packet) else {}
    kind = 0x0806 if isinstance(inner, Packet) and inner.kind == "arp" else ETHERTYPE.get(packet[0] >> 4, 0x0800)
    if isinstance(inner, Packet) and inner.kind != "arp":
        kind = ETHERTYPE[inner.ip_version]
    tag = struct.pack("!HH", 0x8100, fields["vlan"]) if "vlan" in fields else b""
    head = _mac(fields.get("destination_mac", hop.destination_mac)) + _mac(fields.get("source_mac", hop.source_mac))
    return head + tag + struct.pack("!H", kind) + packet + bytes(fields.get("padding", 0))


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


# --- building ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16384)
def build(what: Resolved) -> bytes:
    """The bytes of a packet from the IP header on."""
    fields = dict(what.fields)
    if what.sport is not None and what.dport is not None and plain.can_build(what.kind, fields):
        return plain.build(what.kind, what.family, what.src, what.dst, (what.sport, what.dport), fields)
    return build_by_scapy(what)


def build_by_scapy(what: Resolved) -> bytes:
    """The same for packets of every kind."""
    fields = dict(what.fields)
    if what.kind == "arp":
        return _arp(what, fields)
    if what.kind not in BUILDERS:
        raise PacketFault(f"a {what.kind} packet is only for seeing, it cannot be sent")
    network = _ipv6(what, fields) if what.family == 6 else _ipv4(what, fields)
    payload = fields.get("payload", b"")
    transport = BUILDERS[what.kind](what, fields)
    body = bytes(payload) if what.kind not in ("udplite", "icmp", "icmp6", "gre", "sctp") else b""
    packet = network
    for layer in transport:
        packet = packet / layer
    data = bytes(packet / body) if body else bytes(packet)
    return _spoiled(what, fields, data)


def _ipv4(what: Resolved, fields: dict[str, Any]) -> Any:
    from scapy.layers.inet import IP

    tos = fields.get("tos", fields.get("dscp", 0) << 2 | fields.get("ecn", 0))
    flags = (4 if fields.get("evil") else 0) | (2 if fields.get("df") else 0) | (1 if fields.get("mf") else 0)
    options = _ip_options(fields.get("ip_options", b""))
    said = {
        "len": fields.get("total_length"),
        "ihl": fields.get("header_length"),
        "chksum": _number(fields, "ip_checksum"),
    }
    return IP(src=what.src, dst=what.dst, ttl=fields.get("ttl", 64), tos=tos, id=fields.get("ip_id", 1), flags=flags,
              frag=fields.get("offset", 0) // 8, version=fields.get("version", 4), proto=_protocol(what, fields),
              options=options, **{name: value for name, value in said.items() if value is not None})  # fmt: skip


def _ip_options(data: bytes) -> list[Any]:
    from scapy.packet import Raw as Bytes

    return [Bytes(data + bytes(-len(data) % 4))] if data else []


def _ipv6(what: Resolved, fields: dict[str, Any]) -> Any:
    from scapy.layers import inet6

    makers = {
        "hop-by-hop": lambda: inet6.IPv6ExtHdrHopByHop(),
        "destination": lambda: inet6.IPv6ExtHdrDestOpt(),
        "routing": lambda: inet6.IPv6ExtHdrRouting(addresses=[what.dst], segleft=0),
        "fragment": lambda: inet6.IPv6ExtHdrFragment(
            offset=fields.get("offset", 0) // 8, m=int(fields.get("mf", False)), id=fields.get("ip_id", 1)
        ),
    }
    tos = fields.get("tos", fields.get("dscp", 0) << 2 | fields.get("ecn", 0))
    wanted = list(fields.get("extensions", ()))
    if ("offset" in fields or "mf" in fields) and "fragment" not in wanted:
        wanted.append("fragment")
    unknown = [name for name in wanted if name not in makers]
    if unknown:
        raise PacketFault(f"'{unknown[0]}' is not an IPv6 extension header here; there are {', '.join(makers)}")
    said = {"plen": fields["total_length"]} if "total_length" in fields else {}
    packet = inet6.IPv6(src=what.src, dst=what.dst, hlim=fields.get("ttl", 64), tc=tos, fl=fields.get("flow_label", 0),
                        version=fields.get("version", 6), **said)  # fmt: skip
    for name in wanted:
        packet = packet / makers[name]()
    packet.lastlayer().nh = _protocol(what, fields)
    return packet


def _protocol(what: Resolved, fields: dict[str, Any]) -> int:
    number = fields.get("protocol", PROTOCOLS.get(what.kind))
    if number is None:
        raise PacketFault(f"an {what.kind} packet that is sent needs a protocol number")
    return int(number)


def _number(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    return value if isinstance(value, int) else None


def _udp(what: Resolved, fields: dict[str, Any]) -> list[Any]:
    from scapy.layers.inet import UDP

    said = {"len": fields.get("length"), "chksum": _number(fields, "checksum")}
    return [
        UDP(sport=what.sport, dport=what.dport, **{name: value for name, value in said.items() if value is not None})
    ]


def _udplite(what: Resolved, fields: dict[str, Any]) -> list[Any]:
    from scapy.packet import Raw as Bytes

    payload = bytes(fields.get("payload", b""))
    coverage = fields.get("coverage", 0)
    data = struct.pack("!HHHH", what.sport, what.dport, coverage, 0) + payload
    checksum = _number(fields, "checksum")
    if checksum is None:
        covered = data[: coverage or len(data)]
        checksum = internet_checksum(_pseudo(what, 136, len(data)) + covered) or 0xFFFF
    return [Bytes(data[:6] + struct.pack("!H", checksum) + payload)]


def _tcp(what: Resolved, fields: dict[str, Any]) -> list[Any]:
    from scapy.layers.inet import TCP
    from scapy.packet import Raw as Bytes

    given = bytes(fields.get("tcp_options", b""))
    given += bytes(-len(given) % 4)
    offset = fields.get("data_offset", 5 + len(given) // 4 if given else None)
    said = {"dataofs": offset, "chksum": _number(fields, "checksum")}
    letters = "".join(name[0] for name in shown_flags(fields.get("flags", 0)).split(",") if name != "none")
    reserved = fields.get("reserved", 0)  # four bits (RFC 9293); scapy calls the last one the flag N
    header = TCP(
        sport=what.sport,
        dport=what.dport,
        flags=letters + "N" * (reserved & 1) or 0,
        seq=fields.get("seq", 0) % (1 << 32),
        ack=fields.get("ack", 0) % (1 << 32),
        window=fields.get("window", 65535),
        urgptr=fields.get("urgent", 0),
        reserved=reserved >> 1,
        options=_tcp_options(fields),
        **{name: value for name, value in said.items() if value is not None},
    )
    return [header, Bytes(given)] if given else [header]


def _tcp_options(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    options: list[tuple[str, Any]] = []
    if "mss" in fields:
        options.append(("MSS", fields["mss"]))
    if fields.get("sack_ok"):
        options.append(("SAckOK", b""))
    if "timestamp" in fields:
        options.append(("Timestamp", fields["timestamp"]))
    if "wscale" in fields:
        options.append(("WScale", fields["wscale"]))
    if "sack" in fields:
        options.append(("SAck", tuple(edge for block in fields["sack"] for edge in block)))
    return options


def _icmp(what: Resolved, fields: dict[str, Any]) -> list[Any]:
    """ICMP and ICMPv6 by hand: eight bytes of header whose second half depends on the type."""
    from scapy.packet import Raw as Bytes

    kind, code = fields.get("type", 8 if what.family == 4 else 128), fields.get("code", 0)
    data = (
        struct.pack("!BBH", kind, code, 0) + _icmp_rest(kind, what.family, fields) + _icmp_payload(what.family, fields)
    )
    checksum = _number(fields, "checksum")
    if checksum is None:
        pseudo = _pseudo(what, 58, len(data)) if what.family == 6 else b""
        checksum = internet_checksum(pseudo + data)
    return [Bytes(data[:2] + struct.pack("!H", checksum) + data[4:])]


def _icmp_rest(kind: int, family: int, fields: dict[str, Any]) -> bytes:
    import socket

    if "gateway" in fields:
        return socket.inet_aton(fields["gateway"])
    if "pointer" in fields:
        return struct.pack("!I", fields["pointer"]) if family == 6 else struct.pack("!Bxxx", fields["pointer"])
    if "mtu" in fields:
        return struct.pack("!I", fields["mtu"]) if family == 6 else struct.pack("!HH", 0, fields["mtu"])
    if "target" in fields:
        return bytes(4) + socket.inet_pton(socket.AF_INET6, fields["target"])
    query = kind in ((0, 8, 13, 14, 15, 16, 17, 18) if family == 4 else (128, 129))
    if query or "id" in fields or "seq" in fields:
        return struct.pack("!HH", fields.get("id", 1) & 0xFFFF, fields.get("seq", 1) & 0xFFFF)
    return bytes(4)


def _icmp_payload(family: int, fields: dict[str, Any]) -> bytes:
    if "quoting" not in fields:
        return bytes(fields.get("payload", bytes(USUAL_BODY.get(fields.get("type", 8), 0) if family == 4 else 0)))
    quoted: bytes = fields["quoting"]
    return quoted[: fields.get("quoted_bytes", QUOTE_LIMIT[family])]


def _gre(_what: Resolved, fields: dict[str, Any]) -> list[Any]:
    from scapy.packet import Raw as Bytes

    payload, version = bytes(fields.get("payload", b"")), fields.get("gre_version", 0)
    bits = version | (0x2000 if "key" in fields or version else 0) | (0x1000 if "gre_seq" in fields else 0)
    bits |= 0x0080 if "gre_ack" in fields else 0
    head = struct.pack("!HH", bits, fields.get("inner", 0x880B if version else 0x0800))
    if version:
        head += struct.pack("!HH", len(payload), fields.get("key", 0))
    elif "key" in fields:
        head += struct.pack("!I", fields["key"])
    for name in ("gre_seq", "gre_ack"):
        head += struct.pack("!I", fields[name]) if name in fields else b""
    return [Bytes(head + payload)]


def _sctp(what: Resolved, fields: dict[str, Any]) -> list[Any]:
    from scapy.layers import sctp
    from scapy.packet import Raw as Bytes

    makers: dict[str, Any] = {
        "DATA": lambda: sctp.SCTPChunkData(beginning=1, ending=1, tsn=1, data=fields.get("payload", b"x")),
        "INIT": lambda: sctp.SCTPChunkInit(
            init_tag=fields.get("init_tag", 1), a_rwnd=65536, n_out_streams=1, n_in_streams=1
        ),
        "INIT-ACK": lambda: sctp.SCTPChunkInitAck(
            init_tag=fields.get("init_tag", 1), a_rwnd=65536, n_out_streams=1, n_in_streams=1
        ),
        "SACK": lambda: sctp.SCTPChunkSACK(),
        "HEARTBEAT": lambda: sctp.SCTPChunkHeartbeatReq(),
        "HEARTBEAT-ACK": lambda: sctp.SCTPChunkHeartbeatAck(),
        "ABORT": lambda: sctp.SCTPChunkAbort(),
        "SHUTDOWN": lambda: sctp.SCTPChunkShutdown(),
        "SHUTDOWN-ACK": lambda: sctp.SCTPChunkShutdownAck(),
        "ERROR": lambda: sctp.SCTPChunkError(),
        "COOKIE-ECHO": lambda: sctp.SCTPChunkCookieEcho(cookie=b"cook"),
        "COOKIE-ACK": lambda: sctp.SCTPChunkCookieAck(),
        "SHUTDOWN-COMPLETE": lambda: sctp.SCTPChunkShutdownComplete(),
    }
    chunks = fields.get("chunks", "INIT")
    header = sctp.SCTP(sport=what.sport, dport=what.dport, tag=fields.get("vtag", 0))
    layers = []
    for chunk in chunks.split(",") if isinstance(chunks, str) else chunks:
        if isinstance(chunk, bytes):
            layers.append(Bytes(chunk))
        elif chunk.strip() in makers:
            layers.append(makers[chunk.strip()]())
        else:
            raise PacketFault(f"'{chunk}' is not an SCTP chunk here; there are {', '.join(makers)}")
    data = bytearray(bytes(header / _joined(layers)))
    if _number(fields, "checksum") is not None:
        struct.pack_into("!I", data, 8, fields["checksum"])
    return [Bytes(bytes(data))]


def _joined(layers: list[Any]) -> Any:
    joined = layers[0]
    for layer in layers[1:]:
        joined = joined / layer
    return joined


def _esp(_what: Resolved, fields: dict[str, Any]) -> list[Any]:
    from scapy.packet import Raw as Bytes

    return [Bytes(struct.pack("!II", fields.get("spi", 1), 1))]


def _ah(_what: Resolved, fields: dict[str, Any]) -> list[Any]:
    from scapy.packet import Raw as Bytes

    return [Bytes(struct.pack("!BBHII", 17, 2, 0, fields.get("spi", 1), 1))]


def _plain(_what: Resolved, _fields: dict[str, Any]) -> list[Any]:
    return []


BUILDERS: Final = {
    "udp": _udp,
    "udplite": _udplite,
    "tcp": _tcp,
    "icmp": _icmp,
    "icmp6": _icmp,
    "gre": _gre,
    "sctp": _sctp,
    "esp": _esp,
    "ah": _ah,
    "ip": _plain,
}


def _arp(what: Resolved, fields: dict[str, Any]) -> bytes:
    import socket

    mac = _mac(fields.get("source_mac", "02:00:00:00:00:00"))
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, fields.get("op", 1)) + mac + socket.inet_aton(what.src) + bytes(6) + (
        socket.inet_aton(what.dst))  # fmt: skip


# --- checksums that lie -----------------------------------------------------------------------------------------------

CHECKSUM_AT: Final = {"udp": 6, "udplite": 6, "tcp": 16, "icmp": 2, "icmp6": 2, "sctp": 8}


def _spoiled(what: Resolved, fields: dict[str, Any], data: bytes) -> bytes:
    """Turn checksums that are to be 'bad' over."""
    if fields.get("ip_checksum") == "bad":
        data = _flipped(data, 10)
    if fields.get("checksum") == "bad":
        header = (data[0] & 15) * 4 if what.family == 4 else 40
        data = _flipped(data, header + CHECKSUM_AT[what.kind])
    return data


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 0x5A, data[at + 1] ^ 0xA5)) + data[at + 2 :]


def internet_checksum(data: bytes) -> int:
    """RFC 1071."""
    from scapy.utils import checksum

    return int(checksum(data))


def _pseudo(what: Resolved, protocol: int, length: int) -> bytes:
    import socket

    if what.family == 6:
        return (socket.inet_pton(socket.AF_INET6, what.src) + socket.inet_pton(socket.AF_INET6, what.dst)
                + struct.pack("!II", length, protocol))  # fmt: skip
    return socket.inet_aton(what.src) + socket.inet_aton(what.dst) + struct.pack("!BBH", 0, protocol, length)


# --- captures ---------------------------------------------------------------------------------------------------------


def write_pcapng(path: Path, frames: Iterable[tuple[float, str, bytes, str]]) -> None:
    """Write frames as (seconds since 1970, wire, bytes, comment): one interface for each wire."""
    from scapy.layers.l2 import Ether
    from scapy.utils import wrpcapng

    packets = []
    for time, wire, data, comment in frames:
        packet = Ether(data)
        packet.time, packet.sniffed_on, packet.comments = time, wire, [comment.encode()] if comment else None
        packets.append(packet)
    wrpcapng(str(path), packets)
