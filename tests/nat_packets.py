"""Packets for NAT and helper tests, built byte by byte, and read back as text. Checksums are right unless asked."""

from __future__ import annotations

import socket
import struct

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
ICMP_ERRORS = (3, 4, 5, 11, 12)


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def text(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def checksum(data: bytes) -> int:
    """0 for data whose own checksum is right."""
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def pseudo(src: bytes, dst: bytes, proto: int, length: int) -> bytes:
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, proto)


def ip(src: str, dst: str, proto: int, payload: bytes, ttl: int = 64) -> bytes:
    s, d = packed(src), packed(dst)
    if len(s) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, ttl) + s + d + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, ttl, proto, 0) + s + d
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def _summed(src: str, dst: str, proto: int, segment: bytes, at: int) -> bytes:
    value = checksum(pseudo(packed(src), packed(dst), proto, len(segment)) + segment)
    if value == 0 and proto == 17:
        value = 0xFFFF
    return segment[:at] + struct.pack("!H", value) + segment[at + 2 :]


def udp(src: str, dst: str, sport: int, dport: int, data: bytes = b"x", zero: bool = False) -> bytes:
    segment = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    return ip(src, dst, 17, segment if zero else _summed(src, dst, 17, segment, 6))


def tcp(
    src: str,
    dst: str,
    sport: int,
    dport: int,
    flags: str = "S",
    seq: int = 1000,
    ack: int = 0,
    data: bytes = b"",
    options: bytes = b"",
    window: int = 65535,
) -> bytes:
    options += b"\1" * (-len(options) % 4)
    bits = sum(FLAGS[letter] for letter in flags)
    offset = (5 + len(options) // 4) << 4
    seq &= 0xFFFFFFFF
    ack &= 0xFFFFFFFF
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, offset, bits, window, 0, 0) + options + data
    return ip(src, dst, 6, _summed(src, dst, 6, segment, 16))


def icmp(src: str, dst: str, kind: int, code: int, rest: bytes, data: bytes = b"") -> bytes:
    segment = struct.pack("!BBH", kind, code, 0) + rest + data
    if ":" in src:
        return ip(src, dst, 58, _summed(src, dst, 58, segment, 2))
    return ip(src, dst, 1, segment[:2] + struct.pack("!H", checksum(segment)) + segment[4:])


def echo(src: str, dst: str, ident: int = 1, seq: int = 1, reply: bool = False) -> bytes:
    kind = (129 if reply else 128) if ":" in src else (0 if reply else 8)
    return icmp(src, dst, kind, 0, struct.pack("!HH", ident, seq), b"abcd")


def error(src: str, about: bytes, kind: int = 3, code: int = 1, size: int | None = None) -> bytes:
    """An ICMP (ICMPv6) error from `src` to the sender of `about`, quoting its first `size` bytes."""
    sender = text(about[12:16] if about[0] >> 4 == 4 else about[8:24])
    return icmp(src, sender, kind, code, bytes(4), about if size is None else about[:size])


class Read:
    """A packet taken apart: addresses as text, ports as numbers, `data` behind the transport header."""

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.version = packet[0] >> 4
        start = (packet[0] & 15) * 4 if self.version == 4 else 40
        self.proto = packet[9] if self.version == 4 else packet[6]
        raw = (packet[12:16], packet[16:20]) if self.version == 4 else (packet[8:24], packet[24:40])
        self.src, self.dst = text(raw[0]), text(raw[1])
        self.segment = segment = packet[start:]
        self.sport, self.dport = struct.unpack("!HH", segment[:4]) if len(segment) >= 4 else (0, 0)
        self.header_ok = self.version == 6 or checksum(packet[:start]) == 0
        head = b"" if self.proto == 1 else pseudo(raw[0], raw[1], self.proto, len(segment))
        self.sum_ok = checksum(head + segment) == 0
        if self.proto == 6:
            self.seq, self.ack, offset, self.flags = struct.unpack("!IIBB", segment[4:14])
            self.options = segment[20 : (offset >> 4) * 4]
            self.data = segment[(offset >> 4) * 4 :]
        elif self.proto in (1, 58):
            self.kind, self.code = segment[0], segment[1]
            self.ident = struct.unpack("!H", segment[4:6])[0]
            self.data = segment[8:]
        else:
            self.data = segment[8:] if self.proto == 17 else segment

    @property
    def ends(self) -> str:
        """`10.0.1.2:1000 > 10.0.2.9:53`"""
        return f"{self.src}:{self.sport} > {self.dst}:{self.dport}"

    @property
    def right(self) -> bool:
        """Are both checksums right?"""
        return self.header_ok and self.sum_ok
