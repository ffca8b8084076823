"""mac: the Ethernet source address.

    -m mac [!] --mac-source XX:XX:XX:XX:XX:XX

Only where packets come in: PREROUTING, INPUT, FORWARD. A packet that came without an Ethernet header (or was made
here) does not match, inverted or not.

Kernel peer: xt_mac. Source: iptables-extensions(8) mac.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import FWD, IN, PRE, Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang


class Mac(Match):
    def __init__(self, address: bytes, inverted: bool) -> None:
        self.address = address
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        if not context.hwsrc:
            return False
        return (context.hwsrc == self.address) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--mac-source {self.address.hex(':')}"

    def listing(self, numeric: bool) -> str:
        return f"MAC {bang(self.inverted)}{self.address.hex(':')}"


def build(values: Values) -> Extension:
    return Mac(values.octets("mac-source"), values.inverted("mac-source"))


EXTENSIONS: Final = (
    Spec("mac", build, (Option("mac-source", "mac", invert=True, mandatory=True),), hooks=PRE | IN | FWD),
)
