"""Echo over TCP (RFC 862): sends back what it gets until the peer closes."""

from __future__ import annotations

import socket
import threading
import time

from lab.services import each_in_a_thread
from lab.services.record import Record

CHUNK = 1 << 16


def serve(sockets: list[socket.socket], record: Record) -> None:
    """Accept for ever, one thread a connection."""
    each_in_a_thread(lambda listening: _accept(listening, record), sockets)


def _accept(listening: socket.socket, record: Record) -> None:
    while True:
        connection, peer = listening.accept()
        threading.Thread(target=_echo, args=(connection, peer, record), daemon=True).start()


def _echo(connection: socket.socket, peer: tuple[object, ...], record: Record) -> None:
    total, end, began = 0, "closed", time.time()
    with connection:
        try:
            while data := connection.recv(CHUNK):
                connection.sendall(data)
                total += len(data)
        except OSError as error:
            end = error.strerror or "failed"
    record.add("tcp-echo", peer, end, began, bytes=total)
