"""RETURN: back to the calling chain, behind the rule that jumped; in a built-in chain the policy decides.

    -j RETURN

Kernel peer: a standard verdict of ip_tables. Source: iptables(8) TARGETS.
"""

from __future__ import annotations

from typing import Final

from engine.core import verdict
from engine.core.context import Context
from engine.core.extension import Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values


class Return(Target):
    def apply(self, packet: Packet, context: Context) -> int:
        return verdict.RETURN


def build(values: Values) -> Target:
    return Return()


EXTENSIONS: Final = (Spec("RETURN", build),)
