"""dccp: ports, packet type and options of a DCCP header.

    -p dccp [-m dccp] [!] --sport PORT[:PORT]  [!] --dport PORT[:PORT]      (--source-port, --destination-port)
                      [!] --dccp-types TYPE[,TYPE]...  [!] --dccp-option NUMBER

TYPE: REQUEST RESPONSE DATA ACK DATAACK CLOSEREQ CLOSE RESET SYNC SYNCACK, and INVALID for those without meaning.
Later fragments never match; less than 12 bytes of DCCP, or options that are not all there, are dropped (an inverted
rule counts the packet first, and its target acts).

Kernel peer: xt_dccp. Source: iptables-extensions(8) dccp; RFC 4340.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.ports import Ported
from engine.match.parts.text import bang, mark
from engine.match.parts.wire import has_option

TYPES: Final = (
    "REQUEST",
    "RESPONSE",
    "DATA",
    "ACK",
    "DATAACK",
    "CLOSEREQ",
    "CLOSE",
    "RESET",
    "SYNC",
    "SYNCACK",
)
INVALID: Final = "INVALID"
INVALID_BITS: Final = 0xFC00  # types 10 to 15
# Bytes between the basic header and the options, by packet type; types without meaning count as RESET
TYPE_HEADER: Final = (4, 12, 0, 8, 8, 8, 8, 12, 8, 8, 12, 12, 12, 12, 12, 12)


class Dccp(Ported):
    def __init__(self) -> None:
        super().__init__()
        self.types = -1
        self.types_inverted = False
        self.option = -1
        self.option_inverted = False

    def matches(self, packet: Packet, context: Context) -> bool:
        at = packet.l4
        if not self.has_transport(packet, 12) or not self.has_ports(packet.data, at):
            return False
        kind = packet.data[at + 8] >> 1 & 15
        if self.types >= 0 and (self.types >> kind & 1 != 0) == self.types_inverted:
            return False
        return self.option < 0 or self._has_option(packet, kind) != self.option_inverted

    def _has_option(self, packet: Packet, kind: int) -> bool:
        at = packet.l4
        start = at + (16 if packet.data[at + 8] & 1 else 12)
        start += TYPE_HEADER[kind]
        end = at + packet.data[at + 4] * 4
        if end == start:
            return False  # whether or not the header is all there
        if end < start or end > len(packet.data):
            self.dropping = True
            return False
        return has_option(packet.data[start:end], self.option)

    def _type_names(self) -> str:
        names = [name for number, name in enumerate(TYPES) if self.types >> number & 1]
        if self.types & INVALID_BITS:
            names.append(INVALID)
        return ",".join(names)

    def save(self) -> str:
        parts = self.saved_ports()
        if self.types >= 0:
            parts.append(f"{bang(self.types_inverted)}--dccp-types {self._type_names()}")
        if self.option >= 0:
            parts.append(f"{bang(self.option_inverted)}--dccp-option {self.option}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        text = self.ports_listing("dccp", numeric)
        if self.types >= 0:
            numbers = ",".join([str(number) for number in range(16) if self.types >> number & 1])
            text += f" {bang(self.types_inverted)}{numbers if numeric else self._type_names()}"
        if self.option >= 0:
            text += f" option={mark(self.option_inverted)}{self.option}"
        return text


def read_types(text: str) -> int:
    types = 0
    for word in text.split(","):
        if not word:
            continue
        name = word.upper()
        if name == INVALID:
            types |= INVALID_BITS
        elif name in TYPES:
            types |= 1 << TYPES.index(name)
        else:
            raise ParameterProblem(f"Unknown DCCP type `{word}'")
    return types


def look(values: Values) -> None:
    read_types(values.given[-1].text)


def build(values: Values) -> Extension:
    match = Dccp()
    match.read_ports(values, all_are_none=False)
    given = values.find("dccp-types")
    if given is not None:
        match.types = read_types(given.text)
        match.types_inverted = given.inverted
    match.option = values.number("dccp-option", -1)
    match.option_inverted = values.inverted("dccp-option")
    return match


EXTENSIONS: Final = (
    Spec(
        "dccp",
        build,
        (
            Option("source-port", "port:range", invert=True, aliases=("sport",)),
            Option("destination-port", "port:range", invert=True, aliases=("dport",)),
            Option("dccp-types", "text", invert=True, at_once=look),
            Option("dccp-option", "u8", invert=True, low=1),
        ),
        protos=(33,),
    ),
)
