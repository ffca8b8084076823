"""The engine of a firewall node: its state, saved, restored, restarted.

    nflab engine status                 which engine it is, its clock, how many packets and connections
    nflab engine save FILE              rules and connections, as one JSON value
    nflab engine restart                end it and start it again with the rules and connections that it has
    nflab engine restart --state FILE   start it with saved ones (also when it has died)
    nflab engine restart --fresh        start it as the lab began
    nflab engine advance SECONDS        let time pass (a lab that was made with --clock virtual)

Established connections go on after a restart. While the engine is away its node drops, or accepts, as
`on_engine_failure` of the topology says.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.node import Firewall


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="N", help="the lab; may be left out if there is only one")
    parser.add_argument("--node", help="the node; may be left out if only one runs an engine")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("status", help="which engine, its clock, packets and connections")
    save = actions.add_parser("save", help="write rules and connections to a file")
    save.add_argument("file", type=Path)
    restart = actions.add_parser("restart", help="end the engine and start it again")
    choice = restart.add_mutually_exclusive_group()
    choice.add_argument("--state", type=Path, metavar="FILE", help="continue from what `save` wrote")
    choice.add_argument("--fresh", action="store_true", help="as the lab began")
    advance = actions.add_parser("advance", help="let time pass")
    advance.add_argument("seconds", type=float)


def run(options: argparse.Namespace) -> int:
    from lab import state, whole
    from lab.running import Lab

    record = state.find(options.name)
    with Lab.attach(record.name) as lab:
        firewall = lab[options.node] if options.node else lab.firewall
        if firewall not in lab.firewalls:
            names = ", ".join(each.name for each in lab.firewalls)
            raise LabError(f"'{options.node}' runs no engine\n  hint: nodes with an engine are: {names}.")
        if options.action == "status":
            _status(firewall)
        elif options.action == "save":
            whole.write(options.file, json.dumps(firewall.dump()) + "\n")
            print(f"saved rules and {len(firewall.conntrack())} connections in {options.file}")
        elif options.action == "advance":
            print(f"it is now {firewall.clock.advance(options.seconds):.3f} s")
        else:
            _restart(options, firewall)
    return 0


def _status(firewall: Firewall) -> None:
    print(f"engine       {firewall.engine}")
    if firewall.adapter.pid:
        found = firewall.adapter.request(do="ping") | firewall.adapter.request(do="stats")
        build = "compiled" if found["compiled"] else "interpreted"
        print(f"process      {firewall.adapter.pid} in the lab, {build}")
        print(f"clock        {found['clock']}")
        print(f"packets      {found['packets']}, {found['dropped']} dropped, {found['errors']} faults of the engine")
    print(f"connections  {len(firewall.conntrack())}")


def _restart(options: argparse.Namespace, firewall: Firewall) -> None:
    saved = _read(options.state) if options.state else None
    firewall.restart(keep=not options.fresh, state=saved)
    print(f"restarted with {len(firewall.conntrack())} connections")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise LabError(f"{path} is not what 'nflab engine save' writes: {error}\n  nothing was changed.") from None
