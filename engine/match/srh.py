"""srh: the segment routing header of IPv6.

    -m srh [!] --srh-next-hdr PROTO      [!] --srh-hdr-len-eq|-gt|-lt N    [!] --srh-segs-left-eq|-gt|-lt N
           [!] --srh-last-entry-eq|-gt|-lt N   [!] --srh-tag N
           [!] --srh-psid --srh-nsid --srh-lsid ADDRESS[/MASK]

Matches packets whose routing header is of type 4 and well formed. hdr-len: as the field counts it, in units of 8 bytes
without the first. psid, nsid, lsid: the segment before, the next and the last one. The tag is compared without regard
to byte order: on little-endian machines --srh-tag 3 means 0x0300 on the wire (measured).

Kernel peer: ip6t_srh revision 1. Source: ip6tables-extensions(8) srh; RFC 8754.
"""

from __future__ import annotations

from typing import Final

from engine.core.addresses import address_text
from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.hooks import IPV6
from engine.core.packet import Packet
from engine.core.protocols import ROUTING
from engine.core.values import Values
from engine.match.parts.text import bang, mark
from engine.match.parts.wire import find_header

SEGMENT_ROUTING: Final = 4
# option -> (offset of the field in the header, size in bytes, comparison)
FIELDS: Final[dict[str, tuple[int, int, str]]] = {
    "srh-next-hdr": (0, 1, "eq"),
    "srh-hdr-len-eq": (1, 1, "eq"),
    "srh-hdr-len-gt": (1, 1, "gt"),
    "srh-hdr-len-lt": (1, 1, "lt"),
    "srh-segs-left-eq": (3, 1, "eq"),
    "srh-segs-left-gt": (3, 1, "gt"),
    "srh-segs-left-lt": (3, 1, "lt"),
    "srh-last-entry-eq": (4, 1, "eq"),
    "srh-last-entry-gt": (4, 1, "gt"),
    "srh-last-entry-lt": (4, 1, "lt"),
    "srh-tag": (6, 2, "eq"),
}
SEGMENTS: Final = ("srh-psid", "srh-nsid", "srh-lsid")


class Field:
    """One comparison with a number of the header."""

    def __init__(self, name: str, value: int, inverted: bool) -> None:
        self.name = name
        self.value = value
        self.inverted = inverted
        self.offset, self.size, self.comparison = FIELDS[name]

    def holds(self, header: bytes) -> bool:
        there = int.from_bytes(header[self.offset : self.offset + self.size], "little")
        if self.comparison == "eq":
            result = there == self.value
        elif self.comparison == "gt":
            result = there > self.value
        else:
            result = there < self.value
        return result != self.inverted


class Segment:
    """One comparison with an address of the header."""

    def __init__(self, name: str, address: int, mask: int, inverted: bool) -> None:
        self.name = name
        self.address = address
        self.mask = mask
        self.inverted = inverted

    def text(self) -> str:
        return f"{address_text(self.address, IPV6)}/{self.mask.bit_count()}"


class Srh(Match):
    def __init__(self, fields: list[Field], segments: list[Segment]) -> None:
        self.fields = fields
        self.segments = segments

    def matches(self, packet: Packet, context: Context) -> bool:
        at = find_header(packet, ROUTING)
        if at < 0 or at + 8 > len(packet.data):
            return False
        header = bytes(packet.data[at : at + (packet.data[at + 1] + 1) * 8])
        if len(header) != (header[1] + 1) * 8 or header[2] != SEGMENT_ROUTING or header[3] > header[4]:
            return False
        for field in self.fields:
            if not field.holds(header):
                return False
        return all(self._segment_holds(segment, packet, at) for segment in self.segments)

    def _segment_holds(self, segment: Segment, packet: Packet, at: int) -> bool:
        left = packet.data[at + 3]
        if segment.name == "srh-psid":
            if left == packet.data[at + 4]:
                return False
            number = left + 1
        elif segment.name == "srh-nsid":
            if left == 0:
                return False
            number = left - 1
        else:
            number = 0
        start = at + 8 + 16 * number
        if start + 16 > len(packet.data):
            return False
        there = int.from_bytes(packet.data[start : start + 16], "big")
        return ((there ^ segment.address) & segment.mask == 0) != segment.inverted

    def save(self) -> str:
        parts = [f"{bang(field.inverted)}--{field.name} {field.value}" for field in self.fields]
        parts += [f"{bang(segment.inverted)}--{segment.name} {segment.text()}" for segment in self.segments]
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        parts = ["srh"]
        parts += [f"{field.name[4:]}:{mark(field.inverted)}{field.value}" for field in self.fields]
        parts += [f"{one.name[4:]} {mark(one.inverted)} {one.text()}" for one in self.segments]
        return " ".join(parts)


def build(values: Values) -> Extension:
    # iptables keeps one number for -eq, -gt and -lt of a field: the last one given counts for all three
    numbers = {FIELDS[item.option.name][0]: item.value for item in values.given if item.option.name in FIELDS}
    fields = []
    for name, (offset, _size, _comparison) in FIELDS.items():
        if values.has(name):
            number = numbers[offset]
            assert isinstance(number, int)
            fields.append(Field(name, number, values.inverted(name)))
    segments = []
    for name in SEGMENTS:
        if values.has(name):
            address, mask = values.pair(name)
            segments.append(Segment(name, address, mask, values.inverted(name)))
    return Srh(fields, segments)


EXTENSIONS: Final = (
    Spec(
        "srh",
        build,
        (
            *[Option(name, "u16" if name == "srh-tag" else "u8", invert=True) for name in FIELDS],
            *[Option(name, "host/mask", invert=True) for name in SEGMENTS],
        ),
        families=(IPV6,),
        revision=1,
    ),
)
