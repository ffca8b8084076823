"""What to do about a fault in a rule, as far as the sentence of iptables does not say it."""

from __future__ import annotations

import re
from typing import Final

from engine import match as match_list
from engine import target as target_list
from engine.core.extension import Spec
from engine.core.hooks import IPV4, IPV6
from engine.language.check import RuleRefused
from engine.language.edit import NO_CHAIN, TableError

UNKNOWN_OPTION: Final = re.compile(r'unknown option "--?([^"=]+)')
NO_MATCH: Final = re.compile(r"Couldn't load match `([^']*)'")
NO_TARGET: Final = re.compile(r"Couldn't load target `([^']*)'")
UNKNOWN_TABLE: Final = re.compile(r"unable to initialize table '([^']*)'")
BAD_WORD: Final = re.compile(r"Bad argument `(.*)'", re.DOTALL)


def hint_for(cause: Exception, line: str = "") -> str:
    """One sentence, or "" if we have none."""
    text = str(cause)
    if line.endswith("\r"):
        return "the line ends in a carriage return: write the file with Unix line ends (dos2unix)."
    if isinstance(cause, RuleRefused):
        return ""
    if "\0" in line:
        return "a ruleset is plain text; is this the right file?"
    found = UNKNOWN_OPTION.match(text)
    if found is not None:
        return _option_hint(found.group(1))
    found = NO_MATCH.match(text)
    if found is not None:
        return _nearest(found.group(1), list(match_list.NAMES), "match")
    found = NO_TARGET.match(text)
    if found is not None:
        near = _nearest(found.group(1), list(target_list.NAMES), "target")
        return near or "a chain must be declared (`:NAME - [0:0]' or -N NAME) before a rule jumps to it."
    if UNKNOWN_TABLE.search(text):
        return "tables are filter, nat, mangle, raw and security."
    found = BAD_WORD.match(text)
    if found is not None:
        word = found.group(1)
        if word.startswith("#"):
            return "a comment must begin in the first column."
        if word.upper() == "COMMIT":
            return "COMMIT stands alone on its line, in capitals, and the line must end in a newline."
    if text == NO_CHAIN:
        return "a chain must be declared (`:NAME - [0:0]' or -N NAME) before it is used."
    if isinstance(cause, TableError) and cause.invalid and text == "Invalid argument":
        return "a rule cannot jump to a built-in chain, and a built-in chain cannot be deleted."
    if "must begin first" in text:
        return "rules stand between `*TABLE' and `COMMIT'."
    if text.startswith("COMMIT expected"):
        return "each table ends in a line that says COMMIT; is the file complete?"
    return ""


def _option_hint(option: str) -> str:
    """Which extension has an option of this name."""
    for proto in ("tcp", "udp", "icmp"):
        if _has(match_list.find(proto, IPV4), option):
            return f"'--{option}' belongs to a protocol: write '-p {proto} --{option}'."
    for names, word in ((match_list.NAMES, "match"), (target_list.NAMES, "target")):
        for name in names:
            spec = None
            for family in (IPV4, IPV6):
                finder = match_list.find if word == "match" else target_list.find
                spec = spec or finder(name, family)
            if spec is None:
                continue
            if _has(spec, option):
                how = f"-m {name}" if word == "match" else f"-j {name}"
                return f"'--{option}' belongs to {word} '{name}': write '{how} --{option}'."
    return ""


def _has(spec: Spec | None, option: str) -> bool:
    return spec is not None and any(option == row.name or option in row.aliases for row in spec.options)


def _nearest(word: str, names: list[str], what: str) -> str:
    best = ""
    for name in names:
        if name.lower() == word.lower() or _distance(word.lower(), name.lower()) <= max(1, len(name) // 4):
            best = name
            break
    return f"did you mean {what} '{best}'?" if best else ""


def _distance(one: str, other: str) -> int:
    """Insertions, deletions and substitutions between two short words."""
    if abs(len(one) - len(other)) > 3:
        return 9
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        previous = row
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b)))
    return row[-1]
