"""Finding things in SIP messages and session descriptions, as far as the sip helper needs them.

A message is bytes; offsets count from its first byte. Headers are found anywhere behind a line end, so also in what
follows the empty line. Addresses must be numeric and of the connection's family, ports from 1024 on with at most five
digits; IPv6 addresses stand in brackets in SIP and bare in session descriptions.

Source: RFC 3261 section 7 and 25, RFC 4566 section 5; measured on Linux 6.18.
"""

from __future__ import annotations

from typing import Final

from engine.core.hooks import IPV4
from engine.helpers.numeric import NONE, ipv6_end, read_ipv6

NOTHING: Final = 0
FOUND: Final = 1
MALFORMED: Final = -1  # the header is there but what it must hold is not

SIP_PORT: Final = 5060
LOWEST_PORT: Final = 1024
LONGEST_PORT: Final = 5  # digits
LONGEST_NUMBER: Final = 11
LARGEST_NUMBER: Final = 0xFFFFFFFF

CR: Final = 0x0D
LF: Final = 0x0A
BLANK: Final = 0x20
TAB: Final = 0x09
COLON: Final = 0x3A
COMMA: Final = b","

# What a header holds
DIGITS: Final = 0
ADDRESS: Final = 1  # address[:port]
USER_ADDRESS: Final = 2  # [user@]address[:port]
MEDIA: Final = 3  # word and port
BARE_ADDRESS: Final = 4


class Header:
    """Its name, its short form, what stands before the value (`sip:`), and what the value is. All in lower case."""

    def __init__(self, name: bytes, short: bytes, before: bytes, holds: int) -> None:
        self.name = name
        self.short = short
        self.before = before
        self.holds = holds


CSEQ: Final = Header(b"cseq", b"", b"", DIGITS)
FROM: Final = Header(b"from", b"f", b"sip:", USER_ADDRESS)
TO: Final = Header(b"to", b"t", b"sip:", USER_ADDRESS)
CONTACT: Final = Header(b"contact", b"m", b"sip:", USER_ADDRESS)
VIA_UDP: Final = Header(b"via", b"v", b"udp ", ADDRESS)
VIA_TCP: Final = Header(b"via", b"v", b"tcp ", ADDRESS)
EXPIRES: Final = Header(b"expires", b"", b"", DIGITS)
CONTENT_LENGTH: Final = Header(b"content-length", b"l", b"", DIGITS)

# Lines of a session description; `before` is exact in case and goes on with the family's number
SDP_VERSION: Final = Header(b"v=", b"", b"", DIGITS)
SDP_OWNER: Final = Header(b"o=", b"", b"IN IP", BARE_ADDRESS)
SDP_CONNECTION: Final = Header(b"c=", b"", b"IN IP", BARE_ADDRESS)
SDP_MEDIA: Final = Header(b"m=", b"", b"", MEDIA)


class Place:
    """Where something was found, and the address and port it says."""

    def __init__(self) -> None:
        self.start = 0
        self.length = 0
        self.address = 0
        self.port = 0
        self.number = 0
        self.end = 0  # behind the address and port that were read

    @property
    def stop(self) -> int:
        return self.start + self.length


def is_alpha(byte: int) -> bool:
    """Is it a letter? The kernel goes by Latin-1."""
    return 0x61 <= (byte | 0x20) <= 0x7A or (byte >= 0xC0 and byte not in (0xD7, 0xF7))


class Message:
    """The text, once as it is and once in lower case. family: that of the connection."""

    def __init__(self, text: bytes, family: int) -> None:
        self.text = text
        self.lower = text.lower()
        self.size = len(text)
        self.family = family

    def at(self, offset: int) -> int:
        """The byte there, -1 behind the end."""
        return self.text[offset] if offset < self.size else -1

    # -- numbers and addresses

    def digits(self, at: int) -> int:
        """How many digits begin here?"""
        start = at
        while at < self.size and 0x30 <= self.text[at] <= 0x39:
            at += 1
        return at - start

    def number(self, at: int) -> int:
        """The decimal number that begins here, 0 if none does or it is too big (32 bits, eleven digits)."""
        count = self.digits(at)
        if not 0 < count <= LONGEST_NUMBER:
            return 0
        value = int(self.text[at : at + count])
        return value if value <= LARGEST_NUMBER else 0

    def has_number(self, at: int) -> bool:
        """Is there a number here that `number` can read?"""
        count = self.digits(at)
        return 0 < count <= LONGEST_NUMBER and int(self.text[at : at + count]) <= LARGEST_NUMBER

    def address(self, at: int, bracketed: bool, place: Place) -> bool:
        """A numeric address begins here: place.address, place.end."""
        if self.family == IPV4:
            return self._ipv4(at, place)
        opened = self.at(at) == 0x5B
        if opened and bracketed:
            at += 1
        elif bracketed:
            return False
        if not self._ipv6(at, place):
            return False
        if bracketed:
            if self.at(place.end) != 0x5D:
                return False
            place.end += 1
        return True

    def _ipv4(self, at: int, place: Place) -> bool:
        address = 0
        for index in range(4):
            count = self.digits(at)
            significant = self.text[at : at + count].lstrip(b"0")
            if not count or len(significant) > 3 or int(significant or b"0") > 255:
                return False
            address = address << 8 | int(significant or b"0")
            at += count
            if index < 3:
                if self.at(at) != 0x2E:
                    return False
                at += 1
        byte = self.at(at)
        if byte == 0x2E or 0x61 <= (byte | 0x20) <= 0x66:
            return False  # more of the same, or a hexadecimal digit
        place.address = address
        place.end = at
        return True

    def _ipv6(self, at: int, place: Place) -> bool:
        end = ipv6_end(self.text, at)
        address = read_ipv6(self.text[at:end])
        if address == NONE:
            return False
        place.address = address
        place.end = end
        return True

    # -- lines

    def _next_line(self, at: int) -> int:
        """The byte at `at` ends a line: the offset of the next line, -1 at the end of the message."""
        at += 1
        if at >= self.size:
            return -1
        if self.text[at - 1] == CR and self.text[at] == LF:
            at += 1
            if at >= self.size:
                return -1
        return at

    def _continuation(self, at: int, limit: int) -> int:
        """The byte at `at` ends a line: where the header goes on in the next one, -1 if it does not."""
        at += 1
        if at >= limit:
            return -1
        if self.text[at - 1] == CR and self.text[at] == LF:
            at += 1
            if at >= limit:
                return -1
        if self.text[at] not in (BLANK, TAB):
            return -1
        while at < limit and self.text[at] in (BLANK, TAB):
            at += 1
        return at

    def _skip_blanks(self, at: int) -> int:
        while at < self.size and self.text[at] in (BLANK, TAB):
            at += 1
        if at < self.size and self.text[at] in (CR, LF):
            return self._continuation(at, self.size)
        return at

    def search(self, at: int, limit: int, needle: bytes) -> int:
        """The next occurrence of `needle` (lower case) in this header and its continuation lines, -1 if none."""
        limit -= len(needle)
        while at < limit:
            byte = self.text[at]
            if byte in (CR, LF):
                at = self._continuation(at, limit)
                if at < 0:
                    return -1
            elif self.lower.startswith(needle, at):
                return at
            at += 1
        return -1

    # -- headers

    def _value(self, holds: int, at: int, place: Place) -> bool:
        """The value of a header begins at `at`: place.start, place.length."""
        place.start = at
        if holds == DIGITS:
            place.length = self.digits(at)
        elif holds == MEDIA:
            place.length = self._media(at)
        elif holds == BARE_ADDRESS:
            place.length = place.end - at if self.address(at, False, place) else 0
        else:
            if holds == USER_ADDRESS:
                at = self._behind_user(at)
                place.start = at
            place.length = self._address_and_port(at, place)
        return place.length > 0

    def _media(self, at: int) -> int:
        start = at
        while at < self.size and is_alpha(self.text[at]):
            at += 1
        if self.at(at) != BLANK:
            return 0
        at += 1
        return at + self.digits(at) - start

    def _behind_user(self, at: int) -> int:
        end = at
        while end < self.size and self.text[end] not in b"@\r\n":
            end += 1
        return end + 1 if self.at(end) == 0x40 else at

    def _address_and_port(self, at: int, place: Place) -> int:
        """Their length, 0 if there is no address, a port that is none, or nothing behind them."""
        if not self.address(at, True, place) or place.end >= self.size:
            return 0
        place.port = SIP_PORT
        if self.at(place.end) == COLON:
            count = self.digits(place.end + 1)
            place.port = self.number(place.end + 1) if count <= LONGEST_PORT else 0
            place.end += 1 + count
            if not LOWEST_PORT <= place.port <= 65535 or place.end >= self.size:
                return 0
        return place.end - at

    def header(self, at: int, wanted: Header, place: Place) -> int:
        """The first such header behind the first line end at or behind `at`."""
        while at < self.size:
            if self.text[at] not in (CR, LF):
                at += 1
                continue
            at = self._next_line(at)
            if at < 0:
                break
            name = 0
            if self.text[at] not in (BLANK, TAB):
                name = self._name_length(at, wanted)
            if not name:
                at += 1
                continue
            at = self._skip_blanks(at + name)
            if at < 0 or self.at(at) != COLON or at + 1 >= self.size:
                break
            at = self._skip_blanks(at + 1)
            if at < 0:
                break
            place.start = at
            if wanted.before:
                at = self.search(at, self.size, wanted.before)
                if at < 0:
                    return MALFORMED
                at += len(wanted.before)
            start = place.start
            if self._value(wanted.holds, at, place):
                return FOUND
            place.start = start
            return MALFORMED
        return NOTHING

    def _name_length(self, at: int, wanted: Header) -> int:
        if self.lower.startswith(wanted.name, at):
            return len(wanted.name)
        short = wanted.short
        if short and self.lower.startswith(short, at):
            end = at + len(short)
            if end < self.size and not is_alpha(self.text[end]):
                return len(short)
        return 0

    def _next_in_list(self, at: int, wanted: Header, place: Place) -> int:
        """The next value of a header that is a list."""
        at = self.search(at, self.size, COMMA)
        if at < 0:
            return NOTHING
        at = self.search(at, self.size, wanted.before)
        if at < 0:
            return NOTHING
        at += len(wanted.before)
        if self._value(wanted.holds, at, place):
            return FOUND
        place.start = at
        return MALFORMED

    def uri(self, at: int, wanted: Header, in_list: bool, place: Place) -> int:
        """Address and port of the next such header (or of the next value of the same one)."""
        found = NOTHING
        if in_list:
            while True:
                found = self._next_in_list(at, wanted, place)
                if found != MALFORMED:
                    break
                at = place.start
        while found != FOUND:
            found = self.header(at, wanted, place)
            if found == NOTHING:
                return NOTHING
            at = place.start
        return FOUND

    def request_uri(self, place: Place) -> int:
        """Address and port in the first line of a request."""
        at = 0
        while at < self.size and is_alpha(self.text[at]):
            at += 1
        if at == 0 or at + 1 >= self.size:
            return NOTHING
        at += 1
        while at < self.size - 4:
            if self.text[at] in (CR, LF):
                return MALFORMED
            if self.lower.startswith(b"sip:", at):
                at += 4
                break
            at += 1
        at = self._behind_user(at)
        place.start = at
        place.length = self._address_and_port(at, place)
        return FOUND if place.length else NOTHING

    # -- parameters of a header

    def _parameter(self, at: int, name: bytes) -> tuple[int, int]:
        """(where the value of a parameter begins, -1 = it is not there; where the header's value ends)."""
        limit = self.search(at, self.size, COMMA)
        if limit < 0:
            limit = self.size
        start = self.search(at, limit, name)
        return (start if start < 0 else start + len(name)), limit

    def word_parameter(self, at: int, name: bytes) -> bytes | None:
        """The value of a parameter in lower case, from its beginning on; None without one."""
        start, limit = self._parameter(at, name)
        return None if start < 0 else self.lower[start:limit]

    def number_parameter(self, at: int, name: bytes, place: Place) -> int:
        """The number that a parameter is, in place.number."""
        start, _limit = self._parameter(at, name)
        if start < 0:
            return NOTHING
        if not self.has_number(start):
            return MALFORMED
        place.start = start
        place.length = self.digits(start)
        place.number = self.number(start)
        return FOUND

    def address_parameter(self, at: int, name: bytes, bracketed: bool, place: Place) -> bool:
        """bracketed: an IPv6 address must stand in brackets; else it may, and one of them may be missing."""
        start, _limit = self._parameter(at, name)
        if start < 0:
            return False
        lax = self.family != IPV4 and not bracketed
        opened = lax and self.at(start) == 0x5B
        if not self.address(start + 1 if opened else start, bracketed, place):
            return False
        if lax and self.at(place.end) == 0x5D:
            place.end += 1
        place.start = start
        place.length = place.end - start
        return True

    # -- session descriptions

    def sdp(self, at: int, wanted: Header, until: Header | None, place: Place) -> int:
        """The next such line, but not behind an `until` line."""
        before = wanted.before
        if before:
            before += b"4 " if self.family == IPV4 else b"6 "
        while at < self.size:
            if self.text[at] not in (CR, LF):
                at += 1
                continue
            at = self._next_line(at)
            if at < 0 or (until is not None and self.lower.startswith(until.name, at)):
                break
            if not self.lower.startswith(wanted.name, at):
                at += 1
                continue
            at += len(wanted.name)
            start = at
            if before:
                at = self._in_line(at, before)
                if at < 0:
                    place.start = start
                    return MALFORMED
                at += len(before)
            if self._value(wanted.holds, at, place):
                return FOUND
            place.start = start
            return MALFORMED
        return NOTHING

    def _in_line(self, at: int, needle: bytes) -> int:
        limit = self.size - len(needle)
        while at < limit and self.text[at] not in (CR, LF):
            if self.text.startswith(needle, at):
                return at
            at += 1
        return -1
