"""ICMP errors: to which connection does the packet belong that they complain about?

An error carries the beginning of the packet that caused it. Turned round, that packet's tuple is one of a tracked
connection; the error is then RELATED, in the direction it travels. It must be addressed to the end that sent the packet
(a router may send it from any address). An error about an error, about a later fragment or about nothing we know is
INVALID. An error changes nothing in the entry.

    protocol     errors (type)
    ICMP         3 unreachable, 4 source quench, 5 redirect, 11 time exceeded, 12 parameter problem
    ICMPv6       all below 128; 137 redirect

Source: RFC 792, RFC 1122 3.2.2, RFC 4443, RFC 5508 section 4; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.core.hooks import IPV4, IPV6
from engine.core.packet import EXTENSION_HEADERS, Packet
from engine.core.protocols import NO_NEXT_HEADER

ICMPV6_REDIRECT: Final = 137
REDIRECTED_HEADER_OPTION: Final = 4

# Multicast listeners, router and neighbour discovery, multicast routers: never tracked (RFC 2710, 4861, 3810, 4286)
ICMPV6_UNTRACKED: Final = frozenset((130, 131, 132, 133, 134, 135, 136, 143, 151, 152))


def embedded(packet: Packet, start: int) -> Packet | None:
    """The cut packet that begins at `start`, with its headers found; None if no transport header can be found.

    Its length field tells of the whole packet; the quotation ends where the error ends.
    """
    data = packet.data
    size = len(data) - start
    header = 0
    if packet.family == IPV4:
        if size < 20:
            return None
        header = (data[start] & 15) * 4
        if size < header:
            return None
        inner = bytearray(data[start:])
        inner[0] = 0x45  # nobody looks at the version of a quoted packet, nor whether its header is too short
        inner[2:4] = size.to_bytes(2, "big")
    else:
        if size < 40:
            return None
        inner = bytearray(data[start:])
        inner[0] = inner[0] & 0x0F | 0x60
        inner[4:6] = (size - 40).to_bytes(2, "big")
    quoted = Packet(inner)
    if quoted.family == IPV4:
        quoted.l3_length = header
        quoted.l4 = header
    if quoted.fault or quoted.fragment_offset:
        return None
    if quoted.family == IPV6 and (quoted.proto == NO_NEXT_HEADER or quoted.proto in EXTENSION_HEADERS):
        return None
    return quoted


def redirected(packet: Packet) -> tuple[int, str]:
    """Where the packet begins that an ICMPv6 redirect is about (RFC 4861 4.5, 4.6.3), or (0, why not).

    Believed only from a router on the link (hop limit 255, link-local source); the redirected packet must be the first
    option.
    """
    data = packet.data
    if packet.ttl != 255 or packet.src >> 118 != 0x3FA:
        return 0, "invalid saddr or hoplimit for redirect"
    at = packet.l4 + 40
    if at > len(data):
        return 0, "short redirect"
    if at + 2 > len(data) or data[at + 1] == 0:
        return 0, "redirect without options"
    if data[at] != REDIRECTED_HEADER_OPTION:
        return 0, "redirect without redirected packet"
    return at + 8, ""
