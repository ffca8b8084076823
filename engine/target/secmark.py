"""SECMARK: set the security mark of the packet to an SELinux context.

    -j SECMARK --selctx CONTEXT

Only in the mangle and security tables. A context is known to a security module; here there is none, so that the
kernel, and this engine, refuse every one with "No such file or directory".

Kernel peer: xt_SECMARK revision 1. Source: iptables-extensions(8), SECMARK.
"""

from __future__ import annotations

from errno import ENOENT
from typing import Final

from engine.core.extension import KernelRefusal, Option, RuleHead, Spec, Target
from engine.core.values import Values


class SecMark(Target):
    def __init__(self, selctx: str) -> None:
        self.selctx = selctx

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        raise KernelRefusal(ENOENT, f"SECMARK: no security module knows the context '{self.selctx}'")

    def save(self) -> str:
        return f"--selctx {self.selctx}"

    def listing(self, numeric: bool) -> str:
        return f"SECMARK selctx {self.selctx}"


def build(values: Values) -> Target:
    return SecMark(values.text("selctx"))


OPTIONS: Final = (Option("selctx", "string:cut", high=255, mandatory=True),)

EXTENSIONS: Final = (Spec("SECMARK", build, OPTIONS, tables=("mangle", "security"), revision=1),)
