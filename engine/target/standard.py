"""standard: iptables' own name for what stands behind ACCEPT, DROP, RETURN, QUEUE and every jump.

    -j standard

Nobody means it: iptables loads the target, and then there is no verdict and no chain of that name to carry it out ("No
chain/target/match by that name"). -N refuses a chain of that name; a ruleset may declare one, with which
iptables-legacy 1.8.9 crashes.

Kernel peer: a standard verdict of ip_tables. Source: measured.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Spec
from engine.core.values import Values
from engine.target.parts.missing import Missing

NAME: Final = "standard"


def build(values: Values) -> Missing:
    return Missing(NAME)


EXTENSIONS: Final = (Spec(NAME, build),)
