"""tcp: the grid of tcp_states.py, the exceptions that need history, the windows of tcp_window.py and the timeouts.

Exceptions from the grid, each a method of `Tcp`:

    reopens                 a SYN on TIME_WAIT or CLOSE starts a new entry
    answers_let_syn         a SYN/ACK that acknowledges a SYN we let through brings us back in step
    is_challenge_ack        an ACK in LAST_ACK that answers a SYN we let through is not the last ACK (RFC 5961)
    ends_simultaneous_open  after crossed SYNs a reply ACK completes the handshake
    reset                   which RST closes, which is in the window but not exact, which is false (RFC 5961 3.2)
    out_of_step             a FIN or RST outside the window, answered by another, shortens a long timeout

Timeout of a segment that passed, first row that applies (300 s and 10 s are the sysctls' defaults):

    an ACK repeated max_retrans times        300 s if the state has more
    an RST                                   10 s (timeout_close), whatever the state
    data of either end not acknowledged      300 s if the state has more
    the last window was closed               300 s if the state has more
    else                                     that of the state

No reply seen: a SYN that comes again does not prolong, an RST removes the entry, a picked-up flow gets at most 300 s.

Source: RFC 793, RFC 1122, RFC 5961; kernel Documentation/networking/nf_conntrack-sysctl.rst; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.settings import (
    TCP_BE_LIBERAL,
    TCP_IGNORE_INVALID_RST,
    TCP_LOOSE,
    TCP_MAX_RETRANS,
    TCP_RETRANS,
    TCP_UNACK,
    Settings,
)
from engine.conntrack.tcp_states import (
    ACK,
    BAD,
    CLOSE,
    ESTABLISHED,
    FIN,
    FIN_WAIT,
    GRIDS,
    LAST_ACK,
    LET,
    NO_KIND,
    NONE,
    RST,
    STATE_NAMES,
    SYN,
    SYN_RECV,
    SYN_SENT,
    SYN_SENT2,
    SYNACK,
    TIME_WAIT,
)
from engine.conntrack.tcp_window import (
    CLOSED_FIRST,
    EXPECT_CHALLENGE,
    IGNORED,
    MAX_ACK_KNOWN,
    OUTSIDE,
    SACK_PERMITTED,
    SIMULTANEOUS_OPEN,
    UNACKNOWLEDGED,
    WINDOW_SCALE,
    Judgement,
    Segment,
    Side,
    Windows,
    before,
    judge,
    read_options,
)
from engine.conntrack.tracker import INVALID, REPEAT, Clock, PortTracker, mark_assured
from engine.core.connection import (
    ASSURED,
    EVENT_PROTOINFO,
    FIXED_TIMEOUT,
    ORIGINAL,
    REPLY,
    SEEN_REPLY,
    Connection,
    ProtocolState,
)
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.verdict import ACCEPT

# Flags that may stand together; PSH, ECE and CWR may stand with any of them.
_FIN, _SYN, _RST, _PSH, _ACK, _URG, _ECE, _CWR = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80
LEGAL_FLAGS: Final = frozenset(
    (_SYN, _SYN | _URG, _SYN | _ACK, _RST, _RST | _ACK, _FIN | _ACK, _FIN | _ACK | _URG, _ACK, _ACK | _URG)
)
FREE_FLAGS: Final = _PSH | _ECE | _CWR


def _kind(flags: int) -> int:
    if flags & _RST:
        return RST
    if flags & _SYN:
        return SYNACK if flags & _ACK else SYN
    if flags & _FIN:
        return FIN
    return ACK if flags & _ACK else NO_KIND


KIND_OF: Final[list[int]] = [_kind(flags) for flags in range(256)]
LEGAL: Final[list[bool]] = [(flags & ~FREE_FLAGS) in LEGAL_FLAGS for flags in range(256)]
KIND_NAMES: Final = ("SYN", "SYN/ACK", "FIN", "ACK", "RST", "none")

# In `reset`: the RST closes without asking the window; it is false; ask the window, then this state.
CLOSES: Final = -1
FALSE_RST: Final = -2


class TcpState(ProtocolState):
    """State, windows and the last segment of one connection."""

    __slots__ = ("number", "windows")

    def __init__(self) -> None:
        self.number = NONE
        self.windows = Windows()

    def is_closed(self) -> bool:
        return self.number in (TIME_WAIT, CLOSE)


class Tcp(PortTracker):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.name = "tcp"
        self.proto = TCP
        self.timeouts = settings.tcp
        self.option = settings.option
        self.segment = Segment()
        self.judgement = Judgement()

    def fault(self, packet: Packet, context: Context, verify: bool) -> str:
        data = packet.data
        l4 = packet.l4
        rest = len(data) - l4
        if rest < 20:
            return "short packet"
        header = (data[l4 + 12] >> 4) * 4
        if header < 20 or rest < header:
            return "truncated packet"
        if verify and not packet.partial and packet.transport_sum() != 0xFFFF:
            return "bad checksum"
        if not LEGAL[data[l4 + 13]]:
            return "invalid tcp flag combination"
        return ""

    def state_name(self, entry: Connection) -> str:
        state = entry.state
        assert isinstance(state, TcpState)
        return STATE_NAMES[state.number]

    def may_go_early(self, entry: Connection) -> bool:
        state = entry.state
        return isinstance(state, TcpState) and _is_closing(state.number)

    def set_closing(self, entry: Connection, now: float) -> None:
        state = entry.state
        assert isinstance(state, TcpState)
        old = state.number
        state.number = CLOSE
        if old != CLOSE and not entry.status & FIXED_TIMEOUT:
            self.clock.shorten(entry, self.timeouts[CLOSE], now)
            entry.event_cache |= EVENT_PROTOINFO

    def dump_state(self, entry: Connection, now: float) -> list[float]:
        state = entry.state
        assert isinstance(state, TcpState)
        numbers: list[float] = [state.number]
        numbers.extend(state.windows.dump())
        return numbers

    def load_state(self, values: list[float], now: float) -> ProtocolState | None:
        numbers = [int(value) for value in values]
        state = TcpState()
        if not numbers or not NONE <= numbers[0] < len(STATE_NAMES):
            raise ValueError(f"{numbers[:1]} is no state of TCP")
        state.number = numbers[0]
        state.windows.load(numbers[1:])
        return state

    def resume(self, entry: Connection) -> None:
        state = entry.state
        assert isinstance(state, TcpState)
        if state.number not in (NONE, SYN_SENT, SYN_SENT2):
            state.windows.resume()

    # -- one packet

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        segment = self.segment
        segment.read(packet)
        kind = KIND_OF[segment.flags]
        if not confirmed:
            state = TcpState()
            if not self._begin(state, packet, segment, kind):
                self.reason = "invalid new"
                return INVALID
            entry.state = state
        else:
            found = entry.state
            assert isinstance(found, TcpState)
            state = found
        old = state.number
        new = GRIDS[direction][kind][old]
        if new == BAD:
            if self._is_synproxy_keepalive(entry, state, segment, kind, direction):
                return ACCEPT
            self.reason = f"packet ({KIND_NAMES[kind]}) in dir {direction} invalid, state {STATE_NAMES[old]}"
            return INVALID
        windows = state.windows
        check = True
        if new == SYN_SENT and old >= TIME_WAIT:
            if self.reopens(windows, direction):
                self.clock.kill(entry, context.now)
                return REPEAT
            new = LET
        if new == LET:
            if not self.answers_let_syn(windows, segment, kind, direction):
                self._let(windows, packet, segment, kind, direction, old)
                self.reason = f"packet ({KIND_NAMES[kind]}) in dir {direction} ignored, state {STATE_NAMES[old]}"
                return ACCEPT
            self._resynchronise(windows, direction)
            old = SYN_SENT
            new = SYN_RECV
        elif new == TIME_WAIT:
            if old == LAST_ACK and self.is_challenge_ack(windows, kind, direction):
                windows.last_flags &= ~EXPECT_CHALLENGE
                self.reason = "challenge-ack ignored"
                return ACCEPT
        elif new == SYN_SENT2:
            windows.last_flags |= SIMULTANEOUS_OPEN
        elif new == SYN_RECV:
            if self.ends_simultaneous_open(windows, kind, direction):
                new = ESTABLISHED
        elif new == CLOSE and kind == RST:
            new = self.reset(entry, state, segment, direction)
            if new == FALSE_RST:
                self.reason = "invalid rst"
                return INVALID
            if new == CLOSES:
                new = CLOSE
                check = False
        if check:
            here = state.number
            result = judge(
                windows,
                packet,
                segment,
                direction,
                here in (SYN_SENT, SYN_RECV),
                here == SYN_SENT,
                kind == ACK,
                self.option[TCP_BE_LIBERAL] != 0,
                entry.seqadj,
                self.judgement,
            )
            if result == IGNORED:
                self.reason = self.judgement.reason
                return ACCEPT
            if result == OUTSIDE:
                self.reason = self.judgement.reason
                self.out_of_step(entry, windows, kind, direction, context.now)
                return INVALID
        windows.last_kind = kind
        windows.last_direction = direction
        state.number = new
        if new != old:
            entry.event_cache |= EVENT_PROTOINFO
            if new == FIN_WAIT:
                windows.side(direction).flags |= CLOSED_FIRST
        return self._passed(entry, windows, packet, kind, direction, old, new, context)

    def _begin(self, state: TcpState, packet: Packet, segment: Segment, kind: int) -> bool:
        """The first segment of a flow; False if it cannot begin one."""
        new = GRIDS[ORIGINAL][kind][NONE]
        if new == SYN_SENT:
            state.windows.start(packet, segment)
        elif new == ESTABLISHED and self.option[TCP_LOOSE]:
            state.windows.pick_up(segment)
        else:
            return False
        state.windows.last_kind = NO_KIND
        return True

    def _passed(
        self,
        entry: Connection,
        windows: Windows,
        packet: Packet,
        kind: int,
        direction: int,
        old: int,
        new: int,
        context: Context,
    ) -> int:
        """The segment counts: timeout, ASSURED."""
        timeouts = self.timeouts
        timeout = timeouts[new]
        if windows.repeats >= self.option[TCP_MAX_RETRANS] and timeout > timeouts[TCP_RETRANS]:
            timeout = timeouts[TCP_RETRANS]
        elif kind == RST:
            timeout = timeouts[CLOSE]
        elif (windows.original.flags | windows.reply.flags) & UNACKNOWLEDGED and timeout > timeouts[TCP_UNACK]:
            timeout = timeouts[TCP_UNACK]
        elif windows.last_window == 0 and timeout > timeouts[TCP_RETRANS]:
            timeout = timeouts[TCP_RETRANS]
        if not entry.status & SEEN_REPLY:
            if kind == RST:
                self.clock.kill(entry, context.now, packet, direction)
                return ACCEPT
            if kind == SYN and old == SYN_SENT:
                return ACCEPT
            if new == ESTABLISHED and timeout > timeouts[TCP_UNACK]:
                timeout = timeouts[TCP_UNACK]
        elif new == ESTABLISHED and old in (SYN_RECV, ESTABLISHED) and not entry.status & ASSURED:
            mark_assured(entry)
        self.clock.refresh(entry, timeout, packet, direction, context.now)
        return ACCEPT

    # -- the exceptions

    def reopens(self, windows: Windows, direction: int) -> bool:
        """May a SYN start a new entry? Yes after an orderly close, and from an end whose own RST came last.

        A SYN after the other end's RST is let through: its SYN/ACK will tell."""
        if (windows.original.flags | windows.reply.flags) & CLOSED_FIRST:
            return True
        return windows.last_kind == RST and windows.last_direction == direction

    def answers_let_syn(self, windows: Windows, segment: Segment, kind: int, direction: int) -> bool:
        return (
            kind == SYNACK
            and windows.last_kind == SYN
            and windows.last_direction != direction
            and segment.ack == windows.last_end
        )

    def _resynchronise(self, windows: Windows, direction: int) -> None:
        """Both ends have begun anew; take up what was noted of the SYN that began it."""
        side = windows.side(windows.last_direction)
        side.end = windows.last_end
        side.max_end = windows.last_end
        side.max_window = windows.last_window or 1
        side.scale = windows.last_scale
        windows.last_flags &= ~EXPECT_CHALLENGE
        side.flags = windows.last_flags
        windows.side(direction).forget()

    def _let(self, windows: Windows, packet: Packet, segment: Segment, kind: int, direction: int, state: int) -> None:
        """Note a segment that goes through although we do not understand it: its answer will explain it."""
        windows.last_kind = kind
        windows.last_direction = direction
        windows.last_seq = segment.seq
        windows.last_end = segment.end
        windows.last_window = segment.window
        if kind == SYN and direction == ORIGINAL:
            noted = Side()
            read_options(packet, segment, noted)
            windows.last_flags = noted.flags & (WINDOW_SCALE | SACK_PERMITTED)
            windows.last_scale = noted.scale if noted.flags & WINDOW_SCALE else 0
            if state == LAST_ACK:
                windows.last_flags |= EXPECT_CHALLENGE
        if state == SYN_SENT and kind == ACK and direction == REPLY:
            windows.last_ack = segment.ack

    def is_challenge_ack(self, windows: Windows, kind: int, direction: int) -> bool:
        return (
            kind == ACK
            and windows.last_kind == SYN
            and windows.last_direction != direction
            and windows.last_flags & EXPECT_CHALLENGE != 0
        )

    def ends_simultaneous_open(self, windows: Windows, kind: int, direction: int) -> bool:
        return direction == REPLY and kind == ACK and windows.last_flags & SIMULTANEOUS_OPEN != 0

    def reset(self, entry: Connection, state: TcpState, segment: Segment, direction: int) -> int:
        """What an RST does: CLOSES, FALSE_RST, or the state to go to if the window lets it through."""
        if _is_closing(state.number):
            return CLOSES
        windows = state.windows
        other = windows.side(1 - direction)
        if not other.flags & MAX_ACK_KNOWN or windows.last_kind == SYN:
            if self._answers_what_was_let(entry, windows, segment, direction, state.number):
                return CLOSES
            return CLOSE
        established = state.number == ESTABLISHED and entry.status & ASSURED != 0
        if segment.seq == 0 and not established:
            return CLOSE  # most likely the answer to a SYN that we let through
        if before(segment.seq, other.max_ack) and not self.option[TCP_IGNORE_INVALID_RST]:
            return FALSE_RST
        if not established or segment.seq == other.max_ack:
            return CLOSE
        if windows.last_kind == ACK and windows.last_direction == direction and segment.seq == windows.last_end:
            return CLOSE  # right behind the data just sent
        return state.number  # not exact: the receiver may answer with a challenge ACK

    def _answers_what_was_let(
        self, entry: Connection, windows: Windows, segment: Segment, direction: int, state: int
    ) -> bool:
        """An RST that answers a SYN or ACK which was let through acknowledges what the windows know nothing of."""
        last = windows.last_kind
        if last == SYN:
            let = windows.last_direction != direction and entry.status & SEEN_REPLY != 0
        else:
            let = last == ACK and not entry.status & ASSURED
        if let and segment.ack == windows.last_end:
            return True
        return state == SYN_SENT and last == ACK and windows.last_direction == REPLY and segment.seq == windows.last_ack

    def out_of_step(self, entry: Connection, windows: Windows, kind: int, direction: int, now: float) -> None:
        """FIN or RST outside the window from both ends: they close, only we are out of step. Do not wait 5 days."""
        if not entry.status & ASSURED or entry.status & FIXED_TIMEOUT or (kind != RST and kind != FIN):
            return
        if windows.last_direction != direction and (windows.last_kind == FIN or windows.last_kind == RST):
            left = entry.deadline - now
            timeout = self.timeouts[TCP_UNACK]
            if left >= 120 and left > timeout:
                self.clock.shorten(entry, timeout, now)
            return
        windows.last_kind = kind
        windows.last_direction = direction

    def _is_synproxy_keepalive(
        self, entry: Connection, state: TcpState, segment: Segment, kind: int, direction: int
    ) -> bool:
        """SYNPROXY: the server's SYN/ACK was lost and the client sends a keep-alive; it must find its entry."""
        return (
            entry.proxied is not None
            and state.number == SYN_SENT
            and kind == ACK
            and direction == ORIGINAL
            and state.windows.last_direction == ORIGINAL
            and (state.windows.original.end - 1) & 0xFFFFFFFF == segment.seq
        )


def _is_closing(state: int) -> bool:
    return FIN_WAIT <= state <= CLOSE
