"""Bob Jenkins' hash of a few 32-bit words (lookup3), as the kernel computes it.

Source: "A hash function for hash table lookup", Bob Jenkins 2006 (public domain).
"""

from __future__ import annotations

from typing import Final

U32: Final = 0xFFFFFFFF
START: Final = 0xDEADBEEF

# (which of a, b, c is mixed, with which other, rotated by how much), in order
LAST_ROUNDS: Final = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))
# the same for words that others follow: (mixed, with which, rotation, the third that grows)
ROUNDS: Final = ((0, 2, 4, 1), (1, 0, 6, 2), (2, 1, 8, 0), (0, 2, 16, 1), (1, 0, 19, 2), (2, 1, 4, 0))


def rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & U32


def jhash(words: list[int], seed: int) -> int:
    """The hash of one to six words."""
    start = START + (len(words) << 2) + seed & U32
    state = [start, start, start]
    if len(words) > 3:
        for place in range(3):
            state[place] = state[place] + words[place] & U32
        for target, source, bits, third in ROUNDS:
            state[target] = (state[target] - state[source] & U32) ^ rotate(state[source], bits)
            state[source] = state[source] + state[third] & U32
        words = words[3:]
    for place, word in enumerate(words):
        state[place] = state[place] + word & U32
    for target, source, bits in LAST_ROUNDS:
        state[target] = ((state[target] ^ state[source]) - rotate(state[source], bits)) & U32
    return state[2]


def jhash_3words(first: int, second: int, third: int, seed: int) -> int:
    return jhash([first, second, third], seed)


def scale(value: int, limit: int) -> int:
    """A 32-bit number spread evenly over 0 to limit - 1."""
    return value * limit >> 32
