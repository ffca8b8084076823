"""Where this project stands, and how a Python that is started finds it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PACKAGE_ROOT: Final = Path(__file__).resolve().parent.parent
COMPILED: Final = PACKAGE_ROOT / "build" / "compiled"  # where `make compiled` leaves the engine
CHOICE: Final = "NFLAB_ENGINE"  # another engine than the source: "compiled", or a folder that holds a package `engine`


def python_path(environment: dict[str, str]) -> str:
    """PYTHONPATH for programs of this project; the engine that NFLAB_ENGINE chooses comes before the source."""
    choice = environment.get(CHOICE, "")
    chosen = [str(COMPILED) if choice == "compiled" else choice] if choice else []
    return os.pathsep.join([*chosen, str(PACKAGE_ROOT), *filter(None, [environment.get("PYTHONPATH")])])
