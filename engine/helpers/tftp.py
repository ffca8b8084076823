"""tftp: the data of a transfer, which the server sends from a new port (UDP).

A read (1) or write (2) request, in either direction, announces a flow from the server, any port, to the client's
address and port. One expectation a flow, 300 s. With NAT it is announced for the translated client and follows the
master.

Source: RFC 1350; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.expectations import Policy
from engine.core.connection import REPLY, Connection
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import UDP
from engine.core.verdict import ACCEPT
from engine.helpers.helper import Helper, Tools, is_translated

POLICY: Final = Policy("", 1, 300)
REQUESTS: Final = (1, 2)


class Tftp(Helper):
    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "tftp", (POLICY,))

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto != UDP or not packet.has(10) or packet.u16(packet.l4 + 8) not in REQUESTS:
            return ACCEPT
        answers = entry.reply
        expectation = self.tools.expectation(entry, POLICY, UDP, answers.src, answers.dst, answers.dport)
        if is_translated(entry):
            self.tools.expect_followed(expectation, REPLY, entry.original.sport)
        if self.tools.expect(expectation):
            return self.drop(context, "cannot add expectation")
        return ACCEPT
