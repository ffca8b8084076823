"""Faults of a topology file, each with its place, and the error that lists all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

# Longer lists of known words are not shown beside a good guess.
MOST_LISTED: Final = 20


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a file. Lines and columns count from 1; line 0 is the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, in which key, what was found, what to do."""

    place: Place
    path: str
    found: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: {self.path}: " if self.path else f"{self.place}: "
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.found}{hint}"


class TopologyError(Exception):
    """The topology cannot be used. Lists every fault in the order of the file; nothing was created."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.place))
        super().__init__("\n".join([*map(str, self.faults), "  nothing was created."]))


@dataclass(slots=True)
class Faults:
    """Collects faults, so that one run shows all of them."""

    found: list[Fault] = field(default_factory=list)

    def add(self, place: Place, path: str, found: str, hint: str = "") -> None:
        self.found.append(Fault(place, path, found, hint))

    def raise_any(self) -> None:
        if self.found:
            raise TopologyError(self.found)


def did_you_mean(word: str, known: Iterable[str], what: str = "Known are") -> str:
    """A hint: the nearest known word if one is near, and all the words that would be right."""
    names = sorted(set(known))
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    guess = f"did you mean '{near[0]}'? " if near else ""
    listing = f"{what}: {', '.join(names)}." if names and not (near and len(names) > MOST_LISTED) else ""
    return (guess + listing).strip()
