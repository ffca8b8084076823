"""connlabel: labels of a connection, 128 of them.

    -m connlabel [!] --label NUMBER|NAME [--set]

True when the connection carries the label. --set: puts it there, and matches when that was possible. Names stand in
/etc/xtables/connlabel.conf (`NUMBER NAME` a line). Only connections that began while a rule with connlabel was
loaded can carry labels. A packet without connection does not have the label.

Kernel peer: xt_connlabel. Source: iptables-extensions(8) connlabel.
"""

from __future__ import annotations

from errno import ERANGE
from typing import Final

from engine.core.context import Context, Shared
from engine.core.extension import (
    Extension,
    KernelRefusal,
    Match,
    Option,
    ParameterProblem,
    ResourceProblem,
    RuleHead,
    Spec,
)
from engine.core.labels import NAME_FILE, read_labels
from engine.core.numbers import signed_strtoul
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

LABELS: Final = 128


class ConnLabel(Match):
    def __init__(self, number: int, inverted: bool, sets: bool) -> None:
        self.number = number
        self.inverted = inverted
        self.sets = sets

    def matches(self, packet: Packet, context: Context) -> bool:
        entry = context.entry
        if entry is None or not entry.has_labels:
            return self.inverted
        bit = 1 << self.number
        if entry.labels & bit:
            return not self.inverted
        if self.sets:
            entry.labels |= bit
            return not self.inverted
        return self.inverted

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.number >= LABELS:
            raise KernelRefusal(ERANGE, f"connlabel: there are only {LABELS} labels")

    def installed(self, shared: Shared) -> None:
        shared.label_users += 1

    def removed(self, shared: Shared) -> None:
        shared.label_users -= 1

    def _name(self) -> str:
        """Its name, "" if it has none."""
        return next((name for name, number in (read_labels() or {}).items() if number == self.number), "")

    def save(self) -> str:
        return f'{bang(self.inverted)}--label "{self._name() or self.number}"' + (" --set" if self.sets else "")

    def listing(self, numeric: bool) -> str:
        name = "" if numeric else self._name()
        shown = f"'{name}'" if name else str(self.number)
        return f"connlabel {bang(self.inverted)}{shown}" + (" set" if self.sets else "")


def read_label(text: str) -> int:
    """The number that a label is or, if it is none, has by name."""
    number = signed_strtoul(text)
    if number is None:
        names = read_labels()
        if names is not None and not names:
            raise ResourceProblem(f"cannot parse {NAME_FILE}: no labels found")
        number = (names or {}).get(text)
    # an int of C, kept in 16 bits
    if number is None or number & 0x80000000:
        raise ParameterProblem(f"label '{text}' not found or invalid value")
    return number & 0xFFFF


def _is_number(text: str) -> bool:
    number = signed_strtoul(text)
    return number is not None and not number & 0x80000000


def look(values: Values) -> None:
    text = values.given[-1].text
    if not _is_number(text) and read_labels() is None:
        values.warnings.append(f"Warning: cannot open {NAME_FILE}: No such file or directory\n")
    read_label(text)


def build(values: Values) -> Extension:
    return ConnLabel(read_label(values.text("label")), values.inverted("label"), values.has("set"))


EXTENSIONS: Final = (
    Spec(
        "connlabel",
        build,
        (Option("label", "string", invert=True, mandatory=True, low=1, at_once=look), Option("set")),
        needs_conntrack=True,
    ),
)
