"""sane: the data connection of a network scanner (TCP). It is not translated.

The client's request NET_START (code 7, eight bytes) makes the server's next answer interesting: status 0, a zero, and
the port to which the client will connect. One expectation a connection, 300 s.

Source: SANE standard 1.0, section 5.2 (network protocol); measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.expectations import Policy
from engine.core.connection import ORIGINAL, Connection
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.verdict import ACCEPT
from engine.helpers.helper import Helper, Tools, is_established, payload_bytes

POLICY: Final = Policy("", 1, 300)
NET_START: Final = b"\0\0\0\x07"
SUCCESS: Final = b"\0\0\0\0\0\0"  # status and a word that is always zero
SIZE: Final = 8


class Sane(Helper):
    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "sane", (POLICY,))

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto != TCP or not is_established(context):
            return ACCEPT
        payload = payload_bytes(packet)
        if not payload:
            return ACCEPT
        data = entry.helper_data
        if context.direction == ORIGINAL:
            if len(payload) == SIZE:
                data["starting"] = 1 if payload[:4] == NET_START else 0
            return ACCEPT
        if not data.get("starting"):
            return ACCEPT
        data["starting"] = 0
        if len(payload) < SIZE or payload[:6] != SUCCESS:
            return ACCEPT
        client = entry.original
        port = payload[6] << 8 | payload[7]
        if self.tools.expect(self.tools.expectation(entry, POLICY, TCP, client.src, client.dst, port)):
            return self.drop(context, "cannot add expectation")
        return ACCEPT
