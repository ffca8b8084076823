"""rateest: compare rates that the RATEEST target measures.

    -m rateest [--rateest-delta] --rateest1 NAME [--rateest2 NAME] [--rateest-bps1 RATE] [--rateest-pps1 RATE]
               [--rateest-bps2 RATE] [--rateest-pps2 RATE]  [!] --rateest-lt | --rateest-gt | --rateest-eq

Not carried out: the engine has no rate estimators (RATEEST).

Kernel peer: xt_rateest. Source: iptables-extensions(8) rateest.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, Spec
from engine.match.parts.refused import build

EXTENSIONS: Final = (
    Spec(
        "rateest",
        build,
        (
            Option("rateest1", "text", aliases=("rateest",)),
            Option("rateest2", "text"),
            Option("rateest-bps1", "text", aliases=("rateest-bps",)),
            Option("rateest-pps1", "text", aliases=("rateest-pps",)),
            Option("rateest-bps2", "text"),
            Option("rateest-pps2", "text"),
            Option("rateest-delta"),
            Option("rateest-lt", invert=True),
            Option("rateest-gt", invert=True),
            Option("rateest-eq", invert=True),
        ),
        unsupported="the engine has no rate estimators (RATEEST)",
    ),
)
