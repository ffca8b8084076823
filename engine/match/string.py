"""string: bytes somewhere in the packet.

    -m string --algo bm|kmp [!] --string TEXT | [!] --hex-string PATTERN  [--from OFFSET] [--to OFFSET] [--icase]

The pattern (1 to 128 bytes) must lie wholly between the offsets, counted from the first byte of the IP header: it
begins at --from (0) or later and ends before --to (65535) or at it. --icase: letters match in either case, those of
ISO 8859-1 too.
PATTERN is text with bytes between bars, `GET |2f 20|x`; a backslash takes the next character as it is. Both algorithms
find the same; the kernel's bm misses a pattern that crosses from one page of a packet into the next, kmp does not, and
here every packet is whole.

Saved as --hex-string if a byte is not printable ASCII, or if the last is a backslash.

Kernel peer: xt_string revision 1, lib/ts_bm, lib/ts_kmp. Source: iptables-extensions(8) string; measured.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT
from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.packet import Packet
from engine.core.values import Given, Values
from engine.match.parts.text import bang

PATTERN_LIMIT: Final = 128
END: Final = 0xFFFF
ALGORITHMS: Final = ("bm", "kmp")
BAR: Final = ord("|")
BACKSLASH: Final = ord("\\")
# The kernel's toupper: for it, 0xdf and 0xff are lower case letters and 0xf7 is none.
UPPER: Final = bytes(
    byte - 32 if 97 <= byte <= 122 or byte == 0xDF or (byte >= 0xE0 and byte != 0xF7) else byte for byte in range(256)
)


class String(Match):
    def __init__(self, pattern: bytes, algorithm: str, inverted: bool) -> None:
        self.pattern = pattern
        self.algorithm = algorithm
        self.inverted = inverted
        self.start = 0
        self.stop = END
        self.icase = False
        self.wanted = pattern

    def ignore_case(self) -> None:
        self.icase = True
        self.wanted = self.pattern.translate(UPPER)

    def matches(self, packet: Packet, context: Context) -> bool:
        data = packet.data.translate(UPPER) if self.icase else packet.data
        return (data.find(self.wanted, self.start, self.stop) >= 0) != self.inverted

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.start > self.stop:
            raise KernelRefusal(EINVAL, "string: --from lies behind --to")
        if self.algorithm == "fsm" or not self.pattern:
            raise KernelRefusal(EINVAL, "string: the search algorithm refuses this pattern")
        if self.algorithm not in ALGORITHMS:
            raise KernelRefusal(ENOENT, f"string: there is no search algorithm '{self.algorithm}'")

    def save(self) -> str:
        text = f"{bang(self.inverted)}--{pattern_option(self.pattern)} {pattern_text(self.pattern)}"
        text += f" --algo {self.algorithm}"
        if self.start:
            text += f" --from {self.start}"
        if self.stop != END:
            text += f" --to {self.stop}"
        return text + (" --icase" if self.icase else "")

    def listing(self, numeric: bool) -> str:
        text = f"STRING match {'!' if self.inverted else ''} {pattern_text(self.pattern)} ALGO name {self.algorithm}"
        if self.start:
            text += f" FROM {self.start}"
        if self.stop != END:
            text += f" TO {self.stop}"
        return text + (" ICASE" if self.icase else "")


def is_hex(pattern: bytes) -> bool:
    """Must this pattern be printed in hexadecimal?"""
    return pattern[-1:] == b"\\" or any(not 32 <= byte < 127 for byte in pattern)


def pattern_option(pattern: bytes) -> str:
    return "hex-string" if is_hex(pattern) else "string"


def pattern_text(pattern: bytes) -> str:
    if is_hex(pattern):
        return f'"|{pattern.hex()}|"'
    text = pattern.decode("ascii")
    return '"' + "".join([f"\\{char}" if char in '"\\' else char for char in text]) + '"'


def read_hex(text: str) -> bytes:
    """`a|00 01|b` as bytes, with iptables' complaints."""
    source = text.encode("utf-8", "surrogateescape")
    if not source:
        raise ParameterProblem("STRING must contain at least one char")
    out = bytearray()
    size = len(source)
    index = 0
    in_hex = False
    while index < size:
        char = source[index]
        escaped = char == BACKSLASH and not in_hex
        if char == BACKSLASH and in_hex:
            raise ParameterProblem("Cannot include literals in hex data")
        if char == BAR:
            in_hex = not in_hex
            while in_hex and source[index + 1 : index + 2] == b" ":
                index += 1
            index += 1
            if index >= size:
                break
        if escaped:
            if index + 1 >= size:
                raise ParameterProblem("Bad literal placement at end of string")
            out.append(source[index + 1])
            index += 2
        elif in_hex:
            out.append(_hex_byte(source, index))
            index += 3 if source[index + 2 : index + 3] == b" " else 2
        else:  # also the character behind a closing bar, whatever it is
            out.append(source[index])
            index += 1
        if len(out) > PATTERN_LIMIT:
            raise ParameterProblem(f'STRING too long "{text}"')
    return bytes(out)


def _hex_byte(source: bytes, index: int) -> int:
    """Two digits, with something behind them."""
    if index + 1 >= len(source):
        raise ParameterProblem("Odd number of hex digits")
    if index + 2 >= len(source):
        raise ParameterProblem("Invalid hex block")
    pair = source[index : index + 2].decode("latin-1")
    for digit in pair:
        if digit not in "0123456789abcdefABCDEF":
            raise ParameterProblem(f"Invalid hex char '{digit}'")
    return int(pair, 16)


def read_pattern(given: Given) -> bytes:
    if given.option.name == "hex-string":
        return read_hex(given.text)
    pattern = given.text.encode("utf-8", "surrogateescape")
    if len(pattern) > PATTERN_LIMIT:
        raise ParameterProblem(f'STRING too long "{given.text}"')
    return pattern


def look(values: Values) -> None:
    read_pattern(values.given[-1])


def build(values: Values) -> Extension:
    given = values.find("hex-string") or values.find("string")
    assert given is not None
    pattern = read_pattern(given)
    match = String(pattern, values.string("algo"), given.inverted)
    match.start = values.number("from", 0)
    match.stop = values.number("to", END)
    if values.has("icase"):
        match.ignore_case()
    return match


def final(values: Values) -> None:
    if not values.has("string") and not values.has("hex-string"):
        raise ParameterProblem("STRING match: You must specify `--string' or `--hex-string'")


EXTENSIONS: Final = (
    Spec(
        "string",
        build,
        (
            Option("from", "u16"),
            Option("to", "u16"),
            Option("algo", "string:cut", mandatory=True, high=15),
            Option("string", "text", invert=True, excludes=("hex-string",), at_once=look),
            Option("hex-string", "text", invert=True, excludes=("string",), at_once=look),
            Option("icase"),
        ),
        revision=1,
        final=final,
    ),
)
