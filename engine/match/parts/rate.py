"""Rates as limit and hashlimit read and print them: so many packets a second, minute, hour or day.

A rate is kept as its period: scale * seconds / packets, a whole number. What is printed is the rate of that period,
which need not be the one that was asked for (7000/s becomes 10000/s with the scale of 10000).
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import ParameterProblem
from engine.core.numbers import atoi

UNITS: Final = (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400))
# As printed, from the longest unit to the shortest.
PRINTED: Final = (("day", 86400), ("hour", 3600), ("min", 60), ("sec", 1))


def read_rate(text: str, scale: int, bits: int = 32) -> tuple[int, int] | None:
    """(period, seconds of the unit), or None if the text is no rate. Without unit it is per second.

    bits: width of the number of packets.
    """
    seconds = 1
    _number, slash, unit = text.partition("/")
    if slash:
        found = [value for name, value in UNITS if unit and name.startswith(unit.lower())]
        if not found:
            return None
        seconds = found[0]
    packets = atoi(text, bits)
    if packets < 0:
        packets += 1 << bits
    if packets == 0:
        return None
    period = scale * seconds // packets
    if period == 0:
        raise ParameterProblem(f'Rate too fast "{text}"')
    return period, seconds


def rate_text(period: int, scale: int) -> tuple[str, int]:
    """(`5/min`, seconds of the unit): the longest unit in which the rate still comes out well."""
    if period == 0:  # of a table of hashlimit that counts in longer units
        return "inf", PRINTED[0][1]
    chosen = PRINTED[0]
    for row in PRINTED[1:]:
        unit = row[1] * scale
        if period > unit or unit // period < unit % period:
            break
        chosen = row
    return f"{chosen[1] * scale // period}/{chosen[0]}", chosen[1]
