"""tcp: ports, flags and options of a TCP header.

    -p tcp [-m tcp] [!] --sport PORT[:PORT]  [!] --dport PORT[:PORT]      (--source-port, --destination-port)
                    [!] --tcp-flags MASK COMP   [!] --syn   [!] --tcp-option NUMBER

Flags are FIN SYN RST PSH ACK URG, ALL and NONE, separated by commas; of the flags in MASK exactly those in COMP must
be set. --syn is `--tcp-flags FIN,SYN,RST,ACK SYN`. All that is asked must be true at once.

Later fragments never match. A fragment that begins at byte 8, or a header that is cut short, is dropped at once, by
any rule with -m tcp that it meets (it could have been made to hide the flags).

Kernel peer: xt_tcpudp. Source: iptables-extensions(8) tcp; RFC 9293 section 3.1; RFC 1858 (tiny fragments).
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.hooks import IPV4
from engine.core.numbers import parse_number
from engine.core.packet import Packet
from engine.core.values import BETWEEN_TWO, Given, Values
from engine.match.parts.ports import PORT_OPTIONS_ONCE, Ported
from engine.match.parts.text import bang, mark
from engine.match.parts.wire import has_option

FLAGS: Final = (("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32))
FLAG_WORDS: Final[dict[str, int]] = {**dict(FLAGS), "ALL": 0x3F, "NONE": 0}
FLAG_OPTIONS: Final = ("syn", "tcp-flags")
ONE_OF_THEM: Final = "Only one of `--syn' or `--tcp-flags'  allowed"
SYN_MASK: Final = 0x17
SYN_ONLY: Final = 0x02


def read_flags(text: str) -> int:
    """`SYN,ACK` as bits of the flags byte; empty items are passed over."""
    value = 0
    for word in text.split(","):
        if word:
            bits = FLAG_WORDS.get(word.upper())
            if bits is None:
                raise ParameterProblem(f"Unknown TCP flag `{word}'")
            value |= bits
    return value


def flag_text(value: int) -> str:
    return ",".join([name for name, bit in FLAGS if value & bit]) or "NONE"


class Tcp(Ported):
    def __init__(self) -> None:
        super().__init__()
        self.mask = 0
        self.flags = 0
        self.flags_inverted = False
        self.option = 0
        self.option_inverted = False

    def matches(self, packet: Packet, context: Context) -> bool:
        self.dropping = False
        if packet.fragment_offset:
            self.dropping = packet.fragment_offset == 8 and packet.family == IPV4
            return False
        data = packet.data
        at = packet.l4
        if at + 20 > len(data):
            self.dropping = True
            return False
        if not self.has_ports(data, at):
            return False
        if (data[at + 13] & self.mask == self.flags) == self.flags_inverted:
            return False
        return self.option == 0 or self._option_matches(packet)

    def _option_matches(self, packet: Packet) -> bool:
        end = packet.l4 + (packet.data[packet.l4 + 12] >> 4) * 4
        if end < packet.l4 + 20 or end > len(packet.data):
            self.dropping = True
            return False
        return has_option(packet.data[packet.l4 + 20 : end], self.option) != self.option_inverted

    def save(self) -> str:
        parts = self.saved_ports()
        if self.option or self.option_inverted:
            parts.append(f"{bang(self.option_inverted)}--tcp-option {self.option}")
        if self.mask or self.flags_inverted:
            parts.append(f"{bang(self.flags_inverted)}--tcp-flags {flag_text(self.mask)} {flag_text(self.flags)}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        text = self.ports_listing("tcp", numeric)
        if self.option or self.option_inverted:
            text += f" option={mark(self.option_inverted)}{self.option}"
        if self.mask or self.flags_inverted:
            sign = mark(self.flags_inverted)
            if numeric:
                text += f" flags:{sign}0x{self.mask:02X}/0x{self.flags:02X}"
            else:
                text += f" flags:{sign}{flag_text(self.mask)}/{flag_text(self.flags)}"
        return text


def build(values: Values) -> Extension:
    match = Tcp()
    match.read_ports(values, all_are_none=True)
    for item in values.given:
        if item.option.name in FLAG_OPTIONS:
            match.mask, match.flags = _read_flag_option(item)
            match.flags_inverted = item.inverted
    given = values.find("tcp-option")
    if given is not None:
        match.option = _read_option(given.text)
        match.option_inverted = given.inverted
    return match


def _read_flag_option(given: Given) -> tuple[int, int]:
    """(mask, flags)"""
    if given.option.name == "syn":
        return SYN_MASK, SYN_ONLY
    mask, _between, flags = given.text.partition(BETWEEN_TWO)
    return read_flags(mask), read_flags(flags)


def look_at_flags(values: Values) -> None:
    _read_flag_option(values.given[-1])


def look_at_option(values: Values) -> None:
    _read_option(values.given[-1].text)


def _read_option(text: str) -> int:
    number = parse_number(text, 255, 1)
    if number is None:
        raise ParameterProblem(f'Bad TCP option "{text}"')
    return number


EXTENSIONS: Final = (
    Spec(
        "tcp",
        build,
        (
            *PORT_OPTIONS_ONCE,
            Option("syn", invert=True, once_among=FLAG_OPTIONS, once_message=ONE_OF_THEM),
            Option(
                "tcp-flags",
                "two",
                invert=True,
                once_among=FLAG_OPTIONS,
                once_message=ONE_OF_THEM,
                at_once=look_at_flags,
            ),
            Option(
                "tcp-option",
                "text",
                invert=True,
                once_message="Only one `--tcp-option' allowed",
                at_once=look_at_option,
            ),
        ),
        protos=(6,),
    ),
)
