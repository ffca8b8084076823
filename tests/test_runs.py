"""Long lists of addresses: skipping to the next rule that may match says the same as asking every rule."""

from __future__ import annotations

import random

import pytest

from engine.core.context import Context, Environment, Randomness, Shared
from engine.core.hooks import FORWARD, IPV4, IPV6
from engine.core.packet import Packet
from engine.core.ruleset import Chain
from engine.core.runs import SHORTEST, runs_of
from engine.core.walk import walk
from engine.language.commands import run
from engine.language.store import RulesetStore

WORDS = {IPV4: "iptables", IPV6: "ip6tables"}


def chain_of(store: RulesetStore, family: int, name: str = "FORWARD") -> Chain:
    return store.rulesets[family].tables["filter"].chains[name]


def loaded(family: int, rules: list[str]) -> RulesetStore:
    store = RulesetStore()
    text = "\n".join(["*filter", ":other - [0:0]", ":more - [0:0]", *rules, "COMMIT", ""])
    result = run([WORDS[family] + "-restore"], text, store)
    assert result.exit == 0, result.stderr
    return store


def counts(store: RulesetStore, family: int) -> str:
    saved = run([WORDS[family] + "-save", "-c"], "", store).stdout
    return "\n".join(line for line in saved.splitlines() if not line.startswith("#"))


def ipv4(source: int, destination: int) -> bytes:
    head = bytes.fromhex("450000200001000040110000") + source.to_bytes(4, "big") + destination.to_bytes(4, "big")
    return head + bytes.fromhex("03e80035000c0000") + b"data"


def ipv6(source: int, destination: int) -> bytes:
    head = bytes.fromhex("60000000000c1140") + source.to_bytes(16, "big") + destination.to_bytes(16, "big")
    return head + bytes.fromhex("03e80035000c0001") + b"data"


def play(store: RulesetStore, family: int, packets: list[bytes], skipping: bool) -> list[int]:
    shared = Shared(Environment(), Randomness())
    verdicts = []
    for data in packets:
        packet = Packet(data)
        assert not packet.fault
        context = Context(shared, family, FORWARD, 0.0, "in0", "out0")
        context.table = "filter"
        if not skipping:
            context.trace = []
        verdicts.append(walk(chain_of(store, family), packet, context))
    return verdicts


def a_block(dice: random.Random, family: int, chain: str) -> list[str]:
    """Neighbouring rules that ask for the same addresses and few lengths of prefixes."""
    options = dice.choice((("-s",), ("-s",), ("-d",), ("-d",), ("-s", "-d"), ()))
    lengths = dice.sample((32, 32, 30, 24) if family == IPV4 else (128, 128, 126, 64), 2)
    stem = "10.0.0.{}" if family == IPV4 else "2001:db8::{:x}"
    targets = ["", "", "", "", "-j DROP", "-j ACCEPT", "-j RETURN"]
    targets += [] if chain == "more" else ["-j more", "-g more"]
    targets += ["-j other"] if chain == "FORWARD" else []
    rules = []
    for _ in range(dice.randrange(40)):
        words = [f"-A {chain}"]
        for option in options:
            invert = "! " if dice.random() < 0.01 else ""
            words.append(f"{invert}{option} {stem.format(dice.randrange(24))}/{dice.choice(lengths)}")
        words.append(dice.choice(("", "", "-p udp", "-p tcp", "-i in0", "-m mark --mark 7")))
        words.append(dice.choice(targets))
        rules.append(" ".join(words))
    return rules


def random_rules(dice: random.Random, family: int) -> list[str]:
    blocks = [a_block(dice, family, chain) for chain in ("FORWARD", "other", "more") for _ in range(4)]
    return [rule for block in blocks for rule in block]


@pytest.mark.parametrize("family", (IPV4, IPV6))
@pytest.mark.parametrize("seed", range(30))
def test_skipping_counts_and_decides_as_asking_every_rule(seed: int, family: int) -> None:
    dice = random.Random(seed)
    rules = random_rules(dice, family)
    base, make = (0x0A000000, ipv4) if family == IPV4 else (0x20010DB8 << 96, ipv6)
    packets = [make(base + dice.randrange(26), base + dice.randrange(26)) for _ in range(60)]
    skipping, asking = loaded(family, rules), loaded(family, rules)
    assert play(skipping, family, packets, True) == play(asking, family, packets, False)
    assert counts(skipping, family) == counts(asking, family)


def test_random_rules_have_runs() -> None:
    chains = [chain_of(loaded(IPV4, random_rules(random.Random(seed), IPV4)), IPV4) for seed in range(30)]
    assert sum(runs_of(chain) is not None for chain in chains) > 15


def test_a_blocklist_is_a_run_and_a_short_chain_is_none() -> None:
    store = loaded(IPV4, [f"-A FORWARD -s 192.0.2.{number} -j DROP" for number in range(200)])
    runs = runs_of(chain_of(store, IPV4))
    assert runs is not None
    assert runs.skip(0, Packet(ipv4(0xC0000263, 1))) == 99
    assert runs.skip(100, Packet(ipv4(0xC0000263, 1))) == 200
    assert runs_of(chain_of(loaded(IPV4, ["-A FORWARD -s 192.0.2.1"] * (SHORTEST - 1)), IPV4)) is None


def test_prefixes_of_any_length_and_masks_with_holes_keep_their_order() -> None:
    rules = [f"-A FORWARD -s 192.0.2.{number}" for number in range(40)]
    rules[10:10] = ["-A FORWARD -s 192.0.0.0/16", "-A FORWARD -s 192.0.0.9/255.255.0.255", "-A FORWARD -s 192.0.2.0/24"]
    store = loaded(IPV4, rules)
    play(store, IPV4, [ipv4(0xC0000209, 1)], True)
    met = [number for number, rule in enumerate(chain_of(store, IPV4).rules) if rule.packets]
    assert met == [9, 10, 11, 12]


@pytest.mark.parametrize(
    "command",
    ["-R FORWARD 5 -s 10.0.0.1 -j DROP", "-I FORWARD 1 -s 10.0.0.1 -j DROP", "-A FORWARD -s 10.0.0.1 -j DROP"],
)
def test_a_change_of_rules_is_seen_at_once(command: str) -> None:
    store = loaded(IPV4, [f"-A FORWARD -s 192.0.2.{number} -j DROP" for number in range(50)])
    packet = [ipv4(0x0A000001, 1)]
    before = play(store, IPV4, packet, True)
    assert run(["iptables", *command.split()], "", store).exit == 0
    assert play(store, IPV4, packet, True) != before
    number = 5 if command.startswith("-R") else 1 if command.startswith("-I") else 51
    assert chain_of(store, IPV4).rules[number - 1].packets == 1
    assert run(["iptables", "-D", "FORWARD", str(number)], "", store).exit == 0
    assert play(store, IPV4, packet, True) == before


def test_rules_of_another_order_are_looked_up_anew() -> None:
    store = loaded(IPV4, [f"-A FORWARD -s 192.0.2.{number} -j DROP" for number in range(50)])
    chain = chain_of(store, IPV4)
    first = runs_of(chain)
    store.rulesets[IPV4].refresh()
    second = runs_of(chain)
    assert first is not second
    assert runs_of(chain) is second
