"""CRC32c, the checksum of SCTP (RFC 9260 appendix A): polynomial 0x1EDC6F41, bits reflected."""

from typing import Final

REFLECTED: Final = 0x82F63B78


def _table() -> list[int]:
    table: list[int] = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (REFLECTED if value & 1 else 0)
        table.append(value)
    return table


TABLE: Final[list[int]] = _table()


def crc32c(data: bytes) -> int:
    """0 to 0xffffffff; on the wire it stands in little-endian order."""
    value = 0xFFFFFFFF
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF
