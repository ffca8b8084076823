"""Matches: one file each. NAMES lists them all: name -> module of this package."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from engine.core.extension import Spec

NAMES: Final[dict[str, str]] = {
    "addrtype": "addrtype",
    "comment": "comment",
    "connbytes": "connbytes",
    "connlabel": "connlabel",
    "connlimit": "connlimit",
    "connmark": "connmark",
    "conntrack": "conntrack",
    "hashlimit": "hashlimit",
    "icmp": "icmp",
    "icmp6": "icmp6",
    "iprange": "iprange",
    "length": "length",
    "limit": "limit",
    "mac": "mac",
    "mark": "mark",
    "multiport": "multiport",
    "physdev": "physdev",
    "recent": "recent",
    "state": "state",
    "statistic": "statistic",
    "string": "string",
    "tcp": "tcp",
    "udp": "udp",
}

_found: Final[dict[tuple[str, int], Spec | None]] = {}


def find(name: str, family: int) -> Spec | None:
    """The extension of that name for one family, or None. Its module is imported when it is first asked for."""
    key = (name, family)
    if key not in _found:
        _found[key] = _load(name, family)
    return _found[key]


def _load(name: str, family: int) -> Spec | None:
    module = NAMES.get(name)
    if module is None:
        return None
    specs: tuple[Spec, ...] = import_module(f"engine.match.{module}").EXTENSIONS
    for spec in specs:
        if spec.name == name and family in spec.families:
            return spec
    return None
