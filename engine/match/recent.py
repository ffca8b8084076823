"""recent: lists of addresses seen lately.

    -m recent [!] --set | --rcheck | --update | --remove  [--name NAME] [--rsource | --rdest] [--mask MASK]
              [--seconds N [--reap]] [--hitcount N] [--rttl]                         (with --rcheck and --update)

--set puts the address into the list, or notes that it was seen again; always matches. --rcheck matches when the
address is in the list; with --seconds only if it was seen within them, with --hitcount only if it was so often (both:
so often within so many seconds). --update is the same and notes it again when it matches. --remove matches when the
address was there and takes it out. --rttl: the TTL must be that of the packet noted. --reap takes out the entry that
is oldest in the list if it is older than --seconds.

A list has a NAME (DEFAULT), is shared by all rules and both families, keeps 100 addresses (the oldest goes) and of each
the last 32 times, or as many as the largest --hitcount needs (a power of two); raising that empties the list. The MASK
of the rule that made the list counts for all of them. It goes with its last rule.

Kernel peer: xt_recent. Source: iptables-extensions(8) recent; kernel behaviour. The manual's limit of 20 for
--hitcount is outdated: up to 65535 are accepted.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.addresses import FULL_MASK, address_text
from engine.core.context import Context, NamedState, Shared
from engine.core.extension import Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.hooks import FORWARD, IPV6, OUTPUT, POSTROUTING
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang

HZ: Final = 250
LIST_LIMIT: Final = 100
STAMPS: Final = 32
HITCOUNT_LIMIT: Final = 65536
NAME_LIMIT: Final = 199
PREFIX: Final = "recent:"

SET: Final = 1
CHECK: Final = 2
UPDATE: Final = 4
REMOVE: Final = 8
COMMANDS: Final[dict[str, int]] = {"set": SET, "rcheck": CHECK, "update": UPDATE, "remove": REMOVE}


class Entry:
    """One address: the TTL it came with and when it was seen, in a ring of stamps (in ticks)."""

    def __init__(self, family: int, address: int, ttl: int, now: int) -> None:
        self.family = family
        self.address = address
        self.ttl = ttl
        self.stamps = [now]
        self.index = 1


class RecentList(NamedState):
    """One list. The order of `entries` is from the one noted longest ago to the latest.

    mask: of the rule that made the list, 128 bits; addresses of IPv4 are masked by the first 32.
    """

    def __init__(self, mask: int) -> None:
        self.mask = mask
        self.users = 0
        self.stamps = STAMPS
        self.entries: dict[tuple[int, int], Entry] = {}

    def want_stamps(self, hitcount: int) -> None:
        """A rule wants to count so far; a longer memory than before begins with an empty list."""
        wanted = STAMPS if hitcount == 0 else 1 << (hitcount - 1).bit_length()
        if wanted > self.stamps:
            self.stamps = wanted
            self.entries.clear()

    def find(self, family: int, address: int, ttl: int) -> Entry | None:
        """ttl 0: any."""
        entry = self.entries.get((family, address))
        if entry is None or (ttl and entry.ttl and ttl != entry.ttl):
            return None
        return entry

    def add(self, family: int, address: int, ttl: int, now: int) -> None:
        if len(self.entries) >= LIST_LIMIT:
            del self.entries[next(iter(self.entries))]
        self.entries[family, address] = Entry(family, address, ttl, now)

    def note(self, entry: Entry, now: int) -> None:
        """The address was seen again: one stamp more, over the oldest when the ring is full."""
        index = entry.index & (self.stamps - 1)
        if index < len(entry.stamps):
            entry.stamps[index] = now
        else:
            entry.stamps.append(now)
        entry.index = index + 1
        key = (entry.family, entry.address)
        del self.entries[key]
        self.entries[key] = entry

    def reap(self, before: int, working: Entry, keep_working: bool) -> None:
        """Forget the entry noted longest ago if that was before a time; not the one in hand if it will be noted."""
        if not self.entries:
            return
        key = next(iter(self.entries))
        oldest = self.entries[key]
        if oldest is working and keep_working:
            return
        if before > oldest.stamps[oldest.index - 1]:
            del self.entries[key]


class Recent(Match):
    def __init__(self, command: int, inverted: bool, name: str, mask: int, family: int, whole: bool) -> None:
        """whole: no mask was given."""
        self.command = command
        self.inverted = inverted
        self.name = name
        self.mask = mask
        self.family = family
        self.by_destination = False
        self.seconds = 0
        self.hitcount = 0
        self.match_ttl = False
        self.reaps = False
        # 128 bits long; of an IPv4 mask that was given the rest is 0
        self.wide_mask = mask if family == IPV6 else FULL_MASK[IPV6] if whole else mask << 96
        self.list = RecentList(self.wide_mask)

    def matches(self, packet: Packet, context: Context) -> bool:
        now = int(context.now * HZ + 1e-6)
        table = self.list
        mask = table.mask if self.family == IPV6 else table.mask >> 96
        address = (packet.dst if self.by_destination else packet.src) & mask
        ttl = self._ttl(packet, context)
        entry = table.find(self.family, address, ttl if self.match_ttl else 0)
        if entry is None:
            if self.command != SET:
                return self.inverted
            if (self.family, address) in table.entries:  # the same address with another TTL
                del table.entries[self.family, address]
            table.add(self.family, address, ttl, now)
            return not self.inverted
        hit = True
        if self.command == REMOVE:
            del table.entries[self.family, address]
        elif self.command != SET:
            hit = self._check(entry, now)
        result = hit != self.inverted
        if self.reaps:
            table.reap(now - self.seconds * HZ, entry, self.command == UPDATE and result)
        if self.command == SET or (self.command == UPDATE and result):
            table.note(entry, now)
            entry.ttl = ttl
        return result

    def _ttl(self, packet: Packet, context: Context) -> int:
        """The TTL as it was before this machine forwarded the packet."""
        leaving = context.hook in (FORWARD, OUTPUT, POSTROUTING)
        return packet.ttl + 1 if leaving and not context.local else packet.ttl

    def _check(self, entry: Entry, now: int) -> bool:
        """Was it seen, often enough, lately enough?"""
        hits = 0
        since = now - self.seconds * HZ
        for stamp in entry.stamps:
            if self.seconds and since > stamp:
                continue
            hits += 1
            if hits >= self.hitcount:
                return True
        return False

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.command in (SET, REMOVE) and (self.seconds or self.hitcount or self.reaps or self.match_ttl):
            raise KernelRefusal(EINVAL, "recent: --seconds, --hitcount, --reap and --rttl go with --rcheck or --update")
        if self.hitcount >= HITCOUNT_LIMIT:
            raise KernelRefusal(EINVAL, f"recent: hitcount ({self.hitcount}) is larger than allowed maximum (65535)")
        if self.name in ("", ".", "..") or "/" in self.name:
            raise KernelRefusal(EINVAL, f"recent: '{self.name}' is no name for a list")

    def installed(self, shared: Shared) -> None:
        known = shared.named.get(PREFIX + self.name)
        if not isinstance(known, RecentList):
            known = RecentList(self.wide_mask)
            shared.named[PREFIX + self.name] = known
        known.want_stamps(self.hitcount)
        known.users += 1
        self.list = known

    def removed(self, shared: Shared) -> None:
        self.list.users -= 1
        if self.list.users <= 0 and shared.named.get(PREFIX + self.name) is self.list:
            del shared.named[PREFIX + self.name]

    def save(self) -> str:
        command = next(name for name, bit in COMMANDS.items() if bit == self.command)
        text = f"{bang(self.inverted)}--{command}"
        if self.seconds:
            text += f" --seconds {signed(self.seconds)}"
        if self.reaps:
            text += " --reap"
        if self.hitcount:
            text += f" --hitcount {signed(self.hitcount)}"
        if self.match_ttl:
            text += " --rttl"
        text += f" --name {self.name} --mask {address_text(self.mask, self.family)}"
        return text + (" --rdest" if self.by_destination else " --rsource")

    def unsaid(self) -> str:
        return f"{self.wide_mask:x}"

    def listing(self, numeric: bool) -> str:
        names = {SET: "SET", CHECK: "CHECK", UPDATE: "UPDATE", REMOVE: "REMOVE"}
        text = f"{bang(self.inverted)}recent: {names[self.command]}"
        if self.seconds:
            text += f" seconds: {signed(self.seconds)}"
        if self.reaps:
            text += " reap"
        if self.hitcount:
            text += f" hit_count: {signed(self.hitcount)}"
        if self.match_ttl:
            text += " TTL-Match"
        text += f" name: {self.name} side: {'dest' if self.by_destination else 'source'}"
        return text + f" mask: {address_text(self.mask, self.family)}"


def signed(value: int) -> int:
    """iptables prints these numbers with a sign."""
    return value - (1 << 32) if value >> 31 else value


def build(values: Values) -> Extension:
    command = next(item for item in values.given if item.option.name in COMMANDS)
    name = values.string("name", "DEFAULT")
    mask = values.number("mask", FULL_MASK[values.family])
    match = Recent(COMMANDS[command.option.name], command.inverted, name, mask, values.family, not values.has("mask"))
    sides = [item.option.name for item in values.given if item.option.name in ("rsource", "rdest")]
    match.by_destination = sides[-1:] == ["rdest"]
    match.seconds = values.number("seconds", 0)
    match.hitcount = values.number("hitcount", 0)
    match.match_ttl = values.has("rttl")
    match.reaps = values.has("reap")
    return match


def final(values: Values) -> None:
    if not any(item.option.name in COMMANDS for item in values.given):
        raise ParameterProblem("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'")


EXTENSIONS: Final = (
    Spec(
        "recent",
        build,
        (
            Option("set", invert=True, excludes=("rcheck", "update", "remove")),
            Option("rcheck", invert=True, excludes=("set", "update", "remove")),
            Option("update", invert=True, excludes=("set", "rcheck", "remove")),
            Option("remove", invert=True, excludes=("set", "rcheck", "update")),
            Option("seconds", "u32", low=1),
            Option("reap", also=("seconds",)),
            Option("hitcount", "u32"),
            Option("rttl", excludes=("set", "remove")),
            Option("name", "string:cut", high=NAME_LIMIT),
            Option("rsource"),
            Option("rdest"),
            Option("mask", "host"),
        ),
        revision=1,
        final=final,
    ),
)
