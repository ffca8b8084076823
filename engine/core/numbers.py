"""Numbers as C programs read them: strtoul(3) and atoi(3)."""

from __future__ import annotations

import re
from typing import Final

NUMBER: Final = re.compile(r"[ \t\n\v\f\r]*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
U64: Final = 0xFFFFFFFFFFFFFFFF
DECIMAL: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
SIGNED: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)")
OCTAL: Final = re.compile(r"[0-7]+")
LONGEST: Final = 20  # digits of a 64-bit number


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


def strtoul_start(text: str) -> tuple[int, str]:
    """(value, rest) as strtoul(3) with base 0 reads it into 64 bits; 0 and the whole text if it is no number.

    `-1` is the highest number; one too big counts as that, whatever its sign.
    """
    found = SIGNED.match(text)
    if found is None:
        return 0, text
    sign, digits, end = found[1], found[2], found.end()
    if digits[:2] in ("0x", "0X"):
        value = int(digits, 16)
    elif digits[0] == "0":
        octal = OCTAL.match(digits)
        assert octal is not None  # it begins with 0
        end -= len(digits) - octal.end()
        value = int(octal[0], 8)
    else:
        value = int(digits) if len(digits) <= LONGEST else U64 + 1
    if value > U64:
        return U64, text[end:]
    return (-value & U64 if sign == "-" else value), text[end:]


def signed_strtoul(text: str) -> int | None:
    """All of a text as `strtoul_start` reads it, None if it is no number or more than one."""
    value, rest = strtoul_start(text)
    return None if rest or not text else value


def is_decimal(text: str) -> bool:
    """Nothing but digits from 0 to 9, and so few that the number fits into 64 bits: int() reads it."""
    return text.isascii() and text.isdigit() and len(text) < LONGEST


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
