"""DNPT: replace the prefix of the destination address, without state (NPTv6). IPv6 only.

    -j DNPT --src-pfx PREFIX/LENGTH --dst-pfx PREFIX/LENGTH

Only in mangle PREROUTING and OUTPUT. How: parts/prefixes.py. The destination is not compared with the first prefix: put
it into the rule with -d.

Kernel peer: ip6t_NPT. Source: iptables-extensions(8), DNPT; RFC 6296.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import OUT, PRE, Spec, Target
from engine.core.hooks import IPV6
from engine.core.values import Values
from engine.target.parts.prefixes import OPTIONS, Prefixes, read_prefix


def build(values: Values) -> Target:
    return Prefixes("DNPT", False, read_prefix(values, "src-pfx"), read_prefix(values, "dst-pfx"))


EXTENSIONS: Final = (Spec("DNPT", build, OPTIONS, families=(IPV6,), tables=("mangle",), hooks=PRE | OUT),)
