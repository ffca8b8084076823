"""Echo over TCP (RFC 862): sends back what it gets until the peer closes."""

from __future__ import annotations

import socket
import threading
import time

from lab.services.record import Record

CHUNK = 1 << 16


def serve(sockets: list[socket.socket], record: Record) -> None:
    """Accept for ever, one thread a connection."""
    threads = [threading.Thread(target=_accept, args=(listening, record), daemon=True) for listening in sockets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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
