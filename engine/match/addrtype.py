"""addrtype: what kind of address the source or destination is, to this machine's routing.

    -m addrtype [!] --src-type TYPE[,TYPE]...  [!] --dst-type TYPE[,TYPE]...  [--limit-iface-in | --limit-iface-out]

TYPE: UNSPEC UNICAST LOCAL BROADCAST ANYCAST MULTICAST BLACKHOLE UNREACHABLE PROHIBIT THROW NAT XRESOLVE; names may be
shortened. LOCAL is any address of this machine, on whichever interface; --limit-iface-in/-out asks only the interface
by which the packet came or will leave.

IPv4: one of the types listed must be that of the address. IPv6: of UNICAST, MULTICAST and UNSPEC each that is listed
must hold; then, if LOCAL, ANYCAST or UNREACHABLE are listed, one of them. BROADCAST, BLACKHOLE, PROHIBIT and what
follows are refused for IPv6.

Kernel peer: xt_addrtype revision 1. Source: iptables-extensions(8) addrtype; kernel behaviour.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import ANYCAST, LOCAL, UNREACHABLE, Context
from engine.core.extension import (
    IN,
    OUT,
    POST,
    PRE,
    Extension,
    KernelRefusal,
    Match,
    Option,
    ParameterProblem,
    RuleHead,
    Spec,
)
from engine.core.hooks import IPV4, IPV6
from engine.core.packet import Packet
from engine.core.values import Given, Values
from engine.match.parts.text import bang, mark

TYPES: Final = (
    "UNSPEC",
    "UNICAST",
    "LOCAL",
    "BROADCAST",
    "ANYCAST",
    "MULTICAST",
    "BLACKHOLE",
    "UNREACHABLE",
    "PROHIBIT",
    "THROW",
    "NAT",
    "XRESOLVE",
)
# Bits: 1 << position in TYPES
BIT_UNSPEC: Final = 1 << 0
BIT_UNICAST: Final = 1 << 1
BIT_MULTICAST: Final = 1 << 5
LOOKED_UP: Final = 1 << 2 | 1 << 4 | 1 << 7  # LOCAL, ANYCAST, UNREACHABLE
NOT_IPV6: Final = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11


class AddrType(Match):
    def __init__(self, family: int, source: int, destination: int) -> None:
        self.family = family
        self.source = source
        self.source_inverted = False
        self.destination = destination
        self.destination_inverted = False
        self.limit_in = False
        self.limit_out = False

    def matches(self, packet: Packet, context: Context) -> bool:
        device = context.indev if self.limit_in else context.outdev if self.limit_out else ""
        if self.source and self._is(self.source, packet.src, context, device) == self.source_inverted:
            return False
        if not self.destination:
            return True
        return self._is(self.destination, packet.dst, context, device) != self.destination_inverted

    def _is(self, wanted: int, address: int, context: Context, device: str) -> bool:
        environment = context.shared.environment
        if self.family == IPV4:
            return wanted >> environment.address_type(address, IPV4, device) & 1 != 0
        multicast = address >> 120 == 0xFF
        if wanted & BIT_MULTICAST and not multicast:
            return False
        if wanted & BIT_UNICAST and (multicast or address == 0):
            return False
        if wanted & BIT_UNSPEC and address != 0:
            return False
        if not wanted & LOOKED_UP:
            return True
        kind = environment.address_type(address, IPV6, device)
        if kind not in (LOCAL, ANYCAST):
            kind = environment.route(address, IPV6, device=device).kind
        return kind in (LOCAL, ANYCAST, UNREACHABLE) and wanted >> kind & 1 != 0

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.limit_in and hooks & (POST | OUT):
            raise KernelRefusal(EINVAL, "addrtype: input interface limitation not valid in POSTROUTING and OUTPUT")
        if self.limit_out and hooks & (PRE | IN):
            raise KernelRefusal(EINVAL, "addrtype: output interface limitation not valid in PREROUTING and INPUT")
        if self.family == IPV6 and (self.source | self.destination) & NOT_IPV6:
            raise KernelRefusal(EINVAL, "addrtype: ipv6 does not support BROADCAST, BLACKHOLE, PROHIBIT and above")

    def save(self) -> str:
        parts = []
        if self.source:
            parts.append(f"{bang(self.source_inverted)}--src-type {types_text(self.source)}")
        if self.destination:
            parts.append(f"{bang(self.destination_inverted)}--dst-type {types_text(self.destination)}")
        if self.limit_in:
            parts.append("--limit-iface-in")
        if self.limit_out:
            parts.append("--limit-iface-out")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        text = "ADDRTYPE match"
        if self.source:
            text += f" src-type {mark(self.source_inverted)}{types_text(self.source)}"
        if self.destination:
            text += f" dst-type {mark(self.destination_inverted)}{types_text(self.destination)}"
        if self.limit_in:
            text += " limit-in"
        if self.limit_out:
            text += " limit-out"
        return text


def types_text(bits: int) -> str:
    return ",".join([name for number, name in enumerate(TYPES) if bits >> number & 1])


def read_types(given: Given | None) -> int:
    """A list of types as bits. Each name may be cut short: the first that begins so counts."""
    if given is None:
        return 0
    bits = 0
    rest = given.text
    while True:
        word, comma, after = rest.partition(",")
        found = [number for number, name in enumerate(TYPES) if word and name.startswith(word.upper())]
        if not found:
            raise ParameterProblem(f"addrtype: bad type `{rest}'" if comma else f'addrtype: bad type "{rest}"')
        bits |= 1 << found[0]
        if not comma:
            return bits
        rest = after


def look(values: Values) -> None:
    read_types(values.given[-1])


def build(values: Values) -> Extension:
    match = AddrType(values.family, read_types(values.find("src-type")), read_types(values.find("dst-type")))
    match.source_inverted = values.inverted("src-type")
    match.destination_inverted = values.inverted("dst-type")
    match.limit_in = values.has("limit-iface-in")
    match.limit_out = values.has("limit-iface-out")
    return match


def final(values: Values) -> None:
    if not values.has("src-type") and not values.has("dst-type"):
        raise ParameterProblem("addrtype: you must specify --src-type or --dst-type")


EXTENSIONS: Final = (
    Spec(
        "addrtype",
        build,
        (
            Option("src-type", "text", invert=True, at_once=look),
            Option("dst-type", "text", invert=True, at_once=look),
            Option("limit-iface-in", excludes=("limit-iface-out",)),
            Option("limit-iface-out", excludes=("limit-iface-in",)),
        ),
        revision=1,
        final=final,
    ),
)
