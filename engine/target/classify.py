"""CLASSIFY: set the priority of the packet, which queueing disciplines read as a class.

    -j CLASSIFY --set-class MAJOR:MINOR      hexadecimal, 16 bits each

Only in FORWARD, OUTPUT and POSTROUTING. Numbers are read as by scanf: what follows the second one is not looked at,
and of numbers wider than 16 bits the lower half counts.

Kernel peer: xt_CLASSIFY. Source: iptables-extensions(8), CLASSIFY; tc(8) on handles.
"""

from __future__ import annotations

import re
from typing import Final

from engine.core.context import Context
from engine.core.extension import FWD, OUT, POST, Option, ParameterProblem, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE

HEXADECIMAL: Final = r"\s*([+-]?)(?:0[xX])?([0-9a-fA-F]*)"
CLASS: Final = re.compile(f"{HEXADECIMAL}:{HEXADECIMAL}", re.ASCII)


class Classify(Target):
    def __init__(self, priority: int) -> None:
        self.priority = priority

    def save(self) -> str:
        return f"--set-class {self.priority >> 16:04x}:{self.priority & 0xFFFF:04x}"

    def listing(self, numeric: bool) -> str:
        return f"CLASSIFY set {self.priority >> 16:x}:{self.priority & 0xFFFF:x}"

    def apply(self, packet: Packet, context: Context) -> int:
        context.priority = self.priority
        return CONTINUE


def scan(sign: str, digits: str, text: str) -> int | None:
    """One number as scanf's %x gives it; "0x" alone is 0."""
    if not digits and not text.rstrip().lower().endswith("0x"):
        return None
    number = min(int(digits or "0", 16), 0xFFFFFFFFFFFFFFFF)
    return -number if sign == "-" else number


def read_class(text: str) -> int:
    found = CLASS.match(text)
    if found is not None:
        major = scan(found.group(1), found.group(2), text[: text.index(":")])
        minor = scan(found.group(3), found.group(4), text[: found.end()])
        if major is not None and minor is not None:
            return (major & 0xFFFF) << 16 | minor & 0xFFFF
    raise ParameterProblem(f'Bad class value "{text}"')


def look(values: Values) -> None:
    read_class(values.given[-1].text)


def build(values: Values) -> Target:
    return Classify(read_class(values.text("set-class")))


OPTIONS: Final = (Option("set-class", "text", mandatory=True, at_once=look),)

EXTENSIONS: Final = (Spec("CLASSIFY", build, OPTIONS, hooks=FWD | OUT | POST),)
