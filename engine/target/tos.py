"""TOS: rewrite the type of service byte (IPv6: traffic class).

    -j TOS --set-tos VALUE[/MASK]       tos = (tos & ~MASK) ^ VALUE; MASK 0xff if not given
    -j TOS --set-tos NAME               Minimize-Delay 0x10, Maximize-Throughput 0x08, Maximize-Reliability 0x04,
                                        Minimize-Cost 0x02, Normal-Service 0x00, all with MASK 0x3f
    -j TOS {--and-tos | --or-tos | --xor-tos} BITS      saved as --set-tos 0/~BITS, BITS/BITS, BITS/0

Only in the mangle table. In listings with names the blank before the name is missing (`TOS setMinimize-Delay`).

Kernel peer: xt_DSCP (TOS revision 1). Source: iptables-extensions(8), TOS.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE

NAMED: Final[dict[int, str]] = {
    0x10: "Minimize-Delay",
    0x08: "Maximize-Throughput",
    0x04: "Maximize-Reliability",
    0x02: "Minimize-Cost",
    0x00: "Normal-Service",
}
MASK_OF_NAMES: Final = 0x3F


class Tos(Target):
    def __init__(self, value: int, mask: int) -> None:
        self.value = value
        self.mask = mask

    def save(self) -> str:
        return f"--set-tos 0x{self.value:02x}/0x{self.mask:02x}"

    def listing(self, numeric: bool) -> str:
        value = self.value
        mask = self.mask
        if not numeric:
            if mask == MASK_OF_NAMES and value in NAMED:
                return f"TOS set{NAMED[value]}"
            if value == 0:
                return f"TOS and 0x{mask ^ 0xFF:02x}"
            if value == mask:
                return f"TOS or 0x{value:02x}"
            if mask == 0:
                return f"TOS xor 0x{value:02x}"
        return f"TOS set 0x{value:02x}/0x{mask:02x}"

    def column(self, numeric: bool) -> str:
        """A name is printed with one blank more in front and none behind `set`."""
        text = self.listing(numeric)
        return f"  {text}" if "set0x" not in text and "set " not in text and "TOS set" in text else f" {text}"

    def apply(self, packet: Packet, context: Context) -> int:
        old = packet.tos
        new = (old & (self.mask ^ 0xFF)) ^ self.value
        if new != old:
            packet.set_tos(new)
        return CONTINUE


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("TOS: An action is required")


def build(values: Values) -> Target:
    if values.has("set-tos"):
        value, mask = values.pair("set-tos")
        return Tos(value, mask)
    if values.has("and-tos"):
        return Tos(0, values.number("and-tos") ^ 0xFF)
    if values.has("or-tos"):
        bits = values.number("or-tos")
        return Tos(bits, bits)
    return Tos(values.number("xor-tos"), 0)


OPTIONS: Final = (
    Option("set-tos", "tos/mask", excludes=("and-tos", "or-tos", "xor-tos")),
    Option("and-tos", "u8", excludes=("set-tos", "or-tos", "xor-tos")),
    Option("or-tos", "u8", excludes=("set-tos", "and-tos", "xor-tos")),
    Option("xor-tos", "u8", excludes=("set-tos", "and-tos", "or-tos")),
)

EXTENSIONS: Final = (Spec("TOS", build, OPTIONS, tables=("mangle",), revision=1, final=final),)
