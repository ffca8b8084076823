"""What a run writes down: one JSON object a line, appended as things happen, so that a crash loses nothing but its own
line.

    {"record": "run", "version": 1, ...}          the head: machine, command, seed
    {"record": "engine", ...}                     an engine that was asked for, and whether it can run here
    {"record": "topology", ...}                   a network that scenarios ran in
    {"record": "requirement", ...}                a requirement that scenarios cite
    {"record": "result", ...}                     a scenario on an engine: outcome and evidence
    {"record": "end", ...}                        the foot; without it the run was cut short

The format is versioned and described by records.schema.json. A reader refuses other versions, and says the line of
what it cannot read; an unfinished last line is what a crash leaves, and is counted as such.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

VERSION: Final = 1

PASS: Final = "PASS"
FAIL: Final = "FAIL"
UNSUPPORTED: Final = "UNSUPPORTED"
BROKEN: Final = "BROKEN"
# From good to bad. They never mix: see docs/reports.md.
OUTCOMES: Final = (PASS, UNSUPPORTED, FAIL, BROKEN)
# Exit statuses of pytest after which something may be missing: interrupted, internal error.
INTERRUPTED: Final = (2, 3)


class RecordError(ValueError):
    """Records that cannot be read: FILE:LINE and why."""


@dataclass(slots=True)
class Run:
    started: str
    command: str = ""
    directory: str = ""
    seed: int = 0
    machine: str = ""
    kernel: str = ""
    system: str = ""
    processors: int = 0
    python: str = ""
    revision: str = ""
    user: str = ""
    engines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Engine:
    """`unavailable` says why it cannot run on this machine, "" if it can."""

    name: str
    version: str = ""
    unavailable: str = ""


@dataclass(slots=True)
class Topology:
    """`links`: name -> subnets. `nodes`: name -> {"runs": engine or "", "interfaces": {link: [addresses]},
    "bridges": {name: [links]}, "services": ["http:80"]}."""

    name: str
    picture: str = ""
    links: dict[str, list[str]] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Requirement:
    """A row of the catalogue (conformance/requirements). `kernel`: whether the Linux kernel does what is expected;
    `nft`: how iptables-nft differs; `untestable`: why no scenario checks it."""

    id: str
    area: str
    level: str
    title: str
    source: str = ""
    stimulus: str = ""
    expect: str = ""
    kernel: str = ""
    nft: str = ""
    note: str = ""
    untestable: str = ""


@dataclass(slots=True)
class Step:
    """One step of a scenario. `at`: milliseconds since its start. Exactly what was sent, expected and seen, as text."""

    at: float
    who: str
    does: str
    sent: str = ""
    expected: str = ""
    seen: str = ""
    ok: bool = True


@dataclass(slots=True)
class TracedRule:
    """A rule that a packet met. `verdict` is "" when it did not match; `why` says which part said no."""

    table: str
    chain: str
    rule: int
    text: str
    matched: bool
    why: str = ""
    verdict: str = ""
    place: str = ""


@dataclass(slots=True)
class TracedPacket:
    """A packet at one hook of the firewall."""

    hook: str
    packet: str
    inside: str = ""
    outside: str = ""
    rules: list[TracedRule] = field(default_factory=list)
    connection: str = ""
    rewritten: list[str] = field(default_factory=list)
    verdict: str = ""


@dataclass(slots=True)
class Evidence:
    steps: list[Step] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)
    trace: list[TracedPacket] = field(default_factory=list)
    conntrack_before: list[str] = field(default_factory=list)
    conntrack_after: list[str] = field(default_factory=list)
    expectations: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    counters: str = ""
    also_seen: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """A scenario on an engine.

    `reason`: of FAIL what should have been and what was, of BROKEN what broke, of UNSUPPORTED what the engine says.
    `recommendation`: what failed is only recommended (the rest of the scenario was in order until then).
    `tolerated`: why a FAIL does not make the run red ("" if it does): a known deviation, or a recommendation that the
    kernel does not follow either. `surprise`: why a PASS makes it red: an expected failure did not happen.
    """

    id: str
    engine: str
    outcome: str
    area: str = ""
    topology: str = ""
    requirement: str = ""
    cites: list[str] = field(default_factory=list)
    source: str = ""
    about: str = ""
    needs: list[str] = field(default_factory=list)
    place: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    recommendation: bool = False
    tolerated: str = ""
    surprise: str = ""
    started: str = ""
    seconds: float = 0.0
    reproduce: str = ""
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def key(self) -> tuple[str, str]:
        return self.id, self.engine

    @property
    def red(self) -> bool:
        """Whether this makes the run red."""
        return self.outcome == BROKEN or (self.outcome == FAIL and not self.tolerated) or bool(self.surprise)


@dataclass(slots=True)
class End:
    ended: str
    seconds: float = 0.0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    status: int = 0


Record = Run | Engine | Topology | Requirement | Result | End
KINDS: Final[dict[str, type[Any]]] = {
    "run": Run, "engine": Engine, "topology": Topology, "requirement": Requirement, "result": Result, "end": End,
}  # fmt: skip
NAMES: Final = {kind: name for name, kind in KINDS.items()}
NESTED: Final[dict[tuple[str, str], type[Any]]] = {
    ("Result", "evidence"): Evidence,
    ("Evidence", "steps"): Step,
    ("Evidence", "trace"): TracedPacket,
    ("TracedPacket", "rules"): TracedRule,
}


@dataclass(slots=True)
class Records:
    """Everything that a run has written down. `unfinished`: the run was cut short."""

    run: Run = field(default_factory=lambda: Run(""))
    engines: dict[str, Engine] = field(default_factory=dict)
    topologies: dict[str, Topology] = field(default_factory=dict)
    requirements: dict[str, Requirement] = field(default_factory=dict)
    results: dict[tuple[str, str], Result] = field(default_factory=dict)
    end: End | None = None
    broken_lines: int = 0

    @property
    def unfinished(self) -> bool:
        """Also when it was interrupted: then there is an end, but not all that was planned."""
        return self.end is None or self.end.status in INTERRUPTED

    def engine_names(self) -> list[str]:
        """In the order in which they were asked for."""
        found = {*self.engines, *(engine for _id, engine in self.results)}
        asked = [name for name in self.run.engines if name in found]
        return asked + sorted(found - set(asked))

    def counts(self) -> dict[str, dict[str, int]]:
        """engine -> outcome -> how many."""
        table = {engine: dict.fromkeys(OUTCOMES, 0) for engine in self.engine_names()}
        for result in self.results.values():
            table[result.engine][result.outcome] += 1
        return table

    def add(self, record: Record) -> None:
        match record:
            case Run():
                self.run = record
            case End():
                self.end = record
            case Engine():
                known = self.engines.get(record.name)
                if known is None or not known.version:
                    self.engines[record.name] = record
            case Topology():
                self.topologies[record.name] = record
            case Requirement():
                self.requirements[record.id] = record
            case Result():
                self.results[record.key] = record

    def all(self) -> Iterable[Record]:
        yield self.run
        for group in (self.engines, self.topologies, self.requirements, self.results):
            yield from group.values()
        if self.end is not None:
            yield self.end


# --- writing ----------------------------------------------------------------------------------------------------------


def line(record: Record) -> str:
    """One record as a line of JSON, without what is empty."""
    content: dict[str, Any] = {"record": NAMES[type(record)]}
    if isinstance(record, Run):
        content["version"] = VERSION
    content |= _plain(record)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(value: Any) -> Any:
    """A record as JSON has it: without fields that are empty. What stands inside a mapping is left as it is."""
    if is_dataclass(value):
        content = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        return {name: kept for name, kept in content.items() if kept not in ("", [], {}, None)}
    return [_plain(each) for each in value] if isinstance(value, list) else value


AS_JSON: Final = "backslashreplace"  # a lone surrogate, which UTF-8 has not, becomes \\udcff: JSON's way of writing it


def write(path: Path, records: Iterable[Record]) -> None:
    path.write_text("".join(map(line, records)), encoding="utf-8", errors=AS_JSON)


class Writer:
    """Appends records to a file; each is on the disk's way when `add` returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", errors=AS_JSON, buffering=1)

    def add(self, record: Record) -> None:
        self._file.write(line(record))

    def close(self) -> None:
        self._file.close()


# --- reading ----------------------------------------------------------------------------------------------------------


def read(*paths: Path) -> Records:
    """Read one or more files (a folder stands for its records.jsonl, else for all the *.jsonl in it) as one run. Raises
    RecordError, OSError."""
    records, begun = gather(*paths)
    if not begun:
        raise RecordError(f"{', '.join(map(str, paths))}: there are no records")
    return records


def gather(*paths: Path) -> tuple[Records, bool]:
    """As `read`; and whether there are any, for the files of a run that was killed at once are empty."""
    records = Records()
    begun = [_read_file(file, records) for path in paths for file in _files(path)]
    return records, any(begun)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    whole = path / "records.jsonl"
    return [whole] if whole.is_file() else sorted(path.glob("*.jsonl"))


SURROGATE_JSON: Final = re.compile(r"\\ud[89a-f]", re.I)
SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def printable(value: Any) -> Any:
    """A value of JSON, in whose texts everything can be written: bytes of rules and packets that are no characters (and
    came as lone surrogates) stand there as \\xff."""
    if isinstance(value, str):
        return SURROGATE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", value)
    if isinstance(value, list):
        return [printable(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): printable(item) for key, item in value.items()}
    return value


def _read_file(path: Path, records: Records) -> bool:
    """Whether there is anything in it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = io.StringIO(text, newline="\n").readlines()
    seen_head = False
    for number, content in enumerate(lines, start=1):
        if not content.strip():
            continue
        try:
            document = json.loads(content)
            if SURROGATE_JSON.search(content):
                document = printable(document)
        except (ValueError, RecursionError) as error:  # not JSON, numbers of thousands of digits, thousands of brackets
            if number == len(lines) and not content.endswith("\n"):
                records.broken_lines += 1  # the run ended in the middle of this line
                continue
            raise RecordError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(document, dict):
            raise RecordError(f"{path}:{number}: not a record: an object is needed")
        if document.get("record") == "run":
            seen_head = True
            if document.pop("version", None) != VERSION:
                raise RecordError(
                    f"{path}:{number}: these records are of another version; this program reads version {VERSION}"
                )
        elif not seen_head:
            raise RecordError(f"{path}:{number}: no records of nflab: the first line is not a 'run' record")
        records.add(_record(document, f"{path}:{number}"))
    return seen_head


def _record(document: dict[str, Any], place: str) -> Record:
    name = document.pop("record", None)
    if name not in KINDS:
        raise RecordError(f"{place}: '{name}' is not a kind of record; there are {', '.join(KINDS)}")
    try:
        found: Record = _value(KINDS[name], document)
    except (TypeError, AttributeError) as error:
        raise RecordError(f"{place}: a '{name}' record that cannot be: {error}") from None
    if isinstance(found, Result) and found.outcome not in OUTCOMES:
        raise RecordError(f"{place}: '{found.outcome}' is not an outcome; there are {', '.join(OUTCOMES)}")
    return found


def _value(kind: type[Any], document: dict[str, Any]) -> Any:
    """A dataclass from its JSON; what the writer left out is empty, and names that we do not know are not accepted."""
    known = {each.name for each in fields(kind)}
    unknown = [name for name in document if name not in known]
    if unknown:
        raise TypeError(f"'{unknown[0]}' is not a field")
    values = {}
    for name, value in document.items():
        inner = NESTED.get((kind.__name__, name))
        if inner is not None:
            value = [_value(inner, each) for each in value] if isinstance(value, list) else _value(inner, value)
        values[name] = value
    for each in fields(kind):
        if each.name not in values and each.type in ("str", "int", "float") and _is_needed(each):
            values[each.name] = {"str": "", "int": 0, "float": 0.0}[str(each.type)]
    return kind(**values)


def _is_needed(each: Any) -> bool:
    from dataclasses import MISSING

    return each.default is MISSING and each.default_factory is MISSING
