"""Translating an ICMP error about a translated connection.

An error in direction d quotes a packet of the other direction. What a hook changes on the one side of the error itself
it changes on the other side of the quoted packet:

    hook                            error            quoted packet
    PREROUTING, OUTPUT              destination      source
    POSTROUTING, INPUT              source           destination

So the host inside sees its own address in the quotation, and the error seems to come from the host it talked to even
if a router on the inside sent it. Checksums inside are updated as far as they are there; that of the error is computed
anew. The error is dropped if its own checksum is wrong (POSTROUTING does not look again: a rule may have spoiled it),
if less than eight bytes of the quoted transport header are there, and if it is a redirect of a translated connection
(or of one whose bindings are not both made).

Source: RFC 5508 section 4, RFC 3022 section 4.3; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.errors import embedded, redirected
from engine.core.connection import (
    CT_RELATED_REPLY,
    DST_NAT,
    DST_NAT_DONE,
    ORIGINAL,
    REPLY,
    SRC_NAT,
    SRC_NAT_DONE,
    Connection,
)
from engine.core.context import Context
from engine.core.gathering import gather
from engine.core.hooks import IPV4, IPV6, POSTROUTING
from engine.core.packet import Packet
from engine.core.protocols import ICMP, ICMPV6
from engine.core.verdict import ACCEPT, DROP
from engine.nat.gathering import transport_size
from engine.nat.ranges import DESTINATION, SOURCE
from engine.nat.rewrite import translate, translate_quoted

NAT_BITS: Final = SRC_NAT | DST_NAT
DONE_BITS: Final = SRC_NAT_DONE | DST_NAT_DONE

REDIRECT: Final = 5
ICMPV6_REDIRECT: Final = 137
SHORTEST_QUOTATION: Final[dict[int, int]] = {IPV4: 20, IPV6: 40}  # bytes of IP header that are looked at


def translate_error(packet: Packet, context: Context, entry: Connection, manip: int) -> int:
    """ACCEPT or DROP; the packet is an ICMP (ICMPv6) error of `entry`."""
    if not packet.has(8):
        return DROP
    start = packet.l4 + 8
    gather(packet, context, start + SHORTEST_QUOTATION[packet.family])
    if context.hook != POSTROUTING and not packet.partial and packet.transport_sum() != 0xFFFF:
        return DROP
    kind = packet.data[packet.l4]
    status = entry.status
    redirect = kind == (REDIRECT if packet.family == IPV4 else ICMPV6_REDIRECT)
    if redirect and (status & DONE_BITS != DONE_BITS or status & NAT_BITS):
        return DROP
    direction = REPLY if context.ctinfo == CT_RELATED_REPLY else ORIGINAL
    bit = SRC_NAT if (manip == SOURCE) == (direction == ORIGINAL) else DST_NAT
    if not status & bit:
        return ACCEPT
    if redirect and packet.family != IPV4:
        start = redirected(packet)[0]
    quoted = embedded(packet, start)
    if quoted is None:
        return DROP
    transport = start + quoted.l4
    gather(packet, context, transport + transport_size(quoted.proto, len(packet.data) - transport))
    other = entry.tuple_of(1 - direction)
    number = other.sport
    if manip == SOURCE:
        if quoted.proto not in (ICMP, ICMPV6):
            number = other.dport
        done = translate_quoted(packet, quoted, start, DESTINATION, other.dst, number)
    else:
        done = translate_quoted(packet, quoted, start, SOURCE, other.src, number)
    if not done:
        return DROP
    packet.set_transport_checksum()
    # the outer addresses, as of any packet in this direction; an error has no id
    translate(packet, manip, other.dst if manip == SOURCE else other.src, 0)
    return ACCEPT
