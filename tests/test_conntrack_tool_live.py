"""Sessions made at random beside the real conntrack 1.4.7, in a network namespace: the same lines, words and codes."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from conntrack_commands import split
from conntrack_random import Session
from conntrack_world import World
from real_iptables import ENTER
from test_conntrack_tool import comparable

from engine.conntrack.tool import run

RECORDER = Path(__file__).parent / "conntrack_commands.py"
VERSION = "conntrack v1.4.7"
COMMANDS = 250  # in a session: three seconds of the real tool


@cache
def missing() -> str:
    """Why the real tool cannot be asked here, "" if it can."""
    try:
        done = subprocess.run([*ENTER, "conntrack", "-L"], capture_output=True, text=True, timeout=30, check=False)
        version = subprocess.run(["conntrack", "-V"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return f"no namespace where conntrack works: {done.stderr.strip()}"
    return "" if version.startswith(VERSION) else f"{version.strip()} is not {VERSION}"


def real(lines: list[str]) -> list[dict[str, object]]:
    done = subprocess.run([*ENTER, sys.executable, str(RECORDER), "-"], input="\n".join(lines), capture_output=True,
                          text=True, timeout=600, check=True)  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def differences(lines: list[str]) -> list[str]:
    world = World()
    wrong = []
    for recording in real(lines):
        line = str(recording["line"])
        argv, stdin = split(line)
        world.now = float(str(recording["at"]))
        code, out, err = run(["conntrack", *argv], stdin, world.conntrack, world.now)
        if int(str(recording["exit"])) < 0:
            continue  # it has crashed
        if "-U" in argv and set(comparable(str(recording["out"]))) <= set(comparable(out)):
            recording["out"] = out  # of several entries it shows every third
        if (code, comparable(out), err) != (recording["exit"], comparable(str(recording["out"])), recording["err"]):
            wrong.append(f"conntrack {line}\n  here: {code}\n{out}{err}  real: {recording['exit']}\n"
                         f"{recording['out']}{recording['err']}")  # fmt: skip
    return wrong


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_session(seed: int) -> None:
    if missing():
        pytest.skip(missing())
    lines = Session(seed).lines(COMMANDS)
    found = differences(lines)
    if found:  # a machine that stands still makes the real tool's answers late: once, not again
        found = differences(lines)
    assert found == []


if __name__ == "__main__":  # python tests/test_conntrack_tool_live.py FIRST_SEED SEEDS: the first difference of each
    for number in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        for text in differences(Session(number).lines(COMMANDS))[:1]:
            print(f"== seed {number}\n{text}")
