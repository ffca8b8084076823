"""A base chain of our own in nf_tables, written as netlink messages; no tool is needed.

    batch:  | BEGIN | NEWTABLE | NEWCHAIN | DELRULE (all of the chain) | NEWRULE ... | END |     all of it or nothing

The table belongs to the socket that made it (NFT_TABLE_F_OWNER): nobody else changes it, and it is gone, rules and all,
when the socket is closed, also by the death of its process.

Sources: kernel include/uapi/linux/netfilter/nf_tables.h; `nft --debug=netlink` shows the same expressions.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

from engine.driver.netlink import (
    AF_NETLINK,
    NETFILTER,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    align,
    attribute,
    error_of,
    force_buffers,
    message,
    messages,
)

SUBSYSTEM: Final = 10  # NFNL_SUBSYS_NFTABLES
BATCH_BEGIN: Final = 16
BATCH_END: Final = 17
NEWTABLE: Final = SUBSYSTEM << 8 | 0
NEWCHAIN: Final = SUBSYSTEM << 8 | 3
NEWRULE: Final = SUBSYSTEM << 8 | 6
DELRULE: Final = SUBSYSTEM << 8 | 8

INET: Final = 1  # NFPROTO_INET: one table for both families
TABLE_OWNED: Final = 2
NLM_F_APPEND: Final = 0x800
NESTED: Final = 0x8000
SEND_BUFFER: Final = 4 << 20

# Registers of an expression, and keys of `meta`
DECISION: Final = 0
FIRST: Final = 1
SECOND: Final = 2
META_PRIORITY: Final = 2

NF_DROP: Final = 0
NF_ACCEPT: Final = 1


def number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("!I", value))


def nest(kind: int, *parts: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(parts))


def name(kind: int, text: str) -> bytes:
    return attribute(kind, text.encode("ascii") + b"\0")


def _expression(what: str, *parts: bytes) -> bytes:
    return nest(1, name(1, what), nest(2, *parts))


def load_meta(key: int, register: int = FIRST) -> bytes:
    return _expression("meta", number(1, register), number(2, key))


def set_meta(key: int, register: int = FIRST) -> bytes:
    return _expression("meta", number(2, key), number(3, register))


def equals(value: bytes, register: int = FIRST) -> bytes:
    """Go on with the rule if the register holds these bytes."""
    return _expression("cmp", number(1, register), number(2, 0), nest(3, attribute(1, value)))


def masked(mask: bytes, register: int = FIRST) -> bytes:
    nothing = nest(5, attribute(1, bytes(len(mask))))
    return _expression(
        "bitwise", number(1, register), number(2, register), number(3, len(mask)), nest(4, attribute(1, mask)), nothing
    )


def put(value: bytes, register: int = FIRST) -> bytes:
    return _expression("immediate", number(1, register), nest(2, attribute(1, value)))


def decide(verdict: int) -> bytes:
    return _expression("immediate", number(1, DECISION), nest(2, nest(2, number(1, verdict))))


def to_socket(family: int, has_address: bool) -> bytes:
    """Assign the packet to a transparent socket, or leave the rule. Its port is in SECOND, its address in FIRST."""
    address = number(2, FIRST) if has_address else b""
    return _expression("tproxy", number(1, family), address, number(3, SECOND))


class OwnChain:
    """A table with one base chain that lives as long as this object. Methods raise OSError with the kernel's errno;
    then nothing has changed."""

    def __init__(self, table: str, chain: str, hook: int, priority: int) -> None:
        self.table = table
        self.chain = chain
        self.hook = hook
        self.priority = priority
        self.there = False
        self.sock = socket.socket(AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER)
        self.sock.bind((0, 0))
        self.sock.setblocking(False)
        force_buffers(self.sock, SEND_BUFFER, SEND_BUFFER)

    def put_rules(self, rules: list[bytes]) -> None:
        """These rules, each its expressions in a row, in place of those before."""
        steps: list[tuple[int, int, bytes]] = []
        if self.there:
            steps.append((DELRULE, 0, name(1, self.table) + name(2, self.chain)))
        else:
            steps.append((NEWTABLE, NLM_F_CREATE, name(1, self.table) + number(2, TABLE_OWNED)))
            hook = nest(4, number(1, self.hook), number(2, self.priority & 0xFFFFFFFF))
            chain = name(1, self.table) + name(3, self.chain) + hook + number(5, NF_ACCEPT) + name(7, "filter")
            steps.append((NEWCHAIN, NLM_F_CREATE, chain))
        place = name(1, self.table) + name(2, self.chain)
        steps += [(NEWRULE, NLM_F_CREATE | NLM_F_APPEND, place + nest(4, rule)) for rule in rules]
        self._batch(steps)
        self.there = True

    def _batch(self, steps: list[tuple[int, int, bytes]]) -> None:
        frame = struct.pack("!BBH", 0, 0, SUBSYSTEM)
        head = struct.pack("!BBH", INET, 0, 0)
        parts = [message(BATCH_BEGIN, NLM_F_REQUEST, frame)]
        for index, (kind, flags, body) in enumerate(steps):
            parts.append(message(kind, NLM_F_REQUEST | NLM_F_ACK | flags, head + body, index + 1))
        parts.append(message(BATCH_END, NLM_F_REQUEST, frame, len(steps) + 1))
        self.sock.send(b"".join([part + bytes(align(len(part)) - len(part)) for part in parts]))
        self._read_answers()

    def _read_answers(self) -> None:
        """The kernel has answered by the time that send() returns; the first error counts."""
        errno = 0
        while True:
            try:
                data = self.sock.recv(1 << 20)
            except BlockingIOError:
                break
            for kind, body in messages(data):
                if kind == NLMSG_ERROR and not errno:
                    errno = error_of(body)
        if errno:
            raise OSError(errno, os.strerror(errno))

    def close(self) -> None:
        """The table goes with its owner."""
        self.sock.close()
        self.there = False
