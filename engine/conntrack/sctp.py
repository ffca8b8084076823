"""sctp: associations, followed chunk by chunk.

Read the tables as in tcp_states.py: an association in the state at the TOP sees a chunk of the kind at the LEFT.

    none      nothing yet                       shut_sent  SHUTDOWN from the end that began the association
    closed    INIT seen, or it is over          shut_recd  SHUTDOWN from the other end
    cook_wait INIT ACK seen                     shut_ack   SHUTDOWN ACK seen
    cook_echo COOKIE ECHO seen                  heartbeat  a HEARTBEAT was the first packet (another path of an
    estab     COOKIE ACK seen                              association that was opened elsewhere)

Every packet must carry the verification tag that its receiver asked for (RFC 9260 8.5). Chunks that are not in the
table change no state; a packet of several chunks takes them in turn. ESTABLISHED makes the entry ASSURED.

Source: RFC 9260; kernel Documentation/networking/nf_conntrack-sysctl.rst; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.crc32c import crc32c
from engine.conntrack.grids import Grid, grid
from engine.conntrack.settings import Settings
from engine.conntrack.tracker import INVALID, Clock, PortTracker, mark_assured
from engine.core.connection import EVENT_PROTOINFO, ORIGINAL, REPLY, Connection, ProtocolState
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import SCTP
from engine.core.verdict import ACCEPT

NONE: Final = 0
CLOSED: Final = 1
ESTABLISHED: Final = 4
SHUTDOWN_SENT: Final = 5
SHUTDOWN_ACK_SENT: Final = 7
BAD: Final = 9

STATE_NAMES: Final = (
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
)
STATES: Final[dict[str, int]] = {
    "none": NONE,
    "closed": CLOSED,
    "cook_wait": 2,
    "cook_echo": 3,
    "estab": ESTABLISHED,
    "shut_sent": SHUTDOWN_SENT,
    "shut_recd": 6,
    "shut_ack": SHUTDOWN_ACK_SENT,
    "heartbeat": 8,
}

# Chunk types (RFC 9260 3.2)
DATA: Final = 0
INIT: Final = 1
INIT_ACK: Final = 2
HEARTBEAT: Final = 4
HEARTBEAT_ACK: Final = 5
ABORT: Final = 6
SHUTDOWN: Final = 7
SHUTDOWN_ACK: Final = 8
ERROR: Final = 9
COOKIE_ECHO: Final = 10
COOKIE_ACK: Final = 11
SHUTDOWN_COMPLETE: Final = 14

ROWS: Final[dict[str, int]] = {
    "init": 0,
    "init-ack": 1,
    "abort": 2,
    "shutdown": 3,
    "shutdown-ack": 4,
    "error": 5,
    "cookie-echo": 6,
    "cookie-ack": 7,
    "shutdown-complete": 8,
    "heartbeat": 9,
    "heartbeat-ack": 10,
}
ROW_OF: Final[dict[int, int]] = {
    INIT: 0,
    INIT_ACK: 1,
    ABORT: 2,
    SHUTDOWN: 3,
    SHUTDOWN_ACK: 4,
    ERROR: 5,
    COOKIE_ECHO: 6,
    COOKIE_ACK: 7,
    SHUTDOWN_COMPLETE: 8,
    HEARTBEAT: 9,
    HEARTBEAT_ACK: 10,
}

ORIGINAL_TEXT: Final = """
                    none      closed    cook_wait cook_echo estab     shut_sent shut_recd shut_ack  heartbeat
  init              closed    .         .         .         .         closed    closed    .         cook_wait
  init-ack          closed    .         .         .         .         .         .         .         closed
  abort             closed    .         closed    closed    closed    closed    closed    closed    closed
  shutdown          closed    .         .         .         shut_sent .         .         .         closed
  shutdown-ack      shut_ack  .         .         .         .         shut_ack  shut_ack  .         shut_ack
  error             closed    .         .         .         .         .         .         .         closed
  cookie-echo       closed    .         cook_echo .         .         .         .         .         closed
  cookie-ack        closed    .         .         estab     .         .         .         .         closed
  shutdown-complete closed    .         .         .         .         .         .         closed    closed
  heartbeat         heartbeat .         .         .         .         .         .         .         .
  heartbeat-ack     closed    .         .         .         .         .         .         .         .
"""

REPLY_TEXT: Final = """
                    none      closed    cook_wait cook_echo estab     shut_sent shut_recd shut_ack  heartbeat
  init              bad       .         .         .         .         .         .         .         bad
  init-ack          bad       cook_wait .         .         .         .         .         .         bad
  abort             bad       .         closed    closed    closed    closed    closed    closed    bad
  shutdown          bad       .         .         .         shut_recd .         .         .         bad
  shutdown-ack      bad       .         .         .         .         shut_ack  shut_ack  .         bad
  error             bad       .         .         closed    .         .         .         .         bad
  cookie-echo       bad       .         cook_echo .         .         .         .         .         bad
  cookie-ack        bad       .         .         estab     .         .         .         .         bad
  shutdown-complete bad       .         .         .         .         .         .         closed    bad
  heartbeat         bad       .         .         .         .         .         .         .         .
  heartbeat-ack     bad       .         .         .         .         .         .         .         estab
"""

WORDS: Final[dict[str, int]] = {"bad": BAD}
GRIDS: Final[list[Grid]] = [grid(ORIGINAL_TEXT, STATES, ROWS, WORDS), grid(REPLY_TEXT, STATES, ROWS, WORDS)]

# Chunks that stand alone in their packet, and chunks that stand first
ALONE: Final = frozenset((INIT, INIT_ACK, SHUTDOWN_COMPLETE))
FIRST: Final = frozenset((COOKIE_ACK, COOKIE_ECHO))
# An unknown association is not opened by these (RFC 9260 8.4)
CANNOT_OPEN: Final = frozenset((ABORT, SHUTDOWN_COMPLETE, COOKIE_ACK))
# The tag of these is checked chunk by chunk, or not at all
OWN_TAG_RULE: Final = frozenset((INIT, SHUTDOWN_COMPLETE, COOKIE_ECHO, ABORT, SHUTDOWN_ACK, HEARTBEAT, HEARTBEAT_ACK))
T_FLAG: Final = 1  # "the tag is the sender's own" in ABORT and SHUTDOWN COMPLETE

# Answers of the tag rules
GO_ON: Final = 0
SKIP: Final = 1
REFUSE: Final = 2


class SctpState(ProtocolState):
    """tags: the verification tag that packets of each direction must carry; 0: not known.

    opening: an INIT was seen in this direction since the last COOKIE ACK. Both: the ends open towards each other, and
    late INIT ACKs of the attempt that lost must not change the tags (RFC 9260 5.2.1).
    heartbeat_direction: a HEARTBEAT with another tag was let through in this direction, -1 none. Its answer may show
    that the ends have begun anew.
    """

    __slots__ = ("heartbeat_direction", "number", "opening", "tags")

    def __init__(self) -> None:
        self.number = NONE
        self.tags = [0, 0]
        self.opening = [False, False]
        self.heartbeat_direction = -1


class Chunk:
    def __init__(self, kind: int, flags: int, offset: int) -> None:
        self.kind = kind
        self.flags = flags
        self.offset = offset


def chunks_of(packet: Packet) -> list[Chunk] | None:
    """The chunks of a packet, None if their order or lengths are wrong or there is none."""
    data = packet.data
    size = len(data)
    at = packet.l4 + 12
    found: list[Chunk] = []
    alone = False
    while at + 4 <= size:
        kind = data[at]
        length = data[at + 2] << 8 | data[at + 3]
        alone = alone or kind in ALONE
        if (found and (alone or kind in FIRST)) or length == 0:
            return None
        found.append(Chunk(kind, data[at + 1], at))
        at += (length + 3) & ~3
    return found or None


class Sctp(PortTracker):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.name = "sctp"
        self.proto = SCTP
        self.timeouts = settings.sctp

    def fault(self, packet: Packet, context: Context, verify: bool) -> str:
        l4 = packet.l4
        data = packet.data
        if len(data) - l4 < 12:
            return "nf_ct_sctp: short packet"
        if verify and not packet.partial:
            segment = data[l4:]
            carried = int.from_bytes(segment[8:12], "little")
            segment[8:12] = b"\0\0\0\0"
            if crc32c(bytes(segment)) != carried:
                return "nf_ct_sctp: bad CRC"
        return ""

    def state_name(self, entry: Connection) -> str:
        state = entry.state
        assert isinstance(state, SctpState)
        return STATE_NAMES[state.number]

    def dump_state(self, entry: Connection, now: float) -> list[float]:
        state = entry.state
        assert isinstance(state, SctpState)
        return [state.number, *state.tags, *(int(one) for one in state.opening), state.heartbeat_direction]

    def load_state(self, values: list[float], now: float) -> ProtocolState | None:
        number, tag, other_tag, opening, other_opening, heartbeat = (int(value) for value in values)
        if not NONE <= number < len(STATE_NAMES):
            raise ValueError(f"{number} is no state of SCTP")
        state = SctpState()
        state.number = number
        state.tags = [tag, other_tag]
        state.opening = [opening != 0, other_opening != 0]
        state.heartbeat_direction = heartbeat
        return state

    def may_go_early(self, entry: Connection) -> bool:
        state = entry.state
        return isinstance(state, SctpState) and SHUTDOWN_SENT <= state.number <= SHUTDOWN_ACK_SENT

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        chunks = chunks_of(packet)
        if chunks is None:
            return self._invalid("chunks in a wrong order or without length")
        kinds = {chunk.kind for chunk in chunks}
        tag = packet.u32(packet.l4 + 4)
        if not confirmed:
            if kinds & CANNOT_OPEN:
                return self._invalid("out of the blue")
            state = SctpState()
            if not self._open(state, packet, chunks, tag):
                return self._invalid("cannot open an association")
            entry.state = state
        else:
            found = entry.state
            assert isinstance(found, SctpState)
            state = found
        if not kinds & OWN_TAG_RULE and tag != state.tags[direction]:
            return self._invalid("verification tag")
        return self._take(entry, state, packet, direction, confirmed, chunks, kinds, tag, context.now)

    def _take(
        self,
        entry: Connection,
        state: SctpState,
        packet: Packet,
        direction: int,
        confirmed: bool,
        chunks: list[Chunk],
        kinds: set[int],
        tag: int,
        now: float,
    ) -> int:
        """Each chunk in turn. What earlier chunks did stays done when a later one is refused."""
        quiet = False  # the packet passes but does not prolong
        new = NONE
        for chunk in chunks:
            rule = self._tag_rule(state, chunk, direction, tag, DATA in kinds or quiet)
            if rule == REFUSE:
                return self._invalid("verification tag")
            if rule == SKIP:
                quiet = True
                continue
            old = state.number
            row = ROW_OF.get(chunk.kind)
            new = old if row is None else GRIDS[direction][row][old]
            if new == BAD:
                return self._invalid(f"chunk {chunk.kind} in dir {direction} invalid, state {STATE_NAMES[old]}")
            if chunk.kind in (INIT, INIT_ACK):
                asked = _asked_tag(packet, chunk)
                if asked < 0:
                    return self._invalid("INIT cut short")
                if not _note_tag(state, chunk.kind, direction, asked):
                    return self._invalid("INIT ACK of another attempt")
                if chunk.kind == INIT and new == CLOSED and old == CLOSED and confirmed:
                    quiet = True  # an INIT that comes again
            state.number = new
            if new != old:
                entry.event_cache |= EVENT_PROTOINFO
                if new == ESTABLISHED:
                    mark_assured(entry)
        if not quiet:
            self.clock.refresh(entry, self.timeouts[new], packet, direction, now)
        return ACCEPT

    def _open(self, state: SctpState, packet: Packet, chunks: list[Chunk], tag: int) -> bool:
        for chunk in chunks:
            row = ROW_OF.get(chunk.kind)
            if row is None:
                return False
            if chunk.kind == INIT:
                asked = _asked_tag(packet, chunk)
                if tag != 0 or asked < 0:
                    return False
                state.tags[REPLY] = asked
            elif chunk.kind == HEARTBEAT:
                state.tags[ORIGINAL] = tag
            elif chunk.kind == SHUTDOWN_ACK:
                state.tags[REPLY] = tag  # SHUTDOWN COMPLETE is to come back (RFC 9260 8.4 (5))
        return True

    def _tag_rule(self, state: SctpState, chunk: Chunk, direction: int, tag: int, strict: bool) -> int:
        """RFC 9260 8.5.1. strict: data rides along, or a chunk of this packet was passed over already."""
        tags = state.tags
        kind = chunk.kind
        if kind == INIT:
            return GO_ON if tag == 0 else REFUSE
        if kind in (ABORT, SHUTDOWN_COMPLETE):
            side = 1 - direction if chunk.flags & T_FLAG else direction
            return GO_ON if tag == tags[side] else REFUSE
        if kind == COOKIE_ECHO:
            return GO_ON if tag == tags[direction] else REFUSE
        if kind == COOKIE_ACK:
            state.opening[ORIGINAL] = False
            state.opening[REPLY] = False
        elif kind == HEARTBEAT:
            if tags[direction] == 0:
                tags[direction] = tag
            elif tag != tags[direction]:
                if strict:
                    return REFUSE
                state.heartbeat_direction = direction
                return SKIP
            else:
                state.heartbeat_direction = -1
        elif kind == HEARTBEAT_ACK:
            if tags[direction] == 0:
                tags[direction] = tag
            elif tag != tags[direction]:
                if strict or state.heartbeat_direction in (-1, direction):
                    return REFUSE
                state.heartbeat_direction = -1
                tags[direction] = tag
                tags[1 - direction] = 0
            else:
                state.heartbeat_direction = -1
        return GO_ON

    def _invalid(self, reason: str) -> int:
        self.reason = reason
        return INVALID


def _note_tag(state: SctpState, kind: int, direction: int, asked: int) -> bool:
    """An INIT or INIT ACK says which tag its sender wants to see. False: it belongs to an attempt that lost."""
    other = 1 - direction
    opening = state.opening
    known = state.tags[other]
    if kind == INIT:
        if state.number == NONE or known != asked:
            if opening[direction] and opening[other]:
                opening[other] = False
            opening[direction] = True
    else:
        if not opening[other] and known and known != asked:
            return False
        if opening[direction] and opening[other] and known != asked:
            return False
    state.tags[other] = asked
    return True


def _asked_tag(packet: Packet, chunk: Chunk) -> int:
    """The initiate tag of an INIT or INIT ACK, -1 if the chunk is cut short."""
    at = chunk.offset + 4
    if at + 16 > len(packet.data):
        return -1
    return packet.u32(at)
