"""The truth tables of all matches and targets: what is accepted, how it is saved, how it is refused."""

import re
from pathlib import Path

import pytest
from tables import REFUSED, Row, files, rows

from engine import match as match_list
from engine import target as target_list
from engine.core.extension import KernelRefusal
from engine.core.hooks import FAMILY_NAMES, IPV4
from engine.core.ruletext import action_text, condition_text, rule_text
from engine.core.text import quoted, whole_word
from engine.language.commands import ERRNO_TEXTS, run
from engine.language.errors import Refused, RulesetError
from engine.language.rule import parse_rules
from engine.language.state import load_state, state_text
from engine.language.store import RulesetStore


def ours(row: Row) -> str:
    """What our parser makes of a row: its saved text, or "refused: ...", in the form of the tables."""
    try:
        parsed = parse_rules(row.words, row.family, row.table, row.chain)
    except Refused as refused:
        return REFUSED + refused.message.strip().split("\n")[0]
    except KernelRefusal as refusal:
        text = str(refusal)
        if text.startswith("accepted by iptables"):
            return f"{REFUSED}{text}."
        return REFUSED + ERRNO_TEXTS[refusal.errno]
    return "\n".join(rule_text(rule) for rule in parsed)


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_row_comes_out_as_the_table_says(path: Path) -> None:
    table = rows(path)
    assert table, "a truth table without rows"
    wrong = [
        f"{row}\n   table: {row.expected}\n   parser: {got}" for row in table if (got := ours(row)) != row.expected
    ]
    assert not wrong, "\n".join(wrong)


# Rules that iptables saves in a way that it cannot read back itself: a blank or an empty word that it does not quote,
# a port of 0, a rate of 0, a node mask above 32, a number above 2**31 that it prints and refuses.
NOT_READ_BACK = re.compile(
    r"--label a b|--rateest-name  |--rateest-name a b|-[0-9]+/0|--physdev-in a b|--name a b|--hashlimit-name a b"
    r"|days  |--seconds -1|--hashlimit-upto 0b/s|--cluster-local-nodemask 0x80000000"
)
# What comes back as something else: a range that ipcomp leaves out and reads as 0, a last day of 1 January 1970.
READ_BACK_AS = {
    " -p ipcomp -m ipcomp": " -p ipcomp -m ipcomp --ipcompspi 0",
    " -m time": " -m time --datestop 2038-01-19T03:14:07",
}


def saved_rules(store: RulesetStore, row: Row) -> list[str]:
    text = store.save(FAMILY_NAMES[row.family], table=row.table)
    start = f"-A {row.chain}"
    return text[text.find(start) :].removesuffix("\nCOMMIT\n").split("\n" + start) if start in text else []


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_saved_can_be_loaded_and_is_saved_the_same(path: Path) -> None:
    """Also shows that the short way of loading (engine.language.quick) and the long one agree."""
    for row in rows(path):
        if row.expected.startswith(REFUSED):
            continue
        for rule in parse_rules(row.words, row.family, row.table, row.chain):
            saved = condition_text(rule) + action_text(rule)
            store = RulesetStore()
            text = f"*{row.table}\n-A {row.chain}{saved}\nCOMMIT\n"
            if "\n" in saved:
                continue
            if NOT_READ_BACK.search(saved):
                with pytest.raises(RulesetError):
                    store.load(text, FAMILY_NAMES[row.family])
                continue
            store.load(text, FAMILY_NAMES[row.family])
            assert saved_rules(store, row) == [f"-A {row.chain}{READ_BACK_AS.get(saved, saved)}"], str(row)


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_state_files_lose_nothing(path: Path) -> None:
    """Every accepted row, put in by a command, is the same after its state was written and read twice."""
    for row in rows(path):
        store = RulesetStore()
        tool = "iptables" if row.family == IPV4 else "ip6tables"
        result = run([tool, "-t", row.table, "-A", row.chain, *row.words], "", store)
        if result.exit:
            continue
        first = state_text(store)
        again = RulesetStore()
        load_state(again, first, "state")
        assert saved_rules(again, row) == saved_rules(store, row), str(row)
        assert state_text(again) == first, str(row)
        if len(saved_rules(store, row)) == 1:
            found = run([tool, "-t", row.table, "-C", row.chain, *row.words], "", again)
            assert not found.exit, f"{row}: no longer found by its words"


def test_words_survive_quoting() -> None:
    for word in ("a", "a b", 'a"b', "a\\b", "", "\t", "'"):
        store = RulesetStore()
        store.load(f"*filter\n-A INPUT -m comment --comment {whole_word(word)}\nCOMMIT\n")
        rule = store.rulesets[2].tables["filter"].chains["INPUT"].rules[0]
        assert rule.matches[0].match.save() == f"--comment {quoted(word)}"


def test_every_extension_has_a_table_and_every_table_an_extension() -> None:
    for package, names in (("match", match_list.NAMES), ("target", target_list.NAMES)):
        modules = set(names.values())
        tables = {path.stem for path in files() if path.parent.name == package}
        assert tables == modules, f"{package}: {sorted(tables ^ modules)}"
