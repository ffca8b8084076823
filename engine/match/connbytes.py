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


def read_bounds(values: Values) -> tuple[int, int]:
    low, high = values.pair("connbytes")
    if ":" not in values.text("connbytes"):
        high = U64
    if high < low:
        raise ParameterProblem(f"{low} should be less than {high}")
    return low, high


def look_at_bounds(values: Values) -> None:
    read_bounds(values)


def look_at_word(values: Values) -> None:
    given = values.given[-1]
    known = MODES if given.option.name == "connbytes-mode" else DIRECTIONS
    if given.text not in known:
        raise ParameterProblem(f"Unknown --{given.option.name} `{given.text}'")


def build(values: Values) -> Extension:
    low, high = read_bounds(values)
    if values.inverted("connbytes"):
        low, high = high, low
    mode, direction = values.text("connbytes-mode"), values.text("connbytes-dir")
    return ConnBytes(low, high, MODES.index(mode), DIRECTIONS.index(direction))


EXTENSIONS: Final = (
    Spec(
        "connbytes",
        build,
        (
            Option("connbytes", "u64:range", invert=True, mandatory=True, at_once=look_at_bounds),
            Option("connbytes-dir", "text", mandatory=True, at_once=look_at_word),
            Option("connbytes-mode", "text", mandatory=True, at_once=look_at_word),
        ),
        needs_conntrack=True,
    ),
)
