"""iptables, iptables-save, iptables-restore as functions: answers recorded from the real tool, and what goes beyond."""

import re
from pathlib import Path

import pytest
import sessions
from sessions import Step

from engine.core.hooks import IPV4, IPV6
from engine.language.commands import run
from engine.language.store import RulesetStore

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.session"))
TABLES = ("filter", "nat", "mangle", "raw", "security")


def fresh() -> RulesetStore:
    """Tables appear when they are first used; in a recorded session all of them were."""
    store = RulesetStore()
    for table in TABLES:
        store.table(IPV4, table)
        store.table(IPV6, table)
    return store


def normal(text: str) -> str:
    """Without our second lines (the reason the kernel would log) and what the program was started as."""
    lines = [line for line in text.split("\n") if not line.startswith("  ")]
    return re.sub(r'-legacy(?=-(restore|save):|")', "", "\n".join(lines))


def test_there_are_recorded_sessions() -> None:
    assert GOLDEN
    assert sum(len(sessions.read(path)) for path in GOLDEN) > 150


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_recorded_sessions_come_out_the_same(path: Path) -> None:
    store = fresh()
    wrong = []
    for step in sessions.read(path):
        if step.is_reset:
            store = fresh()
            continue
        result = run(step.words, step.stdin, store)
        got = (result.exit, sessions.without_comments(result.stdout), normal(result.stderr))
        want = (step.exit, step.stdout, normal(step.stderr))
        if got != want:
            wrong.append(f"{path.name}:{step.line}: $ {step.text}\n   recorded: {want}\n   ours:     {got}")
    assert not wrong, "\n".join(wrong)


def test_steps_are_read_and_written_the_same(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    sessions.write(copy, [Step(["a", "b c"], "a 'b c'", "x\n\ny\n", "out", "err\n", 3)])
    step = sessions.read(copy)[0]
    assert (step.words, step.stdin, step.stdout, step.stderr, step.exit) == (
        ["a", "b c"],
        "x\n\ny\n",
        "out",
        "err\n",
        3,
    )


# -- beyond what the real tool says


def test_kernel_refusals_give_the_reason() -> None:
    result = run(["iptables", "-A", "INPUT", "-j", "MASQUERADE"], "", RulesetStore())
    first, second = result.stderr.rstrip("\n").split("\n")
    assert first == "iptables: Invalid argument. Run `dmesg' for more information."
    assert "MASQUERADE" in second and "only valid in nat table, not filter" in second


def test_restore_names_the_rule_that_the_kernel_would_refuse() -> None:
    text = "*filter\n-A INPUT -j ACCEPT\n-A INPUT -j MASQUERADE\nCOMMIT\n"
    result = run(["iptables-restore"], text, RulesetStore())
    assert result.exit == 1
    assert result.stderr.startswith("iptables-restore: line 4 failed\n  stdin:3: ")


def test_a_table_exists_once_somebody_used_it() -> None:
    store = RulesetStore()
    assert run(["iptables-save"], "", store).stdout == ""
    run(["iptables", "-t", "mangle", "-S"], "", store)
    run(["iptables", "-L"], "", store)
    found = re.findall(r"^\*(\w+)", run(["iptables-save"], "", store).stdout, re.M)
    assert found == ["filter", "mangle"], "the last one first, as the kernel lists them"


def test_a_failed_command_changes_nothing() -> None:
    store = RulesetStore()
    text = "*filter\n:INPUT DROP [3:4]\n:a - [0:0]\n:b - [0:0]\n[5:6] -A INPUT -j a\n[7:8] -A b -s 1.1.1.1/32\nCOMMIT\n"
    run(["iptables-restore", "-c"], text, store)
    before = store.save(counters=True)
    for words in (
        ["-X"],
        ["-D", "INPUT", "-s", "1.1.1.1,2.2.2.2"],
        ["-A", "a", "-j", "a"],
        ["-A", "INPUT", "-s", "1.1.1.1,2.2.2.2", "-j", "MASQUERADE"],
        ["-E", "a", "b"],
        ["-Z", "INPUT", "7"],
    ):
        assert run(["iptables", *words], "", store).exit == 1, words
        assert store.save(counters=True) == before, words
    bad = "*filter\n-F\n-Z\n-P INPUT ACCEPT\n-X b\n:c - [0:0]\n-A c -s 1.1.1.1\n-A nochain\nCOMMIT\n"
    assert run(["iptables-restore", "-n"], bad, store).exit == 1
    assert store.save(counters=True) == before


def test_thousands_of_commands_in_one_process() -> None:
    store = RulesetStore()
    for number in range(2000):
        assert (
            run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", str(number), "-j", "ACCEPT"], "", store).exit == 0
        )
    for number in range(0, 2000, 2):
        assert (
            run(["iptables", "-D", "INPUT", "-p", "tcp", "--dport", str(number), "-j", "ACCEPT"], "", store).exit == 0
        )
    assert store.save().count("--dport") == 1000


@pytest.mark.parametrize("words", [["-h"], ["-p", "tcp", "-h"], ["-m", "limit", "-h"], ["-j", "LOG", "-h"]])
def test_help_is_printed(words: list[str]) -> None:
    result = run(["iptables", *words], "", RulesetStore())
    assert result.exit == 0
    assert "Usage: iptables" in result.stdout
    for word in words[1:2]:
        assert f"\n{word} " in result.stdout


def test_programs_are_known_by_their_names() -> None:
    for name in ("iptables", "/usr/sbin/iptables", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy-save"):
        assert run([name, "-V"], "", RulesetStore()).exit == 0
    assert run(["ebtables"], "", RulesetStore()).exit == 1
