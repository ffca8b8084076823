"""State tables drawn as text: a row for each kind of packet, a column for each state, a cell for what happens.

    grid(text, states, kinds, words)

`states` and `kinds` give each name its number. The first line of `text` names the states, every other line begins with
a kind. A cell is a state's name, `.` (the state stays) or one of `words`. A crooked table is refused with ValueError.
"""

from __future__ import annotations

Grid = list[list[int]]  # [kind][state] -> state or word


def grid(text: str, states: dict[str, int], kinds: dict[str, int], words: dict[str, int]) -> Grid:
    lines = [line.split() for line in text.strip().splitlines()]
    heading = lines[0]
    rows = lines[1:]
    if sorted(heading) != sorted(states):
        raise ValueError(f"heading: '{' '.join(heading)}': every state must stand there once")
    if [row[0] for row in rows] != list(kinds):
        raise ValueError(f"rows: '{' '.join(row[0] for row in rows)}': they must be '{' '.join(kinds)}'")
    table = [[0] * len(states) for _ in kinds]
    for row in rows:
        kind, cells = row[0], row[1:]
        if len(cells) != len(heading):
            raise ValueError(f"row '{kind}': {len(cells)} cells under {len(heading)} states")
        for column, cell in zip(heading, cells, strict=True):
            table[kinds[kind]][states[column]] = _cell(kind, column, cell, states, words)
    return table


def _cell(kind: str, column: str, cell: str, states: dict[str, int], words: dict[str, int]) -> int:
    if cell == ".":
        return states[column]
    if cell in words:
        return words[cell]
    if cell not in states:
        raise ValueError(f"row '{kind}', column '{column}': '{cell}' is not a state")
    return states[cell]
