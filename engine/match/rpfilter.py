"""rpfilter: would an answer to this packet leave by the interface it came by?

    -m rpfilter [--loose] [--validmark] [--accept-local] [--invert]

Matches when the route back to the source uses the interface of arrival. --loose: any interface will do. --validmark:
the route is asked with the packet's mark. --accept-local: a source that is an address of this machine passes too.
--invert: matches what fails. Packets on the loopback interface, and those from 0.0.0.0 to a local multicast or
broadcast address (IPv6: from ::), always pass. Only in PREROUTING of raw and mangle.

Kernel peer: ipt_rpfilter, ip6t_rpfilter. Source: iptables-extensions(8) rpfilter; RFC 3704.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import LOCAL, UNICAST, Context
from engine.core.extension import PRE, Extension, Match, Option, Spec
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.values import Values

FLAGS: Final = ("loose", "validmark", "accept-local", "invert")
BROADCAST_ADDRESS: Final = 0xFFFFFFFF
LOCAL_MULTICAST: Final = 0xE00000  # 224.0.0.0/24


class RpFilter(Match):
    def __init__(self, flags: list[str]) -> None:
        self.flags = flags
        self.loose = "loose" in flags
        self.validmark = "validmark" in flags
        self.accept_local = "accept-local" in flags
        self.inverted = "invert" in flags

    def matches(self, packet: Packet, context: Context) -> bool:
        return self._passes(packet, context) != self.inverted

    def _passes(self, packet: Packet, context: Context) -> bool:
        if context.indev == "lo":
            return True
        back = packet.dst
        if packet.family == IPV4:
            to_all = packet.dst == BROADCAST_ADDRESS
            if packet.src == 0 and (to_all or packet.dst >> 8 == LOCAL_MULTICAST):
                return True
            if to_all or packet.dst >> 28 == 14 or packet.dst == 0:
                back = 0
        elif packet.src == 0:
            return True
        mark = context.mark if self.validmark else 0
        # Asked for 0.0.0.0, Linux names the loopback interface; for its neighbour, the route that leads to both.
        route = context.shared.environment.route(packet.src or 1, packet.family, mark, back)
        if route.kind == LOCAL:
            return self.accept_local
        return route.kind == UNICAST and (self.loose or route.device == context.indev)

    def save(self) -> str:
        return " ".join([f"--{flag}" for flag in self.flags])

    def listing(self, numeric: bool) -> str:
        return " ".join(["rpfilter", *self.flags])


def build(values: Values) -> Extension:
    return RpFilter([flag for flag in FLAGS if values.has(flag)])


EXTENSIONS: Final = (
    Spec(
        "rpfilter",
        build,
        tuple([Option(flag) for flag in FLAGS]),
        tables=("raw", "mangle"),
        hooks=PRE,
    ),
)
