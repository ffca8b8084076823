"""How fast a big ruleset is loaded and saved, beside iptables-legacy-restore and -save in the same run.

    python bench/load_save.py [RULES [ROUNDS]]       default 30000 rules in three tables, 5 rounds

Prints rules a second of the best round, the ratio of times (above 1: slower than the C tool, kernel included) and
memory a rule. The C tool runs in a network namespace of its own; without one only our own figures are printed. Our own
time is that of `RulesetStore.load` and `.save` in this process: no start of a program, no file, as in a running engine.
"""

import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "tests")]

from real_iptables import probe  # noqa: E402

import engine.language.restore  # noqa: E402
from engine.core.context import Environment, Randomness, Shared  # noqa: E402
from engine.core.hooks import BUILT_IN_CHAINS  # noqa: E402
from engine.language.store import RulesetStore  # noqa: E402

TARGETS = {"filter": "ACCEPT", "nat": "RETURN", "mangle": "MARK --set-xmark 0x{number:x}/0xffffffff"}
USER_CHAINS = 100


def ruleset(count: int, seed: int = 1) -> str:
    """iptables-save text as a site might have it: addresses that differ, ports, states, comments, limits, jumps."""
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


def best(rounds: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(text: str, rounds: int) -> tuple[float, float, float]:
    """Seconds to load, seconds to save, bytes a rule."""
    store = RulesetStore(Shared(Environment(), Randomness()))
    load = best(rounds, lambda: store.load(text))
    save = best(rounds, lambda: store.save())
    tracemalloc.start()
    again = RulesetStore()
    before = tracemalloc.get_traced_memory()[0]
    again.load(text)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return load, save, used / text.count("\n-A ")


# The C tools, timed from inside the namespace: start and end of each process included, as nobody runs them otherwise.
TIMER = """
import subprocess, sys, time
def best(words, source, target):
    times = []
    for _ in range(int(sys.argv[3])):
        with open(source) as stdin, open(target, "w") as stdout:
            start = time.perf_counter()
            subprocess.run(words, stdin=stdin, stdout=stdout, check=True)
            times.append(time.perf_counter() - start)
    return min(times)
print(best(["iptables-legacy-restore"], sys.argv[1], "/dev/null"))
print(best(["iptables-legacy-save"], "/dev/null", sys.argv[2]))
"""


def theirs(text: str, rounds: int) -> tuple[float, float, str]:
    """Seconds to load, seconds to save, what was saved."""
    enter, _reason = probe("legacy")
    with tempfile.TemporaryDirectory() as folder:
        rules, saved = Path(folder) / "rules", Path(folder) / "saved"
        rules.write_text(text)
        command = [*enter, sys.executable, "-c", TIMER, str(rules), str(saved), str(rounds)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        load, save = map(float, output.split())
        kept = "".join(line for line in saved.read_text().splitlines(True) if not line.startswith("#"))
    return load, save, kept


def main(count: int = 30000, rounds: int = 5) -> int:
    text = ruleset(count)
    rules = text.count("\n-A ")
    build = "compiled" if engine.language.restore.__file__.endswith(".so") else "interpreted"
    load, save, memory = ours(text, rounds)
    print(f"{rules} rules, 3 tables, {3 * USER_CHAINS} user chains; engine {build}; best of {rounds}")
    print(f"nflab load    {load:7.3f} s  {rules / load:10,.0f} rules/s   {memory:.0f} bytes a rule")
    print(f"nflab save    {save:7.3f} s  {rules / save:10,.0f} rules/s")
    enter, reason = probe("legacy")
    if not enter:
        print(f"iptables-legacy not measured: {reason}")
        return 0
    their_load, their_save, kept = theirs(text, rounds)
    print(f"legacy load   {their_load:7.3f} s  {rules / their_load:10,.0f} rules/s   ratio {load / their_load:.2f}")
    print(f"legacy save   {their_save:7.3f} s  {rules / their_save:10,.0f} rules/s   ratio {save / their_save:.2f}")
    store = RulesetStore()
    store.load(text)
    same = store.save() == kept
    print(f"saved text {'equal' if same else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
