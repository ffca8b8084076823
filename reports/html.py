"""The report as one HTML file: no other files, no network, no script. The only file that knows jinja2.

What every engine did alike is shown once: results of a scenario whose evidence is the same are one view with several
engines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from reports import drawing, matrix
from reports.records import BROKEN, FAIL, OUTCOMES, PASS, UNSUPPORTED, Records, Result, TracedPacket, TracedRule

TEMPLATE: Final = "page.html"
SYMBOLS: Final = {PASS: "✓", FAIL: "✗", UNSUPPORTED: "–", BROKEN: "!", matrix.TOLERATED: "✗", "": "·"}


@dataclass(slots=True)
class View:
    """What one or more engines did in a scenario, told once. `traced`: the result whose trace is shown, if any has
    one."""

    results: list[Result]

    @property
    def first(self) -> Result:
        return self.results[0]

    @property
    def engines(self) -> list[str]:
        return [result.engine for result in self.results]

    @property
    def traced(self) -> Result | None:
        return next((result for result in self.results if result.evidence.trace), None)


def render(records: Records) -> str:
    """The whole page."""
    template = _environment().get_template(TEMPLATE)
    scenarios = matrix.scenarios(records)
    by_area: dict[str, list[str]] = {}
    for name, results in scenarios.items():
        by_area.setdefault(next(iter(results.values())).area or "other", []).append(name)
    page: str = template.render(
        records=records,
        run=records.run,
        engines=records.engine_names(),
        areas=matrix.areas(records),
        scenarios=scenarios,
        by_area=by_area,
        verdict=matrix.verdict(records),
        red=matrix.red_results(records),
        tolerated=matrix.tolerated_results(records),
        recommended=matrix.recommended(records),
        met=matrix.met,
        unsupported=matrix.unsupported_reasons(records),
        totals=matrix.totals(records),
        outcomes=OUTCOMES,
        symbols=SYMBOLS,
        drawings={name: drawing.svg(each) for name, each in records.topologies.items()},
        drawn_again={name: drawing.again(each) for name, each in records.topologies.items()},
        views=views,
        anchor=anchor,
        trace_lines=trace_lines,
    )
    return page


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip
    environment.filters["ms"] = lambda seconds: f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
    return environment


def anchor(kind: str, name: str) -> str:
    """The id of a place in the page."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_-]', '-', name)}"


def views(results: dict[str, Result]) -> list[View]:
    """Results of one scenario, put together where they are alike; what is red comes first."""
    found: dict[tuple[Any, ...], View] = {}
    for result in results.values():
        found.setdefault(_kind_of(result), View([])).results.append(result)
    return sorted(found.values(), key=lambda view: -OUTCOMES.index(view.first.outcome))


def _kind_of(result: Result) -> tuple[Any, ...]:
    if result.outcome == PASS:
        return (
            result.outcome,
            result.surprise,
            *((step.who, step.does, step.sent, step.expected) for step in result.evidence.steps),
        )
    return (result.outcome, result.engine if result.outcome != UNSUPPORTED else result.reason)


# --- the trace as lines -----------------------------------------------------------------------------------------------


def trace_lines(packets: list[TracedPacket]) -> list[tuple[str, str]]:
    """(class, text) of every line: a packet at a hook, below it the rules that it met."""
    lines: list[tuple[str, str]] = []
    for packet in packets:
        way = " ".join(
            filter(
                None,
                (f"in={packet.inside}" if packet.inside else "", f"out={packet.outside}" if packet.outside else ""),
            )
        )
        state = f"   [{packet.connection}]" if packet.connection else ""
        lines.append(("hook", f"{packet.hook:<12} {way:<18} {packet.packet}{state}   {packet.verdict}"))
        lines += [_rule(rule) for rule in packet.rules]
        lines += [("change", f"    rewritten: {change}") for change in packet.rewritten]
    return lines


def _rule(rule: TracedRule) -> tuple[str, str]:
    number = rule.rule or ("policy" if rule.chain else "")
    where = f"    {rule.table} {rule.chain} {number}".rstrip()
    told = rule.verdict or "yes" if rule.matched else f"no: {rule.why}" if rule.why else "no"
    return ("hit" if rule.matched else "miss", f"{where:<34} {rule.text:<52} {told}")
