"""Conversations that a helper reads, as scripts: what each end says, how it arrives, and who is expected then.

    c PORT 10,0,1,10,{1,0>4,0}                   the client says it; behind the arrow: what it arrives as
    ? tcp server > client:256                    from now on this is expected, and nothing else
    s- 227 cut                                   the server's; the minus: without a line end
       off                                       (indented: the same line goes on)
    c PORT 10,0 => dropped
    c QUIT => port 5099                          (UDP) arrives at another port than the one that the other end has
    s 200 ok ... => after 3                      three seconds later

Expectations are `PROTOCOL SOURCE[:PORT] > DESTINATION:PORT [class] [flags]`, joined by commas, two ports that follow
one another as 4000-4001; `nothing` is none. `outside` is the client's address behind SNAT, `public` the server's in
front of DNAT. A backslash begins an escape of Python. What words mean on the wire says a function of the protocol;
without one, they are a line of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, Final

from conformance.packets import make

CLIENT: Final = {4: "10.0.1.10", 6: "2001:db8:1::10"}
SERVER: Final = {4: "10.0.2.10", 6: "2001:db8:2::10"}
OUTSIDE: Final = {4: "10.0.2.77", 6: "2001:db8:2::77"}  # the client's address behind SNAT
PUBLIC: Final = {4: "10.0.1.99", 6: "2001:db8:1::99"}  # the server's in front of DNAT
NAMES: Final = {
    IPv6Address(places[6]).exploded if family == 6 else places[4]: name
    for name, places in (("client", CLIENT), ("server", SERVER), ("outside", OUTSIDE), ("public", PUBLIC))
    for family in (4, 6)
}
Build = Callable[[str, bool], bytes]  # the text, and whether a line end follows
PROTOCOLS: Final = {"6": "tcp", "17": "udp", "47": "gre"}


@dataclass
class Line:
    """text: what is said, with its braces. heard: "", "dropped", "port NUMBER" or "after SECONDS"."""

    who: str
    text: str
    outcome: str = ""


class Conversation:
    """A connection with a helper.

    nat: `snat`, `dnat` or both, `snat:PORT` and `dnat:PORT` where the port changes, too. The client speaks from
    `ports[0]`, the service is at `ports[1]`.
    """

    def __init__(self, client: Any, server: Any, firewall: Any, helper: str, proto: str, ports: tuple[int, int],
                 nat: str = "", family: int = 4) -> None:  # fmt: skip
        self.firewall = firewall
        self.proto = proto
        self.family = family
        self.hosts = {"c": client, "s": server}
        self.expected = "nothing"
        self.said = ""
        brackets = "[{}]" if family == 6 else "{}"
        words = dict(word.partition(":")[::2] for word in nat.split())
        rules = ["*raw", f"-A PREROUTING -p {proto} --dport {ports[1]} -j CT --helper {helper}", "COMMIT", "*nat"]
        self.outside, self.public = (CLIENT[family], ports[0]), (SERVER[family], ports[1])
        match = f"-p {proto} --dport {ports[1]}"
        if "snat" in words:
            self.outside = (OUTSIDE[family], int(words["snat"] or ports[0]))
            port = f":{words['snat']}" if words["snat"] else ""
            rules.append(f"-A POSTROUTING {match} -j SNAT --to-source {brackets.format(OUTSIDE[family])}{port}")
        if "dnat" in words:
            self.public = (PUBLIC[family], int(words["dnat"] or ports[1]))
            rules.append(f"-A PREROUTING -p {proto} -d {PUBLIC[family]} -j DNAT --to-destination "
                         f"{brackets.format(SERVER[family])}:{ports[1]}")  # fmt: skip
            rules[1] = rules[1].replace(str(ports[1]), str(self.public[1]))
        (firewall.loads if family == 4 else firewall.loads6)("\n".join([*rules, "COMMIT"]))
        ends = (CLIENT[family], ports[0]), self.public, (SERVER[family], ports[1]), self.outside
        said = [f"{brackets.format(address)}:{port}" for address, port in ends]
        self.flows = {"c": f"{said[0]} > {said[1]}", "s": f"{said[2]} > {said[3]}"}
        self.heard_at = {"c": ports[1], "s": ports[0]}
        if proto == "tcp":
            self.talk = client.connects(self.flows["c"], at=server, family=family)

    def play(self, script: str, build: Build) -> None:
        for line in lines(script):
            if line.who == "?":
                self.expected = line.text
                continue
            self._check()
            self.said = f"{line.who} {line.text}"
            if line.outcome.startswith("after "):
                self.firewall.time_passes(float(line.outcome.removeprefix("after ")))
            self._say(line, octets(line, 0, build), octets(line, 1, build))
        self._check()

    def _check(self) -> None:
        """What is expected after the last thing that was said."""
        self.firewall.scene.collect()
        now = shown(self.firewall.node.expectations())
        assert now == self.expected, f"expected are {now}, not {self.expected}, after {self.said}"

    def _say(self, line: Line, said: bytes, heard: bytes) -> None:
        speaker, listener = line.who[0], "s" if line.who[0] == "c" else "c"
        sender, receiver = self.hosts[speaker], self.hosts[listener]
        if self.proto == "udp":
            elsewhere = line.outcome.startswith("port ")
            port = int(line.outcome.removeprefix("port ")) if elsewhere else self.heard_at[speaker]
            sender.sends(make("udp", self.flows[speaker], self.family, payload=said))
            arrived = make("udp", f"any > any:{port}", self.family, payload=heard)
        else:
            side = self.talk.client if speaker == "c" else self.talk.server
            if line.outcome != "dropped":
                (self.talk.client_says if speaker == "c" else self.talk.server_says)(said, arrives_as=heard)
                return
            sender.sends(side.packet(self.family, "PSH,ACK", said, {}))
            arrived = make("tcp", "any > any", self.family, payload=heard)
        (receiver.never_saw if line.outcome == "dropped" else receiver.sees)(arrived)


def lines(script: str) -> list[Line]:
    """The lines of a script, those that go on in the next one put together."""
    found: list[Line] = []
    for text in script.strip().splitlines():
        who, _blank, rest = text.strip().partition(" ")
        if who in ("c", "s", "c-", "s-", "?"):
            said, _arrow, outcome = rest.partition(" => ")
            found.append(Line(who, said, outcome))
        elif text.strip():
            said, _arrow, outcome = text.strip().partition(" => ")
            found[-1].text += f" {said}" if found[-1].who == "?" else said
            found[-1].outcome = outcome
    return found


def octets(line: Line, side: int, build: Build) -> bytes:
    """What is said (0), or what it arrives as (1)."""
    text = re.sub(r"\{([^>}]*)>([^}]*)\}", lambda found: found[1 + side], line.text)
    return build(text, not line.who.endswith("-"))


def text_line(text: str, ends: bool) -> bytes:
    """A line, with its end or without."""
    said = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return said + b"\r\n" if ends else said


def talks(proto: str, ports: tuple[int, int], /, **rows: Any) -> dict[str, dict[str, Any]]:
    """Rows of a family from name=script or name=(nat, script, {more columns})."""
    found: dict[str, dict[str, Any]] = {}
    for name, row in rows.items():
        nat, script, more = ("", row, {}) if isinstance(row, str) else (*row, {})[:3]
        columns = {"nat": nat, "script": script, "proto": proto, "family": 4, "ports": ports}
        found[name.replace("_", "-")] = columns | more
    return found


def shown(expectations: Sequence[str]) -> str:
    """Lines of /proc/net/nf_conntrack_expect in short, in their order."""
    found: list[tuple[str, int, str]] = []
    for line in sorted(expectations, key=lambda line: line.split("proto=")[1]):
        words = line.split()
        fields = dict(word.split("=") for word in words if "=" in word and word != "=")
        ports = [fields.get(name, "0") for name in ("sport", "srckey")]
        source = "".join(f":{int(port, 0)}" for port in ports if port != "0")
        port = int(fields.get("dport") or fields.get("dstkey", "0"), 0)
        hosts = [NAMES.get(fields[name], fields[name]) for name in ("src", "dst")]
        start = f"{PROTOCOLS[fields['proto']]} {hosts[0]}{source} > {hosts[1]}:"
        rest = " ".join(["", *(word for word in words[words.index(f"proto={fields['proto']}") + 5 :])])
        if found and found[-1] == (start, port - 1, rest):
            found[-1] = (start, port - 1, f"-{port}{rest}")
        else:
            found.append((start, port, rest))
    return ", ".join(f"{start}{port}{rest}" for start, port, rest in found) or "nothing"
