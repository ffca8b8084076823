"""The commands iptables, ip6tables, iptables-save and iptables-restore, as functions.

    run(["iptables", "-A", "INPUT", "-j", "DROP"], "", store) -> Result(exit, stdout, stderr)

No process, no files but those a command names. Exit codes: 0 done; 1 the kernel's (here: the engine's) no; 2 the words
are wrong; 3 there is no such table; 4 a file that they need is broken (nobody ever holds a lock). Messages are those of
iptables-legacy 1.8.9; where it only says "Run `dmesg'" or "line 7 failed", a second line tells what the kernel would
log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from errno import EINVAL
from typing import Final

from engine.core.extension import KernelRefusal
from engine.core.hooks import BUILT_IN_CHAINS, IPV4, IPV6
from engine.core.ruleset import Place
from engine.language.carry_out import carry_out, changes
from engine.language.check import RuleRefused
from engine.language.commandline import CommandLine, scan_counter
from engine.language.edit import Edit, TableError
from engine.language.errors import OTHER_PROBLEM, PARAMETER_PROBLEM, VERSION_PROBLEM, Refused
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
from engine.language.help import command_help, extension_help, restore_help
from engine.language.restore import Fault, Restore, Unfinished
from engine.language.save import save_table
from engine.language.store import RulesetStore

VERSION: Final = "v1.8.9"
VARIANT: Final = "legacy"

ERRNO_TEXTS: Final[dict[int, str]] = {
    1: "Permission denied (you must be root)",
    2: "No chain/target/match by that name",
    7: "Argument list too long",
    12: "Memory allocation problem",
    16: "Device or resource busy",
    17: "File exists",
    19: "No such device",
    22: "Invalid argument",
    28: "No space left on device",
    34: "Numerical result out of range",
    36: "File name too long",
    40: "Too many levels of symbolic links",
    75: "Value too large for defined data type",
    92: "iptables who? (do you need to insmod?)",
    95: "Operation not supported",
    97: "Address family not supported by protocol",
}


@dataclass(slots=True)
class Result:
    exit: int
    stdout: str = ""
    stderr: str = ""


def run(argv: list[str], stdin: str, store: RulesetStore) -> Result:
    """One command. argv[0] says which: iptables, ip6tables, and either with -save or -restore (also with -legacy)."""
    name = argv[0].rpartition("/")[2].replace("-legacy", "").replace("-nft", "")
    family = IPV6 if name.startswith("ip6") else IPV4
    if name.endswith("-save"):
        return _save(argv, family, store)
    if name.endswith("-restore"):
        return _restore(argv, family, stdin, store)
    if name in ("iptables", "ip6tables"):
        return _iptables(argv[1:], family, store)
    return Result(1, "", f"{argv[0]}: no such command here\n")


def _tool(family: int) -> str:
    return "iptables" if family == IPV4 else "ip6tables"


def try_help(program: str) -> str:
    return f"Try `{program} -h' or '{program} --help' for more information.\n"


def version_text(program: str, inverted: bool) -> str:
    return f"Not {VERSION[1:]} ({VARIANT}) ;-)\n" if inverted else f"{program} {VERSION} ({VARIANT})\n"


def refusal_text(refused: Refused, program: str, line: int = -1) -> str:
    """What xtables_error prints."""
    text = refused.message + "\n" if refused.bare else f"{program} {VERSION} ({VARIANT}): {refused.message}\n"
    if refused.exit == PARAMETER_PROBLEM:
        if line >= 0:
            text += f"Error occurred at line: {line}\n"
        text += try_help(program)
    elif refused.exit == VERSION_PROBLEM:
        text += f"Perhaps {_tool(IPV6 if program.startswith('ip6') else IPV4)} or your kernel needs to be upgraded.\n"
    return text


# -- iptables


def _iptables(words: list[str], family: int, store: RulesetStore) -> Result:
    program = _tool(family)
    line = CommandLine(words, family, tolerant=store.shared is None)
    warnings: list[str] = []
    try:
        line.parse()
        warnings = line.warnings
        if line.wrong_family:
            return Result(PARAMETER_PROBLEM, "", "".join(warnings) + try_help(program))
        if line.version:
            return Result(0, version_text(program, line.version_inverted), "".join(warnings))
        if line.help:
            return Result(0, command_help(program, VERSION, VARIANT) + extension_help(line), "".join(warnings))
        return _change_table(line, family, store)
    except Refused as refused:
        return Result(refused.exit, "", "".join(warnings or line.warnings) + refusal_text(refused, program))
    except KernelRefusal as refusal:
        return Result(OTHER_PROBLEM, "", "".join(line.warnings) + f"{program} {VERSION} ({VARIANT}): {refusal}.\n")


def _change_table(line: CommandLine, family: int, store: RulesetStore) -> Result:
    program = _tool(family)
    if line.table not in BUILT_IN_CHAINS:
        why = "Module is wrong version" if len(line.table) >= 32 else "Table does not exist (do you need to insmod?)"
        raise Refused(f"can't initialize {program} table `{line.table}': {why}", VERSION_PROBLEM)
    table = store.table(family, line.table)
    assert table is not None
    edit = Edit(table)
    output: list[str] = []
    try:
        carry_out(line, edit, Place("command line"), output)
        if changes(line):
            edit.check(store.tables(), store.shared)
            store.settle(edit, family)
    except TableError as error:
        edit.undo()
        log = ". Run `dmesg' for more information.\n" if error.invalid else ".\n"
        return Result(OTHER_PROBLEM, "".join(output), "".join(line.warnings) + f"{program}: {error}{log}")
    except RuleRefused as refused:
        edit.undo()
        return Result(OTHER_PROBLEM, "".join(output), "".join(line.warnings) + kernel_no(refused, program))
    except BaseException:
        edit.undo()
        raise
    return Result(0, "".join(output), "".join(line.warnings))


def kernel_no(refused: RuleRefused, program: str) -> str:
    """iptables' sentence for an errno, and the reason that a kernel would log."""
    text = ERRNO_TEXTS.get(refused.errno, f"Unknown error {refused.errno}")
    log = ". Run `dmesg' for more information.\n" if refused.errno == EINVAL else ".\n"
    reason = str(refused)
    return f"{program}: {text}{log}" + (f"  {reason}\n" if reason else "")


# -- iptables-save

SAVE_SHORT: Final[dict[str, int]] = {"b": 0, "c": 0, "d": 0, "V": 0, "t": 1, "f": 1, "M": 1}
SAVE_LONG: Final[tuple[tuple[str, int, str], ...]] = (
    ("counters", NO_ARGUMENT, "c"),
    ("version", NO_ARGUMENT, "V"),
    ("dump", NO_ARGUMENT, "d"),
    ("table", REQUIRED, "t"),
    ("modprobe", REQUIRED, "M"),
    ("file", REQUIRED, "f"),
)


class Options:
    """The options of a command that takes no rules: letters given, the value of each, and the plain words."""

    def __init__(
        self, argv: list[str], short: dict[str, int], long: tuple[tuple[str, int, str], ...], hint: str
    ) -> None:
        self.letters: set[str] = set()
        self.values: dict[str, str] = {}
        self.words: list[str] = []
        self.error = ""
        getopt = Getopt(argv[1:], short, LongTable([LongOption(name, argument, code) for name, argument, code in long]))
        while True:
            code = getopt.next()
            if code == END:
                break
            if code == WORD:
                self.words.append(getopt.value or "")
            elif code in (MISSING, UNKNOWN):
                self.error = f"{argv[0]}: {self._fault(code, getopt)}\n{hint}\n"
                return
            else:
                self.letters.add(code)
                value = getopt.value
                following = getopt.words[getopt.index : getopt.index + 1]
                if code == "w" and value is None and following and following[0][:1] not in ("-", "!"):
                    value = following[0]
                    getopt.index += 1
                if value is not None:
                    self.values[code] = value
        self.words += getopt.words[getopt.index :]

    def _fault(self, code: str, getopt: Getopt) -> str:
        word = getopt.words[getopt.index - 1]
        if code == MISSING:
            if word.startswith("--"):
                return f"option '--{getopt.name}' requires an argument"
            return f"option requires an argument -- '{getopt.name}'"
        if word.startswith("--"):
            if getopt.possible:
                names = " ".join(f"'--{name}'" for name in getopt.possible)
                return f"option '{word}' is ambiguous; possibilities: {names}"
            return f"unrecognized option '{word}'"
        return f"invalid option -- '{getopt.name}'"


def _save(argv: list[str], family: int, store: RulesetStore) -> Result:
    program = _tool(family) + "-save"
    options = Options(argv, SAVE_SHORT, SAVE_LONG, f"Look at manual page `{program}.8' for more information.")
    if options.error:
        return Result(1, "", options.error)
    if "V" in options.letters:
        return Result(0, f"{program} {VERSION} ({VARIANT})\n")
    note = "-b/--binary option is not implemented\n" if "b" in options.letters else ""
    if options.words:
        return Result(1, "", note + "Unknown arguments found on commandline\n")
    counters = "c" in options.letters
    name = options.values.get("t")
    tables = list(reversed(store.rulesets[family].tables.values()))
    if name is not None and "d" not in options.letters:
        table = store.table(family, name)
        if table is None:
            why = "Cannot initialize: Table does not exist (do you need to insmod?)"
            return Result(1, "", f"{note}{program} {VERSION} ({VARIANT}): {why}\n")
        tables = [table]
    when = date_text(store)
    output = ""
    for table in tables:
        output += f"# Generated by {program} {VERSION} on {when}\n{save_table(table, counters)}# Completed on {when}\n"
    path = options.values.get("f")
    if path is not None:
        try:
            with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(output)
        except OSError as error:
            return Result(1, "", f"Failed to open file, error: {error.strerror}\n")
        output = ""
    return Result(0, output, note)


def date_text(store: RulesetStore) -> str:
    """The engine's wall clock as ctime(3) prints it."""
    if store.date:
        return store.date
    seconds = 0.0
    offset = 0
    if store.shared is not None:
        seconds = store.shared.environment.wall_clock()
        offset = store.shared.environment.timezone_offset()
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds) + offset)
    return when.strftime("%a %b ") + f"{when.day:2d}" + when.strftime(" %H:%M:%S %Y")


# -- iptables-restore

RESTORE_SHORT: Final[dict[str, int]] = {
    **dict.fromkeys("bcvVthnw", NO_ARGUMENT),
    **dict.fromkeys("MTW", REQUIRED),
}
RESTORE_LONG: Final[tuple[tuple[str, int, str], ...]] = (
    ("counters", NO_ARGUMENT, "c"),
    ("verbose", NO_ARGUMENT, "v"),
    ("version", NO_ARGUMENT, "V"),
    ("test", NO_ARGUMENT, "t"),
    ("help", NO_ARGUMENT, "h"),
    ("noflush", NO_ARGUMENT, "n"),
    ("modprobe", REQUIRED, "M"),
    ("table", REQUIRED, "T"),
    ("wait", OPTIONAL, "w"),
    ("wait-interval", OPTIONAL, "W"),
)


def _restore(argv: list[str], family: int, stdin: str, store: RulesetStore) -> Result:
    tool = _tool(family)
    program = f"{tool}-restore"
    options = Options(argv, RESTORE_SHORT, RESTORE_LONG, f"Try `{program} -h' for more information.")
    if options.error:
        return Result(1, "", options.error)
    if "V" in options.letters:
        return Result(0, f"{program} {VERSION} ({VARIANT})\n")
    if "h" in options.letters:
        return Result(0, "", restore_help(program))
    note = "-b/--binary option is not implemented\n" if "b" in options.letters else ""
    if "w" in options.values and scan_counter(options.values["w"]) is None:
        return Result(2, "", note + refusal_text(Refused("wait seconds not numeric"), program, 0))
    if "W" in options.letters:
        note += "Ignoring deprecated --wait-interval option.\n"
        if "w" not in options.letters:
            return Result(1, "", note + "Option --wait-interval requires option --wait\n")
    if len(options.words) > 1:
        return Result(1, "", note + "Unknown arguments found on commandline\n")
    name = "stdin"
    text = stdin
    if options.words:
        name = options.words[0]
        try:
            with open(name, encoding="utf-8", errors="surrogateescape", newline="") as file:
                text = file.read()
        except OSError as error:
            return Result(1, "", f"{note}Can't open {name}: {error.strerror}\n")
    restore = Restore(
        store,
        family,
        name,
        "c" in options.letters,
        "n" in options.letters,
        "t" in options.letters,
        options.values.get("T"),
        "v" in options.letters,
    )
    try:
        restore.run(text)
    except Fault as fault:
        stderr = note + "".join(restore.warnings) + fault_text(fault, program)
        return Result(_exit_of(fault), "".join(restore.output), stderr)
    if restore.finished >= 0:
        text = version_text(program, restore.version_inverted)
        if restore.helped:
            text = command_help(program, VERSION, VARIANT)
        return Result(0, "".join(restore.output) + text, note + "".join(restore.warnings))
    return Result(0, "".join(restore.output), note + "".join(restore.warnings))


def _exit_of(fault: Fault) -> int:
    return fault.cause.exit if isinstance(fault.cause, Refused) else OTHER_PROBLEM


def fault_text(fault: Fault, program: str) -> str:
    """iptables-restore's words for a fault; where it gives no reason, ours in a second line."""
    cause = fault.cause
    if isinstance(cause, Unfinished):
        return f"{program}: {cause.message}\n"
    if isinstance(cause, Refused):
        return refusal_text(cause, program, fault.line)
    text = f"{program}: line {fault.line} failed\n"
    if isinstance(cause, RuleRefused):
        return f"{text}  {cause.rule.place}: {cause}\n"
    return f"{text}  {cause}\n"
