"""IDLETIMER: tell userspace when no packet has passed for a while.

    -j IDLETIMER --timeout SECONDS --label NAME [--alarm]

Rules with the same label share a timer. The kernel notifies through /sys/class/xt_idletimer; nothing reads that here,
so the rule does what it does to packets: nothing. SECONDS: 1 to 2147482. NAME keeps 27 characters and is printed bare.

Kernel peer: xt_IDLETIMER revision 1. Source: iptables-extensions(8), IDLETIMER.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.extension import KernelRefusal, Option, RuleHead, Spec, Target
from engine.core.values import Values

LABEL_LENGTH: Final = 27
LONGEST: Final = 0x7FFFFFFF // 1000 - 1


class IdleTimer(Target):
    def __init__(self, timeout: int, label: str, alarm: bool) -> None:
        self.timeout = timeout
        self.label = label
        self.alarm = alarm

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if not 1 <= self.timeout <= LONGEST:
            raise KernelRefusal(EINVAL, f"IDLETIMER: timeout {self.timeout} is not within 1 to {LONGEST} seconds")
        if not self.label or "/" in self.label:
            raise KernelRefusal(EINVAL, f"IDLETIMER: '{self.label}' cannot be the name of a file in /sys")

    def claim(self) -> tuple[str, str]:
        return f"IDLETIMER {self.label}", f"{'with' if self.alarm else 'without'} --alarm"

    def save(self) -> str:
        return f"--timeout {self.timeout} --label {self.label}{' --alarm' if self.alarm else ''}"

    def listing(self, numeric: bool) -> str:
        return f"timeout:{self.timeout} label:{self.label}{' alarm' if self.alarm else ''}"


def build(values: Values) -> Target:
    return IdleTimer(values.number("timeout"), values.string("label"), values.has("alarm"))


OPTIONS: Final = (
    Option("timeout", "u32", mandatory=True),
    Option("label", "string:cut", high=LABEL_LENGTH, mandatory=True),
    Option("alarm"),
)

EXTENSIONS: Final = (Spec("IDLETIMER", build, OPTIONS, revision=1),)
