"""length: the size of the packet.

    -m length [!] --length LOW[:HIGH]

True when LOW <= size <= HIGH. One number means exactly that size; an end left open runs to 0 or 65535. The size counts
the IP header (IPv6: 40 bytes and the payload): an IPv4 ping of 56 bytes is 84 long, whatever the manual says of layer 3
payload. Ends the wrong way round are accepted and never match.

Kernel peer: xt_length. Source: iptables-extensions(8) length; measured.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, mark, span


class Length(Match):
    def __init__(self, low: int, high: int, inverted: bool) -> None:
        self.low = low
        self.high = high
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (self.low <= len(packet.data) <= self.high) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--length {span(self.low, self.high)}"

    def listing(self, numeric: bool) -> str:
        return f"length {mark(self.inverted)}{span(self.low, self.high)}"


def build(values: Values) -> Extension:
    low, high = values.pair("length")
    return Length(low, high, values.inverted("length"))


EXTENSIONS: Final = (Spec("length", build, (Option("length", "u16:range", invert=True, mandatory=True),)),)
