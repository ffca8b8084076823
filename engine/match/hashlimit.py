"""hashlimit: a limit for each host, port or pair of them.

    -m hashlimit --hashlimit-upto RATE | --hashlimit-above RATE  --hashlimit-name NAME
                 [--hashlimit-burst N] [--hashlimit-mode srcip,srcport,dstip,dstport]
                 [--hashlimit-srcmask PREFIX] [--hashlimit-dstmask PREFIX]
                 [--hashlimit-htable-size N] [-htable-max N] [-htable-expire MS] [-htable-gcinterval MS]
                 [--hashlimit-rate-match [--hashlimit-rate-interval SECONDS]]

RATE: packets, `5/sec` .. `5/day` (at most 1000000/s), or bytes, `512kb/s`, `12mb/s`. Packets with the same addresses
(under their masks) and ports share a bucket; without a mode all share one. -upto matches while the bucket lasts, -above
what it no longer covers. Bytes are counted in steps of 16; a packet costs one step more than it fills. -burst: packets,
or bytes that may go beyond the rate. --hashlimit-rate-match: no bucket, but so many in each interval; an interval in
which there were more silences the next one too.

A table of buckets has a NAME and belongs to one family; rules with the same name share it, with the rates of the rule
that made it (only -upto or -above, and packets or bytes, are each rule's own). A rule that differs in -rate-match is
refused while the name is in use. The table goes with its last rule. A bucket is forgotten when it was
not asked for -htable-expire (1 s .. 1 day, the unit of the rate; bytes: 15 s, with a burst 60 s), looked after every
-htable-gcinterval (1 s). When -htable-max (8 times the size) are in use, packets that need a new one are dropped.

Rates are rounded as the kernel keeps them (10001/s becomes 10101/s, 100b/s 96b/s), and buckets too big for 64 bits
are refused (1/day with a burst of 5).

Kernel peer: xt_hashlimit revision 3. Source: iptables-extensions(8) hashlimit; kernel behaviour, measured.
"""

from __future__ import annotations

import re
from errno import EINVAL, ERANGE
from typing import Final

from engine.core.addresses import ADDRESS_BITS, prefix_mask
from engine.core.context import Context, NamedState, Shared
from engine.core.extension import Extension, KernelRefusal, Option, ParameterProblem, RuleHead, Spec
from engine.core.hooks import IPV4
from engine.core.numbers import atoi, strtoul
from engine.core.packet import Packet
from engine.core.protocols import PORTS_AT
from engine.core.values import Given, Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.rate import rate_text, read_rate

U32: Final = 0xFFFFFFFF
U64: Final = 0xFFFFFFFFFFFFFFFF

HZ: Final = 250
SCALE: Final = 1000000
CREDITS_PER_TICK: Final = 1 << 39  # the largest power of two below 2**64 ticks of a day
BYTE_CREDITS_PER_TICK: Final = 1 << 24
BYTE_CREDITS: Final = BYTE_CREDITS_PER_TICK * HZ  # of a full bucket of bytes: one second
BYTE_SHIFT: Final = 4

DEFAULT_BURST: Final = 5
BURST_LIMIT: Final = 1000000
DEFAULT_GC: Final = 1000
BYTE_EXPIRE: Final = 15
BYTE_EXPIRE_BURST: Final = 60
NAME_LIMIT: Final = 254
SIZE_LIMIT: Final = 1048576  # buckets of a table, and entries
DEFAULT_SIZE: Final = 8192  # of a machine with more than 1 GiB

SRC_IP: Final = 1
SRC_PORT: Final = 2
DST_IP: Final = 4
DST_PORT: Final = 8
MODES: Final = (("srcip", SRC_IP), ("srcport", SRC_PORT), ("dstip", DST_IP), ("dstport", DST_PORT))
BYTE_UNITS: Final = (("m", 1 << 20), ("k", 1 << 10), ("", 1))
UNITS: Final[dict[str, int]] = {"m": 1 << 20, "k": 1 << 10}
WHOLE: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)")
BAD_BURST: Final = f'bad value for option "--hashlimit-burst", or out of range (1-{BURST_LIMIT}).'
Key = tuple[int, int, int, int]


def packet_credits(user: int) -> int:
    """Periods (in 1/1000000 s) as credits, in 64-bit arithmetic."""
    return user * (HZ * CREDITS_PER_TICK // SCALE) & U64


def byte_credits(cost: int) -> int:
    return (cost & U32) * BYTE_CREDITS >> 32 & U32


def bytes_to_cost(count: int) -> int:
    """What 16 bytes cost at a rate of `count` bytes a second, of 2**32 a second."""
    return U32 // ((count >> BYTE_SHIFT & U32) + 1 & U32 or 1)


def cost_to_bytes(cost: int) -> int:
    steps = U32 // cost if cost else U32
    return steps - 1 << BYTE_SHIFT


class Config:
    """All numbers of one table of buckets, as the kernel is given them."""

    def __init__(self) -> None:
        self.by_bytes = False
        self.above = False
        self.mode = 0
        self.average = 0  # packets: period in 1/1000000 s; bytes: cost of 16 bytes
        self.burst = DEFAULT_BURST
        self.size = 0
        self.maximum = 0
        self.gc = DEFAULT_GC  # ms
        self.expire = 0  # ms
        self.src_prefix = 0
        self.dst_prefix = 0
        self.rate_match = False
        self.interval = 0  # seconds


class Bucket:
    """What one key has left. Credits, or with rate-match what came in the interval."""

    def __init__(self) -> None:
        self.expires = 0
        self.tick = 0
        self.credit = 0
        self.bursts = 0  # bytes: how often the bucket may be filled up beyond the rate; packets: what it holds
        self.current = 0
        self.over_before = False


class Buckets(NamedState):
    """One table of buckets."""

    def __init__(self, config: Config, family: int) -> None:
        self.config = config
        self.users = 0
        self.src_mask = prefix_mask(config.src_prefix, family)
        self.dst_mask = prefix_mask(config.dst_prefix, family)
        size = config.size or DEFAULT_SIZE
        self.maximum = max(config.maximum, size) if config.maximum else 8 * size
        self.expire = (config.expire * HZ + 999) // 1000
        self.gc = max(1, (config.gc * HZ + 999) // 1000)
        self.next_gc = -1
        self.buckets: dict[Key, Bucket] = {}
        if config.by_bytes:
            self.cost = byte_credits(config.average)
            self.full = BYTE_CREDITS
        else:
            self.cost = packet_credits(config.average)
            self.full = packet_credits(config.average * config.burst & U64)
        self.rate = 0
        self.allowed = 0
        if config.rate_match:
            self._allow(config)

    def _allow(self, config: Config) -> None:
        """Packets or bytes an interval may bring."""
        if config.by_bytes:
            self.rate = cost_to_bytes(config.average)
            self.allowed = self.rate * config.burst if config.burst else self.rate
        else:
            self.rate = SCALE // config.average if config.average else 0
            self.allowed = config.burst + self.rate

    def find(self, key: Key, now: int) -> Bucket | None:
        """The bucket of a key at this tick, refilled; a new one if need be; None when there is no room."""
        self._collect(now)
        bucket = self.buckets.get(key)
        if bucket is None:
            if len(self.buckets) >= self.maximum:
                return None
            bucket = Bucket()
            bucket.tick = now
            bucket.credit = self.full
            bucket.bursts = self.config.burst if self.config.by_bytes else self.full
            self.buckets[key] = bucket
        else:
            self._refill(bucket, now)
        bucket.expires = now + self.expire
        return bucket

    def _collect(self, now: int) -> None:
        """Forget what was expired when the collector last came by."""
        if self.next_gc < 0:
            self.next_gc = now + self.gc
        if now < self.next_gc:
            return
        last = now - (now - self.next_gc) % self.gc
        self.next_gc = last + self.gc
        for key in [key for key, bucket in self.buckets.items() if bucket.expires <= last]:
            del self.buckets[key]

    def _refill(self, bucket: Bucket, now: int) -> None:
        passed = now - bucket.tick
        if passed == 0:
            return
        if self.config.rate_match:
            interval = self.config.interval * HZ
            if passed >= interval:
                bucket.tick = now
                bucket.over_before = bucket.current * interval > passed * self.rate
                bucket.current = 0
            return
        bucket.tick = now
        by_bytes = self.config.by_bytes
        per_tick = BYTE_CREDITS_PER_TICK if by_bytes else CREDITS_PER_TICK
        bucket.credit = min(self.full if by_bytes else bucket.bursts, bucket.credit + passed * per_tick)

    def allows(self, bucket: Bucket, size: int, by_bytes: bool) -> bool:
        """Is this packet within the limit? It is taken off. by_bytes: what the rule counts; the bucket may have been
        made for the other."""
        if self.config.rate_match:
            bucket.current += size if by_bytes else 1
            return not bucket.over_before and bucket.current <= self.allowed
        cost = self._byte_cost(bucket, size) if by_bytes else self.cost
        if bucket.credit < cost:
            return False
        bucket.credit -= cost
        return True

    def _byte_cost(self, bucket: Bucket, size: int) -> int:
        cost = min(((size >> BYTE_SHIFT) + 1) * self.cost, BYTE_CREDITS)
        if bucket.credit < cost and bucket.bursts:
            bucket.bursts -= 1
            bucket.credit = BYTE_CREDITS
        return cost


class HashLimit(Dropping):
    def __init__(self, name: str, config: Config, family: int) -> None:
        super().__init__()
        self.name = name
        self.config = config
        self.family = family
        self.buckets = Buckets(config, family)
        self.key = f"hashlimit{4 if family == IPV4 else 6}:{name}"

    def matches(self, packet: Packet, context: Context) -> bool:
        self.dropping = False
        buckets = self.buckets
        key = self._key(packet, buckets)
        if key is None:
            self.dropping = True
            return False
        bucket = buckets.find(key, int(context.now * HZ + 1e-6))
        if bucket is None:
            self.dropping = True
            return False
        return buckets.allows(bucket, len(packet.data), self.config.by_bytes) != self.config.above

    def _key(self, packet: Packet, buckets: Buckets) -> Key | None:
        mode = buckets.config.mode
        src = packet.src & buckets.src_mask if mode & SRC_IP else 0
        dst = packet.dst & buckets.dst_mask if mode & DST_IP else 0
        sport = dport = 0
        if mode & (SRC_PORT | DST_PORT):
            offset = PORTS_AT.get(packet.proto, -1)
            if offset >= 0:
                at = packet.l4 + offset
                if at + 4 > len(packet.data):
                    return None
                sport = packet.u16(at) if mode & SRC_PORT else 0
                dport = packet.u16(at + 2) if mode & DST_PORT else 0
        return (src, dst, sport, dport)

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        config = self.config
        if self.name in ("", ".", "..") or "/" in self.name:
            raise KernelRefusal(EINVAL, f"hashlimit: '{self.name}' is no name for a table")
        if config.gc == 0 or config.expire == 0:
            raise KernelRefusal(EINVAL, "hashlimit: --hashlimit-htable-gcinterval and -expire may not be 0")
        if max(config.src_prefix, config.dst_prefix) > ADDRESS_BITS[self.family]:
            raise KernelRefusal(EINVAL, "hashlimit: a mask may not have holes, nor more bits than an address")
        if config.rate_match:
            if not 0 < config.average <= U32:
                raise KernelRefusal(ERANGE, "hashlimit: invalid rate")
        elif config.by_bytes:
            if self.buckets.cost == 0:
                raise KernelRefusal(EINVAL, "hashlimit: overflow, rate too high")
        elif config.burst == 0 or self.buckets.full < self.buckets.cost:
            raise KernelRefusal(ERANGE, "hashlimit: overflow, try lower: rate and burst")

    def claim(self) -> tuple[str, str]:
        return self.key, f"{'with' if self.config.rate_match else 'without'} --hashlimit-rate-match"

    def installed(self, shared: Shared) -> None:
        known = shared.named.get(self.key)
        if not isinstance(known, Buckets):
            known = Buckets(self.config, self.family)
            shared.named[self.key] = known
        known.users += 1
        self.buckets = known

    def removed(self, shared: Shared) -> None:
        self.buckets.users -= 1
        if self.buckets.users <= 0 and shared.named.get(self.key) is self.buckets:
            del shared.named[self.key]

    def save(self) -> str:
        config = self.config
        kind = "above" if config.above else "upto"
        if config.by_bytes:
            rate, burst = bytes_text(config.average, config.burst)
            unit = BYTE_EXPIRE_BURST if burst else BYTE_EXPIRE
            parts = [f"--hashlimit-{kind} {rate}"]
            if burst:
                parts.append(f"--hashlimit-burst {burst}")
        else:
            rate, unit = rate_text(config.average, SCALE)
            parts = [f"--hashlimit-{kind} {rate}", f"--hashlimit-burst {config.burst}"]
        modes = [name for name, bit in MODES if config.mode & bit]
        if modes:
            parts.append(f"--hashlimit-mode {','.join(modes)}")
        parts.append(f"--hashlimit-name {self.name}")
        parts += [f"--hashlimit-{text}" for text in self._numbers(unit)]
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        config = self.config
        text = f"limit: {'above' if config.above else 'up to'} "
        if config.by_bytes:
            rate, burst = bytes_text(config.average, config.burst)
            unit = BYTE_EXPIRE_BURST if burst else BYTE_EXPIRE
            text += rate + (f" burst {burst}" if burst else "")
        else:
            period = config.average * config.interval if config.interval else config.average
            rate, unit = rate_text(period, SCALE)
            text += f"{rate} burst {config.burst}"
        modes = [name for name, bit in MODES if config.mode & bit]
        if modes:
            text += f" mode {'-'.join(modes)}"
        return " ".join([text, *self._numbers(unit)])

    def _numbers(self, unit: int) -> list[str]:
        """What differs from the defaults; unit: the seconds that -htable-expire would be by default."""
        config = self.config
        bits = ADDRESS_BITS[self.family]
        parts = []
        if config.size:
            parts.append(f"htable-size {config.size}")
        if config.maximum:
            parts.append(f"htable-max {config.maximum}")
        if config.gc != DEFAULT_GC:
            parts.append(f"htable-gcinterval {config.gc}")
        if config.expire != unit * 1000:
            parts.append(f"htable-expire {config.expire}")
        if config.src_prefix != bits:
            parts.append(f"srcmask {config.src_prefix}")
        if config.dst_prefix != bits:
            parts.append(f"dstmask {config.dst_prefix}")
        if config.rate_match:
            parts.append("rate-match")
            if config.interval != 1:
                parts.append(f"rate-interval {config.interval}")
        return parts


def bytes_text(cost: int, bursts: int) -> tuple[str, str]:
    """(`512kb/s`, `1mb` or ""): a rate in the largest unit of the same cost, a burst in the largest it fills."""
    count = cost_to_bytes(cost)
    exact = [row for row in BYTE_UNITS if count >= row[1] and bytes_to_cost(count & (-row[1] & U32)) == cost]
    name, unit = exact[0] if exact else BYTE_UNITS[-1]
    rate = f"{count // unit}{name}b/s"
    if bursts == 0:
        return rate, ""
    count *= bursts
    filled = [row for row in BYTE_UNITS if count >= row[1]]
    name, unit = filled[0] if filled else BYTE_UNITS[-1]
    return rate, f"{count // unit}{name}b"


def read_bytes(text: str) -> int:
    """`512kb/s` as a number: decimal digits, `kb` or `mb` anywhere behind them, in 64 bits; 0 without digits."""
    found = WHOLE.match(text)
    if found is None:
        return 0
    count = min(int(found.group(2)[:40]), U64)
    if found.group(1) == "-":
        count = -count
    unit = UNITS["k"] if "kb" in text else UNITS["m"] if "mb" in text else 1
    return count * unit & U64


def read_burst(text: str) -> int:
    found = strtoul(text, U64, whole=False)
    if found is None or found[0] == 0 or (found[1] == len(text) and found[0] > BURST_LIMIT):
        raise ParameterProblem(BAD_BURST)
    return found[0] * UNITS.get(text[found[1] : found[1] + 1], 1) & U64


def read_modes(text: str) -> int:
    mode = 0
    for word in text.split(","):
        if word:
            bit = dict(MODES).get(word)
            if bit is None:
                raise ParameterProblem(f'hashlimit: Bad value for "--hashlimit-mode" option: "{text}"')
            mode |= bit
    return mode


def read_option(config: Config, given: Given) -> int:
    """One of the options whose text has a form of its own, into the config. The seconds of a rate's unit, else 0."""
    name = given.option.name
    if name in ("hashlimit-upto", "hashlimit-above"):
        config.above = (name == "hashlimit-above") != given.inverted
        return read_average(config, name, given.text)
    if name == "hashlimit-burst":
        config.burst = read_burst(given.text)
    elif name == "hashlimit-mode":
        config.mode = read_modes(given.text)
    elif name == "hashlimit-rate-interval":
        config.interval = atoi(given.text)
        if config.interval < 1:
            raise ParameterProblem(f'hashlimit: Bad value for "--{name}" option: "{given.text}"')
    return 0


def look(values: Values) -> None:
    read_option(Config(), values.given[-1])


def read_config(values: Values) -> Config:
    """The numbers of the table, with iptables' complaints in the order of the options."""
    config = Config()
    bits = ADDRESS_BITS[values.family]
    seconds = 1  # of the unit of the rate
    for given in values.given:
        seconds = read_option(config, given) or seconds
    config.size = min(values.number("hashlimit-htable-size", 0), SIZE_LIMIT)
    config.maximum = min(values.number("hashlimit-htable-max", 0), SIZE_LIMIT)
    config.gc = values.number("hashlimit-htable-gcinterval", DEFAULT_GC)
    config.src_prefix = values.number("hashlimit-srcmask", bits)
    config.dst_prefix = values.number("hashlimit-dstmask", bits)
    config.rate_match = values.has("hashlimit-rate-match")
    _finish(config, values, seconds)
    return config


def read_average(config: Config, name: str, text: str) -> int:
    """Rate in packets or bytes into the config; returns the seconds of its unit."""
    config.by_bytes = "b/s" in text
    if config.by_bytes:
        count = read_bytes(text)
        config.average = bytes_to_cost(count)
        seconds = BYTE_EXPIRE
    else:
        rate = read_rate(text, SCALE, 64)
        count = seconds = 0
        if rate is not None:
            config.average, seconds = rate
            count = 1
    if count == 0:
        raise ParameterProblem(f'hashlimit: Bad value for "--{name}" option: "{text}"')
    return seconds


def _finish(config: Config, values: Values, seconds: int) -> None:
    """What follows from several options together."""
    if config.by_bytes:
        bursts = 0
        if values.has("hashlimit-burst"):
            unit = cost_to_bytes(config.average)
            if config.burst < unit:
                raise ParameterProblem(f"burst cannot be smaller than {unit}b")
            bursts = (config.burst & U32) // unit if unit else 0
            if unit and config.burst % unit:
                bursts += 1
            seconds = BYTE_EXPIRE_BURST
        config.burst = bursts
    elif config.burst > BURST_LIMIT:
        raise ParameterProblem(BAD_BURST)
    config.expire = values.number("hashlimit-htable-expire", seconds * 1000)
    if config.rate_match and not config.by_bytes:
        config.average //= seconds
    if config.rate_match and not config.interval:
        config.interval = 1 if config.by_bytes else seconds


def build(values: Values) -> Extension:
    return HashLimit(values.string("hashlimit-name"), read_config(values), values.family)


def final(values: Values) -> None:
    if not values.has("hashlimit-upto") and not values.has("hashlimit-above"):
        raise ParameterProblem("You have to specify --hashlimit")
    read_config(values)


EXTENSIONS: Final = (
    Spec(
        "hashlimit",
        build,
        (
            Option(
                "hashlimit-upto",
                "text",
                invert=True,
                excludes=("hashlimit-above",),
                aliases=("hashlimit",),
                at_once=look,
            ),
            Option("hashlimit-above", "text", invert=True, excludes=("hashlimit-upto",), at_once=look),
            Option("hashlimit-name", "string:cut", mandatory=True, low=1, high=NAME_LIMIT),
            Option("hashlimit-burst", "text", at_once=look),
            Option("hashlimit-mode", "text", at_once=look),
            Option("hashlimit-srcmask", "plen"),
            Option("hashlimit-dstmask", "plen"),
            Option("hashlimit-htable-size", "u32"),
            Option("hashlimit-htable-max", "u32"),
            Option("hashlimit-htable-gcinterval", "u32"),
            Option("hashlimit-htable-expire", "u32"),
            Option("hashlimit-rate-match"),
            Option("hashlimit-rate-interval", "text", at_once=look),
        ),
        revision=3,
        final=final,
    ),
)
