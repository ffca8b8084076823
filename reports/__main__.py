"""Reports from the command line.

python -m reports RECORDS [-o report.html]      one or more files of records, or the folder of a run
python -m reports diff OLD NEW                  what became worse (exit 1), better, new
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reports.records import RecordError, read

INTERRUPTED = 130  # 128 + SIGINT, as a shell tells it
NOT_WELL = 2  # the records cannot be read


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well, 1 for a regression, 2 when something cannot be read or written."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _diff(words[1:]) if words[:1] == ["diff"] else _report(words)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("nflab report: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read it has seen enough
        return NOT_WELL
    except OSError as error:
        print(f"nflab report: {error.filename or 'the output'}: {error.strerror}", file=sys.stderr)
        return NOT_WELL
    except RecordError as error:
        print(f"nflab report: {error}", file=sys.stderr)
        return NOT_WELL


def _diff(words: list[str]) -> int:
    from reports import diff

    parser = argparse.ArgumentParser(prog="nflab report diff", description="Compare two runs; exit 1 on a regression.")
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    options = parser.parse_args(words)
    found = diff.compare(read(options.old), read(options.new))
    print(diff.render(found), end="")
    return 1 if found.regressions else 0


def _report(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="nflab report", description="Render the records of a run.",
        epilog="nflab report diff OLD NEW compares two runs.",
    )  # fmt: skip
    parser.add_argument(
        "records", nargs="+", type=Path, metavar="RECORDS", help="a records.jsonl, or the folder of a run"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="report.html (default: beside the records); by its ending also .md and .xml; - for a table here",
    )
    options = parser.parse_args(words)
    records = read(*options.records)
    from reports import bundle

    if str(options.output) == "-":
        print(bundle.terminal(records), end="")
        return 0
    first = options.records[0]
    output = options.output or (first if first.is_dir() else first.parent) / "report.html"
    text = bundle.renderer(output)(records)
    if output.exists() and not output.is_file():  # /dev/stdout and its like
        output.write_text(text, encoding="utf-8")
    else:
        bundle.replace(output.resolve(), lambda new: new.write_text(text, encoding="utf-8"))
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
