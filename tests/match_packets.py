"""Packets with names, for the tables of what matches say of them (`match_tables.py`)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

CLIENT, SERVER = "10.0.0.2", "10.0.0.1"
CLIENT6, SERVER6 = "2001:db8::2", "2001:db8::1"

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
HOP_BY_HOP, ROUTING, FRAGMENT, ESP, AH, NONE, DESTINATION, MOBILITY = 0, 43, 44, 50, 51, 59, 60, 135


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ip4(
    proto: int,
    payload: bytes,
    src: str = CLIENT,
    dst: str = SERVER,
    ttl: int = 64,
    tos: int = 0,
    fragment: int = 0,
    options: bytes = b"",
) -> bytes:
    """fragment: the flags and offset field."""
    size = 20 + len(options)
    head = struct.pack("!BBHHHBBH", 0x40 | size // 4, tos, size + len(payload), 1, fragment, ttl, proto, 0)
    head += IPv4Address(src).packed + IPv4Address(dst).packed + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(
    header: int, payload: bytes, src: str = CLIENT6, dst: str = SERVER6, hops: int = 64, traffic_class: int = 0
) -> bytes:
    head = struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(payload), header, hops)
    return head + IPv6Address(src).packed + IPv6Address(dst).packed + payload


def tcp(sport: int = 1000, dport: int = 22, flags: int = SYN, options: bytes = b"", data: bytes = b"") -> bytes:
    return (
        struct.pack("!HHIIBBHHH", sport, dport, 1, 0, (5 + len(options) // 4) << 4, flags, 8192, 0, 0) + options + data
    )


def udp(sport: int = 1000, dport: int = 53, data: bytes = b"") -> bytes:
    return struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data


def icmp(kind: int, code: int = 0) -> bytes:
    return struct.pack("!BBHHH", kind, code, 0, 1, 1)


def sctp(*chunks: tuple[int, int, bytes]) -> bytes:
    """From port 1 to 5: chunks as (type, flags, data)."""
    body = b"".join(
        struct.pack("!BBH", kind, flags, 4 + len(data)) + data + b"\0" * (-len(data) % 4)
        for kind, flags, data in chunks
    )
    return struct.pack("!HHII", 1, 5, 1, 0) + body


def dccp(kind: int, options: bytes = b"") -> bytes:
    """From port 1 to 2, with long sequence numbers."""
    size = 16 + {0: 4, 1: 12, 2: 0, 7: 12}.get(kind, 8)
    options += b"\0" * (-(size + len(options)) % 4)
    offset = (size + len(options)) // 4
    return struct.pack("!HHBBHBBH", 1, 2, offset, 0, 0, kind << 1 | 1, 0, 0) + b"\0" * (size - 12) + options


def extension(following: int, body: bytes) -> bytes:
    """A hop-by-hop or destination options header."""
    body += b"\0" * (-(len(body) + 2) % 8)
    return bytes((following, (len(body) + 2) // 8 - 1)) + body


def routing(following: int, kind: int, left: int, addresses: list[str], reserved: int = 0) -> bytes:
    body = struct.pack("!I", reserved) + b"".join(IPv6Address(address).packed for address in addresses)
    return bytes((following, len(addresses) * 2, kind, left)) + body


def segments(following: int, left: int, last: int, tag: int, addresses: list[str]) -> bytes:
    body = b"".join(IPv6Address(address).packed for address in addresses)
    return struct.pack("!BBBBBBH", following, len(addresses) * 2, 4, left, last, 0, tag) + body


def fragment(following: int, offset: int, more: bool, identification: int = 5, reserved: int = 0) -> bytes:
    return struct.pack("!BBHI", following, reserved, offset << 3 | more, identification)


def authentication(following: int, spi: int, reserved: int = 0) -> bytes:
    return struct.pack("!BBHII", following, 4, reserved, spi, 1) + b"x" * 12


def mobility(kind: int) -> bytes:
    return struct.pack("!BBBBHH", NONE, 0, kind, 0, 0, 0)


MSS_1460 = b"\2\4\x05\xb4"
PADDING = b"\1\4\0\0\0\0"

IPV4_PACKETS: dict[str, bytes] = {
    "syn": ip4(6, tcp()),
    "syn80": ip4(6, tcp(1001, 80)),
    "syn-low": ip4(6, tcp(0, 0)),
    "syn-high": ip4(6, tcp(65535, 65535)),
    "syn-ece": ip4(6, tcp(flags=SYN | ECE | CWR)),
    "syn-psh": ip4(6, tcp(flags=SYN | PSH)),
    "synack": ip4(6, tcp(22, 1000, SYN | ACK)),
    "ack": ip4(6, tcp(flags=ACK)),
    "fin": ip4(6, tcp(flags=FIN | ACK)),
    "rst": ip4(6, tcp(flags=RST)),
    "null": ip4(6, tcp(flags=0)),
    "xmas": ip4(6, tcp(flags=FIN | PSH | URG)),
    "mss": ip4(6, tcp(options=MSS_1460)),
    "mss-behind": ip4(6, tcp(options=b"\1\1\x04\x02" + MSS_1460)),
    "mss-broken": ip4(6, tcp(options=b"\2\3\x05\xb4")),
    "window-scale": ip4(6, tcp(options=b"\3\3\7\0")),
    "option-without-length": ip4(6, tcp(options=b"\x07\0\2\1")),
    "tcp-cut": ip4(6, tcp()[:19]),
    "tcp-4-bytes": ip4(6, tcp()[:4]),
    "tcp-small-offset": ip4(6, tcp()[:12] + b"\x40" + tcp()[13:]),
    "tcp-big-offset": ip4(6, tcp()[:12] + b"\xf0" + tcp()[13:]),
    "tcp-first-fragment": ip4(6, tcp() + b"x" * 4, fragment=0x2000),
    "tcp-at-8": ip4(6, tcp(), fragment=1),
    "tcp-at-16": ip4(6, tcp(), fragment=2),
    "tcp-with-ip-options": ip4(6, tcp(), options=b"\1\1\1\0"),
    "udp": ip4(17, udp()),
    "udp-low": ip4(17, udp(0, 0)),
    "udp-high": ip4(17, udp(65535, 65535)),
    "udp22": ip4(17, udp(22, 1000)),
    "udp-cut": ip4(17, udp()[:7]),
    "udp-at-8": ip4(17, udp(), fragment=1),
    "udplite": ip4(136, udp()),
    "ping": ip4(1, icmp(8)),
    "ping-code-1": ip4(1, icmp(8, 1)),
    "pong": ip4(1, icmp(0)),
    "port-unreachable": ip4(1, icmp(3, 3)),
    "host-unreachable": ip4(1, icmp(3, 1)),
    "type-255": ip4(1, icmp(255, 3)),
    "icmp-cut": ip4(1, icmp(8)[:7]),
    "icmp-at-8": ip4(1, icmp(8), fragment=1),
    "ospf": ip4(89, b"x" * 40),
    "esp-5": ip4(50, struct.pack("!II", 5, 1)),
    "esp-cut": ip4(50, struct.pack("!IH", 5, 1)),
    "ah-5": ip4(51, authentication(6, 5) + tcp()),
    "ah-cut": ip4(51, authentication(6, 5)[:11]),
    "comp-0": ip4(108, struct.pack("!BBH", 6, 0, 0)),
    "comp-18": ip4(108, struct.pack("!BBH", 6, 0, 18)),
    "comp-cut": ip4(108, b"\6\0\0"),
    "sctp-data": ip4(132, sctp((0, 3, b"abcd"))),
    "sctp-data-sack": ip4(132, sctp((0, 1, b"abcd"), (3, 0, b"abc"))),
    "sctp-init": ip4(132, sctp((1, 0, b"a" * 16))),
    "sctp-abort": ip4(132, sctp((6, 1, b""))),
    "sctp-empty": ip4(132, sctp()),
    "sctp-cut": ip4(132, sctp()[:11]),
    "dccp-request": ip4(33, dccp(0)),
    "dccp-ack-3": ip4(33, dccp(3, b"\3")),
    "dccp-odd": ip4(33, dccp(12)),
    "dccp-cut": ip4(33, dccp(0)[:11]),
    "tos-10": ip4(17, udp(), tos=0x10),
    "tos-11": ip4(17, udp(), tos=0x11),
    "ef": ip4(17, udp(), tos=0x2E << 2),
    "ce": ip4(17, udp(), tos=3),
    "tcp-cwr": ip4(6, tcp(flags=ACK | CWR), tos=2),
    "ttl-1": ip4(17, udp(), ttl=1),
    "ttl-255": ip4(17, udp(), ttl=255),
    "big": ip4(17, udp(data=b"x" * 1000)),
    "from-9": ip4(17, udp(), src="10.0.0.9"),
    "test": ip4(17, udp(data=b"a test of STRINGS")),
    "last-word": ip4(17, udp(data=b"xx\xff\xdftail")),
    "unicast-far": ip4(17, udp(), dst="198.51.100.7"),
    "local": ip4(17, udp(), dst=SERVER),
    "broadcast": ip4(17, udp(), dst="10.0.0.255"),
    "multicast": ip4(17, udp(), dst="224.0.0.1"),
    "from-server": ip4(17, udp(), src=SERVER, dst="198.51.100.7"),
}

IPV6_PACKETS: dict[str, bytes] = {
    "syn": ip6(6, tcp()),
    "udp": ip6(17, udp()),
    "udp-cut": ip6(17, udp()[:7]),
    "ping": ip6(58, icmp(128)),
    "pong": ip6(58, icmp(129)),
    "no-route": ip6(58, icmp(1, 0)),
    "port-unreachable": ip6(58, icmp(1, 4)),
    "type-255": ip6(58, icmp(255, 3)),
    "hops-1": ip6(17, udp(), hops=1),
    "class-10": ip6(17, udp(), traffic_class=0x10),
    "ect": ip6(6, tcp(flags=ACK | ECE), traffic_class=2),
    "hop-options": ip6(HOP_BY_HOP, extension(17, PADDING) + udp()),
    "hop-router-alert": ip6(HOP_BY_HOP, extension(17, b"\5\2\0\0\1\0") + udp()),
    "destination": ip6(DESTINATION, extension(17, b"\x95\5abcde\1\5vwxyz") + udp()),
    "destination-too-long": ip6(DESTINATION, b"\x11\5" + b"\0" * 6),
    "destination-cut": ip6(DESTINATION, b"\x11"),
    "hop-and-destination": ip6(HOP_BY_HOP, extension(DESTINATION, PADDING) + extension(6, PADDING) + tcp()),
    "routing-0": ip6(ROUTING, routing(17, 0, 1, ["2001:db8::a", "2001:db8::b"]) + udp()),
    "routing-reserved": ip6(ROUTING, routing(17, 0, 1, ["2001:db8::a"], 5) + udp()),
    "routing-2": ip6(ROUTING, routing(17, 2, 1, ["2001:db8::a"]) + udp()),
    "segments": ip6(ROUTING, segments(17, 1, 1, 0x0300, ["2001:db8::a", "2001:db8::b"]) + udp()),
    "segments-broken": ip6(ROUTING, segments(17, 5, 1, 0x0300, ["2001:db8::a", "2001:db8::b"]) + udp()),
    "first-fragment": ip6(FRAGMENT, fragment(17, 0, True) + udp()),
    "last-fragment": ip6(FRAGMENT, fragment(17, 1, False) + udp()),
    "fragment-7": ip6(FRAGMENT, fragment(17, 0, True, 7, 1) + udp()),
    "fragment-of-options": ip6(FRAGMENT, fragment(DESTINATION, 1, False) + udp()),
    "atomic-fragment": ip6(FRAGMENT, fragment(17, 0, False) + udp()),
    "authenticated": ip6(AH, authentication(17, 5) + udp()),
    "ah-reserved": ip6(AH, authentication(17, 5, 9) + udp()),
    "ah-too-long": ip6(AH, b"\x11\xff" + b"\0" * 14),
    "esp": ip6(ESP, struct.pack("!II", 77, 1)),
    "nothing": ip6(NONE, b""),
    "binding-update": ip6(MOBILITY, mobility(5)),
    "home-test": ip6(MOBILITY, mobility(3)),
    "binding-update-before-tcp": ip6(MOBILITY, b"\6" + mobility(5)[1:]),
    "mobility-cut": ip6(MOBILITY, mobility(5)[:5]),
    "to-link": ip6(17, udp(), dst="fe80::7"),
    "to-group": ip6(17, udp(), dst="ff02::1"),
    "from-eui": ip6(17, udp(), src="2001:db8::ff:fe00:a"),
    "test": ip6(17, udp(data=b"a test of STRINGS")),
}
