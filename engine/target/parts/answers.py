"""Packets with which a refused packet is answered: ICMP errors and TCP resets, for both families.

Nothing is answered, in either family, when the refused packet
    is a fragment but the first; was broadcast or multicast; is itself an ICMP error or of an unknown ICMP type;
    has a wrong checksum. UDP without a checksum, GRE, ESP, AH, SCTP and UDP-Lite are not checked; any other protocol is
    looked at as if it began with an internet checksum over all of it (IPv6: and the pseudo header), so that most
    protocols never get an answer;
    has a wrong header checksum (IPv4) because a router on the way, this one too, has put an address or a time into its
    options. Where connections are tracked, only segments that get a reset and are to be forwarded are checked again. A
    bridge does not read options.
A reset answers no reset, and pays no attention to link-layer broadcasts.

ICMP errors leave with TTL 64, TOS 0xc0 plus the middle bits of the packet's own, and as much of the packet as fits into
576 bytes (IPv6: 1280); a record-route option that was full is repeated, unless a bridge forwards the packet. Their
source is the address the packet was for if that is ours, else what the route says (`Emission` with source 0), in IPv6
this machine's address on the link by which the packet came. Resets come from the address that the packet was for. Both
belong to the connection of the packet, as RELATED in the direction back.

Per destination the kernel allows one ICMP error in `net.ipv4.icmp_ratelimit` (`net.ipv6.icmp.ratelimit`) milliseconds
and six at once. Here the limit holds if the machine says so, or `Shared.sysctls` does.

Source: measured on Linux 6.18; RFC 792, RFC 1812 4.3.2, RFC 4443 2.4, RFC 9293 3.10.7.
"""

from __future__ import annotations

from typing import Final

from engine.core.checksum import checksum, fold, pseudo_header
from engine.core.connection import CT_RELATED, CT_RELATED_REPLY, CT_UNTRACKED, ORIGINAL
from engine.core.context import BROADCAST, LOCAL, MULTICAST, Context, Emission, NamedState, Shared
from engine.core.hooks import INPUT, IPV4, IPV6, OUTPUT
from engine.core.packet import EXTENSION_HEADERS, Packet
from engine.core.protocols import AH, ESP, GRE, ICMP, ICMPV6, NO_NEXT_HEADER, SCTP, TCP, UDP, UDPLITE
from engine.core.tcp_header import ACK, FIN, RST, SYN

UNCHECKED: Final = frozenset((GRE, ESP, AH, SCTP, UDPLITE))
VERIFIED: Final = frozenset((TCP, UDP, ICMP, ICMPV6))
RIGHT: Final = 0xFFFF  # the sum over something that holds its own checksum

# ICMP types that the kernel knows; to these there is no answer: errors, and what it discards like errors
LAST_ICMP_TYPE: Final = 18
ICMP_ERRORS: Final = frozenset((1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12))
FIRST_ICMPV6_INFORMATIONAL: Final = 128

LINK_LOCAL: Final = 0xFE80 >> 6  # first ten bits
RECORD_ROUTE: Final = 7
TIMESTAMP: Final = 68

HOPS: Final = 64
INTERNETWORK_CONTROL: Final = 0xC0
TOS_MASK: Final = 0x1E
SHORT_ERROR: Final = 576
IPV6_MINIMUM_MTU: Final = 1280
DONT_FRAGMENT: Final = 0x4000

U32: Final = 0xFFFFFFFF

ICMP_REPLIES: Final = (0, 14, 129)
BURST: Final = 6
RATE_STATE: Final = "icmp errors"
RATE_SYSCTLS: Final[dict[int, str]] = {IPV4: "net.ipv4.icmp_ratelimit", IPV6: "net.ipv6.icmp.ratelimit"}


# -- may it be answered?


def has_right_checksum(packet: Packet, context: Context, verified: bool) -> bool:
    """Is the checksum right, or one that is not looked at? verified: it counts that tracking has found it right."""
    if packet.partial:
        return True
    proto = packet.proto
    segment = packet.data[packet.l4 :]
    if packet.family != IPV4 and (proto == NO_NEXT_HEADER or proto in EXTENSION_HEADERS or not segment):
        return False
    if proto in UNCHECKED or verified:
        return True
    if proto == UDP and len(segment) >= 8 and segment[6] == 0 and segment[7] == 0:
        return True
    if packet.family == IPV4 and not context.physout and is_written_into(packet):
        return False  # the header is part of the sum that is looked at
    if packet.family != IPV4 or proto in (TCP, UDP):
        return fold(pseudo_header(packet.family, packet.src, packet.dst, proto, len(segment)) + segment) == RIGHT
    return fold(segment) in (RIGHT, 0)  # all zeros pass (measured)


def is_verified(packet: Packet, context: Context) -> bool:
    """Has tracking looked at the checksum when the packet came in? A wrong one belongs to no connection."""
    return (
        packet.proto in VERIFIED
        and context.hook != OUTPUT
        and context.entry is not None
        and context.shared.sysctl("net.netfilter.nf_conntrack_checksum") != 0
    )


def is_segment_right(packet: Packet, context: Context) -> bool:
    """Of a TCP segment that gets an answer of its own: what is forwarded is looked at again."""
    return has_right_checksum(packet, context, context.hook == INPUT and is_verified(packet, context))


def is_addressed_to_many(packet: Packet, context: Context) -> bool:
    """Broadcast or multicast, by its IP destination."""
    if packet.family != IPV4:
        return packet.dst >> 120 == 0xFF
    return context.shared.environment.address_type(packet.dst, IPV4) in (BROADCAST, MULTICAST)


def is_link_broadcast(context: Context) -> bool:
    return context.hook != OUTPUT and len(context.mac_header) >= 6 and context.mac_header[0] & 1 != 0


def has_single_source(packet: Packet) -> bool:
    """Does the source name one host?"""
    if packet.family != IPV4:
        return packet.src != 0 and packet.src >> 120 != 0xFF
    return packet.src != 0 and packet.src != U32 and packet.src >> 28 != 14


def is_icmp_error(packet: Packet) -> bool:
    """Errors, and ICMP that is too short or too new to tell."""
    data = packet.data
    if packet.family == IPV4:
        if packet.proto != ICMP:
            return False
        if packet.l4 >= len(data):
            return True
        return data[packet.l4] > LAST_ICMP_TYPE or data[packet.l4] in ICMP_ERRORS
    if packet.proto != ICMPV6:
        return False
    return packet.l4 >= len(data) or data[packet.l4] < FIRST_ICMPV6_INFORMATIONAL


def is_answer_of_this_host(packet: Packet, context: Context) -> bool:
    """An ICMP reply that the kernel itself makes: while it is on its way out, the kernel sends no ICMP error."""
    if context.hook != OUTPUT or context.uid >= 0 or packet.l4 >= len(packet.data):
        return False
    return packet.proto in (ICMP, ICMPV6) and packet.data[packet.l4] in ICMP_REPLIES


def option(packet: Packet, wanted: int) -> bytes:
    """The first IPv4 option of this kind, b"" if there is none that is whole."""
    at = 20
    data = packet.data
    while at + 1 < packet.l3_length and data[at] != 0:
        length = 1 if data[at] == 1 else data[at + 1]
        if length == 0 or at + length > packet.l3_length:
            break
        if data[at] == wanted:
            return bytes(data[at : at + length])
        at += length
    return b""


def is_written_into(packet: Packet) -> bool:
    """Has a router put something into its options, or would have on the way here?"""
    route = option(packet, RECORD_ROUTE)
    return (
        fold(packet.data[: packet.l3_length]) != RIGHT
        or (len(route) > 2 and route[2] <= len(route))
        or option(packet, TIMESTAMP) != b""
    )


class Peers(NamedState):
    """Destinations of ICMP errors: how many milliseconds of credit each has, and when that was."""

    def __init__(self) -> None:
        self.credit: dict[tuple[int, int], tuple[float, float]] = {}


def is_allowed_by_rate(packet: Packet, context: Context) -> bool:
    """One error each interval and destination, six at once; local destinations are not limited."""
    shared: Shared = context.shared
    interval = float(shared.sysctl(RATE_SYSCTLS[packet.family]))
    if interval <= 0 or shared.environment.address_type(packet.src, packet.family) == LOCAL:
        return True
    peers = shared.named.get(RATE_STATE)
    if not isinstance(peers, Peers):
        peers = Peers()
        shared.named[RATE_STATE] = peers
    key = (packet.family, packet.src)
    most = BURST * interval
    credit, since = peers.credit.get(key, (most, context.now))
    credit = min(most, credit + (context.now - since) * 1000)
    allowed = credit >= interval
    peers.credit[key] = (credit - interval if allowed else credit, context.now)
    return allowed


# -- building


def attach(emission: Emission, context: Context) -> Emission:
    """The answer belongs to the connection of the packet, in the other direction."""
    if context.entry is not None:
        emission.entry = context.entry
        emission.ctinfo = CT_RELATED_REPLY if context.direction == ORIGINAL else CT_RELATED
    elif context.ctinfo == CT_UNTRACKED:
        emission.untracked_cause = True
    return emission


def reflected_mark(packet: Packet, context: Context) -> int:
    name = "net.ipv4.fwmark_reflect" if packet.family == IPV4 else "net.ipv6.fwmark_reflect"
    return context.mark if context.shared.sysctl(name) else 0


def ipv4_header(
    source: int, destination: int, proto: int, size: int, tos: int, number: int, flags: int, options: bytes = b""
) -> bytes:
    """size: of what follows. options: of any length, padded."""
    head = bytearray(20) + options + bytes(-len(options) % 4)
    head[0] = 0x40 | len(head) // 4
    head[1] = tos
    head[2:4] = (len(head) + size).to_bytes(2, "big")
    head[4:6] = number.to_bytes(2, "big")
    head[6:8] = flags.to_bytes(2, "big")
    head[8] = HOPS
    head[9] = proto
    head[12:16] = source.to_bytes(4, "big")
    head[16:20] = destination.to_bytes(4, "big")
    head[10:12] = checksum(head).to_bytes(2, "big")
    return bytes(head)


def ipv6_header(source: int, destination: int, proto: int, size: int) -> bytes:
    return (
        bytes((0x60, 0, 0, 0))
        + size.to_bytes(2, "big")
        + bytes((proto, HOPS))
        + source.to_bytes(16, "big")
        + destination.to_bytes(16, "big")
    )


def incoming(packet: Packet, context: Context) -> str:
    """The interface by which a packet counts as come in: lo for one of this machine's, and the one it leaves by where a
    bridge changed its destination and so has routed it."""
    entry = context.entry
    if context.physin and not context.physout and context.outdev and entry is not None:
        arrived = entry.original if context.direction == ORIGINAL else entry.reply
        if arrived.dst != packet.dst:
            return context.outdev
    return context.indev or "lo"


def icmp_error(packet: Packet, context: Context, kind: int, code: int, rest: int = 0) -> Emission | None:
    """An ICMP error about the packet to its sender, None if it must not get one. rest: second word of the header."""
    if (
        packet.fragment_offset
        or is_addressed_to_many(packet, context)
        or is_link_broadcast(context)
        or not has_single_source(packet)
        or is_icmp_error(packet)
        or is_answer_of_this_host(packet, context)
        or not is_allowed_by_rate(packet, context)
    ):
        return None
    environment = context.shared.environment
    source = packet.dst if environment.address_type(packet.dst, packet.family) == LOCAL else 0
    head = bytes((kind, code, 0, 0)) + rest.to_bytes(4, "big")
    mark = reflected_mark(packet, context)
    if packet.family == IPV4:
        repeated = b"" if context.physout else option(packet, RECORD_ROUTE)
        room = min(SHORT_ERROR, environment.route(packet.src, IPV4, mark).mtu) - 28 - (len(repeated) + 3) // 4 * 4
        message = bytearray(head + packet.data[:room])
        message[2:4] = checksum(message).to_bytes(2, "big")
        tos = packet.tos & TOS_MASK | INTERNETWORK_CONTROL
        number = context.shared.randomness.u32() & 0xFFFF
        data = ipv4_header(source, packet.src, ICMP, len(message), tos, number, 0, repeated) + message
        return attach(Emission(data, mark=mark), context)
    emission = Emission(b"", mark=mark)
    if packet.src >> 118 == LINK_LOCAL:
        emission.device = context.indev
    if source == 0:
        source = environment.primary_address(incoming(packet, context), packet.family, packet.src) or 0
    message = bytearray(head + packet.data[: IPV6_MINIMUM_MTU - 48])
    whole = Packet(ipv6_header(source, packet.src, ICMPV6, len(message)) + message)
    whole.set_transport_checksum()
    emission.data = bytes(whole.data)
    return attach(emission, context)


def parameter_problem(packet: Packet, context: Context, pointer: int) -> Emission | None:
    """ICMPv6: the header field at `pointer` is wrong (RFC 4443 3.4)."""
    return icmp_error(packet, context, 4, 0, pointer)


def tcp_reset(packet: Packet, context: Context) -> Emission | None:
    """A reset to the sender in the name of the receiver, None if the packet must not get one."""
    l4 = packet.l4
    data = packet.data
    if packet.fragment_offset or packet.proto != TCP or l4 + 20 > len(data) or data[l4 + 13] & RST:
        return None
    if is_addressed_to_many(packet, context) or not is_segment_right(packet, context):
        return None
    if packet.family != IPV4 and not has_single_source(packet):
        return None
    flags = data[l4 + 13]
    segment = bytearray(20)
    segment[0:2] = data[l4 + 2 : l4 + 4]
    segment[2:4] = data[l4 : l4 + 2]
    segment[12] = 0x50
    if flags & ACK:
        segment[4:8] = data[l4 + 8 : l4 + 12]
        segment[13] = RST
    else:
        length = len(data) - l4 - (data[l4 + 12] >> 4) * 4
        acknowledged = packet.u32(l4 + 4) + (flags & SYN != 0) + (flags & FIN != 0) + length
        segment[8:12] = (acknowledged & U32).to_bytes(4, "big")
        segment[13] = RST | ACK
    if packet.family == IPV4:
        header = ipv4_header(packet.dst, packet.src, TCP, 20, 0, 0, DONT_FRAGMENT)
    else:
        header = ipv6_header(packet.dst, packet.src, TCP, 20)
    answer = Packet(header + segment)
    answer.set_transport_checksum()
    emission = Emission(bytes(answer.data), mark=reflected_mark(packet, context))
    if context.physin:
        emission.via = "bridge"
        emission.device = context.physin
    return attach(emission, context)
