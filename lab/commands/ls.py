"""List the labs that are up."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from typing import Final

HEADER: Final = ("NAME", "TOPOLOGY", "ENGINE", "NODES", "PID", "UP FOR")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument("--topologies", action="store_true", help="the built-in topologies, with their pictures")


def run(options: argparse.Namespace) -> int:
    if options.topologies:
        return _topologies(options.json)
    from lab import state

    up = state.labs()
    if options.json:
        print(json.dumps([asdict(record) | {"engine": record.engine} for record in up], indent=2))
        return 0
    rows = [(each.name, each.topology, each.engine, " ".join(each.nodes), str(each.pid), _age(each.since))
            for each in up] + [(name, "-", "-", "-", "-", "being built") for name in state.being_built()]  # fmt: skip
    rows += [(name, "-", "-", "-", "-", "its lab.json cannot be read") for name in state.unreadable()]
    if not rows:
        print("no lab is up")
        return 0
    widths = [max(len(row[column]) for row in [HEADER, *rows]) for column in range(len(HEADER))]
    for row in [HEADER, *rows]:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _topologies(as_json: bool) -> int:
    from lab import topology

    found = [topology.load(name) for name in topology.built_in_names()]
    if as_json:
        print(
            json.dumps(
                [{"name": each.name, "path": str(each.path), "nodes": list(each.nodes)} for each in found], indent=2
            )
        )
        return 0
    for each in found:
        print(f"{each.name}\n" + "".join(f"    {line}\n" if line else "\n" for line in each.picture.splitlines()))
    return 0


def _age(since: float) -> str:
    seconds = max(0, int(time.time() - since))
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h {seconds % 3600 // 60} min"
