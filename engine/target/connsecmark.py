"""CONNSECMARK: copy the security mark between packet and connection.

    -j CONNSECMARK --save        packet -> connection, if the packet has one and the connection none yet
    -j CONNSECMARK --restore     connection -> packet, if the packet has none

Only in the mangle and security tables.

Kernel peer: xt_CONNSECMARK. Source: iptables-extensions(8), CONNSECMARK.
"""

from __future__ import annotations

from typing import Final

from engine.core.connection import EVENT_SECMARK
from engine.core.context import Context
from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE


class ConnSecMark(Target):
    def __init__(self, saving: bool) -> None:
        self.saving = saving

    def save(self) -> str:
        return "--save" if self.saving else "--restore"

    def listing(self, numeric: bool) -> str:
        return "CONNSECMARK save" if self.saving else "CONNSECMARK restore"

    def apply(self, packet: Packet, context: Context) -> int:
        entry = context.entry
        if entry is None:
            return CONTINUE
        if not self.saving:
            if not context.secmark:
                context.secmark = entry.secmark
        elif context.secmark and not entry.secmark:
            entry.secmark = context.secmark
            entry.event_cache |= EVENT_SECMARK
        return CONTINUE


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("CONNSECMARK target: parameter required")


def build(values: Values) -> Target:
    return ConnSecMark(values.has("save"))


OPTIONS: Final = (Option("save", excludes=("restore",)), Option("restore", excludes=("save",)))

EXTENSIONS: Final = (
    Spec("CONNSECMARK", build, OPTIONS, tables=("mangle", "security"), needs_conntrack=True, final=final),
)
