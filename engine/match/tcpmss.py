"""tcpmss: the maximum segment size that a TCP packet announces.

    -p tcp -m tcpmss [!] --mss VALUE[:VALUE]

Looks at the MSS option, which only SYN and SYN/ACK carry; a packet without it matches only when inverted. A header that
is cut short or too small is dropped.

Kernel peer: xt_tcpmss. Source: iptables-extensions(8) tcpmss; RFC 9293 section 3.7.1.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.tcp_header import OPTION_MSS
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.text import bang, mark, span

MSS_LENGTH: Final = 4


class TcpMss(Dropping):
    def __init__(self, low: int, high: int, inverted: bool) -> None:
        super().__init__()
        self.low = low
        self.high = high
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        self.dropping = False
        data = packet.data
        at = packet.l4
        size = len(data)
        end = at + (data[at + 12] >> 4) * 4 if at + 20 <= size else 0
        if end < at + 20 or end > size:
            self.dropping = True
            return False
        at += 20
        while at < end:
            kind = data[at]
            if kind == OPTION_MSS and end - at >= MSS_LENGTH and data[at + 1] == MSS_LENGTH:
                return (self.low <= packet.u16(at + 2) <= self.high) != self.inverted
            if kind < 2 or at + 1 >= end:
                at += 1
            else:
                at += data[at + 1] or 1
        return self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--mss {span(self.low, self.high)}"

    def listing(self, numeric: bool) -> str:
        return f"tcpmss match {mark(self.inverted)}{span(self.low, self.high)}"


def look(values: Values) -> None:
    low, high = values.pair("mss")
    if low > high:
        raise ParameterProblem("tcpmss: invalid range given")


def build(values: Values) -> Extension:
    low, high = values.pair("mss")
    return TcpMss(low, high, values.inverted("mss"))


EXTENSIONS: Final = (
    Spec("tcpmss", build, (Option("mss", "u16:range", invert=True, mandatory=True, at_once=look),), protos=(6,)),
)
