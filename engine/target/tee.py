"""TEE: send a copy of the packet to another host of a connected network; the packet itself goes on.

    -j TEE --gateway IP [--oif INTERFACE]

The copy is sent like a packet of this machine (it meets OUTPUT and POSTROUTING, untracked) by way of the gateway. In
PREROUTING and INPUT its TTL is one less, so that two such hosts do not copy for ever; an IPv4 copy has DF set, so that
the sender learns of a small MTU behind the gateway. Copies are not copied again. The gateway must not be 0.0.0.0 or ::.

Kernel peer: xt_TEE revision 1. Source: iptables-extensions(8), TEE.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.addresses import address_text
from engine.core.connection import CT_UNTRACKED
from engine.core.context import Context, Emission, Fragmented
from engine.core.extension import KernelRefusal, Option, RuleHead, Spec, Target
from engine.core.hooks import INPUT, IPV4, PREROUTING
from engine.core.packet import IP_DF, Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE

DEVICE_LENGTH: Final = 15


class Tee(Target):
    def __init__(self, family: int, gateway: int, device: str) -> None:
        self.family = family
        self.gateway = gateway
        self.device = device

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.gateway == 0:
            raise KernelRefusal(EINVAL, "TEE: the gateway must not be the zero address")

    def save(self) -> str:
        text = f"--gateway {address_text(self.gateway, self.family)}"
        return f"{text} --oif {self.device}" if self.device else text

    def listing(self, numeric: bool) -> str:
        text = f"TEE gw:{address_text(self.gateway, self.family)}"
        return f"{text} oif={self.device}" if self.device else text

    def apply(self, packet: Packet, context: Context) -> int:
        if context.copied:
            return CONTINUE
        copy = Packet(packet.data, packet.partial)
        copy.complete_checksum()
        if copy.family == IPV4:
            copy.patch_ip(6, (copy.u16(6) | IP_DF).to_bytes(2, "big"))
        if context.hook == PREROUTING or context.hook == INPUT:
            copy.set_ttl((copy.ttl - 1) & 0xFF)
        emission = Emission(bytes(copy.data), "output", self.device, self.gateway, context.mark)
        emission.ctinfo = CT_UNTRACKED
        emission.copied = True
        cuts = context.fragmented
        if cuts is not None:  # the copy is cut too, but not at the old places
            emission.fragmented = Fragmented(cuts.largest, cuts.df, cuts.lengths, False, cuts.identification)
        context.emit.append(emission)
        return CONTINUE


def build(values: Values) -> Target:
    return Tee(values.family, values.number("gateway"), values.string("oif"))


OPTIONS: Final = (
    Option("gateway", "host", mandatory=True),
    Option("oif", "string:cut", high=DEVICE_LENGTH),
)

EXTENSIONS: Final = (Spec("TEE", build, OPTIONS, revision=1),)
