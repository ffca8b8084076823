"""SYNPROXY: answer SYNs in the name of the server, and trouble the server only when the handshake is complete.

    -p tcp -j SYNPROXY [--sack-perm] [--timestamp] [--wscale N] [--mss N] [--ecn]

Only in INPUT and FORWARD of the filter and mangle tables, and only with -p tcp. wscale and mss are cut to 8
and 16 bits.

Kernel peer: xt_SYNPROXY. Source: iptables-extensions(8), SYNPROXY.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import FWD, IN, KernelRefusal, Option, RuleHead, Spec, Target
from engine.core.values import Values

TCP: Final = 6
EINVAL: Final = 22
UNSET: Final = -1


class SynProxy(Target):
    def __init__(self, sack: bool, timestamp: bool, wscale: int, mss: int, ecn: bool) -> None:
        self.sack = sack
        self.timestamp = timestamp
        self.wscale = wscale
        self.mss = mss
        self.ecn = ecn

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if head.proto != TCP or head.proto_inverted:
            raise KernelRefusal(EINVAL, "SYNPROXY: only valid for protocol tcp")

    def _words(self, dashes: str) -> str:
        words = []
        if self.sack:
            words.append(f"{dashes}sack-perm")
        if self.timestamp:
            words.append(f"{dashes}timestamp")
        if self.wscale != UNSET:
            words.append(f"{dashes}wscale {self.wscale}")
        if self.mss != UNSET:
            words.append(f"{dashes}mss {self.mss}")
        if self.ecn:
            words.append(f"{dashes}ecn")
        return " ".join(words)

    def save(self) -> str:
        return self._words("--")

    def listing(self, numeric: bool) -> str:
        words = self._words("")
        return f"SYNPROXY {words} " if words else "SYNPROXY "


def build(values: Values) -> Target:
    wscale = values.number("wscale") & 0xFF if values.has("wscale") else UNSET
    mss = values.number("mss") & 0xFFFF if values.has("mss") else UNSET
    return SynProxy(values.has("sack-perm"), values.has("timestamp"), wscale, mss, values.has("ecn"))


OPTIONS: Final = (
    Option("sack-perm"),
    Option("timestamp"),
    Option("wscale", "u32"),
    Option("mss", "u32"),
    Option("ecn"),
)

EXTENSIONS: Final = (
    Spec("SYNPROXY", build, OPTIONS, hooks=IN | FWD, needs_conntrack=True, unsupported="no SYN cookies yet"),
)
