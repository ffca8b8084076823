"""Helpers: what reads payloads to know the connections that will follow. One file each; this is the list of them.

A connection gets a helper by `-t raw -j CT --helper NAME`. At the last hook of a packet, before its entry is confirmed:

    join      SYNPROXY ties the client's handshake to the server's (synproxy.py)
    help      the helper reads the payload, announces connections, rewrites addresses when the connection is translated
    adjust    TCP numbers are moved by what rewriting has changed so far (sequence.py)

h323's helpers (RAS, Q.931, H.245) and snmp_trap are known by name and do nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.conntrack.table import HelperEnd
from engine.conntrack.tracking import Conntrack
from engine.core.connection import CT_RELATED_REPLY, SEQ_ADJUST, Connection
from engine.core.context import Context, Shared
from engine.core.hooks import INPUT
from engine.core.packet import Packet
from engine.core.verdict import ACCEPT, DROP
from engine.helpers.amanda import Amanda
from engine.helpers.broadcast import netbios_ns, snmp
from engine.helpers.ftp import Ftp
from engine.helpers.helper import Helper, Tools
from engine.helpers.irc import Irc
from engine.helpers.pptp import Pptp
from engine.helpers.sane import Sane
from engine.helpers.sequence import adjust
from engine.helpers.sip import Sip
from engine.helpers.synproxy import join
from engine.helpers.tftp import Tftp
from engine.nat import Nat

NAMES: Final[dict[str, Callable[[Tools], Helper]]] = {
    "amanda": Amanda,
    "ftp": Ftp,
    "irc": Irc,
    "netbios-ns": netbios_ns,
    "pptp": Pptp,
    "sane": Sane,
    "sip": Sip,
    "snmp": snmp,
    "tftp": Tftp,
}


class Helpers(HelperEnd):
    def __init__(self, conntrack: Conntrack, nat: Nat, shared: Shared) -> None:
        self.conntrack = conntrack
        self.tools = Tools(conntrack, nat, shared)
        self.by_name: dict[str, Helper] = {name: make(self.tools) for name, make in NAMES.items()}
        for name, helper in self.by_name.items():
            conntrack.policies[name] = list(helper.policies)
        conntrack.table.helper_end = self

    def step(self, packet: Packet, context: Context) -> int:
        """One packet at its last hook: ACCEPT or DROP."""
        entry = context.entry
        if entry is None:
            return ACCEPT
        if entry.proxied is not None and context.ctinfo != CT_RELATED_REPLY:
            verdict = join(packet, context, entry, entry.proxied)
            if verdict != ACCEPT:
                return verdict
        # a packet that comes back through loopback was adjusted on its way out
        adjusting = entry.status & SEQ_ADJUST != 0 and not (context.hook == INPUT and context.indev == "lo")
        if not adjusting and not entry.helper:
            return ACCEPT
        if context.ctinfo == CT_RELATED_REPLY or packet.fragment_offset or packet.proto != entry.original.proto:
            return ACCEPT  # an ICMP error
        if entry.helper:
            verdict = self.help(packet, context, entry)
            if verdict != ACCEPT:
                return verdict
        if adjusting and not adjust(packet, context, entry, context.direction):
            self.conntrack.table.statistics.drop += 1
            context.reason = "TCP options too broken to adjust sequence numbers"
            return DROP
        return ACCEPT

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        helper = self.by_name.get(entry.helper)
        return ACCEPT if helper is None else helper.help(packet, context, entry)

    def ended(self, entry: Connection, now: float) -> None:
        helper = self.by_name.get(entry.helper)
        if helper is not None:
            helper.ended(entry, now)


__all__ = ["NAMES", "Helpers"]
