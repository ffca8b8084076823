"""The second half of SYNPROXY: joins the handshake with the client to the one with the server.

The SYN that `engine.target.synproxy` sent on has an entry with `Connection.proxied`. At the last hook of its packets:

    state of the entry       what comes by                          what is done
    SYN_SENT                 our SYN                                remember our sequence number and timestamp in it
                             keep-alive of a client that waits      the SYN is sent again, the packet goes no further
    SYN_RECV                 SYN/ACK of the server                  ACK to the server, ACK with a window to the client;
                                                                    from now on sequence numbers are moved
    CLOSE                    RST of the server                      its sequence number becomes ours
                             SYN of the client                      the connection is opened anew
    all                      timestamps                             server's - difference, and its echo + difference

As on Linux the echo in the ACK to the server is moved too, although it was right already.

Source: kernel net/netfilter/nf_synproxy_core.c behaviour, measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.tcp import TcpState
from engine.conntrack.tcp_states import CLOSE, SYN_RECV, SYN_SENT
from engine.core.connection import (
    CT_ESTABLISHED_REPLY,
    ORIGINAL,
    REPLY,
    SEQ_ADJUST,
    Connection,
    Proxied,
    SequenceAdjustment,
)
from engine.core.context import Context, Emission
from engine.core.hooks import INPUT
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.tcp_header import ACK, OPTION_TIMESTAMP, RST, SYN, option_at
from engine.core.verdict import ACCEPT, DROP, STOLEN
from engine.target.parts.syn_cookies import (
    TIMESTAMP,
    Offer,
    Segment,
    read_offer,
)
from engine.target.synproxy import open_to_server

U32: Final = 0xFFFFFFFF


def join(packet: Packet, context: Context, entry: Connection, proxied: Proxied) -> int:
    """One packet of a proxied connection at its last hook: ACCEPT, DROP or STOLEN."""
    if packet.proto != TCP or (context.hook == INPUT and context.indev == "lo"):
        return ACCEPT
    if packet.fragment_offset or packet.l4 + 20 > len(packet.data):
        return DROP
    state = entry.state
    if not isinstance(state, TcpState):
        return ACCEPT
    flags = packet.data[packet.l4 + 13]
    direction = context.direction
    if state.number == CLOSE:
        if flags & RST and direction == REPLY:
            move(entry, REPLY, proxied.isn - packet.u32(packet.l4 + 4) + 1)
        elif flags & SYN and not flags & ACK and direction == ORIGINAL:
            move(entry, ORIGINAL, 0)
            proxied.difference = 0
            return opened(packet, context, proxied, flags)
    elif state.number == SYN_SENT:
        return opened(packet, context, proxied, flags)
    elif state.number == SYN_RECV and flags & SYN and flags & ACK:
        return answered(packet, context, entry, proxied, state.windows.original.max_window)
    shift_timestamps(packet, direction, proxied.difference)
    return ACCEPT


def opened(packet: Packet, context: Context, proxied: Proxied, flags: int) -> int:
    """Our SYN on its way to the server, or a sign that the client still waits for it."""
    offer = read_offer(packet)
    if offer is None:
        return DROP
    l4 = packet.l4
    if not flags & SYN and flags & ACK and context.direction == ORIGINAL:
        again = open_to_server(packet, offer, packet.u32(l4 + 4) + 1, context)
        if again is None:
            return DROP
        context.emit.append(again)
        return STOLEN
    proxied.isn = packet.u32(l4 + 8)
    if offer.flags & TIMESTAMP:
        proxied.timestamp = offer.tsecr
    shift_timestamps(packet, context.direction, proxied.difference)
    return ACCEPT


def answered(packet: Packet, context: Context, entry: Connection, proxied: Proxied, window: int) -> int:
    """The server is there: both handshakes end."""
    offer = read_offer(packet)
    if offer is None:
        return DROP
    if offer.flags & TIMESTAMP:
        proxied.difference = (offer.tsval - proxied.timestamp) & U32
    seq = packet.u32(packet.l4 + 4)
    ack = packet.u32(packet.l4 + 8)
    move(entry, REPLY, proxied.isn - seq)
    echo = Offer()
    echo.flags = offer.flags & TIMESTAMP
    echo.tsval, echo.tsecr = offer.tsecr, offer.tsval
    to_server = Segment(packet, True)
    to_server.seq = ack
    to_server.ack = proxied.isn + 1  # as the client would say it: it is moved on its way
    to_server.flags = ACK
    to_server.window = window
    context.emit.append(Emission(to_server.build(echo)))
    echo.tsval, echo.tsecr = offer.tsval, offer.tsecr
    to_client = Segment(packet, False)
    to_client.seq = seq + 1
    to_client.ack = ack
    to_client.flags = ACK
    to_client.window = packet.u16(packet.l4 + 14) >> offer.wscale
    emission = Emission(to_client.build(echo))
    emission.entry = entry
    emission.ctinfo = CT_ESTABLISHED_REPLY
    context.emit.append(emission)
    return STOLEN


def move(entry: Connection, direction: int, offset: int) -> None:
    """Sequence numbers of this direction are moved by `offset` from the first one on."""
    if entry.seqadj is None:
        entry.seqadj = [SequenceAdjustment(), SequenceAdjustment()]
    signed = (offset + 0x80000000 & U32) - 0x80000000
    if signed == 0:
        return
    entry.status |= SEQ_ADJUST
    one = entry.seqadj[direction]
    one.offset_before = signed
    one.offset_after = signed


def shift_timestamps(packet: Packet, direction: int, difference: int) -> None:
    if difference == 0:
        return
    data = packet.data
    end = min(packet.l4 + (data[packet.l4 + 12] >> 4) * 4, len(data))
    at = option_at(data, packet.l4 + 20, end)
    while at >= 0:
        if data[at] == OPTION_TIMESTAMP and data[at + 1] == 10:
            if direction == REPLY:
                packet.patch(at + 2, ((packet.u32(at + 2) - difference) & U32).to_bytes(4, "big"))
            else:
                packet.patch(at + 6, ((packet.u32(at + 6) + difference) & U32).to_bytes(4, "big"))
            return
        at = option_at(data, at + data[at + 1], end)
