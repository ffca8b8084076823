"""How every command ends that nobody lets come to its end: in one line, or without a word.

Ctrl-C                           "nflab fuzz: interrupted", exit status 130
`| head`, which reads no more    nothing, exit status 1
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

INTERRUPTED: Final = 128 + signal.SIGINT
NOT_READ: Final = 1


@contextmanager
def told(name: str) -> Iterator[None]:
    """Around a whole command. Raises SystemExit, and whatever else goes wrong in the command as it is."""
    try:
        if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:  # as nflab and program.py begin
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        # What it had started it has ended on its way out, or the kernel does so when this process ends.
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        if not forget_output():
            raise
        sys.exit(NOT_READ)


def forget_output() -> bool:
    """Whether nobody reads what is printed. Then /dev/null takes its place, so that Python does not try once more at
    its end."""
    poll = select.poll()
    poll.register(1, 0)
    poll.register(2, 0)
    gone = [number for number, event in poll.poll(0) if event & (select.POLLERR | select.POLLHUP)]
    for number in gone:
        to_nobody(number)
    return bool(gone)


def to_nobody(number: int) -> None:
    """What is written to this open file from now on is lost."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)
