"""time: the date and the time of day.

    -m time [--datestart DATE] [--datestop DATE]  [--timestart hh:mm[:ss]] [--timestop hh:mm[:ss]]
            [[!] --monthdays DAY[,DAY]...]  [[!] --weekdays DAY[,DAY]...]
            [--contiguous]  [--utc | --kerneltz]

DATE: YYYY[-MM[-DD[Thh[:mm[:ss]]]]], 1970 to 2038. Weekdays: Mon to Sun, or 1 (Monday) to 7; the first two letters
count. All that is asked must be true when the packet is looked at. A time window whose stop is before its start goes
over midnight; with --contiguous the part after midnight belongs to the day before. Times are UTC, with --kerneltz in
the kernel's time zone (which knows no daylight saving time). Both ends of a window belong to it.

Kernel peer: xt_time. Source: iptables-extensions(8) time; kernel behaviour, measured.
"""

from __future__ import annotations

import re
from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.numbers import strtoul
from engine.core.packet import Packet
from engine.core.values import Values

DAY: Final = 86400
LAST_SECOND: Final = DAY - 1
ALL_MONTHDAYS: Final = 0xFFFFFFFE
ALL_WEEKDAYS: Final = 0xFE
LAST_DATE: Final = 0x7FFFFFFF
WEEKDAYS: Final = ("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
THURSDAY: Final = 4  # 1 January 1970
U32: Final = 0xFFFFFFFF
U64: Final = 0xFFFFFFFFFFFFFFFF
NUMBER: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]*)")
LOCALTZ_WARNING: Final = (
    'WARNING: --localtz is being replaced by --kerneltz, since "local" is ambiguous. Note the kernel timezone has '
    "caveats - see manpage for details.\n"
)


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1 January 1970 of a date in the Gregorian calendar; month and day may lie outside their bounds."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year + day - 1 - 719468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """(year, month, day) of a number of days since 1 January 1970."""
    days += 719468
    era = days // 146097
    day_of_era = days - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year_of_era + era * 400 + (month <= 2), month, day


class Time(Match):
    def __init__(self) -> None:
        self.date_start = 0  # seconds since 1970
        self.date_stop = LAST_DATE
        self.time_start = 0  # seconds since midnight
        self.time_stop = LAST_SECOND
        self.monthdays = ALL_MONTHDAYS
        self.weekdays = ALL_WEEKDAYS
        self.kernel_zone = False
        self.contiguous = False

    def matches(self, packet: Packet, context: Context) -> bool:
        environment = context.shared.environment
        stamp = int(environment.wall_clock())
        if self.kernel_zone:
            stamp += environment.kernel_timezone_offset()
        if not self.date_start <= stamp <= self.date_stop:
            return False
        second = stamp % DAY
        if self.time_start < self.time_stop:
            if not self.time_start <= second <= self.time_stop:
                return False
        else:
            if self.time_stop < second < self.time_start:
                return False
            if self.contiguous and second <= self.time_stop:
                stamp -= DAY
        days = stamp // DAY
        if not self.weekdays >> ((days + THURSDAY - 1) % 7 + 1) & 1:
            return False
        return self.monthdays == ALL_MONTHDAYS or self.monthdays >> civil_from_days(days)[2] & 1 != 0

    def _whole_day(self) -> bool:
        return self.time_start == 0 and self.time_stop == LAST_SECOND

    def save(self) -> str:
        parts = []
        if not self._whole_day():
            parts.append(f"--timestart {clock_text(self.time_start)} --timestop {clock_text(self.time_stop)}")
        if self.monthdays != ALL_MONTHDAYS:
            parts.append("--monthdays " + ",".join([str(day) for day in range(1, 32) if self.monthdays >> day & 1]))
        if self.weekdays != ALL_WEEKDAYS:
            parts.append(f"--weekdays {self._weekdays_text()}")
        if self.date_start:
            parts.append(f"--datestart {date_text(self.date_start, 'T')}")
        if self.date_stop:
            parts.append(f"--datestop {date_text(self.date_stop, 'T')}")
        if self.kernel_zone:
            parts.append("--kerneltz")
        if self.contiguous:
            parts.append("--contiguous")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        text = "TIME"
        if not self._whole_day():
            text += f" from {clock_text(self.time_start)} to {clock_text(self.time_stop)}"
        if self.weekdays != ALL_WEEKDAYS:
            text += f" on {self._weekdays_text()}"
        if self.monthdays != ALL_MONTHDAYS:
            text += " on " + ",".join([ordinal(day) for day in range(1, 32) if self.monthdays >> day & 1])
        if self.date_start:
            text += f" starting from {date_text(self.date_start, ' ')}"
        if self.date_stop != LAST_DATE:
            text += f" until date {date_text(self.date_stop, ' ')}" if self.date_stop else " until date"
        if not self.kernel_zone:
            text += " UTC"
        return text + (" contiguous" if self.contiguous else "")

    def _weekdays_text(self) -> str:
        return ",".join([WEEKDAYS[day] for day in range(1, 8) if self.weekdays >> day & 1])


def clock_text(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def date_text(stamp: int, separator: str) -> str:
    year, month, day = civil_from_days(stamp // DAY)
    return f"{year:04d}-{month:02d}-{day:02d}{separator}{clock_text(stamp % DAY)}"


def ordinal(day: int) -> str:
    """1st, 2nd, 3rd ... 11st, as iptables writes it."""
    return str(day) + {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _number(text: str) -> tuple[int, str]:
    """(number, what follows) as strtoul reads it, cut to 32 bits; 0 without digits."""
    found = NUMBER.match(text)
    assert found is not None
    if not found.group(2):
        return 0, text
    value = min(int(found.group(2)[:40]), U64)
    return (-value if found.group(1) == "-" else value) & U32, text[found.end() :]


def read_date(text: str) -> int:
    """Seconds since 1970. Parts left out are the first month, day, hour ...; day 0 is the day before the first."""
    parts = [0, 1, 1, 0, 0, 0]
    rest = text
    for index, (high, separator) in enumerate(
        ((2038, "-"), (12, "-"), (31, "T"), (23, ":"), (59, ":"), (59, "")),
    ):
        parts[index], rest = _number(rest)
        low = 1970 if index == 0 else 0
        if not low <= parts[index] <= high or (rest and rest[0] != separator):
            raise ParameterProblem(f'Invalid date "{text}" specified. Should be YYYY[-MM[-DD[Thh[:mm[:ss]]]]]')
        if not rest:
            break
        rest = rest[1:]
    year, month, day, hour, minute, second = parts
    stamp = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second
    if stamp < 0:
        raise ParameterProblem("mktime returned an error\n")
    return stamp


def read_clock(text: str) -> int:
    """Seconds since midnight of `hh:mm[:ss]`."""
    seconds = 0
    rest = text
    for index, (high, unit) in enumerate(((23, 3600), (59, 60), (59, 1))):
        part = rest
        value, rest = _number(part)
        may_end = index > 0
        if value > high or (rest[:1] != ":" if rest and index < 2 else bool(rest) or not may_end):
            raise ParameterProblem(
                f'invalid time "{part}" specified, should be hh:mm[:ss] format and within the boundaries'
            )
        seconds += value * unit
        if not rest:
            break
        rest = rest[1:]
    return seconds


def segments(text: str, size: int) -> list[str]:
    """Parts between commas, cut to so many characters; nothing behind a last comma."""
    parts = text.split(",")
    if parts[-1] == "":
        parts.pop()
    return [part[:size] for part in parts]


def _day(part: str) -> int | None:
    """A number with a sign perhaps; nothing at all is 0, a negative one huge."""
    if part[:1] != "-":
        found = strtoul(part, 999) if part else (0, 0)
        return None if found is None else found[0]
    found = strtoul(part[1:], 99)
    return None if found is None else -found[0] & U32


def read_monthdays(text: str) -> int:
    days = 0
    for part in segments(text, 2):
        day = _day(part)
        if day is None or day > 31:
            raise ParameterProblem(f"{part} is not a valid day for --monthdays")
        days |= 1 << day
    return days


def read_weekdays(text: str) -> int:
    days = 0
    for part in segments(text, 3):
        day = _day(part)
        if day is not None:
            if day == 0:
                raise ParameterProblem("No, the week does NOT begin with Sunday.")
            days |= 1 << (day & 31)
            continue
        named = [number for number, name in enumerate(WEEKDAYS) if number and part[:2] == name[:2]]
        if not named:
            raise ParameterProblem(f"{part} is not a valid day specifier")
        days |= 1 << named[0]
    return days & 0xFF


def build(values: Values) -> Extension:
    return read_options(values)


def read_options(values: Values) -> Time:
    match = Time()
    for given in values.given:
        name = given.option.name
        if name == "datestart":
            match.date_start = read_date(given.text)
        elif name == "datestop":
            match.date_stop = read_date(given.text)
        elif name == "timestart":
            match.time_start = read_clock(given.text)
        elif name == "timestop":
            match.time_stop = read_clock(given.text)
        elif name == "monthdays":
            match.monthdays = read_monthdays(given.text) ^ (ALL_MONTHDAYS if given.inverted else 0)
        elif name == "weekdays":
            match.weekdays = read_weekdays(given.text) ^ (ALL_WEEKDAYS if given.inverted else 0)
    match.kernel_zone = values.has("kerneltz") or values.has("localtz")
    match.contiguous = values.has("contiguous")
    return match


def look(values: Values) -> None:
    read_options(values)


def warn_of_localtz(values: Values) -> None:
    values.warnings.append(LOCALTZ_WARNING)


def final(values: Values) -> None:
    match = read_options(values)
    if match.contiguous and match.time_start < match.time_stop:
        raise ParameterProblem("time: --contiguous only makes sense when stoptime is smaller than starttime")


EXTENSIONS: Final = (
    Spec(
        "time",
        build,
        (
            Option("contiguous"),
            Option("datestart", "text", at_once=look),
            Option("datestop", "text", at_once=look),
            Option("kerneltz"),
            Option("localtz", excludes=("utc",), at_once=warn_of_localtz),
            Option("monthdays", "text", invert=True, at_once=look),
            Option("timestart", "text", at_once=look),
            Option("timestop", "text", at_once=look),
            Option("utc", excludes=("localtz", "kerneltz")),
            Option("weekdays", "text", invert=True, at_once=look),
        ),
        final=final,
    ),
)
