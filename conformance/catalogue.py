"""The requirements: conformance/requirements/AREA.yaml, and who checks them.

    python -m conformance.catalogue            how many are checked, by area
    python -m conformance.catalogue NAT-01     one requirement and the scenarios that cite it

Every requirement is cited by a scenario, or says why it is `untestable`. tests/test_requirements.py sees to that.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from lab import ending
from reports.records import Requirement

FOLDER: Final = Path(__file__).parent / "requirements"
LEVELS: Final = ("required", "recommended")
KERNEL: Final = ("pass", "fail", "untested")
FIELDS: Final = tuple(each.name for each in fields(Requirement) if each.name != "area")
NEEDED: Final = ("id", "level", "title", "source", "stimulus", "expect", "kernel")


class CatalogueError(ValueError):
    """A fault in the files. Lists every one, each with its file."""


@cache
def load(folder: Path = FOLDER) -> dict[str, Requirement]:
    """All requirements by id, in the order of the files. Raises CatalogueError."""
    found: dict[str, Requirement] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        for requirement in _read(path, faults):
            if requirement.id in found:
                faults.append(f"{path.name}: {requirement.id} stands in {found[requirement.id].area}.yaml too")
            found[requirement.id] = requirement
    if faults:
        raise CatalogueError("\n".join(faults))
    return found


def _read(path: Path, faults: list[str]) -> Iterable[Requirement]:
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    if not isinstance(document, dict) or document.get("area") != path.stem:
        faults.append(f"{path.name}: begins with 'area: {path.stem}' and 'requirements:'")
        return
    for row in document.get("requirements", ()):
        name = row.get("id", "?")
        wrong = [f"no field '{field}'" for field in NEEDED if not row.get(field)]
        wrong += [f"'{field}' is not a field" for field in row if field not in FIELDS]
        if row.get("level") not in LEVELS:
            wrong.append(f"level is {' or '.join(LEVELS)}, not '{row.get('level')}'")
        if row.get("kernel") not in KERNEL:
            wrong.append(f"kernel is {', '.join(KERNEL)}, not '{row.get('kernel')}'")
        faults.extend(f"{path.name}: {name}: {fault}" for fault in wrong)
        if not wrong:
            yield Requirement(area=path.stem, **row)


@cache
def areas() -> frozenset[str]:
    return frozenset(requirement.area for requirement in load().values())


def find(name: str) -> Requirement:
    """Raises CatalogueError with the id that was perhaps meant."""
    known = load()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; the ids are in {FOLDER}"
        raise CatalogueError(f"'{name}' is not a requirement{hint}")
    return known[name]


def judge(requirements: dict[str, Requirement], cited: set[str]) -> list[str]:
    """What is wrong with the state of the catalogue: one line each, empty when all is well."""
    wrong = []
    for requirement in requirements.values():
        checked = requirement.id in cited
        if requirement.untestable and checked:
            wrong.append(f"{requirement.id} is marked untestable, but a scenario cites it")
        elif not checked and not requirement.untestable:
            wrong.append(f"{requirement.id} is checked by no scenario and not marked untestable: {requirement.title}")
    return wrong


def main(arguments: list[str]) -> int:
    from conformance import case

    scenarios = case.load_all()
    cited: dict[str, list[str]] = {}
    for scenario in scenarios:
        for name in scenario.all_cites():
            cited.setdefault(name, []).append(scenario.id)
    for name in arguments:
        requirement = find(name)
        print(
            f"{requirement.id} ({requirement.area}, {requirement.level}): {requirement.title}\n  source    "
            f"{requirement.source}\n  stimulus  {requirement.stimulus}\n  expect    {requirement.expect}"
        )
        print(
            *(f"  {label:<9} {text}" for label, text in (("nft", requirement.nft), ("note", requirement.note)) if text),
            f"  checked by {', '.join(cited.get(name, ())) or 'nothing'}",
            sep="\n",
        )
    if not arguments:
        _overview(cited)
    return 0


def _overview(cited: dict[str, list[str]]) -> None:
    areas: dict[str, list[Requirement]] = {}
    for requirement in load().values():
        areas.setdefault(requirement.area, []).append(requirement)
    for area, rows in areas.items():
        left = [row.id for row in rows if row.id not in cited and not row.untestable]
        print(
            f"{area:<18} {len(rows) - len(left):>3} of {len(rows):>3}" + (f"   open: {' '.join(left)}" if left else "")
        )


if __name__ == "__main__":
    with ending.told("conformance.catalogue"):
        sys.exit(main(sys.argv[1:]))
