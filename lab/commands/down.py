"""Take a lab away: its processes, namespaces and name."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="N", nargs="?", help="the lab; may be left out if there is only one")


def run(options: argparse.Namespace) -> int:
    from lab import state

    if options.name in state.unreadable():
        state.end_unreadable(options.name)
        print(f"'{options.name}' is gone")
        return 0
    record = state.find(options.name)
    state.end(record)
    print(f"'{record.name}' is gone")
    return 0
