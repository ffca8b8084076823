"""frag: the fragment header of IPv6.

    -m frag [!] --fragid ID[:ID]  [!] --fraglen LENGTH  [--fragres]  [--fragfirst]  [--fragmore | --fraglast]

Matches packets with a fragment header. --fragres: its reserved bits are 0. --fragfirst: its offset is 0. --fragmore:
more fragments follow; --fraglast: none do. --fraglen is kept and printed but looks at nothing. While conntrack is
active fragments are put together before any rule sees them.

Kernel peer: ip6t_frag. Source: ip6tables-extensions(8) frag; RFC 8200 section 4.5.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, Spec
from engine.core.hooks import IPV6
from engine.core.packet import Packet
from engine.core.protocols import FRAGMENT
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.ids import IdRange, read_range
from engine.match.parts.text import bang, mark

FLAGS: Final = (
    ("fragres", "reserved"),
    ("fragfirst", "first"),
    ("fragmore", "more"),
    ("fraglast", "last"),
)


class Frag(Dropping):
    def __init__(self, ids: IdRange, length: int, length_inverted: bool, flags: list[str]) -> None:
        super().__init__()
        self.ids = ids
        self.length = length  # -1 = not given
        self.length_inverted = length_inverted
        self.flags = flags
        self.reserved = "fragres" in flags
        self.first = "fragfirst" in flags
        self.more = "fragmore" in flags
        self.last = "fraglast" in flags

    def matches(self, packet: Packet, context: Context) -> bool:
        at, _length = self.extension_header(packet, FRAGMENT, 8)
        if at < 0:
            return False
        word = packet.u16(at + 2)
        if not self.ids.holds(packet.u32(at + 4)):
            return False
        if self.reserved and (packet.data[at + 1] or word & 6):
            return False
        if self.first and word & 0xFFF8:
            return False
        if self.more and not word & 1:
            return False
        return not (self.last and word & 1)

    def save(self) -> str:
        parts = [self.ids.option("fragid")]
        if self.length >= 0:
            parts.append(f"{bang(self.length_inverted)}--fraglen {self.length}")
        parts += [f"--{name}" for name, _word in FLAGS if name in self.flags]
        return " ".join([part for part in parts if part])

    def listing(self, numeric: bool) -> str:
        text = f"frag {self.ids.listed('id').lstrip()}"
        if self.length >= 0:
            text += f" length:{mark(self.length_inverted)}{self.length}"
        return text + "".join([f" {word}" for name, word in FLAGS if name in self.flags])


def build(values: Values) -> Extension:
    return Frag(
        read_range(values, "fragid"),
        values.number("fraglen", -1),
        values.inverted("fraglen"),
        [name for name, _word in FLAGS if values.has(name)],
    )


EXTENSIONS: Final = (
    Spec(
        "frag",
        build,
        (
            Option("fragid", "u32:range", invert=True),
            Option("fraglen", "u32", invert=True),
            Option("fragres"),
            Option("fragfirst"),
            Option("fragmore", excludes=("fraglast",)),
            Option("fraglast", excludes=("fragmore",)),
        ),
        families=(IPV6,),
    ),
)
