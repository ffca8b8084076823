"""DROP: the packet is discarded, nobody is told.

    -j DROP

A local sender gets EPERM from OUTPUT and POSTROUTING. Not in the nat table: iptables refuses the word there.

Kernel peer: a standard verdict of ip_tables. Source: iptables(8) TARGETS.
"""

from __future__ import annotations

from typing import Final

from engine.core import verdict
from engine.core.context import Context
from engine.core.extension import Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values


class Drop(Target):
    def apply(self, packet: Packet, context: Context) -> int:
        return verdict.DROP


def build(values: Values) -> Target:
    return Drop()


EXTENSIONS: Final = (Spec("DROP", build),)
