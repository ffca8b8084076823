"""cluster: this node's share of the connections.

    -m cluster --cluster-total-nodes N --cluster-hash-seed SEED
               [!] --cluster-local-node NODE | [!] --cluster-local-nodemask MASK

A hash of the source address of the connection's first packet gives each connection to one of N nodes (1 to 32); it
matches when that node is this one, or one of those in MASK. Of an IPv6 address only the first 32 bits count: all
hosts of a site belong to one node (so the kernel has it). What another connection announced belongs to the same node.
Packets without connection do not match, inverted or not. The hash is the kernel's, on little-endian machines.

Kernel peer: xt_cluster. Source: iptables-extensions(8) cluster; Bob Jenkins, "lookup3" (public domain).
"""

from __future__ import annotations

from errno import EDOM
from typing import Final

from engine.core.connection import Connection
from engine.core.context import Context
from engine.core.extension import Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.hooks import IPV4
from engine.core.jhash import jhash, scale
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, mark

NODES: Final = 32


class Cluster(Match):
    def __init__(self, total: int, nodes: int, seed: int, inverted: bool) -> None:
        self.total = total
        self.nodes = nodes
        self.seed = seed
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        entry = context.entry
        if entry is None:
            return False
        node = self.node_of(entry.master or entry)
        return (self.nodes >> node & 1 != 0) != self.inverted

    def node_of(self, entry: Connection) -> int:
        """Number of the node, from 0, that a connection belongs to."""
        source = entry.original.src
        first = source if entry.original.family == IPV4 else source >> 96
        return scale(jhash([int.from_bytes(first.to_bytes(4, "big"), "little")], self.seed), self.total)

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.nodes >= 1 << self.total:
            raise KernelRefusal(EDOM, "cluster: the node mask is too big for the number of nodes")

    def save(self) -> str:
        return (
            f"{bang(self.inverted)}--cluster-local-nodemask 0x{self.nodes:08x} --cluster-total-nodes {self.total} "
            f"--cluster-hash-seed 0x{self.seed:08x}"
        )

    def listing(self, numeric: bool) -> str:
        return (
            f"cluster {mark(self.inverted)}node_mask=0x{self.nodes:08x} total_nodes={self.total} "
            f"hash_seed=0x{self.seed:08x}"
        )


def build(values: Values) -> Extension:
    node = values.find("cluster-local-node")
    given = node or values.find("cluster-local-nodemask")
    assert given is not None and isinstance(given.value, int)
    nodes = 1 << (given.value - 1) if node is not None else given.value
    return Cluster(values.number("cluster-total-nodes"), nodes, values.number("cluster-hash-seed"), given.inverted)


WHOLE: Final = frozenset(("cluster-total-nodes", "cluster-hash-seed"))
NODE: Final = "cluster-local-node"
MASK: Final = "cluster-local-nodemask"


def final(values: Values) -> None:
    """The numbers are compared only where all three options are there. A node and a mask are kept in the same place."""
    given = {item.option.name for item in values.given}
    total = values.number("cluster-total-nodes", NODES)
    nodes = 0
    for item in values.given:
        if item.option.name == NODE:
            nodes = 1 << (values.number(NODE) - 1)
        elif item.option.name == MASK:
            nodes = values.number(MASK)
    if given >= WHOLE | {NODE}:
        if nodes >= 1 << total:
            raise ParameterProblem("cluster match: `--cluster-local-node' must be <= `--cluster-total-nodes'")
    elif NODE not in given and MASK not in given:
        raise ParameterProblem("cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing")
    elif given >= WHOLE | {MASK} and nodes >= 1 << total:
        raise ParameterProblem("cluster match: `--cluster-local-nodemask' too big for `--cluster-total-nodes'")


EXTENSIONS: Final = (
    Spec(
        "cluster",
        build,
        (
            Option("cluster-total-nodes", "u32", mandatory=True, low=1, high=NODES),
            Option("cluster-local-node", "u32", invert=True, excludes=("cluster-local-nodemask",), low=1, high=NODES),
            Option("cluster-local-nodemask", "u32", invert=True, excludes=("cluster-local-node",), low=1, high=NODES),
            Option("cluster-hash-seed", "u32", mandatory=True),
        ),
        needs_conntrack=True,
        final=final,
    ),
)
