"""Long lists of rules that ask for one address each: a packet is taken to the next rule whose address is its own.

    -A blocklist -s 192.0.2.7/32 -j DROP      20,000 of these are one run: a look into a table for each prefix length
    -A blocklist -s 198.51.100.0/24 -j DROP   that occurs, instead of 20,000 comparisons

A run is a row of neighbouring rules that all have -s (or all -d), not inverted. A rule whose address differs from the
packet's does nothing at all, whatever else it says, so to skip it changes nothing: counters, verdicts and matches with
a memory see the same rules as before. Who wants to know why each rule did not match (a trace) does not skip.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from engine.core.packet import Packet
from engine.core.ruleset import Chain, Rule

SHORTEST: Final = 12  # rules; fewer are compared faster than looked up
RULES_A_TABLE: Final = 6  # at least; more prefix lengths than that do not pay


class Run:
    """Rules from `start` to before `end`. tables: mask -> masked address -> places of its rules, in order."""

    __slots__ = ("end", "is_source", "start", "tables", "worth")

    def __init__(self, start: int, end: int, is_source: bool, rules: list[Rule]) -> None:
        self.start = start
        self.end = end
        self.is_source = is_source
        self.tables: dict[int, dict[int, list[int]]] = {}
        for place in range(start, end):
            head = rules[place].head
            mask = head.src_mask if is_source else head.dst_mask
            table = self.tables.setdefault(mask, {})
            table.setdefault(head.src if is_source else head.dst, []).append(place)
        self.worth = sum([len(table) for table in self.tables.values()])  # different addresses

    def pays(self) -> bool:
        length = self.end - self.start
        return length >= SHORTEST and length >= RULES_A_TABLE * len(self.tables) and self.worth * 2 >= length

    def next(self, index: int, packet: Packet) -> int:
        """The first place from `index` on whose rule asks for the packet's address; `end` if there is none."""
        address = packet.src if self.is_source else packet.dst
        best = self.end
        for mask, table in self.tables.items():
            places = table.get(address & mask)
            if places is not None:
                at = bisect_left(places, index)
                if at < len(places) and places[at] < best:
                    best = places[at]
        return best


class Runs:
    """The runs of a chain as it is now: `of` holds its list of rules, `length` how many there were."""

    __slots__ = ("at", "length", "of")

    def __init__(self, rules: list[Rule]) -> None:
        self.of = rules
        self.length = len(rules)
        self.at: list[Run | None] = []
        found = _runs(rules, True) + _runs(rules, False)
        if found:
            self.at = [None] * len(rules)
            found.sort(key=_worth)
            for run in found:  # the most worth last, so that it has the places that two share
                for place in range(run.start, run.end):
                    self.at[place] = run

    def skip(self, index: int, packet: Packet) -> int:
        """`index`, or the place of the first rule behind it that may match the packet; the end if there is none."""
        at = self.at
        while index < len(at):
            run = at[index]
            if run is None:
                return index
            best = run.next(index, packet)
            if best < run.end:
                return best
            index = best
        return index


def runs_of(chain: Chain) -> Runs | None:
    """The runs of a chain, made when they are first asked for; None if it has none."""
    runs = chain.runs
    if not isinstance(runs, Runs) or runs.of is not chain.rules or runs.length != len(chain.rules):
        runs = Runs(chain.rules)
        chain.runs = runs
    return runs if runs.at else None


def _worth(run: Run) -> int:
    return run.worth


def _runs(rules: list[Rule], is_source: bool) -> list[Run]:
    found = []
    start = 0
    for place in range(len(rules) + 1):
        if place < len(rules) and _asks(rules[place], is_source):
            continue
        if place - start >= SHORTEST:
            run = Run(start, place, is_source, rules)
            if run.pays():
                found.append(run)
        start = place + 1
    return found


def _asks(rule: Rule, is_source: bool) -> bool:
    head = rule.head
    if is_source:
        return head.src_mask != 0 and not head.src_inverted
    return head.dst_mask != 0 and not head.dst_inverted
