"""CT: what connection tracking shall do with the packet; only in the raw table.

    -j CT --notrack                     leave it alone (as NOTRACK)
    -j CT --helper NAME                 a new connection gets this helper; needs -p and a helper of that protocol
                                        (H.245, Q.931, RAS and snmp_trap read nothing here: there is a warning)
    -j CT --zone ID | mark              the connection lives in a zone of its own; mark: the number is the packet mark
    -j CT --zone-orig ID | mark         the same for one direction only
    -j CT --zone-reply ID | mark
    -j CT --ctevents EVENT[,...]        report only these: new related destroy reply assured protoinfo helper mark
                                        natseqinfo secmark
    -j CT --expevents new               report only these of expectations
    -j CT --timeout POLICY              there are no policies here: refused ("No such file or directory")

Options may be combined. There is one zone number in a rule: the one given last holds for all the directions named.
--zone resets nothing, so `--zone-orig 2 --zone 1` is saved as `--zone-orig 1`. The first rule of CT or NOTRACK that
a packet meets holds. From there to the end of the raw table the packet carries the rule's template, an entry without
addresses: its state is NEW, a mark that CONNMARK gives it stays with the rule. `CT --notrack` alone does not switch
connection tracking on (measured).

Kernel peer: xt_CT revision 2. Source: iptables-extensions(8), CT; names of helpers measured on Linux 6.18.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT
from typing import Final

from engine.core.connection import CONFIRMED, CT_NEW, CT_UNTRACKED, TEMPLATE, Connection, Tuple
from engine.core.context import Context, Shared
from engine.core.extension import KernelRefusal, Option, ParameterProblem, RuleHead, Spec, Target
from engine.core.hooks import IPV4, IPV6
from engine.core.numbers import parse_number
from engine.core.packet import Packet
from engine.core.protocols import TCP, UDP
from engine.core.values import Values
from engine.core.verdict import CONTINUE

EVENTS: Final = (
    "new",
    "related",
    "destroy",
    "reply",
    "assured",
    "protoinfo",
    "helper",
    "mark",
    "natseqinfo",
    "secmark",
)
EXPECT_EVENTS: Final = ("new",)

# Helper -> (families, protocols) for which the kernel has it
HELPERS: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "H.245": ((IPV4, IPV6), (UDP,)),
    "RAS": ((IPV4, IPV6), (UDP,)),
    "Q.931": ((IPV4, IPV6), (TCP,)),
    "amanda": ((IPV4, IPV6), (UDP,)),
    "ftp": ((IPV4, IPV6), (TCP,)),
    "irc": ((IPV4,), (TCP,)),
    "netbios-ns": ((IPV4,), (UDP,)),
    "pptp": ((IPV4,), (TCP,)),
    "sane": ((IPV4, IPV6), (TCP,)),
    "sip": ((IPV4, IPV6), (TCP, UDP)),
    "snmp": ((IPV4,), (UDP,)),
    "snmp_trap": ((IPV4,), (UDP,)),
    "tftp": ((IPV4, IPV6), (UDP,)),
}

# Of these there is but the name: the rule is taken, and who makes it is told that nothing will be read
NAMES_ONLY: Final = frozenset(("H.245", "Q.931", "RAS", "snmp_trap"))

# Directions of a zone
ORIGINAL: Final = 1
REPLY: Final = 2
BOTH_WAYS: Final = ORIGINAL | REPLY

NAME_LENGTH: Final = 15
POLICY_LENGTH: Final = 31


class Ct(Target):
    """zone_ways: directions named by --zone-orig and --zone-reply, 0 = both. Event masks: 0 = not given."""

    def __init__(self) -> None:
        self.notrack = False
        self.helper = ""
        self.timeout = ""
        self.events = 0
        self.expect_events = 0
        self.zone = 0
        self.zone_mark = False
        self.zone_ways = 0
        self.template = blank()

    def installed(self, shared: Shared) -> None:
        self.template = blank()

    def uses_conntrack(self, declared: bool) -> bool:
        return not self.notrack

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.notrack:
            return
        proto = 0 if head.proto_inverted else head.proto
        if self.helper:
            if not proto:
                raise KernelRefusal(ENOENT, "CT: --helper needs -p with one protocol")
            families, protocols = HELPERS.get(self.helper, ((), ()))
            if head.family not in families or proto not in protocols:
                raise KernelRefusal(ENOENT, f"CT: no helper '{self.helper}' for protocol {proto}")
        if self.timeout:
            if not proto:
                raise KernelRefusal(EINVAL, "CT: --timeout needs -p with one protocol")
            raise KernelRefusal(ENOENT, f"CT: no timeout policy '{self.timeout}'")

    def _words(self, dashes: str) -> str:
        parts = []
        if self.notrack:
            parts.append(f"{dashes}notrack")
        if self.helper:
            parts.append(f"{dashes}helper {self.helper}")
        if self.timeout:
            parts.append(f"{dashes}timeout {self.timeout}")
        if self.events:
            parts.append(f"{dashes}ctevents {names_of(self.events, EVENTS)}")
        if self.expect_events:
            parts.append(f"{dashes}expevents {names_of(self.expect_events, EXPECT_EVENTS)}")
        if self.zone_mark or self.zone:
            word = {ORIGINAL: "zone-orig", REPLY: "zone-reply"}.get(self.zone_ways, "zone")
            parts.append(f"{dashes}{word} {'mark' if self.zone_mark else self.zone}")
        return " ".join(parts)

    def save(self) -> str:
        return self._words("--")

    def listing(self, numeric: bool) -> str:
        words = self._words("")
        return f"CT {words}" if words else "CT"

    def apply(self, packet: Packet, context: Context) -> int:
        if context.templated or context.entry is not None or context.ctinfo == CT_UNTRACKED:
            return CONTINUE
        context.templated = True
        if self.notrack:
            context.ctinfo = CT_UNTRACKED
            return CONTINUE
        ways = self.zone_ways or BOTH_WAYS
        if self.zone_mark:
            context.zone_mark_ways = ways
        else:
            context.zone_original = self.zone if ways & ORIGINAL else 0
            context.zone_reply = self.zone if ways & REPLY else 0
        context.template_helper = self.helper
        context.entry = self.template
        context.ctinfo = CT_NEW
        if self.events or self.expect_events:
            context.template_events = self.events
            context.template_expect_events = self.expect_events
        return CONTINUE


def blank() -> Connection:
    """A template: an entry of nothing at all."""
    nothing = Tuple(0, 0, 0, 0, 0, 0)
    template = Connection(nothing, nothing)
    template.status = TEMPLATE | CONFIRMED
    return template


def names_of(mask: int, names: tuple[str, ...]) -> str:
    return ",".join(name for bit, name in enumerate(names) if mask >> bit & 1)


def event_mask(text: str, names: tuple[str, ...]) -> int:
    mask = 0
    for word in text.split(","):
        if word not in names:
            raise ParameterProblem(f'Unknown event type "{word}"')
        mask |= 1 << names.index(word)
    return mask


def read_zone(text: str) -> int:
    if text.lower() == "mark":
        return ZONE_IS_MARK
    number = parse_number(text, 0xFFFF)
    if number is None:
        raise ParameterProblem(f"Cannot parse {text} as a zone ID")
    return number


def look_at_zone(values: Values) -> None:
    read_zone(values.given[-1].text)


def look_at_events(values: Values) -> None:
    event_mask(values.given[-1].text, EVENTS)


def look_at_expect_events(values: Values) -> None:
    event_mask(values.given[-1].text, EXPECT_EVENTS)


ZONE_IS_MARK: Final = -1
ZONE_WAYS: Final[dict[str, int]] = {"zone": 0, "zone-orig": ORIGINAL, "zone-reply": REPLY}


def build(values: Values) -> Target:
    target = Ct()
    for given in values.given:
        name = given.option.name
        text = given.text
        if name in ZONE_WAYS:
            target.zone_ways |= ZONE_WAYS[name]
            number = read_zone(text)
            if number == ZONE_IS_MARK:
                target.zone_mark = True
            else:
                target.zone = number
        elif name == "notrack":
            target.notrack = True
        elif name == "ctevents":
            target.events = event_mask(text, EVENTS)
        elif name == "expevents":
            target.expect_events = event_mask(text, EXPECT_EVENTS)
        else:
            value = given.value
            assert isinstance(value, str)
            if name == "helper":
                target.helper = value
                if value in NAMES_ONLY:
                    values.warnings.append(f"Warning: helper {value} is not implemented here: it expects nothing\n")
            else:
                target.timeout = value
    return target


OPTIONS: Final = (
    Option("notrack"),
    Option("helper", "string:cut", high=NAME_LENGTH),
    Option("timeout", "string:cut", high=POLICY_LENGTH),
    Option("ctevents", "text", at_once=look_at_events),
    Option("expevents", "text", at_once=look_at_expect_events),
    Option("zone", "text", at_once=look_at_zone),
    Option("zone-orig", "text", at_once=look_at_zone),
    Option("zone-reply", "text", at_once=look_at_zone),
)

EXTENSIONS: Final = (Spec("CT", build, OPTIONS, tables=("raw",), needs_conntrack=True, revision=2),)
