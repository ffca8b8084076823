"""Two outcomes of one case side by side: a list of differences, empty when the engines agree."""

from __future__ import annotations

from conformance.fuzz.case import Case, Local, Send
from conformance.fuzz.side import Outcome

SLACK = 2  # seconds by which timeouts may differ: the kernel's clock runs while the case does


def differences(case: Case, names: tuple[str, str], left: Outcome, right: Outcome) -> list[str]:
    """Lines that say where two engines differ, first things first."""
    if bool(left.refused) != bool(right.refused):
        return [f"rules: {names[0]} says {left.refused or 'yes'!r}, {names[1]} says {right.refused or 'yes'!r}"]
    if left.refused:
        return []
    found = []
    for number, (step, ours, theirs) in enumerate(zip(case.steps, left.out, right.out, strict=True)):
        if sorted(ours) != sorted(theirs):
            what = step.what if isinstance(step, Send | Local) else str(step)[:200]
            found.append(f"step {number} ({what})")
            found += [f"    {names[0]}: {line}" for line in ours or ["nothing"]]
            found += [f"    {names[1]}: {line}" for line in theirs or ["nothing"]]
    for key in sorted(left.counters.keys() | right.counters.keys()):
        ours_count, theirs_count = left.counters.get(key, "missing"), right.counters.get(key, "missing")
        if ours_count != theirs_count and not (key.endswith("policy") and "missing" in (ours_count, theirs_count)):
            rule = left.texts.get(key, right.texts.get(key, ""))
            found.append(f"counter {key} {rule}".rstrip() + f": {names[0]} {ours_count}, {names[1]} {theirs_count}")
    if left.connections != right.connections:
        for name, mine, other in ((names[0], left, right), (names[1], right, left)):
            found += [f"only in {name}: {line}" for line in mine.connections if line not in other.connections]
        if not found:
            found.append(f"connections: {names[0]} has {left.connections}, {names[1]} has {right.connections}")
    else:
        for text, ours_time, theirs_time in zip(left.connections, left.timeouts, right.timeouts, strict=True):
            if abs(ours_time - theirs_time) > SLACK:
                found.append(f"timeout of {text}: {names[0]} {ours_time}, {names[1]} {theirs_time}")
    if left.expectations != right.expectations:
        found.append(f"expectations: {names[0]} {left.expectations}, {names[1]} {right.expectations}")
    return found
