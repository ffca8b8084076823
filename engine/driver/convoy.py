"""Fragments on their way through the kernel, while the engine sees whole packets.

The engine puts fragments together before PREROUTING (or OUTPUT) and cuts the packet again behind POSTROUTING. The
kernel's packets in between stay what they were: fragments. Each waits in the queue until its packet is whole; then all
go on as the convoy of that packet. At the next hook the first of them brings the whole packet before the engine, and
the verdict holds for all. Where the packet leaves, its new fragments travel in the place of the old ones.

    kernel   f1 f2 f3 | PREROUTING ... f1' f2' f3' | FORWARD ... f1' f2' f3' | POSTROUTING ... g1 g2 g3
    engine   wait wait whole                         whole                     whole, cut again

So the kernel routes, resolves neighbours and queues as it does for any packet, and no packet bigger than the next link
ever meets its length checks (which would refuse it: only the kernel's own reassembly can mark a packet as allowed).
Where it must refuse, or deliver locally, one of the fragments carries the whole packet and the others end.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Fragmented
from engine.core.fragments import cut_ipv4, cut_ipv6
from engine.core.gathering import unfragmentable
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import FRAGMENT
from engine.driver.nfqueue import Queued

LIMIT: Final = 1024  # convoys remembered; the kernel may drop theirs without telling
IPV4_MORE: Final = 0x20

# A way out of a hook: hook, out-interface, bridge port
Way = tuple[int, str, str]
ConvoyKey = tuple[int, int, int, int]


def may_be_fragment(data: bytes) -> bool:
    """A quick look: is it worth finding out?"""
    if len(data) < 40:
        return len(data) >= 20 and data[0] >> 4 == 4 and (data[6] & 0x3F or data[7]) != 0
    if data[0] >> 4 == 4:
        return (data[6] & 0x3F or data[7]) != 0
    return data[6] in (FRAGMENT, 0, 43, 60, 51)


def has_fragment_header(packet: Packet) -> bool:
    return packet.is_fragment or any(number == FRAGMENT for number, _offset in packet.extensions)


def key_of(packet: Packet) -> ConvoyKey:
    """What the fragments of one packet have in common at one moment."""
    if packet.family == IPV4:
        return (packet.src, packet.dst, packet.ip_id, packet.proto)
    for number, offset in packet.extensions:
        if number == FRAGMENT:
            return (packet.src, packet.dst, packet.u32(offset + 4), -1)
    return (packet.src, packet.dst, 0, -1)


def slices(data: bytes, cuts: Fragmented) -> list[bytes]:
    """A whole packet at its old cuts. If its length changed, the last one has more or less, and none is empty."""
    packet = Packet(data)
    start = packet.l3_length if packet.family == IPV4 else unfragmentable(packet)
    left = len(packet.data) - start
    lengths: list[int] = []
    for length in cuts.lengths[:-1]:
        if left <= length:
            break
        lengths.append(length)
        left -= length
    lengths.append(left)
    if packet.family == IPV4:
        return cut_ipv4(packet.data, tuple(lengths), packet.df)
    return cut_ipv6(packet.data, start, tuple(lengths), cuts.identification)


def whole_as_seen(first: Packet, whole: bytes) -> bytes:
    """The whole packet with the header that its first fragment has by now (TTL, TOS, options)."""
    if first.family == IPV4:
        header = bytearray(first.data[: first.l3_length])
        known = Packet(whole)
        data = header + known.data[known.l3_length :]
        data[2:4] = len(data).to_bytes(2, "big")
        data[6:8] = b"\x40\0" if first.df else b"\0\0"
        packet = Packet(data)
        packet.set_ip_checksum()
        return bytes(packet.data)
    data = bytearray(whole)
    data[0:4] = first.data[0:4]
    data[7] = first.data[7]
    return bytes(data)


def merge_rest(pieces: list[bytes], carriers: int) -> tuple[list[bytes], list[bytes]]:
    """Fragments for so many carriers, and those that find none.

    What is too much of IPv4 becomes one big fragment, which the kernel cuts at the MTU as if it were ours to cut.
    """
    if len(pieces) <= carriers:
        return pieces, []
    first = Packet(pieces[carriers - 1])
    if first.family != IPV4 or first.df:
        return pieces[:carriers], pieces[carriers:]
    data = bytearray(pieces[carriers - 1])
    for piece in pieces[carriers:]:
        data += piece[(piece[0] & 15) * 4 :]
    data[2:4] = len(data).to_bytes(2, "big")
    data[6] = data[6] & ~IPV4_MORE | pieces[-1][6] & IPV4_MORE
    merged = Packet(data)
    merged.set_ip_checksum()
    return [*pieces[: carriers - 1], bytes(merged.data)], []


class Decision:
    """What becomes of a convoy at one way out of one hook."""

    def __init__(self, accept: bool, data: list[bytes] | None, mark: int, priority: int) -> None:
        self.accept = accept
        self.data = data  # one for each fragment still to come; None: they go on as they are
        self.mark = mark
        self.priority = priority
        self.taken = 0

    def take(self) -> tuple[bool, bytes | None]:
        """(accept, new bytes) for the next fragment of the convoy; those that are not needed any more end here."""
        if not self.accept or self.data is None:
            return self.accept, None
        index = self.taken
        self.taken += 1
        if index >= len(self.data):
            return False, None
        return True, self.data[index]


class Convoy:
    """One packet that travels as fragments."""

    def __init__(self, whole: bytes, cuts: Fragmented, deadline: float) -> None:
        self.whole = whole
        self.cuts = cuts
        self.deadline = deadline
        self.decisions: dict[Way, Decision] = {}
        self.wholes: dict[tuple[str, str], bytes] = {}  # as FORWARD left it, by out-interface and bridge port


class Convoys:
    """Fragments that wait for their packet (by number of its assembly), and convoys under way."""

    def __init__(self) -> None:
        self.held: dict[int, list[Queued]] = {}
        self.moving: dict[ConvoyKey, Convoy] = {}

    def hold(self, assembly: int, queued: Queued) -> None:
        self.held.setdefault(assembly, []).append(queued)

    def release(self, assembly: int) -> list[Queued]:
        return self.held.pop(assembly, [])

    def start(self, key: ConvoyKey, convoy: Convoy) -> None:
        self.moving.pop(key, None)
        if len(self.moving) >= LIMIT:
            del self.moving[next(iter(self.moving))]
        self.moving[key] = convoy

    def find(self, key: ConvoyKey, now: float) -> Convoy | None:
        convoy = self.moving.get(key)
        if convoy is not None and convoy.deadline < now:
            del self.moving[key]
            return None
        return convoy

    def settle(self) -> None:
        """Nothing is under way any more: what the kernel has not shown again it has dropped."""
        self.moving.clear()
