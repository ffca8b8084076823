"""pkttype: whom the link layer addressed.

    -m pkttype [!] --pkt-type unicast|broadcast|multicast|otherhost        (host, bcast, mcast)

unicast: to this machine. The frame's destination address tells; where it is not known, the IP destination stands in for
it. A packet made on this machine counts as unicast.

Kernel peer: xt_pkttype. Source: iptables-extensions(8) pkttype.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import BROADCAST, MULTICAST, Context
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

UNICAST_NAME: Final = "unicast"
WORDS: Final[dict[str, str]] = {
    "unicast": "unicast",
    "broadcast": "broadcast",
    "multicast": "multicast",
    "otherhost": "otherhost",
    "host": "unicast",
    "bcast": "broadcast",
    "mcast": "multicast",
}
ALL_STATIONS: Final = b"\xff" * 6
ETHERNET_HEADER: Final = 14


class PktType(Match):
    def __init__(self, name: str, inverted: bool) -> None:
        self.name = name
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (packet_type(packet, context) == self.name) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--pkt-type {self.name}"

    def listing(self, numeric: bool) -> str:
        return f"PKTTYPE {'!=' if self.inverted else '='} {self.name}"


def packet_type(packet: Packet, context: Context) -> str:
    if context.local:
        return UNICAST_NAME
    if len(context.mac_header) >= ETHERNET_HEADER:
        to = context.mac_header[:6]
        if to == ALL_STATIONS:
            return "broadcast"
        return "multicast" if to[0] & 1 else UNICAST_NAME
    kind = context.shared.environment.address_type(packet.dst, packet.family)
    if kind == BROADCAST:
        return "broadcast"
    return "multicast" if kind == MULTICAST else UNICAST_NAME


def look(values: Values) -> None:
    text = values.given[-1].text
    if text.lower() not in WORDS:
        raise ParameterProblem(f"Bad packet type '{text}'")


def build(values: Values) -> Extension:
    return PktType(WORDS[values.text("pkt-type").lower()], values.inverted("pkt-type"))


EXTENSIONS: Final = (Spec("pkttype", build, (Option("pkt-type", "text", invert=True, mandatory=True, at_once=look),)),)
