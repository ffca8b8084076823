"""HMARK: set the mark of the packet to a hash, the same for both directions of a flow.

    -j HMARK --hmark-tuple TYPE[,TYPE...] --hmark-rnd SEED --hmark-mod N [--hmark-offset N]
             [--hmark-src-prefix LENGTH] [--hmark-dst-prefix LENGTH]
             [--hmark-sport-mask MASK] [--hmark-dport-mask MASK] | [--hmark-spi-mask MASK]
             [--hmark-sport PORT] [--hmark-dport PORT] | [--hmark-spi SPI] [--hmark-proto-mask MASK]

    mark = hash(source, destination, ports; SEED) ^ (protocol & MASK), spread over 0 to mod - 1, plus offset

TYPE: src dst sport dport spi proto (each stands for the full mask or prefix) and ct (addresses and ports of the tracked
connection: the original source and where answers come from). Addresses are put in order, ports too. Whatever is not
asked for counts as 0. Of an ICMP error the quoted packet is hashed; fragments are hashed without ports; the first 32
bits of ESP and the SPI of AH count as ports. With ct a packet without a connection keeps its mark.

Kernel peer: xt_HMARK; the hash is parts/jhash.py. Source: iptables-extensions(8), HMARK; hashes measured on Linux 6.18.
"""

from __future__ import annotations

from collections.abc import Callable
from errno import EINVAL
from typing import Final

from engine.core.addresses import ADDRESS_BITS, folded, prefix_mask
from engine.core.context import Context
from engine.core.extension import KernelRefusal, Option, ParameterProblem, RuleHead, Spec, Target
from engine.core.hooks import IPV4
from engine.core.jhash import jhash_3words, scale
from engine.core.packet import EXTENSION_HEADERS, Packet
from engine.core.protocols import AH, ICMP, ICMP_ERRORS, ICMPV6, PORTS_AT
from engine.core.values import Values
from engine.core.verdict import CONTINUE

UNSET: Final = -1
U32: Final = 0xFFFFFFFF

TYPES: Final[dict[str, str]] = {
    "src": "src-prefix",
    "dst": "dst-prefix",
    "sport": "sport-mask",
    "dport": "dport-mask",
    "spi": "spi-mask",
    "proto": "proto-mask",
    "ct": "ct",
}
FULL: Final[dict[str, int]] = {
    "src-prefix": 128,
    "dst-prefix": 128,
    "sport-mask": 0xFFFF,
    "dport-mask": 0xFFFF,
    "spi-mask": U32,
    "proto-mask": 0xFFFF,
    "ct": 1,
}

# Order of the saved options, and digits of the hexadecimal ones (0: decimal)
SAVED: Final = (
    ("src-prefix", 0),
    ("dst-prefix", 0),
    ("sport-mask", 4),
    ("dport-mask", 4),
    ("spi-mask", 8),
    ("sport", 4),
    ("dport", 4),
    ("spi", 8),
    ("proto-mask", 2),
    ("rnd", 8),
    ("mod", 0),
    ("offset", 0),
)
LISTED: Final = SAVED[:-3]


class HMark(Target):
    """fields: what was given, by option name without "hmark-"; prefixes as lengths of the family."""

    def __init__(self, family: int, fields: dict[str, int]) -> None:
        self.family = family
        self.fields = fields
        self.src_mask = prefix_mask(fields.get("src-prefix", 0), family)
        self.dst_mask = prefix_mask(fields.get("dst-prefix", 0), family)
        self.port_mask = fields.get("sport-mask", 0) << 16 | fields.get("dport-mask", 0) | fields.get("spi-mask", 0)
        self.port_set = fields.get("sport", 0) << 16 | fields.get("dport", 0) | fields.get("spi", 0)
        self.proto_mask = fields.get("proto-mask", 0)
        self.seed = fields["rnd"]
        self.modulus = fields["mod"]
        self.offset = fields.get("offset", 0)
        self.by_connection = "ct" in fields

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if "spi" in self.fields and ("sport" in self.fields or "dport" in self.fields):
            raise KernelRefusal(EINVAL, "HMARK: spi-set and port-set can't be combined")

    def save(self) -> str:
        parts = []
        for name, digits in SAVED:
            if name in self.fields:
                value = self.fields[name]
                parts.append(f"--hmark-{name} " + (f"0x{value:0{digits}x}" if digits else f"{value}"))
        if self.by_connection:
            parts.append("--hmark-tuple ct")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        parts = [f"HMARK mod {self.modulus}"]
        if "offset" in self.fields:
            parts.append(f"+ 0x{self.offset:x}")
        if self.by_connection:
            parts.append("ct,")
        for name, digits in LISTED:
            if name in self.fields:
                value = self.fields[name]
                if digits:
                    parts.append(f"{name} 0x{value:x}")
                else:
                    parts.append(f"{name} " + ("" if value == 128 else f"{value}"))
        return " ".join(parts) + f" rnd 0x{self.seed:x} "

    def apply(self, packet: Packet, context: Context) -> int:
        if self.by_connection:
            entry = context.entry
            if entry is None:
                return CONTINUE
            there, back = entry.original, entry.reply
            ports = 0
            if there.proto != ICMP:
                ports = self.ordered(there.sport << 16 | back.sport)
            context.mark = self.hash(there.src, back.src, ports, there.proto)
            return CONTINUE
        mark = self.hash_packet(packet)
        if mark != UNSET:
            context.mark = mark
        return CONTINUE

    def hash_packet(self, packet: Packet) -> int:
        """UNSET when the packet in an ICMP error cannot be read."""
        at = packet.l4
        if packet.family == IPV4:
            if packet.proto == ICMP and packet.has(8) and packet.data[at] in ICMP_ERRORS:
                if at + 28 > len(packet.data):
                    return UNSET
                packet = quoted(packet, at + 8)
        else:
            if packet.proto in EXTENSION_HEADERS:
                return self.hash(0, 0, 0, 0)
            if packet.proto == ICMPV6 and not packet.is_fragment and packet.has(8) and 0 < packet.data[at] < 128:
                if at + 48 > len(packet.data):
                    return UNSET
                packet = quoted(packet, at + 8)
        proto, start = packet.proto, packet.l4
        if packet.family != IPV4:
            for number, place in packet.extensions:
                if number == AH:
                    proto, start = AH, place
                    break
        ports = 0
        where = PORTS_AT.get(proto)
        if where is not None and not packet.is_fragment and start + where + 4 <= len(packet.data):
            ports = self.ordered(packet.u32(start + where))
        return self.hash(packet.src, packet.dst, ports, proto)

    def ordered(self, ports: int) -> int:
        ports = ports & self.port_mask | self.port_set
        first, second = ports >> 16, ports & 0xFFFF
        return max(first, second) << 16 | min(first, second)

    def hash(self, source: int, destination: int, ports: int, proto: int) -> int:
        source = folded(source & self.src_mask)
        destination = folded(destination & self.dst_mask)
        value = jhash_3words(min(source, destination), max(source, destination), ports, self.seed)
        return (scale(value ^ proto & self.proto_mask, self.modulus) + self.offset) & U32


def quoted(packet: Packet, at: int) -> Packet:
    """The packet inside an ICMP error; it may be cut, and its length field may promise more."""
    data = bytearray(packet.data[at:])
    if packet.family == IPV4:
        data[2:4] = len(data).to_bytes(2, "big")
    else:
        data[4:6] = (len(data) - 40).to_bytes(2, "big")
    return Packet(data)


def final(values: Values) -> None:
    given = {item.option.name.removeprefix("hmark-") for item in values.given}
    for name in ("mod", "rnd"):
        if name not in given:
            raise ParameterProblem(f"--hmark-{name} is mandatory")
    fields = read(values)
    if "spi-mask" in fields and ("sport-mask" in fields or "dport-mask" in fields):
        raise ParameterProblem("you cannot use --hmark-spi-mask and --hmark-?port-mask,at the same time")
    if not fields.keys() - {"rnd", "mod", "offset"}:
        raise ParameterProblem("you have to specify --hmark-tuple at least")


def read(values: Values) -> dict[str, int]:
    """All options in the order given; --hmark-tuple fills in what its types stand for."""
    bits = ADDRESS_BITS[values.family]
    fields: dict[str, int] = {}
    for item in values.given:
        name = item.option.name.removeprefix("hmark-")
        if name == "tuple":
            for field in read_types(item.text):
                fields[field] = FULL[field]
            continue
        assert isinstance(item.value, int)
        fields[name] = item.value
    for name in ("src-prefix", "dst-prefix"):
        if name in fields:
            fields[name] = min(fields[name], bits)
    return fields


def read_types(text: str) -> list[str]:
    """The options that a list of types stands for."""
    fields = []
    rest = text
    while True:
        if not rest:
            raise ParameterProblem(
                '"--hmark-tuple" requires a list of types with no spaces, e.g. src,dst,sport,dport,proto'
            )
        word, comma, tail = rest.partition(",")
        field = next((value for key, value in TYPES.items() if word and key.startswith(word.lower())), None)
        if field is None:
            raise ParameterProblem(f'Bad type "{rest}"')
        fields.append(field)
        if not comma:
            return fields
        rest = tail


def look(values: Values) -> None:
    read_types(values.given[-1].text)


def filled_by_tuple(field: str) -> Callable[[Values], bool]:
    return lambda values: field in read_types(values.text("hmark-tuple")) if values.has("hmark-tuple") else False


def build(values: Values) -> Target:
    return HMark(values.family, read(values))


OPTIONS: Final = (
    Option("hmark-tuple", "text", at_once=look),
    Option("hmark-src-prefix", "plen", implied=filled_by_tuple("src-prefix")),
    Option("hmark-dst-prefix", "plen", implied=filled_by_tuple("dst-prefix")),
    Option("hmark-sport-mask", "u16", implied=filled_by_tuple("sport-mask")),
    Option("hmark-dport-mask", "u16", implied=filled_by_tuple("dport-mask")),
    Option("hmark-spi-mask", "u32", implied=filled_by_tuple("spi-mask")),
    Option("hmark-sport", "u16"),
    Option("hmark-dport", "u16"),
    Option("hmark-spi", "u32"),
    Option("hmark-proto-mask", "u16", implied=filled_by_tuple("proto-mask")),
    Option("hmark-rnd", "u32"),
    Option("hmark-mod", "u32", low=1, high=U32),
    Option("hmark-offset", "u32"),
)

EXTENSIONS: Final = (Spec("HMARK", build, OPTIONS, final=final),)
