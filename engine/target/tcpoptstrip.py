"""TCPOPTSTRIP: overwrite TCP options with NOP.

    -p tcp -j TCPOPTSTRIP --strip-options OPTION[,OPTION...]

OPTION: 2 to 255 or wscale mss sack-permitted sack timestamp md5. Only in the mangle table and only for TCP. Saved in
order of numbers. Without --strip-options the rule does nothing. A packet whose TCP header is not all there is dropped.

Kernel peer: xt_TCPOPTSTRIP. Source: iptables-extensions(8), TCPOPTSTRIP.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.gathering import gather
from engine.core.numbers import parse_number
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import OPTION_NOP, TCP_HEADER, header_length, option_length
from engine.core.values import Values
from engine.core.verdict import CONTINUE, DROP

NUMBERS: Final[dict[str, int]] = {
    "wscale": 3,
    "mss": 2,
    "sack-permitted": 4,
    "sack": 5,
    "timestamp": 8,
    "md5": 19,
}
NAMES: Final[dict[int, str]] = {number: name for name, number in NUMBERS.items()}


class TcpOptStrip(Target):
    def __init__(self, options: frozenset[int]) -> None:
        self.options = options

    def save(self) -> str:
        if not self.options:
            return ""
        return "--strip-options " + ",".join(str(number) for number in sorted(self.options))

    def listing(self, numeric: bool) -> str:
        if not self.options:
            return ""
        words = [str(number) if numeric else NAMES.get(number, str(number)) for number in sorted(self.options)]
        return "TCPOPTSTRIP options " + ",".join(words)

    def apply(self, packet: Packet, context: Context) -> int:
        if packet.fragment_offset:
            return CONTINUE
        header = header_length(packet)
        if header < TCP_HEADER:
            return DROP
        gather(packet, context, packet.l4 + header)
        data = packet.data
        at = packet.l4 + TCP_HEADER
        end = packet.l4 + header
        while at < end - 1:
            length = option_length(data, at)
            if at + length > end:
                break
            if data[at] in self.options:
                packet.patch(at, bytes((OPTION_NOP,)) * length)
            at += length
        return CONTINUE


def read_options(text: str) -> frozenset[int]:
    options: set[int] = set()
    for word in text.split(","):
        number = NUMBERS.get(word)
        if number is None:
            number = parse_number(word, 0xFF)
            if number is None:
                raise ParameterProblem(f'Bad TCP option value "{word}"')
            if number <= OPTION_NOP:
                raise ParameterProblem("Option value may not be 0 or 1")
        if number in options:
            raise ParameterProblem(f'Option "{word}" already specified')
        options.add(number)
    return frozenset(options)


def look(values: Values) -> None:
    read_options(values.given[-1].text)


def build(values: Values) -> Target:
    return TcpOptStrip(read_options(values.text("strip-options")) if values.has("strip-options") else frozenset())


OPTIONS: Final = (Option("strip-options", "text", at_once=look),)

EXTENSIONS: Final = (Spec("TCPOPTSTRIP", build, OPTIONS, tables=("mangle",), protos=(TCP,)),)
