"""A tracked connection as a value: tuples, status bits and what hangs on an entry.

Only values live here, so that matches and targets can read them; what makes and changes them is `engine.conntrack`.
Source: kernel include/uapi/linux/netfilter/nf_conntrack_common.h and nf_conntrack_tuple_common.h.
"""

from __future__ import annotations

from typing import Final

from engine.core.hooks import IPV4

# Direction
ORIGINAL: Final = 0
REPLY: Final = 1

# ctinfo: what conntrack says of a packet
CT_ESTABLISHED: Final = 0
CT_RELATED: Final = 1
CT_NEW: Final = 2
CT_ESTABLISHED_REPLY: Final = 3
CT_RELATED_REPLY: Final = 4
CT_UNTRACKED: Final = 7
CT_INVALID: Final = 8  # ours: the packet was offered to conntrack and belongs to no entry

# Bits of an event cache (IPCT_*)
EVENT_NEW: Final = 1 << 0
EVENT_RELATED: Final = 1 << 1
EVENT_DESTROY: Final = 1 << 2
EVENT_REPLY: Final = 1 << 3
EVENT_ASSURED: Final = 1 << 4
EVENT_PROTOINFO: Final = 1 << 5
EVENT_HELPER: Final = 1 << 6
EVENT_MARK: Final = 1 << 7
EVENT_SEQADJ: Final = 1 << 8
EVENT_SECMARK: Final = 1 << 9
EVENT_LABEL: Final = 1 << 10
EVENT_SYNPROXY: Final = 1 << 11

# Status bits of an entry (IPS_*)
EXPECTED: Final = 1 << 0
SEEN_REPLY: Final = 1 << 1
ASSURED: Final = 1 << 2
CONFIRMED: Final = 1 << 3
SRC_NAT: Final = 1 << 4
DST_NAT: Final = 1 << 5
SEQ_ADJUST: Final = 1 << 6
SRC_NAT_DONE: Final = 1 << 7
DST_NAT_DONE: Final = 1 << 8
DYING: Final = 1 << 9
FIXED_TIMEOUT: Final = 1 << 10
TEMPLATE: Final = 1 << 11
NAT_CLASH: Final = 1 << 12
HELPER: Final = 1 << 13

# A tuple in hashable form, compact (the table holds two for each entry) and equal exactly when the tuples are:
# protocol (1 byte), zone (2), source and destination address (4 or 16 each), what stands for ports (2 and 2).
TupleKey = bytes

NEVER: Final = -1e300  # a time that is not known
NO_COUNTS: Final = [0, 0]  # shared by every entry without accounting; never written to


class Tuple:
    """One direction of a connection as netfilter identifies it.

    sport/dport hold what the protocol puts in their place: ICMP and ICMPv6: id and type << 8 | code; GRE: the keys
    (or 0); other protocols without ports: 0. Never changed once made.
    """

    __slots__ = ("dport", "dst", "family", "proto", "sport", "src")

    def __init__(self, family: int, proto: int, src: int, dst: int, sport: int, dport: int) -> None:
        self.family = family
        self.proto = proto
        self.src = src
        self.dst = dst
        self.sport = sport
        self.dport = dport

    def key(self, zone: int = 0) -> TupleKey:
        width = 4 if self.family == IPV4 else 16
        number = self.proto << 16 | zone
        bits = width * 8
        number = ((number << bits | self.src) << bits | self.dst) << 32 | self.sport << 16 | self.dport
        return number.to_bytes(7 + 2 * width, "big")

    def same(self, other: Tuple) -> bool:
        return (
            self.src == other.src
            and self.dst == other.dst
            and self.sport == other.sport
            and self.dport == other.dport
            and self.proto == other.proto
            and self.family == other.family
        )


class ProtocolState:
    """What the tracker of a protocol remembers of one connection; each tracker has its own subclass."""

    __slots__ = ()

    def is_closed(self) -> bool:
        """Is the connection over although its entry is still there (connlimit does not count it)?"""
        return False


class Connection:
    """One entry of the conntrack table.

    There may be a million of them: what few entries have is made when it is first asked for.
    """

    __slots__ = (
        "_helper_data",
        "accounting",
        "bytes",
        "children",
        "deadline",
        "event_cache",
        "events",
        "expect_events",
        "expecting",
        "has_labels",
        "helper",
        "id",
        "key_original",
        "key_reply",
        "labels",
        "mark",
        "masquerade_device",
        "master",
        "original",
        "packets",
        "proxied",
        "reply",
        "secmark",
        "seqadj",
        "slot",
        "started",
        "state",
        "status",
        "stopped",
        "zone_original",
        "zone_reply",
    )

    def __init__(self, original: Tuple, reply: Tuple, zone: int = 0, zone_reply: int = -1) -> None:
        self.original = original
        self.reply = reply
        self.zone_original = zone
        self.zone_reply = zone if zone_reply < 0 else zone_reply
        self.status = 0
        self.deadline = 0.0  # seconds on the engine's clock; before confirmation: the timeout to come, in seconds
        self.mark = 0
        self.labels = 0  # 128 bits
        self.has_labels = False
        self.secmark = 0
        self.helper = ""
        self._helper_data: dict[str, int] | None = None
        self.master: Connection | None = None
        self.state: ProtocolState | None = None
        self.packets = NO_COUNTS  # by direction, when accounting is on
        self.bytes = NO_COUNTS
        self.accounting = False
        self.started = NEVER  # seconds, when timestamps are on; may lie before the clock began
        self.stopped = NEVER
        self.id = 0
        self.masquerade_device = ""  # the entry goes when this interface loses its address
        self.seqadj: list[SequenceAdjustment] | None = None  # by direction
        self.proxied: Proxied | None = None  # SYNPROXY opened it
        self.events = -1  # event mask set by CT --ctevents; -1: all
        self.expect_events = -1
        # the table's own
        self.key_original: TupleKey = b""  # under which it is found; b"" before confirmation
        self.key_reply: TupleKey = b""
        self.slot = 0  # second at which the timers will look at it next
        self.event_cache = 0  # events that wait for the end of the packet
        self.expecting: list[int] | None = None  # live expectations by class
        self.children = 0  # live entries that have this one as master

    @property
    def helper_data(self) -> dict[str, int]:
        """What a helper remembers between packets."""
        data = self._helper_data
        if data is None:
            data = {}
            self._helper_data = data
        return data

    def tuple_of(self, direction: int) -> Tuple:
        return self.original if direction == ORIGINAL else self.reply


class Proxied:
    """What SYNPROXY knows of a connection that it opened.

    isn: the initial sequence number it told the client; timestamp: the TCP timestamp it told the client; difference:
    by how much the server's timestamps are ahead of that (modulo 2**32).
    """

    __slots__ = ("difference", "isn", "timestamp")

    def __init__(self) -> None:
        self.isn = 0
        self.timestamp = 0
        self.difference = 0


class SequenceAdjustment:
    """How far sequence numbers moved in one direction because a helper changed the length of a payload.

    correction_pos: sequence number of the last change; before/after: offset in bytes for numbers before/after it.
    """

    def __init__(self) -> None:
        self.correction_pos = 0
        self.offset_before = 0
        self.offset_after = 0
