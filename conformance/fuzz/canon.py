"""A packet as one line of text in which everything counts but what no two machines need share.

Left out: the identification of whole IPv4 packets (hosts number as they like). A port that no rule and no packet of
the case names was chosen by NAT; such ports are numbered in order of appearance (P1, P2, ...), since the kernel draws
them. Checksums are not printed but judged: a wrong one shows as `BADSUM`.
"""

from __future__ import annotations

import ipaddress
import re
import struct

from conformance.fuzz import packets as p
from conformance.reading import crc32c

AH = 51
# ICMP types with an id, which NAT may draw
QUERIES = (0, 8, 13, 14, 15, 16, 17, 18)
QUERIES6 = (128, 129)
TIMESTAMP_REPLY = 14
NUMBER = re.compile(r"(port|id)=(\d+)")
DIGITS = re.compile(rb"\d{4,5}")


class Canon:
    """One engine's view of one case: remembers which drawn port got which number."""

    def __init__(self, known_ports: frozenset[int]) -> None:
        self.known = known_ports
        self.drawn: dict[int, str] = {}
        self.identifications: dict[tuple[int, int], str] = {}

    def port(self, number: int) -> str:
        if number in self.known:
            return str(number)
        return self.drawn.setdefault(number, f"P{len(self.drawn) + 1}")

    def payload(self, data: bytes) -> str:
        """In hexadecimal; a port that NAT drew is told by its name in text too (SIP repeats it)."""
        return DIGITS.sub(lambda found: self.drawn.get(int(found[0]), "").encode() or found[0], data).hex()

    def identification(self, version: int, number: int) -> str:
        """Fragments of one packet share a number; which, means nothing: a router may cut anew under its own."""
        return self.identifications.setdefault((version, number), f"F{len(self.identifications) + 1}")

    def rows(self, lines: list[str]) -> list[str]:
        """Lines with `port=` and `id=` in them, in an order that drawn numbers have no part in."""
        masked = sorted(lines, key=lambda line: NUMBER.sub(self._known_or_mask, line))
        return sorted(NUMBER.sub(lambda found: f"{found[1]}={self.port(int(found[2]))}", line) for line in masked)

    def _known_or_mask(self, found: re.Match[str]) -> str:
        return found[0] if int(found[2]) in self.known else f"{found[1]}=?"

    def packet(self, data: bytes, inner: bool = False) -> str:
        """The line of a packet; `inner`: quoted in an ICMP error, possibly cut short."""
        if not data:
            return "nothing"
        if data[0] >> 4 == 4 and len(data) >= 20:
            return self._ipv4(data, inner)
        if data[0] >> 4 == 6 and len(data) >= 40:
            return self._ipv6(data, inner)
        return "junk " + without_chance(data).hex()

    def _ipv4(self, data: bytes, inner: bool) -> str:
        header = (data[0] & 15) * 4
        tos, total, ident, word, ttl, proto = struct.unpack_from("!xBHHHBB", data)
        parts = [f"{ipaddress.ip_address(data[12:16])} > {ipaddress.ip_address(data[16:20])} ttl {ttl} tos {tos:#x}"]
        offset = (word & 0x1FFF) * 8
        if word & 0x4000:
            parts.append("DF")
        if word & 0x3FFF:
            parts.append(f"fragment {offset}{'+' if word & 0x2000 else ''} id {self.identification(4, ident)}")
        if header > 20:
            parts.append("options " + data[20:header].hex())
        if p.checksum(data[:header]):
            parts.append("BADSUM(ip)")
        if total != len(data) and not inner:
            parts.append(f"total {total} of {len(data)}")
        whole = not word & 0x3FFF
        parts.append(self._transport(proto, data[12:16], data[16:20], data[header:], offset, whole, inner))
        return " ".join(parts)

    def _ipv6(self, data: bytes, inner: bool) -> str:
        flow, _length, proto, ttl = struct.unpack_from("!IHBB", data)
        parts = [f"{ipaddress.ip_address(data[8:24])} > {ipaddress.ip_address(data[24:40])} ttl {ttl}"]
        parts.append(f"tos {flow >> 20 & 255:#x}")
        body, offset, whole = data[40:], 0, True
        if proto == 44 and len(body) >= 8:
            proto, _reserved, word, ident = struct.unpack_from("!BBHI", body)
            offset, whole = word & 0xFFF8, False
            parts.append(f"fragment {offset}{'+' if word & 1 else ''} id {self.identification(6, ident)}")
            body = body[8:]
        parts.append(self._transport(proto, data[8:24], data[24:40], body, offset, whole, inner))
        return " ".join(parts)

    def _transport(
        self, proto: int, source: bytes, destination: bytes, body: bytes, offset: int, whole: bool, inner: bool
    ) -> str:
        if offset:
            return f"proto {proto} payload {body.hex()}"
        if (proto == AH or (proto in p.EXTENSION_HEADERS and len(source) == 16)) and len(body) >= 8:
            length = (body[1] + 2) * 4 if proto == AH else (body[1] + 1) * 8
            head = f"proto {proto} {body[:length].hex()} "
            return head + self._transport(body[0], source, destination, body[length:], 0, whole, inner)
        suffix = "" if inner or not whole else self._judge(proto, source, destination, body)
        if proto == p.UDP and len(body) >= 8:
            sport, dport, length = struct.unpack_from("!HHH", body)
            return f"udp {self.port(sport)} > {self.port(dport)} len {length} {self.payload(body[8:])}{suffix}"
        if proto == p.SCTP and len(body) >= 12:
            return self._sctp(body, inner or not whole)
        if proto in (p.UDPLITE, p.DCCP) and len(body) >= 8:
            return self._partly_covered(proto, source, destination, body, inner or not whole)
        if proto == p.TCP and len(body) >= 8:
            return self._tcp(body) + suffix
        if proto in (p.ICMP, p.ICMPV6) and len(body) >= 8:
            return self._icmp(proto, body) + suffix
        return f"proto {proto} {body.hex()}{suffix}"

    def _sctp(self, body: bytes, part: bool) -> str:
        sport, dport = struct.unpack_from("!HH", body)
        right = part or struct.pack("<I", crc32c(body[:8] + b"\0\0\0\0" + body[12:])) == body[8:12]
        text = f"sctp {self.port(sport)} > {self.port(dport)} tag {body[4:8].hex()} {body[12:].hex()}"
        return text if right else f"{text} BADSUM"

    def _partly_covered(self, proto: int, source: bytes, destination: bytes, body: bytes, part: bool) -> str:
        """UDP-Lite (RFC 3828) and DCCP (RFC 4340 section 9): the checksum counts the first octets only."""
        sport, dport = struct.unpack_from("!HH", body)
        if proto == p.UDPLITE:
            name, covered = "udplite", int.from_bytes(body[4:6], "big")
        else:
            name, covered = "dccp", (body[4] + (body[5] & 15) - 1) * 4 if body[5] & 15 else 0
        rest = body[4:6] + body[8:]
        text = f"{name} {self.port(sport)} > {self.port(dport)} {rest.hex()}"
        wrong = p.checksum(p.pseudo(source, destination, proto, len(body)) + body[: covered or len(body)])
        return f"{text} BADSUM" if wrong and not part else text

    def _tcp(self, body: bytes) -> str:
        sport, dport, seq = struct.unpack_from("!HHI", body)
        text = f"tcp {self.port(sport)} > {self.port(dport)} seq {seq}"
        if len(body) < 20:
            return text
        ack, offset, flags, window = struct.unpack_from("!IBBH", body, 8)
        header = (offset >> 4) * 4
        text = f"{text} ack {ack} flags {flags:#04x} win {window} opt {body[20:header].hex()}"
        return f"{text} {self.payload(body[header:])}"

    def _icmp(self, proto: int, body: bytes) -> str:
        kind, code = body[0], body[1]
        error = kind in (3, 4, 5, 11, 12) if proto == p.ICMP else kind < 128
        name = "icmp" if proto == p.ICMP else "icmp6"
        if error:
            return f"{name} {kind}/{code} {body[4:8].hex()} [{self.packet(body[8:], True)}]"
        if kind in (QUERIES if proto == p.ICMP else QUERIES6):
            rest = body[6:12] if kind == TIMESTAMP_REPLY else body[6:]  # the answerer's own time of day stands behind
            return f"{name} {kind}/{code} id {self.port(int.from_bytes(body[4:6], 'big'))} {rest.hex()}"
        return f"{name} {kind}/{code} {body[4:].hex()}"

    def _judge(self, proto: int, source: bytes, destination: bytes, body: bytes) -> str:
        if proto == p.ICMP:
            return " BADSUM" if p.checksum(body) else ""
        where = {p.TCP: 16, p.UDP: 6, p.ICMPV6: 2}.get(proto)
        if where is None or len(body) < where + 2:
            return ""
        if proto == p.UDP and body[6:8] == b"\0\0":
            return " nosum"
        return " BADSUM" if p.checksum(p.pseudo(source, destination, proto, len(body)) + body) else ""


def without_chance(data: bytes) -> bytes:
    """A header cut short, without what hosts draw: IPv6's flow label; IPv4's identification, and the sum over it."""
    if data[0] >> 4 == 6:
        return (data[:1] + bytes((data[1] & 0xF0, 0, 0)) + data[4:])[: len(data)] if len(data) > 1 else data
    masked = bytearray(data)
    for start in (4, 10):
        masked[start : start + 2] = bytes(len(masked[start : start + 2]))
    return bytes(masked)
