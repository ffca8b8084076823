"""TCP connections as scripts: one line a segment, with what conntrack has to say of it.

    c S                  | NEW          | SYN_SENT 120 unreplied
    s SA                 | ESTABLISHED  | SYN_RECV 60
    c A                  | ESTABLISHED  | ESTABLISHED 432000 assured
    c A data=10 seq=+99  | INVALID      | ESTABLISHED
    wait 1.2
    s R                  | ESTABLISHED  | gone
    -- and again: nothing is known any more, both sides begin anew

First who sends and which flags (S A F R P U E C, or `none`), then fields; second the state of the packet; third the
entry: its TCP state, its timeout, `unreplied`, `replied`, `assured` or `unassured`, or `gone`; what is not said is not
looked at.

Sequence numbers are counted from the SYN of their side, which is 0; without `seq=` and `ack=` they are the next ones in
their order. `seq=+5` is 5 behind the next one, `seq=70` the byte 70. Fields: data=BYTES window= mss= wscale= sackok
sack=LEFT..RIGHT (bytes of the other side) isn=NUMBER (the side begins anew with it) options=OCTETS (in hexadecimal).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.packets import tcp
from conformance.stating import States
from conformance.tcp_talk import SEQUENCE_SPACE

PORTS = (40000, 99)


@dataclass
class Side:
    """One end: `isn` is the number of its SYN, `next` the offset of what it will send next."""

    isn: int
    next: int = 0


class Script:
    """Plays lines between two hosts, a firewall in between. `sets`: sysctls of TCP tracking, without their prefix."""

    def __init__(self, client: Any, server: Any, firewall: Any, sets: dict[str, Any] | None = None) -> None:
        self.hosts = {"c": client, "s": server}
        self.firewall = firewall
        names = (f"{client.name}:{PORTS[0]}", f"{server.name}:{PORTS[1]}")
        self.flows = {"c": " > ".join(names), "s": " > ".join(reversed(names))}
        self.sides = sides()
        for name, value in (sets or {}).items():
            firewall.sets(f"net.netfilter.nf_conntrack_tcp_{name}", value)
        self.states = States(firewall)
        self.behind = False  # segments have passed whose state nobody asked for

    def play(self, text: str) -> None:
        """Every line; a line whose segment or entry is not as it says fails the scenario and is named."""
        for line in text.strip().splitlines():
            if line.strip():
                self.line(line.strip())

    def line(self, line: str) -> None:
        told, *wanted = [part.strip() for part in line.split("|")]
        words = told.split()
        if words[0] == "--":
            self.firewall.flushes_connections()
            self.sides = sides()
            return
        if words[0] == "wait":
            self.firewall.time_passes(float(words[1]))
            return
        if wanted and wanted[0]:
            state = self.after(words)
            assert state == wanted[0], f"{line}: the packet is {state or 'not there'}"
        else:
            self.send(words[0], words[1], words[2:])
            self.behind = True
        if len(wanted) > 1 and wanted[1]:
            self.entry(wanted[1].split())

    def after(self, words: list[str]) -> str:
        """Send a segment; its state."""
        if self.behind:
            self.states.after()
            self.behind = False
        self.send(words[0], words[1], words[2:])
        return self.states.after()

    def send(self, side: str, flags: str, options: list[str]) -> None:
        fields: dict[str, Any] = {}
        given: dict[str, str] = {}
        for option in options:
            name, _equals, value = option.partition("=")
            if name == "sackok":
                fields["sack_ok"] = True
            elif name == "options":
                fields["tcp_options"] = bytes.fromhex(value)
            elif name in ("window", "mss", "wscale"):
                fields[name] = int(value, 0)
            else:
                given[name] = value
        me, other = self.sides[side], self.sides["s" if side == "c" else "c"]
        if "isn" in given:
            me.isn, me.next = int(given.pop("isn"), 0), 0
        data = b"x" * int(given.pop("data", "0"))
        seq = place(given.pop("seq", "+0"), me.next)
        ack = place(given.pop("ack", "+0"), other.next)
        if "sack" in given:
            left, _dots, right = given.pop("sack").partition("..")
            fields["sack"] = [tuple((other.isn + place(edge, other.next)) % SEQUENCE_SPACE for edge in (left, right))]
        assert not given, f"a script knows no {', '.join(given)}"
        if seq == me.next and flags != "none" and "R" not in flags:
            me.next += len(data) + ("S" in flags) + ("F" in flags)
        fields["ack"] = (other.isn + ack) % SEQUENCE_SPACE if "A" in flags else 0
        self.hosts[side].sends(tcp(self.flows[side], flags, data, seq=(me.isn + seq) % SEQUENCE_SPACE, **fields))

    def entry(self, wanted: list[str]) -> None:
        flow = f"tcp {self.flows['c']}"
        if wanted == ["gone"]:
            self.firewall.does_not_track(flow)
            return
        fields: dict[str, Any] = {}
        for word in wanted:
            if word.isdigit():
                fields["timeout"] = int(word)
            elif word in ("unreplied", "replied"):
                fields["unreplied"] = word == "unreplied"
            elif word in ("assured", "unassured"):
                fields["assured"] = word == "assured"
            else:
                fields["state"] = word
        self.firewall.tracks(flow, **fields)


def sides() -> dict[str, Side]:
    return {"c": Side(1000), "s": Side(5000)}


def place(text: str, following: int) -> int:
    return following + int(text) if text[0] in "+-" else int(text, 0)


def play(client: Any, server: Any, firewall: Any, script: str, sets: dict[str, Any] | None = None) -> None:
    """Rules that count states, then the script."""
    Script(client, server, firewall, sets).play(script)
