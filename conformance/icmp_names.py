"""The names of ICMP messages, as iptables spells them, and a few short ones. RFC 792, RFC 950, RFC 1122, RFC 4443,
RFC 4861."""

from __future__ import annotations

import difflib
from typing import Final

Message = tuple[int, int | None]  # type, code (None: any when seen, 0 when sent)

ICMP: Final[dict[str, Message]] = {
    "echo-reply": (0, 0),
    "destination-unreachable": (3, None),
    "network-unreachable": (3, 0),
    "host-unreachable": (3, 1),
    "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3),
    "fragmentation-needed": (3, 4),
    "source-route-failed": (3, 5),
    "network-unknown": (3, 6),
    "host-unknown": (3, 7),
    "network-prohibited": (3, 9),
    "host-prohibited": (3, 10),
    "tos-network-unreachable": (3, 11),
    "tos-host-unreachable": (3, 12),
    "communication-prohibited": (3, 13),
    "host-precedence-violation": (3, 14),
    "precedence-cutoff": (3, 15),
    "source-quench": (4, 0),
    "redirect": (5, None),
    "network-redirect": (5, 0),
    "host-redirect": (5, 1),
    "echo-request": (8, 0),
    "router-advertisement": (9, 0),
    "router-solicitation": (10, 0),
    "time-exceeded": (11, None),
    "ttl-zero-during-transit": (11, 0),
    "ttl-zero-during-reassembly": (11, 1),
    "parameter-problem": (12, None),
    "ip-header-bad": (12, 0),
    "required-option-missing": (12, 1),
    "timestamp-request": (13, 0),
    "timestamp-reply": (14, 0),
    "information-request": (15, 0),
    "information-reply": (16, 0),
    "address-mask-request": (17, 0),
    "address-mask-reply": (18, 0),
}
ICMP6: Final[dict[str, Message]] = {
    "destination-unreachable": (1, None),
    "no-route": (1, 0),
    "communication-prohibited": (1, 1),
    "beyond-scope": (1, 2),
    "address-unreachable": (1, 3),
    "port-unreachable": (1, 4),
    "failed-policy": (1, 5),
    "reject-route": (1, 6),
    "packet-too-big": (2, 0),
    "time-exceeded": (3, None),
    "ttl-zero-during-transit": (3, 0),
    "ttl-zero-during-reassembly": (3, 1),
    "parameter-problem": (4, None),
    "bad-header": (4, 0),
    "unknown-header-type": (4, 1),
    "unknown-option": (4, 2),
    "echo-request": (128, 0),
    "echo-reply": (129, 0),
    "router-solicitation": (133, 0),
    "router-advertisement": (134, 0),
    "neighbour-solicitation": (135, 0),
    "neighbour-advertisement": (136, 0),
    "redirect": (137, 0),
}
# What answers a query: request type -> reply type.
REPLIES: Final = {8: 0, 13: 14, 15: 16, 17: 18}
REPLIES6: Final = {128: 129}
ERRORS: Final = frozenset((3, 4, 5, 11, 12))
ERRORS6: Final = frozenset((1, 2, 3, 4))


def message(text: str | int | tuple[int, int], family: int) -> Message:
    """Type and code of "port-unreachable", "3/1", 8 or (3, 1). Raises ValueError."""
    if isinstance(text, tuple):
        return text
    if isinstance(text, int):
        return text, None
    table = ICMP if family == 4 else ICMP6
    if text in table:
        return table[text]
    kind, slash, code = text.partition("/")
    if kind.isdigit() and (not slash or code.isdigit()):
        return int(kind), int(code) if slash else None
    near = difflib.get_close_matches(text, table, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"names are: {', '.join(table)}"
    raise ValueError(f"'{text}' is not an ICMP{'v6' if family == 6 else ''} message; {hint}")


def shown(kind: int, code: int, family: int) -> str:
    """The name of a message, or TYPE/CODE."""
    table = ICMP if family == 4 else ICMP6
    for name, found in table.items():
        if found == (kind, code):
            return name
    return f"{kind}/{code}"
