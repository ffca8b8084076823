"""Build a lab that outlives this command.

TOPOLOGY is a file, or the name of a built-in topology (`nflab ls --topologies`; the beginning of a name will do).
If this command is killed halfway, the kernel takes away what it had built.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

# Sysctls that only make labs quieter and that older kernels do not have in a namespace.
OPTIONAL: Final = ("icmp_msgs_per_sec", "icmp_msgs_burst", "ping_group_range")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topology", metavar="TOPOLOGY")
    parser.add_argument(
        "--engine", default="userspace", metavar="E", help="userspace (the default), kernel-legacy or kernel-nft"
    )
    parser.add_argument("--name", metavar="N", help="the name of the lab; without it, that of the topology")
    parser.add_argument(
        "--clock",
        choices=("monotonic", "virtual"),
        default="monotonic",
        help="virtual: the time of a userspace engine stands still until it is told to pass",
    )


def run(options: argparse.Namespace) -> int:
    from lab import state, topology
    from lab.running import Lab

    spec = topology.load(options.topology)
    state.clean()
    with state.claim(spec.name if options.name is None else options.name) as claim:
        lab = Lab.open(spec, options.engine, clock=options.clock, ports=False)
        try:
            lab.keep(claim)
        except BaseException:
            lab.close()
            raise
    lab.let_go()
    for note in lab.missing:
        if not note.endswith(OPTIONAL):
            print(f"note: {note}", file=sys.stderr)
    _tell(options, claim.name, spec.picture)
    return 0


def _tell(options: argparse.Namespace, name: str, picture: str) -> None:
    print(picture)
    print(
        f"\n'{name}' is up, engine {options.engine}. Try:\n"
        f"  nflab shell NODE            nflab exec NODE -- COMMAND          nflab down {name}"
    )
