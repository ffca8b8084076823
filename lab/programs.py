"""Where programs are looked for: the caller's PATH, and the sbin folders that an ordinary user's PATH lacks."""

from __future__ import annotations

import os
import shutil
from typing import Final

SBIN: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")


def search_path(*first: str) -> str:
    """A PATH that begins with `first`."""
    own = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([*first, *own, *(folder for folder in SBIN if folder not in own)])


def find(name: str) -> str:
    """The file of a program, "" if it is not installed."""
    return shutil.which(name, path=search_path()) or ""


def here() -> str:
    """The working directory, or / if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return "/"
