"""QUEUE: hand the packet to userspace queue 0; the old name of `NFQUEUE --queue-num 0`.

    -j QUEUE

Without a listener the packet is dropped. iptables-nft refuses the word at load ("No such file or directory").

Kernel peer: a standard verdict of ip_tables. Source: iptables(8) TARGETS.
"""

from __future__ import annotations

from typing import Final

from engine.core import verdict
from engine.core.context import Context
from engine.core.extension import Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values


class Queue(Target):
    def apply(self, packet: Packet, context: Context) -> int:
        context.queue = 0
        context.queue_bypass = False
        return verdict.QUEUE


def build(values: Values) -> Target:
    return Queue()


EXTENSIONS: Final = (Spec("QUEUE", build),)
