"""SET: put an address of the packet into an ipset, take it out, or map by it.

    -j SET --add-set NAME FLAGS [--timeout SECONDS] [--exist]
    -j SET --del-set NAME FLAGS
    -j SET --map-set NAME FLAGS [--map-mark] [--map-prio] [--map-queue]

This engine keeps no ipsets. Every set is therefore one that does not exist, and rules with SET are refused in iptables'
own words for that.

Kernel peer: xt_set. Source: iptables-extensions(8), SET.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, ParameterProblem, Spec, Target
from engine.core.values import BETWEEN_TWO, Values

OPERATIONS: Final = ("add-set", "del-set", "map-set")


def look(values: Values) -> None:
    name = values.given[-1].text.partition(BETWEEN_TWO)[0]
    raise ParameterProblem(f"Set {name} doesn't exist.\n")


def final(values: Values) -> None:
    raise ParameterProblem("You must specify either `--add-set' or `--del-set' or `--map-set'")


def build(values: Values) -> Target:
    raise ParameterProblem("SET: there are no sets")


OPTIONS: Final = (
    *(Option(name, "two", once=False, at_once=look) for name in OPERATIONS),
    Option("exist"),
    Option("timeout", "u32"),
    Option("map-mark"),
    Option("map-prio"),
    Option("map-queue"),
)

EXTENSIONS: Final = (Spec("SET", build, OPTIONS, revision=3, final=final),)
