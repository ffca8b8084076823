"""How the network stack of a host answers packets that no program of it expects.

Crafted packets and a host's own kernel share one address. A SYN/ACK for a connection that only the test knows would be
answered by the kernel with a reset, a datagram by an ICMP error, and the picture is spoiled. Three ways to be:

    refuse   as any Linux host: reset and ICMP errors for closed ports
    silent   packets reach programs that listen or are connected; everything else that is not ICMP is dropped
    deaf     nothing reaches the host at all: only ports (lab/port.py) see what arrives

These are rules in the mangle table of the host's own namespace; a firewall node has none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from lab import programs

EMPTY: Final = "*mangle\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
SILENT: Final = """*mangle
:INPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p {icmp} -j ACCEPT
-A INPUT -p tcp -m socket --nowildcard -j ACCEPT
-A INPUT -p udp -m socket --nowildcard -j ACCEPT
-A INPUT -j DROP
COMMIT
"""
DEAF: Final = """*mangle
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
"""
MODES: Final = {"refuse": EMPTY, "silent": SILENT, "deaf": DEAF}
COMMANDS: Final = {"ipv4": ("iptables", "icmp"), "ipv6": ("ip6tables", "ipv6-icmp")}


@cache
def tool(family: str) -> str:
    """The iptables-restore to use, "" if none is installed: hosts then answer as with `refuse`."""
    command = COMMANDS[family][0]
    found = (programs.find(f"{command}-{variant}") for variant in ("legacy-restore", "nft-restore", "restore"))
    return next(filter(None, found), "")


def commands(mode: str, families: Iterable[str] = ("ipv4", "ipv6")) -> list[tuple[list[str], str]]:
    """What has to run in a node to set a mode: (argv, input) for each family."""
    return [([tool(family)], MODES[mode].format(icmp=COMMANDS[family][1])) for family in families if tool(family)]
