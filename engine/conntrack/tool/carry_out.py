"""What each command of conntrack(8) does to the table, and what it prints.

The engine answers in place of ctnetlink, the kernel's side of the tool, and refuses with its errors.
"""

from __future__ import annotations

from errno import EBUSY, EMFILE
from typing import Final

from engine.conntrack.expectations import Expectation, Policy
from engine.conntrack.gre import GreState
from engine.conntrack.icmp import ANSWERS
from engine.conntrack.icmpv6 import ANSWERS as ANSWERS6
from engine.conntrack.sctp import SctpState
from engine.conntrack.settings import LONGEST
from engine.conntrack.tcp import TcpState
from engine.conntrack.tool.filters import (
    family_matches,
    labels_match,
    mark_matches,
    matches,
    nat_matches,
    network_matches,
    status_matches,
    tuple_matches,
)
from engine.conntrack.tool.problems import NAME, OTHER, Problem, wrong
from engine.conntrack.tool.render import Picture, Renderer, listed
from engine.conntrack.tool.request import XML, Request
from engine.conntrack.tool.usage import USAGE
from engine.conntrack.tracking import Conntrack
from engine.conntrack.udp import UdpState
from engine.core.addresses import FULL_MASK
from engine.core.connection import (
    CONFIRMED,
    DYING,
    EVENT_ASSURED,
    EVENT_HELPER,
    EVENT_LABEL,
    EVENT_MARK,
    EVENT_NEW,
    EVENT_PROTOINFO,
    EVENT_REPLY,
    EVENT_SEQADJ,
    EVENT_SYNPROXY,
    EXPECTED,
    FIXED_TIMEOUT,
    Connection,
    Tuple,
)
from engine.core.context import NatRequest
from engine.core.hooks import IPV4, IPV6
from engine.core.names import Names
from engine.core.protocols import GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE

WITH_PORTS: Final = frozenset((TCP, UDP, SCTP, UDPLITE, GRE))

# Of each ICMP: its family, and what answers which request
ANSWERS_OF: Final[dict[int, tuple[int, dict[int, int]]]] = {ICMP: (IPV4, ANSWERS), ICMPV6: (IPV6, ANSWERS6)}

# What -z and a filter cannot stand together
COMPARISONS: Final = frozenset(
    (
        "protonum",
        "src",
        "dst",
        "reply-src",
        "reply-dst",
        "mark",
        "secmark",
        "status",
        "id",
        "zone",
        "label",
        "orig-zone",
        "reply-zone",
    )
)
CHANGE_BITS: Final = (
    EVENT_REPLY
    | EVENT_ASSURED
    | EVENT_HELPER
    | EVENT_PROTOINFO
    | EVENT_SEQADJ
    | EVENT_MARK
    | EVENT_SYNPROXY
    | EVENT_LABEL
)
DEFAULT_POLICY: Final = Policy("", 1, 300)

LABELS: Final = 128  # that an entry has room for; connlabel.conf may name more
FORBIDDEN: Final = EXPECTED | CONFIRMED | DYING  # bits of the status that nobody may set

BUSY: Final = "Device or resource busy"
TOO_LONG: Final = "Numerical result out of range"
NO_SPACE: Final = "No space left on device"
NOT_SUPPORTED: Final = "Operation not supported"
INVALID: Final = "invalid parameters"
NO_RIGHT: Final = "sorry, you must be root or get CAP_NET_ADMIN capability to do this"
MISSING: Final = "such conntrack doesn't exist"


def failed(reason: str) -> Problem:
    return Problem(OTHER, f"Operation failed: {reason}")


class Carrier:
    """Carries out one request. Output gathers in `out` and `err`."""

    def __init__(
        self,
        request: Request,
        conntrack: Conntrack,
        now: float,
        names: Names,
        labels: dict[str, int] | None,
    ) -> None:
        self.request = request
        self.conntrack = conntrack
        self.now = now
        self.names = names
        self.labels = labels
        environment = conntrack.shared.environment
        shown = labels if request.shows_labels else None
        self.renderer = Renderer(request.output, now, environment.wall_clock(), environment.timezone_offset(), shown)
        self.out: list[str] = []
        self.err: list[str] = []
        self.count = 0

    def run(self, summary: bool = True) -> int:
        """The exit code; raises Problem. summary: print how many entries it was."""
        request = self.request
        command = request.command
        if command == "L":
            self._list()
        elif command == "D":
            self._delete()
        elif command == "U":
            self._update()
        elif command in ("I", "A"):
            self._create()
        elif command == "G":
            self._get()
        elif command == "F":
            self._flush()
        elif command == "C":
            self.out.append(f"{self.conntrack.table.count}\n")
        elif command == "S":
            self._statistics(self.conntrack.table.statistics.values())
        elif command == "V":
            self.out.append("conntrack v1.4.7 (conntrack-tools)\n")
        elif command.startswith("e"):
            self._expect(command[1])
        else:
            self._help()
        return self._summary() if summary else 0

    def _summary(self) -> int:
        command = self.request.command
        text = SUMMARIES.get(command, "")
        if not text:
            return 0
        self.err.append(f"{NAME}{self.count} {text}\n")
        return 1 if self.count == 0 and command in FAILS_WITHOUT_ENTRIES else 0

    # -- listing

    def _list(self) -> None:
        request = self.request
        if request.table in ("dying", "unconfirmed"):
            return  # entries leave at once, and before they are confirmed nobody keeps a list of them
        zero = "zero" in request.given
        if zero and request.given & COMPARISONS:
            raise wrong("Can't use -z with filtering parameters")
        self.request.check_masks()
        if request.status_mask == 0:
            raise failed(INVALID)
        for entry in self.conntrack.entries():
            if not (family_matches(request, entry) and status_matches(request, entry) and mark_matches(request, entry)):
                continue
            if matches(request, entry, self.labels):
                self._print(listed(entry, self.now, 1 + entry.children), header="conntrack")
                self.count += 1
            if zero and entry.accounting:
                entry.packets = [0, 0]
                entry.bytes = [0, 0]
        self._close("conntrack")

    def _print(self, picture: Picture, header: str = "") -> None:
        if header and self.request.output & XML and not self.out:
            self.out.append(f'<?xml version="1.0" encoding="utf-8"?>\n<{header}>\n')
        self.out.append(self.renderer.entry(picture) + "\n")

    def _close(self, header: str) -> None:
        if self.request.output & XML and self.out:
            self.out.append(f"</{header}>\n")

    def _get(self) -> None:
        original, reply = self._tuples()
        if original is None:
            raise failed(INVALID)  # the tool names no protocol in a reply tuple
        entry = self._find((original, reply))
        if entry is None:
            raise failed(MISSING)
        if matches(self.request, entry, self.labels):
            self._print(listed(entry, self.now, 2 + entry.children), header="conntrack")
            self.count += 1

    def _find(self, tuples: tuple[Tuple | None, Tuple | None]) -> Connection | None:
        original, reply = tuples
        zones = self._zones()
        if original is not None:
            kinds = ANSWERS_OF[original.proto][1] if original.proto in ANSWERS_OF else None
            if kinds is not None and self.request.attributes.get("icmp_type", 0) not in kinds:
                raise self._invalid()
            return self.conntrack.find(original, *zones)
        assert reply is not None
        return self.conntrack.find(reply, *zones)

    def _zones(self) -> tuple[int, int]:
        """The zones of both directions. The kernel takes one number for both, or for one direction."""
        attributes = self.request.attributes
        zone = attributes.get("zone", 0)
        zones = (zone, zone)
        for name in ("zone_orig", "zone_reply"):
            if name in attributes:
                if zones != (0, 0):
                    raise self._invalid()
                zones = (attributes[name], 0) if name == "zone_orig" else (0, attributes[name])
        return zones

    # -- deleting

    def _delete(self) -> None:
        request = self.request
        self.request.check_masks()
        for entry in self.conntrack.entries():
            if not (family_matches(request, entry) and mark_matches(request, entry)):
                continue
            if matches(request, entry, self.labels):
                picture = listed(entry, self.now, 1 + entry.children)
                picture.labels = False
                picture.moments = False
                picture.saved_as = "-D"
                self.conntrack.delete(entry)
                self._print(picture)
                self.count += 1

    def _flush(self) -> None:
        self.conntrack.flush()  # of both families, whatever -f says
        self.err.append(f"{NAME}connection tracking table has been emptied.\n")

    # -- creating

    def _tuples(self) -> tuple[Tuple | None, Tuple | None]:
        return self._tuple("orig"), self._tuple("reply")

    def _tuple(self, side: str) -> Tuple | None:
        """The tuple of one direction as far as it was given, None without addresses."""
        attributes = self.request.attributes
        if f"{side}_src" not in attributes and f"{side}_dst" not in attributes:
            return None
        proto = attributes.get("l4proto", 0) if side == "orig" else self._reply_protocol()
        sport = dport = 0
        if proto in (ICMP, ICMPV6):
            sport = attributes.get("icmp_id", 0)
            kind = attributes.get("icmp_type", 0)
            if side == "reply":
                kind = (ANSWERS if proto == ICMP else ANSWERS6).get(kind, 0)
            dport = kind << 8 | attributes.get("icmp_code", 0)
        elif proto in WITH_PORTS:
            sport = attributes.get(f"{side}_sport", 0)
            dport = attributes.get(f"{side}_dport", 0)
        src, dst = attributes.get(f"{side}_src", 0), attributes.get(f"{side}_dst", 0)
        return Tuple(self.request.family, proto, src, dst, sport, dport)

    def _reply_protocol(self) -> int:
        """The tool names a known protocol in the reply tuple only with an option of that protocol; else it says 0."""
        attributes = self.request.attributes
        protocol = self.request.protocol
        known = protocol is not None and protocol.legality is not None
        if known and not {"reply_sport", "reply_dport"} & set(attributes) and not self.request.icmp_replies:
            return 0
        return attributes.get("l4proto", 0)

    def _new_tuples(self) -> tuple[Tuple, Tuple]:
        """Both tuples of a new entry; the one that is not given is the other turned round."""
        original, reply = self._tuples()
        proto = self.request.attributes.get("l4proto", 0)
        if proto in ANSWERS_OF:
            family, answers = ANSWERS_OF[proto]
            kind = self.request.attributes.get("icmp_type", 0)
            if original is None or original.family != family or kind not in answers or self.request.icmp_too_early:
                raise self._invalid()
        if original is None:
            assert reply is not None
            original = self.conntrack.trackers[reply.proto].invert(reply)
        elif reply is None:
            reply = self.conntrack.trackers[proto].invert(original)
        if original is None or reply is None or original.proto != reply.proto:
            raise self._invalid()
        return original, reply

    def _invalid(self) -> Problem:
        """EINVAL, for which -A has other words than the rest."""
        return failed("Invalid argument" if self.request.command == "A" else INVALID)

    def _create(self) -> None:
        request = self.request
        conntrack = self.conntrack
        if self._too_many_labels(None):
            raise failed(TOO_LONG)
        original, reply = self._new_tuples()
        zones = self._zones()
        entry = Connection(original, reply, *zones)
        if conntrack.find(original, *zones) is None:
            self._translate(entry)
        if conntrack.find(original, *zones) is not None or conntrack.find(entry.reply, *zones) is not None:
            if request.command == "A":
                return
            raise failed("Such conntrack exists, try -U to update")
        if request.attributes.get("status", 0) & FORBIDDEN:
            raise failed(BUSY)
        self._equip(entry)
        table = conntrack.table
        table.insert(entry, entry.original.key(entry.zone_original), entry.reply.key(entry.zone_reply), self.now)
        table.statistics.insert += 1
        entry.event_cache |= EVENT_NEW | (CHANGE_BITS & ~EVENT_LABEL) | (EVENT_LABEL if entry.labels else 0)
        conntrack.deliver(entry, self.now)
        self.count += 1

    def _translate(self, entry: Connection) -> None:
        """-n and -g: the reply comes from, or goes to, another address. A port counts with TCP and UDP alone."""
        source = self._nat_request("SNAT", "snat")
        destination = self._nat_request("DNAT", "dnat")
        if source is None and destination is None:
            return
        translation = self.conntrack.table.translation
        if translation is None:
            raise failed(NOT_SUPPORTED)
        translation.bind_made(entry, source, destination)

    def _nat_request(self, kind: str, name: str) -> NatRequest | None:
        attributes = self.request.attributes
        if name not in attributes:
            return None
        address = attributes[name]
        port = attributes.get(f"{name}_port", -1) if attributes["l4proto"] in (TCP, UDP) else -1
        return NatRequest(kind, address, address, port, port)

    def _equip(self, entry: Connection) -> None:
        """What else a new entry gets, from the command line and from the settings."""
        attributes = self.request.attributes
        conntrack = self.conntrack
        conntrack.furnish(entry)
        entry.status |= attributes.get("status", 0)
        entry.mark = self.request.mark if "mark" in self.request.given else 0
        entry.deadline = float(min(attributes["timeout"], LONGEST))
        if entry.has_labels:  # else the kernel leaves the labels out without a word
            entry.labels = _mask(self._label_numbers())
        proto = entry.original.proto
        if proto == TCP:
            tcp = TcpState()
            tcp.number = attributes.get("tcp_state", 0)
            entry.state = tcp
        elif proto == SCTP:
            sctp = SctpState()
            sctp.number = attributes.get("sctp_state", 0)
            sctp.tags = [attributes.get("vtag_orig", 0), attributes.get("vtag_reply", 0)]
            entry.state = sctp
        elif proto == UDP:
            entry.state = UdpState(0.0)
        elif proto == GRE:
            entry.state = GreState(0, 0)

    # -- updating

    def _update(self) -> None:
        request = self.request
        self.request.check_masks()
        wanted = request.attributes.get("id", -1)
        refused = ""
        for entry in self.conntrack.entries():
            if (
                family_matches(request, entry)
                and nat_matches(request, entry)
                and labels_match(request, entry, self.labels)
                and network_matches(request, entry)
                and wanted in (-1, entry.id)
                and tuple_matches(request, entry, "orig")
                and tuple_matches(request, entry, "reply")
                and self._differs(entry)
            ):
                if refused:
                    raise failed(refused)
                refused = self._update_one(entry)

    def _differs(self, entry: Connection) -> bool:
        """Is anything of what is asked for not so already?"""
        attributes = self.request.attributes
        tcp = entry.state
        number = attributes.get("tcp_state", -1)
        return (
            self._new_mark(entry) != entry.mark
            or attributes.get("status", 0) & ~entry.status != 0
            or "label-add" in self.request.given
            or ("label-del" in self.request.given and entry.labels != 0)
            or attributes.get("timeout", -1) not in (-1, max(0, int(entry.deadline - self.now)))
            or (number >= 0 and isinstance(tcp, TcpState) and tcp.number != number)
            or self._association(entry) != _association_of(entry)
        )

    def _association(self, entry: Connection) -> tuple[int, int, int]:
        """State and tags of an SCTP entry as they are asked for; what is not asked for as it is."""
        now = _association_of(entry)
        attributes = self.request.attributes
        if not isinstance(entry.state, SctpState):
            return now
        return (
            attributes.get("sctp_state", now[0]),
            attributes.get("vtag_orig", now[1]),
            attributes.get("vtag_reply", now[2]),
        )

    def _update_one(self, entry: Connection) -> str:
        """Why the kernel refuses the change, "" if it does not. The tool sends it without the zone, and without a
        family if none was named. It prints the error, asks for the entry and shows it as it is, and stumbles at the
        next one; but a change of what is not there, or in another zone, does not stop it."""
        for unreadable, reason in (
            (self.request.family == 0, NOT_SUPPORTED),
            (self._too_many_labels(entry), TOO_LONG),
        ):
            if unreadable:
                self.err.append(f"Operation failed: {reason}\n")
                raise failed(reason)
        target = self.conntrack.find(entry.original, 0)
        if target is None:
            self.err.append("Operation failed: No such file or directory\n")
            return ""
        error = self._change(target)
        if error:
            self.err.append(f"Operation failed: {error}\n")
        if not target.status & DYING:
            picture = listed(target, self.now, 2 + target.children)
            picture.moments = False
            self._print(picture)
            self.count += 1
        return error

    def _new_mark(self, entry: Connection) -> int:
        if "mark" not in self.request.given:
            return entry.mark
        return (entry.mark & ~self.request.mark_mask) ^ self.request.mark

    def _change(self, entry: Connection) -> str:
        """Change an entry step by step, as far as it may be: "" or why it stopped."""
        attributes = self.request.attributes
        timeout = attributes.get("timeout", -1)
        if timeout >= 0:
            if entry.status & FIXED_TIMEOUT:
                return NO_RIGHT
            if timeout == 0:
                self.conntrack.delete(entry)
                return ""
            self.conntrack.table.set_deadline(entry, self.now + min(timeout, LONGEST))
        added = attributes.get("status", 0) & ~entry.status
        if added & FORBIDDEN:
            return BUSY
        entry.status |= added
        number = attributes.get("tcp_state", -1)
        if number >= 0 and isinstance(entry.state, TcpState):
            entry.state.number = number
        if isinstance(entry.state, SctpState):
            wanted = self._association(entry)
            entry.state.number = wanted[0]
            entry.state.tags = [wanted[1], wanted[2]]
        entry.mark = self._new_mark(entry)
        labels = self._new_labels(entry)
        if labels != entry.labels and not entry.has_labels:
            return NO_SPACE
        entry.labels = labels
        entry.event_cache |= CHANGE_BITS
        self.conntrack.deliver(entry, self.now)
        return ""

    def _new_labels(self, entry: Connection) -> int:
        """What the kernel makes of an entry's labels. Of one without labels the tool removes none; when the highest
        name to be removed has its bit in the last of the four words, the kernel takes all labels away."""
        request = self.request
        wanted = self._label_numbers()
        bits = _mask(wanted)
        if "label-add" in request.given:
            return entry.labels | bits
        if "label-del" not in request.given:
            return entry.labels
        return 0 if not wanted or max(wanted) >> 5 == 3 else entry.labels & ~bits

    def _label_numbers(self) -> list[int]:
        known = self.labels or {}
        return [known[name] for name in self.request.label_changes]

    def _too_many_labels(self, entry: Connection | None) -> bool:
        """Does the kernel refuse the labels for their length? Those of an entry that has some are cut by the tool."""
        if "label-add" not in self.request.given or (entry is not None and entry.labels):
            return False
        return any(number >= LABELS for number in self._label_numbers())

    # -- statistics, help

    def _statistics(self, values: list[tuple[str, int]]) -> None:
        self.out.append("cpu=0   \t" + "".join(f"{name}={value} " for name, value in values) + "\n")

    def _help(self) -> None:
        self.out.append(USAGE)
        protocol = self.request.protocol
        if self.request.command == "h" and protocol is not None:
            name = protocol.name
            text = protocol.help_text
            if protocol.legality is None:
                name = self.names.protocol_name(protocol.number) or "unknown"
                text = "  no options (unsupported)\n"
            self.out.append(f"Proto `{name}' help:\n{text}")

    # -- expectations

    def _expect(self, command: str) -> None:
        if command == "L":
            for one in self.conntrack.expectations():
                if self.request.family in (0, one.key.family):
                    self._print_expectation(one)
            self._close("expect")
        elif command == "C":
            self.out.append(f"{len(self.conntrack.expectations())}\n")
        elif command == "S":
            statistics = self.conntrack.table.statistics
            self._statistics(
                [
                    ("expect_new", statistics.expect_new),
                    ("expect_create", statistics.expect_create),
                    ("expect_delete", statistics.expect_delete),
                ]
            )
        elif command == "F":
            for one in self.conntrack.expectations():
                self.conntrack.unexpect(one)
            self.err.append(f"{NAME}expectation table has been emptied.\n")
        elif command == "I":
            self._create_expectation()
        elif command == "G":
            self._print_expectation(self._expectation("tuple_missing"))
        elif command == "D":
            self.conntrack.unexpect(self._expectation("expectation"))
            self.count += 1

    def _print_expectation(self, one: Expectation) -> None:
        if self.request.output & XML and not self.out:
            self.out.append('<?xml version="1.0" encoding="utf-8"?>\n<expect>\n')
        stamp = self.renderer.stamp() if self.renderer.stamped() else ""
        self.out.append(stamp + self.renderer.expectation(one) + "\n")
        self.count += 1

    def _expectation(self, what: str) -> Expectation:
        """The expectation whose destination the original tuple names; -G takes it for the master's tuple."""
        key = self._tuple("orig")
        assert key is not None
        if key.proto == ICMPV6:
            raise failed(INVALID)  # a type that cannot be given
        table = self.conntrack.table.expectations
        found = table.lookup(key, 0, self.now)
        if found is None and what == "tuple_missing":
            found = next((one for one in table.all.values() if one.master.original.same(key)), None)
        if found is None:
            raise failed("No such file or directory")
        return found

    def _create_expectation(self) -> None:
        request = self.request
        attributes = request.attributes
        master_key = self._tuple("orig")
        assert master_key is not None
        proto = attributes.get("l4proto", 0)
        key = Tuple(
            request.family,
            proto,
            attributes["tuple_src"],
            attributes["tuple_dst"],
            attributes.get("tuple_sport", 0),
            attributes.get("tuple_dport", 0),
        )
        if self.conntrack.table.expectations.lookup(key, 0, self.now) is not None:
            raise failed("File exists")
        master = self.conntrack.find(master_key, 0)
        if master is None:
            raise failed("master conntrack not found")
        if not master.helper:
            raise failed(NOT_SUPPORTED)
        policies = self.conntrack.policies.get(master.helper, [DEFAULT_POLICY])
        one = Expectation(
            master,
            key,
            attributes.get("mask_src", FULL_MASK[request.family]),
            attributes.get("mask_sport", 0),
            policies[0],
        )
        error = self.conntrack.expect(one)
        if error:
            raise failed({EBUSY: BUSY, EMFILE: "Too many open files"}.get(error, INVALID))


def _mask(numbers: list[int]) -> int:
    """Labels as bits, as far as there is room for them."""
    mask = 0
    for number in numbers:
        if number < LABELS:
            mask |= 1 << number
    return mask


def _association_of(entry: Connection) -> tuple[int, int, int]:
    state = entry.state
    return (state.number, state.tags[0], state.tags[1]) if isinstance(state, SctpState) else (0, 0, 0)


SUMMARIES: Final[dict[str, str]] = {
    "L": "flow entries have been shown.",
    "I": "flow entries have been created.",
    "U": "flow entries have been updated.",
    "D": "flow entries have been deleted.",
    "G": "flow entries have been shown.",
    "A": "flow entries have been added.",
    "eL": "expectations have been shown.",
    "eD": "expectations have been shown.",
}
FAILS_WITHOUT_ENTRIES: Final = frozenset("IUDG")
