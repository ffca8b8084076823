"""What is changed in a packet that came in fragments has to lie in its first one.

Nobody would notice, but for the cuts: a packet leaves in the fragments in which it came, and if the first of them held
less than the headers that are translated, it has become longer at the cost of the next. Then the old cuts are not used
any more, unless the new ones fit as well (engine/core/fragments.py).

Source: measured on Linux 6.18, with fragments of eight bytes and with ICMP errors in fragments.
"""

from __future__ import annotations

from typing import Final

from engine.core.checksum import ICMP, ICMPV6, TCP, UDP, UDPLITE
from engine.core.context import Context
from engine.core.fragments import unfragmentable
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.nat.ranges import GRE, SCTP

ALWAYS: Final[dict[int, int]] = {UDP: 8, UDPLITE: 8, ICMP: 8, ICMPV6: 8, GRE: 8, TCP: 8, SCTP: 8}
IF_THERE: Final[dict[int, int]] = {TCP: 20, SCTP: 12}  # up to the checksum; a quotation may end before it


def transport_size(proto: int, size: int) -> int:
    """How many bytes of a transport header translation changes, of which `size` bytes are there with what follows."""
    wanted = IF_THERE.get(proto, 0)
    return wanted if 0 < wanted <= size else ALWAYS.get(proto, 0)


def gather(packet: Packet, context: Context, end: int) -> None:
    """The bytes before offset `end` of the packet are going to be changed."""
    cuts = context.fragmented
    if cuts is not None:
        start = packet.l3_length if packet.family == IPV4 else unfragmentable(packet)
        context.fragmented = cuts.gathered(end - start)
