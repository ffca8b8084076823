"""statistic: every n-th packet, or packets at random.

    -m statistic --mode random [!] --probability P
    -m statistic --mode nth    [!] --every N --packet P

random: a packet matches with probability P (0 to 1, kept in steps of 2**-31). nth: packets P, P+N, P+2N ... match,
counted from 0; inverted all others. As in legacy tables, any change to a table starts the counting anew.

Kernel peer: xt_statistic. Source: iptables-extensions(8) statistic; the order of P measured.
"""

from __future__ import annotations

import math
from typing import Final

from engine.core.context import Context, Shared
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

WHOLE: Final = 0x80000000
U32: Final = 0xFFFFFFFF


class Random(Match):
    def __init__(self, probability: int, inverted: bool) -> None:
        self.probability = probability  # in units of 2**-31
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (context.shared.randomness.u32() & 0x7FFFFFFF < self.probability) != self.inverted

    def _share(self) -> str:
        return f"probability {self.probability / WHOLE:.11f}"

    def save(self) -> str:
        return f"--mode random {bang(self.inverted)}--{self._share()}"

    def listing(self, numeric: bool) -> str:
        return f"statistic mode random {bang(self.inverted)}{self._share()}"


class Nth(Match):
    def __init__(self, every: int, packet: int, inverted: bool) -> None:
        self.every = every
        self.packet = packet
        self.inverted = inverted
        self.count = every - 1 - packet

    def matches(self, packet: Packet, context: Context) -> bool:
        self.count = 0 if self.count == self.every - 1 else self.count + 1
        return (self.count == 0) != self.inverted

    def installed(self, shared: Shared) -> None:
        self.count = self.every - 1 - self.packet

    def save(self) -> str:
        return f"--mode nth {bang(self.inverted)}--every {self.every} --packet {self.packet}"

    def listing(self, numeric: bool) -> str:
        text = f"statistic mode nth {bang(self.inverted)}every {self.every}"
        return f"{text} packet {self.packet}" if self.packet else text


def share_of(probability: float) -> int:
    return 0 if math.isnan(probability) else math.floor(probability * WHOLE + 0.5)


def build(values: Values) -> Extension:
    if values.text("mode") == "random":
        return Random(share_of(values.real("probability")), values.inverted("probability"))
    return Nth(values.number("every"), values.number("packet"), values.inverted("every"))


def look_at_mode(values: Values) -> None:
    mode = values.given[-1].text
    if mode not in ("random", "nth"):
        raise ParameterProblem(f'Bad mode "{mode}"')


def final(values: Values) -> None:
    """iptables takes the mode for random as long as none is given."""
    mode = values.text("mode", "random")
    if mode == "random" and not values.has("probability"):
        raise ParameterProblem("--probability must be specified when using random mode")
    if mode == "nth" and not values.has("every") and not values.has("packet"):
        raise ParameterProblem("--every and --packet must be specified when using nth mode")
    if values.has("packet") and values.number("packet") > _first_number(values):
        raise ParameterProblem("the --packet p must be 0 <= p <= n-1")


def _first_number(values: Values) -> int:
    """--every and --probability are kept in the same place, which is looked at whatever the mode."""
    number = 0
    for item in values.given:
        if item.option.name == "every":
            number = values.number("every") - 1
        elif item.option.name == "probability":
            number = share_of(values.real("probability"))
    return number


EXTENSIONS: Final = (
    Spec(
        "statistic",
        build,
        (
            Option("mode", "text", mandatory=True, at_once=look_at_mode),
            Option("probability", "double", invert=True, excludes=("every", "packet"), low=0, high=1),
            Option("every", "u32", invert=True, excludes=("probability",), also=("packet",), low=1),
            Option("packet", "u32", excludes=("probability",), also=("every",)),
        ),
        final=final,
    ),
)
