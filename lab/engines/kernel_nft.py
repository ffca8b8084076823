"""kernel-nft: the kernel's nf_tables, through iptables-nft. The second reference."""

from __future__ import annotations

from typing import ClassVar

from lab.engines.base import TABLES
from lab.engines.kernel import Kernel


class KernelNft(Kernel):
    name: ClassVar[str] = "kernel-nft"
    variant: ClassVar[str] = "nft"
    advice: ClassVar[str] = "as root: modprobe -a nf_tables nft_compat nft_chain_nat"

    def tables(self, family: str) -> list[str]:
        return [table for table in self.netlink.nft_tables(family) if table in TABLES]

    def is_empty(self, family: str) -> bool:
        return not self.tables(family)

    def empty(self, family: str, tables: list[str]) -> None:
        self.netlink.delete_nft_tables(family, tables)

    def let_go(self) -> None:
        """nf_tables destroys what was deleted later, in a thread of its own."""
        self.node.holder.ask({"do": "release", "node": self.node.name})

    def flush(self) -> None:
        self.netlink.delete_nft_tables("any")
        self.let_go()
        self.flush_conntrack()
