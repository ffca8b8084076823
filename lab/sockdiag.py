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

from lab.netlink import NLM_F_ACK, NLM_F_DUMP, answers, message

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
            opened.send(_request(DESTROY, NLM_F_ACK, family, name))
            with contextlib.suppress(OSError):  # gone by itself, or a kernel that does not do it
                list(answers(opened))


def _request(kind: int, flags: int, family: int, name: bytes) -> bytes:
    return message(kind, flags, REQUEST.pack(family, socket.IPPROTO_TCP, 0, NOT_LISTENING, name))


def _sockets(opened: socket.socket, family: int) -> Iterator[bytes]:
    """The names (addresses, ports, interface and cookie) of all sockets that do not listen."""
    opened.send(_request(BY_FAMILY, NLM_F_DUMP, family, ANYTHING))
    with contextlib.suppress(OSError):  # a kernel without inet_diag
        for _kind, body in answers(opened):
            yield body[4:52]
