"""An IRC relay, as much of RFC 1459 as two clients need that offer each other a file: NICK, USER, PING, PRIVMSG,
QUIT."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from lab.services import each_in_a_thread
from lab.services.record import Record

LONGEST_LINE = 4096


class Relay:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._clients: dict[str, socket.socket] = {}

    def accept(self, listening: socket.socket) -> None:
        while True:
            connection, peer = listening.accept()
            threading.Thread(target=self._client, args=(connection, peer), daemon=True).start()

    def _client(self, connection: socket.socket, peer: tuple[object, ...]) -> None:
        nick = ""
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as lines:
            while line := lines.readline(LONGEST_LINE):
                command, _space, rest = line.rstrip(b"\r\n").partition(b" ")
                word = command.upper()
                if word == b"NICK":
                    nick = rest.decode("utf-8", "replace")
                    with self._lock:
                        self._clients[nick] = connection
                    connection.sendall(f":lab 001 {nick} :welcome\r\n".encode())
                elif word == b"PING":
                    connection.sendall(b":lab PONG lab " + rest + b"\r\n")
                elif word == b"PRIVMSG":
                    self._pass_on(nick, rest, peer)
                elif word == b"QUIT":
                    break
        with self._lock:
            self._clients.pop(nick, None)

    def _pass_on(self, nick: str, rest: bytes, peer: tuple[object, ...]) -> None:
        """`TARGET :text` goes to the client called TARGET, byte for byte."""
        target, _space, text = rest.partition(b" ")
        with self._lock:
            other = self._clients.get(target.decode("utf-8", "replace"))
        name = target.decode("utf-8", "replace")
        self._record.add("irc", peer, "PRIVMSG", time.time(), path=name, text=text.decode("latin-1"))
        if other is not None:
            other.sendall(f":{nick}!{nick}@lab PRIVMSG ".encode() + target + b" " + text + b"\r\n")


def serve(sockets: list[socket.socket], record: Record) -> None:
    relay = Relay(record)
    each_in_a_thread(relay.accept, sockets)
