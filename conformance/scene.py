"""A scenario while it runs: the lab, what was sent and seen, and every step for the report.

Nothing here judges an engine by what it says of itself. What arrived on the wires decides; the engine's trace and
connections are evidence beside it.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from conformance import counters, matching, reading, waits, wire
from conformance.failing import Broken, Failed
from conformance.names import Hop, NameFault, Names
from conformance.packets import Packet, Raw, Sendable, ping, ping6, pong, pong6, udp, udp6
from conformance.reading import Seen
from lab import LabError, Unsupported
from reports.records import Evidence, Step, TracedPacket, TracedRule

if TYPE_CHECKING:
    from conformance.case import Instance
    from lab import Firewall, Lab, Node

# How many packets of the engine's trace a report has, and how many rules for each: of a failure, of a pass.
TRACED_PACKETS: Final = {True: 24, False: 8}
TRACED_RULES: Final = {True: 32, False: 10}
ALSO_SEEN: Final = 12
LISTED: Final = 40
STOPPING: Final = ("DROP", "REJECT", "NFQUEUE", "TARPIT")


@dataclass(slots=True)
class Silence:
    """Somebody claims to have seen no such packet. `on`: on this link, "" any. `after`: when the last packet before the
    claim was sent."""

    node: str
    pattern: Packet
    on: str
    step: Step
    sender: str
    after: float
    again: Callable[[], None] | None = None


@dataclass(slots=True)
class Stage:
    """A lab with one engine, kept for many scenarios. `names` reads its topology."""

    lab: Lab
    names: Names
    engine: str
    claimed: set[tuple[str, str]] = field(default_factory=set)
    probed: dict[str, str] = field(default_factory=dict)
    faults: int = 0


class Scene:
    """One scenario on one engine, from its first packet to its evidence."""

    def __init__(self, stage: Stage, instance: Instance, seed: int) -> None:
        self.stage = stage
        self.lab = stage.lab
        self.names = stage.names
        self.engine = stage.engine
        self.instance = instance
        self.chance = random.Random(f"{seed} {instance.id}")
        self.began = time.monotonic()
        self.began_at = time.time()
        self.steps: list[Step] = []
        self.seen: dict[str, list[Seen]] = {node.name: [] for node in self.lab}
        self.sent: list[tuple[float, str, str, bytes]] = []
        self.silences: list[Silence] = []
        self.rules: dict[str, str] = {}
        self.undo: list[Callable[[], None]] = []
        self.passed = 0.0
        self.last_sender = ""
        self.calm = True  # nothing has been sent since everything was settled
        self.away = False  # the engine's process is not there: the kernel drops or passes what is sent, at once
        self.last_send = self.began_at
        self.conntrack_before: list[str] = []
        self._ports = [(node.name, device, node.port(device)) for node in self.lab for device in _wires(node)]

    # --- the clock ---------------------------------------------------------------------------------------------------

    def has_virtual_clock(self) -> bool:
        """Time passes when the scenario says so, and only then."""
        refused = any("virtual-clock" in firewall.adapter.refuses for firewall in self.lab.firewalls)
        return self.instance.case.clock == "virtual" and not refused

    def slack(self) -> float:
        """Seconds by which timeouts may have run down meanwhile, the one that has just begun included."""
        return 0.0 if self.has_virtual_clock() else time.monotonic() - self.began + 1.1

    # --- the record --------------------------------------------------------------------------------------------------

    def step(self, who: str, does: str, **texts: Any) -> Step:
        """Write a step down."""
        made = Step(round((time.monotonic() - self.began) * 1000, 3), who, does, **texts)
        self.steps.append(made)
        return made

    # --- sending -----------------------------------------------------------------------------------------------------

    def send(self, node: Node, what: Sendable, via: str, next_hop: str) -> Seen:
        """Put one packet on a wire of a node."""
        data = wire.packet_bytes(what, self.names)
        hop = self._hop(node.name, what, data, via, next_hop)
        frame = wire.frame(what, data, hop)
        sent = reading.read(frame)
        self._claim(node, sent, hop.device)
        self.step(node.name, "sends", sent=what.shown(self.names))
        sent.node, sent.device, sent.time = node.name, hop.device, time.time()
        self.last_sender, self.last_send = node.name, sent.time
        self.sent.append((sent.time, node.name, hop.device, frame))
        self.calm = False
        node.port(hop.device).send(frame)
        return sent

    def _hop(self, node: str, what: Sendable, data: bytes, via: str, next_hop: str) -> Hop:
        if isinstance(what, Raw) and what.frame:
            return Hop(via or next(iter(self.names.topology.nodes[node].devices)), "", "")
        destination = reading.read_packet(data, quoted=True).get("dst") or (next_hop and "0.0.0.0")
        if not destination:
            if not isinstance(what, Packet) or what.kind != "arp":
                destination = self._gateway_address(node)
            else:
                destination = wire.resolve(what, self.names).dst
        hop = self.names.hop(node, destination, via)
        if isinstance(what, Packet) and what.kind == "arp" and what.get("op") == 1:
            return Hop(hop.device, hop.source_mac, "ff:ff:ff:ff:ff:ff")
        if next_hop:
            name, _dot, device = next_hop.partition(".")
            return Hop(hop.device, hop.source_mac, self.names.mac(name, device or hop.device))
        return hop

    def _gateway_address(self, node: str) -> str:
        """For packets without a readable destination: to whoever takes packets for the rest of the world."""
        return "203.0.113.254" if self.names.topology.nodes[node].devices else "0.0.0.0"

    def _claim(self, node: Node, sent: Seen, device: str) -> None:
        """A sender with an address of its wire that nobody has: neighbours are told where to send the answer."""
        source = sent.get("src")
        if source is None or self.names.owner(source) is not None or not self.names.is_local(node.name, device, source):
            return
        self.claim(node, source, device)

    def claim(self, node: Node, address: str, device: str) -> None:
        if (node.name, address) not in self.stage.claimed:
            node.claim(address, device)
            self.stage.claimed.add((node.name, address))

    # --- seeing ------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until nothing is under way."""
        if not self.away:
            self.lab.settle()
        self.calm = True

    def collect(self) -> None:
        """Take in everything that has arrived anywhere, when nothing is under way."""
        if not self.calm:
            self.settle()
        self.take_in()

    def take_in(self) -> None:
        for node, device, port in self._ports:
            for time_seen, frame, segment in port.captured():
                seen = reading.read(frame)
                seen.node, seen.device, seen.time, seen.segment = node, device, time_seen, segment
                self.seen[node].append(seen)

    def find(self, node: str, pattern: Packet, on: str = "") -> list[Seen]:
        """What has arrived at a node, was not asked for before, and looks like the pattern."""
        self._check(pattern)
        return [seen for seen in self.seen[node] if not seen.expected and (not on or seen.device == on)
                and matching.matches(pattern, seen, self.names)]  # fmt: skip

    def _check(self, pattern: Packet) -> None:
        if not isinstance(pattern, Packet):
            raise TypeError(f'a packet such as udp("client:1 > server:2") is needed, not {pattern!r}')
        self.names.resolve(pattern.flow, pattern.ip_version)

    def expect(self, node: str, pattern: Packet, times: int, on: str, within: float) -> list[Seen]:
        """The first `times` packets that look like the pattern, or Failed."""
        self.collect()
        found = self.find(node, pattern, on)
        if len(found) < times and within:
            found = self._wait_for(node, pattern, times, on, within)
        wanted = pattern.shown(self.names) + (f", {times} times" if times > 1 else "")
        like = tuple(name for name, _value in pattern.fields)
        for seen in found[:times]:
            seen.expected = True
        shown = [seen.shown(self.names, like) for seen in found[:times]]
        step = self.step(node, "should see", expected=wanted, seen="\n".join(shown), ok=len(found) >= times)
        if len(found) < times:
            raise self._not_seen(node, pattern, wanted, found, step)
        return found[:times]

    def _wait_for(self, node: str, pattern: Packet, times: int, on: str, within: float) -> list[Seen]:
        """For what real programs answer: they need a moment."""

        def arrived() -> bool:
            self.settle()
            self.take_in()
            return len(self.find(node, pattern, on)) >= times

        with contextlib.suppress(waits.TooLong):
            waits.until(arrived, f"{node} sees {pattern}", within)
        return self.find(node, pattern, on)

    def _not_seen(self, node: str, pattern: Packet, wanted: str, found: list[Seen], step: Step) -> Failed:
        lines = [(f"{node} should see", wanted)]
        candidates = [seen for seen in self.seen[node] if not seen.expected and not reading.is_chatter(seen)]
        like = tuple(name for name, _value in pattern.fields)
        close = matching.nearest(pattern, candidates, self.names)
        if found:
            lines.append((f"{node} saw", f"only {len(found)} of them"))
        elif close is None:
            lines.append((f"{node} saw", "nothing" + self._elsewhere(node)))
        else:
            seen, why = close
            lines.append((f"{node} saw", f"{seen.shown(self.names, like)}   after {self.since_send(seen):.0f} ms"))
            lines.append(("", "; ".join(map(str, why))))
            others = [other.shown(self.names) for other in candidates if other is not seen][:ALSO_SEEN]
            lines += [("", f"and {other}") for other in others]
        step.seen = "\n".join(text for _label, text in lines[1:])
        return Failed(*lines)

    def _elsewhere(self, node: str) -> str:
        """What others saw, when the one who should have seen something saw nothing."""
        told = [f"{name} saw {seen.shown(self.names)}" for name, captured in self.seen.items() if name != node
                for seen in captured if not seen.expected and not reading.is_chatter(seen)]  # fmt: skip
        return "; " + "; ".join(told[-3:]) if told else ""

    def since_send(self, seen: Seen) -> float:
        """Milliseconds between the last packet that was sent before it and its arrival."""
        before = [at for at, *_rest in self.sent if at <= seen.time]
        return (seen.time - (before[-1] if before else self.began_at)) * 1000

    # --- silence ------------------------------------------------------------------------------------------------------

    def claim_silence(self, node: str, pattern: Packet, on: str = "") -> None:
        """No such packet must have arrived at a node. Looked at now, and once more when a later packet has proved that
        the path works and that nothing was still under way."""
        self.collect()
        step = self.step(node, "should not see", expected=f"no {pattern.shown(self.names)}", seen="nothing of the kind")
        self.silences.append(Silence(node, pattern, on, step, self.last_sender, self.last_send))
        self._still_silent(self.silences[-1])

    def _still_silent(self, silence: Silence) -> None:
        found = [seen for seen in self.seen[silence.node] if not seen.expected and silence.on in ("", seen.device)
                 and matching.matches(silence.pattern, seen, self.names, checksums=False)]  # fmt: skip
        if found:
            silence.step.ok = False
            silence.step.seen = found[0].shown(self.names)
            raise Failed((f"{silence.node} should not see", silence.pattern.shown(self.names)),
                         (f"{silence.node} saw", found[0].shown(self.names)))  # fmt: skip

    def prove_silences(self) -> None:
        """Every claim of silence needs a packet that came through later. Where the scenario has none, send one with all
        rules gone: sender and receiver of the claim, the same path. Raises Broken if even that does not arrive."""
        self.collect()
        open_claims = [silence for silence in self.silences if not self._is_proved(silence)]
        for silence in self.silences:
            self._still_silent(silence)
        if not open_claims:
            return
        self.undo_all()
        for firewall in self.lab.firewalls:
            firewall.flush()
        for silence in {(each.node, each.sender, each.pattern.ip_version): each for each in open_claims}.values():
            if not self._came_through(silence):
                self.lab.reset()  # a sysctl, perhaps, that the scenario has changed
                self._prove(silence)
        for silence in open_claims:
            self._still_silent(silence)

    def _is_proved(self, silence: Silence) -> bool:
        """Something that the same node sent later was seen there."""
        return any(
            seen.expected and seen.time > silence.after and self._cause(seen) in (silence.sender, "")
            for seen in self.seen[silence.node]
        )

    def _cause(self, seen: Seen) -> str:
        """Who sent something last before a packet arrived."""
        return next((node for at, node, _device, _frame in reversed(self.sent) if at <= seen.time), "")

    def _prove(self, silence: Silence) -> None:
        """Raises Broken if the marker does not come through."""
        what = f"that {silence.node} saw no {silence.pattern.shown(self.names)} proves nothing"
        try:
            if self._came_through(silence):
                return
        except LabError as error:
            raise Broken(f"{what}: {error}") from None
        marker = self._marker(silence)[0].shown(self.names)
        raise Broken(f"{what}: {marker} did not arrive there either, with all rules gone.\n  hint: is the path up? A "
                     "scenario that breaks it on purpose shows a later packet that passes.")  # fmt: skip

    def _came_through(self, silence: Silence) -> bool:
        """Send a marker along the path of a claim; whether it has arrived."""
        sent, expected, sender = self._marker(silence)
        before = len(self.steps)
        try:
            self.send(self.lab[sender], sent, "", "")
        except LabError:
            return False
        finally:
            del self.steps[before:]
        self.collect()
        found = self.find(silence.node, expected)
        if not found:
            return False
        found[0].expected = True
        silence.step.seen += f"; a marker from {sender} came through with all rules gone"
        return True

    def _marker(self, silence: Silence) -> tuple[Packet, Packet, str]:
        """A packet whose arrival proves the path from the sender to the silent node; and who sends it."""
        six = silence.pattern.ip_version == 6
        mark = f"marker {len(self.sent)}"
        firewall = self.lab.firewalls[0].name if self.lab.firewalls else ""
        sender = silence.sender if silence.sender not in ("", firewall) else ""
        if sender and sender != silence.node:
            source, destination = self._place(sender, six), self._place(silence.node, six)
            packet = (udp6 if six else udp)(f"{source}:9 > {destination}:9", mark)
            return packet, packet, sender
        asked = self._place(silence.node, six)
        request, reply = (ping6, pong6) if six else (ping, pong)
        return request(f"{asked} > {firewall}", mark), reply(f"{firewall} > {asked}", mark), silence.node

    def _place(self, node: str, six: bool) -> str:
        """A node's name, with the link where it has several."""
        devices = [name for name, addresses in self.names.topology.nodes[node].devices.items()
                   if any(address.version == (6 if six else 4) for address in addresses)]  # fmt: skip
        return node if len(devices) == 1 else f"{node}.{devices[0]}"

    # --- the end ------------------------------------------------------------------------------------------------------

    def undo_all(self) -> None:
        """Take back what the scenario changed in the nodes, last things first."""
        while self.undo:
            self.undo.pop()()

    def evidence(self, failed: bool) -> Evidence:
        """Everything for the report; more of it after a failure."""
        evidence = Evidence(self.steps, dict(self.rules), conntrack_before=self.conntrack_before)
        for firewall in self.lab.firewalls[:1]:
            evidence.conntrack_after = [str(entry) for entry in firewall.conntrack()][:LISTED]
            evidence.expectations = firewall.expectations()[:LISTED] if failed else []
            if "trace" not in firewall.adapter.refuses:
                evidence.trace = [
                    traced(entry, TRACED_RULES[failed]) for entry in firewall.trace()[-TRACED_PACKETS[failed] :]
                ]
            if failed:
                evidence.counters = self._counters(firewall)
                with contextlib.suppress(Unsupported):
                    evidence.log = firewall.log()[-LISTED:]
        if failed:
            left = [seen for captured in self.seen.values() for seen in captured
                    if not seen.expected and not reading.is_chatter(seen)]  # fmt: skip
            evidence.also_seen = [f"{seen.node}.{seen.device}: {seen.shown(self.names)}" for seen in left[:ALSO_SEEN]]
        return evidence

    @staticmethod
    def _counters(firewall: Firewall) -> str:
        return "".join(firewall.save(counters=True, family=family) for family in ("ipv4", "ipv6"))

    def frames(self) -> list[tuple[float, str, bytes, str]]:
        """Everything on the wires, in the order of time, for a capture file."""
        found = [(at, f"{node}-{device}", frame, f"sent by {node}") for at, node, device, frame in self.sent]
        found += [(seen.time, f"{node}-{seen.device}", seen.frame, f"seen by {node}")
                  for node, captured in self.seen.items() for seen in captured]  # fmt: skip
        return sorted(found, key=lambda each: each[0])


def traced(entry: dict[str, Any], most: int) -> TracedPacket:
    """A packet of the engine's trace, as docs/control-protocol.md describes it."""
    steps = entry.get("steps", ())
    rules = [TracedRule(step.get("table", ""), step.get("chain", ""), int(step.get("rule") or 0), step.get("text", ""),
                        bool(step.get("matched")), step.get("why") or "", step.get("verdict") or "",
                        step.get("place") or "") for step in steps[:most]]  # fmt: skip
    return TracedPacket(
        entry.get("hook", ""),
        entry.get("packet", ""),
        entry.get("in") or "",
        entry.get("out") or "",
        rules,
        entry.get("connection") or "",
        list(entry.get("rewritten") or ()),
        entry.get("verdict", ""),
    )


def explained(trace: list[TracedPacket]) -> list[tuple[str, str]]:
    """The lines of a trace that say most: for the last packet, what dropped it, or which rules said no."""
    for packet in reversed(trace):
        told = []
        for rule in packet.rules:
            what = f"{packet.hook} {rule.table} rule {rule.rule} `{rule.text}`"
            if rule.matched and rule.verdict not in ("", "CONTINUE", "ACCEPT"):
                told.append(("firewall", f"{what}: {rule.verdict}"))
            elif not rule.matched and rule.why:
                told.append(("firewall", f"{what}: no, {rule.why}"))
        if packet.verdict not in ("", "ACCEPT"):
            told.append(("firewall", f"{packet.hook}: {packet.packet}: {packet.verdict}"))
        if told:
            return told[-4:]
    return []


def counting(saved: str) -> list[tuple[str, str]]:
    """For engines without a trace: the rules that stop packets and have counted some."""
    found = counters.read(saved)
    return [
        (
            "firewall",
            f"{place}: `{found.texts[place]}`: {count.packets} packets",
        )
        for place, count in found.places.items()
        if count.packets and any(f"-j {target}" in found.texts.get(place, "") for target in STOPPING)
    ][:4]


def _wires(node: Node) -> list[str]:
    """The wires of a node: its interfaces. What a bridge hands to its host is on no wire."""
    return [interface.link for interface in node.spec.interfaces]


__all__ = ["NameFault", "Scene", "Stage", "explained"]
