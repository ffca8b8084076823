"""Every wait of the suite: for what, and for how long at most. Nothing waits without a name and a limit."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Final

PROGRAM: Final = 20.0  # a program that a scenario runs has ended
TRANSFER: Final = 60.0  # a download goes on; after an outage TCP waits as long again before it tries
ANSWER: Final = 3.0  # a real program (server, socket) has answered
EXPIRY: Final = 4.0  # a connection with a short timeout has expired on a kernel
REAL_TIME: Final = 3.2  # the longest that a scenario may let real time pass, on engines whose clock is not ours
STEP: Final = 0.01


class TooLong(Exception):
    """A wait reached its limit. `what` was waited for."""

    def __init__(self, what: str, limit: float) -> None:
        super().__init__(f"{what}: not within {limit:g} s")
        self.what = what
        self.limit = limit


def until(condition: Callable[[], bool], what: str, limit: float, step: float = STEP) -> float:
    """Look again and again until a condition holds. Returns the seconds it took; raises TooLong."""
    start = time.monotonic()
    while not condition():
        passed = time.monotonic() - start
        if passed >= limit:
            raise TooLong(what, limit)
        select.select([], [], [], min(step, limit - passed))
    return time.monotonic() - start


def until_clock(moment: float) -> None:
    """Until the machine's clock (time.monotonic) shows a moment: for kernels, whose timers run by it."""
    until(lambda: time.monotonic() >= moment, "the clock of the machine", max(moment - time.monotonic(), 0.0) + 1.0,
          step=max(moment - time.monotonic(), STEP))  # fmt: skip


def readable(file: socket.socket, limit: float) -> bool:
    """Until something can be read from a socket, at most so long."""
    return bool(select.select([file], [], [], limit)[0])
