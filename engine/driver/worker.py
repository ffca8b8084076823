"""From the packet queue through the engine and back: the part of the process that handles packets.

    receive -> Arrival -> Engine.process -> Departure -> log, trace, emissions, verdict

A packet for which the engine raises is dropped and the traceback kept (`faults`); the process lives on.

Each verdict leaves at once, and what it brings is handled before anything new: a packet's next hook first, then packets
made here (the engine's own among them), then packets that enter. So one packet has gone its whole way before the next
one starts, as in the kernel; a second packet of a flow finds the connection that the first one made.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from engine.core.context import BROADCAST, LOCAL, MULTICAST, Arrival, Emission, Proxy, Route
from engine.core.engine import Departure, Engine
from engine.core.hooks import FORWARD, HOOK_NAMES, INPUT, IPV4, IPV6, OUTPUT, POSTROUTING, PREROUTING
from engine.core.packet import Packet
from engine.core.verdict import ACCEPT, STOLEN
from engine.driver.clocks import Clock
from engine.driver.convoy import (
    Convoy,
    Convoys,
    Decision,
    has_fragment_header,
    key_of,
    may_be_fragment,
    merge_rest,
    slices,
    whole_as_seen,
)
from engine.driver.environment import Link, Loss
from engine.driver.link_headers import LinkHeaders
from engine.driver.nfqueue import TO_BROADCAST, TO_HOST, Names, Owners, PacketQueue, Queued
from engine.driver.queue_rules import ALL_KINDS
from engine.driver.queue_rules import queue as queue_number
from engine.driver.records import Faults, Log, Traces
from engine.driver.sender import group_address
from engine.driver.transparent_proxies import is_token

# Which packet comes first: the one that is furthest on its way (bridges flood their ports before they deliver here).
ORDER: Final = (POSTROUTING, FORWARD, INPUT, OUTPUT, PREROUTING)
OWN_WAY: Final = (POSTROUTING, OUTPUT)
NESTING: Final = 8  # a packet of ours may make the engine send another, but not for ever

CONVOY_LIFETIME: Final = 10.0  # seconds, of the real clock
SYNC_LIMIT: Final = 2.0  # seconds that a sync may take under traffic that never ends
SLICE: Final = 256  # packets handled before the process looks at anything else
FIRST_MULTICAST: Final = 224  # first byte of an IPv4 multicast or limited broadcast address
ALL_ONES: Final = 0xFF  # first byte of an IPv6 multicast address
DELIVERED: Final = (LOCAL, BROADCAST, MULTICAST)
ALL_STATIONS: Final = b"\xff" * 6
ETHERTYPES: Final[dict[int, bytes]] = {4: b"\x08\x00", 6: b"\x86\xdd"}


class Machine(Protocol):
    """What the worker asks of the machine around it; see `engine.driver.environment`."""

    losses: list[Loss]
    links_changed: bool
    neighbours_changed: bool

    def refresh(self) -> None: ...
    def take_losses(self) -> list[Loss]: ...
    def link(self, name: str) -> Link | None: ...
    def mtu(self, device: str) -> int: ...
    def proxy_token(self, proxy: Proxy) -> int: ...
    def route(self, destination: int, family: int, mark: int = 0, source: int = 0, device: str = "") -> Route: ...


class Hooks(Protocol):
    """The queues of all hooks; see `Queues`."""

    full: list[bool]
    alone: bool

    def look_everywhere(self) -> None: ...
    def next_of(self, order: tuple[int, ...]) -> Queued | None: ...
    def expect(self, arrival: Arrival, copies: bool) -> None: ...
    def close(self) -> None: ...


class Sending(Protocol):
    """What sends the engine's own packets; see `engine.driver.sender`."""

    def send(self, emission: Emission, cause: Arrival | None = None) -> bool: ...
    def retry(self) -> None: ...
    def close(self) -> None: ...


class Queues:
    """The queues of all hooks, and which to look at next.

    full[hook]: may a packet wait there? A look that finds none says no; a verdict that lets a packet go on says yes for
    the hooks it may come to. alone: that packet has no copies, so one look that finds it is enough. What is overlooked
    so (a packet that waited for a neighbour) is found when the socket is said to be readable. Raises OSError when
    another process reads one of the queues (EBUSY, EPERM).
    """

    def __init__(self, names: Names, owners: Owners) -> None:
        self.by_hook = [
            PacketQueue([queue_number(hook, kind) for kind in ALL_KINDS], names, owners)
            for hook in range(len(HOOK_NAMES))
        ]
        self.full = [True] * len(HOOK_NAMES)
        self.alone = False

    def look_everywhere(self) -> None:
        self.full = [True] * len(HOOK_NAMES)
        self.alone = False

    def next_of(self, order: tuple[int, ...]) -> Queued | None:
        """The packet to handle now, None if none waits. order: hooks, the most urgent first."""
        full = self.full
        for hook in order:
            if full[hook]:
                queued = self.by_hook[hook].receive()
                if queued is None:
                    full[hook] = False
                    continue
                if self.alone:
                    if hook == POSTROUTING:
                        full[POSTROUTING] = False
                    elif hook in (FORWARD, INPUT):
                        full[FORWARD] = full[INPUT] = False
                return queued
        return None

    def expect(self, arrival: Arrival, copies: bool) -> None:
        """A packet goes on from its hook: where may it, or its copies, turn up?"""
        self.alone = not copies
        hook = arrival.hook
        if hook == PREROUTING:
            self.full[FORWARD] = self.full[INPUT] = True
        elif hook in (FORWARD, OUTPUT):
            self.full[POSTROUTING] = True
        elif hook == POSTROUTING and arrival.outdev == "lo":
            self.full[PREROUTING] = True

    def close(self) -> None:
        for queue in self.by_hook:
            queue.close()


class Worker:
    """packets, dropped: handled since the start. too_big: packets dropped because no verdict can carry their bytes."""

    def __init__(self, engine: Engine, environment: Machine, clock: Clock, queues: Hooks, sender: Sending) -> None:
        self.engine = engine
        self.environment = environment
        self.clock = clock
        self.queues = queues
        self.sender = sender
        self.convoys = Convoys()
        self.link_headers: LinkHeaders | None = None
        self.traces = Traces("on" if clock.virtual else "sparing")
        self.log = Log()
        self.faults = Faults()
        self.packets = 0
        self.dropped = 0
        self.too_big = 0
        self.nested = 0
        self.headers: dict[tuple[str, bytes, int, int], bytes] = {}

    # -- the loop

    def handle_waiting(self, limit: int = SLICE, hook: int = -1) -> int:
        """Handle what waits in the queues, at most `limit` packets; returns how many those were.

        hook: whose queue is known to be readable; -1: look at all.
        """
        self.take_notice()
        queues = self.queues
        if hook < 0:
            queues.look_everywhere()
        else:
            queues.full[hook] = True
            queues.alone = False
        count = 0
        real_time = time.monotonic()
        self.engine.tracing = self.traces.mode == "on"
        while count < limit:
            queued = queues.next_of(ORDER)
            if queued is None:
                break
            count += 1
            self.handle(queued, real_time)
        self.packets += count
        return count

    def sync(self) -> bool:
        """Handle packets until none is left; False if they never stopped coming."""
        deadline = time.monotonic() + SYNC_LIMIT
        while self.handle_waiting():
            if time.monotonic() > deadline:
                return False
        self.engine.settle()
        self.convoys.settle()
        return True

    def take_notice(self) -> None:
        """Learn what changed on the machine; connections of lost addresses go."""
        environment = self.environment
        environment.refresh()
        if environment.losses:
            for loss in environment.take_losses():
                if loss.address is None:
                    self.headers.clear()
                    self.engine.nat.device_down(loss.device)
                else:
                    self.engine.nat.address_lost(loss.device, loss.family, loss.address)
        if environment.links_changed:
            environment.links_changed = False
            self.headers.clear()
        if environment.neighbours_changed:
            environment.neighbours_changed = False
            self.sender.retry()

    def housekeeping(self) -> None:
        """What has to happen without a packet, all of it, however long it takes: the clock was moved by hand."""
        self.engine.conntrack.expire_all(self.clock.now())
        self.tick()

    def expire_some(self) -> bool:
        """The connections that are over go, a millisecond's work; True if there may be more of them."""
        return self.engine.conntrack.expire_some(self.clock.now())

    def tick(self) -> None:
        """What has to be looked at once a second, besides connections."""
        now = self.clock.now()
        self.take_notice()
        for emission in self.engine.expire_fragments(now):
            self.send(emission, None)
        self.release_abandoned()
        self.sender.retry()

    # -- one packet

    def handle(self, queued: Queued, real_time: float) -> None:
        try:
            self._handle(queued, real_time)
        except Exception as error:
            self.faults.add(error, f"while handling {queued.arrival!r:.2000}")
            self.answer(queued, False)

    def _handle(self, queued: Queued, real_time: float) -> None:
        arrival = queued.arrival
        if arrival.indev:
            arrival.mac_header = self.link_header(arrival, queued.kind)
        if may_be_fragment(arrival.data) and self._gathers(arrival):
            packet = Packet(arrival.data)
            if not packet.fault and has_fragment_header(packet):
                self._fragment(queued, packet, real_time)
                return
        self._conclude(queued, self._process(arrival, real_time))

    def _gathers(self, arrival: Arrival) -> bool:
        return self.engine.store.rulesets[IPV4 if arrival.data[0] >> 4 == 4 else IPV6].needs_defrag

    def answer(
        self,
        queued: Queued,
        accept: bool,
        data: bytes | None = None,
        mark: int = -1,
        priority: int = -1,
        copies: bool = False,
    ) -> None:
        """The verdict leaves for the queue from which the packet came. copies: others like it are under way."""
        if queued.source is not None:
            queued.source.answer(queued, accept, data, mark, priority)
        if accept:
            arrival = queued.arrival
            several = (
                queued.kind != TO_HOST or arrival.physin != "" or (arrival.hook == OUTPUT and to_group(arrival.data))
            )
            self.queues.expect(arrival, copies or several)

    def _process(self, arrival: Arrival, real_time: float) -> Departure:
        """The engine's word on a packet. Its log and trace are put down, its own packets sent."""
        engine = self.engine
        traces = self.traces
        if traces.mode == "sparing":
            engine.tracing = traces.wanted(real_time)
        now = self.clock.now()
        departure = engine.process(arrival, now)
        if departure.log:
            self.log.add(departure.log)
        if engine.tracing:
            traces.add(now, arrival, departure)
        return departure

    def _emit(self, departure: Departure, arrival: Arrival) -> None:
        for emission in departure.emit:
            self.send(emission, arrival)

    def _conclude(self, queued: Queued, departure: Departure) -> None:
        arrival = queued.arrival
        if departure.emit:
            self._emit(departure, arrival)
        if departure.verdict != ACCEPT:
            self.dropped += 1
            self.answer(queued, False)
            return
        data = departure.data
        if data is not None and queued.truncated:
            self.too_big += 1
            self.dropped += 1
            self.answer(queued, False)
            return
        if data is not None and self._turned_away(arrival, data, departure.mark):
            self.answer(queued, False)
            return
        self.answer(queued, True, data, self._mark(arrival, departure), self._priority(arrival, departure))

    def _mark(self, arrival: Arrival, departure: Departure) -> int:
        """The mark to set on the kernel's packet, -1 if it has it."""
        mark = departure.route_mark if arrival.hook == OUTPUT else departure.mark
        return -1 if mark == arrival.mark else mark

    def _priority(self, arrival: Arrival, departure: Departure) -> int:
        """The priority to set on the kernel's packet, -1 if it has it. One for a transparent proxy is known by it."""
        if departure.proxy is not None:
            return self.environment.proxy_token(departure.proxy)
        if arrival.priority and arrival.hook == PREROUTING and is_token(arrival.priority):
            return 0
        return -1 if departure.priority == arrival.priority else departure.priority

    # -- packets of our own

    def send(self, emission: Emission, cause: Arrival | None) -> None:
        if emission.via == "output" and emission.gateway:
            self._send_by_gateway(emission)
        elif self.sender.send(emission, cause) and emission.via == "output":
            self._see_off()

    def _see_off(self) -> None:
        """A packet of our own was sent: it leaves the machine before anything else happens, as the kernel's would."""
        if self.nested >= NESTING:
            return
        self.nested += 1
        try:
            queues = self.queues
            full = queues.full
            alone = queues.alone
            full[OUTPUT] = full[POSTROUTING] = True
            queued = queues.next_of(OWN_WAY)
            while queued is not None:
                self.packets += 1
                self.handle(queued, time.monotonic())
                queued = queues.next_of(OWN_WAY)
            queues.alone = alone
        finally:
            self.nested -= 1

    def _send_by_gateway(self, emission: Emission) -> None:
        """A packet for another next hop than its destination's: no socket sends such a one, so it passes OUTPUT and
        POSTROUTING here and goes out behind them."""
        packet = Packet(emission.data)
        device = emission.device
        if not device:
            route = self.environment.route(emission.gateway, packet.family, emission.mark)
            device = route.device
        self._walk((OUTPUT, POSTROUTING), emission.data, "", device, emission.gateway, emission.mark)

    def _walk(self, hooks: tuple[int, ...], data: bytes, indev: str, device: str, gateway: int, mark: int) -> None:
        """A packet passes hooks that the kernel does not take it through, and leaves by `device`."""
        for hook in hooks:
            arrival = Arrival(hook, data, indev if hook != POSTROUTING else "", device, mark)
            departure = self._process(arrival, time.monotonic())
            self._emit(departure, arrival)
            if departure.verdict != ACCEPT:
                return
            data = data if departure.data is None else departure.data
            mark = departure.mark
        self.sender.send(Emission(data, "wire", device, gateway, mark), None)

    def _turned_away(self, arrival: Arrival, data: bytes, mark: int) -> bool:
        """Round by lo a packet keeps the route it left by; whose destination changed there is routed anew, and this
        kernel does not do that for a packet from a queue. (IPv4: such a packet is dropped, see Engine.)"""
        if arrival.hook != PREROUTING or arrival.indev != "lo" or data[0] >> 4 != 6:
            return False
        if data[24:40] == arrival.data[24:40]:
            return False
        packet = Packet(data)
        route = self.environment.route(packet.dst, IPV6, mark, 0)
        if route.kind in DELIVERED:
            return False
        if route.device and packet.ttl > 1 and len(data) <= self.environment.mtu(route.device):
            forwarded = data[:7] + bytes((packet.ttl - 1,)) + data[8:]
            self._walk((FORWARD, POSTROUTING), forwarded, "lo", route.device, route.gateway or packet.dst, mark)
        return True

    # -- fragments

    def release_abandoned(self) -> None:
        """Drop the fragments of packets that came to nothing."""
        abandoned = self.engine.fragments.abandoned
        if abandoned:
            for number in abandoned:
                for queued in self.convoys.release(number):
                    self.answer(queued, False)
            abandoned.clear()

    def _fragment(self, queued: Queued, packet: Packet, real_time: float) -> None:
        arrival = queued.arrival
        if arrival.hook in (PREROUTING, OUTPUT):
            self._gather(queued, real_time)
            return
        convoy = self.convoys.find(key_of(packet), real_time)
        if convoy is None:
            self._conclude(queued, self._process(arrival, real_time))
        else:
            self._pass_on(queued, packet, convoy, real_time)

    def _gather(self, queued: Queued, real_time: float) -> None:
        fragments = self.engine.fragments
        fragments.joined = 0
        fragments.cuts = None
        departure = self._process(queued.arrival, real_time)
        assembly = fragments.joined
        if assembly and departure.verdict == STOLEN and fragments.cuts is None:
            self.convoys.hold(assembly, queued)
            self._emit(departure, queued.arrival)
        elif not assembly:
            self._conclude(queued, departure)
        else:
            self._emit(departure, queued.arrival)
            self._start(assembly, queued, departure, real_time)
        self.release_abandoned()

    def _start(self, assembly: int, last: Queued, departure: Departure, real_time: float) -> None:
        """A packet is whole: its fragments go on together."""
        carriers = self.convoys.release(assembly)
        carriers.append(last)
        cuts = self.engine.fragments.cuts
        whole = departure.data
        if departure.verdict != ACCEPT or whole is None or cuts is None:
            self.dropped += len(carriers)
            for queued in carriers:
                self.answer(queued, False)
            return
        mark = self._mark(last.arrival, departure)
        priority = self._priority(last.arrival, departure)
        atomic = len(cuts.lengths) == 1  # a fragment header around a whole packet (RFC 6946); it goes for good
        if atomic or self._goes_as_one(whole, cuts.largest, last.arrival, departure.mark):
            for queued in carriers[:-1]:
                self.answer(queued, False)
            self.answer(last, True, whole, mark, priority)
            return
        carriers.sort(key=_offset_of)
        pieces = slices(whole, cuts)
        convoy = Convoy(whole, cuts, real_time + CONVOY_LIFETIME)
        self.convoys.start(key_of(Packet(pieces[0])), convoy)
        decision = Decision(True, pieces, mark, priority)
        for queued in carriers:
            self._answer_by(queued, decision)

    def _goes_as_one(self, whole: bytes, largest: int, arrival: Arrival, mark: int) -> bool:
        """Delivered here, or about to be refused for its size or its hops: the kernel must see the whole packet."""
        packet = Packet(whole)
        route = self.environment.route(packet.dst, packet.family, mark)
        if arrival.hook == PREROUTING and route.kind in DELIVERED:
            return not arrival.physin or route.kind == LOCAL
        if self._is_bridged(arrival) or not route.device:
            return False
        if arrival.hook == PREROUTING and packet.ttl <= 1:
            return True
        refusable = packet.family != IPV4 or packet.df
        return refusable and largest > self.environment.mtu(route.device)

    def _is_bridged(self, arrival: Arrival) -> bool:
        """Did it come by a bridge port, for somebody else than the bridge itself?"""
        if not arrival.physin:
            return False
        bridge = self.environment.link(arrival.indev)
        return bridge is None or arrival.mac_header[:6] != bridge.mac

    def _pass_on(self, queued: Queued, packet: Packet, convoy: Convoy, real_time: float) -> None:
        """A fragment of a convoy at a later hook: the first to come brings the whole packet before the engine."""
        arrival = queued.arrival
        way = (arrival.hook, arrival.outdev, arrival.physout)
        decision = convoy.decisions.get(way)
        if decision is None or packet.fragment_offset == 0:
            decision = self._decide(arrival, packet, convoy, real_time)
            convoy.decisions[way] = decision
        self._answer_by(queued, decision)

    def _answer_by(self, queued: Queued, decision: Decision) -> None:
        accept, data = decision.take()
        if data is not None and data == queued.arrival.data:
            data = None
        self.answer(queued, accept, data, decision.mark, decision.priority, copies=True)

    def _decide(self, arrival: Arrival, first: Packet, convoy: Convoy, real_time: float) -> Decision:
        way_out = (arrival.outdev, arrival.physout)
        whole = whole_as_seen(first, convoy.wholes.get(way_out, convoy.whole))
        asked = Arrival(
            arrival.hook, whole, arrival.indev, arrival.outdev, arrival.mark, arrival.physin, arrival.physout,
            arrival.hwsrc, arrival.uid, arrival.gid, False, arrival.mac_header, arrival.priority,
        )  # fmt: skip
        departure = self._process(asked, real_time)
        mark = self._mark(asked, departure)
        priority = self._priority(asked, departure)
        leaving = [emission for emission in departure.emit if emission.via == "wire"]
        departure.emit = [emission for emission in departure.emit if emission.via != "wire"]
        self._emit(departure, asked)
        if departure.verdict == STOLEN and leaving:
            pieces, rest = merge_rest([emission.data for emission in leaving], len(convoy.cuts.lengths))
            for data in rest:
                self.sender.send(Emission(data, "wire", leaving[0].device, 0, departure.mark), None)
            return Decision(True, pieces, mark, priority)
        if departure.verdict != ACCEPT:
            self.dropped += 1
            return Decision(False, None, -1, -1)
        if arrival.hook == POSTROUTING:
            return Decision(True, [departure.data or whole], mark, priority)  # it fits: it leaves whole
        if departure.data is None:
            return Decision(True, None, mark, priority)
        convoy.wholes[way_out] = departure.data
        return Decision(True, slices(departure.data, convoy.cuts), mark, priority)

    # -- link headers

    def link_header(self, arrival: Arrival, kind: int) -> bytes:
        """The link header of a received packet: as it was copied from a bridge port, else put together."""
        if arrival.physin and self.link_headers is not None:
            return self.link_headers.find(arrival.data)
        version = arrival.data[0] >> 4 if arrival.data else 0
        key = (arrival.indev, arrival.hwsrc, kind, version)
        header = self.headers.get(key) if kind in (TO_HOST, TO_BROADCAST) else None
        if header is None:
            header = self._make_header(arrival, kind, version)
            if kind in (TO_HOST, TO_BROADCAST):
                if len(self.headers) > 4096:
                    self.headers.clear()
                self.headers[key] = header
        return header

    def _make_header(self, arrival: Arrival, kind: int, version: int) -> bytes:
        if len(arrival.hwsrc) != 6 or version not in ETHERTYPES:
            return b""
        link = self.environment.link(arrival.indev)
        target = link.mac if link is not None else b""
        if kind == TO_BROADCAST:
            target = ALL_STATIONS
        elif kind != TO_HOST:
            packet = Packet(arrival.data)
            target = group_address(packet.dst, packet.family) or b"\x01" + bytes(5)
        return target + arrival.hwsrc + ETHERTYPES[version] if len(target) == 6 else b""

    def close(self) -> None:
        self.queues.close()
        self.sender.close()
        if self.link_headers is not None:
            self.link_headers.close()


def to_group(data: bytes) -> bool:
    """Does a packet go to several hosts (a copy may come back to this one)?"""
    if len(data) < 40:
        return len(data) >= 20 and data[0] >> 4 == 4 and data[16] >= FIRST_MULTICAST
    return data[16] >= FIRST_MULTICAST if data[0] >> 4 == 4 else data[24] == ALL_ONES


def _offset_of(queued: Queued) -> int:
    return Packet(queued.arrival.data).fragment_offset
