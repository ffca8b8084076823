"""Two texts of the tool, compared line by line without what no two runs share: ids, dates and processes; a kernel's
timeouts may have run down a little, and its table has an order of its own."""

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
SECONDS: Final = re.compile(r"(?P<before>^(?:\[NOW\]\t)?(?: *\[[A-Z]+\] )?(?:\w+ +\d+ )?\w+ +\d+ |<timeout>|-t |^)"
                            r"(?P<seconds>\d+)(?= (?:[A-Z]|src|-u|proto=|timeout=)|<)")  # fmt: skip


def masked(line: str) -> str:
    for pattern, instead in MASKS:
        line = pattern.sub(instead, line)
    return line


def differences(firewall: Any, wanted: list[str], found: list[str]) -> list[str]:
    """Lines that should be there and are not (-), and the other way round (+)."""
    slack = 3 if firewall.engine.startswith("kernel") else 0
    left = [masked(line) for line in found]
    missing = []
    for line in wanted:
        twin = next((other for other in left if _same(masked(line), other, slack)), None)
        if twin is None:
            missing.append("- " + masked(line))
        else:
            left.remove(twin)
    return missing + ["+ " + line for line in left]


def _same(wanted: str, found: str, slack: int) -> bool:
    one, other = SECONDS.search(wanted), SECONDS.search(found)
    if one is None or other is None:
        return wanted == found
    late = int(one["seconds"]) - int(other["seconds"])
    rest = SECONDS.sub(r"\g<before>S", wanted, 1), SECONDS.sub(r"\g<before>S", found, 1)
    return rest[0] == rest[1] and 0 <= late <= slack
