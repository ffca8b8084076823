"""Reading headers that lie somewhere in a packet: TCP-like options, IPv6 extension headers."""

from __future__ import annotations

from typing import Final

from engine.core.packet import Packet, extension_length
from engine.core.protocols import AH, DESTINATION_OPTIONS, FRAGMENT, HOP_BY_HOP, NO_NEXT_HEADER, ROUTING

NOT_FOUND: Final = -1
BROKEN: Final = -2

# What the kernel's ipv6_find_hdr walks over.
WALKED: Final = frozenset((HOP_BY_HOP, ROUTING, FRAGMENT, AH, NO_NEXT_HEADER, DESTINATION_OPTIONS))


def has_option(options: bytes | bytearray, wanted: int) -> bool:
    """Is an option of this kind among them? Kinds 0 and 1 have no length; a length of 0 counts as 1."""
    size = len(options)
    index = 0
    while index < size:
        kind = options[index]
        if kind == wanted:
            return True
        if kind < 2 or index + 1 >= size:
            index += 1
        else:
            index += options[index + 1] or 1
    return False


def find_header(packet: Packet, wanted: int) -> int:
    """Offset of the first IPv6 extension header of this kind; NOT_FOUND, or BROKEN when the packet ends too early."""
    data = packet.data
    size = len(data)
    number = data[6]
    offset = 40
    while number != wanted:
        if number not in WALKED or number == NO_NEXT_HEADER:
            return NOT_FOUND
        if offset + (4 if number in (FRAGMENT, ROUTING) else 2) > size:
            return BROKEN
        if number == FRAGMENT and (data[offset + 2] << 8 | data[offset + 3]) & 0xFFF8:
            return NOT_FOUND
        length = extension_length(data, offset, number)
        number = data[offset]
        offset += length
    return offset
