"""connmark: the mark of a packet's connection.

    -m connmark [!] --mark VALUE[/MASK]

True when (connection mark & MASK) == VALUE; packets of both directions see the same mark. A packet without connection
never matches, inverted or not.

Kernel peer: xt_connmark. Source: iptables-extensions(8) connmark.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, hex_mask


class ConnMark(Match):
    def __init__(self, value: int, mask: int, inverted: bool) -> None:
        self.value = value
        self.mask = mask
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        entry = context.entry
        if entry is None:
            return False
        return (entry.mark & self.mask == self.value) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--mark {hex_mask(self.value, self.mask)}"

    def listing(self, numeric: bool) -> str:
        return f"connmark match {'!' if self.inverted else ''} {hex_mask(self.value, self.mask)}"


def build(values: Values) -> Extension:
    value, mask = values.pair("mark")
    return ConnMark(value, mask, values.inverted("mark"))


EXTENSIONS: Final = (
    Spec(
        "connmark",
        build,
        (Option("mark", "mark/mask", invert=True, mandatory=True),),
        needs_conntrack=True,
        revision=1,
    ),
)
