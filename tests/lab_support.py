"""What tests that need a lab have in common: whether this machine can, and what a lab has left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lab.scratch import in_scratch

# Processes of a lab inherit the variables of whoever opened it, so a mark among them finds every last one.
MARK = "NFLAB_TEST_MARK"
GONE_SECONDS = 20.0


def why_no_lab() -> str:
    """ "" if network namespaces can be made here, else the reason."""
    return in_scratch("namespaces", lambda run: "" if run(["true"]).returncode == 0 else "nothing runs in a namespace")


def needs_engine(name: str) -> None:
    """Skip the test, with the probed reason, if the engine cannot run here."""
    from lab import engines

    reason = engines.find(name).probe()
    if reason:
        pytest.skip(f"{name}: {reason}")


def marked(mark: str) -> list[int]:
    """The processes that carry a mark. Zombies have no variables any more."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                variables = (folder / "environ").read_bytes()
            except OSError:
                continue
            if wanted in variables.split(b"\0"):
                found.append(int(folder.name))
    return found


def all_gone(mark: str) -> bool:
    """Wait until no process carries the mark."""
    deadline = time.monotonic() + GONE_SECONDS
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True
