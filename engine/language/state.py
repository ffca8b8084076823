"""A ruleset kept in a file between commands: both families with counters, as text that loses nothing.

The file is iptables-save text; a comment line separates the families. What iptables-save itself would print in a way
that cannot be read back is written otherwise here: names are quoted (a chain called `a"b`), and an option whose saved
form is refused or means something else (`--to-ports 1-2/0`; `-m recent --set` and a mask) stands as it was given.
"""

from __future__ import annotations

from typing import Final

from engine.core.hooks import FAMILY_NAMES, IPV4, IPV6
from engine.core.ruleset import Rule, Ruleset
from engine.core.ruletext import action_text, head_text, match_text
from engine.core.text import whole_word
from engine.language.errors import RulesetError
from engine.language.quick import QuickReader
from engine.language.restore import load_text
from engine.language.save import POLICY_NAMES
from engine.language.store import RulesetStore

MARK: Final = "# nflab rules: "
START_ANEW: Final = "name another file, or remove this one to begin without rules."


def state_text(store: RulesetStore) -> str:
    """All tables of both families."""
    return "".join(
        [f"{MARK}{FAMILY_NAMES[family]}\n{_ruleset_text(store.rulesets[family])}" for family in (IPV4, IPV6)]
    )


def _ruleset_text(ruleset: Ruleset) -> str:
    lines = []
    reader = QuickReader(ruleset.family)
    for table in ruleset.tables.values():
        lines.append(f"*{table.name}")
        for chain in table.chains.values():
            policy = "-" if chain.policy is None else POLICY_NAMES[chain.policy]
            lines.append(f":{chain.name} {policy} [{chain.packets}:{chain.bytes}]")
        for chain in table.chains.values():
            start = f"-A {whole_word(chain.name)}"
            lines += [f"[{rule.packets}:{rule.bytes}] {start}{_rule_text(rule, reader)}" for rule in chain.rules]
        lines.append("COMMIT")
    return "".join([line + "\n" for line in lines])


def _rule_text(rule: Rule, reader: QuickReader) -> str:
    head = rule.head
    proto = 0 if head.proto_inverted else head.proto
    text = head_text(head, True)
    for named in rule.matches:
        if named.source and not reader.reads_back(proto, "-m", named.name, named.match):
            text += f" -m {named.name}{named.source}"
        else:
            text += match_text(named)
    target = rule.target if rule.jump is None and rule.target_source else None
    if target is not None and not reader.reads_back(proto, "-j", rule.target_name, target):
        return f"{text} -j {rule.target_name}{rule.target_source}"
    return text + action_text(rule, True)


def load_state(store: RulesetStore, text: str, name: str) -> None:
    """Fill an empty store with what `state_text` wrote. Raises RulesetError."""
    if not text:
        return
    first, mark, second = text.partition(f"\n{MARK}{FAMILY_NAMES[IPV6]}\n")
    if not mark or not first.startswith(f"{MARK}{FAMILY_NAMES[IPV4]}"):
        raise RulesetError(
            "this file was not written by `nflab iptables --state'", name, 1, 0, hint=START_ANEW, state=""
        )
    load_text(store, first + "\n", IPV4, name, counters=True, machine_made=True)
    load_text(store, "\n" * (first.count("\n") + 2) + second, IPV6, name, counters=True, machine_made=True)
