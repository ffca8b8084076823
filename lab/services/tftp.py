"""TFTP (RFC 1350): octet mode, blocks of 512 bytes, each transfer from a port of its own.

Reading: `hello.txt`, or `bytes-N` for N bytes of known content. Writing: any name; the record says what arrived.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from typing import Any, Final

from lab.services import each_in_a_thread
from lab.services.content import content
from lab.services.record import Record

READ, WRITE, DATA, ACK, ERROR = 1, 2, 3, 4, 5
NOT_FOUND, ILLEGAL = 1, 4
BLOCK: Final = 512
TRIES: Final = 5
SECONDS: Final = 1.0
HELLO: Final = b"hello from the lab\n"


def file_named(name: str) -> bytes | None:
    if name == "hello.txt":
        return HELLO
    return content(int(name[6:])) if name.startswith("bytes-") and name[6:].isdigit() else None


def serve(sockets: list[socket.socket], record: Record) -> None:
    each_in_a_thread(lambda opened: _requests(opened, record), sockets)


def _requests(opened: socket.socket, record: Record) -> None:
    opened.setblocking(True)
    while True:
        packet, peer = opened.recvfrom(1500)
        threading.Thread(target=_transfer, args=(opened, packet, peer, record), daemon=True).start()


def _transfer(asked: socket.socket, packet: bytes, peer: Any, record: Record) -> None:
    kind = int.from_bytes(packet[:2], "big")
    name = packet[2:].split(b"\0")[0].decode("ascii", "replace")
    began = time.time()
    with socket.socket(asked.family, socket.SOCK_DGRAM) as own:
        own.connect(peer)
        own.settimeout(SECONDS)
        if kind == READ:
            data = file_named(name)
            if data is None:
                own.send(struct.pack("!HH", ERROR, NOT_FOUND) + b"no such file\0")
            elif _send(own, data):
                _note(record, peer, "RRQ", began, name, data)
        elif kind == WRITE:
            received = _receive(own)
            if received is not None:
                _note(record, peer, "WRQ", began, name, received)
        else:
            own.send(struct.pack("!HH", ERROR, ILLEGAL) + b"RRQ or WRQ\0")


def _note(record: Record, peer: Any, action: str, began: float, name: str, data: bytes) -> None:
    record.add("tftp", peer, action, began, path=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _ask(own: socket.socket, packet: bytes, kind: int, number: int) -> bytes | None:
    """Send until the wanted packet comes. Returns what follows its header, None if it does not come."""
    for _try in range(TRIES):
        own.send(packet)
        try:
            while True:
                answer = own.recv(1500)
                if answer[:4] == struct.pack("!HH", kind, number & 0xFFFF):
                    return answer[4:]
                if answer[:2] == struct.pack("!H", ERROR):
                    return None
        except OSError:
            continue
    return None


def _send(own: socket.socket, data: bytes) -> bool:
    for number in range(1, len(data) // BLOCK + 2):
        block = data[(number - 1) * BLOCK : number * BLOCK]
        if _ask(own, struct.pack("!HH", DATA, number & 0xFFFF) + block, ACK, number) is None:
            return False
    return True


def _receive(own: socket.socket) -> bytes | None:
    parts: list[bytes] = []
    while not parts or len(parts[-1]) == BLOCK:
        block = _ask(own, struct.pack("!HH", ACK, len(parts) & 0xFFFF), DATA, len(parts) + 1)
        if block is None:
            return None
        parts.append(block)
    own.send(struct.pack("!HH", ACK, len(parts) & 0xFFFF))
    return b"".join(parts)
