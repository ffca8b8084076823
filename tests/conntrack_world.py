"""An engine's connection tracking alone: packets in at PREROUTING, confirmed at once, no rules."""

from __future__ import annotations

from conntrack_wire import CLIENT, SERVER, tcp, udp

from engine.conntrack import Conntrack
from engine.core.context import Context, Environment, Randomness, Shared
from engine.core.hooks import PREROUTING
from engine.core.packet import Packet
from engine.core.verdict import ACCEPT
from engine.nat import Nat

STATES = {0: "ESTABLISHED", 1: "RELATED", 2: "NEW", 3: "ESTABLISHED", 4: "RELATED", 7: "UNTRACKED", 8: "INVALID"}


class World:
    def __init__(self) -> None:
        self.shared = Shared(Environment(), Randomness())
        self.conntrack = Conntrack(self.shared)
        self.shared.conntrack = self.conntrack
        Nat(self.conntrack, self.shared)  # conntrack -I -n asks it
        self.now = 0.0
        self.reason = ""

    def sysctl(self, name: str, value: int) -> None:
        error = self.conntrack.set_sysctl("nf_conntrack_" + name, str(value))
        assert error == "", (name, value, error)

    def context(self, packet: Packet, hook: int = PREROUTING) -> Context:
        return Context(self.shared, packet.family, hook, self.now)

    def send(self, data: bytes, hook: int = PREROUTING, **settings: object) -> str:
        """The state of the packet, "DROP" if conntrack dropped it."""
        packet = Packet(data)
        assert not packet.fault, packet.fault
        self.conntrack.expire(self.now)
        context = self.context(packet, hook)
        for name, value in settings.items():
            setattr(context, name, value)
        verdict = self.conntrack.track(packet, context)
        self.reason = context.reason
        if verdict == ACCEPT:
            verdict = self.conntrack.confirm(packet, context)
        return STATES[context.ctinfo] if verdict == ACCEPT else "DROP"

    def lines(self) -> list[str]:
        return [self.conntrack.proc_line(entry, self.now) for entry in self.conntrack.table.entries(self.now)]

    def line(self) -> str:
        (line,) = self.lines()
        return line

    def summary(self) -> str:
        """State and flags of the one entry: `ESTABLISHED 432000 [ASSURED]`; "" without an entry."""
        return ", ".join(summary(line) for line in self.lines())


def summary(line: str) -> str:
    """What of a /proc/net/nf_conntrack line is not addresses: state, seconds, flags, and counters if it has them."""
    words = line.split()
    state = words[5] if "=" not in words[5] else ""
    flags = [word for word in words if word in ("[UNREPLIED]", "[ASSURED]") or word.startswith(("packets=", "bytes="))]
    return " ".join([*([state] if state else []), words[4], *flags])


DNS = udp(CLIENT, SERVER, 1000, 53)
ANSWER = udp(SERVER, CLIENT, 53, 1000)


def flow(number: int) -> bytes:
    """The first packet of one of many UDP flows."""
    return udp(CLIENT, SERVER, 1024 + number, 53)


def answer(number: int) -> bytes:
    return udp(SERVER, CLIENT, 53, 1024 + number)


def counters(world: World) -> dict[str, int]:
    """The counters of conntrack -S that are not 0."""
    return {name: value for name, value in world.conntrack.table.statistics.values() if value}


def filled(limit: int, assured: bool) -> World:
    """A table with `limit` entries that may hold no more."""
    world = World()
    world.sysctl("max", limit)
    for number in range(limit):
        assert world.send(flow(number)) == "NEW"
        if assured:
            assert world.send(answer(number)) == "ESTABLISHED"
    world.now = 3.0
    if assured:
        for number in range(limit):
            assert world.send(flow(number)) == "ESTABLISHED"
    return world


def closing(world: World, port: int) -> None:
    """A TCP connection of which both ends have said goodbye: TIME_WAIT, ASSURED."""
    out = (CLIENT, SERVER, port, 80)
    back = (SERVER, CLIENT, 80, port)
    world.send(tcp(*out, 100, 0, "S"))
    world.send(tcp(*back, 300, 101, "SA"))
    world.send(tcp(*out, 101, 301, "A"))
    world.send(tcp(*out, 101, 301, "FA"))
    world.send(tcp(*back, 301, 102, "FA"))
    world.send(tcp(*out, 102, 302, "A"))


def held(world: World, data: bytes) -> tuple[Packet, Context]:
    """A packet that has been tracked and is now held up before its last hook."""
    packet = Packet(data)
    context = world.context(packet)
    assert world.conntrack.track(packet, context) == ACCEPT
    return packet, context
