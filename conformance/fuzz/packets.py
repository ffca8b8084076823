"""IP packets as bytes, fast and exact, and the answers hosts give to them.

Addresses are text, ports numbers; every checksum is right unless asked otherwise. `build(...)` makes one packet,
`fragments` cuts it, `ANSWERS` names what a host may say to a packet it saw.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable

ICMP, TCP, UDP, DCCP, GRE, ICMPV6, SCTP, UDPLITE = 1, 6, 17, 33, 47, 58, 132, 136

EXTENSION_HEADERS = (0, 43, 60)  # of IPv6; fragment headers are looked at apart

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def checksum(data: bytes) -> int:
    if len(data) & 1:
        data += b"\0"
    number = int.from_bytes(data, "big")
    return 0xFFFF ^ (number % 0xFFFF or (0xFFFF if number else 0))


def address(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def pseudo(source: bytes, destination: bytes, proto: int, length: int) -> bytes:
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, proto, length)
    return source + destination + struct.pack("!IHBB", length, 0, 0, proto)


def ip(
    source: bytes,
    destination: bytes,
    proto: int,
    payload: bytes,
    ttl: int = 64,
    tos: int = 0,
    ident: int = 1,
    df: int = 0,
) -> bytes:
    """An IPv4 or IPv6 header in front of a payload, by the length of the addresses."""
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28 | tos << 20, len(payload), proto, ttl) + source + destination + payload
    head = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(payload), ident, 0x4000 if df else 0, ttl, proto, 0)
    head += source + destination
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def with_header_sum(packet: bytes) -> bytes:
    """An IPv4 packet with the checksum of its header (and options) set right."""
    end = (packet[0] & 15) * 4
    head = packet[:10] + b"\0\0" + packet[12:end]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + packet[end:]


def with_sum(source: bytes, destination: bytes, proto: int, segment: bytes, offset: int) -> bytes:
    """A transport segment with its checksum (over the pseudo header) put in at `offset`."""
    value = checksum(pseudo(source, destination, proto, len(segment)) + segment)
    if value == 0 and proto == UDP:
        value = 0xFFFF
    return segment[:offset] + struct.pack("!H", value) + segment[offset + 2 :]


def udp(source: bytes, sport: int, destination: bytes, dport: int, data: bytes = b"", **ip_fields: int) -> bytes:
    segment = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    return ip(source, destination, UDP, with_sum(source, destination, UDP, segment, 6), **ip_fields)


def tcp(
    source: bytes,
    sport: int,
    destination: bytes,
    dport: int,
    flags: int,
    seq: int,
    ack: int = 0,
    data: bytes = b"",
    window: int = 8192,
    options: bytes = b"",
    **ip_fields: int,
) -> bytes:
    options += b"\0" * (-len(options) % 4)
    offset = (5 + len(options) // 4) << 4
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, offset, flags, window, 0, 0)
    segment = with_sum(source, destination, TCP, segment + options + data, 16)
    return ip(source, destination, TCP, segment, **ip_fields)


def icmp(source: bytes, destination: bytes, kind: int, code: int, rest: bytes, **ip_fields: int) -> bytes:
    """ICMP or ICMPv6; `rest` starts with the four bytes behind the checksum."""
    segment = struct.pack("!BBH", kind, code, 0) + rest
    if len(source) == 4:
        segment = segment[:2] + struct.pack("!H", checksum(segment)) + segment[4:]
        return ip(source, destination, ICMP, segment, **ip_fields)
    return ip(source, destination, ICMPV6, with_sum(source, destination, ICMPV6, segment, 2), **ip_fields)


def fragments(packet: bytes, size: int, ident: int = 77) -> list[bytes]:
    """Cut an IPv4 or IPv6 packet into pieces of `size` payload bytes (a multiple of 8)."""
    pieces = []
    if packet[0] >> 4 == 4:
        header = packet[:20]
        body = packet[20:]
        for offset in range(0, len(body), size):
            part = body[offset : offset + size]
            more = 0x2000 if offset + size < len(body) else 0
            head = header[:2] + struct.pack("!HHH", 20 + len(part), ident, more | offset // 8) + header[8:10] + b"\0\0"
            head += header[12:]
            pieces.append(head[:10] + struct.pack("!H", checksum(head)) + head[12:] + part)
        return pieces
    header = packet[:40]
    body = packet[40:]
    for offset in range(0, len(body), size):
        part = body[offset : offset + size]
        more = 1 if offset + size < len(body) else 0
        extension = struct.pack("!BBHI", header[6], 0, offset | more, ident)
        pieces.append(header[:4] + struct.pack("!HB", 8 + len(part), 44) + header[7:40] + extension + part)
    return pieces


class Seen:
    """A packet that a node saw, taken apart as far as an answer needs it."""

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.ipv4 = packet[0] >> 4 == 4
        if self.ipv4:
            self.proto = packet[9]
            self.source, self.destination = packet[12:16], packet[16:20]
            self.l4 = (packet[0] & 15) * 4
        else:
            self.proto = packet[6]
            self.source, self.destination = packet[8:24], packet[24:40]
            self.l4 = 40
        self.segment = packet[self.l4 :]


def reply(seen: Seen) -> bytes | None:
    """What a well-behaved peer would send back."""
    me, peer, segment = seen.destination, seen.source, seen.segment
    if seen.proto == UDP and len(segment) >= 8:
        sport, dport = struct.unpack("!HH", segment[:4])
        return udp(me, dport, peer, sport, b"reply")
    if seen.proto == TCP and len(segment) >= 20:
        return tcp_reply(seen, 0, b"")
    if seen.proto in (ICMP, ICMPV6) and len(segment) >= 8:
        kinds = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129}
        if segment[0] in kinds:
            return icmp(me, peer, kinds[segment[0]], 0, segment[4:])
        return None
    return ip(me, peer, seen.proto, segment)


def tcp_reply(seen: Seen, extra: int, data: bytes) -> bytes | None:
    """The next segment of whoever saw this one, with flags besides SYN and ACK."""
    segment = seen.segment
    if seen.proto != TCP or len(segment) < 20:
        return None
    sport, dport, seq, ack, offset, flags = struct.unpack("!HHIIBB", segment[:14])
    length = len(segment) - (offset >> 4) * 4
    if flags & RST:
        return None
    next_ack = seq + length + bool(flags & SYN) + bool(flags & FIN)
    if flags & SYN and not flags & ACK:
        answer, our_seq = SYN | ACK, 500_000 + dport
    else:
        answer, our_seq = ACK, ack
    if extra & RST:
        answer = RST | (ACK if not flags & ACK else 0)
        our_seq = ack if flags & ACK else 0
        data = b""
    else:
        answer |= extra
    return tcp(seen.destination, dport, seen.source, sport, answer, our_seq, next_ack, data)


def data(seen: Seen) -> bytes | None:
    return tcp_reply(seen, PSH, b"some data\r\n")


def fin(seen: Seen) -> bytes | None:
    return tcp_reply(seen, FIN, b"")


def rst(seen: Seen) -> bytes | None:
    return tcp_reply(seen, RST, b"")


def error(kind: int, code: int, length: int = 0) -> Callable[[Seen], bytes | None]:
    """An ICMP error about the packet that was seen (kind and code of ICMP; translated for IPv6).

    length: how much of it is quoted; 0: as much as hosts do.
    """

    def answer(seen: Seen) -> bytes | None:
        if seen.proto in (ICMP, ICMPV6) and seen.segment[:1] not in (b"\x08", b"\x80"):
            return None
        if seen.ipv4:
            quoted = seen.packet[: length or seen.l4 + 64]
            return icmp(seen.destination, seen.source, kind, code, b"\0\0\0\0" + quoted)
        v6_kind, v6_code = {3: (1, 4), 11: (3, 0), 4: (2, 0)}.get(kind, (1, 0))
        return icmp(seen.destination, seen.source, v6_kind, v6_code, b"\0\0\0\0" + seen.packet[: length or 512])

    return answer


def words_of(own: str) -> dict[str, str]:
    """An address in the forms in which protocols write it."""
    ipv4 = "." in own
    return {
        "own": own,
        "quad": own.replace(".", ",") if ipv4 else "10,0,1,10",
        "number": str(int.from_bytes(address(own), "big") if ipv4 else 0x0A00010A),
        "version": "1" if ipv4 else "2",
        "ip": "IP4" if ipv4 else "IP6",
    }


def spoken(text: str, own: str, peer: str, own_port: int, peer_port: int) -> bytes:
    """The bytes of a line. {own} {peer} addresses, {quad} with commas, {number} in decimal, {oport} {pport} ports,
    {version} 1 or 2 (RFC 2428), {ip} IP4 or IP6, {length} what stands behind the empty line."""
    words = {**words_of(own), "peer": peer, "oport": str(own_port), "pport": str(peer_port)}
    for word, value in words.items():
        text = text.replace("{" + word + "}", value)
    text = text.replace("{length}", str(len(text.partition("\r\n\r\n")[2])))
    return text.encode("latin-1")


def say(seen: Seen, text: str) -> bytes | None:
    """The next line of the conversation that this packet belongs to."""
    if seen.proto not in (TCP, UDP) or len(seen.segment) < 8:
        return None
    own, peer = (str(ipaddress.ip_address(each)) for each in (seen.destination, seen.source))
    peer_port, own_port = struct.unpack("!HH", seen.segment[:4])
    data = spoken(text, own, peer, own_port, peer_port)
    if seen.proto == TCP:
        return tcp_reply(seen, PSH, data)
    return udp(seen.destination, own_port, seen.source, peer_port, data)


def ftp_line(text: str) -> Callable[[Seen], bytes | None]:
    """The peer's next line of a control connection, as `spoken` has it."""
    return lambda seen: say(seen, text) if seen.proto == TCP else None


def again(seen: Seen) -> bytes | None:
    """The packet itself, sent back as it came: a reflection, which no honest host does."""
    return seen.packet


ANSWERS: dict[str, Callable[[Seen], bytes | None]] = {
    "reply": reply,
    "data": data,
    "fin": fin,
    "rst": rst,
    "unreachable": error(3, 3),
    "expired": error(11, 0),
    "reflection": again,
    "too big": error(3, 4, 28),
    "cut error": error(3, 1, 27),
    "long error": error(11, 0, 600),
    "port": ftp_line("PORT {quad},19,136\r\n"),
    "passive": ftp_line("227 Entering Passive Mode ({quad},7,208)\r\n"),
    "extended": ftp_line("229 Entering Extended Passive Mode (|||2000|)\r\n"),
}
ANSWER_WEIGHTS = (60, 12, 8, 6, 6, 4, 1, 2, 2, 2, 2, 2, 1)
