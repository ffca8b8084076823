"""SNAT: give the connection another source address or port.

    -j SNAT --to-source IP[-IP][:PORT[-PORT]] [--random] [--random-fully] [--persistent]

Only in nat POSTROUTING and nat INPUT. Ports need -p tcp, udp, sctp or dccp. Ranges: parts/ranges.py. The chain is asked
for the first packet of a connection only; later packets are translated alike, answers back.

Kernel peer: xt_nat. Source: iptables-extensions(8), SNAT.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import IN, POST, Option, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import ACCEPT
from engine.target.parts.ranges import NONE, Nat, look_at_range, read_range


class SourceNat(Nat):
    def save(self) -> str:
        return " ".join([f"--to-source {self.range.text(self.family)}", *self.flags("--")])

    def listing(self, numeric: bool) -> str:
        return " ".join([f"to:{self.range.text(self.family)}", *self.flags("")])

    def apply(self, packet: Packet, context: Context) -> int:
        context.nat = self.request("SNAT")
        return ACCEPT


def build(values: Values) -> Target:
    target = SourceNat(values)
    read_range(values.text("to-source"), values, target.range)
    if target.range.base != NONE:
        target.range.base = 0
    return target


OPTIONS: Final = (
    Option("to-source", "text", mandatory=True, at_once=look_at_range),
    Option("random"),
    Option("random-fully"),
    Option("persistent"),
)

EXTENSIONS: Final = (Spec("SNAT", build, OPTIONS, tables=("nat",), hooks=POST | IN, needs_conntrack=True, revision=1),)
