"""limit: at most so many packets a time, by a bucket of tokens.

    -m limit [--limit RATE[/second|/minute|/hour|/day]] [--limit-burst NUMBER]

The bucket holds BURST tokens (5) and is full when the rule is loaded; each match takes one; one comes back every
1/RATE (3/hour). Packets that find it empty do not match. Units may be shortened. Rates above 10000/s are refused.

The arithmetic is the kernel's: a tick (1/250 s) is 128 credits, a second 32000; a rate whose bucket does not fit into
32 bits is refused ("Numerical result out of range": 1/day with the usual burst of 5). As in legacy tables, any change
to a table fills the buckets of all its rules.

Kernel peer: xt_limit. Source: iptables-extensions(8) limit. nft accepts what overflows here, and refills only the rule
that changed.
"""

from __future__ import annotations

from errno import ERANGE
from typing import Final

from engine.core.context import Context, Shared
from engine.core.extension import Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.rate import rate_text, read_rate

SCALE: Final = 10000
HZ: Final = 250
CREDITS_PER_TICK: Final = 128
DEFAULT_BURST: Final = 5
DEFAULT_RATE: Final = "3/hour"
U32: Final = 0xFFFFFFFF


def credits(user: int) -> int:
    """Periods (in 1/10000 s) as credits, in 32-bit arithmetic; big numbers divide first."""
    if user > U32 // (HZ * CREDITS_PER_TICK):
        return user // SCALE * HZ * CREDITS_PER_TICK & U32
    return user * HZ * CREDITS_PER_TICK // SCALE


class Limit(Match):
    def __init__(self, period: int, burst: int) -> None:
        self.period = period
        self.burst = burst
        self.cost = credits(period)
        self.cap = credits(period * burst & U32)
        self.credit = self.cap
        self.tick = -1

    def matches(self, packet: Packet, context: Context) -> bool:
        now = int(context.now * HZ + 1e-6)
        if self.tick < 0:
            self.tick = now
        self.credit = min(self.cap, self.credit + (now - self.tick) * CREDITS_PER_TICK)
        self.tick = now
        if self.credit < self.cost:
            return False
        self.credit -= self.cost
        return True

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.burst == 0 or self.cap < self.cost:
            raise KernelRefusal(ERANGE, "limit: rate and burst overflow the kernel's 32-bit credits")

    def installed(self, shared: Shared) -> None:
        self.credit = self.cap
        self.tick = -1

    def save(self) -> str:
        text = f"--limit {rate_text(self.period, SCALE)[0]}"
        return text if self.burst == DEFAULT_BURST else f"{text} --limit-burst {self.burst}"

    def listing(self, numeric: bool) -> str:
        return f"limit: avg {rate_text(self.period, SCALE)[0]} burst {self.burst}"


def read_period(text: str) -> int:
    rate = read_rate(text, SCALE)
    if rate is None:
        raise ParameterProblem(f'bad rate "{text}"\'')
    return rate[0]


def look(values: Values) -> None:
    read_period(values.given[-1].text)


def build(values: Values) -> Extension:
    return Limit(read_period(values.text("limit", DEFAULT_RATE)), values.number("limit-burst", DEFAULT_BURST))


EXTENSIONS: Final = (
    Spec("limit", build, (Option("limit", "text", at_once=look), Option("limit-burst", "u32", high=10000))),
)
