"""Run a program in a node of a lab that is up, as a child of this very process, so that terminal and signals are its
own.

The program joins the lab's namespaces, also its process namespace: it ends with the lab. As an ordinary user the lab's
user namespace is entered first. Call this only from a process with one thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
from typing import Final

from lab.errors import LabError
from lab.namespaces import PR_SET_PDEATHSIG, prctl, setns
from lab.paths import variables
from lab.programs import here, search_path
from lab.state import LabRecord, start_time

# In this order: the user namespace gives the right to enter the others.
SHARED: Final = ("user", "mnt", "pid", "ipc", "uts")
FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP)
IGNORED: Final = (signal.SIGINT, signal.SIGQUIT)


def environment_of(record: LabRecord, node: str) -> dict[str, str]:
    """The caller's variables with the node's own; the node's commands come first in PATH."""
    own = record.nodes[node].environment
    return {**variables(), **own, "PATH": search_path(f"{own['NFLAB_RUN_DIR']}/bin")}


def run(record: LabRecord, node: str, argv: list[str], extra: dict[str, str] | None = None) -> int:
    """Run a program in a node and wait. Returns its exit status as a shell would give it: 127 if it is not found."""
    environment = {**environment_of(record, node), **(extra or {})}
    where = here()
    files = _open_namespaces(record, node)
    for fd in files:
        setns(fd)
        os.close(fd)
    with contextlib.suppress(OSError):
        os.chdir(where)
    child = os.fork()
    if child == 0:
        _become(argv, environment)
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    for number in FORWARDED:
        signal.signal(number, lambda received, _frame: os.kill(child, received))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _become(argv: list[str], environment: dict[str, str]) -> None:
    """Turn into the program; end with the parent, whatever ends that."""
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        found = shutil.which(argv[0], path=environment["PATH"])
        os.execve(found or argv[0], argv, environment)
    except OSError as error:
        os.write(2, f"nflab: {argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if error.errno == errno.ENOENT else 126)


def _open_namespaces(record: LabRecord, node: str) -> list[int]:
    """The namespaces to enter, in order. Opened all before the first is entered, for then /proc is another."""
    folder = f"/proc/{record.pid}"
    files: list[int] = []
    try:
        for kind in SHARED:
            path = f"{folder}/ns/{kind}"
            if kind == "user" and os.stat(path).st_ino == os.stat("/proc/self/ns/user").st_ino:
                continue
            files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        files.insert(-1, os.open(f"{folder}/fd/{record.nodes[node].namespace}", os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        raise LabError(f"'{record.name}' cannot be entered: {error.strerror}") from None
    if start_time(record.pid) != record.started:
        raise LabError(f"'{record.name}' is gone")
    return files
