"""CLUSTERIP: share one address among several machines. IPv4 only.

    -j CLUSTERIP [--new --hashmode sourceip | sourceip-sourceport | sourceip-sourceport-destport
                  --clustermac MAC --total-nodes N --local-node N [--hash-init N]]

It left the kernel with version 6.3; the cluster match does the same. iptables still reads it, the kernel refuses it,
and so does this engine ("No chain/target/match by that name").

Kernel peer: none. Source: iptables-extensions(8), CLUSTERIP.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, ParameterProblem, Spec
from engine.core.hooks import IPV4
from engine.core.values import Values
from engine.target.parts.missing import Missing

MODES: Final = ("sourceip", "sourceip-sourceport", "sourceip-sourceport-destport")
NODES: Final = 16
GROUP_BIT: Final = 1  # of the first byte of a MAC address
# Given together or not at all.
NEEDED: Final = ("new", "hashmode", "clustermac", "total-nodes", "local-node")


class ClusterIp(Missing):
    def __init__(self, values: Values) -> None:
        super().__init__("CLUSTERIP")
        self.is_new = values.has("new")
        self.mode = values.text("hashmode")
        self.mac = values.octets("clustermac")
        self.total = values.number("total-nodes")
        self.local = values.number("local-node")
        self.seed = values.number("hash-init")

    def save(self) -> str:
        if not self.is_new:
            return ""
        mac = self.mac.hex(":").upper()
        return (
            f"--new --hashmode {self.mode} --clustermac {mac} --total-nodes {self.total} "
            f"--local-node {self.local} --hash-init {self.seed}"
        )

    def listing(self, numeric: bool) -> str:
        if not self.is_new:
            return "CLUSTERIP"
        mac = self.mac.hex(":").upper()
        return (
            f"CLUSTERIP hashmode={self.mode} clustermac={mac} total_nodes={self.total} "
            f"local_node={self.local} hash_init={self.seed}"
        )


def look_at_mode(values: Values) -> None:
    mode = values.given[-1].text
    if mode not in MODES:
        raise ParameterProblem(f'Unknown hashmode "{mode}"')


def look_at_mac(values: Values) -> None:
    mac = values.given[-1].value
    if isinstance(mac, bytes) and not mac[0] & GROUP_BIT:
        raise ParameterProblem("MAC has to be a multicast ethernet address")


def final(values: Values) -> None:
    if values.given and not all(values.has(name) for name in NEEDED):
        raise ParameterProblem("CLUSTERIP target: Invalid parameter combination")


OPTIONS: Final = (
    Option("new"),
    Option("hashmode", "text", at_once=look_at_mode),
    Option("clustermac", "mac", at_once=look_at_mac),
    Option("total-nodes", "u16", high=NODES),
    Option("local-node", "u16", high=NODES),
    Option("hash-init", "u32"),
)

EXTENSIONS: Final = (Spec("CLUSTERIP", ClusterIp, OPTIONS, families=(IPV4,), missing=True, final=final),)
