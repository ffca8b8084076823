"""The engine as a value machine: a packet at a hook in, a verdict out. No socket, clock, thread or chance in it.

process(arrival, now)
    for step in STEPS_AT[hook]:
        DEFRAG   fragments wait until their packet is whole      (only while a rule needs conntrack)
        TRACK    conntrack finds or makes the entry              (likewise)
        "nat"    the first packet of a connection asks the chain, every packet is translated
        table    walk(chain)
        HELP     helpers read the payload, sequence numbers are adjusted
        CONFIRM  the entry enters the conntrack table
  -> Departure(verdict, data, mark, emit, trace, log)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.conntrack import Conntrack
from engine.core import verdict as v
from engine.core.addresses import address_text
from engine.core.connection import (
    CT_ESTABLISHED,
    CT_ESTABLISHED_REPLY,
    CT_INVALID,
    CT_NEW,
    CT_RELATED,
    CT_RELATED_REPLY,
    CT_UNTRACKED,
)
from engine.core.context import (
    KERNEL_SOCKET,
    LOCAL,
    Arrival,
    Context,
    Emission,
    Environment,
    LogLine,
    Proxy,
    Randomness,
    Shared,
    TraceStep,
)
from engine.core.flights import Flight, Flights
from engine.core.fragments import Fragments, may_be_fragment
from engine.core.hooks import (
    CONFIRM,
    DEFRAG,
    HELP,
    HOOK_NAMES,
    INPUT,
    IPV4,
    IPV6,
    OUTPUT,
    POSTROUTING,
    PREROUTING,
    STEPS_AT,
    TRACK,
)
from engine.core.packet import Packet
from engine.core.walk import walk
from engine.helpers import Helpers
from engine.language.store import RulesetStore
from engine.nat import Nat

# Steps that do nothing while no rule of the family needs conntrack.
CONNTRACK_STEPS: Final = frozenset((DEFRAG, TRACK, HELP, CONFIRM, "nat"))

# Tables at OUTPUT after which the kernel routes anew if they changed what it routes by.
REROUTING_STEPS: Final = frozenset(("mangle", "nat"))

# ICMP, IGMP, resets of TCP over IPv4, ICMPv6: what no process sent came from a socket of the kernel's own.
KERNEL_SOCKET_PROTOCOLS: Final[dict[int, frozenset[int]]] = {
    IPV4: frozenset((1, 2, 6)),
    IPV6: frozenset((58,)),
}
# Of what netfilter itself makes, only ICMP errors do; its resets and copies come from no socket.
ICMP_PROTOCOLS: Final = frozenset((1, 58))

CTINFO_NAMES: Final[dict[int, str]] = {
    CT_ESTABLISHED: "ESTABLISHED",
    CT_RELATED: "RELATED",
    CT_NEW: "NEW",
    CT_ESTABLISHED_REPLY: "ESTABLISHED reply",
    CT_RELATED_REPLY: "RELATED reply",
    CT_UNTRACKED: "UNTRACKED",
    CT_INVALID: "INVALID",
}


@dataclass(slots=True)
class Departure:
    """What becomes of a packet.

    verdict: ACCEPT, DROP, STOLEN or QUEUE of `engine.core.verdict`. data: the rewritten packet, None if its bytes stay.
    mark: as it is now; route_mark: as the kernel's routing may see it (they differ only at OUTPUT, where a mark set in
    mangle routes anew and one set in raw, nat or filter does not). emit: packets that the engine sends besides.
    proxy: whoever has the packet is to give it to a socket of that transparent proxy before it is routed (TPROXY).
    trace: steps met, empty unless tracing; connection: the packet's state, "" if conntrack has not looked at it.
    log: LOG, NFLOG, AUDIT lines. why: for a drop, who dropped it.
    """

    verdict: int
    data: bytes | None = None
    mark: int = 0
    priority: int = 0
    emit: list[Emission] = field(default_factory=list)
    trace: list[TraceStep] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    why: str = ""
    connection: str = ""
    route_mark: int = 0
    proxy: Proxy | None = None


def _routed_by(step: str, packet: Packet, context: Context) -> tuple[int, int, int, int]:
    """What a change of, in a table of OUTPUT, makes the kernel route anew."""
    if step == "nat":
        return (packet.dst, 0, 0, 0)
    return (packet.dst, packet.src, packet.tos, context.mark)


class Engine:
    """One netfilter: both families' tables, one conntrack table.

    environment and randomness stand for the machine around it; leave them out for a self-contained, repeatable engine.
    `tracing` fills `Departure.trace` for every packet.
    """

    def __init__(self, environment: Environment | None = None, randomness: Randomness | None = None) -> None:
        self.shared = Shared(environment or Environment(), randomness or Randomness())
        self.store = RulesetStore(self.shared)
        self.conntrack = Conntrack(self.shared)
        self.shared.conntrack = self.conntrack
        self.nat = Nat(self.conntrack, self.shared)
        self.helpers = Helpers(self.conntrack, self.nat, self.shared)
        self.fragments = Fragments(self.shared)
        self.flights = Flights()
        self.tracing = False

    # -- rules

    def load(self, text: str, family: str = "ipv4", name: str = "rules", counters: bool = False) -> None:
        """Replace all tables of a family by iptables-restore text, whole or not at all.

        Raises RulesetError (place, message, hint); then the rules in force are unchanged.
        """
        self.store.load(text, family, name, counters)

    def save(self, family: str = "ipv4", counters: bool = False, table: str = "") -> str:
        """iptables-save text, without the comment lines."""
        return self.store.save(family, counters, table)

    def flush(self) -> None:
        """Rules of both families, connections, expectations and waiting fragments are gone."""
        self.store.flush()
        self.conntrack.flush()
        self.fragments.flush()
        self.flights.settle()
        self.shared.named.clear()
        self.shared.log.clear()

    # -- packets

    def process(self, arrival: Arrival, now: float) -> Departure:
        """The verdict on one packet at one hook. `now` is in seconds, never running backwards."""
        packet = Packet(arrival.data, arrival.partial)
        if packet.fault:
            return Departure(v.DROP, mark=arrival.mark, why=f"malformed: {packet.fault}")
        context = Context(
            self.shared,
            packet.family,
            arrival.hook,
            now,
            arrival.indev,
            arrival.outdev,
            arrival.physin,
            arrival.physout,
            arrival.mark,
            arrival.priority,
        )
        context.hwsrc = arrival.hwsrc
        context.mac_header = arrival.mac_header
        context.uid = arrival.uid
        context.gid = arrival.gid
        if self.tracing:
            context.trace = []
        flight = self._board(packet, arrival, context, now)
        verdict = v.ACCEPT
        why = ""
        route_mark = arrival.mark
        for step in STEPS_AT[arrival.hook]:
            context.table = step
            if arrival.hook == OUTPUT and step in REROUTING_STEPS:
                before = _routed_by(step, packet, context)
                verdict = self._step(step, packet, context, flight)
                if before != _routed_by(step, packet, context):
                    route_mark = context.mark
                    if verdict == v.ACCEPT:
                        verdict = self._route_anew(packet, context)
            else:
                verdict = self._step(step, packet, context, flight)
            if verdict != v.ACCEPT:
                why = f"{step} {HOOK_NAMES[arrival.hook]}"
                break
        flight.mark = context.mark if arrival.hook == OUTPUT and route_mark != context.mark else -1
        departure = self._depart(packet, arrival, context, flight, verdict, why)
        departure.route_mark = route_mark if arrival.hook == OUTPUT else context.mark
        return departure

    def _route_anew(self, packet: Packet, context: Context) -> int:
        """DROP if no route leads to where OUTPUT has sent a packet."""
        if not self.shared.environment.is_unroutable(packet.dst, packet.family, context.mark):
            return v.ACCEPT
        if context.trace is not None:
            text = f"no way to {address_text(packet.dst, packet.family)}"
            context.trace.append(TraceStep("routing", "", 0, "", text, True, "", v.VERDICT_NAMES[v.DROP]))
        return v.DROP

    def _board(self, packet: Packet, arrival: Arrival, context: Context, now: float) -> Flight:
        """Find what earlier hooks knew of this packet."""
        self.conntrack.expire(now)
        flight = self.flights.find(packet, arrival.hook, arrival.indev)
        if flight is None:
            flight = Flight()
            flight.local = arrival.hook == OUTPUT
            if arrival.hook == OUTPUT:
                self._attach(packet, flight)
            elif arrival.hook != PREROUTING and self._tracks(packet.family):
                # nobody saw it before: the engine started between two hooks, or an option was rewritten on the way
                self.conntrack.recognise(packet, context)
                flight.entry = context.entry
                flight.ctinfo = context.ctinfo
                flight.seen = True
        if flight.made_here:  # the socket by which it was sent says nothing
            context.uid = KERNEL_SOCKET if packet.proto in ICMP_PROTOCOLS and not flight.copied else -1
            context.gid = -1
        elif flight.local and context.uid == -1 and packet.proto in KERNEL_SOCKET_PROTOCOLS[packet.family]:
            context.uid = KERNEL_SOCKET
        context.entry = flight.entry
        context.ctinfo = flight.ctinfo
        context.nftrace = flight.nftrace
        context.secmark = flight.secmark
        context.copied = flight.copied
        context.synproxied = flight.synproxied
        context.templated = flight.synproxied or flight.untracked_cause
        context.local = flight.local
        context.physin = arrival.physin or flight.physin
        context.fragmented = flight.fragmented
        context.socket = flight.socket
        if flight.mark >= 0:
            context.mark = flight.mark
        return flight

    def _attach(self, packet: Packet, flight: Flight) -> None:
        """An ICMP error of this machine belongs to the connection of the packet that caused it, even of one that
        nobody can find yet because it never reached the end of its way."""
        cause = self.flights.cause_of(packet)
        if cause is not None and cause.entry is not None:
            flight.entry = cause.entry
            backwards = cause.ctinfo in (CT_ESTABLISHED, CT_RELATED, CT_NEW)
            flight.ctinfo = CT_RELATED_REPLY if backwards else CT_RELATED
            flight.seen = True
        elif cause is not None and cause.ctinfo == CT_UNTRACKED:
            flight.untracked_cause = True

    def _tracks(self, family: int) -> bool:
        return self.store.rulesets[family].needs_conntrack

    def _step(self, step: str, packet: Packet, context: Context, flight: Flight) -> int:
        ruleset = self.store.rulesets[context.family]
        if step in CONNTRACK_STEPS:
            if not (ruleset.needs_defrag if step == DEFRAG else ruleset.needs_conntrack):
                return v.ACCEPT
            return self._conntrack_step(step, packet, context, flight)
        table = ruleset.tables.get(step)
        if table is None:
            return v.ACCEPT
        chain = table.at_hook[context.hook]
        if chain is None:
            return v.ACCEPT
        verdict = walk(chain, packet, context)
        if verdict == v.QUEUE:
            # nobody listens behind this engine
            return v.ACCEPT if context.queue_bypass else v.DROP
        return verdict

    def _conntrack_step(self, step: str, packet: Packet, context: Context, flight: Flight) -> int:
        if step == DEFRAG:
            if flight.seen or not may_be_fragment(packet):
                return v.ACCEPT
            return self.fragments.collect(packet, context)
        if step == TRACK:
            if flight.seen and (flight.entry is not None or context.ctinfo == CT_UNTRACKED):
                return v.ACCEPT  # INVALID in OUTPUT is looked at again when it comes round by lo, also with a template
            flight.seen = True
            verdict = self.conntrack.track(packet, context)
            if context.trace is not None:
                text = CTINFO_NAMES[context.ctinfo]
                context.trace.append(TraceStep("conntrack", "", 0, "", text, True, "", v.VERDICT_NAMES[verdict]))
            return verdict
        if step == "nat":
            if context.entry is None:
                return v.ACCEPT
            before = (packet.src, packet.dst)
            table = self.store.rulesets[context.family].tables.get("nat")
            verdict = self.nat.step(packet, context, table.at_hook[context.hook] if table is not None else None)
            if before != (packet.src, packet.dst):
                if context.trace is not None:
                    context.trace += rewrite_steps(before, packet)
                if verdict == v.ACCEPT and context.indev == "lo" and self._is_martian(before[1], packet, context):
                    return v.DROP
            return verdict
        if step == HELP:
            return self.helpers.step(packet, context) if context.entry is not None else v.ACCEPT
        return self.conntrack.confirm(packet, context) if context.entry is not None else v.ACCEPT

    def _is_martian(self, destination: int, packet: Packet, context: Context) -> bool:
        """Round by lo a packet keeps the route it left by. PREROUTING changed its destination: it is routed anew, as
        if received, and IPv4 does not receive what has an address of this machine as its source."""
        if context.hook != PREROUTING or context.family != IPV4 or packet.dst == destination:
            return False
        return self.shared.environment.address_type(packet.src, IPV4) == LOCAL

    def _depart(
        self, packet: Packet, arrival: Arrival, context: Context, flight: Flight, verdict: int, why: str
    ) -> Departure:
        leaving = arrival.hook == POSTROUTING or arrival.hook == INPUT
        emit = context.emit
        if verdict == v.ACCEPT and arrival.hook == POSTROUTING and context.fragmented is not None:
            pieces = self.fragments.split(packet, context)
            if pieces:
                emit = emit + pieces
                verdict = v.STOLEN
        if packet.changed and verdict == v.ACCEPT:
            packet.complete_checksum()
        flight.delivered = verdict == v.ACCEPT and arrival.hook == INPUT
        flight.left = arrival.hook == POSTROUTING and context.outdev != "lo"
        if verdict == v.ACCEPT and (not leaving or context.outdev == "lo"):
            flight.entry = context.entry
            flight.ctinfo = context.ctinfo
            flight.nftrace = context.nftrace
            flight.secmark = context.secmark
            flight.physin = context.physin
            flight.copied = context.copied
            flight.fragmented = context.fragmented
            flight.socket = context.socket
            if context.ctinfo == CT_UNTRACKED:
                flight.seen = True
            self.flights.put(packet, flight)
        elif verdict == v.ACCEPT and packet.changed and arrival.hook == INPUT:
            self.flights.put(packet, flight)  # an error about it will quote it as it is now
        elif verdict == v.DROP and context.entry is not None:
            self.conntrack.dropped(context.entry)
        departure = Departure(verdict, None, context.mark, context.priority, emit, why=why)
        if context.proxy is not None and verdict == v.ACCEPT:
            departure.proxy = context.proxy
        if packet.changed and verdict == v.ACCEPT:
            departure.data = bytes(packet.data)
        for emission in emit:
            self._launch(emission)
        if context.trace is not None:
            departure.trace = context.trace
            departure.connection = CTINFO_NAMES[context.ctinfo] if flight.seen else ""
        if self.shared.log:
            departure.log = self.shared.log
            self.shared.log = []
        return departure

    def _launch(self, emission: Emission) -> None:
        """Give an engine-made packet its source address and let it carry its connection into OUTPUT."""
        packet = Packet(emission.data)
        if packet.fault:
            return
        if packet.src == 0:
            route = self.shared.environment.route(packet.dst, packet.family, emission.mark)
            packet.set_src(route.source)
            emission.data = bytes(packet.data)
        if emission.via != "output":
            return
        flight = Flight()
        flight.local = True
        flight.entry = emission.entry
        flight.ctinfo = emission.ctinfo
        flight.copied = emission.copied
        flight.fragmented = emission.fragmented
        flight.synproxied = emission.synproxied
        flight.untracked_cause = emission.untracked_cause
        flight.seen = emission.entry is not None or emission.ctinfo != CT_INVALID
        flight.launched = flight.made_here = True
        self.flights.put(packet, flight)

    def expire_fragments(self, now: float) -> list[Emission]:
        """Give up the packets that waited too long for their fragments; what is to be said about them."""
        answers = self.fragments.expire(now)
        for emission in answers:
            self._launch(emission)
        return answers

    def settle(self) -> None:
        """All packets in flight have been handled; what still waits between two hooks was dropped by the kernel."""
        self.flights.settle()


def rewrite_steps(before: tuple[int, int], packet: Packet) -> list[TraceStep]:
    """How NAT changed a packet whose (source, destination) was `before`."""
    steps = []
    for side, old, new in (("src", before[0], packet.src), ("dst", before[1], packet.dst)):
        if old != new:
            text = f"{side} {address_text(old, packet.family)} -> {address_text(new, packet.family)}"
            steps.append(TraceStep("nat", "", 0, "", text, True, "", "REWRITE"))
    return steps
