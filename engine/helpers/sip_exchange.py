"""One SIP message on its way through NAT: reading it, and writing addresses as the other side knows them.

Only addresses and ports of the connection itself are rewritten; each has the form address:port afterwards. The numbers
of a TCP connection are not moved here: several messages may stand in one segment, and their changes add up.

Source: RFC 3261 (Via, Contact), RFC 3581 (rport), RFC 4566 (o=, c=, m= lines); measured on Linux 6.18.
"""

from __future__ import annotations

from engine.core.addresses import address_text
from engine.core.connection import REPLY, Connection
from engine.core.context import Context
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import TCP, UDP
from engine.core.verdict import ACCEPT, DROP
from engine.helpers.helper import Tools
from engine.helpers.sip_text import (
    CONTACT,
    CONTENT_LENGTH,
    FOUND,
    FROM,
    MALFORMED,
    NOTHING,
    SDP_CONNECTION,
    SDP_MEDIA,
    SDP_OWNER,
    SDP_VERSION,
    TO,
    VIA_TCP,
    VIA_UDP,
    Header,
    Message,
    Place,
)


def forced_port(entry: Connection) -> int:
    return entry.helper_data.get("forced", 0)


class Exchange:
    """One message of a connection, being read and rewritten. offset: where it stands in the payload."""

    def __init__(
        self, tools: Tools, packet: Packet, context: Context, entry: Connection, offset: int, size: int
    ) -> None:
        self.tools = tools
        self.packet = packet
        self.context = context
        self.entry = entry
        self.offset = offset
        self.direction = context.direction
        self.sender = entry.tuple_of(self.direction)  # as the message knows both ends
        self.answers = entry.tuple_of(1 - self.direction)  # as the other side knows them
        self.size = size
        self.message = self._read()
        self.why = ""

    def _read(self) -> Message:
        start = self.packet.payload() + self.offset
        return Message(bytes(self.packet.data[start : start + self.size]), self.packet.family)

    def drop(self, why: str) -> int:
        self.why = why
        return DROP

    def put(self, start: int, length: int, new: bytes) -> bool:
        """Replace a piece of the message; offsets behind it are no longer those that were."""
        if not self.tools.replace(self.packet, self.context, self.offset + start, length, new):
            return False
        self.size += len(new) - length
        self.message = self._read()
        return True

    def text(self, address: int, bracketed: bool) -> bytes:
        text = address_text(address, self.packet.family)
        return (f"[{text}]" if bracketed and self.packet.family != IPV4 else text).encode()

    # -- NAT of addresses

    def map_address(self, place: Place) -> bool:
        """If place holds one end of the connection, write it as the other side knows it."""
        address, port = place.address, place.port
        if address == self.sender.src and port == self.sender.sport:
            new_address, new_port = self.answers.dst, self.answers.dport
        elif address == self.sender.dst and port == self.sender.dport:
            new_address, new_port = self.answers.src, forced_port(self.entry) or self.answers.sport
        else:
            return True
        if new_address == address and new_port == port:
            return True
        new = self.text(new_address, True) + f":{new_port}".encode()
        return self.put(place.start, place.length, new)

    def map_header(self, header: Header) -> bool:
        place = Place()
        if self.message.uri(0, header, False, place) != FOUND:
            return True
        return self.map_address(place)

    def translate(self) -> int:
        """First line, Via, Contact, From, To."""
        place = Place()
        request = not self.message.lower.startswith(b"sip/2.0")
        if request and self.message.request_uri(place) == FOUND and not self.map_address(place):
            return self.drop("cannot mangle SIP message")
        verdict = self._translate_via(request)
        if verdict != ACCEPT:
            return verdict
        at = 0
        in_list = False
        while self.message.uri(at, CONTACT, in_list, place) == FOUND:
            at = place.end
            in_list = True
            if not self.map_address(place):
                return self.drop("cannot mangle contact")
        if not self.map_header(FROM) or not self.map_header(TO):
            return self.drop("cannot mangle SIP from/to")
        forced = forced_port(self.entry)
        if self.direction == REPLY and forced and self.packet.proto == UDP:
            data = self.packet.data
            data[self.packet.l4 + 2 : self.packet.l4 + 4] = forced.to_bytes(2, "big")
            self.packet.fix_length()
        return ACCEPT

    def _translate_via(self, request: bool) -> int:
        place = Place()
        header = VIA_TCP if self.packet.proto == TCP else VIA_UDP
        if self.message.uri(0, header, False, place) != FOUND:
            return ACCEPT
        if request:
            ours = place.address == self.sender.src and place.port == self.sender.sport
        else:
            ours = place.address == self.sender.dst and place.port == self.sender.dport
        if not ours:
            return ACCEPT
        size = self.size
        stop = place.stop
        if not self.map_address(place):
            return self.drop("cannot mangle Via header")
        stop += self.size - size
        sender, answers = self.sender, self.answers
        given = self.message.address_parameter(stop, b"maddr=", True, place) and place.address == sender.src
        if given and not self._put_other_address(place, answers.dst, True):
            return self.drop("cannot mangle maddr")
        given = self.message.address_parameter(stop, b"received=", False, place) and place.address == sender.dst
        if given and not self._put_other_address(place, answers.src, False):
            return self.drop("cannot mangle received")
        given = self.message.number_parameter(stop, b"rport=", place) == FOUND and place.number & 0xFFFF == sender.dport
        if given and sender.dport != answers.sport:
            done = self.put(place.start, place.length, str(answers.sport).encode())
            if not done:
                return self.drop("cannot mangle rport")
        return ACCEPT

    def _put_other_address(self, place: Place, address: int, bracketed: bool) -> bool:
        if place.address == address:
            return True
        return self.put(place.start, place.length, self.text(address, bracketed))

    # -- NAT of session descriptions

    def put_sdp(self, at: int, header: Header, new: bytes) -> int:
        """Replace the value of a session description's line in front of the first media line."""
        place = Place()
        if self.message.sdp(at, header, SDP_MEDIA, place) != FOUND:
            return NOTHING
        return FOUND if self.put(place.start, place.length, new) else MALFORMED

    def fix_content_length(self) -> bool:
        place = Place()
        if self.message.sdp(0, SDP_VERSION, None, place) != FOUND:
            return False
        length = self.size - place.start + 2  # with its "v="
        if self.message.header(0, CONTENT_LENGTH, place) != FOUND:
            return False
        return self.put(place.start, place.length, str(length).encode())

    def put_media_port(self, start: int, length: int, port: int) -> bool:
        return self.put(start, length, str(port).encode()) and self.fix_content_length()

    def put_media_address(self, at: int, address: int) -> bool:
        if self.put_sdp(at, SDP_CONNECTION, self.text(address, False)) != FOUND:
            return False
        return self.fix_content_length()

    def put_session_address(self, at: int, address: int) -> bool:
        text = self.text(address, False)
        if self.put_sdp(at, SDP_OWNER, text) != FOUND:
            return False
        if self.put_sdp(at, SDP_CONNECTION, text) == MALFORMED:
            return False
        return self.fix_content_length()
