"""TCPMSS: change the maximum segment size that the ends of a TCP connection tell each other.

    -j TCPMSS --set-mss VALUE
    -j TCPMSS --clamp-mss-to-pmtu       path MTU less 40 (IPv6: 60); the smaller one of both directions

Lowers the option, never raises it. Where it is missing it is put in with VALUE, at most 536 (IPv6: 1220), if the header
has room and the segment no data. A TCP header that is not all there is dropped. The rule must ask for SYN
(`-p tcp --tcp-flags ... SYN` or --syn); clamping only in FORWARD, OUTPUT and POSTROUTING. If both options are given,
clamping wins. When the option stands at an odd place of the header the segment gets a wrong checksum, as on Linux.
iptables-nft does not insist on SYN.

Kernel peer: xt_TCPMSS. Source: iptables-extensions(8), TCPMSS; RFC 9293 3.7.1.
"""

from __future__ import annotations

import re
from errno import EINVAL
from typing import Final

from engine.core.checksum import fold, replace
from engine.core.context import Context
from engine.core.extension import (
    FWD,
    OUT,
    POST,
    KernelRefusal,
    Match,
    Option,
    ParameterProblem,
    RuleHead,
    Spec,
    Target,
)
from engine.core.gathering import gather
from engine.core.hooks import IPV4, IPV6
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import OPTION_MSS, TCP_HEADER, header_length, option_length
from engine.core.values import Values
from engine.core.verdict import CONTINUE, DROP

CLAMP: Final = 0xFFFF
MSS_LENGTH: Final = 4
LONGEST_HEADER: Final = 60

ASKS_FOR_SYN: Final = re.compile(r"(?<!! )--tcp-flags \S+ (\S+,)?SYN\b")


class TcpMss(Target):
    def __init__(self, mss: int, family: int) -> None:
        self.mss = mss
        self.overhead = 40 if family == IPV4 else 60
        self.default = 536 if family == IPV4 else 1220

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.mss == CLAMP and hooks & ~(FWD | OUT | POST):
            raise KernelRefusal(EINVAL, "TCPMSS: path-MTU clamping only supported in FORWARD, OUTPUT and POSTROUTING")

    def check_matches(self, matches: list[Match]) -> None:
        for match in matches:
            if ASKS_FOR_SYN.search(match.save()):
                return
        raise KernelRefusal(EINVAL, "TCPMSS: only works on TCP SYN packets; add --tcp-flags SYN,RST SYN")

    def save(self) -> str:
        return "--clamp-mss-to-pmtu" if self.mss == CLAMP else f"--set-mss {self.mss}"

    def listing(self, numeric: bool) -> str:
        return "TCPMSS clamp to PMTU" if self.mss == CLAMP else f"TCPMSS set {self.mss}"

    def apply(self, packet: Packet, context: Context) -> int:
        if packet.fragment_offset:
            return CONTINUE
        gather(packet, context)
        header = header_length(packet)
        if header < TCP_HEADER:
            return DROP
        mss = self.mss
        if mss == CLAMP:
            mss = self.path_mtu(packet, context) - self.overhead
            if mss <= 0:
                return DROP
        at = self.find(packet, header)
        if at:
            old = packet.u16(at + 2)
            if old > mss:
                self.lower(packet, at + 2, old, mss)
        elif packet.l4 + header == len(packet.data) and header < LONGEST_HEADER:
            self.add(packet, header, min(mss, self.default))
        return CONTINUE

    def path_mtu(self, packet: Packet, context: Context) -> int:
        environment = context.shared.environment
        there = environment.route(packet.dst, packet.family, context.mark).mtu
        if context.outdev:
            there = min(there, environment.mtu(context.outdev))
        return min(there, environment.route(packet.src, packet.family).mtu)

    def find(self, packet: Packet, header: int) -> int:
        """Offset of the option, 0 if there is none."""
        data = packet.data
        at = packet.l4 + TCP_HEADER
        last = packet.l4 + header - MSS_LENGTH
        while at <= last:
            if data[at] == OPTION_MSS and data[at + 1] == MSS_LENGTH:
                return at
            at += option_length(data, at)
        return 0

    def lower(self, packet: Packet, at: int, old: int, new: int) -> None:
        """The checksum changes as if the number stood at an even place, on Linux and so here."""
        packet.complete_checksum()
        packet.data[at : at + 2] = new.to_bytes(2, "big")
        where = packet.l4 + 16
        packet.data[where : where + 2] = replace(packet.u16(where), old, new).to_bytes(2, "big")
        packet.changed = True

    def add(self, packet: Packet, header: int, mss: int) -> None:
        """The checksum follows what changes, so one that was wrong stays wrong."""
        packet.complete_checksum()
        data = packet.data
        at = packet.l4 + TCP_HEADER
        flags = packet.l4 + 12
        where = packet.l4 + 16
        option = bytes((OPTION_MSS, MSS_LENGTH)) + mss.to_bytes(2, "big")
        length = len(data) - packet.l4
        old = fold(length.to_bytes(2, "big") + data[flags : flags + 2])
        data[at:at] = option
        data[flags] = (header + MSS_LENGTH) // 4 << 4 | data[flags] & 15
        new = fold((length + MSS_LENGTH).to_bytes(2, "big") + data[flags : flags + 2] + option)
        data[where : where + 2] = replace(packet.u16(where), old, new).to_bytes(2, "big")
        packet.write_length()
        packet.changed = True


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("TCPMSS target: At least one parameter is required")


def build(values: Values) -> Target:
    mss = CLAMP if values.has("clamp-mss-to-pmtu") else values.number("set-mss")
    return TcpMss(mss, values.family)


def options(highest: int) -> tuple[Option, ...]:
    return (Option("set-mss", "u16", low=0, high=highest), Option("clamp-mss-to-pmtu"))


EXTENSIONS: Final = (
    Spec("TCPMSS", build, options(65515), families=(IPV4,), protos=(TCP,), final=final),
    Spec("TCPMSS", build, options(65495), families=(IPV6,), protos=(TCP,), final=final),
)
