"""The owner's side of a lab: starts the holder process and asks it for things.

    holder = Holder.start()
    holder.build(plan)
    fd = holder.socket("client", kind="packet", device="lan", buffer=1 << 25)

Requests may come from any thread; they are answered one at a time. When the holder is gone, every request raises
LabError.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import resource
import select
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

from lab import channel
from lab.errors import LabError
from lab.paths import python_variables, variables
from lab.plan import Plan
from lab.programs import module

CLOSE_SECONDS: Final = 20.0
# Files of a holder's own are numbered from 100 on (lab/holder.py), and building a small lab takes some tens at a time.
LEAST_FILES: Final = 256
FEW_FILES: Final = 64
FILES_A_NODE: Final = 5  # while it is built: its namespace, a netlink socket, and what pyroute2 waits with
MORE_FILES: Final = "  hint: allow more: 'ulimit -n 4096' (as root also above the limit that is there)."
CLOSED: Final = "this lab is closed"
GONE: Final = "the lab is gone: its holder process has ended"


def _demand_files(nodes: int) -> None:
    """Raises LabError if so few files may be open that a lab with so many nodes could not be built."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    needed = max(LEAST_FILES, FEW_FILES + FILES_A_NODE * (nodes + 1))
    if allowed < needed:
        raise LabError(
            f"only {allowed} files may be open at once, a lab of this size needs {needed}\n{MORE_FILES}\n"
            "  nothing was created."
        )


class _Nursery:
    """One nursery process for all labs of this process. A forked child of this process gets its own."""

    def __init__(self) -> None:
        self.pid_of_owner = 0
        self.control: socket.socket | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()

    def holder(self) -> socket.socket:
        """Start a holder; returns the owner's end of its channel."""
        mine, theirs = channel.pair()
        with self.lock, theirs:
            try:
                channel.send(self.start(), {"do": "lab"}, (theirs.fileno(),))
            except channel.Closed:
                self.forget()
                channel.send(self.start(), {"do": "lab"}, (theirs.fileno(),))
        return mine

    def start(self) -> socket.socket:
        if self.control is not None and self.pid_of_owner == os.getpid():
            return self.control
        _demand_files(0)
        self.control, theirs = channel.pair()
        owner = os.pidfd_open(os.getpid())
        try:
            self.process = subprocess.Popen(
                module("lab.holder", str(theirs.fileno()), str(owner)),
                pass_fds=(theirs.fileno(), owner),
                env=python_variables(variables()),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True, cwd="/",
            )  # fmt: skip
        finally:
            os.close(owner)
            theirs.close()
        self.pid_of_owner = os.getpid()
        return self.control

    def forget(self) -> None:
        """Close the channel: the nursery ends, labs that are up go on."""
        if self.control is not None:
            self.control.close()
        if self.process is not None and self.pid_of_owner == os.getpid():
            self.process.wait()
        self.control = self.process = None


_nursery: Final = _Nursery()
atexit.register(_nursery.forget)


def warm_up() -> None:
    """Start the process that starts labs, so that it is ready when the first lab is wanted."""
    with _nursery.lock:
        _nursery.start()


class Holder:
    """A running holder process, seen from its owner."""

    def __init__(self, end: socket.socket, pid: int, pidfd: int) -> None:
        self._end = end
        self.pid = pid
        self.pidfd = pidfd
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def start(cls) -> Holder:
        """Start a holder: its namespaces exist, but nothing is built in them yet. Raises LabError."""
        end = _nursery.holder()
        try:
            answer, files = channel.receive(end)
        except channel.Closed:
            end.close()
            raise LabError("the process that holds labs ended at once; 'nflab doctor' says what is missing") from None
        if not answer["ok"]:
            end.close()
            raise LabError(
                f"no namespaces could be made: {answer['error']}\n"
                "  hint: be root, or allow unprivileged user namespaces; 'nflab doctor' says more.\n"
                "  nothing was created."
            )
        return cls(end, answer["pid"], files[0])

    @classmethod
    def attach(cls, folder: Path, pid: int) -> Holder:
        """Speak to a kept lab that is written down in a folder (lab/state.py). Raises LabError."""
        end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        try:
            pidfd = os.pidfd_open(pid)
            end.connect(channel.door_of(place))
        except OSError as error:
            end.close()
            raise LabError(f"the lab in {folder} does not answer: {error.strerror}") from None
        finally:
            os.close(place)
        return cls(end, pid, pidfd)

    def build(self, plan: Plan) -> dict[str, Any]:
        """Build a plan. Returns `missing` (sysctls), `fds` (node -> file number of its namespace in the holder) and
        `indexes` (node -> device -> interface number)."""
        _demand_files(len(plan.nodes))
        text = channel.in_memory(json.dumps(plan.as_json()), "plan")
        try:
            return self.ask({"do": "build"}, (text,))[0]
        finally:
            os.close(text)

    def ask(self, message: channel.Message, files: tuple[int, ...] = ()) -> tuple[channel.Message, list[int]]:
        """One request and its answer. Raises LabError, or the OSError that the request met in the holder."""
        with self._lock:
            if self._closed:
                raise LabError(CLOSED)
            try:
                channel.send(self._end, message, files)
                answer, received = channel.receive(self._end)
            except channel.Closed:
                raise LabError(GONE) from None
        if answer["ok"]:
            return answer, received
        if answer.get("kind") == "build":
            raise LabError(f"the lab could not be built: {answer['error']}\n  nothing is left of it.")
        number = answer.get("errno", 0)
        if number in (errno.EMFILE, errno.ENFILE):
            raise LabError(f"a lab of this size needs more open files than are allowed\n{MORE_FILES}")
        raise OSError(number, answer["error"]) if number else LabError(answer["error"])

    def socket(self, node: str, **wanted: Any) -> socket.socket:
        """A socket that was opened in a node; see lab/holder.py, SOCKETS."""
        _answer, files = self.ask({"do": "socket", "node": node, **wanted})
        return socket.socket(fileno=files[0])

    def open(self, node: str, path: str, flags: int = os.O_RDONLY) -> int:
        """A file descriptor opened while standing in a node."""
        return self.ask({"do": "open", "node": node, "path": path, "flags": flags})[1][0]

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Write a file of the lab, below /run."""
        fd = channel.in_memory(text)
        try:
            self.ask({"do": "write", "path": path, "mode": mode}, (fd,))
        finally:
            os.close(fd)

    def sysctl(self, node: str, name: str, value: str | None = None) -> str:
        """Read a sysctl of a node, or set and read it."""
        return str(self.ask({"do": "sysctl", "node": node, "name": name, "value": value})[0]["value"])

    def kill(self, pid: int, number: int = signal.SIGKILL, group: bool = False) -> None:
        """Send a signal to a process of the lab, named by its number there."""
        self.ask({"do": "kill", "pid": pid, "signal": int(number), "group": group})

    @property
    def alive(self) -> bool:
        return not self._closed and not select.select([self.pidfd], [], [], 0)[0]

    def demand(self) -> None:
        """Raises LabError if the lab is no more."""
        if not self.alive:
            raise LabError(CLOSED if self._closed else GONE)

    def keep(self, lock: int, door: int) -> None:
        """Let the lab outlive this process, hold the lock, and listen at the door (a listening socket)."""
        self.ask({"do": "keep"}, (lock, door))

    def let_go(self) -> None:
        """Close the channel without ending a kept lab."""
        self._close()

    def end(self) -> None:
        """End the lab and wait until every process of it is gone."""
        if self._closed:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        if not select.select([self.pidfd], [], [], CLOSE_SECONDS)[0]:
            raise LabError(f"the lab's processes do not end: process {self.pid} is still there")
        self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._end.close()
            os.close(self.pidfd)
