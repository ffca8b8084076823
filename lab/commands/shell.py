"""A shell inside a node. On a node with an engine, iptables and conntrack are that engine's."""

from __future__ import annotations

import argparse
import os


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="N", help="the lab; may be left out if there is only one")
    parser.add_argument("node", metavar="NODE")


def run(options: argparse.Namespace) -> int:
    from lab import enter
    from lab.commands import choose

    record, node = choose.node(options.name, options.node)
    shell = os.environ.get("SHELL") or "/bin/sh"
    prompt = f"[{record.name} {node}] "
    words = [shell]
    if os.path.basename(shell) == "bash" and os.isatty(0):
        # bash would take its prompt from the user's own file; this one reads that first.
        words += ["--rcfile", f"{record.nodes[node].environment['NFLAB_RUN_DIR']}/bashrc"]
    return enter.run(record, node, words, {"PS1": prompt + "\\$ ", "NFLAB_PROMPT": prompt})
