"""The time match: rules against moments, and its calendar against the standard library's."""

from __future__ import annotations

import calendar
import shlex
import time

import nat_packets as p
import pytest

from engine.core.context import Context, Environment, Randomness, Shared
from engine.core.extension import Match
from engine.core.hooks import FORWARD, IPV4
from engine.core.packet import Packet
from engine.language.rule import parse_rule

PACKET = Packet(p.udp("10.0.1.2", "10.0.2.9", 1000, 53))


def the_match(options: str) -> Match:
    (named,) = parse_rule(shlex.split(f"-m time {options}"), IPV4, "filter", "FORWARD").matches
    return named.match


def at(stamp: float, zone: int = 0) -> Context:
    """zone: seconds east of UTC of the kernel's time zone."""
    environment = Environment()
    environment.time = stamp
    environment.kernel_zone = zone
    return Context(Shared(environment, Randomness()), IPV4, FORWARD, 0.0)


TIMES = """
--timestart 09:00 --timestop 17:00              | 2026-03-02T09:00:00+ 2026-03-02T08:59:59- 2026-03-02T17:00:00+
--timestart 09:00 --timestop 17:00              | 2026-03-02T17:00:01- 2026-03-02T00:00:00-
--timestart 22:00 --timestop 06:00              | 2026-03-02T23:00:00+ 2026-03-02T05:59:59+ 2026-03-02T06:00:01-
--timestart 22:00 --timestop 06:00              | 2026-03-02T12:00:00-
--timestart 12:00:30 --timestop 12:00:31        | 2026-03-02T12:00:30+ 2026-03-02T12:00:31+ 2026-03-02T12:00:32-
--weekdays Mon                                  | 2026-03-02T00:00:00+ 2026-03-02T23:59:59+ 2026-03-03T00:00:00-
--weekdays Sa,Su                                | 2026-03-07T12:00:00+ 2026-03-08T12:00:00+ 2026-03-09T12:00:00-
! --weekdays 6,7                                | 2026-03-07T12:00:00- 2026-03-09T12:00:00+
--monthdays 1,31                                | 2026-03-01T12:00:00+ 2026-03-31T12:00:00+ 2026-03-02T12:00:00-
! --monthdays 1,31                              | 2026-03-01T12:00:00- 2026-03-02T12:00:00+
--monthdays 29                                  | 2024-02-29T12:00:00+ 2023-03-01T12:00:00- 2000-02-29T00:00:00+
--monthdays 1 --weekdays Sun                    | 2026-03-01T12:00:00+ 2026-03-08T12:00:00- 2026-04-01T12:00:00-
--datestart 2026-03-02                          | 2026-03-02T00:00:00+ 2026-03-01T23:59:59- 2037-01-01T00:00:00+
--datestop 2026-03-02T12:00                     | 2026-03-02T12:00:00+ 2026-03-02T12:00:01- 1990-01-01T00:00:00+
--datestart 2026 --datestop 2026-12-31T23:59:59 | 2026-07-01T00:00:00+ 2025-12-31T23:59:59- 2027-01-01T00:00:00-
--timestart 22:00 --timestop 06:00 --weekdays Fri              | 2026-03-06T23:00:00+ 2026-03-07T05:00:00-
--timestart 22:00 --timestop 06:00 --weekdays Fri              | 2026-03-06T05:00:00+
--timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous | 2026-03-06T23:00:00+ 2026-03-07T05:00:00+
--timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous | 2026-03-06T05:00:00- 2026-03-07T23:00:00-
--timestart 22:00 --timestop 06:00 --monthdays 1 --contiguous  | 2026-03-02T05:00:00+ 2026-03-01T05:00:00-
--timestart 10:00 --timestop 11:00 --kerneltz   | 2026-03-02T08:30:00+ 2026-03-02T10:30:00-
--weekdays Tue --kerneltz                       | 2026-03-02T22:30:00+ 2026-03-03T22:30:00-
--datestart 2026-03-02 --kerneltz               | 2026-03-01T22:00:00+ 2026-03-01T21:59:59-
"""


@pytest.mark.parametrize("row", TIMES.strip().split("\n"))
def test_times(row: str) -> None:
    options, moments = row.split("|")
    match = the_match(options)
    wrong = []
    for word in moments.split():
        stamp = calendar.timegm(time.strptime(word[:-1], "%Y-%m-%dT%H:%M:%S")) + 0.9
        if match.matches(PACKET, at(stamp, 2 * 3600)) != (word[-1] == "+"):
            wrong.append(word)
    assert not wrong


def test_every_day_has_its_date() -> None:
    monthdays = {day: the_match(f"--monthdays {day}") for day in range(1, 32)}
    weekdays = [the_match(f"--weekdays {day}") for day in range(1, 8)]
    for day in range(0, 24855, 3):
        stamp = day * 86400 + 43200
        context, date = at(float(stamp)), time.gmtime(stamp)
        assert [number for number, match in monthdays.items() if match.matches(PACKET, context)] == [date.tm_mday]
        assert [number for number, match in enumerate(weekdays) if match.matches(PACKET, context)] == [date.tm_wday]
