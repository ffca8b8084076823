"""Addresses between text and the integers that packets and rules hold."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from engine.core.hooks import IPV4, IPV6


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
