"""The kernel's legacy tables without a process for each question: rules through one long-lived iptables-legacy-restore,
counters through getsockopt.

Loading a small ruleset costs 0.1 ms instead of the 3 to 6 ms of a process start; a suite loads thousands. The end of a
load shows in the kernel itself: a table that the text leaves empty gets its own number as policy counter of OUTPUT,
and the load is over when that number is read back.

Sources: kernel include/uapi/linux/netfilter_ipv4/ip_tables.h and netfilter_ipv6/ip6_tables.h (structures).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from subprocess import Popen

GET_INFO = 64  # IPT_SO_GET_INFO, IP6T_SO_GET_INFO
GET_ENTRIES = 65
NAME_SIZE = 32
INFO_SIZE = 84
TARGET_NAME = 29

TABLES = ("raw", "mangle", "nat", "filter", "security")
HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")


@dataclass(frozen=True)
class Layout:
    """How one family writes an entry: size of its IP part and the socket level of its options."""

    level: int
    ip_size: int

    @property
    def target_offset(self) -> int:
        return self.ip_size + 4  # behind nfcache

    @property
    def counters(self) -> int:
        # target_offset, next_offset (2 bytes each), comefrom (4), then two 64-bit counters aligned to 8
        return (self.target_offset + 8 + 7) & ~7


LAYOUTS = {"ipv4": Layout(socket.IPPROTO_IP, 84), "ipv6": Layout(socket.IPPROTO_IPV6, 136)}


@dataclass
class ChainCounters:
    """Packets and bytes of a chain's policy (built-in chains) and of each of its rules."""

    policy: tuple[int, int] = (0, 0)
    rules: list[tuple[int, int]] = field(default_factory=list)


class LegacyTables:
    """Open this inside the namespace; it stays there."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._sockets = {
            "ipv4": socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
            "ipv6": socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        }

    def close(self) -> None:
        for sock in self._sockets.values():
            sock.close()

    def _ask(self, family: str, option: int, request: bytes) -> bytes:
        """getsockopt with a request inside the answer buffer, which the socket module cannot do."""
        buffer = ctypes.create_string_buffer(request, len(request))
        length = ctypes.c_uint(len(request))
        number = self._sockets[family].fileno()
        if self._libc.getsockopt(number, LAYOUTS[family].level, option, buffer, ctypes.byref(length)):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return buffer.raw

    def counters(self, family: str, table: str) -> dict[str, ChainCounters]:
        """Counters of every chain of a table, in the kernel's order; OSError when nobody has touched the table yet."""
        info = self._ask(family, GET_INFO, struct.pack("32s", table.encode()) + bytes(INFO_SIZE - NAME_SIZE))
        heads = struct.unpack_from("5I", info, NAME_SIZE + 4)
        valid, _count, size = (
            struct.unpack_from("I", info, NAME_SIZE)[0],
            *struct.unpack_from("II", info, NAME_SIZE + 44),
        )
        built_in = {heads[number]: name for number, name in enumerate(HOOKS) if valid & 1 << number}
        blob = self._ask(family, GET_ENTRIES, struct.pack("32sI4x", table.encode(), size) + bytes(size))[
            NAME_SIZE + 8 :
        ]
        return self._chains(LAYOUTS[family], blob[:size], built_in)

    def _chains(self, layout: Layout, blob: bytes, built_in: dict[int, str]) -> dict[str, ChainCounters]:
        chains: dict[str, ChainCounters] = {}
        current: ChainCounters | None = None
        offset = 0
        while offset < len(blob):
            target, following = struct.unpack_from("HH", blob, offset + layout.target_offset)
            counts: tuple[int, int] = struct.unpack_from("QQ", blob, offset + layout.counters)
            name = blob[offset + target + 2 : offset + target + 2 + TARGET_NAME].split(b"\0")[0].decode()
            if offset in built_in:
                self._close(current)
                current = chains.setdefault(built_in[offset], ChainCounters())
            if name == "ERROR":  # the head of a user chain, and the very last entry
                self._close(current)
                title = blob[offset + target + 32 : offset + following].split(b"\0")[0].decode()
                current = chains.setdefault(title, ChainCounters())
            elif current is not None:
                current.rules.append(counts)
            offset += following
        chains.pop("ERROR", None)
        return chains

    @staticmethod
    def _close(chain: ChainCounters | None) -> None:
        """The last entry of a chain is its policy (user chains: the return), not a rule."""
        if chain is not None and chain.rules:
            chain.policy = chain.rules.pop()


class Restorer:
    """One iptables-legacy-restore (or the ip6 form) that takes ruleset after ruleset on its standard input.

    start: starts the command inside the node, with pipes for stdin and stderr.
    """

    def __init__(self, tables: LegacyTables, family: str, start: Callable[[list[str]], Popen[bytes]]) -> None:
        self.tables = tables
        self.family = family
        self.start = start
        self.command = ["iptables-legacy-restore" if family == "ipv4" else "ip6tables-legacy-restore", "--counters"]
        self.process: Popen[bytes] | None = None
        self.serial = 0

    def load(self, text: str) -> str | None:
        """Make `text` the whole ruleset of the family: tables it does not name become empty.

        "" when the kernel has it; the words of iptables-restore when it refused (its line numbers count from the start
        of the process; tables before the faulty one are applied); None when the text names all five tables, so that
        none is left to carry the number: load it by an ordinary process then.
        """
        named = {line[1:].strip() for line in text.splitlines() if line.startswith("*")}
        free = [table for table in TABLES if table not in named]
        if not free:
            return None
        self.serial += 1
        parts = [f"*{table}\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n" for table in free[1:]]
        parts += [text, f"\n*{free[0]}\n:OUTPUT ACCEPT [{self.serial}:0]\nCOMMIT\n"]
        if self.process is None or self.process.poll() is not None:
            self.process = self.start(self.command)
        assert self.process.stdin is not None and self.process.stderr is not None
        with contextlib.suppress(BrokenPipeError):  # it has refused and gone; stderr says why
            self.process.stdin.write("".join(parts).encode())
            self.process.stdin.flush()
        while not self._arrived(free[0]):
            if self.process.poll() is not None:
                message = self.process.stderr.read().decode(errors="replace").strip()
                self.process = None
                return message or "iptables-restore ended without a word"
        return ""

    def _arrived(self, table: str) -> bool:
        try:
            output = self.tables.counters(self.family, table).get("OUTPUT")
        except OSError:
            return False  # the table does not exist yet, or changed between the two questions
        return output is not None and output.policy[0] == self.serial

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
