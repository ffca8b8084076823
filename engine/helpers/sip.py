"""sip: calls (TCP and UDP). Expects what a registered phone will be called by, and the voice of calls.

    message                         effect
    REGISTER request                Contact names the caller's own address: signalling to it is expected, but sleeps
    2xx to it                       the expectation wakes and lasts as long as the registrar says; any other final
                                    answer ends it
    INVITE, UPDATE, ACK, PRACK      a session description makes two expectations (RTP, RTCP) for each stream
    1xx, 2xx to INVITE, UPDATE,     likewise
    PRACK
    other answers to INVITE ...     the streams' expectations end
    INVITE (before its own), BYE    likewise

Only the sender's own address makes an expectation, and only the other end of the connection may use it. Signalling: one
a connection; audio and video: four each, image: two; 180 s, all of them. Every packet keeps the connection for an hour.
A message whose CSeq, Contact, expiry or media line cannot be read is dropped; anything else passes.

With NAT addresses and ports are rewritten where they are those of the connection: in the first line, the topmost Via
(maddr, received, rport too), Contact, From and To; session descriptions get the translated address and, if need be,
another pair of ports, and Content-Length follows. A phone that sends from one port and names another one in Via gets
its answers there.

Several messages in one TCP segment are read one after another by their Content-Length.

Source: RFC 3261, RFC 3581 (rport), RFC 4566 (session descriptions), RFC 3264; measured on Linux 6.18.
"""

from __future__ import annotations

from errno import EALREADY, EBUSY
from typing import Final

from engine.conntrack.expectations import INACTIVE, PERMANENT, Expectation, Policy
from engine.core.connection import EXPECTED, Connection, Tuple
from engine.core.context import Context, NatRequest
from engine.core.gathering import gather
from engine.core.packet import Packet
from engine.core.protocols import TCP, UDP
from engine.core.verdict import ACCEPT, DROP
from engine.helpers.helper import Helper, Tools, is_established, is_translated, set_port
from engine.helpers.sequence import remember_change
from engine.helpers.sip_exchange import Exchange, forced_port
from engine.helpers.sip_text import (
    CONTACT,
    CONTENT_LENGTH,
    CSEQ,
    EXPIRES,
    FOUND,
    LOWEST_PORT,
    MALFORMED,
    NOTHING,
    SDP_CONNECTION,
    SDP_MEDIA,
    SDP_VERSION,
    VIA_UDP,
    Message,
    Place,
    is_alpha,
)
from engine.nat.ranges import DESTINATION, SOURCE

FUNCTION: Final = "sip"  # name of its follower

SIGNALLING: Final = 0
POLICIES: Final = (
    Policy("signalling", 1, 180),
    Policy("audio", 4, 180),
    Policy("video", 4, 180),
    Policy("image", 2, 180),
)
MEDIA_CLASSES: Final = ((b"audio ", 1), (b"video ", 2), (b"image ", 3))
MOST_STREAMS: Final = 3

TIMEOUT: Final = 3600  # of the connection
SHORTEST: Final = 11  # "SIP/2.0 200"

# What a method does
INVITE: Final = b"invite"
UPDATE: Final = b"update"
ACK: Final = b"ack"
PRACK: Final = b"prack"
BYE: Final = b"bye"
REGISTER: Final = b"register"
METHODS: Final = (INVITE, UPDATE, ACK, PRACK, BYE, REGISTER)
ANSWERED: Final = (INVITE, UPDATE, PRACK, REGISTER)


class SipFollower:
    """The first packet of an expected call or stream is translated as the messages promised."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def follow(self, entry: Connection, expectation: Expectation, context: Context) -> None:
        nat = self.tools.nat
        port = expectation.saved_port
        address = expectation.saved_address
        nat.bind(entry, NatRequest("DNAT", address, address, port, port), DESTINATION)
        master = expectation.master
        mine = entry.original
        if expectation.class_number != SIGNALLING:
            # a stream that was announced for the other direction shows what its sender looks like outside
            for pair in reversed(self.tools.conntrack.table.expectations.of_master(master)):
                key = pair.key
                if (
                    key.family == mine.family
                    and key.proto == mine.proto
                    and pair.saved_address == mine.src
                    and pair.saved_port == mine.sport
                ):
                    nat.bind(entry, NatRequest("SNAT", key.dst, key.dst, key.dport, key.dport), SOURCE)
                    return
        if mine.src == master.tuple_of(expectation.direction).src:
            outside = master.tuple_of(1 - expectation.direction).dst
            nat.bind(entry, NatRequest("SNAT", outside, outside), SOURCE)


class Sip(Helper):
    """helper_data: forced (port of a phone that wants its answers elsewhere), register, invite: CSeq of the last."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "sip", POLICIES)
        self.follower = SipFollower(tools)
        tools.conntrack.followers[FUNCTION] = self.follower

    def help(self, packet: Packet, context: Context, entry: Connection) -> int:
        if packet.proto == TCP:
            if not is_established(context):
                return ACCEPT
        elif packet.proto != UDP:
            return ACCEPT
        size = len(packet.data) - packet.payload()
        if size <= 0:
            return ACCEPT
        self.tools.keep(entry, TIMEOUT, context.now)
        gather(packet, context)
        if size < SHORTEST:
            return ACCEPT
        if packet.proto == UDP:
            return self._message(Exchange(self.tools, packet, context, entry, 0, size))
        return self._messages(packet, context, entry)

    def _messages(self, packet: Packet, context: Context, entry: Connection) -> int:
        """All messages of a segment that are there as a whole."""
        offset = 0
        change = 0
        while True:
            left = len(packet.data) - packet.payload() - offset
            exchange = Exchange(self.tools, packet, context, entry, offset, left)
            length = whole_length(exchange.message)
            if length < 0:
                break
            if length > left:
                return ACCEPT
            exchange.size = length
            exchange.message = Message(exchange.message.text[:length], packet.family)
            verdict = self._message(exchange)
            if verdict != ACCEPT:
                return verdict
            change += exchange.size - length
            offset += exchange.size
        if change and is_translated(entry):
            remember_change(entry, context.direction, packet.u32(packet.l4 + 4), change)
        return ACCEPT

    def _message(self, exchange: Exchange) -> int:
        if exchange.message.lower.startswith(b"sip/2.0 "):
            verdict = self._response(exchange)
        else:
            verdict = self._request(exchange)
        if verdict == ACCEPT and is_translated(exchange.entry):
            verdict = exchange.translate()
        if verdict != ACCEPT:
            return self.drop(exchange.context, exchange.why)
        return ACCEPT

    # -- requests and responses

    def _request(self, exchange: Exchange) -> int:
        message = exchange.message
        data = exchange.entry.helper_data
        place = Place()
        found = message.uri(0, VIA_UDP, False, place) == FOUND
        if found and place.port != exchange.sender.sport and place.address == exchange.sender.src:
            data["forced"] = place.port
        for method in METHODS:
            size = len(method)
            if message.size < size + 2 or not message.lower.startswith(method):
                continue
            if message.at(size) != 0x20 or not is_alpha(message.text[size + 1]):
                continue
            sequence = self._sequence(exchange, place)
            if sequence < 0:
                return DROP
            if method == INVITE:
                self._end_streams(exchange)
                verdict = self._description(exchange)
                if verdict == ACCEPT:
                    data["invite"] = sequence
                return verdict
            if method == BYE:
                self._end_streams(exchange)
                return ACCEPT
            if method == REGISTER:
                return self._register(exchange, sequence)
            return self._description(exchange)
        return ACCEPT

    def _response(self, exchange: Exchange) -> int:
        message = exchange.message
        if message.size < SHORTEST:
            return ACCEPT
        code = message.number(8)
        if not code:
            return exchange.drop("cannot get code")
        place = Place()
        sequence = self._sequence(exchange, place)
        if sequence < 0:
            return DROP
        at = place.stop + 1
        for method in ANSWERED:
            if message.size < at + len(method) or not message.lower.startswith(method, at):
                continue
            if method == REGISTER:
                return self._registered(exchange, sequence, code)
            if 100 <= code <= 299:
                return self._description(exchange)
            if exchange.entry.helper_data.get("invite", 0) == sequence:
                self._end_streams(exchange)
            return ACCEPT
        return ACCEPT

    def _sequence(self, exchange: Exchange, place: Place) -> int:
        """The number in CSeq, -1 if there is none (exchange.why says so)."""
        if exchange.message.header(0, CSEQ, place) != FOUND:
            exchange.drop("cannot parse cseq")
            return -1
        if not exchange.message.has_number(place.start):
            exchange.drop("cannot get cseq")
            return -1
        return exchange.message.number(place.start)

    # -- registration

    def _register(self, exchange: Exchange, sequence: int) -> int:
        entry = exchange.entry
        message = exchange.message
        if entry.status & EXPECTED:
            return ACCEPT  # an expected connection cannot register again
        place = Place()
        expires = 0
        if message.header(0, EXPIRES, place) == FOUND:
            expires = message.number(place.start)
        found = message.uri(0, CONTACT, False, place)
        if found == MALFORMED:
            return exchange.drop("cannot parse contact")
        if found == NOTHING or place.address != exchange.sender.src:
            return ACCEPT  # nobody registers for somebody else
        stop = place.stop
        if not transport_fits(message, stop, exchange.packet.proto):
            return ACCEPT
        number = Place()
        found = message.number_parameter(stop, b"expires=", number)
        if found == MALFORMED:
            return exchange.drop("cannot parse expires")
        if found == FOUND:
            expires = number.number
        verdict = ACCEPT
        if expires:
            verdict = self._expect_signalling(exchange, place)
        if verdict == ACCEPT:
            entry.helper_data["register"] = sequence
        return verdict

    def _expect_signalling(self, exchange: Exchange, place: Place) -> int:
        tools = self.tools
        proto = exchange.packet.proto
        expectation = tools.expectation(
            exchange.entry,
            POLICIES[SIGNALLING],
            proto,
            exchange.answers.src,
            place.address,
            place.port,
            class_number=SIGNALLING,
            helper=self.name,
        )
        expectation.flags = PERMANENT | INACTIVE
        if not is_translated(exchange.entry):
            if tools.expect(expectation):
                return exchange.drop("cannot add expectation")
            return ACCEPT
        # keep the translated port of the connection if the contact is the connection's own port
        wanted = place.port
        if wanted == (forced_port(exchange.entry) or exchange.sender.sport):
            wanted = exchange.answers.dport
        address = self._outside(exchange, place.address)
        self._promise(expectation, exchange, address)
        port = tools.expect_near(expectation, wanted)
        if port == 0:
            return exchange.drop("all ports in use for SIP")
        if address == place.address and port == place.port:
            return ACCEPT
        new = exchange.text(address, True) + f":{port}".encode()
        if not exchange.put(place.start, place.length, new):
            tools.unexpect(expectation)
            return exchange.drop("cannot mangle packet")
        return ACCEPT

    def _outside(self, exchange: Exchange, address: int) -> int:
        """How the other side knows the sender's address."""
        outside = exchange.answers.dst
        return address if exchange.sender.src == outside else outside

    def _promise(self, expectation: Expectation, exchange: Exchange, address: int) -> None:
        """Expect it at the translated address; remember where it really goes."""
        key = expectation.key
        expectation.saved_address = key.dst
        expectation.saved_port = key.dport
        expectation.direction = 1 - exchange.direction
        expectation.follower = self.follower
        expectation.function = FUNCTION
        expectation.key = Tuple(key.family, key.proto, key.src, address, key.sport, key.dport)

    def _registered(self, exchange: Exchange, sequence: int, code: int) -> int:
        entry = exchange.entry
        message = exchange.message
        if entry.helper_data.get("register", 0) != sequence or 100 <= code <= 199:
            return ACCEPT
        if 200 <= code <= 299:
            place = Place()
            expires = 0
            if message.header(0, EXPIRES, place) == FOUND:
                expires = message.number(place.start)
            at = 0
            in_list = False
            while True:
                found = message.uri(at, CONTACT, in_list, place)
                if found == MALFORMED:
                    return exchange.drop("cannot parse contact")
                if found == NOTHING:
                    break
                at = place.end
                in_list = True
                if place.address != exchange.sender.dst:
                    continue
                stop = place.stop
                if not transport_fits(message, stop, exchange.packet.proto):
                    continue
                number = Place()
                given = message.number_parameter(stop, b"expires=", number)
                if given == MALFORMED:
                    return exchange.drop("cannot parse expires")
                seconds = number.number if given == FOUND else expires
                if seconds == 0:
                    break
                if self._wake(exchange, place, seconds):
                    return ACCEPT
        self._end(exchange.entry, False)
        return ACCEPT

    def _wake(self, exchange: Exchange, place: Place, seconds: int) -> bool:
        expectations = self.tools.conntrack.table.expectations
        for one in reversed(expectations.of_master(exchange.entry)):
            key = one.key
            if (
                one.class_number == SIGNALLING
                and key.dst == place.address
                and key.proto == exchange.packet.proto
                and key.dport == place.port
            ):
                expectations.prolong(one, exchange.context.now + seconds)
                one.flags &= ~INACTIVE
                return True
        return False

    def _end_streams(self, exchange: Exchange) -> None:
        self._end(exchange.entry, True)

    def _end(self, entry: Connection, streams: bool) -> None:
        """End the expectations of all streams, or the newest one for signalling."""
        for one in reversed(self.tools.conntrack.table.expectations.of_master(entry)):
            if (one.class_number != SIGNALLING) == streams:
                self.tools.unexpect(one)
                if not streams:
                    return

    # -- session descriptions

    def _description(self, exchange: Exchange) -> int:
        place = Place()
        if exchange.message.sdp(0, SDP_VERSION, None, place) != FOUND:
            return ACCEPT
        start = place.start
        translated = is_translated(exchange.entry)
        session_address = -1
        found = exchange.message.sdp(start, SDP_CONNECTION, SDP_MEDIA, place)
        if found == FOUND and exchange.message.address(place.start, False, place):
            session_address = place.address
        address = session_address
        at = start
        streams = 0
        while streams < MOST_STREAMS:
            message = exchange.message
            if message.sdp(at, SDP_MEDIA, None, place) != FOUND:
                break
            at = place.start
            length = place.length
            kind = media_class(message, at)
            if kind < 0:
                at += length
                continue
            size = len(MEDIA_CLASSES[kind][0])
            at += size
            length -= size
            port = message.number(at)
            if port == 0:
                continue
            if not LOWEST_PORT <= port <= 65535:
                return exchange.drop(f"wrong port {port}")
            own_address = message.sdp(at, SDP_CONNECTION, SDP_MEDIA, place) == FOUND and message.address(
                place.start, False, place
            )
            if own_address:
                address = place.address
            elif session_address >= 0:
                address = session_address
            else:
                return exchange.drop("cannot parse SDP message")
            stream = Stream(address, port, MEDIA_CLASSES[kind][1], at, length)
            if self._stream(exchange, stream) != ACCEPT:
                return exchange.drop("cannot add expectation for voice")
            address = stream.address
            if own_address and translated and not exchange.put_media_address(at, address):
                return exchange.drop("cannot mangle SDP")
            streams += 1
        if translated and address >= 0 and not exchange.put_session_address(start, address):
            return exchange.drop("cannot mangle SDP")
        return ACCEPT

    def _stream(self, exchange: Exchange, stream: Stream) -> int:
        """Expect RTP and RTCP of one stream."""
        entry = exchange.entry
        if stream.address != exchange.sender.src:
            return ACCEPT
        src = exchange.answers.src
        family = exchange.packet.family
        table = self.tools.conntrack.table
        port = stream.port
        direct = False
        while True:
            key = Tuple(family, UDP, src, stream.address, 0, port)
            other = table.expectations.lookup(key, entry.zone_original, exchange.context.now)
            if (
                other is None
                or other.master is entry
                or other.master.helper != entry.helper
                or other.class_number != stream.kind
            ):
                known = False
                break
            moved = other.saved_address != other.key.dst or other.saved_port != other.key.dport
            if direct or not moved or not is_translated(entry):
                known = True
                break
            # both ends are translated by this machine: they can reach each other as they are
            stream.address = other.saved_address
            port = other.saved_port
            direct = True
        base = port & ~1
        if direct and not exchange.put_media_port(stream.start, stream.length, base):
            return DROP
        if known:
            return ACCEPT
        policy = POLICIES[stream.kind]
        rtp = self.tools.expectation(entry, policy, UDP, src, stream.address, base, class_number=stream.kind)
        rtcp = self.tools.expectation(entry, policy, UDP, src, stream.address, base + 1, class_number=stream.kind)
        rtp.any_master = True
        rtcp.any_master = True
        if is_translated(entry) and not direct:
            return self._stream_translated(exchange, stream, rtp, rtcp)
        return ACCEPT if self._expect_both(rtp, rtcp) in (0, EALREADY) else DROP

    def _expect_both(self, rtp: Expectation, rtcp: Expectation) -> int:
        """0, EALREADY (somebody expects the same, which will do), or an error; then neither is expected."""
        tools = self.tools
        first = tools.expect(rtp)
        if first not in (0, EALREADY):
            return first
        second = tools.expect(rtcp)
        if second not in (0, EALREADY) and first == 0:
            tools.unexpect(rtp)
        return second

    def _stream_translated(self, exchange: Exchange, stream: Stream, rtp: Expectation, rtcp: Expectation) -> int:
        tools = self.tools
        address = self._outside(exchange, rtp.key.dst)
        stream.address = address
        saved = rtp.key.dport
        self._promise(rtp, exchange, address)
        self._promise(rtcp, exchange, address)
        port = saved
        while port:
            set_port(rtp, port)
            error = tools.expect(rtp)
            if error == 0:
                set_port(rtcp, port + 1)
                error = tools.expect(rtcp)
                if error == 0:
                    break
                tools.unexpect(rtp)
            port = port + 2 & 0xFFFF if error == EBUSY else 0
        if port == 0:
            return exchange.drop("all ports in use for SDP media")
        if port != saved and not exchange.put_media_port(stream.start, stream.length, port):
            tools.unexpect(rtp)
            tools.unexpect(rtcp)
            return exchange.drop("cannot mangle SDP port")
        return ACCEPT


class Stream:
    """One media line: where the port stands in the message, address, port and class of expectations."""

    def __init__(self, address: int, port: int, kind: int, start: int, length: int) -> None:
        self.address = address
        self.port = port
        self.kind = kind
        self.start = start
        self.length = length


def media_class(message: Message, at: int) -> int:
    """Index in MEDIA_CLASSES, -1 for a stream that is none of them."""
    for index, (word, _kind) in enumerate(MEDIA_CLASSES):
        if message.text.startswith(word, at):
            return index
    return -1


def transport_fits(message: Message, at: int, proto: int) -> bool:
    """Is the transport parameter of a contact, if there is one, that of the connection?"""
    word = message.word_parameter(at, b"transport=")
    if word is None:
        return True
    return word.startswith(b"tcp") if proto == TCP else word.startswith(b"udp")


def whole_length(message: Message) -> int:
    """Bytes of the first message: to the empty line and Content-Length behind it; -1 if that cannot be said."""
    place = Place()
    if message.header(0, CONTENT_LENGTH, place) != FOUND:
        return -1
    if not message.has_number(place.start):
        return -1
    end = message.text.find(b"\r\n\r\n", place.stop)
    if end < 0:
        return -1
    return end + 4 + message.number(place.start)
