"""What -h prints."""

from __future__ import annotations

from typing import Final

from engine.core.extension import Spec
from engine.language.commandline import CommandLine, find_match

# form, what it does
COMMANDS: Final[tuple[tuple[str, str], ...]] = (
    ("-A, --append CHAIN RULE", "add a rule at the end of a chain"),
    ("-C, --check CHAIN RULE", "exit 0 if the chain has this rule, 1 if not"),
    ("-D, --delete CHAIN RULE | NUMBER", "delete the first such rule, or rule NUMBER (from 1)"),
    ("-I, --insert CHAIN [NUMBER] RULE", "insert a rule as NUMBER (default 1)"),
    ("-R, --replace CHAIN NUMBER RULE", "put a rule in the place of rule NUMBER"),
    ("-L, --list [CHAIN [NUMBER]]", "show rules as a table"),
    ("-S, --list-rules [CHAIN [NUMBER]]", "show rules as commands"),
    ("-F, --flush [CHAIN]", "delete all rules of a chain, or of all chains"),
    ("-Z, --zero [CHAIN [NUMBER]]", "set counters to zero"),
    ("-N, --new-chain CHAIN", "make a user chain"),
    ("-X, --delete-chain [CHAIN]", "delete an empty user chain, or all of them"),
    ("-P, --policy CHAIN ACCEPT|DROP", "what a built-in chain does with packets that no rule decided"),
    ("-E, --rename-chain OLD NEW", "rename a user chain; rules that jump to it follow"),
)
RULE_OPTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("[!] -p, --protocol PROTOCOL", "name or number; all = any"),
    ("[!] -s, --source ADDRESS[/MASK][,...]", "source address, network or host name"),
    ("[!] -d, --destination ADDRESS[/MASK][,...]", "destination"),
    ("[!] -i, --in-interface NAME", "interface it came in by; NAME+ = all that begin so"),
    ("[!] -o, --out-interface NAME", "interface it leaves by"),
    ("[!] -f, --fragments", "second and further fragments only (IPv4)"),
    ("-m, --match MATCH", "load a match with its own options"),
    ("-j, --jump TARGET", "target or user chain"),
    ("-g, --goto CHAIN", "go on in a user chain without coming back"),
    ("-c, --set-counters PACKETS BYTES", "begin with these counters"),
)
OTHER_OPTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("-t, --table TABLE", "filter (default), nat, mangle, raw or security"),
    ("-v, --verbose", "with counters and interfaces"),
    ("-n, --numeric", "no names for addresses, ports and protocols"),
    ("-x, --exact", "counters in full"),
    ("--line-numbers", "number the rules of a listing"),
    ("-w, --wait [SECONDS]", "accepted; there is nobody to wait for"),
    ("-4, --ipv4; -6, --ipv6", "the family of a rule in a ruleset for both"),
    ("--modprobe COMMAND", "accepted; there are no modules"),
    ("-V, --version; -h, --help", "version, this help; `-m MATCH -h', `-j TARGET -h': their options"),
)


def command_help(program: str, version: str, variant: str) -> str:
    text = f"{program} {version} ({variant})\n\nUsage: {program} COMMAND [RULE] [OPTIONS]\n"
    for title, rows in (("Commands", COMMANDS), ("Rules", RULE_OPTIONS), ("Options", OTHER_OPTIONS)):
        text += f"\n{title}:\n" + _rows(rows)
    return text


def _rows(rows: tuple[tuple[str, str], ...]) -> str:
    return "".join([f"  {form:<44} {meaning}\n" for form, meaning in rows])


def extension_help(line: CommandLine) -> str:
    """The options of the target and the matches that stood before -h, or of the protocol's match."""
    text = ""
    if line.target is not None:
        text += spec_help(line.target.spec, "target")
    specs = [loaded.spec for loaded in line.matches]
    if not specs and line.protocol:
        spec = find_match(line.protocol, line.family)
        if spec is not None:
            specs.append(spec)
    for spec in specs:
        text += spec_help(spec, "match")
    return text


def spec_help(spec: Spec, what: str) -> str:
    text = f"\n{spec.name} {what} options:\n"
    if spec.unsupported:
        return text + f"  accepted by iptables, not implemented here: {spec.unsupported}\n"
    if not spec.options:
        return text + "  none\n"
    for option in spec.options:
        names = ", ".join(f"--{name}" for name in (option.name, *option.aliases))
        sign = "[!] " if option.invert else "    "
        value = "" if option.kind == "none" else f" <{option.kind}>"
        text += f"  {sign}{names}{value}{' (required)' if option.mandatory else ''}\n"
    return text + spec.more_help


def restore_help(program: str) -> str:
    return (
        f"Usage: {program} [-c] [-v] [-V] [-t] [-h] [-n] [-w secs] [-W usecs] [-T table] [-M command] [file]\n"
        "  -c, --counters      take packet and byte counters from the text\n"
        "  -n, --noflush       add to what is there\n"
        "  -t, --test          read only, change nothing\n"
        "  -T, --table TABLE   read only this table of the text\n"
        "  -v, --verbose       print what is done\n"
    )
