"""Take a lab away: its processes, namespaces and name."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="N", nargs="?", help="the lab; may be left out if there is only one")


def run(options: argparse.Namespace) -> int:
    from lab import state

    record = state.find(options.name)
    state.end(record)
    print(f"'{record.name}' is gone")
    return 0
