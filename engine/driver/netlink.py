"""Netlink messages as bytes: what nfqueue, rtnetlink, sock_diag and nfnetlink_log have in common.

    | length 4 | type 2 | flags 2 | sequence 4 | port 4 |  family header  | attribute | attribute | ...
    attribute:  | length 2 | type 2 | value | padding to 4 |

Numbers of the headers are in the machine's byte order. Sources: netlink(7), rtnetlink(7), kernel
include/uapi/linux/netlink.h, Documentation/userspace-api/netlink.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

AF_NETLINK: Final = 16
SOL_NETLINK: Final = 270
NETLINK_NO_ENOBUFS: Final = 5
SO_SNDBUFFORCE: Final = 32
SO_RCVBUFFORCE: Final = 33

ROUTE: Final = 0
SOCK_DIAG: Final = 4
NETFILTER: Final = 12

NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3
NLM_F_REQUEST: Final = 1
NLM_F_ACK: Final = 4
NLM_F_DUMP: Final = 0x300
NLM_F_CREATE: Final = 0x400

HEADER: Final = struct.Struct("=IHHII")
ATTRIBUTE: Final = struct.Struct("=HH")
TYPE_MASK: Final = 0x3FFF  # without the flags "nested" and "network byte order"

RECEIVE_SIZE: Final = 1 << 16
PATIENCE: Final = 5.0  # seconds; the kernel answers within the request, this is for a kernel that does not


def align(length: int) -> int:
    return (length + 3) & ~3


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute with its padding."""
    return ATTRIBUTE.pack(4 + len(value), kind) + value + bytes(-len(value) & 3)


def message(kind: int, flags: int, body: bytes, sequence: int = 0) -> bytes:
    return HEADER.pack(16 + len(body), kind, flags, sequence, 0) + body


def attributes(data: bytes, start: int = 0, end: int = -1) -> dict[int, bytes]:
    """The attributes between two offsets; of two of one type the last counts. A crooked length ends the list."""
    found: dict[int, bytes] = {}
    if end < 0:
        end = len(data)
    while start + 4 <= end:
        length, kind = ATTRIBUTE.unpack_from(data, start)
        if length < 4 or start + length > end:
            break
        found[kind & TYPE_MASK] = data[start + 4 : start + length]
        start += align(length)
    return found


def messages(data: bytes) -> list[tuple[int, bytes]]:
    """(type, body) of each message in what one recv gave."""
    found: list[tuple[int, bytes]] = []
    start = 0
    while start + 16 <= len(data):
        length, kind, _flags, _sequence, _port = HEADER.unpack_from(data, start)
        if length < 16 or start + length > len(data):
            break
        found.append((kind, data[start + 16 : start + length]))
        start += align(length)
    return found


def error_of(body: bytes) -> int:
    """The errno of an NLMSG_ERROR message, 0 for an acknowledgement."""
    return -int(struct.unpack_from("=i", body)[0]) if len(body) >= 4 else 0


def force_buffers(sock: socket.socket, receive: int, send: int) -> None:
    """Bigger buffers than the machine's limit allows, or as much as an ordinary user may have."""
    for forced, ordinary, size in (
        (SO_RCVBUFFORCE, socket.SO_RCVBUF, receive),
        (SO_SNDBUFFORCE, socket.SO_SNDBUF, send),
    ):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, size)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, ordinary, size)


class Netlink:
    """A request and answer socket of one netlink protocol."""

    def __init__(self, protocol: int) -> None:
        self.sock = socket.socket(AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self.sock.bind((0, 0))
        self.sock.settimeout(PATIENCE)
        self.sequence = 0

    def request(self, kind: int, body: bytes, flags: int = NLM_F_ACK, single: bool = False) -> list[tuple[int, bytes]]:
        """Send one request and collect the answer: (type, body) of each message.

        flags: NLM_F_ACK or NLM_F_DUMP, whose answers have an end; single: one message is the answer.
        Raises OSError with the kernel's errno (TimeoutError if it does not answer).
        """
        self.sequence += 1
        sequence = self.sequence
        self.sock.send(HEADER.pack(16 + len(body), kind, flags | NLM_F_REQUEST, sequence, 0) + body)
        collected: list[tuple[int, bytes]] = []
        while True:
            data = self.sock.recv(RECEIVE_SIZE)
            start = 0
            while start + 16 <= len(data):
                length, answer, _flags, number, _port = HEADER.unpack_from(data, start)
                if length < 16:
                    break
                part = data[start + 16 : start + length]
                start += align(length)
                if number != sequence:
                    continue  # the rest of an answer that was given up
                if answer == NLMSG_DONE:
                    return collected
                if answer == NLMSG_ERROR:
                    errno = error_of(part)
                    if errno:
                        raise OSError(errno, os.strerror(errno))
                    return collected
                collected.append((answer, part))
                if single:
                    return collected

    def close(self) -> None:
        self.sock.close()
