"""Options in a TCP header."""

from __future__ import annotations

from typing import Final

from engine.core.packet import Packet

END: Final = 0
NOP: Final = 1
MSS: Final = 2
TCP_HEADER: Final = 20
BROKEN: Final = -1


def option_length(data: bytearray, at: int) -> int:
    """Bytes of the option that begins there: END and NOP are one long, and so counts one whose length is 0."""
    if data[at] <= NOP or data[at + 1] == 0:
        return 1
    return data[at + 1]


def header_length(packet: Packet) -> int:
    """Length of the TCP header in bytes, BROKEN if it is not all there."""
    rest = len(packet.data) - packet.l4
    if rest < TCP_HEADER:
        return BROKEN
    length = (packet.data[packet.l4 + 12] >> 4) * 4
    return length if length <= rest else BROKEN
