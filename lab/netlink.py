"""Messages, attributes and answers of netlink(7), which every part of it shares.

A socket is opened inside a node by the holder and used from anywhere; no library is needed for so little.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import Final

NLM_F_REQUEST: Final = 0x001
NLM_F_ACK: Final = 0x004
NLM_F_DUMP: Final = 0x300
NLM_F_REPLACE: Final = 0x100
NLM_F_EXCL: Final = 0x200
NLM_F_CREATE: Final = 0x400
NLA_F_NESTED: Final = 0x8000
NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3

HEADER: Final = struct.Struct("=IHHII")
ATTRIBUTE: Final = struct.Struct("=HH")


def message(kind: int, flags: int, payload: bytes, sequence: int = 0) -> bytes:
    """A request."""
    return HEADER.pack(HEADER.size + len(payload), kind, flags | NLM_F_REQUEST, sequence, 0) + payload


def attribute(kind: int, value: bytes) -> bytes:
    """One netlink attribute, padded to four bytes."""
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes in a message: kind without the flag bits, value without the padding."""
    offset = 0
    while offset + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, offset)
        if length < ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, data[offset + ATTRIBUTE.size : offset + length]
        offset += length + 3 & ~3


def nested(kind: int, *parts: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(NLA_F_NESTED | kind, b"".join(parts))


def answers(opened: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Kinds and payloads of messages up to the acknowledgement or the end of a dump. OSError carries the kernel's
    reason."""
    while True:
        data = opened.recv(1 << 16)
        offset = 0
        while offset + HEADER.size <= len(data):
            length, kind, _flags, _sequence, _port = HEADER.unpack_from(data, offset)
            payload = data[offset + HEADER.size : offset + length]
            offset += length + 3 & ~3
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                (code,) = struct.unpack_from("=i", payload) if len(payload) >= 4 else (0,)
                if code < 0:
                    raise OSError(-code, os.strerror(-code))
                return
            yield kind, payload
