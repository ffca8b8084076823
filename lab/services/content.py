"""What the servers serve: bytes that can be checked wherever they arrive, of any length.

Blocks of 64 KiB: the number of the block (8 bytes, big-endian), then noise that is the same in every run. A lost,
doubled or moved block shows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

BLOCK: Final = 1 << 16
BIG: Final = 20_000_000
NOISE: Final = random.Random(1).randbytes(BLOCK - 8)


def blocks(size: int) -> Iterator[bytes]:
    """`size` bytes in blocks, the last one shorter."""
    for number in range((size + BLOCK - 1) // BLOCK):
        yield (number.to_bytes(8, "big") + NOISE)[: size - number * BLOCK]


def content(size: int) -> bytes:
    return b"".join(blocks(size))
