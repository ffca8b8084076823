"""Writes docs/tcp-states.md from the tables of the tracker: `python docs/tcp_states_page.py`."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from engine.conntrack import sctp, tcp_states  # noqa: E402
from engine.conntrack.settings import Settings  # noqa: E402

STATE_TEXT = {
    "none": "no entry yet",
    "syn_sent": "SYN seen",
    "syn_recv": "SYN/ACK seen",
    "estab": "the handshake is complete",
    "fin_wait": "a FIN was seen",
    "clo_wait": "... and acknowledged",
    "last_ack": "a FIN was seen from both ends",
    "time_wait": "... and the second one acknowledged",
    "closed": "RST seen",
    "syn_snt2": "SYNs crossed (simultaneous open)",
}
NAMES = {number: name for name, number in tcp_states.COLUMNS.items()}


def page() -> str:
    return "\n".join([*_head(), *_states(), *_diagram(), *_grids(), *_why(), *_exceptions(), *_sctp()]) + "\n"


def _head() -> list[str]:
    return [
        "# TCP states in connection tracking",
        "",
        "Printed from `engine/conntrack/tcp_states.py` and `tcp.py` by `python docs/tcp_states_page.py`; a test",
        "compares them. Each cell that a wire can reach was measured on the kernel, recorded in",
        "tests/data/conntrack_cells.jsonl.gz.",
        "",
    ]


def _states() -> list[str]:
    timeouts = Settings().tcp
    rows = ["| state | listed as | means | timeout |", "|---|---|---|---|"]
    for name, number in tcp_states.COLUMNS.items():
        shown = "" if number == tcp_states.NONE else tcp_states.STATE_NAMES[number]
        seconds = "" if number == tcp_states.NONE else f"{timeouts[number]} s"
        rows.append(f"| {name} | {shown} | {STATE_TEXT[name]} | {seconds} |")
    return ["## States", "", *rows, ""]


def _diagram() -> list[str]:
    """Every move to another state, as a picture that Markdown viewers draw (Mermaid)."""
    moves: dict[tuple[str, str], list[str]] = {}
    for direction, table in (("", tcp_states.GRIDS[0]), ("reply ", tcp_states.GRIDS[1])):
        for kind, row in tcp_states.ROWS.items():
            for state, column in tcp_states.COLUMNS.items():
                cell = table[row][column]
                if cell in (tcp_states.BAD, tcp_states.LET, column):
                    continue
                moves.setdefault((state, NAMES[cell]), []).append(direction + kind)
    lines = [f"    {old} --> {new}: {', '.join(kinds)}" for (old, new), kinds in moves.items()]
    return ["## Moves", "", "```mermaid", "stateDiagram-v2", *lines, "```", ""]


def _grids() -> list[str]:
    lines = [
        "## Grids",
        "",
        "A connection in the state at the top sees a segment of the kind at the left: `.` it stays, `let` the segment",
        "passes and nothing is noted, `bad` the segment is INVALID, else it moves to the state named.",
        "",
    ]
    for title, text in (("Original", tcp_states.ORIGINAL_TEXT), ("Reply", tcp_states.REPLY_TEXT)):
        lines += [f"### {title} direction", "", "```", *text.strip("\n").splitlines(), "```", ""]
    return lines


def _why() -> list[str]:
    rows = ["| direction | segment | state | why |", "|---|---|---|---|"]
    rows += [f"| {direction} | {kind} | {state} | {why} |" for (direction, kind, state), why in tcp_states.WHY.items()]
    return ["## Why", "", *rows, ""]


def _about(tracker: str) -> str:
    """What the module says of itself, from its source: compiled modules have no docstring."""
    source = (ROOT / "engine" / "conntrack" / f"{tracker}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source), clean=False) or ""


def _exceptions() -> list[str]:
    text = _about("tcp").split("\n", 2)[2].rstrip()
    return ["## Exceptions and timeouts", "", "```", *text.splitlines(), "```", ""]


def _sctp() -> list[str]:
    lines = ["## SCTP", "", "```"]
    lines += _about("sctp").split("\n", 2)[2].rstrip().splitlines()
    for title, text in (("original", sctp.ORIGINAL_TEXT), ("reply", sctp.REPLY_TEXT)):
        lines += ["", f"  {title} direction", *text.strip("\n").splitlines()]
    return [*lines, "```"]


if __name__ == "__main__":
    (ROOT / "docs" / "tcp-states.md").write_text(page(), encoding="utf-8")
