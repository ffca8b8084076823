"""What the ICMP and ICMPv6 matches share: a type with an optional range of codes."""

from __future__ import annotations

from engine.core.context import Context
from engine.core.extension import ParameterProblem
from engine.core.numbers import strtoul
from engine.core.packet import Packet
from engine.match.parts.dropping import Dropping
from engine.match.parts.text import bang, mark

# One row of a table of names: (name, type, lowest code, highest code)
TypeName = tuple[str, int, int, int]


def read_type(text: str, names: tuple[TypeName, ...], protocol: str) -> tuple[int, int, int]:
    """(type, lowest code, highest code) of a name, an unambiguous beginning of one, TYPE, TYPE/CODE or
    TYPE/CODE:CODE.
    """
    word = text.lower()
    found: TypeName | None = None
    for row in names:
        if row[0].lower().startswith(word):
            if found is not None:
                raise ParameterProblem(f"Ambiguous {protocol} type `{text}': `{found[0]}' or `{row[0]}'?")
            if row[0].lower() == word:
                return row[1], row[2], row[3]
            found = row
    if found is not None:
        return found[1], found[2], found[3]
    kinds = _read_range(text)
    if kinds is None:
        raise ParameterProblem(f"Unknown {protocol} type `{text}'")
    first, last, end = kinds
    low, high = 0, 255
    rest = text[end:]
    if rest[:1] == "/":
        codes = _read_range(rest[1:])
        if codes is None:
            raise ParameterProblem(f"Unknown {protocol} code `{text}'")
        low, high, end = codes
        rest = rest[1 + end :]
    if rest:
        raise ParameterProblem(f"unknown character {rest[0]}")
    if first != last:
        raise ParameterProblem(f"{protocol} type range not supported")
    return first, low, high


def _read_range(text: str) -> tuple[int, int, int] | None:
    """(low, high, where it ends) of the number, or the two with a colon between, that a text begins with."""
    first = strtoul(text, 255, whole=False)
    if first is None or text[first[1] : first[1] + 1] != ":":
        return None if first is None else (first[0], first[0], first[1])
    start = first[1] + 1
    second = strtoul(text[start:], 255, whole=False)
    return None if second is None else (first[0], second[0], start + second[1])


def types_help(names: tuple[TypeName, ...], protocol: str) -> str:
    """The names for -h, in the form in which firewalld reads them: other names of a row in brackets, codes indented."""
    lines: list[str] = []
    before: TypeName | None = None
    for row in names:
        if before is not None and row[1:] == before[1:]:
            lines[-1] += f" ({row[0]})"
        else:
            lines.append(row[0] if row[2:] == (0, 255) else f"   {row[0]}")
        before = row
    return f"Valid {protocol} Types:\n" + "".join([f"{line}\n" for line in lines])


def type_name(kind: int, low: int, high: int, names: tuple[TypeName, ...]) -> str:
    """The first name for exactly this type and these codes, "" if it has none."""
    for row in names:
        if row[1:] == (kind, low, high):
            return row[0]
    return ""


class IcmpType(Dropping):
    """Type and code of an ICMP or ICMPv6 message.

    listed_as, option_name and names are the protocol's; wildcard: a type that stands for all, -1 if there is none.
    """

    listed_as = ""
    option_name = ""
    names: tuple[TypeName, ...] = ()
    wildcard = -1

    def __init__(self, kind: int, low: int, high: int, inverted: bool) -> None:
        super().__init__()
        self.kind = kind
        self.low = low
        self.high = high
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        if not self.has_transport(packet, 8):
            return False
        data = packet.data
        at = packet.l4
        hit = self.kind == self.wildcard or (data[at] == self.kind and self.low <= data[at + 1] <= self.high)
        return hit != self.inverted

    def save(self) -> str:
        value = str(self.kind)
        if self.kind == self.wildcard:
            value = "any"
        elif (self.low, self.high) != (0, 255):
            value += f"/{self.low}"
        return f"{bang(self.inverted)}--{self.option_name} {value}"

    def listing(self, numeric: bool) -> str:
        name = "" if numeric else type_name(self.kind, self.low, self.high, self.names)
        if name:
            return f"{self.listed_as} {mark(self.inverted)}{name}"
        text = f"{self.listed_as} !type {self.kind}" if self.inverted else f"{self.listed_as}type {self.kind}"
        if self.low == self.high:
            text += f" code {self.low}"
        elif (self.low, self.high) != (0, 255):
            text += f" codes {self.low}-{self.high}"
        return text
