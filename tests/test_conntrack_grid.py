"""The TCP and SCTP grids: what they say is what the kernel did, they refuse to be crooked, and the page shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conntrack_cells import SHOWN, cells
from test_conntrack_traces import recorded

from engine.conntrack import sctp, tcp_states
from engine.conntrack.grids import grid

ROOT = Path(__file__).parent.parent
NAMES = {number: name for name, number in tcp_states.COLUMNS.items()}

# Cells where history decides: (direction, kind, state) -> what the recorded trace shows instead
BY_HISTORY = {
    ("original", "syn", "closed"): "let",  # the other end's RST came last: wait for what it answers
    ("original", "rst", "syn_sent"): "gone",  # nobody answered: the entry goes at once
    ("reply", "rst", "syn_sent"): "gone",
}


def said(direction: str, kind: str, state: str) -> str:
    """The cell as a state's name, `let` or `bad`."""
    table = tcp_states.GRIDS[0 if direction == "original" else 1]
    cell = table[tcp_states.ROWS[kind]][tcp_states.COLUMNS[state]]
    return {tcp_states.BAD: "bad", tcp_states.LET: "let"}.get(cell) or NAMES[cell]


@pytest.mark.parametrize("trace", recorded("cells"), ids=lambda trace: trace["name"])
def test_cell_is_what_the_kernel_did(trace: dict[str, list[object]]) -> None:
    direction, kind, state = str(trace["name"]).split("/")
    outcomes = [(str(given), [str(line) for line in lines]) for given, lines in trace["outcomes"]]  # type: ignore[misc]
    before = outcomes[-2][1][0].split()[0] if len(outcomes) > 1 else ""
    assert before == SHOWN.get(state, "")
    given, lines = outcomes[-1]
    after = lines[0].split()[0] if lines else ""
    word = BY_HISTORY.get((direction, kind, state), said(direction, kind, state))
    if word == "bad":
        assert (given, after) == ("INVALID", before)
    elif word == "let":
        assert (given, after) == ("ESTABLISHED", before)
    elif word == "gone":
        assert (given in ("NEW", "ESTABLISHED"), after) == (True, "")
    else:
        assert (given != "INVALID", after) == (True, SHOWN[word])


def test_every_reachable_cell_was_recorded() -> None:
    assert sorted(trace["name"] for trace in recorded("cells")) == sorted("/".join(cell) for cell in cells())
    assert len(cells()) == 95


def test_reasons_name_cells() -> None:
    for direction, kind, state in tcp_states.WHY:
        assert said(direction, kind, state), (direction, kind, state)


STATES = {"a": 0, "b": 1}
KINDS = {"x": 0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b\nx . c", "row 'x', column 'b': 'c' is not a state"),
        ("a b\nx .", "row 'x': 1 cells under 2 states"),
        ("a a\nx . .", "every state must stand there once"),
        ("a\nx .", "every state must stand there once"),
        ("a b\ny . .", "rows: 'y': they must be 'x'"),
        ("a b", "rows: '': they must be 'x'"),
    ],
)
def test_a_crooked_grid_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        grid(text, STATES, KINDS, {"bad": 9})


def test_a_grid_reads_as_drawn() -> None:
    assert grid("b a\nx bad b", STATES, KINDS, {"bad": 9}) == [[1, 9]]


def test_sctp_grids_have_every_chunk_and_state() -> None:
    for table in sctp.GRIDS:
        assert [len(row) for row in table] == [len(sctp.STATES)] * len(sctp.ROWS)


def test_the_page_is_printed_from_the_grids() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import tcp_states_page
    finally:
        sys.path.pop(0)
    assert (ROOT / "docs" / "tcp-states.md").read_text(encoding="utf-8") == tcp_states_page.page()
