"""nflab: labs of network namespaces with a firewall in the middle. Same as `python -m lab`.

One table of commands. Each is a module of lab/commands with `arguments(parser)` and `run(options) -> exit status`,
imported only when it is called; the last group belongs to other parts of the project and is started as a program of
its own.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from lab import ending

if TYPE_CHECKING:
    from argparse import ArgumentParser

# command -> (module below lab.commands, what it does)
COMMANDS: Final = {
    "up": ("up", "build a lab that outlives this command"),
    "down": ("down", "take a lab away"),
    "ls": ("ls", "list the labs that are up, or --topologies"),
    "shell": ("shell", "a shell inside a node"),
    "exec": ("exec", "run a command inside a node"),
    "engine": ("engine", "the engine of a lab: status, save, restart, advance"),
    "clean": ("clean", "remove what dead labs have left; --all: end every lab"),
    "doctor": ("doctor", "what this machine can run, and what to do about what it cannot"),
}
# command -> (module to run, arguments before the user's, what it does)
PROGRAMS: Final = {
    "rules": ("engine.cli", ["rules"], "check a ruleset file and print it as iptables-save would"),
    "iptables": ("engine.cli", ["iptables"], "one iptables command against a ruleset kept in --state FILE"),
    "ip6tables": ("engine.cli", ["ip6tables"], "the same for IPv6"),
    "explain": ("engine.cli", ["explain"], "what a packet meets in a ruleset, rule by rule"),
    "fuzz": ("conformance.fuzz", [], "random rulesets and packets through two engines, compared"),
    "mutate": ("conformance.mutation", [], "faults planted in the engine: does the suite notice them?"),
    "report": ("reports", [], "render records as a report; 'report diff OLD NEW' compares two runs"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns its exit status: 1 for an error, 2 for wrong usage; raises SystemExit when it is
    interrupted (130)."""
    words = sys.argv[1:] if argv is None else argv
    try:
        with ending.told(" ".join(["nflab", *(word for word in words[:1] if word in COMMANDS)])):
            open_standard_files()
            return _main(words)
    finally:
        if argv is None:  # this process only has to end
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _main(words: list[str]) -> int:
    if words and words[0] in PROGRAMS:
        become(words[0], words[1:])
    if words and words[0] in COMMANDS:
        return _run(words[0], words[1:])
    parser = _overview()
    if words and not words[0].startswith("-"):
        from lab.faults import did_you_mean

        parser.error(f"'{words[0]}' is not a command; {did_you_mean(words[0], [*COMMANDS, *PROGRAMS], 'commands are')}")
    parser.parse_args(words)
    parser.print_help()
    return 2


def _overview() -> ArgumentParser:
    import argparse

    listing = {**{name: words for name, (_module, words) in COMMANDS.items()},
               **{name: words for name, (_module, _first, words) in PROGRAMS.items()}}  # fmt: skip
    lines = "\n".join(f"  {name:<10} {words}" for name, words in listing.items())
    return argparse.ArgumentParser(
        prog="nflab",
        usage="nflab COMMAND [...]",
        description="Labs of network namespaces with a firewall in the middle.",
        epilog=f"commands:\n{lines}\n\n'nflab COMMAND --help' says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _run(name: str, words: list[str]) -> int:
    import argparse

    from lab.errors import LabError

    module = importlib.import_module(f"lab.commands.{COMMANDS[name][0]}")
    parser = argparse.ArgumentParser(
        prog=f"nflab {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.arguments(parser)
    options = parser.parse_args(words)
    try:
        status = int(module.run(options))
        sys.stdout.flush()
        return status
    except LabError as error:
        print(f"nflab {name}: {error}", file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError as error:
        # of the files that the user named, of output that cannot be written, of a machine that is at its limits
        place = f"{error.filename}: " if error.filename else ""
        print(f"nflab {name}: {place}{error.strerror or error}", file=sys.stderr)
        _end_output()
    except Exception as error:
        # Errors of the user's text: looked for here so that a command that needs no topology imports none of it.
        from lab.errors import RulesetError
        from lab.faults import TopologyError

        if not isinstance(error, (TopologyError, RulesetError)):
            raise
        print(error, file=sys.stderr)
    return 1


def open_standard_files() -> None:
    """Input, output and errors that the caller has closed are /dev/null: otherwise the next files to be opened would
    have their numbers, and would get what is printed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


def _end_output() -> None:
    """Write what is still to be written, or forget it, so that Python does not try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        ending.to_nobody(1)


def become(name: str, words: list[str]) -> NoReturn:
    """Turn into the program behind a command. -P: a folder called `engine` where the user stands does not matter."""
    from lab.errors import LabError
    from lab.paths import python_variables, variables

    module, first, _words = PROGRAMS[name]
    try:
        environment = python_variables(variables())
    except LabError as error:
        sys.exit(f"nflab {name}: {error}")
    program = str(Path(__file__).with_name("program.py"))
    try:
        os.execve(sys.executable, [sys.executable, "-P", program, module, *first, *words], environment)
    except OSError as error:  # a file that this user may not run, or a command line that is too long
        sys.exit(f"nflab {name}: {sys.executable}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
