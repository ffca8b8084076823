"""cgroup: the control group of the process that a packet belongs to.

    -m cgroup [!] --cgroup CLASSID | [!] --path PATH

CLASSID: net_cls number (saved in decimal); PATH: of a control group of version 2. One of them is given.

Not carried out: a packet handed to the engine does not tell the control group of its socket.

Kernel peer: xt_cgroup. Source: iptables-extensions(8) cgroup.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import IN, OUT, POST, Extension, KernelRefusal, Match, Option, RuleHead, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

PATH_LIMIT: Final = 511


class Cgroup(Match):
    def __init__(self, path: str | None, number: int, inverted: bool) -> None:
        self.path = path
        self.number = number  # -1 = not given
        self.inverted = inverted

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.path is None and self.number < 0:
            raise KernelRefusal(EINVAL, "xt_cgroup: no path or classid specified")
        if self.path is not None and self.number >= 0:
            raise KernelRefusal(EINVAL, "xt_cgroup: path and classid specified")

    def matches(self, packet: Packet, context: Context) -> bool:
        raise NotImplementedError

    def save(self) -> str:
        if self.path is not None:
            return f'{bang(self.inverted)}--path "{self.path}"'
        return f"{bang(self.inverted)}--cgroup {self.number}" if self.number >= 0 else ""

    def listing(self, numeric: bool) -> str:
        return f"cgroup {bang(self.inverted)}{self.number if self.path is None else self.path}"


def build(values: Values) -> Extension:
    path = values.text("path") if values.has("path") else None
    return Cgroup(path, values.number("cgroup", -1), values.inverted("cgroup" if path is None else "path"))


EXTENSIONS: Final = (
    Spec(
        "cgroup",
        build,
        (
            Option("path", "string", invert=True, high=PATH_LIMIT),
            Option("cgroup", "u32", invert=True),
        ),
        hooks=IN | OUT | POST,
        unsupported="a packet handed to the engine does not tell the control group of its socket",
    ),
)
