"""A lab leaves nothing behind, whatever is killed at whatever moment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.paths import python_path
from tests.lab_support import MARK, all_gone, marked, why_no_lab

pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")

ROUNDS = 12
LONGEST = 0.8
OPENER = """
import sys
from lab import Lab
while True:
    lab = Lab.open("three-legged", engine=sys.argv[1])
    lab["client"].port()
    lab["client"].start(["sleep", "1000"])
    lab["client"].run(["python3", "-c", "import socket; socket.create_connection(('10.0.2.10', 7), 5)"])
    print("up", flush=True)
    if len(sys.argv) > 2:
        sys.stdin.read()
    lab.close()
"""


@pytest.fixture
def mark() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def variables(mark: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    yield {**os.environ, MARK: mark, "XDG_RUNTIME_DIR": str(runtime), "PYTHONPATH": python_path(dict(os.environ))}
    for pid in marked(mark):
        os.kill(pid, signal.SIGKILL)


def nflab(variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *words], env=variables, capture_output=True, text=True, cwd="/", timeout=60
    )


def engine_of(seed: int) -> str:
    """Both kinds of engine take turns: one is a process, the other is not."""
    return "userspace" if seed % 2 else "kernel-legacy"


def opener(variables: dict[str, str], engine: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OPENER, engine, *words],
        env=variables,
        cwd="/",
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def wait_or_kill(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_owner_killed_at_a_random_moment(mark: str, variables: dict[str, str], seed: int) -> None:
    owner = opener(variables, engine_of(seed))
    wait_or_kill(owner, random.Random(seed).uniform(0.05, LONGEST))
    assert all_gone(mark), marked(mark)


@pytest.mark.parametrize("engine", ["kernel-legacy", "userspace"])
def test_owner_killed_when_the_lab_is_up(mark: str, variables: dict[str, str], engine: str) -> None:
    owner = opener(variables, engine, "wait")
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    assert len(marked(mark)) >= 3, "owner, holder and a sleeping program were expected"
    owner.kill()
    owner.wait()
    assert all_gone(mark), marked(mark)


def test_a_child_that_inherits_everything_does_not_keep_the_lab(mark: str, variables: dict[str, str]) -> None:
    """The channel stays open in a forked child of the owner; the lab goes with the owner all the same."""
    fork = "import os\n    if os.fork() == 0: os.execve('/bin/sleep', ['sleep', '30'], {})\n"
    script = OPENER.replace("if len", f"{fork}    if len")
    owner = subprocess.Popen(
        [sys.executable, "-c", script, "kernel-legacy", "wait"],
        env=variables,
        cwd="/",
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    owner.kill()
    owner.wait()
    assert all_gone(mark), marked(mark)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_up_killed_at_a_random_moment(mark: str, variables: dict[str, str], seed: int) -> None:
    up = subprocess.Popen(
        [sys.executable, "-m", "lab", "up", "two-lans", "--engine", engine_of(seed)],
        env=variables,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    wait_or_kill(up, random.Random(seed).uniform(0.02, LONGEST))
    finished = nflab(variables, "down")  # it may have been up already, even if the command did not live to say so
    assert finished.returncode == 0 or up.returncode != 0, finished.stderr
    assert all_gone(mark), marked(mark)
    assert json.loads(nflab(variables, "ls", "--json").stdout) == []
    assert list((Path(variables["XDG_RUNTIME_DIR"]) / "nflab").iterdir()) == []


def test_holder_killed(mark: str, variables: dict[str, str]) -> None:
    finished = nflab(variables, "up", "two-lans", "--engine", "kernel-legacy")
    assert finished.returncode == 0, finished.stderr
    (record,) = json.loads(nflab(variables, "ls", "--json").stdout)
    os.kill(record["pid"], signal.SIGKILL)
    assert all_gone(mark), marked(mark)
    assert "there is no lab called" in nflab(variables, "down", "two-lans").stderr
    again = nflab(variables, "up", "two-lans", "--engine", "kernel-legacy")
    assert again.returncode == 0, again.stderr
    assert nflab(variables, "down").returncode == 0


def test_a_lab_that_cannot_be_read_can_be_ended(mark: str, variables: dict[str, str]) -> None:
    """Written down by another version, or spoilt."""
    for words in (("down", "host"), ("clean", "--all")):
        assert nflab(variables, "up", "host", "--engine", "kernel-legacy").returncode == 0
        file = Path(variables["XDG_RUNTIME_DIR"]) / "nflab" / "host" / "lab.json"
        record = json.loads(file.read_text()) | {"more": 1}
        file.write_text(json.dumps(record))
        assert [each["name"] for each in json.loads(nflab(variables, "ls", "--json").stdout)] == ["host"]
        file.write_text(json.dumps(record)[:100])
        assert "host  -         -       -      -    its lab.json cannot be read" in nflab(variables, "ls").stdout
        assert "hint: 'nflab down host' ends the lab" in nflab(variables, "exec", "host/client", "true").stderr
        assert nflab(variables, *words).returncode == 0
        assert all_gone(mark), marked(mark)
        assert not file.parent.exists()


def test_down_ends_what_runs_in_a_node(mark: str, variables: dict[str, str]) -> None:
    assert nflab(variables, "up", "host", "--engine", "kernel-legacy").returncode == 0
    inside = subprocess.Popen(
        [sys.executable, "-m", "lab", "exec", "client", "--", "sleep", "1000"], env=variables, cwd="/"
    )
    deadline = time.monotonic() + 10
    while len(marked(mark)) < 3:
        assert time.monotonic() < deadline, "the command did not start"
        os.sched_yield()
    assert nflab(variables, "down").returncode == 0
    assert inside.wait(10) == 128 + signal.SIGKILL
    assert all_gone(mark), marked(mark)


def test_names_are_free_at_once(variables: dict[str, str]) -> None:
    for _round in range(5):
        assert nflab(variables, "up", "host", "--engine", "kernel-legacy").returncode == 0
        assert nflab(variables, "down", "host").returncode == 0


def test_several_labs_at_once(variables: dict[str, str]) -> None:
    for name in ("one", "two"):
        finished = nflab(variables, "up", "host", "--engine", "kernel-legacy", "--name", name)
        assert finished.returncode == 0, finished.stderr
    taken = nflab(variables, "up", "host", "--engine", "kernel-legacy", "--name", "one")
    assert taken.returncode == 1
    assert "a lab called 'one' is up" in taken.stderr
    assert nflab(variables, "exec", "one/firewall", "--", "iptables", "-A", "INPUT", "-j", "DROP").returncode == 0
    one = nflab(variables, "exec", "one/firewall", "--", "iptables", "-S")
    two = nflab(variables, "exec", "--name", "two", "firewall", "--", "iptables", "-S")
    assert "-A INPUT -j DROP" in one.stdout
    assert two.returncode == 0 and "-A INPUT -j DROP" not in two.stdout
    assert nflab(variables, "clean", "--all").stdout == "removed: one, two\n"
