"""Matches that may throw the packet away."""

from __future__ import annotations

from engine.core.extension import Match


class Dropping(Match):
    """A match that drops packets whose transport header is cut short, instead of just not matching (hotdrop)."""

    def __init__(self) -> None:
        self.dropping = False

    def drops(self) -> bool:
        return self.dropping
