"""Packets as scenarios write them, for sending and for seeing.

    udp("client:40000 > server:53", "query")
    tcp("client:1234 > server:22", "SYN", seq=1000, mss=1460)
    icmp("server > client", "port-unreachable", quoting=query)

A Packet is a value: nothing is built or sent here. Sent, everything that is not said gets an ordinary value; seen, only
what is said is compared. The fields that there are stand in FIELDS.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from conformance import icmp_names
from conformance.flows import ANY, End, Flow, FlowError, Ports, parse
from conformance.names import NameFault, Names

# field -> (kinds of packet that have it; "" for all, meaning)
FIELDS: Final[dict[str, tuple[str, str]]] = {
    # the frame
    "source_mac": ("", "sender's MAC address; normally the node's own"),
    "destination_mac": ("", "receiver's MAC address; normally that of the next hop"),
    "vlan": ("", "802.1Q VLAN number"),
    "padding": ("", "bytes behind the end of the packet, inside the frame"),
    # IP
    "ttl": ("", "time to live, hop limit in IPv6; 64"),
    "tos": ("", "type of service, traffic class in IPv6; 0"),
    "dscp": ("", "upper six bits of tos"),
    "ecn": ("", "lower two bits of tos"),
    "ip_id": ("", "IPv4 identification; 1"),
    "df": ("", "IPv4 don't fragment; False"),
    "mf": ("", "more fragments; False"),
    "offset": ("", "fragment offset in bytes; 0"),
    "evil": ("", "reserved bit of the IPv4 flags (RFC 3514); False"),
    "ip_options": ("", "IPv4 options as bytes"),
    "version": ("", "IP version field"),
    "header_length": ("", "IPv4 header length in 32-bit words"),
    "total_length": ("", "length that the IP header states"),
    "protocol": ("", "protocol number"),
    "ip_checksum": ("", "IPv4 header checksum: number, or 'bad'"),
    "flow_label": ("", "IPv6 flow label"),
    "extensions": ("", "names of IPv6 extension headers: hop-by-hop, routing, destination, ah, fragment"),
    # transport
    "payload": ("", "text or bytes behind the last header"),
    "checksum": (
        "udp tcp icmp icmp6 udplite sctp gre",
        "checksum of the transport header: number, 'bad'; seen also 'any'",
    ),
    "length": ("udp", "length field of UDP"),
    "coverage": ("udplite", "checksum coverage of UDP-Lite; 0 is the whole packet"),
    "flags": ("tcp", "SYN, ACK, FIN, RST, PSH, URG, ECE, CWR joined by commas; 'none'"),
    "seq": ("tcp icmp icmp6", "sequence number"),
    "ack": ("tcp", "acknowledgement number"),
    "window": ("tcp", "window field; 65535"),
    "urgent": ("tcp", "urgent pointer"),
    "data_offset": ("tcp", "header length in 32-bit words"),
    "reserved": ("tcp", "reserved bits"),
    "mss": ("tcp", "MSS option"),
    "wscale": ("tcp", "window scale option"),
    "sack_ok": ("tcp", "SACK permitted option"),
    "sack": ("tcp", "blocks of the SACK option: [(left, right), ...]"),
    "timestamp": ("tcp", "timestamp option: (value, echo)"),
    "tcp_options": ("tcp", "TCP options as bytes, instead of the above"),
    "type": ("icmp icmp6", "type number"),
    "code": ("icmp icmp6", "code number"),
    "id": ("icmp icmp6", "identifier of a query"),
    "mtu": ("icmp icmp6", "MTU of fragmentation-needed and packet-too-big"),
    "gateway": ("icmp", "router address of a redirect"),
    "pointer": ("icmp icmp6", "pointer of parameter-problem"),
    "target": ("icmp6", "address that neighbour discovery asks for"),
    "quoting": ("icmp icmp6", "the packet that an error is about: a packet that was seen or is described"),
    "quoted_bytes": ("icmp icmp6", "how many bytes of the packet are quoted"),
    "key": ("gre", "GRE key (version 0) or call id (version 1)"),
    "gre_version": ("gre", "0, or 1 as PPTP uses it; 0"),
    "inner": ("gre", "protocol number inside; 0x0800, in version 1 0x880b"),
    "gre_seq": ("gre", "sequence number"),
    "gre_ack": ("gre", "acknowledgement number (version 1)"),
    "vtag": ("sctp", "verification tag"),
    "chunks": ("sctp", "names of SCTP chunks, joined by commas, such as 'INIT'; or a list of chunk bytes"),
    "init_tag": ("sctp", "initiate tag of INIT and INIT-ACK"),
    "spi": ("esp ah", "security parameter index"),
    "op": ("arp", "1 request, 2 reply"),
}
PROTOCOLS: Final = {
    "icmp": 1,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmp6": 58,
    "sctp": 132,
    "udplite": 136,
}
WITH_PORTS: Final = frozenset(("tcp", "udp", "udplite", "sctp"))
FLAGS: Final = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")


class PacketFault(ValueError):
    """A packet that cannot be meant. Says what and what would be possible."""


@dataclass(frozen=True, slots=True)
class Between:
    """Any number from `low` to `high`."""

    low: int
    high: int

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class OneOf:
    choices: tuple[Any, ...]

    def __contains__(self, value: object) -> bool:
        return any(value == choice for choice in self.choices)

    def __str__(self) -> str:
        return " or ".join(map(str, self.choices))


@dataclass(frozen=True, slots=True)
class OtherThan:
    value: Any

    def __contains__(self, value: object) -> bool:
        return bool(value != self.value)

    def __str__(self) -> str:
        return f"not {self.value}"


def between(low: int, high: int) -> Between:
    """In what should be seen: any number from low to high."""
    return Between(low, high)


def one_of(*choices: Any) -> OneOf:
    """In what should be seen: any of these."""
    return OneOf(choices)


def other_than(value: Any) -> OtherThan:
    """In what should be seen: anything but this."""
    return OtherThan(value)


CONDITIONS: Final = (Between, OneOf, OtherThan)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, or what a packet should look like. `family` 0: as its addresses say, else IPv4."""

    kind: str
    flow: Flow
    fields: tuple[tuple[str, Any], ...] = ()
    family: int = 0

    @property
    def ip_version(self) -> int:
        if self.family:
            return self.family
        hosts = [end.host for end in (self.flow.source, self.flow.destination) if end.is_address]
        return 6 if any(":" in host for host in hosts) else 4

    def get(self, field: str, default: Any = None) -> Any:
        return next((value for name, value in self.fields if name == field), default)

    def but(self, flow: str = "", **fields: Any) -> Packet:
        """The same packet with some things changed."""
        changed = dict(self.fields) | checked(self.kind, fields)
        return replace(self, flow=parse(flow) if flow else self.flow, fields=tuple(changed.items()))

    def cut(self, size: int) -> Edited:
        """The packet cut off behind `size` bytes (of the IP packet); its headers still state the whole length."""
        return Edited(self, size, ())

    def patched(self, *patches: tuple[int, bytes]) -> Edited:
        """The packet with bytes replaced: (offset in the IP packet, bytes). Checksums are left as they were."""
        return Edited(self, None, patches)

    def shown(self, names: Names | None = None) -> str:
        """As text, for people."""
        flow = self.flow
        if names is not None:
            flow = shown_flow(flow, names)
        kind = self.kind + ("6" if self.family == 6 and self.kind != "icmp6" else "")
        return " ".join(filter(None, (kind, str(flow), *shown_fields(self))))

    def __str__(self) -> str:
        return self.shown()


@dataclass(frozen=True, slots=True)
class Edited:
    """A packet whose bytes are changed after it was built."""

    packet: Packet
    size: int | None
    patches: tuple[tuple[int, bytes], ...]

    def shown(self, names: Names | None = None) -> str:
        notes = [f"cut to {self.size} bytes"] if self.size is not None else []
        notes += [f"{len(data)} bytes at {offset} replaced by {data.hex()}" for offset, data in self.patches]
        return f"{self.packet.shown(names)} ({', '.join(notes)})"


@dataclass(frozen=True, slots=True)
class Piece:
    """One fragment of a packet: bytes `start` to `stop` of what follows the IP header (None: to its end)."""

    packet: Packet
    start: int
    stop: int | None
    more: bool

    def shown(self, names: Names | None = None) -> str:
        end = "the end" if self.stop is None else self.stop
        return (
            f"{self.packet.shown(names)} (fragment: bytes {self.start} to {end}{', more follow' if self.more else ''})"
        )


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are: from the IP header on, or (`frame`) from the Ethernet header on."""

    data: bytes
    frame: bool = False

    def shown(self, _names: Names | None = None) -> str:
        return f"{'frame' if self.frame else 'packet'} of {len(self.data)} bytes {self.data[:48].hex()}"


Sendable = Packet | Edited | Piece | Raw


# --- the words --------------------------------------------------------------------------------------------------------


def udp(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    """udp("client:40000 > server:53", "query", ttl=1)"""
    return make("udp", flow, payload=payload, **fields)


def udp6(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    """The same over IPv6."""
    return make("udp", flow, 6, payload=payload, **fields)


def tcp(flow: str, flags: str | None = None, payload: str | bytes | None = None, **fields: Any) -> Packet:
    """tcp("client:1234 > server:22", "SYN", seq=1000); flags as "SYN,ACK", or short "SA"."""
    return make("tcp", flow, flags=flags, payload=payload, **fields)


def tcp6(flow: str, flags: str | None = None, payload: str | bytes | None = None, **fields: Any) -> Packet:
    return make("tcp", flow, 6, flags=flags, payload=payload, **fields)


def icmp(flow: str, message: str | int | tuple[int, int] | None = None, payload: str | bytes | None = None,
         **fields: Any) -> Packet:  # fmt: skip
    """icmp("client > server", "echo-request", id=7, seq=1); icmp("server > client", "port-unreachable",
    quoting=query)"""
    return _icmp("icmp", flow, message, payload, fields)


def icmp6(flow: str, message: str | int | tuple[int, int] | None = None, payload: str | bytes | None = None,
          **fields: Any) -> Packet:  # fmt: skip
    return _icmp("icmp6", flow, message, payload, fields)


def ping(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    """An ICMP echo request; id and seq are 1 unless said otherwise."""
    return icmp(flow, "echo-request", payload, **fields)


def pong(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    """An ICMP echo reply."""
    return icmp(flow, "echo-reply", payload, **fields)


def ping6(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    return icmp6(flow, "echo-request", payload, **fields)


def pong6(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    return icmp6(flow, "echo-reply", payload, **fields)


def udplite(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    return make("udplite", flow, payload=payload, **fields)


def sctp(flow: str, chunks: str | Sequence[bytes] | None = None, **fields: Any) -> Packet:
    """sctp("client:5000 > server:36412", "INIT", init_tag=1)"""
    return make("sctp", flow, chunks=chunks if chunks is None or isinstance(chunks, str) else tuple(chunks), **fields)


def gre(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    """gre("client > server", key=5); gre(..., gre_version=1, key=CALL_ID) as PPTP sends it"""
    return make("gre", flow, payload=payload, **fields)


def esp(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    return make("esp", flow, payload=payload, **fields)


def ah(flow: str, payload: str | bytes | None = None, **fields: Any) -> Packet:
    return make("ah", flow, payload=payload, **fields)


def ip(flow: str, protocol: int | None = None, payload: str | bytes | None = None, **fields: Any) -> Packet:
    """Any IP packet: ip("client > server", 89, b"...")"""
    return make("ip", flow, protocol=protocol, payload=payload, **fields)


def ip6(flow: str, protocol: int | None = None, payload: str | bytes | None = None, **fields: Any) -> Packet:
    return make("ip", flow, 6, protocol=protocol, payload=payload, **fields)


def arp(flow: str, op: int = 1, **fields: Any) -> Packet:
    """arp("client > server"): client asks who has server's address; op=2 is the answer"""
    return make("arp", flow, op=op, **fields)


def fragment(flow: str, offset: int | None = None, more: bool | None = None, **fields: Any) -> Packet:
    """In what should be seen: a fragment, with its offset in bytes and whether more follow."""
    return make("fragment", flow, offset=offset, mf=more, **fields)


def fragment6(flow: str, offset: int | None = None, more: bool | None = None, **fields: Any) -> Packet:
    return make("fragment", flow, 6, offset=offset, mf=more, **fields)


def fragments(packet: Packet, size: int) -> list[Piece]:
    """A packet cut into fragments of `size` bytes each (a multiple of 8), without their IP headers."""
    if size % 8 or size <= 0:
        raise PacketFault(f"fragments of {size} bytes: the size must be a multiple of 8")
    length = transport_size(packet)
    starts = list(range(0, length, size))
    return [Piece(packet, start, min(start + size, length), start != starts[-1]) for start in starts]


def raw_packet(data: bytes) -> Raw:
    """Bytes from the IP header on."""
    return Raw(bytes(data))


def raw_frame(data: bytes) -> Raw:
    """Bytes from the Ethernet header on."""
    return Raw(bytes(data), frame=True)


# --- how the words are checked and shown ------------------------------------------------------------------------------


def make(kind: str, flow: str | Flow, family: int = 0, **fields: Any) -> Packet:
    """A Packet. Fields that are None are not said. Raises PacketFault, FlowError."""
    if kind == "icmp6":
        family = 6
    found = parse(flow) if isinstance(flow, str) else flow
    if kind not in WITH_PORTS and kind not in ("fragment",) and (found.source.ports or found.destination.ports):
        raise FlowError(f"'{flow}': {kind} has no ports")
    return Packet(kind, found, tuple(checked(kind, fields).items()), family)


def checked(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields in the form in which they are compared. Raises PacketFault for a name that there is not."""
    known: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            continue
        if name == "size":
            name, value = "payload", filler(value)
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, n=1)
            raise PacketFault(f"a packet has no field '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        kinds = FIELDS[name][0].split()
        if kinds and kind not in kinds:
            raise PacketFault(f"{kind} has no field '{name}': {FIELDS[name][1]} ({', '.join(kinds)})")
        known[name] = _plain(name, value)
    return known


def _plain(name: str, value: Any) -> Any:
    if name == "payload" and isinstance(value, str):
        return value.encode("latin-1")
    if name == "flags" and isinstance(value, str):
        return tcp_flags(value)
    if isinstance(value, list):
        return tuple(value)
    return value


def filler(size: int) -> bytes:
    """A payload of this many bytes, different at every place, so that pieces in the wrong order are noticed."""
    return bytes(at * 7 + (at >> 8) & 255 for at in range(size))


def tcp_flags(text: str) -> int:
    """ "SYN,ACK" or "SA" -> number. Raises PacketFault."""
    if text.lower() in ("", "none"):
        return 0
    letters = {name[0]: name for name in FLAGS}
    words = text.upper().split(",") if "," in text or text.upper() in FLAGS else list(text.upper())
    words = [letters.get(word.strip(), word.strip()) for word in words]
    unknown = [word for word in words if word not in FLAGS]
    if unknown:
        raise PacketFault(f"'{text}': '{unknown[0]}' is not a TCP flag; flags are {', '.join(FLAGS)}")
    return sum(1 << FLAGS.index(word) for word in set(words))


def shown_flags(number: int) -> str:
    order = ("SYN", "FIN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
    return ",".join(name for name in order if number >> FLAGS.index(name) & 1) or "none"


def _icmp(kind: str, flow: str, message: str | int | tuple[int, int] | None, payload: str | bytes | None,
          fields: dict[str, Any]) -> Packet:  # fmt: skip
    if message is not None:
        try:
            number, code = icmp_names.message(message, 6 if kind == "icmp6" else 4)
        except ValueError as error:
            raise PacketFault(str(error)) from None
        fields = {"type": number, "code": code} | fields
    return make(kind, flow, payload=payload, **fields)


def transport_size(packet: Packet) -> int:
    """How many bytes follow the IP header, for kinds whose header has one size."""
    payload = len(packet.get("payload", b""))
    quoted = packet.get("quoting")
    if quoted is not None:
        if not hasattr(quoted, "size"):
            raise PacketFault("an error can be cut into fragments if it quotes a packet that was seen")
        payload = min(quoted.size, packet.get("quoted_bytes", quoted.size))
    headers = {"udp": 8, "udplite": 8, "icmp": 8, "icmp6": 8, "ip": 0, "esp": 8}
    if packet.kind == "tcp" and not any(packet.get(name) for name in ("mss", "wscale", "sack_ok", "sack", "timestamp")):
        return 20 + len(packet.get("tcp_options", b"")) + payload
    if packet.kind not in headers:
        raise PacketFault(f"a {packet.kind} packet with these fields cannot be cut into fragments here")
    return headers[packet.kind] + payload


def shown_flow(flow: Flow, names: Names) -> Flow:
    ends = [End(names.shown(end.host), end.ports) for end in (flow.source, flow.destination)]
    return Flow(ends[0], ends[1])


def shown_fields(packet: Packet) -> Iterable[str]:
    """The fields as words: flags and messages by name, payloads as text where they are text."""
    fields = dict(packet.fields)
    if "type" in fields and isinstance(fields["type"], int):
        kind, code = fields.pop("type"), fields.pop("code", None)
        yield icmp_names.shown(kind, code, packet.ip_version) if isinstance(code, int) else f"{kind}"
    for name, value in fields.items():
        if name == "flags" and isinstance(value, int):
            yield shown_flags(value)
        elif name == "payload" and isinstance(value, bytes):
            yield shown_payload(value)
        elif name == "quoting":
            yield f"quoting ({value})"
        elif isinstance(value, bytes):
            yield f"{name}={value.hex()}"
        else:
            yield f"{name}={value}"


def shown_payload(data: bytes) -> str:
    if not data:
        return "(empty)"
    if len(data) <= 96 and all(32 <= byte < 127 or byte in (10, 13, 9) for byte in data):
        return '"' + data.decode("ascii").replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n") + '"'
    if len(data) <= 16:
        return data.hex()
    return f"{len(data)} bytes"


__all__ = [
    "ANY", "CONDITIONS", "FIELDS", "FLAGS", "PROTOCOLS", "WITH_PORTS", "Edited", "FlowError", "NameFault", "Packet",
    "PacketFault", "Piece", "Ports", "Raw", "Sendable", "ah", "arp", "between", "checked", "esp", "filler",
    "fragment", "fragment6", "fragments", "gre", "icmp", "icmp6", "ip", "ip6",
    "make", "one_of", "other_than", "ping", "ping6",
    "pong", "pong6", "raw_frame", "raw_packet", "sctp", "shown_flags", "shown_flow", "shown_payload", "tcp", "tcp6",
    "tcp_flags", "udp", "udp6", "udplite",
]  # fmt: skip
