"""kernel-legacy: the kernel's x_tables, through iptables-legacy. The reference."""

from __future__ import annotations

from typing import ClassVar, Final

from lab.engines.base import FAMILIES
from lab.engines.kernel import Kernel, empty_tables
from lab.errors import LabError, Unsupported

NAMES_FILE: Final = {
    "ipv4": "/proc/thread-self/net/ip_tables_names",
    "ipv6": "/proc/thread-self/net/ip6_tables_names",
}


class KernelLegacy(Kernel):
    name: ClassVar[str] = "kernel-legacy"
    variant: ClassVar[str] = "legacy"
    advice: ClassVar[str] = "as root: modprobe -a ip_tables iptable_filter iptable_nat iptable_mangle iptable_raw"

    def tables(self, family: str) -> list[str]:
        """A table appears in the namespace when it is first used and stays for ever, empty or not."""
        assert family in FAMILIES
        try:
            return self._lines(NAMES_FILE[family])
        except Unsupported:
            return []

    def empty(self, family: str, tables: list[str]) -> None:
        if not tables:
            return
        failed = self._restore(family, empty_tables(tables))
        if failed:
            raise LabError(f"{self.name}: tables could not be emptied: {failed}")
