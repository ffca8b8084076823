"""generic: every protocol without a tracker of its own. Addresses alone tell flows apart; 600 s.

DCCP belongs here too: Linux 6.18 has no tracker for it any more.
Source: kernel Documentation/networking/nf_conntrack-sysctl.rst; measured on Linux 6.18.
"""

from __future__ import annotations

from engine.conntrack.settings import Settings
from engine.conntrack.tracker import Clock, Tracker
from engine.core.connection import Connection
from engine.core.context import Context
from engine.core.packet import Packet
from engine.core.verdict import ACCEPT


class Generic(Tracker):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.allow_clash = True
        self.timeouts = settings.generic

    def packet(self, entry: Connection, packet: Packet, direction: int, confirmed: bool, context: Context) -> int:
        self.clock.refresh(entry, self.timeouts[0], packet, direction, context.now)
        return ACCEPT
