"""Scenarios as pytest items. The top-level conftest.py uses this; the options are described there.

pytest's words: FAIL is "failed", BROKEN is "error", UNSUPPORTED is "skipped" with the engine's reason, and a FAIL that
is tolerated is "xfailed".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from conformance import case
from conformance.ahead import Ahead
from conformance.case import Instance
from conformance.running import Runner, blank
from reports.records import FAIL, UNSUPPORTED, Result

ENGINE_OF: Final = re.compile(r"\[([a-z0-9-]+)\]$")


class ScenarioFile(pytest.File):
    """A file of scenarios: everything in it that looks like a test has to be one."""

    def collect(self) -> Iterator[pytest.Item]:
        import importlib.util
        import sys

        if self.path.is_relative_to(case.ROOT):
            found = case.load_file(self.path)
            module = sys.modules[found[0].function.__module__] if found else None
        else:
            spec = importlib.util.spec_from_file_location(f"scenarios_{self.path.stem}", self.path)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            found = case.cases_in(module)
        for name, value in vars(module).items() if module is not None else ():
            if name.startswith("test_") and callable(value) and not hasattr(value, "case"):
                raise self.CollectError(f"{self.path}: {name} is not a @case: every test here is a scenario")
        for each in found:
            for instance in each.instances():
                for engine in self.config.stash[ENGINES]:
                    yield ScenarioItem.from_parent(
                        self, name=f"{instance.id}[{engine}]", instance=instance, engine=engine
                    )


class ScenarioItem(pytest.Item):
    """One scenario on one engine."""

    def __init__(self, *, instance: Instance, engine: str, **others: Any) -> None:
        super().__init__(**others)
        self.instance = instance
        self.engine = engine
        self.result: Result = blank(instance, engine)

    def runtest(self) -> None:
        runner: Runner = self.config.stash[RUNNER]
        self.result = self._begun_ahead() or runner.run(self.instance, self.engine)
        self.config.stash[SINK](self.result, self.instance)
        if self.result.red:
            raise NotPassed(self.result)
        if self.result.outcome == UNSUPPORTED:
            pytest.skip(self.result.reason)
        if self.result.outcome == FAIL:
            pytest.xfail(self.result.tolerated)

    def _begun_ahead(self) -> Result | None:
        """Its result, if it waits for a kernel's clock and so was begun before its turn."""
        ahead = self.config.stash.get(AHEAD, None)
        if ahead is None:
            return None
        ahead.begin((str(self.path), self.engine), lambda: [
            item.instance for item in self.session.items
            if isinstance(item, ScenarioItem) and item.path == self.path and item.engine == self.engine
        ])  # fmt: skip
        return ahead.result(self.instance, self.engine)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotPassed):
            return headline(self.result) + "\n" + _indented(self.result.surprise or self.result.reason)
        if isinstance(excinfo.value, pytest.xfail.Exception):  # the source of pytest itself says nothing of a scenario
            return headline(self.result) + "\n" + _indented(self.result.reason)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.instance.case.line - 1, self.name


class NotPassed(Exception):
    """Carries a result to pytest."""

    def __init__(self, result: Result) -> None:
        super().__init__(
            f"{result.outcome} {result.id} {result.engine}: {result.reason.splitlines()[0] if result.reason else ''}"
        )
        self.result = result


ENGINES: Final = pytest.StashKey[list[str]]()
AHEAD: Final = pytest.StashKey[Ahead]()
RUNNER: Final = pytest.StashKey[Runner]()
SINK: Final = pytest.StashKey[Callable[[Result, Instance], None]]()


def headline(result: Result) -> str:
    return f"{result.outcome} {result.id}        engine {result.engine}, topology {result.topology}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


class ByEngine:
    """What pytest-xdist's scheduler needs to know: which scenarios go together, and which package a worker takes
    next."""

    @staticmethod
    def package(nodeid: str) -> str:
        """A file on one engine: one lab, as a rule."""
        found = ENGINE_OF.search(nodeid)
        file = nodeid.partition("::")[0]
        return f"{found[1]} {file}" if found else file

    @staticmethod
    def next_package(waiting: Iterable[str], last: str, taken: set[str]) -> str:
        """Rather the engine that the worker had last (its labs are open), else one that no other worker has."""
        names = list(waiting)
        engine = last.partition(" ")[0]
        same = [name for name in names if name.partition(" ")[0] == engine]
        if same:
            return same[0]
        untouched = [name for name in names if name.partition(" ")[0] not in taken]
        return (untouched or names)[0]
