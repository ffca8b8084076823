"""HL: rewrite the hop limit of an IPv6 packet.

    -j HL --hl-set N        0 to 255
    -j HL --hl-dec N        1 to 255, stops at 0
    -j HL --hl-inc N        1 to 255, stops at 255

Only in the mangle table.

Kernel peer: xt_HL. Source: iptables-extensions(8), HL.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Spec, Target
from engine.core.hooks import IPV6
from engine.core.values import Values
from engine.target.parts.hops import build_hops, hops_options, require_action


def final(values: Values) -> None:
    require_action("HL", values)


def build(values: Values) -> Target:
    return build_hops("HL", values)


EXTENSIONS: Final = (Spec("HL", build, hops_options("hl"), families=(IPV6,), tables=("mangle",), final=final),)
