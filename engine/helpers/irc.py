"""irc: a direct connection to a client, announced to another client through the server (DCC, TCP, IPv4).

    PRIVMSG whom :\\1DCC SEND file ADDRESS PORT size\\1      also CHAT, MOVE, TSEND, SCHAT

Anybody may then connect to that address and port: the server does not say where the other client is. Eight
expectations a connection, 300 s. Only what the client sends is read; ADDRESS is a decimal number and must be the
client's own address, as it is or as it is translated; PORT is taken modulo 65536 and must not be 0; a line end must
follow. What does not fit passes without an expectation. With NAT address and port are rewritten.

Source: "The Client-To-Client Protocol (CTCP)" (Zeuge, Rollo, Mesander 1994); measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.expectations import Policy
from engine.core.connection import ORIGINAL, REPLY, Connection
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.verdict import ACCEPT
from engine.helpers.helper import ANY, Helper, Tools, is_established, is_translated, payload_bytes

POLICY: Final = Policy("", 8, 300)
COMMANDS: Final = (b"SEND ", b"CHAT ", b"MOVE ", b"TSEND ", b"SCHAT ")
DCC: Final = b"\x01DCC "
BLANKS: Final = b" \r\n"
READ_AT_MOST: Final = 4095  # bytes of a segment

# Bytes that must follow for a message to be complete: as short as it can be
AFTER_BLANKS: Final = 10  # PRIVMSG x
AFTER_NAME: Final = 26  # " :\1DCC SEND t AAAAAAAA P\1\n"
AFTER_COMMAND: Final = 12  # "AAAAAAAA P\1\n"


class Offer:
    """Where the numbers of a DCC message stand and what they are."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.address = 0
        self.port = 0


class Irc(Helper):
    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "irc", (POLICY,))

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto != TCP or context.direction != ORIGINAL or not is_established(context):
            return ACCEPT
        payload = payload_bytes(packet)[:READ_AT_MOST]
        start = find_command(payload)
        if start < 0:
            return ACCEPT
        offer = Offer()
        if not read_offer(payload, start, offer):
            return ACCEPT
        client = entry.reply.dst
        if offer.address not in (entry.original.src, client) or offer.port == 0:
            return ACCEPT  # forged
        tools = self.tools
        expectation = tools.expectation(entry, POLICY, TCP, ANY, client, offer.port)
        if not is_translated(entry):
            if tools.expect(expectation):
                return self.drop(context, "cannot add expectation")
            return ACCEPT
        tools.expect_followed(expectation, REPLY, offer.port)
        port = tools.expect_near(expectation, offer.port)
        if port == 0:
            return self.drop(context, "all ports in use")
        text = f"{client} {port}".encode()
        if not tools.replace_tcp(packet, context, entry, offer.start, offer.end - offer.start, text):
            tools.unexpect(expectation)
            return self.drop(context, "cannot mangle packet")
        return ACCEPT


def find_command(payload: bytes) -> int:
    """Offset behind `... :\\1DCC SEND `, -1 if there is no such message."""
    size = len(payload)
    at = 0
    while at < size - AFTER_BLANKS and payload[at] in BLANKS:
        at += 1
    if at < size - AFTER_BLANKS:
        if payload[at : at + 8].upper() != b"PRIVMSG ":
            return -1
        at += 8
    while at < size - AFTER_NAME:
        if payload[at : at + 2] != b" :":
            at += 1
            continue
        at += 2
        if payload[at : at + 5] != DCC:
            return -1
        at += 5
        for command in COMMANDS:
            if payload[at : at + len(command)] == command:
                return at + len(command)
    return -1


def read_offer(payload: bytes, at: int, offer: Offer) -> bool:
    """The argument, then ADDRESS and PORT; False if they are not there or no line end follows."""
    size = len(payload)
    blank = payload.find(b" ", at)
    if blank < 0 or blank > size - AFTER_COMMAND:
        return False
    at = blank + 1
    if payload.find(b"\n", at) < 0:
        return False
    offer.start = at
    end = _number_end(payload, at)
    offer.address = int(payload[at:end] or b"0") & 0xFFFFFFFF
    at = end
    while at < size and payload[at] == 0x20:
        at += 1
    end = _number_end(payload, at)
    offer.port = int(payload[at:end] or b"0") & 0xFFFF
    offer.end = end
    return True


def _number_end(payload: bytes, at: int) -> int:
    while at < len(payload) and 0x30 <= payload[at] <= 0x39:
        at += 1
    return at
