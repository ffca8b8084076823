"""connbytes: how much a connection has carried.

    -m connbytes [!] --connbytes FROM[:TO] --connbytes-dir original|reply|both --connbytes-mode packets|bytes|avgpkt

packets, bytes, or bytes a packet so far, in one direction or both together; the packet in hand is counted. TO left out
means no upper bound (and so does a TO of 0). The counting starts when an entry is made: a rule with connbytes switches
net.netfilter.nf_conntrack_acct on, and it stays on; older connections never match.

Kernel peer: xt_connbytes. Source: iptables-extensions(8) connbytes; measured.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context, Shared
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

U64: Final = 0xFFFFFFFFFFFFFFFF
PACKETS: Final = 0
BYTES: Final = 1
AVERAGE: Final = 2
MODES: Final = ("packets", "bytes", "avgpkt")
BOTH_WAYS: Final = 2
DIRECTIONS: Final = ("original", "reply", "both")


class ConnBytes(Match):
    """first > last: everything outside last..first, which is how an inverted range is kept."""

    def __init__(self, first: int, last: int, mode: int, direction: int) -> None:
        self.first = first
        self.last = last
        self.mode = mode
        self.direction = direction

    def matches(self, packet: Packet, context: Context) -> bool:
        entry = context.entry
        if entry is None or not entry.accounting:
            return False
        value = self._measure(entry.packets, entry.bytes)
        if self.last >= self.first:
            return self.first <= value <= self.last
        return value < self.last or value > self.first

    def _measure(self, packets: list[int], octets: list[int]) -> int:
        if self.direction == BOTH_WAYS:
            count, size = packets[0] + packets[1], octets[0] + octets[1]
        else:
            count, size = packets[self.direction], octets[self.direction]
        if self.mode == PACKETS:
            return count
        if self.mode == BYTES:
            return size
        return size // count if count else 0

    def installed(self, shared: Shared) -> None:
        shared.conntrack.set_sysctl("nf_conntrack_acct", "1")

    def _range(self) -> str:
        low, high = (self.last, self.first) if self.first > self.last else (self.first, self.last)
        return f"{low}:{high}" if high and high < U64 else str(low)

    def save(self) -> str:
        return (
            f"{bang(self.first > self.last)}--connbytes {self._range()} --connbytes-mode {MODES[self.mode]} "
            f"--connbytes-dir {DIRECTIONS[self.direction]}"
        )

    def listing(self, numeric: bool) -> str:
        return (
            f"{bang(self.first > self.last)}connbytes {self._range()} connbytes mode {MODES[self.mode]} "
            f"connbytes direction {DIRECTIONS[self.direction]}"
        )


def read_bounds(text: str, low: int, high: int) -> tuple[int, int]:
    if ":" not in text:
        high = U64
    if high < low:
        raise ParameterProblem(f"{low} should be less than {high}")
    return low, high


def build(values: Values) -> Extension:
    given = values.find("connbytes")
    assert given is not None
    low, high = values.pair("connbytes")
    low, high = read_bounds(given.text, low, high)
    mode, direction = values.text("connbytes-mode"), values.text("connbytes-dir")
    if mode not in MODES:
        raise ParameterProblem(f"Unknown --connbytes-mode `{mode}'")
    if direction not in DIRECTIONS:
        raise ParameterProblem(f"Unknown --connbytes-dir `{direction}'")
    if given.inverted:
        low, high = high, low
    return ConnBytes(low, high, MODES.index(mode), DIRECTIONS.index(direction))


EXTENSIONS: Final = (
    Spec(
        "connbytes",
        build,
        (
            Option("connbytes", "u64:range", invert=True, mandatory=True),
            Option("connbytes-dir", "text", mandatory=True),
            Option("connbytes-mode", "text", mandatory=True),
        ),
        needs_conntrack=True,
    ),
)
