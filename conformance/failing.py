"""How a scenario says that something is not as it should be, and how that is written down for people.

server should see   udp firewall.wan:any > server:53
server saw          udp client:40000 > server:53                      after 13 ms
firewall            POSTROUTING nat rule 1 `-o wan -j MASQUERADE`: no, leaves by eth1
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

LABEL_WIDTH = 20
MARK = "is_recommendation"


class Failed(AssertionError):
    """What a scenario promises did not happen: the outcome is FAIL. `lines`: (label, text)."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        super().__init__("\n".join(text_of(lines)))
        self.lines = list(lines)

    def add(self, *lines: tuple[str, str]) -> None:
        self.lines += lines
        self.args = ("\n".join(text_of(self.lines)),)


@contextmanager
def recommended() -> Iterator[None]:
    """What is only recommended, and what the kernel does not do. A failure in here need not make a run red
    (deviations.py); one before or after it does, as ever: so it is known that the rest of the scenario is in order."""
    try:
        yield
    except AssertionError as error:
        setattr(error, MARK, True)
        raise


def is_recommendation(error: Exception) -> bool:
    """Whether that failed which is only recommended."""
    return bool(getattr(error, MARK, False))


class Broken(Exception):
    """The lab or the suite itself did not work: no judgement about the engine. The outcome is BROKEN."""


def text_of(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Aligned lines; a text of several lines is indented below its label."""
    width = max([LABEL_WIDTH, *(len(label) + 2 for label, _text in lines)]) if lines else LABEL_WIDTH
    found = []
    for label, text in lines:
        first, *others = text.splitlines() or [""]
        found.append(f"{label:<{width}}{first}".rstrip())
        found += [" " * width + other for other in others]
    return found
