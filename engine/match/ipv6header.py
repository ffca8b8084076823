"""ipv6header: which extension headers an IPv6 packet has.

    -m ipv6header [!] --header NAME[,NAME]...  [--soft]

NAMES: hop-by-hop (hop, 0), ipv6-opts (dst, 60), ipv6-route (route, 43), ipv6-frag (frag, 44), ah (auth, 51), esp (50),
ipv6-nonxt (none, 59), protocol (prot, 255: an upper-layer protocol, that is, not none and not esp).
Without --soft the packet must have exactly these; with --soft at least these. Inverted: not exactly these; --soft: none
of these.

Kernel peer: ip6t_ipv6header. Source: ip6tables-extensions(8) ipv6header.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.hooks import IPV6
from engine.core.names import NAMES
from engine.core.numbers import parse_number
from engine.core.packet import Packet, extension_length
from engine.core.protocols import AH, DESTINATION_OPTIONS, ESP, FRAGMENT, HOP_BY_HOP, NO_NEXT_HEADER, ROUTING
from engine.core.values import Values
from engine.match.parts.text import bang, mark

PROTOCOL: Final = 255
# (bit, header number, name printed, short name)
HEADERS: Final = (
    (0x80, HOP_BY_HOP, "hop-by-hop", "hop"),
    (0x40, DESTINATION_OPTIONS, "ipv6-opts", "dst"),
    (0x20, ROUTING, "ipv6-route", "route"),
    (0x10, FRAGMENT, "ipv6-frag", "frag"),
    (0x08, AH, "ah", "auth"),
    (0x04, ESP, "esp", "esp"),
    (0x02, NO_NEXT_HEADER, "ipv6-nonxt", "none"),
    (0x01, PROTOCOL, "protocol", "prot"),
)
BIT_OF: Final[dict[int, int]] = {number: bit for bit, number, _name, _short in HEADERS[:7]}
TRUNCATED: Final = -1


def headers_of(packet: Packet) -> int:
    """The bits of all headers of a packet; TRUNCATED when one of them cannot be read."""
    data = packet.data
    size = len(data)
    number = data[6]
    offset = 40
    bits = 0
    while number in BIT_OF:
        if number == NO_NEXT_HEADER:
            return bits | BIT_OF[number]
        if size - offset < 2:
            return TRUNCATED
        bits |= BIT_OF[number]
        if number == ESP:
            return bits
        length = extension_length(data, offset, number)
        number = data[offset]
        offset += length
        if offset > size:
            break
    if number not in (NO_NEXT_HEADER, ESP):
        bits |= 1
    return bits


class Ipv6Header(Match):
    def __init__(self, wanted: int, soft: bool, inverted: bool) -> None:
        self.wanted = wanted
        self.soft = soft
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        bits = headers_of(packet)
        if bits == TRUNCATED:
            return False
        if self.soft:
            return bits & self.wanted == (0 if self.inverted else self.wanted)
        return (bits == self.wanted) != self.inverted

    def _names(self) -> str:
        return ",".join([name for bit, _number, name, _short in HEADERS if self.wanted & bit])

    def save(self) -> str:
        return f"{bang(self.inverted)}--header {self._names()}" + (" --soft" if self.soft else "")

    def listing(self, numeric: bool) -> str:
        headers = f"0x{self.wanted:02X}" if numeric else self._names()
        return f"ipv6header flags:{mark(self.inverted)}{headers}" + (" soft" if self.soft else "")


def read_headers(text: str) -> int:
    """Names or numbers as bits."""
    words = [word for word in text.split(",") if word]
    if not words:
        raise ParameterProblem("ip6t_ipv6header: cannot parse header names")
    bits = 0
    for word in words:
        found = [bit for bit, number, name, short in HEADERS if word in (name, short)]
        if not found:
            named = NAMES.protocol(word)
            value = parse_number(word, 255) if named is None else named
            found = [bit for bit, number, name, short in HEADERS if number == value]
            if not found:
                raise ParameterProblem(f"unknown header `{word if named is None else named}' specified")
        bits |= found[0]
    return bits


def look(values: Values) -> None:
    read_headers(values.given[-1].text)


def build(values: Values) -> Extension:
    return Ipv6Header(read_headers(values.text("header")), values.has("soft"), values.inverted("header"))


EXTENSIONS: Final = (
    Spec(
        "ipv6header",
        build,
        (Option("header", "text", invert=True, mandatory=True, at_once=look), Option("soft")),
        families=(IPV6,),
    ),
)
