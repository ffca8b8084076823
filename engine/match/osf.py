"""osf: passive fingerprinting of operating systems.

    -p tcp -m osf [!] --genre NAME  [--ttl 0|1|2]  [--log 0|1|2]

Not carried out: the engine has no table of fingerprints (nfnl_osf).

Kernel peer: xt_osf. Source: iptables-extensions(8) osf.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, Spec
from engine.match.parts.refused import build

EXTENSIONS: Final = (
    Spec(
        "osf",
        build,
        (
            Option("genre", "string:cut", invert=True, mandatory=True, high=31),
            Option("ttl", "u32", high=2),
            Option("log", "u32", high=2),
        ),
        unsupported="the engine has no table of fingerprints (nfnl_osf)",
    ),
)
