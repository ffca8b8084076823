"""DSCP: set the six bits of the differentiated services field; the two ECN bits stay.

    -j DSCP --set-dscp VALUE            0 to 0x3f
    -j DSCP --set-dscp-class CLASS      BE, EF, CS0 to CS7, AF11 to AF43

Only in the mangle table. Saved as `--set-dscp 0xNN`.

Kernel peer: xt_DSCP. Source: iptables-extensions(8), DSCP; RFC 2474, RFC 2597, RFC 3246.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE

CLASSES: Final[dict[str, int]] = {
    "BE": 0x00,
    "EF": 0x2E,
    **{f"CS{number}": number << 3 for number in range(8)},
    **{f"AF{number}{drop}": number << 3 | drop << 1 for number in range(1, 5) for drop in range(1, 4)},
}


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
    if name.upper() not in CLASSES:
        raise ParameterProblem(f"Invalid DSCP value `{name}'")


def build(values: Values) -> Target:
    if values.has("set-dscp"):
        return Dscp(values.number("set-dscp"))
    return Dscp(CLASSES[values.text("set-dscp-class").upper()])


OPTIONS: Final = (
    Option("set-dscp", "u8", low=0, high=0x3F, excludes=("set-dscp-class",)),
    Option("set-dscp-class", "text", excludes=("set-dscp",), at_once=look),
)

EXTENSIONS: Final = (Spec("DSCP", build, OPTIONS, tables=("mangle",), final=final),)
