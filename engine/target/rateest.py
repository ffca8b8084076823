"""RATEEST: estimate the rate of the packets that meet the rule.

    -j RATEEST --rateest-name NAME --rateest-interval TIME --rateest-ewmalog TIME

TIME: a number followed by s, sec, secs, ms, msec, msecs, us, usec, usecs or nothing (microseconds). Intervals become
250 ms times a power of two up to 8 s; the averaging time is the interval times a power of two. Only the rateest match
reads the estimate, and it is not among the matches here; so nothing is estimated.

Kernel peer: xt_RATEEST. Source: iptables-extensions(8), RATEEST.
"""

from __future__ import annotations

import re
from math import log
from typing import Final

from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.values import Values

NAME_LENGTH: Final = 15
SHORTEST: Final = 250_000  # microseconds
INTERVALS: Final = 6  # 250 ms, 500 ms, 1 s, 2 s, 4 s, 8 s
TIME: Final = re.compile(
    r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?inf)(.*)", re.ASCII | re.DOTALL
)
UNITS: Final[dict[str, float]] = {
    **dict.fromkeys(("s", "sec", "secs"), 1_000_000.0),
    **dict.fromkeys(("ms", "msec", "msecs"), 1_000.0),
    **dict.fromkeys(("us", "usec", "usecs", ""), 1.0),
}


class RateEst(Target):
    """interval: power of two of 250 ms; ewmalog: power of two of the interval."""

    def __init__(self, name: str, interval: int, ewmalog: int) -> None:
        self.name = name
        self.interval = interval
        self.ewmalog = ewmalog

    def claim(self) -> tuple[str, str]:
        return f"RATEEST {self.name}", f"with interval {self.interval} and average {self.ewmalog}"

    def _times(self) -> tuple[str, str]:
        interval = SHORTEST << self.interval
        return duration(interval), duration(interval << self.ewmalog)

    def save(self) -> str:
        interval, average = self._times()
        return f"--rateest-name {self.name} --rateest-interval {interval} --rateest-ewmalog {average}"

    def listing(self, numeric: bool) -> str:
        interval, average = self._times()
        return f"name {self.name} interval {interval} ewmalog {average}"


def duration(microseconds: int) -> str:
    """As the C tool prints it, from 32 bits: 8192 s are "3897.0s"."""
    microseconds &= 0xFFFFFFFF
    if microseconds >= 1_000_000:
        return f"{microseconds / 1_000_000:.1f}s"
    return f"{microseconds / 1_000:.1f}ms" if microseconds >= 1_000 else f"{microseconds}us"


def read_time(values: Values, option: str) -> int:
    """Microseconds as the C tool keeps them, cut to 32 bits; 0 if the option is missing."""
    if not values.has(f"rateest-{option}"):
        return 0
    text = values.text(f"rateest-{option}")
    found = TIME.fullmatch(text)
    unit = UNITS.get(found.group(2).lower()) if found is not None else None
    if found is None or unit is None:
        raise ParameterProblem(f'RATEEST: bad {option} value "{text}"')
    number = float(found.group(1)) * unit
    return int(number) & 0xFFFFFFFF if abs(number) < 2**63 else 0


def look(values: Values) -> None:
    read_time(values, values.given[-1].option.name.removeprefix("rateest-"))


def interval_power(interval: int) -> int:
    """Power of two of 250 ms that holds the interval, -1 if it is too long."""
    return next((power for power in range(INTERVALS) if interval <= SHORTEST << power), -1)


def average_power(average: int, interval: int) -> int:
    """ewmalog: the largest power whose averaging time, interval / -ln(1 - 2^-power), is not above the one wanted."""
    power = 1
    while power < 32 and interval / -log(1 - 2**-power) <= average:
        power += 1
    return power - 1


def final(values: Values) -> None:
    """The order of the checks is that of iptables: the averaging time comes before the name."""
    interval = read_time(values, "interval")
    average = read_time(values, "ewmalog")
    if interval_power(interval) < 0:
        raise ParameterProblem("RATEEST: interval value is too large")
    if not 1 <= average_power(average, interval) <= 30:
        raise ParameterProblem("RATEEST: ewmalog value is out of range")


def build(values: Values) -> Target:
    interval = read_time(values, "interval")
    name = values.string("rateest-name")
    return RateEst(name, interval_power(interval), average_power(read_time(values, "ewmalog"), interval))


OPTIONS: Final = (
    Option("rateest-name", "string:cut", high=NAME_LENGTH, mandatory=True),
    Option("rateest-interval", "text", at_once=look),
    Option("rateest-ewmalog", "text", at_once=look),
)

EXTENSIONS: Final = (Spec("RATEEST", build, OPTIONS, final=final),)
