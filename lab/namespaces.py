"""The system calls behind a lab: unshare, setns, mount and prctl through ctypes.

`os.unshare` and `os.setns` exist from Python 3.12 on; this works from 3.11. Every function raises OSError with the name
of the call. Namespaces belong to a thread: only the single-threaded holder process (lab/holder.py) and commands that
are about to execute something else call these.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18

PR_SET_PDEATHSIG: Final = 1
PR_SET_NAME: Final = 15
PR_SET_CHILD_SUBREAPER: Final = 36

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)


def _checked(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """unshare(2): leave the given namespaces for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int = 0) -> None:
    """setns(2): enter the namespace of an open file."""
    _checked(_libc.setns(fd, flags), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2). An empty kind or data is passed as none."""
    _checked(
        _libc.mount(source.encode(), os.fsencode(target), kind.encode() or None, flags, data.encode() or None),
        f"mount {target}",
    )


def prctl(option: int, value: int) -> None:
    """prctl(2) with one number."""
    _checked(_libc.prctl(option, value, 0, 0, 0), "prctl")


def name_process(name: str) -> None:
    """Set the name that ps shows (15 bytes)."""
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    _libc.prctl(PR_SET_NAME, ctypes.cast(buffer, ctypes.c_void_p).value or 0, 0, 0, 0)


def become_root_of_user_namespace() -> None:
    """A new user namespace in which this process's own user is root (only that one user exists in it)."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
