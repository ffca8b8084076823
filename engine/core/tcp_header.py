"""Flags and options in a TCP header (RFC 9293 section 3.1; options RFC 7323, RFC 2018; ECE and CWR RFC 3168)."""

from __future__ import annotations

from typing import Final

from engine.core.packet import Packet

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
URG: Final = 0x20
ECE: Final = 0x40
CWR: Final = 0x80

# Kinds of options; the first two have no length
OPTION_END: Final = 0
OPTION_NOP: Final = 1
OPTION_MSS: Final = 2
OPTION_WINDOW_SCALE: Final = 3
OPTION_SACK_PERMITTED: Final = 4
OPTION_SACK: Final = 5
OPTION_TIMESTAMP: Final = 8

TCP_HEADER: Final = 20

# What the functions say instead of a length or offset
NO_MORE: Final = -1
BROKEN: Final = -2


def header_length(packet: Packet) -> int:
    """Length of the TCP header in bytes, BROKEN if it is not all there."""
    rest = len(packet.data) - packet.l4
    if rest < TCP_HEADER:
        return BROKEN
    length = (packet.data[packet.l4 + 12] >> 4) * 4
    return length if length <= rest else BROKEN


def option_at(data: bytes | bytearray, at: int, stop: int) -> int:
    """Offset of the first option with a length that begins at `at` or behind no-operations; NO_MORE, or BROKEN when it
    does not fit in before `stop`."""
    while at < stop and data[at] == OPTION_NOP:
        at += 1
    if at >= stop or data[at] == OPTION_END:
        return NO_MORE
    return at if at + 2 <= stop and 2 <= data[at + 1] <= stop - at else BROKEN


def option_length(data: bytearray, at: int) -> int:
    """Bytes of the option that begins there as those see it who do not mind broken ones: END and NOP are one long, and
    so counts one whose length is 0."""
    if data[at] <= OPTION_NOP or data[at + 1] == 0:
        return 1
    return data[at + 1]
