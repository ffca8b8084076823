"""kernel-legacy: the kernel's x_tables, through iptables-legacy. The reference."""

from __future__ import annotations

import contextlib
import socket
from typing import ClassVar, Final

from lab.engines.base import Settings
from lab.engines.kernel import Kernel, empty_tables
from lab.engines.xtables import LegacyTables
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
        try:
            return self._lines(NAMES_FILE[family])
        except Unsupported:
            return []

    def attach(self, settings: Settings, pid: int) -> None:
        super().attach(settings, pid)
        opened: dict[str, socket.socket] = {}
        for family, number in (("ipv4", 4), ("ipv6", 6)):
            with contextlib.suppress(OSError):  # a kernel without this family has no tables of it either
                opened[family] = self.node.holder.socket(self.node.name, kind="inet", type="raw", family=number)
        self._tables = LegacyTables(opened)
        self._opened.callback(self._tables.close)

    def is_empty(self, family: str) -> bool:
        try:
            return all(self._tables.read(family, table).is_empty for table in self.tables(family))
        except OSError:
            return False

    def emptying(self, tables: list[str]) -> str:
        return empty_tables(tables)

    def left_to_empty(self, tables: list[str]) -> list[str]:
        return []

    def empty(self, family: str, tables: list[str]) -> None:
        if not tables or self.node.feed(self.path(self.tool(family, "restore")), empty_tables(tables)):
            return
        failed = self._restore(family, empty_tables(tables))
        if failed:
            raise LabError(f"{self.name}: tables could not be emptied: {failed}")
