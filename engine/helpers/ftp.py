"""ftp: the data connection announced on a control connection (TCP).

    who says        what                                expected
    client          PORT h1,h2,h3,h4,p1,p2              server -> that address and port
    client          EPRT |1|address|port|               server -> that address and port ("2": IPv6)
    server          227 ... h1,h2,h3,h4,p1,p2           client -> that address and port
    server          229 ... (|||port|)                  client -> the server, that port

Source ports are free, and expectations last 300 s, one for each control connection: a new one takes the place of the
old. What is looked at:

 - only segments that begin where a line ended (the last two line ends of each direction are remembered). So the first
   line of each direction is never read, and nothing behind the first line of a segment.
 - letter case does not matter, and any word that begins with PORT or EPRT will do; numbers are not checked: 999 is
   taken modulo 256 with a carry into its neighbour, ports may be privileged or 0.
 - a line that begins like one of these but cannot be read to its end (cut by the segment, malformed) is dropped.
 - an address other than the sender's own makes no expectation; the line passes.

With NAT the address and port are rewritten as the other side must see them; if another expectation has that port, a
later one is drawn.

Source: RFC 959, RFC 1123 4.1.2.6, RFC 2428; measured on Linux 6.18.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Final

from engine.conntrack.expectations import Expectation, Policy
from engine.conntrack.tcp_window import before
from engine.core.addresses import address_text
from engine.core.connection import ORIGINAL, Connection
from engine.core.context import Context
from engine.core.gathering import gather
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.verdict import ACCEPT
from engine.helpers.helper import Helper, Tools, is_established, is_translated, payload_bytes
from engine.helpers.numeric import NONE, read_ipv6

POLICY: Final = Policy("", 1, 300)
MASK: Final = 0xFFFFFFFF

PORT: Final = 0
EPRT: Final = 1
PASV: Final = 2
EPSV: Final = 3

WORDS: Final = ("PORT", "EPRT", "227 ", "229 ")
OF_CLIENT: Final = (PORT, EPRT)
OF_SERVER: Final = (PASV, EPSV)

# Answers of `read_line`
NOTHING: Final = 0
PARTIAL: Final = 1
FOUND: Final = 2

COMMA: Final = 0x2C
DOT: Final = 0x2E
CARRIAGE_RETURN: Final = 0x0D
ANY_END: Final = -1


class Command:
    """What a line says: its kind, where its numbers stand in the payload, address (0: none given) and port."""

    def __init__(self) -> None:
        self.kind = PORT
        self.start = 0
        self.length = 0
        self.has_address = False
        self.address = 0
        self.port = 0


class Ftp(Helper):
    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "ftp", (POLICY,))

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto != TCP or not is_established(context):
            return ACCEPT
        gather(packet, context)
        payload = payload_bytes(packet)
        if not payload:
            return ACCEPT
        direction = context.direction
        seq = packet.u32(packet.l4 + 4)
        verdict = ACCEPT
        if _begins_line(entry, direction, seq):
            command = Command()
            result = read_line(
                payload, OF_CLIENT if direction == ORIGINAL else OF_SERVER, entry.original.family, command
            )
            if result == PARTIAL:
                return self.drop(context, f"partial matching of `{WORDS[command.kind]}'")
            if result == FOUND:
                verdict = self._announce(packet, context, entry, command)
        if payload[-1] == 0x0A:
            _note_line_end(entry, direction, (seq + len(payload)) & MASK)
        return verdict

    def _announce(self, packet: Packet, context: Context, entry: Connection, command: Command) -> int:
        direction = context.direction
        speaker = entry.tuple_of(direction)
        other = entry.tuple_of(1 - direction)
        if command.has_address and command.address != speaker.src:
            return ACCEPT  # somebody else's address: no hole for him
        tools = self.tools
        expectation = tools.expectation(entry, POLICY, TCP, other.src, other.dst, command.port)
        if is_translated(entry):
            return self._announce_translated(packet, context, entry, command, expectation)
        if tools.expect(expectation):
            return self.drop(context, "cannot add expectation")
        return ACCEPT

    def _announce_translated(
        self, packet: Packet, context: Context, entry: Connection, command: Command, expectation: Expectation
    ) -> int:
        tools = self.tools
        direction = context.direction
        tools.expect_followed(expectation, 1 - direction, command.port)
        port = tools.expect_near(expectation, command.port)
        if port == 0:
            return self.drop(context, "all ports in use")
        text = write_command(command.kind, entry.tuple_of(1 - direction).dst, port, entry.original.family)
        if not tools.replace_tcp(packet, context, entry, command.start, command.length, text):
            tools.unexpect(expectation)
            return self.drop(context, "cannot mangle packet")
        return ACCEPT


def write_command(kind: int, address: int, port: int, family: int) -> bytes:
    """Address and port as they stand in the line of this kind."""
    if kind == EPSV:
        return f"|||{port}|".encode()
    if kind == EPRT:
        if family == IPV4:
            return f"|1|{address_text(address, IPV4)}|{port}|".encode()
        return f"|2|{IPv6Address(address).exploded}|{port}|".encode()
    text = address_text(address & MASK, IPV4).replace(".", ",")
    return f"{text},{port >> 8},{port & 255}".encode()


# -- where lines begin


def _begins_line(entry: Connection, direction: int, seq: int) -> bool:
    data = entry.helper_data
    return any(data.get(f"line{direction}{index}") == seq for index in range(2))


def _note_line_end(entry: Connection, direction: int, seq: int) -> None:
    """Remember the two latest ends of lines."""
    data = entry.helper_data
    names = (f"line{direction}0", f"line{direction}1")
    if seq in (data.get(names[0]), data.get(names[1])):
        return
    for name in names:
        if name not in data:
            data[name] = seq
            return
    oldest = names[0] if before(data[names[0]], data[names[1]]) else names[1]
    if before(data[oldest], seq):
        data[oldest] = seq


# -- reading


def read_line(payload: bytes, kinds: tuple[int, ...], family: int, command: Command) -> int:
    """Is the payload one of these commands? NOTHING, PARTIAL (it begins like one) or FOUND (command is filled)."""
    for kind in kinds:
        command.kind = kind
        result = _read(payload, kind, family, command)
        if result != NOTHING:
            return result
    return NOTHING


def _read(payload: bytes, kind: int, family: int, command: Command) -> int:
    word = WORDS[kind]
    beginning = payload[: len(word)].decode("latin-1").upper()
    if len(payload) <= len(word):
        return PARTIAL if word.startswith(beginning) else NOTHING
    if beginning != word:
        return NOTHING
    start = len(word)
    if kind != PASV:
        start = payload.find(b"(" if kind == EPSV else b" ", start) + 1
        # a last byte that is the blank or bracket itself leaves nothing behind it to read
        if start == 0:
            return PARTIAL
    command.start = start
    if kind == PORT:
        length = _six_numbers(payload, start, CARRIAGE_RETURN, command)
    elif kind == PASV:
        length = _passive(payload, start, command)
    elif kind == EPRT:
        length = _extended_port(payload, start, family, command)
    else:
        length = _extended_passive(payload, start, command)
    command.length = length
    return FOUND if length else PARTIAL


def _is_digit(byte: int) -> bool:
    return 0x30 <= byte <= 0x39


def read_numbers(payload: bytes, start: int, count: int, separator: int, end: int, numbers: list[int]) -> int:
    """Exactly `count` numbers, then `end` (ANY_END: anything that is no digit or separator). Their length, 0: no."""
    numbers.clear()
    value = 0
    for at in range(start, len(payload)):
        byte = payload[at]
        if _is_digit(byte):
            value = (value * 10 + byte - 0x30) & MASK
        elif byte == separator:
            numbers.append(value)
            value = 0
            if len(numbers) == count:
                return 0
        else:
            numbers.append(value)
            complete = len(numbers) == count and (end in (byte, ANY_END))
            return at - start if complete else 0
    return 0


def _six_numbers(payload: bytes, start: int, end: int, command: Command) -> int:
    numbers: list[int] = []
    length = read_numbers(payload, start, 6, COMMA, end, numbers)
    if length:
        command.has_address = True
        command.address = (numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3]) & MASK
        command.port = (numbers[4] << 8 | numbers[5]) & 0xFFFF
    return length


def _passive(payload: bytes, start: int, command: Command) -> int:
    """The first digit begins the numbers, bracket or not."""
    while start < len(payload) and not _is_digit(payload[start]):
        start += 1
    command.start = start
    return _six_numbers(payload, start, ANY_END, command)


def _is_delimiter(byte: int) -> bool:
    return 33 <= byte <= 126 and not _is_digit(byte)


def _port(payload: bytes, start: int, at: int, delimiter: int, command: Command) -> int:
    """A port and the delimiter behind it; the length from `start` to behind that, 0: no."""
    port = 0
    while at < len(payload):
        byte = payload[at]
        if byte == delimiter:
            command.port = port
            return at + 1 - start if port else 0
        if not _is_digit(byte):
            return 0
        port = (port * 10 + byte - 0x30) & 0xFFFF
        at += 1
    return 0


def _extended_port(payload: bytes, start: int, family: int, command: Command) -> int:
    if len(payload) - start <= 3:
        return 0
    delimiter = payload[start]
    if not _is_delimiter(delimiter) or payload[start + 2] != delimiter:
        return 0
    if payload[start + 1] != (0x31 if family == IPV4 else 0x32):
        return 0
    at = start + 3
    if family == IPV4:
        numbers: list[int] = []
        length = read_numbers(payload, at, 4, DOT, delimiter, numbers)
        if length:
            command.address = (numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3]) & MASK
    else:
        length = _ipv6(payload, at, delimiter, command)
    if not length:
        return 0
    command.has_address = True
    return _port(payload, start, at + length + 1, delimiter, command)


def _ipv6(payload: bytes, start: int, delimiter: int, command: Command) -> int:
    end = payload.find(bytes((delimiter,)), start)
    if end < 0:
        return 0
    address = read_ipv6(payload[start:end])
    if address == NONE:
        return 0
    command.address = address
    return end - start


def _extended_passive(payload: bytes, start: int, command: Command) -> int:
    if len(payload) - start <= 3:
        return 0
    delimiter = payload[start]
    if not _is_delimiter(delimiter) or payload[start + 1] != delimiter or payload[start + 2] != delimiter:
        return 0
    return _port(payload, start, start + 3, delimiter, command)
