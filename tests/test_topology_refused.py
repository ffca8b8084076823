"""Every bad topology we can think of, and the exact message that it gets.

To bless one after its message was changed on purpose, and look at the difference:

    f=topologies/refused/NAME; (echo "# python -m lab.topology $f.yaml"; python -m lab.topology $f.yaml) > $f.txt
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.faults import TopologyError
from lab.topology import parse

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("topologies/refused")
FILES = sorted((ROOT / FOLDER).glob("*.yaml"))


def test_there_are_bad_topologies() -> None:
    assert len(FILES) >= 30


def test_every_golden_has_its_topology() -> None:
    assert {path.stem for path in (ROOT / FOLDER).glob("*.txt")} == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = FOLDER / path.name
    origin, _newline, expected = path.with_suffix(".txt").read_text(encoding="utf-8").partition("\n")
    assert origin == f"# python -m lab.topology {shown}"
    with pytest.raises(TopologyError) as caught:
        parse(path.read_bytes(), shown)
    assert f"{caught.value}\n" == expected
    assert expected.endswith("  nothing was created.\n")
