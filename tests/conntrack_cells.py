"""One trace for each cell of the TCP grid that a wire can reach: a way into the state, then the segment.

Numbers are those of ends that agree: every segment stands in the window, an RST is exact. A SYN in an open connection
begins a new one, with numbers far away.
"""

from __future__ import annotations

from conntrack_traces import Trace
from conntrack_wire import CLIENT, SERVER, tcp

# How to get into a state: (side, flags) ... ; "c" sent the first segment
WAYS = {
    "none": [],
    "syn_sent": [("c", "S")],
    "syn_recv": [("c", "S"), ("s", "SA")],
    "estab": [("c", "S"), ("s", "SA"), ("c", "A")],
    "fin_wait": [("c", "S"), ("s", "SA"), ("c", "A"), ("c", "FA")],
    "clo_wait": [("c", "S"), ("s", "SA"), ("c", "A"), ("c", "FA"), ("s", "A")],
    "last_ack": [("c", "S"), ("s", "SA"), ("c", "A"), ("c", "FA"), ("s", "FA")],
    "time_wait": [("c", "S"), ("s", "SA"), ("c", "A"), ("c", "FA"), ("s", "FA"), ("c", "A")],
    "closed": [("c", "S"), ("s", "SA"), ("c", "A"), ("s", "RA")],
    "syn_snt2": [("c", "S"), ("s", "S")],
}
KINDS = {"syn": "S", "synack": "SA", "fin": "FA", "ack": "A", "rst": "RA"}
SIDES = {"original": "c", "reply": "s"}
SHOWN = {
    "syn_sent": "SYN_SENT",
    "syn_recv": "SYN_RECV",
    "estab": "ESTABLISHED",
    "fin_wait": "FIN_WAIT",
    "clo_wait": "CLOSE_WAIT",
    "last_ack": "LAST_ACK",
    "time_wait": "TIME_WAIT",
    "closed": "CLOSE",
    "syn_snt2": "SYN_SENT2",
}


def cells() -> list[tuple[str, str, str]]:
    """(direction, kind, state) of every cell; the reply direction has no segment before there is an entry."""
    return [
        (direction, kind, state)
        for direction in SIDES
        for kind in KINDS
        for state in WAYS
        if not (direction == "reply" and state == "none")
    ]


def cell_trace(direction: str, kind: str, state: str, port: int) -> Trace:
    numbers = {"c": 1000, "s": 5000}
    steps = []
    flags = "R" if (direction, kind, state) == ("original", "rst", "syn_sent") else KINDS[kind]  # no ACK number yet
    way = [*WAYS[state], (SIDES[direction], flags)]
    for index, (side, flags) in enumerate(way):
        other = "s" if side == "c" else "c"
        last = index == len(way) - 1
        seq = numbers[side]
        if last and flags == "S" and state not in ("none", "syn_sent", "syn_snt2"):
            seq += 3_000_000
        elif last and flags == "S" and state != "none":
            seq = 1000 if side == "c" else 5000
        ack = numbers[other] if "A" in flags else 0
        ends = (CLIENT, SERVER, port, 80) if side == "c" else (SERVER, CLIENT, 80, port)
        steps.append([side, tcp(*ends, seq, ack, flags).hex()])
        numbers[side] = seq + ("S" in flags or "F" in flags)
    return {"sysctls": {}, "steps": steps}
