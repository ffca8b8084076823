"""Results put in order: requirement by engine, area by area. Every report shows what is counted here, so they agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from reports.records import BROKEN, FAIL, OUTCOMES, PASS, UNSUPPORTED, Records, Requirement, Result

# What a cell with several scenarios shows: the first of these that one of them has.
SHOWN: Final = (BROKEN, FAIL, PASS, UNSUPPORTED)
TOLERATED: Final = "tolerated"
# The catalogue's word for what the kernel was seen to do -> the outcome to be expected.
EXPECTED: Final = {"pass": PASS, "fail": FAIL}


@dataclass(slots=True)
class Cell:
    """What the scenarios of a row say of one engine."""

    results: list[Result] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """BROKEN or FAIL if one of them is; else PASS if one of them is; "" if none was run."""
        found = {result.outcome for result in self.results}
        return next((outcome for outcome in SHOWN if outcome in found), "")

    @property
    def red(self) -> bool:
        return any(result.red for result in self.results)

    @property
    def tolerated(self) -> bool:
        """Failed, but not so that it makes the run red."""
        return self.outcome == FAIL and not self.red

    def count(self, outcome: str) -> int:
        return sum(result.outcome == outcome for result in self.results)

    @property
    def tally(self) -> dict[str, int]:
        """How many of each, from good to bad; failures that are tolerated are counted apart."""
        tolerated = sum(bool(result.tolerated) for result in self.results)
        found = {outcome: self.count(outcome) for outcome in OUTCOMES}
        return {PASS: found[PASS], UNSUPPORTED: found[UNSUPPORTED], TOLERATED: tolerated,
                FAIL: found[FAIL] - tolerated, BROKEN: found[BROKEN]}  # fmt: skip


@dataclass(slots=True)
class Row:
    """A requirement, or a scenario that cites none."""

    id: str
    area: str
    level: str
    title: str
    requirement: Requirement | None = None
    cells: dict[str, Cell] = field(default_factory=dict)
    scenarios: list[str] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.cells.setdefault(result.engine, Cell()).results.append(result)
        if result.id not in self.scenarios:
            self.scenarios.append(result.id)

    def cell(self, engine: str) -> Cell:
        return self.cells.get(engine) or Cell()

    def expected(self) -> str:
        """Whether the kernel was seen to do it, according to the catalogue: PASS, FAIL, or "" if nobody looked."""
        return EXPECTED.get(self.requirement.kernel, "") if self.requirement else ""

    def unlike(self, engine: str) -> bool:
        """Whether the engine does not do what the catalogue says that the kernel does."""
        found = self.cell(engine).outcome
        return bool(self.expected()) and found in (PASS, FAIL) and found != self.expected()


@dataclass(slots=True)
class Area:
    """An area with its rows. `totals`: engine -> the results of its scenarios, each counted once."""

    name: str
    rows: list[Row] = field(default_factory=list)
    totals: dict[str, Cell] = field(default_factory=dict)

    @property
    def red(self) -> bool:
        return any(cell.red for cell in self.totals.values())

    @property
    def scenarios(self) -> int:
        return len({result.id for cell in self.totals.values() for result in cell.results})


def areas(records: Records) -> list[Area]:
    """All areas in the order of their names."""
    rows: dict[str, Row] = {}
    found: dict[str, Area] = {}
    for result in records.results.values():
        area = found.setdefault(result.area or "other", Area(result.area or "other"))
        area.totals.setdefault(result.engine, Cell()).results.append(result)
        for row in _rows_of(result, records, rows):
            row.add(result)
    for row in rows.values():
        found.setdefault(row.area, Area(row.area)).rows.append(row)
    for area in found.values():
        area.rows.sort(key=lambda row: (row.requirement is None, row.id))
    return [found[name] for name in sorted(found)]


def _rows_of(result: Result, records: Records, rows: dict[str, Row]) -> Iterable[Row]:
    for name in result.cites:
        requirement = records.requirements.get(name) or Requirement(name, result.area, "required", result.requirement)
        yield rows.setdefault(name, Row(name, requirement.area, requirement.level, requirement.title, requirement))
    if not result.cites:
        yield rows.setdefault(
            result.id, Row(result.id, result.area or "other", "required", result.requirement or result.id)
        )


def totals(records: Records) -> dict[str, Cell]:
    """Engine -> all its results."""
    return {engine: Cell([result for result in records.results.values() if result.engine == engine])
            for engine in records.engine_names()}  # fmt: skip


def scenarios(records: Records) -> dict[str, dict[str, Result]]:
    """Scenario -> engine -> result; engines in the order in which they were asked for."""
    found: dict[str, dict[str, Result]] = {}
    for name in sorted({name for name, _engine in records.results}):
        found[name] = {engine: records.results[name, engine] for engine in records.engine_names()
                       if (name, engine) in records.results}  # fmt: skip
    return found


def red_results(records: Records) -> list[Result]:
    return [result for result in records.results.values() if result.red]


def tolerated_results(records: Records) -> list[Result]:
    return [result for result in records.results.values() if result.tolerated]


def recommended(records: Records) -> list[Row]:
    """The requirements that are recommendations, with who meets them."""
    return [row for area in areas(records) for row in area.rows if row.level == "recommended"]


def met(rows: list[Row], engine: str) -> tuple[int, int]:
    """How many of these an engine meets, and of how many it is known."""
    outcomes = [row.cell(engine).outcome for row in rows]
    return outcomes.count(PASS), outcomes.count(PASS) + outcomes.count(FAIL)


def unlike_kernel(rows: list[Row], engines: Iterable[str]) -> list[tuple[str, str, str]]:
    """(requirement, engine, met or not met) wherever an engine does not do what the catalogue says of the kernel."""
    return [(row.id, engine, "met" if row.cell(engine).outcome == PASS else "not met")
            for row in rows for engine in engines if row.unlike(engine)]  # fmt: skip


def unsupported_reasons(records: Records) -> dict[str, dict[str, int]]:
    """engine -> reason -> how many scenarios."""
    found: dict[str, dict[str, int]] = {}
    for result in records.results.values():
        if result.outcome == UNSUPPORTED:
            reasons = found.setdefault(result.engine, {})
            reasons[result.reason] = reasons.get(result.reason, 0) + 1
    return found


def verdict(records: Records) -> tuple[bool, str]:
    """Whether the run is good, and the sentence that says so."""
    results = records.results.values()
    red = [result for result in results if result.red and result.outcome == FAIL]
    broken = sum(result.outcome == BROKEN for result in results)
    surprises = sum(bool(result.surprise) for result in results)
    passed = sum(result.outcome == PASS for result in results)
    tolerated = sum(bool(result.tolerated) for result in results)
    words = ["the run was cut short"] if records.unfinished else []
    words += [f"{number} {word}" for number, word in
              ((broken, "broken"), (len(red), "failed"), (surprises, "passed unexpectedly")) if number]  # fmt: skip
    rest = f"; {tolerated} {'failure is' if tolerated == 1 else 'failures are'} tolerated" if tolerated else ""
    if words:
        return False, f"{', '.join(words)}; {passed} passed{rest}"
    if not passed and not tolerated:
        return False, "nothing passed: no scenario was run to its end"
    return True, f"{passed} passed, none failed{rest}"
