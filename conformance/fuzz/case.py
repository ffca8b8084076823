"""A fuzz case as a value that can be written to a file and read back.

    {"seed": 7, "rules": {"ipv4": ["*filter", ...]}, "steps": [["send", "client", "4500001c...", "udp"],
     ["answer", "server", "reply"], ["pass", 1.2], ["local", "4500...", "udp"], ["change", "ipv4", ["*filter", ...]],
     ["tool", "conntrack", "-F"], ["set", "net.netfilter.nf_conntrack_acct", "1"]]}

A packet is an IP packet in hexadecimal, sent by a node towards the firewall. An answer is made from the last packet
that the node saw from this very engine, so that translated connections go on as they would with real hosts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Send:
    """A packet, from its IP header on, that a node sends to the firewall."""

    node: str
    packet: bytes
    what: str = ""


@dataclass(frozen=True)
class Answer:
    """A node answers the last packet it saw; `how` is a name of `conformance.fuzz.packets.ANSWERS`, or of
    `conformance.fuzz.talks.ON_CONTROL`: it goes on with the first conversation it heard of, and says `text`."""

    node: str
    how: str
    text: str = ""


@dataclass(frozen=True)
class Pass:
    """Time goes by, in seconds."""

    seconds: float


@dataclass(frozen=True)
class Local:
    """A packet, from its IP header on, that a program of the firewall sends."""

    packet: bytes
    what: str = ""


@dataclass(frozen=True)
class Change:
    """Another ruleset takes the place of a family's."""

    family: str
    text: str


@dataclass(frozen=True)
class Tool:
    """A command that somebody gives on the firewall."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Set:
    """A sysctl of the firewall, for the rest of the case."""

    name: str
    value: str


Step = Send | Answer | Pass | Local | Change | Tool | Set


def as_row(step: Step) -> list[Any]:
    """A step as a list for JSON."""
    match step:
        case Send(node, packet, what):
            return ["send", node, packet.hex(), what]
        case Answer(node, how, text):
            return ["answer", node, how, *([text] if text else [])]
        case Local(packet, what):
            return ["local", packet.hex(), what]
        case Change(family, text):
            return ["change", family, text.splitlines()]
        case Tool(words):
            return ["tool", *words]
        case Set(name, value):
            return ["set", name, value]
        case Pass(seconds):
            return ["pass", seconds]


def from_row(row: list[Any]) -> Step:
    kind, *rest = row
    match kind:
        case "send":
            return Send(rest[0], bytes.fromhex(rest[1]), rest[2])
        case "answer":
            return Answer(*rest)
        case "local":
            return Local(bytes.fromhex(rest[0]), rest[1])
        case "change":
            return Change(rest[0], "\n".join(rest[1]) + "\n")
        case "tool":
            return Tool(tuple(rest))
        case "set":
            return Set(rest[0], rest[1])
        case "pass":
            return Pass(float(rest[0]))
    raise ValueError(f"{kind!r} is no kind of step")


PORTS_OF_RULE = re.compile(r"ports? (?:! )?([\d,:]+)(?![\d-])|:(\d+)(?![\d-])")


def named_ports(text: str) -> set[int]:
    """Every port number that rules name, but for those from which NAT may choose (5000-5009)."""
    words = (listed or single for listed, single in PORTS_OF_RULE.findall(text))
    return {int(number) for word in words for number in re.findall(r"\d+", word) if int(number) < 65536}


@dataclass
class Case:
    seed: int
    rules: dict[str, str] = field(default_factory=dict)  # family name -> iptables-restore text
    steps: list[Step] = field(default_factory=list)
    note: str = ""

    def packets(self) -> int:
        return sum(isinstance(step, Send | Answer | Local) for step in self.steps)

    def to_json(self) -> str:
        steps = [as_row(step) for step in self.steps]
        rules = {family: text.splitlines() for family, text in self.rules.items()}
        return json.dumps({"seed": self.seed, "note": self.note, "rules": rules, "steps": steps}, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> Case:
        raw = json.loads(text)
        steps = [from_row(row) for row in raw["steps"]]
        rules = {family: "\n".join(lines) + "\n" for family, lines in raw["rules"].items()}
        return Case(raw["seed"], rules, steps, raw.get("note", ""))

    @staticmethod
    def read(path: Path) -> Case:
        return Case.from_json(path.read_text())
