"""Targets: one file each. NAMES lists them all: name -> module of this package.

What several targets share stands in `engine.target.parts`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from engine.core.extension import Spec

NAMES: Final[dict[str, str]] = {
    "ACCEPT": "accept",
    "AUDIT": "audit",
    "CHECKSUM": "checksum",
    "CLASSIFY": "classify",
    "CLUSTERIP": "clusterip",
    "CONNMARK": "connmark",
    "CONNSECMARK": "connsecmark",
    "CT": "ct",
    "DNAT": "dnat",
    "DNPT": "dnpt",
    "DROP": "drop",
    "DSCP": "dscp",
    "ECN": "ecn",
    "HL": "hl",
    "HMARK": "hmark",
    "IDLETIMER": "idletimer",
    "LED": "led",
    "LOG": "log",
    "MARK": "mark",
    "MASQUERADE": "masquerade",
    "NETMAP": "netmap",
    "NFLOG": "nflog",
    "NFQUEUE": "nfqueue",
    "NOTRACK": "notrack",
    "QUEUE": "queue",
    "RATEEST": "rateest",
    "REDIRECT": "redirect",
    "REJECT": "reject",
    "RETURN": "return_",
    "SECMARK": "secmark",
    "SET": "set_",
    "SNAT": "snat",
    "SNPT": "snpt",
    "SYNPROXY": "synproxy",
    "TCPMSS": "tcpmss",
    "TCPOPTSTRIP": "tcpoptstrip",
    "TEE": "tee",
    "TOS": "tos",
    "TPROXY": "tproxy",
    "TRACE": "trace",
    "TTL": "ttl",
    "ULOG": "ulog",
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
    specs: tuple[Spec, ...] = import_module(f"engine.target.{module}").EXTENSIONS
    for spec in specs:
        if spec.name == name and family in spec.families:
            return spec
    return None
