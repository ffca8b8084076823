"""Two ends that talk through the firewall, each as strict as a real one.

A TCP end takes only the byte it waits for and checks that what it is told was acknowledged is what it has sent: so
wrong sequence numbers after a rewritten payload show at once. `say` gives what the other end heard, None if the
firewall swallowed it (the line then counts as not sent).
"""

from __future__ import annotations

from typing import Protocol

from nat_packets import Read, tcp, udp


class Wire(Protocol):
    """What a firewall under test can do: `nat_world.World`, or a kernel in a namespace."""

    def ipt(self, *commands: str) -> None: ...
    def ip6t(self, *commands: str) -> None: ...
    def send(self, leg: str, data: bytes) -> None: ...
    def take(self, leg: str) -> list[bytes]: ...
    def exp(self) -> list[str]: ...


CLIENT = {4: "10.0.1.2", 6: "fd00:1::2"}
SERVER = {4: "10.0.2.9", 6: "fd00:2::9"}
OUTSIDE = {4: "10.0.2.7", 6: "fd00:2::7"}  # the client as the server sees it, with source NAT
PUBLIC = {4: "10.0.2.20", 6: "fd00:2::14"}  # the server as the client sees it, with destination NAT

SNAT = "-t nat -A POSTROUTING -o wan -j SNAT --to-source {}"
DNAT = "-t nat -A PREROUTING -i lan -d {} -j DNAT --to-destination {}"
HELPER = "-t raw -A PREROUTING -p {} --dport {} -j CT --helper {}"
NO_INVALID = "-A FORWARD -m conntrack --ctstate INVALID -j DROP"


class End:
    """One end as the wire in front of it shows it: own address and port, and the other's."""

    def __init__(self, leg: str, own: tuple[str, int], other: tuple[str, int], seq: int) -> None:
        self.leg = leg
        self.own = own
        self.other = other
        self.sent = seq  # next sequence number
        self.heard = 0  # next byte it waits for


class Conversation:
    """A client on the lan talks to a server on the wan. nat: "none", "snat", "dnat" or "both"."""

    def __init__(
        self,
        wire: Wire,
        helper: str,
        proto: str,
        port: int,
        nat: str = "none",
        version: int = 4,
        sport: int = 1000,
        server_port: int = 0,
    ) -> None:
        """port: as the client sees it; server_port: if it is another one behind the firewall."""
        self.wire = wire
        self.tcp = proto == "tcp"
        self.port = 0  # to which the last datagram went; a helper may choose another one
        rules = [NO_INVALID]
        if helper:
            rules.append(HELPER.format(proto, port, helper))
        seen_client, seen_server = CLIENT[version], SERVER[version]
        if nat in ("snat", "both"):
            seen_client = OUTSIDE[version]
            rules.append(SNAT.format(seen_client))
        if nat in ("dnat", "both"):
            seen_server = PUBLIC[version]
            rules.append(DNAT.format(seen_server, SERVER[version]))
        (wire.ipt if version == 4 else wire.ip6t)(*rules)
        self.client = End("lan", (CLIENT[version], sport), (seen_server, port), 1000)
        self.server = End("wan", (SERVER[version], server_port or port), (seen_client, sport), 5000)
        if self.tcp:
            self._open()

    def _other(self, end: End) -> End:
        return self.server if end is self.client else self.client

    def _open(self) -> None:
        """The three-way handshake."""
        client, server = self.client, self.server
        self.wire.send("lan", tcp(*self._ends(client), "S", client.sent))
        syn = Read(self.wire.take("wan")[0])
        client.sent += 1
        server.heard = syn.seq + 1
        self.wire.send("wan", tcp(*self._ends(server), "SA", server.sent, server.heard))
        answer = Read(self.wire.take("lan")[0])
        server.sent += 1
        client.heard = answer.seq + 1
        self.wire.send("lan", tcp(*self._ends(client), "A", client.sent, client.heard))
        self.wire.take("wan")

    def _ends(self, end: End) -> tuple[str, str, int, int]:
        return end.own[0], end.other[0], end.own[1], end.other[1]

    def segment(self, end: End, data: bytes, seq: int | None = None) -> bytes:
        """A segment with data, as `end` would send it (again, with an older `seq`)."""
        return tcp(*self._ends(end), "PA", end.sent if seq is None else seq, end.heard, data)

    def say(self, end: End, data: bytes) -> bytes | None:
        other = self._other(end)
        self.wire.take(end.leg)  # what came of other packets
        self.wire.take(other.leg)
        self.wire.send(end.leg, self.segment(end, data) if self.tcp else udp(*self._ends(end), data))
        arrived = self.wire.take(other.leg)
        if not arrived:
            return None
        assert len(arrived) == 1, arrived
        got = Read(arrived[0])
        assert (got.src, got.dst) == (other.other[0], other.own[0]), got.ends
        self.port = got.dport
        if not self.tcp:
            return got.data
        assert got.dport == other.own[1], got.ends
        assert got.seq == other.heard & 0xFFFFFFFF, f"sequence number {got.seq}, {other.heard} is awaited"
        assert got.ack == other.sent & 0xFFFFFFFF, f"{got.ack} acknowledged, {other.sent} was sent"
        end.sent = end.sent + len(data) & 0xFFFFFFFF
        other.heard = other.heard + len(got.data) & 0xFFFFFFFF
        return got.data

    def from_client(self, data: bytes) -> bytes | None:
        return self.say(self.client, data)

    def from_server(self, data: bytes) -> bytes | None:
        return self.say(self.server, data)

    def expected(self) -> list[str]:
        """/proc/net/nf_conntrack_expect without its first column, sorted."""
        return sorted(line.split(None, 1)[1] for line in self.wire.exp())
