"""NFLOG: hand the packet to the listeners of a netlink group and go on with the next rule.

    -j NFLOG [--nflog-group N] [--nflog-prefix TEXT] [--nflog-size BYTES] [--nflog-threshold PACKETS]

Group 0 and threshold 0 are not saved. TEXT keeps 63 characters (iptables-nft: 127). --nflog-range is an old
option that never did anything; the legacy tool still stores it.

Kernel peer: xt_NFLOG. Source: iptables-extensions(8), NFLOG.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context, LogLine
from engine.core.extension import Option, Spec, Target
from engine.core.packet import Packet
from engine.core.text import quoted
from engine.core.values import Values
from engine.core.verdict import CONTINUE
from engine.target.parts.log_text import ALL_BYTES, UID, log_text

PREFIX_LENGTH: Final = 63
LEVEL: Final = 5  # notice; NFLOG itself knows no levels
UNSET: Final = -1
RANGE_WARNING: Final = (
    "warn: --nflog-range has never worked and is no longer supported, please use --nflog-size instead\n"
)


class NfLog(Target):
    """size: bytes of the packet to copy, UNSET = all; old_range: the option without meaning."""

    def __init__(self, group: int, prefix: str, size: int, old_range: int, threshold: int) -> None:
        self.group = group
        self.prefix = prefix
        self.size = size
        self.old_range = old_range
        self.threshold = threshold

    def _words(self, dashes: str) -> str:
        parts = []
        if self.prefix:
            parts.append(f"{dashes}nflog-prefix {quoted(self.prefix)}")
        if self.group:
            parts.append(f"{dashes}nflog-group {self.group}")
        if self.size != UNSET:
            parts.append(f"{dashes}nflog-size {self.size}")
        elif self.old_range:
            parts.append(f"{dashes}nflog-range {self.old_range}")
        if self.threshold:
            parts.append(f"{dashes}nflog-threshold {self.threshold}")
        return " ".join(parts)

    def save(self) -> str:
        return self._words("--")

    def listing(self, numeric: bool) -> str:
        return self._words("")

    def apply(self, packet: Packet, context: Context) -> int:
        size = ALL_BYTES if self.size == UNSET else self.size
        data = bytes(packet.data[:size])
        text = log_text(packet, context, self.prefix, UID, size)
        context.shared.log.append(LogLine(context.now, text, LEVEL, self.group, self.prefix, data))
        return CONTINUE


def build(values: Values) -> Target:
    return NfLog(
        values.number("nflog-group"),
        values.string("nflog-prefix"),
        values.number("nflog-size", UNSET),
        values.number("nflog-range"),
        values.number("nflog-threshold"),
    )


def final(values: Values) -> None:
    if values.has("nflog-range"):
        values.warnings.append(RANGE_WARNING)


OPTIONS: Final = (
    Option("nflog-group", "u16"),
    Option("nflog-prefix", "string:log-prefix", low=1, high=PREFIX_LENGTH),
    Option("nflog-range", "u32", excludes=("nflog-size",)),
    Option("nflog-size", "u32", excludes=("nflog-range",)),
    Option("nflog-threshold", "u16"),
)

EXTENSIONS: Final = (Spec("NFLOG", build, OPTIONS, final=final),)
