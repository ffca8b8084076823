"""Tables, chains and rules as the walk needs them, with their counters."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.extension import Match, RuleHead, Spec, Target
from engine.core.hooks import BUILT_IN_CHAINS, HOOK_NUMBERS
from engine.core.packet import Packet
from engine.core.verdict import ACCEPT


@dataclass(slots=True)
class Place:
    """Where a rule came from: file (or "command line") and line, 1-based; 0 = unknown."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(slots=True)
class NamedMatch:
    """A match as written in a rule: the name it was asked for under, the object, and what it was built from.

    source: its options as given (only kept where nothing runs the rules), see `engine.language.state`.
    """

    name: str
    match: Match
    spec: Spec | None = None
    source: str = ""


class Rule:
    """One rule. `target` and `jump` exclude each other; neither = the rule only counts."""

    __slots__ = (
        "bytes",
        "checked",
        "goto",
        "head",
        "jump",
        "matches",
        "needs_conntrack",
        "needs_defrag",
        "packets",
        "place",
        "stateful",
        "target",
        "target_name",
        "target_source",
        "target_spec",
        "text",
    )

    def __init__(self, head: RuleHead) -> None:
        self.head = head
        self.matches: list[NamedMatch] = []
        self.target: Target | None = None
        self.target_name = ""
        self.target_spec: Spec | None = None
        self.target_source = ""
        self.jump: Chain | None = None
        self.goto = False
        self.packets = 0
        self.bytes = 0
        self.place = Place()
        self.needs_conntrack = False
        self.needs_defrag = False
        self.text: str | None = None  # head and matches as saved, once somebody asked (`engine.core.ruletext`)
        self.checked = -1  # the hooks for which the rule was last found admissible, -1: never looked at
        self.stateful = False  # one of its extensions wants to know when the rule is installed and removed

    def mismatch(self, packet: Packet, indev: str, outdev: str) -> str:
        """Which part of the head says no: an option as iptables writes it, or "" when the head matches."""
        head = self.head
        if (head.src_mask or head.src_inverted) and ((packet.src & head.src_mask) != head.src) != head.src_inverted:
            return "-s"
        if (head.dst_mask or head.dst_inverted) and ((packet.dst & head.dst_mask) != head.dst) != head.dst_inverted:
            return "-d"
        if head.indev and interface_matches(head.indev, indev) == head.indev_inverted:
            return "-i"
        if head.outdev and interface_matches(head.outdev, outdev) == head.outdev_inverted:
            return "-o"
        if head.proto and (packet.headless or (packet.proto == head.proto) == head.proto_inverted):
            return "-p"
        if head.fragment and (packet.fragment_offset != 0) != (head.fragment == 1):
            return "-f"
        return ""


def interface_matches(pattern: str, name: str) -> bool:
    """`eth0` matches itself, `eth+` every name that begins so."""
    if pattern.endswith("+"):
        return name.startswith(pattern[:-1])
    return pattern == name


class Chain:
    """A built-in chain (policy ACCEPT or DROP) or a user chain (policy None)."""

    __slots__ = ("bytes", "name", "packets", "policy", "rules", "runs")

    def __init__(self, name: str, policy: int | None = None) -> None:
        self.name = name
        self.policy = policy
        self.rules: list[Rule] = []
        self.runs: object = None  # what `engine.core.runs` has found out about the rules
        self.packets = 0  # of the policy
        self.bytes = 0

    @property
    def is_built_in(self) -> bool:
        return self.policy is not None


class Table:
    """One table of one family. `chains` holds the built-in chains first, then user chains in order of creation."""

    def __init__(self, name: str, family: int) -> None:
        self.name = name
        self.family = family
        self.needs_conntrack = False
        self.needs_defrag = False
        self.chains: dict[str, Chain] = {chain: Chain(chain, ACCEPT) for chain in BUILT_IN_CHAINS[name]}
        self.at_hook: list[Chain | None] = [None] * 5
        for chain in BUILT_IN_CHAINS[name]:
            self.at_hook[HOOK_NUMBERS[chain]] = self.chains[chain]


class Ruleset:
    """The tables of one family. A table exists once somebody touched it (as in the kernel's legacy tables)."""

    def __init__(self, family: int) -> None:
        self.family = family
        self.tables: dict[str, Table] = {}
        self.needs_conntrack = False
        self.needs_defrag = False  # tracking wants it, or a rule alone

    def refresh(self) -> None:
        """Recompute what depends on all rules; call after every change."""
        for table in self.tables.values():
            chains = table.chains.values()
            for chain in chains:
                chain.runs = None
            table.needs_conntrack = any(rule.needs_conntrack for chain in chains for rule in chain.rules)
            table.needs_defrag = any(rule.needs_defrag for chain in chains for rule in chain.rules)
        self.needs_conntrack = any(table.needs_conntrack for table in self.tables.values())
        self.needs_defrag = self.needs_conntrack or any(table.needs_defrag for table in self.tables.values())
