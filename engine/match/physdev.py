"""physdev: the bridge ports of a bridged packet.

    -m physdev [!] --physdev-in NAME[+]   [!] --physdev-is-in
               [!] --physdev-out NAME[+]  [!] --physdev-is-out
               [!] --physdev-is-bridged

-in is the port by which the packet came, -out the one by which it will leave; is-bridged: it goes from port to port and
is not routed. A packet that never touched a bridge (or a bridge without bridge-nf-call-iptables) answers no to all of
them. Where there is no in-port, --physdev-in says nothing; where there is no out-port, --physdev-out does not match,
inverted or not. OUTPUT refuses -out and is-out unless --physdev-is-bridged goes with it.

Kernel peer: xt_physdev. Source: iptables-extensions(8) physdev; kernel behaviour.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import OUT, Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

NAME_LIMIT: Final = 15
# In the order in which they are printed.
OPTIONS: Final = ("physdev-is-in", "physdev-in", "physdev-is-out", "physdev-out", "physdev-is-bridged")


class Asked:
    """One option of the rule."""

    def __init__(self, given: bool = False, inverted: bool = False, name: str = "") -> None:
        self.given = given
        self.inverted = inverted
        self.name = name

    def same_device(self, device: str) -> bool:
        if self.name.endswith("+"):
            return device.startswith(self.name[:-1])
        return not self.name or self.name == device


class PhysDev(Match):
    def __init__(self, asked: dict[str, Asked]) -> None:
        self.asked = asked
        self.is_in = asked["physdev-is-in"]
        self.port_in = asked["physdev-in"]
        self.is_out = asked["physdev-is-out"]
        self.port_out = asked["physdev-out"]
        self.is_bridged = asked["physdev-is-bridged"]

    def matches(self, packet: Packet, context: Context) -> bool:
        if not context.physin and not context.physout:
            return all(asked.inverted for asked in self.asked.values() if asked.given)
        has_in = context.physin != ""
        has_out = context.physout != ""
        if self.is_bridged.given and has_out == self.is_bridged.inverted:
            return False
        if self.is_in.given and has_in == self.is_in.inverted:
            return False
        if self.is_out.given and has_out == self.is_out.inverted:
            return False
        port = self.port_in
        if port.given and has_in and port.same_device(context.physin) == port.inverted:
            return False
        port = self.port_out
        if not port.given:
            return True
        return has_out and port.same_device(context.physout) != port.inverted

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        asks_out = self.port_out.given or self.is_out.given
        bridged = self.is_bridged.given and not self.is_bridged.inverted
        if asks_out and not bridged and hooks & OUT:
            raise KernelRefusal(
                EINVAL,
                "physdev: --physdev-out and --physdev-is-out only supported in the FORWARD and POSTROUTING chains "
                "with bridged traffic",
            )

    def save(self) -> str:
        parts = []
        for name in OPTIONS:
            asked = self.asked[name]
            if asked.given:
                parts.append(f"{bang(asked.inverted)}--{name}")
                if name in ("physdev-in", "physdev-out"):
                    parts[-1] += f" {asked.name}"
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        return f"PHYSDEV match {self.save()}"


def look(values: Values) -> None:
    name = values.given[-1].text
    if len(name.encode("utf-8", "surrogateescape")) > NAME_LIMIT:
        raise ParameterProblem(f"interface name `{name}' must be shorter than IFNAMSIZ ({NAME_LIMIT})")
    if "/" in name or " " in name:
        values.warnings.append(
            f"Warning: weird character in interface `{name}' ('/' and ' ' are not allowed by the kernel).\n"
        )


def build(values: Values) -> Extension:
    asked = {name: Asked() for name in OPTIONS}
    for given in values.given:
        asked[given.option.name] = Asked(True, given.inverted, given.text)
    return PhysDev(asked)


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("PHYSDEV: no physdev option specified")


EXTENSIONS: Final = (
    Spec(
        "physdev",
        build,
        (
            Option("physdev-in", "text", invert=True, at_once=look),
            Option("physdev-out", "text", invert=True, at_once=look),
            Option("physdev-is-in", invert=True),
            Option("physdev-is-out", invert=True),
            Option("physdev-is-bridged", invert=True),
        ),
        final=final,
    ),
)
