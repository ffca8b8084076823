"""How the conntrack command ends early."""

from __future__ import annotations

from typing import Final

NAME: Final = "conntrack v1.4.7 (conntrack-tools): "
TRY_HELP: Final = "Try `conntrack -h' or 'conntrack --help' for more information.\n"

OTHER: Final = 1  # exit codes, conntrack(8) DIAGNOSTICS
USAGE: Final = 2


class Problem(Exception):
    """The command stops. code: exit code, 2 for wrong words; before: warnings that were printed already."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.before = ""

    def text(self) -> str:
        return f"{self.before}{NAME}{self}\n" + (TRY_HELP if self.code == USAGE else "")


def wrong(message: str) -> Problem:
    return Problem(USAGE, message)
