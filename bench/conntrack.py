"""Connection tracking: entries a second, packets a second, memory an entry, the longest pause for timers.

    python bench/conntrack.py [ENTRIES]        (default 1000000)

The source, and after `make compiled` the compiled engine, each in a process of its own. Each fills the table with UDP
and TCP flows, sends packets of known flows, goes on when the table is full (of entries that may go, then of entries
that must stay), lets the nearly full table be swept, then lets all flows end within two seconds, once with a packet now
and then and once without, and prints the pauses of each: in processor time (what the engine costs) and by the wall
(what else runs on the machine counts too; `the machine` says what that adds to constant work). The collector of cyclic
garbage works as in the engine's process (engine/driver/garbage.py); its pauses count.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

MEASURE = "--measure"
if sys.argv[1:2] == [MEASURE]:  # with the engine that PYTHONPATH names
    sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

    from conntrack_wire import CLIENT, SERVER, tcp, udp

    from engine.conntrack import Conntrack
    from engine.conntrack.table import SWEEP_SECONDS
    from engine.core.connection import ASSURED
    from engine.core.context import Context, Environment, Randomness, Shared
    from engine.core.hooks import IPV4, PREROUTING
    from engine.core.packet import Packet
    from engine.driver import garbage


def memory() -> int:
    """Bytes this process has in memory now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


class Bench:
    def __init__(self, entries: int) -> None:
        self.entries = entries
        self.shared = Shared(Environment(), Randomness())
        self.conntrack = Conntrack(self.shared)
        self.conntrack.set_sysctl("nf_conntrack_max", str(entries * 2))
        self.now = 0.0
        self.next = entries
        self.template = {6: udp_or_tcp(6), 17: udp_or_tcp(17)}

    def send(self, proto: int, number: int) -> None:
        packet = Packet(self.template[proto])
        packet.partial = True  # the checksum is somebody else's business here
        data = packet.data
        packet.src = CLIENT + (number >> 14)
        data[12:16] = packet.src.to_bytes(4, "big")
        data[20:22] = (number & 0x3FFF | 0x4000).to_bytes(2, "big")
        self.conntrack.expire(self.now)
        context = Context(self.shared, IPV4, PREROUTING, self.now)
        self.conntrack.track(packet, context)
        self.conntrack.confirm(packet, context)

    def fill(self, proto: int) -> None:
        before = memory()
        worst = 0.0
        start = time.perf_counter()
        last = time.thread_time()
        for number in range(self.entries):
            self.send(proto, number)
            stop = time.thread_time()
            worst = max(worst, stop - last)
            last = stop
        seconds = time.perf_counter() - start
        assert self.conntrack.table.count == self.entries
        each = (memory() - before) / self.entries
        print(
            f"  {self.entries:,} new flows: {self.entries / seconds:,.0f} entries/s, {each:,.0f} bytes an entry, "
            f"longest packet {worst * 1e3:.2f} ms"
        )

    def known(self, proto: int) -> None:
        count = min(self.entries, 200_000)
        start = time.perf_counter()
        for number in range(count):
            self.send(proto, number * 7919 % self.entries)
        seconds = time.perf_counter() - start
        print(f"  packets of known flows: {count / seconds:,.0f} packets/s")

    def full(self, proto: int, what: str) -> None:
        """More new flows than there is room for."""
        self.conntrack.set_sysctl("nf_conntrack_max", str(self.entries))
        count = min(self.entries, 50_000)
        statistics = self.conntrack.table.statistics
        before = statistics.early_drop, statistics.drop
        worst = 0.0
        start = time.perf_counter()
        for _number in range(count):
            last = time.thread_time()
            self.send(proto, self.next)
            self.next += 1
            worst = max(worst, time.thread_time() - last)
        seconds = time.perf_counter() - start
        print(
            f"  full of {what}: {count / seconds:,.0f} new flows/s, {statistics.early_drop - before[0]:,} entries made "
            f"room, {statistics.drop - before[1]:,} flows dropped, longest packet {worst * 1e3:.2f} ms"
        )
        assert self.conntrack.table.count <= self.entries

    def swept(self, proto: int) -> None:
        """A nearly full table is looked through once a minute for what may go; then it is filled again."""
        self.conntrack.table.swept = self.now - SWEEP_SECONDS
        most = 0
        pauses = []
        more = True
        while more:
            left = self.conntrack.table.count
            before = time.thread_time()
            more = self.conntrack.expire_some(self.now)
            pauses.append(time.thread_time() - before)
            most = max(most, left - self.conntrack.table.count)
        went = self.entries - self.conntrack.table.count
        assert went
        print(f"  swept: {went:,} entries in {len(pauses):,} calls, {most} a call at most; pause {spread(pauses)}")
        for _number in range(went):
            self.send(proto, self.next)
            self.next += 1

    def assure(self) -> None:
        for entry in self.conntrack.table.each():
            entry.status |= ASSURED

    def end(self, driven: bool) -> None:
        """All flows end within the same second or two: the worst that can happen to timers. `driven`: by packets."""
        pauses = []
        wall = 0.0
        most = 0
        start = time.perf_counter()
        while left := self.conntrack.table.count:
            self.now += 0.0001
            before, wall_before = time.thread_time(), time.perf_counter()
            if driven:
                self.conntrack.expire(self.now)
            else:
                self.conntrack.expire_some(self.now)
            pauses.append(time.thread_time() - before)
            wall = max(wall, time.perf_counter() - wall_before)
            most = max(most, left - self.conntrack.table.count)
        seconds = time.perf_counter() - start
        print(
            f"  all end, {'with' if driven else 'without'} packets: {len(pauses):,} calls in {seconds:.1f} s, {most} a "
            f"call at most; pause for timers {spread(pauses)} of processor time, {wall * 1e3:.2f} ms by the wall"
        )


def noise() -> None:
    """How much longer than usual the same work takes at times, looked at for as long as the pauses below: 4 s."""
    times = []
    end = time.monotonic() + 4
    while time.monotonic() < end:
        before = time.thread_time()
        sum(range(20_000))
        times.append(time.thread_time() - before)
    print(f"the machine: the same work again and again takes {spread(times)} of processor time")


def spread(times: list[float]) -> str:
    """Median, what one in a thousand is above, and the longest."""
    times = sorted(times)
    named = ((times[len(times) // 2], "as a rule"), (times[-1 - len(times) // 1000], "but for one in 1,000"))
    return ", ".join(f"{each * 1e3:.2f} ms {what}" for each, what in named) + f", {times[-1] * 1e3:.2f} ms at most"


def udp_or_tcp(proto: int) -> bytes:
    if proto == 17:
        return udp(CLIENT, SERVER, 1, 53)
    return tcp(CLIENT, SERVER, 1, 80, 1000, 0, "S", options=bytes((2, 4, 5, 180, 4, 2, 3, 3, 7, 1)))


def measure(entries: int) -> None:
    noise()
    for name, proto, ends in (("UDP", 17, 29.9), ("TCP SYN", 6, 119.9)):
        print(name)
        bench = Bench(entries)
        garbage.begin()
        bench.fill(proto)
        bench.known(proto)
        bench.full(proto, "unanswered flows")
        bench.swept(proto)
        bench.assure()
        bench.full(proto, "ASSURED flows")
        bench.now = ends
        bench.end(driven=proto == 17)
        del bench


def main(entries: int) -> None:
    from builds import NAMES, builds, remark, run

    for build in builds():
        print(f"engine {NAMES[build]}, Python {sys.version.split()[0]}", flush=True)
        run(build, __file__, MEASURE, str(entries), shown=True)
    print(remark(), end="")


if __name__ == "__main__":
    work = measure if sys.argv[1:2] == [MEASURE] else main
    work(int(sys.argv[-1]) if sys.argv[-1].isdecimal() else 1_000_000)
