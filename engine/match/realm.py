"""realm: the realm of the route a packet takes.

    -m realm [!] --realm VALUE[/MASK]|NAME

True when VALUE == (realm & MASK). Realms are given with `ip route ... realm`; names stand in
/etc/iproute2/rt_realms. Only where the route is known: INPUT, FORWARD, OUTPUT, POSTROUTING.

Kernel peer: xt_realm. Source: iptables-extensions(8) realm.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import FWD, IN, OUT, POST, Extension, Match, Option, Spec
from engine.core.hooks import IPV4
from engine.core.names import REALMS
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang, named_mask


class Realm(Match):
    def __init__(self, value: int, mask: int, inverted: bool) -> None:
        self.value = value
        self.mask = mask
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        route = context.shared.environment.route(packet.dst, packet.family, context.mark, packet.src)
        return (route.realm & self.mask == self.value) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--realm {named_mask(self.value, self.mask, REALMS, False)}"

    def listing(self, numeric: bool) -> str:
        return f"{bang(self.inverted)}realm {named_mask(self.value, self.mask, REALMS, numeric)}"


def build(values: Values) -> Extension:
    value, mask = values.pair("realm")
    return Realm(value, mask, values.inverted("realm"))


EXTENSIONS: Final = (
    Spec(
        "realm",
        build,
        (Option("realm", "realm", invert=True, mandatory=True),),
        families=(IPV4,),
        hooks=IN | FWD | OUT | POST,
    ),
)
