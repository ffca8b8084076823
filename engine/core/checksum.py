"""Internet checksums (RFC 1071, RFC 1624)."""

from typing import Final

from engine.core.hooks import IPV4
from engine.core.protocols import DCCP, ICMP, ICMPV6, TCP, UDP, UDPLITE


def fold(data: bytes | bytearray) -> int:
    """One's complement sum of big-endian 16-bit words, 0 to 0xffff, not inverted; an odd last byte is padded.

    A big integer modulo 0xffff is that sum: each word weighs a power of 0x10000, which is 1 modulo 0xffff.
    """
    padded = data + b"\0" if len(data) & 1 else data
    number = int.from_bytes(padded, "big")
    if number == 0:
        return 0
    return number % 0xFFFF or 0xFFFF


def checksum(data: bytes | bytearray) -> int:
    """The inverted sum, as it stands in a header."""
    return fold(data) ^ 0xFFFF


def pseudo_header(family: int, source: int, destination: int, proto: int, length: int) -> bytes:
    """The pseudo header of RFC 793 (IPv4) and RFC 8200 section 8.1 (IPv6)."""
    if family == IPV4:
        return (
            source.to_bytes(4, "big") + destination.to_bytes(4, "big") + bytes((0, proto)) + length.to_bytes(2, "big")
        )
    return (
        source.to_bytes(16, "big")
        + destination.to_bytes(16, "big")
        + length.to_bytes(4, "big")
        + bytes((0, 0, 0, proto))
    )


def replace(old_checksum: int, old: int, new: int) -> int:
    """The checksum after values summing to `old` (folded) became ones summing to `new` (RFC 1624, eqn. 3)."""
    total = (~old_checksum & 0xFFFF) + (~old & 0xFFFF) + new
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


# Where the checksum of a transport protocol stands, from the start of its header.
CHECKSUM_OFFSET: Final[dict[int, int]] = {ICMP: 2, TCP: 16, UDP: 6, DCCP: 6, ICMPV6: 2, UDPLITE: 6}
