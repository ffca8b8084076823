"""icmp: type and code of an ICMP message.

    -p icmp [-m icmp] [!] --icmp-type TYPE[/CODE]|NAME

The code counts only when it is given. `any` is type 255: it matches every message, also one whose type is 255. Names
may be shortened as long as they stay unambiguous. Later fragments never match; less than 8 bytes of ICMP are dropped.

Kernel peer: ip_tables (icmp). Source: iptables-extensions(8) icmp; RFC 792; IANA ICMP parameters.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Extension, Option, Spec
from engine.core.hooks import IPV4
from engine.core.values import Values
from engine.match.parts.icmp import IcmpType, TypeName, read_type, types_help

ANY: Final = 0xFF

NAMES: Final[tuple[TypeName, ...]] = (
    ("any", 255, 0, 255),
    ("echo-reply", 0, 0, 255),
    ("pong", 0, 0, 255),
    ("destination-unreachable", 3, 0, 255),
    ("network-unreachable", 3, 0, 0),
    ("host-unreachable", 3, 1, 1),
    ("protocol-unreachable", 3, 2, 2),
    ("port-unreachable", 3, 3, 3),
    ("fragmentation-needed", 3, 4, 4),
    ("source-route-failed", 3, 5, 5),
    ("network-unknown", 3, 6, 6),
    ("host-unknown", 3, 7, 7),
    ("network-prohibited", 3, 9, 9),
    ("host-prohibited", 3, 10, 10),
    ("TOS-network-unreachable", 3, 11, 11),
    ("TOS-host-unreachable", 3, 12, 12),
    ("communication-prohibited", 3, 13, 13),
    ("host-precedence-violation", 3, 14, 14),
    ("precedence-cutoff", 3, 15, 15),
    ("source-quench", 4, 0, 255),
    ("redirect", 5, 0, 255),
    ("network-redirect", 5, 0, 0),
    ("host-redirect", 5, 1, 1),
    ("TOS-network-redirect", 5, 2, 2),
    ("TOS-host-redirect", 5, 3, 3),
    ("echo-request", 8, 0, 255),
    ("ping", 8, 0, 255),
    ("router-advertisement", 9, 0, 255),
    ("router-solicitation", 10, 0, 255),
    ("time-exceeded", 11, 0, 255),
    ("ttl-exceeded", 11, 0, 255),
    ("ttl-zero-during-transit", 11, 0, 0),
    ("ttl-zero-during-reassembly", 11, 1, 1),
    ("parameter-problem", 12, 0, 255),
    ("ip-header-bad", 12, 0, 0),
    ("required-option-missing", 12, 1, 1),
    ("timestamp-request", 13, 0, 255),
    ("timestamp-reply", 14, 0, 255),
    ("address-mask-request", 17, 0, 255),
    ("address-mask-reply", 18, 0, 255),
)


class Icmp(IcmpType):
    listed_as = "icmp"
    option_name = "icmp-type"
    names = NAMES
    wildcard = ANY


def look(values: Values) -> None:
    read_type(values.given[-1].text, NAMES, "ICMP")


def build(values: Values) -> Extension:
    kind, low, high = read_type(values.text("icmp-type"), NAMES, "ICMP")
    return Icmp(kind, low, high, values.inverted("icmp-type"))


EXTENSIONS: Final = (
    Spec(
        "icmp",
        build,
        (Option("icmp-type", "text", invert=True, mandatory=True, at_once=look),),
        families=(IPV4,),
        protos=(1,),
        more_help=types_help(NAMES, "ICMP"),
    ),
)
