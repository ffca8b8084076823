"""Tables for the terminal: areas by engines."""

from __future__ import annotations

from reports.matrix import (
    TOLERATED,
    Cell,
    Row,
    areas,
    met,
    recommended,
    totals,
    unlike_kernel,
    unsupported_reasons,
    verdict,
)
from reports.records import BROKEN, FAIL, PASS, UNSUPPORTED, Records


def matrix(records: Records) -> str:
    """The matrix area x engine with counts, what is unsupported and why, and the verdict."""
    from tabulate import tabulate

    engines = records.engine_names()
    lines = [[area.name, area.scenarios, *(cell_text(area.totals.get(engine, Cell())) for engine in engines)]
             for area in areas(records) if area.totals]  # fmt: skip
    lines.append(["all", len({name for name, _engine in records.results}), *map(cell_text, totals(records).values())])
    text = tabulate(lines, headers=["area", "scenarios", *engines], tablefmt="simple")
    for engine, reasons in unsupported_reasons(records).items():
        for reason, number in sorted(reasons.items(), key=lambda each: -each[1]):
            text += f"\n{engine}: {number} unsupported: {reason}"
    text += recommendations(recommended(records), engines)
    return f"{text}\n\n{verdict(records)[1]}\n"


def recommendations(rows: list[Row], engines: list[str]) -> str:
    """How many recommendations each engine meets, and where one does not do what the kernel was seen to do."""
    told = [f"{engine} {found} of {known}" for engine in engines for found, known in (met(rows, engine),) if known]
    lines = [f"recommendations met: {', '.join(told)}"] if told else []
    lines += [f"unlike the kernel of the catalogue: {name} is {what} by {engine}"
              for name, engine, what in unlike_kernel(rows, engines)]  # fmt: skip
    return "".join(f"\n{line}" for line in lines)


def cell_text(cell: Cell) -> str:
    """ "12", or "10 pass, 2 FAIL"."""
    told = [
        f"{cell.count(outcome)} {word}"
        for outcome, word in ((PASS, "pass"), (FAIL, "FAIL"), (UNSUPPORTED, "unsupported"), (BROKEN, "BROKEN"))
        if cell.count(outcome)
    ]
    tolerated = cell.tally[TOLERATED]
    return ", ".join(told) + (f" ({tolerated} tolerated)" if tolerated else "")
