"""Where entries are kept and how they end.

Each entry stands in the table twice, under the tuple of either direction; an entry whose source clashes with another's
only under its reply. The table is many small dictionaries instead of one, so that growing never takes long.

A zone stands in the key of a tuple. An entry that is in a zone with one of its directions only (CT --zone-orig) has a
mark behind its keys, because such a tuple may be the same as one of an entry that is in one zone altogether:

    an entry's direction is found by packets of      a packet with two zones is looked for as
    the zone that it has in that direction, and      a first direction in its original zone, then
    both zones of the packet are the same, or        a second direction in its reply zone
    it is that direction that is looked for
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.conntrack.events import DESTROY, Event, Events
from engine.conntrack.expectations import Expectation, Expectations, Witness
from engine.conntrack.settings import MAX, TIMESTAMP, Settings
from engine.conntrack.sources import Sources
from engine.conntrack.statistics import Statistics
from engine.conntrack.timers import Timers
from engine.conntrack.tracker import Clock, Tracker
from engine.core.connection import (
    ASSURED,
    CONFIRMED,
    DYING,
    EVENT_DESTROY,
    EXPECTED,
    FIXED_TIMEOUT,
    NEVER,
    ORIGINAL,
    REPLY,
    SRC_NAT,
    Connection,
    TupleKey,
)
from engine.core.context import NatRequest
from engine.core.packet import Packet

SHARDS: Final = 1024
SHARD_MASK: Final = SHARDS - 1

LOOKS: Final = 128  # entries that the timers look at for each packet
EVICTION_SHARDS: Final = 8  # how far a new flow looks for an entry that may go
EVICTION_LOOKS: Final = 128
SWEEP_SECONDS: Final = 60.0
SWEEP_LOOKS: Final = 256  # entries between two looks at the queue: a millisecond if all of them go


# Behind the keys of an entry with two zones, by direction
SPLIT: Final = (b"\0", b"\1")


class HelperEnd:
    """Who must know of the end of connections that have a helper; `engine.helpers` does."""

    def ended(self, entry: Connection, now: float) -> None:
        """`entry` has left the table; its expectations are still there."""


class Translation:
    """Who maps the ends of an entry that a command makes; `engine.nat` does."""

    def bind_made(self, entry: Connection, source: NatRequest | None, destination: NatRequest | None) -> None:
        """Change the reply tuple of `entry`, which is not in the table yet, to what the requests ask for."""


class ExpectationEvents(Witness):
    """Listeners hear of every expectation that ends."""

    def __init__(self, events: Events) -> None:
        self.events = events

    def expectation_gone(self, expectation: Expectation, now: float) -> None:
        if expectation.master.expect_events & EVENT_DESTROY and self.events.listeners:
            self.events.tell(Event(DESTROY, now, None, expectation, EVENT_DESTROY, self.events.portid))


class Table(Clock):
    """Entries by tuple, with timers, expectations, counters and events."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.option = settings.option
        self.shards: list[dict[TupleKey, Connection]] = [{} for _ in range(SHARDS)]
        self.timers = Timers()
        self.expectations = Expectations()
        self.sources = Sources()
        self.helper_end: HelperEnd | None = None
        self.translation: Translation | None = None
        self.statistics = Statistics()
        self.events = Events()
        self.expectations.witness = ExpectationEvents(self.events)
        self.count = 0
        self.split = 0  # entries with two zones
        self.direction = ORIGINAL  # of what `lookup` found
        self.next_id = 1
        self.swept = 0.0  # when a nearly full table was last looked through
        self.to_sweep = 0  # shards that are still to be looked through
        self.sweeping: list[Connection] = []  # what is left of the one before them

    # -- finding

    def get(self, key: TupleKey, now: float) -> Connection | None:
        """The entry that has this tuple in either direction. One that is over is removed on the way."""
        entry = self.shards[hash(key) & SHARD_MASK].get(key)
        if entry is not None and entry.deadline <= now:
            self.remove(entry, now)
            return None
        return entry

    def lookup(self, key: TupleKey, zone: int, zone_reply: int, now: float) -> Connection | None:
        """The entry that a packet of these zones belongs to, and `direction`. key: the tuple in zone `zone`."""
        same = zone == zone_reply
        entry = self.standing(key, ORIGINAL, same, now)
        if entry is not None:
            self.direction = REPLY if same and entry.key_reply.startswith(key) else ORIGINAL
        elif not same:
            self.direction = REPLY
            entry = self.standing(rezoned(key, zone_reply), REPLY, same, now)
        return entry

    def standing(self, key: TupleKey, direction: int, either: bool, now: float) -> Connection | None:
        """The newest entry that has this tuple in this direction, or in either."""
        entry = self.get(key, now)
        if entry is not None and not either and key != (entry.key_reply if direction else entry.key_original):
            entry = None
        if self.split:
            for mark in SPLIT if either else SPLIT[direction : direction + 1]:
                other = self.get(key + mark, now)
                if other is not None and (entry is None or other.id > entry.id):
                    entry = other
        return entry

    def each(self) -> Iterator[Connection]:
        """Every entry once, in no particular order; the table must not change meanwhile."""
        for shard in self.shards:
            for key, entry in shard.items():
                if entry.key_original == key:
                    yield entry

    def entries(self, now: float) -> list[Connection]:
        """The entries that are not over, oldest first."""
        found = [entry for entry in self.each() if entry.deadline > now]
        found.sort(key=_id_of)
        return found

    # -- coming and going

    def insert(self, entry: Connection, key_original: TupleKey, key_reply: TupleKey, now: float) -> None:
        """Make an entry findable; its relative timeout becomes a deadline. The keys hold the zones."""
        if entry.zone_original != entry.zone_reply:
            self.split += 1
            key_original += SPLIT[ORIGINAL]
            key_reply += SPLIT[REPLY]
        entry.key_original = key_original
        entry.key_reply = key_reply
        entry.status |= CONFIRMED
        entry.deadline += now
        if self.option[TIMESTAMP]:
            entry.started = now
        self.shards[hash(key_original) & SHARD_MASK][key_original] = entry
        self.shards[hash(key_reply) & SHARD_MASK][key_reply] = entry
        self.count += 1
        if entry.status & SRC_NAT:
            self.sources.add(entry)
        self.timers.put(entry)

    def insert_reply_only(self, entry: Connection, key_reply: TupleKey, now: float) -> None:
        """The entry of a packet that clashes: answers find it, its own direction belongs to the winner."""
        if entry.zone_original != entry.zone_reply:
            self.split += 1
            key_reply += SPLIT[REPLY]
        entry.key_reply = key_reply
        entry.status |= CONFIRMED
        entry.deadline += now
        self.shards[hash(key_reply) & SHARD_MASK][key_reply] = entry
        self.count += 1
        self.timers.put(entry)

    def remove(self, entry: Connection, now: float) -> bool:
        """Take an entry out; False if it was not in. Expectations go with their master."""
        if entry.status & DYING or not entry.status & CONFIRMED:
            return False
        entry.status |= DYING
        entry.slot = -1
        for key in (entry.key_original, entry.key_reply):
            shard = self.shards[hash(key) & SHARD_MASK]
            if shard.get(key) is entry:
                del shard[key]
        self.count -= 1
        if entry.zone_original != entry.zone_reply:
            self.split -= 1
        if entry.status & SRC_NAT:
            self.sources.remove(entry)
        if entry.started != NEVER:
            entry.stopped = now
        if entry.helper and self.helper_end is not None:
            self.helper_end.ended(entry, now)
        if entry.expecting is not None and any(entry.expecting):
            for expectation in self.expectations.of_master(entry):
                self.unexpect(expectation, now)
        master = entry.master
        if master is not None:
            master.children -= 1
        if entry.events & EVENT_DESTROY and self.events.listeners:
            self.events.tell(Event(DESTROY, now, entry, None, EVENT_DESTROY, self.events.portid))
        return True

    def adopt(self, entry: Connection, master: Connection) -> None:
        """`entry` is an expected connection of `master`."""
        entry.status |= EXPECTED
        entry.master = master
        master.children += 1

    def disown(self, entry: Connection, now: float) -> None:
        """An entry that never was confirmed is given up, and with it what its first packet made a helper expect."""
        if entry.status & (CONFIRMED | DYING):
            return
        if entry.master is not None:
            entry.status |= DYING
            entry.master.children -= 1
        if entry.expecting is not None and any(entry.expecting):
            for expectation in self.expectations.of_master(entry):
                self.unexpect(expectation, now)

    def unexpect(self, expectation: Expectation, now: float) -> bool:
        """End an expectation; False if it has ended already."""
        return self.expectations.remove(expectation, now)

    def clear(self, now: float) -> None:
        """Every entry and expectation goes, each with its event."""
        for entry in list(self.each()):
            self.remove(entry, now)
        for shard in self.shards:
            for entry in list(shard.values()):
                self.remove(entry, now)
        for expectation in list(self.expectations.all.values()):
            self.unexpect(expectation, now)
        self.timers.clear()

    # -- what trackers do (Clock)

    def refresh(self, entry: Connection, timeout: int, packet: Packet, direction: int, now: float) -> None:
        status = entry.status
        if not status & FIXED_TIMEOUT:
            if status & CONFIRMED:
                deadline = now + timeout
                entry.deadline = deadline
                if deadline <= entry.slot - 1:
                    self.timers.put(entry)
            else:
                entry.deadline = float(timeout)
        if entry.accounting:
            entry.packets[direction] += 1
            entry.bytes[direction] += len(packet.data)

    def shorten(self, entry: Connection, timeout: int, now: float) -> None:
        self.set_deadline(entry, now + timeout)

    def set_deadline(self, entry: Connection, deadline: float) -> None:
        """For an entry in the table."""
        entry.deadline = deadline
        if deadline <= entry.slot - 1:
            self.timers.put(entry)

    def kill(self, entry: Connection, now: float, packet: Packet | None = None, direction: int = 0) -> None:
        if packet is not None and entry.accounting:
            entry.packets[direction] += 1
            entry.bytes[direction] += len(packet.data)
        self.remove(entry, now)

    # -- time and room

    def expire(self, now: float, budget: int = LOOKS) -> int:
        """Remove what is over, looking at no more than `budget` entries; what is left of the budget."""
        ended: list[Connection] = []
        left = self.timers.due(now, budget, ended)
        for entry in ended:
            self.remove(entry, now)
        if self.expectations.all:
            self.expectations.expire(now)
        return left

    def expire_all(self, now: float) -> None:
        """Remove everything that is over, however long it takes (the clock was moved by hand)."""
        while self.expire(now, 4096) == 0:
            pass
        ended: list[Connection] = []
        self.timers.due_within_second(now, ended)
        for entry in ended:
            self.remove(entry, now)

    def make_room(self, key: TupleKey, now: float) -> bool:
        """The table is full: let an entry go that is over or not ASSURED, near where `key` belongs."""
        first = hash(key)
        looks = EVICTION_LOOKS
        over: list[Connection] = []
        victim: Connection | None = None
        searched = 0
        for step in range(SHARDS):
            shard = self.shards[(first + step) & SHARD_MASK]
            if not shard:
                continue
            for entry in shard.values():  # the oldest first: who has just begun may yet be answered
                if entry.deadline <= now:
                    over.append(entry)
                elif not entry.status & (ASSURED | DYING):
                    victim = entry
                    break
                looks -= 1
                if looks <= 0:
                    break
            if victim is not None and self.remove(victim, now):
                self.statistics.early_drop += 1
            searched += 1
            if over or victim is not None or looks <= 0:
                break
            if searched >= EVICTION_SHARDS and looks < EVICTION_LOOKS // 2:
                break
        for entry in over:
            self.remove(entry, now)
        return victim is not None or bool(over)

    def sweep(self, trackers: list[Tracker], now: float, looks: int = SWEEP_LOOKS) -> bool:
        """Above 95 percent, once a minute: let go what is closing or not ASSURED. `looks`: entries to look at now.

        True if there are more.
        """
        limit = self.option[MAX] // 100 * 95
        if not limit or self.count <= limit:
            self.swept = now
            self.to_sweep = 0
            self.sweeping.clear()
            return False
        if not self.to_sweep and not self.sweeping:
            if now - self.swept < SWEEP_SECONDS:
                return False
            self.swept = now
            self.to_sweep = SHARDS
        while looks > 0 and self.count > limit:
            looks -= 1
            if self.sweeping:
                entry = self.sweeping.pop()
                if not entry.status & ASSURED or trackers[entry.original.proto].may_go_early(entry):
                    self.remove(entry, now)
            elif self.to_sweep:
                self.to_sweep -= 1
                self.sweeping = list(self.shards[self.to_sweep].values())
            else:
                return False
        return True


def _id_of(entry: Connection) -> int:
    return entry.id


def rezoned(key: TupleKey, zone: int) -> TupleKey:
    """The same tuple in another zone."""
    return key[:1] + zone.to_bytes(2, "big") + key[3:]
