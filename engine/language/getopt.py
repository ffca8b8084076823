"""The way of getopt_long(3) through a command line, with tables that grow while it is read.

iptables reads its words in order (no permutation) and adds the options of a match or target to the table the moment
`-m` or `-j` names it. What follows from that, and is reproduced here: a long option may be shortened as long as it
stays unambiguous among all tables loaded so far; an exact name wins, iptables' own first, then the extension loaded
last; `--name=value` and `--name value` are the same; words without a dash are handed out as they come; `--` ends it.
"""

from __future__ import annotations

from typing import Final

NO_ARGUMENT: Final = 0
REQUIRED: Final = 1
OPTIONAL: Final = 2

# What next() answers besides the codes of the tables.
END: Final = ""
WORD: Final = "\1"  # a word that is no option
MISSING: Final = ":"  # an option without its argument
UNKNOWN: Final = "?"


class LongOption:
    """A row of a table. code: what next() answers."""

    def __init__(self, name: str, argument: int, code: str) -> None:
        self.name = name
        self.argument = argument
        self.code = code


class LongTable:
    """The long options of iptables itself or of one extension. Made once, used by many command lines."""

    def __init__(self, rows: list[LongOption]) -> None:
        self.rows = rows
        self.by_name = {row.name: row for row in reversed(rows)}


class Getopt:
    """One command line on its way. `index` is the word read next; `value` the argument of the last option."""

    def __init__(self, words: list[str], short: dict[str, int], table: LongTable) -> None:
        self.words = words
        self.short = short
        self.tables: list[tuple[int, LongTable]] = [(0, table)]  # its own first, then the one loaded last
        self.index = 0
        self.value: str | None = None
        self.owner = 0
        self.name = ""
        self.spelled = ""  # the name as it was written, perhaps shortened
        self.cluster = ""  # what is left of a word like -nvL
        self.ended = False
        self.possible: list[str] = []  # what an ambiguous name might have meant

    def add(self, owner: int, table: LongTable) -> None:
        """More long options. owner: not 0; next() leaves it in `owner` when it answers with one of them."""
        self.tables.insert(1, (owner, table))

    def again(self) -> None:
        """Read the last word once more (after a table was added). In the middle of a word like -nvL its other letters
        come first, as in getopt_long.
        """
        if self.index > 0:
            self.index -= 1

    def next(self) -> str:
        """Code of the next option, or END, WORD, MISSING, UNKNOWN."""
        self.value = None
        self.owner = 0
        if self.cluster:
            return self._short()
        if self.ended or self.index >= len(self.words):
            return END
        word = self.words[self.index]
        if word == "--":
            self.index += 1
            self.ended = True
            return END
        if len(word) < 2 or word[0] != "-":
            self.index += 1
            self.value = word
            return WORD
        if word[1] == "-":
            self.index += 1
            return self._long(word[2:])
        self.cluster = word[1:]
        return self._short()

    def _short(self) -> str:
        letter = self.cluster[0]
        rest = self.cluster[1:]
        self.cluster = rest
        if not rest:
            self.index += 1
        self.name = letter
        argument = self.short.get(letter, -1)
        if argument < 0:
            return UNKNOWN
        if argument == NO_ARGUMENT:
            return letter
        self.cluster = ""
        if rest:
            self.index += 1
            self.value = rest
        elif argument == REQUIRED:
            if self.index >= len(self.words):
                return MISSING
            self.value = self.words[self.index]
            self.index += 1
        return letter

    def _long(self, text: str) -> str:
        name, equals, value = text.partition("=")
        self.spelled = name
        row = self._find(name)
        if row is None:
            self.owner = 0
            return UNKNOWN
        self.name = row.name
        if equals:
            if row.argument == NO_ARGUMENT:
                self.owner = 0
                return UNKNOWN
            self.value = value
        elif row.argument == REQUIRED:
            if self.index >= len(self.words):
                self.owner = 0
                return MISSING
            self.value = self.words[self.index]
            self.index += 1
        return row.code

    def _find(self, name: str) -> LongOption | None:
        """The row that a name or its beginning means; leaves its table's owner in `owner`."""
        self.possible = []
        for owner, table in self.tables:
            row = table.by_name.get(name)
            if row is not None:
                self.owner = owner
                return row
        return self._find_shortened(name)

    def _find_shortened(self, name: str) -> LongOption | None:
        candidate: LongOption | None = None
        ambiguous = False
        for owner, table in self.tables:
            for row in table.rows:
                if not row.name.startswith(name):
                    continue
                self.possible.append(row.name)
                if candidate is None:
                    candidate = row
                    self.owner = owner
                elif candidate.argument != row.argument or candidate.code != row.code or owner != self.owner:
                    ambiguous = True
        if ambiguous:
            return None
        self.possible = []
        return candidate
