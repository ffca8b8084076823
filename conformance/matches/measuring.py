"""Many rules, many packets, one question: which rule means which packets?

    RULES = '''
        -m length --length 50:60     | at-low at-high
        -m length ! --length 50:60   | below above
    '''
    means(client, firewall, {"below": udp(..., size=21), "at-low": ...}, RULES)

All rules are loaded at once, all packets are sent, and each rule must have counted exactly the packets named behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from conformance.counters import Count, Counters
from conformance.vocabulary import Failed

Wanted = list[tuple[str, list[str]]]  # (rule, names of the packets that it means)


def read_rules(text: str) -> Wanted:
    """The last ` |` of a line ends the rule."""
    found = []
    for line in text.strip().splitlines():
        rule, bar, names = line.strip().rpartition(" |")
        assert bar, f"no packets behind rule '{line.strip()}'"
        found.append((rule.strip(), names.split()))
    return found


def means(
    client: Any,
    firewall: Any,
    packets: Mapping[str, Any],
    rules: str,
    family: int = 4,
    place: str = "filter FORWARD",
    before: str = "",
    tables: str = "",
    link: str = "lan1",
    next_hop: str = "",
) -> None:
    """Raises Failed when a rule counted other packets.

    packets     name -> packet, sent in this order; or something else to do in between
    place       table and chain of the rules
    before      rules that stand before them; `tables`: other tables
    link        by which the packets come
    next_hop    as `sends` has it
    """
    wanted = read_rules(rules)
    table, chain = place.split()
    lines = [f"-A {chain} -i {link} {rule} -m comment --comment r{at}" for at, (rule, _names) in enumerate(wanted)]
    firewall.loads(f"{tables}*{table}\n{before}\n" + "\n".join(lines) + "\nCOMMIT\n", family)
    sizes = {}
    for name, packet in packets.items():
        if callable(packet):
            packet()
        else:
            sizes[name] = client.sends(packet, next_hop=next_hop).size
    judge(firewall.counters(family), wanted, sizes)


def judge(counted: Counters, wanted: Wanted, sizes: Mapping[str, int]) -> None:
    """`sizes`: name of a packet -> its bytes. By number and bytes together a rule tells which packets it counted."""
    wrong = []
    for number, (rule, names) in enumerate(wanted):
        count = counted.at(f"r{number}")
        assert count is not None and set(names) <= set(sizes), rule
        if (count.packets, count.bytes) != (len(names), sum(sizes[name] for name in names)):
            wrong += [(f"`{rule}` should mean", " ".join(names) or "nothing"), ("it counted", who(count, sizes))]
    if wrong:
        raise Failed(*wrong)


def who(count: Count, sizes: Mapping[str, int]) -> str:
    """The packets that make up a count, for people."""
    if count.packets <= len(sizes):
        for names in combinations(sizes, count.packets):
            if sum(sizes[name] for name in names) == count.bytes:
                return " ".join(names) or "nothing"
    return str(count)
