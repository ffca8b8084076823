"""icmp6: type and code of an ICMPv6 message.

    -p icmpv6 [-m icmp6] [!] --icmpv6-type TYPE[/CODE]|NAME

The code counts only when it is given. There is no name for "any"; type 255 is just a type. Names may be shortened as
long as they stay unambiguous. Later fragments never match; less than 8 bytes of ICMPv6 are dropped.

Kernel peer: ip6_tables (icmp6). Source: ip6tables-extensions(8) icmp6; RFC 4443; RFC 4861.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Extension, Option, Spec
from engine.core.hooks import IPV6
from engine.core.values import Values
from engine.match.parts.icmp import IcmpType, TypeName, read_type, types_help

NAMES: Final[tuple[TypeName, ...]] = (
    ("destination-unreachable", 1, 0, 255),
    ("no-route", 1, 0, 0),
    ("communication-prohibited", 1, 1, 1),
    ("beyond-scope", 1, 2, 2),
    ("address-unreachable", 1, 3, 3),
    ("port-unreachable", 1, 4, 4),
    ("failed-policy", 1, 5, 5),
    ("reject-route", 1, 6, 6),
    ("packet-too-big", 2, 0, 255),
    ("time-exceeded", 3, 0, 255),
    ("ttl-exceeded", 3, 0, 255),
    ("ttl-zero-during-transit", 3, 0, 0),
    ("ttl-zero-during-reassembly", 3, 1, 1),
    ("parameter-problem", 4, 0, 255),
    ("bad-header", 4, 0, 0),
    ("unknown-header-type", 4, 1, 1),
    ("unknown-option", 4, 2, 2),
    ("echo-request", 128, 0, 255),
    ("ping", 128, 0, 255),
    ("echo-reply", 129, 0, 255),
    ("pong", 129, 0, 255),
    ("router-solicitation", 133, 0, 255),
    ("router-advertisement", 134, 0, 255),
    ("neighbour-solicitation", 135, 0, 255),
    ("neighbor-solicitation", 135, 0, 255),
    ("neighbour-advertisement", 136, 0, 255),
    ("neighbor-advertisement", 136, 0, 255),
    ("redirect", 137, 0, 255),
)


class Icmp6(IcmpType):
    listed_as = "ipv6-icmp"
    option_name = "icmpv6-type"
    names = NAMES


def look(values: Values) -> None:
    read_type(values.given[-1].text, NAMES, "ICMPv6")


def build(values: Values) -> Extension:
    kind, low, high = read_type(values.text("icmpv6-type"), NAMES, "ICMPv6")
    return Icmp6(kind, low, high, values.inverted("icmpv6-type"))


EXTENSIONS: Final = (
    Spec(
        "icmp6",
        build,
        (Option("icmpv6-type", "text", invert=True, mandatory=True, at_once=look),),
        families=(IPV6,),
        protos=(58,),
        more_help=types_help(NAMES, "ICMPv6"),
    ),
)
