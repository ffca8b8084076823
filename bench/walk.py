"""How fast rules are walked and packets go through the engine, interpreted and compiled: `python bench/walk.py`.

    python bench/walk.py [--seconds S] [--rules N]     N: rules that do not match before the one that does

No kernel and no lab: `Engine.process` alone, one UDP flow forwarded. Both engines of a run are measured in turn, round
by round, in processes of their own, by processor time; the best round counts. So their ratio stands where the figures
themselves change with what else the machine does. Without a build (`make compiled`) only the source is measured.
"""

from __future__ import annotations

import argparse
import json
import struct
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
BURST = 50
OPEN = "-A FORWARD -p udp -m udp --dport 9000 -j ACCEPT\n"
STATE = "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"


def others(count: int, row: str) -> str:
    return "".join(row.format(number=number, third=number >> 8 & 255, fourth=number & 255) for number in range(count))


def rulesets(count: int) -> dict[str, tuple[str, int]]:
    """name -> iptables-restore text, and the rules that each packet meets at FORWARD before the one that decides."""
    address = others(count, "-A FORWARD -s 192.0.{third}.{fourth}/32 -j DROP\n")
    port = others(count, "-A FORWARD -p udp -m udp --dport {number} -j DROP\n")
    two = others(count, "-A FORWARD -p udp -m udp --sport 1:65535 -m multiport --dports {number},1,2 -j DROP\n")
    filters = {
        "no rules": ("", 0),
        "one state rule": (STATE + OPEN, 0),
        f"{count} addresses": (address + OPEN, count),
        f"{count} ports": (port + OPEN, count),
        f"{count} of two matches": (two + OPEN, count),
    }
    texts = {name: (f"*filter\n:FORWARD DROP [0:0]\n{rules}COMMIT\n" if rules else "", met)
             for name, (rules, met) in filters.items()}  # fmt: skip
    snat = "*nat\n-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.1\nCOMMIT\n"
    return {**texts, "one state rule, SNAT": (texts["one state rule"][0] + snat, 0)}


def udp_packet() -> bytes:
    payload = bytes(22)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0)
    header += bytes((10, 0, 1, 10, 198, 51, 100, 10))
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]
    return header + struct.pack("!HHHH", 1000, 9000, 8 + len(payload), 0) + payload


def forwarding(rules: str) -> Callable[[], None]:
    """A packet's way through PREROUTING, FORWARD and POSTROUTING."""
    from engine.core.context import Arrival
    from engine.core.engine import Engine
    from engine.core.hooks import FORWARD, POSTROUTING, PREROUTING
    from engine.core.verdict import ACCEPT

    engine = Engine()
    if rules:
        engine.load(rules)
    first = udp_packet()
    hooks = ((PREROUTING, "lan", ""), (FORWARD, "lan", "wan"), (POSTROUTING, "", "wan"))
    clock = [0.0]

    def one() -> None:
        clock[0] += 0.0001
        data = first
        for hook, indev, outdev in hooks:
            departure = engine.process(Arrival(hook, data, indev, outdev), clock[0])
            assert departure.verdict == ACCEPT
            data = departure.data or data

    return one


def per_packet(one: Callable[[], None], seconds: float) -> float:
    """Processor seconds for a packet."""
    one()
    begun, count = time.process_time(), 0
    while (took := time.process_time() - begun) < seconds:
        for _ in range(BURST):
            one()
        count += BURST
    return took / count


def measure(count: int, seconds: float) -> dict[str, float]:
    return {name: per_packet(forwarding(rules), seconds) for name, (rules, _met) in rulesets(count).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure of a round")
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.rules, options.seconds)))
        return
    from builds import builds, remark, run

    words = ("--measure", "--seconds", str(options.seconds), "--rules", str(options.rules))
    rounds = [{build: json.loads(run(build, __file__, *words)) for build in builds()} for _ in range(ROUNDS)]
    best = {build: {name: min(each[build][name] for each in rounds) for name in rounds[0][build]} for build in builds()}
    show(best, rulesets(options.rules))
    print(remark(), end="")


def show(best: dict[bool, dict[str, float]], rules: dict[str, tuple[str, int]]) -> None:
    """Packets a second, each through three hooks; rules a second: what the rules cost more than a ruleset of one."""
    from builds import NAMES

    print(f"{'':34}", *(f"{NAMES[build]:>14}" for build in best), f"{'ratio':>7}" if len(best) > 1 else "")
    for name, (_text, met) in rules.items():
        row({build: 1 / found[name] for build, found in best.items()}, f"{name}, packets/s")
        if met:
            base = {build: found["no rules"] for build, found in best.items()}
            row({build: met / max(found[name] - base[build], 1e-9) for build, found in best.items()},
                f"{name}, rules/s")  # fmt: skip


def row(values: dict[bool, float], name: str) -> None:
    ratio = f"{values[True] / values[False]:>7.1f}" if len(values) > 1 else ""
    print(f"{name:34}", *(f"{value:>14,.0f}" for value in values.values()), ratio)


if __name__ == "__main__":
    main()
