"""What the kernel's packet buffer would carry from hook to hook, kept for packets that come back as bytes.

Between two hooks the kernel may change TTL, header checksum, identification and IP options, nothing else. So a packet
is known again by its addresses, protocol, fragment offset and everything behind the IP header. Equal packets in flight
together are told apart by order: the kernel keeps it.
"""

from __future__ import annotations

from typing import Final

from engine.core.checksum import ICMP, ICMPV6
from engine.core.connection import CT_INVALID, Connection
from engine.core.context import Fragmented
from engine.core.hooks import IPV4
from engine.core.packet import Packet

LIMIT: Final = 8192  # flights that may be outstanding; the kernel drops packets between hooks without telling
COMPARED: Final = 512  # bytes behind the IP header that tell two packets of one length apart

ICMP_ERRORS: Final = (3, 4, 5, 11, 12)

FlightKey = tuple[int, int, int, int, int, bytes]


class Flight:
    """One packet between two hooks."""

    def __init__(self) -> None:
        self.entry: Connection | None = None
        self.ctinfo = CT_INVALID
        self.seen = False  # conntrack has looked at it (entry may still be None: INVALID)
        self.nftrace = False
        self.secmark = 0
        self.copied = False
        self.fragmented: Fragmented | None = None  # how it was cut before it was put together
        self.local = False
        self.mark = -1  # the mark it has, where the kernel was not to route by it; -1: the kernel's packet carries it
        self.physin = ""
        self.generation = 0


def flight_key(packet: Packet) -> FlightKey:
    data = packet.data
    return (
        packet.src,
        packet.dst,
        packet.proto,
        packet.fragment_offset,
        len(data) - packet.l4,
        bytes(data[packet.l4 : packet.l4 + COMPARED]),
    )


def quoted_packet(packet: Packet) -> Packet | None:
    """The packet that an ICMP error speaks of, filled up with zeros where the quotation ends; None: it is no error."""
    data = packet.data
    if packet.family == IPV4:
        if packet.proto != ICMP or not packet.has(8 + 20) or data[packet.l4] not in ICMP_ERRORS:
            return None
        quoted = data[packet.l4 + 8 :]
        length = quoted[2] << 8 | quoted[3]
    else:
        if packet.proto != ICMPV6 or not packet.has(8 + 40) or data[packet.l4] >= 128:
            return None
        quoted = data[packet.l4 + 8 :]
        length = 40 + (quoted[4] << 8 | quoted[5])
    cause = Packet(quoted + bytes(max(0, length - len(quoted))))
    return None if cause.fault else cause


class Flights:
    def __init__(self) -> None:
        self.waiting: dict[FlightKey, list[Flight]] = {}
        self.count = 0
        self.generation = 0

    def settle(self) -> None:
        """Nothing is under way any more: what is still waiting was dropped by the kernel between two hooks."""
        self.generation += 1
        if self.count:
            self.waiting.clear()
            self.count = 0

    def put(self, packet: Packet, flight: Flight) -> None:
        if self.count >= LIMIT:
            self._forget_oldest()
        flight.generation = self.generation
        self.waiting.setdefault(flight_key(packet), []).append(flight)
        self.count += 1

    def take(self, packet: Packet) -> Flight | None:
        key = flight_key(packet)
        line = self.waiting.get(key)
        if not line:
            return None
        flight = line.pop(0)
        if not line:
            del self.waiting[key]
        self.count -= 1
        return flight

    def cause_of(self, packet: Packet) -> Flight | None:
        """The packet under way that made this machine send the ICMP error `packet`."""
        cause = quoted_packet(packet)
        if cause is None:
            return None
        line = self.waiting.get(flight_key(cause))
        return line[0] if line else None

    def _forget_oldest(self) -> None:
        key = next(iter(self.waiting))
        self.count -= len(self.waiting.pop(key))
