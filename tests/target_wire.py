"""Packets and a single rule's target, for the tests of targets."""

from __future__ import annotations

import shlex
import struct
from dataclasses import dataclass

from engine.core.checksum import checksum
from engine.core.context import Context, Environment, Randomness, Shared
from engine.core.hooks import FORWARD, HOOK_NUMBERS, IPV4, IPV6
from engine.core.packet import Packet
from engine.language.rule import parse_rule

CLIENT, SERVER = "10.0.1.10", "10.0.2.10"
CLIENT6, SERVER6 = "fd01::10", "fd02::10"
FIREWALL, FIREWALL6 = "10.0.1.1", "fd01::1"

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))


def address(text: str) -> int:
    from engine.core.addresses import parse_address

    return parse_address(text)[1]


def ipv4(
    proto: int,
    payload: bytes = b"",
    src: str = CLIENT,
    dst: str = SERVER,
    tos: int = 0,
    ttl: int = 64,
    number: int = 1,
    word: int = 0,
    options: bytes = b"",
) -> bytes:
    """word: flags and fragment offset."""
    head = struct.pack(
        "!BBHHHBBHII",
        0x45 + len(options) // 4,
        tos,
        20 + len(options) + len(payload),
        number,
        word,
        ttl,
        proto,
        0,
        address(src),
        address(dst),
    )
    head += options
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def ipv6(
    proto: int,
    payload: bytes = b"",
    src: str = CLIENT6,
    dst: str = SERVER6,
    tc: int = 0,
    hops: int = 64,
    label: int = 0,
) -> bytes:
    head = struct.pack("!IHBB", 6 << 28 | tc << 20 | label, len(payload), proto, hops)
    return head + address(src).to_bytes(16, "big") + address(dst).to_bytes(16, "big") + payload


def summed(data: bytes) -> bytes:
    """With its transport checksum."""
    packet = Packet(data)
    packet.set_transport_checksum()
    return bytes(packet.data)


def tcp_header(
    flags: int,
    sport: int = 1000,
    dport: int = 80,
    seq: int = 5000,
    ack: int = 0,
    window: int = 1000,
    options: bytes = b"",
    data: bytes = b"",
) -> bytes:
    return (
        struct.pack("!HHIIBBHHH", sport, dport, seq, ack, (20 + len(options)) // 4 << 4, flags, window, 0, 0)
        + options
        + data
    )


def udp_header(sport: int = 1000, dport: int = 53, data: bytes = b"x") -> bytes:
    return struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data


def icmp_header(kind: int, code: int = 0, rest: bytes = b"\0\0\0\0", data: bytes = b"") -> bytes:
    return struct.pack("!BBH", kind, code, 0) + rest + data


def tcp4(flags: int, src: str = CLIENT, dst: str = SERVER, **fields: object) -> bytes:
    return summed(ipv4(6, tcp_header(flags, **fields), src, dst))  # type: ignore[arg-type]


def tcp6(flags: int, src: str = CLIENT6, dst: str = SERVER6, **fields: object) -> bytes:
    return summed(ipv6(6, tcp_header(flags, **fields), src, dst))  # type: ignore[arg-type]


def udp4(src: str = CLIENT, dst: str = SERVER, data: bytes = b"x", **fields: object) -> bytes:
    return summed(ipv4(17, udp_header(data=data), src, dst, **fields))  # type: ignore[arg-type]


def udp6(src: str = CLIENT6, dst: str = SERVER6, data: bytes = b"x", **fields: object) -> bytes:
    return summed(ipv6(17, udp_header(data=data), src, dst, **fields))  # type: ignore[arg-type]


def icmp4(kind: int, code: int = 0, rest: bytes = b"\0\0\0\0", data: bytes = b"", **fields: object) -> bytes:
    return summed(ipv4(1, icmp_header(kind, code, rest, data), **fields))  # type: ignore[arg-type]


def icmp6(kind: int, code: int = 0, rest: bytes = b"\0\0\0\0", data: bytes = b"", **fields: object) -> bytes:
    return summed(ipv6(58, icmp_header(kind, code, rest, data), **fields))  # type: ignore[arg-type]


def spoil(data: bytes) -> bytes:
    """The same packet with a wrong transport checksum."""
    packet = Packet(data)
    at = packet.checksum_offset()
    packet.data[at] ^= 0x55
    return bytes(packet.data)


def router() -> Environment:
    """Two legs: lan 10.0.1.1/24 fd01::1/64, wan 10.0.2.1/24 fd02::1/64 (default route)."""
    environment = Environment()
    environment.addresses = {
        "lan": [(IPV4, address("10.0.1.1"), 24), (IPV6, address("fd01::1"), 64)],
        "wan": [(IPV4, address("10.0.2.1"), 24), (IPV6, address("fd02::1"), 64)],
    }
    environment.default_route_device = "wan"
    return environment


def context(family: int = IPV4, hook: int = FORWARD, environment: Environment | None = None) -> Context:
    shared = Shared(environment or router(), Randomness())
    made = Context(shared, family, hook, 1000.0, "lan", "wan")
    made.table = "filter"
    return made


@dataclass
class Outcome:
    verdict: int
    packet: Packet
    context: Context

    def intact(self) -> bool:
        """Are length and checksums right?"""
        again = Packet(bytes(self.packet.data))
        if again.fault:
            return False
        if again.family == IPV4 and checksum(again.data[: again.l3_length]) != 0:
            return False
        return not again.checksum_offset() or again.transport_sum() == 0xFFFF


def apply(
    rule: str, data: bytes, where: Context | None = None, table: str = "mangle", chain: str = "FORWARD"
) -> Outcome:
    """What the target of one rule does to one packet."""
    packet = Packet(data)
    where = where or context(packet.family, HOOK_NUMBERS[chain])
    target = parse_rule(shlex.split(rule), packet.family, table, chain).target
    assert target is not None
    verdict = target.apply(packet, where)
    return Outcome(verdict, packet, where)
