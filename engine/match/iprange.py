"""iprange: addresses from one to another, not bound to a prefix.

    -m iprange [!] --src-range FROM[-TO]  [!] --dst-range FROM[-TO]

Both ends belong to the range. One address means itself. Ends the wrong way round are accepted with a warning and never
match.

Kernel peer: xt_iprange. Source: iptables-extensions(8) iprange.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Final

from engine.core.addresses import address_text, numeric_ipv4
from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.values import Given, Values
from engine.match.parts.text import bang


class Range:
    def __init__(self, low: int, high: int, inverted: bool) -> None:
        self.low = low
        self.high = high
        self.inverted = inverted


class IpRange(Match):
    def __init__(self, family: int, source: Range | None, destination: Range | None) -> None:
        self.family = family
        self.source = source
        self.destination = destination

    def matches(self, packet: Packet, context: Context) -> bool:
        source = self.source
        if source is not None and (source.low <= packet.src <= source.high) == source.inverted:
            return False
        destination = self.destination
        if destination is None:
            return True
        return (destination.low <= packet.dst <= destination.high) != destination.inverted

    def _text(self, wanted: Range) -> str:
        return f"{address_text(wanted.low, self.family)}-{address_text(wanted.high, self.family)}"

    def save(self) -> str:
        parts = []
        for name, wanted in (("src", self.source), ("dst", self.destination)):
            if wanted is not None:
                parts.append(f"{bang(wanted.inverted)}--{name}-range {self._text(wanted)}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        parts = []
        for name, wanted in (("source", self.source), ("destination", self.destination)):
            if wanted is not None:
                parts.append(f"{name} IP range {bang(wanted.inverted)}{self._text(wanted)}")
        return " ".join(parts)


def read_address(text: str, family: int) -> int | None:
    if family == IPV4:
        return numeric_ipv4(text)
    try:
        return int(IPv6Address(text))
    except ValueError:
        return None


def read_range(family: int, given: Given) -> Range:
    first, dash, second = given.text.partition("-")
    ends = []
    for text in (first, second) if dash else (first,):
        value = read_address(text, family)
        if value is None:
            raise ParameterProblem(f'iprange: Bad value for "--{given.option.name}" option: "{text}"')
        ends.append(value)
    return Range(ends[0], ends[-1], given.inverted)


def look(values: Values) -> None:
    given = values.given[-1]
    found = read_range(values.family, given)
    if found.low > found.high:
        values.warnings.append(f"xt_iprange: range {given.text} is reversed and will never match\n")


def build(values: Values) -> Extension:
    source = values.find("src-range")
    destination = values.find("dst-range")
    return IpRange(
        values.family,
        read_range(values.family, source) if source is not None else None,
        read_range(values.family, destination) if destination is not None else None,
    )


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("iprange match: You must specify `--src-range' or `--dst-range'")


EXTENSIONS: Final = (
    Spec(
        "iprange",
        build,
        tuple(Option(name, "text", invert=True, at_once=look) for name in ("src-range", "dst-range")),
        final=final,
    ),
)
