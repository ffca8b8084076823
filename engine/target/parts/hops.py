"""Changing the time to live (IPv4) or hop limit (IPv6): what TTL and HL have in common.

Options:
    --PREFIX-set N      0 to 255
    --PREFIX-dec N      1 to 255, stops at 0
    --PREFIX-inc N      1 to 255, stops at 255
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Option, ParameterProblem, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE

SET: Final = "set"
DEC: Final = "dec"
INC: Final = "inc"

WORDS: Final[dict[str, str]] = {SET: "set to", DEC: "decrement by", INC: "increment by"}


class Hops(Target):
    """name: TTL or HL; mode: set, dec or inc."""

    def __init__(self, name: str, mode: str, number: int) -> None:
        self.name = name
        self.mode = mode
        self.number = number

    def save(self) -> str:
        return f"--{self.name.lower()}-{self.mode} {self.number}"

    def listing(self, numeric: bool) -> str:
        return f"{self.name} {WORDS[self.mode]} {self.number}"

    def apply(self, packet: Packet, context: Context) -> int:
        old = packet.ttl
        if self.mode == SET:
            new = self.number
        elif self.mode == DEC:
            new = max(0, old - self.number)
        else:
            new = min(255, old + self.number)
        if new != old:
            packet.set_ttl(new)
        return CONTINUE


def hops_options(prefix: str) -> tuple[Option, ...]:
    names = tuple(f"{prefix}-{mode}" for mode in (SET, DEC, INC))
    named_first = tuple(f"{prefix}-{mode}" for mode in (SET, INC, DEC))  # of two that exclude a third
    return tuple(
        Option(
            name,
            "u8",
            low=0 if name.endswith(SET) else 1,
            high=255,
            excludes=tuple(other for other in named_first if other != name),
        )
        for name in names
    )


def require_action(name: str, values: Values) -> None:
    if not values.given:
        raise ParameterProblem(f"{name}: You must specify an action")


def build_hops(name: str, values: Values) -> Target:
    given = values.given[0]
    number = given.value
    assert isinstance(number, int)
    return Hops(name, given.option.name[-3:], number)
