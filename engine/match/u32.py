"""u32: numbers anywhere in the packet.

    -m u32 [!] --u32 "TESTS"

    TESTS:    LOCATION "=" VALUES [ "&&" LOCATION "=" VALUES ]...
    VALUES:   VALUE[:VALUE] [ "," VALUE[:VALUE] ]...
    LOCATION: NUMBER [ OPERATOR NUMBER ]...      OPERATOR: "&" "<<" ">>" "@"

A location begins as the 32 bits at that offset from the IP header; & << >> change the number; @ takes it as a step
forward from where the last step led, and then the 32 bits at that offset from there: `0>>22&0x3C@0` is the first word
behind the IP header. All tests must be true; a location outside the packet makes a test false. At most 10 tests, 10
numbers in a location, 10 ranges of values.

Kernel peer: xt_u32. Source: iptables-extensions(8) u32.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.numbers import strtoul
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

U32: Final = 0xFFFFFFFF
LIMIT: Final = 10
OPERATORS: Final = ("&", "<<", ">>", "@")
AND: Final = 0
LEFT: Final = 1
RIGHT: Final = 2
AT: Final = 3


class Test:
    """One location and the ranges its value may lie in. steps: (operator, number), the first without meaning."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []
        self.ranges: list[tuple[int, int]] = []

    def holds(self, packet: Packet) -> bool:
        value = self._value(packet)
        if value < 0:
            return False
        return any(low <= value <= high for low, high in self.ranges)

    def _value(self, packet: Packet) -> int:
        """The number at the location, -1 when it lies outside."""
        size = len(packet.data)
        start = 0
        position = self.steps[0][1]
        if size < 4 or position > size - 4:
            return -1
        value = packet.u32(position)
        for operator, number in self.steps[1:]:
            if operator == AND:
                value &= number
            elif operator == LEFT:
                value = value << number & U32
            elif operator == RIGHT:
                value >>= number
            else:
                start += value
                if start + 4 > size or number > size - start - 4:
                    return -1
                value = packet.u32(start + number)
        return value

    def text(self) -> str:
        location = f"{self.steps[0][1]:#x}"
        for operator, number in self.steps[1:]:
            location += f"{OPERATORS[operator]}{number:#x}"
        values = [f"{low:#x}" if low == high else f"{low:#x}:{high:#x}" for low, high in self.ranges]
        return f"{location}={','.join(values)}"


class U32Match(Match):
    def __init__(self, tests: list[Test], inverted: bool) -> None:
        self.tests = tests
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        for test in self.tests:
            if not test.holds(packet):
                return self.inverted
        return not self.inverted

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        for test in self.tests:
            for operator, number in test.steps[1:]:
                if operator in (LEFT, RIGHT) and number > 31:
                    raise KernelRefusal(EINVAL, f"u32: a shift by {number} of a 32-bit number")

    def _text(self) -> str:
        return "&&".join([test.text() for test in self.tests])

    def save(self) -> str:
        return f'{bang(self.inverted)}--u32 "{self._text()}"'

    def listing(self, numeric: bool) -> str:
        return f'u32 {bang(self.inverted)}"{self._text()}"'


class Reader:
    """The text of the tests, read from left to right; complaints name the character as iptables does."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def problem(self, what: str) -> ParameterProblem:
        return ParameterProblem(f"u32: at char {self.at}: {what}")

    def skip_blanks(self) -> str:
        """The next character that is no blank, "" at the end."""
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def number(self) -> int:
        found = strtoul(self.text[self.at :], U32, whole=False)
        if found is None:
            raise self.problem("not a number or out of range")
        self.at += found[1]
        return found[0]

    def twice(self, char: str) -> None:
        """The second character of `<<`, `>>` or `&&`."""
        self.at += 1
        if self.text[self.at : self.at + 1] != char:
            raise self.problem(f"a second '{char}' was expected")
        self.at += 1

    def tests(self) -> list[Test]:
        tests: list[Test] = []
        while True:
            test = Test()
            self._location(test)
            more = self._values(test)
            tests.append(test)
            if len(tests) > LIMIT:
                raise self.problem('too many "&&"s')
            if not more:
                return tests
            self.at += 1

    def _location(self, test: Test) -> None:
        while True:
            char = self.skip_blanks()
            if char == "":
                raise ParameterProblem("u32: abrupt end of input after location specifier")
            if char == "=":
                if not test.steps:
                    raise self.problem("location spec missing")
                self.at += 1
                return
            operator = self._operator(char) if test.steps else AND
            test.steps.append((operator, self.number()))
            if len(test.steps) > LIMIT:
                raise self.problem("too many operators")

    def _operator(self, char: str) -> int:
        if char in "<>":
            self.twice(char)
            return LEFT if char == "<" else RIGHT
        if char not in "&@":
            raise self.problem("operator expected")
        self.at += 1
        return AND if char == "&" else AT

    def _values(self, test: Test) -> bool:
        """Read ranges; True when `&&` follows, with its second character still to be passed."""
        while True:
            char = self.skip_blanks()
            if char == "":
                if not test.ranges:
                    raise ParameterProblem("u32: test ended with no value specified")
                return False
            if char == "&":
                self.twice("&")
                self.at -= 1
                if not test.ranges:
                    raise self.problem("value spec missing")
                return True
            if test.ranges:
                if char != ",":
                    raise self.problem('expected "," or "&&"')
                self.at += 1
            low = high = self.number()
            if self.skip_blanks() == ":":
                self.at += 1
                high = self.number()
            test.ranges.append((low, high))
            if len(test.ranges) > LIMIT:
                raise self.problem('too many ","s')


def look(values: Values) -> None:
    Reader(values.given[-1].text).tests()


def build(values: Values) -> Extension:
    return U32Match(Reader(values.text("u32")).tests(), values.inverted("u32"))


EXTENSIONS: Final = (Spec("u32", build, (Option("u32", "text", invert=True, mandatory=True, at_once=look),)),)
