"""Ends the TCP connections of a node (sock_diag(7), SOCK_DESTROY), as `ss -K` does.

What a scenario leaves open would go on sending: a program that was killed has connections that the kernel still closes,
and servers wait for clients that are gone. Kernels without CONFIG_INET_DIAG_DESTROY leave them alone.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Final

from lab.nfnetlink import HEADER, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR

NETLINK_SOCK_DIAG: Final = 4
BY_FAMILY: Final = 20
DESTROY: Final = 21
LISTEN: Final = 10
NOT_LISTENING: Final = 0xFFF & ~(1 << LISTEN)
# struct inet_diag_req_v2: family, protocol, extensions, states, then the 48 bytes that name a socket.
REQUEST: Final = struct.Struct("=BBBxI48s")
ANYTHING: Final = bytes(48)


def end_connections(opened: socket.socket) -> None:
    """Reset every TCP connection of the namespace in which the netlink socket was opened."""
    for family in (socket.AF_INET, socket.AF_INET6):
        for name in list(_sockets(opened, family)):
            opened.send(_message(DESTROY, NLM_F_ACK, family, name))
            with contextlib.suppress(StopIteration):
                next(_answers(opened))


def _message(kind: int, flags: int, family: int, name: bytes) -> bytes:
    body = REQUEST.pack(family, socket.IPPROTO_TCP, 0, NOT_LISTENING, name)
    return HEADER.pack(HEADER.size + len(body), kind, flags | NLM_F_REQUEST, 1, 0) + body


def _sockets(opened: socket.socket, family: int) -> Iterator[bytes]:
    """The names (addresses, ports, interface and cookie) of all sockets that do not listen."""
    opened.send(_message(BY_FAMILY, NLM_F_DUMP, family, ANYTHING))
    for body in _answers(opened):
        yield body[4:52]


def _answers(opened: socket.socket) -> Iterator[bytes]:
    """Bodies of messages up to the end of a dump or an acknowledgement."""
    while True:
        data = opened.recv(1 << 16)
        offset = 0
        while offset + HEADER.size <= len(data):
            length, kind, _flags, _sequence, _port = HEADER.unpack_from(data, offset)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                return
            yield data[offset + HEADER.size : offset + length]
            offset += (length + 3) & ~3
