"""Which node of which lab is meant."""

from __future__ import annotations

from lab import state
from lab.errors import LabError
from lab.faults import did_you_mean
from lab.state import LabRecord


def node(name: str | None, text: str) -> tuple[LabRecord, str]:
    """`NODE` of the lab called `name` (or of the only one, or of the only one that has such a node), or `LAB/NODE`."""
    lab, slash, wanted = text.rpartition("/")
    if slash:
        name = lab
    up = state.labs()
    having = [record for record in up if wanted in record.nodes]
    record = having[0] if name is None and len(having) == 1 else state.find(name)
    if wanted not in record.nodes:
        raise LabError(
            f"'{wanted}' is not a node of '{record.name}'\n  hint: {did_you_mean(wanted, record.nodes, 'Nodes are')}"
        )
    return record, wanted
