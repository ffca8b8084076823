"""socket: is there a local socket for this packet?

    -m socket [--transparent] [--nowildcard] [--restore-skmark]

Matches when an open socket would take the packet: an established connection, a bound UDP socket or a listener. Sockets
bound to any address do not count, unless --nowildcard. --transparent: only sockets with IP_TRANSPARENT count.
--restore-skmark: a match gives the packet the mark of the socket. Looks at TCP and UDP, and at what ICMP errors quote
of them; a packet that TPROXY gave to a socket has that one. Only in PREROUTING and INPUT. While a rule has it,
fragments of its family are put together, tracked or not.

Kernel peer: xt_socket revision 3. Source: iptables-extensions(8) socket; kernel Documentation/networking/tproxy.rst.
"""

from __future__ import annotations

from typing import Final

from engine.core.connection import CT_ESTABLISHED_REPLY, SRC_NAT_DONE, Tuple
from engine.core.context import Context
from engine.core.extension import IN, PRE, Extension, Match, Option, Spec
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import ICMP, ICMP_ERRORS, ICMPV6, TCP, UDP
from engine.core.values import Values

FLAGS: Final = ("transparent", "nowildcard", "restore-skmark")


class Socket(Match):
    def __init__(self, flags: list[str]) -> None:
        self.flags = flags
        self.transparent = "transparent" in flags
        self.nowildcard = "nowildcard" in flags
        self.restores = "restore-skmark" in flags

    def matches(self, packet: Packet, context: Context) -> bool:
        found = context.socket  # TPROXY found it already
        if found is None:
            key = local_tuple(packet, context)
            found = context.shared.environment.socket(key, context.indev) if key is not None else None
        if found is None:
            return False
        if found.wildcard and not self.nowildcard:
            return False
        if self.transparent and not found.transparent:
            return False
        if self.restores:
            context.mark = found.mark
        return True

    def save(self) -> str:
        return " ".join([f"--{flag}" for flag in self.flags])

    def listing(self, numeric: bool) -> str:
        return " ".join(["socket", *[f"--{flag}" for flag in self.flags]])


def local_tuple(packet: Packet, context: Context) -> Tuple | None:
    """Addresses and ports as the socket knows them, from the remote end to here; None for what has no socket."""
    if packet.fragment_offset:
        return None
    if packet.proto in (TCP, UDP):
        if not packet.has(8):
            return None
        dst, dport = packet.dst, packet.dport
        entry = context.entry
        if entry is not None and context.ctinfo == CT_ESTABLISHED_REPLY and entry.status & SRC_NAT_DONE:
            dst, dport = entry.original.src, entry.original.sport
        return Tuple(packet.family, packet.proto, packet.src, dst, packet.sport, dport)
    if packet.proto in (ICMP, ICMPV6):
        return quoted_tuple(packet)
    return None


def quoted_tuple(packet: Packet) -> Tuple | None:
    """The TCP or UDP packet that an ICMP error is about was sent from here: its source is the local end."""
    at = packet.l4
    if at + 8 > len(packet.data):
        return None
    kind = packet.data[at]
    if kind >= 128 if packet.family != IPV4 else kind not in ICMP_ERRORS:
        return None
    inner = bytes(packet.data[at + 8 :])
    if packet.family == IPV4:
        if len(inner) < 20:
            return None
        proto, header, width = inner[9], (inner[0] & 15) * 4, 4
        src, dst = int.from_bytes(inner[12:16], "big"), int.from_bytes(inner[16:20], "big")
    else:
        if len(inner) < 40:
            return None
        proto, header, width = inner[6], 40, 4
        src, dst = int.from_bytes(inner[8:24], "big"), int.from_bytes(inner[24:40], "big")
    if proto not in (TCP, UDP) or len(inner) < header + width:
        return None
    sport = int.from_bytes(inner[header : header + 2], "big")
    dport = int.from_bytes(inner[header + 2 : header + 4], "big")
    return Tuple(packet.family, proto, dst, src, dport, sport)


def build(values: Values) -> Extension:
    return Socket([flag for flag in FLAGS if values.has(flag)])


OPTIONS: Final = tuple([Option(flag) for flag in FLAGS])

EXTENSIONS: Final = (Spec("socket", build, OPTIONS, hooks=PRE | IN, needs_defrag=True, revision=3),)
