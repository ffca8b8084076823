"""Scenarios that wait for a kernel's clock, begun ahead of their turn.

A kernel's timer of a second takes a second, whatever the machine could do meanwhile. So when the first scenario of a
file has its turn on an engine, those of the file that let real time pass begin too, beside it, each in a lab that
nobody else uses. When their turn comes they have ended, or are waited for. How they are judged does not change: each
has a Runner and a lab of its own, and no scenario knows of another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import CodeType
from typing import Any, Final

from conformance.case import Case, Instance
from conformance.running import Runner
from lab import engines
from reports.records import Result

AT_ONCE: Final = 4  # they wake up together and then share one processor: more of them would disturb one another's times
WAITING: Final = frozenset(("time_passes", "forgets"))  # the words that let real time pass on a kernel

Key = tuple[str, str]  # the file and the engine


class Ahead:
    """`runner`: makes a Runner with labs of its own. `close()` before the labs of this process are closed."""

    def __init__(self, runner: Callable[[], Runner]) -> None:
        self._make = runner
        self._pool: ThreadPoolExecutor | None = None
        self._mine = threading.local()
        self._runners: list[Runner] = []
        self._begun: set[Key] = set()
        self._results: dict[tuple[str, str], Future[Result]] = {}

    def begin(self, key: Key, instances: Callable[[], Iterable[Instance]]) -> None:
        """The first scenario of a file has its turn: begin those that wait."""
        if key in self._begun:
            return
        self._begun.add(key)
        for instance in instances():
            if waits(instance, key[1]):
                self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, "ahead")
                self._results[instance.id, key[1]] = self._pool.submit(self._run, instance, key[1])

    def result(self, instance: Instance, engine: str) -> Result | None:
        """What a scenario came to that was begun ahead; None if it was not."""
        found = self._results.pop((instance.id, engine), None)
        return None if found is None else found.result()

    def _run(self, instance: Instance, engine: str) -> Result:
        runner: Runner | None = getattr(self._mine, "runner", None)
        if runner is None:
            runner = self._mine.runner = self._make()
            self._runners.append(runner)
        return runner.run(instance, engine)

    @property
    def runners(self) -> list[Runner]:
        return list(self._runners)

    def close(self) -> None:
        """Whatever still runs loses its lab, and so ends soon; nobody asks for its result any more."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        for runner in self._runners:
            runner.stages.close()


def waits(instance: Instance, engine: str) -> bool:
    """Whether a scenario lets real time pass on an engine, as far as its own words show it."""
    ours = "virtual-clock" not in engines.find(engine).refuses and instance.case.clock == "virtual"
    return not ours and "virtual-clock" not in instance.needs and not WAITING.isdisjoint(_words(instance.case))


def _words(made: Case) -> set[str]:
    """The names that a scenario uses, and those of the functions of its own file that it calls."""
    function: Any = made.function
    names = _names(function.__code__)
    for name in list(names):
        other = function.__globals__.get(name)
        if getattr(other, "__module__", "") == function.__module__ and hasattr(other, "__code__"):
            names |= _names(other.__code__)
    return names


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


__all__ = ["Ahead", "waits"]
