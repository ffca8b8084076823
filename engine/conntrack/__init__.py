"""Connection tracking. The public class is `Conntrack`; TRACKERS lists the protocols that have a file of their own."""

from __future__ import annotations

from typing import Any, Final

from engine.conntrack import snapshot, tracking
from engine.conntrack.expectations import Expectation, Follower, Policy
from engine.conntrack.generic import Generic
from engine.conntrack.gre import Gre
from engine.conntrack.icmp import Icmp
from engine.conntrack.icmpv6 import Icmpv6
from engine.conntrack.sctp import Sctp
from engine.conntrack.settings import Settings
from engine.conntrack.table import Table
from engine.conntrack.tcp import Tcp
from engine.conntrack.tracker import Clock, Tracker
from engine.conntrack.udp import Udp
from engine.conntrack.udplite import UdpLite
from engine.core.context import Shared

# Every other protocol is tracked by `Generic`.
TRACKERS: Final[dict[int, type[Tracker]]] = {
    1: Icmp,
    6: Tcp,
    17: Udp,
    47: Gre,
    58: Icmpv6,
    132: Sctp,
    136: UdpLite,
}


def make_trackers(settings: Settings, clock: Clock) -> list[Tracker]:
    """A tracker for each protocol number."""
    generic: Tracker = Generic(settings, clock)
    trackers = [generic] * 256
    for proto, kind in TRACKERS.items():
        trackers[proto] = kind(settings, clock)
    return trackers


class Conntrack(tracking.Conntrack):
    """Connection tracking with everything it needs; see `engine.conntrack.tracking`."""

    def __init__(self, shared: Shared) -> None:
        settings = Settings()
        table = Table(settings)
        super().__init__(shared, settings, table, make_trackers(settings, table))

    def snapshot(self, now: float) -> dict[str, Any]:
        """Connections, expectations and sysctls as plain values."""
        return snapshot.snapshot(self, now)

    def restore(self, value: Any, now: float) -> None:
        """Go on with the connections of a snapshot; ValueError (and nothing changed) if it is not one."""
        snapshot.restore(self, value, now)

    def resume(self) -> None:
        """The connections have gone on unseen: learn anew what each packet of them tells, as the windows of TCP."""
        for entry in self.table.each():
            self.tracker_of(entry).resume(entry)


__all__ = ["TRACKERS", "Conntrack", "Expectation", "Follower", "Policy"]
