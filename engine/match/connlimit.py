"""connlimit: how many connections a host or network has.

    -m connlimit --connlimit-upto N | --connlimit-above N  [--connlimit-mask PREFIX]  [--connlimit-saddr | -daddr]

Counts the tracked connections whose source (-saddr, the usual) or destination address is the same in its first PREFIX
bits (all of them) as the packet's, the packet's own among them. -upto matches when there are N or fewer, -above when
there are more. Each rule counts what it has itself seen; a connection no longer counts when its entry is gone, or
when it is a TCP connection in TIME_WAIT or CLOSE. As in legacy tables, any change to a table starts the counting anew.

Meant for the first packets of connections (`-p tcp --syn`). What Linux 6.18 does with later ones (measured), and so
does this: an ASSURED connection that the rule has not seen before is not counted while the host is known; and the last
packets of the only connection of a host, in TIME_WAIT or CLOSE, find a count of 0 and are dropped.

Kernel peer: xt_connlimit, nf_conncount. Source: iptables-extensions(8) connlimit; measured.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from engine.core.addresses import ADDRESS_BITS, prefix_mask
from engine.core.connection import ASSURED, Tuple
from engine.core.context import Context, Shared
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.hooks import IPV6
from engine.core.packet import Packet
from engine.core.protocols import PORT_PROTOCOLS
from engine.core.values import Values
from engine.match.parts.dropping import Dropping

MANY_HOSTS: Final = 256
ALL_BITS: Final = 255  # no mask, or one with holes


class ConnLimit(Dropping):
    def __init__(self, limit: int, above: bool, prefix: int, by_destination: bool, family: int, whole: bool) -> None:
        """whole: no mask was given, or one with holes."""
        super().__init__()
        self.limit = limit
        self.above = above
        self.prefix = prefix
        self.by_destination = by_destination
        self.whole = whole or family == IPV6
        self.mask = prefix_mask(prefix, family)
        self.seen: dict[tuple[int, int], list[Tuple]] = {}

    def matches(self, packet: Packet, context: Context) -> bool:
        self.dropping = False
        entry = context.entry
        zone = 0
        known = False
        if entry is not None:
            key: Tuple | None = entry.original
            zone = entry.zone_original
            known = entry.status & ASSURED != 0 and context.indev != "lo"
        else:
            key = packet_tuple(packet)
        address = (packet.dst if self.by_destination else packet.src) & self.mask
        count = self._count(key, zone, address, known, context) if key is not None else 0
        if count == 0:
            self.dropping = True
            return False
        return (count > self.limit) == self.above

    def _count(self, key: Tuple, zone: int, address: int, known: bool, context: Context) -> int:
        """Connections of this host. One that is ASSURED was counted when it began: it is not put into an old list."""
        place = (address, zone)
        seen = self.seen.get(place)
        if seen is None:
            self._collect(context)
            self.seen[place] = [key]
            return 1
        living: list[Tuple] = []
        for number, other in enumerate(seen):
            if not known and other.same(key):
                living += seen[number:]
                key = other
                known = True
                break
            if self._lives(other, zone, context):
                living.append(other)
        if not known:
            living.append(key)
        self.seen[place] = living
        return len(living)

    def _collect(self, context: Context) -> None:
        """Before a host is noted: forget old ones without connections, two a time, once there are many."""
        if len(self.seen) < MANY_HOSTS:
            return
        for place in list(islice(self.seen, 2)):
            seen = self.seen.pop(place)
            if any(self._lives(key, place[1], context) for key in seen):
                self.seen[place] = seen

    def _lives(self, key: Tuple, zone: int, context: Context) -> bool:
        entry = context.shared.conntrack.find_by_packet_tuple(key, zone, context.now)
        if entry is None or not entry.original.same(key):
            return False
        return entry.state is None or not entry.state.is_closed()

    def installed(self, shared: Shared) -> None:
        self.seen.clear()

    def save(self) -> str:
        kind = "above" if self.above else "upto"
        side = "daddr" if self.by_destination else "saddr"
        return f"--connlimit-{kind} {self.limit} --connlimit-mask {self.prefix} --connlimit-{side}"

    def unsaid(self) -> str:
        return "" if self.whole else "32 of 128 bits"

    def listing(self, numeric: bool) -> str:
        side = "dst" if self.by_destination else "src"
        return f"#conn {side}/{self.prefix} {'>' if self.above else '<='} {self.limit}"


def packet_tuple(packet: Packet) -> Tuple | None:
    """The tuple of a packet without connection; None when its ports are not there."""
    sport = dport = 0
    if packet.proto in PORT_PROTOCOLS:
        if not packet.has(4):
            return None
        sport, dport = packet.sport, packet.dport
    return Tuple(packet.family, packet.proto, packet.src, packet.dst, sport, dport)


def build(values: Values) -> Extension:
    bits = ADDRESS_BITS[values.family]
    given = values.find("connlimit-above") or values.find("connlimit-upto")
    assert given is not None and isinstance(given.value, int)
    above = (given.option.name == "connlimit-above") != given.inverted
    mask = values.number("connlimit-mask", ALL_BITS)
    by_destination = values.has("connlimit-daddr")
    return ConnLimit(given.value, above, min(mask, bits), by_destination, values.family, mask > bits)


def final(values: Values) -> None:
    if not values.has("connlimit-above") and not values.has("connlimit-upto"):
        raise ParameterProblem('You must specify "--connlimit-above" or "--connlimit-upto".')


EXTENSIONS: Final = (
    Spec(
        "connlimit",
        build,
        (
            Option("connlimit-upto", "u32", invert=True, excludes=("connlimit-above",)),
            Option("connlimit-above", "u32", invert=True, excludes=("connlimit-upto",)),
            Option("connlimit-mask", "plen"),
            Option("connlimit-saddr", excludes=("connlimit-daddr",)),
            Option("connlimit-daddr", excludes=("connlimit-saddr",)),
        ),
        needs_conntrack=True,
        revision=1,
        final=final,
    ),
)
