"""mh: the type of a Mobile IPv6 message.

    -p ipv6-mh [-m mh] [!] --mh-type TYPE[:TYPE]

TYPE: a number or binding-refresh-request (brr), home-test-init (hoti), careof-test-init (coti), home-test (hot),
careof-test (cot), binding-update (bu), binding-acknowledgement (ba), binding-error (be); a name may be shortened: if
it is none itself, the first that begins so counts. Later fragments never match. A header cut short, or one that is
followed by another, is dropped.

Kernel peer: ip6t_mh. Source: ip6tables-extensions(8) mh; RFC 6275.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.hooks import IPV6
from engine.core.numbers import parse_number
from engine.core.packet import Packet
from engine.core.protocols import MOBILITY, NO_NEXT_HEADER
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.text import bang, mark, span

TYPES: Final = (
    ("binding-refresh-request", 0),
    ("brr", 0),
    ("home-test-init", 1),
    ("hoti", 1),
    ("careof-test-init", 2),
    ("coti", 2),
    ("home-test", 3),
    ("hot", 3),
    ("careof-test", 4),
    ("cot", 4),
    ("binding-update", 5),
    ("bu", 5),
    ("binding-acknowledgement", 6),
    ("ba", 6),
    ("binding-error", 7),
    ("be", 7),
)


class Mh(Dropping):
    def __init__(self, low: int, high: int, inverted: bool) -> None:
        super().__init__()
        self.low = low
        self.high = high
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        if not self.has_transport(packet, 6):
            return False
        at = packet.l4
        if packet.data[at] != NO_NEXT_HEADER:
            self.dropping = True
            return False
        return (self.low <= packet.data[at + 2] <= self.high) != self.inverted

    def save(self) -> str:
        if (self.low, self.high) == (0, 255):
            return ""
        return f"{bang(self.inverted)}--mh-type {span(self.low, self.high)}"

    def listing(self, numeric: bool) -> str:
        if (self.low, self.high) == (0, 255) and not self.inverted:
            return "mh"
        names = [str(kind) if numeric else type_name(kind) for kind in (self.low, self.high)]
        return f"mh {mark(self.inverted)}" + (names[0] if self.low == self.high else ":".join(names))


def type_name(kind: int) -> str:
    return next((name for name, number in TYPES if number == kind), str(kind))


def read_type(text: str) -> int:
    word = text.lower()
    begun = [number for name, number in TYPES if name.startswith(word)]
    if begun:
        return dict(TYPES).get(word, begun[0])
    value = parse_number(text, 255)
    if value is None:
        raise ParameterProblem(f"Invalid MH type `{text}'")
    return value


def read_types(text: str) -> tuple[int, int]:
    """(lowest, highest) of TYPE or TYPE:TYPE."""
    first, colon, second = text.partition(":")
    if not colon:
        kind = read_type(first)
        return kind, kind
    low = read_type(first) if first else 0
    high = read_type(second) if second else 255
    if low > high:
        raise ParameterProblem("Invalid MH type range (min > max)")
    return low, high


def look(values: Values) -> None:
    read_types(values.given[-1].text)


def build(values: Values) -> Extension:
    low, high = read_types(values.text("mh-type", ":"))
    return Mh(low, high, values.inverted("mh-type"))


EXTENSIONS: Final = (
    Spec("mh", build, (Option("mh-type", "text", invert=True, at_once=look),), families=(IPV6,), protos=(MOBILITY,)),
)
