"""The five netfilter hooks and the tables a packet meets at each of them.

    in --> PREROUTING --(route)--> FORWARD --> POSTROUTING --> out
                         |                        ^
                         v                        |
                       INPUT                 (route again)
                         |                        |
                         v                        |
                     local process ---------> OUTPUT

Source: kernel include/uapi/linux/netfilter.h and netfilter_ipv4.h (priorities), iptables(8) TABLES.
"""

from typing import Final

PREROUTING: Final = 0
INPUT: Final = 1
FORWARD: Final = 2
OUTPUT: Final = 3
POSTROUTING: Final = 4

HOOK_NAMES: Final = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
HOOK_NUMBERS: Final[dict[str, int]] = {name: number for number, name in enumerate(HOOK_NAMES)}

IPV4: Final = 2  # NFPROTO_IPV4
IPV6: Final = 10  # NFPROTO_IPV6
FAMILY_NAMES: Final[dict[int, str]] = {IPV4: "ipv4", IPV6: "ipv6"}
FAMILIES: Final[dict[str, int]] = {"ipv4": IPV4, "ipv6": IPV6}

# Steps of a hook that are not tables.
DEFRAG: Final = "<defrag>"  # fragments wait here until their packet is whole
TRACK: Final = "<track>"  # conntrack finds or makes the entry
HELP: Final = "<help>"  # helpers read the payload, sequence numbers are adjusted
CONFIRM: Final = "<confirm>"  # the entry becomes visible in the conntrack table

# Numerical priorities decide: conntrack defrag -400, raw -300, track -200, mangle -150, dnat -100, filter 0,
# security 50, snat 100, helper 300, confirm maximum.
STEPS_AT: Final[dict[int, tuple[str, ...]]] = {
    PREROUTING: (DEFRAG, "raw", TRACK, "mangle", "nat"),
    INPUT: ("mangle", "filter", "security", "nat", HELP, CONFIRM),
    FORWARD: ("mangle", "filter", "security"),
    OUTPUT: (DEFRAG, "raw", TRACK, "mangle", "nat", "filter", "security"),
    POSTROUTING: ("mangle", "nat", HELP, CONFIRM),
}

# The built-in chains of each table, in the order iptables prints them.
BUILT_IN_CHAINS: Final[dict[str, tuple[str, ...]]] = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
