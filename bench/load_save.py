"""How fast a big ruleset is loaded and saved, beside iptables-legacy-restore and -save in the same run.

    python bench/load_save.py [RULES [ROUNDS]]       default 30000 rules in three tables, 5 rounds

Prints rules a second of the best round, the ratio of times (above 1: slower than the C tool, kernel included) and
memory a rule, for the source and, after `make compiled`, for the compiled engine; the three take turns, round by round.
All times are processor times, user and system: what else the machine does hardly counts. The C tool runs in a network
namespace of its own; without one only our own figures are printed. Our own time is that of `RulesetStore.load` and
`.save` in a process that is there already: no start of a program, no file, as in a running engine.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"filter": "ACCEPT", "nat": "RETURN", "mangle": "MARK --set-xmark 0x{number:x}/0xffffffff"}
USER_CHAINS = 100


def ruleset(count: int, seed: int = 1) -> str:
    """iptables-save text as a site might have it: addresses that differ, ports, states, comments, limits, jumps."""
    from engine.core.hooks import BUILT_IN_CHAINS

    chance = random.Random(seed)
    lines = []
    for table, target in TARGETS.items():
        users = [f"{table}-user-{index}" for index in range(USER_CHAINS)]
        lines.append(f"*{table}")
        lines += [f":{chain} ACCEPT [0:0]" for chain in BUILT_IN_CHAINS[table]]
        lines += [f":{chain} - [0:0]" for chain in users]
        for chain in BUILT_IN_CHAINS[table][:2]:
            lines += [f"-A {chain} -j {user}" for user in users[:50]]
        for index in range(count // 3 - 100):
            address = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}/32"
            condition = (
                f"-s {address} -p tcp -m tcp --dport {chance.randrange(65536)}",
                f"-d {address} -i eth{chance.randrange(8)} -p udp -m udp --sport 53 --dport 1024:65535",
                "-m conntrack --ctstate RELATED,ESTABLISHED",
                f'-s {address} -m comment --comment "rule number {index}"',
                "-p tcp -m multiport --dports 22,80,443 -m limit --limit 10/sec",
                f"-s {address} -o wan -p icmp -m icmp --icmp-type 8",
            )[index % 6]
            action = target.format(number=chance.randrange(1, 1000))
            lines.append(f"-A {chance.choice(users)} {condition} -j {action}")
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure(source: str, kept: str) -> dict[str, object]:
    """One round of our own: seconds to load and to save, bytes a rule, whether the saved text is that of the C tool."""
    from engine.core.context import Environment, Randomness, Shared
    from engine.driver import garbage
    from engine.language.store import RulesetStore

    text = Path(source).read_text()
    store = RulesetStore(Shared(Environment(), Randomness()))
    store.load(text)  # modules of matches and targets are imported when they are first met
    garbage.begin()  # as in the engine's process
    load, save = seconds(lambda: store.load(text)), seconds(store.save)
    tracemalloc.start()
    again = RulesetStore()
    before = tracemalloc.get_traced_memory()[0]
    again.load(text)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    same = not Path(kept).exists() or store.save() == Path(kept).read_text()
    return {"load": load, "save": save, "bytes": used / text.count("\n-A "), "same": same}


# The C tools, timed from inside the namespace: start and end of each process included, as nobody runs them otherwise.
TIMER = """
import resource, subprocess, sys
def used(words, source, target):
    with open(source) as stdin, open(target, "w") as stdout:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(words, stdin=stdin, stdout=stdout, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(used(["iptables-legacy-restore"], sys.argv[1], "/dev/null"))
print(used(["iptables-legacy-save"], "/dev/null", sys.argv[2]))
"""


def theirs(enter: list[str], source: Path, kept: Path) -> dict[str, float]:
    """One round of the C tools; what they saved goes to `kept`, without comments."""
    command = [*enter, sys.executable, "-c", TIMER, str(source), str(kept)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    kept.write_text("".join(line for line in kept.read_text().splitlines(True) if not line.startswith("#")))
    load, save = map(float, output.split())
    return {"load": load, "save": save}


def main(count: int = 30000, rounds: int = 5) -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from builds import NAMES, builds, remark, run
    from real_iptables import probe

    text = ruleset(count)
    rules = text.count("\n-A ")
    enter, reason = probe("legacy")
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        source, kept = Path(folder) / "rules", Path(folder) / "saved"
        source.write_text(text)
        for _ in range(rounds):
            if enter:
                found.setdefault("iptables-legacy", []).append(theirs(enter, source, kept))
            for build in builds():
                measured = json.loads(run(build, __file__, "--measure", str(source), str(kept)))
                found.setdefault(f"nflab {NAMES[build]}", []).append(measured)
    print(f"{rules} rules, 3 tables, {3 * USER_CHAINS} user chains; processor time, best of {rounds}")
    for what in ("load", "save"):
        times = {name: min(each[what] for each in runs) for name, runs in found.items()}
        for name, took in times.items():
            ratio = f"ratio {took / times['iptables-legacy']:.2f}" if enter else ""
            memory = f"  {found[name][0]['bytes']:.0f} bytes a rule" if "bytes" in found[name][0] else ""
            print(f"{what}  {name:18} {took:7.3f} s  {rules / took:10,.0f} rules/s  {ratio}{memory}".rstrip())
    if not enter:
        print(f"iptables-legacy not measured: {reason}")
    print(remark(), end="")
    same = all(each.get("same", True) for runs in found.values() for each in runs)
    print(f"saved text {'equal' if same else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(*sys.argv[2:])))
        sys.exit(0)
    sys.exit(main(*map(int, sys.argv[1:])))
