"""udplite: as UDP, except that a checksum is mandatory and a flow is a stream with the first packet after an answer.

What UDP calls length is the coverage of the checksum here (0 = the whole datagram). The timeouts are UDP's.

The kernel sums the pseudo header with UDP's protocol number instead of UDP-Lite's. So a datagram whose checksum is
right is INVALID in PREROUTING unless nf_conntrack_checksum is 0; this tracker does the same.

Source: RFC 3828; measured on Linux 6.18.
"""

from __future__ import annotations

from engine.conntrack.settings import REPLIED, UNREPLIED, Settings
from engine.conntrack.tracker import Clock, mark_assured
from engine.conntrack.udp import Udp
from engine.core.checksum import fold, pseudo_header
from engine.core.connection import NAT_CLASH, SEEN_REPLY, Connection
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import UDP, UDPLITE
from engine.core.verdict import ACCEPT


class UdpLite(Udp):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.name = "udplite"
        self.proto = UDPLITE

    def fault(self, packet: Packet, context: Context, verify: bool) -> str:
        rest = len(packet.data) - packet.l4
        if rest < 8:
            return "short packet"
        coverage = packet.u16(packet.l4 + 4)
        if coverage == 0:
            coverage = rest
        elif coverage < 8 or coverage > rest:
            return "invalid checksum coverage"
        if packet.u16(packet.l4 + 6) == 0:
            return "checksum missing"
        if verify and not packet.partial:
            covered = packet.data[packet.l4 : packet.l4 + coverage]
            if fold(pseudo_header(packet.family, packet.src, packet.dst, UDP, rest) + covered) != 0xFFFF:
                return "bad checksum"
        return ""

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        timeouts = self.timeouts
        if entry.status & SEEN_REPLY:
            self.clock.refresh(entry, timeouts[REPLIED], packet, direction, context.now)
            if not entry.status & NAT_CLASH:
                mark_assured(entry)
        else:
            self.clock.refresh(entry, timeouts[UNREPLIED], packet, direction, context.now)
        return ACCEPT
