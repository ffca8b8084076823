"""Reads lines of /proc/net/nf_conntrack.

    ipv4     2 udp      17 29 src=10.0.1.10 dst=10.0.2.10 sport=1 dport=2 [UNREPLIED] src=... mark=0 zone=0 use=2

The state stands before the first address where the protocol has states; `[ASSURED]` and its like are flags. Accounting
and helper fields are left in the text.
"""

from __future__ import annotations

from typing import Final

from lab.engines.base import Entry, Tuple

NUMBERS: Final = ("sport", "dport", "type", "code", "id")
TUPLE_KEYS: Final = ("src", "dst", *NUMBERS)


def parse(line: str) -> Entry:
    """One line -> Entry. Raises ValueError for what is not such a line."""
    words = line.split()
    if len(words) < 6 or words[0] not in ("ipv4", "ipv6"):
        raise ValueError(f"not a line of nf_conntrack: {line!r}")
    protocol, timeout = words[2], int(words[4])
    state = ""
    flags: list[str] = []
    directions: list[dict[str, str]] = []
    rest: dict[str, str] = {}
    for word in words[5:]:
        key, equals, value = word.partition("=")
        if not equals:
            if word.startswith("["):
                flags.append(word.strip("[]"))
            elif not directions:
                state = word
        elif key == "src":
            directions.append({key: value})
        elif key in TUPLE_KEYS and directions:
            directions[-1][key] = value
        else:
            rest[key] = value
    if len(directions) != 2:
        raise ValueError(f"not a line of nf_conntrack: {line!r}")
    return Entry(
        protocol, timeout, state, _tuple(directions[0]), _tuple(directions[1]), tuple(flags),
        int(rest.get("mark", "0")), int(rest.get("zone", "0")), line.rstrip("\n"),
    )  # fmt: skip


def _tuple(found: dict[str, str]) -> Tuple:
    numbers = {key: int(found[key], 0) for key in NUMBERS if key in found}
    return Tuple(found["src"], found["dst"], **numbers)
