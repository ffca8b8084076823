"""Traces that the kernel was given, on the engine: what is equal, and where the first difference is.

    python tests/conntrack_replay.py tcp|edges|time|sctp|errors|talks|talks-time [FIRST_SEED [COUNT]]

records fresh traces on this machine's kernel (as root, in a namespace of its own), replays each and says how many
packets were compared, what conntrack made of them and which traces differ. "edges" and "time" are those of
conntrack_edges.py, "talks" and "talks-time" those of tcp_talks.py, the others those of conntrack_traces.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conntrack_world import World, summary

HERE = Path(__file__).parent
STANDSTILL = 0.5  # seconds between a packet and the look at the table, on a machine with other things to do
JIFFIES = 0.03  # seconds: how far the kernel's clock may be from ours when a packet was sent and its table read


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
    return compare(trace)[0]


def compare(trace: dict[str, Any]) -> tuple[str, int]:
    """As `replay`, and how many packets were compared."""
    world = World()
    for name, value in trace["sysctls"].items():
        world.sysctl(name, value)
    told = []
    times = trace.get("times")
    for number, ((side, packet), (state, lines)) in enumerate(zip(trace["steps"], trace["outcomes"], strict=True)):
        if times:
            world.now = times[number]
            if on_the_edge(world, trace["looked"][number]):
                return "", number  # whether an entry was still there when the packet came is the kernel's secret
        ours = world.send(bytes.fromhex(packet))
        mine = by_text([summary(line) for line in world.lines()])
        told.append(f"{number} {side} {packet}: {ours} {mine} {world.reason}")
        # None: the kernel's IP layer did not forward it (no route back to a link-local source)
        if (state is not None and ours != state) or not same(by_text(lines), mine):
            kernel = f"{trace['kind']} seed {trace['seed']}, kernel says {state} {lines}"
            return "\n".join([kernel, *told]), number + 1
    return "", len(trace["steps"])


def on_the_edge(world: World, looked: float) -> bool:
    """Whether an entry may have ended before the table was read, or so much time had passed that its seconds differ."""
    if looked - world.now > STANDSTILL:
        return True
    deadlines = [entry.deadline for entry in world.conntrack.table.entries(0.0)]
    return any(world.now - JIFFIES < deadline < looked + JIFFIES for deadline in deadlines)


def record(kind: str, first: int, count: int) -> Iterator[dict[str, Any]]:
    """Fresh traces through this machine's kernel."""
    command = ["unshare", "-n", "-m", sys.executable, str(HERE / "conntrack_kernel.py"), kind, str(first), str(count)]
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(HERE.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as run:
        assert run.stdout is not None and run.stderr is not None
        for line in run.stdout:
            yield json.loads(line)
        said = run.stderr.read()
    assert run.returncode == 0, said


def main(kind: str, first: int = 1, count: int = 200) -> int:
    verdicts: Counter[str] = Counter()
    states: Counter[str] = Counter()
    different = packets = traces = 0
    for trace in record(kind, first, count):
        traces += 1
        difference, compared = compare(trace)
        packets += compared
        verdicts.update(str(state) for state, _lines in trace["outcomes"])
        states.update(line.split()[0] for _state, lines in trace["outcomes"] for line in lines)
        if difference:
            different += 1
            print(difference, file=sys.stderr)
    print(f"{kind}: {traces} traces, {packets} packets, {different} traces differ")
    print("  packets: " + ", ".join(f"{name} {number}" for name, number in verdicts.most_common()))
    print("  entries: " + ", ".join(f"{name} {number}" for name, number in states.most_common()))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
