"""ah: the authentication header.

    IPv4  -p ah [-m ah] [!] --ahspi SPI[:SPI]
    IPv6  -m ah [!] --ahspi SPI[:SPI]  [!] --ahlen LENGTH  [--ahres]

IPv4: the protocol AH; later fragments never match, less than 12 bytes are dropped. IPv6: an extension header, found
wherever it stands; --ahlen is its length in bytes (0: any), --ahres asks that its reserved field is 0. A packet that
ends before its extension headers do is dropped.

Kernel peer: ipt_ah, ip6t_ah. Source: iptables-extensions(8) ah; RFC 4302.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, Spec
from engine.core.hooks import IPV4, IPV6
from engine.core.packet import Packet
from engine.core.protocols import AH
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.ids import IdRange, read_range
from engine.match.parts.text import bang, mark


class Ah(Dropping):
    def __init__(self, spi: IdRange) -> None:
        super().__init__()
        self.spi = spi

    def matches(self, packet: Packet, context: Context) -> bool:
        return self.has_transport(packet, 12) and self.spi.holds(packet.u32(packet.l4 + 4))

    def save(self) -> str:
        return self.spi.option("ahspi")

    def listing(self, numeric: bool) -> str:
        return f"ah {self.spi.listed('spi').lstrip()}"


class Ah6(Dropping):
    def __init__(self, spi: IdRange, length: int, length_inverted: bool, reserved: bool) -> None:
        super().__init__()
        self.spi = spi
        self.length = length
        self.length_inverted = length_inverted
        self.reserved = reserved

    def matches(self, packet: Packet, context: Context) -> bool:
        at, length = self.extension_header(packet, AH, 12)
        if at < 0 or not self.spi.holds(packet.u32(at + 4)):
            return False
        if self.length and (self.length == length) == self.length_inverted:
            return False
        return not (self.reserved and packet.u16(at + 2))

    def save(self) -> str:
        parts = [self.spi.option("ahspi")]
        if self.length or self.length_inverted:
            parts.append(f"{bang(self.length_inverted)}--ahlen {self.length}")
        if self.reserved:
            parts.append("--ahres")
        return " ".join([part for part in parts if part])

    def listing(self, numeric: bool) -> str:
        text = f"ah {self.spi.listed('spi').lstrip()}"
        if self.length or self.length_inverted:
            text += f"length:{mark(self.length_inverted)}{self.length}"
        return text + (" reserved" if self.reserved else "")


def build(values: Values) -> Extension:
    return Ah(read_range(values, "ahspi"))


def build6(values: Values) -> Extension:
    return Ah6(read_range(values, "ahspi"), values.number("ahlen", 0), values.inverted("ahlen"), values.has("ahres"))


EXTENSIONS: Final = (
    Spec("ah", build, (Option("ahspi", "u32:range", invert=True),), families=(IPV4,), protos=(51,)),
    Spec(
        "ah",
        build6,
        (Option("ahspi", "u32:range", invert=True), Option("ahlen", "u32", invert=True), Option("ahres")),
        families=(IPV6,),
    ),
)
