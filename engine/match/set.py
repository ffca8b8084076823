"""set: addresses and ports in an ipset.

    -m set [!] --match-set NAME src|dst[,src|dst]...  [--return-nomatch] [! --update-counters] [! --update-subcounters]
           [[!] --packets-eq N | --packets-lt N | --packets-gt N]  [[!] --bytes-eq N | --bytes-lt N | --bytes-gt N]

Not carried out: the engine has no sets (ipset).

Kernel peer: xt_set. Source: iptables-extensions(8) set.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, ParameterProblem, Spec
from engine.core.values import Values
from engine.match.parts.refused import build


def final(values: Values) -> None:
    if not values.has("match-set"):
        raise ParameterProblem("You must specify `--match-set' with proper arguments")


EXTENSIONS: Final = (
    Spec(
        "set",
        build,
        (
            Option("match-set", "two", invert=True, aliases=("set",)),
            Option("return-nomatch"),
            Option("update-counters", invert=True),
            Option("update-subcounters", invert=True),
            Option("packets-eq", "u64", invert=True),
            Option("packets-lt", "u64"),
            Option("packets-gt", "u64"),
            Option("bytes-eq", "u64", invert=True),
            Option("bytes-lt", "u64"),
            Option("bytes-gt", "u64"),
        ),
        final=final,
        unsupported="the engine has no sets (ipset)",
    ),
)
