"""devgroup: the group of the interface by which a packet comes or leaves.

    -m devgroup [!] --src-group VALUE[/MASK]|NAME  [!] --dst-group VALUE[/MASK]|NAME

Groups are numbers given with `ip link set ... group`; names stand in /etc/iproute2/group. -src only where packets come
in (PREROUTING, INPUT, FORWARD), -dst only where they leave (FORWARD, OUTPUT, POSTROUTING).

Kernel peer: xt_devgroup. Source: iptables-extensions(8) devgroup.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import (
    FWD,
    IN,
    OUT,
    POST,
    PRE,
    Extension,
    KernelRefusal,
    Match,
    Option,
    ParameterProblem,
    RuleHead,
    Spec,
)
from engine.core.names import DEVICE_GROUPS
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, named_mask


class Group:
    def __init__(self, value: int, mask: int, inverted: bool) -> None:
        self.value = value
        self.mask = mask
        self.inverted = inverted

    def holds(self, group: int) -> bool:
        return ((group ^ self.value) & self.mask == 0) != self.inverted


class DevGroup(Match):
    def __init__(self, source: Group | None, destination: Group | None) -> None:
        self.source = source
        self.destination = destination

    def matches(self, packet: Packet, context: Context) -> bool:
        environment = context.shared.environment
        if self.source is not None and not self.source.holds(environment.device_group(context.indev)):
            return False
        return self.destination is None or self.destination.holds(environment.device_group(context.outdev))

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.source is not None and hooks & ~(PRE | IN | FWD):
            raise KernelRefusal(EINVAL, "devgroup: --src-group only in PREROUTING, INPUT and FORWARD")
        if self.destination is not None and hooks & ~(FWD | OUT | POST):
            raise KernelRefusal(EINVAL, "devgroup: --dst-group only in FORWARD, OUTPUT and POSTROUTING")

    def _text(self, dashes: str, numeric: bool) -> str:
        parts = []
        for name, group in (("src-group", self.source), ("dst-group", self.destination)):
            if group is not None:
                value = named_mask(group.value, group.mask, DEVICE_GROUPS, numeric)
                parts.append(f"{bang(group.inverted)}{dashes}{name} {value}")
        return " ".join(parts)

    def save(self) -> str:
        return self._text("--", False)

    def listing(self, numeric: bool) -> str:
        return self._text("", numeric)


def read_group(values: Values, name: str) -> Group | None:
    if not values.has(name):
        return None
    value, mask = values.pair(name)
    return Group(value, mask, values.inverted(name))


def build(values: Values) -> Extension:
    return DevGroup(read_group(values, "src-group"), read_group(values, "dst-group"))


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("devgroup match: You must specify either '--src-group' or '--dst-group'")


EXTENSIONS: Final = (
    Spec(
        "devgroup",
        build,
        (Option("src-group", "group", invert=True), Option("dst-group", "group", invert=True)),
        final=final,
    ),
)
