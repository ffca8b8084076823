"""Where this project stands, and how a Python that is started finds it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PACKAGE_ROOT: Final = Path(__file__).resolve().parent.parent
COMPILED: Final = PACKAGE_ROOT / "build" / "compiled"  # where `make compiled` leaves the engine


def python_path(environment: dict[str, str]) -> str:
    """PYTHONPATH for programs of this project. NFLAB_ENGINE=compiled puts the compiled engine before the source."""
    compiled = [str(COMPILED)] if environment.get("NFLAB_ENGINE") == "compiled" else []
    return os.pathsep.join([*compiled, str(PACKAGE_ROOT), *filter(None, [environment.get("PYTHONPATH")])])
