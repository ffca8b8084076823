"""icmp: queries and their answers. A flow is told by the addresses, the id and type and code of the question.

Four questions have answers: echo 8/0, timestamp 13/14, information 15/16, address mask 17/18. Every packet gives the
entry 30 s; the answer does not end it. Errors are `errors.py`'s.

Source: RFC 792, RFC 950; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.settings import Settings
from engine.conntrack.tracker import INVALID, Clock, Tracker
from engine.core.connection import Connection, Tuple
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import ICMP
from engine.core.verdict import ACCEPT

ANSWERS: Final[dict[int, int]] = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17}
QUESTIONS: Final = frozenset((8, 13, 15, 17))
HIGHEST_TYPE: Final = 18


class Icmp(Tracker):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.name = "icmp"
        self.proto = ICMP
        self.timeouts = settings.icmp
        self.answers = ANSWERS
        self.questions = QUESTIONS

    def ports(self, packet: Packet) -> bytes | None:
        """Id, type, code."""
        l4 = packet.l4
        data = packet.data
        if l4 + 8 > len(data):
            return None
        return bytes(data[l4 + 4 : l4 + 6] + data[l4 : l4 + 2])

    def invert(self, key: Tuple) -> Tuple | None:
        answer = self.answers.get(key.dport >> 8)
        if answer is None:
            return None
        return Tuple(key.family, key.proto, key.dst, key.src, key.sport, answer << 8 | key.dport & 0xFF)

    def fault(self, packet: Packet, context: Context, verify: bool) -> str:
        if len(packet.data) - packet.l4 < 8:
            return "short packet"
        if verify and not packet.partial and packet.transport_sum() != 0xFFFF:
            return "bad hw icmp checksum"
        if packet.data[packet.l4] > HIGHEST_TYPE:
            return "invalid icmp type"
        return ""

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        if not confirmed and entry.original.dport >> 8 not in self.questions:
            self.reason = f"cannot create new entry for type {entry.original.dport >> 8}"
            return INVALID
        self.clock.refresh(entry, self.timeouts[0], packet, direction, context.now)
        return ACCEPT
