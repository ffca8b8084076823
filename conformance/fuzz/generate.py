"""Random cases: a ruleset that iptables accepts and traffic that meets its rules often.

Everything comes from one seed. Addresses, ports, marks and interfaces are drawn from small pools, so that rules and
packets hit each other. Left out is what the kernel itself decides by chance (random ports, random statistic) or by
wall clock; limits are slow enough that no token returns while a case runs.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.fuzz import packets as p
from conformance.fuzz.case import Answer, Case, Send, Step

CHAINS = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
TABLES = ("raw", "mangle", "nat", "filter", "security")
PORTS = (21, 53, 80, 443, 1000, 2000, 5000, 40000)
MARKS = ("0x1", "0x2", "0x10", "0xf0")
NAMES = ("one", "two", "three")
TYPES = {4: ("LOCAL", "UNICAST", "BROADCAST", "MULTICAST"), 6: ("LOCAL", "UNICAST", "MULTICAST")}
U32 = {
    4: ("6&0xFF=17", "0>>22&0x3C@0>>16=0:1024", "0&0xFFFF=0:100"),
    6: ("4>>8&0xFF=17", "40>>16=0:1024", "4>>16=0:100"),
}
PATTERNS = ("reply", "data", "some")
RECENT = ("--set", "--update --hitcount 2", "--rcheck", "--remove")


@dataclass(frozen=True)
class Host:
    """A node beside the firewall: its name, its link (the firewall's interface there) and its addresses."""

    name: str
    link: str
    ipv4: str
    ipv6: str


@dataclass(frozen=True)
class World:
    """Who takes part: hosts, and the firewall's own addresses by link."""

    hosts: tuple[Host, ...]
    firewall4: dict[str, str]
    firewall6: dict[str, str]

    def addresses(self, version: int) -> list[str]:
        own = self.firewall4 if version == 4 else self.firewall6
        return [host.ipv4 if version == 4 else host.ipv6 for host in self.hosts] + list(own.values())

    def links(self) -> list[str]:
        return [host.link for host in self.hosts]


class Rules:
    """A random ruleset of one IP version."""

    def __init__(self, dice: random.Random, world: World, version: int) -> None:
        self.dice = dice
        self.world = world
        self.version = version
        self.proto = ""
        self.table = ""
        self.chain = ""
        self.in_user_chain = False

    # -- words

    def flip(self, chance: float = 0.5) -> bool:
        return self.dice.random() < chance

    def bang(self, chance: float = 0.15) -> str:
        return "! " if self.flip(chance) else ""

    def port(self) -> int:
        return self.dice.choice(PORTS)

    def ports(self) -> str:
        if self.flip(0.6):
            return str(self.port())
        low, high = sorted(self.dice.sample(PORTS, 2))
        return f"{low}:{high}"

    def network(self) -> str:
        address = self.dice.choice(self.world.addresses(self.version))
        if self.flip(0.6):
            return address
        return f"{address}/{self.dice.choice((8, 24, 28, 31) if self.version == 4 else (48, 64, 120))}"

    def mark(self) -> str:
        return self.dice.choice(MARKS) + self.dice.choice(("", "", "/0xf", "/0xff"))

    # -- head

    def head(self) -> str:
        dice, words = self.dice, []
        self.proto = dice.choice(("", "", "tcp", "tcp", "udp", "udp", "icmp" if self.version == 4 else "icmpv6"))
        if self.flip(0.35):
            words.append(f"{self.bang()}-s {self.network()}")
        if self.flip(0.35):
            words.append(f"{self.bang()}-d {self.network()}")
        if self.chain in ("PREROUTING", "INPUT", "FORWARD") and self.flip(0.3):
            words.append(f"{self.bang()}-i {dice.choice([*self.world.links(), 'la+', 'w+'])}")
        if self.chain in ("POSTROUTING", "OUTPUT", "FORWARD") and self.flip(0.3):
            words.append(f"{self.bang()}-o {dice.choice([*self.world.links(), 'la+', 'w+'])}")
        if self.proto:
            words.append(f"-p {self.proto}")
        elif self.flip(0.1):
            words.append(f"{self.bang()}-p {dice.choice(('47', '50', '132', 'udp', 'tcp'))}")
        if self.version == 4 and self.flip(0.04):
            words.append(f"{self.bang()}-f")
        return " ".join(words)

    # -- matches

    def match(self) -> str:
        choices = [*ANY_MATCH]
        if self.proto in ("tcp", "udp"):
            choices += PORT_MATCH * 4
        if self.proto == "tcp":
            choices += TCP_MATCH * 3
        if self.proto.startswith("icmp"):
            choices += ICMP_MATCH * 6
        return self.dice.choice(choices)(self)

    # -- targets

    def target(self, users: list[str]) -> str:
        choices: list[str] = ["", "-j ACCEPT", "-j RETURN", "-j MARK --set-xmark " + self.mark()]
        choices.append(
            "-j CONNMARK " + self.dice.choice(("--save-mark", "--restore-mark", f"--set-xmark {self.mark()}"))
        )
        if users:
            choices += [f"{self.dice.choice(('-j', '-j', '-g'))} {self.dice.choice(users)}"] * 4
        if self.table != "nat":
            choices += ["-j DROP"]
        if self.in_user_chain:
            return self.dice.choice(choices)
        if self.table == "filter":
            choices += ["-j DROP", "-j ACCEPT", self.reject()]
        if self.table == "raw" and self.flip(0.4):
            choices += ["-j CT --notrack", "-j NOTRACK"]
            if self.proto == "tcp":
                choices.append("-j CT --helper ftp")
        if self.table == "mangle":
            choices += [f"-j TOS --set-tos {self.dice.choice(('0x10', '0x08/0x3f', '0x04'))}", "-j DSCP --set-dscp 10"]
            name = "TTL --ttl" if self.version == 4 else "HL --hl"
            choices += [f"-j {name}-{self.dice.choice(('set 40', 'dec 3', 'inc 2'))}"]
            if self.proto == "tcp":
                choices.append("-m tcp --syn -j TCPMSS --set-mss 1000")
        if self.table == "nat":
            choices = self.translation() * 3 + choices
        return self.dice.choice(choices)

    def reject(self) -> str:
        if self.proto == "tcp" and self.flip():
            return "-j REJECT --reject-with tcp-reset"
        if self.version == 4:
            return "-j REJECT --reject-with " + self.dice.choice(
                ("icmp-port-unreachable", "icmp-host-prohibited", "icmp-admin-prohibited", "icmp-net-unreachable")
            )
        return "-j REJECT --reject-with " + self.dice.choice(("icmp6-port-unreachable", "icmp6-adm-prohibited"))

    def translation(self) -> list[str]:
        dice = self.dice
        own = self.world.firewall4 if self.version == 4 else self.world.firewall6
        here = dice.choice(list(own.values()))
        there = dice.choice(self.world.addresses(self.version))
        if self.version == 6:
            here_port, there_port = f"[{here}]", f"[{there}]"
        else:
            here_port, there_port = here, there
        with_ports = self.proto in ("tcp", "udp")
        low = dice.choice((1100, 2100, 30000))
        source = [f"-j SNAT --to-source {here}"]
        target = [f"-j DNAT --to-destination {there}"]
        if with_ports:
            source.append(f"-j SNAT --to-source {here_port}:{low}-{low + 200}")
            target += [
                f"-j DNAT --to-destination {there_port}:{self.port()}",
                f"-j DNAT --to-destination :{self.port()}",
            ]
        if self.chain == "POSTROUTING":
            masquerade = ["-j MASQUERADE"]
            if with_ports:
                masquerade.append(f"-j MASQUERADE --to-ports {low}-{low + 200}")
            return source + masquerade
        if self.chain == "INPUT":
            return source[:1]
        redirect = ["-j REDIRECT"]
        if with_ports:
            redirect.append(f"-j REDIRECT --to-ports {self.port()}")
        return target + redirect

    # -- text

    def rule(self, chain: str, users: list[str]) -> str:
        self.chain = chain
        words = ["-A", chain, self.head()]
        for _ in range(self.dice.choice((0, 0, 1, 1, 2))):
            words.append(self.match())
        words.append(self.target(users))
        return " ".join(word for word in words if word)

    def text(self) -> str:
        lines = []
        for table in TABLES:
            if not self.flip(0.75 if table in ("filter", "nat", "mangle") else 0.3):
                continue
            self.table = table
            users = list(NAMES[: self.dice.randrange(len(NAMES) + 1)])
            lines.append(f"*{table}")
            for chain in CHAINS[table]:
                policy = "DROP" if table == "filter" and self.flip(0.2) else "ACCEPT"
                lines.append(f":{chain} {policy} [0:0]")
            lines += [f":{name} - [0:0]" for name in users]
            # a user chain may be reached from any hook, so its rules say nothing that only some hooks allow
            for number, name in enumerate(users):
                for _ in range(self.dice.randrange(3)):
                    self.in_user_chain = True
                    lines.append(self.rule(name, users[number + 1 :]))
                    self.in_user_chain = False
            for chain in CHAINS[table]:
                for _ in range(self.dice.choice((0, 0, 1, 2, 3))):
                    lines.append(self.rule(chain, users))
            lines.append("COMMIT")
        return "\n".join(lines) + "\n" if lines else ""


MatchMaker = Callable[[Rules], str]

ANY_MATCH: list[MatchMaker] = [
    lambda r: (
        "-m conntrack "
        + r.bang()
        + "--ctstate "
        + ",".join(r.dice.sample(("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"), r.dice.randint(1, 3)))
    ),
    lambda r: "-m conntrack --ctstate " + r.dice.choice(("ESTABLISHED,RELATED", "INVALID", "SNAT", "DNAT")),
    lambda r: (
        "-m conntrack " + r.bang() + "--ctstatus " + r.dice.choice(("SEEN_REPLY", "ASSURED", "CONFIRMED", "EXPECTED"))
    ),
    lambda r: "-m conntrack --ctdir " + r.dice.choice(("ORIGINAL", "REPLY")),
    lambda r: f"-m conntrack {r.bang()}--ctorigdst {r.network()}",
    lambda r: f"-m conntrack {r.bang()}--ctreplsrc {r.network()}",
    lambda r: "-m state --state " + r.dice.choice(("NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID")),
    lambda r: f"-m mark {r.bang()}--mark {r.mark()}",
    lambda r: f"-m connmark {r.bang()}--mark {r.mark()}",
    lambda r: f"-m length {r.bang()}--length {r.dice.choice(('28', '40', '0:60', '60:100', '100:'))}",
    lambda r: f"-m limit --limit 1/hour --limit-burst {r.dice.randint(1, 6)}",
    lambda r: f"-m statistic --mode nth {r.bang()}--every {r.dice.randint(2, 4)} --packet 0",
    lambda r: f"-m addrtype {r.bang()}--dst-type {r.dice.choice(TYPES[r.version])}",
    lambda r: f"-m {'ttl --ttl-' if r.version == 4 else 'hl --hl-'}{r.dice.choice(('lt 64', 'gt 40', 'eq 63'))}",
    lambda r: f"-m dscp {r.bang()}--dscp {r.dice.choice((0, 2, 4, 10))}",
    lambda r: f"-m tos {r.bang()}--tos {r.dice.choice(('0x00', '0x10', '0x08/0x3f'))}",
    lambda r: f"-m string --algo {r.dice.choice(('bm', 'kmp'))} {r.bang()}--string {r.dice.choice(PATTERNS)}",
    lambda r: f'-m u32 --u32 "{r.dice.choice(U32[r.version])}"',
    lambda r: f"-m quota {r.bang()}--quota {r.dice.choice((100, 200, 1000))}",
    lambda r: (
        f"-m connbytes --connbytes {r.dice.choice(('0:2', '3', '2:10'))} --connbytes-dir both --connbytes-mode packets"
    ),
    lambda r: f"-m recent --name {r.dice.choice(NAMES)} {r.dice.choice(RECENT)}",
    lambda r: "-m comment --comment " + r.dice.choice(("plain", '"two words"')),
    lambda r: (
        f"-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst {r.dice.randint(1, 4)} --hashlimit-mode srcip "
        f"--hashlimit-name h{r.dice.randrange(1000)}"
    ),
    lambda r: f"-m iprange {r.bang()}--src-range {_range(r)}",
]

PORT_MATCH: list[MatchMaker] = [
    lambda r: f"-m {r.proto} {r.bang()}--dport {r.ports()}",
    lambda r: f"-m {r.proto} {r.bang()}--sport {r.ports()}",
    lambda r: (
        f"-m multiport {r.bang()}--{r.dice.choice(('dports', 'sports', 'ports'))} "
        + ",".join(r.ports() for _ in range(r.dice.randint(1, 4)))
    ),
]

TCP_MATCH: list[MatchMaker] = [
    lambda r: f"-m tcp {r.bang()}--syn",
    lambda r: (
        "-m tcp --tcp-flags "
        + r.dice.choice(
            ("SYN,ACK SYN,ACK", "ALL NONE", "FIN,ACK FIN,ACK", "RST RST", "SYN,RST,ACK,FIN SYN", "PSH,ACK ACK")
        )
    ),
    lambda r: f"-m tcp {r.bang()}--tcp-option {r.dice.choice((2, 3, 4, 8))}",
    lambda r: f"-m tcpmss {r.bang()}--mss {r.dice.choice(('1460', '500:1400'))}",
]

ICMP_MATCH: list[MatchMaker] = [
    lambda r: (
        f"-m icmp {r.bang()}--icmp-type {r.dice.choice(('8', '0', '3', '3/3', '11', 'any'))}"
        if r.version == 4
        else f"-m icmp6 {r.bang()}--icmpv6-type {r.dice.choice(('128', '129', '1', '1/4', '3'))}"
    ),
]


def _range(rules: Rules) -> str:
    address = rules.dice.choice(rules.world.addresses(rules.version))
    return f"{address}-{address}"


class Traffic:
    """Random steps: conversations that go on, odd packets between them."""

    def __init__(self, dice: random.Random, world: World, versions: tuple[int, ...]) -> None:
        self.dice = dice
        self.world = world
        self.versions = versions
        self.sent: list[Send] = []
        self.cut: list[list[Send]] = []
        self.ident = dice.randrange(1, 0xFF00)  # fragments that an earlier case left waiting must not fit

    def endpoints(self) -> tuple[Host, str, str]:
        """(sender, its address, a destination that is not its own)."""
        version = self.dice.choice(self.versions)
        sender = self.dice.choice(self.world.hosts)
        own = sender.ipv4 if version == 4 else sender.ipv6
        others = [address for address in self.world.addresses(version) if address != own]
        return sender, own, self.dice.choice(others)

    def first(self) -> Send:
        """A packet that may begin something."""
        sender, own, peer = self.endpoints()
        source, destination = p.address(own), p.address(peer)
        dice = self.dice
        sport, dport = dice.choice(PORTS), dice.choice(PORTS)
        self.ident += 1
        ipv4 = len(source) == 4
        extra: dict[str, Any] = {"ttl": dice.choice((64, 64, 64, 45, 2, 1)), "tos": dice.choice((0, 0, 0, 0x10, 0x28))}
        if ipv4:
            extra["ident"] = self.ident
        kind = dice.choices(("udp", "tcp", "echo", "odd-tcp", "proto", "query", "broken"), (30, 35, 12, 12, 4, 3, 4))[0]
        if kind == "udp":
            data = bytes(dice.choice((b"query", b"", b"x" * 60, b"some data", b"odd")))
            packet = p.udp(source, sport, destination, dport, data, **extra)
        elif kind == "tcp":
            options = dice.choice((b"", b"\2\4\5\xb4", b"\2\4\5\xb4\4\2\3\3\7\0"))
            packet = p.tcp(source, sport, destination, dport, p.SYN, 1000, options=options, **extra)
        elif kind == "echo":
            packet = p.icmp(
                source, destination, 8 if ipv4 else 128, 0, dice.choice((b"\0\1\0\1", b"\0\2\0\1abc")), **extra
            )
        elif kind == "odd-tcp":
            flags = dice.choice(
                (0, p.FIN, p.ACK, p.SYN | p.ACK, p.RST, p.RST | p.ACK, p.FIN | p.ACK, 0x29, p.SYN | p.FIN, 63)
            )
            seq, ack = dice.choice((0, 1000, 1001, 99999)), dice.choice((0, 500_001, 77))
            packet = p.tcp(source, sport, destination, dport, flags, seq, ack, dice.choice((b"", b"abc")), **extra)
        elif kind == "proto":
            packet = p.ip(source, destination, dice.choice((50, 89, 47, 132)), b"\0" * 24, **extra)
        elif kind == "query":
            number, rest = dice.choice(
                ((13, b"\0\1\0\1" + b"\0" * 12), (17, b"\0\1\0\1" + b"\0" * 4), (3, b"\0" * 4 + b"E" * 28))
            )
            packet = p.icmp(source, destination, number, 0, rest, **extra)
        else:
            packet = self.broken(p.udp(source, sport, destination, dport, b"to be broken", **extra))
        return Send(sender.name, packet, f"{kind} {own} > {peer}")

    def broken(self, packet: bytes) -> bytes:
        """One byte behind the IP header changed, or the end cut off with the IP length following."""
        start = 20 if packet[0] >> 4 == 4 else 40
        data = bytearray(packet)
        if self.dice.random() < 0.6:
            data[self.dice.randrange(start, len(data))] ^= 1 << self.dice.randrange(8)
            return bytes(data)
        body = bytes(data[start : self.dice.randrange(start, len(data))])
        if start == 20:
            return p.ip(packet[12:16], packet[16:20], packet[9], body, ident=9)
        return p.ip(packet[8:24], packet[24:40], packet[6], body)

    def steps(self, count: int) -> list[Step]:
        steps: list[Step] = []
        names = [host.name for host in self.world.hosts]
        while len(steps) < count:
            kind = self.dice.choices(("first", "answer", "repeat", "fragments"), (35, 50, 12, 3))[0]
            if kind == "first" or not self.sent:
                step = self.first()
                self.sent.append(step)
                steps.append(step)
            elif kind == "answer":
                how = self.dice.choices(tuple(p.ANSWERS), (60, 12, 8, 6, 6, 4, 1))[0]
                steps.append(Answer(self.dice.choice(names), how))
            elif kind == "repeat":
                steps.append(self.dice.choice(self.sent))
            else:
                steps += self.fragmented()
        return self.completed(steps[:count])

    def completed(self, steps: list[Step]) -> list[Step]:
        """No packet stays in pieces: a kernel would say so a minute later, in the middle of another case."""
        for pieces in self.cut:
            if any(piece in steps for piece in pieces):
                steps += [piece for piece in pieces if piece not in steps]
        return steps

    def fragmented(self) -> list[Step]:
        sender, own, peer = self.endpoints()
        whole = p.udp(p.address(own), 5000, p.address(peer), 53, b"f" * 600)
        self.ident += 1
        pieces = [Send(sender.name, piece, f"fragment {own} > {peer}") for piece in p.fragments(whole, 256, self.ident)]
        self.dice.shuffle(pieces)
        self.cut.append(pieces)
        return list(pieces[: self.dice.choice((3, 3, 3, 2))])


def generate(seed: int, world: World, packets: int = 40) -> Case:
    """The case of a seed; the same seed always gives the same case."""
    dice = random.Random(seed)
    versions = dice.choice(((4,), (4,), (4, 6), (6,)))
    rules = {}
    if 4 in versions:
        rules["ipv4"] = Rules(dice, world, 4).text()
    if 6 in versions:
        rules["ipv6"] = Rules(dice, world, 6).text()
    return Case(seed, rules, Traffic(dice, world, versions).steps(packets))
