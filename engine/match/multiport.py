"""multiport: a list of ports.

    -p tcp|udp|udplite|sctp|dccp -m multiport [!] --sports|--dports|--ports PORT[,PORT|,PORT:PORT]...

Up to 15 ports; a range counts as two. --ports matches when the source or the destination port is in the list (either
suffices, they need not be equal). -p must stand before it, not inverted. One of the three may be used. Later fragments
never match; less than 4 bytes of transport header are dropped.

Kernel peer: xt_multiport. Source: iptables-extensions(8) multiport.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.protocols import PORT_PROTOCOLS
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.text import bang, port_name, span

SOURCE: Final = 1
DESTINATION: Final = 2
EITHER: Final = 3
# option name -> (which ports, name in saved rules and listings)
KINDS: Final[dict[str, tuple[int, str]]] = {
    "source-ports": (SOURCE, "sports"),
    "destination-ports": (DESTINATION, "dports"),
    "ports": (EITHER, "ports"),
}


class Multiport(Dropping):
    def __init__(self, which: int, name: str, ranges: list[tuple[int, int]], inverted: bool, proto: int) -> None:
        super().__init__()
        self.which = which
        self.name = name
        self.ranges = ranges
        self.inverted = inverted
        self.proto = proto

    def matches(self, packet: Packet, context: Context) -> bool:
        self.dropping = False
        if packet.fragment_offset:
            return False
        data = packet.data
        at = packet.l4
        if at + 4 > len(data):
            self.dropping = True
            return False
        if self.which & SOURCE:
            port = data[at] << 8 | data[at + 1]
            for low, high in self.ranges:
                if low <= port <= high:
                    return not self.inverted
        if self.which & DESTINATION:
            port = data[at + 2] << 8 | data[at + 3]
            for low, high in self.ranges:
                if low <= port <= high:
                    return not self.inverted
        return self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--{self.name} " + ",".join([span(low, high) for low, high in self.ranges])

    def listing(self, numeric: bool) -> str:
        proto = PORT_PROTOCOLS[self.proto]
        names = []
        for low, high in self.ranges:
            name = port_name(low, proto, numeric)
            names.append(name if low == high else f"{name}:{port_name(high, proto, numeric)}")
        return f"multiport {self.name} {' !' if self.inverted else ''}" + ",".join(names)


def build(values: Values) -> Extension:
    given = values.given[-1]
    which, name = KINDS[given.option.name]
    assert isinstance(given.value, str)
    ranges = []
    for part in given.value.split(","):
        low, _colon, high = part.partition(":")
        ranges.append((int(low), int(high or low)))
    return Multiport(which, name, ranges, given.inverted, values.head.proto)


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("multiport expection an option")


EXTENSIONS: Final = (
    Spec(
        "multiport",
        build,
        (
            Option(
                "source-ports",
                "ports",
                invert=True,
                excludes=("destination-ports", "ports"),
                aliases=("sports",),
            ),
            Option(
                "destination-ports",
                "ports",
                invert=True,
                excludes=("source-ports", "ports"),
                aliases=("dports",),
            ),
            Option("ports", "ports", invert=True, excludes=("source-ports", "destination-ports")),
        ),
        final=final,
    ),
)
