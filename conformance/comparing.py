"""Two texts of the conntrack tool, compared line by line without what no two runs share: ids, dates and processes; a
timeout may have run down a little, and a kernel's table has an order of its own."""

from __future__ import annotations

import re
from typing import Any, Final

MASKS: Final = (
    (re.compile(r"(?<=use=1 )id=\d+"), "id=N"),
    (re.compile(r"<id>\d+</id>"), "<id>N</id>"),
    (re.compile(r"^\[\d+\.\d{6}\] *\t"), "[NOW]\t"),
    (re.compile(r"\[(start|stop)=[A-Z][^]]*\]"), r"[\1=DATE]"),
    (re.compile(r"<(start|stop)>\d+<"), r"<\1>DATE<"),
    (re.compile(r"<when>.*</when>"), "<when/>"),
    (re.compile(r"portid=\d+(?: progname=\S+)?"), "portid=N"),
    (re.compile(r"delta-time=[01]\b"), "delta-time=0"),
    (re.compile(r"<deltatime>[01]<"), "<deltatime>0<"),
)
SECONDS: Final = re.compile(r"(?P<before>^(?:\[NOW\]\s)?(?: *\[[A-Z]+\] )?(?:\w+ +\d+ )?\w+ +\d+ |<timeout>|-t |^)"
                            r"(?P<seconds>\d+)(?= (?:[A-Z]|src|-u|proto=|timeout=)|<)")  # fmt: skip


def masked(line: str) -> str:
    for pattern, instead in MASKS:
        line = pattern.sub(instead, line)
    return line


def differences(scene: Any, wanted: list[str], found: list[str]) -> list[str]:
    """Lines that should be there and are not (-), and the other way round (+)."""
    slack = scene.slack()
    left = [masked(line) for line in found]
    missing = []
    for line in wanted:
        twin = next((form for form in fewer_seconds(masked(line), slack) if form in left), None)
        if twin is None:
            missing.append("- " + masked(line))
        else:
            left.remove(twin)
    return missing + ["+ " + line for line in left]


def fewer_seconds(line: str, slack: float) -> list[str]:
    """A line, and the same line with a timeout that has run down by up to `slack` seconds."""
    found = SECONDS.search(line)
    if found is None:
        return [line]
    most = int(found["seconds"])
    start, end = found.span("seconds")
    return [f"{line[:start]}{seconds}{line[end:]}" for seconds in range(most, max(most - int(slack), 0) - 1, -1)]


def stands_in(text: str, part: str) -> bool:
    """Whether a part is in a text; a number at its end is whole there ("DPT=5" is not in "DPT=53")."""
    return re.search(re.escape(part) + (r"(?!\d)" if part[-1:].isdigit() else ""), text) is not None


def says(scene: Any, text: str, part: str) -> bool:
    """Whether a part is in a text, be it with a timeout that has run down a little."""
    return any(stands_in(text, form) for form in fewer_seconds(part, scene.slack()))
