"""An IP packet as bytes with its headers found: what matches read and targets rewrite.

A `Packet` never raises on what the wire brings. A broken IP header leaves `fault` set (the kernel drops such a packet
before the first hook); a broken transport header is the business of whoever reads it (`has(n)` says how much is there).
Addresses are integers (32 or 128 bits), offsets count from the first byte of the IP header.

Sources: RFC 791, RFC 8200 (extension headers, order of walking), kernel Documentation/networking.
"""

from typing import Final

from engine.core.checksum import CHECKSUM_OFFSET, checksum, fold, pseudo_header, replace
from engine.core.hooks import IPV4, IPV6
from engine.core.protocols import AH, DESTINATION_OPTIONS, FRAGMENT, HOP_BY_HOP, ICMP, ROUTING, UDP, UDPLITE

IP_DF: Final = 0x4000
IP_MF: Final = 0x2000

EXTENSION_HEADERS: Final = frozenset((HOP_BY_HOP, ROUTING, FRAGMENT, AH, DESTINATION_OPTIONS))


def extension_length(data: bytes | bytearray, offset: int, number: int) -> int:
    """Bytes of the IPv6 extension header of kind `number` at `offset`, of which at least two are there."""
    if number == FRAGMENT:
        return 8
    return (data[offset + 1] + 2) * 4 if number == AH else (data[offset + 1] + 1) * 8


class Packet:
    """One IPv4 or IPv6 packet.

    data            the whole packet, from the IP header on; link padding beyond the IP length is cut
    family          IPV4 or IPV6 (NFPROTO numbers)
    fault           "" or why the IP header is broken
    proto           transport protocol number (IPv6: the first header that is not an extension header)
    l3_length       bytes of the IPv4 header; IPv6: 40
    l4              offset of the transport header; IPv6: behind the extension headers
    fragment_offset bytes; 0 in a whole packet and in a first fragment
    more_fragments  the MF bit
    extensions      IPv6 only: (header number, offset) of each extension header, in order
    headless        IPv6 only: the way to the transport header is cut short, or lies in an earlier fragment
    partial         the transport checksum holds only the pseudo-header sum (checksum offload)
    changed         something was rewritten since the packet arrived
    """

    def __init__(self, data: bytes | bytearray, partial: bool = False) -> None:
        self.data = bytearray(data)
        self.partial = partial
        self.changed = False
        self.parse()

    def parse(self) -> None:
        """Find the headers anew, after `data` was replaced."""
        self.family = IPV4
        self.fault = ""
        self.src = 0
        self.dst = 0
        self.proto = 0
        self.l3_length = 0
        self.l4 = 0
        self.fragment_offset = 0
        self.more_fragments = False
        self.extensions: list[tuple[int, int]] = []
        self.headless = False
        if not self.data:
            self.fault = "empty packet"
            return
        version = self.data[0] >> 4
        if version == 4:
            self._parse_ipv4()
        elif version == 6:
            self._parse_ipv6()
        else:
            self.fault = f"IP version {version}"

    def _parse_ipv4(self) -> None:
        data = self.data
        size = len(data)
        if size < 20:
            self.fault = f"IPv4 header cut to {size} bytes"
            return
        header = (data[0] & 15) * 4
        total = data[2] << 8 | data[3]
        if header < 20 or header > size:
            self.fault = f"IPv4 header length {header}"
            return
        if total == 0 and size > 65535:
            total = size  # BIG TCP: the length field cannot say it
        if total < header or total > size:
            self.fault = f"IPv4 total length {total} in {size} bytes"
            return
        if total < size:
            del data[total:]
        self.l3_length = header
        self.l4 = header
        self.proto = data[9]
        self.src = int.from_bytes(data[12:16], "big")
        self.dst = int.from_bytes(data[16:20], "big")
        word = data[6] << 8 | data[7]
        self.fragment_offset = (word & 0x1FFF) * 8
        self.more_fragments = (word & IP_MF) != 0

    def _parse_ipv6(self) -> None:
        self.family = IPV6
        data = self.data
        size = len(data)
        if size < 40:
            self.fault = f"IPv6 header cut to {size} bytes"
            return
        total = 40 + (data[4] << 8 | data[5])
        if total == 40 and data[6] == HOP_BY_HOP:
            total = size  # jumbogram (RFC 2675)
        if total > size:
            self.fault = f"IPv6 payload length {total - 40} in {size - 40} bytes"
            return
        if total < size:
            del data[total:]
            size = total
        self.l3_length = 40
        self.src = int.from_bytes(data[8:24], "big")
        self.dst = int.from_bytes(data[24:40], "big")
        number = data[6]
        offset = 40
        while number in EXTENSION_HEADERS:
            if offset + (4 if number in (FRAGMENT, ROUTING) else 2) > size:
                self.headless = True
                break  # cut short: proto is the header that is not there
            if number != FRAGMENT or offset + 8 <= size:
                self.extensions.append((number, offset))
            if number == FRAGMENT:
                word = data[offset + 2] << 8 | data[offset + 3]
                self.fragment_offset = word & 0xFFF8
                self.more_fragments = (word & 1) != 0
            length = extension_length(data, offset, number)
            number = data[offset]
            offset += length
            if self.fragment_offset:
                self.headless = number in EXTENSION_HEADERS
                break  # what follows is payload of another fragment's headers
        self.proto = number
        self.l4 = min(offset, size)

    # -- reading

    def __len__(self) -> int:
        return len(self.data)

    @property
    def is_fragment(self) -> bool:
        return self.fragment_offset != 0 or self.more_fragments

    def has(self, count: int) -> bool:
        """Are `count` bytes of the transport header there, in this packet (not in an earlier fragment)?"""
        return self.fragment_offset == 0 and self.l4 + count <= len(self.data)

    def u8(self, offset: int) -> int:
        return self.data[offset]

    def u16(self, offset: int) -> int:
        data = self.data
        return data[offset] << 8 | data[offset + 1]

    def u32(self, offset: int) -> int:
        data = self.data
        return data[offset] << 24 | data[offset + 1] << 16 | data[offset + 2] << 8 | data[offset + 3]

    @property
    def sport(self) -> int:
        """Source port of TCP, UDP and the like; call `has(4)` first."""
        return self.u16(self.l4)

    @property
    def dport(self) -> int:
        return self.u16(self.l4 + 2)

    @property
    def tos(self) -> int:
        """The TOS byte (IPv6: traffic class)."""
        data = self.data
        if self.family == IPV4:
            return data[1]
        return (data[0] & 15) << 4 | data[1] >> 4

    @property
    def ttl(self) -> int:
        """TTL (IPv6: hop limit)."""
        return self.data[8] if self.family == IPV4 else self.data[7]

    @property
    def ip_id(self) -> int:
        return self.u16(4) if self.family == IPV4 else 0

    @property
    def df(self) -> bool:
        return self.family == IPV4 and (self.data[6] & 0x40) != 0

    def payload(self) -> int:
        """Offset of what a TCP or UDP header carries; the packet's length if the header is broken or unknown."""
        size = len(self.data)
        if self.fragment_offset:
            return size
        if self.proto == 6:
            if not self.has(20):
                return size
            return min(size, self.l4 + (self.data[self.l4 + 12] >> 4) * 4)
        if self.proto in (UDP, UDPLITE):
            return min(size, self.l4 + 8)
        return min(size, self.l4)

    # -- checksums

    def checksum_offset(self) -> int:
        """Offset of the transport checksum, or 0 when this packet has none that can be kept right."""
        where = CHECKSUM_OFFSET.get(self.proto)
        if where is None or self.fragment_offset or self.l4 + where + 2 > len(self.data):
            return 0
        return self.l4 + where

    def transport_sum(self) -> int:
        """Folded sum over pseudo header and transport segment: 0xffff (or 0) when its checksum is right."""
        segment = self.data[self.l4 :]
        if self.proto == ICMP:
            return fold(segment)
        return fold(pseudo_header(self.family, self.src, self.dst, self.proto, len(segment)) + segment)

    def complete_checksum(self) -> None:
        """Finish a checksum that the sender left to its network card."""
        if not self.partial:
            return
        self.partial = False
        where = self.checksum_offset()
        if not where:
            return
        self.data[where : where + 2] = b"\0\0"
        value = self.transport_sum() ^ 0xFFFF
        if value == 0 and self.proto == UDP:
            value = 0xFFFF
        self.data[where : where + 2] = value.to_bytes(2, "big")
        self.changed = True

    def set_transport_checksum(self) -> None:
        """Compute the transport checksum whole (after the payload or the length changed)."""
        self.partial = True
        self.complete_checksum()

    def set_ip_checksum(self) -> None:
        if self.family == IPV4:
            data = self.data
            data[10:12] = b"\0\0"
            data[10:12] = checksum(data[: self.l3_length]).to_bytes(2, "big")
        self.changed = True

    def write_length(self) -> None:
        """Write the IP (and UDP) length fields and the IP checksum after `data` grew or shrank behind the IP header."""
        data = self.data
        if self.family == IPV4:
            data[2:4] = (len(data) & 0xFFFF).to_bytes(2, "big")
        else:
            data[4:6] = ((len(data) - 40) & 0xFFFF).to_bytes(2, "big")
        self.set_ip_checksum()
        if self.proto == UDP and self.has(8):
            data[self.l4 + 4 : self.l4 + 6] = (len(data) - self.l4).to_bytes(2, "big")

    def fix_length(self) -> None:
        """Write the length fields and all checksums after `data` grew or shrank behind the IP header."""
        self.write_length()
        if self.proto == UDP and self.has(8) and self.u16(self.l4 + 6) == 0:
            return
        self.set_transport_checksum()

    # -- rewriting: each keeps every checksum right

    def _patch_transport_sum(self, old: int, new: int) -> None:
        """Part of what the transport checksum covers went from folded sum `old` to `new`."""
        where = self.checksum_offset()
        if not where:
            return
        current = self.u16(where)
        if current == 0 and self.proto == UDP and self.family == IPV4:
            return  # sender computed none
        value = replace(current, old, new)
        if value == 0 and self.proto == UDP:
            value = 0xFFFF
        self.data[where : where + 2] = value.to_bytes(2, "big")

    def patch(self, offset: int, new: bytes) -> None:
        """Replace bytes of the transport segment in place; the same number of bytes, the checksum follows."""
        self.complete_checksum()
        data = self.data
        end = offset + len(new)
        start = offset - ((offset - self.l4) & 1)
        stop = end + ((end - self.l4) & 1)
        old_sum = fold(data[start:stop])
        data[offset:end] = new
        new_sum = fold(data[start:stop])
        self.changed = True
        if old_sum != new_sum:
            self._patch_transport_sum(old_sum, new_sum)

    def patch_ip(self, offset: int, new: bytes) -> None:
        """Replace bytes of the IP header in place (not addresses); the IPv4 header checksum follows."""
        data = self.data
        start = offset & ~1
        stop = (offset + len(new) + 1) & ~1
        old_sum = fold(data[start:stop])
        data[offset : offset + len(new)] = new
        if self.family == IPV4:
            data[10:12] = replace(self.u16(10), old_sum, fold(data[start:stop])).to_bytes(2, "big")
        self.changed = True

    def set_src(self, address: int) -> None:
        self._set_address(12 if self.family == IPV4 else 8, self.src, address)
        self.src = address

    def set_dst(self, address: int) -> None:
        self._set_address(16 if self.family == IPV4 else 24, self.dst, address)
        self.dst = address

    def _set_address(self, offset: int, old: int, new: int) -> None:
        if old == new:
            return
        self.complete_checksum()
        width = 4 if self.family == IPV4 else 16
        old_sum = fold(old.to_bytes(width, "big"))
        new_bytes = new.to_bytes(width, "big")
        new_sum = fold(new_bytes)
        self.data[offset : offset + width] = new_bytes
        if self.family == IPV4:
            self.data[10:12] = replace(self.u16(10), old_sum, new_sum).to_bytes(2, "big")
        if self.proto != ICMP:  # ICMP for IPv4 has no pseudo header
            self._patch_transport_sum(old_sum, new_sum)
        self.changed = True

    def set_tos(self, value: int) -> None:
        if self.family == IPV4:
            self.patch_ip(1, bytes((value,)))
        else:
            data = self.data
            data[0] = 0x60 | value >> 4
            data[1] = (value & 15) << 4 | data[1] & 15
            self.changed = True

    def set_ttl(self, value: int) -> None:
        self.patch_ip(8 if self.family == IPV4 else 7, bytes((value,)))
