"""Random packet sequences from a seed, for comparing connection tracking with the kernel.

A trace is {"sysctls": {name: value}, "steps": [[side, hexadecimal packet], ...]}; side is "c" or "s". One trace is one
flow (and what disturbs it); its client port is `port`.
"""

from __future__ import annotations

import random
from typing import Any

from conntrack_wire import CLIENT, CLIENT6, SERVER, SERVER6, chunk, icmp, ip, sctp, tcp, udp

MASK = 0xFFFFFFFF
TIMEOUTS = {
    "tcp_timeout_syn_sent": 120,
    "tcp_timeout_syn_recv": 60,
    "tcp_timeout_established": 432000,
    "tcp_timeout_fin_wait": 120,
    "tcp_timeout_close_wait": 60,
    "tcp_timeout_last_ack": 30,
    "tcp_timeout_time_wait": 120,
    "tcp_timeout_close": 10,
    "tcp_timeout_max_retrans": 300,
    "tcp_timeout_unacknowledged": 300,
}
OPTIONS = {"tcp_be_liberal": 0, "tcp_loose": 1, "tcp_ignore_invalid_rst": 0, "tcp_max_retrans": 3}

Trace = dict[str, Any]
OPENING = [("c", "S"), ("s", "SA"), ("c", "A")]
CROSSED = [("c", "S"), ("s", "S"), ("s", "SA"), ("c", "SA"), ("c", "A")]
LIKELY = ["A"] * 12 + ["AP"] * 8 + ["FA"] * 3 + ["R", "RA", "S", "SA", "RA", "R"]
ODD = ["", "F", "SF", "SR", "SFA", "U", "P", "AU", "SU", "FAU", "FPU", "SEC", "AE", "RP"]


def endings(a: str, b: str) -> list[list[tuple[str, str]]]:
    """Ways to close and begin again, where the tracker has to remember."""
    return [
        [(a, "FA"), (b, "A"), (b, "FA"), (a, "A"), ("c", "S")],
        [(a, "FA"), (b, "A"), (b, "FA"), (a, "A"), ("s", "S")],
        [(a, "FA"), (b, "FA"), ("c", "S"), (b, "A"), (a, "R")],
        [(a, "FA"), (b, "FA"), ("c", "S"), ("s", "A"), ("c", "R"), ("c", "S")],
        [(a, "FA"), (b, "FA"), ("c", "S"), ("s", "SA"), ("c", "A")],
        [("c", "S"), ("s", "A"), ("c", "R"), ("c", "S"), ("s", "SA")],
        [("c", "S"), ("s", "SA"), ("c", "A")],
        [(a, "R"), ("c", "S"), ("s", "SA"), ("c", "A")],
        [(a, "RA"), (b, "A"), ("c", "S"), ("s", "SA"), ("c", "A")],
        [(a, "FA"), (b, "R"), ("c", "S"), ("s", "SA")],
        [(a, "AP"), (b, "A"), (a, "RA")],
    ]


class _TcpTalk:
    """Two ends that mostly talk sense."""

    def __init__(self, chance: random.Random, port: int) -> None:
        self.chance = chance
        self.port = port
        first = chance.choice([chance.getrandbits(32), 0xFFFFFFFF, 0xFFFFFFF0, 0, 1])
        self.next = {"c": first, "s": chance.getrandbits(32)}
        self.seen = {"c": self.next["s"], "s": self.next["c"]}
        self.last: list[str] | None = None

    def script(self) -> list[tuple[str, str]]:
        chance = self.chance
        if chance.random() < 0.2:
            return []
        script = list(CROSSED if chance.random() < 0.12 else OPENING)
        if chance.random() < 0.5:
            a, b = chance.choice([("c", "s"), ("s", "c")])
            script += chance.choice(endings(a, b))
        if chance.random() < 0.4:
            script = script[: chance.randint(0, len(script))]
        return script

    def step(self, planned: tuple[str, str] | None) -> list[str]:
        chance = self.chance
        if self.last is not None and chance.random() < 0.12:
            return self.last
        side, flags = planned or (chance.choice("cs"), chance.choice(LIKELY))
        disturbed = chance.random() < (0.05 if planned else 0.35)
        if planned is None and chance.random() < 0.03:
            flags = chance.choice(ODD)
        self.last = [side, self.segment(side, flags, disturbed).hex()]
        return self.last

    def segment(self, side: str, flags: str, disturbed: bool) -> bytes:
        chance = self.chance
        other = "s" if side == "c" else "c"
        seq = self.next[side]
        ack = self.next[other] if chance.random() < 0.8 else self.seen[side]
        window = chance.choice([8192] * 6 + [65535, 1000, 0, 1, chance.getrandbits(16)])
        size = 0
        if ("S" not in flags and chance.random() < 0.5) or chance.random() < 0.03:
            size = chance.choice([1, 5, 100, 1000, 1400])
        if "S" in flags and "A" not in flags and chance.random() < 0.3:
            seq = chance.choice([chance.getrandbits(32), self.next[side] + 1000])
        if disturbed:
            seq, ack = self.disturb(seq, ack, window)
        seq &= MASK
        ack &= MASK
        if "A" not in flags and chance.random() < 0.8:
            ack = 0
        options = self.options(flags, ack, other)
        end = (seq + size + ("S" in flags) + ("F" in flags)) & MASK
        if not disturbed or chance.random() < 0.3:
            if "S" in flags or (end - self.next[side]) & MASK < 1 << 31:
                self.next[side] = end
            self.seen[side] = ack
        ends = (CLIENT, SERVER, self.port, 80) if side == "c" else (SERVER, CLIENT, 80, self.port)
        return tcp(*ends, seq, ack, flags, window, size, options)

    def disturb(self, seq: int, ack: int, window: int) -> tuple[int, int]:
        chance = self.chance
        steps = [1, 2, 50, window, window + 1, 8191, 8192, 8193, 65535, 65999, 66000, 66001, 100000, 1000000]
        far = chance.choice([*steps, *(-step for step in steps), 0x7FFFFFFF, 0x80000000, chance.getrandbits(32)])
        which = chance.random()
        if which < 0.5:
            seq += far
        if which > 0.3:
            ack += chance.choice([1, -1, far, -far, 1000, -1000, chance.getrandbits(32)])
        return (0 if chance.random() < 0.05 else seq), (0 if chance.random() < 0.05 else ack)

    def options(self, flags: str, ack: int, other: str) -> bytes:
        chance = self.chance
        if "S" not in flags and chance.random() < 0.15:
            base = chance.choice([self.next[other], ack])
            blocks = chance.randint(1, 3)
            text = b"\1\1" + bytes((5, 2 + 8 * blocks))
            for _ in range(blocks):
                edge = base + chance.choice([0, 1, 100, -100, 2000, 8192, 100000])
                text += ((edge - 100) & MASK).to_bytes(4, "big") + (edge & MASK).to_bytes(4, "big")
            return text
        text = b""
        if "S" in flags or chance.random() < 0.05:
            if chance.random() < 0.5:
                text += bytes((3, 3, chance.choice([0, 1, 2, 7, 14, 15, 200])))
            if chance.random() < 0.5:
                text += bytes((4, 2))
            for odd in (b"\1\1", bytes((2, 4, 5, 180)), bytes((3, 0)), b"\0"):
                if chance.random() < 0.05:
                    text = odd + text
        return text


def tcp_trace(seed: int, port: int) -> Trace:
    chance = random.Random(seed)
    sysctls = dict(OPTIONS)
    if chance.random() < 0.2:
        sysctls["tcp_be_liberal"] = 1
    if chance.random() < 0.1:
        sysctls["tcp_loose"] = 0
    if chance.random() < 0.2:
        sysctls["tcp_ignore_invalid_rst"] = 1
    if chance.random() < 0.2:
        sysctls["tcp_max_retrans"] = chance.choice([0, 1, 2])
    timeouts = dict(TIMEOUTS)
    if chance.random() < 0.3:
        timeouts = {name: chance.randint(20, 90) * 10 for name in TIMEOUTS}
    talk = _TcpTalk(chance, port)
    script: list[tuple[str, str] | None] = [*talk.script()]
    script += [None] * chance.randint(4, 30)
    return {"sysctls": sysctls | timeouts, "steps": [talk.step(planned) for planned in script]}


CHUNKS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 192]


def sctp_trace(seed: int, port: int) -> Trace:
    chance = random.Random(seed)
    tags = {"c": chance.choice([0x1111, 0, 1]), "s": 0x2222}  # what packets to that end carry
    script: list[tuple[str, int] | None] = [("c", 1), ("s", 2), ("c", 10), ("s", 11)]
    if chance.random() < 0.3:
        script = script[: chance.randint(0, 4)]
    if chance.random() < 0.2:
        script = [("c", 4), ("s", 5)]
    script += [None] * chance.randint(0, 14)
    steps: list[list[str]] = []
    for planned in script:
        side, kind = planned or (chance.choice("cs"), chance.choice(CHUNKS))
        disturbed = chance.random() < (0.05 if planned else 0.3)
        steps.append([side, _sctp_packet(chance, side, kind, disturbed, tags, port).hex()])
    return {"sysctls": {}, "steps": steps}


def _sctp_packet(
    chance: random.Random, side: str, kind: int, disturbed: bool, tags: dict[str, int], port: int
) -> bytes:
    other = "s" if side == "c" else "c"
    chunks = [_chunk(chance, kind, disturbed, tags[side])]
    while chance.random() < 0.15:
        chunks.append(_chunk(chance, chance.choice(CHUNKS), disturbed, tags[side]))
    if chance.random() < 0.03:
        chunks.append(b"\1\0")
    if disturbed and chance.random() < 0.05:
        chunks = []
    tag = 0 if kind == 1 else tags[other]
    if kind in (6, 14) and chance.random() < 0.5:
        tag = tags[side]
    if disturbed:
        tag = chance.choice([tag, tags[side], 0, 0x3333, tag])
    damage = 1 if disturbed and chance.random() < 0.05 else 0
    ends = (CLIENT, SERVER, port, 80) if side == "c" else (SERVER, CLIENT, 80, port)
    return sctp(*ends, tag, chunks, damage)


def _chunk(chance: random.Random, kind: int, disturbed: bool, tag: int) -> bytes:
    body = b""
    if kind in (1, 2):
        body = tag.to_bytes(4, "big") + bytes.fromhex("000003e80001000100000001")
    elif kind in (0, 3):
        body = b"\0" * 12
    flags = chance.choice([0, 0, 1]) if kind in (6, 14) else 0
    if disturbed and chance.random() < 0.1:
        return chunk(kind, flags, body[: chance.randint(0, 12)])
    if disturbed and chance.random() < 0.05:
        return chunk(kind, flags, body, 0)
    return chunk(kind, flags, body)


HOSTS = {"c": [CLIENT, CLIENT + 1, CLIENT + 2], "s": [SERVER, SERVER + 7, SERVER + 3]}
HOSTS6 = {"c": [CLIENT6, CLIENT6 + 1, CLIENT6 + 2], "s": [SERVER6, SERVER6 + 7, SERVER6 + 3]}


def error_trace(seed: int, port: int) -> Trace:
    """Flows of every protocol in both families, and ICMP errors about them, whole, cut, changed and nested."""
    chance = random.Random(seed)
    flows = [_Flow(chance, port) for _ in range(3)]
    steps: list[list[str]] = []
    for _ in range(14):
        flow = chance.choice(flows)
        side = chance.choice("cs")
        plain = chance.random() < 0.35
        packet = flow.packet(side) if plain else _error(chance, flow, side)
        steps.append([side, packet.hex()])
    return {"sysctls": {}, "steps": steps}


class _Flow:
    def __init__(self, chance: random.Random, port: int) -> None:
        self.v6 = chance.random() < 0.5
        hosts = HOSTS6 if self.v6 else HOSTS
        self.ends = {"c": chance.choice(hosts["c"]), "s": chance.choice(hosts["s"])}
        self.kind = chance.choice(["udp", "udp", "tcp", "icmp", "generic", "gre"])
        self.ports = {"c": port, "s": chance.randint(1, 6)}

    def packet(self, side: str) -> bytes:
        other = "s" if side == "c" else "c"
        src, dst = self.ends[side], self.ends[other]
        if self.kind == "udp":
            return udp(src, dst, self.ports[side], self.ports[other], b"x" * 10)
        if self.kind == "tcp":
            flags = ("S", 100, 0) if side == "c" else ("SA", 500, 101)
            return tcp(src, dst, self.ports[side], self.ports[other], flags[1], flags[2], flags[0])
        if self.kind == "icmp":
            ask, answer = (128, 129) if self.v6 else (8, 0)
            return icmp(src, dst, ask if side == "c" else answer, 0, self.ports["c"] << 16 | 1, b"x" * 10)
        if self.kind == "gre":
            return ip(src, dst, 47, b"\0\0\x08\0" + b"1234")
        return ip(src, dst, 99, b"12345678")


def _error(chance: random.Random, flow: _Flow, side: str) -> bytes:
    other = "s" if side == "c" else "c"
    inner = bytearray(flow.packet(other if chance.random() < 0.8 else side))
    if chance.random() < 0.3:
        for _ in range(chance.randint(1, 2)):
            at = chance.randrange(len(inner)) if chance.random() < 0.3 else chance.choice([0, 2, 3, 4, 5, 6, 7, 9])
            inner[at] = chance.getrandbits(8) if chance.random() < 0.5 else inner[at] ^ (1 << chance.randrange(8))
    if chance.random() < 0.3:
        inner = inner[: chance.randint(0, len(inner))]
    hosts = HOSTS6 if flow.v6 else HOSTS
    if chance.random() < 0.1:
        inner = bytearray(icmp(flow.ends["c"], flow.ends["s"], 1 if flow.v6 else 3, 3, 0, bytes(inner)))
    src = chance.choice(hosts[side])
    dst = flow.ends[other] if chance.random() < 0.85 else chance.choice(hosts[other])
    if flow.v6:
        return icmp(src, dst, chance.choice([1, 1, 1, 2, 3, 4, 0, 100, 127]), chance.choice([0, 1, 4]), 0, bytes(inner))
    kind = chance.choice([3, 3, 3, 4, 5, 11, 12, 1, 2, 6, 7])
    return icmp(src, dst, kind, chance.randrange(16), chance.getrandbits(32), bytes(inner))


TRACES = {"tcp": tcp_trace, "sctp": sctp_trace, "errors": error_trace}
