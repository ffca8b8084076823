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
from conformance.fuzz.draw import Host, World
from conformance.fuzz.generate import around, generate
from conformance.fuzz.shrink import shrink
from conformance.fuzz.side import Outcome, Side
from lab import Lab

TOPOLOGY = Path(__file__).with_name("world.yaml")
CORPUS = Path(__file__).with_name("corpus")
# node, link, interface of the firewall
HOSTS = (
    ("client", "lan", "lan"),
    ("web", "dmz", "dmz"),
    ("server", "wan", "wan"),
    ("north", "one", "br0"),
    ("south", "two", "br0"),
)
# How often a case that differed is run again, in new labs: a number drawn by chance, the kernel's clock or what cases
# before it had left in the kernel may have been the cause.
AGAIN = 3
REDRAWS = 8  # how often a run is made again because NAT drew a number that says nothing


@dataclass
class Tally:
    """What a run did.

    rulesets, packets: of different cases. repeats: runs of a case again, to shrink it or because a number that NAT drew
    was one of the case's own. undecided: it was so each time, and they differed, which may have come of it. handled,
    seconds: packets each engine had, and the time it spent on them.
    """

    rulesets: int = 0
    packets: int = 0
    refused: int = 0
    repeats: int = 0
    undecided: int = 0
    handled: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    deviations: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Case, list[str]]] = field(default_factory=list)
    once: list[tuple[Case, list[str]]] = field(default_factory=list)  # differed, and then agreed AGAIN times

    def rates(self) -> str:
        return ", ".join(
            f"{name} {self.handled[name] / spent:.0f} packets/s" for name, spent in self.seconds.items() if spent
        )


# The last number of addresses beside the hosts' own that translation may come to. A packet to an address that nobody
# has would make the firewall complain three seconds later.
NOBODY = (2, 3, 4, 5, 6, 10, 11, 12, 20, 21, 22)


def settle_neighbours(lab: Lab) -> None:
    """Let the host of each link stand in for the addresses that nobody has."""
    taken = {lab[name].address(link, version) for name, link, _via in HOSTS for version in (4, 6)}
    for name, link, _via in HOSTS[:-1]:
        for version in (4, 6):
            stem, separator, _last = lab[name].address(link, version).rpartition("." if version == 4 else ":")
            for number in NOBODY:
                address = f"{stem}{separator}{number}"
                if address not in taken:
                    lab[name].claim(address, link)


def world_of(lab: Lab) -> World:
    """The addresses of the fuzzing topology, as the lab gave them out."""
    firewall = lab["firewall"]
    return World(
        tuple(Host(name, link, lab[name].address(link), lab[name].address(link, 6), via) for name, link, via in HOSTS),
        {via: firewall.address(via) for _name, _link, via in HOSTS},
        {via: firewall.address(via, 6) for _name, _link, via in HOSTS},
    )


class Fuzzer:
    """`fresh` opens both sides; those that it gave before are closed."""

    def __init__(self, fresh: Callable[[], tuple[Side, Side]]) -> None:
        self.fresh = fresh
        self.left, self.right = fresh()
        self.names = (self.left.name, self.right.name)
        self.tally = Tally()
        self.refused = ""  # by both, the last case: what the right engine said

    def check(self, case: Case) -> list[str]:
        """The differences between both engines on one case."""
        outcomes = [self.outcome(side, case) for side in (self.left, self.right)]
        self.tally.repeats += 1
        self.refused = outcomes[0].refused and outcomes[1].refused
        found = differences(case, self.names, outcomes[0], outcomes[1])
        if found and any(outcome.ambiguous for outcome in outcomes):
            self.tally.undecided += 1
            return []
        return found

    def differs(self, case: Case) -> bool:
        """Whether the engines differ, also in new labs."""
        if not self.check(case):
            return False
        self.renew()
        return bool(self.check(case))

    def renew(self) -> None:
        """New labs: a kernel keeps what no flush undoes, such as reassembly after it has refused a TPROXY rule."""
        self.left, self.right = self.fresh()

    def outcome(self, side: Side, case: Case) -> Outcome:
        """What a side does with a case.

        NAT draws ports. When it draws one that means something else in the case, or one twice, its name in the outcome
        is ambiguous, and the case is run again, REDRAWS times at most.
        """
        for _attempt in range(REDRAWS):
            start = time.perf_counter()
            outcome = side.run(case)
            tally = self.tally
            tally.seconds[side.name] = tally.seconds.get(side.name, 0.0) + time.perf_counter() - start
            tally.handled[side.name] = tally.handled.get(side.name, 0) + case.packets()
            if not outcome.ambiguous:
                break
            tally.repeats += 1
        return outcome

    def judge(self, case: Case, small: bool = True) -> bool:
        """True when the engines agree, differ as documented, or differ once and never again; else the case is shrunk
        and kept in the tally."""
        tally = self.tally
        tally.rulesets += 1
        tally.packets += case.packets()
        tally.repeats -= 1
        lines = self.check(case)
        tally.refused += bool(self.refused)
        if not lines:
            return True
        self.renew()
        if not any(self.check(case) for _attempt in range(AGAIN)):
            case.note = "\n".join(lines)
            tally.once.append((case, lines))
            return True
        if small:
            case = shrink(case, self.differs)
            self.renew()
            lines = self.check(case) or lines
        if name := explain(case, lines):
            tally.deviations[name] += 1
            return True
        case.note = "\n".join(lines)
        tally.failures.append((case, lines))
        return False

    def run(
        self,
        seeds: Iterator[int],
        packets: int,
        progress: Callable[[Tally, int], bool],
        rules: dict[str, str] | None = None,
    ) -> Tally:
        """Cases from seeds until `progress(tally, seed)` says stop (False) or both engines refuse `rules`.

        rules: family name -> what somebody has written; without it every case has random ones.
        """
        world = self.left.world
        for seed in seeds:
            self.judge(around(rules, seed, world, packets) if rules else generate(seed, world, packets))
            if not progress(self.tally, seed) or (rules and self.refused):
                break
        return self.tally


@contextmanager
def open_fuzzer(engines: tuple[str, str]) -> Iterator[Fuzzer]:
    """Both labs, built, built anew when the fuzzer wants fresh ones, and taken down."""
    with ExitStack() as stack:

        def fresh() -> tuple[Side, Side]:
            stack.close()
            left, right = (stack.enter_context(Lab.open(str(TOPOLOGY), engine=name)) for name in engines)
            return _side(left, engines[0]), _side(right, engines[1])

        yield Fuzzer(fresh)


def _side(lab: Lab, name: str) -> Side:
    settle_neighbours(lab)
    return Side(name, lab, world_of(lab))
