"""TCP traces that aim at the edges of the windows, and traces in which time passes.

The engine's own tracker runs beside and says where the bounds are at the moment; a segment is put on one of them or one
or two numbers beside it. So each comparison in the window sums is tried on both sides. If the kernel disagrees, the
trace is one that shows it.
"""

from __future__ import annotations

import random

from conntrack_traces import MASK, ODD, OPENING, OPTIONS, TIMEOUTS, Trace
from conntrack_wire import CLIENT, SERVER, tcp
from conntrack_world import World

from engine.conntrack.tcp import TcpState
from engine.conntrack.tcp_window import HALF, OLDEST_ACK, Side, Windows

LIKELY = ["A"] * 18 + ["AP"] * 8 + ["FA"] * 2 + ["R", "RA", "S", "SA"]
LONGEST = 1400  # bytes of data that fit into a frame
WINDOWS = [0, 1, 2, 100, 1000, 1399, 8192, 65535]
SCALES = [0, 1, 2, 7, 14, 15]
ENDS = {"c": (CLIENT, SERVER, 0, 1), "s": (SERVER, CLIENT, 1, 0)}  # addresses, and which of the two ports
TIMED_TOGETHER = 40  # traces that share their pauses and settings
PAUSES = [0.3, 1.1, 1.4]


class Aimed:
    """One connection whose next segment depends on what the tracker knows of it."""

    def __init__(self, chance: random.Random, port: int, sysctls: dict[str, int]) -> None:
        self.chance = chance
        self.ports = (port, 80)
        self.world = World()
        for name, value in sysctls.items():
            self.world.sysctl(name, value)
        self.next = {"c": chance.choice([chance.getrandbits(32), 0xFFFFFFFE, 0]), "s": chance.getrandbits(32)}
        self.usual = chance.choice(WINDOWS[2:])
        self.scales = {side: chance.choice(SCALES) for side in "cs"} if chance.random() < 0.5 else {}
        self.sack = chance.random() < 0.7
        self.last: list[str] = []

    def step(self, planned: tuple[str, str] | None) -> list[str]:
        chance = self.chance
        if self.last and planned is None and chance.random() < 0.1:
            step = self.last
        else:
            side, flags = planned or (chance.choice("cs"), chance.choice(LIKELY))
            if planned is None and chance.random() < 0.04:
                flags = chance.choice(ODD)
            step = [side, self.segment(side, flags, planned is not None).hex()]
        self.last = step
        self.world.send(bytes.fromhex(step[1]))
        return step

    def segment(self, side: str, flags: str, planned: bool) -> bytes:
        chance = self.chance
        other = "s" if side == "c" else "c"
        windows = self.windows()
        seq, ack = self.next[side], self.next[other]
        size = chance.choice([0, 0, 0, 1, 2, 100, 1000, LONGEST]) if "S" not in flags or chance.random() < 0.05 else 0
        exact = planned and chance.random() < 0.9
        if windows is not None and not exact:
            seq, ack, size = self.aim(windows, side, flags, seq, ack, size)
        elif not exact and chance.random() < 0.2:
            seq += chance.choice([-1, 1, 5000])
        seq &= MASK
        ack &= MASK if "A" in flags or chance.random() < 0.1 else 0
        if exact or chance.random() < 0.5:
            self.next[side] = (seq + size + ("S" in flags) + ("F" in flags)) & MASK
        window = self.usual if chance.random() < 0.7 else chance.choice(WINDOWS)
        if windows is not None and chance.random() < 0.1:
            window = windows.last_window & 0xFFFF
        options = self.options(side, other, flags, ack, windows)
        src, dst, first, second = ENDS[side]
        return tcp(src, dst, self.ports[first], self.ports[second], seq, ack, flags, window, size, options)

    def windows(self) -> Windows | None:
        found = [entry.state for entry in self.world.conntrack.table.entries(self.world.now)]
        return found[0].windows if found and isinstance(found[0], TcpState) else None

    def aim(self, windows: Windows, side: str, flags: str, seq: int, ack: int, size: int) -> tuple[int, int, int]:
        """Numbers on a bound, or a little beside it."""
        chance = self.chance
        mine, theirs = self.both(windows, side)
        beside = chance.choice([-2, -1, 0, 0, 1, 2])
        length = size + ("S" in flags) + ("F" in flags)
        if chance.random() < 0.6:
            late = mine.end - theirs.max_window
            seq = beside + chance.choice([
                mine.end, mine.end - length, late, late - length, mine.max_end, mine.max_end - length,
                mine.max_end + theirs.max_window - length, theirs.max_ack, theirs.max_ack - 1 + HALF, mine.end + HALF,
                windows.last_seq, windows.last_end, windows.last_ack, 0])  # fmt: skip
        if chance.random() < 0.5:
            beside = chance.choice([-2, -1, 0, 0, 1, 2])
            ack = beside + chance.choice([
                theirs.end, theirs.max_end, theirs.end - OLDEST_ACK, theirs.end - mine.max_window, windows.last_end,
                theirs.end - max(OLDEST_ACK, mine.max_window), mine.max_ack, windows.last_ack, windows.last_seq, 0,
                theirs.end + HALF, self.next["s" if side == "c" else "c"]])  # fmt: skip
        if chance.random() < 0.1:  # up to a bound
            room = (mine.max_end - seq) & MASK
            size = room + chance.choice([-1, 0, 1]) if 0 < room < LONGEST else size
        return seq, ack, max(0, size)

    def both(self, windows: Windows, side: str) -> tuple[Side, Side]:
        original = self.of_original(side)
        return (windows.original, windows.reply) if original else (windows.reply, windows.original)

    def of_original(self, side: str) -> bool:
        entries = self.world.conntrack.table.entries(self.world.now)
        return (entries[0].original.src == CLIENT) == (side == "c")

    def options(self, side: str, other: str, flags: str, ack: int, windows: Windows | None) -> bytes:
        chance = self.chance
        text = b""
        if "S" in flags:
            if self.scales and chance.random() < 0.9:
                text += bytes((3, 3, self.scales[side]))
            if self.sack and chance.random() < 0.9:
                text += bytes((4, 2))
            if chance.random() < 0.2:
                text = bytes((2, 4, 5, 180)) + text
        stamp = bytes((8, 10)) + bytes(8)
        if chance.random() < 0.1:
            text += b"\1\1" + stamp
        if "S" not in flags and windows is not None and chance.random() < 0.2:
            text += self.blocks(self.both(windows, side)[1], ack)
        if chance.random() < 0.02:
            broken = [b"\1", b"\0", bytes((9, 1)), bytes((9, 40)), bytes((5, 2)), bytes((5, 9)) + bytes(7)]
            text = chance.choice(broken) + text
        return text[:40]

    def blocks(self, theirs: Side, ack: int) -> bytes:
        chance = self.chance
        count = chance.randint(1, 3)
        text = b"\1\1" + bytes((5, 2 + 8 * count))
        for _ in range(count):
            edge = chance.choice([theirs.end, theirs.max_end, ack, ack + HALF])
            right = edge + chance.choice([-1, 0, 1, 2, 500])
            text += ((right - 100) & MASK).to_bytes(4, "big") + (right & MASK).to_bytes(4, "big")
        return text


CLOSING = [
    [("c", "FA"), ("s", "A"), ("s", "FA"), ("c", "A"), ("c", "S"), ("s", "SA"), ("c", "A")],
    [("s", "FA"), ("c", "FA"), ("s", "A"), ("s", "S"), ("c", "SA")],
    [("c", "FA"), ("s", "FA"), ("c", "S"), ("s", "A"), ("c", "R"), ("c", "S")],
    [("c", "R"), ("c", "S"), ("s", "SA")],
    [("s", "R"), ("c", "S"), ("s", "SA"), ("c", "A")],
    [("c", "S"), ("s", "A"), ("c", "R"), ("c", "S")],
]
CROSSED = [("c", "S"), ("s", "S"), ("c", "SA"), ("s", "SA"), ("c", "A")]


def edge_trace(seed: int, port: int) -> Trace:
    """Opened in one way or another, then segments around the bounds."""
    chance = random.Random(seed)
    sysctls = options_of(chance)
    times = chance.sample(range(20, 900, 10), len(TIMEOUTS))  # no two alike: the seconds tell which timeout it was
    sysctls |= dict(zip(TIMEOUTS, times, strict=True))
    return {"sysctls": sysctls, "steps": steps_of(chance, port, sysctls, chance.randint(6, 40))}


def options_of(chance: random.Random) -> dict[str, int]:
    sysctls = dict(OPTIONS)
    for name, share in (("tcp_be_liberal", 0.1), ("tcp_ignore_invalid_rst", 0.2)):
        sysctls[name] = int(chance.random() < share)
    sysctls["tcp_loose"] = int(chance.random() < 0.85)
    sysctls["tcp_max_retrans"] = chance.choice([3, 3, 3, 0, 1, 2])
    return sysctls


def steps_of(chance: random.Random, port: int, sysctls: dict[str, int], more: int) -> list[list[str]]:
    talk = Aimed(chance, port, sysctls)
    script: list[tuple[str, str] | None] = []
    draw = chance.random()
    if draw < 0.75:
        script += OPENING
    elif draw < 0.85:
        script += CROSSED
    if chance.random() < 0.3:
        script += [None] * chance.randint(0, 5)
        script += chance.choice(CLOSING)
    script = script[: chance.randint(0, len(script))] if chance.random() < 0.2 else script
    return [talk.step(planned) for planned in [*script, *[None] * more]]


def timed_trace(seed: int, port: int) -> Trace:
    """Short timeouts and pauses between the segments. A pause is a step of its own: ["wait", seconds].

    Traces whose seeds share seed // TIMED_TOGETHER have the same settings and their pauses at the same time.
    """
    together = random.Random(seed // TIMED_TOGETHER)
    sysctls = options_of(together)
    sysctls |= {name: together.choice([1, 1, 2, 2, 3, 60]) for name in TIMEOUTS}
    chance = random.Random(seed)
    segments = steps_of(chance, port, sysctls, chance.randint(4, 12))
    return {"sysctls": sysctls, "steps": paused(chance, together, segments)}


def paused(chance: random.Random, together: random.Random, segments: list[list[str]]) -> list[list[str]]:
    """Steps with four pauses among them, whose lengths are drawn from `together`."""
    pauses = [together.choice(PAUSES) for _ in range(4)]
    steps: list[list[str]] = []
    for index, pause in enumerate(pauses):
        share = len(segments) // (len(pauses) - index + 1)
        count = chance.randint(0, 2 * share)
        steps += segments[:count]
        segments = segments[count:]
        steps.append(["wait", str(pause)])
    return steps + segments
