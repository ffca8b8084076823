"""Matches that iptables accepts and this engine cannot carry out: known by name and refused with the reason."""

from __future__ import annotations

from engine.core.context import Context
from engine.core.extension import Extension, Match
from engine.core.packet import Packet
from engine.core.values import BETWEEN_TWO, Values
from engine.match.parts.text import bang


class Unread(Match):
    """The options of a refused match as they were given, so that a ruleset can still be printed."""

    def __init__(self, options: list[tuple[str, bool, str]]) -> None:
        self.options = options  # (name, inverted, text)

    def matches(self, packet: Packet, context: Context) -> bool:
        raise NotImplementedError

    def save(self) -> str:
        return " ".join([f"{bang(inverted)}--{name} {text}".rstrip() for name, inverted, text in self.options])


def build(values: Values) -> Extension:
    return Unread([(given.option.name, given.inverted, given.text.replace(BETWEEN_TWO, " ")) for given in values.given])
