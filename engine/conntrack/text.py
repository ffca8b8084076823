"""Entries and expectations as /proc/net/nf_conntrack and /proc/net/nf_conntrack_expect print them."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Final

from engine.conntrack.expectations import INACTIVE, PERMANENT, USERSPACE, Expectation
from engine.core.connection import ASSURED, NEVER, SEEN_REPLY, Connection, Tuple
from engine.core.hooks import FAMILY_NAMES, IPV4
from engine.core.protocols import GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE

# Protocols with a tracker of their own; every other one is called "unknown".
PROTOCOL_NAMES: Final[dict[int, str]] = {
    ICMP: "icmp",
    TCP: "tcp",
    UDP: "udp",
    GRE: "gre",
    ICMPV6: "icmpv6",
    SCTP: "sctp",
    UDPLITE: "udplite",
}
PORT_TRACKED: Final = frozenset((TCP, UDP, SCTP, UDPLITE))


def protocol_name(proto: int) -> str:
    return PROTOCOL_NAMES.get(proto, "unknown")


def proc_address(address: int, family: int) -> str:
    """IPv6 addresses are written out whole."""
    if family == IPV4:
        return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
    return IPv6Address(address).exploded


def proc_tuple(key: Tuple) -> str:
    """`src=... dst=... ` and what stands for ports, each with a blank behind it."""
    text = f"src={proc_address(key.src, key.family)} dst={proc_address(key.dst, key.family)} "
    return text + ports_text(key)


def ports_text(key: Tuple) -> str:
    if key.proto in PORT_TRACKED:
        return f"sport={key.sport} dport={key.dport} "
    if key.proto in (ICMP, ICMPV6):
        return f"type={key.dport >> 8} code={key.dport & 255} id={key.sport} "
    if key.proto == GRE:
        return f"srckey=0x{key.sport:x} dstkey=0x{key.dport:x} "
    return ""


def zone_texts(entry: Connection) -> tuple[str, str, str]:
    """(behind the original tuple, behind the reply tuple, at the end): one direction's zone stands with its tuple."""
    first, second = entry.zone_original, entry.zone_reply
    if first == second:
        return "", "", f"zone={first} "
    if second == 0:
        return f"zone-orig={first} ", "", ""
    if first == 0:
        return "", f"zone-reply={second} ", ""
    return f"zone-orig={first} ", f"zone-reply={second} ", ""


def counts_text(entry: Connection, direction: int) -> str:
    if not entry.accounting:
        return ""
    return f"packets={entry.packets[direction]} bytes={entry.bytes[direction]} "


def proc_line(entry: Connection, state: str, seconds: int, wall: float) -> str:
    """One line of /proc/net/nf_conntrack, without the newline.

    state: what the tracker prints ("" or "ESTABLISHED"); seconds: left to live; wall: now, on the clock of
    `entry.started`.
    """
    original = entry.original
    zone_original, zone_reply, zone = zone_texts(entry)
    parts = [
        f"{FAMILY_NAMES[original.family]:<8} {original.family} ",
        f"{protocol_name(original.proto):<8} {original.proto} ",
        f"{seconds} ",
        f"{state} " if state else "",
        proc_tuple(original),
        zone_original,
        counts_text(entry, 0),
        "" if entry.status & SEEN_REPLY else "[UNREPLIED] ",
        proc_tuple(entry.reply),
        zone_reply,
        counts_text(entry, 1),
        "[ASSURED] " if entry.status & ASSURED else "",
        f"mark={entry.mark} ",
        zone,
        f"delta-time={max(0, int(wall - entry.started))} " if entry.started != NEVER else "",
        f"use={2 + entry.children}",
    ]
    return "".join(parts)


def expectation_flags(expectation: Expectation) -> str:
    """`PERMANENT,USERSPACE`; "" for none."""
    names = ((PERMANENT, "PERMANENT"), (INACTIVE, "INACTIVE"), (USERSPACE, "USERSPACE"))
    return ",".join([name for bit, name in names if expectation.flags & bit])


def expect_line(expectation: Expectation, now: float) -> str:
    """One line of /proc/net/nf_conntrack_expect, without the newline."""
    key = expectation.key
    flags = expectation_flags(expectation)
    helper = expectation.master.helper
    if helper and expectation.policy.name:
        helper = f"{helper}/{expectation.policy.name}"
    text = f"{max(0, int(expectation.deadline - now))} l3proto = {key.family} proto={key.proto} {proc_tuple(key)}"
    text += flags
    if flags and helper:
        text += " "
    return text + helper
