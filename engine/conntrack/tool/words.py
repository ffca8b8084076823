"""The command line of conntrack(8): getopt_long(3) as the GNU C library does it, with the tool's own use of it.

Long names may be cut short while they stay unique, short options may stand together, options may follow other words.
An option with an optional argument takes it only from the next word, and only if that begins with neither "-" nor "!".
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.tool.problems import wrong

NO_ARGUMENT: Final = 0
ARGUMENT: Final = 1
MAYBE_ARGUMENT: Final = 2


class Long:
    """A long option and what it stands for: a letter of the tool, or `protocol:KEY` of a protocol's option."""

    def __init__(self, name: str, argument: int, value: str) -> None:
        self.name = name
        self.argument = argument
        self.value = value


def _rows(argument: int, *pairs: tuple[str, str]) -> list[Long]:
    return [Long(name, argument, value) for name, value in pairs]


# Letters in brackets have no short form that a shell would let pass easily, but they have one.
LONGS: Final[list[Long]] = [
    *_rows(
        MAYBE_ARGUMENT,
        ("dump", "L"),
        ("create", "I"),
        ("add", "A"),
        ("delete", "D"),
        ("update", "U"),
        ("get", "G"),
        ("flush", "F"),
        ("event", "E"),
        ("counter", "C"),
    ),
    *_rows(NO_ARGUMENT, ("stats", "S"), ("version", "V"), ("help", "h")),
    *_rows(
        ARGUMENT,
        ("orig-src", "s"),
        ("src", "s"),
        ("orig-dst", "d"),
        ("dst", "d"),
        ("reply-src", "r"),
        ("reply-dst", "q"),
        ("protonum", "p"),
        ("timeout", "t"),
        ("status", "u"),
    ),
    *_rows(NO_ARGUMENT, ("zero", "z")),
    *_rows(
        ARGUMENT,
        ("event-mask", "e"),
        ("tuple-src", "["),
        ("tuple-dst", "]"),
        ("mask-src", "{"),
        ("mask-dst", "}"),
        ("nat-range", "a"),
        ("mark", "m"),
        ("secmark", "c"),
    ),
    *_rows(MAYBE_ARGUMENT, ("id", "i")),
    *_rows(ARGUMENT, ("family", "f")),
    *_rows(MAYBE_ARGUMENT, ("src-nat", "n"), ("dst-nat", "g")),
    *_rows(ARGUMENT, ("output", "o"), ("buffer-size", "b")),
    *_rows(MAYBE_ARGUMENT, ("any-nat", "j")),
    *_rows(ARGUMENT, ("zone", "w"), ("label", "l"), ("label-add", "<")),
    *_rows(MAYBE_ARGUMENT, ("label-del", ">")),
    *_rows(ARGUMENT, ("orig-zone", "("), ("reply-zone", ")")),
]

SHORTS: Final[dict[str, int]] = {
    **dict.fromkeys("LIUDGEFAC", MAYBE_ARGUMENT),
    **dict.fromkeys("hVSz", NO_ARGUMENT),
    **dict.fromkeys("sdrqptueamifocbwl[]{}<()", ARGUMENT),
    **dict.fromkeys("ngj>", MAYBE_ARGUMENT),
}


class Reader:
    """Reads one command line. argv[0] is the program's name."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.index = 1  # of the next word
        self.cluster = ""  # rest of short options that stand together
        self.longs = list(LONGS)
        self.argument = ""
        self.attached = False  # the argument stood in the option's own word

    def next(self) -> str:
        """What the next option stands for, "" at the end; its argument is in `argument`."""
        self.argument = ""
        self.attached = False
        if self.cluster:
            return self._short()
        while self.index < len(self.argv):
            word = self.argv[self.index]
            if word == "--":
                return ""
            self.index += 1
            if word.startswith("--"):
                return self._long(word[2:])
            if word.startswith("-") and len(word) > 1:
                self.cluster = word[1:]
                self.index -= 1  # getopt stays on the word until its last letter
                return self._short()
        return ""

    def optional(self) -> str | None:
        """The word behind an option that may have an argument, None if there is none.

        An argument in the option's own word (-nADDRESS) is not looked at."""
        if self.attached or self.index >= len(self.argv):
            return None
        word = self.argv[self.index]
        if word[:1] in ("-", "!"):
            return None
        self.index += 1
        return word

    def _unknown(self) -> Exception:
        return wrong(f"unknown option `{self.argv[self.index - 1]}'")

    def _short(self) -> str:
        letter = self.cluster[0]
        rest = self.cluster[1:]
        self.cluster = rest
        if not rest:
            self.index += 1
        kind = SHORTS.get(letter, -1)
        if kind < 0:
            raise self._unknown()
        if kind == NO_ARGUMENT:
            return letter
        if rest:
            self.argument = rest
            self.attached = True
            self.cluster = ""
            self.index += 1
            return letter
        if kind == ARGUMENT:
            self._take_next()
        return letter

    def _take_next(self) -> None:
        if self.index >= len(self.argv):
            raise wrong(f"option `{self.argv[self.index - 1]}' requires an argument")
        self.argument = self.argv[self.index]
        self.index += 1

    def _long(self, text: str) -> str:
        name, equals, value = text.partition("=")
        found = self._find(name)
        if equals:
            if found.argument == NO_ARGUMENT:
                raise self._unknown()
            self.argument = value
            self.attached = True
        elif found.argument == ARGUMENT:
            self._take_next()
        return found.value

    def _find(self, name: str) -> Long:
        for one in self.longs:
            if one.name == name:
                return one
        candidates = [one for one in self.longs if one.name.startswith(name)]
        if not candidates or any(
            one.value != candidates[0].value or one.argument != candidates[0].argument for one in candidates
        ):
            raise self._unknown()
        return candidates[0]
