"""Conversations of two real TCP stacks, recorded where a firewall would stand, and changed afterwards.

Two network namespaces, a client's and a server's; between them no bridge but this program, which carries every frame
and does what networks do: it loses, delays, doubles, reorders, marks and damages packets, before and behind the place
where it writes them down. What the ends do (windows that close, urgent data, resets, half-closed connections, both
opening at once, keepalives, Fast Open, MD5 signatures) is drawn by lot, and so are the settings of their kernels.

A recording is what a kernel did, so a seed does not make it again; the trace that is made of it has all its packets.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from conntrack_edges import TIMED_TOGETHER, paused
from conntrack_traces import MASK, OPTIONS, TIMEOUTS, Trace
from conntrack_wire import CLIENT, CLIENT6, SERVER, SERVER6, ip, summed

from lab.build import switch_offloads_off
from lab.namespaces import CLONE_NEWNET, setns, unshare

SERVER_PORT = 80
AT_ONCE = 40  # conversations of one recording
LONGEST = 6.0  # seconds of one recording
USES = 8  # traces that are made of one recorded conversation
MOST = 400  # packets of one trace
MTU = 1500
MAC = {"c": "02:00:00:00:00:0c", "s": "02:00:00:00:00:05"}
ADDRESS = {"c": ("10.0.1.5", "fd00:1::5"), "s": ("10.0.2.2", "fd00:2::2")}
OTHER = {"c": "s", "s": "c"}
PACKET_IGNORE_OUTGOING = 23
TCP_MD5SIG = 14
FIN, SYN, RST, ACK = 1, 2, 4, 16
SYSCTLS: dict[str, list[str]] = {
    "tcp_window_scaling": ["1", "1", "1", "0"],
    "tcp_sack": ["1", "1", "0"],
    "tcp_dsack": ["1", "0"],
    "tcp_timestamps": ["1", "0"],
    "tcp_ecn": ["0", "1"],
    "tcp_fastopen": ["1543", "0"],  # both ends, without asking for a cookie
    "tcp_rmem": ["4096 131072 6291456", "4096 8192 65536", "4096 4096 8192"],
    "tcp_rto_min_us": ["5000"],
    "tcp_mtu_probing": ["0", "2"],
    "tcp_rfc1337": ["0", "1"],
    "tcp_abort_on_overflow": ["0", "1"],
}

# A packet as it passed the place of the firewall: from which side, and from the IP header on.
Packet = tuple[str, bytes]


# --- the wire ---------------------------------------------------------------------------------------------------------


@dataclass
class Weather:
    """What befalls a packet on one half of its way, as shares of 1; delays in seconds."""

    lost: float = 0.0
    doubled: float = 0.0
    damaged: float = 0.0
    marked: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> Weather:
        if chance.random() < 0.2:
            return cls()
        return cls(
            chance.choice([0, 0.01, 0.05, 0.15]), chance.choice([0, 0, 0.02, 0.1]), chance.choice([0, 0, 0.03]),
            chance.choice([0, 0.1]), chance.choice([0, 0.001, 0.005]), chance.choice([0, 0, 0.002, 0.02]),
        )  # fmt: skip


class Ends:
    """The two namespaces, and a packet socket on the far end of each one's only link."""

    def __init__(self) -> None:
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.namespaces: dict[str, int] = {}
        self.wires: dict[str, socket.socket] = {}
        for side in "cs":
            unshare(CLONE_NEWNET)
            self.namespaces[side] = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            self._furnish(side)
            setns(self.home, CLONE_NEWNET)

    def _furnish(self, side: str) -> None:
        far = OTHER[side]
        (v4, v6), (far4, far6) = ADDRESS[side], ADDRESS[far]
        subprocess.run(
            f"ip link add end address {MAC[side]} type veth peer name wire; ip link set lo up;"
            "sysctl -qw net.ipv6.conf.wire.disable_ipv6=1 net.ipv6.conf.end.accept_dad=0;"
            f"ip link set end up; ip link set wire up arp off; ip addr add {v4}/32 dev end;"
            f"ip addr add {v6}/128 dev end nodad; ip route add {far4} dev end; ip route add {far6} dev end;"
            f"ip neigh add {far4} lladdr {MAC[far]} dev end; ip neigh add {far6} lladdr {MAC[far]} dev end",
            shell=True, check=True,
        )  # fmt: skip
        switch_offloads_off("end")
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        wire.bind(("wire", 0))
        wire.setsockopt(263, PACKET_IGNORE_OUTGOING, 1)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        wire.setblocking(False)
        self.wires[side] = wire

    @contextlib.contextmanager
    def at(self, side: str) -> Iterator[None]:
        setns(self.namespaces[side], CLONE_NEWNET)
        try:
            yield
        finally:
            setns(self.home, CLONE_NEWNET)

    def socket(self, side: str, v6: bool) -> socket.socket:
        with self.at(side):
            made = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made

    def set(self, name: str, values: dict[str, str]) -> None:
        for side, value in values.items():
            with self.at(side), contextlib.suppress(FileNotFoundError), open(f"/proc/sys/net/ipv4/{name}", "w") as file:
                file.write(value)


class Wire:
    """Carries frames and writes down what passes the middle."""

    def __init__(self, ends: Ends, chance: random.Random) -> None:
        self.ends = ends
        self.chance = chance
        self.halves = [Weather.drawn(chance), Weather.drawn(chance)]
        self.clamp = chance.choice([0, 0, 0, 536, 1200])
        self.order = count()
        self.waiting: list[tuple[float, int, int, str, bytes]] = []
        self.passed: list[Packet] = []

    def carry(self, patience: float) -> None:
        """Everything that is due, and what comes within `patience` seconds."""
        now = time.monotonic()
        if self.waiting:
            patience = min(patience, max(0.0, self.waiting[0][0] - now))
        ready = select.select([*self.ends.wires.values()], [], [], patience)[0]
        for side, wire in self.ends.wires.items():
            if wire in ready:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        self._set_out(0, side, wire.recv(65536))
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            _due, _order, half, side, frame = heapq.heappop(self.waiting)
            if half == 0:
                if self.clamp:
                    frame = frame[:14] + clamped(side, frame[14:], self.clamp)
                self.passed.append((side, frame[14:]))
                self._set_out(1, side, frame)
            else:
                self.ends.wires[OTHER[side]].send(frame)

    def _set_out(self, half: int, side: str, frame: bytes) -> None:
        if not is_tcp(frame[14:]):
            return
        chance, weather = self.chance, self.halves[half]
        for _copy in range(2 if chance.random() < weather.doubled else 1):
            if chance.random() < weather.lost:
                continue
            sent = frame
            if chance.random() < weather.damaged:
                at = chance.randrange(14 + header_length(frame[14:]), len(frame))
                sent = frame[:at] + bytes((frame[at] ^ 1 << chance.randrange(8),)) + frame[at + 1 :]
            due = time.monotonic() + weather.delay + chance.random() * weather.jitter
            heapq.heappush(self.waiting, (due, next(self.order), half, side, sent))


# --- what the ends do -------------------------------------------------------------------------------------------------


@dataclass
class Conversation:
    """One client port. `script` of each side: a generator that acts and gives the seconds until it wants to act
    again."""

    port: int
    v6: bool
    scripts: dict[str, Iterator[float]] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    packets: list[Packet] = field(default_factory=list)

    def go_on(self, now: float) -> None:
        for side, script in list(self.scripts.items()):
            if self.due.get(side, 0.0) <= now:
                try:
                    self.due[side] = now + next(script)
                except (StopIteration, OSError):
                    del self.scripts[side]


class Recorder:
    """Conversations, AT_ONCE at a time."""

    def __init__(self) -> None:
        self.ends = Ends()
        self.listening = {v6: self._listen(v6) for v6 in (False, True)}

    def _listen(self, v6: bool) -> socket.socket:
        made = self.ends.socket("s", v6)
        made.bind((ADDRESS["s"][v6], SERVER_PORT))
        made.listen(200)
        return made

    def record(self, seed: int, seconds: float) -> list[Conversation]:
        chance = random.Random(seed)
        for name, values in SYSCTLS.items():
            self.ends.set(name, {side: chance.choice(values) for side in "cs"})
        first = 1024 + seed * AT_ONCE % 60000
        talks = {port: Conversation(port, chance.random() < 0.25) for port in range(first, first + AT_ONCE)}
        accepted: dict[int, list[socket.socket]] = {port: [] for port in talks}
        for port, talk in talks.items():
            both = chance.random() < 0.08
            for side in "cs":
                lot = random.Random(chance.random())
                act = Acting(self.ends, side, talk, lot, accepted[port])
                talk.scripts[side] = act.opens_too() if both else act.connects() if side == "c" else act.answers()
        wire = Wire(self.ends, chance)
        end = time.monotonic() + seconds
        while any(talk.scripts for talk in talks.values()) and time.monotonic() < end:
            wire.carry(0.002)
            for listening in self.listening.values():
                with contextlib.suppress(BlockingIOError):
                    while True:
                        made, peer = listening.accept()
                        made.setblocking(False)
                        if peer[1] in accepted:
                            accepted[peer[1]].append(made)
            now = time.monotonic()
            for talk in talks.values():
                talk.go_on(now)
        for talk in talks.values():
            talk.scripts.clear()
        for sockets in accepted.values():
            for made in sockets:
                made.close()
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            wire.carry(0.01)
        for side, data in wire.passed:
            head = header_length(data)
            port = int.from_bytes(data[head : head + 2] if side == "c" else data[head + 2 : head + 4], "big")
            if port in talks:
                talks[port].packets.append((side, data))
        return [talk for talk in talks.values() if talk.packets]


class Acting:
    """What one end does with its socket."""

    def __init__(
        self, ends: Ends, side: str, talk: Conversation, chance: random.Random, accepted: list[socket.socket]
    ) -> None:
        self.ends, self.side, self.talk, self.chance, self.accepted = ends, side, talk, chance, accepted
        self.here, self.there = ADDRESS[side][talk.v6], ADDRESS[OTHER[side]][talk.v6]
        self.signed = talk.port % 16 == 0

    def opened(self) -> socket.socket:
        made = self.ends.socket(self.side, self.talk.v6)
        chance = self.chance
        if chance.random() < 0.3:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, chance.choice([1, 4000, 200000]))
        if chance.random() < 0.3:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if chance.random() < 0.2:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, chance.choice([88, 536, 1000]))
        if chance.random() < 0.2:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, chance.choice([b"reno", b"bbr", b"cubic"]))
        if chance.random() < 0.2:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        if self.signed:
            peer = ipv6_sockaddr(self.there) if self.talk.v6 else ipv4_sockaddr(self.there)
            key = peer.ljust(128, b"\0") + struct.pack("HHI", 0, 3, 0) + b"key".ljust(80, b"\0")
            with contextlib.suppress(OSError):
                made.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, key)
        return made

    def connects(self) -> Iterator[float]:
        for _time in range(self.chance.choice([1, 1, 1, 2, 3])):
            made = self.opened()
            made.bind((self.here, self.talk.port))
            with contextlib.suppress(BlockingIOError):
                if self.chance.random() < 0.3:
                    made.sendto(b"f" * 100, socket.MSG_FASTOPEN, (self.there, SERVER_PORT))
                else:
                    made.connect((self.there, SERVER_PORT))
            if self.chance.random() < 0.05:
                made.close()
                continue
            yield from self.speaks(made)
            yield self.chance.choice([0.0, 0.01, 0.3])

    def opens_too(self) -> Iterator[float]:
        mine, theirs = self.talk.port, 10_000 + self.talk.port % 50_000
        if self.side == "s":
            mine, theirs = theirs, mine
        made = self.opened()
        made.bind((self.here, mine))
        with contextlib.suppress(BlockingIOError):
            made.connect((self.there, theirs))
        yield from self.speaks(made)

    def answers(self) -> Iterator[float]:
        while True:
            while not self.accepted:
                yield 0.002
            yield from self.speaks(self.accepted.pop(0))

    def speaks(self, made: socket.socket) -> Iterator[float]:
        """Until it has had enough or the connection is over."""
        chance = self.chance
        try:
            while not writable(made):
                yield 0.002
            for _act in range(chance.randint(0, 14)):
                yield from chance.choice(ACTS)(self, made)
            yield from chance.choice(ENDINGS)(self, made)
        finally:
            made.close()

    def sends(self, made: socket.socket) -> Iterator[float]:
        left = self.chance.choice([1, 10, 500, 3000, 20_000, 60_000])
        end = time.monotonic() + 1.0
        while left > 0 and time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                left -= made.send(b"d" * left)
            with contextlib.suppress(BlockingIOError):
                made.recv(1 << 16)
            yield 0.002

    def hears(self, made: socket.socket) -> Iterator[float]:
        for _look in range(self.chance.randint(1, 8)):
            with contextlib.suppress(BlockingIOError):
                if not made.recv(self.chance.choice([10, 1000, 1 << 16])):
                    break
            yield 0.004

    def sleeps(self, _made: socket.socket) -> Iterator[float]:
        yield self.chance.choice([0.01, 0.05, 0.2])

    def waits_long(self, _made: socket.socket) -> Iterator[float]:
        yield self.chance.choice([0.05, 0.3, 1.2])

    def urges(self, made: socket.socket) -> Iterator[float]:
        with contextlib.suppress(BlockingIOError):
            made.send(b"u", socket.MSG_OOB)
        yield 0.0

    def corks(self, made: socket.socket) -> Iterator[float]:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, self.chance.randint(0, 1))
        yield 0.0

    def clamps(self, made: socket.socket) -> Iterator[float]:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, self.chance.choice([1, 2000, 30000]))
        yield 0.0

    def closes(self, made: socket.socket) -> Iterator[float]:
        made.close()
        yield 0.0

    def closes_half(self, made: socket.socket) -> Iterator[float]:
        made.shutdown(socket.SHUT_WR)
        yield from self.hears(made)
        yield self.chance.choice([0.0, 0.1])

    def resets(self, made: socket.socket) -> Iterator[float]:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.close()
        yield 0.0

    def hears_all(self, made: socket.socket) -> Iterator[float]:
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                if not made.recv(1 << 16):
                    break
            yield 0.004


Act = Callable[[Acting, socket.socket], Iterator[float]]
ACTS: list[Act] = [
    *[Acting.sends] * 5, *[Acting.hears] * 3, Acting.sleeps, Acting.waits_long, Acting.urges, Acting.corks,
    Acting.clamps,
]  # fmt: skip
ENDINGS: list[Act] = [Acting.closes, Acting.closes_half, Acting.closes_half, Acting.resets, Acting.hears_all]


def writable(made: socket.socket) -> bool:
    if not select.select([], [made], [], 0)[1]:
        return False
    error = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
    return True


def ipv4_sockaddr(address: str) -> bytes:
    return struct.pack("=HH", socket.AF_INET, 0) + socket.inet_pton(socket.AF_INET, address)


def ipv6_sockaddr(address: str) -> bytes:
    return struct.pack("=HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, address) + b"\0\0\0\0"


# --- packets ----------------------------------------------------------------------------------------------------------


def is_tcp(data: bytes) -> bool:
    return data[9] == 6 if data[0] >> 4 == 4 else data[6] == 6


def header_length(data: bytes) -> int:
    return (data[0] & 15) * 4 if data[0] >> 4 == 4 else 40


@dataclass(frozen=True)
class Segment:
    """A TCP segment, taken apart so that it can be changed. `sound`: its checksum was right."""

    side: str
    v6: bool
    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    window: int
    urgent: int
    options: bytes
    payload: bytes
    sound: bool = True
    lie: int = 0  # added to the data offset, in words

    @classmethod
    def read(cls, side: str, data: bytes) -> Segment:
        body = data[header_length(data) :]
        sport, dport, seq, ack, offset, flags, window, _sum, urgent = struct.unpack("!HHIIBBHHH", body[:20])
        end = min(max((offset >> 4) * 4, 20), len(body))
        made = cls(
            side, data[0] >> 4 == 6, sport, dport, seq, ack, flags, window, urgent, body[20:end], body[end:],
            lie=(offset >> 4) - end // 4,
        )  # fmt: skip
        return replace(made, sound=made.bytes()[header_length(data) :][16:18] == body[16:18])

    def bytes(self) -> bytes:
        options = self.options[:40]
        options += b"\0" * (-len(options) % 4)
        words = (5 + len(options) // 4 + self.lie) & 15
        body = struct.pack(
            "!HHIIBBHHH", self.sport, self.dport, self.seq & MASK, self.ack & MASK, words << 4, self.flags,
            self.window, 0, self.urgent,
        ) + options + self.payload  # fmt: skip
        src, dst = (CLIENT6, SERVER6) if self.v6 else (CLIENT, SERVER)
        if self.side == "s":
            src, dst = dst, src
        made = summed(ip(src, dst, 6, body[: MTU - (40 if self.v6 else 20)]))
        if self.sound:
            return made
        at = header_length(made) + 16
        return made[:at] + bytes((made[at] ^ 0x55,)) + made[at + 1 :]


def options_of(text: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, the whole option); ends at what cannot be read."""
    at = 0
    while at < len(text):
        kind = text[at]
        length = 1 if kind < 2 else text[at + 1] if at + 1 < len(text) else 0
        if length < 1 or (kind >= 2 and length < 2) or at + length > len(text):
            return
        yield kind, text[at : at + length]
        at += length


def clamped(side: str, data: bytes, most: int) -> bytes:
    """As a router clamps the MSS of a SYN."""
    if not data[header_length(data) + 13] & SYN:
        return data
    segment = Segment.read(side, data)
    options = b""
    for kind, text in options_of(segment.options):
        options += text[:2] + min(most, int.from_bytes(text[2:4], "big")).to_bytes(2, "big") if kind == 2 else text
    return replace(segment, options=options).bytes()


def moved(segment: Segment, mine: int, theirs: int) -> Segment:
    """As a middle box moves sequence numbers: `mine` onto those of its sender, `theirs` onto what it acknowledges."""
    options = b""
    for kind, text in options_of(segment.options):
        if kind == 5:
            edges = [int.from_bytes(text[at : at + 4], "big") + theirs for at in range(2, len(text) - 3, 4)]
            text = text[:2] + b"".join((edge & MASK).to_bytes(4, "big") for edge in edges)
        options += text
    ack = segment.ack + theirs if segment.flags & ACK else segment.ack
    return replace(segment, seq=(segment.seq + mine) & MASK, ack=ack & MASK, options=options)


# --- what becomes of a recording --------------------------------------------------------------------------------------


class Changed:
    """A conversation with changes that no stack would make."""

    def __init__(self, chance: random.Random, segments: list[Segment]) -> None:
        self.chance = chance
        self.segments = segments

    def at(self) -> int:
        return self.chance.randrange(len(self.segments))

    def change(self) -> None:
        if self.segments:
            self.chance.choice(CHANGES)(self)

    def drops(self) -> None:
        first = self.at()
        del self.segments[first : first + self.chance.choice([1, 1, 1, 2, 5])]

    def begins_late(self) -> None:
        del self.segments[: self.chance.randint(0, min(len(self.segments) - 1, 20))]

    def doubles(self) -> None:
        """Again at once, or later."""
        old = self.at()
        self.segments.insert(min(len(self.segments), old + self.chance.choice([1, 1, 2, 5, 30])), self.segments[old])

    def swaps(self) -> None:
        one, step = self.at(), self.chance.choice([1, 1, 2, 5])
        other = min(len(self.segments) - 1, one + step)
        self.segments[one], self.segments[other] = self.segments[other], self.segments[one]

    def alters(self) -> None:
        """One segment, or it and all that follow of its side."""
        at = self.at()
        altered = self.altered(self.segments[at])
        if self.chance.random() < 0.5:
            self.segments[at] = altered
        else:
            self.segments.insert(at + self.chance.randint(0, 1), altered)

    def altered(self, segment: Segment) -> Segment:
        chance = self.chance
        steps = [1, 2, 1000, 66000, 1 << 20]
        far = chance.choice([*steps, *(-step for step in steps), 1 << 31, chance.getrandbits(32)])
        flags = [RST, RST | ACK, SYN, SYN | ACK, FIN | ACK, ACK, 0, SYN | FIN, FIN, ACK | 8, ACK | 32, 0xFF, SYN | 0xC0]
        ways: list[dict[str, Any]] = [
            {"seq": segment.seq + far}, {"ack": segment.ack + far}, {"ack": 0}, {"seq": 0},
            {"flags": chance.choice(flags)}, {"flags": chance.choice(flags), "payload": b""},
            {"flags": chance.choice(flags), "seq": segment.ack}, {"flags": RST, "seq": self.expected(segment)},
            {"flags": RST, "seq": self.expected(segment) + chance.choice([-1, 1, 500])},
            {"flags": segment.flags ^ 1 << chance.randrange(8)},
            {"window": chance.choice([0, 1, 65535, chance.getrandbits(16)])},
            {"options": b""}, {"options": self.other_options(segment.options)}, {"payload": b""},
            {"payload": segment.payload[: len(segment.payload) // 2]}, {"payload": segment.payload + b"more"},
            {"sound": False}, {"lie": chance.choice([-1, 1, 5])}, {"urgent": chance.getrandbits(16)},
        ]  # fmt: skip
        way = chance.choice(ways)
        made = replace(segment, **way)
        return replace(made, seq=made.seq & MASK, ack=made.ack & MASK)

    def expected(self, segment: Segment) -> int:
        """What the other side has acknowledged last, as a good reset would have it."""
        acked = [each.ack for each in self.segments if each.side != segment.side and each.flags & ACK]
        return self.chance.choice(acked[-5:]) if acked else segment.seq

    def other_options(self, options: bytes) -> bytes:
        chance = self.chance
        edge = chance.getrandbits(32)
        extra = chance.choice([
            bytes((3, 3, chance.choice([0, 7, 14, 15]))), bytes((4, 2)), b"\1\1\1", b"\0", bytes((9, 1)), bytes((5, 9)),
            bytes((5, 10)) + edge.to_bytes(4, "big") + ((edge + 1000) & MASK).to_bytes(4, "big"),
        ])  # fmt: skip
        kept = b"".join(text for _kind, text in options_of(options) if chance.random() < 0.7)
        return (kept + extra if chance.random() < 0.5 else extra + kept)[:40]


CHANGES = [
    Changed.drops, Changed.drops, Changed.doubles, Changed.doubles, Changed.swaps, Changed.swaps, Changed.begins_late,
    *[Changed.alters] * 6,
]  # fmt: skip


def rebased(chance: random.Random, segments: list[Segment]) -> list[Segment]:
    """The same conversation with other first numbers, often such that they wrap around in its middle."""
    shift = {}
    for side in "cs":
        own = [each.seq for each in segments if each.side == side]
        wraps = own and chance.random() < 0.6
        shift[side] = -chance.choice(own) & MASK if wraps else chance.getrandbits(32)
    return [moved(each, shift[each.side], shift[OTHER[each.side]]) for each in segments]


class Talks:
    """Traces from recordings, which are made when they are needed."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.seconds = LONGEST
        self.ready: list[list[Segment]] = []
        self.used = 0

    def recording(self, chance: random.Random) -> list[Segment]:
        """One that has not been used too often."""
        if not self.ready or self.used >= USES * len(self.ready):
            if self.recorder is None:
                self.recorder = Recorder()
            self.ready = [
                [Segment.read(side, data) for side, data in talk.packets]
                for talk in self.recorder.record(chance.getrandbits(30), self.seconds)
            ]
            self.used = 0
        self.used += 1
        return chance.choice(self.ready)

    def segments(self, chance: random.Random) -> list[Segment]:
        found = self.recording(chance)[:MOST]
        if chance.random() < 0.6:
            found = rebased(chance, found)
        changed = Changed(chance, list(found))
        for _change in range(chance.choice([0, 2, 10, 30, 60])):
            changed.change()
        if chance.random() < 0.25:  # the port is used again, now or while the first conversation still closes
            after = self.recording(chance)
            if after[0].v6 == found[0].v6:
                kept = len(changed.segments) - chance.choice([0, 0, 1, 2, 4])
                changed.segments[max(0, kept) :] = rebased(chance, after) if chance.random() < 0.5 else after
        return changed.segments[:MOST]

    def trace(self, seed: int, port: int) -> Trace:
        chance = random.Random(seed)
        return {"sysctls": settings(chance), "steps": self.steps(chance, port)}

    def timed_trace(self, seed: int, port: int) -> Trace:
        """Short timeouts and pauses anywhere, as conntrack_edges.timed_trace makes them."""
        together = random.Random(seed // TIMED_TOGETHER)
        chance = random.Random(seed)
        sysctls = settings(together) | {name: together.choice([1, 1, 2, 2, 3, 60]) for name in TIMEOUTS}
        return {"sysctls": sysctls, "steps": paused(chance, together, self.steps(chance, port))}

    def steps(self, chance: random.Random, port: int) -> list[list[str]]:
        steps = []
        for each in self.segments(chance):
            ends = {"sport": port, "dport": SERVER_PORT} if each.side == "c" else {"sport": SERVER_PORT, "dport": port}
            steps.append([each.side, replace(each, **ends).bytes().hex()])
        return steps


def settings(chance: random.Random) -> dict[str, int]:
    sysctls = dict(OPTIONS) | TIMEOUTS | {"acct": 1}
    for name, share in (("tcp_be_liberal", 0.1), ("tcp_ignore_invalid_rst", 0.2)):
        sysctls[name] = int(chance.random() < share)
    sysctls["tcp_loose"] = int(chance.random() < 0.8)
    sysctls["tcp_max_retrans"] = chance.choice([3, 3, 3, 0, 1, 2])
    if chance.random() < 0.5:  # no two alike: the seconds tell which timeout it was
        sysctls |= dict(zip(TIMEOUTS, chance.sample(range(20, 900, 10), len(TIMEOUTS)), strict=True))
    return sysctls
