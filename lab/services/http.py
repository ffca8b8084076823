"""HTTP: /bytes/N is N bytes of known content (lab/services/content.py), /big is 20 MB of them, / says hello. PUT and
POST take a body and answer with its length and SHA-256."""

from __future__ import annotations

import hashlib
import http.server
import json
import socket
import time
from typing import Any

from lab.services import each_in_a_thread
from lab.services.content import BIG, blocks
from lab.services.record import Record

HELLO = b"hello from the lab\n"
CHUNK = 1 << 16


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    record: Record

    def setup(self) -> None:
        self.began = time.time()
        super().setup()

    def do_GET(self) -> None:
        if self.path.startswith("/bytes/") and self.path[7:].isdigit():
            self.send_content(int(self.path[7:]))
        elif self.path == "/big":
            self.send_content(BIG)
        elif self.path == "/":
            self.answer(200, "text/plain", HELLO)
        else:
            self.answer(404, "text/plain", b"there is /, /big and /bytes/N\n")

    def send_content(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size))
        self.end_headers()
        digest, sent = hashlib.sha256(), 0
        try:
            for block in blocks(size):
                self.wfile.write(block)
                digest.update(block)
                sent += len(block)
        finally:
            self.note("GET", sent, digest)

    def do_PUT(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        digest, left = hashlib.sha256(), size
        while left and (data := self.rfile.read(min(left, CHUNK))):
            digest.update(data)
            left -= len(data)
        self.note(self.command, size - left, digest)
        self.answer(200, "application/json", json.dumps({"bytes": size - left, "sha256": digest.hexdigest()}).encode())

    do_POST = do_PUT

    def answer(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, action: str, size: int, digest: Any) -> None:
        details = {"path": self.path, "bytes": size, "sha256": digest.hexdigest()}
        self.record.add("http", self.client_address, action, self.began, **details)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the record says it."""


class Server(http.server.ThreadingHTTPServer):
    """Serves a socket that is already listening."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, handler: type[Handler]) -> None:
        super().__init__(listening.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = "lab", listening.getsockname()[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away is not worth a traceback."""


def serve(sockets: list[socket.socket], record: Record) -> None:
    handler = type("RecordingHandler", (Handler,), {"record": record})
    each_in_a_thread(lambda listening: Server(listening, handler).serve_forever(), sockets)
