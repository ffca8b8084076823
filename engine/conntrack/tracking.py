"""Connection tracking: which connection a packet belongs to.

    track     finds the entry of a packet, or makes one that is not yet in the table (NEW, or RELATED if expected),
              and lets the protocol's tracker change it
    confirm   when the packet has passed every hook, the new entry enters the table, under the tuples that NAT left
    expire    entries end when their time is over

A packet that belongs to no connection has no entry and is INVALID; nothing is dropped for that. A packet is dropped
here only when the table is full, or when another packet of the same new flow was quicker and the protocol does not
allow both to share its entry.

Source: kernel Documentation/networking/nf_conntrack-sysctl.rst; behaviour measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.errors import ICMPV6_REDIRECT, ICMPV6_UNTRACKED, embedded, redirected
from engine.conntrack.events import NEW, UPDATE, Event
from engine.conntrack.expectations import PERMANENT, Expectation, Follower, Policy
from engine.conntrack.settings import ACCT, CHECKSUM, EVENTS, EXPECT_MAX, LOG_INVALID, MAX, PREFIX, ROWS, Settings
from engine.conntrack.table import SHARDS, Table
from engine.conntrack.text import expect_line, proc_line
from engine.conntrack.tracker import INVALID, REPEAT, Tracker
from engine.core.connection import (
    CONFIRMED,
    CT_ESTABLISHED,
    CT_ESTABLISHED_REPLY,
    CT_INVALID,
    CT_NEW,
    CT_RELATED,
    CT_RELATED_REPLY,
    CT_UNTRACKED,
    DST_NAT,
    DYING,
    EVENT_NEW,
    EVENT_RELATED,
    EVENT_REPLY,
    EXPECTED,
    FIXED_TIMEOUT,
    HELPER,
    NAT_CLASH,
    ORIGINAL,
    REPLY,
    SEEN_REPLY,
    SEQ_ADJUST,
    SRC_NAT,
    TEMPLATE,
    Connection,
    Proxied,
    Tuple,
    TupleKey,
)
from engine.core.context import ConntrackView, Context, LogLine, Shared
from engine.core.hooks import IPV4, IPV6, PREROUTING
from engine.core.packet import EXTENSION_HEADERS, Packet
from engine.core.protocols import ICMP, ICMP_ERRORS, ICMPV6, NO_NEXT_HEADER, TCP
from engine.core.verdict import ACCEPT, DROP
from engine.target.parts.log_text import ALL as EVERYTHING
from engine.target.parts.log_text import log_text

SOME: Final = 128  # entries looked at where no packet drives the timers: less than a millisecond

# The kernel's limit on repeated messages: ten in five seconds
LOG_BURST: Final = 10
LOG_INTERVAL: Final = 5.0

# nf_conntrack_log_invalid
ALL_PROTOCOLS: Final = 255
NOTICE: Final = 5

MOVED: Final = SRC_NAT | DST_NAT | SEQ_ADJUST


class Conntrack(ConntrackView):
    """The connection tracking of one network namespace, both families.

    shared.sysctls is kept up to date under the kernel's names; set them with `set_sysctl`.
    """

    def __init__(self, shared: Shared, settings: Settings, table: Table, trackers: list[Tracker]) -> None:
        self.shared = shared
        self.settings = settings
        self.option = settings.option
        self.table = table
        self.trackers = trackers  # by protocol number
        self.now = 0.0
        self.namespace = 0  # inode number, for the message of a full table
        self.policies: dict[str, list[Policy]] = {}  # by helper: what it allows for its expectations, by class
        self.followers: dict[str, Follower] = {}  # by name, for expectations that come out of a snapshot
        self.log_credit = float(LOG_BURST)
        self.log_time = 0.0
        self.prefixes: list[bytes] = [bytes((proto, 0, 0)) for proto in range(256)]
        for row in ROWS:
            shared.sysctls[PREFIX + row.name] = str(settings.groups[row.group][row.index])
        shared.sysctls["net.nf_conntrack_max"] = str(self.option[MAX])
        table.expectations.limit = self.option[EXPECT_MAX]

    # -- a packet comes

    def track(self, packet: Packet, context: Context) -> int:
        """Find or make the entry of a packet: sets context.entry and context.ctinfo. ACCEPT, or DROP.

        A packet that already has an entry (it came round through loopback, or the engine made it) keeps it. A template
        of CT has done its service.
        """
        if context.entry is not None and context.entry.status & TEMPLATE:
            context.entry = None
            if context.zone_mark_ways:
                context.zone_original = context.mark & 0xFFFF if context.zone_mark_ways & 1 else 0
                context.zone_reply = context.mark & 0xFFFF if context.zone_mark_ways & 2 else 0
        elif context.entry is not None or context.ctinfo == CT_UNTRACKED:
            return ACCEPT
        self.now = context.now
        context.ctinfo = CT_INVALID
        proto = packet.proto
        if packet.fragment_offset:
            return self._invalid(packet, context, "fragment that was not reassembled")
        if context.family == IPV6:
            if proto == NO_NEXT_HEADER or proto in EXTENSION_HEADERS:
                return self._invalid(packet, context, "no transport header")
            if proto == ICMPV6 and not self._icmpv6(packet, context):
                return ACCEPT
        elif proto == ICMP and not self._icmp(packet, context):
            return ACCEPT
        tracker = self.trackers[proto]
        while True:
            verdict = self._track(tracker, packet, context)
            if verdict != REPEAT:
                return verdict

    def _track(self, tracker: Tracker, packet: Packet, context: Context) -> int:
        now = context.now
        ports = tracker.ports(packet)
        if ports is None:
            return self._invalid(packet, context, "short packet")
        key = self._key(packet, ports, context.zone_original)
        table = self.table
        confirmed = True
        if table.split or context.zone_original != context.zone_reply:
            entry = table.lookup(key, context.zone_original, context.zone_reply, now)
            direction = table.direction
        else:
            entry = table.get(key, now)
            direction = ORIGINAL
            if entry is not None and (entry.key_original != key or entry.key_reply == key):
                direction = REPLY  # also of a flow that is its own answer
        if entry is None:
            direction = ORIGINAL
            confirmed = False
            original = _tuple(packet, ports)
            reply = tracker.invert(original)
            if reply is None:
                return self._invalid(packet, context, "nothing can answer this packet")
            if not self._has_room(key, now):
                self.table.statistics.drop += 1
                context.reason = "table full"
                return DROP
            entry = self._new(original, reply, context)
        why = tracker.fault(packet, context, self.option[CHECKSUM] != 0 and context.hook == PREROUTING)
        if why:
            if not confirmed:
                self.table.disown(entry, self.now)
            return self._invalid(packet, context, why)
        verdict = tracker.packet(entry, packet, direction, confirmed, context)
        if verdict == ACCEPT:
            context.entry = entry
            status = entry.status
            if direction == REPLY:
                context.ctinfo = CT_ESTABLISHED_REPLY
                if not status & SEEN_REPLY:
                    entry.status = status | SEEN_REPLY
                    entry.event_cache |= EVENT_REPLY
            elif status & SEEN_REPLY:
                context.ctinfo = CT_ESTABLISHED
            elif status & EXPECTED:
                context.ctinfo = CT_RELATED
            else:
                context.ctinfo = CT_NEW
            return ACCEPT
        if not confirmed:
            self.table.disown(entry, self.now)
        if verdict == INVALID:
            return self._invalid(packet, context, tracker.reason)
        if verdict == DROP:
            self.table.statistics.drop += 1
        return verdict

    def _key(self, packet: Packet, ports: bytes, zone: int) -> TupleKey:
        data = packet.data
        addresses = data[12:20] if packet.family == IPV4 else data[8:40]
        if zone:
            return bytes((packet.proto, zone >> 8, zone & 255)) + addresses + ports
        return self.prefixes[packet.proto] + addresses + ports

    def _invalid(self, packet: Packet, context: Context, reason: str) -> int:
        self.table.statistics.invalid += 1
        context.reason = reason
        if self.option[LOG_INVALID]:
            self._log_invalid(packet, context)
        return ACCEPT

    def _log_invalid(self, packet: Packet, context: Context) -> None:
        """nf_conntrack_log_invalid names one protocol; 255 stands for every protocol."""
        if self.option[LOG_INVALID] not in (packet.proto, ALL_PROTOCOLS):
            return
        text = log_text(packet, context, f"nf_ct_proto_{packet.proto}: {context.reason} ", EVERYTHING)
        self.shared.log.append(LogLine(context.now, text, NOTICE))

    def _has_room(self, key: TupleKey, now: float) -> bool:
        limit = self.option[MAX]
        if not limit or self.table.count < limit:
            return True
        if self.table.make_room(key, now):
            return True
        if now - self.log_time >= LOG_INTERVAL:
            self.log_credit = float(LOG_BURST)
            self.log_time = now
        if self.log_credit >= 1:
            self.log_credit -= 1
            text = f"nf_conntrack: nf_conntrack: table full in netns {self.namespace}, dropping packet"
            self.shared.log.append(LogLine(now, text))
        return False

    def _new(self, original: Tuple, reply: Tuple, context: Context) -> Connection:
        """An entry for the first packet of a flow, with what its template and its master give it."""
        table = self.table
        entry = Connection(original, reply, context.zone_original, context.zone_reply)
        self.furnish(entry, context.template_events, context.template_expect_events)
        if context.synproxied:
            entry.proxied = Proxied()
        expectation = None
        if table.expectations.all:
            zone = context.zone_original or context.zone_reply
            expectation = table.expectations.find(original, zone, context.now)
        followed = expectation is not None and self._follow(entry, expectation, context)
        if not followed and context.template_helper:
            entry.helper = context.template_helper
            entry.status |= HELPER
        return entry

    def furnish(self, entry: Connection, events: int = -1, expect_events: int = -1) -> None:
        """Give a new entry its id and what the settings say that new entries have."""
        entry.id = self.table.next_id
        self.table.next_id += 1
        entry.has_labels = self.shared.label_users > 0
        if self.option[ACCT]:
            entry.accounting = True
            entry.packets = [0, 0]
            entry.bytes = [0, 0]
        entry.events = self._event_mask(events)
        entry.expect_events = self._event_mask(expect_events)

    def _event_mask(self, template: int) -> int:
        if template != -1:
            return template
        mode = self.option[EVENTS]
        if mode == 1 or (mode == 2 and self.table.events.listeners):
            return -1
        return 0

    def _follow(self, entry: Connection, expectation: Expectation, context: Context) -> bool:
        """The packet was expected; False if its master is not (or no longer) in the table."""
        master = expectation.master
        if not master.status & CONFIRMED or master.status & DYING:
            return False
        if not expectation.flags & PERMANENT:
            self.table.unexpect(expectation, self.now)
        self.table.adopt(entry, master)
        if expectation.helper:
            entry.helper = expectation.helper
            entry.status |= HELPER
        entry.mark = master.mark
        entry.secmark = master.secmark
        self.table.statistics.expect_new += 1
        if expectation.follower is not None:
            expectation.follower.follow(entry, expectation, context)
        return True

    # -- ICMP errors

    def _icmp(self, packet: Packet, context: Context) -> bool:
        """True: an ICMP packet that is no error and goes on to its tracker. False: the packet is dealt with."""
        why = self.trackers[ICMP].fault(packet, context, self.option[CHECKSUM] != 0 and context.hook == PREROUTING)
        if why:
            self._error(packet, context, why)
            return False
        if packet.data[packet.l4] not in ICMP_ERRORS:
            return True
        self._related(packet, packet.l4 + 8, context)
        return False

    def _icmpv6(self, packet: Packet, context: Context) -> bool:
        why = self.trackers[ICMPV6].fault(packet, context, self.option[CHECKSUM] != 0 and context.hook == PREROUTING)
        if why:
            self._error(packet, context, why)
            return False
        kind = packet.data[packet.l4]
        if kind in ICMPV6_UNTRACKED:
            context.ctinfo = CT_UNTRACKED
            return False
        if kind == ICMPV6_REDIRECT and packet.data[packet.l4 + 1] == 0:
            start, why = redirected(packet)
            if why:
                self._error(packet, context, why)
            else:
                self._related(packet, start, context)
            return False
        if kind >= 128:
            return True
        self._related(packet, packet.l4 + 8, context)
        return False

    def _related(self, packet: Packet, start: int, context: Context) -> None:
        """An error whose quoted packet begins at `start`."""
        quoted = embedded(packet, start)
        if quoted is None:
            self._error(packet, context, "the packet in the ICMP error cannot be read")
            return
        tracker = self.trackers[quoted.proto]
        ports = tracker.ports(quoted)
        if ports is None:
            self._error(packet, context, "the packet in the ICMP error is too short")
            return
        answer = tracker.invert(_tuple(quoted, ports))
        if answer is None:
            self._error(packet, context, "ICMP error about a packet that nothing can answer")
            return
        found = self._find_either(answer, context)
        if found is None:
            self._error(packet, context, "ICMP error about an unknown connection")
            return
        entry, direction = found
        if packet.dst != entry.tuple_of(direction).dst:
            self._error(packet, context, "ICMP error addressed to somebody else")
            return
        context.entry = entry
        context.ctinfo = CT_RELATED_REPLY if direction == REPLY else CT_RELATED

    def _error(self, packet: Packet, context: Context, reason: str) -> None:
        self.table.statistics.error += 1
        context.reason = reason
        if self.option[LOG_INVALID]:
            self._log_invalid(packet, context)

    def _find_either(self, key: Tuple, context: Context) -> tuple[Connection, int] | None:
        """The entry that has a tuple, and in which direction, in the zones of a packet."""
        zone = context.zone_original
        entry = self.table.lookup(key.key(zone), zone, context.zone_reply, context.now)
        return None if entry is None else (entry, self.table.direction)

    # -- a packet leaves

    def confirm(self, packet: Packet, context: Context) -> int:
        """The packet has passed its last hook: its new entry enters the table, its events are told."""
        entry = context.entry
        if entry is None:
            return ACCEPT
        if not entry.status & CONFIRMED:
            verdict = self._confirm(entry, packet, context)
            if verdict != ACCEPT:
                return verdict
            confirmed = context.entry
            assert confirmed is not None
            entry = confirmed
        if entry.event_cache:
            self.deliver(entry, context.now)
        return ACCEPT

    def _confirm(self, entry: Connection, packet: Packet, context: Context) -> int:
        if context.ctinfo in (CT_ESTABLISHED_REPLY, CT_RELATED_REPLY):
            return ACCEPT  # an answer that the engine itself made; the question is still on its way
        if entry.status & DYING:
            self.table.statistics.insert_failed += 1
            return DROP
        now = context.now
        key_original = entry.original.key(entry.zone_original)
        key_reply = entry.reply.key(entry.zone_reply)
        table = self.table
        same = entry.zone_original == entry.zone_reply
        if same and not table.split:
            winner = table.get(key_original, now) or table.get(key_reply, now)
        else:
            winner = table.standing(key_original, ORIGINAL, same, now) or table.standing(key_reply, REPLY, same, now)
        if winner is not None:
            return self._clash(entry, winner, key_reply, packet, context)
        table.insert(entry, key_original, key_reply, now)
        entry.event_cache |= EVENT_NEW if entry.master is None else EVENT_RELATED
        return ACCEPT

    def _clash(
        self, entry: Connection, winner: Connection, key_reply: TupleKey, packet: Packet, context: Context
    ) -> int:
        """Another packet of the same flow was quicker, or NAT chose a tuple that was taken since."""
        statistics = self.table.statistics
        if self.trackers[entry.original.proto].allow_clash:
            if _same_flow(entry, winner):
                if entry.accounting and winner.accounting:
                    winner.packets[ORIGINAL] += 1
                    winner.bytes[ORIGINAL] += entry.bytes[ORIGINAL]
                self.table.disown(entry, self.now)
                context.entry = winner
                statistics.clash_resolve += 1
                return ACCEPT
            same = entry.zone_original == entry.zone_reply
            if self.table.standing(key_reply, REPLY, same, context.now) is None:
                entry.deadline = 1.0
                entry.status |= FIXED_TIMEOUT | NAT_CLASH
                self.table.insert_reply_only(entry, key_reply, context.now)
                statistics.clash_resolve += 1
                return ACCEPT
        self.table.disown(entry, self.now)
        statistics.drop += 1
        statistics.insert_failed += 1
        return DROP

    def deliver(self, entry: Connection, now: float) -> None:
        """Tell what has happened to an entry since the last time."""
        bits = entry.event_cache
        entry.event_cache = 0
        events = self.table.events
        if not events.listeners or not bits & entry.events or entry.status & DYING:
            return
        kind = NEW if bits & (EVENT_NEW | EVENT_RELATED) else UPDATE
        events.tell(Event(kind, now, entry, None, bits, events.portid))

    def dropped(self, entry: Connection) -> None:
        """A packet of this entry was dropped on its way; an entry that never was confirmed goes with it."""
        if not entry.status & CONFIRMED:
            self.table.disown(entry, self.now)

    def recognise(self, packet: Packet, context: Context) -> None:
        """Find the entry of a packet whose earlier hooks nobody saw, without changing anything."""
        context.entry = None
        context.ctinfo = CT_INVALID
        if packet.fragment_offset:
            return
        tracker = self.trackers[packet.proto]
        ports = tracker.ports(packet)
        if ports is None:
            return
        key = _tuple(packet, ports)
        found = self._find_either(key, context)
        direction = ORIGINAL
        if found is None:
            # translated already: what it looks like now is what the other direction answers to
            answer = tracker.invert(key)
            if answer is None:
                return
            found = self._find_either(answer, context)
            if found is None:
                return
            entry, other = found
            direction = 1 - other
        else:
            entry, direction = found
        context.entry = entry
        if direction == REPLY:
            context.ctinfo = CT_ESTABLISHED_REPLY
        elif entry.status & SEEN_REPLY:
            context.ctinfo = CT_ESTABLISHED
        else:
            context.ctinfo = CT_RELATED if entry.status & EXPECTED else CT_NEW

    # -- the table, for NAT, helpers, matches and the conntrack tool

    def find(self, key: Tuple, zone: int = 0, zone_reply: int = -1) -> Connection | None:
        """The entry that has this tuple in either direction. zone_reply: -1 = as `zone`."""
        return self.table.lookup(key.key(zone), zone, zone if zone_reply < 0 else zone_reply, self.now)

    def find_by_packet_tuple(self, key: Tuple, zone: int, now: float) -> Connection | None:
        return self.table.lookup(key.key(zone), zone, zone, now)

    def entries(self) -> list[Connection]:
        """Entries that are not over, oldest first."""
        return self.table.entries(self.now)

    def delete(self, entry: Connection) -> bool:
        """Take an entry out of the table; False if it was not there any more."""
        return self.table.remove(entry, self.now)

    def set_closing(self, entry: Connection, now: float) -> None:
        """A reset was sent in the name of one end: a confirmed TCP connection goes to CLOSE."""
        if entry.original.proto == TCP and entry.status & CONFIRMED:
            self.tracker_of(entry).set_closing(entry, now)

    def flush(self) -> None:
        """Every entry and expectation goes."""
        self.table.clear(self.now)

    def expire(self, now: float) -> None:
        """A little housekeeping: entries whose time is over go. Call it often; it never takes long."""
        self.now = now
        self.table.expire(now)
        self.table.sweep(self.trackers, now)

    def expire_some(self, now: float) -> bool:
        """The same where no packet drives it: more at a time; True if there may be more to do."""
        self.now = now
        left = self.table.expire(now, SOME)
        more = self.table.sweep(self.trackers, now)
        return more or left == 0

    def expire_all(self, now: float) -> None:
        """All entries whose time is over go, at once."""
        self.now = now
        self.table.expire_all(now)
        self.table.sweep(self.trackers, now, 2 * self.table.count + SHARDS)

    def alter_reply(self, entry: Connection, reply: Tuple) -> None:
        """NAT chose what answers will look like; only before the entry is confirmed."""
        assert not entry.status & CONFIRMED
        entry.reply = reply

    def tuple_taken(self, key: Tuple, ignoring: Connection) -> bool:
        """Would a new entry with this reply tuple clash? First packets that can share one entry do not."""
        zone = ignoring.zone_reply
        other = self.table.standing(key.key(zone), REPLY, zone == ignoring.zone_original, self.now)
        if other is None or other is ignoring:
            return False
        if (
            other.original.same(ignoring.original)
            and other.zone_original == ignoring.zone_original
            and other.key_original != b""
        ):
            return False
        self.table.statistics.found += 1
        return not (
            self.trackers[ignoring.original.proto].allow_clash
            and not (ignoring.status | other.status) & MOVED
            and key.same(ignoring.reply)
            and _answers(ignoring, other)
        )

    # -- expectations

    def expect(self, expectation: Expectation) -> int:
        """Add an expectation: 0 or an errno. Its master must have a helper (or be a user's)."""
        error = self.table.expectations.add(expectation, self.now)
        if error == 0:
            self.table.statistics.expect_create += 1
            self._tell_expected(expectation)
        return error

    def _tell_expected(self, expectation: Expectation) -> None:
        events = self.table.events
        if expectation.master.expect_events & EVENT_NEW and events.listeners:
            events.tell(Event(NEW, self.now, None, expectation, EVENT_NEW, events.portid))

    def unexpect(self, expectation: Expectation) -> bool:
        removed = self.table.unexpect(expectation, self.now)
        if removed:
            self.table.statistics.expect_delete += 1
        return removed

    def expectations(self) -> list[Expectation]:
        return [one for one in self.table.expectations.all.values() if one.deadline > self.now]

    # -- sysctls

    def sysctl(self, name: str) -> str | None:
        """The value of net.netfilter.nf_conntrack_* (or net.nf_conntrack_max), None if there is no such name."""
        if name == "net.nf_conntrack_max":
            return str(self.option[MAX])
        if name.removeprefix(PREFIX) == "nf_conntrack_count":
            return str(self.table.count)
        value = self.settings.read(name)
        return None if value is None else str(value)

    def set_sysctl(self, name: str, text: str) -> str:
        """Set one; "" or the error ("Invalid argument", ...). A timeout holds from the next packet of an entry on."""
        if name == "net.nf_conntrack_max":
            name = PREFIX + "nf_conntrack_max"
        if name.removeprefix(PREFIX) == "nf_conntrack_count":
            return "Permission denied"
        error = self.settings.write(name, text)
        if not error:
            value = self.sysctl(name)
            self.shared.sysctls[PREFIX + name.removeprefix(PREFIX)] = value or ""
            self.shared.sysctls["net.nf_conntrack_max"] = str(self.option[MAX])
            self.table.expectations.limit = self.option[EXPECT_MAX]
        return error

    # -- text

    def state_name(self, entry: Connection) -> str:
        return self.tracker_of(entry).state_name(entry)

    def tracker_of(self, entry: Connection) -> Tracker:
        return self.trackers[entry.original.proto]

    def seconds_left(self, entry: Connection, now: float) -> int:
        """Whole seconds until the entry ends; before confirmation: its timeout."""
        if not entry.status & CONFIRMED:
            return int(entry.deadline)
        return max(0, int(entry.deadline - now))

    def proc_line(self, entry: Connection, now: float) -> str:
        """The line of /proc/net/nf_conntrack for an entry."""
        return proc_line(entry, self.state_name(entry), self.seconds_left(entry, now), now)

    def expect_line(self, expectation: Expectation, now: float) -> str:
        """The line of /proc/net/nf_conntrack_expect."""
        return expect_line(expectation, now)


def _tuple(packet: Packet, ports: bytes) -> Tuple:
    """ports: what the tracker says stands for them."""
    sport, dport = ports[0] << 8 | ports[1], ports[2] << 8 | ports[3]
    return Tuple(packet.family, packet.proto, packet.src, packet.dst, sport, dport)


def _same_flow(entry: Connection, winner: Connection) -> bool:
    """Do both stand for one flow, begun by the same end or by both ends at once?"""
    same = (
        winner.original.same(entry.original)
        and winner.reply.same(entry.reply)
        and winner.zone_original == entry.zone_original
        and winner.zone_reply == entry.zone_reply
    )
    return same or _answers(entry, winner)


def _answers(entry: Connection, winner: Connection) -> bool:
    """Is what begins `entry` an answer of `winner`, and the other way round?"""
    return (
        winner.original.same(entry.reply)
        and winner.reply.same(entry.original)
        and winner.zone_original == entry.zone_reply
        and winner.zone_reply == entry.zone_original
    )
