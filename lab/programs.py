"""The words that start programs, and where these are looked for: the caller's PATH, and the sbin folders that an
ordinary user's PATH lacks."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

SBIN: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")


def search_path(*first: str) -> str:
    """A PATH that begins with `first`."""
    own = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([*first, *own, *(folder for folder in SBIN if folder not in own)])


def find(name: str) -> str:
    """The file of a program, "" if it is not installed."""
    return shutil.which(name, path=search_path()) or ""


def module(name: str, *arguments: str) -> list[str]:
    """The words that start a module of this project. It is found by PYTHONPATH alone (-P): a working directory may hold
    an `engine` of its own, the source's when another one was chosen."""
    return [sys.executable, "-P", "-m", name, *arguments]


def here() -> str:
    """The working directory, or / if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return "/"
