"""SYNPROXY: answer SYNs in the name of the server, and trouble the server only when the handshake is complete.

    -p tcp -j SYNPROXY [--sack-perm] [--timestamp] [--wscale N] [--mss N] [--ecn]

The options say what the server can do. Only in INPUT and FORWARD, and only with -p tcp. wscale and mss are cut to 8 and
16 bits. It needs rules that keep the client's first two segments away from connection tracking, and
net.netfilter.nf_conntrack_tcp_loose=0:

    -t raw -A PREROUTING -i wan -p tcp --syn -j CT --notrack
    -A FORWARD -i wan -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7
    -A FORWARD -m conntrack --ctstate INVALID -j DROP

    client --SYN-------------->  engine                                          server
           <--SYN/ACK, window 0  (sequence number = cookie)
           --ACK------------->   --SYN, seq of the client, ack = our cookie---->
                                 <--SYN/ACK-----------------------------------
           <--ACK, window----    --ACK----------------------------------------->     the window opens, data may flow

The first three steps are this target's; the rest is done by `engine.helpers.synproxy`, which then moves the server's
sequence numbers and timestamps by the difference to ours. Segments with a wrong checksum or a cut header are dropped;
others than SYN and ACK go on to the next rule.

Kernel peer: xt_SYNPROXY. Source: iptables-extensions(8), SYNPROXY.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.connection import CT_ESTABLISHED_REPLY
from engine.core.context import Context, Emission
from engine.core.extension import FWD, IN, KernelRefusal, Option, RuleHead, Spec, Target
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import ACK, CWR, ECE, FIN, RST, SYN
from engine.core.values import Values
from engine.core.verdict import CONTINUE, DROP, STOLEN
from engine.target.parts.answers import is_segment_right
from engine.target.parts.syn_cookies import (
    ECN,
    MSS,
    SACK,
    TIMESTAMP,
    WSCALE,
    Offer,
    Segment,
    cookies_of,
    read_offer,
)

UNSET: Final = -1


class SynProxy(Target):
    def __init__(self, sack: bool, timestamp: bool, wscale: int, mss: int, ecn: bool) -> None:
        self.wscale = wscale
        self.mss = mss
        self.flags = (
            (SACK if sack else 0)
            | (TIMESTAMP if timestamp else 0)
            | (WSCALE if wscale != UNSET else 0)
            | (MSS if mss != UNSET else 0)
            | (ECN if ecn else 0)
        )

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if head.proto != TCP or head.proto_inverted:
            raise KernelRefusal(EINVAL, "SYNPROXY: only valid for protocol tcp")

    def _words(self, dashes: str) -> str:
        words = []
        if self.flags & SACK:
            words.append(f"{dashes}sack-perm")
        if self.flags & TIMESTAMP:
            words.append(f"{dashes}timestamp")
        if self.flags & WSCALE:
            words.append(f"{dashes}wscale {self.wscale}")
        if self.flags & MSS:
            words.append(f"{dashes}mss {self.mss}")
        if self.flags & ECN:
            words.append(f"{dashes}ecn")
        return " ".join(words)

    def save(self) -> str:
        return self._words("--")

    def listing(self, numeric: bool) -> str:
        words = self._words("")
        return f"SYNPROXY {words} " if words else "SYNPROXY "

    def apply(self, packet: Packet, context: Context) -> int:
        if packet.fragment_offset or packet.l4 + 20 > len(packet.data) or not is_segment_right(packet, context):
            return DROP
        offer = read_offer(packet)
        if offer is None:
            return DROP
        flags = packet.data[packet.l4 + 13]
        kind = flags & (SYN | ACK | FIN | RST)
        if kind == SYN:
            if flags & (ECE | CWR) == ECE | CWR:
                offer.flags |= ECN
            context.emit.append(self.answer_syn(packet, offer, context))
            return STOLEN
        if kind == ACK:
            syn = open_to_server(packet, offer, packet.u32(packet.l4 + 4), context)
            if syn is None:
                return DROP
            context.emit.append(syn)
            return STOLEN
        return CONTINUE

    def answer_syn(self, packet: Packet, offer: Offer, context: Context) -> Emission:
        """SYN/ACK with a cookie; no window yet, so that nothing comes before the server is ready."""
        offer.flags &= self.flags
        asked = offer.mss
        offer.mss = max(self.mss, 0)
        if offer.flags & TIMESTAMP:
            offer.hide(context.now, max(self.wscale, 0))
        else:
            offer.flags &= ~(WSCALE | SACK | ECN)
        segment = Segment(packet, True)
        segment.seq = cookies_of(context.shared).make(packet, asked, context.now)
        segment.ack = packet.u32(packet.l4 + 4) + 1
        segment.flags = SYN | ACK | (ECE if offer.flags & ECN else 0)
        emission = Emission(segment.build(offer))
        if context.entry is not None:
            emission.entry = context.entry
            emission.ctinfo = CT_ESTABLISHED_REPLY
        return emission


def open_to_server(packet: Packet, offer: Offer, seq: int, context: Context) -> Emission | None:
    """The client's SYN, made anew from its ACK; None if the ACK brings no cookie. seq: of the first data byte.

    Its ACK number, which no SYN has, tells `engine.helpers.synproxy` our own initial sequence number.
    """
    mss = cookies_of(context.shared).check(packet, context.now)
    if mss == 0:
        return None
    offer.mss = mss
    offer.flags = offer.flags & TIMESTAMP | MSS
    if offer.flags & TIMESTAMP:
        offer.reveal()
    segment = Segment(packet, False)
    segment.seq = seq - 1
    segment.ack = packet.u32(packet.l4 + 8) - 1
    segment.flags = SYN | (ECE | CWR if offer.flags & ECN else 0)
    segment.window = packet.u16(packet.l4 + 14)
    emission = Emission(segment.build(offer))
    emission.synproxied = True
    return emission


def build(values: Values) -> Target:
    wscale = values.number("wscale") & 0xFF if values.has("wscale") else UNSET
    mss = values.number("mss") & 0xFFFF if values.has("mss") else UNSET
    return SynProxy(values.has("sack-perm"), values.has("timestamp"), wscale, mss, values.has("ecn"))


OPTIONS: Final = (
    Option("sack-perm"),
    Option("timestamp"),
    Option("wscale", "u32"),
    Option("mss", "u32"),
    Option("ecn"),
)

EXTENSIONS: Final = (Spec("SYNPROXY", build, OPTIONS, hooks=IN | FWD, needs_conntrack=True),)
