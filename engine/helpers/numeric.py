"""Numeric IPv6 addresses in payloads, as the kernel reads them: a group may have leading zeros, however many."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv6Address
from typing import Final

NONE: Final = -1
LETTERS: Final = b"0123456789abcdefABCDEF:."


def ipv6_end(data: bytes, at: int) -> int:
    """Where the run of letters ends that may be an address beginning at `at`."""
    while at < len(data) and data[at] in LETTERS:
        at += 1
    return at


def read_ipv6(data: bytes) -> int:
    """The address that these bytes are, NONE if they are none."""
    groups = []
    for group in data.split(b":"):
        if len(group) > 4 and b"." not in group:
            group = group.lstrip(b"0").rjust(1, b"0")
        groups.append(group)
    try:
        text = b":".join(groups).decode("ascii")
        return NONE if "%" in text else int(IPv6Address(text))
    except (AddressValueError, UnicodeDecodeError):
        return NONE
