"""nflab mutate: faults planted in the engine one at a time; the suite has to notice them."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from conformance.mutation.crew import Crew, TrialEnded
from conformance.mutation.operators import Mutant, all_mutants
from conformance.mutation.trial import PROJECT, Verdict
from lab import whole

# The parts that decide about packets. Rule texts, listings, the conntrack tool's words are measured by tests/ instead.
DECIDING: Final = (
    "engine/core/walk.py", "engine/core/engine.py", "engine/core/flights.py", "engine/core/fragments.py",
    "engine/core/packet.py", "engine/core/checksum.py", "engine/core/connection.py",
    "engine/match", "engine/target", "engine/conntrack", "engine/nat", "engine/helpers",
)  # fmt: skip
NOT_DECIDING: Final = ("engine/conntrack/tool/", "engine/conntrack/snapshot.py", "engine/conntrack/text.py")


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="nflab mutate", description=__doc__)
    words.add_argument("--seed", type=int, default=1, help="which faults are drawn (default 1)")
    words.add_argument("--count", type=int, default=50, help="how many faults (default 50; 0: all there are)")
    words.add_argument("--seconds", type=float, default=0, help="begin no new one after this time")
    words.add_argument("--under", action="append", metavar="PLACE", help="file or folder of the engine, again for more")
    words.add_argument("--only", action="append", default=[], metavar="PREFIX", help="scenarios whose ids begin so")
    words.add_argument("--jobs", type=int, default=2, help="trials side by side (default 2)")
    words.add_argument("--out", type=Path, default=Path("out/mutation"), help="where the results go")
    words.add_argument("--minimum", type=float, default=0, help="exit 1 if less than this percentage is noticed")
    return words


def main(argv: list[str] | None = None) -> int:
    """0; 1 when fewer faults are noticed than --minimum asks for; 2 for a wrong call, or when it cannot go on."""
    options = parser().parse_args(argv)
    mutants = drawn(options)
    start = time.monotonic()
    try:
        verdicts = tried(options, mutants, start)
        text = summary(verdicts, options.seed, time.monotonic() - start)
        with written_to(options.out):
            whole.write(options.out / "mutation.md", text)
    except (CannotWrite, TrialEnded) as error:
        print(f"nflab mutate: {error}", file=sys.stderr)
        return 2
    print(text.split("\n\n", 1)[0])
    return 1 if verdicts and percentage(verdicts) < options.minimum else 0


class CannotWrite(OSError):
    """A result has no place to go to."""


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """Raises CannotWrite, with the name, for what goes wrong with a file of results."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotWrite(f"{error.filename or path}: {error.strerror}") from None


def tried(options: argparse.Namespace, mutants: list[Mutant], start: float) -> list[Verdict]:
    """The verdicts, each written down as it comes. Raises CannotWrite, TrialEnded."""
    path = options.out / "mutants.jsonl"
    with written_to(path):
        options.out.mkdir(parents=True, exist_ok=True)
        lines = path.open("w")
    crew = Crew(min(options.jobs, len(mutants)), tuple(options.only), lambda words: print(words, file=sys.stderr))
    verdicts: list[Verdict] = []
    try:
        for verdict in crew.run(iter(mutants), lambda: in_time(options.seconds, start)):
            verdicts.append(verdict)
            with written_to(path):
                lines.write(json.dumps(plain(verdict)) + "\n")
                lines.flush()
            print(f"{len(verdicts):4d}/{len(mutants)}  {line_of(verdict)}", flush=True)
    finally:
        crew.close()
        with suppress(OSError):
            lines.close()
    return verdicts


def drawn(options: argparse.Namespace) -> list[Mutant]:
    places = options.under or list(DECIDING)
    missing = [place for place in places if not (PROJECT / place).exists()]
    if missing:
        parser().error(f"--under {missing[0]}: no such file or folder in {PROJECT}")
    every = [each for each in all_mutants(PROJECT, places) if options.under or not each.file.startswith(NOT_DECIDING)]
    if not every:
        parser().error("there is nothing in these files that could be made wrong")
    random.Random(options.seed).shuffle(every)
    return every[: options.count] if options.count else every


def in_time(seconds: float, start: float) -> bool:
    return not seconds or time.monotonic() - start < seconds


def line_of(verdict: Verdict) -> str:
    by = f"{verdict.outcome} {verdict.scenario}" if verdict.noticed else "NOT NOTICED"
    return f"{verdict.seconds:5.1f} s  {verdict.mutant}  {by}"


def plain(verdict: Verdict) -> dict[str, object]:
    mutant = verdict.mutant
    return {
        "file": mutant.file, "line": mutant.line, "was": mutant.was, "instead": mutant.instead,
        "outcome": verdict.outcome or "NOT NOTICED", "scenario": verdict.scenario, "reason": verdict.reason,
        "played": verdict.played, "seconds": round(verdict.seconds, 3),
    }  # fmt: skip


def percentage(verdicts: list[Verdict]) -> float:
    return 100 * sum(each.noticed for each in verdicts) / len(verdicts)


def summary(verdicts: list[Verdict], seed: int, seconds: float) -> str:
    """Markdown: one sentence, a table by folder, and every fault that nothing noticed."""
    if not verdicts:
        return "no fault was tried: the time was over before\n"
    noticed = [each for each in verdicts if each.noticed]
    lines = [
        f"{len(verdicts)} faults planted in the engine (seed {seed}), {len(noticed)} noticed by the suite "
        f"({percentage(verdicts):.0f} %), {seconds:.0f} s",
        "",
        "| part | faults | FAIL | BROKEN | HANGS | not noticed |",
        "|---|---|---|---|---|---|",
    ]
    parts = sorted({each.mutant.file.rsplit("/", 1)[0] for each in verdicts})
    for part in parts:
        here = [each for each in verdicts if each.mutant.file.rsplit("/", 1)[0] == part]
        counts = [sum(each.outcome == outcome for each in here) for outcome in ("FAIL", "BROKEN", "HANGS", "")]
        lines.append(f"| {part} | {len(here)} | {' | '.join(str(count) for count in counts)} |")
    lines += ["", "Not noticed:", ""]
    lines += [f"- `{each.mutant}`" for each in verdicts if not each.noticed] or ["- none"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
