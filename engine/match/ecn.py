"""ecn: the bits of explicit congestion notification.

    -m ecn [!] --ecn-ip-ect 0..3
    -p tcp -m ecn [!] --ecn-tcp-cwr  [!] --ecn-tcp-ece

--ecn-ip-ect: the lower two bits of the type of service byte. --ecn-tcp-cwr, --ecn-tcp-ece: flags of the TCP header;
they need -p tcp. All that is asked must be true.

Kernel peer: xt_ecn. Source: iptables-extensions(8) ecn; RFC 3168.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import CWR, ECE
from engine.core.values import Values
from engine.match.parts.text import bang, mark


class Ecn(Match):
    """ect: the value asked for, -1 if none. set, clear: TCP flags that must be set, must not be set."""

    def __init__(self) -> None:
        self.ect = -1
        self.ect_inverted = False
        self.set = 0
        self.clear = 0

    def matches(self, packet: Packet, context: Context) -> bool:
        if self.ect >= 0 and (packet.tos & 3 == self.ect) == self.ect_inverted:
            return False
        if not self.set and not self.clear:
            return True
        at = packet.l4
        if at + 20 > len(packet.data):
            return False
        flags = packet.data[at + 13]
        return flags & self.set == self.set and flags & self.clear == 0

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if (self.set or self.clear) and (head.proto != TCP or head.proto_inverted):
            raise KernelRefusal(EINVAL, "ecn: cannot match TCP bits for non-tcp packets")

    def save(self) -> str:
        parts = []
        for bit, name in ((ECE, "--ecn-tcp-ece"), (CWR, "--ecn-tcp-cwr")):
            if (self.set | self.clear) & bit:
                parts.append(bang(self.clear & bit != 0) + name)
        if self.ect >= 0:
            parts.append(f"{bang(self.ect_inverted)}--ecn-ip-ect {self.ect}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        text = "ECN match"
        for bit, name in ((ECE, "ECE"), (CWR, "CWR")):
            if (self.set | self.clear) & bit:
                text += f" {mark(self.clear & bit != 0)}{name}"
        if self.ect >= 0:
            text += f" {mark(self.ect_inverted)}ECT={self.ect}"
        return text


def build(values: Values) -> Extension:
    match = Ecn()
    match.ect = values.number("ecn-ip-ect", -1)
    match.ect_inverted = values.inverted("ecn-ip-ect")
    for name, bit in (("ecn-tcp-cwr", CWR), ("ecn-tcp-ece", ECE)):
        given = values.find(name)
        if given is not None and given.inverted:
            match.clear |= bit
        elif given is not None:
            match.set |= bit
    return match


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("ECN match: some option required")


EXTENSIONS: Final = (
    Spec(
        "ecn",
        build,
        (
            Option("ecn-tcp-cwr", invert=True),
            Option("ecn-tcp-ece", invert=True),
            Option("ecn-ip-ect", "u8", invert=True, high=3),
        ),
        final=final,
    ),
)
