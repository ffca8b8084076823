"""Matches that remember something: the plays of `match_plays.py`, on the engine and on the kernel's own tables."""

from __future__ import annotations

import pytest
from match_play import Play, perform
from match_plays import ALL
from match_stages import EngineStage, ask
from real_iptables import probe


def wrong(play: Play, said: list[str], who: str) -> list[str]:
    return [
        f"{play}: {row.rule}: written {row.says}, {who} {says}"
        for row, says in zip(play.rows, said, strict=True)
        if says != row.says
    ]


@pytest.mark.parametrize("play", ALL, ids=str)
def test_the_engine_says_what_is_written(play: Play) -> None:
    found = wrong(play, perform(play, EngineStage()), "engine")
    assert not found, "\n".join(found)


@pytest.mark.skipif(not probe("legacy")[0], reason=probe("legacy")[1])
def test_the_kernel_says_what_is_written() -> None:
    found = [line for play, said in zip(ALL, ask(), strict=True) for line in wrong(play, said, "kernel")]
    assert not found, "\n".join(found)
