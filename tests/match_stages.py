"""Where the plays of `match_plays.py` are given: an engine; and the machine's own tables, in namespaces of their own.

The kernel's side is a program (`ask` starts it) that makes the router of `kernel_router.py` and plays on it.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kernel_router import Router, run
from match_play import Play, Stage, perform
from match_plays import ALL
from nat_world import World
from real_iptables import probe

from engine.core.hooks import IPV4, IPV6

TABLES = ("raw", "mangle", "nat", "filter")
ATTEMPTS = 3


class EngineStage(World):
    def load(self, play: Play) -> None:
        (self.ip6t if play.is_ipv6 else self.ipt)(*play.commands())

    def counts(self, play: Play) -> list[int]:
        ruleset = self.engine.store.rulesets[IPV6 if play.is_ipv6 else IPV4]
        rules = ruleset.tables[play.table].chains[play.chain].rules
        return [rule.packets for rule in rules[len(rules) - len(play.rows) :]]


def ask() -> list[list[str]]:
    """What the kernel's rules say, for each play of `match_plays.ALL`."""
    enter, reason = probe("legacy")
    assert enter, reason
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        subprocess.run([*enter, sys.executable, __file__, str(answer)], check=True, timeout=300)
        found: list[list[str]] = json.loads(answer.read_text())
        return found


# -- inside the namespaces


class KernelStage:
    def __init__(self) -> None:
        self.router = Router()

    def load(self, play: Play) -> None:
        nothing = "".join(f"*{table}\nCOMMIT\n" for table in TABLES)
        for tool in ("iptables-legacy-restore", "ip6tables-legacy-restore"):
            subprocess.run([tool], input=nothing, text=True, check=True)
        by_table: dict[str, list[str]] = {}
        # a rule in mangle PREROUTING that counts what arrived; it stands in no play's way
        for command in ["-t mangle -A PREROUTING", *play.commands()]:
            _t, table, rule = command.split(" ", 2)
            by_table.setdefault(table, []).append(rule)
        text = "".join(f"*{table}\n" + "\n".join(rules) + "\nCOMMIT\n" for table, rules in by_table.items())
        subprocess.run([f"{self._tool(play)}-restore"], input=text, text=True, check=True)
        run("conntrack", "-F", check=False)
        run("conntrack", "-F", "expect", check=False)
        self.play = play

    def send(self, leg: str, data: bytes) -> None:
        before = self._saved("mangle", "PREROUTING")[0]
        self.router.send(leg, data)
        deadline = time.monotonic() + 5
        while self._saved("mangle", "PREROUTING")[0] == before:
            assert time.monotonic() < deadline, "the packet never came"

    def advance(self, seconds: float) -> None:
        time.sleep(seconds)

    def counts(self, play: Play) -> list[int]:
        found = self._saved(play.table, play.chain)
        return found[len(found) - len(play.rows) :]

    def _saved(self, table: str, chain: str) -> list[int]:
        text = run(f"{self._tool(self.play)}-save", "-c", "-t", table)
        return [int(number) for number in re.findall(rf"^\[(\d+):\d+\] -A {chain}\b", text, re.MULTILINE)]

    def _tool(self, play: Play) -> str:
        return "ip6tables-legacy" if play.is_ipv6 else "iptables-legacy"


def watch(play: Play, stage: Stage) -> list[str]:
    """Again if it went otherwise than written: rates pass in real time here, and a busy machine is late."""
    for _again in range(ATTEMPTS):
        said = perform(play, stage)
        if said == [row.says for row in play.rows]:
            break
    return said


def main(answer: str) -> None:
    stage = KernelStage()
    Path(answer).write_text(json.dumps([watch(play, stage) for play in ALL]))


if __name__ == "__main__":
    main(*sys.argv[1:])
