"""Echo over UDP (RFC 862). The answer leaves from the address that was asked, also on a node with several addresses."""

from __future__ import annotations

import socket
import struct
import time
from typing import Final

from lab.services import each_in_a_thread
from lab.services.record import Record

IP_PKTINFO: Final = 8
# in_pktinfo: interface, the local address used for routing, the address in the header.
PKTINFO4: Final = struct.Struct("=i4s4s")
SPACE: Final = 256
LARGEST: Final = 1 << 16


def serve(sockets: list[socket.socket], record: Record) -> None:
    each_in_a_thread(lambda opened: _echo(opened, record), sockets)


def _echo(opened: socket.socket, record: Record) -> None:
    if opened.family == socket.AF_INET:
        opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    opened.setblocking(True)
    while True:
        data, ancillary, _flags, peer = opened.recvmsg(LARGEST, SPACE)
        began = time.time()
        try:
            opened.sendmsg([data], _same_address(ancillary), 0, peer)
        except OSError as error:
            record.add("udp-echo", peer, error.strerror or "failed", began, bytes=len(data))
            continue
        record.add("udp-echo", peer, "echo", began, bytes=len(data))


def _same_address(ancillary: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Ancillary data for an answer from the address to which the question was sent."""
    for level, kind, content in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            _interface, _routed, asked = PKTINFO4.unpack_from(content)
            return [(level, kind, PKTINFO4.pack(0, asked, bytes(4)))]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, content[:16] + bytes(4))]
    return []
