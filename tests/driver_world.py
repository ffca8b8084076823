"""A driver without a kernel: queues filled by hand, and a machine that routes what they let through.

`World` carries a packet from hook to hook as the kernel would: PREROUTING, then INPUT or FORWARD, then POSTROUTING;
one verdict at a time, at once. `World.sent` is what left the machine, `World.delivered` what reached it.
"""

from __future__ import annotations

from collections import deque

from engine.core.context import LOCAL, Arrival, Emission, Environment, Randomness
from engine.core.engine import Engine
from engine.core.hooks import FORWARD, INPUT, IPV4, IPV6, OUTPUT, POSTROUTING, PREROUTING
from engine.core.packet import Packet
from engine.driver.clocks import Clock
from engine.driver.nfqueue import Queued
from engine.driver.worker import Worker

# A router between lan (10.0.1.0/24, fd00:1::/64) and wan (10.0.2.0/24, everything else)
ADDRESSES = {
    "lan": [(IPV4, 0x0A000101, 24), (IPV6, (0xFD00 << 112 | 1 << 96) + 1, 64)],
    "wan": [(IPV4, 0x0A000201, 24), (IPV6, (0xFD00 << 112 | 2 << 96) + 1, 64)],
}


def surroundings() -> Environment:
    environment = Environment()
    environment.addresses = dict(ADDRESSES)
    environment.default_route_device = "wan"
    return environment


class HandMachine:
    """An environment as the worker wants it: nothing ever changes."""

    def __init__(self, environment: Environment) -> None:
        self.losses: list[object] = []
        self.links_changed = False
        self.neighbours_changed = False
        self.mtu = environment.mtu
        self.route = environment.route

    def refresh(self) -> None:
        pass

    def take_losses(self) -> list[object]:
        return []

    def link(self, _name: str) -> None:
        return None


class HandQueue:
    """One hook's queue."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: deque[Queued] = deque()
        self.numbers: list[int] = []
        self.sent = 0
        self.refused = 0

    def receive(self) -> Queued | None:
        return self.waiting.popleft() if self.waiting else None

    def answer(self, queued, accept, data=None, mark=-1, priority=-1) -> None:
        self.sent += 1
        if priority >= 0:
            self.world.priorities.append((queued.arrival.hook, priority))
        self.world.verdict(queued, accept, data, mark)

    def close(self) -> None:
        pass


class HandQueues:
    def __init__(self, world: World) -> None:
        self.by_hook = [HandQueue(world) for _hook in range(5)]
        self.full = [True] * 5
        self.alone = False

    def look_everywhere(self) -> None:
        self.full = [True] * 5

    def next_of(self, order: tuple[int, ...]) -> Queued | None:
        for hook in order:
            queued = self.by_hook[hook].receive()
            if queued is not None:
                return queued
        return None

    def expect(self, arrival: Arrival, copies: bool) -> None:
        pass

    def close(self) -> None:
        pass


class HandSender:
    """What the engine sends: `output` enters OUTPUT like any local packet, the rest is gone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.emissions: list[Emission] = []
        self.sent = 0
        self.failed = 0
        self.last_error = ""

    def send(self, emission: Emission, cause: Arrival | None = None) -> bool:
        self.emissions.append(emission)
        self.sent += 1
        if emission.via == "output":
            self.world.arrive(Arrival(OUTPUT, emission.data, outdev="lan", mark=emission.mark, uid=0, gid=0))
        return True

    def retry(self) -> None:
        pass

    def close(self) -> None:
        pass


class World:
    def __init__(self, rules: str = "", family: str = "ipv4", clock: str = "virtual") -> None:
        self.environment = surroundings()
        self.engine = Engine(self.environment, Randomness())
        if rules:
            self.engine.load(rules, family)
        self.queues = HandQueues(self)
        self.sender = HandSender(self)
        machine = HandMachine(self.environment)
        self.worker = Worker(self.engine, machine, Clock(clock), self.queues, self.sender)
        self.sent: list[bytes] = []
        self.delivered: list[bytes] = []
        self.verdicts: list[tuple[int, bool]] = []
        self.marks: list[tuple[int, int]] = []
        self.priorities: list[tuple[int, int]] = []
        self.number = 0

    def arrive(self, arrival: Arrival, kind: int = 0) -> None:
        self.number += 1
        queued = Queued(self.number, kind, arrival, False)
        queue = self.queues.by_hook[arrival.hook]
        queued.source = queue
        queue.waiting.append(queued)

    def receive(self, *packets: bytes, indev: str = "lan", mark: int = 0) -> None:
        """Packets come in and are handled."""
        for data in packets:
            self.arrive(Arrival(PREROUTING, data, indev, hwsrc=bytes(6), mark=mark))
        self.worker.handle_waiting(1 << 30)

    def make(self, *packets: bytes, outdev: str = "wan") -> None:
        """Packets of local programs."""
        for data in packets:
            self.arrive(Arrival(OUTPUT, data, outdev=outdev, uid=1000, gid=1000))
        self.worker.handle_waiting(1 << 30)

    def verdict(self, queued: Queued, accept: bool, data: bytes | None, mark: int) -> None:
        arrival = queued.arrival
        self.verdicts.append((arrival.hook, accept))
        if mark >= 0:
            self.marks.append((arrival.hook, mark))
            arrival.mark = mark
        if not accept:
            return
        data = arrival.data if data is None else data
        packet = Packet(data)
        if arrival.hook == PREROUTING and self.environment.address_type(packet.dst, packet.family) == LOCAL:
            self._next(Arrival(INPUT, data, arrival.indev, mark=arrival.mark))
        elif arrival.hook == PREROUTING:
            packet.set_ttl(packet.ttl - 1)
            route = self.environment.route(packet.dst, packet.family)
            self._next(Arrival(FORWARD, bytes(packet.data), arrival.indev, route.device, arrival.mark))
        elif arrival.hook in (FORWARD, OUTPUT):
            self._next(Arrival(POSTROUTING, data, outdev=arrival.outdev, mark=arrival.mark))
        elif arrival.hook == POSTROUTING:
            self.sent.append(data)
        else:
            self.delivered.append(data)

    def _next(self, arrival: Arrival) -> None:
        self.arrive(arrival)


def ipv4(payload: bytes, proto: int = 17, src: str = "10.0.1.10", dst: str = "10.0.2.10", **fields: int) -> bytes:
    """An IPv4 packet. fields: id, offset (bytes), more, df, tos, ttl."""
    from ipaddress import IPv4Address

    word = fields.get("offset", 0) // 8 | (0x2000 if fields.get("more") else 0) | (0x4000 if fields.get("df") else 0)
    header = bytes((0x45, fields.get("tos", 0))) + (20 + len(payload)).to_bytes(2, "big")
    header += fields.get("id", 7).to_bytes(2, "big") + word.to_bytes(2, "big")
    header += bytes((fields.get("ttl", 64), proto, 0, 0)) + IPv4Address(src).packed + IPv4Address(dst).packed
    packet = Packet(header + payload)
    packet.set_ip_checksum()
    return bytes(packet.data)


def udp(size: int = 10, sport: int = 1000, dport: int = 2000, first: int = 0) -> bytes:
    """A UDP segment whose payload counts upwards; no checksum."""
    body = bytes((first + number) & 0xFF for number in range(size))
    return sport.to_bytes(2, "big") + dport.to_bytes(2, "big") + (8 + size).to_bytes(2, "big") + b"\0\0" + body


def cut(segment: bytes, *lengths: int, **fields: int) -> list[bytes]:
    """IPv4 fragments of a segment with these payload lengths."""
    pieces = []
    start = 0
    for length in lengths:
        part = segment[start : start + length]
        pieces.append(ipv4(part, offset=start, more=int(start + length < len(segment)), **fields))
        start += length
    assert start == len(segment)
    return pieces


def ipv6(payload: bytes, following: int, src: str = "fd00:1::10", dst: str = "fd00:2::10", hops: int = 64) -> bytes:
    from ipaddress import IPv6Address

    header = b"\x60\0\0\0" + len(payload).to_bytes(2, "big") + bytes((following, hops))
    return header + IPv6Address(src).packed + IPv6Address(dst).packed + payload


def cut6(segment: bytes, *lengths: int, proto: int = 17, id: int = 9, **ends: str) -> list[bytes]:
    """ends: src and dst, as `ipv6` takes them."""
    pieces = []
    start = 0
    for length in lengths:
        word = start | int(start + length < len(segment))
        header = bytes((proto, 0)) + word.to_bytes(2, "big") + id.to_bytes(4, "big")
        pieces.append(ipv6(header + segment[start : start + length], 44, **ends))
        start += length
    return pieces
