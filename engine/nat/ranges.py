"""Is a tuple inside what a nat target asked for?"""

from __future__ import annotations

from typing import Final

from engine.core.connection import Tuple
from engine.core.context import NatRequest
from engine.core.protocols import GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE

# What a mapping changes
SOURCE: Final = 0
DESTINATION: Final = 1

# Protocols of which something that stands for ports can be mapped. DCCP is not among them: Linux 6.18 does not know it.
WITH_PORTS: Final = frozenset((TCP, UDP, UDPLITE, SCTP))
WITH_NUMBERS: Final = frozenset((TCP, UDP, UDPLITE, SCTP, GRE, ICMP, ICMPV6))


def port_in_range(key: Tuple, manip: int, request: NatRequest) -> bool:
    """Does the port (id, key) that `manip` maps lie in the range? Protocols without ports are in every range."""
    if key.proto not in WITH_NUMBERS:
        return True
    number = key.sport if manip == SOURCE or key.proto in (ICMP, ICMPV6) else key.dport
    return request.port_low <= number <= request.port_high


def source_in_range(key: Tuple, request: NatRequest) -> bool:
    """Does the source of a tuple lie in the range, address and port?"""
    low = request.low
    if low is not None:
        high = request.high
        if not low <= key.src <= (low if high is None else high):
            return False
    return request.port_low < 0 or port_in_range(key, SOURCE, request)
