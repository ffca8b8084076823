"""ipvs: what IP Virtual Server knows of a packet.

    -m ipvs [!] --ipvs  [!] --vproto PROTO  [!] --vaddr ADDRESS[/MASK]  [!] --vport PORT  --vdir ORIGINAL|REPLY
            [!] --vmethod GATE|IPIP|MASQ  [!] --vportctl PORT

Not carried out: the engine is no IP virtual server.

Kernel peer: xt_ipvs. Source: iptables-extensions(8) ipvs.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, Spec
from engine.match.parts.refused import build

EXTENSIONS: Final = (
    Spec(
        "ipvs",
        build,
        (
            Option("ipvs", invert=True),
            Option("vproto", "protocol", invert=True),
            Option("vaddr", "host/mask", invert=True),
            Option("vport", "port", invert=True),
            Option("vdir", "text"),
            Option("vmethod", "text", invert=True),
            Option("vportctl", "port", invert=True),
        ),
        unsupported="the engine is no IP virtual server",
    ),
)
