"""A router made of `Engine` alone: two legs, a clock, rules as iptables commands. No root, no namespace, no socket.

    lan  10.0.1.1/24, fd00:1::1/64          clients are 10.0.1.2 and so on
    wan  10.0.2.1/24, fd00:2::1/64          servers are 10.0.2.2 and so on; default route

`send` gives a packet to a leg and follows it through every hook, routed anew after PREROUTING and OUTPUT as the kernel
would; what leaves is collected by leg, what arrives at the machine itself under "local".
"""

from __future__ import annotations

from engine.core import Arrival, Engine, Environment
from engine.core import verdict as v
from engine.core.addresses import parse_address
from engine.core.context import LogLine, Randomness
from engine.core.hooks import FORWARD, INPUT, IPV4, IPV6, OUTPUT, POSTROUTING, PREROUTING
from engine.core.packet import Packet

LEGS = {"lan": ("10.0.1.1", "fd00:1::1"), "wan": ("10.0.2.1", "fd00:2::1")}


class World:
    def __init__(self, seed: int = 1) -> None:
        environment = Environment()
        environment.addresses = {
            leg: [(IPV4, parse_address(four)[1], 24), (IPV6, parse_address(six)[1], 64)]
            for leg, (four, six) in LEGS.items()
        }
        environment.default_route_device = "wan"
        self.engine = Engine(environment, Randomness(seed))
        self.environment = environment
        self.now = 1000.0
        self.rules: dict[int, dict[str, list[str]]] = {IPV4: {}, IPV6: {}}
        self.out: dict[str, list[bytes]] = {"lan": [], "wan": [], "local": []}
        self.why = ""  # of the last drop
        self.engine.tracing = False
        self.mark = 0  # of the packet under way
        self.log: list[LogLine] = []

    # -- rules

    def ipt(self, *commands: str) -> None:
        self._rules(IPV4, commands)

    def ip6t(self, *commands: str) -> None:
        self._rules(IPV6, commands)

    def _rules(self, family: int, commands: tuple[str, ...]) -> None:
        """`-t TABLE -A CHAIN ...` or `-t TABLE -F`; counters of rules that stay are lost."""
        tables = self.rules[family]
        for command in commands:
            table, rest = "filter", command
            if command.startswith("-t "):
                _t, table, rest = command.split(" ", 2)
            if rest == "-F":
                tables[table] = []
            else:
                tables.setdefault(table, []).append(rest)
        text = "".join(
            f"*{table}\n" + "".join(f"{rule}\n" for rule in rules) + "COMMIT\n" for table, rules in tables.items()
        )
        self.engine.load(text, "ipv4" if family == IPV4 else "ipv6")

    def nat_counters(self, chain: str, family: int = IPV4) -> list[int]:
        return [rule.packets for rule in self.engine.store.rulesets[family].tables["nat"].chains[chain].rules]

    def sysctl(self, name: str, value: object) -> None:
        assert self.engine.conntrack.set_sysctl(name, str(value)) == ""

    # -- packets

    def send(self, leg: str, data: bytes) -> None:
        self.mark = 0
        packet = self._hook(PREROUTING, data, leg, "")
        if packet is None:
            return
        out = self.route(packet)
        if out == "local":
            self._to_local(packet, leg)
            return
        packet = _older(packet)
        packet = self._hook(FORWARD, packet, leg, out)
        self._leave(packet, out)

    def send_local(self, data: bytes, mark: int = 0) -> None:
        """A packet made on this machine."""
        self.mark = mark
        out = self.route(data)
        packet = self._hook(OUTPUT, data, "", "lo" if out == "local" else out)
        if packet is not None:
            self._leave(packet, self.route(packet))

    def _leave(self, data: bytes | None, out: str) -> None:
        if data is None:
            return
        device = "lo" if out == "local" else out
        packet = self._hook(POSTROUTING, data, "", device)
        if packet is None:
            return
        if device == "lo":
            again = self._hook(PREROUTING, packet, "lo", "")
            if again is not None:
                self._to_local(again, "lo")
        else:
            self.out[out].append(packet)

    def _to_local(self, data: bytes, leg: str) -> None:
        packet = self._hook(INPUT, data, leg, "")
        if packet is not None:
            self.out["local"].append(packet)

    def _hook(self, hook: int, data: bytes, indev: str, outdev: str) -> bytes | None:
        departure = self.engine.process(Arrival(hook, data, indev, outdev, self.mark), self.now)
        for emission in departure.emit:
            if emission.via == "output":
                self.send_local(emission.data, emission.mark)
            elif emission.via == "wire":
                self.out[emission.device].append(emission.data)
        self.mark = departure.mark
        self.log.extend(departure.log)
        if departure.verdict != v.ACCEPT:
            self.why = departure.why
            return None
        return departure.data if departure.data is not None else data

    def route(self, data: bytes) -> str:
        packet = Packet(data)
        for leg, own in LEGS.items():
            address = parse_address(own[0 if packet.family == IPV4 else 1])[1]
            if packet.dst == address:
                return "local"
            if packet.family == IPV4 and packet.dst >> 8 == address >> 8:
                return leg
            if packet.family == IPV6 and packet.dst >> 64 == address >> 64:
                return leg
        if packet.family == IPV4 and packet.dst >> 24 == 127:
            return "local"
        return "wan"

    def take(self, leg: str) -> list[bytes]:
        got = self.out[leg]
        self.out[leg] = []
        return got

    def pass_through(self, leg: str, data: bytes) -> tuple[str, bytes] | None:
        """(where it came out, what came out), None if it did not."""
        for place in self.out:
            self.out[place] = []
        self.send(leg, data)
        for place, packets in self.out.items():
            if packets:
                return place, packets[0]
        return None

    # -- tables

    def ct(self) -> list[str]:
        table = self.engine.conntrack
        return [table.proc_line(entry, self.now) for entry in table.table.entries(self.now)]

    def exp(self) -> list[str]:
        table = self.engine.conntrack
        return [
            table.expect_line(one, self.now) for one in table.table.expectations.all.values() if one.deadline > self.now
        ]

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.engine.conntrack.expire_all(self.now)


def _older(data: bytes) -> bytes:
    """TTL one less."""
    packet = Packet(data)
    packet.set_ttl(packet.ttl - 1)
    return bytes(packet.data)
