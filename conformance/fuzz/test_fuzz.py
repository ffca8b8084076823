"""The fuzzer as a test: every difference ever found and mended, and a bounded run with a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.fuzz.case import Case
from conformance.fuzz.fuzzer import CORPUS, Fuzzer, open_fuzzer
from conformance.fuzz.generate import around, generate
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
    undecided = fuzzer.tally.undecided
    assert fuzzer.judge(Case.read(path), small=False), "\n".join(fuzzer.tally.failures[before][1])
    assert fuzzer.tally.undecided == undecided, "NAT drew numbers of the case each time"


@pytest.mark.xdist_group("fuzz")
def test_engines_agree_on_random_cases(fuzzer: Fuzzer) -> None:
    packets = 0
    for seed in range(SEED, SEED + RULESETS):
        case = generate(seed, fuzzer.left.world, PACKETS)
        packets += case.packets()
        assert fuzzer.judge(case), f"nflab fuzz --seed {seed} --count 1\n{said(fuzzer)}"
    assert fuzzer.tally.undecided == 0
    assert packets >= RULESETS * PACKETS * 9 // 10  # the other steps are changes of rules, commands, settings


SITE = """*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan -p tcp -m multiport --dports 8080,8443 -j DNAT --to-destination 10.0.2.10:80
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:from-wan - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wan -g from-wan
-A FORWARD -j ACCEPT
-A from-wan -m conntrack --ctstate DNAT -j ACCEPT
-A from-wan -p tcp -j REJECT --reject-with tcp-reset
COMMIT
"""


@pytest.mark.xdist_group("fuzz")
def test_engines_agree_on_rules_that_somebody_has_written(fuzzer: Fuzzer) -> None:
    case = around({"ipv4": SITE}, 5, fuzzer.left.world, 250)
    assert fuzzer.judge(case), said(fuzzer)
    counters = fuzzer.right.run(case).counters
    idle = {key for key, count in counters.items() if count == "0:0" and not key.endswith("policy")}
    assert not idle, "packets do not meet these rules"


@pytest.mark.xdist_group("fuzz")
def test_rules_that_both_engines_refuse_are_not_played(fuzzer: Fuzzer) -> None:
    rules = {"ipv4": SITE.replace("-j REJECT", "-j REJEKT")}
    before = fuzzer.tally.rulesets
    fuzzer.run(iter(range(1, 10)), 10, lambda _tally, _seed: True, rules)
    assert fuzzer.tally.rulesets == before + 1
    assert "rules:20:" in fuzzer.refused  # the line
