"""What can be wrong with rules, as values that know their place."""

from __future__ import annotations

from typing import Final

PARAMETER_PROBLEM: Final = 2
OTHER_PROBLEM: Final = 1
VERSION_PROBLEM: Final = 3
RESOURCE_PROBLEM: Final = 4

UNCHANGED: Final = "nothing was loaded; the rules in force are unchanged."


class Refused(Exception):
    """A command line that iptables refuses before it asks the kernel.

    message: as iptables prints it, without the program's name (may end in a newline, as some of its sentences do);
    exit: its exit code; word: index of the word at fault, -1 if there is none; hint: what to do, "" if we know nothing;
    bare: the message is printed without name and version (`Bad argument`).
    """

    def __init__(self, message: str, exit: int = PARAMETER_PROBLEM, word: int = -1, bare: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.exit = exit
        self.word = word
        self.bare = bare
        self.hint = ""


class RulesetError(Exception):
    """A ruleset that cannot be loaded. str() names place, fault, source line, hint and the state things are in.

    line and column are 1-based; column 0 = the whole line.
    """

    def __init__(
        self,
        message: str,
        name: str = "",
        line: int = 0,
        column: int = 0,
        width: int = 1,
        source: str = "",
        hint: str = "",
        state: str = UNCHANGED,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.line = line
        self.column = column
        self.width = width
        self.source = source
        self.hint = hint
        self.state = state

    @property
    def place(self) -> str:
        """FILE:LINE:COL"""
        return f"{self.name}:{self.line}:{self.column or 1}"

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.message}"]
        if self.source:
            lines += self._excerpt()
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        if self.state:
            lines.append(f"  {self.state}")
        return "\n".join(lines)

    def _excerpt(self) -> list[str]:
        """The source line with carets below the word; a long line is cut to what stands around it."""
        start = 0
        shown = self.source
        column = max(self.column, 1)
        if len(shown) > 100:
            start = max(0, column - 40)
            shown = shown[start : start + 100]
        shown = "".join(char if char.isprintable() else "?" for char in shown)
        number = f"{self.line:6d}"
        rows = [f"{number} | {shown}"]
        if self.column:
            width = max(1, min(self.width, len(shown) - (column - 1 - start)))
            rows.append(" " * len(number) + " | " + " " * (column - 1 - start) + "^" * width)
        return rows
