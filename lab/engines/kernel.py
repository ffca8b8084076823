"""The Linux kernel's own netfilter, ruled by one of the two iptables. What is common to both."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar, Final

from lab import nfnetlink, programs
from lab.engines import proc_line
from lab.engines.base import CHAINS, FAMILIES, FILLERS, Adapter, Entry, Settings, without_comments
from lab.engines.kernel_log import KernelLog
from lab.errors import LabError, RulesetError, Unsupported
from lab.nfnetlink import Nfnetlink

if TYPE_CHECKING:
    from lab.node import Node

COMMAND: Final = {"ipv4": "iptables", "ipv6": "ip6tables"}
CONNTRACK_FILE: Final = "/proc/thread-self/net/nf_conntrack"
COUNT_FILE: Final = "/proc/sys/net/netfilter/nf_conntrack_count"
# Status bits of an entry (linux/netfilter/nf_conntrack_common.h)
SEEN_REPLY: Final = 2
ASSURED: Final = 4
CONFIRMED: Final = 8
EXPECT_FILE: Final = "/proc/thread-self/net/nf_conntrack_expect"

# One command of each kind, run in a namespace of its own, shows whether kernel and tool can do it.
TRIAL: Final = """*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 9 -j ACCEPT
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
"""


def empty_tables(tables: Iterable[str]) -> str:
    """iptables-restore text that empties tables."""
    return "".join(f"*{table}\n" + "".join(f":{chain} ACCEPT [0:0]\n" for chain in CHAINS[table]) + "COMMIT\n"
                   for table in tables if table in CHAINS)  # fmt: skip


def tables_named(text: str) -> list[str]:
    return re.findall(r"^\s*\*(\S+)", text, re.MULTILINE)


class Kernel(Adapter):
    """Drives the kernel of the node. Its rules and connections live in the node's namespace; no process is needed."""

    variant: ClassVar[str] = ""
    is_the_kernel: ClassVar[bool] = True
    refuses: ClassVar[dict[str, str]] = {
        "own-listeners": "the kernel remembers for the whole machine whether somebody listens to events of connections",
        "virtual-clock": "the kernel's clock cannot be advanced",
        "engine-process": "the kernel is no process that could be killed",
        "control": "the kernel has no control protocol of this project",
        "save-state": "the kernel's connections cannot be saved and continued from",
        "trace": "the kernel explains itself only through TRACE rules",
        "log": "a kernel prints LOG lines for its initial namespace only (nf_log_all_netns); NFLOG is seen",
    }

    @classmethod
    def tool(cls, family: str, action: str = "") -> str:
        """iptables-legacy, ip6tables-nft-restore, ..."""
        return f"{COMMAND[family]}-{cls.variant}" + (f"-{action}" if action else "")

    @classmethod
    def path(cls, name: str) -> str:
        return programs.find(name)

    @classmethod
    def probe(cls) -> str:
        from lab.scratch import in_scratch

        if not cls.path(cls.tool("ipv4", "restore")):
            return f"{cls.tool('ipv4', 'restore')} is not installed: apt install iptables"
        return in_scratch(f"engine {cls.name}", cls._probe_in)

    @classmethod
    def _probe_in(cls, run: object) -> str:
        assert callable(run)
        finished = run([cls.path(cls.tool("ipv4", "restore"))], input=TRIAL)
        if finished.returncode == 0:
            return ""
        reason = " ".join(finished.stderr.split()) or f"exit {finished.returncode}"
        return f"{cls.tool('ipv4', 'restore')} failed: {reason}; {cls.advice}"

    advice: ClassVar[str] = ""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._opened = ExitStack()
        self._files: dict[str, int | None] = {}
        self._log: KernelLog | None = None

    def start(self, settings: Settings) -> None:
        if not self.path(self.tool("ipv4", "restore")):
            raise LabError(
                f"{self.name}: {self.tool('ipv4', 'restore')} is not installed\n"
                "  hint: apt install iptables, or use --engine userspace"
            )
        self.attach(settings, 0)
        for name, seconds in settings.timeouts:
            self.sysctl(f"net.netfilter.nf_conntrack_{name}", str(seconds))
        spec = self.node.spec
        for family, text, file in (("ipv4", settings.rules, spec.rules), ("ipv6", settings.rules6, spec.rules6)):
            try:
                if text:
                    self.load(text, family)
            except RulesetError as error:  # iptables-restore says the line, and it was given no name
                raise RulesetError(f"{file}: {error}", error.place) from None

    def attach(self, settings: Settings, pid: int) -> None:
        self.netlink = Nfnetlink(
            self.node.holder.socket(self.node.name, kind="netlink", protocol=nfnetlink.NETLINK_NETFILTER)
        )
        self._opened.callback(self.netlink.close)
        self._opened.callback(self._close_files)
        self._log = self._open_log()
        self._old_lines: list[str] = []

    def _open_log(self) -> KernelLog | None:
        """None where the kernel has no nfnetlink_log."""
        opened = self.node.holder.socket(self.node.name, kind="netlink", protocol=nfnetlink.NETLINK_NETFILTER)
        try:
            log = KernelLog(opened, {number: name for name, number in self.node.indexes.items()})
        except OSError:
            opened.close()
            return None
        self._opened.callback(log.close)
        return log

    def close(self) -> None:
        self._opened.close()

    def _close_files(self) -> None:
        for fd in self._files.values():
            if fd is not None:
                os.close(fd)
        self._files.clear()

    # --- rules ---------------------------------------------------------------------------------------------------

    def load(self, text: str, family: str = "ipv4", name: str = "rules") -> None:
        """iptables-restore commits table by table: when a later table fails, the earlier ones are put back."""
        one = _is_one_commit(text)
        before = "" if one or self.is_empty(family) else self.save(counters=True, family=family)
        others = [table for table in self.tables(family) if table not in tables_named(text)]
        if self.node.feed(self.path(self.tool(family, "restore")), text + self.emptying(others)):
            others = self.left_to_empty(others)
        else:
            self._load_by_process(text, family, before, one)
        self.empty(family, others)
        self.let_go()
        if self._log is not None:
            self._log.listen_for(text)

    def _load_by_process(self, text: str, family: str, before: str, one: bool) -> None:
        """A process of its own says what is wrong, and where."""
        failed = self._restore(family, text)
        if failed:
            if not one:
                changed = [table for table in self.tables(family) if table not in tables_named(before)]
                self._restore(family, before + empty_tables(changed), "-c")
            raise RulesetError(failed)

    def let_go(self) -> None:
        """Wait until the kernel has let go of rules that were replaced or deleted."""

    def is_empty(self, family: str) -> bool:
        """Whether there are no rules and chains of a family, and nothing is counted."""
        raise NotImplementedError

    def emptying(self, tables: list[str]) -> str:
        """Rules that empty tables, to be loaded behind others; "" where there is a better way."""
        return ""

    def left_to_empty(self, tables: list[str]) -> list[str]:
        """Those that `emptying` does not empty."""
        return tables

    def _restore(self, family: str, text: str, *options: str) -> str:
        """Run iptables-restore. Returns its message if it failed."""
        finished = self.node.run([self.path(self.tool(family, "restore")), *options], input=text)
        if finished.returncode == 0:
            return ""
        return finished.stderr.strip() or f"{self.tool(family, 'restore')}: exit {finished.returncode}"

    def tables(self, family: str) -> list[str]:
        """The tables that exist in the node."""
        raise NotImplementedError

    def empty(self, family: str, tables: list[str]) -> None:
        """Take every rule, chain and counter out of tables."""
        raise NotImplementedError

    def save(self, counters: bool = False, family: str = "ipv4", table: str = "") -> str:
        words = [self.path(self.tool(family, "save")), *(["-c"] if counters else []), *(["-t", table] if table else [])]
        finished = self.node.run(words, errors="surrogateescape")  # a comment may hold any bytes
        if finished.returncode:
            raise LabError(f"{self.tool(family, 'save')}: {finished.stderr.strip()}")
        return without_comments(finished.stdout)

    def zero(self, family: str = "ipv4") -> None:
        for table in self.tables(family):
            self.node.run([self.path(self.tool(family)), "-t", table, "-Z"], check=True)

    # --- connections ---------------------------------------------------------------------------------------------

    def _lines(self, path: str) -> list[str]:
        """The lines of a file below /proc/net of the node. It is opened once: the file belongs to the namespace."""
        if path not in self._files:
            try:
                self._files[path] = self.node.holder.open(self.node.name, path)
            except FileNotFoundError:
                self._files[path] = None
        fd = self._files[path]
        if fd is None:
            raise Unsupported(f"{self.name}: this kernel has no {path}; CONFIG_NF_CONNTRACK_PROCFS is off")
        os.lseek(fd, 0, os.SEEK_SET)
        parts: list[bytes] = []
        while part := os.read(fd, 1 << 16):
            parts.append(part)
        return b"".join(parts).decode().splitlines()

    def conntrack(self) -> list[Entry]:
        """For the file the kernel goes through the table of the whole machine; how many are the node's, it knows."""
        if self._lines(COUNT_FILE) == ["0"]:
            return []
        return [proc_line.parse(line) for line in self._lines(CONNTRACK_FILE)]

    def expectations(self) -> list[str]:
        return self._lines(EXPECT_FILE)

    def flush_conntrack(self) -> None:
        self.netlink.flush_conntrack()

    def add_connections(self, count: int, assured: bool, seconds: int) -> None:
        status = CONFIRMED | (SEEN_REPLY | ASSURED if assured else 0)
        self.netlink.add_connections(int(FILLERS.network_address), count, status, seconds)

    def touch_connection(self, src: str, dst: str, port: int) -> None:
        self.netlink.touch_connection(src, dst, port)

    def flush(self) -> None:
        for family in FAMILIES:
            self.empty(family, self.tables(family))
        self.flush_conntrack()

    # --- the rest ------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> float:
        raise Unsupported(
            f"{self.name}: the kernel's clock cannot be advanced by {seconds:g} s\n"
            "  hint: set a short timeout (sysctl net.netfilter.nf_conntrack_...) or use the userspace engine."
        )

    def log(self, since: int = 0) -> tuple[list[str], int]:
        """Lines of NFLOG rules whose group stood in a ruleset that was loaded, and of TRACE; see kernel_log."""
        if self._log is None:
            raise Unsupported(f"{self.name}: this kernel has no nfnetlink_log: modprobe nfnetlink_log")
        self._old_lines += self._log.lines()
        return self._old_lines[since:], len(self._old_lines)

    def sysctl(self, name: str, value: str | None = None) -> str:
        return self.node.holder.sysctl(self.node.name, name, value)

    def commands(self) -> dict[str, str]:
        """`iptables` in this node is this engine's iptables, not the one that the machine prefers."""
        scripts: dict[str, str] = {}
        for family in FAMILIES:
            for action in ("", "save", "restore"):
                plain = COMMAND[family] + (f"-{action}" if action else "")
                scripts[plain] = f'#!/bin/sh\nexec {self.path(self.tool(family, action))} "$@"\n'
        return scripts


def _is_one_commit(text: str) -> bool:
    """Whether the text is a single table, so that it is loaded whole or not at all."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines.count("COMMIT") == 1 and lines[-1] == "COMMIT"
