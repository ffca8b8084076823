"""Protocols above IP by number, and what of their headers several parts read.

Source: IANA "Assigned Internet Protocol Numbers"; RFC 792, RFC 8200, RFC 3828, RFC 4340, RFC 9260.
"""

from __future__ import annotations

from typing import Final

HOP_BY_HOP: Final = 0
ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
DCCP: Final = 33
ROUTING: Final = 43
FRAGMENT: Final = 44
GRE: Final = 47
ESP: Final = 50
AH: Final = 51
ICMPV6: Final = 58
NO_NEXT_HEADER: Final = 59
DESTINATION_OPTIONS: Final = 60
SCTP: Final = 132
MOBILITY: Final = 135
UDPLITE: Final = 136

# Protocols whose header begins with a source and a destination port -> name
PORT_PROTOCOLS: Final[dict[int, str]] = {TCP: "tcp", UDP: "udp", DCCP: "dccp", SCTP: "sctp", UDPLITE: "udplite"}

# Where the four bytes stand that tell connections of a protocol apart: the ports, or the SPI of ESP and AH
PORTS_AT: Final[dict[int, int]] = {**dict.fromkeys((*PORT_PROTOCOLS, ESP), 0), AH: 4}

# ICMP types that quote the packet that they are about
ICMP_ERRORS: Final = frozenset((3, 4, 5, 11, 12))
