"""What ttl and hl share: comparing the TTL or hop limit of a packet."""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Match, Option
from engine.core.packet import Packet
from engine.core.values import Values

SIGNS: Final[dict[str, str]] = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">"}


class Hop(Match):
    """comparison: eq, ne, lt or gt. name: `ttl` or `hl`, as the options begin."""

    def __init__(self, name: str, comparison: str, value: int) -> None:
        self.name = name
        self.comparison = comparison
        self.value = value

    def matches(self, packet: Packet, context: Context) -> bool:
        there = packet.ttl
        if self.comparison == "eq":
            return there == self.value
        if self.comparison == "ne":
            return there != self.value
        if self.comparison == "lt":
            return there < self.value
        return there > self.value

    def save(self) -> str:
        if self.comparison == "ne":
            return f"! --{self.name}-eq {self.value}"
        return f"--{self.name}-{self.comparison} {self.value}"

    def listing(self, numeric: bool) -> str:
        word = self.name.upper()
        return f"{word} match {word} {SIGNS[self.comparison]} {self.value}"


def options(name: str, aliases: tuple[str, ...] = ()) -> tuple[Option, ...]:
    less, more, equal = f"{name}-lt", f"{name}-gt", f"{name}-eq"
    return (
        Option(less, "u8", excludes=(equal, more)),
        Option(more, "u8", excludes=(equal, less)),
        Option(equal, "u8", invert=True, excludes=(less, more), aliases=aliases),
    )


def build(values: Values, name: str) -> Hop:
    given = values.given[0]
    comparison = given.option.name.removeprefix(f"{name}-")
    assert isinstance(given.value, int)
    return Hop(name, "ne" if given.inverted else comparison, given.value)
