"""What hbh and dst share: length and options of a hop-by-hop or destination options header of IPv6."""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import ParameterProblem
from engine.core.numbers import strtoul
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.text import bang, mark

OPTIONS_LIMIT: Final = 16
ANY_LENGTH: Final = 0xFF
PAD0: Final = 0  # one byte, without a length
PAD0_TEXTS: Final[dict[str, str]] = {"dst": "PAD0 hasn't got length", "hbh": "PAD0 has not got length"}


class Ipv6Options(Dropping):
    """options: (type, length of the data or 0xff for any) in the order in which they must come, from the first on."""

    def __init__(self, name: str, header: int, length: int, inverted: bool, options: list[tuple[int, int]]) -> None:
        super().__init__()
        self.name = name
        self.header = header
        self.length = length  # bytes, -1 = not asked
        self.inverted = inverted
        self.options = options

    def matches(self, packet: Packet, context: Context) -> bool:
        at, length = self.extension_header(packet, self.header, 2)
        if at < 0:
            return False
        if self.length >= 0 and (self.length == length) == self.inverted:
            return False
        return self._options_match(packet, at + 2, at + length)

    def _options_match(self, packet: Packet, at: int, end: int) -> bool:
        """Are these the first options, one after the other? One of type 0 is a single byte, others have a length."""
        data = packet.data
        for number, (kind, wanted) in enumerate(self.options):
            if at >= end or data[at] != kind:
                return False
            if kind == PAD0:
                step = 1
            else:
                if at + 1 >= end:
                    return False
                if wanted not in (ANY_LENGTH, data[at + 1]):
                    return False
                step = data[at + 1] + 2
            if at + step > end and number < len(self.options) - 1:
                return False
            at += step
        return True

    def _options_text(self) -> str:
        return ",".join([str(kind) if size == ANY_LENGTH else f"{kind}:{size}" for kind, size in self.options])

    def save(self) -> str:
        parts = []
        if self.length >= 0:
            parts.append(f"{bang(self.inverted)}--{self.name}-len {self.length}")
        if self.options:
            parts.append(f"--{self.name}-opts {self._options_text()}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        text = self.name
        if self.length >= 0:
            text += f" length:{mark(self.inverted)}{self.length}"
        if self.options:
            text += f" opts {self._options_text()}"
        return text


def read_options(text: str, name: str) -> list[tuple[int, int]]:
    """`1:2,3` as (type, length) pairs; numbers are cut to 8 bits."""
    options: list[tuple[int, int]] = []
    for part in text.split(","):
        kind, colon, size = part.partition(":")
        if len(options) == OPTIONS_LIMIT:
            raise ParameterProblem("too many addresses specified")
        number = _number(kind, "opt", name)
        if colon and number == PAD0:
            raise ParameterProblem(PAD0_TEXTS[name])
        options.append((number, _number(size, "length", name) if colon else ANY_LENGTH))
    return options


def _number(text: str, what: str, name: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text[1:] if sign < 0 else text
    found = strtoul(digits, 1 << 256, whole=False)
    if found is None:
        raise ParameterProblem(f"{name}: no valid digits in {what} `{text}'")
    if found[0] > 0xFFFFFFFFFFFFFFFF:
        raise ParameterProblem(f"{what} `{text}' specified too big: would overflow")
    if found[1] != len(digits):
        raise ParameterProblem(f"{name}: error parsing {what} `{text}'")
    return sign * found[0] & 0xFF


def build(values: Values, name: str, header: int) -> Ipv6Options:
    length = values.number(f"{name}-len", -1)
    given = values.find(f"{name}-opts")
    options = read_options(given.text, name) if given is not None else []
    return Ipv6Options(name, header, length, values.inverted(f"{name}-len"), options)
