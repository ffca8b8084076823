"""python -m lab.services: see lab/services/__init__.py."""

from __future__ import annotations

import importlib
import socket
import sys
import threading

from lab.services import SERVICES
from lab.services.record import Record


def main(words: list[str]) -> int:
    """Serve every `NAME:PORT/FAMILY=FILE` of the arguments, for ever."""
    path = next((word.partition("=")[2] for word in words if word.startswith("--record=")), "")
    sockets: dict[str, list[socket.socket]] = {}
    for word in words:
        if word.startswith("--"):
            continue
        name, _equals, number = word.partition("=")
        sockets.setdefault(name.partition(":")[0], []).append(socket.socket(fileno=int(number)))
    record = Record(path)
    threads = [threading.Thread(target=_serve, args=(name, opened, record), name=name, daemon=True)
               for name, opened in sockets.items()]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1


def _serve(name: str, opened: list[socket.socket], record: Record) -> None:
    importlib.import_module(SERVICES[name]).serve(opened, record)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
