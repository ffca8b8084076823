"""Labs that outlive the command that made them: where they are written down, and how dead ones are recognised.

    $XDG_RUNTIME_DIR/nflab/NAME/     or /run/user/UID/nflab/NAME/, or /tmp/nflab-UID/NAME/
        lock        held (flock) by the process that builds the lab, then by its holder, as long as either lives
        holder      the socket of the lab's holder; only this user is heard there
        lab.json    what other commands need to know; there from the moment the lab is up

A lab whose lock nobody holds is dead: the kernel has already taken away its namespaces and processes, and the next
command takes away its folder. A name is free as soon as its lock is.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import socket
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from lab import channel, whole
from lab.errors import LabError
from lab.faults import did_you_mean

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
DOWN_SECONDS: Final = 20.0
# All that is ever in the folder of a lab; the lock goes last. A folder with anything else in it is somebody else's, and
# is left alone: XDG_RUNTIME_DIR may be set to anything, and a checkout is called nflab too.
FILES: Final = ("lab.json", "lab.json.new", "holder", "lock")


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """What is needed to run a program in a node: the file number of its namespace in the holder, and variables; of an
    engine its name."""

    namespace: int
    engine: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabRecord:
    """lab.json. `pid` is the holder, `started` its start time in clock ticks since boot: together they never repeat.
    `source` is the text of the topology, as it was when the lab was built."""

    name: str
    topology: str
    path: str
    pid: int
    started: int
    since: float
    clock: str = "monotonic"
    source: str = ""
    nodes: dict[str, NodeRecord] = field(default_factory=dict)

    @property
    def engine(self) -> str:
        return ", ".join(sorted({node.engine for node in self.nodes.values() if node.engine})) or "-"


def runtime_folder() -> Path:
    """The folder of this user's labs, made if need be, readable by nobody else. Raises LabError if it is not ours."""
    uid = os.geteuid()
    candidates = [os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{uid}"]  # a relative one counts as none
    base = next((Path(each) for each in candidates if each and _is_own_folder(each)), None)
    folder = base / "nflab" if base else Path(f"/tmp/nflab-{uid}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise LabError(f"{folder} is not a folder of this user\n  hint: remove it, or set XDG_RUNTIME_DIR")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def _is_own_folder(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return ours and os.path.isabs(path) and os.access(path, os.W_OK)


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 if there is no such process. proc(5), field 22 of stat."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


class Claim:
    """A name that is ours while `fd` is open, here or in a process to which it was handed. As a context manager it is
    left to that process in the end, or freed if something goes wrong."""

    def __init__(self, name: str, folder: Path, fd: int) -> None:
        self.name = name
        self.folder = folder
        self.fd = fd

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None:
            self.close()
        else:
            self.give_up()

    def write(self, record: LabRecord) -> None:
        """Announce the lab."""
        write(self.folder, record)

    def door(self) -> socket.socket:
        """The socket on which the lab will hear later commands."""
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        place = os.open(self.folder, os.O_PATH | os.O_CLOEXEC)
        try:
            with contextlib.suppress(FileNotFoundError):
                (self.folder / "holder").unlink()
            opened.bind(channel.door_of(place))
        finally:
            os.close(place)
        opened.listen(16)
        return opened

    def give_up(self) -> None:
        """Free the name."""
        _remove(self.folder)
        os.close(self.fd)

    def close(self) -> None:
        """Leave the name to the process that has the lock now."""
        os.close(self.fd)


def write(folder: Path, record: LabRecord) -> None:
    """Write lab.json. The file appears whole or not at all."""
    whole.write(folder / "lab.json", json.dumps(asdict(record), indent=1) + "\n", folder / "lab.json.new")


def folder_of(record: LabRecord) -> Path:
    return runtime_folder() / record.name


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Nobody else takes or clears away names meanwhile: who cleans holds the lock of a dead lab for a moment, and that
    is not to be taken for a lab that is up."""
    fd = os.open(runtime_folder(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _lock(folder: Path) -> int | None:
    """The lock of a lab's folder, or None if somebody holds it. Raises FileNotFoundError if the folder is gone."""
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Somebody who cleaned up may have removed the file between open and flock: then the lock is of no use.
        if os.stat(folder / "lock").st_ino == os.fstat(fd).st_ino:
            return fd
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(fd)
    return None


def claim(name: str) -> Claim:
    """Take a name. Raises LabError if it is taken or cannot be a name."""
    if not NAME.fullmatch(name):
        raise LabError(f"'{name}' cannot be the name of a lab: letters, digits, '-', '_' and '.', at most 48")
    folder = runtime_folder() / name
    while True:
        with _alone():
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            if not _is_of_a_lab(folder):
                raise LabError(f"{folder} is not the folder of a lab\n  hint: choose another --name, or remove it")
            try:
                fd = _lock(folder)
            except FileNotFoundError:
                continue  # it was removed this very moment by somebody who gave it up
        if fd is None and (folder / "lock").exists():
            raise LabError(f"a lab called '{name}' is up\n  hint: 'nflab down {name}', or choose another --name.")
        if fd is not None:
            with contextlib.suppress(FileNotFoundError):
                (folder / "lab.json").unlink()
            return Claim(name, folder, fd)


def clean() -> list[str]:
    """Remove what dead labs have left. Returns their names."""
    gone: list[str] = []
    with _alone():
        for folder in _folders():
            try:
                fd = _lock(folder)
            except OSError:
                continue
            if fd is not None:
                _remove(folder)
                os.close(fd)
                gone.append(folder.name)
    return gone


def _folders() -> Iterator[Path]:
    for folder in sorted(runtime_folder().iterdir()):
        if folder.is_dir() and not folder.is_symlink() and _is_of_a_lab(folder):
            yield folder


def _is_of_a_lab(folder: Path) -> bool:
    try:
        return set(os.listdir(folder)) <= set(FILES)
    except OSError:
        return False


def _remove(folder: Path) -> None:
    """Take away the folder of a lab, and nothing that is not a lab's."""
    with contextlib.suppress(OSError):
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def labs() -> list[LabRecord]:
    """The labs that are up. Dead ones are removed first."""
    clean()
    found = (_read(folder) for folder in _folders())
    return [record for record in found if record is not None and start_time(record.pid) == record.started]


def unreadable() -> list[str]:
    """Names of labs that may be up and whose lab.json says nothing that this version understands."""
    return [folder.name for folder in _folders() if (folder / "lab.json").exists() and _read(folder) is None]


def end_unreadable(name: str) -> None:
    """Tell whoever holds such a lab to end it, and free its name."""
    place = os.open(runtime_folder() / name, os.O_PATH | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as holder, contextlib.suppress(channel.Closed):
            holder.settimeout(DOWN_SECONDS)
            holder.connect(channel.door_of(place))
            channel.send(holder, {"do": "end"})
            channel.receive(holder)
    except OSError as error:
        raise LabError(f"the lab in {runtime_folder() / name} does not answer: {error.strerror}") from None
    finally:
        os.close(place)
    clean()


def being_built() -> list[str]:
    """Names that are taken by labs which are not up yet."""
    return [folder.name for folder in _folders() if not (folder / "lab.json").exists()]


def _read(folder: Path) -> LabRecord | None:
    try:
        found: dict[str, Any] = json.loads((folder / "lab.json").read_text(encoding="utf-8"))
        nodes = {name: NodeRecord(**_known(NodeRecord, node)) for name, node in found.pop("nodes").items()}
        return LabRecord(nodes=nodes, **_known(LabRecord, found))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _known(kind: type[Any], found: dict[str, Any]) -> dict[str, Any]:
    """Another version may have written more: its labs can be entered and ended all the same."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in found.items() if name in names}


def find(name: str | None) -> LabRecord:
    """The lab of that name, or the only one there is. Raises LabError."""
    up = labs()
    if name is None and len(up) == 1:
        return up[0]
    if name is None and up:
        raise LabError(f"more than one lab is up: {', '.join(each.name for each in up)}\n  hint: say which one.")
    if name is None:
        raise LabError("no lab is up\n  hint: 'nflab up three-legged' makes one.")
    for each in up:
        if each.name == name:
            return each
    if name in unreadable():
        raise LabError(f"{runtime_folder() / name}/lab.json cannot be read\n  hint: 'nflab down {name}' ends the lab.")
    names = [each.name for each in up]
    hint = did_you_mean(name, names, "Labs are") if names else "no lab is up."
    raise LabError(f"there is no lab called '{name}'\n  hint: {hint}")


def end(record: LabRecord) -> None:
    """Kill a lab's holder, wait until all of it is gone, and free its name."""
    try:
        pidfd = os.pidfd_open(record.pid)
    except ProcessLookupError:
        clean()
        return
    try:
        if start_time(record.pid) == record.started:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            if not select.select([pidfd], [], [], DOWN_SECONDS)[0]:
                raise LabError(f"process {record.pid}, which holds '{record.name}', does not end")
    finally:
        os.close(pidfd)
    clean()
