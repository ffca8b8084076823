"""How free text stands in a saved rule."""

from __future__ import annotations

import re
from typing import Final

PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
ESCAPED: Final = re.compile(r"[\"'\\]")


def quoted(text: str) -> str:
    """As iptables-save prints a comment or log prefix: plain words bare, all else in double quotes with escapes."""
    if PLAIN.fullmatch(text):
        return text
    return '"' + ESCAPED.sub(r"\\\g<0>", text) + '"'


UNSAFE: Final = frozenset(' \t\n\v\f\r"')


def whole_word(text: str) -> str:
    """A word that a reader of iptables-restore text gives back as it is, quoted only if it must be."""
    if text and UNSAFE.isdisjoint(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
