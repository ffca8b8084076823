"""Run a command inside a node: nflab exec firewall -- iptables -nvL

The exit status is the command's own. On a node with an engine, iptables and conntrack are that engine's. With several
labs up, say which: --name N, or N/NODE.
"""

from __future__ import annotations

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="N", help="the lab; may be left out if there is only one")
    parser.add_argument("node", metavar="NODE")
    parser.add_argument("command", metavar="-- CMD", nargs=argparse.REMAINDER)


def run(options: argparse.Namespace) -> int:
    from lab import enter
    from lab.commands import choose

    words = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not words:
        print("nflab exec: which command? 'nflab exec NODE -- CMD'", file=sys.stderr)
        return 2
    record, node = choose.node(options.name, options.node)
    return enter.run(record, node, words)
