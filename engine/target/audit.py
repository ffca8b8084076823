"""AUDIT: write a record of the packet to the audit log.

    -j AUDIT --type accept|drop|reject

The type is only a word for the reader of the rules: what is recorded is mark, addresses and protocol
(`mark=0xffffffff` stands for no mark). The rule goes on to the next one.

Kernel peer: xt_AUDIT. Source: iptables-extensions(8), AUDIT.
"""

from __future__ import annotations

from typing import Final

from engine.core.addresses import address_text
from engine.core.context import Context, LogLine, NamedState
from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE

TYPES: Final = ("accept", "drop", "reject")
RECORD_TYPE: Final = 1324  # AUDIT_NETFILTER_PKT
LEVEL: Final = 5  # notice
STATE: Final = "audit"


class Serial(NamedState):
    """The number of the last record."""

    def __init__(self) -> None:
        self.last = 0


class Audit(Target):
    def __init__(self, kind: str) -> None:
        self.kind = kind

    def save(self) -> str:
        return f"--type {self.kind}"

    def listing(self, numeric: bool) -> str:
        return f"AUDIT {self.kind}"

    def apply(self, packet: Packet, context: Context) -> int:
        shared = context.shared
        serial = shared.named.get(STATE)
        if not isinstance(serial, Serial):
            serial = Serial()
            shared.named[STATE] = serial
        serial.last += 1
        source = address_text(packet.src, packet.family)
        destination = address_text(packet.dst, packet.family)
        text = (
            f"audit: type={RECORD_TYPE} audit({context.now:.3f}:{serial.last}): mark=0x{context.mark or 0xFFFFFFFF:x} "
            f"saddr={source} daddr={destination} proto={packet.proto}"
        )
        shared.log.append(LogLine(context.now, text, LEVEL))
        return CONTINUE


def look(values: Values) -> None:
    text = values.given[-1].text
    if text.lower() not in TYPES:
        raise ParameterProblem(f'Bad action type value "{text}"')


def build(values: Values) -> Target:
    return Audit(values.text("type").lower())


OPTIONS: Final = (Option("type", "text", mandatory=True, at_once=look),)

EXTENSIONS: Final = (Spec("AUDIT", build, OPTIONS),)
