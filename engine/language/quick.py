"""The short way for the rules that rulesets are full of.

Most lines of a ruleset are made of few different parts: `-m tcp --dport 22`, `-j ACCEPT`. A part that the whole parser
has read once is remembered with what came of it; a line that consists of known parts is put together from them. Any
line that is not plainly of that form goes the whole way, so this file decides nothing: it only remembers.

A part may be remembered when reading it needs nothing but itself and the protocol of the rule: one extension, every
option written out in full, and the protocol known before it. Extensions that keep no state are even shared between
rules; the others are built anew for each rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.core.extension import Extension, Match, ParameterProblem, RuleHead, Spec, Target
from engine.core.hooks import IPV4
from engine.core.names import NAMES
from engine.core.numbers import parse_number
from engine.core.ruleset import Chain, NamedMatch, Place, Rule
from engine.core.ruletext import head_text
from engine.core.values import BETWEEN_TWO, Given, Values
from engine.language.addresses import parse_addresses
from engine.language.commandline import (
    ICMPV6_NAMES,
    INTERFACE_LIMIT,
    NAME_LIMIT,
    OWN_TABLE,
    OWN_TABLE_6,
    CommandLine,
    find_match,
    find_target,
)
from engine.language.edit import is_stateful
from engine.language.errors import Refused
from engine.language.options import TWO, Loaded, option_table
from engine.language.rule import kept_source, uses_conntrack
from engine.language.words import split

CACHE_LIMIT: Final = 20000  # parts remembered at most; then everything is forgotten

# Words that end the options of an extension.
STOPS: Final = frozenset(
    ("-m", "-j", "-g", "-s", "-d", "-i", "-o", "-p", "-f", "-c", "-A", "-I", "-D", "-t", "-v", "-n", "-4", "-6", "-w")
)
INCOMING: Final = ("PREROUTING", "INPUT")
OUTGOING: Final = ("POSTROUTING", "OUTPUT")
VALUE_OPTIONS: Final = frozenset(("-s", "-d", "-i", "-o", "-p"))


class Part:
    """A match or target with its options, ready to be put into rules."""

    def __init__(self, loaded: Loaded, is_match: bool, built: Extension, tool: str) -> None:
        self.name = loaded.name
        self.spec: Spec = loaded.spec
        self.given: list[Given] = loaded.given
        self.tool = tool
        saved = built.save()
        self.source = kept_source(loaded, saved)
        self.stateful = is_stateful(built)
        self.needs_conntrack = uses_conntrack(built, loaded.spec)
        self.match: NamedMatch | None = None
        self.target: Target | None = None
        if is_match:
            assert isinstance(built, Match)
            self.match = NamedMatch(loaded.name, built, loaded.spec, self.source)
            self.text = f" -m {loaded.name} {saved}" if saved else f" -m {loaded.name}"
        else:
            assert isinstance(built, Target)
            self.target = built
            self.text = ""

    def named_match(self, head: RuleHead) -> NamedMatch:
        if not self.stateful:
            assert self.match is not None
            return self.match
        built = self.spec.build(Values(head, self.given, self.tool))
        assert isinstance(built, Match)
        return NamedMatch(self.name, built, self.spec, self.source)

    def own_target(self, head: RuleHead) -> Target:
        if not self.stateful:
            assert self.target is not None
            return self.target
        built = self.spec.build(Values(head, self.given, self.tool))
        assert isinstance(built, Target)
        return built


PartKey = tuple[str, str, str, tuple[str, ...]]


class QuickReader:
    """Puts rules of one family together from remembered parts."""

    def __init__(self, family: int) -> None:
        self.family = family
        self.tool = "iptables" if family == IPV4 else "ip6tables"
        self.own_names = (OWN_TABLE if family == IPV4 else OWN_TABLE_6).by_name
        self.parts: dict[PartKey, Part | None] = {}
        self.addresses: dict[str, tuple[int, int] | None] = {}
        self.protocols: dict[str, int] = {}

    def read(self, words: list[str], table: str, chain: str, chains: Mapping[str, Chain], place: Place) -> Rule | None:
        """The rule in the words after `-A CHAIN`; None: read it the long way."""
        head = RuleHead(self.family)
        rule = Rule(head)
        text = ""
        proto = ""
        count = len(words)
        index = 0
        inverted = False
        given = ""  # letters of head options so far
        while index < count:
            word = words[index]
            if word in VALUE_OPTIONS:
                if index + 1 >= count or word in given or (inverted and word == "-p"):
                    return None
                given += word
                value = words[index + 1]
                if word == "-p":
                    if rule.matches or rule.target is not None or not self._protocol(head, value):
                        return None
                    proto = value
                elif not self._head_option(head, word, value, inverted):
                    return None
                inverted = False
                index += 2
                continue
            if word == "!":
                if inverted:
                    return None
                inverted = True
                index += 1
                continue
            if inverted:
                return None
            if word == "-m":
                name = words[index + 1] if index + 1 < count else ""
                end = self._end_of_part(words, index + 2)
            elif word == "-j":
                return_index = self._jump(rule, head, words, index, proto, chains)
                if return_index == 0:
                    return None
                index = return_index
                continue
            elif word.startswith("--") and proto and not rule.matches and rule.target is None:
                name = ""
                end = self._end_of_part(words, index)
            else:
                return None
            part = self._part(proto, "-m", name, tuple(words[index if not name else index + 2 : end]), head)
            if part is None:
                return None
            for named in rule.matches:
                if named.spec is part.spec:
                    return None
            rule.matches.append(part.named_match(head))
            rule.needs_conntrack = rule.needs_conntrack or part.needs_conntrack
            rule.needs_defrag = rule.needs_defrag or part.spec.needs_defrag
            rule.stateful = rule.stateful or part.stateful
            text += part.text
            index = end
        if inverted or self._is_out_of_place(rule, table, chain):
            return None
        rule.place = place
        rule.text = head_text(head) + text
        return rule

    def reads_back(self, proto: int, kind: str, name: str, built: Extension) -> bool:
        """Is a part the same when its saved text (its options only) is read again?"""
        saved = built.save()
        head = RuleHead(self.family)
        head.proto = proto
        protocol = (NAMES.protocol_name(proto) or str(proto)) if proto else ""
        part = self._part(protocol, kind, name, tuple(split(saved, False)), head)
        if part is None:
            return False
        again = part.match.match if part.match is not None else part.target
        return again is not None and again.save() == saved and again.unsaid() == built.unsaid()

    def _is_out_of_place(self, rule: Rule, table: str, chain: str) -> bool:
        """Faults that iptables sees before the kernel does; the long way finds the words for them."""
        if table == "nat" and rule.target_name == "DROP":
            return True
        head = rule.head
        return bool((head.outdev and chain in INCOMING) or (head.indev and chain in OUTGOING))

    def _head_option(self, head: RuleHead, word: str, value: str, inverted: bool) -> bool:
        if word == "-s":
            pair = self._address(value)
            if pair is None:
                return False
            head.src, head.src_mask = pair
            head.src_inverted = inverted
        elif word == "-d":
            pair = self._address(value)
            if pair is None:
                return False
            head.dst, head.dst_mask = pair
            head.dst_inverted = inverted
        else:
            if not value or not value.isascii() or len(value) > INTERFACE_LIMIT or "/" in value or " " in value:
                return False
            if word == "-i":
                head.indev = value
                head.indev_inverted = inverted
            else:
                head.outdev = value
                head.outdev_inverted = inverted
        return True

    def _address(self, text: str) -> tuple[int, int] | None:
        if text in self.addresses:
            return self.addresses[text]
        try:
            found = parse_addresses(text, self.family)
        except ParameterProblem:
            found = []
        pair = found[0] if len(found) == 1 else None
        if len(self.addresses) >= CACHE_LIMIT:
            self.addresses.clear()
        self.addresses[text] = pair
        return pair

    def _protocol(self, head: RuleHead, text: str) -> bool:
        number = self.protocols.get(text)
        if number is None:
            try:
                line = CommandLine(["-A", "X", "-p", text], self.family).parse()
            except Refused:
                return False
            if line.warnings:
                return False
            number = line.head.proto
            self.protocols[text] = number
        head.proto = number
        return True

    def _end_of_part(self, words: list[str], index: int) -> int:
        """Where the next option of the head, match or target begins."""
        count = len(words)
        while index < count and words[index] not in STOPS:
            index += 1
        if index < count and words[index - 1] == "!":
            index -= 1
        return index

    def _jump(
        self, rule: Rule, head: RuleHead, words: list[str], index: int, proto: str, chains: Mapping[str, Chain]
    ) -> int:
        """Read -j; index behind it, 0 if it takes the long way."""
        if index + 1 >= len(words) or rule.target is not None or rule.jump is not None:
            return 0
        name = words[index + 1]
        end = self._end_of_part(words, index + 2)
        options = tuple(words[index + 2 : end])
        chain = chains.get(name)
        if chain is not None:
            if options or chain.is_built_in:
                return 0
            rule.jump = chain
            # a chain may have the name of a target: the long way says so
            return end if find_target(name, self.family) is None else 0
        part = self._part(proto, "-j", name, options, head)
        if part is None:
            return 0
        rule.target = part.own_target(head)
        rule.target_name = part.name
        rule.target_spec = part.spec
        rule.target_source = part.source
        rule.needs_conntrack = rule.needs_conntrack or part.needs_conntrack
        rule.needs_defrag = rule.needs_defrag or part.spec.needs_defrag
        rule.stateful = rule.stateful or part.stateful
        return end

    def _part(self, proto: str, kind: str, name: str, options: tuple[str, ...], head: RuleHead) -> Part | None:
        key = (proto, kind, name, options)
        if key in self.parts:
            return self.parts[key]
        part = self._read_part(proto, kind, name, options, head)
        if len(self.parts) >= CACHE_LIMIT:
            self.parts.clear()
        self.parts[key] = part
        return part

    def _read_part(self, proto: str, kind: str, name: str, options: tuple[str, ...], head: RuleHead) -> Part | None:
        """The same as CommandLine makes of these words, if each option is written out; None otherwise."""
        shown = name or proto
        if not name:
            number = parse_number(proto, 255)
            shown = proto if number is None else (NAMES.protocol_name(number) or "")
        spec = find_match(shown, self.family) if kind == "-m" else find_target(shown, self.family)
        if spec is None or spec.unsupported or spec.missing or len(shown) > NAME_LIMIT:
            return None
        loaded = Loaded(spec, spec.name if shown in ICMPV6_NAMES else shown, 1, -1)
        context = RuleHead(self.family)
        context.proto = head.proto
        try:
            if not self._read_options(loaded, context, options):
                return None
            loaded.build(context, self.tool)
        except ParameterProblem:
            return None
        if loaded.warnings:
            return None
        return Part(loaded, kind == "-m", loaded.take_built(context, self.tool), self.tool)

    def _read_options(self, loaded: Loaded, head: RuleHead, options: tuple[str, ...]) -> bool:
        table = option_table(loaded.spec).by_name
        count = len(options)
        index = 0
        inverted = False
        while index < count:
            word = options[index]
            index += 1
            if word == "!":
                if inverted:
                    return False
                inverted = True
                continue
            name = word[2:]
            option = table.get(name)
            if option is None or not word.startswith("--") or name in self.own_names:
                return False
            text = ""
            if option.kind != "none":
                if index == count:
                    return False
                text = options[index]
                index += 1
            if option.kind == TWO:
                if index == count or options[index][:1] in ("-", "!"):
                    return False
                text += BETWEEN_TWO + options[index]
                index += 1
            loaded.take(option, head, inverted, text)
            inverted = False
        return not inverted
