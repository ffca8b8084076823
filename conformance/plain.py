"""Ordinary UDP and TCP packets, built without scapy: most of what a suite sends, and fifty times as fast.

Only packets without options, lies and oddities; wire.py leaves everything else to scapy. A test compares the two
byte by byte. RFC 791, 8200, 768, 9293.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

from conformance.reading import checksum_of

NETWORK: Final = frozenset(("ttl", "tos", "dscp", "ecn", "ip_id", "df", "payload"))
FRAME: Final = frozenset(("source_mac", "destination_mac", "vlan", "padding"))
FIELDS: Final = {"udp": NETWORK | FRAME, "tcp": NETWORK | FRAME | {"flags", "seq", "ack", "window", "urgent"}}
NUMBER: Final = {"udp": 17, "tcp": 6}


def can_build(kind: str, fields: dict[str, Any]) -> bool:
    """Whether a packet with these fields is an ordinary one."""
    return kind in FIELDS and fields.keys() <= FIELDS[kind]


def build(kind: str, family: int, src: str, dst: str, ports: tuple[int, int], fields: dict[str, Any]) -> bytes:
    """The packet from the IP header on."""
    payload = bytes(fields.get("payload", b""))
    source, destination = (
        socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, text) for text in (src, dst)
    )
    transport = bytearray(_udp(ports, payload) if kind == "udp" else _tcp(ports, fields, payload))
    length = struct.pack("!IxxxB" if family == 6 else "!xBH", *(
        (len(transport), NUMBER[kind]) if family == 6 else (NUMBER[kind], len(transport))))  # fmt: skip
    checksum = checksum_of(source + destination + length + transport)
    if kind == "udp":
        checksum = checksum or 0xFFFF
    place = 6 if kind == "udp" else 16
    transport[place : place + 2] = checksum.to_bytes(2, "big")
    return (_ipv6 if family == 6 else _ipv4)(kind, source, destination, fields, len(transport)) + bytes(transport)


def _udp(ports: tuple[int, int], payload: bytes) -> bytes:
    return struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload


def _tcp(ports: tuple[int, int], fields: dict[str, Any], payload: bytes) -> bytes:
    numbers = (fields.get(name, 0) % (1 << 32) for name in ("seq", "ack"))
    rest = (0x50, fields.get("flags", 0), fields.get("window", 65535), 0, fields.get("urgent", 0))
    return struct.pack("!HHIIBBHHH", *ports, *numbers, *rest) + payload


def _tos(fields: dict[str, Any]) -> int:
    tos: int = fields.get("tos", fields.get("dscp", 0) << 2 | fields.get("ecn", 0))
    return tos


def _ipv4(kind: str, source: bytes, destination: bytes, fields: dict[str, Any], size: int) -> bytes:
    place = 0x4000 if fields.get("df") else 0
    first = struct.pack("!BBHHH", 0x45, _tos(fields), 20 + size, fields.get("ip_id", 1), place)
    head = bytearray(first + struct.pack("!BBH", fields.get("ttl", 64), NUMBER[kind], 0) + source + destination)
    head[10:12] = checksum_of(bytes(head)).to_bytes(2, "big")
    return bytes(head)


def _ipv6(kind: str, source: bytes, destination: bytes, fields: dict[str, Any], size: int) -> bytes:
    head = struct.pack("!IHBB", 6 << 28 | _tos(fields) << 20, size, NUMBER[kind], fields.get("ttl", 64))
    return head + source + destination
