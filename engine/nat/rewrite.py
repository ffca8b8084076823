"""Changing one side of a packet: its address, and its port, id or key, with every checksum kept right.

    protocol        number                      checksum
    TCP             port                        updated; not in a quoted header that is cut before it
    UDP             port                        updated; 0 (none) stays 0, a sum of 0 is written 0xffff
    UDP-Lite        port                        updated
    SCTP            port                        CRC32c, computed anew; not in a header cut before it
    ICMP            id, in questions and answers   updated; addresses are not in it
    ICMPv6          id, in echoes               updated
    GRE             call id of the receiver, in version 1 and only with the destination; other versions than 0, 1 fail
    any other       none                        none is known: left alone

Checksums are updated, not computed: one that was wrong stays wrong. The same is done to a packet quoted in an ICMP
error, of which there may be only the first bytes: less than eight of the transport header are an error.

Source: RFC 1624 (update), RFC 768 and RFC 8200 (UDP), RFC 9260 appendix A (CRC32c); measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.crc32c import crc32c
from engine.core.checksum import replace
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE
from engine.nat.ranges import SOURCE

ICMP_QUERIES: Final = frozenset((0, 8, 13, 14, 15, 16, 17, 18))
ICMPV6_ECHOES: Final = frozenset((128, 129))

SHORTEST: Final = 8  # bytes of a transport header without which nothing can be translated
TRANSLATED: Final = frozenset((TCP, UDP, UDPLITE, SCTP, ICMP, ICMPV6, GRE))


def translate(packet: Packet, manip: int, address: int, number: int) -> bool:
    """Give a packet a new source (or destination) address and port (id, key). False: it cannot be done; drop it."""
    packet.complete_checksum()
    old = packet.src if manip == SOURCE else packet.dst
    if not packet.fragment_offset and not _transport(
        packet.data, packet.family, packet.proto, packet.l4, manip, old, address, number
    ):
        return False
    if old != address:
        _address(packet.data, packet.family, 0, manip, old, address)
        if manip == SOURCE:
            packet.src = address
        else:
            packet.dst = address
    packet.changed = True
    return True


def translate_quoted(packet: Packet, quoted: Packet, start: int, manip: int, address: int, number: int) -> bool:
    """The same for the packet that an error quotes from offset `start` on (`quoted`: a copy with its headers found).

    The checksum of the error is not touched.
    """
    old = quoted.src if manip == SOURCE else quoted.dst
    if not _transport(packet.data, packet.family, quoted.proto, start + quoted.l4, manip, old, address, number):
        return False
    if old != address:
        _address(packet.data, packet.family, start, manip, old, address)
    packet.changed = True
    return True


def _address(data: bytearray, family: int, start: int, manip: int, old: int, new: int) -> None:
    if family == IPV4:
        at = start + (12 if manip == SOURCE else 16)
        data[at : at + 4] = new.to_bytes(4, "big")
        where = start + 10
        total = replace(data[where] << 8 | data[where + 1], _sum(old), _sum(new))
        data[where] = total >> 8
        data[where + 1] = total & 0xFF
        return
    at = start + (8 if manip == SOURCE else 24)
    data[at : at + 16] = new.to_bytes(16, "big")


def _sum(address: int) -> int:
    """Sum of the 16-bit words of an address, folded."""
    if address == 0:
        return 0
    return address % 0xFFFF or 0xFFFF


def _transport(
    data: bytearray, family: int, proto: int, at: int, manip: int, old_address: int, address: int, number: int
) -> bool:
    """The transport header at offset `at`: number and checksum."""
    if proto not in TRANSLATED:
        return True
    size = len(data) - at
    if size < SHORTEST:
        return False
    if proto == ICMP:
        if data[at] in ICMP_QUERIES:
            _replace_number(data, at + 4, number, at + 2, 0, 0, False)
        return True
    if proto == ICMPV6:
        where = at + 4 if data[at] in ICMPV6_ECHOES else 0
        _replace_number(data, where, number, at + 2, old_address, address, False)
        return True
    if proto == GRE:
        return _call_id(data, at, manip, number)
    port = at if manip == SOURCE else at + 2
    if proto == TCP:
        if size < 20:
            _put(data, port, number)
        else:
            _replace_number(data, port, number, at + 16, old_address, address, False)
    elif proto == SCTP:
        _put(data, port, number)
        if size >= 12:
            data[at + 8 : at + 12] = b"\0\0\0\0"
            data[at + 8 : at + 12] = crc32c(bytes(data[at:])).to_bytes(4, "little")
    elif proto == UDP and data[at + 6] == 0 and data[at + 7] == 0:
        _put(data, port, number)
    else:
        _replace_number(data, port, number, at + 6, old_address, address, True)
    return True


def _put(data: bytearray, where: int, number: int) -> None:
    data[where] = number >> 8
    data[where + 1] = number & 0xFF


def _replace_number(
    data: bytearray, where: int, number: int, check: int, old_address: int, address: int, never_zero: bool
) -> None:
    """A number at `where` (0: none), and the checksum at `check` that covers it and the address."""
    total = data[check] << 8 | data[check + 1]
    if old_address != address:
        total = replace(total, _sum(old_address), _sum(address))
    if where:
        total = replace(total, data[where] << 8 | data[where + 1], number)
        _put(data, where, number)
    if total == 0 and never_zero:
        total = 0xFFFF
    _put(data, check, total)


def _call_id(data: bytearray, at: int, manip: int, number: int) -> bool:
    version = data[at + 1] & 7
    if manip == SOURCE or version == 0:
        return True
    if version != 1:
        return False
    _put(data, at + 6, number)
    return True
