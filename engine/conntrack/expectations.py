"""Connections that a helper expects: a data connection announced on a control connection.

An expectation names the tuple of the first packet. Of its source any part may be left open by the mask; its destination
is exact. The first packet that fits makes a RELATED entry with the expectation's master; the expectation is then used
up unless it is permanent. It also ends after its time and with its master.

Source: kernel Documentation, conntrack(8) (expect table); measured on Linux 6.18.
"""

from __future__ import annotations

from errno import EALREADY, EBUSY, EMFILE
from typing import Final, Protocol

from engine.core.connection import Connection, Tuple
from engine.core.context import Context

# Flags of an expectation (NF_CT_EXPECT_*)
PERMANENT: Final = 1
INACTIVE: Final = 2
USERSPACE: Final = 4

ALL_PORTS: Final = 0xFFFF


class Policy:
    """What a helper allows for one class of its expectations. limit: live ones a master, 0 = any number."""

    def __init__(self, name: str, limit: int, timeout: int) -> None:
        self.name = name
        self.limit = limit
        self.timeout = timeout


class Follower(Protocol):
    """What a helper does with the entry of an expected connection (NAT that follows its master)."""

    def follow(self, entry: Connection, expectation: Expectation, context: Context) -> None:
        """`entry` is new: EXPECTED, its master set, not yet confirmed."""


class Expectation:
    """One expected connection.

    key: its tuple; src_mask/sport_mask: which bits of the source must fit (0 = any). helper: given to the new entry.
    direction, saved_address, saved_port: what NAT of the helper needs to remember.
    """

    def __init__(
        self,
        master: Connection,
        key: Tuple,
        src_mask: int,
        sport_mask: int,
        policy: Policy,
        class_number: int = 0,
        flags: int = 0,
        helper: str = "",
        follower: Follower | None = None,
    ) -> None:
        self.master = master
        self.key = key
        self.src_mask = src_mask
        self.sport_mask = sport_mask
        self.policy = policy
        self.class_number = class_number
        self.flags = flags
        self.helper = helper
        self.follower = follower
        self.deadline = 0.0  # set by `Expectations.add`
        self.id = 0
        self.direction = 0
        self.saved_address = 0
        self.saved_port = 0
        self.function = ""  # name of the follower, as conntrack prints it
        self.any_master = False  # the same expectation of another master will do

    def fits(self, key: Tuple) -> bool:
        mine = self.key
        return (
            mine.dst == key.dst
            and mine.dport == key.dport
            and mine.proto == key.proto
            and mine.family == key.family
            and not (mine.src ^ key.src) & self.src_mask
            and not (mine.sport ^ key.sport) & self.sport_mask
        )

    def clashes(self, other: Expectation) -> bool:
        """Is there a tuple that fits both?"""
        mine = self.key
        key = other.key
        return (
            mine.dst == key.dst
            and mine.dport == key.dport
            and mine.proto == key.proto
            and mine.family == key.family
            and not (mine.src ^ key.src) & self.src_mask & other.src_mask
            and not (mine.sport ^ key.sport) & self.sport_mask & other.sport_mask
            and zone_of(self.master) == zone_of(other.master)
        )

    def equals(self, other: Expectation) -> bool:
        return (
            self.key.same(other.key)
            and self.src_mask == other.src_mask
            and self.sport_mask == other.sport_mask
            and zone_of(self.master) == zone_of(other.master)
        )


class Witness:
    """Who is told of every expectation that ends, whether it was met, replaced, forgotten or too old."""

    def expectation_gone(self, expectation: Expectation, now: float) -> None:
        raise NotImplementedError


def zone_of(entry: Connection) -> int:
    """The zone of an entry, whichever direction is in it."""
    return entry.zone_original or entry.zone_reply


def _place(key: Tuple) -> tuple[int, int, int, int]:
    return (key.family, key.proto, key.dst, key.dport)


class Expectations:
    """All live expectations, found by their destination. Oldest first within one destination and overall."""

    def __init__(self) -> None:
        self.witness: Witness | None = None
        self.by_destination: dict[tuple[int, int, int, int], list[Expectation]] = {}
        self.all: dict[int, Expectation] = {}  # by id, in order of creation
        self.next_id = 1
        self.limit = 4096
        self.next_deadline = 0.0  # nothing ends before this

    def __len__(self) -> int:
        return len(self.all)

    def add(self, new: Expectation, now: float) -> int:
        """0, or an errno: EBUSY another one would take the same packets, EMFILE too many, EALREADY (only if any
        master will do) the same one is there with another master or class."""
        for old in list(self.by_destination.get(_place(new.key), [])):
            if old.equals(new) and (new.any_master or old.master is new.master):
                if old.class_number != new.class_number or old.master is not new.master:
                    return EALREADY
                self.remove(old, now)
            elif old.clashes(new):
                return EBUSY
        policy = new.policy
        if policy.limit and self.count_of(new.master, new.class_number) >= policy.limit:
            self._drop_oldest(new.master, new.class_number, now)
            if self.count_of(new.master, new.class_number) >= policy.limit:
                return EMFILE
        if len(self.all) >= self.limit:
            return EMFILE
        new.id = self.next_id
        self.next_id += 1
        if new.deadline <= 0.0:
            new.deadline = now + policy.timeout
        if not self.all or new.deadline < self.next_deadline:
            self.next_deadline = new.deadline
        self.all[new.id] = new
        self.by_destination.setdefault(_place(new.key), []).append(new)
        _count(new.master, new.class_number, 1)
        return 0

    def count_of(self, master: Connection, class_number: int) -> int:
        counts = master.expecting
        if counts is None or class_number >= len(counts):
            return 0
        return counts[class_number]

    def _drop_oldest(self, master: Connection, class_number: int, now: float) -> None:
        for old in self.all.values():
            if old.master is master and old.class_number == class_number:
                self.remove(old, now)
                return

    def remove(self, one: Expectation, now: float) -> bool:
        if self.all.pop(one.id, None) is None:
            return False
        place = _place(one.key)
        row = self.by_destination[place]
        row.remove(one)
        if not row:
            del self.by_destination[place]
        _count(one.master, one.class_number, -1)
        if self.witness is not None:
            self.witness.expectation_gone(one, now)
        return True

    def prolong(self, one: Expectation, deadline: float) -> None:
        """A new end, sooner or later than the old one."""
        one.deadline = deadline
        if deadline < self.next_deadline:
            self.next_deadline = deadline

    def find(self, key: Tuple, zone: int, now: float) -> Expectation | None:
        """The active expectation that a first packet fits, newest first."""
        row = self.by_destination.get(_place(key))
        if row is None:
            return None
        for one in reversed(row):
            if not one.flags & INACTIVE and zone_of(one.master) == zone and one.deadline > now and one.fits(key):
                return one
        return None

    def lookup(self, key: Tuple, zone: int, now: float) -> Expectation | None:
        """The expectation for exactly this tuple's destination and a source that fits, active or not."""
        for one in self.by_destination.get(_place(key), []):
            if one.deadline > now and zone_of(one.master) == zone and one.fits(key):
                return one
        return None

    def of_master(self, master: Connection) -> list[Expectation]:
        return [one for one in self.all.values() if one.master is master]

    def expire(self, now: float) -> None:
        """Take out those whose time is over."""
        if not self.all or now < self.next_deadline:
            return
        for one in [one for one in self.all.values() if one.deadline <= now]:
            self.remove(one, now)
        self.next_deadline = min((one.deadline for one in self.all.values()), default=0.0)


def _count(master: Connection, class_number: int, change: int) -> None:
    counts = master.expecting
    if counts is None:
        counts = []
        master.expecting = counts
    while len(counts) <= class_number:
        counts.append(0)
    counts[class_number] += change
