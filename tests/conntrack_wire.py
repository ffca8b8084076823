"""Packets for the connection tracking tests, as bytes, and a client and a server to send them between."""

from __future__ import annotations

import struct

from engine.conntrack.crc32c import crc32c
from engine.core.checksum import checksum, fold, pseudo_header
from engine.core.packet import Packet

CLIENT = 0x0A000105  # 10.0.1.5
SERVER = 0x0A000202  # 10.0.2.2
CLIENT6 = 0xFD000001 << 96 | 5  # fd00:1::5
SERVER6 = 0xFD000002 << 96 | 2

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}


def ipv4(src: int, dst: int, proto: int, payload: bytes, fragment: int = 0) -> bytes:
    header = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(payload), 1, fragment, 64, proto, 0, src, dst)
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + payload


def ipv6(src: int, dst: int, proto: int, payload: bytes, hop_limit: int = 64) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(payload), proto, hop_limit)
    return head + src.to_bytes(16, "big") + dst.to_bytes(16, "big") + payload


def ip(src: int, dst: int, proto: int, payload: bytes) -> bytes:
    return ipv4(src, dst, proto, payload) if src < 1 << 32 else ipv6(src, dst, proto, payload)


def summed(data: bytes) -> bytes:
    """The packet with its transport checksum."""
    packet = Packet(data)
    packet.set_transport_checksum()
    return bytes(packet.data)


def tcp(
    src: int,
    dst: int,
    sport: int,
    dport: int,
    seq: int,
    ack: int,
    flags: int | str,
    window: int = 8192,
    size: int = 0,
    options: bytes = b"",
) -> bytes:
    bits = flags if isinstance(flags, int) else sum(FLAGS[letter] for letter in flags)
    options += b"\0" * (-len(options) % 4)
    header = struct.pack(
        "!HHIIBBHHH",
        sport,
        dport,
        seq & 0xFFFFFFFF,
        ack & 0xFFFFFFFF,
        (5 + len(options) // 4) << 4,
        bits,
        window,
        0,
        0,
    )
    return summed(ip(src, dst, 6, header + options + b"d" * size))


def udp(src: int, dst: int, sport: int, dport: int, payload: bytes = b"x") -> bytes:
    return summed(ip(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload))


def icmp(src: int, dst: int, kind: int, code: int, rest: int, payload: bytes = b"") -> bytes:
    proto = 1 if src < 1 << 32 else 58
    return summed(ip(src, dst, proto, struct.pack("!BBHI", kind, code, 0, rest) + payload))


def udplite(src: int, dst: int, sport: int, dport: int, coverage: int, payload: bytes, pseudo: int) -> bytes:
    """pseudo: the protocol number in the pseudo header (136 is right, the kernel believes 17)."""
    size = 8 + len(payload)
    head = struct.pack("!HHH", sport, dport, coverage)
    covered = (head + b"\0\0" + payload)[: coverage or size]
    value = fold(pseudo_header(2, src, dst, pseudo, size) + covered) ^ 0xFFFF
    return ipv4(src, dst, 136, head + value.to_bytes(2, "big") + payload)


def chunk(kind: int, flags: int = 0, body: bytes = b"", length: int | None = None) -> bytes:
    data = struct.pack("!BBH", kind, flags, 4 + len(body) if length is None else length) + body
    return data + b"\0" * (-len(data) % 4)


def sctp(src: int, dst: int, sport: int, dport: int, tag: int, chunks: list[bytes], damage: int = 0) -> bytes:
    data = struct.pack("!HHII", sport, dport, tag, 0) + b"".join(chunks)
    value = crc32c(data) ^ damage
    return ipv4(src, dst, 132, data[:8] + value.to_bytes(4, "little") + data[12:])
