"""Numbers as C programs read them: strtoul(3) and atoi(3)."""

from __future__ import annotations

import re
from typing import Final

NUMBER: Final = re.compile(r"[ \t\n\v\f\r]*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
U64: Final = 0xFFFFFFFFFFFFFFFF
SPACES: Final = " \t\n\v\f\r"
DECIMAL: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")


def strtoul(text: str, limit: int, whole: bool = True) -> tuple[int, int] | None:
    """(value, length read) as strtoul(3) with base 0 reads it; None if there is no number or it is above `limit`.

    whole: the number must be all of the text.
    """
    found = NUMBER.match(text)
    if found is None:
        return None
    digits = found.group(1)
    if len(digits) > 64:
        return None
    if digits[0] == "0" and len(digits) > 1:
        value = int(digits, 16) if digits[1] in "xX" else int(digits, 8)
    else:
        value = int(digits)
    end = found.end()
    if value > limit or (whole and end != len(text)):
        return None
    return value, end


def signed_strtoul(text: str) -> int | None:
    """All of a text as strtoul(3) with base 0 reads it into 64 bits: `-1` is the highest number, as is one too big."""
    word = text.lstrip(SPACES)
    negative = word[:1] == "-"
    if negative and not word[1:2].isdigit():
        return None
    found = strtoul(word[1:] if negative else word, 1 << 256)
    if found is None:
        return None
    if found[0] > U64:
        return U64
    return -found[0] & U64 if negative else found[0]


def parse_number(text: str, limit: int = 0xFFFFFFFF, low: int = 0) -> int | None:
    """A whole number with base prefix, or None."""
    found = strtoul(text, limit)
    return found[0] if found is not None and found[0] >= low else None


def atoi(text: str, bits: int = 32) -> int:
    """The decimal number at the beginning of a text, cut to so many bits and signed; 0 without one."""
    found = DECIMAL.match(text)
    if found is None:
        return 0
    value = max(-(1 << 63), min((1 << 63) - 1, int(found.group(1)[:40])))
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
