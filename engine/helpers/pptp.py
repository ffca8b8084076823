"""pptp: the GRE tunnels of calls that a PPTP control connection sets up (TCP and GRE, IPv4).

A call has two ids: packets to the server (PAC) carry the server's, packets to the client (PNS) the client's. Both are
heard here: from the control connection comes what tells the two directions of one tunnel belong together (the key map
of `engine.conntrack.gre`), and which tunnels are expected.

    message                     from        session, call       effect
    START_SESSION_REQUEST       client      none -> requested
    START_SESSION_REPLY         server      -> confirmed        (result 1; else error)
    STOP_SESSION_REQUEST/REPLY  both        -> stopping, none
    OUT_CALL_REQUEST            client      call asked for      the client's id is noted
    OUT_CALL_REPLY              server      call made           tunnel expected in both directions
    IN_CALL_REQUEST             server      call offered        the server's id is noted
    IN_CALL_REPLY               client      call accepted       the client's id is noted
    IN_CALL_CONNECT             server      call made           tunnel expected in both directions
    CALL_CLEAR_REQUEST          client      call ending
    CALL_DISCONNECT_NOTIFY      server      no call             tunnel and expectations end

Messages that do not fit the state are passed and change nothing. The tunnel has GRE's usual timeouts and ends
with the control connection. With NAT the client's id becomes the translated port of the control connection, so that two
clients behind one address do not clash; the ids in messages and in GRE packets are rewritten. (With NAT, and the server
sending first, the expectation for the other direction stays; the kernel does not find it either.)

Source: RFC 2637; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.expectations import Expectation, Policy
from engine.conntrack.gre import Gre, KeyMap
from engine.core.connection import ORIGINAL, REPLY, Connection, Tuple
from engine.core.context import Context, NatRequest
from engine.core.packet import Packet
from engine.core.protocols import GRE, TCP
from engine.core.verdict import ACCEPT
from engine.helpers.helper import Helper, Tools, is_established, is_translated, payload_bytes
from engine.nat.ranges import DESTINATION, SOURCE

POLICY: Final = Policy("", 2, 300)
FUNCTION: Final = "pptp"  # name of its follower

COOKIE: Final = 0x1A2B3C4D
CONTROL: Final = 1
HEADER: Final = 12  # bytes before the body of a message

START_REQUEST: Final = 1
START_REPLY: Final = 2
STOP_REQUEST: Final = 3
STOP_REPLY: Final = 4
ECHO_REQUEST: Final = 5
ECHO_REPLY: Final = 6
OUT_CALL_REQUEST: Final = 7
OUT_CALL_REPLY: Final = 8
IN_CALL_REQUEST: Final = 9
IN_CALL_REPLY: Final = 10
IN_CALL_CONNECT: Final = 11
CALL_CLEAR: Final = 12
CALL_DISCONNECT: Final = 13
WAN_ERROR: Final = 14
SET_LINK: Final = 15

# Bytes of the body of each message (echoes may be shorter)
BODY: Final[dict[int, int]] = {
    START_REQUEST: 144,
    START_REPLY: 144,
    STOP_REQUEST: 4,
    STOP_REPLY: 4,
    OUT_CALL_REQUEST: 156,
    OUT_CALL_REPLY: 20,
    IN_CALL_REQUEST: 208,
    IN_CALL_REPLY: 12,
    IN_CALL_CONNECT: 16,
    CALL_CLEAR: 4,
    CALL_DISCONNECT: 136,
    WAN_ERROR: 28,
    SET_LINK: 12,
}

# States of a session
NO_SESSION: Final = 0
SESSION_ERROR: Final = 1
STOPPING: Final = 2
REQUESTED: Final = 3
CONFIRMED: Final = 4

# States of a call
NO_CALL: Final = 0
OUT_ASKED: Final = 2
OUT_MADE: Final = 3
IN_OFFERED: Final = 4
IN_ACCEPTED: Final = 5
IN_MADE: Final = 6
CLEARING: Final = 7

OK: Final = 1

# What is rewritten with NAT: where the call id stands in the body
CLIENT_REWRITES: Final[dict[int, int]] = {OUT_CALL_REQUEST: 0, IN_CALL_REPLY: 0, CALL_CLEAR: 0}
SERVER_REWRITES: Final[dict[int, int]] = {
    OUT_CALL_REPLY: 2,
    IN_CALL_CONNECT: 0,
    WAN_ERROR: 0,
    CALL_DISCONNECT: 0,
    SET_LINK: 0,
}


class GreFollower:
    """The first packet of a tunnel: the expectation of the other direction ends, NAT is as the master's."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def follow(self, entry: Connection, expectation: Expectation, context: Context) -> None:
        master = expectation.master
        if not is_translated(master):
            key = expectation.key
            self._unexpect(Tuple(key.family, GRE, key.dst, key.src, key.dport, key.sport), context)
            return
        data = master.helper_data
        direction = expectation.direction
        other = master.tuple_of(1 - direction)
        if direction == ORIGINAL:
            key = Tuple(other.family, GRE, other.src, other.dst, data.get("pac", 0), data.get("pns", 0))
            self._unexpect(key, context)
        wanted = NatRequest("SNAT", other.dst, other.dst)
        if direction == ORIGINAL:
            wanted.port_low = wanted.port_high = expectation.saved_port
        self.tools.nat.bind(entry, wanted, SOURCE)
        wanted = NatRequest("DNAT", other.src, other.src)
        if direction == REPLY:
            wanted.port_low = wanted.port_high = expectation.saved_port
        self.tools.nat.bind(entry, wanted, DESTINATION)

    def _unexpect(self, key: Tuple, context: Context) -> None:
        found = self.tools.conntrack.table.expectations.lookup(key, context.zone_original, context.now)
        if found is not None:
            self.tools.unexpect(found)


class Pptp(Helper):
    """helper_data: session, call; pns, pac: call ids as the control connection's far side knows them;
    true_pns, true_pac: as they were before NAT."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "pptp", (POLICY,))
        self.follower = GreFollower(tools)
        tools.conntrack.followers[FUNCTION] = self.follower

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto != TCP or not is_established(context):
            return ACCEPT
        payload = payload_bytes(packet)
        if len(payload) < HEADER:
            return ACCEPT
        if int.from_bytes(payload[2:4], "big") != CONTROL or int.from_bytes(payload[4:8], "big") != COOKIE:
            return ACCEPT
        kind = int.from_bytes(payload[8:10], "big")
        body = payload[HEADER:]
        if len(body) < BODY.get(kind, 0) or not body:
            return ACCEPT
        if context.direction == ORIGINAL:
            fits = self._from_client(entry.helper_data, kind, body)
        else:
            fits = self._from_server(entry, kind, body, context)
        if not fits or not is_translated(entry):
            return ACCEPT
        return self._rewrite(packet, context, entry, kind)

    # -- the state machine

    def _from_client(self, data: dict[str, int], kind: int, body: bytes) -> bool:
        """False: the message does not fit."""
        session = data.get("session", NO_SESSION)
        call = data.get("call", NO_CALL)
        if kind == START_REQUEST:
            if session != NO_SESSION:
                return False
            data["session"] = REQUESTED
        elif kind == STOP_REQUEST:
            data["session"] = STOPPING
        elif kind == OUT_CALL_REQUEST:
            if session != CONFIRMED:
                return False
            data["call"] = OUT_ASKED
            data["pns"] = _u16(body, 0)
        elif kind == IN_CALL_REPLY:
            if call not in (IN_OFFERED, IN_ACCEPTED) or data.get("pac", 0) != _u16(body, 2):
                return False
            if body[4] == OK:
                data["call"] = IN_ACCEPTED
                data["pns"] = _u16(body, 0)
            else:
                data["call"] = NO_CALL
        elif kind == CALL_CLEAR:
            if session != CONFIRMED:
                return False
            data["call"] = CLEARING
        else:
            return kind in (SET_LINK, ECHO_REQUEST, ECHO_REPLY)
        return True

    def _from_server(self, entry: Connection, kind: int, body: bytes, context: Context) -> bool:
        data = entry.helper_data
        session = data.get("session", NO_SESSION)
        call = data.get("call", NO_CALL)
        if kind == START_REPLY:
            if session < REQUESTED:
                return False
            data["session"] = CONFIRMED if body[2] == OK else SESSION_ERROR
        elif kind == STOP_REPLY:
            if session > STOPPING:
                return False
            data["session"] = NO_SESSION if body[0] == OK else SESSION_ERROR
        elif kind == OUT_CALL_REPLY:
            if session != CONFIRMED or call not in (OUT_ASKED, OUT_MADE) or data.get("pns", 0) != _u16(body, 2):
                return False
            if body[4] == OK:
                data["call"] = OUT_MADE
                data["pac"] = _u16(body, 0)
                self._expect_tunnel(entry, _u16(body, 0), _u16(body, 2))
            else:
                data["call"] = NO_CALL
        elif kind == IN_CALL_REQUEST:
            if session != CONFIRMED:
                return False
            data["call"] = IN_OFFERED
            data["pac"] = _u16(body, 0)
        elif kind == IN_CALL_CONNECT:
            if session != CONFIRMED or call not in (IN_ACCEPTED, IN_MADE) or data.get("pns", 0) != _u16(body, 0):
                return False
            data["call"] = IN_MADE
            self._expect_tunnel(entry, data.get("pac", 0), _u16(body, 0))
        elif kind == CALL_DISCONNECT:
            data["call"] = NO_CALL
            self._end_tunnel(entry, context.now)
        else:
            return kind in (WAN_ERROR, SET_LINK, ECHO_REQUEST, ECHO_REPLY)
        return True

    # -- tunnels

    def _keymap(self) -> KeyMap:
        tracker = self.tools.conntrack.trackers[GRE]
        assert isinstance(tracker, Gre)
        return tracker.keymap

    def _expect_tunnel(self, entry: Connection, pac: int, pns: int) -> None:
        """Both directions, or none. pac, pns: call ids of the server and the client."""
        tools = self.tools
        data = entry.helper_data
        out_source, out_destination = pns, pac
        in_source, in_destination = pac, pns
        translated = is_translated(entry)
        if translated:
            data["true_pac"] = data.get("pac", 0)
            out_source, out_destination = data.get("true_pns", 0), data.get("pac", 0)
            in_source, in_destination = data["true_pac"], data.get("pns", 0)
        there = entry.original
        back = entry.reply
        outward = tools.expectation(entry, POLICY, GRE, there.src, there.dst, out_destination, out_source)
        inward = tools.expectation(entry, POLICY, GRE, back.src, back.dst, in_destination, in_source)
        for one, direction, saved in (
            (outward, ORIGINAL, data.get("pns", 0)),
            (inward, REPLY, data.get("true_pns", 0)),
        ):
            one.follower = self.follower
            one.function = FUNCTION
            if translated:
                one.direction = direction
                one.saved_port = saved
        if tools.expect(outward):
            return
        if tools.expect(inward):
            tools.unexpect(outward)
            return
        keymap = self._keymap()
        if not keymap.add(entry, outward.key):
            tools.unexpect(inward)
            tools.unexpect(outward)
        elif not keymap.add(entry, inward.key):
            keymap.forget(entry)
            tools.unexpect(inward)
            tools.unexpect(outward)

    def _end_tunnel(self, entry: Connection, now: float) -> None:
        self._keymap().forget(entry)
        data = entry.helper_data
        pac, pns = data.get("pac", 0), data.get("pns", 0)
        there = entry.original
        back = entry.reply
        for key in (
            Tuple(there.family, GRE, there.src, there.dst, pns, pac),
            Tuple(back.family, GRE, back.src, back.dst, pac, pns),
        ):
            tunnel = self.tools.conntrack.table.get(key.key(entry.zone_original), now)
            if tunnel is not None:
                self.tools.conntrack.table.remove(tunnel, now)
                continue
            found = self.tools.conntrack.table.expectations.lookup(key, entry.zone_original, now)
            if found is not None:
                self.tools.unexpect(found)

    def ended(self, entry: Connection, now: float) -> None:
        self._end_tunnel(entry, now)

    # -- NAT

    def _rewrite(self, packet: Packet, context: Context, entry: Connection, kind: int) -> int:
        data = entry.helper_data
        if context.direction == ORIGINAL:
            where = CLIENT_REWRITES.get(kind, -1)
            if kind == OUT_CALL_REQUEST:
                data["true_pns"] = data.get("pns", 0)
                data["pns"] = entry.reply.dport
            number = data.get("pns", 0)
        else:
            where = SERVER_REWRITES.get(kind, -1)
            number = data.get("true_pns", 0)
        if where < 0:
            return ACCEPT
        if not self.tools.replace_tcp(packet, context, entry, HEADER + where, 2, number.to_bytes(2, "big")):
            return self.drop(context, "cannot mangle packet")
        return ACCEPT


def _u16(body: bytes, at: int) -> int:
    return body[at] << 8 | body[at + 1]
