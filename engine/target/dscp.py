"""DSCP: set the six bits of the differentiated services field; the two ECN bits stay.

    -j DSCP --set-dscp VALUE            0 to 0x3f
    -j DSCP --set-dscp-class CLASS      BE, EF, CS0 to CS7, AF11 to AF43

Only in the mangle table. Saved as `--set-dscp 0xNN`.

Kernel peer: xt_DSCP. Source: iptables-extensions(8), DSCP; RFC 2474, RFC 2597, RFC 3246.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.dscp import dscp_class
from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE


class Dscp(Target):
    def __init__(self, value: int) -> None:
        self.value = value

    def save(self) -> str:
        return f"--set-dscp 0x{self.value:02x}"

    def listing(self, numeric: bool) -> str:
        return f"DSCP set 0x{self.value:02x}"

    def apply(self, packet: Packet, context: Context) -> int:
        old = packet.tos
        new = old & 3 | self.value << 2
        if new != old:
            packet.set_tos(new)
        return CONTINUE


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("DSCP target: Parameter --set-dscp is required")


def look(values: Values) -> None:
    name = values.given[-1].text
    if dscp_class(name) is None:
        raise ParameterProblem(f"Invalid DSCP value `{name}'")


def build(values: Values) -> Target:
    if values.has("set-dscp"):
        return Dscp(values.number("set-dscp"))
    return Dscp(dscp_class(values.text("set-dscp-class")) or 0)


OPTIONS: Final = (
    Option("set-dscp", "u8", low=0, high=0x3F, excludes=("set-dscp-class",)),
    Option("set-dscp-class", "text", excludes=("set-dscp",), at_once=look),
)

EXTENSIONS: Final = (Spec("DSCP", build, OPTIONS, tables=("mangle",), final=final),)
