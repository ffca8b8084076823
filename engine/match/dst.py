"""dst: the destination options header of IPv6.

    -m dst [!] --dst-len LENGTH  [--dst-opts TYPE[:LENGTH][,TYPE[:LENGTH]]...]

--dst-len: of the whole header, in bytes. --dst-opts: the header's first options are these, in this order; LENGTH is
that of the option's data. At most 16. Padding counts as an option (types 0 and 1). A packet that ends before its
extension headers do is dropped.

Kernel peer: ip6t_hbh. Source: ip6tables-extensions(8) dst; RFC 8200 section 4.6.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Extension, Option, Spec
from engine.core.hooks import IPV6
from engine.core.protocols import DESTINATION_OPTIONS
from engine.core.values import Values
from engine.match.parts import ipv6_options


def look(values: Values) -> None:
    ipv6_options.read_options(values.given[-1].text, "dst")


def build(values: Values) -> Extension:
    return ipv6_options.build(values, "dst", DESTINATION_OPTIONS)


EXTENSIONS: Final = (
    Spec(
        "dst",
        build,
        (Option("dst-len", "u32", invert=True), Option("dst-opts", "text", at_once=look)),
        families=(IPV6,),
    ),
)
