"""mark: the mark of a packet.

    -m mark [!] --mark VALUE[/MASK]

True when (mark & MASK) == VALUE. A value with bits outside its mask never matches.

Kernel peer: xt_mark. Source: iptables-extensions(8) mark.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, hex_mask


class Mark(Match):
    def __init__(self, value: int, mask: int, inverted: bool) -> None:
        self.value = value
        self.mask = mask
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (context.mark & self.mask == self.value) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--mark {hex_mask(self.value, self.mask)}"

    def listing(self, numeric: bool) -> str:
        return f"mark match {bang(self.inverted)}{hex_mask(self.value, self.mask)}"


def build(values: Values) -> Extension:
    value, mask = values.pair("mark")
    return Mark(value, mask, values.inverted("mark"))


EXTENSIONS: Final = (Spec("mark", build, (Option("mark", "mark/mask", invert=True, mandatory=True),), revision=1),)
