"""Make a failing case as small as it gets: fewer packets, fewer rules, fewer words a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from conformance.fuzz.case import Case

Item = TypeVar("Item")
Fails = Callable[[Case], bool]

# Parts of a rule that may go on their own: a match with its options, or one option of the head.
PART = re.compile(
    r" (-m \S+(?: (?:! )?--\S+(?: (?!-)(?!!)(?:\"[^\"]*\"|\S+))*)*|(?:! )?-[sdiopf](?: (?!-)\S+)?)(?= |$)"
)


def shrink(case: Case, fails: Fails, budget: int = 400) -> Case:
    """The smallest case found that still fails; `budget` bounds how often it is tried."""
    tries = Budget(fails, budget)
    while True:
        before = case
        case = shrink_steps(case, tries)
        for family in list(case.rules):
            case = shrink_rules(case, family, tries)
        if case == before or tries.left <= 0:
            return case


class Budget:
    def __init__(self, fails: Fails, left: int) -> None:
        self.fails = fails
        self.left = left

    def __call__(self, case: Case) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        return self.fails(case)


def smaller(items: Sequence[Item], fails: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """Delta debugging: drop halves, quarters, ... single items while the rest still fails."""
    current = list(items)
    size = max(1, len(current) // 2)
    while True:
        start = 0
        while start < len(current):
            candidate = current[:start] + current[start + size :]
            if fails(candidate):
                current = candidate
            else:
                start += size
        if size == 1:
            return current
        size //= 2


def shrink_steps(case: Case, fails: Fails) -> Case:
    return replace(case, steps=smaller(case.steps, lambda steps: fails(replace(case, steps=list(steps)))))


def shrink_rules(case: Case, family: str, fails: Fails) -> Case:
    def with_lines(lines: Sequence[str]) -> Case:
        return replace(case, rules={**case.rules, family: "\n".join(lines) + "\n"})

    lines = case.rules[family].splitlines()
    rules = [line for line in lines if line.startswith("-A")]
    kept = set(map(id, smaller(rules, lambda some: fails(with_lines(without(lines, rules, some))))))
    lines = [line for line in lines if not line.startswith("-A") or id(line) in kept]
    for number, line in enumerate(lines):
        if not line.startswith("-A"):
            continue
        for part in PART.findall(line):
            shorter = lines[number].replace(" " + part, "", 1)
            candidate = [*lines[:number], shorter, *lines[number + 1 :]]
            if fails(with_lines(candidate)):
                lines = candidate
    return with_lines(lines)


def without(lines: Sequence[str], rules: Sequence[str], some: Sequence[str]) -> list[str]:
    kept = set(map(id, some))
    gone = {id(rule) for rule in rules} - kept
    return [line for line in lines if id(line) not in gone]
