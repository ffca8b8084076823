"""nflab fuzz: random rules and packets through two engines, until they differ or the time is over."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from conformance.fuzz.case import Case
from conformance.fuzz.fuzzer import Fuzzer, Tally, open_fuzzer
from lab import LabError, ending, engines, whole
from lab.faults import did_you_mean

WRONG = 2


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="nflab fuzz", description=__doc__)
    words.add_argument("--seed", type=int, default=1, help="first seed; every case has its own, counted up from here")
    words.add_argument("--count", type=int, default=0, help="how many rulesets (default 200 if --seconds is not given)")
    words.add_argument("--seconds", type=float, default=0, help="stop after this time")
    words.add_argument("--packets", type=int, default=40, help="steps a ruleset")
    words.add_argument("--engines", default="kernel-legacy,userspace", help="the two engines to compare")
    words.add_argument("--out", type=Path, default=Path("out/fuzz"), help="where differences are written")
    words.add_argument("--stop-after", type=int, default=20, help="end after so many differences")
    words.add_argument("--rules", type=Path, metavar="FILE", help="random packets against this iptables-restore text")
    words.add_argument("--rules6", type=Path, metavar="FILE", help="the same for IPv6; both may be given")
    words.add_argument("replay", nargs="*", type=Path, help="case files to run instead of random ones")
    return words


def main(argv: list[str] | None = None) -> int:
    """0 when the engines agree, 1 when they differ, 2 for a wrong call."""
    options = parser().parse_args(argv)
    names = two_engines(options.engines)
    rules, cases = written(options), [read_case(path) for path in options.replay]
    start = time.monotonic()
    with ExitStack() as stack:
        try:
            fuzzer = stack.enter_context(open_fuzzer(names))
        except LabError as error:
            print(f"nflab fuzz: {error}", file=sys.stderr)
            return WRONG
        if cases:
            for case in cases:
                fuzzer.judge(case, small=False)
        else:
            limit = options.count or (0 if options.seconds else 200)

            def go_on(tally: Tally, seed: int) -> bool:
                spent = time.monotonic() - start
                if seed % 20 == 0:
                    show(tally, seed, spent)
                late = bool(options.seconds) and spent > options.seconds
                enough = bool(limit) and seed - int(options.seed) + 1 >= limit
                return not late and not enough and len(tally.failures) < int(options.stop_after)

            try:
                fuzzer.run(itertools.count(options.seed), options.packets, go_on, rules)
            except BaseException:
                print(f"ended by a fault of the harness at seed {options.seed + fuzzer.tally.rulesets - 1}")
                report(fuzzer, options.out, time.monotonic() - start)
                raise
        if rules and fuzzer.refused:
            files = ", ".join(str(path) for path in (options.rules, options.rules6) if path)
            words = f"nflab fuzz: {files}: both engines refuse the rules, nothing was sent: {fuzzer.refused}"
            print(words, file=sys.stderr)
            return WRONG
        return told(fuzzer, options.out, time.monotonic() - start)


def told(fuzzer: Fuzzer, out: Path, spent: float) -> int:
    """What `report` returns; WRONG if nobody can be told."""
    try:
        status = report(fuzzer, out, spent)
        sys.stdout.flush()
        return status
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever read it has seen enough
            print(f"nflab fuzz: {error.filename or 'the output'}: {error.strerror}", file=sys.stderr)
        ending.to_nobody(1)
        return WRONG


def two_engines(text: str) -> tuple[str, str]:
    names = text.split(",")
    if len(names) != 2:
        parser().error(f"--engines takes two names, not {text!r}")
    for name in names:
        if name not in engines.names():
            parser().error(
                f"--engines: '{name}' is not an engine; {did_you_mean(name, engines.names(), 'engines are')}"
            )
    return names[0], names[1]


def written(options: argparse.Namespace) -> dict[str, str]:
    """The rulesets that the command line names, by family; a file that cannot be read ends the program (status 2)."""
    rules = {}
    for family, path in (("ipv4", options.rules), ("ipv6", options.rules6)):
        if path is None:
            continue
        if options.replay:
            parser().error("--rules and case files exclude each other: a case has its own rules")
        try:
            rules[family] = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            parser().error(f"cannot read {path}: {error}; nothing was done")
    return rules


def read_case(path: Path) -> Case:
    """A case file; one that cannot be read ends the program (status 2)."""
    try:
        return Case.read(path)
    except OSError as error:
        parser().error(f"cannot read {path}: {error.strerror}; nothing was done")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        parser().error(f"{path} is not a case: {type(error).__name__}: {error}; nothing was done")


def show(tally: Tally, seed: int, spent: float) -> None:
    if sys.stderr.isatty():
        line = f"\rseed {seed}: {tally.rulesets} rulesets, {tally.packets} packets, {len(tally.failures)} differences"
        print(f"{line}, {spent:.0f} s ", end="", file=sys.stderr, flush=True)


def write(case: Case, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"seed-{case.seed}.json"
    whole.write(path, case.to_json())
    return path


def report(fuzzer: Fuzzer, out: Path, spent: float) -> int:
    tally = fuzzer.tally
    if sys.stderr.isatty():
        print(file=sys.stderr)
    for case, lines in tally.once:
        path = write(case, out)
        print(f"differed once and not again: seed {case.seed}: {lines[0][:200]}; the case: nflab fuzz {path}")
    for case, lines in tally.failures:
        path = write(case, out)
        print(f"DIFFERENCE seed {case.seed}, {case.packets()} packets; again with: nflab fuzz {path}")
        for family, text in case.rules.items():
            rules = [line for line in text.splitlines() if line.startswith(("*", "-A"))]
            print("  " + family + "\n    " + "\n    ".join(rules))
        print("  " + "\n  ".join(lines))
    for name, count in tally.deviations.items():
        print(f"deliberate deviation {name}: {count} times")
    print(
        f"{' against '.join(fuzzer.names)}: {tally.rulesets} rulesets ({tally.refused} refused by both), "
        f"{tally.packets} packets, {len(tally.failures)} differences, {len(tally.once)} that never came again, "
        f"in {spent:.1f} s; {tally.repeats} runs repeated, {tally.undecided} undecided; {tally.rates()}"
    )
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
