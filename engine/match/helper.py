"""helper: connections that a conntrack helper announced.

    -m helper [!] --helper NAME

True for packets of a connection that was expected by one with that helper: the data connection of FTP, not the control
connection. NAME may go on behind the helper's own (`ftp-2121`). An empty name stands for any helper.

Kernel peer: xt_helper. Source: iptables-extensions(8) helper.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.text import quoted
from engine.core.values import Values
from engine.match.parts.text import bang

NAME_LIMIT: Final = 29


class Helper(Match):
    def __init__(self, name: str, inverted: bool) -> None:
        self.name = name
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        entry = context.entry
        if entry is None or entry.master is None or not entry.master.helper:
            return self.inverted
        return self.name.startswith(entry.master.helper) != self.inverted if self.name else not self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--helper {quoted(self.name)}"

    def listing(self, numeric: bool) -> str:
        return f'helper match {bang(self.inverted)}"{self.name}"'


def build(values: Values) -> Extension:
    return Helper(values.string("helper"), values.inverted("helper"))


EXTENSIONS: Final = (
    Spec(
        "helper",
        build,
        (Option("helper", "string:cut", invert=True, mandatory=True, high=NAME_LIMIT),),
        needs_conntrack=True,
    ),
)
