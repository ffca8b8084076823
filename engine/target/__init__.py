"""Targets: one file each. NAMES lists them all: name -> module of this package.

What several targets share stands in `engine.target.parts`.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Spec
from engine.core.registry import Registry

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
    "standard": "standard",
}

REGISTRY: Final = Registry("engine.target", NAMES)


def find(name: str, family: int) -> Spec | None:
    """The target of that name for one family, or None. Its file is imported when it is first asked for."""
    return REGISTRY.find(name, family)
