"""One engine in its lab, as the fuzzer drives it: load rules, send a packet, see what comes out, read counters."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import select
from dataclasses import dataclass, field
from typing import Any

from conformance.fuzz import packets as p
from conformance.fuzz.canon import Canon
from conformance.fuzz.case import Answer, Case, Change, Local, Pass, Send, Set, Step, Tool, named_ports
from conformance.fuzz.draw import PORTS, World
from conformance.fuzz.packets import ANSWERS, Seen
from conformance.fuzz.talks import ON_CONTROL
from lab import Lab

LOCAL_EXPERIMENT = b"\x88\xb5"  # an Ethernet type that nobody listens to
ETHERTYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
# Chains that hold the packets hidden inside a saved line: "[3:87] -A FORWARD ..." and ":INPUT DROP [1:29]"
RULE = re.compile(r"^\[(\d+):(\d+)\] -A (\S+) (.*)")
# A timeout stands behind the protocol, by name and number, and that perhaps behind the family
TIMEOUT = re.compile(r"^((?:ipv[46] +\d+ +)?\S+ +\d+) \d+(?= )")
AGE = re.compile(r"delta-time=\d+")
POLICY = re.compile(r"^:(\S+) (\S+) \[(\d+):(\d+)\]")


@dataclass
class Outcome:
    """What one engine did with a case."""

    refused: str = ""
    out: list[list[str]] = field(default_factory=list)  # for each step: "node: packet"
    counters: dict[str, str] = field(default_factory=dict)  # "ipv4 filter FORWARD 1" -> "3:87"
    texts: dict[str, str] = field(default_factory=dict)  # the rules they belong to, as this engine saves them
    connections: list[str] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)  # seconds, beside `connections`
    expectations: list[str] = field(default_factory=list)
    ambiguous: bool = False  # NAT drew a number that has another meaning in the case


class Side:
    """A lab with one engine. `name` is the engine's."""

    def __init__(self, name: str, lab: Lab, world: World) -> None:
        self.name = name
        self.lab = lab
        self.world = world
        self.firewall: Any = lab["firewall"]
        self.ports: dict[str, Any] = {host.name: lab[host.name].port(host.link) for host in world.hosts}
        self.macs = {host.name: mac_bytes(self.ports[host.name].mac) for host in world.hosts}
        self.via = {host.name: mac_bytes(self.firewall.mac(host.via)) for host in world.hosts}
        self.beside = {
            (one.name, p.address(address)): self.macs[other.name]
            for one in world.hosts
            for other in world.hosts
            if one.via == other.via and one != other
            for address in (other.ipv4, other.ipv6)
        }
        self.raw = {
            version: self.firewall.holder.socket("firewall", kind="inet", type="raw", family=version)
            for version in (4, 6)
        }
        for host in world.hosts:
            lab[host.name].stack = "deaf"  # only what the case says is sent
        for host in world.hosts:  # bridges learn who is where
            self.ports[host.name].send(self.via[host.name] + self.macs[host.name] + LOCAL_EXPERIMENT + bytes(46))
        self.has_control = "control" not in self.firewall.adapter.refuses  # its trace, its tool, its clock
        self.settings: dict[str, str] = {}  # sysctls that the case has changed, as they were
        self.drawn: dict[int, tuple[object, ...]] = {}  # numbers that NAT has given out in this case, and to whom
        self.last: dict[str, bytes] = {}
        self.control: dict[str, bytes] = {}  # the last packet of the first conversation that a node heard of
        self.identifications = Identifications()

    def run(self, case: Case) -> Outcome:
        """Load the rules of a case, send its packets one by one and collect everything there is to compare."""
        outcome = Outcome()
        self.identifications.begin()
        self.reset()
        for family, text in case.rules.items():
            if not text:
                continue
            try:
                self.firewall.load(text, family=family)
            except Exception as refusal:  # each engine has its own words; that it refuses is what counts
                outcome.refused = f"{family}: {str(refusal).splitlines()[0]}"
                return outcome
        if self.has_control:  # with a trace every rule is asked, without it long lists are looked up
            self.firewall.set_tracing("on" if case.seed % 2 else "off")
        self.known = frozenset((*PORTS, *known_ports(case)))
        canon = Canon(self.known)
        for number, step in enumerate(case.steps):
            if isinstance(step, Change):
                self.read_counters(outcome, f"before step {number}: ")
            if not isinstance(step, Send | Answer | Local):
                outcome.ambiguous |= self.ambiguous()
            outcome.out.append(self.step(step, canon))
        outcome.ambiguous |= self.ambiguous()
        self.read_counters(outcome)
        self.read_connections(outcome, canon)
        return outcome

    def ambiguous(self) -> bool:
        """Whether NAT has given a connection a port (or id) that stands for something else in this case. (Connections
        of one sender and port share theirs by right.)"""
        for entry in self.firewall.conntrack():
            before, after = entry.original, entry.reply
            for old, new in ((before.sport, after.dport), (before.id, after.id)):
                if old != new and new is not None:
                    sender = (entry.protocol, before.src, old)
                    if new in self.known or self.drawn.setdefault(new, sender) != sender:
                        return True
        return False

    def reset(self) -> None:
        self.firewall.flush()
        for name, value in self.settings.items():
            self.firewall.adapter.sysctl(name, value)
        self.settings.clear()
        self.lab.settle()
        for port in self.ports.values():
            port.received()
        self.drawn.clear()
        self.last.clear()
        self.control.clear()

    def step(self, step: Step, canon: Canon) -> list[str]:
        """Do it; what came out, or what was said."""
        match step:
            case Pass(seconds):
                self.let_pass(seconds)
                return []
            case Change(family, text):
                return self.change(family, text)
            case Tool(words):
                return self.tool(words, canon)
            case Set(name, value):
                self.settings.setdefault(name, self.firewall.adapter.sysctl(name))
                self.firewall.adapter.sysctl(name, value)
                return []
            case Local(packet):
                self.send_local(packet)
            case Send(node, packet):
                self.send(node, self.identifications.put(packet))
            case Answer(node):
                answer = self.answer(step)
                if answer is None:
                    return ["no answer"]
                self.send(node, answer)
        return self.seen(canon)

    def send(self, node: str, packet: bytes) -> None:
        version = packet[0] >> 4
        to = packet[16:20] if version == 4 else packet[24:40]
        mac = self.beside.get((node, to)) or group_mac(to) or self.via[node]
        self.ports[node].send(mac + self.macs[node] + ETHERTYPES.get(version, ETHERTYPES[4]) + packet)

    def send_local(self, packet: bytes) -> None:
        version = packet[0] >> 4
        to = str(ipaddress.ip_address(packet[16:20] if version == 4 else packet[24:40]))
        with contextlib.suppress(OSError):  # the kernel tells the program of a drop, the engine cannot
            self.raw[version].sendto(packet, (to, 0))

    def seen(self, canon: Canon) -> list[str]:
        """What has reached the hosts."""
        self.lab.settle()
        seen = []
        for name, listener in self.ports.items():
            for frame in listener.received():
                if frame[12:14] in ETHERTYPES.values() and not chatter(frame):
                    body = trimmed(frame[14:])
                    self.last[name] = body
                    if flow_of(body) == flow_of(self.control.setdefault(name, body)):
                        self.control[name] = body
                    seen.append(f"{name}: {canon.packet(body)}")
        return seen

    def change(self, family: str, text: str) -> list[str]:
        try:
            self.firewall.load(text, family=family)
        except Exception:
            return ["refused"]
        return []

    def tool(self, words: tuple[str, ...], canon: Canon) -> list[str]:
        """A command's exit status, its lines without times, and what it says on standard error."""
        if self.has_control:
            answer = self.firewall.adapter.request(do="command", argv=list(words))
            status, out, said = answer["exit"], answer["stdout"], answer["stderr"]
        else:
            done = self.firewall.run(list(words))
            status, out, said = done.returncode, done.stdout, done.stderr
        lines = [timeless(line) for line in out.splitlines()]
        return [f"exit {status}", *said.splitlines(), *canon.rows(lines)]

    def let_pass(self, seconds: float) -> None:
        if self.has_control:
            self.firewall.clock.advance(seconds)
        else:
            select.select([], [], [], seconds)  # the kernel has no other clock

    def answer(self, step: Answer) -> bytes | None:
        before = (self.control if step.how in ON_CONTROL else self.last).get(step.node)
        if before is None:
            return None
        seen = Seen(before)
        return ON_CONTROL[step.how](seen, step.text) if step.how in ON_CONTROL else ANSWERS[step.how](seen)

    def read_counters(self, outcome: Outcome, when: str = "") -> None:
        for family in ("ipv4", "ipv6"):
            table = ""
            numbers: dict[str, int] = {}
            for line in self.firewall.save(counters=True, family=family).splitlines():
                if line.startswith("*"):
                    table, numbers = line[1:], {}
                elif rule := RULE.match(line):
                    packets, octets, chain, text = rule.groups()
                    numbers[chain] = numbers.get(chain, 0) + 1
                    key = f"{when}{family} {table} {chain} {numbers[chain]}"
                    outcome.counters[key] = f"{packets}:{octets}"
                    outcome.texts[key] = text
                elif (policy := POLICY.match(line)) and policy[2] != "-":
                    outcome.counters[f"{when}{family} {table} {policy[1]} policy"] = f"{policy[3]}:{policy[4]}"

    def read_connections(self, outcome: Outcome, canon: Canon) -> None:
        timeouts: dict[str, list[int]] = {}
        lines = []
        for entry in self.firewall.conntrack():
            lines.append(timeless(re.sub(r"use=\d+", "", str(entry))))
            timeouts.setdefault(lines[-1], []).append(int(entry.timeout))
        rows = canon.rows(lines)
        times = {text: canon.rows([text])[0] for text in timeouts}
        pairs = sorted((times[text], seconds) for text, found in timeouts.items() for seconds in found)
        outcome.connections = rows
        outcome.timeouts = [seconds for _text, seconds in pairs]
        outcome.expectations = canon.rows([re.sub(r"^\d+ ", "", line) for line in self.firewall.expectations()])


class Identifications:
    """Numbers for packets in pieces: each packet of a run gets one that no packet before it had, since no flush takes
    away the pieces that an earlier run left behind. (After 65,535 packets of IPv4 they begin again.)"""

    def __init__(self) -> None:
        self.last = 0
        self.given: dict[int, int] = {}

    def begin(self) -> None:
        self.given.clear()

    def fresh(self, number: int) -> int:
        if number not in self.given:
            self.last += 1
            self.given[number] = self.last
        return self.given[number]

    def put(self, packet: bytes) -> bytes:
        """The packet, with a fresh number if it is a fragment."""
        if packet[0] >> 4 == 6 and len(packet) >= 48 and packet[6] == 44:
            number = self.fresh(int.from_bytes(packet[44:48], "big"))
            return packet[:44] + number.to_bytes(4, "big") + packet[48:]
        if packet[0] >> 4 == 4 and packet[6] & 0x3F | packet[7]:
            number = self.fresh(int.from_bytes(packet[4:6], "big")) % 0xFFFF + 1
            return p.with_header_sum(packet[:4] + number.to_bytes(2, "big") + packet[6:])
        return packet


def timeless(line: str) -> str:
    """The line of an entry, of /proc or of the tool, without its timeout and its age, and with single blanks."""
    return " ".join(AGE.sub("delta-time=", TIMEOUT.sub(r"\1", line)).split())


def group_mac(address: bytes) -> bytes:
    """Where a packet to a group goes on Ethernet (RFC 1112 section 6.4, RFC 2464 section 7); b"" for one machine."""
    if len(address) == 4 and address[0] >> 4 == 14:
        return bytes((1, 0, 0x5E, address[1] & 127)) + address[2:]
    return b"\x33\x33" + address[12:] if address[0] == 0xFF else b""


def flow_of(packet: bytes) -> tuple[int, bytes, bytes]:
    """What the packets of one conversation share that a node hears."""
    seen = Seen(packet)
    return seen.proto, seen.source, seen.segment[:4]


def mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def chatter(frame: bytes) -> bool:
    """What comes by itself: neighbour discovery and multicast reports."""
    if frame[12:14] != ETHERTYPES[6]:
        return False
    start = 62 if frame[20] == 0 and frame[54:55] == b"\x3a" else 54  # reports stand behind a router alert
    return (frame[20] == 58 or start == 62) and b"\x82" <= frame[start : start + 1] <= b"\x8f"


def trimmed(packet: bytes) -> bytes:
    """Without the padding of short Ethernet frames."""
    if packet[0] >> 4 == 4:
        return packet[: int.from_bytes(packet[2:4], "big")]
    return packet[: 40 + int.from_bytes(packet[4:6], "big")]


def known_ports(case: Case) -> set[int]:
    """Every port and id that the case itself names, but for bounds of ranges: what else shows up was drawn by NAT."""
    return {0, 1, 2} | named_ports("\n".join(case.rules.values()))
