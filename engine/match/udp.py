"""udp: ports of a UDP header.

    -p udp [-m udp] [!] --sport PORT[:PORT]  [!] --dport PORT[:PORT]      (--source-port, --destination-port)

Later fragments never match; a header cut short is dropped at once. A range whose ends are the wrong way round is
accepted and never matches. Service names are those of any protocol; numbers are decimal and cut to 16 bits.

Kernel peer: xt_tcpudp. Source: iptables-extensions(8) udp; RFC 768.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.ports import Ported


class Udp(Ported):
    def matches(self, packet: Packet, context: Context) -> bool:
        self.dropping = False
        if packet.fragment_offset:
            return False
        data = packet.data
        at = packet.l4
        if at + 8 > len(data):
            self.dropping = True
            return False
        return self.has_ports(data, at)

    def save(self) -> str:
        return " ".join(self.saved_ports())

    def listing(self, numeric: bool) -> str:
        return self.ports_listing("udp", numeric)


def build(values: Values) -> Extension:
    match = Udp()
    match.read_ports(values, all_are_none=True)
    return match


EXTENSIONS: Final = (
    Spec(
        "udp",
        build,
        (
            Option("source-port", "port:range", invert=True, aliases=("sport",)),
            Option("destination-port", "port:range", invert=True, aliases=("dport",)),
        ),
        protos=(17,),
    ),
)
