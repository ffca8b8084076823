"""What packets carry: control lines that helpers read, TCP options, chunks, extension headers."""

from __future__ import annotations

import random
import struct

from conformance.fuzz import packets as p
from conformance.reading import crc32c

# What a client and a server of FTP say. `packets.words_of` has the words; {port} is a port, {pb} one as two bytes.
FTP_CLIENT = (
    "PORT {quad},{pb}\r\n",
    "EPRT |{version}|{own}|{port}|\r\n",
    "EPSV\r\n",
    "PASV\r\n",
    "PORT {quad},{pb}",
    "PORT 999,1,1,1,{pb}\r\n",
    "EPRT |9|{own}|{port}|\r\n",
    "port {quad},{pb}\r\n",
    "USER x\r\n",
)
FTP_SERVER = (
    "227 Entering Passive Mode ({quad},{pb})\r\n",
    "227 Entering Passive Mode {quad},{pb}\r\n",
    "229 Entering Extended Passive Mode (|||{port}|)\r\n",
    "229 (|||70000|)\r\n",
    "227 (1,2,3)\r\n",
    "220 ready\r\n",
)
TFTP = (b"\0\1name\0octet\0", b"\0\2name\0octet\0", b"\0\3\0\1data", b"\0\1")

TCP_OPTIONS = (
    b"",
    b"\2\4\5\xb4",
    b"\2\4\5\xb4\4\2\3\3\7\0",
    b"\1\1\x08\x0a\0\0\0\1\0\0\0\0",
    b"\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7",
    b"\2\4\0\x64",
    b"\2\3\5\xb4",  # a wrong length
    b"\x08\x22\1\1",  # longer than the header
    b"\5\x0a\0\0\3\xe9\0\0\4\xe9\1\1",  # SACK
    b"\x13\x12" + b"m" * 16,
)

# IPv4 options: no operation, router alert, record route (with room, full), and lengths that do not fit. No timestamp:
# routers put their clock into it.
IP_OPTIONS = (b"\1\1\1\0", b"\x94\4\0\0", b"\x07\x07\4" + bytes(5), b"\x07\x07\x08\1\2\3\4\0", b"\x07\x0b\4\0",
              b"\x94\3\0\0")  # fmt: skip


def ftp(dice: random.Random, own: str, server: bool) -> bytes:
    """A line of the control connection, sometimes two, sometimes cut in two."""
    line = dice.choice(FTP_SERVER if server else FTP_CLIENT)
    port = dice.choice((1000, 2000, 5000, 40000))
    text = line.format(**p.words_of(own), pb=f"{port >> 8},{port & 255}", port=port)
    return text.encode()


def sctp(sport: int, dport: int, tag: int, chunks: list[tuple[int, int, bytes]]) -> bytes:
    """An SCTP packet of chunks (type, flags, value), with its checksum (CRC32c)."""
    body = b""
    for kind, flags, value in chunks:
        body += struct.pack("!BBH", kind, flags, 4 + len(value)) + value + b"\0" * (-len(value) % 4)
    head = struct.pack("!HHI", sport, dport, tag)
    return head + struct.pack("<I", crc32c(head + b"\0\0\0\0" + body)) + body


INIT = struct.pack("!IIHHI", 7, 65535, 1, 1, 1)
SCTP_CHUNKS: tuple[tuple[int, list[tuple[int, int, bytes]]], ...] = (
    (0, [(1, 0, INIT)]),
    (0, [(1, 0, INIT)]),
    (7, [(2, 0, INIT + b"\0\7\0\x08cook")]),
    (7, [(10, 0, b"cook")]),
    (7, [(11, 0, b"")]),
    (7, [(0, 3, b"\0\0\0\1\0\0\0\0\0\0\0\0data")]),
    (7, [(3, 0, b"\0\0\0\1\0\0\xff\xff\0\0\0\0")]),
    (7, [(4, 0, b"\0\1\0\4")]),
    (7, [(6, 1, b"")]),
    (7, [(7, 0, b"\0\0\0\1")]),
    (7, [(8, 0, b"")]),
    (7, [(14, 0, b"")]),
    (0, [(1, 0, INIT), (0, 3, b"x" * 12)]),
)

DCCP_TYPES = (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


def dccp(sport: int, dport: int, kind: int, source: bytes, destination: bytes) -> bytes:
    """A DCCP header with 48-bit sequence numbers (RFC 4340 section 5), its checksum right."""
    rest = {0: b"\0\0\0\1", 2: b""}.get(kind, b"\0\0\0\0\0\1" + b"\0\0")
    if kind == 1:
        rest += b"\0\0\0\1"
    length = 16 + len(rest)
    if length % 4:
        rest += b"\0" * (4 - length % 4)
        length = 16 + len(rest)
    head = struct.pack("!HHBBHBBHI", sport, dport, length // 4, 0, 0, kind << 1 | 1, 0, 0, 100) + rest
    return p.with_sum(source, destination, 33, head, 6)


def udplite(sport: int, dport: int, data: bytes, source: bytes, destination: bytes) -> bytes:
    segment = struct.pack("!HHHH", sport, dport, 0, 0) + data
    return p.with_sum(source, destination, 136, segment, 6)


def gre(dice: random.Random) -> bytes:
    """Plain GRE, GRE with a key, and the enhanced GRE of PPTP."""
    return dice.choice(
        (
            b"\0\0\x08\0" + b"g" * 20,
            b"\x20\0\x08\0\0\0\0\7" + b"g" * 20,
            b"\x30\1\x88\x0b\0\4\0\7\0\0\0\1" + b"ppp!",
            b"\0\0",
        )
    )


def esp(dice: random.Random) -> bytes:
    return struct.pack("!II", dice.choice((1, 300)), 1) + b"e" * dice.choice((0, 16))


def ah(dice: random.Random, proto: int, inner: bytes) -> bytes:
    return struct.pack("!BBHII", proto, 4, 0, dice.choice((1, 300)), 1) + b"i" * 12 + inner


# Extension headers of IPv6: (number, content behind "next header" and "length"), each a multiple of eight bytes.
EXTENSIONS: tuple[tuple[int, bytes], ...] = (
    (60, b"\0\1\4\0\0\0\0"),  # destination options: padding
    (60, b"\1\1\4\0\0\0\0\5\2\0\0\1\1\0\0"),
    (0, b"\0\5\2\0\0\1\0"),  # hop by hop: router alert
    (0, b"\0\1\4\0\0\0\0"),
    (43, b"\0\0\0\0\0\0\0"),  # routing, type 0, no segments left
    (43, b"\2\4\0\0\0\0\0" + b"\x20\1\x0d\xb8" + b"\0" * 12),  # type 4, one segment
)
ATOMIC_FRAGMENT = [(44, b"\0\0\0\0\0\0\x63")]


def extended(dice: random.Random, packet: bytes) -> bytes:
    """An IPv6 packet with one to three extension headers put in, hop by hop first, or as an atomic fragment.

    Not both: docs/deviations.md, fragments behind other extension headers.
    """
    proto, body = packet[6], packet[40:]
    chosen = sorted(dice.sample(EXTENSIONS, dice.choice((1, 1, 2, 3))), key=lambda each: each[0] != 0)
    if dice.random() < 0.15:
        chosen = ATOMIC_FRAGMENT
    for number, content in reversed(chosen):
        body = bytes([proto]) + content + body
        proto = number
    return packet[:4] + struct.pack("!HB", len(body), proto) + packet[7:40] + body


def with_options(packet: bytes, options: bytes) -> bytes:
    """An IPv4 packet with options in its header."""
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4
    total = len(packet) + len(options)
    return p.with_header_sum(
        bytes([0x40 | words]) + packet[1:2] + struct.pack("!H", total) + packet[4:20] + options + packet[20:]
    )
