"""gre: tunnels. 30 s, 180 s once an answer was seen.

Plain GRE (RFC 2784, 2890) is told apart by addresses alone, whatever key it carries. Enhanced GRE of PPTP (RFC 2637,
version 1) carries a call id of the receiver; the call id of the answers is known only if a PPTP helper has heard it on
the control connection (`KeyMap`). Both timeouts are fixed when the entry is made.

Source: kernel Documentation/networking/nf_conntrack-sysctl.rst; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.settings import REPLIED, UNREPLIED, Settings
from engine.conntrack.tracker import NO_PORTS, Clock, Tracker, mark_assured
from engine.core.connection import SEEN_REPLY, Connection, ProtocolState, Tuple
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import GRE
from engine.core.verdict import ACCEPT

VERSION_MASK: Final = 0x07
ENHANCED: Final = 1
PPP: Final = 0x880B


class GreState(ProtocolState):
    """A helper may raise both; they are seconds."""

    __slots__ = ("stream_timeout", "timeout")

    def __init__(self, timeout: int, stream_timeout: int) -> None:
        self.timeout = timeout
        self.stream_timeout = stream_timeout


class KeyMap:
    """Which call id answers which, as a PPTP helper heard it. Tuples of GRE flows, grouped by their master."""

    def __init__(self) -> None:
        self.tuples: list[tuple[Connection, Tuple]] = []

    def add(self, master: Connection, key: Tuple) -> bool:
        """A flow `key` (dport: the call id in its packets, sport: that of the answers). False: another one is there."""
        for owner, known in self.tuples:
            if owner is master and known.src == key.src:
                return known.dst == key.dst and known.dport == key.dport  # the same again, as far as it is looked up
        self.tuples.append((master, key))
        return True

    def forget(self, master: Connection) -> None:
        self.tuples = [row for row in self.tuples if row[0] is not master]

    def source_key(self, packet: Packet, call_id: int) -> int:
        for _owner, known in self.tuples:
            if known.dport == call_id and known.src == packet.src and known.dst == packet.dst:
                return known.sport
        return 0


class Gre(Tracker):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.name = "gre"
        self.proto = GRE
        self.allow_clash = True
        self.timeouts = settings.gre
        self.keymap = KeyMap()

    def ports(self, packet: Packet) -> bytes | None:
        l4 = packet.l4
        data = packet.data
        if l4 + 4 > len(data) or data[l4 + 1] & VERSION_MASK != ENHANCED or l4 + 8 > len(data):
            return NO_PORTS
        if packet.u16(l4 + 2) != PPP:
            return None
        call_id = packet.u16(l4 + 6)
        source = self.keymap.source_key(packet, call_id) if self.keymap.tuples else 0
        return (source << 16 | call_id).to_bytes(4, "big")

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        if not confirmed:
            timeouts = self.timeouts
            entry.state = GreState(timeouts[UNREPLIED], timeouts[REPLIED])
        state = entry.state
        assert isinstance(state, GreState)
        if entry.status & SEEN_REPLY:
            self.clock.refresh(entry, state.stream_timeout, packet, direction, context.now)
            mark_assured(entry)
        else:
            self.clock.refresh(entry, state.timeout, packet, direction, context.now)
        return ACCEPT

    def dump_state(self, entry: Connection, now: float) -> list[float]:
        state = entry.state
        assert isinstance(state, GreState)
        return [state.timeout, state.stream_timeout]

    def load_state(self, values: list[float], now: float) -> ProtocolState | None:
        timeout, stream_timeout = values
        return GreState(int(timeout), int(stream_timeout))

    def state_name(self, entry: Connection) -> str:
        state = entry.state
        assert isinstance(state, GreState)
        return f"timeout={state.timeout}, stream_timeout={state.stream_timeout}"
