"""`@case`: what turns a function into a scenario, and the list of all of them.

    @case(
        "nat.masquerade.rewrites-source",
        topology="three-legged",
        cites=["NAT-24"],
        needs=["nat"],
    )
    def test_masquerade_rewrites_source(client, server, firewall):
        ...

The arguments of the function are nodes of the topology. A family of scenarios is one function with a table of `rows`;
its other arguments are the columns. A repeated id, a name that does not exist or an argument that nobody gives is an
error when the file is imported.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from conformance import catalogue, needs
from lab import topology as topologies
from lab.faults import TopologyError
from lab.model import Topology

ROOT: Final = Path(__file__).resolve().parent
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+\Z")
_ROW: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]*\Z")
# Columns of a table of rows that are not arguments of the function.
ROW_SETTINGS: Final = ("cites", "needs", "requirement")
# Arguments that are not nodes: see docs/writing-scenarios.md.
SPECIAL: Final = ("chance", "row", "scene")


class CaseError(ValueError):
    """A scenario that cannot be. Says where, what and why."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One scenario to run: a case, or one row of it."""

    id: str
    case: Case
    row: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    cites: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    requirement: str = ""

    @property
    def source(self) -> str:
        return self.case.source or "; ".join(dict.fromkeys(catalogue.find(name).source for name in self.cites))

    @property
    def area(self) -> str:
        return catalogue.find(self.cites[0]).area if self.cites else self.case.area


@dataclass(frozen=True)
class Case:
    """What `@case` said of a function."""

    id: str
    topology: str
    function: Callable[..., None]
    cites: tuple[str, ...]
    needs: tuple[str, ...]
    requirement: str
    source: str
    rows: Mapping[str, Mapping[str, Any]]
    fresh: bool
    clock: str
    path: Path
    line: int

    @property
    def area(self) -> str:
        """Of the catalogue, if its id begins so; else the folder it stands in."""
        first = self.id.partition(".")[0]
        return first if first in catalogue.areas() else self.path.parent.name

    @property
    def place(self) -> str:
        try:
            return f"{self.path.relative_to(ROOT.parent)}:{self.line}"
        except ValueError:
            return f"{self.path}:{self.line}"

    @property
    def about(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")

    def instances(self) -> list[Instance]:
        if not self.rows:
            return [Instance(self.id, self, "", {}, self.cites, self.needs, self._requirement(self.cites, {}))]
        return [self._instance(name, row) for name, row in self.rows.items()]

    def _instance(self, name: str, row: Mapping[str, Any]) -> Instance:
        arguments = {key: value for key, value in row.items() if key not in ROW_SETTINGS}
        cites = tuple(dict.fromkeys((*self.cites, *_words(row.get("cites", ())))))
        wanted = tuple(dict.fromkeys((*self.needs, *_words(row.get("needs", ())))))
        return Instance(f"{self.id}/{name}", self, name, arguments, cites, wanted, self._requirement(cites, row))

    def _requirement(self, cites: tuple[str, ...], row: Mapping[str, Any]) -> str:
        return row.get("requirement") or self.requirement or ". ".join(catalogue.find(name).title for name in cites)

    def all_cites(self) -> set[str]:
        return {name for instance in self.instances() for name in instance.cites}


_registered: Final[dict[str, Case]] = {}


def case(
    id: str,
    *,
    topology: str,
    cites: Iterable[str] = (),
    needs: Iterable[str] = (),
    requirement: str = "",
    source: str = "",
    rows: Mapping[str, Mapping[str, Any]] | None = None,
    fresh: bool = False,
    clock: str = "virtual",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a scenario of a function.

    id           its name for ever: words in small letters, joined by hyphens and points: "nat.snat.keeps-port"
    topology     a built-in topology, or the path of a file
    cites        requirements that it checks (conformance/requirements/), and so what it is about and who says so
    requirement, source    the same in words, where there is no row to cite, or to say it better
    needs        what an engine or machine must have for it (conformance/needs.py)
    rows         a family: name -> the columns of a row; `table()` reads it from text
    fresh        a lab of its own, for scenarios that break it or change its addresses
    clock        "monotonic": the engine's clock runs by itself, as in a lab that is not a test
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        place = f"{inspect.getsourcefile(function)}:{function.__code__.co_firstlineno}"
        try:
            made = Case(
                id,
                str(topology),
                function,
                tuple(cites),
                tuple(needs),
                requirement,
                source,
                dict(rows or {}),
                fresh,
                clock,
                Path(inspect.getsourcefile(function) or "?").resolve(),
                function.__code__.co_firstlineno,
            )
            _check(made)
        except (ValueError, TopologyError) as error:
            raise CaseError(f"{place}: case '{id}': {error}") from None
        known = _registered.get(id)
        if known is not None and (known.path, known.line) != (made.path, made.line):
            raise CaseError(f"{place}: case '{id}' stands in {known.place} too")
        _registered[id] = made
        function.case = made  # type: ignore[attr-defined]
        return function

    return register


def _check(made: Case) -> None:
    if not _ID.match(made.id):
        raise CaseError("an id is words in small letters, joined by hyphens and points: 'nat.snat.keeps-port'")
    wrong = [name for name in made.rows if not _ROW.match(name)]
    if wrong:
        raise CaseError(f"row '{wrong[0]}': the name of a row is one word of letters, digits and _.:+-")
    needs.check(made.needs)
    for instance in made.instances():
        needs.check(instance.needs)
        for name in instance.cites:
            catalogue.find(name)
        if not (instance.cites or (made.requirement and made.source)):
            raise CaseError("cites no requirement; without one, say requirement= and source=")
    _check_arguments(made, spec_of(made))


def _check_arguments(made: Case, spec: Topology) -> None:
    wanted = list(inspect.signature(made.function).parameters)
    nodes = {name.replace("-", "_"): name for name in spec.nodes}
    for instance in made.instances():
        known = {*nodes, *SPECIAL, *instance.arguments}
        for name in wanted:
            if name not in known:
                raise CaseError(
                    f"argument '{name}' is no node of {spec.name} and no column; there are {', '.join(known)}"
                )
        for name in instance.arguments:
            if name not in wanted:
                raise CaseError(f"column '{name}' is not an argument of {made.function.__name__}")
            if name in nodes or name in SPECIAL:
                raise CaseError(f"column '{name}' has the name of a node")


@cache
def _topology(name: str, folder: str) -> Topology:
    beside = Path(folder) / name
    return topologies.load(beside if "/" in name or name.endswith(".yaml") else name)


def spec_of(made: Case) -> Topology:
    """The topology of a case. A path counts from the folder of the case's file. Raises TopologyError (a ValueError)."""
    return _topology(made.topology, str(made.path.parent))


def _words(value: Any) -> tuple[str, ...]:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else tuple(value)


# --- families ---------------------------------------------------------------------------------------------------------


def table(text: str) -> dict[str, dict[str, Any]]:
    """Rows from a table as text; the first column is the name of the row, the others are arguments.

        name             | reject with          | code | cites
        net-unreachable  | icmp-net-unreachable | 0    | TGT-05
        port-unreachable | icmp-port-unreachable| 3    | TGT-05

    Blanks in headings become "_". Numbers (also 0x10), True, False and None are themselves, 'quoted' text is text as it
    is, an empty cell is "", everything else is text. Lines of dashes and empty lines do not count.
    """
    lines = [line for line in text.splitlines() if line.strip() and not set(line.strip()) <= set("-+| ")]
    if len(lines) < 2:
        raise CaseError("a table has a line of headings and at least one row")
    heads = [head.strip().replace(" ", "_").replace("-", "_") for head in lines[0].split("|")]
    rows: dict[str, dict[str, Any]] = {}
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != len(heads):
            raise CaseError(f"row '{line.strip()}' has {len(cells)} columns, the heading has {len(heads)}")
        if cells[0] in rows:
            raise CaseError(f"row '{cells[0]}' stands twice in the table")
        rows[cells[0]] = {head: _cell(cell) if head not in ROW_SETTINGS else cell
                          for head, cell in zip(heads[1:], cells[1:], strict=True)}  # fmt: skip
    return rows


def _cell(text: str) -> Any:
    if re.fullmatch(r"-?\d+|0x[0-9A-Fa-f]+|-?\d+\.\d+|True|False|None|'.*'|\".*\"", text):
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):  # 010 and the like
            return text
    return text


# --- all of them ------------------------------------------------------------------------------------------------------


def files() -> list[Path]:
    return sorted(path for path in ROOT.glob("*/test_*.py") if path.parent.name not in ("fuzz", "requirements"))


def load_file(path: Path) -> list[Case]:
    """Import a file of scenarios. Returns its cases in the order in which they stand there."""
    module = importlib.import_module(".".join(path.resolve().relative_to(ROOT.parent).with_suffix("").parts))
    return cases_in(module)


def cases_in(module: Any) -> list[Case]:
    found = [value.case for value in vars(module).values() if isinstance(getattr(value, "case", None), Case)]
    return sorted(found, key=lambda each: each.line)


def load_all() -> list[Case]:
    """Every scenario of the project."""
    return [each for path in files() for each in load_file(path)]
