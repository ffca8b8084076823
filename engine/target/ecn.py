"""ECN: work around networks that cannot bear explicit congestion notification. IPv4 only.

    -j ECN --ecn-tcp-remove             clear the TCP flags ECE and CWR; needs -p tcp
    -j ECN --ecn-tcp-ece 0|1            set one of them; need -p tcp
    -j ECN --ecn-tcp-cwr 0|1
    -j ECN --ecn-ip-ect 0..3            set the two bits in the IP header

Only in the mangle table. The last three do not stand in the manual. --ecn-tcp-remove excludes the two that set a flag
and is saved by that name only when it stands alone. A TCP packet too short for its header is dropped.

Kernel peer: ipt_ECN. Source: iptables-extensions(8), ECN; RFC 3168.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import KernelRefusal, Option, ParameterProblem, RuleHead, Spec, Target
from engine.core.gathering import gather
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import CWR, ECE
from engine.core.values import Values
from engine.core.verdict import CONTINUE, DROP

KEEP: Final = -1


class Ecn(Target):
    """ece, cwr, ect: the value to set, KEEP = leave it."""

    def __init__(self, ece: int, cwr: int, ect: int) -> None:
        self.ece = ece
        self.cwr = cwr
        self.ect = ect

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if (self.ece != KEEP or self.cwr != KEEP) and (head.proto != TCP or head.proto_inverted):
            raise KernelRefusal(EINVAL, "ECN: cannot use operation on non-tcp rule")

    @property
    def removes(self) -> bool:
        return self.ece == 0 and self.cwr == 0 and self.ect == KEEP

    def save(self) -> str:
        if self.removes:
            return "--ecn-tcp-remove"
        words = (("--ecn-tcp-ece", self.ece), ("--ecn-tcp-cwr", self.cwr), ("--ecn-ip-ect", self.ect))
        return " ".join(f"{word} {value}" for word, value in words if value != KEEP)

    def listing(self, numeric: bool) -> str:
        if self.removes:
            return "ECN TCP remove"
        words = (("ECE", self.ece), ("CWR", self.cwr), ("ECT codepoint", self.ect))
        return "ECN " + " ".join(f"{word}={value}" for word, value in words if value != KEEP)

    def apply(self, packet: Packet, context: Context) -> int:
        if self.ect != KEEP and packet.tos & 3 != self.ect:
            packet.set_tos(packet.tos & 0xFC | self.ect)
        if packet.proto != TCP or (self.ece == KEEP and self.cwr == KEEP):
            return CONTINUE
        at = packet.l4 + 13
        if packet.l4 + 20 > len(packet.data):
            return DROP
        old = packet.data[at]
        new = old
        if self.ece != KEEP:
            new = new & ~ECE | ECE * self.ece
        if self.cwr != KEEP:
            new = new & ~CWR | CWR * self.cwr
        if new != old:
            gather(packet, context, packet.l4 + 20)
            packet.patch(at, bytes((new,)))
        return CONTINUE


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("ECN target: An operation is required")


def build(values: Values) -> Target:
    cleared = 0 if values.has("ecn-tcp-remove") else KEEP
    return Ecn(
        values.number("ecn-tcp-ece", cleared),
        values.number("ecn-tcp-cwr", cleared),
        values.number("ecn-ip-ect", KEEP),
    )


OPTIONS: Final = (
    Option("ecn-tcp-remove", excludes=("ecn-tcp-cwr", "ecn-tcp-ece")),
    Option("ecn-tcp-cwr", "u8", low=0, high=1, excludes=("ecn-tcp-remove",)),
    Option("ecn-tcp-ece", "u8", low=0, high=1, excludes=("ecn-tcp-remove",)),
    Option("ecn-ip-ect", "u8", low=0, high=3),
)

EXTENSIONS: Final = (Spec("ECN", build, OPTIONS, families=(IPV4,), tables=("mangle",), final=final),)
