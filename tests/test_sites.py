"""Small rulesets as sites have them, given to our engine and to iptables-legacy: every answer has to be the same.

Each file of `sites` is loaded in every way, also with a fault in its middle, and then handled by commands.
"""

import re
import shlex
from pathlib import Path

import pytest
import sessions
from real_iptables import probe
from test_language_commands import fresh, normal

from engine.language.commands import run

SITES = sorted((Path(__file__).parent / "sites").glob("*.v[46]"))
BEFORE = """*filter
:INPUT DROP [7:8]
:before - [0:0]
[3:4] -A INPUT -j before
COMMIT
*mangle
-A OUTPUT -j MARK --set-mark 1
COMMIT
"""
FAULTS = ("-A NOSUCH -j ACCEPT", "-A INPUT -p tcp --dport 99999", "garbage here", ":INPUT -")

Session = list[tuple[list[str], str]]  # commands, each with its standard input
RULE = re.compile(r"(?:\[\d+:\d+\] ?)?-A +(.*)")


def loading(text: str, tool: str) -> Session:
    restore, save = f"{tool}-restore", ([f"{tool}-save", "-c"], "")
    lines = text.split("\n")
    middle = len(lines) // 2
    session: Session = [([restore], BEFORE)]
    for options in (["-t"], ["-n"], ["-T", "mangle"], ["-c"], ["-w", "5"]):
        session += [([restore, *options], text), save]
    for fault in FAULTS:
        session += [([restore], "\n".join([*lines[:middle], fault, *lines[middle:]])), save]
    return [*session, ([restore, "-c"], text), save]


def rules(text: str) -> list[tuple[str, list[str]]]:
    """(table, words behind -A) of each rule."""
    table, found = "", []
    for line in text.split("\n"):
        table = line[1:] if line.startswith("*") else table
        if rule := RULE.match(line):
            found.append((table, shlex.split(rule[1])))
    return found


def handling(text: str, saved: str, tool: str) -> Session:
    """saved: the same rules as iptables-save prints them."""
    written, printed = rules(text), rules(saved)
    session: Session = [([f"{tool}-restore", "-c"], text)]

    def command(table: str, *words: str) -> None:
        session.append(([tool, "-t", table, *words], ""))

    for table in dict(printed):
        command(table, "-L", "-n", "-v", "--line-numbers")
        command(table, "-L")
    for table, words in written + (printed if tool == "iptables" else []):  # ip6tables: docs/language.md
        command(table, "-C", *words)
    for table, words in printed[::3]:
        chain = words[0]
        command(table, "-X", chain)
        command(table, "-E", chain, "renamed")
        command(table, "-S", chain, "-v")
        command(table, "-I", chain, "1", *words[1:])
        command(table, "-R", chain, "1", *words[1:], "-c", "3", "99")
        command(table, "-Z", chain, "1")
        command(table, "-D", chain, "1")
        command(table, "-D", *words)
    return [*session, ([f"{tool}-save", "-c"], "")]


def ours(session: Session) -> list[tuple[int, str, str]]:
    store = fresh()
    results = [run(words, stdin, store) for words, stdin in session]
    return [(result.exit, result.stdout, result.stderr) for result in results]


def compared(made: list[Session]) -> list[str]:
    wrong = []
    for path, session, answers in zip(SITES, made, sessions.answers(made), strict=True):
        for (words, stdin), *both in zip(session, answers, ours(session), strict=True):
            want, got = ((status, sessions.without_comments(out), normal(err)) for status, out, err in both)
            if want != got:
                wrong.append(f"{path.name}: {shlex.join(words)}\n{stdin}   legacy: {want}\n   ours:   {got}")
                break
    return wrong


@pytest.mark.skipif(not probe("legacy")[0], reason=probe("legacy")[1])
def test_sites_get_the_same_answers() -> None:
    assert len(SITES) >= 8
    made = []
    for path in SITES:
        text = path.read_bytes().decode()
        tool = "ip6tables" if path.suffix == ".v6" else "iptables"
        first = loading(text, tool)
        made.append(first + handling(text, ours(first)[-1][1], tool))
    wrong = compared(made)
    assert not wrong, "\n".join(wrong)
    assert sum(len(session) for session in made) > 400
