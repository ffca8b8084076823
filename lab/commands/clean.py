"""Remove what dead labs have left. With --all, end the living ones as well.

Namespaces and processes of a dead lab are gone already, the kernel sees to that; this removes their folders. Every
other command does the same in passing.
"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="end every lab of this user")


def run(options: argparse.Namespace) -> int:
    from lab import state

    gone = state.clean()
    if options.all:
        for record in state.labs():
            state.end(record)
            gone.append(record.name)
        for name in state.unreadable():
            state.end_unreadable(name)
            gone.append(name)
    print(f"removed: {', '.join(gone)}" if gone else "nothing to remove")
    return 0
