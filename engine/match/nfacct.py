"""nfacct: count packets and bytes in a named object.

    -m nfacct --nfacct-name NAME

Not carried out: the engine keeps no accounting objects (nfacct).

Kernel peer: xt_nfacct. Source: iptables-extensions(8) nfacct.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, Spec
from engine.match.parts.refused import build

EXTENSIONS: Final = (
    Spec(
        "nfacct",
        build,
        (Option("nfacct-name", "string:cut", mandatory=True, high=31),),
        unsupported="the engine keeps no accounting objects (nfacct)",
    ),
)
