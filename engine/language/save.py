"""Tables as iptables-save prints them, and chains as `iptables -S` does."""

from __future__ import annotations

from typing import Final

from engine.core.ruleset import Chain, Rule, Ruleset, Table
from engine.core.ruletext import action_text, condition_text
from engine.core.verdict import ACCEPT

POLICY_NAMES: Final[dict[int, str]] = {ACCEPT: "ACCEPT", 0: "DROP"}


def save_table(table: Table, counters: bool) -> str:
    """One table from `*name` to `COMMIT`, with a newline at the end."""
    lines = [f"*{table.name}"]
    for chain in table.chains.values():
        if chain.policy is None:
            lines.append(f":{chain.name} - [0:0]")
        else:
            lines.append(f":{chain.name} {POLICY_NAMES[chain.policy]} [{chain.packets}:{chain.bytes}]")
    for chain in table.chains.values():
        start = f"-A {chain.name}"
        if counters:
            lines += [
                f"[{rule.packets}:{rule.bytes}] {start}{condition_text(rule)}{action_text(rule)}"
                for rule in chain.rules
            ]
        else:
            lines += [start + condition_text(rule) + action_text(rule) for rule in chain.rules]
    lines.append("COMMIT\n")
    return "\n".join(lines)


def save_ruleset(ruleset: Ruleset, counters: bool, table: str = "") -> str:
    """All tables, or one. The table made last comes first, as the kernel lists them."""
    return "".join(
        [save_table(known, counters) for name, known in reversed(ruleset.tables.items()) if table in ("", name)]
    )


def list_rules(table: Table, chain: Chain | None, number: int, counters: bool) -> str:
    """`iptables -S [CHAIN [NUMBER]] [-v]`"""
    chains = list(table.chains.values()) if chain is None else [chain]
    lines = []
    if number == 0:
        lines += [_definition(known, counters) for known in chains if known.policy is not None]
        lines += [_definition(known, counters) for known in chains if known.policy is None]
    for known in chains:
        for index, rule in enumerate(known.rules):
            if number in (0, index + 1):
                lines.append(f"-A {known.name}{_with_counters(rule) if counters else _plain(rule)}")
    return "".join([line + "\n" for line in lines])


def _definition(chain: Chain, counters: bool) -> str:
    if chain.policy is None:
        return f"-N {chain.name}"
    text = f"-P {chain.name} {POLICY_NAMES[chain.policy]}"
    return f"{text} -c {chain.packets} {chain.bytes}" if counters else text


def _plain(rule: Rule) -> str:
    return condition_text(rule) + action_text(rule)


def _with_counters(rule: Rule) -> str:
    return f"{condition_text(rule)} -c {rule.packets} {rule.bytes}{action_text(rule)}"
