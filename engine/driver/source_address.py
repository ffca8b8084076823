"""Which IPv6 address of a machine a packet gets as its source (RFC 6724 section 5), as the kernel applies the rules.

Asked for a destination and the interface that counts as the outgoing one: that by which a packet leaves, or, for an
ICMPv6 error, that by which its cause came in. To groups and link-local destinations only an address of that interface
goes.
"""

from __future__ import annotations

from typing import Final

# RFC 4291 section 2.7
LINK_LOCAL: Final = 0x2
SITE_LOCAL: Final = 0x5
GLOBAL: Final = 0xE
TOO_SMALL: Final = 128  # off the worth of a scope smaller than the destination's

# The kernel's table (ip-addrlabel(8)): prefix, its length, label; the longest prefixes first
LABELS: Final[tuple[tuple[int, int, int], ...]] = (
    (1, 128, 0),
    (0, 96, 3),
    (0xFFFF << 32, 96, 4),
    (0x20010000 << 96, 32, 6),
    (0x20010010 << 96, 28, 7),
    (0x3FFE << 112, 16, 12),
    (0x2002 << 112, 16, 2),
    (0xFEC0 << 112, 10, 11),
    (0xFC00 << 112, 7, 5),
)
OTHERS: Final = 1

IFA_F_TEMPORARY: Final = 0x01
IFA_F_OPTIMISTIC: Final = 0x04
IFA_F_DEPRECATED: Final = 0x20
IFA_F_TENTATIVE: Final = 0x40


class Address:
    """One address of an interface, with its scope and flags as `ip addr` shows them. `broadcast` is what stands behind
    "brd" there, 0 if nothing does."""

    def __init__(self, family: int, value: int, length: int, scope: int, flags: int, broadcast: int = 0) -> None:
        self.family = family
        self.value = value
        self.length = length
        self.scope = scope
        self.flags = flags
        self.broadcast = broadcast


def is_usable(address: Address) -> bool:
    return not address.flags & IFA_F_TENTATIVE or address.flags & IFA_F_OPTIMISTIC != 0


def scope_of(address: int) -> int:
    if address >> 120 == 0xFF:
        return address >> 112 & 0xF
    if address == 1 or address >> 118 == 0xFE80 >> 6:
        return LINK_LOCAL
    return SITE_LOCAL if address >> 118 == 0xFEC0 >> 6 else GLOBAL


def label_of(address: int) -> int:
    for prefix, length, label in LABELS:
        if (address ^ prefix) >> (128 - length) == 0:
            return label
    return OTHERS


def select(addresses: dict[int, list[Address]], interface: int, destination: int) -> int | None:
    """addresses: IPv6, by interface index, in the kernel's order; None if none will do."""
    scope = scope_of(destination)
    label = label_of(destination)
    only_there = scope <= LINK_LOCAL or destination >> 120 == 0xFF
    best: int | None = None
    most: tuple[bool, int, bool, bool, bool, bool, int] | None = None
    for index, there in addresses.items():
        if only_there and index != interface:
            continue
        for address in there:
            if not is_usable(address):
                continue
            own = scope_of(address.value)
            worth = (
                address.value == destination,
                -own if own >= scope else own - TOO_SMALL,
                not address.flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC),
                index == interface,
                label_of(address.value) == label,
                not address.flags & IFA_F_TEMPORARY,
                min(128 - (address.value ^ destination).bit_length(), address.length),
            )
            if most is None or worth > most:
                best = address.value
                most = worth
    return best
