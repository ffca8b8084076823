"""conntrack: everything about the connection of a packet.

    -m conntrack [!] --ctstate STATE[,STATE]...      INVALID NEW RELATED ESTABLISHED UNTRACKED SNAT DNAT
                 [!] --ctproto PROTOCOL
                 [!] --ctorigsrc --ctorigdst --ctreplsrc --ctrepldst ADDRESS[/MASK]
                 [!] --ctorigsrcport --ctorigdstport --ctreplsrcport --ctrepldstport PORT[:PORT]
                 [!] --ctstatus STATUS[,STATUS]...    NONE EXPECTED SEEN_REPLY ASSURED CONFIRMED
                 [!] --ctexpire SECONDS[:SECONDS]
                     --ctdir ORIGINAL|REPLY

All that is asked must be true. orig and repl are the two directions of the entry; without address translation the
reply's source is the original's destination. SNAT and DNAT: the connection is translated; the first packet of an SNAT
is not yet, where FORWARD sees it. --ctstatus NONE never matches (it asks for none of no bits). Ports of ICMP are its id
and its type and code. Host bits of an address below its mask are kept in the text and mean nothing.

A packet without connection matches only what asks nothing but --ctstate, or asks --ctstate and is answered by it:
other options of that rule are then not looked at.

Kernel peer: xt_conntrack revision 3. Source: iptables-extensions(8) conntrack.
"""

from __future__ import annotations

from typing import Final

from engine.core.addresses import ADDRESS_BITS, address_text
from engine.core.connection import ASSURED, CONFIRMED, EXPECTED, SEEN_REPLY
from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.names import NAMES
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.states import STATE_NAMES, bits_text, read_bit, state_bits
from engine.match.parts.text import bang, span

STATUS_NAMES: Final = (
    ("EXPECTED", EXPECTED),
    ("SEEN_REPLY", SEEN_REPLY),
    ("ASSURED", ASSURED),
    ("CONFIRMED", CONFIRMED),
)
ADDRESSES: Final = ("ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst")
PORTS: Final = ("ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport")


class Wanted:
    """One numeric condition: a range, or a value with its mask."""

    def __init__(self, name: str, first: int, second: int, inverted: bool) -> None:
        self.name = name
        self.first = first
        self.second = second
        self.inverted = inverted

    def holds(self, value: int) -> bool:
        return (self.first <= value <= self.second) != self.inverted


class Conntrack(Match):
    def __init__(self, family: int) -> None:
        self.family = family
        self.states = -1
        self.states_inverted = False
        self.proto = -1
        self.proto_inverted = False
        self.addresses: list[Wanted] = []
        self.ports: list[Wanted] = []
        self.status = -1
        self.status_inverted = False
        self.expire: Wanted | None = None
        self.direction = -1
        self.only_state = True

    def matches(self, packet: Packet, context: Context) -> bool:
        if self.states >= 0 and (state_bits(context) & self.states != 0) == self.states_inverted:
            return False
        if self.only_state:
            return True
        if context.entry is None:
            return self.states >= 0
        return self._entry_matches(context)

    def _entry_matches(self, context: Context) -> bool:
        entry = context.entry
        assert entry is not None
        if self.direction >= 0 and context.direction != self.direction:
            return False
        for wanted in self.addresses:
            tuple_ = entry.reply if wanted.name.startswith("ctrepl") else entry.original
            address = tuple_.src if wanted.name.endswith("src") else tuple_.dst
            same = (address ^ wanted.first) & wanted.second == 0
            if same == wanted.inverted:
                return False
        if self.proto >= 0 and (entry.original.proto == self.proto) == self.proto_inverted:
            return False
        for wanted in self.ports:
            tuple_ = entry.reply if wanted.name.startswith("ctrepl") else entry.original
            if not wanted.holds(tuple_.sport if wanted.name.endswith("srcport") else tuple_.dport):
                return False
        if self.status >= 0 and (entry.status & self.status != 0) == self.status_inverted:
            return False
        if self.expire is None:
            return True
        return self.expire.holds(seconds_left(entry.status, entry.deadline, context))

    def save(self) -> str:
        return " ".join([f"{bang(inverted)}--{name} {value}" for name, value, inverted in self._parts(True)])

    def listing(self, numeric: bool) -> str:
        return " ".join([f"{bang(inverted)}{name} {value}" for name, value, inverted in self._parts(numeric)])

    def _parts(self, numeric: bool) -> list[tuple[str, str, bool]]:
        """(name, value, inverted) of each option given, in the order in which they are printed."""
        parts: list[tuple[str, str, bool]] = []
        if self.states >= 0:
            parts.append(("ctstate", bits_text(self.states, STATE_NAMES), self.states_inverted))
        if self.proto >= 0:
            parts.append(("ctproto", str(self.proto), self.proto_inverted))
        for wanted in self.addresses:
            parts.append((wanted.name, self._address(wanted, numeric), wanted.inverted))
        for wanted in self.ports:
            parts.append((wanted.name, span(wanted.first, wanted.second), wanted.inverted))
        if self.status >= 0:
            parts.append(("ctstatus", bits_text(self.status, STATUS_NAMES, "NONE"), self.status_inverted))
        if self.expire is not None:
            parts.append(("ctexpire", span(self.expire.first, self.expire.second), self.expire.inverted))
        if self.direction >= 0:
            parts.append(("ctdir", "REPLY" if self.direction else "ORIGINAL", False))
        return parts

    def _address(self, wanted: Wanted, numeric: bool) -> str:
        bits = ADDRESS_BITS[self.family]
        text = address_text(wanted.first, self.family)
        if not numeric:
            if wanted.first == 0:
                return "anywhere"
            text = NAMES.host_name(wanted.first, self.family) or text
        length = wanted.second.bit_count()
        return text if length == bits else f"{text}/{length}"


def seconds_left(status: int, deadline: float, context: Context) -> int:
    """Whole seconds until the entry goes, counted in the kernel's ticks; 0 before it is confirmed."""
    if not status & CONFIRMED:
        return 0
    hz = context.shared.hz
    ticks = round(deadline * hz) - int(context.now * hz + 1e-6)
    return max(0, ticks) // hz


def read_list(text: str, names: tuple[tuple[str, int], ...], what: str) -> int:
    """Names separated by commas as bits. An error shows the text from the bad word on, as iptables does."""
    bits = 0
    rest = text
    while True:
        word, comma, after = rest.partition(",")
        if what == "ctstatus" and word.upper() == "NONE":
            bit = 0
        else:
            bit = read_bit(word, names)
            if bit == 0:
                raise ParameterProblem(f'Bad {what} "{rest}"')
        bits |= bit
        if not comma:
            return bits
        rest = after


def read_direction(text: str) -> int:
    word = text.upper()
    if word not in ("ORIGINAL", "REPLY"):
        raise ParameterProblem(f'conntrack: Bad value for "--ctdir" option: "{text}"')
    return 1 if word == "REPLY" else 0


def look(values: Values) -> None:
    given = values.given[-1]
    name = given.option.name
    if name == "ctdir":
        read_direction(given.text)
    else:
        read_list(given.text, STATE_NAMES if name == "ctstate" else STATUS_NAMES, name)


def build(values: Values) -> Extension:
    match = Conntrack(values.family)
    for given in values.given:
        name = given.option.name
        match.only_state = match.only_state and name == "ctstate"
        if name == "ctstate":
            match.states = read_list(given.text, STATE_NAMES, name)
            match.states_inverted = given.inverted
        elif name == "ctstatus":
            match.status = read_list(given.text, STATUS_NAMES, name)
            match.status_inverted = given.inverted
        elif name == "ctproto":
            match.proto = values.number(name)
            match.proto_inverted = given.inverted
        elif name == "ctdir":
            match.direction = read_direction(given.text)
        elif name == "ctexpire":
            low, high = values.pair(name)
            match.expire = Wanted(name, low, high, given.inverted)
    for name in ADDRESSES:
        if values.has(name):
            address, mask = values.pair(name)
            match.addresses.append(Wanted(name, address, mask, values.inverted(name)))
    for name in PORTS:
        if values.has(name):
            low, high = values.pair(name)
            match.ports.append(Wanted(name, low, high, values.inverted(name)))
    return match


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("conntrack: At least one option is required")


EXTENSIONS: Final = (
    Spec(
        "conntrack",
        build,
        (
            Option("ctstate", "text", invert=True, at_once=look),
            Option("ctproto", "protocol", invert=True),
            *[Option(name, "host/mask", invert=True) for name in ADDRESSES],
            *[Option(name, "port:range", invert=True) for name in PORTS],
            Option("ctstatus", "text", invert=True, at_once=look),
            Option("ctexpire", "u32:range", invert=True),
            Option("ctdir", "text", at_once=look),
        ),
        needs_conntrack=True,
        revision=3,
        final=final,
    ),
)
