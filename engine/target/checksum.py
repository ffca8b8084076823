"""CHECKSUM: compute a transport checksum that was left to the network card.

    -j CHECKSUM --checksum-fill

Only in the mangle table. Packets whose checksum is there already are not looked at.

Kernel peer: xt_CHECKSUM. Source: iptables-extensions(8), CHECKSUM.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Option, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE


class Checksum(Target):
    def save(self) -> str:
        return "--checksum-fill"

    def listing(self, numeric: bool) -> str:
        return "CHECKSUM fill"

    def apply(self, packet: Packet, context: Context) -> int:
        packet.complete_checksum()
        return CONTINUE


def build(values: Values) -> Target:
    return Checksum()


OPTIONS: Final = (Option("checksum-fill", mandatory=True),)

EXTENSIONS: Final = (Spec("CHECKSUM", build, OPTIONS, tables=("mangle",)),)
