"""What every helper is, and the tools that helpers share.

A helper reads the payload of a connection (`help`), announces connections that will follow (`Tools.expect`) and, when
the connection is translated, writes the translated address and port into the payload (`Tools.replace`,
`replace_tcp`). Parsers work on bytes and know nothing of packets; each helper's file has its own.

An expected connection of a translated master is translated likewise (`FollowMaster`): it comes from whom the master
talks to and goes to the host and port that stood in the payload before it was rewritten.

Source: RFC 2663 section 4.4 and RFC 3027 (what application level gateways do); behaviour measured on Linux 6.18.
"""

from __future__ import annotations

from errno import EBUSY
from typing import Final

from engine.conntrack.expectations import Expectation, Policy
from engine.conntrack.tracking import Conntrack
from engine.core.addresses import FULL_MASK
from engine.core.connection import (
    CONFIRMED,
    CT_ESTABLISHED,
    CT_ESTABLISHED_REPLY,
    DST_NAT,
    FIXED_TIMEOUT,
    SRC_NAT,
    Connection,
    Tuple,
)
from engine.core.context import Context, NatRequest, Shared
from engine.core.gathering import gather
from engine.core.packet import Packet
from engine.core.verdict import DROP
from engine.helpers.sequence import remember_change
from engine.nat import Nat
from engine.nat.ranges import DESTINATION, SOURCE

NAT_BITS: Final = SRC_NAT | DST_NAT
LARGEST: Final = 65535  # bytes of a packet
PORT_ATTEMPTS: Final = 128
ANY: Final = -1  # an expectation's source address or port that may be any

FOLLOW_MASTER: Final = "nat-follow-master"


class FollowMaster:
    """The entry of an expected connection is bound as its master is.

    expectation.direction: in which direction of the master it runs; saved_port: where it really goes.
    """

    def __init__(self, nat: Nat) -> None:
        self.nat = nat

    def follow(self, entry: Connection, expectation: Expectation, context: Context) -> None:
        other = expectation.master.tuple_of(1 - expectation.direction)
        self.nat.bind(entry, NatRequest("SNAT", other.dst, other.dst), SOURCE)
        port = expectation.saved_port
        self.nat.bind(entry, NatRequest("DNAT", other.src, other.src, port, port), DESTINATION)


class Tools:
    """Conntrack, NAT and payload editing, as helpers use them."""

    def __init__(self, conntrack: Conntrack, nat: Nat, shared: Shared) -> None:
        self.conntrack = conntrack
        self.nat = nat
        self.shared = shared
        self.follow_master = FollowMaster(nat)
        conntrack.followers[FOLLOW_MASTER] = self.follow_master

    # -- expectations

    def expectation(
        self,
        master: Connection,
        policy: Policy,
        proto: int,
        src: int,
        dst: int,
        dport: int,
        sport: int = ANY,
        class_number: int = 0,
        helper: str = "",
    ) -> Expectation:
        """A connection from `src` (ANY: anybody) to `dst`, not yet announced."""
        family = master.original.family
        key = Tuple(family, proto, 0 if src == ANY else src, dst, 0 if sport == ANY else sport, dport)
        all_bits = FULL_MASK[family]
        return Expectation(
            master,
            key,
            0 if src == ANY else all_bits,
            0 if sport == ANY else 0xFFFF,
            policy,
            class_number,
            0,
            helper,
        )

    def expect(self, expectation: Expectation) -> int:
        """Announce it: 0 or an errno."""
        return self.conntrack.expect(expectation)

    def expect_followed(self, expectation: Expectation, direction: int, port: int) -> None:
        """Let it be translated as its master: it runs in that direction of the master and really goes to `port`."""
        expectation.direction = direction
        expectation.saved_port = port
        expectation.follower = self.follow_master
        expectation.function = FOLLOW_MASTER

    def expect_near(self, expectation: Expectation, port: int) -> int:
        """Announce it with this destination port or, if another expectation has it, a later one at random.

        The port, or 0: none was found. (Port 0 itself is announced, but cannot be told from a failure.)
        """
        span = 65535 - port
        left = min(span, PORT_ATTEMPTS)
        first = port
        while True:
            set_port(expectation, port)
            error = self.expect(expectation)
            if error == 0:
                return port
            left -= 1
            if error != EBUSY or left < 0:
                return 0
            port = first + (self.shared.randomness.u32() * span >> 32)

    def keep(self, entry: Connection, timeout: int, now: float) -> None:
        """The entry lasts so many seconds from now."""
        if entry.status & FIXED_TIMEOUT:
            return
        if entry.status & CONFIRMED:
            self.conntrack.table.set_deadline(entry, now + timeout)
        else:
            entry.deadline = float(timeout)

    def broadcast_prefix(self, device: str, address: int) -> int:
        """Prefix length of the network of `device` whose broadcast address this is, -1 if it is none."""
        return self.shared.environment.broadcast_prefix(device, address)

    def unexpect(self, expectation: Expectation) -> None:
        self.conntrack.unexpect(expectation)

    # -- payload

    def replace(self, packet: Packet, context: Context, offset: int, length: int, new: bytes) -> bool:
        """Put `new` in place of `length` bytes at `offset` of the payload; lengths and checksums follow."""
        change = len(new) - length
        if change > 0 and len(packet.data) + change > LARGEST:
            return False
        gather(packet, context)
        start = packet.payload() + offset
        packet.data[start : start + length] = new
        packet.fix_length()
        return True

    def replace_tcp(
        self, packet: Packet, context: Context, entry: Connection, offset: int, length: int, new: bytes
    ) -> bool:
        """The same for TCP, where later sequence numbers move with it."""
        if not self.replace(packet, context, offset, length, new):
            return False
        if len(new) != length:
            remember_change(entry, context.direction, packet.u32(packet.l4 + 4), len(new) - length)
        return True


class Helper:
    """One helper; `name` as in CT --helper."""

    def __init__(self, tools: Tools, name: str, policies: tuple[Policy, ...]) -> None:
        self.tools = tools
        self.name = name
        self.policies = policies  # what it allows for its expectations, by class

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        """ACCEPT or DROP a packet of a connection with this helper."""
        raise NotImplementedError

    def drop(self, context: Context, reason: str) -> int:
        context.reason = f"helper {self.name}: {reason}"
        return DROP

    def ended(self, entry: Connection, now: float) -> None:
        """A connection with this helper is over."""


def set_port(expectation: Expectation, port: int) -> None:
    """Another destination port for an expectation that is not announced."""
    key = expectation.key
    expectation.key = Tuple(key.family, key.proto, key.src, key.dst, key.sport, port)


def is_translated(entry: Connection) -> bool:
    return entry.status & NAT_BITS != 0


def is_established(context: Context) -> bool:
    """Has there been traffic both ways (ctinfo ESTABLISHED in either direction)?"""
    return context.ctinfo in (CT_ESTABLISHED, CT_ESTABLISHED_REPLY)


def payload_bytes(packet: Packet) -> bytes:
    """What a TCP or UDP packet carries."""
    return bytes(packet.data[packet.payload() :])
