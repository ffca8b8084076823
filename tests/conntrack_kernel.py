"""What the kernel's connection tracking makes of traces: a program that runs in a network namespace of its own.

    unshare -n -m python tests/conntrack_kernel.py tcp|edges|time|sctp|errors|cells|talks|talks-time FIRST_SEED COUNT

prints one JSON object a trace ("cells": the cells of the TCP grid, whatever seed and count).

A firewall stands between two interfaces whose other ends are this program's raw sockets. A mangle rule for each
conntrack state writes the state into the TOS byte, so every forwarded packet says what conntrack thought of it; after
each packet /proc/net/nf_conntrack is read. A packet that is not forwarded has the state None.

Traces in which time passes ("time", "talks-time") are played side by side, as many as share their settings, so that a
pause is made once for all; their "times" say when each packet was sent, "looked" when the table was read, in seconds.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from conntrack_cells import cell_trace, cells
from conntrack_edges import TIMED_TOGETHER, edge_trace, timed_trace
from conntrack_traces import OPTIONS, TIMEOUTS, TRACES, Trace
from conntrack_world import summary
from tcp_talks import Talks

MAC = {"c": "02:00:00:00:0c:01", "s": "02:00:00:00:05:01"}  # of the hosts behind the interfaces
FIREWALL = {"c": "02:00:00:00:0c:fe", "s": "02:00:00:00:05:fe"}
TOS = {"INVALID": 0x04, "NEW": 0x08, "ESTABLISHED": 0x10, "RELATED": 0x20, "UNTRACKED": 0x40}
STATE_OF = {value: name for name, value in TOS.items()}
NET = {"c": 1, "s": 2}
FLUSH_AFTER = 50  # traces
PACKET_IGNORE_OUTGOING = 23


def run(command: str) -> None:
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


class Kernel:
    def __init__(self) -> None:
        run(
            "mount -t tmpfs tmpfs /run; sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0"
            " net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.ip_forward=1"
            " net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0"
        )
        for side, net in NET.items():
            inner = f"fw{side}"
            run(f"ip link add {inner} address {FIREWALL[side]} type veth peer name {side}")
            run(f"sysctl -qw net.ipv6.conf.{side}.disable_ipv6=1")
            run(f"ip link set {side} up arp off; ip link set {inner} up")
            run(f"ip addr add 10.0.{net}.1/24 dev {inner}; ip addr add fd00:{net}::1/64 dev {inner} nodad")
            for host in (2, 5, 6, 7, 9):
                run(f"ip neigh add 10.0.{net}.{host} lladdr {MAC[side]} nud permanent dev {inner}")
                run(f"ip neigh add fd00:{net}::{host} lladdr {MAC[side]} nud permanent dev {inner}")
        for tool in ("iptables-legacy", "ip6tables-legacy"):
            for state, tos in TOS.items():
                run(f"{tool} -t mangle -A FORWARD -m conntrack --ctstate {state} -j TOS --set-tos {tos}")
        self.sockets = {side: self._socket(side) for side in NET}
        self.received()
        self.sysctls: dict[str, int] = dict(OPTIONS) | TIMEOUTS

    def _socket(self, side: str) -> socket.socket:
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        made.bind((side, 0))
        made.setsockopt(263, PACKET_IGNORE_OUTGOING, 1)
        made.setblocking(False)
        return made

    def received(self) -> list[tuple[str, bytes]]:
        frames: list[tuple[str, bytes]] = []
        for side, source in self.sockets.items():
            while True:
                try:
                    frames.append((side, source.recv(70000)))
                except BlockingIOError:
                    break
        return frames

    def send(self, side: str, packet: bytes) -> str | None:
        """The state that conntrack gave the packet, None if it was not forwarded."""
        ethertype = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        mac = bytes.fromhex(FIREWALL[side].replace(":", "")) + bytes.fromhex(MAC[side].replace(":", ""))
        self.sockets[side].send((mac + ethertype + packet).ljust(60, b"\0"))
        state = None
        for leg, frame in self.received():
            if leg != side and frame[12:14] == ethertype:
                data = frame[14:]
                tos = data[1] if data[0] >> 4 == 4 else (data[0] & 15) << 4 | data[1] >> 4
                state = STATE_OF.get(tos, hex(tos))
        return state

    def lines(self) -> list[str]:
        with open("/proc/thread-self/net/nf_conntrack", encoding="ascii") as file:
            return file.read().splitlines()

    def set_sysctls(self, values: dict[str, int]) -> None:
        for name, value in values.items():
            if self.sysctls.get(name) != value:
                self.sysctls[name] = value
                with open(f"/proc/sys/net/netfilter/nf_conntrack_{name}", "w", encoding="ascii") as file:
                    file.write(str(value))

    def flush(self) -> None:
        run("conntrack -F 2>/dev/null")


def cell_traces() -> list[tuple[str, Trace]]:
    return [("/".join(cell), cell_trace(*cell, 2000 + number)) for number, cell in enumerate(cells())]


TALKS = Talks()
TIMED = {"time": timed_trace, "talks-time": TALKS.timed_trace}  # traces that are played side by side
GENERATORS = TRACES | TIMED | {"edges": edge_trace, "talks": TALKS.trace}


class Play:
    """One trace on its way through the kernel."""

    def __init__(self, kernel: Kernel, kind: str, port: int, trace: Trace) -> None:
        self.kernel = kernel
        self.long = kind == "talks"  # seconds may pass without a pause
        self.everything = kind == "errors"  # a trace of errors has the table for itself
        self.marks = (f"sport={port} ", f"dport={port} ", f"id={port} ")
        self.trace = trace
        self.steps: list[list[str]] = []
        self.outcomes: list[list[Any]] = []
        self.times: list[float] = []
        self.looked: list[float] = []

    def run(self) -> Iterator[float]:
        """Send and look; gives the seconds of every pause."""
        for side, packet in self.trace["steps"]:
            if side == "wait":
                yield float(packet)
                continue
            self.times.append(time.monotonic())
            state = self.kernel.send(side, bytes.fromhex(packet))
            lines = self.kernel.lines()
            self.looked.append(time.monotonic())
            mine = [line for line in lines if self.everything or any(mark in line for mark in self.marks)]
            self.steps.append([side, packet])
            self.outcomes.append([state, sorted(summary(line) for line in mine)])

    def result(self) -> Trace:
        """The trace with what came of it; without its pauses, which are in the times."""
        timed = self.long or len(self.steps) < len(self.trace["steps"])
        moments = {"times": self.times, "looked": self.looked} if timed else {}
        times = {name: [round(at, 4) for at in found] for name, found in moments.items()}
        return self.trace | {"steps": self.steps} | times | {"outcomes": self.outcomes}


def play_together(plays: list[Play]) -> None:
    """All up to their next pause, then the pause, until none has one left."""
    runs = [play.run() for play in plays]
    while runs:
        pauses = [next(run, None) for run in runs]
        runs = [run for run, pause in zip(runs, pauses, strict=True) if pause is not None]
        if runs:
            select.select([], [], [], max(pause for pause in pauses if pause is not None))


def main(kind: str, first: int, count: int) -> None:
    kernel = Kernel()
    TALKS.seconds = min(TALKS.seconds, count / 20)
    named = cell_traces() if kind == "cells" else []
    numbers = range(len(named) or count)
    size = TIMED_TOGETHER if kind in TIMED else 1
    for start in range(0, len(numbers), size):
        plays: dict[str, Play] = {}
        for number in numbers[start : start + size]:
            seed = first + number
            port = 2000 + number if named else 1024 + seed % 60000
            name, trace = named[number] if named else (f"{seed}", GENERATORS[kind](seed, port))
            plays[name] = Play(kernel, kind, port, trace)
        kernel.set_sysctls(next(iter(plays.values())).trace["sysctls"])
        if start % FLUSH_AFTER == 0 or kind in ("errors", *TIMED):
            kernel.flush()
        play_together(list(plays.values()))
        for number, (name, play) in enumerate(plays.items(), start):
            title = {"kind": kind, "seed": first + number, "name": name if named else ""}
            print(json.dumps(title | play.result()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
