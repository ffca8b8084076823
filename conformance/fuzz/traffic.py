"""Random steps: conversations that go on, odd packets between them, and what a user does in the middle."""

from __future__ import annotations

import random
from typing import Any

from conformance.fuzz import packets as p
from conformance.fuzz import payloads
from conformance.fuzz.case import Answer, Change, Local, Pass, Send, Set, Step, Tool
from conformance.fuzz.draw import PORTS, Host, World
from conformance.fuzz.rules import Rules

# kind of first packet -> how often
FIRST = {
    "udp": 26, "tcp": 30, "echo": 10, "odd-tcp": 12, "sctp": 4, "dccp": 2, "udplite": 2, "gre": 1, "esp": 1, "ah": 1,
    "proto": 2, "query": 3, "broken": 4, "error": 4, "ftp": 4, "tftp": 2, "multicast": 1,
}  # fmt: skip

TOOLS: tuple[tuple[str, ...], ...] = (
    ("conntrack", "-F"),
    ("conntrack", "-D", "-p", "udp"),
    ("conntrack", "-D", "-p", "tcp"),
    ("conntrack", "-U", "-p", "udp", "-m", "2"),
    ("conntrack", "-D", "-s", "10.0.1.10"),
    ("conntrack", "-D", "-f", "ipv6"),
)

# One second of a short timeout; waiting it out costs the kernel as long as it says.
SHORT = ("udp_timeout", "udp_timeout_stream", "icmp_timeout", "icmpv6_timeout", "generic_timeout",
         "tcp_timeout_syn_sent", "tcp_timeout_established", "sctp_timeout_cookie_wait")  # fmt: skip
SWITCHES = ("tcp_loose", "tcp_be_liberal", "checksum", "acct", "tcp_ignore_invalid_rst", "timestamp")


class Traffic:
    """Random steps of a case. texts: rules of each family that may change in the middle. ports: what packets carry."""

    def __init__(
        self,
        dice: random.Random,
        world: World,
        versions: tuple[int, ...],
        texts: dict[str, str],
        ports: tuple[int, ...] = PORTS,
    ) -> None:
        self.dice = dice
        self.world = world
        self.versions = versions
        self.texts = texts
        self.ports = ports
        self.sent: list[Send] = []
        self.ident = dice.randrange(1, 0xFF00)

    # -- who

    def endpoints(self) -> tuple[Host, str, str]:
        """(sender, its address, a destination that is not its own)."""
        version = self.dice.choice(self.versions)
        sender = self.dice.choice(self.world.hosts)
        own = sender.ipv4 if version == 4 else sender.ipv6
        others = [address for address in self.world.addresses(version) if address != own]
        return sender, own, self.dice.choice(others)

    # -- what

    def extra(self, ipv4: bool) -> dict[str, Any]:
        dice = self.dice
        self.ident += 1
        extra = {"ttl": dice.choice((64, 64, 64, 45, 2, 1)), "tos": dice.choice((0, 0, 0, 0x10, 0x28, 0x01, 0x03))}
        if ipv4:
            extra["ident"] = self.ident
            extra["df"] = dice.choice((0, 0, 1))
        return extra

    def first(self) -> Send:
        """A packet that may begin something."""
        sender, own, peer = self.endpoints()
        kind = self.dice.choices(tuple(FIRST), tuple(FIRST.values()))[0]
        if kind == "multicast" and sender.via != sender.link:
            kind = "udp"  # docs/deviations.md: groups on a bridge
        packet = self.packet(kind, own, peer)
        return Send(sender.name, self.dressed(packet), f"{kind} {own} > {peer}")

    def dressed(self, packet: bytes) -> bytes:
        """Now and then with IPv4 options or IPv6 extension headers."""
        if self.dice.random() > 0.05:
            return packet
        if packet[0] >> 4 == 6:
            return payloads.extended(self.dice, packet)
        return payloads.with_options(packet, self.dice.choice(payloads.IP_OPTIONS)) if packet[0] == 0x45 else packet

    def packet(self, kind: str, own: str, peer: str) -> bytes:
        source, destination = p.address(own), p.address(peer)
        extra = self.extra(len(source) == 4)
        return getattr(self, "_" + kind.replace("-", "_"))(own, source, destination, extra)  # type: ignore[no-any-return]

    def _ports(self) -> tuple[int, int]:
        return self.dice.choice(self.ports), self.dice.choice(self.ports)

    def _udp(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        sport, dport = self._ports()
        data = self.dice.choice((b"query", b"", b"x" * 60, b"some data", b"odd"))
        return p.udp(source, sport, destination, dport, data, **extra)

    def _tcp(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        sport, dport = self._ports()
        options = self.dice.choice(payloads.TCP_OPTIONS)
        flags = self.dice.choice((p.SYN, p.SYN, p.SYN, p.SYN, p.SYN | 0xC0))
        return p.tcp(source, sport, destination, dport, flags, 1000, options=options, **extra)

    def _echo(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        kind = 8 if len(source) == 4 else 128
        return p.icmp(source, destination, kind, 0, self.dice.choice((b"\0\1\0\1", b"\0\2\0\1abc")), **extra)

    def _odd_tcp(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        sport, dport = self._ports()
        dice = self.dice
        flags = dice.choice(
            (0, p.FIN, p.ACK, p.SYN | p.ACK, p.RST, p.RST | p.ACK, p.FIN | p.ACK, 0x29, p.SYN | p.FIN, 63, 0x50, 0x90)
        )
        seq, ack = dice.choice((0, 1000, 1001, 99999)), dice.choice((0, 500_001, 77))
        data, options = dice.choice((b"", b"abc")), dice.choice(payloads.TCP_OPTIONS)
        return p.tcp(source, sport, destination, dport, flags, seq, ack, data, options=options, **extra)

    def _sctp(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        tag, chunks = self.dice.choice(payloads.SCTP_CHUNKS)
        return p.ip(source, destination, p.SCTP, payloads.sctp(*self._ports(), tag, chunks), **extra)

    def _dccp(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        body = payloads.dccp(*self._ports(), self.dice.choice(payloads.DCCP_TYPES), source, destination)
        return p.ip(source, destination, 33, body, **extra)

    def _udplite(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        body = payloads.udplite(*self._ports(), b"light", source, destination)
        return p.ip(source, destination, p.UDPLITE, body, **extra)

    def _gre(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        return p.ip(source, destination, p.GRE, payloads.gre(self.dice), **extra)

    def _esp(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        return p.ip(source, destination, 50, payloads.esp(self.dice), **extra)

    def _ah(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        inner = p.udp(source, 1000, destination, 53, b"signed")[20 if len(source) == 4 else 40 :]
        return p.ip(source, destination, 51, payloads.ah(self.dice, p.UDP, inner), **extra)

    def _proto(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        return p.ip(source, destination, self.dice.choice((50, 89, 47, 132, 253)), b"\0" * 24, **extra)

    def _query(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        number, rest = self.dice.choice(
            ((13, b"\0\1\0\1" + b"\0" * 12), (17, b"\0\1\0\1" + b"\0" * 4), (3, b"\0" * 4 + b"E" * 28))
        )
        return p.icmp(source, destination, number, 0, rest, **extra)

    def _ftp(self, own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        """A line of a control connection that may or may not be there: in step with what `reply` answers."""
        flags = p.PSH | p.ACK
        if self.dice.random() < 0.5:
            data = payloads.ftp(self.dice, own, False)
            return p.tcp(source, self.dice.choice(self.ports), destination, 21, flags, 1001, 500_022, data, **extra)
        data = payloads.ftp(self.dice, own, True)
        return p.tcp(source, 21, destination, self.dice.choice(self.ports), flags, 500_022, 1001, data, **extra)

    def _tftp(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        sport, dport = self._ports()
        return p.udp(source, sport, destination, dport, self.dice.choice(payloads.TFTP), **extra)

    def _multicast(self, _own: str, source: bytes, _destination: bytes, extra: dict[str, Any]) -> bytes:
        group = "224.0.0.251" if len(source) == 4 else "ff02::fb"
        return p.udp(source, 5000, p.address(group), 5000, b"to all", **extra)

    def _error(self, _own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        """An ICMP error about a packet that was sent before, or that never was; sometimes cut very short."""
        about = self.dice.choice(self.sent).packet if self.sent else b""
        if not about or about[0] >> 4 != (4 if len(source) == 4 else 6):
            about = p.udp(destination, 1000, source, 53, b"never sent")
        about = about[: self.dice.choice((8, 20, 24, 28, 40, 48, 60, 200))]
        if len(source) == 4:
            kind, code = self.dice.choice(((3, 0), (3, 1), (3, 4), (11, 0), (11, 1), (12, 0), (4, 0), (5, 1)))
        else:
            kind, code = self.dice.choice(((1, 0), (1, 3), (2, 0), (3, 0), (4, 1)))
        rest = self.dice.choice((b"\0\0\0\0", b"\0\0\5\0")) + about
        return p.icmp(source, destination, kind, code, rest, **extra)

    def _broken(self, own: str, source: bytes, destination: bytes, extra: dict[str, Any]) -> bytes:
        kind = self.dice.choice(("udp", "udp", "tcp", "sctp", "error", "ftp"))
        return self.broken(getattr(self, "_" + kind)(own, source, destination, extra))

    def broken(self, packet: bytes) -> bytes:
        """One byte behind the IP header changed, or the end cut off with the IP length following."""
        start = 20 if packet[0] >> 4 == 4 else 40
        data = bytearray(packet)
        if self.dice.random() < 0.6:
            data[self.dice.randrange(start, len(data))] ^= 1 << self.dice.randrange(8)
            return bytes(data)
        body = bytes(data[start : self.dice.randrange(start, len(data))])
        if start == 20:
            return p.ip(packet[12:16], packet[16:20], packet[9], body, ident=9)
        return p.ip(packet[8:24], packet[24:40], packet[6], body)

    # -- steps

    def steps(self, count: int) -> list[Step]:
        steps: list[Step] = []
        names = [host.name for host in self.world.hosts]
        while len(steps) < count:
            kinds = ("first", "answer", "repeat", "fragments", "local", "event")
            kind = self.dice.choices(kinds, (340, 480, 110, 25, 40, 12))[0]
            if kind == "first" or not self.sent:
                step = self.first()
                self.sent.append(step)
                steps.append(step)
            elif kind == "answer":
                how = self.dice.choices(tuple(p.ANSWERS), tuple(p.ANSWER_WEIGHTS))[0]
                steps.append(Answer(self.dice.choice(names), how))
            elif kind == "repeat":
                steps.append(self.dice.choice(self.sent))
            elif kind == "fragments":
                steps += self.fragmented()
            elif kind == "local":
                steps.append(self.local())
            else:
                steps += self.event()
        return steps

    def local(self) -> Local:
        """A packet of the firewall itself."""
        version = self.dice.choice(self.versions)
        own = self.dice.choice(list((self.world.firewall4 if version == 4 else self.world.firewall6).values()))
        peer = self.dice.choice(self.world.host_addresses(version))
        kind = self.dice.choice(("udp", "udp", "tcp", "echo", "odd-tcp"))
        packet = self.packet(kind, own, peer)
        return Local(packet, f"local {kind} {own} > {peer}")

    def fragmented(self) -> list[Step]:
        """A packet in pieces: out of order, one missing, one twice, one changed, overlapping, or tiny."""
        sender, own, peer = self.endpoints()
        dice = self.dice
        whole = p.udp(p.address(own), 5000, p.address(peer), 53, b"f" * dice.choice((600, 600, 40)))
        if dice.random() < 0.3:
            whole = p.tcp(p.address(own), 5000, p.address(peer), 80, p.SYN, 1000, options=payloads.TCP_OPTIONS[2])
        self.ident += 1
        size = dice.choice((256, 256, 8, 16, 24)) if len(whole) < 200 else dice.choice((256, 256, 512, 128))
        pieces = p.fragments(whole, size, self.ident)
        how = dice.choice(("plain", "plain", "shuffled", "shuffled", "lost", "twice", "overlap", "longer"))
        if how != "plain":
            dice.shuffle(pieces)
        if how == "lost":
            pieces.pop()
        elif how == "twice":
            pieces.insert(dice.randrange(len(pieces)), dice.choice(pieces))
        elif how == "overlap":
            other = p.fragments(whole, size + 8, self.ident)
            pieces.insert(dice.randrange(len(pieces)), dice.choice(other))
        elif how == "longer":
            pieces.append(p.fragments(whole + b"more" * 8, size, self.ident)[-1])
        return [Send(sender.name, piece, f"fragment ({how}) {own} > {peer}") for piece in pieces]

    def event(self) -> list[Step]:
        """Something that is no packet: rules change, connections are deleted, a setting changes, time goes by."""
        kind = self.dice.choices(("change", "tool", "set", "wait"), (40, 30, 30, 1))[0]
        if kind == "change" and self.texts:
            family = self.dice.choice(list(self.texts))
            rules = Rules(self.dice, self.world, 4 if family == "ipv4" else 6)
            self.texts[family] = rules.changed(self.texts[family])
            return [Change(family, self.texts[family])]
        if kind == "set":
            return [Set(f"net.netfilter.nf_conntrack_{self.dice.choice(SWITCHES)}", str(self.dice.choice((0, 1))))]
        if kind == "wait":
            name = self.dice.choice(SHORT)
            return [Set(f"net.netfilter.nf_conntrack_{name}", "1"), self.first(), Pass(2.1)]
        return [Tool(self.dice.choice(TOOLS))]
