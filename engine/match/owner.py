"""owner: who made a packet.

    -m owner [!] --uid-owner USER[-USER]  [!] --gid-owner GROUP[-GROUP] [--suppl-groups]  [!] --socket-exists

Only for packets made on this machine: OUTPUT and POSTROUTING. Names, numbers or ranges of numbers. A packet without a
socket (a reset of the kernel's) matches only if all that is asked is inverted; ICMP answers of the kernel come from a
socket, but from one that nobody owns. --suppl-groups must follow --gid-owner; only the first group of a process is
known here.

Kernel peer: xt_owner revision 1. Source: iptables-extensions(8) owner.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import KERNEL_SOCKET, Context
from engine.core.extension import OUT, POST, Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.names import NAMES
from engine.core.numbers import strtoul
from engine.core.packet import Packet
from engine.core.values import Given, Values
from engine.match.parts.text import bang

ID_LIMIT: Final = 0xFFFFFFFE


class Owners:
    """A range of user or group ids."""

    def __init__(self, low: int, high: int, inverted: bool) -> None:
        self.low = low
        self.high = high
        self.inverted = inverted

    def holds(self, number: int) -> bool:
        return (self.low <= number <= self.high) != self.inverted

    def text(self, file: str, numeric: bool) -> str:
        if self.low != self.high:
            return f"{self.low}-{self.high}"
        if not numeric:
            for name, number in NAMES.accounts(file).items():
                if number == self.low:
                    return name
        return str(self.low)


class Owner(Match):
    def __init__(self, users: Owners | None, groups: Owners | None) -> None:
        self.users = users
        self.groups = groups
        self.supplementary = False
        self.socket = False
        self.socket_inverted = False

    def matches(self, packet: Packet, context: Context) -> bool:
        if context.uid < 0 and context.uid != KERNEL_SOCKET:
            return self._all_inverted()
        if self.socket and self.socket_inverted:
            return False
        if context.uid == KERNEL_SOCKET:
            return self._no_owner()
        if self.users is not None and not self.users.holds(context.uid):
            return False
        return self.groups is None or self.groups.holds(context.gid)

    def _all_inverted(self) -> bool:
        if self.supplementary or (self.socket and not self.socket_inverted):
            return False
        return self._no_owner()

    def _no_owner(self) -> bool:
        if self.users is not None and not self.users.inverted:
            return False
        return self.groups is None or self.groups.inverted

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        for owners in (self.users, self.groups):
            if owners is not None and owners.low > owners.high:
                raise KernelRefusal(EINVAL, f"owner: the range {owners.low}-{owners.high} is upside down")

    def save(self) -> str:
        parts = []
        if self.socket:
            parts.append(f"{bang(self.socket_inverted)}--socket-exists")
        if self.users is not None:
            parts.append(f"{bang(self.users.inverted)}--uid-owner {self.users.text('passwd', True)}")
        if self.groups is not None:
            parts.append(f"{bang(self.groups.inverted)}--gid-owner {self.groups.text('group', True)}")
        if self.supplementary:
            parts.append("--suppl-groups")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        parts = []
        if self.socket:
            parts.append(f"{bang(self.socket_inverted)}owner socket exists")
        if self.users is not None:
            parts.append(f"{bang(self.users.inverted)}owner UID match {self.users.text('passwd', numeric)}")
        if self.groups is not None:
            parts.append(f"{bang(self.groups.inverted)}owner GID match {self.groups.text('group', numeric)}")
        if self.supplementary:
            parts.append("incl. suppl. groups")
        return " ".join(parts)


def read_owners(given: Given | None, file: str) -> Owners | None:
    """A name, a number or a range of numbers."""
    if given is None:
        return None
    text = given.text
    known = NAMES.accounts(file).get(text)
    if known is not None:
        return Owners(known, known, given.inverted)
    first = strtoul(text, ID_LIMIT, whole=False)
    if first is not None:
        low, end = first
        if end == len(text):
            return Owners(low, low, given.inverted)
        second = strtoul(text[end + 1 :], ID_LIMIT) if text[end] in "-:" else None
        if second is not None:
            return Owners(low, second[0], given.inverted)
    raise ParameterProblem(f'owner: Bad value for "--{given.option.name}" option: "{text}"')


def look(values: Values) -> None:
    given = values.given[-1]
    read_owners(given, "passwd" if given.option.name == "uid-owner" else "group")


def look_for_group(values: Values) -> None:
    if not values.has("gid-owner"):
        raise ParameterProblem('owner: Bad value for "--suppl-groups" option: "you need to use --gid-owner first"')


def build(values: Values) -> Extension:
    match = Owner(read_owners(values.find("uid-owner"), "passwd"), read_owners(values.find("gid-owner"), "group"))
    match.supplementary = values.has("suppl-groups")
    match.socket = values.has("socket-exists")
    match.socket_inverted = values.inverted("socket-exists")
    return match


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("owner: At least one of --uid-owner, --gid-owner or --socket-exists is required")


EXTENSIONS: Final = (
    Spec(
        "owner",
        build,
        (
            Option("uid-owner", "text", invert=True, at_once=look),
            Option("gid-owner", "text", invert=True, at_once=look),
            Option("socket-exists", invert=True),
            Option("suppl-groups", at_once=look_for_group),
        ),
        hooks=OUT | POST,
        revision=1,
        final=final,
    ),
)
