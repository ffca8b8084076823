"""Sequence numbers of a TCP connection whose payload a helper made longer or shorter.

For each direction three numbers are kept: the sequence number of the last change, and by how much numbers before and
after it are moved. A change moves everything behind it, on top of all earlier changes; a change at a lower number than
the last (a retransmission of the same line) counts only if no change is still under way. Both ends must not notice:

    sequence number     + offset of this direction
    ACK number          - offset of the other direction
    SACK blocks         - offset of the other direction, edge by edge

Numbers are compared modulo 2**32. A number is compared as its sender knows it: an ACK first loses the older offset.

Source: RFC 793, RFC 2018; behaviour measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.tcp_window import before
from engine.core.connection import SEQ_ADJUST, Connection, SequenceAdjustment
from engine.core.context import Context
from engine.core.gathering import gather
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import ACK, BROKEN, OPTION_SACK, option_at

MASK: Final = 0xFFFFFFFF


def remember_change(entry: Connection, direction: int, seq: int, change: int) -> None:
    """The payload of the segment with sequence number `seq` became `change` bytes longer."""
    adjustments = entry.seqadj
    if adjustments is None:
        adjustments = [SequenceAdjustment(), SequenceAdjustment()]
        entry.seqadj = adjustments
    entry.status |= SEQ_ADJUST
    one = adjustments[direction]
    if one.offset_before == one.offset_after or before(one.correction_pos, seq):
        one.correction_pos = seq
        one.offset_before = one.offset_after
        one.offset_after += change


def adjust(packet: Packet, context: Context, entry: Connection, direction: int) -> bool:
    """Move the numbers of one segment; False if its options are broken (drop it)."""
    adjustments = entry.seqadj
    if adjustments is None or packet.proto != TCP or not packet.has(20):
        return True
    ours = adjustments[direction]
    theirs = adjustments[1 - direction]
    at = packet.l4
    gather(packet, context, at + 20)
    seq = packet.u32(at + 4)
    moved = ours.offset_after if before(ours.correction_pos, seq) else ours.offset_before
    if moved:
        packet.patch(at + 4, _number(seq + moved))
    if not packet.data[at + 13] & ACK:
        return True
    if theirs.offset_before or theirs.offset_after:
        ack = packet.u32(at + 8)
        packet.patch(at + 8, _number(_back(ack, theirs)))
    return _adjust_sack(packet, context, theirs)


def _number(value: int) -> bytes:
    return (value & MASK).to_bytes(4, "big")


def _back(number: int, change: SequenceAdjustment) -> int:
    """What the sender of the acknowledged data calls this number."""
    if before(change.correction_pos, (number - change.offset_before) & MASK):
        return number - change.offset_after
    return number - change.offset_before


def _adjust_sack(packet: Packet, context: Context, theirs: SequenceAdjustment) -> bool:
    stop = packet.l4 + (packet.data[packet.l4 + 12] >> 4) * 4
    if stop > len(packet.data):
        return False
    gather(packet, context, stop)
    at = option_at(packet.data, packet.l4 + 20, stop)
    while at >= 0:
        size = packet.data[at + 1]
        if packet.data[at] == OPTION_SACK and size >= 10 and (size - 2) % 8 == 0:
            for edge in range(at + 2, at + size, 4):
                old = packet.u32(edge)
                new = _back(old, theirs) & MASK
                if new != old:
                    packet.patch(edge, _number(new))
        at = option_at(packet.data, at + size, stop)
    return at != BROKEN
