"""udp: 30 s, and 120 s for a stream.

A flow is a stream once an answer was seen and a packet comes more than two seconds after the first one; that packet
makes the entry ASSURED. A question and its answer, however late, stay at 30 s.

Source: RFC 768; kernel Documentation/networking/nf_conntrack-sysctl.rst; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.settings import REPLIED, UNREPLIED, Settings
from engine.conntrack.tracker import Clock, PortTracker, mark_assured
from engine.core.connection import NAT_CLASH, SEEN_REPLY, Connection, ProtocolState
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import UDP
from engine.core.verdict import ACCEPT

STREAM_AFTER: Final = 2.0  # seconds


class UdpState(ProtocolState):
    """stream_from: when a packet makes the flow a stream."""

    __slots__ = ("stream_from",)

    def __init__(self, stream_from: float) -> None:
        self.stream_from = stream_from


class Udp(PortTracker):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.name = "udp"
        self.proto = UDP
        self.timeouts = settings.udp
        self.allow_clash = True

    def fault(self, packet: Packet, context: Context, verify: bool) -> str:
        rest = len(packet.data) - packet.l4
        if rest < 8:
            return "short packet"
        length = packet.u16(packet.l4 + 4)
        if length > rest or length < 8:
            return "truncated/malformed packet"
        if packet.u16(packet.l4 + 6) == 0:
            return ""  # the sender computed none
        if verify and not packet.partial and packet.transport_sum() != 0xFFFF:
            return "bad checksum"
        return ""

    def dump_state(self, entry: Connection, now: float) -> list[float]:
        state = entry.state
        return [state.stream_from - now] if isinstance(state, UdpState) else []

    def load_state(self, values: list[float], now: float) -> ProtocolState | None:
        return UdpState(now + float(values[0]) if values else now)

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        now = context.now
        if not confirmed:
            entry.state = UdpState(now + STREAM_AFTER)
        timeouts = self.timeouts
        if not entry.status & SEEN_REPLY:
            self.clock.refresh(entry, timeouts[UNREPLIED], packet, direction, now)
            return ACCEPT
        state = entry.state
        assert isinstance(state, UdpState)
        if now > state.stream_from:
            self.clock.refresh(entry, timeouts[REPLIED], packet, direction, now)
            if not entry.status & NAT_CLASH:
                mark_assured(entry)
        else:
            self.clock.refresh(entry, timeouts[UNREPLIED], packet, direction, now)
        return ACCEPT
