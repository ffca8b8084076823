"""Nat: bindings for the first packet of a connection, translation of every packet.

    hook                    maps             asks the chain
    PREROUTING, OUTPUT      destination      the first packet of a connection, once for each of source and
    POSTROUTING, INPUT      source           destination, whatever the hook: a packet that loops back is not asked again

A binding is the reply tuple: it says what answers look like. A chain that asks for nothing leaves a null binding, which
may still have to change the source port when the answers would be taken for those of somebody else. An entry that
was in the table before the nat table came to be is never bound; while it is unanswered its packets ask the chain again
and again, in vain. Only NEW and expected (RELATED) packets ask; packets that conntrack does not know, or calls INVALID
or UNTRACKED, pass as they are.

MASQUERADE remembers the interface: the entry ends when that interface goes down or loses the address
(`device_down`, `address_lost`), and when a packet of its first direction is about to leave by another one; that packet
is dropped and the next one is bound anew.

Source: iptables-extensions(8), RFC 3022, RFC 4787; kernel behaviour measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.table import Translation
from engine.conntrack.tracking import Conntrack
from engine.core.connection import (
    CONFIRMED,
    CT_ESTABLISHED_REPLY,
    CT_NEW,
    CT_RELATED,
    CT_RELATED_REPLY,
    DST_NAT,
    DST_NAT_DONE,
    ORIGINAL,
    REPLY,
    SRC_NAT,
    SRC_NAT_DONE,
    Connection,
)
from engine.core.context import Context, NatRequest, Shared
from engine.core.gathering import gather
from engine.core.hooks import IPV4, OUTPUT, POSTROUTING, PREROUTING
from engine.core.packet import Packet
from engine.core.protocols import ICMP, ICMPV6
from engine.core.ruleset import Chain
from engine.core.verdict import ACCEPT, DROP, QUEUE
from engine.core.walk import walk
from engine.nat.allocation import Allocator
from engine.nat.gathering import transport_size
from engine.nat.icmp_errors import translate_error
from engine.nat.ranges import DESTINATION, SOURCE
from engine.nat.rewrite import translate

NAT_BITS: Final = SRC_NAT | DST_NAT
KIND_OF: Final = ("SNAT", "DNAT")  # of NatRequest, by what is mapped


class Nat(Translation):
    def __init__(self, conntrack: Conntrack, shared: Shared) -> None:
        self.conntrack = conntrack
        conntrack.table.translation = self
        self.shared = shared
        self.allocator = Allocator(conntrack, shared)

    def step(self, packet: Packet, context: Context, chain: Chain | None) -> int:
        """One packet at one hook. chain: the nat table's built-in chain there, None if there is no nat table."""
        entry = context.entry
        if entry is None or chain is None:
            return ACCEPT
        hook = context.hook
        manip = DESTINATION if hook in (PREROUTING, OUTPUT) else SOURCE
        ctinfo = context.ctinfo
        if ctinfo in (CT_NEW, CT_RELATED, CT_RELATED_REPLY):
            if ctinfo != CT_NEW and packet.proto == (ICMP if packet.family == IPV4 else ICMPV6):
                return translate_error(packet, context, entry, manip)
            if not entry.status & (SRC_NAT_DONE if manip == SOURCE else DST_NAT_DONE):
                verdict = self._ask(packet, context, chain, entry, manip)
                if verdict != ACCEPT:
                    return verdict
        status = entry.status
        if hook == POSTROUTING and entry.masquerade_device and self._leaves_elsewhere(entry, context):
            self.conntrack.delete(entry)
            return DROP
        if not status & NAT_BITS:
            return ACCEPT
        direction = REPLY if ctinfo in (CT_ESTABLISHED_REPLY, CT_RELATED_REPLY) else ORIGINAL
        bit = SRC_NAT if (manip == SOURCE) == (direction == ORIGINAL) else DST_NAT
        if not status & bit:
            return ACCEPT
        gather(packet, context, packet.l4 + transport_size(packet.proto, len(packet.data) - packet.l4))
        other = entry.tuple_of(1 - direction)
        if manip == SOURCE:
            number = other.sport if other.proto == ICMP or other.proto == ICMPV6 else other.dport
            done = translate(packet, SOURCE, other.dst, number)
        else:
            done = translate(packet, DESTINATION, other.src, other.sport)
        return ACCEPT if done else DROP

    def _leaves_elsewhere(self, entry: Connection, context: Context) -> bool:
        return (
            context.ctinfo != CT_ESTABLISHED_REPLY
            and context.ctinfo != CT_RELATED_REPLY
            and entry.masquerade_device != context.outdev
        )

    # -- bindings

    def _ask(self, packet: Packet, context: Context, chain: Chain, entry: Connection, manip: int) -> int:
        """The chain decides on the first packet; without a decision of its own it is a null binding."""
        _taken(context)
        verdict = walk(chain, packet, context)
        if verdict == QUEUE:
            verdict = ACCEPT if context.queue_bypass else DROP  # nobody listens behind this engine
        if verdict != ACCEPT:
            return verdict
        request = _taken(context)
        if entry.status & CONFIRMED:
            return ACCEPT
        if request is None or request.kind != KIND_OF[manip]:
            self.bind_null(entry, manip)
            return ACCEPT
        if request.masquerade_device:
            entry.masquerade_device = request.masquerade_device
        self.bind(entry, request, manip)
        return ACCEPT

    def bind_null(self, entry: Connection, manip: int) -> None:
        address = entry.reply.dst if manip == SOURCE else entry.reply.src
        self.bind(entry, NatRequest(KIND_OF[manip], address, address), manip)

    def bind_made(self, entry: Connection, source: NatRequest | None, destination: NatRequest | None) -> None:
        """Both bindings of an entry that a command makes; the side that is not asked for gets a null binding."""
        for manip, request in ((DESTINATION, destination), (SOURCE, source)):
            if request is None:
                self.bind_null(entry, manip)
            else:
                self.bind(entry, request, manip)

    def bind(self, entry: Connection, request: NatRequest, manip: int) -> None:
        """Map one side of an entry that is not in the table yet and has no binding of that side."""
        current = self.allocator.answer(entry.reply)
        mapped = self.allocator.unique(current, request, entry, manip)
        if not mapped.same(current):
            self.conntrack.alter_reply(entry, self.allocator.answer(mapped))
            entry.status |= SRC_NAT if manip == SOURCE else DST_NAT
        entry.status |= SRC_NAT_DONE if manip == SOURCE else DST_NAT_DONE

    # -- what MASQUERADE must forget

    def device_down(self, device: str) -> int:
        """The interface went down or away: its masqueraded connections end. How many did."""
        return self._forget([entry for entry in self.conntrack.table.each() if entry.masquerade_device == device])

    def address_lost(self, device: str, family: int, address: int) -> int:
        """The interface lost an address: connections masqueraded with it end. How many did."""
        return self._forget(
            [
                entry
                for entry in self.conntrack.table.each()
                if entry.masquerade_device == device and entry.reply.dst == address and entry.reply.family == family
            ]
        )

    def _forget(self, entries: list[Connection]) -> int:
        for entry in entries:
            self.conntrack.delete(entry)
        return len(entries)


def _taken(context: Context) -> NatRequest | None:
    """What the targets have asked for, and it is asked for no more."""
    request = context.nat
    context.nat = None
    return request
