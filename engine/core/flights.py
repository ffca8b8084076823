"""What the kernel's packet buffer would carry from hook to hook, kept for packets that come back as bytes.

Between two hooks the kernel may change TTL, header checksum, identification and IP options, nothing else. So a packet
is known again by its addresses, protocol, fragment offset and everything behind the IP header.

A flight is not used up when its packet comes back: a bridge (and a broadcast to this machine) makes several of one, and
each goes on from where the first stood. It begins anew when such a packet enters the machine again.
"""

from __future__ import annotations

from typing import Final

from engine.core.connection import CT_INVALID, Connection
from engine.core.context import Fragmented, SocketInfo
from engine.core.hooks import FORWARD, IPV4, OUTPUT, PREROUTING
from engine.core.packet import Packet
from engine.core.protocols import ICMP, ICMP_ERRORS, ICMPV6

LIMIT: Final = 2048  # flights that are remembered; the kernel drops packets between hooks without telling
COMPARED: Final = 512  # bytes behind the IP header that tell two packets of one length apart

UNREACHABLE_PROTOCOL: Final = (3, 2)
UNKNOWN_NEXT_HEADER: Final = (4, 1)

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
        self.synproxied = False
        self.untracked_cause = False
        self.fragmented: Fragmented | None = None  # how it was cut before it was put together
        self.socket: SocketInfo | None = None  # TPROXY gave it to this one
        self.local = False
        self.physin = ""  # the bridge port it came in by; the kernel does not tell it at POSTROUTING
        self.mark = -1  # the mark it has, where the kernel was not to route by it; -1: the kernel's packet carries it
        self.delivered = False  # a program has it: what its host says about it later is another packet
        self.left = False  # the wire has it
        self.made_here = False  # by the engine itself
        self.launched = False  # ... and OUTPUT has not seen it yet


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
    """Packets under way, in two lanes: a copy that TEE made looks like the packet that it is a copy of.

    routed   came in by PREROUTING; goes on to FORWARD or INPUT, and POSTROUTING
    local    began at OUTPUT; goes on to POSTROUTING, and round by lo to PREROUTING and INPUT
    """

    def __init__(self) -> None:
        self.routed: dict[FlightKey, Flight] = {}
        self.local: dict[FlightKey, Flight] = {}

    @property
    def count(self) -> int:
        return len(self.routed) + len(self.local)

    def settle(self) -> None:
        """Nothing is under way any more."""
        self.routed.clear()
        self.local.clear()

    def put(self, packet: Packet, flight: Flight) -> None:
        lane = self.local if flight.local else self.routed
        key = flight_key(packet)
        lane.pop(key, None)
        if len(lane) >= LIMIT:
            del lane[next(iter(lane))]
        lane[key] = flight

    def find(self, packet: Packet, hook: int, indev: str) -> Flight | None:
        """What is known of a packet that comes to a hook; it enters by PREROUTING (unless it was looped back) and by
        OUTPUT (unless the engine made it)."""
        key = flight_key(packet)
        if hook == OUTPUT:
            flight = self.local.get(key)
            if flight is None or not flight.launched:
                return None
            flight.launched = False
            return flight
        if hook == PREROUTING and indev != "lo":
            return None
        if hook == FORWARD or (indev and indev != "lo"):
            return self.routed.get(key)
        flight = self.local.get(key)
        return flight if flight is not None and not flight.left else self.routed.get(key)

    def cause_of(self, packet: Packet) -> Flight | None:
        """The packet under way that made this machine send the ICMP error `packet`."""
        cause = quoted_packet(packet)
        if cause is None:
            return None
        key = flight_key(cause)
        for lane in (self.routed, self.local):
            flight = lane.get(key)
            if flight is not None:
                return flight if not flight.delivered or _nobody_took(packet) else None
        return None


def _nobody_took(packet: Packet) -> bool:
    """Does the error say that no protocol of this machine wanted the packet? Then nothing took it off its way."""
    kind, code = packet.data[packet.l4], packet.data[packet.l4 + 1]
    return (kind, code) == (UNREACHABLE_PROTOCOL if packet.family == IPV4 else UNKNOWN_NEXT_HEADER)
