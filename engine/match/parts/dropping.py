"""Matches that may throw the packet away."""

from __future__ import annotations

from engine.core.extension import Match
from engine.core.packet import Packet, extension_length
from engine.match.parts.wire import BROKEN, find_header


class Dropping(Match):
    """A match that drops packets whose header is cut short, instead of just not matching (hotdrop)."""

    def __init__(self) -> None:
        self.dropping = False

    def drops(self) -> bool:
        return self.dropping

    def has_transport(self, packet: Packet, least: int) -> bool:
        """Does the packet hold so many bytes of its transport header? A later fragment does not; one that is too short
        is dropped. (The matches of most rules, tcp, udp and multiport, spell this out: a call costs time.)"""
        self.dropping = False
        if packet.fragment_offset:
            return False
        self.dropping = packet.l4 + least > len(packet.data)
        return not self.dropping

    def extension_header(self, packet: Packet, number: int, least: int) -> tuple[int, int]:
        """(offset, length) of the first IPv6 extension header of this kind, at least `least` bytes of it; (-1, 0)
        without one. A packet that ends before the header does is dropped."""
        self.dropping = False
        at = find_header(packet, number)
        if at < 0:
            self.dropping = at == BROKEN
            return -1, 0
        size = len(packet.data)
        length = extension_length(packet.data, at, number) if at + least <= size else 0
        if length == 0 or at + length > size:
            self.dropping = True
            return -1, 0
        return at, length
