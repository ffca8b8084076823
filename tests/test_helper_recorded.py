"""Every recorded conversation, played through the engine: each line arrives (or not) and leaves the expectations that
the kernel left. `tests/kernel_router.py` makes and checks the recordings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nat_world import World
from recorded_talk import RECORDED, Case, cases, play

FILES = sorted(path.name for path in RECORDED.iterdir())
ALL = [case for name in FILES for case in cases(name)]


@pytest.mark.parametrize("case", ALL, ids=str)
def test_like_the_kernel(case: Case) -> None:
    assert play(case, World()) == case.lines


def test_recordings_say_where_they_come_from() -> None:
    assert len(ALL) > 400
    for name in FILES:
        first = (RECORDED / name).read_text().splitlines()[0]
        assert first.startswith("# Recorded on Linux "), name


def _can_have_namespaces() -> str:
    """ "" or why the kernel cannot be asked."""
    if os.getuid():
        return "needs root"
    for tool in ("unshare", "iptables-legacy", "conntrack", "nsenter"):
        if subprocess.run(["which", tool], capture_output=True).returncode:
            return f"no {tool}"
    done = subprocess.run(["unshare", "-n", "iptables-legacy", "-t", "nat", "-L"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"no namespaces with iptables-legacy: {done.stderr.strip()[:80]}"


@pytest.mark.parametrize("name", FILES)
def test_still_true(name: str) -> None:
    """The kernel of this machine does the same today."""
    reason = _can_have_namespaces()
    if reason:
        pytest.skip(reason)
    script = Path(__file__).parent / "kernel_router.py"
    done = subprocess.run([sys.executable, script, name], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    recorded = (RECORDED / name).read_text().splitlines()[1:]
    assert done.stdout.splitlines()[1:] == recorded
