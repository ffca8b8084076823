"""Handshakes without memory: SYN cookies, and the segments of SYNPROXY.

A cookie is the initial sequence number of a SYN/ACK that nobody remembers: a keyed hash of the addresses, ports and the
client's sequence number, a counter of minutes, and which of four segment sizes the client can take. Whoever sends it
back plus one within two minutes has seen the SYN/ACK. What else the client said in its SYN (window scale, SACK, ECN)
hides in the lower six bits of the timestamp, which comes back too; without timestamps it is lost.

Source: RFC 4987 3.6, RFC 7323; segments measured on Linux 6.18.
"""

from __future__ import annotations

from hashlib import blake2s
from typing import Final

from engine.core.context import NamedState, Shared
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import (
    OPTION_MSS,
    OPTION_NOP,
    OPTION_SACK_PERMITTED,
    OPTION_TIMESTAMP,
    OPTION_WINDOW_SCALE,
    option_at,
)
from engine.target.parts.answers import DONT_FRAGMENT, U32, ipv4_header, ipv6_header

# What a segment offers
MSS: Final = 1
WSCALE: Final = 2
SACK: Final = 4
TIMESTAMP: Final = 8
ECN: Final = 16

LARGEST_SCALE: Final = 14
NO_SCALE: Final = 0xF
SACK_BIT: Final = 1 << 4
ECN_BIT: Final = 1 << 5
HIDDEN_BITS: Final = 0x3F

SIZES4: Final = (536, 1300, 1440, 1460)
SIZES6: Final = (1220, 1420, 1440, 8940)
MINUTE: Final = 60
LIFETIME: Final = 2  # minutes
STATE: Final = "syn cookies"


class Offer:
    """The options of a segment. flags: MSS, WSCALE, ..."""

    def __init__(self) -> None:
        self.flags = 0
        self.mss = 0
        self.wscale = 0
        self.tsval = 0
        self.tsecr = 0

    def write(self) -> bytes:
        """As TCP options, in the order in which Linux writes them."""
        out = b""
        flags = self.flags
        if flags & MSS:
            out += bytes((OPTION_MSS, 4)) + self.mss.to_bytes(2, "big")
        if flags & TIMESTAMP:
            out += bytes((OPTION_SACK_PERMITTED, 2) if flags & SACK else (OPTION_NOP, OPTION_NOP))
            out += bytes((OPTION_TIMESTAMP, 10)) + self.tsval.to_bytes(4, "big") + self.tsecr.to_bytes(4, "big")
        elif flags & SACK:
            out += bytes((OPTION_NOP, OPTION_NOP, OPTION_SACK_PERMITTED, 2))
        if flags & WSCALE:
            out += bytes((OPTION_NOP, OPTION_WINDOW_SCALE, 3, self.wscale))
        return out

    def hide(self, now: float, own_scale: int) -> None:
        """Put what the client offers into our timestamp; own_scale: the window scale told to the client."""
        self.tsecr = self.tsval
        value = int(now * 1000) & U32 & ~HIDDEN_BITS
        if self.flags & WSCALE:
            value |= self.wscale
            self.wscale = own_scale
        else:
            value |= NO_SCALE
        if self.flags & SACK:
            value |= SACK_BIT
        if self.flags & ECN:
            value |= ECN_BIT
        self.tsval = value

    def reveal(self) -> None:
        """Read it back from the timestamp that the client returned."""
        self.wscale = self.tsecr & NO_SCALE
        if self.wscale != NO_SCALE:
            self.flags |= WSCALE
        if self.tsecr & SACK_BIT:
            self.flags |= SACK
        if self.tsecr & ECN_BIT:
            self.flags |= ECN


def read_offer(packet: Packet) -> Offer | None:
    """The options of a TCP segment; None if its header is not all there. Reading stops at the first broken option."""
    data = packet.data
    at = packet.l4 + 20
    end = packet.l4 + (data[packet.l4 + 12] >> 4) * 4
    if end < at or end > len(data):
        return None
    offer = Offer()
    at = option_at(data, at, end)
    while at >= 0:
        kind = data[at]
        size = data[at + 1]
        if kind == OPTION_MSS and size == 4:
            offer.mss = packet.u16(at + 2)
            offer.flags |= MSS
        elif kind == OPTION_WINDOW_SCALE and size == 3:
            offer.wscale = min(data[at + 2], LARGEST_SCALE)
            offer.flags |= WSCALE
        elif kind == OPTION_TIMESTAMP and size == 10:
            offer.tsval = packet.u32(at + 2)
            offer.tsecr = packet.u32(at + 6)
            offer.flags |= TIMESTAMP
        elif kind == OPTION_SACK_PERMITTED and size == 2:
            offer.flags |= SACK
        at = option_at(data, at + size, end)
    return offer


class Cookies(NamedState):
    """The secret of this engine."""

    def __init__(self, shared: Shared) -> None:
        self.key = b"".join(shared.randomness.u32().to_bytes(4, "big") for _ in range(8))

    def _hash(self, packet: Packet, count: int, purpose: int) -> int:
        width = 4 if packet.family == IPV4 else 16
        l4 = packet.l4
        text = packet.src.to_bytes(width, "big") + packet.dst.to_bytes(width, "big") + packet.data[l4 : l4 + 4]
        text += bytes((purpose,)) + count.to_bytes(8, "big")
        return int.from_bytes(blake2s(bytes(text), digest_size=4, key=self.key).digest(), "big")

    def make(self, packet: Packet, mss: int, now: float) -> int:
        """The cookie for a SYN; mss: the largest segment its sender takes."""
        sizes = SIZES4 if packet.family == IPV4 else SIZES6
        index = max((place for place, size in enumerate(sizes) if size <= mss), default=0)
        count = int(now) // MINUTE
        seq = packet.u32(packet.l4 + 4)
        value = self._hash(packet, 0, 0) + seq + (count << 24) + ((self._hash(packet, count, 1) + index) & 0xFFFFFF)
        return value & U32

    def check(self, packet: Packet, now: float) -> int:
        """The segment size hidden in the cookie that an ACK acknowledges, 0 if it is none of ours or too old."""
        sizes = SIZES4 if packet.family == IPV4 else SIZES6
        seq = packet.u32(packet.l4 + 4) - 1
        cookie = packet.u32(packet.l4 + 8) - 1
        rest = (cookie - self._hash(packet, 0, 0) - seq) & U32
        count = int(now) // MINUTE
        age = (count - (rest >> 24)) & 0xFF
        if age >= LIFETIME:
            return 0
        index = (rest - self._hash(packet, count - age, 1)) & 0xFFFFFF
        return sizes[index] if index < len(sizes) else 0


def cookies_of(shared: Shared) -> Cookies:
    found = shared.named.get(STATE)
    if not isinstance(found, Cookies):
        found = Cookies(shared)
        shared.named[STATE] = found
    return found


class Segment:
    """A bare TCP segment to be sent, between the ends of one that came. answer: the other way."""

    def __init__(self, packet: Packet, answer: bool) -> None:
        self.family = packet.family
        self.src = packet.dst if answer else packet.src
        self.dst = packet.src if answer else packet.dst
        l4 = packet.l4
        ports = bytes(packet.data[l4 : l4 + 4])
        self.ports = ports[2:4] + ports[0:2] if answer else ports
        self.seq = 0
        self.ack = 0
        self.flags = 0
        self.window = 0

    def build(self, offer: Offer) -> bytes:
        options = offer.write()
        size = 20 + len(options)
        head = bytearray(20)
        head[0:4] = self.ports
        head[4:8] = (self.seq & U32).to_bytes(4, "big")
        head[8:12] = (self.ack & U32).to_bytes(4, "big")
        head[12] = size // 4 << 4
        head[13] = self.flags
        head[14:16] = (self.window & 0xFFFF).to_bytes(2, "big")
        if self.family == IPV4:
            header = ipv4_header(self.src, self.dst, TCP, size, 0, 0, DONT_FRAGMENT)
        else:
            header = ipv6_header(self.src, self.dst, TCP, size)
        packet = Packet(header + head + options)
        packet.set_transport_checksum()
        return bytes(packet.data)
