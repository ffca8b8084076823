"""SNPT: replace the prefix of the source address, without state (NPTv6). IPv6 only.

    -j SNPT --src-pfx PREFIX/LENGTH --dst-pfx PREFIX/LENGTH

Only in mangle INPUT and POSTROUTING. How: parts/prefixes.py. The source is not compared with the first prefix: put it
into the rule with -s.

Kernel peer: ip6t_NPT. Source: iptables-extensions(8), SNPT; RFC 6296.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import IN, POST, Spec, Target
from engine.core.hooks import IPV6
from engine.core.values import Values
from engine.target.parts.prefixes import OPTIONS, Prefixes, read_prefix


def build(values: Values) -> Target:
    return Prefixes("SNPT", True, read_prefix(values, "src-pfx"), read_prefix(values, "dst-pfx"))


EXTENSIONS: Final = (Spec("SNPT", build, OPTIONS, families=(IPV6,), tables=("mangle",), hooks=IN | POST),)
