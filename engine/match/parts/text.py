"""Pieces of text that many matches print alike."""

from __future__ import annotations

from engine.core.names import NAMES


def bang(inverted: bool) -> str:
    """The "! " that iptables-save puts before an inverted option."""
    return "! " if inverted else ""


def mark(inverted: bool) -> str:
    """The "!" that listings put before an inverted value."""
    return "!" if inverted else ""


def span(low: int, high: int) -> str:
    """`5`, or `5:7`."""
    return str(low) if low == high else f"{low}:{high}"


def hex_mask(value: int, mask: int) -> str:
    """`0x1`, or `0x1/0xff` when not all 32 bits count."""
    return f"{value:#x}" if mask == 0xFFFFFFFF else f"{value:#x}/{mask:#x}"


def named_mask(value: int, mask: int, names_file: str, numeric: bool) -> str:
    """A value with its name from a file of /etc/iproute2 when it has one, is wanted, and all bits count."""
    if mask == 0xFFFFFFFF and not numeric:
        for name, number in NAMES.table(names_file).items():
            if number == value:
                return name
    return hex_mask(value, mask)


def port_name(port: int, proto: str, numeric: bool) -> str:
    """The service of a port if it has one and names are wanted."""
    if numeric:
        return str(port)
    return NAMES.service_name(port, proto) or str(port)


def listed_range(name: str, low: int, high: int, maximum: int, inverted: bool) -> str:
    """` spi:5`, ` spis:!5:7`; nothing when the whole range is asked for and not inverted."""
    if low == 0 and high == maximum and not inverted:
        return ""
    if low == high:
        return f" {name}:{mark(inverted)}{low}"
    return f" {name}s:{mark(inverted)}{low}:{high}"


def listed_ports(name: str, low: int, high: int, inverted: bool, proto: str, numeric: bool) -> str:
    """` dpt:22`, ` dpts:!22:80`, with service names if wanted; nothing for all ports."""
    if low == 0 and high == 0xFFFF and not inverted:
        return ""
    if low == high:
        return f" {name}:{mark(inverted)}{port_name(low, proto, numeric)}"
    return f" {name}s:{mark(inverted)}{port_name(low, proto, numeric)}:{port_name(high, proto, numeric)}"
