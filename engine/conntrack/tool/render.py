"""Entries and expectations as conntrack 1.4.7 prints them: text, XML and its own command syntax (save).

What is printed depends on what the kernel would have told the tool: everything in a listing, only what changed in an
event (`Picture`). Two oddities of the tool are kept: XML calls SCTP's states by TCP's names, and it leaves out what
ICMP has in place of ports.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import floor
from typing import Final

from engine.conntrack.events import DESTROY, NEW, UPDATE
from engine.conntrack.expectations import Expectation
from engine.conntrack.sctp import STATE_NAMES as SCTP_STATES
from engine.conntrack.sctp import SctpState
from engine.conntrack.tcp import TcpState
from engine.conntrack.tcp_states import STATE_NAMES as TCP_STATES
from engine.conntrack.text import PORT_TRACKED, PROTOCOL_NAMES, counts_text, expectation_flags, ports_text, zone_texts
from engine.conntrack.tool.filters import destination_changed, source_changed
from engine.conntrack.tool.protocols import tag_as_shown
from engine.conntrack.tool.request import EXTENDED, ID, KTIMESTAMP, SAVE, TIMESTAMP, XML
from engine.core.addresses import FULL_MASK, address_text
from engine.core.connection import (
    ASSURED,
    EVENT_HELPER,
    EVENT_LABEL,
    EVENT_MARK,
    EVENT_PROTOINFO,
    EXPECTED,
    FIXED_TIMEOUT,
    NEVER,
    ORIGINAL,
    REPLY,
    SEEN_REPLY,
    Connection,
    Tuple,
)
from engine.core.hooks import FAMILY_NAMES
from engine.core.protocols import DCCP, GRE

EVENT_TEXTS: Final[dict[int, str]] = {NEW: "    [NEW] ", UPDATE: " [UPDATE] ", DESTROY: "[DESTROY] "}
EVENT_WORDS: Final[dict[int, str]] = {NEW: "new", UPDATE: "update", DESTROY: "destroy"}
SAVE_COMMANDS: Final[dict[int, str]] = {0: "-A", NEW: "-A", UPDATE: "-U", DESTROY: "-D"}
SAVED_STATUS: Final = (
    (EXPECTED, "EXPECTED"),
    (SEEN_REPLY, "SEEN_REPLY"),
    (ASSURED, "ASSURED"),
    (FIXED_TIMEOUT, "FIXED_TIMEOUT"),
)


class Picture:
    """What is known of an entry. seconds: -1 = not told; kind: 0 in a listing, else the event."""

    def __init__(self, entry: Connection, seconds: int, kind: int = 0, use: int = -1) -> None:
        self.entry = entry
        self.seconds = seconds
        self.kind = kind
        self.use = use
        self.saved_as = SAVE_COMMANDS[kind]
        self.state = True
        self.counters = True
        self.mark = True
        self.times = True
        self.moments = True  # -o ktimestamp: -U and -D do not heed it
        self.helper = True
        self.labels = True


def listed(entry: Connection, now: float, use: int) -> Picture:
    return Picture(entry, max(0, int(entry.deadline - now)), 0, use)


def told(entry: Connection, now: float, kind: int, bits: int) -> Picture:
    """What an event says: in the end all that is left, else what its bits name."""
    seconds = max(0, int(entry.deadline - now))
    picture = Picture(entry, seconds, kind)
    picture.mark = entry.mark != 0 or bits & EVENT_MARK != 0
    if kind == DESTROY:
        if seconds == 0:
            picture.seconds = -1
        picture.helper = False
        picture.labels = False
        return picture
    picture.state = bits & EVENT_PROTOINFO != 0
    picture.counters = False
    picture.times = False
    picture.helper = bits & EVENT_HELPER != 0 or entry.helper != ""
    picture.labels = bits & EVENT_LABEL != 0
    return picture


class Renderer:
    """output: mask of the -o words. wall: seconds since the epoch at engine time `now`; offset: of local time."""

    def __init__(self, output: int, now: float, wall: float, offset: int, labels: dict[str, int] | None) -> None:
        self.output = output
        self.now = now
        self.wall = wall
        self.offset = offset
        self.labels = labels

    def entry(self, picture: Picture) -> str:
        if self.output & SAVE:
            return save(picture)
        if self.output & XML:
            return self._xml(picture)
        return self._text(picture)

    # -- text

    def _text(self, picture: Picture) -> str:
        entry = picture.entry
        original = entry.original
        zone_original, zone_reply, zone = zone_texts(entry)
        parts: list[str] = [EVENT_TEXTS.get(picture.kind, "")]
        if self.output & EXTENDED:
            parts.append(f"{FAMILY_NAMES[original.family]:<8} {original.family} ")
        parts.append(f"{name_of(original.proto):<8} {original.proto} ")
        if picture.seconds >= 0:
            parts.append(f"{picture.seconds} ")
        if picture.state:
            state = state_text(entry)
            parts.append(f"{state} " if state else "")
        parts += [tuple_text(original), zone_original]
        if picture.counters:
            parts.append(counts_text(entry, ORIGINAL))
        if not entry.status & SEEN_REPLY:
            parts.append("[UNREPLIED] ")
        parts += [tuple_text(entry.reply), zone_reply]
        if picture.counters:
            parts.append(counts_text(entry, REPLY))
        if entry.status & ASSURED:
            parts.append("[ASSURED] ")
        if picture.mark:
            parts.append(f"mark={entry.mark} ")
        parts.append(zone if zone != "zone=0 " else "")
        if picture.times and entry.started != NEVER:
            parts.append(f"delta-time={self._age(entry)} ")
            if self.output & KTIMESTAMP and picture.moments:
                parts.append(f"[start={self._date(entry.started)}] ")
                if entry.stopped != NEVER:
                    parts.append(f"[stop={self._date(entry.stopped)}] ")
        if picture.helper and entry.helper:
            parts.append(f"helper={entry.helper} ")
        if picture.use >= 0:
            parts.append(f"use={picture.use} ")
        if self.output & ID:
            parts.append(f"id={entry.id} ")
        if picture.labels and self.labels is not None and entry.labels:
            parts.append(f"labels={','.join(self._label_names(entry))} ")
        return "".join(parts).rstrip(" ")

    def _age(self, entry: Connection) -> int:
        """Whole seconds of the wall clock, as the tool counts them."""
        end = entry.stopped if entry.stopped != NEVER else self.now
        return max(0, floor(self._wall(end)) - floor(self._wall(entry.started)))

    def _wall(self, time: float) -> float:
        return self.wall + time - self.now

    def _date(self, time: float) -> str:
        return local_time(self._wall(time), self.offset).strftime("%a %b %e %H:%M:%S %Y")

    def _label_names(self, entry: Connection) -> list[str]:
        names = self.labels or {}
        by_bit = {bit: name for name, bit in names.items()}
        return [by_bit.get(bit, str(bit)) for bit in range(128) if entry.labels >> bit & 1 and bit in by_bit]

    # -- XML

    def _xml(self, picture: Picture) -> str:
        entry = picture.entry
        kind = EVENT_WORDS.get(picture.kind, "")
        head = f'<flow type="{kind}">' if kind else "<flow>"
        first, second = entry.zone_original, entry.zone_reply
        common = first == second
        parts = [
            head,
            self._xml_direction(picture, "original", entry.original, ORIGINAL, 0 if common else first),
            self._xml_direction(picture, "reply", entry.reply, REPLY, 0 if common else second),
            '<meta direction="independent">',
        ]
        number = _state_number(entry)
        if picture.state and number >= 0:
            parts.append(f"<state>{TCP_STATES[number]}</state>")
        if picture.seconds >= 0:
            parts.append(f"<timeout>{picture.seconds}</timeout>")
        if picture.mark:
            parts.append(f"<mark>{entry.mark}</mark>")
        parts.append(self._xml_labels(picture))
        if common and first:
            parts.append(f"<zone>{first}</zone>")
        if picture.use >= 0:
            parts.append(f"<use>{picture.use}</use>")
        parts.append(f"<id>{entry.id}</id>")
        if entry.status & ASSURED:
            parts.append("<assured/>")
        if not entry.status & SEEN_REPLY:
            parts.append("<unreplied/>")
        if picture.times and entry.started != NEVER:
            if self.output & KTIMESTAMP and picture.moments:
                parts.append(self._xml_times(entry))
            parts.append(f"<deltatime>{self._age(entry)}</deltatime>")
        parts.append("</meta>")
        if picture.helper and entry.helper:
            parts.append(f"<helper>{entry.helper}</helper>")
        if self.output & TIMESTAMP and picture.kind:
            parts.append(self._xml_when())
        parts.append("</flow>")
        return "".join(parts)

    def _xml_labels(self, picture: Picture) -> str:
        if not picture.labels or self.labels is None or not picture.entry.labels:
            return ""
        names = "".join(f"<label>{name}</label>" for name in self._label_names(picture.entry))
        return f"<labels>{names}</labels>"

    def _xml_direction(self, picture: Picture, name: str, key: Tuple, direction: int, zone: int) -> str:
        entry = picture.entry
        parts = [
            f'<meta direction="{name}">',
            f'<layer3 protonum="{key.family}" protoname="{FAMILY_NAMES[key.family]}">',
            f"<src>{address_text(key.src, key.family)}</src><dst>{address_text(key.dst, key.family)}</dst></layer3>",
            f'<layer4 protonum="{key.proto}" protoname="{name_of(key.proto)}">{_xml_ports(key)}</layer4>',
        ]
        if zone:
            parts.append(f"<zone>{zone}</zone>")
        if picture.counters and entry.accounting:
            packets, size = entry.packets[direction], entry.bytes[direction]
            parts.append(f"<counters><packets>{packets}</packets><bytes>{size}</bytes></counters>")
        parts.append("</meta>")
        return "".join(parts)

    def _xml_times(self, entry: Connection) -> str:
        stop = f"<stop>{int(self._wall(entry.stopped) * 1e9)}</stop>" if entry.stopped != NEVER else ""
        return f"<timestamp><start>{int(self._wall(entry.started) * 1e9)}</start>{stop}</timestamp>"

    def _xml_when(self) -> str:
        time = local_time(self.wall, self.offset)
        weekday = time.isoweekday() % 7 + 1
        return (
            f"<when><hour>{time.hour}</hour><min>{time.minute:02d}</min><sec>{time.second:02d}</sec>"
            f"<wday>{weekday}</wday><day>{time.day}</day><month>{time.month}</month><year>{time.year}</year></when>"
        )

    def stamped(self) -> bool:
        return self.output & TIMESTAMP != 0 and not self.output & (XML | SAVE)

    def stamp(self) -> str:
        """The time in front of an event (-o timestamp)."""
        return f"[{int(self.wall)}.{int(self.wall % 1 * 1e6):06d}]\t"

    # -- expectations

    def expectation(self, one: Expectation, kind: int = 0) -> str:
        seconds = max(0, int(one.deadline - self.now))
        if self.output & XML:
            return self._xml_expectation(one, seconds, kind)
        key = one.key
        master = one.master.original
        flags = expectation_flags(one)
        parts = [
            EVENT_TEXTS.get(kind, ""),
            f"{seconds} proto={key.proto} ",
            tuple_text(key),
            tuple_text(_mask(one), "mask-"),
            tuple_text(master, "master-"),
            f"zone={one.master.zone_original} " if one.master.zone_original else "",
            flags + " " if flags else "",
            f"class={one.class_number} ",
            f"helper={one.master.helper}" if one.master.helper else "",
        ]
        return "".join(parts).rstrip(" ")

    def _xml_expectation(self, one: Expectation, seconds: int, kind: int) -> str:
        key = one.key
        master = one.master.original
        family = key.family
        word = EVENT_WORDS.get(kind, "")
        sides = (("expected", key), ("mask", _mask(one)), ("master", master))
        layer3 = "".join(
            f"<{name}><src>{address_text(side.src, family)}</src><dst>{address_text(side.dst, family)}</dst></{name}>"
            for name, side in sides
        )
        layer4 = "".join(f"<{name}>{_xml_ports(side)}</{name}>" for name, side in sides)
        helper = f"<helper-name>{one.master.helper}</helper-name>" if one.master.helper else ""
        head = f'<flow type="{word}">' if word else "<flow>"
        return (
            f'{head}<layer3 protonum="{family}" protoname="{FAMILY_NAMES[family]}">{layer3}</layer3>'
            f'<layer4 protonum="{key.proto}" protoname="{name_of(key.proto)}">{layer4}</layer4>'
            f"<meta>{helper}<timeout>{seconds}</timeout><class>{one.class_number}</class></meta></flow>"
        )


def local_time(wall: float, offset: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=wall + offset)


def name_of(proto: int) -> str:
    return "dccp" if proto == DCCP else PROTOCOL_NAMES.get(proto, "unknown")


def tuple_text(key: Tuple, prefix: str = "") -> str:
    ports = "sport=0 dport=0 " if key.proto == DCCP else ports_text(key)
    family = key.family
    return f"{prefix}src={address_text(key.src, family)} {prefix}dst={address_text(key.dst, family)} {ports}"


def _xml_ports(key: Tuple) -> str:
    if key.proto in PORT_TRACKED or key.proto == DCCP:
        return f"<sport>{key.sport}</sport><dport>{key.dport}</dport>"
    if key.proto == GRE:
        return f"<srckey>0x{key.sport:x}</srckey><dstkey>0x{key.dport:x}</dstkey>"
    return ""


def _state_number(entry: Connection) -> int:
    state = entry.state
    if isinstance(state, TcpState):
        return state.number
    if isinstance(state, SctpState):
        return state.number
    return -1


def state_text(entry: Connection) -> str:
    state = entry.state
    if isinstance(state, TcpState):
        return TCP_STATES[state.number]
    if isinstance(state, SctpState):
        return SCTP_STATES[state.number]
    return ""


def save(picture: Picture) -> str:
    """The options that would make this entry again."""
    entry = picture.entry
    original, reply = entry.original, entry.reply
    family = original.family
    words = [picture.saved_as]
    if picture.seconds >= 0:
        words.append(f"-t {picture.seconds}")
    status = [name for bit, name in SAVED_STATUS if entry.status & bit]
    words.append(f"-u {','.join(status) or 'UNSET'}")
    first, second = entry.zone_original, entry.zone_reply
    if first == second:
        if first:
            words.append(f"-w {first}")
    else:
        if first:
            words.append(f"--orig-zone {first}")
        if second:
            words.append(f"--reply-zone {second}")
    words.append(f"-s {address_text(original.src, family)} -d {address_text(original.dst, family)}")
    words.append(f"{'-g' if destination_changed(entry) else '-r'} {address_text(reply.src, family)}")
    words.append(f"{'-n' if source_changed(entry) else '-q'} {address_text(reply.dst, family)}")
    name = name_of(original.proto)
    words.append(f"-p {original.proto if name == 'unknown' else name}")
    words += _saved_protocol(picture, original, reply)
    return " ".join(words)


def _saved_protocol(picture: Picture, original: Tuple, reply: Tuple) -> list[str]:
    proto = original.proto
    words: list[str] = []
    if proto in PORT_TRACKED:
        words.append(f"--sport {original.sport} --dport {original.dport}")
        words.append(f"--reply-port-src {reply.sport} --reply-port-dst {reply.dport}")
    elif proto in (1, 58):
        name = "icmp" if proto == 1 else "icmpv6"
        words.append(f"--{name}-type {original.dport >> 8} --{name}-code {original.dport & 255}")
        words.append(f"--{name}-id {original.sport}")
    elif proto == GRE:
        words.append(f"--srckey {original.sport} --dstkey {original.dport}")
        words.append(f"--reply-key-src {reply.sport} --reply-key-dst {reply.dport}")
    if picture.state:
        state = state_text(picture.entry)
        if state:
            words.append(f"--state {state}")
        sctp = picture.entry.state
        if isinstance(sctp, SctpState) and picture.kind != DESTROY:
            words.append(f"--orig-vtag {tag_as_shown(sctp.tags[0])} --reply-vtag {tag_as_shown(sctp.tags[1])}")
    return words


def _mask(one: Expectation) -> Tuple:
    """What of its tuple has to be equal; the destination always has."""
    key = one.key
    return Tuple(key.family, key.proto, one.src_mask, FULL_MASK[key.family], one.sport_mask, 0xFFFF)
