"""Recorded conversations: what each side said, what the kernel let through, what it then expected.

    case HELPER PROTO PORT NAT VERSION        a new connection through an empty firewall
    client 'text'                             said by the client, arrived as it was
    client 'text' => 'other text'             arrived rewritten
    client 'text' => port 5099 'text'         (UDP) ... at another port
    server 'text' => dropped
    expect LINE                               when they have changed: each expectation, as in
    nothing expected                          /proc/net/nf_conntrack_expect without the time

Texts are Python literals. `play` runs a case on any firewall and writes down what happens in the same form: a file made
from a kernel is then compared line by line with one made from the engine.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from conversation import Conversation, Wire

RECORDED = Path(__file__).parent / "recorded"


class Case:
    def __init__(self, heading: str, place: str) -> None:
        self.heading = heading
        self.place = place
        self.lines: list[str] = []

    def __str__(self) -> str:
        said = [line for line in self.lines if line.startswith(("client", "server"))]
        return f"{self.place} {self.heading} {said[-1] if said else ''}"[:110]


def cases(name: str) -> Iterator[Case]:
    path = RECORDED / name
    case = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("case "):
            if case is not None:
                yield case
            case = Case(line, f"{name}:{number}")
        else:
            assert case is not None, f"{name}:{number}: a line before the first case"
            case.lines.append(line)
    if case is not None:
        yield case


def play(case: Case, wire: Wire) -> list[str]:
    """The lines of a case, with what happened this time."""
    _case, helper, proto, port, nat, version = case.heading.split()
    talk = Conversation(wire, helper, proto, int(port), nat, int(version), 5060 if helper == "sip" else 1000)
    happened: list[str] = []
    before: list[str] = []
    for line in case.lines:
        who, _blank, rest = line.partition(" ")
        if who in ("client", "server"):
            literal = rest.partition(" => ")[0]
            said = ast.literal_eval(literal)
            end, other = (talk.client, talk.server) if who == "client" else (talk.server, talk.client)
            heard = talk.say(end, said)
            happened.append(_said(who, said, heard, "" if talk.port == other.own[1] else f"port {talk.port} "))
            now = talk.expected()
            if now != before:
                happened += [f"expect {one}" for one in now] or ["nothing expected"]
            before = now
    return happened


def _said(who: str, said: bytes, heard: bytes | None, port: str) -> str:
    if heard is None:
        return f"{who} {said!r} => dropped"
    return f"{who} {said!r}" if heard == said and not port else f"{who} {said!r} => {port}{heard!r}"
