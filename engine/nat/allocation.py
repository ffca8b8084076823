"""Finding the translated tuple of a new connection: one that no other connection uses.

    1. source only, and not --random:  the tuple as it is, if it lies in the range and is free;
                                       else the mapping that the same source already has towards somebody else
    2. an address of the range         (addresses.py)
    3. the port as it is, if it may be kept and is free        (not with --random)
    4. another port (TCP, UDP, UDP-Lite, SCTP), id (ICMP) or key (GRE of PPTP)

    ports to choose from        no range given, source:  1-511      for a port below 512
                                                         600-1023   for 512 to 1023
                                                         1024-65535 for all others
                                no range given, destination: the port must stay
                                a range: from its first to its last port
    where the search begins     shifted map: at port - base; destination: at the first port of the range;
                                source, or --random and --random-fully: at random
    how long it lasts           128 ports in a row, then from another random place 64, 32 and 16: with a crowded range
                                it ends without a free port although there may be one

When nothing is free the last candidate is taken all the same: the packet is dropped when its entry should enter the
table (insert_failed). A TCP port whose old connection is in TIME_WAIT or CLOSE counts as free for a SYN with a later
sequence number, but only among the last 32 candidates: the old connection goes.

Source: iptables-extensions(8) SNAT; RFC 4787 section 4.2.2; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.tcp import TcpState
from engine.conntrack.tcp_states import SYN_SENT, TIME_WAIT
from engine.conntrack.tcp_window import before
from engine.conntrack.tracking import Conntrack
from engine.core.connection import DYING, FIXED_TIMEOUT, SRC_NAT, Connection, Tuple
from engine.core.context import NatRequest, Shared
from engine.core.protocols import GRE, ICMP, ICMPV6, TCP
from engine.nat.addresses import choose
from engine.nat.ranges import DESTINATION, SOURCE, WITH_PORTS, port_in_range, source_in_range

ATTEMPTS: Final = 128
FEWEST_ATTEMPTS: Final = 16  # the search begins anew with half as many until there are fewer
HARDER: Final = 32  # among the last so many candidates old connections give way


def port_class(port: int) -> tuple[int, int]:
    """(lowest port, number of ports) from which a source port may be replaced without a range."""
    if port < 512:
        return 1, 511
    if port < 1024:
        return 600, 424
    return 1024, 64512


class Allocator:
    def __init__(self, conntrack: Conntrack, shared: Shared) -> None:
        self.conntrack = conntrack
        self.randomness = shared.randomness

    def unique(self, current: Tuple, request: NatRequest, entry: Connection, manip: int) -> Tuple:
        """The tuple in its own direction after the mapping; possibly taken, see above."""
        fresh_port = request.random or request.random_fully
        if manip == SOURCE and not fresh_port:
            if source_in_range(current, request):
                if not self.taken(current, entry):
                    return current
            else:
                found = self._mapping_of_source(current, request, entry)
                if found is not None and not self.taken(found, entry):
                    return found
        wanted = self._with_address(current, request, entry, manip)
        if not fresh_port:
            if request.port_low >= 0:
                if (
                    request.base_port < 0
                    and port_in_range(wanted, manip, request)
                    and (request.port_low == request.port_high or not self.taken(wanted, entry))
                ):
                    return wanted
            elif not self.taken(wanted, entry):
                return wanted
        return self._with_number(wanted, request, entry, manip)

    # -- is a tuple free?

    def answer(self, key: Tuple) -> Tuple:
        """The tuple of an answer to `key`."""
        found = self.conntrack.trackers[key.proto].invert(key)
        assert found is not None, "a tracked connection can be answered"
        return found

    def taken(self, key: Tuple, entry: Connection) -> bool:
        return self.conntrack.tuple_taken(self.answer(key), entry)

    def _taken_unless_old(self, key: Tuple, entry: Connection, left: int) -> bool:
        state = entry.state
        if left > HARDER or key.proto != TCP or not isinstance(state, TcpState) or state.number != SYN_SENT:
            return self.taken(key, entry)
        reply = self.answer(key)
        other = self.conntrack.find(reply, entry.zone_original, entry.zone_reply)
        if other is None:
            return False
        if not other.reply.same(reply):
            return True  # it is another's first direction
        return not (self._may_go(other, state) and self.conntrack.delete(other))

    def _may_go(self, other: Connection, fresh: TcpState) -> bool:
        """Is `other` an old translated connection that the new one's sequence numbers have left behind?"""
        old = other.state
        return (
            isinstance(old, TcpState)
            and old.number >= TIME_WAIT
            and other.status & (SRC_NAT | DYING | FIXED_TIMEOUT) == SRC_NAT
            and before(old.windows.original.end, fresh.windows.original.end)
        )

    # -- candidates

    def _mapping_of_source(self, current: Tuple, request: NatRequest, entry: Connection) -> Tuple | None:
        """What the same source address and port (id) is mapped to in another connection, if that lies in the range."""
        found = self.conntrack.table.sources.of(current, entry.zone_original)
        for other in reversed(found):
            reply = other.reply
            key = Tuple(current.family, current.proto, reply.dst, current.dst, reply.dport, current.dport)
            if current.proto in (ICMP, ICMPV6):
                key = Tuple(current.family, current.proto, reply.dst, current.dst, reply.sport, current.dport)
            if source_in_range(key, request):
                return key
        return None

    def _with_address(self, current: Tuple, request: NatRequest, entry: Connection, manip: int) -> Tuple:
        low = request.low
        if low is None:
            return current
        high = low if request.high is None else request.high
        zone = entry.zone_original or entry.zone_reply
        address = choose(current.family, current.src, current.dst, low, high, request.persistent, zone, manip == SOURCE)
        if manip == SOURCE:
            return Tuple(current.family, current.proto, address, current.dst, current.sport, current.dport)
        return Tuple(current.family, current.proto, current.src, address, current.sport, current.dport)

    def _with_number(self, key: Tuple, request: NatRequest, entry: Connection, manip: int) -> Tuple:
        """Another port, id or key."""
        at_source = manip == SOURCE
        number = key.sport if at_source else key.dport
        first = min(request.port_low, request.port_high)
        size = abs(request.port_high - request.port_low) + 1
        if key.proto in WITH_PORTS:
            if request.port_low < 0:
                if manip == DESTINATION:
                    return key
                first, size = port_class(number)
        elif key.proto in (ICMP, ICMPV6):
            at_source = True  # the id is one for both directions
            if request.port_low < 0:
                first, size = 0, 65536
        elif key.proto == GRE:
            if entry.master is None:
                return key  # not PPTP
            if request.port_low < 0:
                first, size = 1, 65535
        else:
            return key
        if request.base_port >= 0:
            offset = (number - request.base_port) & 0xFFFF
        elif request.random or request.random_fully or manip == SOURCE:
            offset = self._any()
        else:
            offset = 0
        attempts = min(size, ATTEMPTS)
        candidate = key
        while True:
            for index in range(attempts):
                number = (first + ((offset + index) & 0xFFFF) % size) & 0xFFFF
                if at_source:
                    candidate = Tuple(key.family, key.proto, key.src, key.dst, number, key.dport)
                else:
                    candidate = Tuple(key.family, key.proto, key.src, key.dst, key.sport, number)
                if not self._taken_unless_old(candidate, entry, attempts - index):
                    return candidate
            if attempts >= size or attempts < FEWEST_ATTEMPTS:
                return candidate
            attempts //= 2
            offset = self._any()

    def _any(self) -> int:
        return self.randomness.u32() & 0xFFFF
