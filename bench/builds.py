"""The engines that a benchmark can measure, the source and its compiled build, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from lab.compiled import COMPILED, built_from, is_current  # noqa: E402

NAMES = {False: "interpreted", True: "compiled"}


def builds() -> list[bool]:
    """Whether compiled, of each engine that there is."""
    return [False, True] if built_from() else [False]


def remark() -> str:
    """What the reader has to know of the compiled one; "" if it is that of the source."""
    if not built_from():
        return "compiled: there is no build (make compiled)\n"
    return "" if is_current() else "compiled: from older source (make compiled)\n"


def run(compiled: bool, program: str, *words: str, shown: bool = False) -> str:
    """What a program of this folder writes that runs with this engine; `shown`: to the terminal instead.

    Raises SystemExit if a process does not have the engine that it was asked to have.
    """
    folders = [str(COMPILED), str(ROOT)] if compiled else [str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    python = [sys.executable, "-P"]
    asked = [*python, "-c", "import engine.core.walk as walk; print(walk.__file__)"]
    found = subprocess.run(asked, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    if found.endswith(".py") == compiled:
        raise SystemExit(f"{found} would be measured, not the engine that is {NAMES[compiled]}")
    done = subprocess.run(
        [*python, program, *words], env=environment, check=True, text=True, stdout=None if shown else subprocess.PIPE
    )
    return done.stdout or ""
