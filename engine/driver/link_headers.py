"""The link headers of bridged frames.

The packet queue tells a frame's source address only. LOG prints the whole header, and a reset sent back over a bridge
needs the destination too, so a rule copies the first bytes of each packet that a bridge port receives to a log group,
where the header comes along. Copies are matched to packets by their bytes: the same bytes came a moment ago.

Source: kernel include/uapi/linux/netfilter/nfnetlink_log.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Final

from engine.driver.netlink import (
    AF_NETLINK,
    NETFILTER,
    NETLINK_NO_ENOBUFS,
    NLM_F_ACK,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    SOL_NETLINK,
    attribute,
    attributes,
    error_of,
    force_buffers,
    message,
    messages,
)
from engine.driver.queue_rules import LINK_HEADER_COPY, LINK_HEADER_GROUP

SUBSYSTEM: Final = 4 << 8  # NFNL_SUBSYS_ULOG
PACKET: Final = SUBSYSTEM | 0
CONFIG: Final = SUBSYSTEM | 1
CFG_CMD: Final = 1
CFG_MODE: Final = 2
CMD_BIND: Final = 1
COPY_PACKET: Final = 2
NFULA_PAYLOAD: Final = 9
NFULA_HWHEADER: Final = 16

KEPT: Final = 4096  # headers remembered
COMPARED: Final = 64  # bytes of the packet by which it is known again


class LinkHeaders:
    """A reader of the log group. Raises OSError from the constructor where the kernel has no nfnetlink_log."""

    def __init__(self) -> None:
        self.known: dict[bytes, bytes] = {}
        self.sock = socket.socket(AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER)
        self.sock.bind((0, 0))
        self.sock.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
        force_buffers(self.sock, 4 << 20, 1 << 16)
        self._configure(attribute(CFG_CMD, struct.pack("=B", CMD_BIND)))
        self._configure(attribute(CFG_MODE, struct.pack("!IBB", LINK_HEADER_COPY, COPY_PACKET, 0)))
        self.sock.setblocking(False)

    def _configure(self, body: bytes) -> None:
        head = struct.pack("!BBH", 0, 0, LINK_HEADER_GROUP)
        self.sock.send(message(CONFIG, NLM_F_REQUEST | NLM_F_ACK, head + body))
        while True:
            for kind, answer in messages(self.sock.recv(1 << 16)):
                if kind == NLMSG_ERROR:
                    code = error_of(answer)
                    if code:
                        raise OSError(code, f"netfilter log group {LINK_HEADER_GROUP}: {os.strerror(code)}")
                    return

    def read(self) -> None:
        """Take in what was copied since the last call."""
        while True:
            try:
                data = self.sock.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                continue
            for kind, body in messages(data):
                if kind == PACKET:
                    found = attributes(body, 4)
                    header = found.get(NFULA_HWHEADER)
                    if header:
                        self._remember(found.get(NFULA_PAYLOAD, b"")[:COMPARED], header)

    def _remember(self, start: bytes, header: bytes) -> None:
        self.known.pop(start, None)
        if len(self.known) >= KEPT:
            del self.known[next(iter(self.known))]
        self.known[start] = header

    def find(self, data: bytes) -> bytes:
        """The link header that came with this packet, b"" if none is known."""
        self.read()
        return self.known.get(data[:COMPARED], b"")

    def close(self) -> None:
        self.sock.close()
