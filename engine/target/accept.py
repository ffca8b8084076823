"""ACCEPT: the packet may pass this table at this hook.

    -j ACCEPT

Later rules of the chain and of the chains that called it are not met; the tables that follow are.

Kernel peer: a standard verdict of ip_tables. Source: iptables(8) TARGETS.
"""

from __future__ import annotations

from typing import Final

from engine.core import verdict
from engine.core.context import Context
from engine.core.extension import Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values


class Accept(Target):
    def apply(self, packet: Packet, context: Context) -> int:
        return verdict.ACCEPT


def build(values: Values) -> Target:
    return Accept()


EXTENSIONS: Final = (Spec("ACCEPT", build),)
