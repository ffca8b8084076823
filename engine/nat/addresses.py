"""Which address of a range a connection gets.

    one address only      that one
    a range               by a hash of source and destination address: the same pair of hosts always gets the same one
    --persistent          by a hash of the source address alone

The hash has no secret: the kernel's choice survives a reboot, and this one equals it, address for address. It is
taken over the source as four 32-bit words, as they lie in a little-endian machine's memory. IPv6 ranges are walked word
by word: while the words chosen so far equal those of the upper end, the next word is limited by the range, behind that
it is free.

Source: iptables-extensions(8) SNAT and DNAT (--persistent); measured on Linux 6.18 (x86_64).
"""

from __future__ import annotations

from typing import Final

from engine.core.hooks import IPV4
from engine.core.jhash import jhash

MASK: Final = 0xFFFFFFFF


def words(address: int, family: int) -> list[int]:
    """The address as 32-bit words, most significant first: one for IPv4, four for IPv6."""
    if family == IPV4:
        return [address]
    return [address >> 96, address >> 64 & MASK, address >> 32 & MASK, address & MASK]


def _swapped(word: int) -> int:
    return (word & 0xFF) << 24 | (word & 0xFF00) << 8 | word >> 8 & 0xFF00 | word >> 24


def choose(family: int, src: int, dst: int, low: int, high: int, persistent: bool, zone: int, maps_source: bool) -> int:
    """An address from low to high for a connection from `src` to `dst`.

    maps_source: the choice takes the place of the source, else of the destination.
    """
    if low == high:
        return low
    source = [_swapped(word) for word in words(src, family)]
    while len(source) < 4:
        source.append(0)
    destination = [_swapped(word) for word in words(dst, family)]
    initial = 0 if persistent else destination[-1] ^ zone
    value = jhash(source, initial)
    chosen = 0
    free = False
    lows = words(low, family)
    highs = words(high, family)
    for index, lowest in enumerate(lows):
        if free:
            word = value * MASK >> 32
        else:
            word = (lowest + (value * (highs[index] - lowest + 1 & MASK) >> 32)) & MASK
        chosen = chosen << 32 | word
        free = free or word != highs[index]
        if not persistent:
            # a mapped destination has already taken the place of the old one
            value ^= destination[index] if maps_source else _swapped(word)
    return chosen
