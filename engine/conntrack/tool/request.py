"""A command line, read: which command on which table, with which options."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from engine.conntrack.tool.legality import ADDRESS_PAIRS, GENERAL
from engine.conntrack.tool.problems import OTHER, Problem, wrong
from engine.conntrack.tool.protocols import KNOWN, Protocol, read_value
from engine.conntrack.tool.words import ARGUMENT, Long, Reader
from engine.core.addresses import ADDRESS_BITS
from engine.core.connection import ASSURED, EXPECTED, FIXED_TIMEOUT, SEEN_REPLY
from engine.core.hooks import IPV4, IPV6
from engine.core.names import Names
from engine.core.numbers import atoi, is_decimal, strtoul_start

TABLES: Final = ("expect", "conntrack", "dying", "unconfirmed")
EXPECT_COMMANDS: Final = frozenset("LIDGFECS")
DEFAULTS_TO_IPV4: Final = frozenset(("I", "A", "C", "S", "V", "h", "eL", "eI", "eD", "eG", "eF", "eE", "eC", "eS"))

OPTION_NAMES: Final[dict[str, str]] = {
    "s": "src",
    "d": "dst",
    "r": "reply-src",
    "q": "reply-dst",
    "[": "tuple-src",
    "]": "tuple-dst",
    "{": "mask-src",
    "}": "mask-dst",
    "n": "src-nat",
    "g": "dst-nat",
    "j": "any-nat",
    "m": "mark",
    "c": "secmark",
    "i": "id",
    "w": "zone",
    "l": "label",
    "<": "label-add",
    ">": "label-del",
    "(": "orig-zone",
    ")": "reply-zone",
}
ADDRESS_ATTRIBUTES: Final[dict[str, str]] = {
    "s": "orig_src",
    "d": "orig_dst",
    "r": "reply_src",
    "q": "reply_dst",
    "[": "tuple_src",
    "]": "tuple_dst",
    "{": "mask_src",
    "}": "mask_dst",
}
# Options whose address may carry /BITS, and the mask option that stands for it
MASK_OPTIONS: Final[dict[str, str]] = {"s": "{", "d": "}", "[": "{", "]": "}"}

# Words of -u, -e, -o; a word may be cut short, the first that fits is taken
STATUS_WORDS: Final[tuple[tuple[str, int], ...]] = (
    ("ASSURED", ASSURED),
    ("SEEN_REPLY", SEEN_REPLY),
    ("UNSET", 0),
    ("FIXED_TIMEOUT", FIXED_TIMEOUT),
    ("EXPECTED", EXPECTED),
    ("OFFLOAD", 1 << 14),
    ("HW_OFFLOAD", 1 << 15),
)
EVENT_NEW: Final = 1
EVENT_UPDATES: Final = 2
EVENT_DESTROY: Final = 4
EVENT_WORDS: Final[tuple[tuple[str, int], ...]] = (
    ("ALL", 7),
    ("NEW", EVENT_NEW),
    ("UPDATES", EVENT_UPDATES),
    ("DESTROY", EVENT_DESTROY),
)
XML: Final = 1
EXTENDED: Final = 2
TIMESTAMP: Final = 4
ID: Final = 8
KTIMESTAMP: Final = 16
LABELS: Final = 32
SAVE: Final = 64
OUTPUT_WORDS: Final[tuple[tuple[str, int], ...]] = (
    ("xml", XML),
    ("extended", EXTENDED),
    ("timestamp", TIMESTAMP),
    ("id", ID),
    ("ktimestamp", KTIMESTAMP),
    ("labels", LABELS),
    ("userspace", 0),
    ("save", SAVE),
)
UNREPLIED: Final = "UNREPLIED"
NO_LABELS: Final = "nfct_labelmap_new: No such file or directory\n"
EMPTY_LABELS: Final = "nfct_labelmap_new: Success\n"  # what the tool says of a file without a name
BLANK: Final = re.compile(r"[ \t\n\v\f\r]")
NETMASK: Final = re.compile(r"[ \t\n\v\f\r]*[-+]?[0-9]+")


class Request:
    """attributes: what entries are compared with or made of, by name. family: 0 = not said."""

    def __init__(self) -> None:
        self.command = ""  # letter, behind "e" for the expect table; "" = none given
        self.table = "conntrack"
        self.family = 0
        self.given: set[str] = set()  # options as the legality table names them
        self.attributes: dict[str, int] = {}
        self.protocol: Protocol | None = None
        self.number = 0
        self.mark = 0
        self.mark_mask = 0xFFFFFFFF
        self.icmp_too_early = False  # the type stood before -s and -d: the tool did not know which ICMP it is of
        self.icmp_replies = False  # an ICMP option stood behind -r or -q: the reply tuple is of that protocol too
        self.selected_mark = -1  # what the kernel is asked for, -1: any; -u does not touch it
        self.status_mask = -1  # bits that the listing compares, -1: none asked for
        self.status_value = 0
        self.events = 0
        self.output = 0
        self.buffer_size = 0
        self.labels: list[str] = []
        self.shows_labels = False  # some option needed their names: then the listing has them too
        self.label_changes: list[str] = []
        self.warnings: list[str] = []

    def check_masks(self) -> None:
        """A mask is of no use without the address that it belongs to."""
        for side in ("src", "dst"):
            if f"mask-{side}" in self.given and side not in self.given:
                raise wrong(f"Can't use --mask-{side} without --{side}")


def parse(argv: list[str], names: Names, labels: dict[str, int] | None) -> Request:
    """Read a command line; raises Problem with the tool's own message."""
    request = Request()
    try:
        _parse(request, Reader(argv), names, labels)
    except Problem as problem:
        problem.before = "".join(request.warnings)
        raise
    return request


def _parse(request: Request, reader: Reader, names: Names, labels: dict[str, int] | None) -> None:
    flags: set[str] = set()
    while True:
        option = reader.next()
        if not option:
            break
        if option.startswith("protocol:"):
            _protocol_option(request, option, reader.argument, flags)
        elif option in "LIDGFEVhCSUA":
            _command(request, option, reader)
        else:
            _option(request, option, reader, names, labels)
    _finish(request, flags)


def _command(request: Request, letter: str, reader: Reader) -> None:
    word = reader.optional()
    table = "conntrack"
    if word is not None:
        table = next((name for name in TABLES if name.startswith(word)), "")
        if not table:
            raise wrong(f"unknown type `{word}'")
    if table in ("dying", "unconfirmed") and letter != "L":
        raise wrong("Can't do that command with tables `dying' and `unconfirmed'")
    command = letter
    if table == "expect":
        if letter in "UA":
            raise wrong(f"Can't do --{'update' if letter == 'U' else 'add'} on expectations")
        if letter in EXPECT_COMMANDS:
            command = "e" + letter
    if request.command:
        raise wrong("Invalid commands combination")
    request.command = command
    request.table = table


def _option(request: Request, letter: str, reader: Reader, names: Names, labels: dict[str, int] | None) -> None:
    text = reader.argument
    if letter in OPTION_NAMES:
        request.given.add(OPTION_NAMES[letter])
    if letter in ADDRESS_ATTRIBUTES:
        _address_option(request, letter, text)
    elif letter in "ngj":
        _nat_option(request, letter, reader)
    elif letter == "p":
        _protocol(request, text, reader, names)
    elif letter == "t":
        request.given.add("timeout")
        request.attributes["timeout"] = atoi(text) & 0xFFFFFFFF
    elif letter == "u":
        request.given.add("status")
        _status(request, text)
    elif letter == "e":
        request.given.add("event-mask")
        request.events |= _words(text, EVENT_WORDS, request)
    elif letter == "o":
        request.given.add("output")
        request.output |= _words(text, OUTPUT_WORDS, request)
        if request.output & LABELS:
            _need_labels(request, labels)
        if request.output & SAVE and request.output & ~SAVE:
            message = "cannot combine save output with any other output type, use -o save only"
            raise Problem(OTHER, message)
    elif letter == "z":
        request.given.add("zero")
    elif letter == "a":
        request.warnings.append("WARNING: ignoring -a, deprecated option.\n")
    elif letter == "f":
        _family_option(request, text)
    elif letter == "b":
        request.given.add("buffer-size")
        request.buffer_size = atoi(text)
    elif letter in "l<>":
        _label_option(request, letter, reader, labels)
    else:
        _number_option(request, letter, text)


def _number_option(request: Request, letter: str, text: str) -> None:
    value = strtoul_start(text)[0]
    if letter == "m":
        _mark(request, text)
    elif letter == "c":
        request.attributes["secmark"] = value & 0xFFFFFFFF
    elif letter == "i":
        request.attributes["id"] = value & 0xFFFFFFFF
    elif letter == "w":
        request.attributes["zone"] = value & 0xFFFF
    elif letter == "(":
        request.attributes["zone_orig"] = value & 0xFFFF
    else:
        request.attributes["zone_reply"] = value & 0xFFFF


def _mark(request: Request, text: str) -> None:
    value, rest = strtoul_start(text)
    request.mark = value & 0xFFFFFFFF
    request.selected_mark = request.mark
    request.mark_mask = 0xFFFFFFFF
    if rest.startswith("/"):
        request.mark_mask = strtoul_start(rest[1:])[0] & 0xFFFFFFFF


def _label_option(request: Request, letter: str, reader: Reader, labels: dict[str, int] | None) -> None:
    _need_labels(request, labels)
    if {"label-add", "label-del"} <= request.given:
        raise Problem(OTHER, "cannot use --label-add and --label-del at the same time")
    text = reader.optional() if letter == ">" else reader.argument
    if text is None:
        return
    found = text.split(",")
    for name in found:
        if labels is None or name not in labels:
            raise wrong(f"unknown label '{name}'")
    (request.labels if letter == "l" else request.label_changes).extend(found)


def _need_labels(request: Request, labels: dict[str, int] | None) -> None:
    """Each option that needs the file of names says that there is none."""
    request.shows_labels = True
    if not labels:
        request.warnings.append(NO_LABELS if labels is None else EMPTY_LABELS)


def _family_option(request: Request, text: str) -> None:
    request.given.add("family")
    if text.startswith("ipv4"):
        _set_family(request, IPV4)
    elif text.startswith("ipv6"):
        _set_family(request, IPV6)
    else:
        raise wrong(f"`{text}' unsupported protocol")


def _set_family(request: Request, family: int) -> None:
    if request.family and request.family != family:
        raise wrong("mismatched address family")
    request.family = family


def _address(text: str) -> tuple[int, int] | None:
    """(family, address) of a numeric address; IPv4 in the forms of inet_aton(3)."""
    if ":" in text:
        try:
            return (IPV6, int(IPv6Address(text))) if "%" not in text else None
        except ValueError:
            return None
    try:
        return IPV4, int(IPv4Address(text))
    except ValueError:
        return _inet_aton(text)


def _inet_aton(text: str) -> tuple[int, int] | None:
    """What stands behind a blank does not count."""
    parts = BLANK.split(text, 1)[0].split(".")
    if not 1 <= len(parts) <= 4:
        return None
    value = 0
    for number, part in enumerate(parts):
        piece, rest = strtoul_start(part)
        last = number == len(parts) - 1
        room = 8 * (5 - len(parts)) if last else 8
        if not part or rest or part[:1] in "+- " or piece >= 1 << room:
            return None
        value = value << room | piece
    return IPV4, value


def _netmask(text: str) -> int:
    """The number behind a slash, -1 if it is none. No digits are 0; it is cut to 32 bits."""
    found = NETMASK.fullmatch(text)
    if found is None:
        return -1 if text else 0
    value = max(-(1 << 63), min(int(found.group()), (1 << 63) - 1)) & 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def _address_option(request: Request, letter: str, text: str) -> None:
    name, slash, bits_text = text.partition("/")
    found = _address(name)
    if found is None:
        raise wrong(f"Invalid IP address `{text}'")
    family, address = found
    _set_family(request, family)
    width = ADDRESS_BITS[family]
    mask_letter = MASK_OPTIONS.get(letter, "")
    if slash and not mask_letter:
        raise wrong(f"CIDR notation unavailable for `--{LONG_NAMES[letter]}'")
    bits = -1
    if slash:
        bits = _netmask(bits_text)
        if not 0 <= bits <= width:
            raise wrong("Invalid netmask")
    request.attributes[ADDRESS_ATTRIBUTES[letter]] = address
    if bits >= 0 and bits != width:
        mask = (1 << width) - (1 << (width - bits))
        request.attributes[ADDRESS_ATTRIBUTES[mask_letter]] = mask
        request.given.add(OPTION_NAMES[mask_letter])


LONG_NAMES: Final[dict[str, str]] = {
    "s": "orig-src",
    "d": "orig-dst",
    "r": "reply-src",
    "q": "reply-dst",
    "{": "mask-src",
    "}": "mask-dst",
    "n": "src-nat",
    "g": "dst-nat",
    "j": "any-nat",
}


def _nat_option(request: Request, letter: str, reader: Reader) -> None:
    text = reader.optional()
    if text is None:
        return
    name, port = _split_port(text)
    host, slash, _bits = name.partition("/")
    found = _address(host)
    if found is None:
        raise wrong(f"Invalid IP address `{name}'")
    _set_family(request, found[0])
    if slash:
        raise wrong(f"CIDR notation unavailable for `--{LONG_NAMES[letter]}'")
    for side, attribute in (("n", "snat"), ("g", "dnat")):
        if letter in (side, "j"):
            request.attributes[attribute] = found[1]
            if port >= 0:
                request.attributes[attribute + "_port"] = port


def _split_port(text: str) -> tuple[str, int]:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; port -1 if none."""
    if "[" in text:
        inner = text.split("[", 1)[1]
        if inner.startswith("]"):
            raise wrong("No IPv6 address specified")
        if "]" not in inner:
            raise wrong("No closing ']' around IPv6 address")
        address, behind = inner.split("]", 1)
        if ":" not in behind:
            return text, -1
        port = behind.split(":", 1)[1]
    elif text.count(":") == 1:
        address, port = text.split(":")
    else:
        return text, -1
    if not port:
        raise wrong("No port specified after `:'")
    if not is_decimal(port) or int(port) > 65535:
        raise wrong(f"Invalid port `{port}'")
    return address, int(port)


def _protocol(request: Request, text: str, reader: Reader, names: Names) -> None:
    request.given.add("protonum")
    found = next((one for one in KNOWN if one.name == text.lower()), None)
    number = -1
    if found is None:
        number = _protocol_number(text, names)
        if number < 0:
            raise wrong(f"`{text}' unsupported protocol")
        # a number may mean a known protocol, a name from /etc/protocols does not
        if names.protocol(text) is None:
            found = next((one for one in KNOWN if one.number == number), None)
    if found is None:
        found = Protocol("unknown", number, None, ())
    request.protocol = found
    request.number = found.number
    request.attributes["l4proto"] = found.number
    for name, _flag, _attribute, _kind in found.rows:
        reader.longs.append(Long(name, ARGUMENT, f"protocol:{name}"))


def _protocol_number(text: str, names: Names) -> int:
    named = names.protocol(text)
    if named is not None and not text[:1].isdigit():
        return named
    value, rest = strtoul_start(text)
    if rest or not text or value > 255:
        return -1
    return value


def _protocol_option(request: Request, option: str, text: str, flags: set[str]) -> None:
    wanted = option.removeprefix("protocol:")
    assert request.protocol is not None
    for name, flag, attribute, kind in request.protocol.rows:
        if name == wanted:
            request.attributes[attribute] = read_value(kind, text)
            if attribute == "icmp_type":
                request.icmp_too_early = not request.given & {"src", "dst"}
            if attribute.startswith("icmp_") and request.given & {"reply-src", "reply-dst"}:
                request.icmp_replies = True
            flags.add(flag)
            return
    raise wrong("parse error")


def _words(text: str, table: tuple[tuple[str, int], ...], request: Request) -> int:
    value = 0
    rest = text
    while True:
        word, comma, behind = rest.partition(",")
        value |= _one_word(word, rest, table, request)
        if not comma:
            return value
        rest = behind


def _one_word(word: str, shown: str, table: tuple[tuple[str, int], ...], request: Request) -> int:
    if word:
        for old, instead in (("SRC_NAT", "--src-nat"), ("DST_NAT", "--dst-nat")):
            if old.startswith(word.upper()):
                request.warnings.append(f"WARNING: ignoring {old}, use {instead} instead\n")
                return 0
        for name, value in table:
            if name.lower().startswith(word.lower()):
                return value
    raise wrong(f"Bad parameter `{shown}'")


def _status(request: Request, text: str) -> None:
    """Bits that must be set; UNREPLIED and !WORD: bits that must not. Another -u adds to what the first one said, but a
    mask, once there is one, does not grow by bits that must be set."""
    mask = max(request.status_mask, 0)
    value = request.status_value
    rest = text
    while True:
        word, comma, behind = rest.partition(",")
        negated = word.startswith("!")
        if negated:
            word = word[1:]
            rest = rest[1:]
        if not negated and rest.startswith(UNREPLIED):
            mask |= SEEN_REPLY
        elif negated:
            mask |= _one_word(word, rest, STATUS_WORDS, request)
        else:
            value |= _one_word(word, rest, STATUS_WORDS, request)
        if not comma:
            break
        rest = behind
    request.attributes["status"] = value
    request.mark = value  # the tool lets -u overwrite the value of a -m that stands before it
    request.status_mask = mask or value
    request.status_value = value


def _finish(request: Request, flags: set[str]) -> None:
    if not request.family and request.command in DEFAULTS_TO_IPV4:
        request.family = IPV4
    if "any-nat" in request.given and request.given & {"src-nat", "dst-nat"}:
        raise wrong("cannot specify `--src-nat' or `--dst-nat' with `--any-nat'")
    command = request.command
    if not command:
        refused = [name for name in GENERAL.options if name in request.given]
        if refused:
            raise wrong(f"Illegal option `--{refused[0]}' with this command")
        return
    pair = GENERAL.check(command, request.given, ADDRESS_PAIRS)
    if pair >= 0:
        names = ("`--src' and `--dst'", "`--reply-src' and `--reply-dst'")
        raise wrong(f"you have to specify {names[pair]}")
    if command != "h" and request.protocol is not None:
        request.protocol.check(command, flags)
