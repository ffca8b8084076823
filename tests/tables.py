"""Reader of the truth tables (`*.t`) that stand beside matches and targets.

    # comment
    :nat:PREROUTING,OUTPUT          table and chains of the rows below (filter:INPUT at the start)
    @ipv4  @ipv6  @both             their families (both at the start)
    RULE | =                        accepted, saved as written
    RULE | SAVED                    accepted, saved so
    RULE | refused: MESSAGE         first line of our message, without the program's name and full stop at the end
    ... ; legacy: EXPECTED          what iptables-legacy does where it differs from us
    ... ; nft: EXPECTED             what iptables-nft does where it differs from legacy

RULE is quoted as for a shell.
"""

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.core.hooks import IPV4, IPV6

ROOT = Path(__file__).parent.parent
REFUSED = "refused: "
SEPARATOR = re.compile(r" +\| (?==|refused:|-|! -|\?)")


@dataclass(frozen=True)
class Row:
    """One row for one family and chain. expected/legacy/nft: "refused: MESSAGE" or the saved text ("" = no words)."""

    file: str
    line: int
    family: int
    table: str
    chain: str
    rule: str
    expected: str
    legacy: str
    nft: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.rule)

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    def __str__(self) -> str:
        tool = "iptables" if self.family == IPV4 else "ip6tables"
        return f"{self.place}: {tool} -t {self.table} -A {self.chain} {self.rule}"


def files() -> list[Path]:
    return sorted([*(ROOT / "engine/match").glob("*.t"), *(ROOT / "engine/target").glob("*.t")])


@cache
def rows(path: Path) -> list[Row]:
    """Every row of a table, once for each family and chain it speaks of."""
    found: list[Row] = []
    families = (IPV4, IPV6)
    table, chains = "filter", ["INPUT"]
    name = str(path.relative_to(ROOT))
    for number, text in enumerate(path.read_text("utf-8", "surrogateescape").split("\n"), 1):
        line = text.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("@"):
            families = {"@ipv4": (IPV4,), "@ipv6": (IPV6,), "@both": (IPV4, IPV6)}[line]
        elif line.startswith(":"):
            _, table, names = line.split(":")
            chains = names.split(",")
        else:
            separator = SEPARATOR.search(line)
            assert separator, f"{name}:{number}: no ' | '"
            rule = line[: separator.start()].rstrip()
            outcomes = outcome(line[separator.end() :], rule)
            for family in families:
                found += [Row(name, number, family, table, chain, rule, *outcomes) for chain in chains]
    return found


def outcome(text: str, rule: str) -> tuple[str, str, str]:
    """(ours, legacy's, nft's) of the right-hand side."""
    rest, _, nft = text.partition(" ; nft: ")
    ours, _, legacy = rest.partition(" ; legacy: ")
    expected = meaning(ours, rule)
    old = meaning(legacy, rule) if legacy else expected
    return expected, old, meaning(nft, rule) if nft else old


def meaning(text: str, rule: str) -> str:
    text = text.strip()
    return rule if text == "=" else text
