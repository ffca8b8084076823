"""What the engine remembers for those who ask later: packets with their traces, log lines, faults.

Each is a ring: the last so many are kept, and everything has a number, so that a reader asks for what is new. A traced
packet is kept as it came and turned into text only when somebody reads it.
"""

from __future__ import annotations

import traceback
from collections import deque
from typing import Any, ClassVar, Final

from engine.core.context import Arrival, LogLine
from engine.core.engine import Departure
from engine.core.hooks import FAMILY_NAMES, HOOK_NAMES
from engine.core.packet import Packet
from engine.core.verdict import VERDICT_NAMES
from engine.language.packettext import describe

TRACES_KEPT: Final = 4096
STEPS_KEPT: Final = 200_000  # of all traced packets together; one packet through 20,000 rules has as many
LINES_KEPT: Final = 16384
FAULTS_KEPT: Final = 64
KEPT_WHOLE: Final = 2048  # bytes
SHOWN: Final = 256

# How many packets a second are traced when nobody said `trace on`: a lab's pings and handshakes, not a download
BUDGET_A_SECOND: Final = 200.0
BUDGET_AT_ONCE: Final = 1000.0
STEPS_A_PACKET: Final = 50.0  # a trace of more steps counts for several packets


class TracedPacket:
    """One packet at one hook: what came, what became of it. Of a big packet only the start is kept."""

    def __init__(self, number: int, time: float, arrival: Arrival, departure: Departure) -> None:
        self.number = number
        self.time = time
        self.hook = arrival.hook
        self.devices = (arrival.indev, arrival.outdev, arrival.physin, arrival.physout)
        self.mark = arrival.mark
        self.steps = departure.trace
        self.connection = departure.connection
        self.verdict = departure.verdict
        self.why = departure.why
        self.data = arrival.data
        self.said = ""
        self.family = 0
        if len(self.data) > KEPT_WHOLE:
            self._say()
            self.data = self.data[:SHOWN]

    def _say(self) -> None:
        packet = Packet(self.data)
        self.said = describe(packet)
        self.family = packet.family

    def text(self) -> dict[str, Any]:
        """As the control protocol gives it."""
        if not self.said:
            self._say()
        indev, outdev, physin, physout = self.devices
        return {
            "number": self.number,
            "time": self.time,
            "hook": HOOK_NAMES[self.hook],
            "family": FAMILY_NAMES.get(self.family, ""),
            "in": indev,
            "out": outdev,
            "physin": physin,
            "physout": physout,
            "mark": self.mark,
            "packet": self.said,
            "bytes": self.data[:SHOWN].hex(),
            "steps": [step.values() for step in self.steps],
            "connection": self.connection,
            "rewritten": [step.text for step in self.steps if step.verdict == "REWRITE"],
            "verdict": VERDICT_NAMES[self.verdict],
            "why": self.why,
        }


class Traces:
    """The last packets. mode: "on" (every packet), "off", or "sparing" (as many as a budget allows)."""

    MODES: ClassVar[tuple[str, ...]] = ("on", "off", "sparing")

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.kept: deque[TracedPacket] = deque()
        self.steps = 0  # of those kept
        self.next = 1
        self.tokens = BUDGET_AT_ONCE
        self.filled = 0.0

    def wanted(self, real_time: float) -> bool:
        """Should the next packet be traced?"""
        if self.mode == "on":
            return True
        if self.mode == "off":
            return False
        if self.tokens < BUDGET_AT_ONCE:
            self.tokens = min(BUDGET_AT_ONCE, self.tokens + (real_time - self.filled) * BUDGET_A_SECOND)
        self.filled = real_time
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def add(self, time: float, arrival: Arrival, departure: Departure) -> None:
        steps = len(departure.trace)
        self.kept.append(TracedPacket(self.next, time, arrival, departure))
        self.next += 1
        self.steps += steps
        while len(self.kept) > TRACES_KEPT or (self.steps > STEPS_KEPT and len(self.kept) > 1):
            self.steps -= len(self.kept.popleft().steps)
        self.tokens -= max(0.0, steps / STEPS_A_PACKET - 1)

    def since(self, number: int) -> list[dict[str, Any]]:
        """Those kept, from a number on, oldest first."""
        return [packet.text() for packet in self.kept if packet.number >= number]

    def clear(self) -> None:
        self.kept.clear()
        self.steps = 0


class Log:
    """What LOG, NFLOG and AUDIT had to say."""

    def __init__(self) -> None:
        self.kept: deque[tuple[int, LogLine]] = deque(maxlen=LINES_KEPT)
        self.next = 1

    def add(self, lines: list[LogLine]) -> None:
        for line in lines:
            self.kept.append((self.next, line))
            self.next += 1

    def since(self, number: int) -> list[tuple[int, LogLine]]:
        return [(own, line) for own, line in self.kept if own >= number]

    def clear(self) -> None:
        self.kept.clear()


class Faults:
    """Our own bugs: the packet or request at hand was given up, the process lives."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.count = 0

    def add(self, error: BaseException, about: str) -> None:
        self.count += 1
        if len(self.kept) < FAULTS_KEPT:
            self.kept.append(about + "\n" + "".join(traceback.format_exception(error)))
