"""Carries one command out on a table that is being edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.core.ruleset import Place, Rule
from engine.language.commandline import CommandLine
from engine.language.edit import Edit, TableError
from engine.language.listing import Style, change_line, list_table
from engine.language.rule import make_rules
from engine.language.save import list_rules

CHANGES_RULES: Final = "ACDIR"


def carry_out(line: CommandLine, edit: Edit, place: Place, output: list[str]) -> None:
    """Add to `output` what the command prints. Raises TableError, Refused or KernelRefusal; the caller undoes then."""
    rules: list[Rule] = []
    first = line.commands[0]
    if first in CHANGES_RULES:
        rules = make_rules(line, edit.table.chains, place)
    if line.verbose:
        output += [change_line(rule) + "\n" for rule in rules]
    # -L -Z and -S -Z list first, whatever their order
    for code in sorted(line.commands, key=lambda code: code[0] == "Z"):
        ACTIONS[code](line, edit, rules, output)


def _append(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    for rule in rules:
        edit.append(line.chain, rule)


def _insert(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    for rule in rules:
        edit.insert(line.chain, rule, line.number)


def _replace(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    if rules:
        edit.replace(line.chain, rules[0], line.number)


def _delete(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    for rule in rules:
        edit.delete_rule(line.chain, rule)


def _delete_number(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    edit.delete_number(line.chain, line.number)


def _check(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    for rule in rules:
        edit.find_rule(line.chain, rule)


def _list(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    edit.put_in_order()
    chain = edit.chain(line.chain) if line.chain_given else None
    style = Style("n" in line.options, line.verbose > 0, "x" in line.options, "0" in line.options)
    output.append(list_table(edit.table, chain, line.number, style))


def _list_rules(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    edit.put_in_order()
    chain = edit.chain(line.chain) if line.chain_given else None
    output.append(list_rules(edit.table, chain, line.number, line.verbose > 0))


def _flush(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    for name in _chains(line, edit):
        _say(line, "Flushing", name, output)
        edit.flush(name)


def _zero(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    for name in _chains(line, edit):
        _say(line, "Zeroing", name, output)
        edit.zero_chain(name)


def _zero_number(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    edit.zero_rule(line.chain, line.number)


def _new_chain(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    edit.create_chain(line.chain)


def _delete_chain(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    """Without a name: all user chains. Each is tried; the last complaint counts, and then none is deleted."""
    complaint: TableError | None = None
    names = [name for name in _chains(line, edit) if line.chain_given or not edit.is_built_in(name)]
    referenced = edit.jump_targets()
    for name in names:
        _say(line, "Deleting", name, output)
        try:
            edit.delete_chain(name, referenced)
        except TableError as error:
            complaint = error
    if complaint is not None:
        raise complaint


def _rename(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    edit.rename_chain(line.chain, line.new_name)


def _policy(line: CommandLine, edit: Edit, rules: list[Rule], output: list[str]) -> None:
    edit.set_policy(line.chain, line.policy, line.counters)


def _chains(line: CommandLine, edit: Edit) -> list[str]:
    return [line.chain] if line.chain_given else edit.chain_names()


def _say(line: CommandLine, what: str, name: str, output: list[str]) -> None:
    if line.verbose:
        output.append(f"{what} chain `{name}'\n")


ACTIONS: Final[dict[str, Callable[[CommandLine, Edit, list[Rule], list[str]], None]]] = {
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
