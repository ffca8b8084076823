"""Targets that iptables knows and the kernel does not (any more): the words are read, the rule is refused."""

from __future__ import annotations

from errno import ENOENT

from engine.core.extension import KernelRefusal, RuleHead, Target


class Missing(Target):
    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        raise KernelRefusal(ENOENT, f"{self.name}: the kernel has no such target")
