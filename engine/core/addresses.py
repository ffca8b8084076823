"""Addresses between text and the integers that packets and rules hold."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from engine.core.hooks import IPV4, IPV6


def address_text(value: int, family: int) -> str:
    """`192.0.2.1` or `2001:db8::1`."""
    if family == IPV4:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    return str(IPv6Address(value))


def parse_address(text: str) -> tuple[int, int]:
    """(family, integer) of a numeric address; ValueError when it is none."""
    if ":" in text:
        return IPV6, int(IPv6Address(text))
    return IPV4, int(IPv4Address(text))
