"""Which failures do not make a run red, and why: conformance/deviations.yaml, and recommendations.

    - scenario: nat.snat.some-case         or a family by the id of its case
      engine: userspace
      reason: why it is so, and for how long

A deviation stays FAIL in every record and report, with the reason beside it. One that passes is obsolete: the run is
red until the entry is removed. Outcomes themselves are never changed here.

A requirement of level `recommended` with `kernel: fail` in the catalogue may fail, where the scenario says
`with recommended():`, and nowhere else in it; one with `kernel: pass` may not, for the kernel shows that it can be
done. A kernel that meets what the catalogue says it does not is a surprise worth a red run. Of other engines reports
say so (reports/matrix.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from conformance import catalogue
from lab import engines
from reports.records import FAIL, PASS, Result

if TYPE_CHECKING:
    from conformance.case import Instance

FILE: Final = Path(__file__).parent / "deviations.yaml"


@dataclass(frozen=True, slots=True)
class Deviation:
    scenario: str
    engine: str
    reason: str


@cache
def known(path: Path = FILE) -> dict[tuple[str, str], Deviation]:
    """Raises ValueError for an entry that is not complete or stands there twice."""
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    found: dict[tuple[str, str], Deviation] = {}
    for number, entry in enumerate(yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or (), start=1):
        if set(entry) != {"scenario", "engine", "reason"} or not all(entry.values()):
            raise ValueError(f"{path.name}: entry {number} needs scenario, engine and reason, and nothing else")
        deviation = Deviation(**entry)
        if (deviation.scenario, deviation.engine) in found:
            raise ValueError(f"{path.name}: {deviation.scenario} on {deviation.engine} stands there twice")
        found[deviation.scenario, deviation.engine] = deviation
    return found


def find(result: Result) -> Deviation | None:
    table = known()
    return table.get((result.id, result.engine)) or table.get((result.id.partition("/")[0], result.engine))


def judge(result: Result, instance: Instance) -> Result:
    """Say whether a failure is tolerated, and whether a pass is a surprise."""
    deviation = find(result)
    recommended = _only_recommended(instance)
    if deviation is not None:
        if result.outcome == FAIL:
            result.tolerated = f"known deviation: {deviation.reason}"
        elif result.outcome == PASS:
            result.surprise = f"it passes, so its entry in {FILE.name} is obsolete: take it out ('{deviation.reason}')"
    elif recommended and result.outcome == FAIL and result.recommendation:
        result.tolerated = "recommended only, and the Linux kernel does not do it either"
    elif recommended and result.outcome == PASS and engines.find(result.engine).is_the_kernel:
        result.surprise = (
            f"it passes on a kernel, but the catalogue says of {', '.join(instance.cites)} that kernels do not do "
            "it: the scenario or the catalogue is wrong"
        )
    return result


def _only_recommended(instance: Instance) -> bool:
    """Whether everything that a scenario checks is a recommendation that the kernel was seen not to follow."""
    rows = [catalogue.find(name) for name in instance.cites]
    return bool(rows) and all(row.level == "recommended" and row.kernel == "fail" for row in rows)
