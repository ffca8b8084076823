"""cpu: the processor that handles the packet.

    -m cpu [!] --cpu NUMBER

Kernel peer: xt_cpu. Source: iptables-extensions(8) cpu.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang


class Cpu(Match):
    def __init__(self, number: int, inverted: bool) -> None:
        self.number = number
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (context.shared.environment.cpu() == self.number) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--cpu {self.number}"

    def listing(self, numeric: bool) -> str:
        return f"cpu {bang(self.inverted)}{self.number}"


def build(values: Values) -> Extension:
    return Cpu(values.number("cpu"), values.inverted("cpu"))


EXTENSIONS: Final = (Spec("cpu", build, (Option("cpu", "u32", invert=True, mandatory=True),)),)
