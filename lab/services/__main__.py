"""python -m lab.services: see lab/services/__init__.py."""

from __future__ import annotations

import importlib
import socket
import sys

from lab.services import SERVICES, each_in_a_thread
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
    each_in_a_thread(lambda name: importlib.import_module(SERVICES[name].module).serve(sockets[name], record), sockets)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
