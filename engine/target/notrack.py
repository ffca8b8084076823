"""NOTRACK: connection tracking leaves the packet alone; its state is UNTRACKED.

    -j NOTRACK        only in the raw table; the same as CT --notrack, but saved under its own name

The first rule of CT or NOTRACK that a packet meets holds. It does not switch connection tracking on: a namespace whose
only such rule is NOTRACK tracks nothing and reassembles no fragments (measured).

Kernel peer: xt_CT. Source: iptables-extensions(8), NOTRACK.
"""

from __future__ import annotations

from typing import Final

from engine.core.connection import CT_UNTRACKED
from engine.core.context import Context
from engine.core.extension import Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE


class NoTrack(Target):
    def listing(self, numeric: bool) -> str:
        return "NOTRACK"

    def apply(self, packet: Packet, context: Context) -> int:
        if not context.templated and context.entry is None:
            context.ctinfo = CT_UNTRACKED
            context.templated = True
        return CONTINUE


def build(values: Values) -> Target:
    return NoTrack()


EXTENSIONS: Final = (Spec("NOTRACK", build, tables=("raw",), real_name="CT", revision=2),)
