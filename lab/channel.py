"""Messages between a lab's owner and its holder: one JSON object a datagram, with open files travelling beside it.

The two ends are a SOCK_SEQPACKET pair, so a message arrives whole or not at all. Large texts (a plan, a ruleset) travel
as files in memory, because a datagram is bounded by the socket's buffer.
"""

from __future__ import annotations

import array
import errno
import json
import os
import socket
from typing import Any, Final

MOST_BYTES: Final = 1 << 20
MOST_FILES: Final = 64
BUFFER: Final = 4 << 20
SO_SNDBUFFORCE: Final = 32

Message = dict[str, Any]


class Closed(Exception):
    """The other end is gone."""


class NotAMessage(Exception):
    """What came is not a message of this project."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a channel, with room for large messages where the machine allows it."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (left, right):
        try:
            end.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER)
        except PermissionError:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return left, right


def send(end: socket.socket, message: Message, files: tuple[int, ...] = ()) -> None:
    """Send one message and copies of the open files. Raises Closed, OSError (E2BIG: longer than a message can be)."""
    data = json.dumps(message).encode()
    if len(data) > MOST_BYTES or len(files) > MOST_FILES:
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
    try:
        end.sendmsg([data], ancillary)
    except (BrokenPipeError, ConnectionResetError):
        raise Closed from None


def receive(end: socket.socket) -> tuple[Message, list[int]]:
    """The next message and the files that came with it, which the receiver has to close. Raises Closed at the end,
    NotAMessage."""
    try:
        data, ancillary, _flags, _address = end.recvmsg(
            MOST_BYTES, socket.CMSG_SPACE(MOST_FILES * 4), socket.MSG_CMSG_CLOEXEC
        )
    except ConnectionResetError:
        raise Closed from None
    files = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            files.frombytes(content[: len(content) - len(content) % files.itemsize])
    if not data:
        raise Closed
    try:
        message: Message = json.loads(data)
    except ValueError:
        for fd in files:
            os.close(fd)
        raise NotAMessage(f"{len(data)} bytes that are not JSON, or the beginning of more") from None
    return message, list(files)


def door_of(folder: int) -> str:
    """The socket of a kept lab, in a folder that is open as a file: so its path is short wherever the folder is."""
    return f"/proc/self/fd/{folder}/holder"


def in_memory(content: str | bytes, name: str = "text") -> int:
    """An open file that holds `content`, read from its beginning. It has no name in any directory. Bytes that are no
    UTF-8 stand in a text as `surrogateescape` has them."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    view = memoryview(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def read_all(fd: int, errors: str = "replace") -> str:
    """The whole text of a file from its beginning, wherever its offset stands."""
    return read_bytes(fd).decode("utf-8", errors)


def read_bytes(fd: int) -> bytes:
    """The same as bytes."""
    parts: list[bytes] = []
    offset = 0
    while part := os.pread(fd, 1 << 20, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
