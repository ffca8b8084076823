"""Rows of the truth tables, made wrong at random: what a tired administrator writes.

A word replaced, left out, said twice, put first, exchanged with its neighbour, negated or shortened; another family,
chain or table; the words of two rows in one. The outcome of such a rule stands in no table: the real tool knows it.
"""

import random
import shlex
from dataclasses import replace

from tables import Row, files, rows

from engine.core.hooks import BUILT_IN_CHAINS, IPV4, IPV6

VALUES = (
    "0 1 -1 65535 65536 4294967295 4294967296 2147483648 18446744073709551615 0x10 010 1e3 +1 1:2 2:1 : 1: :5 1,2 a ! "
    "-- 1.2.3.4 1.2.3.4/24 1.2.3 10.0.0.0/33 10.0.0.1-10.0.0.5 ::1 fe80::/10 any none ALL 255 256 1/2 0/0 0xff/0xff "
    "tcp udp icmp all ipv6-icmp lo eth+ ssh http ssh:http 22,80 SYN,ACK NEW 1/s 3/min abc/day echo-request DROP '' ' 1'"
)
PHRASES = (
    "-p tcp", "-p udp", "! -p tcp", "-p icmp", "-p 0", "-p all", "-p sctp", "-p 58", "-p ipv6-icmp", "-s 1.2.3.4",
    "! -d ::1", "-i eth0", "-o eth1", "-f", "-j ACCEPT", "-j DROP", "-j INPUT", "-g nope", "-m tcp", "-m udp",
    "-m comment --comment x", "-m state --state NEW", "--dport 80", "-c 1 2",
)  # fmt: skip
KINDS = ("replace", "drop", "first", "last", "table", "family", "join", "swap", "not", "short", "equals", "twice")
# A match or target that is loaded through a library which is not there everywhere, or asks for help in the middle.
LEFT_OUT = ("SET", "set", "--bytecode")


def mutated(count: int, seed: int) -> list[Row]:
    """`count` rows of all tables, each with one or two faults."""
    rng = random.Random(seed)
    known = [row for path in files() for row in rows(path)]
    found: list[Row] = []
    while len(found) < count:
        row = rng.choice(known)
        words = row.words
        for _fault in range(rng.choice((1, 1, 1, 2))):
            row, words = fault(row, words, known, rng)
        if not any(word in LEFT_OUT or asks_for_help(word) or "\0" in word for word in words):
            found.append(replace(row, rule=shlex.join(words)))
    return found


def asks_for_help(word: str) -> bool:
    return len(word) > 2 and ("--help".startswith(word) or "--table".startswith(word.partition("=")[0]))


def fault(row: Row, words: list[str], known: list[Row], rng: random.Random) -> tuple[Row, list[str]]:
    words = list(words)
    at = rng.randrange(len(words)) if words else 0
    options = [index for index, word in enumerate(words) if word.startswith("-") and len(word) > 1]
    kind = rng.choice(KINDS)
    if kind == "table":
        table = rng.choice(list(BUILT_IN_CHAINS))
        return replace(row, table=table, chain=rng.choice(list(BUILT_IN_CHAINS[table]))), words
    if kind == "family":
        return replace(row, family=IPV6 if row.family == IPV4 else IPV4), words
    phrase = shlex.split(rng.choice(PHRASES))
    if kind == "first":
        words = phrase + words
    elif kind == "last":
        words += phrase
    elif kind == "join":
        words += rng.choice(known).words
    elif kind == "replace" and words:
        words[at] = rng.choice(shlex.split(VALUES))
    elif kind == "drop" and words:
        del words[at]
    elif kind == "swap" and at + 1 < len(words):
        words[at], words[at + 1] = words[at + 1], words[at]
    elif options:
        at = rng.choice(options)
        if kind == "not":
            words.insert(at, "!")
        elif kind == "short" and len(words[at]) > 4:
            words[at] = words[at][: rng.randrange(3, len(words[at]))]
        elif kind == "equals" and at + 1 < len(words):
            words[at : at + 2] = [f"{words[at]}={words[at + 1]}"]
        elif kind == "twice":
            words += words[at : at + 2]
    return row, words
