"""A fuzz case as a value that can be written to a file and read back.

    {"seed": 7, "rules": {"ipv4": ["*filter", ...]}, "steps": [["send", "client", "4500001c...", "udp"],
     ["answer", "server", "reply"], ["pass", 1.2]]}

A packet is an IP packet in hexadecimal, sent by a node towards the firewall. An answer is made from the last packet
that the node saw from this very engine, so that translated connections go on as they would with real hosts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Send:
    """A packet, from its IP header on, that a node sends to the firewall."""

    node: str
    packet: bytes
    what: str = ""


@dataclass(frozen=True)
class Answer:
    """A node answers the last packet it saw; `how` is a name of `conformance.fuzz.packets.ANSWERS`."""

    node: str
    how: str


@dataclass(frozen=True)
class Pass:
    """Time goes by, in seconds."""

    seconds: float


Step = Send | Answer | Pass


@dataclass
class Case:
    seed: int
    rules: dict[str, str] = field(default_factory=dict)  # family name -> iptables-restore text
    steps: list[Step] = field(default_factory=list)
    note: str = ""

    def packets(self) -> int:
        return sum(not isinstance(step, Pass) for step in self.steps)

    def to_json(self) -> str:
        steps: list[list[str | float]] = []
        for step in self.steps:
            if isinstance(step, Send):
                steps.append(["send", step.node, step.packet.hex(), step.what])
            elif isinstance(step, Answer):
                steps.append(["answer", step.node, step.how])
            else:
                steps.append(["pass", step.seconds])
        rules = {family: text.splitlines() for family, text in self.rules.items()}
        return json.dumps({"seed": self.seed, "note": self.note, "rules": rules, "steps": steps}, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> Case:
        raw = json.loads(text)
        steps: list[Step] = []
        for item in raw["steps"]:
            if item[0] == "send":
                steps.append(Send(item[1], bytes.fromhex(item[2]), item[3]))
            elif item[0] == "answer":
                steps.append(Answer(item[1], item[2]))
            else:
                steps.append(Pass(float(item[1])))
        rules = {family: "\n".join(lines) + "\n" for family, lines in raw["rules"].items()}
        return Case(raw["seed"], rules, steps, raw.get("note", ""))

    @staticmethod
    def read(path: Path) -> Case:
        return Case.from_json(path.read_text())
