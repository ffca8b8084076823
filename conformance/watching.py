"""A program of a node that goes on while packets are sent, and whose lines are looked at: conntrack -E.

That it listens, and that nothing more will come, is shown by a mark: a connection of 192.0.2.1 is put into the table
and taken out again, and the program has to say so. Its destination is another one each time, so that what is left to be
said of one mark is not taken for the next. Who listens for something else brings a mark of his own.
"""

from __future__ import annotations

import os
import select
import shlex
from collections.abc import Callable
from typing import Any, Final

from conformance import comparing, waits
from conformance.failing import Broken, Failed

MARK: Final = "192.0.2.1"
DESTINATIONS: Final = tuple(f"192.0.2.{number}" for number in range(100, 200))


class Watch:
    """Starts the program and returns when it listens. `node`: a node of the lab. Ends with the scenario. `mark`: makes
    something happen of which the program has to tell; `marked`: what all lines about it contain."""

    def __init__(
        self, scene: Any, node: Any, command: str, mark: Callable[[], object] | None = None, marked: str = MARK
    ) -> None:
        self.mark = mark or self._put_mark
        self.marked = self.awaited = marked
        self.marks = 0
        self.scene = scene
        self.node = node
        self.command = command
        self.text = ""
        self.given = 0
        read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.file = read
        os.set_blocking(write, True)
        scene.undo.append(self.close)
        self.process = node.start(shlex.split(command), stdout=write, stderr=write)
        os.close(write)
        try:
            waits.until(self._listens, f"{command} listens", waits.PROGRAM, step=0.0)
        except waits.TooLong:
            raise Broken(f"{command} does not listen; it says: {self.text}") from None
        self.skip()

    def _listens(self) -> bool:
        if self.process.poll() is not None:
            self._read(0.0)
            raise Broken(f"{self.command} has ended by itself: {self.text}")
        self.mark()
        self._read(0.02)
        return self.marked in self.text

    def _put_mark(self) -> None:
        self.awaited = DESTINATIONS[self.marks % len(DESTINATIONS)]
        self.marks += 1
        self.node.adapter.touch_connection(MARK, self.awaited, 7)

    def _read(self, seconds: float) -> bool:
        """Take what it has written; wait so long for the first of it."""
        if not select.select([self.file], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.file, 1 << 16)
        except BlockingIOError:
            return False
        self.text += data.decode()
        return bool(data)

    def lines(self) -> list[str]:
        """What it has said since the last call, up to this moment, without the marks."""
        self.scene.collect()
        before = len(self.text)
        self.mark()

        def told() -> bool:
            return self._read(0.02) and self.awaited in self.text[before:]

        try:
            waits.until(told, "the mark", waits.ANSWER, step=0.0)
        except waits.TooLong:
            raise Broken(f"{self.command} does not say any more what happens: {self.text}") from None
        whole = self.text.splitlines()
        if not self.text.endswith("\n"):
            whole.pop()
        new, self.given = whole[self.given :], len(whole)
        return [line for line in new if self.marked not in line]

    def skip(self) -> None:
        """Forget what it has said so far."""
        self.lines()

    def says(self, *parts: str) -> list[str]:
        """Since the last look it must have said exactly these lines; of each a part is given. Returns the lines. The
        seconds of a part may have run down a little on a kernel."""
        found = self.lines()
        good = len(found) == len(parts) and all(
            comparing.says(self.scene, line, part) for part, line in zip(parts, found, strict=True)
        )
        wanted, seen = "\n".join(parts) or "nothing", "\n".join(found) or "nothing"
        self.scene.step(self.node.name, "should hear", expected=wanted, seen=seen, ok=good)
        if not good:
            raise Failed((f"{self.command} should say", wanted), ("it says", seen))
        return found

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(waits.PROGRAM)
        os.close(self.file)
