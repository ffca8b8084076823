"""A namespace to try things in: what this machine can do is found out by doing it, never assumed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any, Final

from lab import process
from lab.errors import LabError
from lab.owner import Holder
from lab.paths import variables
from lab.plan import FABRIC, QUIET, Plan
from lab.programs import search_path

NODE: Final = "scratch"
Run = Callable[..., subprocess.CompletedProcess[str]]

_results: Final[dict[str, str]] = {}


def in_scratch(what: str, trial: Callable[[Run], str]) -> str:
    """Run `trial` in a namespace of its own; it gets a function like subprocess.run. The answer is kept by name."""
    if what not in _results:
        _results[what] = _try(trial)
    return _results[what]


def _try(trial: Callable[[Run], str]) -> str:
    try:
        holder = Holder.start()
    except LabError as error:
        return str(error)
    try:
        holder.build(Plan("scratch", [NODE], {NODE: list(QUIET), FABRIC: []}, {NODE: []}))

        def run(argv: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
            environment = {**variables(), "PATH": search_path(), "XTABLES_LOCKFILE": "/run/nflab/scratch.lock"}
            return process.run(holder, NODE, argv, environment, **options)

        return trial(run)
    except (LabError, OSError, subprocess.SubprocessError) as error:
        return str(error)
    finally:
        holder.end()
