"""LOG: write the packet to the kernel log and go on with the next rule.

    -j LOG [--log-level LEVEL] [--log-prefix TEXT] [--log-tcp-sequence] [--log-tcp-options] [--log-ip-options]
           [--log-uid] [--log-macdecode]

LEVEL: 0 to 7 or emerg panic alert crit error warning notice info debug; default warning, which is not saved. `warn`
and `err` are not words of LOG, though listings say so. TEXT stands in front of the line without a separator; of more
than 29 characters the rest is cut without a word. The number behind `flags` in numeric listings is the sum of 1
tcp-sequence, 2 tcp-options, 4 ip-options, 8 uid, 32 macdecode.

The line is in parts/log_text.py. The kernel logs nothing outside the initial namespace unless
net.netfilter.nf_log_all_netns is 1; this engine always writes to its own log.

Kernel peer: xt_LOG. Source: iptables-extensions(8), LOG.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context, LogLine
from engine.core.extension import Option, Spec, Target
from engine.core.packet import Packet
from engine.core.text import quoted
from engine.core.values import Values
from engine.core.verdict import CONTINUE
from engine.target.parts.log_text import IP_OPTIONS, MAC_DECODE, TCP_OPTIONS, TCP_SEQUENCE, UID, log_text

DEFAULT_LEVEL: Final = 4
LEVELS: Final = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")
PREFIX_LENGTH: Final = 29

FLAGS: Final = (
    ("tcp-sequence", TCP_SEQUENCE),
    ("tcp-options", TCP_OPTIONS),
    ("ip-options", IP_OPTIONS),
    ("uid", UID),
    ("macdecode", MAC_DECODE),
)


class Log(Target):
    def __init__(self, level: int, prefix: str, flags: int) -> None:
        self.level = level
        self.prefix = prefix
        self.flags = flags

    def _words(self) -> list[str]:
        return [name for name, bit in FLAGS if self.flags & bit]

    def save(self) -> str:
        parts = []
        if self.prefix:
            parts.append(f"--log-prefix {quoted(self.prefix)}")
        if self.level != DEFAULT_LEVEL:
            parts.append(f"--log-level {self.level}")
        parts.extend(f"--log-{word}" for word in self._words())
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        if numeric:
            parts = [f"LOG flags {self.flags} level {self.level}"]
        else:
            parts = [f"LOG level {LEVELS[self.level]}", *self._words()]
        if self.prefix:
            parts.append(f'prefix "{self.prefix}"')
        return " ".join(parts)

    def apply(self, packet: Packet, context: Context) -> int:
        text = log_text(packet, context, self.prefix, self.flags)
        context.shared.log.append(LogLine(context.now, text, self.level, -1, self.prefix, bytes(packet.data)))
        return CONTINUE


def build(values: Values) -> Target:
    flags = 0
    for name, bit in FLAGS:
        if values.has(f"log-{name}"):
            flags |= bit
    return Log(values.number("log-level", DEFAULT_LEVEL), values.string("log-prefix"), flags)


OPTIONS: Final = (
    Option("log-level", "level"),
    Option("log-prefix", "string:log-prefix", low=1, high=PREFIX_LENGTH),
    *(Option(f"log-{name}") for name, _bit in FLAGS),
)

EXTENSIONS: Final = (Spec("LOG", build, OPTIONS),)
