"""Every option of every extension, as it is written and as it is saved; and what is refused."""

from pathlib import Path

from conformance.vocabulary import Failed, case
from lab import RulesetError

HERE = Path(__file__).parent


def lines_of(name):
    return [line for line in (HERE / name).read_text().splitlines() if not line.startswith("#")]


@case("rules-cli.options-written", topology="host", needs=["mangle", "raw", "nat"], cites=["SAVE-09"], requirement="A rule is saved so that reading it again makes the same rule",
      source="iptables-save(8); iptables-extensions(8); measured", rows={"ipv4": {"family": 4}, "ipv6": {"family": 6, "needs": "nat6"}})
def test_written(firewall, family):
    """All rules of a family are loaded at once; what is saved is compared line by line, and loaded again."""
    tables, wanted = {}, []
    for line in lines_of("written.txt"):
        place, rest = line.split(" | ", 1)
        given, saved = rest.rsplit(" | ", 1)
        number, table, chain = place.split()
        if int(number) == family:
            tables.setdefault(table, []).append((chain, given, given if saved == "=" else saved))
    firewall.loads("".join(f"*{table}\n" + "".join(f"-A {chain} {given}\n" for chain, given, _saved in rules) + "COMMIT\n" for table, rules in tables.items()), family)
    text = firewall.saved(family)
    for table, rules in tables.items():
        found = [line for line in text.partition(f"*{table}\n")[2].partition("COMMIT")[0].splitlines() if line.startswith("-A")]
        expected = [f"-A {chain} {saved}" for place in dict.fromkeys(chain for chain, _given, _saved in rules) for chain, _given, saved in rules if chain == place]
        order = sorted(expected), sorted(found)
        wanted += [(f"should save in {table}", want) for want in order[0] if want not in order[1]] + [("saved", line) for line in order[1] if line not in order[0]]
    if wanted:
        raise Failed(*wanted)
    firewall.loads(text, family)
    assert firewall.saved(family) == text


@case("rules-cli.options-refused", topology="host", needs=["mangle", "raw", "nat"], requirement="An option whose value cannot be is refused", source="iptables-extensions(8); measured")
def test_refused(firewall):
    """None of them is taken, and none leaves anything behind."""
    taken = []
    for line in lines_of("refused.txt"):
        table, rule = line.split(" ", 1)
        try:
            firewall.node.load(f"*{table}\n{rule}\nCOMMIT\n", "ipv4")
        except RulesetError:
            continue
        taken.append(line)
    assert not taken, taken
    assert "-A " not in firewall.saved()
