"""How much of a transport header translation changes: so much has to lie in the first fragment of a packet."""

from __future__ import annotations

from typing import Final

from engine.core.protocols import GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE

ALWAYS: Final[dict[int, int]] = {UDP: 8, UDPLITE: 8, ICMP: 8, ICMPV6: 8, GRE: 8, TCP: 8, SCTP: 8}
IF_THERE: Final[dict[int, int]] = {TCP: 20, SCTP: 12}  # up to the checksum; a quotation may end before it


def transport_size(proto: int, size: int) -> int:
    """How many bytes of a transport header translation changes, of which `size` bytes are there with what follows."""
    wanted = IF_THERE.get(proto, 0)
    return wanted if 0 < wanted <= size else ALWAYS.get(proto, 0)
