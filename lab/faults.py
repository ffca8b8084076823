"""Faults of a topology file, each with its place, and the error that lists all of them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

# Of longer lists of known words only the beginning is shown, and nothing beside a good guess.
MOST_LISTED: Final = 20
# Among more words than this the nearest is not looked for: a file with thousands of such faults would take minutes.
MOST_COMPARED: Final = 200


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


def did_you_mean(word: str, known: Collection[str], what: str = "Known are") -> str:
    """A hint: the nearest known word if one is near, and the words that would be right."""
    near: list[str] = []
    if len(known) <= MOST_COMPARED:
        known = sorted(set(known))
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    guess = f"did you mean '{near[0]}'? " if near else ""
    more = len(known) - MOST_LISTED
    if not known or (near and more > 0):
        return guess.strip()
    listing = ", ".join(islice(known, MOST_LISTED))
    return f"{guess}{what}: {listing}{f' and {more} more' if more > 0 else ''}."
