"""eui64: the IPv6 source address was made from the Ethernet source address.

    -m eui64

The last 64 bits are the modified EUI-64 of the MAC address. Only where packets come in: PREROUTING, INPUT, FORWARD.

Kernel peer: ip6t_eui64. Source: ip6tables-extensions(8) eui64; RFC 4291 appendix A.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import FWD, IN, PRE, Extension, Match, Spec
from engine.core.hooks import IPV6
from engine.core.packet import Packet
from engine.core.values import Values


class Eui64(Match):
    def matches(self, packet: Packet, context: Context) -> bool:
        mac = context.hwsrc
        if len(mac) != 6:
            return False
        wanted = bytes((mac[0] ^ 2, mac[1], mac[2], 0xFF, 0xFE, mac[3], mac[4], mac[5]))
        return packet.src & 0xFFFFFFFFFFFFFFFF == int.from_bytes(wanted, "big")

    def listing(self, numeric: bool) -> str:
        return "eui64 "

    def column(self, numeric: bool) -> str:
        return self.listing(numeric)  # the blank stands behind


def build(values: Values) -> Extension:
    return Eui64()


EXTENSIONS: Final = (Spec("eui64", build, families=(IPV6,), hooks=PRE | IN | FWD),)
