"""The end of a run: the records of all workers become one file, and the reports are made from it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

from reports.records import BROKEN, End, Records, Result, read, write


def finish(folder: Path, planned: Iterable[tuple[str, str]], seconds: float, status: int) -> Records:
    """Merge the records in a folder, add what was planned but never finished as BROKEN, write every report."""
    files = sorted(folder.glob("records*.jsonl"))
    records = read(*files)
    for name, engine in planned:
        if (name, engine) not in records.results:
            records.add(Result(name, engine, BROKEN, area="", reason="it was not run: the session or its worker ended before"))
    ended = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    records.end = End(ended, round(seconds, 3), records.counts(), status)
    records.results = dict(sorted(records.results.items()))
    write(folder / "records.jsonl.new", records.all())
    (folder / "records.jsonl.new").rename(folder / "records.jsonl")
    for path in files:
        if path.name != "records.jsonl":
            path.unlink()
    return records


def terminal(records: Records) -> str:
    return str(records.counts()) + "\n"
