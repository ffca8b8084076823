"""FTP, active and passive, by pyftpdlib. Users: anonymous (reads) and lab/lab (reads and writes).

The folder holds hello.txt, data.bin (1 MB of known content) and upload/. A client that asks for a data connection to a
foreign address is refused with 501, as servers do: a helper that failed to rewrite an address is noticed.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.log import config_logging
from pyftpdlib.servers import FTPServer

from lab.services.content import content
from lab.services.record import Record

DATA_BYTES = 1_000_000
HELLO = b"hello from the lab\n"


def prepare(folder: str) -> None:
    """Make the folder that is served."""
    os.makedirs(f"{folder}/upload", exist_ok=True)
    for name, data in (("hello.txt", HELLO), ("data.bin", content(DATA_BYTES))):
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)


def handler(folder: str, record: Record) -> type[FTPHandler]:
    authorizer = DummyAuthorizer()
    authorizer.add_anonymous(folder)
    authorizer.add_user("lab", "lab", folder, perm="elradfmwMT")

    class Handler(FTPHandler):  # type: ignore[misc]
        banner = "lab"
        permit_foreign_addresses = False
        use_sendfile = False

        def on_connect(self) -> None:
            self.began = time.time()

        def on_file_sent(self, file: str) -> None:
            self.note("RETR", file)

        def on_file_received(self, file: str) -> None:
            self.note("STOR", file)

        def note(self, action: str, file: str) -> None:
            record.add(
                "ftp",
                (self.remote_ip, self.remote_port),
                action,
                self.began,
                path=os.path.relpath(file, folder),
                bytes=os.path.getsize(file),
            )

    Handler.authorizer = authorizer
    return Handler


def serve(sockets: list[socket.socket], record: Record) -> None:
    folder = os.path.join(os.environ.get("NFLAB_RUN_DIR", "/run/nflab"), "ftp")
    prepare(folder)
    config_logging(level=40)
    loop: Any = IOLoop()
    made = handler(folder, record)
    servers = [FTPServer(listening, made, ioloop=loop) for listening in sockets]
    servers[0].serve_forever()
