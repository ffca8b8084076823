"""Addresses between text and the integers that packets and rules hold."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from engine.core.hooks import IPV4, IPV6
from engine.core.numbers import parse_number

# By family
ADDRESS_BITS: Final[dict[int, int]] = {IPV4: 32, IPV6: 128}
FULL_MASK: Final[dict[int, int]] = {IPV4: 0xFFFFFFFF, IPV6: (1 << 128) - 1}


def prefix_mask(length: int, family: int) -> int:
    """The mask with `length` ones in front, all of them for a greater length."""
    bits = ADDRESS_BITS[family]
    length = min(length, bits)
    return ((1 << length) - 1) << (bits - length)


def prefix_length(mask: int, family: int) -> int:
    """Ones in front of a contiguous mask, -1 if it has holes."""
    inverse = mask ^ FULL_MASK[family]
    return -1 if inverse & (inverse + 1) else ADDRESS_BITS[family] - inverse.bit_length()


def folded(address: int) -> int:
    """128 bits to 32, for a hash; an IPv4 address stays what it is."""
    return (address ^ address >> 32 ^ address >> 64 ^ address >> 96) & 0xFFFFFFFF


def address_text(value: int, family: int) -> str:
    """`192.0.2.1` or `2001:db8::1`."""
    if family == IPV4:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    return ipv6_text(value)


def ipv6_text(value: int) -> str:
    """As inet_ntop(3) writes it: the longest run of zeros shortened, embedded IPv4 addresses with dots."""
    groups = [value >> shift & 0xFFFF for shift in range(112, -16, -16)]
    best = 0
    length = 0
    start = 0
    while start < 8:
        end = start
        while end < 8 and groups[end] == 0:
            end += 1
        if end - start > length:
            best, length = start, end - start
        start = end + 1
    if length < 2:
        return ":".join([f"{group:x}" for group in groups])
    if best == 0 and (length == 6 or (length == 5 and groups[5] == 0xFFFF)):
        return f"::{'' if length == 6 else 'ffff:'}{address_text(value & 0xFFFFFFFF, IPV4)}"
    before = ":".join([f"{group:x}" for group in groups[:best]])
    after = ":".join([f"{group:x}" for group in groups[best + length :]])
    return f"{before}::{after}"


def parse_address(text: str) -> tuple[int, int]:
    """(family, integer) of a numeric address; ValueError when it is none."""
    if ":" in text:
        return IPV6, int(IPv6Address(text))
    return IPV4, int(IPv4Address(text))


def numeric_ipv4(text: str, mask: bool = False) -> int | None:
    """As xtables_numeric_to_ipaddr reads it: up to four numbers of one byte each, decimal, octal or hexadecimal;
    missing ones at the end are 0 (`1.1` = 1.1.0.0), but a mask must have all four."""
    parts = text.split(".")
    if len(parts) > 4 or (mask and len(parts) != 4):
        return None
    value = 0
    for part in parts:
        number = parse_number(part, 255)
        if number is None:
            return None
        value = value << 8 | number
    return value << 8 * (4 - len(parts))
