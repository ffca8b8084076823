"""hbh: the hop-by-hop options header of IPv6.

    -m hbh [!] --hbh-len LENGTH  [--hbh-opts TYPE[:LENGTH][,TYPE[:LENGTH]]...]

--hbh-len: of the whole header, in bytes. --hbh-opts: the header's first options are these, in this order; LENGTH is
that of the option's data. At most 16. Padding counts as an option (types 0 and 1). A packet that ends before its
extension headers do is dropped.

Kernel peer: ip6t_hbh. Source: ip6tables-extensions(8) hbh; RFC 8200 section 4.3.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Extension, Option, Spec
from engine.core.hooks import IPV6
from engine.core.protocols import HOP_BY_HOP
from engine.core.values import Values
from engine.match.parts import ipv6_options


def look(values: Values) -> None:
    ipv6_options.read_options(values.given[-1].text, "hbh")


def build(values: Values) -> Extension:
    return ipv6_options.build(values, "hbh", HOP_BY_HOP)


EXTENSIONS: Final = (
    Spec(
        "hbh",
        build,
        (Option("hbh-len", "u32", invert=True), Option("hbh-opts", "text", at_once=look)),
        families=(IPV6,),
    ),
)
