"""The fuzzing loop: generate, run on both engines, compare, shrink, write down."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conformance.fuzz.case import Case
from conformance.fuzz.compare import differences
from conformance.fuzz.deviations import explain
from conformance.fuzz.generate import Host, World, generate
from conformance.fuzz.shrink import shrink
from conformance.fuzz.side import Side
from lab import Lab

TOPOLOGY = Path(__file__).with_name("world.yaml")
CORPUS = Path(__file__).with_name("corpus")
HOSTS = (("client", "lan"), ("web", "dmz"), ("server", "wan"))


@dataclass
class Tally:
    """What a run did. seconds: time each engine spent on its packets."""

    rulesets: int = 0
    packets: int = 0
    refused: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    deviations: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Case, list[str]]] = field(default_factory=list)

    def rates(self) -> str:
        return ", ".join(
            f"{name} {self.packets / spent:.0f} packets/s" for name, spent in self.seconds.items() if spent
        )


def world_of(lab: Lab) -> World:
    """The addresses of the fuzzing topology, as the lab gave them out."""
    firewall = lab["firewall"]
    return World(
        tuple(Host(name, link, lab[name].address(link), lab[name].address(link, 6)) for name, link in HOSTS),
        {link: firewall.address(link) for _name, link in HOSTS},
        {link: firewall.address(link, 6) for _name, link in HOSTS},
    )


class Fuzzer:
    def __init__(self, left: Side, right: Side) -> None:
        self.left = left
        self.right = right
        self.names = (left.name, right.name)
        self.tally = Tally()

    def check(self, case: Case) -> list[str]:
        """The differences between both engines on one case."""
        outcomes = []
        for side in (self.left, self.right):
            start = time.perf_counter()
            outcomes.append(side.run(case))
            spent = time.perf_counter() - start
            self.tally.seconds[side.name] = self.tally.seconds.get(side.name, 0.0) + spent
        self.tally.rulesets += 1
        self.tally.packets += case.packets()
        self.tally.refused += bool(outcomes[0].refused)
        return differences(case, self.names, outcomes[0], outcomes[1])

    def judge(self, case: Case, small: bool = True) -> bool:
        """True when the engines agree or differ as documented; else the case is shrunk and kept in the tally."""
        lines = self.check(case)
        if not lines:
            return True
        if not self.check(case):  # once is a flake of the harness and is reported as what it is
            lines = ["differed once and not again: " + lines[0], *lines[1:]]
        elif small:
            case = shrink(case, lambda smaller: bool(self.check(smaller)))
            lines = self.check(case)
        if name := explain(case, lines):
            self.tally.deviations[name] += 1
            return True
        case.note = "\n".join(lines)
        self.tally.failures.append((case, lines))
        return False

    def run(self, seeds: Iterator[int], packets: int, progress: Callable[[Tally, int], bool]) -> Tally:
        """Cases from seeds until `progress(tally, seed)` says stop (False)."""
        for seed in seeds:
            self.judge(generate(seed, self.left.world, packets))
            if not progress(self.tally, seed):
                break
        return self.tally


@contextmanager
def open_fuzzer(engines: tuple[str, str]) -> Iterator[Fuzzer]:
    """Both labs, built and taken down."""
    with ExitStack() as stack:
        labs = [stack.enter_context(Lab.open(str(TOPOLOGY), engine=name)) for name in engines]
        sides = [Side(name, lab, world_of(lab)) for name, lab in zip(engines, labs, strict=True)]
        yield Fuzzer(sides[0], sides[1])
