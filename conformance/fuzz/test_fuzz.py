"""The fuzzer as a test: every difference ever found and mended, and a bounded run with a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.fuzz.case import Case
from conformance.fuzz.fuzzer import CORPUS, Fuzzer, open_fuzzer
from conformance.fuzz.generate import generate
from lab.engines import find

ENGINES = ("kernel-legacy", "userspace")
CASES = sorted(CORPUS.glob("*.json"))
SEED, RULESETS, PACKETS = 1, 120, 40


@pytest.fixture(scope="module")
def fuzzer() -> Iterator[Fuzzer]:
    for name in ENGINES:
        if missing := find(name).probe():
            pytest.skip(f"{name}: {missing}")
    with open_fuzzer(ENGINES) as both:
        yield both


def said(fuzzer: Fuzzer) -> str:
    return "\n".join(line for _case, lines in fuzzer.tally.failures for line in lines)


def test_there_is_a_corpus() -> None:
    assert len(CASES) >= 10


@pytest.mark.xdist_group("fuzz")
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_past_difference_stays_mended(fuzzer: Fuzzer, path: Path) -> None:
    before = len(fuzzer.tally.failures)
    assert fuzzer.judge(Case.read(path), small=False), "\n".join(fuzzer.tally.failures[before][1])


@pytest.mark.xdist_group("fuzz")
def test_engines_agree_on_random_cases(fuzzer: Fuzzer) -> None:
    packets = 0
    for seed in range(SEED, SEED + RULESETS):
        case = generate(seed, fuzzer.left.world, PACKETS)
        packets += case.packets()
        assert fuzzer.judge(case), f"nflab fuzz --seed {seed} --count 1\n{said(fuzzer)}"
    assert packets >= RULESETS * PACKETS * 9 // 10  # the other steps are changes of rules, commands, settings
