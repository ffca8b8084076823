"""ipcomp: the compression parameter index of an IPComp header.

    -p ipcomp [-m ipcomp] [!] --ipcompspi CPI[:CPI]  [--compres]

Without --ipcompspi the index must be 0 (and is saved so). --compres is kept and printed but looks at nothing. Later
fragments never match; less than 4 bytes of IPComp are dropped.

Kernel peer: xt_ipcomp. Source: iptables-extensions(8) ipcomp; RFC 3173; measured.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.ids import IdRange, read_range


class IpComp(Dropping):
    def __init__(self, cpi: IdRange, reserved: bool) -> None:
        super().__init__()
        self.cpi = cpi
        self.reserved = reserved

    def matches(self, packet: Packet, context: Context) -> bool:
        return self.has_transport(packet, 4) and self.cpi.holds(packet.u16(packet.l4 + 2))

    def save(self) -> str:
        return " ".join([part for part in (self.cpi.option("ipcompspi"), "--compres" if self.reserved else "") if part])

    def listing(self, numeric: bool) -> str:
        return f"comp {self.cpi.listed('spi').lstrip()}" + (" reserved" if self.reserved else "")


def build(values: Values) -> Extension:
    return IpComp(read_range(values, "ipcompspi", (0, 0)), values.has("compres"))


EXTENSIONS: Final = (
    Spec("ipcomp", build, (Option("ipcompspi", "u32:range", invert=True), Option("compres")), protos=(108,)),
)
