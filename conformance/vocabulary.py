"""Everything that a file of scenarios imports. docs/writing-scenarios.md explains each word.

from conformance.vocabulary import case, tcp, udp
"""

from __future__ import annotations

from conformance.actors import Firewall, Host, Output
from conformance.case import case, table
from conformance.failing import Failed, recommended
from conformance.packets import (
    Packet,
    ah,
    arp,
    between,
    esp,
    filler,
    fragment,
    fragment6,
    fragments,
    gre,
    icmp,
    icmp6,
    ip,
    ip6,
    one_of,
    other_than,
    ping,
    ping6,
    pong,
    pong6,
    raw_frame,
    raw_packet,
    sctp,
    tcp,
    tcp6,
    udp,
    udp6,
    udplite,
)  # fmt: skip
from conformance.probes import every_chain, path_rules, visits
from conformance.reading import Seen
from conformance.tcp_talk import Talk

__all__ = [
    "Failed", "Firewall", "Host", "Output", "Packet", "Seen", "Talk", "ah", "arp", "between", "case", "esp",
    "every_chain", "filler", "fragment", "fragment6", "fragments", "gre", "icmp", "icmp6", "ip", "ip6", "one_of",
    "other_than", "path_rules", "ping", "ping6", "pong", "pong6", "raw_frame", "raw_packet", "recommended", "sctp",
    "table", "tcp", "tcp6", "udp", "udp6", "udplite", "visits",
]  # fmt: skip
