"""DNAT: give the connection another destination address or port.

    -j DNAT --to-destination IP[-IP][:PORT[-PORT[/PORT]]] [--random] [--persistent]

Only in nat PREROUTING and nat OUTPUT. Ports need -p tcp, udp, sctp or dccp. Ranges: parts/ranges.py. The chain is asked
for the first packet of a connection only; later packets are translated alike, answers back.

Kernel peer: xt_nat revision 2. Source: iptables-extensions(8), DNAT.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import OUT, PRE, Option, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import ACCEPT
from engine.target.parts.ranges import Nat, look_at_range, read_range


class DestinationNat(Nat):
    def save(self) -> str:
        return " ".join([f"--to-destination {self.range.text(self.family)}", *self.flags("--")])

    def listing(self, numeric: bool) -> str:
        return " ".join([f"to:{self.range.text(self.family)}", *self.flags("")])

    def apply(self, packet: Packet, context: Context) -> int:
        context.nat = self.request("DNAT")
        return ACCEPT


def build(values: Values) -> Target:
    target = DestinationNat(values)
    read_range(values.text("to-destination"), values, target.range)
    return target


OPTIONS: Final = (
    Option("to-destination", "text", mandatory=True, at_once=look_at_range),
    Option("random"),
    Option("persistent"),
)

EXTENSIONS: Final = (Spec("DNAT", build, OPTIONS, tables=("nat",), hooks=PRE | OUT, needs_conntrack=True, revision=2),)
