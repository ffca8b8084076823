"""Two runs compared: what became worse, what became better, what came and what went.

Worse is: from PASS to anything else, and from UNSUPPORTED or FAIL to something further down PASS, UNSUPPORTED, FAIL,
BROKEN; also a failure that was tolerated and is no longer. A scenario that is not in the new run is reported, but it
is no regression: the new run may be of other engines, or of a part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reports.records import OUTCOMES, Records, Result


@dataclass(slots=True)
class Change:
    old: Result | None
    new: Result | None

    @property
    def either(self) -> Result:
        found = self.new or self.old
        assert found is not None
        return found

    def __str__(self) -> str:
        result = self.either
        was, now = (_outcome(each) for each in (self.old, self.new))
        reason = (self.new.surprise or self.new.reason).splitlines() if self.new is not None else []
        told = f"   {reason[0].strip()}" if reason and self.new is not None and self.new.outcome != "PASS" else ""
        return f"{result.engine:<14} {result.id}   {was} -> {now}{told}"


@dataclass(slots=True)
class Difference:
    regressions: list[Change] = field(default_factory=list)
    improvements: list[Change] = field(default_factory=list)
    added: list[Change] = field(default_factory=list)
    gone: list[Change] = field(default_factory=list)
    same: int = 0
    warnings: list[str] = field(default_factory=list)


def compare(old: Records, new: Records) -> Difference:
    found = Difference()
    for name, records in (("old", old), ("new", new)):
        if records.unfinished:
            found.warnings.append(f"the {name} run was cut short")
    for key in sorted(old.results.keys() | new.results.keys()):
        change = Change(old.results.get(key), new.results.get(key))
        if change.old is None:
            found.added.append(change)
        elif change.new is None:
            found.gone.append(change)
        elif (worse := _rank(change.new) - _rank(change.old)) == 0:
            found.same += 1
        else:
            (found.regressions if worse > 0 else found.improvements).append(change)
    return found


def _rank(result: Result) -> float:
    """How bad a result is. A tolerated failure is a little better than another one."""
    return OUTCOMES.index(result.outcome) - (0.5 if result.tolerated else 0) + (0.25 if result.surprise else 0)


def _outcome(result: Result | None) -> str:
    if result is None:
        return "absent"
    return (
        result.outcome + (" (tolerated)" if result.tolerated else "") + (" (unexpectedly)" if result.surprise else "")
    )


def render(found: Difference) -> str:
    """As text; the heads of empty groups are left out."""
    parts = [*found.warnings]
    groups = (("worse", found.regressions), ("better", found.improvements), ("new", found.added), ("gone", found.gone))
    for title, changes in groups:
        if changes:
            parts.append(f"{title}: {len(changes)}")
            parts += [f"  {change}" for change in changes]
    parts.append(f"the same: {found.same}")
    parts.append(f"{len(found.regressions)} regressions" if found.regressions else "no regression")
    return "\n".join(parts) + "\n"
