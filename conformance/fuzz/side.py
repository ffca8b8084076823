"""One engine in its lab, as the fuzzer drives it: load rules, send a packet, see what comes out, read counters."""

from __future__ import annotations

import re
import select
from dataclasses import dataclass, field
from typing import Any

from conformance.fuzz.canon import Canon
from conformance.fuzz.case import Answer, Case, Pass, Send, Step
from conformance.fuzz.generate import PORTS, World
from conformance.fuzz.packets import ANSWERS, Seen, checksum
from lab import Lab

ETHERTYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
# Chains that hold the packets hidden inside a saved line: "[3:87] -A FORWARD ..." and ":INPUT DROP [1:29]"
RULE = re.compile(r"^\[(\d+):(\d+)\] -A (\S+) (.*)")
POLICY = re.compile(r"^:(\S+) (\S+) \[(\d+):(\d+)\]")


@dataclass
class Outcome:
    """What one engine did with a case."""

    refused: str = ""
    out: list[list[str]] = field(default_factory=list)  # for each step: "node: packet"
    counters: dict[str, str] = field(default_factory=dict)  # "ipv4 filter FORWARD 1" -> "3:87"
    connections: list[str] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)  # seconds, beside `connections`


class Side:
    """A lab with one engine. `name` is the engine's."""

    def __init__(self, name: str, lab: Lab, world: World) -> None:
        self.name = name
        self.lab = lab
        self.world = world
        self.firewall: Any = lab["firewall"]
        self.ports: dict[str, Any] = {host.name: lab[host.name].port(host.link) for host in world.hosts}
        self.headers = {
            host.name: mac_bytes(lab["firewall"].mac(host.link)) + mac_bytes(self.ports[host.name].mac)
            for host in world.hosts
        }
        for host in world.hosts:
            lab[host.name].stack = "deaf"  # only what the case says is sent
        self.last: dict[str, bytes] = {}
        self.runs = 0

    def run(self, case: Case) -> Outcome:
        """Load the rules of a case, send its packets one by one and collect everything there is to compare."""
        outcome = Outcome()
        self.runs += 1
        self.reset()
        for family, text in case.rules.items():
            if not text:
                continue
            try:
                self.firewall.load(text, family=family)
            except Exception as refusal:  # each engine has its own words; that it refuses is what counts
                outcome.refused = f"{family}: {str(refusal).splitlines()[0]}"
                return outcome
        canon = Canon(frozenset((*PORTS, *known_ports(case))))
        for step in case.steps:
            outcome.out.append(self.step(step, canon))
        self.read_counters(outcome)
        self.read_connections(outcome, canon)
        return outcome

    def reset(self) -> None:
        self.firewall.flush()
        self.lab.settle()
        for port in self.ports.values():
            port.received()
        self.last.clear()

    def step(self, step: Step, canon: Canon) -> list[str]:
        if isinstance(step, Pass):
            self.let_pass(step.seconds)
            return []
        packet = fresh_fragment(step.packet, self.runs) if isinstance(step, Send) else self.answer(step)
        if packet is None:
            return ["no answer"]
        ethertype = ETHERTYPES.get(packet[0] >> 4, ETHERTYPES[4])
        self.ports[step.node].send(self.headers[step.node] + ethertype + packet)
        self.lab.settle()
        seen = []
        for name, listener in self.ports.items():
            for frame in listener.received():
                if frame[12:14] in ETHERTYPES.values() and not chatter(frame):
                    body = trimmed(frame[14:])
                    self.last[name] = body
                    seen.append(f"{name}: {canon.packet(body)}")
        return seen

    def let_pass(self, seconds: float) -> None:
        if self.name == "userspace":
            self.firewall.clock.advance(seconds)
        else:
            select.select([], [], [], seconds)  # the kernel has no other clock

    def answer(self, step: Answer) -> bytes | None:
        before = self.last.get(step.node)
        return ANSWERS[step.how](Seen(before)) if before is not None else None

    def read_counters(self, outcome: Outcome) -> None:
        for family in ("ipv4", "ipv6"):
            table = ""
            numbers: dict[str, int] = {}
            for line in self.firewall.save(counters=True, family=family).splitlines():
                if line.startswith("*"):
                    table, numbers = line[1:], {}
                elif rule := RULE.match(line):
                    packets, octets, chain, text = rule.groups()
                    numbers[chain] = numbers.get(chain, 0) + 1
                    outcome.counters[f"{family} {table} {chain} {numbers[chain]} {text}"] = f"{packets}:{octets}"
                elif (policy := POLICY.match(line)) and policy[2] != "-":
                    outcome.counters[f"{family} {table} {policy[1]} policy"] = f"{policy[3]}:{policy[4]}"

    def read_connections(self, outcome: Outcome, canon: Canon) -> None:
        rows = []
        for entry in self.firewall.conntrack():
            text = re.sub(r"use=\d+", "", str(entry))
            text = re.sub(r"^(\S+ +\d+ \S+ +\d+) \d+ ", r"\1 ", text)
            text = re.sub(r"(port|id)=(\d+)", lambda match: f"{match[1]}={canon.port(int(match[2]))}", text)
            rows.append((" ".join(text.split()), int(entry.timeout)))
        rows.sort()
        outcome.connections = [text for text, _timeout in rows]
        outcome.timeouts = [timeout for _text, timeout in rows]


def fresh_fragment(packet: bytes, run: int) -> bytes:
    """A fragment with the identification of this run: no flush takes away the fragments that an earlier run left."""
    if packet[0] >> 4 == 6 and packet[6] == 44:
        return (
            packet[:44]
            + ((int.from_bytes(packet[44:48], "big") + (run << 16)) & 0xFFFFFFFF).to_bytes(4, "big")
            + packet[48:]
        )
    if packet[0] >> 4 == 4 and packet[6] & 0x3F | packet[7]:
        head = packet[:4] + ((int.from_bytes(packet[4:6], "big") + run) & 0xFFFF).to_bytes(2, "big") + packet[6:10]
        head += b"\0\0" + packet[12:20]
        return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + packet[20:]
    return packet


def mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def chatter(frame: bytes) -> bool:
    """What comes by itself: neighbour discovery, multicast reports, and the news (after 30 or 60 s of real time) that a
    packet of some earlier case never became whole."""
    if frame[12:14] == ETHERTYPES[6]:
        return frame[20] == 0 or (frame[20] == 58 and (130 <= frame[54] <= 143 or frame[54:56] == b"\x03\x01"))
    return frame[23] == 1 and frame[34:36] == b"\x0b\x01"


def trimmed(packet: bytes) -> bytes:
    """Without the padding of short Ethernet frames."""
    if packet[0] >> 4 == 4:
        return packet[: int.from_bytes(packet[2:4], "big")]
    return packet[: 40 + int.from_bytes(packet[4:6], "big")]


def known_ports(case: Case) -> set[int]:
    """Every port and id that the case itself names, but for bounds of ranges: what else shows up was drawn by NAT."""
    text = "\n".join(case.rules.values())
    return {0, 1, 2} | {int(number) for number in re.findall(r"(?:ports? |:)(\d+)(?![\d-])", text)}
