"""Where this project stands, and how a Python that is started finds it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from lab import compiled
from lab.errors import LabError

PACKAGE_ROOT: Final = Path(__file__).resolve().parent.parent
CHOICE: Final = "NFLAB_ENGINE"  # another engine than the source: "compiled", or a folder that holds a package `engine`


def variables() -> dict[str, str]:
    """The environment of this process, also while other threads change it: pytest does before every test."""
    return {name: value for name in list(os.environ) if (value := os.environ.get(name)) is not None}


def python_path(environment: dict[str, str]) -> str:
    """PYTHONPATH for programs of this project; the engine that NFLAB_ENGINE chooses comes before the source. Raises
    LabError if it is not there: nobody shall take the source's results for those of the engine that was chosen."""
    choice = environment.get(CHOICE, "")
    chosen = str(compiled.COMPILED) if choice == "compiled" else choice
    if chosen and not (Path(chosen) / "engine" / "__init__.py").is_file():
        hint = "`make compiled` builds it" if choice == "compiled" else "name a folder that holds a package `engine`"
        raise LabError(
            f"{CHOICE}={choice}: there is no engine in {chosen}\n  hint: {hint}; without {CHOICE} the source runs"
        )
    return os.pathsep.join([*filter(None, [chosen]), str(PACKAGE_ROOT), *filter(None, [environment.get("PYTHONPATH")])])


def python_variables(environment: dict[str, str]) -> dict[str, str]:
    """An environment for programs of this project. Raises LabError as `python_path` does."""
    return {**environment, "PYTHONPATH": python_path(environment)}
