"""Random cases: a ruleset that iptables accepts and traffic that meets its rules often.

Everything comes from one seed. Addresses, ports, marks and interfaces are drawn from small pools, so that rules and
packets hit each other. Left out is what the kernel itself decides by chance (random ports, random statistic) or by
wall clock; limits are slow enough that no token returns while a case runs.
"""

from __future__ import annotations

import random

from conformance.fuzz.case import Case, named_ports
from conformance.fuzz.draw import PORTS, World
from conformance.fuzz.rules import Rules
from conformance.fuzz.traffic import Traffic


def generate(seed: int, world: World, packets: int = 40) -> Case:
    """The case of a seed; the same seed always gives the same case."""
    dice = random.Random(seed)
    versions = dice.choice(((4,), (4,), (4, 6), (6,)))
    rules = {}
    if 4 in versions:
        rules["ipv4"] = Rules(dice, world, 4).text()
    if 6 in versions:
        rules["ipv6"] = Rules(dice, world, 6).text()
    texts = {family: text for family, text in rules.items() if text}
    return Case(seed, rules, Traffic(dice, world, versions, texts).steps(packets))


def around(rules: dict[str, str], seed: int, world: World, packets: int = 40) -> Case:
    """Random traffic against rules that somebody has written (family name -> iptables-restore text).

    Packets carry the ports that the rules name, as often as the usual ones; the rules stay as they are.
    """
    dice = random.Random(seed)
    versions = tuple(4 if family == "ipv4" else 6 for family in rules)
    lines = [line for text in rules.values() for line in text.splitlines() if "-A" in line]
    named = sorted(named_ports("\n".join(lines)))
    ports = (*PORTS, *dice.choices(named, k=len(PORTS))) if named else PORTS
    return Case(seed, rules, Traffic(dice, world, versions, {}, ports).steps(packets))
