"""One faulty engine through the scenarios: which of them notices?"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from conformance.case import ROOT, Instance, load_all
from conformance.mutation.operators import Mutant
from conformance.running import Runner
from conformance.stages import Stages
from lab.paths import CHOICE
from reports.records import PASS

ENGINE: Final = "userspace"
PROJECT: Final = ROOT.parent
FOLDER: Final = "nflab-mutation-"


@dataclass
class Verdict:
    """What became of a fault. `scenario`: the first that noticed it, "" if none did. `outcome`: its FAIL or BROKEN."""

    mutant: Mutant
    scenario: str = ""
    outcome: str = ""
    reason: str = ""
    played: int = 0
    seconds: float = 0.0

    @property
    def noticed(self) -> bool:
        return bool(self.outcome)


class Trials:
    """A copy of the engine's source, and the scenarios that pass on it as it is. A context manager.

    Of the scenarios, those that noticed most come first: most faults are found within a second.
    """

    def __init__(self, only: tuple[str, ...] = ()) -> None:
        self.only = only
        self.score: dict[str, int] = {}
        self.instances: list[Instance] = []

    def __enter__(self) -> Trials:
        sweep()
        self.folder, self.lock = claimed_folder()
        unneeded = shutil.ignore_patterns("__pycache__", "*.t")
        try:
            shutil.copytree(PROJECT / "engine", self.folder / "engine", ignore=unneeded)
        except BaseException:
            self._leave()
            raise
        self.before = os.environ.get(CHOICE)
        os.environ[CHOICE] = str(self.folder)
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # a file is changed twice a second: its time stamp tells nothing
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.before is None:
            os.environ.pop(CHOICE, None)
        else:
            os.environ[CHOICE] = self.before
        self._leave()

    def _leave(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)

    def baseline(self) -> list[str]:
        """Run everything on the engine as it is; scenarios that do not pass there can notice nothing. Returns those."""
        every = [instance for made in load_all() for instance in made.instances() if self._is_wanted(instance)]
        passed: list[Instance] = []
        others: list[Instance] = []
        stages = Stages()
        try:
            runner = Runner(stages, seed=1)
            for instance in every:
                (passed if runner.run(instance, ENGINE).outcome == PASS else others).append(instance)
        finally:
            stages.close()
        self.instances = passed
        return [instance.id for instance in others]

    def _is_wanted(self, instance: Instance) -> bool:
        return not self.only or any(instance.id.startswith(prefix) for prefix in self.only)

    def run(self, mutant: Mutant) -> Verdict:
        """Plant a fault, play scenarios until one does not pass, take the fault out again."""
        path = self.folder / mutant.file
        source = path.read_text()
        verdict = Verdict(mutant)
        start = time.monotonic()
        stages = Stages()
        path.write_text(mutant.applied(source))
        try:
            runner = Runner(stages, seed=1)
            for instance in sorted(self.instances, key=lambda each: -self.score.get(each.id, 0)):
                verdict.played += 1
                result: Any = runner.run(instance, ENGINE)
                if result.outcome != PASS:
                    self.score[instance.id] = self.score.get(instance.id, 0) + 1
                    verdict.scenario, verdict.outcome, verdict.reason = instance.id, result.outcome, result.reason
                    break
        finally:
            path.write_text(source)
            stages.close()
        verdict.seconds = time.monotonic() - start
        return verdict


def sweep() -> None:
    """Remove the folders of trials that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def claimed_folder() -> tuple[Path, int]:
    """A new folder, and its lock: an open file. Whoever finds it unlocked knows that its owner is dead; process numbers
    repeat."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=FOLDER))
        lock = _lock(folder)
        if lock is not None and folder.exists():  # nobody has swept it away in between
            return folder, lock
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """None if somebody holds it, or if it is no folder of this user's."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
    except OSError:
        pass
    os.close(lock)
    return None
