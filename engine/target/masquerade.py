"""MASQUERADE: SNAT to the address of the interface the connection leaves by.

    -j MASQUERADE [--to-ports PORT[-PORT]] [--random] [--random-fully]

Only in nat POSTROUTING. Ports need -p tcp, udp, sctp or dccp. The address is the one that the machine would use on that
interface towards the destination; without one the packet is dropped. When the interface loses its address or goes
down, its masqueraded connections are forgotten.

Kernel peer: xt_MASQUERADE. Source: iptables-extensions(8), MASQUERADE.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import POST, Option, Spec, Target
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import ACCEPT, DROP
from engine.target.parts.ranges import NONE, Nat, look_at_ports, read_ports


class Masquerade(Nat):
    def save(self) -> str:
        ports = [f"--to-ports {self.range.ports()}"] if self.range.port_low != NONE else []
        return " ".join([*ports, *self.flags("--")])

    def listing(self, numeric: bool) -> str:
        ports = [f"masq ports: {self.range.ports()}"] if self.range.port_low != NONE else []
        return " ".join([*ports, *self.flags("")])

    def apply(self, packet: Packet, context: Context) -> int:
        if packet.family == IPV4 and packet.src == 0:
            return ACCEPT  # somebody who has no address yet (DHCP)
        environment = context.shared.environment
        address = environment.primary_address(context.outdev, packet.family, packet.dst)
        if address is None:
            return DROP
        request = self.request("SNAT")
        request.low = request.high = address
        request.masquerade_device = context.outdev
        context.nat = request
        return ACCEPT


def build(values: Values) -> Target:
    target = Masquerade(values)
    if values.has("to-ports"):
        read_ports(values.text("to-ports"), values, target.range)
        if target.range.base != NONE:
            target.range.base = 0
    return target


OPTIONS: Final = (Option("to-ports", "text", at_once=look_at_ports), Option("random"), Option("random-fully"))

EXTENSIONS: Final = (Spec("MASQUERADE", build, OPTIONS, tables=("nat",), hooks=POST, needs_conntrack=True),)
