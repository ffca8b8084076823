"""ttl: the time to live of an IPv4 packet.

    -m ttl [!] --ttl-eq N | --ttl-lt N | --ttl-gt N        (--ttl is --ttl-eq)

Kernel peer: xt_hl (ttl). Source: iptables-extensions(8) ttl.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Extension, ParameterProblem, Spec
from engine.core.hooks import IPV4
from engine.core.values import Values
from engine.match.parts import hop


def build(values: Values) -> Extension:
    return hop.build(values, "ttl")


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt")


EXTENSIONS: Final = (Spec("ttl", build, hop.options("ttl", ("ttl",)), families=(IPV4,), final=final),)
