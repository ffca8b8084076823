"""The few nfnetlink requests that a lab makes itself: empty the conntrack table and fill it, list and delete nft
tables, read NFLOG.

A netlink socket is opened inside the node by the holder and used from here; no library is needed for so little.
Numbers are those of linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h and nf_tables.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Final

from lab.netlink import (
    ATTRIBUTE,
    HEADER,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    answers,
    attribute,
    attributes,
    message,
    nested,
)

NETLINK_NETFILTER: Final = 12

BATCH_BEGIN: Final = 16
BATCH_END: Final = 17
SUBSYS_CTNETLINK: Final = 1
SUBSYS_EXPECT: Final = 2
SUBSYS_ULOG: Final = 4
SUBSYS_NFTABLES: Final = 10
CT_NEW: Final = SUBSYS_CTNETLINK << 8
CT_DELETE: Final = 2
CTA_TUPLE_ORIG: Final = 1
CTA_TUPLE_REPLY: Final = 2
CTA_STATUS: Final = 3
CTA_TIMEOUT: Final = 7
CTA_MARK: Final = 8
BATCH: Final = 256  # messages in one send: the last byte of an address counts them
EXP_DELETE: Final = 2
NFULNL_PACKET: Final = 0
NFULNL_CONFIG: Final = 1
NFT_GETTABLE: Final = 1
NFT_DELTABLE: Final = 2
NFTA_TABLE_NAME: Final = 1
NF_FAMILIES: Final = {"ipv4": 2, "ipv6": 10, "any": 0}

GENERIC: Final = struct.Struct("=BBH")


def udp_tuple(kind: int, src: bytes, dst: bytes, port: int = 9) -> bytes:
    """One direction of a connection: CTA_TUPLE_ORIG or CTA_TUPLE_REPLY, with CTA_TUPLE_IP and CTA_TUPLE_PROTO."""
    ports = struct.pack("!H", port)
    addresses = nested(1, attribute(1, src), attribute(2, dst))
    return nested(kind, addresses, nested(2, attribute(1, b"\x11"), attribute(2, ports), attribute(3, ports)))


class Nfnetlink:
    """Requests on one socket, one at a time. OSError carries the kernel's reason."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def _message(self, kind: int, flags: int, family: int, resource: int = 0, body: bytes = b"") -> bytes:
        self._sequence += 1
        return message(kind, flags, GENERIC.pack(family, 0, socket.htons(resource)) + body, self._sequence)

    def ask(
        self, kind: int, family: int = 0, body: bytes = b"", flags: int = NLM_F_ACK, resource: int = 0
    ) -> list[tuple[int, bytes]]:
        """One request and its answers. Raises OSError."""
        self._socket.send(self._message(kind, flags, family, resource, body))
        return list(answers(self._socket))

    def flush_conntrack(self) -> None:
        """Forget every connection and every expectation of the namespace."""
        for kind in (SUBSYS_CTNETLINK << 8 | CT_DELETE, SUBSYS_EXPECT << 8 | EXP_DELETE):
            try:
                self.ask(kind)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EOPNOTSUPP):
                    raise

    def add_connections(self, count: int, status: int, seconds: int) -> None:
        """Put `count` UDP connections, from 198.18.0.0 on, into the table (IPS_ bits, timeout). Raises OSError.

        One message is written once, 256 of them in a row, and the bytes of their addresses are changed as columns.
        """
        first = int.from_bytes(socket.inet_aton("198.18.0.0"))
        many, one = bytes(4), socket.inet_aton("198.51.100.1")
        tuples = udp_tuple(CTA_TUPLE_ORIG, many, one) + udp_tuple(CTA_TUPLE_REPLY, one, many)
        numbers = attribute(CTA_STATUS, struct.pack("!I", status)) + attribute(CTA_TIMEOUT, struct.pack("!I", seconds))
        one_of_them = self._message(CT_NEW, NLM_F_CREATE | NLM_F_EXCL, NF_FAMILIES["ipv4"], 0, tuples + numbers)
        at = [one_of_them.index(attribute(kind, bytes(4))) for kind in (1, 2)]
        batch = bytearray(one_of_them * BATCH)
        for place in at:
            batch[place + ATTRIBUTE.size + 3 :: len(one_of_them)] = bytes(range(BATCH))
        for start in range(0, count, BATCH):
            for place in at:
                for column, value in enumerate((first + start).to_bytes(4)[:3], place + ATTRIBUTE.size):
                    batch[column :: len(one_of_them)] = bytes((value,)) * BATCH
            self._socket.send(memoryview(batch)[: min(BATCH, count - start) * len(one_of_them)])
        self._raise_first_error()

    def touch_connection(self, src: str, dst: str, port: int) -> None:
        """Put a UDP connection into the table, give it a mark and take it out again: whoever listens is told of all
        three. Raises OSError."""
        left, right = socket.inet_aton(src), socket.inet_aton(dst)
        original = udp_tuple(CTA_TUPLE_ORIG, left, right, port)
        both = original + udp_tuple(CTA_TUPLE_REPLY, right, left, port)
        family = NF_FAMILIES["ipv4"]
        self.ask(CT_NEW, family, both + attribute(CTA_TIMEOUT, struct.pack("!I", 60)),
                 NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)  # fmt: skip
        self.ask(CT_NEW, family, original + attribute(CTA_MARK, struct.pack("!I", 1)))
        self.ask(SUBSYS_CTNETLINK << 8 | CT_DELETE, family, original)

    def _raise_first_error(self) -> None:
        """What unacknowledged messages have brought: nothing, or errors."""
        try:
            data = self._socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        (code,) = struct.unpack_from("=i", data, HEADER.size)
        raise OSError(-code, os.strerror(-code))

    def nft_tables(self, family: str) -> list[str]:
        """The names of the nft tables of a family."""
        tables = self.ask(SUBSYS_NFTABLES << 8 | NFT_GETTABLE, NF_FAMILIES[family], flags=NLM_F_DUMP)
        return [value.rstrip(b"\0").decode() for _kind, body in tables
                for kind, value in attributes(body[GENERIC.size :]) if kind == NFTA_TABLE_NAME]  # fmt: skip

    def delete_nft_tables(self, family: str, names: list[str] | None = None) -> None:
        """Delete the named tables of a family in one transaction; without names all tables of it (`any`: of all)."""
        kind = SUBSYS_NFTABLES << 8 | NFT_DELTABLE
        bodies = [b""] if names is None else [attribute(NFTA_TABLE_NAME, name.encode() + b"\0") for name in names]
        if not bodies:
            return
        batch = self._message(BATCH_BEGIN, 0, 0, SUBSYS_NFTABLES)
        for body in bodies:
            batch += self._message(kind, NLM_F_ACK, NF_FAMILIES[family], 0, body)
        batch += self._message(BATCH_END, 0, 0, SUBSYS_NFTABLES)
        self._socket.send(batch)
        for _body in bodies:
            list(answers(self._socket))
