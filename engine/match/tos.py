"""tos: the type of service byte (IPv6: the traffic class).

    -m tos [!] --tos VALUE[/MASK] | NAME

True when (byte & MASK) == VALUE; without a mask the whole byte counts. NAME: Minimize-Delay (0x10), Maximize-Throughput
(0x08), Maximize-Reliability (0x04), Minimize-Cost (0x02), Normal-Service (0x00), all with the mask 0x3f.

Kernel peer: xt_dscp (tos) revision 1. Source: iptables-extensions(8) tos; RFC 1349.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, mark

NAME_MASK: Final = 0x3F
NAMES: Final[dict[int, str]] = {
    0x10: "Minimize-Delay",
    0x08: "Maximize-Throughput",
    0x04: "Maximize-Reliability",
    0x02: "Minimize-Cost",
    0x00: "Normal-Service",
}


class Tos(Match):
    def __init__(self, value: int, mask: int, inverted: bool) -> None:
        self.value = value
        self.mask = mask
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (packet.tos & self.mask == self.value) != self.inverted

    def _numbers(self) -> str:
        return f"0x{self.value:02x}/0x{self.mask:02x}"

    def save(self) -> str:
        return f"{bang(self.inverted)}--tos {self._numbers()}"

    def listing(self, numeric: bool) -> str:
        name = NAMES.get(self.value) if not numeric and self.mask == NAME_MASK else None
        text = f"tos match{mark(self.inverted)}"
        return f"{text} {name}" if name is not None else text + self._numbers()


def build(values: Values) -> Extension:
    value, mask = values.pair("tos")
    return Tos(value, mask, values.inverted("tos"))


EXTENSIONS: Final = (Spec("tos", build, (Option("tos", "tos/mask", invert=True, mandatory=True),), revision=1),)
