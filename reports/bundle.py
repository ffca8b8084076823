"""The end of a run: the records of all workers become one file, and the reports are made from it."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterable
from pathlib import Path

from reports.records import End, Records, Result, gather, write

NOT_RUN = "it was not run: the session, or the worker that had it, ended before"


def finish(folder: Path, prefix: str, planned: Iterable[Result], seconds: float, status: int) -> Records:
    """Merge the records of a run, which are the files PREFIX-*.jsonl in a folder; add results of
    what was planned and never finished; write every report."""
    files = sorted(folder.glob(f"{prefix}-*.jsonl"))
    records, _begun = gather(*files)
    for lost in planned:
        if lost.key not in records.results:
            records.add(lost)
    ended = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    records.results = dict(sorted(records.results.items()))
    records.end = End(ended, round(seconds, 3), records.counts(), status)
    replace(folder / "records.jsonl", lambda path: write(path, records.all()))
    for path in files:
        path.unlink(missing_ok=True)
    for name in ("report.html", "summary.md", "junit.xml"):
        text = renderer(Path(name))(records)
        replace(folder / name, lambda path, text=text: path.write_text(text, encoding="utf-8"))  # type: ignore[misc]
    return records


def replace(path: Path, make: Callable[[Path], object]) -> None:
    """Write a file so that it is there whole, or as it was before. Raises OSError, which names the file."""
    new = path.with_name(path.name + ".new")
    try:
        make(new)
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None


def renderer(path: Path) -> Callable[[Records], str]:
    """What makes a file of this name."""
    from reports import html, junit, markdown

    return {".md": markdown.render, ".xml": junit.render}.get(path.suffix, html.render)


def terminal(records: Records) -> str:
    from reports import terminal as tables

    return tables.matrix(records)
