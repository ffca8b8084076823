"""amanda: the data connections of a backup, announced by the backed-up host (UDP).

    CONNECT DATA 5001 MESG 5002 INDEX 5003          one line, in what the server of the flow sends; also STATE

Each port that is named makes an expectation from the flow's client to its server, TCP, from any port; four a flow,
180 s. Every packet of the server keeps the flow for 300 s. With NAT the ports are announced for the translated server
and rewritten when another expectation has them.

Source: the Amanda protocol (amanda-auth(7)); measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.expectations import Policy
from engine.core.connection import ORIGINAL, Connection
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.protocols import TCP, UDP
from engine.core.verdict import ACCEPT
from engine.helpers.helper import Helper, Tools, is_translated

POLICY: Final = Policy("", 4, 180)
MASTER_TIMEOUT: Final = 300
CONNECT: Final = b"CONNECT "
STREAMS: Final = (b"DATA ", b"MESG ", b"INDEX ", b"STATE ")
LONGEST_PORT: Final = 5


class Amanda(Helper):
    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "amanda", (POLICY,))

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto != UDP or context.direction == ORIGINAL:
            return ACCEPT
        self.tools.keep(entry, MASTER_TIMEOUT, context.now)
        payload = bytes(packet.data[packet.l4 + 8 :])
        start = payload.find(CONNECT)
        if start < 0:
            return ACCEPT
        start += len(CONNECT)
        stop = payload.find(b"\n", start)
        if stop < 0:
            return ACCEPT
        verdict = ACCEPT
        translated = is_translated(entry)
        for stream in STREAMS:
            # rewritten ports move what follows
            payload = bytes(packet.data[packet.l4 + 8 :])
            at = payload.find(stream, start, stop)
            if at < 0:
                continue
            at += len(stream)
            length = 0
            text = payload[at : min(at + LONGEST_PORT, stop)]
            while length < len(text) and 0x30 <= text[length] <= 0x39:
                length += 1
            port = int(text[:length] or b"0") & 0xFFFF
            if port == 0:
                break
            one = self._announce(packet, context, entry, at, length, port)
            if translated or one != ACCEPT:
                verdict = one  # rewriting: the last port decides
        return verdict

    def _announce(self, packet: Packet, context: Context, entry: Connection, at: int, length: int, port: int) -> int:
        tools = self.tools
        client = entry.original
        expectation = tools.expectation(entry, POLICY, TCP, client.src, client.dst, port)
        if not is_translated(entry):
            if tools.expect(expectation):
                return self.drop(context, "cannot add expectation")
            return ACCEPT
        tools.expect_followed(expectation, ORIGINAL, port)
        other = tools.expect_near(expectation, port)
        if other == 0:
            return self.drop(context, "all ports in use")
        if not tools.replace(packet, context, at, length, str(other).encode()):
            tools.unexpect(expectation)
            return self.drop(context, "cannot mangle packet")
        return ACCEPT
