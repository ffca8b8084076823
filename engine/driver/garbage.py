"""The collector of cyclic garbage, so that it never stops the engine for long.

A full collection looks at every object: at a million connections it takes more than a second, and Python would make one
whenever the table has grown by a quarter. Packets and connections make no cycles; what does (a ruleset that was
replaced, a traceback) is little. So the young are collected as usual, a millisecond at most, and everything is looked
at only while there are few connections.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 1000  # new objects between two collections of the youngest
MIDDLE: Final = 3  # of those until the next generation is collected too
NEVER: Final = 1 << 30
FEW: Final = 5_000  # connections; a full collection takes a few milliseconds then
SEVERAL: Final = 10  # collections of the middle generation since the last full one


def begin() -> None:
    """What there is now stays for ever: leave it out of all collections. None is full by itself from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)


def tidy(connections: int) -> None:
    """A full collection, if it is worth it and short. Call it now and then."""
    if connections <= FEW and gc.get_count()[2] >= SEVERAL:
        gc.collect()
