"""TRACE: from here on every rule that the packet matches is written to the log.

    -j TRACE          only in the raw table

Lines read `TRACE: TABLE:CHAIN:TYPE:NUMBER` (TYPE: rule, return or policy) followed by what LOG prints. The rule
itself goes on to the next one. iptables-nft has its own mechanism (nftables' nftrace) and takes TRACE in any table.

Kernel peer: xt_TRACE. Source: iptables-extensions(8), TRACE.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE


class Trace(Target):
    def apply(self, packet: Packet, context: Context) -> int:
        context.nftrace = True
        return CONTINUE


def build(values: Values) -> Target:
    return Trace()


EXTENSIONS: Final = (Spec("TRACE", build, tables=("raw",)),)
