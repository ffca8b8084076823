"""The names and bits of connection states, shared by state and conntrack."""

from __future__ import annotations

from typing import Final

from engine.core.connection import CT_UNTRACKED, DST_NAT, SRC_NAT
from engine.core.context import Context

INVALID: Final = 1 << 0
ESTABLISHED: Final = 1 << 1
RELATED: Final = 1 << 2
NEW: Final = 1 << 3
SNAT: Final = 1 << 4
DNAT: Final = 1 << 5
UNTRACKED: Final = 1 << 6

# In the order in which they are printed.
STATE_NAMES: Final = (
    ("INVALID", INVALID),
    ("NEW", NEW),
    ("RELATED", RELATED),
    ("ESTABLISHED", ESTABLISHED),
    ("UNTRACKED", UNTRACKED),
    ("SNAT", SNAT),
    ("DNAT", DNAT),
)

# Bit of each ctinfo; replies count as what they reply to.
BIT_OF_CTINFO: Final = (
    ESTABLISHED,
    RELATED,
    NEW,
    ESTABLISHED,
    RELATED,
    NEW,
    INVALID,
    UNTRACKED,
    INVALID,
)


def state_bits(context: Context) -> int:
    """What conntrack says of the packet, with SNAT and DNAT as the connection stands now."""
    entry = context.entry
    if entry is None:
        return UNTRACKED if context.ctinfo == CT_UNTRACKED else INVALID
    bits = BIT_OF_CTINFO[context.ctinfo]
    status = entry.status
    if status & SRC_NAT:
        bits |= SNAT
    if status & DST_NAT:
        bits |= DNAT
    return bits


def bits_text(bits: int, names: tuple[tuple[str, int], ...], nothing: str = "") -> str:
    return ",".join([name for name, bit in names if bits & bit]) or nothing


def read_bit(word: str, names: tuple[tuple[str, int], ...]) -> int:
    """The bit of the first name that begins with this word, whatever its case; 0 if none does or it is empty."""
    upper = word.upper()
    for name, bit in names:
        if word and name.startswith(upper):
            return bit
    return 0
