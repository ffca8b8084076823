"""Plays: a few packets one after the other, and what each of several rules says of each of them.

    == NAME, in TABLE CHAIN[, IPv6]
    with RULE                   a rule beforehand, as a command: `-t nat -A POSTROUTING ...`
    > PACKET                    a packet through the router of `nat_world.py`
    wait SECONDS
    RULE | +-+                  the rules of the chain under test in their order, and what they say of each packet

A packet is `KIND LAN > WAN ...`, or `KIND LAN < WAN ...` for one that comes back. LAN and WAN are `HOST:PORT`; a HOST
is the last number of an address (`2`: 10.0.1.2 on the left, 10.0.2.2 on the right, or fd00:1::2 and fd00:2::2), or a
whole address in brackets. Kinds:

    udp 2:1000 > 9:53 [BYTES]                    payload bytes, 1 unless said
    tcp 2:1000 > 9:22 FLAGS SEQ ACK [BYTES]      payload bytes, 0 unless said
    say 2:1000 > 9:21 SEQ ACK TEXT               TCP with this payload and a line's end
    ping 2 > 9, pong 2 < 9
    unreachable 2:1000 < 9:53                    an ICMP error about the UDP packet of that flow
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Protocol

import nat_packets as p

TEXT_SIDES = {">": 0, "<": 1}


@dataclass
class Row:
    rule: str
    says: str


@dataclass
class Play:
    name: str
    table: str
    chain: str
    is_ipv6: bool
    before: list[str] = field(default_factory=list)
    steps: list[str | float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def __str__(self) -> str:
        return self.name

    def commands(self) -> list[str]:
        return [*self.before, *(f"-t {self.table} -A {self.chain} {row.rule}".strip() for row in self.rows)]


class Stage(Protocol):
    """Where a play can be given: the engine, or the kernel."""

    def load(self, play: Play) -> None: ...

    def send(self, leg: str, data: bytes) -> None: ...

    def advance(self, seconds: float) -> None: ...

    def counts(self, play: Play) -> list[int]:
        """Packets that each rule under test has matched."""
        ...


def read(text: str) -> list[Play]:
    plays: list[Play] = []
    for line in text.strip().split("\n"):
        if line.startswith("== "):
            name, place, *rest = line[3:].split(", ")
            table, chain = place.removeprefix("in ").split()
            plays.append(Play(name, table, chain, rest == ["IPv6"]))
        elif line.startswith("with "):
            plays[-1].before.append(line[5:])
        elif line.startswith("> "):
            plays[-1].steps.append(line[2:])
        elif line.startswith("wait "):
            plays[-1].steps.append(float(line[5:]))
        elif line.strip() and not line.startswith("#"):
            rule, _bar, says = line.rpartition("|")
            plays[-1].rows.append(Row(rule.strip(), says.strip()))
    return plays


def perform(play: Play, stage: Stage) -> list[str]:
    """What each rule says, as in `Row.says`."""
    stage.load(play)
    said = ["" for _row in play.rows]
    before = stage.counts(play)
    for step in play.steps:
        if isinstance(step, float):
            stage.advance(step)
            continue
        stage.send(*packet(step, play.is_ipv6))
        after = stage.counts(play)
        said = [text + "-+"[now > then] for text, then, now in zip(said, before, after, strict=True)]
        before = after
    return said


def packet(text: str, is_ipv6: bool) -> tuple[str, bytes]:
    """(leg it comes in by, bytes)."""
    kind, left, arrow, right, *rest = text.split(" ")
    side = TEXT_SIDES[arrow]
    ends = (_end(left, 1, is_ipv6), _end(right, 2, is_ipv6))
    (src, sport), (dst, dport) = ends[side], ends[1 - side]
    leg = ("lan", "wan")[side]
    if kind == "udp":
        return leg, p.udp(src, dst, sport, dport, b"x" * int(rest[0] if rest else 1))
    if kind == "tcp":
        flags, seq, ack, *size = rest
        data = b"x" * int(size[0] if size else 0)
        return leg, p.tcp(src, dst, sport, dport, flags, int(seq), int(ack), data)
    if kind == "say":
        seq, ack, *words = rest
        data = " ".join(words).encode() + b"\r\n"
        return leg, p.tcp(src, dst, sport, dport, "PA", int(seq), int(ack), data)
    if kind in ("ping", "pong"):
        return leg, p.echo(src, dst, reply=kind == "pong")
    if kind == "unreachable":
        return leg, p.error(src, p.udp(dst, src, dport, sport))
    raise ValueError(f"no kind of packet: {text}")


def _end(text: str, net: int, is_ipv6: bool) -> tuple[str, int]:
    """(address, port) of one end."""
    if text.startswith("["):
        host, _bracket, port = text[1:].partition("]")
        host = str(ipaddress.ip_address(host))
        port = port.removeprefix(":")
    else:
        number, _colon, port = text.partition(":")
        host = f"fd00:{net}::{int(number):x}" if is_ipv6 else f"10.0.{net}.{number}"
    return host, int(port or 0)
