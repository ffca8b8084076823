"""Programs that run in a node, seen from the lab's owner. They look like those of subprocess."""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
from collections.abc import Mapping, Sequence

from lab.channel import in_memory, read_all
from lab.owner import Holder
from lab.programs import here


class Process:
    """A running program. `pid` is its number inside the lab. `wait` gives the exit status (negative: a signal)."""

    def __init__(self, holder: Holder, argv: Sequence[str], pid: int, status: int) -> None:
        self.args = list(argv)
        self.pid = pid
        self.returncode: int | None = None
        self._holder = holder
        self._status = status

    def fileno(self) -> int:
        """For select and poll: readable when the program has ended."""
        return self._status

    def poll(self) -> int | None:
        """The exit status, or None while the program runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self._take_status()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired; the program goes on running then."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self._take_status()
        assert self.returncode is not None
        return self.returncode

    def _take_status(self) -> None:
        data = os.read(self._status, 4)
        os.close(self._status)
        # Nothing was written: the whole lab has been killed, and the program with it.
        self.returncode = struct.unpack("i", data)[0] if len(data) == 4 else -signal.SIGKILL

    def forget(self) -> None:
        """Close what is open here for the program, whatever becomes of it."""
        if self.poll() is None:
            os.close(self._status)
            self.returncode = -signal.SIGKILL

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            self._holder.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the program and everything that it has started."""
        if self.poll() is None:
            self._holder.kill(self.pid, signal.SIGKILL, group=True)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()
        self.wait()


def attach(holder: Holder, argv: Sequence[str], pid: int) -> Process:
    """A program that runs already."""
    theirs_read, theirs_write = os.pipe()
    try:
        holder.ask({"do": "watch", "pid": pid}, (theirs_write,))
    finally:
        os.close(theirs_write)
    return Process(holder, argv, pid, theirs_read)


def start(
    holder: Holder,
    node: str,
    argv: Sequence[str],
    environment: Mapping[str, str],
    files: Mapping[int, int],
    cwd: str | None = None,
    engine: bool = False,
) -> Process:
    """Start a program in a node. `files`: number there -> open file here. Without `cwd` it stands where this process
    does, if the lab has that folder. `engine`: it is the node's engine. Raises FileNotFoundError and its like."""
    theirs_read, theirs_write = os.pipe()
    try:
        answer, _files = holder.ask(
            {"do": "spawn", "node": node, "argv": list(argv), "env": dict(environment), "cwd": cwd, "here": here(),
             "fds": list(files), "engine": engine},
            (*files.values(), theirs_write),
        )  # fmt: skip
    except BaseException:
        os.close(theirs_read)
        raise
    finally:
        os.close(theirs_write)
    return Process(holder, argv, answer["pid"], theirs_read)


def run(
    holder: Holder,
    node: str,
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    input: str | bytes | None = None,
    timeout: float | None = None,
    check: bool = False,
    cwd: str | None = None,
    errors: str = "replace",
) -> subprocess.CompletedProcess[str]:
    """subprocess.run in a node, with both outputs captured as text. `errors` says what becomes of bytes that are no
    UTF-8, as in subprocess.

    Input and outputs are files in memory rather than pipes: nothing has to be pumped, and a program that leaves
    something running in the background does not keep the caller waiting.
    """
    given = in_memory(input or b"", "stdin")
    output = os.memfd_create("stdout", os.MFD_CLOEXEC)
    complaints = os.memfd_create("stderr", os.MFD_CLOEXEC)
    try:
        process = start(holder, node, argv, environment, {0: given, 1: output, 2: complaints}, cwd)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            said = [read_all(fd, errors) for fd in (output, complaints)]
            raise subprocess.TimeoutExpired(list(argv), timeout or 0.0, *said) from None
        except BaseException:
            process.kill()
            raise
        finished = subprocess.CompletedProcess(list(argv), code, read_all(output, errors), read_all(complaints, errors))
    finally:
        for fd in (given, output, complaints):
            os.close(fd)
    if check:
        finished.check_returncode()
    return finished
