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
from engine.target.parts.ranges import NONE, Nat, Range, look_at_ports, read_ports

LOOPBACK: Final = 0x7F000001
LOOPBACK6: Final = 1
# Scopes of IPv6 addresses smaller than the world (RFC 4291 section 2.7)
LOOPBACK_SCOPE: Final = 1
SMALL_SCOPES: Final = (LOOPBACK_SCOPE, 2, 5)
UNICAST_SCOPES: Final[dict[int, int]] = {0xFE80 >> 6: 2, 0xFEC0 >> 6: 5}  # by the first ten bits


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
            address = first_address(packet, context)
            if address is None:
                return DROP
        request = self.request("DNAT")
        request.low = request.high = address
        context.nat = request
        return ACCEPT


def first_address(packet: Packet, context: Context) -> int | None:
    """The first of the interface; IPv6: a packet to a small scope gets an address of that scope."""
    scope = small_scope(packet.dst) if packet.family != IPV4 else 0
    for address in context.shared.environment.addresses_of(context.indev, packet.family):
        if scope == 0 or small_scope(address) == scope:
            return address
    return None


def small_scope(address: int) -> int:
    """0: the world, or a group's scope that no address of a machine has."""
    if address >> 120 == 0xFF:
        scope = address >> 112 & 0xF
        return scope if scope in SMALL_SCOPES else 0
    return LOOPBACK_SCOPE if address == LOOPBACK6 else UNICAST_SCOPES.get(address >> 118, 0)


def final(values: Values) -> None:
    if not values.has("to-ports"):
        return
    ports = Range()
    read_ports(values.text("to-ports"), values, ports)
    if ports.base != NONE:
        raise ParameterProblem("Shifted portmap ranges not supported with this kernel")


def build(values: Values) -> Target:
    target = Redirect(values)
    if values.has("to-ports"):
        read_ports(values.text("to-ports"), values, target.range)
    return target


OPTIONS: Final = (Option("to-ports", "text", at_once=look_at_ports), Option("random"))

EXTENSIONS: Final = (
    Spec("REDIRECT", build, OPTIONS, tables=("nat",), hooks=PRE | OUT, needs_conntrack=True, final=final),
)
