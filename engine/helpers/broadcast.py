"""netbios-ns, snmp: answers to a question that this machine broadcast (UDP, IPv4).

A question sent to the broadcast address of the interface (what `ip addr` shows behind "brd") announces answers from
any host of that network, from the service's port, to the asking port. The expectation is permanent: every host may
answer. It and the entry last 3 s for netbios-ns and 30 s for snmp, from the last question on. Forwarded packets are not
looked at.

Source: RFC 1002 (name service), RFC 3417; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.expectations import PERMANENT, Expectation, Policy
from engine.core.connection import ORIGINAL, Connection, Tuple
from engine.core.context import Context
from engine.core.hooks import IPV4, POSTROUTING
from engine.core.packet import Packet
from engine.core.protocols import UDP
from engine.core.verdict import ACCEPT
from engine.helpers.helper import Helper, Tools

NETBIOS_PORT: Final = 137
NETBIOS_TIMEOUT: Final = 3
SNMP_PORT: Final = 161
SNMP_TIMEOUT: Final = 30


class Broadcast(Helper):
    def __init__(self, tools: Tools, name: str, port: int, timeout: int) -> None:
        self.policy = Policy("", 1, timeout)
        super().__init__(tools, name, (self.policy,))
        self.port = port
        self.timeout = timeout

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto != UDP or not context.local or context.hook != POSTROUTING or context.direction != ORIGINAL:
            return ACCEPT
        length = self.tools.broadcast_prefix(context.outdev, packet.dst)
        if length < 0:
            return ACCEPT
        answers = entry.reply
        key = Tuple(IPV4, UDP, answers.src, answers.dst, self.port, answers.dport)
        mask = 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF
        expectation = Expectation(entry, key, mask, 0xFFFF, self.policy, 0, PERMANENT)
        self.tools.expect(expectation)
        self.tools.keep(entry, self.timeout, context.now)
        return ACCEPT


def netbios_ns(tools: Tools) -> Helper:
    return Broadcast(tools, "netbios-ns", NETBIOS_PORT, NETBIOS_TIMEOUT)


def snmp(tools: Tools) -> Helper:
    return Broadcast(tools, "snmp", SNMP_PORT, SNMP_TIMEOUT)
