"""What is changed or read in one piece, in a packet that came in fragments, has to lie in its first one.

Nobody would notice, but for the cuts: a packet leaves in the fragments in which it came, and if the first of them held
less than that, it has become longer at the cost of the next. Then the old cuts are not used any more, unless the new
ones fit as well (engine/core/fragments.py).

Source: measured on Linux 6.18, with fragments of 8 to 1000 bytes in every order; skb_ensure_writable() and its kin.
"""

from __future__ import annotations

from engine.core.context import Context
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import DESTINATION_OPTIONS, HOP_BY_HOP, ROUTING


def gather(packet: Packet, context: Context, end: int = -1) -> None:
    """The bytes before offset `end` of the packet are needed in one piece; -1: all of them."""
    cuts = context.fragmented
    if cuts is not None:
        start = packet.l3_length if packet.family == IPV4 else unfragmentable(packet)
        context.fragmented = cuts.gathered((len(packet.data) if end < 0 else min(end, len(packet.data))) - start)


def unfragmentable(packet: Packet) -> int:
    """Where the fragment header goes: behind hop-by-hop options, routing header and destination options, but not behind
    destination options that follow a routing header. (RFC 8200 section 4.5 would leave destination options without a
    routing header to the fragments; the kernel does not.)"""
    where = 40
    routed = False
    for index, (number, _offset) in enumerate(packet.extensions):
        if number not in (HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS) or (number == DESTINATION_OPTIONS and routed):
            break
        routed = routed or number == ROUTING
        following = packet.extensions[index + 1 :]
        where = following[0][1] if following else packet.l4
    return where
