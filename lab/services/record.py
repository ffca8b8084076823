"""What a server has done, as JSON lines: service, peer, action, bytes and a SHA-256 of what was carried."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any


class Record:
    """Appends to a file, from any thread. Without a path, lines go to standard output."""

    def __init__(self, path: str = "") -> None:
        self._lock = threading.Lock()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600) if path else 1

    def add(self, service: str, peer: tuple[Any, ...], action: str, began: float, **details: Any) -> None:
        """One transfer. `peer` is the address and port that the server saw, `began` when the server accepted it."""
        address = str(peer[0]).removeprefix("::ffff:")
        line = {"began": began, "time": time.time(), "service": service, "peer": address, "port": peer[1]}
        line |= {"action": action, **details}
        with self._lock:
            os.write(self._fd, json.dumps(line).encode() + b"\n")
