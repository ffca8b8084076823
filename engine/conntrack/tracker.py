"""What a protocol tracker is: how packets of the protocol are told apart and what they do to an entry.

    ports(packet)    the four bytes that stand for ports in a tuple, or None when the header is not whole
    invert(tuple)    the tuple of an answer, or None when nothing can answer
    fault(packet)    why a packet can belong to no connection (broken header, checksum, flags), "" if it can
    packet(...)      what the packet does to its entry: ACCEPT, INVALID, REPEAT or DROP

One file for each protocol holds a subclass; the list of them is TRACKERS in `engine.conntrack`.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.settings import Settings
from engine.core.connection import ASSURED, EVENT_ASSURED, Connection, ProtocolState, Tuple
from engine.core.context import Context
from engine.core.packet import Packet

# What a tracker says of a packet, besides ACCEPT and DROP of engine.core.verdict
INVALID: Final = -1  # belongs to no connection; the entry is as if it had not been seen
REPEAT: Final = -4  # the entry is gone; look again

NO_PORTS: Final = b"\0\0\0\0"


class Clock:
    """What a tracker may do to an entry in the table besides changing its state."""

    def refresh(self, entry: Connection, timeout: int, packet: Packet, direction: int, now: float) -> None:
        """Set the timeout anew and count the packet."""
        raise NotImplementedError

    def shorten(self, entry: Connection, timeout: int, now: float) -> None:
        """Set the timeout anew without counting a packet."""
        raise NotImplementedError

    def kill(self, entry: Connection, now: float, packet: Packet | None = None, direction: int = 0) -> None:
        """Take the entry out of the table at once (counting a last packet)."""
        raise NotImplementedError


class Tracker:
    """Base of all trackers: a protocol whose packets have nothing that stands for ports."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.name = "unknown"
        self.proto = 0
        self.allow_clash = False  # two first packets of one flow may meet; the second joins the entry of the first
        self.timeouts = settings.generic
        self.reason = ""  # why the last packet was INVALID

    def ports(self, packet: Packet) -> bytes | None:
        return NO_PORTS

    def invert(self, key: Tuple) -> Tuple | None:
        return Tuple(key.family, key.proto, key.dst, key.src, key.dport, key.sport)

    def fault(self, packet: Packet, context: Context, verify: bool) -> str:
        """verify: the checksum is to be checked."""
        return ""

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        raise NotImplementedError

    def state_name(self, entry: Connection) -> str:
        """The state as it stands in a listing, "" for a protocol without states."""
        return ""

    def set_closing(self, entry: Connection, now: float) -> None:
        """The engine ends the connection by a reset of its own (TCP only)."""

    def may_go_early(self, entry: Connection) -> bool:
        """May the entry go when the table runs full although it is ASSURED?"""
        return False

    def dump_state(self, entry: Connection, now: float) -> list[float]:
        """The entry's state as numbers that `load_state` understands; times relative to `now`."""
        return []

    def load_state(self, values: list[float], now: float) -> ProtocolState | None:
        """Raises ValueError if they are none."""
        return None

    def resume(self, entry: Connection) -> None:
        """Packets of the entry may have passed unseen (TCP only)."""


class PortTracker(Tracker):
    """Base of trackers whose protocol begins its header with source and destination port."""

    def ports(self, packet: Packet) -> bytes | None:
        l4 = packet.l4
        data = packet.data
        if l4 + 4 > len(data):
            return None
        return bytes(data[l4 : l4 + 4])


def mark_assured(entry: Connection) -> None:
    if not entry.status & ASSURED:
        entry.status |= ASSURED
        entry.event_cache |= EVENT_ASSURED
