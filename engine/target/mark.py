"""MARK: set the mark of the packet.

    -j MARK {--set-xmark | --set-mark} VALUE[/MASK]
    -j MARK {--and-mark | --or-mark | --xor-mark} BITS

Always saved as `--set-xmark VALUE/MASK` (see parts/marks.py for what the five mean). The mark never leaves the host;
`ip rule fwmark` and the mark match read it. Valid in every table, not only in mangle as the manual says.

Kernel peer: xt_mark revision 2. Source: iptables-extensions(8), MARK.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import ParameterProblem, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE
from engine.target.parts.marks import describe, read_setter, setter_options


class Mark(Target):
    def __init__(self, mark: int, mask: int) -> None:
        self.mark = mark
        self.mask = mask

    def save(self) -> str:
        return f"--set-xmark 0x{self.mark:x}/0x{self.mask:x}"

    def listing(self, numeric: bool) -> str:
        return f"MARK {describe(self.mark, self.mask)}"

    def apply(self, packet: Packet, context: Context) -> int:
        context.mark = (context.mark & ~self.mask) ^ self.mark
        return CONTINUE


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required")


def build(values: Values) -> Target:
    pair = read_setter(values.given[0])
    assert pair is not None
    return Mark(pair[0], pair[1])


EXTENSIONS: Final = (Spec("MARK", build, setter_options(), revision=2, final=final),)
