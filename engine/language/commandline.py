"""One iptables command line, read as iptables(8) does: command, head of the rule, matches, target.

The result knows nothing of tables and chains that exist; `engine.language.commands` carries it out. All sentences and
the order in which faults are found are those of iptables-legacy 1.8.9, measured.
"""

from __future__ import annotations

from typing import Final

from engine import match as match_list
from engine import target as target_list
from engine.core.extension import KernelRefusal, ParameterProblem, ResourceProblem, RuleHead, Spec
from engine.core.hooks import IPV4, IPV6
from engine.core.names import NAMES
from engine.core.numbers import parse_number
from engine.core.values import BETWEEN_TWO
from engine.language.addresses import parse_addresses
from engine.language.errors import PARAMETER_PROBLEM, RESOURCE_PROBLEM, Refused
from engine.language.getopt import (
    END,
    MISSING,
    NO_ARGUMENT,
    OPTIONAL,
    REQUIRED,
    UNKNOWN,
    WORD,
    Getopt,
    LongOption,
    LongTable,
)
from engine.language.kinds import parse_protocol
from engine.language.options import TWO, Loaded, option_table

NAME_LIMIT: Final = 28  # characters of a match, target or chain name
INTERFACE_LIMIT: Final = 15
RULE_NUMBER_LIMIT: Final = 0x7FFFFFFF
U32: Final = 0xFFFFFFFF
U64: Final = 0xFFFFFFFFFFFFFFFF
SPACES: Final = frozenset(" \t\n\v\f\r")

LONG: Final[tuple[tuple[str, int, str], ...]] = (
    ("append", REQUIRED, "A"),
    ("delete", REQUIRED, "D"),
    ("check", REQUIRED, "C"),
    ("insert", REQUIRED, "I"),
    ("replace", REQUIRED, "R"),
    ("list", OPTIONAL, "L"),
    ("list-rules", OPTIONAL, "S"),
    ("flush", OPTIONAL, "F"),
    ("zero", OPTIONAL, "Z"),
    ("new-chain", REQUIRED, "N"),
    ("delete-chain", OPTIONAL, "X"),
    ("rename-chain", REQUIRED, "E"),
    ("policy", REQUIRED, "P"),
    ("source", REQUIRED, "s"),
    ("destination", REQUIRED, "d"),
    ("src", REQUIRED, "s"),
    ("dst", REQUIRED, "d"),
    ("protocol", REQUIRED, "p"),
    ("in-interface", REQUIRED, "i"),
    ("jump", REQUIRED, "j"),
    ("table", REQUIRED, "t"),
    ("match", REQUIRED, "m"),
    ("numeric", NO_ARGUMENT, "n"),
    ("out-interface", REQUIRED, "o"),
    ("verbose", NO_ARGUMENT, "v"),
    ("wait", OPTIONAL, "w"),
    ("wait-interval", OPTIONAL, "W"),
    ("exact", NO_ARGUMENT, "x"),
    ("fragments", NO_ARGUMENT, "f"),
    ("version", NO_ARGUMENT, "V"),
    ("help", OPTIONAL, "h"),
    ("line-numbers", NO_ARGUMENT, "0"),
    ("modprobe", REQUIRED, "M"),
    ("set-counters", REQUIRED, "c"),
    ("goto", REQUIRED, "g"),
    ("ipv4", NO_ARGUMENT, "4"),
    ("ipv6", NO_ARGUMENT, "6"),
)
OWN_TABLE: Final = LongTable([LongOption(name, argument, code) for name, argument, code in LONG])
OWN_TABLE_6: Final = LongTable([row for row in OWN_TABLE.rows if row.name != "fragments"])
SHORT: Final[dict[str, int]] = {
    **dict.fromkeys("ADCIRMNEPcdijopstmg", REQUIRED),
    **dict.fromkeys("LSFZXhwW", OPTIONAL),
    **dict.fromkeys("Vfbvnx46", NO_ARGUMENT),
}

# Commands beside the one given that may still come (iptables -L -Z).
TOGETHER: Final[dict[str, str]] = {"L": "Z", "S": "Z", "Z": "LS"}
RULE_COMMANDS: Final = "ADICR"

# Which options a command takes; those not listed are "Illegal ... with this command". D#: -D by number.
HEAD_OPTIONS: Final = "sdpjviof"
ALLOWED: Final[dict[str, str]] = {
    "A": HEAD_OPTIONS + "c",
    "I": HEAD_OPTIONS + "c",
    "R": HEAD_OPTIONS + "c",
    "D": HEAD_OPTIONS,
    "C": HEAD_OPTIONS,
    "D#": "v",
    "L": "nvx0",
    "S": "v",
    "F": "v",
    "Z": "v",
    "Z#": "v",
    "N": "v",
    "X": "v",
    "E": "v",
    "P": "vc",
}
# The order in which iptables looks for illegal options.
OPTION_ORDER: Final = "nsdpjvxio0cf"

INVERTIBLE: Final = "sdpiof"

# IPv6 extension headers (but hop-by-hop, which is 0 like "all"): the walk looks behind them for the protocol.
EXTENSION_HEADERS: Final = (43, 44, 51, 60)

BINARY: Final = "b"  # in iptables' list of options since ever, and nobody's

# Names under which a match is also known.
ICMPV6_NAMES: Final = ("icmpv6", "ipv6-icmp", "icmp6")


def find_match(name: str, family: int) -> Spec | None:
    return match_list.find("icmp6" if name in ICMPV6_NAMES else name, family)


def find_target(name: str, family: int) -> Spec | None:
    return target_list.find(name, family)


class CommandLine:
    """What one command line says. Addresses: (address, mask) pairs; targets and matches with their options, unbuilt.

    tolerant: extensions that the engine does not carry out are warned of, not refused (nothing runs the rules).
    """

    def __init__(
        self, words: list[str], family: int, table: str = "filter", in_restore: bool = False, tolerant: bool = False
    ) -> None:
        self.words = words
        self.tolerant = tolerant
        self.family = family
        self.tool = "iptables" if family == IPV4 else "ip6tables"
        self.table = table
        self.in_restore = in_restore
        self.commands: list[str] = []
        self.chain = ""
        self.chain_given = False
        self.number = 0  # 1-based; 0 = not given
        self.new_name = ""
        self.policy = ""
        self.head = RuleHead(family)
        self.sources: list[tuple[int, int]] = [(0, 0)]
        self.destinations: list[tuple[int, int]] = [(0, 0)]
        self.options: set[str] = set()
        self.option_words: dict[str, int] = {}  # where each of them stands
        self.verbose = 0
        self.counters = (0, 0)
        self.matches: list[Loaded] = []
        self.target: Loaded | None = None
        self.jump = ""
        self.jump_word = -1
        self.goto = False
        self.protocol = ""
        self.proto_used = False
        self.wait = 0  # seconds; -1 = for ever
        self.waiting = False
        self.help = False
        self.version = False
        self.version_inverted = False
        self.wrong_family = False
        self.warnings: list[str] = []
        self.tables = 0
        self.getopt = Getopt(words, SHORT, OWN_TABLE if family == IPV4 else OWN_TABLE_6)
        self.bangs: set[int] = set()  # where a "!" was read
        self.source_word = -1
        self.destination_word = -1

    # -- small helpers

    def _fail(self, message: str, bare: bool = False, word: int = -2) -> Refused:
        return Refused(message, word=self.getopt.index - 1 if word == -2 else word, bare=bare)

    def _refused(self, problem: ParameterProblem, word: int = -2) -> Refused:
        refused = self._fail(str(problem), word=word)
        refused.exit = RESOURCE_PROBLEM if isinstance(problem, ResourceProblem) else PARAMETER_PROBLEM
        return refused

    def _previous(self) -> str:
        """The word before the next one: iptables takes the argument of some options from there, even with
        `--source=...`. A `!` that was read is blank; in front of all words stands the program, in a ruleset `-t TABLE`.
        """
        index = self.getopt.index - 1
        if index < 0:
            return self.table if self.in_restore else self.tool
        return "" if index in self.bangs else self.words[index]

    def _has_argument(self) -> bool:
        index = self.getopt.index
        return index < len(self.words) and self.words[index][:1] not in ("-", "!")

    def _next_word(self) -> str:
        word = self.words[self.getopt.index]
        self.getopt.index += 1
        return word

    def _option(self, letter: str, inverted: bool) -> None:
        if letter in self.options:
            raise self._fail(f"multiple -{letter} flags not allowed")
        self.options.add(letter)
        self.option_words[letter] = self.getopt.index - (1 if letter in "nx0vf" else 2)
        if inverted and letter not in INVERTIBLE:
            raise self._fail(f"cannot have ! before -{letter}")

    def _rule_number(self, text: str) -> int:
        number = parse_number(text, RULE_NUMBER_LIMIT)
        if not number:
            raise self._fail(f"Invalid rule number `{text}'")
        return number

    # -- the way through the words

    def parse(self) -> CommandLine:
        """Read all words; Refused if one of them cannot be."""
        try:
            self._read()
        except ParameterProblem as problem:
            raise self._refused(problem) from None
        return self

    def _read(self) -> None:
        getopt = self.getopt
        inverted = False
        while True:
            code = getopt.next()
            if code == END:
                break
            if code == WORD:
                if getopt.value != "!":
                    raise self._fail(f"Bad argument `{getopt.value}'", bare=True)
                if inverted:
                    raise self._fail("multiple consecutive ! not allowed")
                inverted = True
                self.bangs.add(getopt.index - 1)
                continue
            if getopt.owner or code in (MISSING, UNKNOWN, BINARY):
                if self._extension_option(code, inverted):
                    continue
            elif self._own_option(code, inverted):
                return
            inverted = False
        self._check_extensions()
        if getopt.index < len(self.words):
            raise self._fail("unknown arguments found on commandline", word=getopt.index)
        if not self.commands:
            raise self._fail("no command specified", word=-1)
        if inverted:
            raise self._fail("nothing appropriate following !")
        self._check()

    def _own_option(self, code: str, inverted: bool) -> bool:
        """True: stop reading (help, version, other family)."""
        if code in "ADCIRLSFZNXEP":
            self._command(code, inverted)
        elif code in "psdijoghmfv":
            if code == "h":
                self.help = True
                return True
            self._rule_option(code, inverted)
        elif code == "V":
            self.version = True
            self.version_inverted = inverted
            return True
        elif code == "t":
            if inverted:
                raise self._fail("unexpected ! flag before --table")
            if self.in_restore:
                raise self._fail(f"The -t option cannot be used in {self.tool}-restore.\n")
            self.table = self.getopt.value or ""
        elif code in "nx0":
            self._option(code, inverted)
        elif code in "wW":
            self._wait(code)
        elif code == "c":
            self._counters(inverted)
        elif code == "M":
            pass  # there is no kernel module to load
        elif (code == "6") == (self.family == IPV4):
            # a line for the other family: silently skipped in a ruleset, refused on a command line
            self.wrong_family = True
            return True
        return False

    def _command(self, code: str, inverted: bool) -> None:
        if inverted:
            raise self._fail("unexpected '!' flag")
        if code == "N":
            self._check_new_name(self.getopt.value or "")
        for given in self.commands:
            if given[0] not in TOGETHER.get(code, ""):
                raise self._fail(f"Cannot use -{code} with -{given[0]}")
        value = self.getopt.value
        if value is None and code in "LSFZX" and self._has_argument():
            value = self._next_word()
        if value is not None:
            self.chain = value
            self.chain_given = True
        if code in "DILSZ" and value is not None and self._has_argument():
            self.number = self._rule_number(self._next_word())
            if code in "DZ":
                code += "#"
                self.commands = []  # `-L -Z INPUT 1` lists nothing
        elif code == "I":
            self.number = 1
        elif code == "R":
            if not self._has_argument():
                raise self._fail("-R requires a rule number")
            self.number = self._rule_number(self._next_word())
        elif code == "E":
            if not self._has_argument():
                raise self._fail("-E requires old-chain-name and new-chain-name")
            self.new_name = self._next_word()
        elif code == "P":
            if not self._has_argument():
                raise self._fail("-P requires a chain and a policy")
            self.policy = self._next_word()
        self.commands.append(code)

    def _check_new_name(self, name: str) -> None:
        self._check_length(name)
        if name[:1] in ("-", "!"):
            raise self._fail(f"chain name not allowed to start with `{name[0]}'")
        if not name or find_target(name, self.family) is not None:
            raise self._fail("chain name may not clash with target name")
        if not SPACES.isdisjoint(name):
            raise self._fail(f"Invalid chain name `{name}'")

    def _check_length(self, name: str) -> None:
        if len(name.encode("utf-8", "surrogateescape")) > NAME_LIMIT:
            place = self.words.index(name) if name in self.words else -1
            raise self._fail(f"chain name `{name}' too long (must be under {NAME_LIMIT + 1} chars)", word=place)

    def _rule_option(self, code: str, inverted: bool) -> None:
        head = self.head
        if code == "m":
            if inverted:
                raise self._fail("unexpected ! flag before --match")
            self._load_match(self.getopt.value or "")
        elif code in "jg":
            self._option("j", inverted)
            # -j looks at the word read last, -g at its argument: `--jump=x` is refused, `--goto=x` is not
            self._jump((self.getopt.value or "") if code == "g" else self._previous(), code == "g")
        elif code == "v":
            if self.verbose == 0:
                self._option("v", inverted)
            self.verbose += 1
        else:
            if code in "io" and not self.getopt.value:
                raise self._fail("Empty interface is likely to be undesired")
            self._option(code, inverted)
            if code == "s":
                self.source_word = self.getopt.index - 1
                head.src_inverted = inverted
            elif code == "d":
                self.destination_word = self.getopt.index - 1
                head.dst_inverted = inverted
            elif code == "i":
                head.indev = self._interface(self._previous())
                head.indev_inverted = inverted
            elif code == "o":
                head.outdev = self._interface(self._previous())
                head.outdev_inverted = inverted
            elif code == "p":
                self._protocol(inverted)
            elif self.family == IPV6:
                raise self._fail("`-f' is not supported in IPv6, use -m frag instead")
            else:
                head.fragment = -1 if inverted else 1

    def _protocol(self, inverted: bool) -> None:
        self.protocol = self._previous().lower()
        self.head.proto = parse_protocol(self.protocol)
        self.head.proto_inverted = inverted
        if self.head.proto == 0 and inverted:
            raise self._fail("rule would never match protocol")
        if self.family == IPV6 and self.head.proto in EXTENSION_HEADERS and not inverted:
            self.warnings.append(f"Warning: never matched protocol: {self.protocol}. use extension match instead.\n")

    def _interface(self, name: str) -> str:
        if len(name.encode("utf-8", "surrogateescape")) > INTERFACE_LIMIT:
            raise self._fail(f"interface name `{name}' must be shorter than IFNAMSIZ ({INTERFACE_LIMIT})")
        if "/" in name or " " in name:
            self.warnings.append(
                f"Warning: weird character in interface `{name}' ('/' and ' ' are not allowed by the kernel).\n"
            )
        return name

    def _counters(self, inverted: bool) -> None:
        self._option("c", inverted)
        packets = self.getopt.value or ""
        comma = packets.find(",", 1)
        packets, octets = (packets[:comma], packets[comma + 1 :]) if comma > 0 else (packets, "")
        if comma < 0:
            if not self._has_argument():
                raise self._fail("-c requires packet and byte counter")
            octets = self._next_word()
        first = scan_counter(packets)
        if first is None:
            raise self._fail("-c packet counter not numeric")
        second = scan_counter(octets)
        if second is None:
            raise self._fail("-c byte counter not numeric")
        self.counters = (first, second)

    def _wait(self, code: str) -> None:
        text = self.getopt.value
        if text is None and self._has_argument():
            text = self._next_word()
        if self.in_restore:
            raise self._fail(f"You cannot use `-{code}' from iptables-restore")
        if code == "W":
            if text is None:
                raise self._fail("wait interval value required")
            usec = scan_counter(text)
            if usec is None:
                raise self._fail("wait interval not numeric")
            usec &= U32
            if usec > 999999:
                raise self._fail(f"too long usec wait {usec} > 999999 usec")
            self.warnings.append("Ignoring deprecated --wait-interval option.\n")
            self.options.add("W")
            return
        self.waiting = True
        self.wait = -1
        if text is not None:
            seconds = scan_counter(text)
            if seconds is None:
                raise self._fail("wait seconds not numeric")
            self.wait = seconds

    # -- matches and targets

    def _load_match(self, name: str) -> None:
        if len(name.encode("utf-8", "surrogateescape")) > NAME_LIMIT:
            raise self._fail(f'Invalid match name "{name}" ({NAME_LIMIT} chars max)')
        spec = find_match(name, self.family)
        if spec is None:
            name = "icmp6" if name in ICMPV6_NAMES else name
            raise self._fail(f"Couldn't load match `{name}':No such file or directory\n")
        self._enter(spec, name, self.getopt.index - 1)

    def _enter(self, spec: Spec, name: str, word: int) -> None:
        """word: -1 if `-p` brings it along; then its options are added even if they were there before."""
        if spec.unsupported and not spec.options:
            raise not_implemented("match", spec)
        shown = spec.name if name in ICMPV6_NAMES else name
        table = 0
        for other in self.matches:
            if other.spec is spec:
                other.completed = True
                table = other.table
        if table == 0 or word < 0:
            table = self._add_table(spec)
        self.matches.append(Loaded(spec, shown, table, word))

    def _look_at(self, what: str, spec: Spec) -> None:
        """An extension that the engine can read but not carry out: no, or a warning where nothing is carried out."""
        if not spec.unsupported:
            return
        if not self.tolerant:
            raise not_implemented(what, spec)
        self.warnings.append(f"Warning: {not_implemented(what, spec)}\n")

    def _add_table(self, spec: Spec) -> int:
        self.tables += 1
        self.getopt.add(self.tables, option_table(spec).long)
        return self.tables

    def _jump(self, name: str, goto: bool) -> None:
        if not name:
            raise self._fail("Invalid target name (too short)")
        if len(name.encode("utf-8", "surrogateescape")) > NAME_LIMIT:
            raise self._fail(f"Invalid target name `{name}' ({NAME_LIMIT} chars max)")
        if not SPACES.isdisjoint(name):
            raise self._fail(f"Invalid target name `{name}'")
        self.jump = name
        self.jump_word = self.getopt.index - 1
        self.goto = goto
        if goto:
            return
        spec = find_target(name, self.family)
        if spec is not None:
            if spec.unsupported and not spec.options:
                raise not_implemented("target", spec)
            if spec.missing:
                self.warnings.append(
                    f"Warning: Extension {name} revision {spec.revision} not supported, missing kernel module?\n"
                )
            self.target = Loaded(spec, name, self._add_table(spec), self.jump_word)

    def _extension_option(self, code: str, inverted: bool) -> bool:
        """Give an option to the match or target it belongs to. True: the same word has to be read once more."""
        getopt = self.getopt
        if getopt.owner:
            if self.target is not None and self.target.table == getopt.owner:
                self._take(self.target, code, inverted)
                return False
            for loaded in self.matches:
                if loaded.table == getopt.owner and not loaded.completed:
                    self._take(loaded, code, inverted)
                    return False
            return False
        spec = self._protocol_match()
        if spec is not None:
            self.proto_used = True
            self._enter(spec, spec.name, -1)
            getopt.again()
            return True
        if code == BINARY:
            raise self._fail('Unknown arg "(null)"')
        if code == MISSING:
            raise self._fail(f'option "{self._previous()}" requires an argument')
        raise self._fail(f'unknown option "{self._previous()}"')

    def _protocol_match(self) -> Spec | None:
        """The match that `-p tcp` brings along for the sake of an option nobody knows yet."""
        if not self.protocol:
            return None
        number = parse_number(self.protocol, 255)
        name = self.protocol if number is None else (NAMES.protocol_name(number) or "")
        spec = find_match(name, self.family)
        if spec is None or (self.proto_used and any(loaded.spec is spec for loaded in self.matches)):
            return None
        return spec

    def _take(self, loaded: Loaded, code: str, inverted: bool) -> None:
        option = option_table(loaded.spec).by_name[self.getopt.name]
        text = self.getopt.value or ""
        if option.kind == TWO:
            loaded.check_once(option, self.head)
            if not self._has_argument():
                stop = "" if loaded.spec.name == "sctp" else "."  # as each of them says it
                raise self._fail(f"--{option.name} requires two args{stop}")
            text += BETWEEN_TWO + self._next_word()
        loaded.in_full = loaded.in_full and self.getopt.spelled == self.getopt.name
        try:
            loaded.take(option, self.head, inverted, text)
        finally:
            self._hear(loaded)

    def _hear(self, loaded: Loaded) -> None:
        """Take over what an extension has to say besides an error."""
        self.warnings += loaded.warnings
        loaded.warnings = []

    # -- the whole

    def _check_extensions(self) -> None:
        if self.table == "nat" and (self.policy == "DROP" or self.jump == "DROP"):
            raise self._fail(
                '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n',
                word=self.jump_word,
            )
        if "W" in self.options and not self.waiting:
            raise self._fail("--wait-interval only makes sense with --wait\n", word=-1)
        for loaded in self.matches:
            self._finish(loaded)
        if self.target is not None:
            self._finish(self.target)

    def _check(self) -> None:
        """What iptables looks at once all words are read."""
        first = self.commands[0]
        self._check_addresses(first)
        self._check_options()
        self._check_length(self.chain)
        if first in RULE_COMMANDS:
            if self.chain in ("PREROUTING", "INPUT") and "o" in self.options:
                raise self._fail(f"Can't use -o with {self.chain}\n", word=self.option_words["o"])
            if self.chain in ("POSTROUTING", "OUTPUT") and "i" in self.options:
                raise self._fail(f"Can't use -i with {self.chain}\n", word=self.option_words["i"])

    def _check_addresses(self, first: str) -> None:
        self.sources = self._addresses(self.source_word)
        self.destinations = self._addresses(self.destination_word)
        several = len(self.sources) > 1 or len(self.destinations) > 1
        if several and (self.head.src_inverted or self.head.dst_inverted):
            raise self._fail("! not allowed with multiple source or destination IP addresses", word=-1)
        if first == "R" and (len(self.sources) > 1 or len(self.destinations) > 1):
            raise self._fail("Replacement rule does not specify a unique address", word=-1)

    def _addresses(self, word: int) -> list[tuple[int, int]]:
        if word < 0:
            return [(0, 0)]
        try:
            return parse_addresses(self.words[word], self.family)
        except ParameterProblem as problem:
            raise self._refused(problem, word) from None

    def _finish(self, loaded: Loaded) -> None:
        try:
            loaded.build(self.head, self.tool)
        except ParameterProblem as problem:
            raise self._refused(problem, loaded.word) from None
        finally:
            self._hear(loaded)
        # only now: wrong words are wrong anyway
        self._look_at("target" if loaded is self.target else "match", loaded.spec)

    def _check_options(self) -> None:
        for letter in OPTION_ORDER:
            if letter in self.options and not any(letter in ALLOWED[command] for command in self.commands):
                raise self._fail(
                    f"Illegal option `-{letter}' with this command", word=self.option_words.get(letter, -1)
                )


def not_implemented(what: str, spec: Spec) -> KernelRefusal:
    return KernelRefusal(95, f"accepted by iptables, not implemented here: {what} '{spec.name}': {spec.unsupported}")


def scan_counter(text: str) -> int | None:
    """The number a text begins with, as sscanf("%llu") reads it: a sign is allowed, what follows is not looked at."""
    word = text.lstrip()
    negative = word[:1] == "-"
    if word[:1] in ("-", "+"):
        word = word[1:]
    digits = ""
    for char in word[:40]:
        if char not in "0123456789":
            break
        digits += char
    if not digits:
        return None
    value = min(int(digits), U64)
    return (-value) & U64 if negative else value
