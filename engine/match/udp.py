"""udp: ports of a UDP header.

    -p udp [-m udp] [!] --sport PORT[:PORT]  [!] --dport PORT[:PORT]      (--source-port, --destination-port)

Later fragments never match; a header cut short is dropped at once. A range whose ends are the wrong way round is
accepted and never matches. Service names are those of any protocol; numbers are decimal and cut to 16 bits.

Kernel peer: xt_tcpudp. Source: iptables-extensions(8) udp; RFC 768.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.text import bang, listed_ports, span


class Udp(Dropping):
    def __init__(self, sport: tuple[int, int], sport_inverted: bool, dport: tuple[int, int], dport_inverted: bool):
        super().__init__()
        self.sport_low, self.sport_high = sport
        self.sport_inverted = sport_inverted
        self.dport_low, self.dport_high = dport
        self.dport_inverted = dport_inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        self.dropping = False
        if packet.fragment_offset:
            return False
        data = packet.data
        at = packet.l4
        if at + 8 > len(data):
            self.dropping = True
            return False
        if (self.sport_low <= data[at] << 8 | data[at + 1] <= self.sport_high) == self.sport_inverted:
            return False
        return (self.dport_low <= data[at + 2] << 8 | data[at + 3] <= self.dport_high) != self.dport_inverted

    def save(self) -> str:
        parts = []
        if (self.sport_low, self.sport_high) != (0, 0xFFFF):
            parts.append(f"{bang(self.sport_inverted)}--sport {span(self.sport_low, self.sport_high)}")
        if (self.dport_low, self.dport_high) != (0, 0xFFFF):
            parts.append(f"{bang(self.dport_inverted)}--dport {span(self.dport_low, self.dport_high)}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        return (
            "udp"
            + listed_ports("spt", self.sport_low, self.sport_high, self.sport_inverted, "udp", numeric)
            + listed_ports("dpt", self.dport_low, self.dport_high, self.dport_inverted, "udp", numeric)
        )


def build(values: Values) -> Extension:
    return Udp(
        values.pair("source-port", (0, 0xFFFF)),
        values.inverted("source-port"),
        values.pair("destination-port", (0, 0xFFFF)),
        values.inverted("destination-port"),
    )


EXTENSIONS: Final = (
    Spec(
        "udp",
        build,
        (
            Option("source-port", "port:range", invert=True, aliases=("sport",)),
            Option("destination-port", "port:range", invert=True, aliases=("dport",)),
        ),
        protos=(17,),
    ),
)
