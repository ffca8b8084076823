"""ULOG: the forerunner of NFLOG. IPv4 only.

    -j ULOG [--ulog-nlgroup N] [--ulog-prefix TEXT] [--ulog-cprange BYTES] [--ulog-qthreshold PACKETS]

It left the kernel with version 3.17: iptables still reads it, the kernel refuses it, and so does this engine ("No
chain/target/match by that name"). Use NFLOG.

Kernel peer: none. Source: iptables-extensions(8), ULOG.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, Spec
from engine.core.hooks import IPV4
from engine.core.text import quoted
from engine.core.values import Values
from engine.target.parts.missing import Missing

PREFIX_LENGTH: Final = 31
THRESHOLD: Final = 1


class ULog(Missing):
    def __init__(self, group: int, prefix: str, size: int, threshold: int) -> None:
        super().__init__("ULOG")
        self.group = group
        self.prefix = prefix
        self.size = size
        self.threshold = threshold

    def save(self) -> str:
        parts = [f"--ulog-prefix {quoted(self.prefix)}"] if self.prefix else []
        if self.group != 1:
            parts.append(f"--ulog-nlgroup {self.group}")
        if self.size:
            parts.append(f"--ulog-cprange {self.size}")
        if self.threshold != THRESHOLD:
            parts.append(f"--ulog-qthreshold {self.threshold}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        prefix = f' prefix "{self.prefix}"' if self.prefix else ""
        return f"ULOG copy_range {self.size} nlgroup {self.group}{prefix} queue_threshold {self.threshold}"


def build(values: Values) -> ULog:
    prefix = values.string("ulog-prefix")
    return ULog(
        values.number("ulog-nlgroup", 1), prefix, values.number("ulog-cprange"), values.number("ulog-qthreshold", 1)
    )


OPTIONS: Final = (
    Option("ulog-nlgroup", "u8", low=1, high=32),
    Option("ulog-prefix", "string:log-prefix", low=1, high=PREFIX_LENGTH),
    Option("ulog-cprange", "u64"),
    Option("ulog-qthreshold", "u8", low=1, high=50),
)

EXTENSIONS: Final = (Spec("ULOG", build, OPTIONS, families=(IPV4,), missing=True),)
