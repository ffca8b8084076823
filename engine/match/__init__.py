"""Matches: one file each. NAMES lists them all: name -> module of this package."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from engine.core.extension import Spec

NAMES: Final[dict[str, str]] = {
    "addrtype": "addrtype",
    "ah": "ah",
    "bpf": "bpf",
    "cgroup": "cgroup",
    "cluster": "cluster",
    "comment": "comment",
    "connbytes": "connbytes",
    "connlabel": "connlabel",
    "connlimit": "connlimit",
    "connmark": "connmark",
    "conntrack": "conntrack",
    "cpu": "cpu",
    "dccp": "dccp",
    "devgroup": "devgroup",
    "dscp": "dscp",
    "dst": "dst",
    "ecn": "ecn",
    "esp": "esp",
    "eui64": "eui64",
    "frag": "frag",
    "hashlimit": "hashlimit",
    "hbh": "hbh",
    "helper": "helper",
    "hl": "hl",
    "icmp": "icmp",
    "icmp6": "icmp6",
    "ipcomp": "ipcomp",
    "iprange": "iprange",
    "ipv6header": "ipv6header",
    "ipvs": "ipvs",
    "length": "length",
    "limit": "limit",
    "mac": "mac",
    "mark": "mark",
    "mh": "mh",
    "multiport": "multiport",
    "nfacct": "nfacct",
    "osf": "osf",
    "owner": "owner",
    "physdev": "physdev",
    "pkttype": "pkttype",
    "policy": "policy",
    "quota": "quota",
    "rateest": "rateest",
    "realm": "realm",
    "recent": "recent",
    "rpfilter": "rpfilter",
    "rt": "rt",
    "sctp": "sctp",
    "set": "set",
    "socket": "socket",
    "srh": "srh",
    "state": "state",
    "statistic": "statistic",
    "string": "string",
    "tcp": "tcp",
    "tcpmss": "tcpmss",
    "time": "time",
    "tos": "tos",
    "ttl": "ttl",
    "u32": "u32",
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
