"""A line of iptables-restore text, cut into words.

Blanks and tabs separate; double quotes keep them together, and a closing quote ends the word. Inside quotes a
backslash takes the next character as it is; outside it is an ordinary character. Single quotes mean nothing. Measured
with iptables-legacy-restore 1.8.9, whose limits are kept as well.
"""

from __future__ import annotations

import re
from typing import Final

from engine.language.errors import Refused

WORD_LIMIT: Final = 1024  # bytes, one more than a word may have
WORDS_LIMIT: Final = 255
LINE_LIMIT: Final = 10239  # bytes with the newline

TOKEN: Final = re.compile(r'[^ \t\n"]*"(?:[^"\\]|\\.)*"|[^ \t\n"]+(?=[ \t\n]|\Z)', re.DOTALL)
OPEN: Final = re.compile(r'[^ \t\n"]*"(?:[^"\\]|\\.)*\\?', re.DOTALL)
BLANK: Final = (" ", "")
ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def split(line: str, limited: bool = True, newline: str = "\n") -> list[str]:
    """The words of a line. newline: how it ended. Refused if one is too long, or if there are too many."""
    plain = line.isascii() and line.isprintable()
    parts = line.split('"')
    if len(parts) == 1:
        words = line.split() if plain else list(TOKEN.findall(line))
    elif plain and len(parts) == 3 and parts[0][-1:] in BLANK and parts[2][:1] in BLANK and "\\" not in line:
        words = [*parts[0].split(), parts[1], *parts[2].split()]  # one comment, as iptables-save writes it
    else:
        words = [word for word, _start, _end in spans(line, newline)]
    if not limited:
        return words
    if len(line) >= WORD_LIMIT:
        for index, word in enumerate(words):
            if len(word.encode("utf-8", "surrogateescape")) >= WORD_LIMIT:
                raise Refused("Parameter too long!", word=index)
    if len(words) >= WORDS_LIMIT - 3:
        raise Refused("Parser cannot handle more arguments\n", word=WORDS_LIMIT - 4)
    return words


def is_open(line: str) -> bool:
    """Does a quote begin that does not end?"""
    position = 0
    while True:
        match = TOKEN.match(line, position)
        if match is not None:
            position = match.end()
        elif position < len(line) and line[position] in " \t\n":
            position += 1
        else:
            return position < len(line)


def spans(line: str, newline: str = "\n") -> list[tuple[str, int, int]]:
    """(word, start, end) of every word; positions in the line, for error messages."""
    found: list[tuple[str, int, int]] = []
    position = 0
    while True:
        match = TOKEN.match(line, position)
        if match is None:
            if position < len(line) and line[position] in " \t\n":
                position += 1
                continue
            # a quote that is never closed takes the rest of the line, its newline included
            match = OPEN.match(line, position)
            if match is None or match.end() == position:
                return found
            word = _plain(match.group() + newline + '"')
            if word:
                found.append((word, position, match.end()))
            return found
        found.append((_plain(match.group()), match.start(), match.end()))
        position = match.end()


def _plain(token: str) -> str:
    before, quote, rest = token.partition('"')
    if not quote:
        return token
    return before + ESCAPE.sub(r"\1", rest[:-1])
