"""Ranges of 32-bit identifiers (SPI, CPI, fragment id, segments left) as ah, esp, ipcomp, frag and rt have them."""

from __future__ import annotations

from typing import Final

from engine.core.values import Values
from engine.match.parts.text import bang, listed_range, span

ALL: Final = 0xFFFFFFFF


class IdRange:
    def __init__(self, low: int, high: int, inverted: bool) -> None:
        self.low = low
        self.high = high
        self.inverted = inverted

    def holds(self, value: int) -> bool:
        return (self.low <= value <= self.high) != self.inverted

    def option(self, name: str) -> str:
        """`! --name 5:7`; nothing for the whole range, inverted or not."""
        if self.low == 0 and self.high == ALL:
            return ""
        return f"{bang(self.inverted)}--{name} {span(self.low, self.high)}"

    def listed(self, name: str) -> str:
        return listed_range(name, self.low, self.high, ALL, self.inverted)


def read_range(values: Values, name: str, default: tuple[int, int] = (0, ALL)) -> IdRange:
    low, high = values.pair(name, default)
    return IdRange(low, high, values.inverted(name))
