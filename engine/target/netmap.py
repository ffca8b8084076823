"""NETMAP: map a whole network onto another one, address by address.

    -j NETMAP --to IP[/MASK]

The bits under the mask come from IP, the others from the packet: from its destination in PREROUTING and OUTPUT, from
its source in POSTROUTING and INPUT. Only in the nat table. A mask with holes, and for IPv4 a length above 32, counts as
a full one (measured).

Kernel peer: xt_NETMAP. Source: iptables-extensions(8), NETMAP.
"""

from __future__ import annotations

from typing import Final

from engine.core.addresses import FULL_MASK, address_text
from engine.core.context import Context, NatRequest
from engine.core.extension import IN, OUT, POST, PRE, Option, Spec, Target
from engine.core.hooks import INPUT, POSTROUTING
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import ACCEPT


class NetMap(Target):
    def __init__(self, family: int, address: int, mask: int) -> None:
        self.family = family
        self.mask = mask
        self.address = address & mask

    def save(self) -> str:
        return f"--to {self._network()}"

    def listing(self, numeric: bool) -> str:
        return f"to:{self._network()}"

    def _network(self) -> str:
        return f"{address_text(self.address, self.family)}/{self.mask.bit_count()}"

    def apply(self, packet: Packet, context: Context) -> int:
        source = context.hook == POSTROUTING or context.hook == INPUT
        old = packet.src if source else packet.dst
        all_bits = FULL_MASK[self.family]
        new = self.address | old & (self.mask ^ all_bits)
        context.nat = NatRequest("SNAT" if source else "DNAT", new, new)
        return ACCEPT


def build(values: Values) -> Target:
    address, mask = values.pair("to")
    return NetMap(values.family, address, mask)


OPTIONS: Final = (Option("to", "host/mask", mandatory=True),)

EXTENSIONS: Final = (
    Spec("NETMAP", build, OPTIONS, tables=("nat",), hooks=PRE | IN | OUT | POST, needs_conntrack=True),
)
