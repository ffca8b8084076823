"""Fragments: put together before conntrack looks at a packet, cut again behind POSTROUTING.

    fragment --collect--> STOLEN, STOLEN, ... ACCEPT: the packet is whole        (context.fragmented remembers the cuts)
    whole    --split----> the fragments that leave, at the old cuts if these still fit, else at the limit

What the kernel was seen to do (6.18; RFC 791, RFC 8200 section 4.5, RFC 5722, RFC 3168 section 5.3):
- the fragments of one packet share source, destination, identification and, in IPv4 only, the protocol; routed and
  bridged packets, and received and local ones, are put together apart;
- a fragment inside bytes that came in one run before is a duplicate and goes alone; any other overlap ends the packet;
- bytes behind the last fragment, two different ends, an empty fragment end it too in IPv4; in IPv6 only that fragment
  goes, though an empty one may have said where the end is;
- in IPv6 a first or middle fragment that is not a multiple of 8 long ends it and passes by itself (the end host
  complains);
- a first IPv6 fragment without the whole transport header is let pass as it is (the end host complains); one whose
  extension headers are cut short, or end with "no next header", is put together like any other; a fragment header that
  is cut short ends the packet's way;
- ECN: CE wins over ECT, a mix with Not-ECT is dropped;
- IPv4 waits 30 s, IPv6 60 s, from the first fragment to come; whoever is the end host (IPv6: also a router) then says
  "time exceeded" if it has the first fragment; the router says so with its address on the link by which that came;
- leaving, an IPv4 packet keeps its old cuts and loses DF, unless a cut does not fit any more (smaller MTU, other
  length, a later fragment with a shorter header): then it is cut at min(MTU, biggest fragment) and keeps DF if the
  biggest fragment had it. IPv6: the limit is at least 1280, and a packet no longer than its biggest fragment leaves
  whole; its fragments get a new identification;
- a packet that came over a bridge and is routed on leaves whole: the bridge's note of how it was cut is lost.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

from engine.core import verdict as v
from engine.core.checksum import checksum
from engine.core.context import LOCAL, Context, Emission, Fragmented, Shared
from engine.core.gathering import gather, unfragmentable
from engine.core.hooks import IPV4, IPV6, PREROUTING
from engine.core.packet import EXTENSION_HEADERS, Packet, extension_length
from engine.core.protocols import FRAGMENT, NO_NEXT_HEADER, TCP
from engine.target.parts.answers import icmp_error

LONGEST: Final = 65535
IPV6_MINIMUM_MTU: Final = 1280
OVERHEAD: Final = 768  # bytes of kernel memory that a small fragment costs besides its data
SOURCES_REMEMBERED: Final = 4096

TIME_OF: Final[dict[int, str]] = {IPV4: "net.ipv4.ipfrag_time", IPV6: "net.netfilter.nf_conntrack_frag6_timeout"}
MEMORY_OF: Final[dict[int, str]] = {
    IPV4: "net.ipv4.ipfrag_high_thresh",
    IPV6: "net.netfilter.nf_conntrack_frag6_high_thresh",
}

# ECN field (bits 1, 0 of TOS): Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3; an assembly has the set of those it saw
NOT_ECT: Final = 1 << 0
CE: Final = 1 << 3

# Bytes of transport header that the first fragment of an IPv6 packet has to hold (RFC 8200 section 4.5)
LEAST_TRANSPORT: Final[dict[int, int]] = {6: 20, 17: 8, 58: 8}

# What became of a fragment in its assembly
WAITS: Final = 0
COMPLETES: Final = 1
IS_USELESS: Final = 2
SPOILS: Final = 3

IPV4_OPTION_COPIED: Final = 0x80

BRIDGED: Final = "bridged "  # paths that begin so; no interface has a blank in its name

# (type, code) of "fragment reassembly time exceeded" (RFC 792; RFC 4443 section 3.3)
TIME_EXCEEDED: Final[dict[int, tuple[int, int]]] = {IPV4: (11, 1), IPV6: (3, 1)}

AssemblyKey = tuple[int, int, int, int, int, str]


class Assembly:
    """One packet on its way to being whole."""

    def __init__(self, number: int, key: AssemblyKey, family: int, deadline: float) -> None:
        self.number = number
        self.key = key
        self.family = family
        self.deadline = deadline
        self.pieces: dict[int, bytes] = {}
        self.runs: list[list[int]] = []  # [start, end] of bytes that came one behind the other
        self.header = b""  # of the first fragment
        self.next_header = 0  # IPv6: what follows the fragment header
        self.next_header_at = 0  # IPv6: where the number of the fragment header stands
        self.end = 0
        self.ended = False  # the last fragment is here
        self.received = 0
        self.largest = 0
        self.largest_df = 0
        self.shortest_header = LONGEST
        self.ecn = 0
        self.memory = 0
        self.distance = 0
        self.first = b""  # the first fragment as it came, for "time exceeded"
        self.indev = ""  # by which it came
        self.done = False

    def add(self, start: int, data: bytes, more: bool) -> int:
        """Take a fragment's data in; WAITS, COMPLETES, IS_USELESS or SPOILS."""
        end = start + len(data)
        nonsense = SPOILS if self.family == IPV4 else IS_USELESS
        if not more:
            if end < self.end or (self.ended and end != self.end):
                return nonsense
            self.ended = True
            self.end = end
        elif end > self.end:
            if self.ended:
                return nonsense
            self.end = end
        if end == start:
            return nonsense
        verdict = self._place(start, end)
        if verdict != WAITS:
            return verdict
        self.pieces[start] = data
        self.received += len(data)
        self.memory += len(data) + OVERHEAD
        return COMPLETES if self.ended and 0 in self.pieces and self.received == self.end else WAITS

    def _place(self, start: int, end: int) -> int:
        """Where the bytes lie among those that are here."""
        runs = self.runs
        if not runs:
            runs.append([start, end])
            return WAITS
        last = runs[-1]
        if last[1] < end:
            if start < last[1]:
                return SPOILS
            if start == last[1]:
                last[1] = end
            else:
                runs.append([start, end])
            return WAITS
        low = 0
        high = len(runs)
        while low < high:
            middle = (low + high) // 2
            run = runs[middle]
            if end <= run[0]:
                high = middle
            elif start >= run[1]:
                low = middle + 1
            elif start >= run[0] and end <= run[1]:
                return IS_USELESS
            else:
                return SPOILS
        runs.insert(low, [start, end])
        return WAITS

    def lengths(self) -> tuple[int, ...]:
        return tuple(len(self.pieces[start]) for start in sorted(self.pieces))

    def payload(self) -> bytes:
        return b"".join(self.pieces[start] for start in sorted(self.pieces))

    def ecn_field(self) -> int:
        """What the whole packet's ECN field gains, -1 if these fragments must not be put together."""
        if self.ecn & NOT_ECT and self.ecn != NOT_ECT:
            return -1
        return 3 if self.ecn & CE and self.ecn != CE else 0


class Fragments:
    """Reassembly for one engine.

    joined: number of the assembly that the last collect() put its fragment into, 0 if none; cuts: how the packet that
    it made whole had been cut, None if it made none. abandoned: numbers of
    assemblies that came to nothing since somebody last emptied the list; whoever holds their fragments lets them go.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.assemblies: dict[AssemblyKey, Assembly] = {}
        self.late: list[tuple[float, int, Assembly]] = []  # a heap: (deadline, number, assembly)
        self.memory: dict[int, int] = {}
        self.seen_from: dict[int, int] = {}  # fragments by source address, to tell how far two lie apart
        self.counter = 0
        self.joined = 0
        self.cuts: Fragmented | None = None
        self.abandoned: list[int] = []

    # -- putting together

    def collect(self, packet: Packet, context: Context) -> int:
        """ACCEPT: the packet is whole now (or no business of ours); STOLEN: it waits; DROP: it is of no use."""
        self.joined = 0
        self.cuts = None
        context.emit += self.expire(context.now)
        if packet.family == IPV4:
            return self._collect_ipv4(packet, context)
        return self._collect_ipv6(packet, context)

    def _collect_ipv4(self, packet: Packet, context: Context) -> int:
        if not packet.is_fragment:
            return v.ACCEPT
        key = (packet.src, packet.dst, packet.ip_id, packet.proto, context.hook, _path(context))
        assembly = self._assembly(key, IPV4, context.now)
        if assembly is None:
            return v.DROP
        if self._too_far(assembly, packet.src):
            assembly = self._start_again(assembly, context.now)
        start = packet.fragment_offset
        data = bytes(packet.data[packet.l3_length :])
        more = packet.more_fragments
        if more:
            data = data[: len(data) & ~7]
        return self._add(assembly, start, data, more, packet, context)

    def _collect_ipv6(self, packet: Packet, context: Context) -> int:
        where, next_header_at = find_fragment_header(packet.data)
        if not where or len(packet.data) == packet.l3_length or first_is_cut_short(packet.data, where):
            return v.ACCEPT
        if where + 8 > len(packet.data):
            return v.DROP
        word = packet.u16(where + 2)
        start = word & 0xFFF8
        more = word & 1 != 0
        data = bytes(packet.data[where + 8 :])
        if start + len(data) > LONGEST:
            return v.DROP
        near = packet.dst >> 120 == 0xFF or packet.dst >> 118 == 0x3FA  # multicast, link-local: a matter of one link
        path = _path(context) + (context.indev if near else "")
        key = (packet.src, packet.dst, packet.u32(where + 4), -1, context.hook, path)
        if more and len(data) & 7:
            spoiled = self.assemblies.get(key)
            if spoiled is not None:
                self._abandon(spoiled)
            return v.ACCEPT
        assembly = self._assembly(key, packet.family, context.now)
        if assembly is None:
            return v.DROP
        return self._add(assembly, start, data, more, packet, context, where, next_header_at)

    def _add(
        self,
        assembly: Assembly,
        start: int,
        data: bytes,
        more: bool,
        packet: Packet,
        context: Context,
        where: int = 0,
        next_header_at: int = 0,
    ) -> int:
        """where: of the fragment header of IPv6; next_header_at: where its number stands."""
        before = assembly.memory
        outcome = assembly.add(start, data, more)
        if outcome == IS_USELESS:
            return v.DROP
        if outcome == SPOILS:
            self._abandon(assembly)
            return v.DROP
        self.memory[assembly.family] = self.memory.get(assembly.family, 0) + assembly.memory - before
        size = len(packet.data)
        assembly.largest = max(assembly.largest, size)
        if packet.df:
            assembly.largest_df = max(assembly.largest_df, size)
        header = where or packet.l3_length
        assembly.shortest_header = min(assembly.shortest_header, header)
        assembly.ecn |= 1 << (packet.tos & 3)
        if start == 0:
            assembly.header = bytes(packet.data[:header])
            assembly.first = bytes(packet.data)
            if where:
                assembly.next_header = packet.data[where]
                assembly.next_header_at = next_header_at
            assembly.indev = context.indev
        self.joined = assembly.number
        if outcome == WAITS:
            return v.STOLEN
        return self._finish(assembly, packet, context)

    def _finish(self, assembly: Assembly, packet: Packet, context: Context) -> int:
        """All is here: `packet` becomes the whole packet."""
        self._remove(assembly)
        ecn = assembly.ecn_field()
        header = bytearray(assembly.header)
        total = assembly.end + len(header)
        if ecn < 0 or total > (LONGEST if assembly.family == IPV4 else LONGEST + 40):
            self.abandoned.append(assembly.number)
            self.joined = 0
            return v.DROP
        df = assembly.largest_df == assembly.largest
        if assembly.family == IPV4:
            header[1] |= ecn
            header[2:4] = total.to_bytes(2, "big")
            header[6:8] = b"\x40\0" if df else b"\0\0"
            header[10:12] = b"\0\0"
            header[10:12] = checksum(header).to_bytes(2, "big")
        else:
            header[1] |= ecn << 4
            header[4:6] = (total - 40).to_bytes(2, "big")
            header[assembly.next_header_at] = assembly.next_header
        even = assembly.shortest_header >= len(header)
        self.cuts = Fragmented(assembly.largest, df, assembly.lengths(), even, assembly.key[2])
        context.fragmented = self.cuts
        packet.data = header + assembly.payload()
        packet.parse()
        packet.partial = False
        packet.changed = True
        if packet.proto == TCP and context.hook == PREROUTING and not context.physin:
            gather(packet, context, packet.l4 + 20)  # the kernel looks for a socket before it looks for a route
        return v.ACCEPT if not packet.fault else v.DROP

    def _assembly(self, key: AssemblyKey, family: int, now: float) -> Assembly | None:
        """The one that this fragment belongs to, perhaps a new one; None when memory is used up."""
        found = self.assemblies.get(key)
        if found is not None:
            return found
        limit = self.shared.sysctl(MEMORY_OF[family])
        if self.memory.get(family, 0) > limit or limit == 0:
            return None
        self.counter += 1
        made = Assembly(self.counter, key, family, now + self.shared.sysctl(TIME_OF[family]))
        self.assemblies[key] = made
        heappush(self.late, (made.deadline, made.number, made))
        return made

    def _too_far(self, assembly: Assembly, source: int) -> bool:
        """Did more fragments of other packets come from this source in between than a sane network would bring?"""
        limit = self.shared.sysctl("net.ipv4.ipfrag_max_dist")
        if limit == 0:
            return False
        if len(self.seen_from) > SOURCES_REMEMBERED:
            self.seen_from.clear()
        before = assembly.distance
        now = self.seen_from.get(source, 0) + 1
        self.seen_from[source] = now
        assembly.distance = now
        return len(assembly.pieces) > 0 and now - before > limit

    def _start_again(self, assembly: Assembly, now: float) -> Assembly:
        self._abandon(assembly)
        made = self._assembly(assembly.key, assembly.family, now)
        assert made is not None  # room was just made
        made.distance = assembly.distance
        return made

    # -- giving up

    def _remove(self, assembly: Assembly) -> None:
        assembly.done = True
        if self.assemblies.get(assembly.key) is assembly:
            del self.assemblies[assembly.key]
        self.memory[assembly.family] = self.memory.get(assembly.family, 0) - assembly.memory

    def _abandon(self, assembly: Assembly) -> None:
        self._remove(assembly)
        self.abandoned.append(assembly.number)

    def _forget_late(self, now: float) -> list[Assembly]:
        """Give up those that waited too long."""
        gone: list[Assembly] = []
        while self.late and (self.late[0][0] <= now or self.late[0][2].done):
            assembly = heappop(self.late)[2]
            if not assembly.done:
                self._abandon(assembly)
                gone.append(assembly)
        return gone

    def expire(self, now: float) -> list[Emission]:
        """Give up what waited too long; what the end host (IPv6: also a router) has to say about it."""
        answers: list[Emission] = []
        for assembly in self._forget_late(now):
            answer = self._time_exceeded(assembly, now)
            if answer is not None:
                answers.append(answer)
        return answers

    def _time_exceeded(self, assembly: Assembly, now: float) -> Emission | None:
        _source, destination, _id, _protocol, hook, path = assembly.key
        if not assembly.first or hook != PREROUTING or path.startswith(BRIDGED):
            return None
        if assembly.family == IPV4 and self.shared.environment.address_type(destination, IPV4) != LOCAL:
            return None
        kind, code = TIME_EXCEEDED[assembly.family]
        context = Context(self.shared, assembly.family, PREROUTING, now, assembly.indev)
        return icmp_error(Packet(assembly.first), context, kind, code)

    def flush(self) -> None:
        for assembly in list(self.assemblies.values()):
            self._abandon(assembly)
        self.late.clear()
        self.seen_from.clear()

    def waiting(self) -> int:
        """Number of packets that are not whole yet."""
        return len(self.assemblies)

    # -- cutting

    def split(self, packet: Packet, context: Context) -> list[Emission]:
        """The fragments in which a packet that came in fragments leaves; none: it leaves whole, or the kernel says why
        it cannot."""
        cuts = context.fragmented
        if cuts is None or (context.physin and not context.physout):
            return []
        device = context.physout or context.outdev
        limit = self.shared.environment.mtu(device)
        if packet.family == IPV4:
            pieces = split_ipv4(packet, cuts, limit)
        else:
            pieces = split_ipv6(packet, cuts, limit, self._new_identification())
        return [Emission(piece, "wire", device, mark=context.mark) for piece in pieces]

    def _new_identification(self) -> int:
        """At random and not 0: packets of several hosts that leave with one address must not meet under one number."""
        return self.shared.randomness.u32() or 1


def may_be_fragment(packet: Packet) -> bool:
    """False: certainly none."""
    return packet.is_fragment if packet.family == IPV4 else packet.data[6] in EXTENSION_HEADERS


def find_fragment_header(data: bytearray) -> tuple[int, int]:
    """Where the first fragment header of an IPv6 packet stands, perhaps cut short, and where its number does; (0, 0)
    without one."""
    size = len(data)
    at = 40
    number_at = 6
    while data[number_at] != FRAGMENT:
        if data[number_at] not in EXTENSION_HEADERS or at + 2 > size:
            return 0, 0
        number_at, at = at, at + extension_length(data, at, data[number_at])
    return (at, number_at) if at <= size else (0, 0)


def first_is_cut_short(data: bytearray, at: int) -> bool:
    """Is this a first fragment that does not hold the whole transport header? at: of its fragment header.

    One in which the way to the transport header is cut short counts as whole, as does one without any ("no next
    header"): there is nothing to ask for.
    """
    size = len(data)
    number = FRAGMENT
    while number in EXTENSION_HEADERS or number == NO_NEXT_HEADER:
        if number == NO_NEXT_HEADER or at + (4 if number == FRAGMENT else 2) > size:
            return False
        if number == FRAGMENT and (data[at + 2] << 8 | data[at + 3]) & 0xFFF8:
            return False
        number, at = data[at], at + extension_length(data, at, number)
    return at + LEAST_TRANSPORT.get(number, 1) > size


def _path(context: Context) -> str:
    """Bridged packets are put together apart from routed ones."""
    return BRIDGED if context.physin and context.hook == PREROUTING else ""


def fits_old_cuts(cuts: Fragmented, payload: int, room: int) -> bool:
    lengths = cuts.lengths
    whole = not any(length & 7 for length in lengths[:-1])
    return cuts.even and whole and sum(lengths) == payload and max(lengths) <= room


def equal_cuts(payload: int, room: int) -> tuple[int, ...]:
    """Lengths of fragments that fill `room` as far as multiples of 8 allow."""
    step = room & ~7
    full, rest = divmod(payload, step)
    return (step,) * full + ((rest,) if rest else ())


def split_ipv4(packet: Packet, cuts: Fragmented, limit: int) -> list[bytes]:
    header = packet.l3_length
    payload = len(packet.data) - header
    if cuts.df and cuts.largest > limit:
        return []  # the kernel answers "fragmentation needed"
    room = min(cuts.largest, limit) - header
    if fits_old_cuts(cuts, payload, room):
        return cut_ipv4(packet.data, cuts.lengths, False)
    if room < 8 or payload == 0:
        return []
    pieces = cut_ipv4(packet.data, equal_cuts(payload, room), cuts.df)
    return pieces if len(pieces) > 1 else []


def split_ipv6(packet: Packet, cuts: Fragmented, limit: int, identification: int = 0) -> list[bytes]:
    """identification: of the fragments; 0 for the one that they came with."""
    size = len(packet.data)
    identification = identification or cuts.identification
    if cuts.largest > limit or (size <= limit and size <= cuts.largest):
        return []
    start = unfragmentable(packet)
    payload = size - start
    room = max(cuts.largest, IPV6_MINIMUM_MTU) - start - 8
    if fits_old_cuts(cuts, payload, room):
        return cut_ipv6(packet.data, start, cuts.lengths, identification)
    if room < 8:
        return []
    return cut_ipv6(packet.data, start, equal_cuts(payload, room), identification)


def cut_ipv4(data: bytes | bytearray, lengths: tuple[int, ...], df: bool) -> list[bytes]:
    """A whole packet as fragments of these payload lengths; options that are not to be copied become NOPs."""
    size = (data[0] & 15) * 4
    first = bytearray(data[:size])
    later = bytearray(first)
    _blank_options(later, size)
    pieces: list[bytes] = []
    start = 0
    total = sum(lengths)
    for length in lengths:
        header = first if start == 0 else later
        word = (start // 8) | (0x2000 if start + length < total else 0) | (0x4000 if df else 0)
        header[2:4] = (size + length).to_bytes(2, "big")
        header[6:8] = word.to_bytes(2, "big")
        header[10:12] = b"\0\0"
        header[10:12] = checksum(header).to_bytes(2, "big")
        pieces.append(bytes(header) + bytes(data[size + start : size + start + length]))
        start += length
    return pieces


def _blank_options(header: bytearray, size: int) -> None:
    offset = 20
    while offset < size:
        kind = header[offset]
        if kind == 0:
            return
        if kind == 1:
            offset += 1
            continue
        length = header[offset + 1] if offset + 1 < size else 0
        if length < 2 or offset + length > size:
            return
        if not kind & IPV4_OPTION_COPIED:
            header[offset : offset + length] = b"\x01" * length
        offset += length


def cut_ipv6(data: bytes | bytearray, start: int, lengths: tuple[int, ...], identification: int) -> list[bytes]:
    """A whole packet as fragments; the fragment header goes to `start`."""
    header = bytearray(data[:start])
    at = 6
    offset = 40
    while offset < start:
        at = offset
        offset += (header[offset + 1] + 1) * 8
    following = header[at]
    header[at] = FRAGMENT
    pieces: list[bytes] = []
    done = 0
    total = sum(lengths)
    for length in lengths:
        header[4:6] = (start - 40 + 8 + length).to_bytes(2, "big")
        word = done | (1 if done + length < total else 0)
        middle = bytes((following, 0)) + word.to_bytes(2, "big") + identification.to_bytes(4, "big")
        pieces.append(bytes(header) + middle + bytes(data[start + done : start + done + length]))
        done += length
    return pieces
