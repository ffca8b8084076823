"""Packets written by hand: `tcp 10.0.0.1:1234 > 10.0.0.2:22 SYN`.

    tcp  SOURCE:PORT > DESTINATION:PORT [FLAG,...]      flags SYN ACK FIN RST PSH URG ECE CWR; none given = SYN
    udp  SOURCE:PORT > DESTINATION:PORT                 likewise udplite, sctp, dccp
    icmp SOURCE > DESTINATION [TYPE]                    echo-request (default), a name or TYPE[/CODE]; likewise icmpv6
    NAME|NUMBER SOURCE > DESTINATION                    any other protocol
    hex:45000028...                                     the whole packet, from its IP header on

IPv6 addresses with ports stand in brackets: [2001:db8::1]:80. After the addresses, in any order: `len N` (bytes of
the whole packet), `ttl N`, `tos N`, `id N`, `mark N`, `df`, `payload TEXT`.
"""

from __future__ import annotations

from typing import Final

from engine.core.addresses import address_text, parse_address
from engine.core.extension import ParameterProblem
from engine.core.hooks import IPV4
from engine.core.names import NAMES
from engine.core.numbers import parse_number
from engine.core.packet import Packet
from engine.core.protocols import ICMP, ICMPV6, PORT_PROTOCOLS, TCP, UDP
from engine.language.kinds import parse_protocol, service_port

TCP_FLAGS: Final[dict[str, int]] = {
    "FIN": 1,
    "SYN": 2,
    "RST": 4,
    "PSH": 8,
    "ACK": 16,
    "URG": 32,
    "ECE": 64,
    "CWR": 128,
    "NONE": 0,
}
ICMP_TYPES: Final[dict[str, tuple[int, int]]] = {
    "echo-reply": (0, 0),
    "network-unreachable": (3, 0),
    "host-unreachable": (3, 1),
    "port-unreachable": (3, 3),
    "fragmentation-needed": (3, 4),
    "redirect": (5, 0),
    "echo-request": (8, 0),
    "time-exceeded": (11, 0),
    "parameter-problem": (12, 0),
    "timestamp-request": (13, 0),
    "timestamp-reply": (14, 0),
}
ICMPV6_TYPES: Final[dict[str, tuple[int, int]]] = {
    "no-route": (1, 0),
    "port-unreachable": (1, 4),
    "packet-too-big": (2, 0),
    "time-exceeded": (3, 0),
    "parameter-problem": (4, 0),
    "echo-request": (128, 0),
    "echo-reply": (129, 0),
    "router-solicitation": (133, 0),
    "router-advertisement": (134, 0),
    "neighbour-solicitation": (135, 0),
    "neighbour-advertisement": (136, 0),
}
NUMBERS: Final = ("len", "ttl", "tos", "id", "mark")


class PacketTextError(ValueError):
    """The words do not describe a packet; str() says which and what would."""


class Described:
    """A packet and what does not travel in its bytes."""

    def __init__(self, data: bytes, mark: int = 0) -> None:
        self.data = data
        self.mark = mark


def parse_packet(text: str) -> Described:
    """Bytes of a packet from its IP header on, with good checksums. Raises PacketTextError."""
    words = text.split()
    if not words:
        raise PacketTextError("the packet is empty; write for example: tcp 10.0.0.1:1234 > 10.0.0.2:22 SYN")
    if words[0].lower().startswith("hex:"):
        return _from_hex(words)
    return _Builder(words).build()


def _from_hex(words: list[str]) -> Described:
    digits = words[0][4:] + "".join(word for word in words[1:] if "=" not in word)
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        raise PacketTextError("'hex:' wants an even number of hexadecimal digits") from None
    fault = Packet(data).fault
    if fault:
        raise PacketTextError(f"this is no IP packet: {fault}")
    return Described(data)


class _Builder:
    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.numbers: dict[str, int] = {}
        self.df = False
        self.payload = b""
        self.extra: list[str] = []

    def build(self) -> Described:
        words = self.words
        if len(words) < 4 or words[2] != ">":
            raise PacketTextError("write PROTOCOL SOURCE > DESTINATION, for example: udp 10.0.0.1:40000 > 10.0.0.2:53")
        try:
            proto = parse_protocol(words[0].lower())
        except ParameterProblem:
            raise PacketTextError(f"'{words[0]}' is not a protocol; known are tcp, udp, icmp, icmpv6, ...") from None
        family, src, sport = self._end(words[1], proto)
        other, dst, dport = self._end(words[3], proto)
        if family != other:
            raise PacketTextError("source and destination are of different families")
        self._options(words[4:])
        transport = self._transport(proto, sport, dport)
        size = self.numbers.get("len", 0)
        head = 20 if family == IPV4 else 40
        if size:
            if size < head + len(transport):
                raise PacketTextError(f"'len {size}' is too short: the headers alone take {head + len(transport)}")
            transport += bytes(size - head - len(transport))
        data = self._ip(family, proto, src, dst, transport)
        packet = Packet(data)
        packet.fix_length()
        packet.set_transport_checksum()
        return Described(bytes(packet.data), self.numbers.get("mark", 0))

    def _end(self, word: str, proto: int) -> tuple[int, int, int]:
        """(family, address, port) of ADDRESS[:PORT]."""
        address, port = word, ""
        if word.startswith("["):
            address, bracket, rest = word[1:].partition("]")
            if not bracket or (rest and rest[0] != ":"):
                raise PacketTextError(f"'{word}': write [ADDRESS]:PORT")
            port = rest[1:]
        elif word.count(":") == 1:
            address, _colon, port = word.partition(":")
        try:
            family, value = parse_address(address)
        except ValueError:
            raise PacketTextError(f"'{address}' is not an address") from None
        if not port:
            if proto in PORT_PROTOCOLS:
                raise PacketTextError(f"'{word}' has no port; write {address}:PORT")
            return family, value, 0
        if proto not in PORT_PROTOCOLS:
            raise PacketTextError(f"'{word}': this protocol has no ports")
        try:
            return family, value, service_port(port, PORT_PROTOCOLS[proto])
        except ParameterProblem:
            raise PacketTextError(f"'{port}' is not a port (0 to 65535) or service") from None

    def _options(self, words: list[str]) -> None:
        index = 0
        while index < len(words):
            word = words[index]
            key = word.lower()
            if key in NUMBERS or key == "payload":
                index += 1
                if index == len(words):
                    raise PacketTextError(f"'{word}' wants a value")
                if key == "payload":
                    self.payload = " ".join(words[index:]).encode("utf-8", "surrogateescape")
                    return
                limit = {"len": 65535, "ttl": 255, "tos": 255, "id": 65535}.get(key, 0xFFFFFFFF)
                value = parse_number(words[index], limit)
                if value is None:
                    raise PacketTextError(f"'{word}' takes 0 to {limit}, not '{words[index]}'")
                self.numbers[key] = value
            elif key == "df":
                self.df = True
            else:
                self.extra.append(word)
            index += 1

    def _transport(self, proto: int, sport: int, dport: int) -> bytes:
        ports = sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
        if proto == TCP:
            flags = self._tcp_flags()
            acknowledged = 1 if flags & 16 else 0
            return (
                ports
                + (1).to_bytes(4, "big")
                + acknowledged.to_bytes(4, "big")
                + bytes((0x50, flags))
                + (65535).to_bytes(2, "big")
                + bytes(4)
                + self.payload
            )
        if proto in (ICMP, ICMPV6):
            kind, code = self._icmp_type(proto)
            return bytes((kind, code, 0, 0, 0, 1, 0, 1)) + self.payload
        if self.extra:
            raise PacketTextError(f"'{self.extra[0]}' means nothing here")
        if proto == UDP or proto == 136:
            return ports + (8 + len(self.payload)).to_bytes(2, "big") + bytes(2) + self.payload
        if proto == 132:
            return ports + bytes(8) + bytes((1, 0, 0, 20)) + bytes(16) + self.payload
        if proto == 33:
            return ports + bytes((3, 0, 0, 0, 1, 0, 0, 0)) + self.payload
        return self.payload or bytes(8)

    def _tcp_flags(self) -> int:
        if not self.extra:
            return TCP_FLAGS["SYN"]
        flags = 0
        for word in self.extra:
            for name in word.replace("/", ",").split(","):
                value = TCP_FLAGS.get(name.upper())
                if value is None:
                    raise PacketTextError(f"'{name}' is not a TCP flag; flags are {', '.join(TCP_FLAGS)}")
                flags |= value
        return flags

    def _icmp_type(self, proto: int) -> tuple[int, int]:
        names = ICMP_TYPES if proto == ICMP else ICMPV6_TYPES
        if not self.extra:
            return names["echo-request"]
        if len(self.extra) > 1:
            raise PacketTextError(f"'{self.extra[1]}' means nothing here")
        word = self.extra[0]
        known = names.get(word.lower())
        if known is not None:
            return known
        kind, slash, code = word.partition("/")
        first = parse_number(kind, 255)
        second = parse_number(code, 255) if slash else 0
        if first is None or second is None:
            raise PacketTextError(f"'{word}' is not a type; write a number, NUMBER/CODE or one of {', '.join(names)}")
        return first, second

    def _ip(self, family: int, proto: int, src: int, dst: int, transport: bytes) -> bytes:
        ttl = self.numbers.get("ttl", 64)
        tos = self.numbers.get("tos", 0)
        if family == IPV4:
            total = min(20 + len(transport), 65535)
            return (
                bytes((0x45, tos))
                + total.to_bytes(2, "big")
                + self.numbers.get("id", 1).to_bytes(2, "big")
                + (0x4000 if self.df else 0).to_bytes(2, "big")
                + bytes((ttl, proto, 0, 0))
                + src.to_bytes(4, "big")
                + dst.to_bytes(4, "big")
                + transport
            )
        first = 0x60000000 | tos << 20
        return (
            first.to_bytes(4, "big")
            + len(transport).to_bytes(2, "big")
            + bytes((proto, ttl))
            + src.to_bytes(16, "big")
            + dst.to_bytes(16, "big")
            + transport
        )


def describe(packet: Packet) -> str:
    """`udp 10.0.1.10:40000 > 198.51.100.10:53 len 33`: the same form, as far as the headers are whole."""
    if packet.fault:
        return f"malformed: {packet.fault}"
    name = NAMES.protocol_name(packet.proto) or str(packet.proto)
    source = address_text(packet.src, packet.family)
    destination = address_text(packet.dst, packet.family)
    detail = ""
    if packet.fragment_offset:
        detail = f" fragment {packet.fragment_offset}"
    elif packet.proto in PORT_PROTOCOLS and packet.has(4):
        source, destination = _with_port(source, packet.sport), _with_port(destination, packet.dport)
        if packet.proto == TCP and packet.has(14):
            flags = packet.u8(packet.l4 + 13)
            detail = " " + (",".join([key for key, bit in TCP_FLAGS.items() if flags & bit]) or "NONE")
    elif packet.proto in (ICMP, ICMPV6) and packet.has(2):
        kind = (packet.u8(packet.l4), packet.u8(packet.l4 + 1))
        names = ICMP_TYPES if packet.proto == ICMP else ICMPV6_TYPES
        detail = " " + next((key for key, known in names.items() if known == kind), f"{kind[0]}/{kind[1]}")
    return f"{name} {source} > {destination}{detail} len {len(packet.data)}"


def _with_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
