"""dscp: the differentiated services code point, the upper six bits of the type of service byte.

    -m dscp [!] --dscp VALUE | [!] --dscp-class CLASS

CLASS: BE, EF, CS0 to CS7, AF11 to AF43. Saved as a number.

Kernel peer: xt_dscp. Source: iptables-extensions(8) dscp; RFC 2474, RFC 2597, RFC 3246.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.dscp import dscp_class
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, mark


class Dscp(Match):
    def __init__(self, value: int, inverted: bool) -> None:
        self.value = value
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (packet.tos >> 2 == self.value) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--dscp 0x{self.value:02x}"

    def listing(self, numeric: bool) -> str:
        return f"DSCP match {mark(self.inverted)}0x{self.value:02x}"


def read_class(text: str) -> int:
    value = dscp_class(text)
    if value is None:
        raise ParameterProblem(f"Invalid DSCP value `{text}'")
    return value


def look(values: Values) -> None:
    read_class(values.given[-1].text)


def build(values: Values) -> Extension:
    given = values.find("dscp-class")
    if given is None:
        return Dscp(values.number("dscp"), values.inverted("dscp"))
    return Dscp(read_class(given.text), given.inverted)


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("DSCP match: Parameter --dscp is required")


EXTENSIONS: Final = (
    Spec(
        "dscp",
        build,
        (
            Option("dscp", "u8", invert=True, excludes=("dscp-class",), high=0x3F),
            Option("dscp-class", "text", invert=True, excludes=("dscp",), at_once=look),
        ),
        final=final,
    ),
)
