"""esp: the security parameter index of an ESP header.

    -p esp [-m esp] [!] --espspi SPI[:SPI]

Later fragments never match; less than 8 bytes of ESP are dropped.

Kernel peer: xt_esp. Source: iptables-extensions(8) esp; RFC 4303.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.ids import IdRange, read_range


class Esp(Dropping):
    def __init__(self, spi: IdRange) -> None:
        super().__init__()
        self.spi = spi

    def matches(self, packet: Packet, context: Context) -> bool:
        return self.has_transport(packet, 8) and self.spi.holds(packet.u32(packet.l4))

    def save(self) -> str:
        return self.spi.option("espspi")

    def listing(self, numeric: bool) -> str:
        return "esp" + self.spi.listed("spi")


def build(values: Values) -> Extension:
    return Esp(read_range(values, "espspi"))


EXTENSIONS: Final = (Spec("esp", build, (Option("espspi", "u32:range", invert=True),), protos=(50,)),)
