"""Many rules, many packets, one question: which rule means which packets?

    RULES = '''
        -m length --length 50:60     | at-low at-high
        -m length ! --length 50:60   | below above
    '''
    means(client, firewall, {"below": udp(..., size=21), "at-low": ...}, RULES)

All rules are loaded at once, all packets are sent, and each rule must have counted exactly the packets named behind it.
"""

from __future__ import annotations

from itertools import combinations

from conformance.vocabulary import Failed


def read_rules(text: str) -> list[tuple[str, list[str]]]:
    """(rule, names of packets) of each line; the last ` |` of a line ends the rule."""
    found = []
    for line in text.strip().splitlines():
        rule, bar, names = line.strip().rpartition(" |")
        assert bar, f"no packets behind rule '{line.strip()}'"
        found.append((rule.strip(), names.split()))
    return found


def means(client, firewall, packets, rules, family=4, place="filter FORWARD", before="", tables="", link="lan1", **way):
    """`packets`: name -> packet, sent in this order, by this `way` (words of `sends`); or something else to do in between.
    `before`: rules that stand first. `tables`: other tables. `link`: by which the packets come."""
    wanted = read_rules(rules)
    table, chain = place.split()
    lines = [f"-A {chain} -i {link} {rule} -m comment --comment r{number}" for number, (rule, _names) in enumerate(wanted)]
    firewall.loads(f"{tables}*{table}\n{before}\n" + "\n".join(lines) + "\nCOMMIT\n", family)
    sizes = {}
    for name, packet in packets.items():
        if callable(packet):
            packet()
        else:
            sizes[name] = client.sends(packet, **way).size
    judge(firewall.counters(family), wanted, sizes)


def judge(counted, wanted, sizes):
    """`sizes`: name of a packet -> its bytes. By number and bytes together a rule tells which packets it counted."""
    wrong = []
    for number, (rule, names) in enumerate(wanted):
        count = counted.at(f"r{number}")
        assert count is not None and set(names) <= set(sizes), rule
        if (count.packets, count.bytes) != (len(names), sum(sizes[name] for name in names)):
            wrong += [(f"`{rule}` should mean", " ".join(names) or "nothing"), ("it counted", who(count, sizes))]
    if wrong:
        raise Failed(*wrong)


def who(count, sizes):
    """The packets that make up a count, for people."""
    if count.packets <= len(sizes):
        for names in combinations(sizes, count.packets):
            if sum(sizes[name] for name in names) == count.bytes:
                return " ".join(names) or "nothing"
    return str(count)
