"""An iptables-restore that is kept and fed, ruleset after ruleset.

iptables-restore commits a table when it reads its COMMIT, so one process with an open standard input can load ruleset
after ruleset: 0.2 ms each for a small one, where a process of its own costs 3 to 6 ms. With --verbose it repeats
comment lines on its output, and so says how far it is. That output is buffered in blocks, so the comment that ends a
load is longer than one.

Only what has a certain end is fed. A ruleset that is refused ends the process, as it should; it is then for the caller
to load it by a process of its own, whose message has the right line number.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
from typing import TYPE_CHECKING, Final

from lab import process
from lab.errors import LabError

if TYPE_CHECKING:
    from lab.node import Node

PADDING: Final = "." * 8192  # at least one block of stdio; iptables-restore takes lines of up to 10,240 bytes
MOST: Final = 1 << 20
LONGEST: Final = 8000
HELLO_SECONDS: Final = 5.0
LOAD_SECONDS: Final = 120.0
# One table as iptables-save writes it, and nothing else of what iptables-restore might take or refuse.
TABLES: Final = re.compile(r"(?:(?:#.*\n|\n)*\*[a-z]+\n(?:[:#\[-].*\n|\n)*COMMIT\n)+(?:#.*\n|\n)*")


class Restorer:
    """`program`: the path of iptables-restore or one of its like. `node`: where its rules are."""

    def __init__(self, node: Node, program: str) -> None:
        self._node = node
        self._program = program
        self._process: process.Process | None = None
        self._input = self._output = -1
        self._serial = 0
        self._usable = True

    def load(self, text: str) -> bool:
        """Load a ruleset. False: it was refused (tables before the faulty one may have been committed), or it is not
        for this way of loading (nothing has been done)."""
        if not self._usable or not is_certain(text):
            return False
        if self._process is None and not self._start():
            return False
        return self._feed(text, LOAD_SECONDS)

    def _start(self) -> bool:
        """Start the program and see that it repeats comments."""
        input_there, self._input = os.pipe2(os.O_CLOEXEC)
        self._output, output_there = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._input, False)
        nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            self._process = process.start(
                self._node.holder, self._node.name, [self._program, "--verbose"], self._node.environment,
                {0: input_there, 1: output_there, 2: nothing},
            )  # fmt: skip
        except OSError:
            self._usable = False
        finally:
            for fd in (input_there, output_there, nothing):
                os.close(fd)
        self._usable = self._usable and self._feed("", HELLO_SECONDS)
        if not self._usable:
            self.close()
        return self._usable

    def _feed(self, text: str, seconds: float) -> bool:
        """Whether the program has read all of the text and goes on. If not, it has ended."""
        self._serial += 1
        end = f"# loaded {self._serial} "
        left = memoryview(f"{text}{end}{PADDING}\n".encode())
        said = b""
        while end.encode() not in said:
            readable, writable, _ = select.select([self._output], [self._input] if left else [], [], seconds)
            if not readable and not writable:
                self.close()
                if text:
                    raise LabError(f"{self._node.name}: {self._program} does not end within {seconds:g} s")
                return False
            if writable:
                with contextlib.suppress(BrokenPipeError, BlockingIOError):
                    left = left[os.write(self._input, left) :]
            if readable:
                part = os.read(self._output, 1 << 16)
                if not part:
                    self.close()
                    return False
                said = said[-len(end) :] + part
        return True

    def close(self) -> None:
        """End the program and wait for it."""
        for fd in (self._input, self._output):
            if fd >= 0:
                os.close(fd)
        self._input = self._output = -1
        ended, self._process = self._process, None
        if ended is not None:
            with contextlib.suppress(LabError):  # with the whole lab, perhaps
                ended.kill()
            ended.wait()


def is_certain(text: str) -> bool:
    """Whether iptables-restore has either loaded all of it, or ended, when it comes to the next line."""
    return (
        len(text) <= MOST and text.isascii() and TABLES.fullmatch(text) is not None
        and max(map(len, text.splitlines())) <= LONGEST
    )  # fmt: skip
