"""Matches: one file each. NAMES lists them all: name -> module of this package."""

from __future__ import annotations

from typing import Final

from engine.core.extension import Spec
from engine.core.registry import Registry

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

REGISTRY: Final = Registry("engine.match", NAMES)


def find(name: str, family: int) -> Spec | None:
    """The match of that name for one family, or None. Its file is imported when it is first asked for."""
    return REGISTRY.find(name, family)
