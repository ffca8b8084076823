"""Bob Jenkins' hash of a few 32-bit words (lookup3), as the kernel computes it.

Source: "A hash function for hash table lookup", Bob Jenkins 2006 (public domain).
"""

from __future__ import annotations

from typing import Final

U32: Final = 0xFFFFFFFF
START: Final = 0xDEADBEEF

# (which of a, b, c is mixed, with which other, rotated by how much), in order
ROUNDS: Final = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))


def rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & U32


def jhash_3words(first: int, second: int, third: int, seed: int) -> int:
    start = seed + START + (3 << 2)
    words = [(first + start) & U32, (second + start) & U32, (third + start) & U32]
    for target, source, bits in ROUNDS:
        words[target] = ((words[target] ^ words[source]) - rotate(words[source], bits)) & U32
    return words[2]


def scale(value: int, limit: int) -> int:
    """A 32-bit number spread evenly over 0 to limit - 1."""
    return value * limit >> 32
