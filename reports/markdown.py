"""A summary in Markdown, as continuous integration shows it beside a change."""

from __future__ import annotations

import re

from reports.matrix import Cell, Row, areas, recommended, red_results, tolerated_results, unsupported_reasons, verdict
from reports.records import FAIL, PASS, Records, Result
from reports.terminal import cell_text, recommendations

SHOWN_LINES = 12
KERNEL = {PASS: "met", FAIL: "not met"}


def render(records: Records) -> str:
    from tabulate import tabulate

    good, sentence = verdict(records)
    engines = records.engine_names()
    parts = [
        f"# nflab: {'passed' if good else 'NOT passed'}",
        f"{sentence[:1].upper()}{sentence[1:]}.",
        plain(_machine(records)),
    ]
    columns = [plain(engine) for engine in engines]
    rows = [[plain(area.name), area.scenarios, *(cell_text(area.totals.get(engine, Cell())) for engine in engines)]
            for area in areas(records) if area.totals]  # fmt: skip
    parts.append(tabulate(rows, headers=["area", "scenarios", *columns], tablefmt="github"))
    if red := red_results(records):
        parts += ["## Failed", *map(_failure, red)]
    if tolerated := tolerated_results(records):
        parts += [
            "## Failed, but tolerated",
            "\n".join(f"- {code(each.id)} on {plain(each.engine)}: {plain(each.tolerated)}" for each in tolerated),
        ]
    if reasons := unsupported_reasons(records):
        parts += [
            "## Unsupported",
            "\n".join(
                f"- {plain(engine)}: {number} scenarios: {plain(reason)}"
                for engine, found in reasons.items()
                for reason, number in found.items()
            ),
        ]
    if rows_recommended := recommended(records):
        told = [[plain(row.id), plain(row.title), KERNEL.get(row.expected(), "?"),
                 *(_met(row, engine) for engine in engines)] for row in rows_recommended]  # fmt: skip
        parts += [
            "## Recommendations: who meets them",
            *map(plain, recommendations(rows_recommended, engines).strip().splitlines()),
            tabulate(told, headers=["", "", "kernel (catalogue)", *columns], tablefmt="github"),
        ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _met(row: Row, engine: str) -> str:
    text = cell_text(row.cell(engine))
    return f"{text}, unlike the kernel" if row.unlike(engine) else text


def _machine(records: Records) -> str:
    run = records.run
    engines = "; ".join(f"{engine.name}: {engine.version or engine.unavailable or 'not started'}"
                        for engine in records.engines.values())  # fmt: skip
    return f"{run.system}, Linux {run.kernel}, {run.python}, revision {run.revision or '?'}, seed {run.seed}. {engines}"


def _failure(result: Result) -> str:
    text = "\n".join((result.surprise or result.reason).splitlines()[:SHOWN_LINES])
    return (f"### {result.outcome} {code(result.id)} on {plain(result.engine)}\n\n{plain(result.requirement)}\n\n"
            f"{block(text)}\n\n{code(result.reproduce)}")  # fmt: skip


# --- text of others, as it is (CommonMark 0.31: backslash escapes, code spans, fenced code blocks) --------------------


def plain(text: str) -> str:
    """One line in which nothing is markup, also as a cell of a table."""
    return re.sub(r"[\\`*<|&\[]", r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """A code span; not for tables."""
    line = " ".join(text.split())
    fence = _fence(line, 1)
    return f"{fence}{line}{fence}" if len(fence) == 1 else f"{fence} {line} {fence}"


def block(text: str) -> str:
    fence = _fence(text, 3)
    return f"{fence}\n{text}\n{fence}"


def _fence(text: str, least: int) -> str:
    """More backticks than stand anywhere in the text."""
    return "`" * max(least, *(len(run) + 1 for run in re.findall("`+", text)), 0)
