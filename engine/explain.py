"""What one packet meets in a ruleset: every table, chain and rule, why a rule did not match, and the verdict.

    PREROUTING -> FORWARD -> POSTROUTING     with an interface in and one out: the packet passes through
    PREROUTING -> INPUT                      only in: it is for this machine; also what TPROXY gives to a proxy
    OUTPUT -> POSTROUTING                    only out: this machine sends it

The engine is the one that runs in a firewall node; only the machine around it is told, not asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from engine.core.addresses import ADDRESS_BITS, address_text
from engine.core.context import SOCKET_LISTENS, Arrival, Environment, SocketInfo
from engine.core.engine import Departure, Engine
from engine.core.hooks import (
    FAMILY_NAMES,
    FORWARD,
    HOOK_NAMES,
    INPUT,
    OUTPUT,
    POSTROUTING,
    PREROUTING,
)
from engine.core.packet import Packet
from engine.core.verdict import ACCEPT, VERDICT_NAMES
from engine.language.packettext import describe

PASSING: Final = (PREROUTING, FORWARD, POSTROUTING)
COMING_IN: Final = (PREROUTING, INPUT)
GOING_OUT: Final = (OUTPUT, POSTROUTING)

# Verdicts of the last hook as a reader understands them.
MEANINGS: Final[dict[str, str]] = {
    "ACCEPT": "the packet goes on its way",
    "DROP": "the packet is dropped",
    "STOLEN": "the engine keeps the packet (a fragment that waits for the others)",
    "QUEUE": "the packet goes to a userspace queue",
}


@dataclass
class Question:
    """A packet and where it comes and goes. indev or outdev "" = none. addresses: of this machine's interfaces.
    listeners: (family, protocol, address or 0, port) of its transparent sockets that wait for packets."""

    data: bytes
    indev: str
    outdev: str
    mark: int = 0
    now: float = 0.0
    addresses: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    listeners: list[tuple[int, int, int, int]] = field(default_factory=list)


def explain(engine: Engine, question: Question) -> dict[str, Any]:
    """The way of the packet as JSON-able values: hooks with their steps, verdict, the step that decided
    it where it does not go on (`decided`), log, emissions."""
    packet = Packet(question.data)
    _tell_environment(engine.shared.environment, question, packet)
    engine.tracing = True
    hooks: list[dict[str, Any]] = []
    emitted: list[str] = []
    log: list[str] = []
    data = question.data
    mark = question.mark
    verdict = "ACCEPT"
    why = packet.fault
    proxy = ""
    ahead = list(_way(question))
    while ahead:
        hook = ahead.pop(0)
        arrival = Arrival(
            hook,
            data,
            question.indev if hook in (PREROUTING, INPUT, FORWARD) else "",
            question.outdev if hook in (FORWARD, OUTPUT, POSTROUTING) else "",
            mark,
        )
        departure = engine.process(arrival, question.now)
        hooks.append(_hook_report(hook, departure))
        emitted += [describe(Packet(emission.data)) for emission in departure.emit]
        log += [line.text for line in departure.log]
        verdict = VERDICT_NAMES[departure.verdict]
        if departure.verdict != ACCEPT:
            why = departure.why
            break
        mark = departure.mark
        if departure.data is not None:
            data = departure.data
        if departure.proxy is not None:
            family, address, port = departure.proxy
            proxy = f"{address_text(address, family)} port {port}"
            ahead = [INPUT]
    report: dict[str, Any] = {
        "packet": describe(packet),
        "family": FAMILY_NAMES[packet.family],
        "in": question.indev,
        "out": question.outdev,
        "hooks": hooks,
        "verdict": verdict,
        "why": why,
        "result": describe(Packet(data)),
        "mark": mark,
        "proxy": proxy,
        "emitted": emitted,
        "log": log,
    }
    report["decided"] = _decider(report)
    return report


def _way(question: Question) -> tuple[int, ...]:
    if question.indev and question.outdev:
        return PASSING
    return COMING_IN if question.indev else GOING_OUT


def _tell_environment(environment: Environment, question: Question, packet: Packet) -> None:
    """This machine's addresses: those named, and the one that makes the packet come here or go from here."""
    for device, entries in question.addresses.items():
        environment.addresses[device] = list(entries)
    bits = ADDRESS_BITS[packet.family]
    if not question.outdev:
        environment.addresses.setdefault(question.indev, []).append((packet.family, packet.dst, bits))
    elif not question.indev:
        environment.addresses.setdefault(question.outdev, []).append((packet.family, packet.src, bits))
    environment.default_route_device = question.outdev
    for listener in question.listeners:
        environment.listeners[listener] = SocketInfo(True, listener[2] == 0, state=SOCKET_LISTENS)


def _hook_report(hook: int, departure: Departure) -> dict[str, Any]:
    return {
        "hook": HOOK_NAMES[hook],
        "steps": [step.values() for step in departure.trace],
        "connection": departure.connection,
        "verdict": VERDICT_NAMES[departure.verdict],
    }


def _decider(report: dict[str, Any]) -> dict[str, Any] | None:
    """The rule or policy that stopped the packet; None if it goes on, or if it was none of them."""
    steps = report["hooks"][-1]["steps"] if report["hooks"] else []
    return steps[-1] if steps and steps[-1]["chain"] and report["verdict"] != "ACCEPT" else None


def as_text(report: dict[str, Any]) -> str:
    """The same for people: one line a step, hooks and tables as headings."""
    lines = [f"{report['packet']}{_direction(report)}"]
    for hook in report["hooks"]:
        lines.append("")
        lines.append(hook["hook"])
        heading = ("", "")
        for step in hook["steps"]:
            if not step["chain"]:
                lines.append(f"  {step['table']}: {step['text']}")
                heading = ("", "")
                continue
            if (step["table"], step["chain"]) != heading:
                heading = (step["table"], step["chain"])
                lines.append(f"  {step['table']} {step['chain']}")
            lines.append(_step_line(step))
        if not hook["steps"]:
            lines.append("  no table has rules here")
    lines.append("")
    if report["result"] != report["packet"]:
        lines.append(f"packet now: {report['result']}")
    if report["proxy"]:
        route = f"if routing by mark {report['mark']:#x} delivers it here"
        lines.append(f"given to the transparent proxy at {report['proxy']}, {route}")
    lines += [f"log: {line}" for line in report["log"]]
    lines += [f"sent besides: {text}" for text in report["emitted"]]
    lines.append(f"{report['verdict']}: {MEANINGS.get(report['verdict'], '')}{_blame(report)}")
    return "\n".join(lines) + "\n"


def _blame(report: dict[str, Any]) -> str:
    """Who stopped the packet: ` by rule 2 of filter web (rules.v4:9)`."""
    step = report["decided"]
    if step is None:
        return f" by {report['why']}" if report["why"] and report["verdict"] != "ACCEPT" else ""
    if step["rule"] == 0:
        return f" by the policy of {step['table']} {step['chain']}"
    return f" by rule {step['rule']} of {step['table']} {step['chain']}" + (
        f" ({step['place']})" if step["place"] else ""
    )


def _direction(report: dict[str, Any]) -> str:
    text = f", in by {report['in']}" if report["in"] else ", made here"
    return text + (f", out by {report['out']}" if report["out"] else ", for this machine")


def _step_line(step: dict[str, Any]) -> str:
    if step["rule"] == 0:
        return f"    {step['text']}: {step['verdict']}"
    place = f" ({step['place']})" if step["place"] else ""
    text = step["text"] or "(every packet)"
    if not step["matched"]:
        return f"    rule {step['rule']}{place}  {text}   no: {step['why']}"
    because = f", {step['why']}" if step["why"] else ""
    return f"    rule {step['rule']}{place}  {text}   yes: {step['verdict']}{because}"
