"""A summary in Markdown, as continuous integration shows it beside a change."""

from __future__ import annotations

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
        _machine(records),
    ]
    rows = [[area.name, area.scenarios, *(cell_text(area.totals.get(engine, Cell())) for engine in engines)]
            for area in areas(records) if area.totals]  # fmt: skip
    parts.append(tabulate(rows, headers=["area", "scenarios", *engines], tablefmt="github"))
    if red := red_results(records):
        parts += ["## Failed", *map(_failure, red)]
    if tolerated := tolerated_results(records):
        parts += [
            "## Failed, but tolerated",
            "\n".join(f"- `{each.id}` on {each.engine}: {each.tolerated}" for each in tolerated),
        ]
    if reasons := unsupported_reasons(records):
        parts += [
            "## Unsupported",
            "\n".join(
                f"- {engine}: {number} scenarios: {reason}"
                for engine, found in reasons.items()
                for reason, number in found.items()
            ),
        ]
    if rows_recommended := recommended(records):
        told = [[row.id, row.title, KERNEL.get(row.expected(), "?"), *(_met(row, engine) for engine in engines)]
                for row in rows_recommended]  # fmt: skip
        parts += [
            "## Recommendations: who meets them",
            recommendations(rows_recommended, engines).strip().replace("\n", "\n\n"),
            tabulate(told, headers=["", "", "kernel (catalogue)", *engines], tablefmt="github"),
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
    return (f"### {result.outcome} `{result.id}` on {result.engine}\n\n{result.requirement}\n\n```\n{text}\n```\n\n"
            f"`{result.reproduce}`")  # fmt: skip
