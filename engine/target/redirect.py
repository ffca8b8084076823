"""REDIRECT: DNAT to this machine.

    -j REDIRECT [--to-ports PORT[-PORT]] [--random]

Only in nat PREROUTING and nat OUTPUT. Ports need -p tcp, udp, sctp or dccp. The new destination is an address of the
interface the packet came in by (without one it is dropped), for locally made packets 127.0.0.1 or ::1.

Kernel peer: xt_REDIRECT. Source: iptables-extensions(8), REDIRECT.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import OUT, PRE, Option, ParameterProblem, Spec, Target
from engine.core.hooks import IPV4, OUTPUT
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import ACCEPT, DROP
from engine.target.parts.ranges import NONE, Nat, Range, read_ports

LOOPBACK: Final = 0x7F000001
LOOPBACK6: Final = 1
# First 16 bits of an IPv6 group (RFC 4291 section 2.7; flags left out) -> first ten bits of addresses of its scope
SCOPED_GROUPS: Final[dict[int, int]] = {0xFF02: 0xFE80 >> 6, 0xFF05: 0xFEC0 >> 6}


class Redirect(Nat):
    def save(self) -> str:
        ports = [f"--to-ports {self.range.ports()}"] if self.range.port_low != NONE else []
        return " ".join([*ports, *self.flags("--")])

    def listing(self, numeric: bool) -> str:
        ports = [f"redir ports {self.range.ports()}"] if self.range.port_low != NONE else []
        return " ".join([*ports, *self.flags("")])

    def apply(self, packet: Packet, context: Context) -> int:
        address: int | None
        if context.hook == OUTPUT:
            address = LOOPBACK if packet.family == IPV4 else LOOPBACK6
        else:
            # IPv6: one of the destination's scope; IPv4 never borrows another interface's address, as MASQUERADE does
            towards = 0 if packet.family == IPV4 else packet.dst
            address = context.shared.environment.primary_address(context.indev, packet.family, towards)
            if address is None or not in_scope(address, towards):
                return DROP
        request = self.request("DNAT")
        request.low = request.high = address
        context.nat = request
        return ACCEPT


def in_scope(address: int, destination: int) -> bool:
    """A packet to a group of a link or site may go to an address of that scope only (IPv4: destination 0)."""
    prefix = SCOPED_GROUPS.get(destination >> 112 & 0xFF0F)
    return prefix is None or address >> 118 == prefix


def look(values: Values) -> None:
    ports = Range()
    read_ports(values.given[-1].text, values, ports)
    if ports.base != NONE:
        raise ParameterProblem("Shifted portmap ranges not supported with this kernel")


def build(values: Values) -> Target:
    target = Redirect(values)
    if values.has("to-ports"):
        read_ports(values.text("to-ports"), values, target.range)
    return target


OPTIONS: Final = (Option("to-ports", "text", at_once=look), Option("random"))

EXTENSIONS: Final = (Spec("REDIRECT", build, OPTIONS, tables=("nat",), hooks=PRE | OUT, needs_conntrack=True),)
