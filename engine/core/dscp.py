"""Names of differentiated services code points (RFC 2474, RFC 2597, RFC 3246)."""

from __future__ import annotations

from typing import Final

CLASSES: Final[dict[str, int]] = {
    "BE": 0,
    "EF": 0x2E,
    **{f"CS{number}": number << 3 for number in range(8)},
    **{f"AF{number}{drop}": number << 3 | drop << 1 for number in range(1, 5) for drop in range(1, 4)},
}


def dscp_class(text: str) -> int | None:
    """The code point whose name a text begins with, in either case (iptables does not look at what follows)."""
    return next((value for name, value in CLASSES.items() if text.upper().startswith(name)), None)
