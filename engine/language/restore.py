"""iptables-restore text into tables.

    *filter                     begins a table; without --noflush its rules and user chains go
    :INPUT DROP [12:3456]       policy and counters of a built-in chain
    :mine - [0:0]               makes a user chain, or empties it (with --noflush)
    [7:890] -A mine -s ...      any rule command; counters in front are taken with -c
    -4 ... / -6 ...             a rule for one family only
    COMMIT                      puts the table in force, all of it or nothing
    # comment, empty line

`Restore` reads it. `load_text` is the library's way (all tables or none, RulesetError with file, line and column);
`engine.language.commands` is the command's (table by table, iptables-restore's own messages).
"""

from __future__ import annotations

import gc
import re
from typing import Final

from engine.core.extension import KernelRefusal
from engine.core.hooks import BUILT_IN_CHAINS, IPV4
from engine.core.numbers import is_decimal
from engine.core.ruleset import Place
from engine.language.check import RuleRefused
from engine.language.commandline import NAME_LIMIT, CommandLine, scan_counter
from engine.language.edit import NO_CHAIN, Edit, TableError
from engine.language.errors import UNCHANGED, Refused, RulesetError
from engine.language.hints import hint_for
from engine.language.quick import QuickReader
from engine.language.store import RulesetStore
from engine.language.words import LINE_LIMIT, is_open, spans, split

NUMBER: Final = re.compile(r"\s*[+-]?\d+", re.ASCII)
COUNTERS: Final = re.compile(r"\[(\d+):(\d+)\] ?", re.ASCII)


MISSING: Final = "Warning: Extension "  # ... not supported, missing kernel module?

# What iptables-restore puts before a sentence, and what the place says better.
PREFIX: Final = re.compile(r"^ip6?tables-restore: (?:line \d+ )?")


class Fault(Exception):
    """Something wrong in a line. cause: Refused, TableError, RuleRefused or KernelRefusal; word: which one, -1 none."""

    def __init__(
        self,
        line: int,
        text: str,
        cause: Exception,
        words: list[str] | None = None,
        offset: int = 0,
        word: int = -1,
    ) -> None:
        super().__init__(str(cause))
        self.word = cause.word if isinstance(cause, Refused) else word
        self.line = line
        self.text = text
        self.cause = cause
        self.words = words
        self.offset = offset  # words that stand in front of those of the line in the command line that was read


class Unfinished(Refused):
    """The text ended before COMMIT."""


class Restore:
    """One run of iptables-restore. Counters, noflush, test, only_table, verbose: its options."""

    def __init__(
        self,
        store: RulesetStore,
        family: int,
        name: str,
        counters: bool = False,
        noflush: bool = False,
        test: bool = False,
        only_table: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.store = store
        self.family = family
        self.name = name
        self.counters = counters
        self.noflush = noflush
        self.test = test
        self.only_table = only_table
        self.verbose = verbose
        self.prints_rules = verbose and not noflush
        self.machine_made = False
        self.whole = False  # nothing is put in force before the end of the text
        self.edits: list[Edit] = []
        self.edit: Edit | None = None
        self.table_name = ""
        self.skipping = bool(only_table)  # -T: what stands in front of all tables is passed over
        self.started = False
        self.finished = -1  # exit code once a line said -V or -h
        self.helped = False
        self.version_inverted = False
        self.output: list[str] = []
        self.warnings: list[str] = []
        self.quick = QuickReader(family)
        self.tool = "iptables" if family == IPV4 else "ip6tables"
        self.line = 0

    # -- the whole text

    def run(self, text: str) -> None:
        """All lines. Fault at the first that is wrong; the table it belongs to is then as it was before."""
        collecting = gc.isenabled()
        gc.disable()  # nothing here is garbage in circles: looking for it took a third of the time
        try:
            self._run(text)
        finally:
            if collecting:
                gc.enable()

    def _run(self, text: str) -> None:
        lines = text.split("\n")
        unfinished = lines.pop()
        if self.machine_made and '"' in text:
            lines = join_quoted(lines)
        try:
            for number, line in enumerate(lines, 1):
                self.line = number
                if line and line[0] != "#":
                    self._line(line)
                    if self.finished >= 0:
                        break
                elif line and self.verbose:
                    self.output.append(line + "\n")
            else:
                if unfinished and unfinished[0] != "#":
                    self.line = len(lines) + 1
                    self._last_line(unfinished)
        except BaseException:
            self.abandon()
            raise
        if self.edit is not None:
            self.abandon()
            if self.finished < 0:
                expected = len(lines) + (2 if unfinished else 1)
                raise Fault(expected, "", Unfinished(f"COMMIT expected at line {expected}", exit=1))

    def abandon(self) -> None:
        """Put back what was not yet in force."""
        if self.edit is not None:
            self.edit.undo()
            self.edit = None
        for edit in reversed(self.edits):
            edit.undo()
        self.edits = []

    def _last_line(self, line: str) -> None:
        """A text that does not end in a newline: its last line counts, but iptables knows COMMIT only with one."""
        if self.whole or line != "COMMIT" or self.edit is None:
            self._line(line)
        else:
            raise Fault(self.line, line, Refused("Bad argument `COMMIT'", bare=True, word=0), [line])

    def _line(self, line: str) -> None:
        try:
            if (
                len(line) >= LINE_LIMIT // 4
                and not self.machine_made
                and len(line.encode("utf-8", "surrogateescape")) >= LINE_LIMIT
            ):
                raise Refused(f"line is longer than {LINE_LIMIT - 1} bytes")
            if "\0" in line:
                raise Refused("line has a NUL byte in it")
            if self.edit is None:
                self._outside(line)
            elif line == "COMMIT":
                self._commit()
            elif line[0] == ":":
                self._chain(line)
            else:
                self._rule(line)
        except (Refused, TableError, RuleRefused, KernelRefusal) as cause:
            raise Fault(self.line, line, cause) from None

    def _outside(self, line: str) -> None:
        if line[0] == "*":
            self._begin(line)
        elif not self.skipping:
            raise TableError("a table must begin first: `*filter' or another name")

    # -- the kinds of lines

    def _begin(self, line: str) -> None:
        words = line[1:].replace("\t", " ").split(" ")
        name = next((word for word in words if word), "")
        if not name:
            raise Refused(f"{self.tool}-restore: line {self.line} table name invalid")
        if self.only_table is not None and name != self.only_table:
            self.skipping = True
            return
        self.skipping = False
        table = self.store.table(self.family, name)
        if table is None:
            raise Refused(f"{self.tool}-restore: unable to initialize table '{name}'", word=0)
        self.table_name = name
        self.edit = Edit(table)
        self.started = True
        if not self.noflush:
            if self.verbose:
                self.output += [f"Flushing chain `{chain}'\n" for chain in table.chains]
                self.output += [
                    f"Deleting chain `{chain.name}'\n" for chain in table.chains.values() if not chain.is_built_in
                ]
            self.edit.clear()

    def _chain(self, line: str) -> None:
        edit = self.edit
        assert edit is not None
        words = line[1:].replace("\t", " ").split(" ")
        fields = [word for word in words if word]
        prefix = f"{self.tool}-restore: line {self.line}"
        if not fields:
            raise Refused(f"{prefix} chain name invalid")
        name = fields[0]
        if len(name.encode("utf-8", "surrogateescape")) > NAME_LIMIT:
            raise Refused(f"Invalid chain name `{name}' ({NAME_LIMIT} chars max)", word=0)
        if name not in BUILT_IN_CHAINS[self.table_name]:
            if self.noflush and edit.has(name):
                edit.flush(name)
            else:
                try:
                    edit.create_chain(name)
                except TableError:
                    raise Refused(f"error creating chain '{name}':File exists", word=0) from None
        if len(fields) < 2:
            raise Refused(f"{prefix} policy invalid", word=0)
        if fields[1] != "-":
            counters = self._policy_counters(name, fields)
            try:
                edit.set_policy(name, fields[1], counters)
            except TableError as error:
                message = f"Can't set policy `{fields[1]}' on `{name}' line {self.line}: {error}"
                raise Refused(message, exit=1, word=1) from None

    def _policy_counters(self, name: str, fields: list[str]) -> tuple[int, int]:
        if not self.counters:
            return 0, 0
        text = fields[2] if len(fields) > 2 else ""
        packets, colon, octets = text[1:].partition(":")
        # a number and nothing else before the colon
        first = scan_counter(packets) if text[:1] == "[" and NUMBER.fullmatch(packets) else None
        second = scan_counter(octets)
        if not colon or first is None or second is None:
            raise Refused(f"invalid policy counters for chain '{name}'", word=2)
        return first, second

    def _rule(self, line: str) -> None:
        rest = line
        newline = "\n"
        counters: tuple[str, str] | None = None
        if line[0] == "[":
            counters, rest = self._rule_counters(line)
            if not line.endswith(rest):
                newline = ""
        words = split(rest, not self.machine_made, newline)
        edit = self.edit
        assert edit is not None
        if self.prints_rules or not self._append(edit, words, counters):
            self._command(line, words, counters)

    def _append(self, edit: Edit, words: list[str], counters: tuple[str, str] | None) -> bool:
        """A plain `-A CHAIN ...`, the short way; False: it takes the long one."""
        if len(words) < 2 or words[0] != "-A":
            return False
        chains = edit.table.chains
        chain = chains.get(words[1])
        if chain is None:
            return False
        packets = octets = 0
        if counters is not None:
            if not (is_decimal(counters[0]) and is_decimal(counters[1])):
                return False
            packets, octets = int(counters[0]), int(counters[1])
        rule = self.quick.read(words[2:], self.table_name, words[1], chains, Place(self.name, self.line))
        if rule is None:
            return False
        rule.packets = packets
        rule.bytes = octets
        chain.rules.append(rule)
        return True

    def _rule_counters(self, line: str) -> tuple[tuple[str, str] | None, str]:
        """`[7:890] -A ...`: the counters (None unless asked for) and what follows."""
        plain = COUNTERS.match(line)
        if plain is not None and len(plain.group()) < 44:
            packets, octets = plain.group(1, 2)
            rest = line[plain.end() :]
        else:
            before, bracket, _after = line.partition("]")
            if not bracket:
                raise Refused(f"Bad line {self.line}: need ]")
            packets, colon, tail = line[1:].lstrip(":").partition(":")
            if not packets:
                raise Refused(f"Bad line {self.line}: need :")
            octets = f"{tail}\n".lstrip("]").partition("]")[0]
            if not colon or not octets:
                raise Refused(f"Bad line {self.line}: need ]")
            end = len(line) - len(tail) - 1
            # a colon that only comes later belongs to the rule, which iptables cuts there
            rest = line[len(before) + 1 : end if end > len(before) else len(line)]
        return ((packets, octets) if self.counters else None), rest

    def _command(self, line: str, words: list[str], counters: tuple[str, str] | None) -> None:
        from engine.language.carry_out import carry_out

        edit = self.edit
        assert edit is not None
        # iptables reads the counters as if they stood in front as an option
        front = ["--set-counters", *counters] if counters is not None else []
        if self.prints_rules:
            front.append("-v")
        command = CommandLine(front + words, self.family, self.table_name, True, self.store.shared is None)
        try:
            command.parse()
            if command.wrong_family:
                if not command.commands:
                    return
                # `-6` behind a command: no rule of this family is meant, but iptables carries the command out
                command.sources = []
            if command.version or command.help:
                if self.whole:
                    raise Refused("a request for help or the version is no rule")
                self.finished = 0
                self.helped = command.help
                self.version_inverted = command.version_inverted
                return
            carry_out(command, edit, Place(self.name, self.line), self.output)
        except TableError as error:
            at_fault = len(front) + 1 if str(error) == NO_CHAIN else -1
            raise Fault(self.line, line, error, words, len(front), at_fault) from None
        except (Refused, KernelRefusal) as cause:
            raise Fault(self.line, line, cause, words, len(front), command.getopt.index - 1) from None
        finally:
            # a program looks for an extension once, and says once that the kernel lacks it
            told = self.warnings
            self.warnings += [text for text in command.warnings if not (text.startswith(MISSING) and text in told)]

    def _commit(self) -> None:
        edit = self.edit
        assert edit is not None
        if self.test and not self.whole:
            edit.undo()
        else:
            edit.check(self.store.tables(), self.store.shared)
            if self.whole:
                self.edits.append(edit)
            else:
                self.store.settle(edit, self.family)
        self.edit = None


def join_quoted(lines: list[str]) -> list[str]:
    """Lines with those put together that a quoted newline has cut apart; empty ones keep the count."""
    joined: list[str] = []
    opened = -1  # index of the line whose quote is still open
    for line in lines:
        if opened >= 0:
            joined[opened] += "\n" + line
            joined.append("")
            if not is_open(joined[opened]):
                opened = -1
            continue
        joined.append(line)
        if '"' in line and line[0] not in "#:*" and is_open(line):
            opened = len(joined) - 1
    return joined


def load_text(
    store: RulesetStore,
    text: str,
    family: int,
    name: str = "rules",
    counters: bool = False,
    noflush: bool = False,
    test: bool = False,
    others: bool = False,
    machine_made: bool = False,
) -> list[str]:
    """See `RulesetStore.load`. machine_made: a state file; no limits, and a quote may go on in the next line."""
    ruleset = store.rulesets[family]
    known = set(ruleset.tables)
    restore = Restore(store, family, name, counters, noflush, test)
    restore.whole = True
    restore.machine_made = machine_made
    try:
        restore.run(text)
    except Fault as fault:
        _forget_new(store, family, known)
        raise ruleset_error(fault, name, text) from None
    except BaseException:
        _forget_new(store, family, known)
        raise
    if test:
        restore.abandon()
        _forget_new(store, family, known)
        return restore.warnings
    if others:
        named = {edit.table.name for edit in restore.edits}
        for table_name in list(ruleset.tables):
            if table_name not in named:
                edit = Edit(ruleset.tables[table_name])
                edit.clear()
                edit.settle(store.shared)
                del ruleset.tables[table_name]
    for edit in restore.edits:
        edit.settle(store.shared)
    ruleset.refresh()
    return restore.warnings


def _forget_new(store: RulesetStore, family: int, known: set[str]) -> None:
    tables = store.rulesets[family].tables
    for name in list(tables):
        if name not in known:
            del tables[name]


def ruleset_error(fault: Fault, name: str, text: str, state: str = UNCHANGED) -> RulesetError:
    """A fault with its place: the rule's own line if the kernel's checks refused it at COMMIT."""
    cause = fault.cause
    if isinstance(cause, RuleRefused):
        place = cause.rule.place
        source = text.split("\n")[place.line - 1] if place.file == name and place.line else ""
        return RulesetError(str(cause), place.file or name, place.line, 0, 1, source, hint_for(cause), state)
    message = cause.message if isinstance(cause, Refused) else str(cause)
    message = PREFIX.sub("", message.strip().rstrip("."))
    column, width = _position(fault, fault.word)
    return RulesetError(message, name, fault.line, column, width, fault.text, hint_for(cause, fault.text), state)


def _position(fault: Fault, word: int) -> tuple[int, int]:
    """1-based column and width of a word of the line; (0, 1) for the whole line."""
    index = word - fault.offset
    text = fault.text
    start = text.find("]") + 1 if text.startswith("[") and fault.words is not None else 0
    found = spans(text[start:])
    if 0 <= index < len(found):
        _word, begin, end = found[index]
        return start + begin + 1, end - begin
    return 0, 1
