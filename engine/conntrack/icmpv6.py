"""icmpv6: queries and their answers; see icmp.py.

Echo 128/129 and node information 139/140 have answers. Neighbour discovery and multicast listener messages are not
tracked at all (`errors.ICMPV6_UNTRACKED`), and errors are RELATED to what they are about (errors.py).

Source: RFC 4443, RFC 4620, RFC 4861; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.icmp import Icmp
from engine.conntrack.settings import Settings
from engine.conntrack.tracker import Clock
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import ICMPV6

ANSWERS: Final[dict[int, int]] = {128: 129, 129: 128, 139: 140, 140: 139}
QUESTIONS: Final = frozenset((128, 139))


class Icmpv6(Icmp):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.name = "icmpv6"
        self.proto = ICMPV6
        self.timeouts = settings.icmpv6
        self.answers = ANSWERS
        self.questions = QUESTIONS

    def fault(self, packet: Packet, context: Context, verify: bool) -> str:
        if len(packet.data) - packet.l4 < 8:
            return "short packet"
        if verify and not packet.partial and packet.transport_sum() != 0xFFFF:
            return "ICMPv6 checksum failed"
        return ""
