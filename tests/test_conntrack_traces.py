"""Connection tracking against the kernel, packet by packet.

Recorded: traces that a Linux 6.18 kernel was given once (data/conntrack_*.jsonl.gz; first line: where from), replayed
on the engine without waiting. Live: fresh traces through this machine's kernel, for a few seconds, where namespaces and
iptables-legacy can be had.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conntrack_world import World, summary

HERE = Path(__file__).parent
KINDS = ("tcp", "sctp", "errors", "cells")
LIVE_COUNT = {"tcp": 150, "sctp": 150, "errors": 60, "cells": 95}


def recorded(kind: str) -> list[dict[str, Any]]:
    with gzip.open(HERE / "data" / f"conntrack_{kind}.jsonl.gz", "rt", encoding="ascii") as file:
        lines = file.read().splitlines()
    assert lines[0].startswith("#") and "Linux 6.18" in lines[0]
    return [json.loads(line) for line in lines[1:]]


def same(kernel: list[str], ours: list[str]) -> bool:
    """Equal but for one second: the kernel counts jiffies and time passes while it is asked."""
    if len(kernel) != len(ours):
        return False
    pairs = zip(kernel, ours, strict=True)
    return all(_words(a)[0] == _words(b)[0] and abs(_words(a)[1] - _words(b)[1]) <= 1 for a, b in pairs)


def _words(text: str) -> tuple[list[str], int]:
    words = text.split()
    at = next(index for index, word in enumerate(words) if word.lstrip("-").isdigit())
    return words[:at] + words[at + 1 :], int(words[at])


def by_text(lines: list[str]) -> list[str]:
    """Sorted with the seconds left out, so that one second of difference does not change the order."""
    return sorted(lines, key=lambda line: (_words(line)[0], _words(line)[1]))


def replay(trace: dict[str, Any]) -> str:
    """Run a trace on the engine: "" or what the first difference is."""
    world = World()
    for name, value in trace["sysctls"].items():
        world.sysctl(name, value)
    told = []
    for number, ((side, packet), (state, lines)) in enumerate(zip(trace["steps"], trace["outcomes"], strict=True)):
        ours = world.send(bytes.fromhex(packet))
        mine = by_text([summary(line) for line in world.lines()])
        told.append(f"{number} {side} {packet}: {ours} {mine} {world.reason}")
        # None: the kernel's IP layer did not forward it (no route back to a link-local source)
        if (state is not None and ours != state) or not same(by_text(lines), mine):
            return f"{trace['kind']} seed {trace['seed']}, kernel says {state} {lines}\n" + "\n".join(told)
    return ""


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_traces(kind: str) -> None:
    traces = recorded(kind)
    assert len(traces) >= 90
    for trace in traces:
        assert replay(trace) == ""


def test_a_wrong_engine_is_noticed() -> None:
    """The comparison can fail: with liberal windows the engine is another one."""
    trace = next(trace for trace in recorded("tcp") if any(state == "INVALID" for state, _ in trace["outcomes"]))
    trace["outcomes"][-1] = ["RELATED", trace["outcomes"][-1][1]]
    assert "kernel says RELATED" in replay(trace)


def why_not_live() -> str:
    for tool in ("unshare", "iptables-legacy", "ip6tables-legacy", "conntrack", "sysctl", "ip"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    command = (
        "mount -t tmpfs tmpfs /run && "
        "iptables-legacy -t mangle -A FORWARD -m conntrack --ctstate NEW -j TOS --set-tos 4"
    )
    probe = subprocess.run(["unshare", "-n", "-m", "sh", "-c", command], capture_output=True, text=True, check=False)
    return f"no namespace with iptables-legacy here: {probe.stderr.strip()}" if probe.returncode else ""


@pytest.mark.parametrize("kind", KINDS)
def test_live_traces(kind: str, request: pytest.FixtureRequest) -> None:
    reason = why_not_live()
    if reason:
        pytest.skip(reason)
    first = 1_000_000
    command = ["unshare", "-n", "-m", sys.executable, str(HERE / "conntrack_kernel.py"), kind]
    run = subprocess.run(
        [*command, str(first), str(LIVE_COUNT[kind])],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(HERE.parent)},
    )
    assert run.returncode == 0, run.stderr
    traces = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(traces) == LIVE_COUNT[kind]
    for trace in traces:
        assert replay(trace) == ""
