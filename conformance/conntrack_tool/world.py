"""A table with one connection of every sort, and what the tool says of it.

`everything()` sends the traffic; `named()` tells which of these connections a listing shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from conformance.vocabulary import gre, ip, ping, ping6, sctp, tcp, tcp6, udp, udp6, udplite

RULES: Final = """
    *raw
    -A PREROUTING -p udp --dport 9401 -j CT --zone 7
    -A PREROUTING -p udp --dport 9402 -j CT --zone-orig 8
    -A PREROUTING -p udp --dport 9403 -j CT --zone-reply 9
    COMMIT
    *mangle
    -A PREROUTING -p udp --dport 9601 -j CONNMARK --set-mark 9
    -A PREROUTING -p udp --dport 9602 -j CONNMARK --set-mark 0x105
    COMMIT
    *nat
    -A PREROUTING -p udp -d 10.0.2.99 -j DNAT --to-destination 10.0.2.10
    -A PREROUTING -p tcp --dport 9503 -j DNAT --to-destination 10.0.2.10:9513
    -A POSTROUTING -p udp --dport 9501 -j SNAT --to-source 10.0.2.7
    -A POSTROUTING -p tcp --dport 9513 -j SNAT --to-source 10.0.2.8:5555
    COMMIT
    *filter
    -A FORWARD -m conntrack --ctstate INVALID -j DROP
    COMMIT
"""
RULES6: Final = "*filter\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n"

# What tells a connection in a line of the tool: its protocol and the first port or id
NAMES: Final[dict[str, str]] = {
    "tcp 1001": "syn",
    "tcp 1002": "open",
    "tcp 1003": "closing",
    "tcp 1004": "reset",
    "tcp 1503": "both",
    "tcp 1302": "tcp6",
    "udp 1101": "query",
    "udp 1102": "answered",
    "udp 1301": "udp6",
    "udp 1401": "zone",
    "udp 1402": "zone-orig",
    "udp 1403": "zone-reply",
    "udp 1501": "snat",
    "udp 1502": "dnat",
    "udp 1601": "mark9",
    "udp 1602": "mark105",
    "icmp 1201": "ping",
    "icmp 1202": "pong",
    "icmpv6 1303": "ping6",
    "sctp 1701": "sctp",
    "udplite 1702": "lite",
    "gre": "gre",
    "dccp 0": "dccp",
    "unknown": "ospf",
}
KEY: Final = re.compile(r"\b(tcp|udp|icmp|icmpv6|sctp|udplite|dccp|gre|unknown) +\d+ .*?src=\S+ dst=\S+ "
                        r"(?:(?:sport=|type=\d+ code=\d+ id=)(\d+))?")  # fmt: skip


def named(lines: Iterable[str]) -> list[str]:
    """Names of the connections that the lines show, in the order of NAMES; a line that is none of them as it is."""
    found = []
    for line in lines:
        match = KEY.search(line)
        key = " ".join(filter(None, match.groups())) if match else line
        found.append(NAMES.get(key, line))
    order = list(NAMES.values())
    return sorted(found, key=lambda name: order.index(name) if name in order else len(order))


def everything(client: Any, server: Any, firewall: Any) -> None:
    """Send it all. Needs conntrack, nat, raw, mangle and zones."""
    firewall.loads(RULES)
    firewall.loads6(RULES6)
    firewall.sets("net.netfilter.nf_conntrack_checksum", 0)  # or UDP-Lite would be INVALID
    server.claims("10.0.2.77")
    for port in (1002, 1003, 1004):
        talk = client.talk(f"client:{port} > server:{port + 8000}")
        talk.syn()
        talk.syn_ack()
        talk.client_sends("ACK")
        if port == 1003:
            talk.client_sends("FIN,ACK")
        elif port == 1004:
            talk.server_sends("RST,ACK")
    client.sends(
        tcp("client:1001 > server:9001", "SYN"),
        tcp("client:1503 > server:9503", "SYN"),
        tcp6("client:1302 > server:9302", "SYN"),
        udp("client:1101 > server:9101", "x"),
        udp("client:1102 > server:9102", "x"),
        udp6("client:1301 > server:9301", "x"),
        udp("client:1401 > server:9401", "x"),
        udp("client:1402 > server:9402", "x"),
        udp("client:1403 > server:9403", "x"),
        udp("client:1501 > server:9501", "x"),
        udp("client:1502 > 10.0.2.99:9502", "x"),
        udp("client:1601 > server:9601", "x"),
        udp("client:1602 > server:9602", "x"),
        ping("client > 10.0.2.77", id=1201),
        ping("client > server", id=1202),
        ping6("client > server", id=1303),
        sctp("client:1701 > server:9701", "INIT", init_tag=0x1234),
        udplite("client:1702 > server:9702", "x"),
        gre("client > server"),
        ip("client > server", 33, bytes.fromhex("0001000200000000000000000000000000000000")),
        ip("client > server", 89, b"12345678"),
    )
    server.answers(server.sees(udp("client:1102 > server:9102")), "y")
    server.answers(server.sees(udp("10.0.2.7:1501 > server:9501")), "y")


NEEDS: Final = ["conntrack", "conntrack-tool", "nat", "raw", "mangle", "zones", "ipv6", "target-CONNMARK"]
