"""CLUSTERIP: share one address among several machines. IPv4 only.

    -j CLUSTERIP [--new] [--hashmode sourceip | sourceip-sourceport | sourceip-sourceport-destport]
                 [--clustermac MAC] [--total-nodes N] [--local-node N] [--hash-init N]

It left the kernel with version 6.3; the cluster match does the same. iptables still reads it, the kernel refuses it,
and so does this engine ("No chain/target/match by that name").

Kernel peer: none. Source: iptables-extensions(8), CLUSTERIP.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, Spec
from engine.core.hooks import IPV4
from engine.core.values import Values
from engine.target.parts.missing import Missing, missing_warning


class ClusterIp(Missing):
    def __init__(self, words: str) -> None:
        super().__init__("CLUSTERIP")
        self.words = words

    def save(self) -> str:
        return self.words


def build(values: Values) -> ClusterIp:
    values.warnings.append(missing_warning("CLUSTERIP"))
    return ClusterIp(" ".join(f"--{given.option.name} {given.text}".rstrip() for given in values.given))


OPTIONS: Final = (
    Option("new"),
    Option("hashmode", "text"),
    Option("clustermac", "mac"),
    Option("total-nodes", "u16"),
    Option("local-node", "u16"),
    Option("hash-init", "u32"),
)

EXTENSIONS: Final = (Spec("CLUSTERIP", build, OPTIONS, families=(IPV4,)),)
