"""hl: the hop limit of an IPv6 packet.

    -m hl [!] --hl-eq N | --hl-lt N | --hl-gt N

Kernel peer: xt_hl. Source: ip6tables-extensions(8) hl.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Extension, ParameterProblem, Spec
from engine.core.hooks import IPV6
from engine.core.values import Values
from engine.match.parts import hop


def build(values: Values) -> Extension:
    return hop.build(values, "hl")


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("HL match: You must specify one of `--hl-eq', `--hl-lt', `--hl-gt'")


EXTENSIONS: Final = (Spec("hl", build, hop.options("hl", ("hl",)), families=(IPV6,), final=final),)
