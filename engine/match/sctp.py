"""sctp: ports and chunks of an SCTP packet.

    -p sctp [-m sctp] [!] --sport PORT[:PORT]  [!] --dport PORT[:PORT]      (--source-port, --destination-port)
                      [!] --chunk-types all|any|only CHUNK[:FLAGS][,CHUNK[:FLAGS]]...|ALL|NONE

all: each of these chunks is in the packet; any: one of them is; only: there are no others. FLAGS: of DATA (I U B E)
and of ABORT and SHUTDOWN_COMPLETE (T); a capital letter must be set, a small one must not. Flags of other chunks that
iptables reads (I_DATA) are not kept. Later fragments never match. A packet that ends before its chunks do, or has a
chunk of length 0, is dropped; an inverted rule counts it first, and its target acts.

Kernel peer: xt_sctp. Source: iptables-extensions(8) sctp; RFC 9260 section 3.2.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.values import BETWEEN_TWO, Given, Values
from engine.match.parts.ports import PORT_OPTIONS_ONCE, Ported
from engine.match.parts.text import bang

# (name, number, letters of the flags from bit 7 to bit 0, "" = none)
CHUNKS: Final = (
    ("DATA", 0, "----IUBE"),
    ("INIT", 1, ""),
    ("INIT_ACK", 2, ""),
    ("SACK", 3, ""),
    ("HEARTBEAT", 4, ""),
    ("HEARTBEAT_ACK", 5, ""),
    ("ABORT", 6, "-------T"),
    ("SHUTDOWN", 7, ""),
    ("SHUTDOWN_ACK", 8, ""),
    ("ERROR", 9, ""),
    ("COOKIE_ECHO", 10, ""),
    ("COOKIE_ACK", 11, ""),
    ("ECN_ECNE", 12, ""),
    ("ECN_CWR", 13, ""),
    ("SHUTDOWN_COMPLETE", 14, "-------T"),
    ("I_DATA", 64, "----IUBE"),
    ("RE_CONFIG", 130, ""),
    ("PAD", 132, ""),
    ("ASCONF", 193, ""),
    ("ASCONF_ACK", 128, ""),
    ("FORWARD_TSN", 192, ""),
    ("I_FORWARD_TSN", 194, ""),
)
FLAGS_KEPT: Final = 15  # rows of CHUNKS whose number is their place in the table
EVERY: Final = (1 << 256) - 1
WAYS: Final = ("all", "any", "only")
ALL: Final = 0
ANY: Final = 1
ONLY: Final = 2


class ChunkFlags:
    """What the flags of one chunk type must be."""

    def __init__(self) -> None:
        self.mask = 0
        self.value = 0


class Sctp(Ported):
    def __init__(self) -> None:
        super().__init__()
        self.way = -1
        self.chunks = 0  # bit n: chunk type n
        self.flags: dict[int, ChunkFlags] = {}
        self.chunks_inverted = False

    def matches(self, packet: Packet, context: Context) -> bool:
        at = packet.l4
        if not self.has_transport(packet, 12) or not self.has_ports(packet.data, at):
            return False
        return self.way < 0 or self._chunks_match(packet, at + 12) != self.chunks_inverted

    def _chunks_match(self, packet: Packet, at: int) -> bool:
        data = packet.data
        missing = self.chunks
        while True:
            length = packet.u16(at + 2) if at + 4 <= len(data) else 0
            if length == 0:
                self.dropping = True
                return False
            kind = data[at]
            good = self.chunks >> kind & 1 != 0 and self._flags_match(kind, data[at + 1])
            if self.way == ONLY and not good:
                return False
            if self.way == ANY and good:
                return True
            if good:
                missing &= ~(1 << kind)
            at += length + 3 & ~3
            if at >= len(data):
                break
        if self.way == ALL:
            return missing == 0
        return self.way == ONLY

    def _flags_match(self, kind: int, flags: int) -> bool:
        wanted = self.flags.get(kind)
        return wanted is None or flags & wanted.mask == wanted.value

    def _chunks_text(self, numeric: bool) -> str:
        if self.chunks == 0:
            return "NONE"
        if self.chunks == EVERY:
            return "ALL"
        parts = []
        for name, number, letters in sorted(CHUNKS, key=lambda row: row[1]):
            if self.chunks >> number & 1:
                text = f"0x{number:04X}" if numeric else name
                wanted = self.flags.get(number)
                if wanted is not None:
                    text += ":" + flags_text(wanted, letters)
                parts.append(text)
        return ",".join(parts)

    def save(self) -> str:
        parts = self.saved_ports()
        if self.way >= 0:
            parts.append(f"{bang(self.chunks_inverted)}--chunk-types {WAYS[self.way]} {self._chunks_text(False)}")
        return " ".join(parts)

    def listing(self, numeric: bool) -> str:
        text = self.ports_listing("sctp", numeric)
        if self.way >= 0:
            text += f" {bang(self.chunks_inverted)}{WAYS[self.way]} {self._chunks_text(numeric)}"
        return text


def flags_text(wanted: ChunkFlags, letters: str) -> str:
    text = ""
    for place, letter in enumerate(letters):
        bit = 0x80 >> place
        if wanted.mask & bit:
            text += letter if wanted.value & bit else letter.lower()
    return text


def read_chunks(match: Sctp, text: str) -> None:
    """`DATA:Be,INIT` into the match."""
    if text.upper() in ("ALL", "NONE"):
        match.chunks = EVERY if text.upper() == "ALL" else 0
        return
    for part in text.split(","):
        if part:
            name, _colon, letters = part.partition(":")
            row = next((row for row, chunk in enumerate(CHUNKS) if chunk[0] == name.upper()), -1)
            if row < 0:
                raise ParameterProblem(f"Unknown sctp chunk `{name}'")
            match.chunks |= 1 << CHUNKS[row][1]
            _read_flags(match, row, letters)


def _read_flags(match: Sctp, row: int, letters: str) -> None:
    for letter in letters:
        place = CHUNKS[row][2].find(letter.upper())
        if place < 0:
            raise ParameterProblem(f"Invalid flags for chunk type {row}")
        if row >= FLAGS_KEPT:
            continue
        wanted = match.flags.setdefault(CHUNKS[row][1], ChunkFlags())
        wanted.mask |= 0x80 >> place
        if letter.isupper():
            wanted.value |= 0x80 >> place


def read_chunk_option(match: Sctp, given: Given) -> None:
    """`ALL DATA:Be,INIT` into the match."""
    way, _between, chunks = given.text.partition(BETWEEN_TWO)
    if way.lower() not in WAYS:
        raise ParameterProblem('Match type has to be one of "ALL", "ANY" or "ONLY"')
    match.way = WAYS.index(way.lower())
    match.chunks_inverted = given.inverted
    read_chunks(match, chunks)


def look(values: Values) -> None:
    read_chunk_option(Sctp(), values.given[-1])


def build(values: Values) -> Extension:
    match = Sctp()
    match.read_ports(values, all_are_none=False)
    given = values.find("chunk-types")
    if given is not None:
        read_chunk_option(match, given)
    return match


EXTENSIONS: Final = (
    Spec(
        "sctp",
        build,
        (
            *PORT_OPTIONS_ONCE,
            Option("chunk-types", "two", invert=True, once_message="Only one `--chunk-types' allowed", at_once=look),
        ),
        protos=(132,),
    ),
)
