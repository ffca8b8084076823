"""Trials side by side. A fault may hang the engine or the suite: who takes too long is ended, and that is noticed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from conformance.mutation.operators import Mutant
from conformance.mutation.trial import Trials, Verdict
from lab.namespaces import PR_SET_PDEATHSIG, prctl

PATIENCE: Final = 4.0  # times as long as all scenarios took on the engine as it is
HANGS: Final = "HANGS"
CLEARING_SECONDS: Final = 5.0  # that a member has to take its folder away


class TrialEnded(RuntimeError):
    """A member is gone that nobody has ended: killed from outside, or by a fault of the suite."""


@dataclass
class Member:
    """A process that tries one fault after the other. `since`: when it was given the one it works on;
    `limit`: the seconds that it may take for it."""

    process: Any
    line: Connection
    mutant: Mutant | None = None
    since: float = 0.0
    limit: float = 0.0


class Crew:
    """`jobs` members. `said`: called with what a member has to say before its first trial."""

    def __init__(self, jobs: int, only: tuple[str, ...], said: Callable[[str], None]) -> None:
        self.only = only
        self.said = said
        self.members = [self._hire() for _number in range(jobs)]

    def _hire(self) -> Member:
        here, there = multiprocessing.Pipe()
        arguments = (there, self.only, os.getpid())
        process = multiprocessing.get_context("spawn").Process(target=work, args=arguments, daemon=True)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is told once: by who hired them
        try:
            process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        there.close()
        return Member(process, here)

    def run(self, mutants: Iterator[Mutant], go_on: Callable[[], bool]) -> Iterator[Verdict]:
        """The verdicts as they come. Takes no new fault once `go_on` says no; ends when all begun ones have ended."""
        waiting = list(self.members)
        while waiting:
            ready = wait([member.line for member in waiting], timeout=1.0)
            for member in list(waiting):
                if member.line in ready:
                    answer = self._heard(member)
                    if isinstance(answer, Verdict):
                        yield answer
                    else:
                        words, member.limit = answer
                        self.said(words)
                elif member.mutant is not None and time.monotonic() - member.since > member.limit:
                    yield Verdict(member.mutant, "", HANGS, f"no end within {member.limit:.0f} s", 0, member.limit)
                    waiting[waiting.index(member)] = self._instead_of(member)
                    continue
                else:
                    continue
                mutant = next(mutants, None) if go_on() else None
                if mutant is None:
                    waiting.remove(member)
                    self._dismiss(member)
                else:
                    member.mutant, member.since = mutant, time.monotonic()
                    member.line.send(mutant)

    def _heard(self, member: Member) -> Any:
        try:
            return member.line.recv()
        except EOFError:
            member.process.join()
            status = member.process.exitcode
            place = f"with {member.mutant}" if member.mutant else "before its first fault"
            raise TrialEnded(f"a trial ended by itself, status {status}, {place}; the others were ended") from None

    def _instead_of(self, member: Member) -> Member:
        member.process.kill()
        member.process.join()
        member.line.close()
        found = self._hire()
        self.members[self.members.index(member)] = found
        return found

    def _dismiss(self, member: Member) -> None:
        member.mutant = None
        member.line.close()
        member.process.join()

    def close(self) -> None:
        """End whoever is still at work; their labs end with them."""
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            member.process.join(CLEARING_SECONDS)
            member.process.kill()
            member.process.join()


def work(line: Connection, only: tuple[str, ...], boss: int) -> None:
    """A member: says which scenarios count, then answers each fault with its verdict until the line is closed. It ends
    with `boss`, the process that hired it, also in the middle of a trial."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # its folder and its lab are cleared away
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != boss:
        return
    with Trials(only) as trials:
        start = time.monotonic()
        left_out = trials.baseline()
        words = f"{len(trials.instances)} scenarios pass on the engine as it is" + told_apart(left_out)
        line.send((words, 30.0 + PATIENCE * (time.monotonic() - start)))
        while True:
            try:
                mutant = line.recv()
            except EOFError:
                return
            line.send(trials.run(mutant))


def told_apart(left_out: list[str]) -> str:
    return f"; {len(left_out)} do not and cannot notice anything: {', '.join(left_out[:5])}" if left_out else ""
