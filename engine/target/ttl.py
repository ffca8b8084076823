"""TTL: rewrite the time to live of an IPv4 packet.

    -j TTL --ttl-set N      0 to 255
    -j TTL --ttl-dec N      1 to 255, stops at 0
    -j TTL --ttl-inc N      1 to 255, stops at 255

Only in the mangle table. The header checksum follows. The kernel decrements once more when it forwards; what has then
nothing left is answered with time exceeded.

Kernel peer: xt_HL. Source: iptables-extensions(8), TTL.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Spec, Target
from engine.core.hooks import IPV4
from engine.core.values import Values
from engine.target.parts.hops import build_hops, hops_options, require_action


def final(values: Values) -> None:
    require_action("TTL", values)


def build(values: Values) -> Target:
    return build_hops("TTL", values)


EXTENSIONS: Final = (Spec("TTL", build, hops_options("ttl"), families=(IPV4,), tables=("mangle",), final=final),)
