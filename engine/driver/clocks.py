"""The two clocks of an engine process.

monotonic: the machine's own; time passes. virtual: it stands still until somebody advances it, so that a timeout of
five days is a matter of one request. Times are seconds since the process started; the virtual wall clock starts at the
real one.
"""

from __future__ import annotations

import ctypes
import math
import os
import time
from typing import Final

# gettimeofday(2) by machine: what the C library makes of it keeps the time zone to itself.
GETTIMEOFDAY: Final[dict[str, int]] = {"x86_64": 96, "aarch64": 169, "riscv64": 169, "i686": 78, "armv7l": 78}
# Virtual time goes in steps of a millionth of a second that a float holds exactly: what was 120 s away is 120 s away,
# not 119.99999999999997, whatever the time is.
GRID: Final = 1 << 20


def kernel_timezone_offset() -> int:
    """Seconds east of UTC of the zone that settimeofday(2) told the kernel; 0 where it cannot be asked."""
    number = GETTIMEOFDAY.get(os.uname().machine)
    if number is None:
        return 0
    zone = (ctypes.c_int * 2)()  # minutes west, kind of daylight saving time
    if ctypes.CDLL(None).syscall(ctypes.c_long(number), None, zone):
        return 0
    return -60 * int(zone[0])


class Clock:
    """`name` is "monotonic" or "virtual"."""

    def __init__(self, name: str = "monotonic") -> None:
        if name not in ("monotonic", "virtual"):
            raise ValueError(f"clock {name!r}: there are monotonic and virtual")
        self.name = name
        self.virtual = name == "virtual"
        self.passed = 0.0  # virtual time
        self.started = time.monotonic()
        self.wall_started = time.time()

    def now(self) -> float:
        return self.passed if self.virtual else time.monotonic() - self.started

    def wall(self) -> float:
        """Seconds since the epoch, UTC."""
        return self.wall_started + self.passed if self.virtual else time.time()

    def advance(self, seconds: float) -> float:
        """Let virtual time pass; returns the new time. Raises ValueError for the machine's clock and for the past."""
        if not self.virtual:
            raise ValueError("the monotonic clock goes by itself: start the engine with --clock virtual")
        if not 0 <= seconds < 1e12:
            raise ValueError(f"cannot advance by {seconds!r} seconds")
        self.passed = math.ceil((self.passed + seconds) * GRID) / GRID
        return self.passed
