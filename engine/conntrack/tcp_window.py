"""Is a TCP segment inside the window? What each end may send and acknowledge, learnt from watching.

For the sender S and the receiver R of a segment with sequence numbers seq..end, acknowledging up to `sack` (the highest
edge of its SACK blocks, or its ACK number), four bounds hold:

    upper bound of data    seq  <= S.max_end                     (what R's window allowed)
    lower bound of data    end  >= S.end - R.max_window          (not older than what R may still keep)
    upper bound of ACK     sack <= R.end                         (nothing acknowledged that we have not seen)
    lower bound of ACK     sack >= R.end - max(S.max_window, 66000)

    X.end         highest end of a segment sent by X
    X.max_end     highest sequence number that the other end allowed X to send up to
    X.max_window  largest window X offered
    X.max_ack     highest ACK number sent by X

Sequence numbers are 32 bits and wrap. Source: Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter"
(SANE 2000), with the bounds of RFC 793; options RFC 7323 and RFC 2018.
"""

from __future__ import annotations

from typing import Final

from engine.core.connection import SequenceAdjustment
from engine.core.packet import Packet
from engine.core.tcp_header import (
    ACK,
    FIN,
    OPTION_SACK,
    OPTION_SACK_PERMITTED,
    OPTION_WINDOW_SCALE,
    RST,
    SYN,
    option_at,
)

MASK: Final = 0xFFFFFFFF
HALF: Final = 0x80000000

# Flags of an end, and of what is remembered of a segment that was let through
WINDOW_SCALE: Final = 0x01
SACK_PERMITTED: Final = 0x02
CLOSED_FIRST: Final = 0x04  # this end sent the first FIN
LIBERAL: Final = 0x08  # picked up in the middle: windows are only a guess
UNACKNOWLEDGED: Final = 0x10  # data of this end waits for its ACK
MAX_ACK_KNOWN: Final = 0x20
EXPECT_CHALLENGE: Final = 0x40  # a SYN was let through in LAST_ACK; its answer is no last ACK
SIMULTANEOUS_OPEN: Final = 0x80

OLDEST_ACK: Final = 66000
MAX_SCALE: Final = 14

# What the window says of a segment
IN_WINDOW: Final = 0
IGNORED: Final = 1  # passes, changes nothing
OUTSIDE: Final = 2


def before(a: int, b: int) -> bool:
    """Is sequence number a earlier than b?"""
    return (a - b) & MASK >= HALF


class Side:
    """One end of a connection."""

    __slots__ = ("end", "flags", "max_ack", "max_end", "max_window", "scale")

    def __init__(self) -> None:
        self.end = 0
        self.max_end = 0
        self.max_window = 0  # 0: nothing was seen of this end
        self.max_ack = 0
        self.scale = 0
        self.flags = 0

    def dump(self) -> list[int]:
        return [self.end, self.max_end, self.max_window, self.max_ack, self.scale, self.flags]

    def load(self, values: list[int]) -> None:
        self.end, self.max_end, self.max_window, self.max_ack, self.scale, self.flags = values

    def forget(self) -> None:
        self.end = 0
        self.max_end = 0
        self.max_window = 0
        self.max_ack = 0
        self.scale = 0
        self.flags &= LIBERAL


class Segment:
    """What window tracking needs of a segment. One object is read into again and again."""

    __slots__ = ("ack", "end", "flags", "options", "options_end", "seq", "window")

    def __init__(self) -> None:
        self.seq = 0
        self.ack = 0
        self.end = 0
        self.window = 0
        self.flags = 0
        self.options = 0  # offsets in the packet
        self.options_end = 0

    def read(self, packet: Packet) -> None:
        """Take in the header at packet.l4, which is whole."""
        data = packet.data
        l4 = packet.l4
        self.seq = data[l4 + 4] << 24 | data[l4 + 5] << 16 | data[l4 + 6] << 8 | data[l4 + 7]
        self.ack = data[l4 + 8] << 24 | data[l4 + 9] << 16 | data[l4 + 10] << 8 | data[l4 + 11]
        flags = data[l4 + 13]
        self.flags = flags
        self.window = data[l4 + 14] << 8 | data[l4 + 15]
        header = (data[l4 + 12] >> 4) * 4
        self.options = l4 + 20
        self.options_end = l4 + header
        end = self.seq + len(data) - l4 - header
        if flags & SYN:
            end += 1
        if flags & FIN:
            end += 1
        self.end = end & MASK


def read_options(packet: Packet, segment: Segment, side: Side) -> None:
    """Window scale and SACK-permitted of a SYN. A SYN without any option says nothing; broken options end the list."""
    stop = segment.options_end
    if segment.options >= stop:
        return
    data = packet.data
    side.scale = 0
    side.flags &= LIBERAL
    at = option_at(data, segment.options, stop)
    while at >= 0:
        kind = data[at]
        size = data[at + 1]
        if kind == OPTION_SACK_PERMITTED and size == 2:
            side.flags |= SACK_PERMITTED
        elif kind == OPTION_WINDOW_SCALE and size == 3:
            side.scale = min(data[at + 2], MAX_SCALE)
            side.flags |= WINDOW_SCALE
        at = option_at(data, at + size, stop)


def highest_sack(packet: Packet, segment: Segment, edge: int) -> int:
    """The highest right edge of the first option of SACK blocks, `edge` if none is later."""
    stop = segment.options_end
    data = packet.data
    at = option_at(data, segment.options, stop)
    while at >= 0:
        size = data[at + 1]
        if data[at] == OPTION_SACK and size >= 10 and (size - 2) % 8 == 0:
            for block in range(at + 2, at + size, 8):
                right = data[block + 4] << 24 | data[block + 5] << 16 | data[block + 6] << 8 | data[block + 7]
                if before(edge, right):
                    edge = right
            break
        at = option_at(data, at + size, stop)
    return edge


def offset_at(adjustments: list[SequenceAdjustment] | None, direction: int, seq: int) -> int:
    """By how much a helper moved sequence number `seq` of one direction."""
    if adjustments is None:
        return 0
    one = adjustments[direction]
    return one.offset_after if before(one.correction_pos, seq) else one.offset_before


class Windows:
    """Both ends of a connection and what is remembered of the last segment."""

    __slots__ = (
        "last_ack",
        "last_direction",
        "last_end",
        "last_flags",
        "last_kind",
        "last_scale",
        "last_seq",
        "last_window",
        "original",
        "repeats",
        "reply",
    )

    def __init__(self) -> None:
        self.original = Side()
        self.reply = Side()
        self.repeats = 0  # how often the last ACK came again, modulo 256
        self.last_kind = 0
        self.last_direction = 0
        self.last_seq = 0
        self.last_ack = 0
        self.last_end = 0
        self.last_window = 0
        self.last_scale = 0
        self.last_flags = 0

    def dump(self) -> list[int]:
        last = [
            self.repeats,
            self.last_kind,
            self.last_direction,
            self.last_seq,
            self.last_ack,
            self.last_end,
            self.last_window,
            self.last_scale,
            self.last_flags,
        ]
        return self.original.dump() + self.reply.dump() + last

    def load(self, values: list[int]) -> None:
        self.original.load(values[:6])
        self.reply.load(values[6:12])
        (
            self.repeats,
            self.last_kind,
            self.last_direction,
            self.last_seq,
            self.last_ack,
            self.last_end,
            self.last_window,
            self.last_scale,
            self.last_flags,
        ) = values[12:]

    def side(self, direction: int) -> Side:
        return self.reply if direction else self.original

    def start(self, packet: Packet, segment: Segment) -> None:
        """The first segment is a SYN."""
        side = self.original
        side.end = segment.end
        side.max_end = segment.end
        side.max_window = segment.window or 1
        read_options(packet, segment, side)

    def pick_up(self, segment: Segment) -> None:
        """The first segment is of an old connection: guess. Scale is unknown, so bounds are not enforced."""
        side = self.original
        side.end = segment.end
        side.max_window = segment.window or 1
        side.max_end = (segment.end + side.max_window) & MASK
        side.flags = SACK_PERMITTED | LIBERAL
        self.reply.flags = SACK_PERMITTED | LIBERAL

    def resume(self) -> None:
        """Segments have passed unseen: as if picked up in the middle, but the scales are known."""
        for side in (self.original, self.reply):
            side.max_window = 0
            side.flags |= SACK_PERMITTED | LIBERAL


class Judgement:
    """The answer of `judge`: what, and why in words."""

    def __init__(self) -> None:
        self.what = IN_WINDOW
        self.reason = ""

    def say(self, what: int, reason: str, sender: Side, liberal: bool) -> int:
        if liberal or sender.flags & LIBERAL:
            self.what = IN_WINDOW
            self.reason = ""
        else:
            self.what = what
            self.reason = reason
        return self.what


def open_sender(sender: Side, receiver: Side, packet: Packet, segment: Segment, direction: int) -> None:
    """The first SYN or SYN/ACK of an end. Scaling holds only if both ends offered it (RFC 7323 2.2)."""
    sender.end = segment.end
    sender.max_end = segment.end
    sender.max_window = segment.window or 1
    read_options(packet, segment, sender)
    if direction == 1 and not sender.flags & receiver.flags & WINDOW_SCALE:
        sender.scale = 0
        receiver.scale = 0


def judge(
    windows: Windows,
    packet: Packet,
    segment: Segment,
    direction: int,
    opening: bool,
    syn_sent: bool,
    plain_ack: bool,
    liberal: bool,
    adjustments: list[SequenceAdjustment] | None,
    answer: Judgement,
) -> int:
    """Check a segment against the four bounds and learn from it.

    opening: the state is SYN_SENT or SYN_RECV; syn_sent: it is SYN_SENT; plain_ack: the segment is of the kind "ack".
    A segment that liberality saves passes without teaching anything.
    """
    sender = windows.reply if direction else windows.original
    receiver = windows.original if direction else windows.reply
    flags = segment.flags
    seq = segment.seq
    end = segment.end
    ack = segment.ack
    sack = highest_sack(packet, segment, ack) if receiver.flags & SACK_PERMITTED else ack
    if adjustments is not None:
        moved = offset_at(adjustments, 1 - direction, (ack - 1) & MASK)
        ack = (ack - moved) & MASK
        sack = (sack - moved) & MASK

    if sender.max_window == 0:
        if flags & SYN:
            open_sender(sender, receiver, packet, segment, direction)
            if not flags & ACK:
                return answer.say(IN_WINDOW, "", sender, True)
        else:
            _join_midway(sender, receiver, segment, sack)
    elif flags & SYN and opening and before(sender.end, end):
        # The same end opens anew with later numbers, perhaps other options.
        open_sender(sender, receiver, packet, segment, direction)
        if direction == 1 and not flags & ACK:
            return answer.say(IN_WINDOW, "", sender, True)

    if not flags & ACK or (flags & RST and ack == 0):
        # No ACK number, or a stack that sets the flag on an RST without one: as if all were acknowledged.
        ack = receiver.end
        sack = ack
    if flags & RST and seq == 0 and syn_sent:
        seq = sender.end
        end = seq

    oldest_ack = (receiver.end - max(sender.max_window, OLDEST_ACK) - 1) & MASK
    oldest_end = (sender.end - receiver.max_window - 1) & MASK
    if not before(seq, (sender.max_end + 1) & MASK):
        excess = (end - sender.max_end + 1) & MASK
        if (
            receiver.max_window
            and before(oldest_end, end)
            and before(oldest_ack, sack)
            and excess <= receiver.max_window
            and before(sack, (receiver.end + 1) & MASK)
        ):
            # Somewhat more than the window allowed. Remember it, or its ACK would look too high.
            sender.end = end
            sender.flags |= UNACKNOWLEDGED
            return answer.say(IGNORED, f"{excess} bytes more than expected", sender, liberal)
        bound = (sender.max_end + 1) & MASK
        return answer.say(
            OUTSIDE, f"SEQ is over upper bound {bound} (over the window of the receiver)", sender, liberal
        )
    if not before(sack, (receiver.end + 1) & MASK):
        bound = (receiver.end + 1) & MASK
        return answer.say(OUTSIDE, f"ACK is over upper bound {bound} (ACKed data not seen yet)", sender, liberal)
    if receiver.max_window and not before(oldest_end, end):
        return answer.say(
            IGNORED, f"SEQ is under lower bound {oldest_end} (already ACKed data retransmitted)", sender, liberal
        )
    if not before(oldest_ack, sack):
        return answer.say(
            IGNORED, f"ignored ACK under lower bound {oldest_ack} (possible overly delayed)", sender, liberal
        )

    window = segment.window if flags & SYN else segment.window << sender.scale
    _learn(sender, receiver, flags, end, ack, sack, window)
    if plain_ack:
        _count_repeats(windows, segment, direction, seq, ack, end)
    answer.what = IN_WINDOW
    return IN_WINDOW


def _join_midway(sender: Side, receiver: Side, segment: Segment, sack: int) -> None:
    """The first segment of an end whose opening nobody saw."""
    sender.end = segment.end
    window = (segment.window << sender.scale) & MASK
    sender.max_window = window or 1
    sender.max_end = (segment.end + sender.max_window) & MASK
    if receiver.max_window == 0:
        receiver.end = sack  # nothing seen of that end either: let the bounds hold until there is
        receiver.max_end = sack
    elif sack == (receiver.end + 1) & MASK:
        receiver.end = sack  # likely the answer to a keep-alive


def _learn(sender: Side, receiver: Side, flags: int, end: int, ack: int, sack: int, window: int) -> None:
    offered = (window + sack - ack) & MASK
    if sender.max_window < offered:
        sender.max_window = offered
    if before(sender.end, end):
        sender.end = end
        sender.flags |= UNACKNOWLEDGED
    if flags & ACK:
        if not sender.flags & MAX_ACK_KNOWN:
            sender.max_ack = ack
            sender.flags |= MAX_ACK_KNOWN
        elif before(sender.max_ack, ack):
            sender.max_ack = ack
    if receiver.max_window != 0 and before(sender.max_end, end):
        receiver.max_window = (receiver.max_window + end - sender.max_end) & MASK
    allowed = (sack + window) & MASK
    if before((receiver.max_end - 1) & MASK, allowed):
        receiver.max_end = allowed if window else (allowed + 1) & MASK  # a closed window admits a probe
    if ack == receiver.end:
        receiver.flags &= ~UNACKNOWLEDGED


def _count_repeats(windows: Windows, segment: Segment, direction: int, seq: int, ack: int, end: int) -> None:
    if (
        windows.last_direction == direction
        and windows.last_seq == seq
        and windows.last_ack == ack
        and windows.last_end == end
        and windows.last_window == segment.window
    ):
        windows.repeats = (windows.repeats + 1) & 0xFF
        return
    windows.last_direction = direction
    windows.last_seq = seq
    windows.last_ack = ack
    windows.last_end = end
    windows.last_window = segment.window
    windows.repeats = 0
