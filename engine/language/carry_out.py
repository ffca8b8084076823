"""Carries one command out on a table that is being edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.core.ruleset import Place, Rule
from engine.language.commandline import CommandLine
from engine.language.edit import NO_CHAIN, Edit, TableError
from engine.language.listing import Style, change_line, list_table
from engine.language.rule import make_rules
from engine.language.save import list_rules

CHANGES_RULES: Final = "ACDIR"


def carry_out(line: CommandLine, edit: Edit, place: Place) -> str:
    """What the command prints. Raises TableError, Refused or KernelRefusal; the caller undoes the edit then."""
    rules: list[Rule] = []
    first = line.commands[0]
    if first in CHANGES_RULES:
        rules = make_rules(line, edit.table.chains, place)
    output = "".join([change_line(rule) + "\n" for rule in rules]) if line.verbose else ""
    # -L -Z and -S -Z list first, whatever their order
    for code in sorted(line.commands, key=lambda code: code[0] == "Z"):
        output += ACTIONS[code](line, edit, rules)
    return output


def _append(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    for rule in rules:
        edit.append(line.chain, rule)
    return ""


def _insert(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    for rule in rules:
        edit.insert(line.chain, rule, line.number)
    return ""


def _replace(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    edit.replace(line.chain, rules[0], line.number)
    return ""


def _delete(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    for rule in rules:
        edit.delete_rule(line.chain, rule)
    return ""


def _delete_number(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    edit.delete_number(line.chain, line.number)
    return ""


def _check(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    for rule in rules:
        edit.find_rule(line.chain, rule)
    return ""


def _list(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    chain = edit.chain(line.chain) if line.chain_given else None
    style = Style("n" in line.options, line.verbose > 0, "x" in line.options, "0" in line.options)
    return list_table(edit.table, chain, line.number, style)


def _list_rules(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    chain = edit.chain(line.chain) if line.chain_given else None
    return list_rules(edit.table, chain, line.number, line.verbose > 0)


def _flush(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    if line.chain_given:
        edit.flush(line.chain)
        return ""
    edit.flush_all()
    return _said(line, "Flushing", list(edit.table.chains))


def _zero(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    names = [line.chain] if line.chain_given else list(edit.table.chains)
    for name in names:
        edit.zero_chain(name)
    return _said(line, "Zeroing", names)


def _zero_number(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    edit.zero_rule(line.chain, line.number)
    return ""


def _new_chain(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    edit.create_chain(line.chain)
    return ""


def _delete_chain(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    if not line.chain_given:
        return _said(line, "Deleting", edit.delete_all_chains())
    edit.delete_chain(line.chain)
    return _said(line, "Deleting", [line.chain])


def _rename(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    edit.rename_chain(line.chain, line.new_name)
    return ""


def _policy(line: CommandLine, edit: Edit, rules: list[Rule]) -> str:
    edit.set_policy(line.chain, line.policy, line.counters)
    return ""


def _said(line: CommandLine, what: str, names: list[str]) -> str:
    return "".join([f"{what} chain `{name}'\n" for name in names]) if line.verbose else ""


ACTIONS: Final[dict[str, Callable[[CommandLine, Edit, list[Rule]], str]]] = {
    "A": _append,
    "I": _insert,
    "R": _replace,
    "D": _delete,
    "D#": _delete_number,
    "C": _check,
    "L": _list,
    "S": _list_rules,
    "F": _flush,
    "Z": _zero,
    "Z#": _zero_number,
    "N": _new_chain,
    "X": _delete_chain,
    "E": _rename,
    "P": _policy,
}

# Commands that leave the table as it is.
LOOKING: Final = frozenset(("C", "L", "S"))


def changes(line: CommandLine) -> bool:
    return any(code not in LOOKING for code in line.commands)


__all__ = ["NO_CHAIN", "TableError", "carry_out", "changes"]
