"""The counters of rules and policies, read from iptables-save text.

"filter FORWARD 2"         the second rule of a chain
"filter FORWARD policy"    packets that reached the end of a built-in chain
"blocked"                  the rule with `-m comment --comment blocked`
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_POLICY = re.compile(r":(\S+) (\S+) \[(\d+):(\d+)\]")
_RULE = re.compile(r"\[(\d+):(\d+)\] -A (\S+) ?(.*)")
_COMMENT = re.compile(r'--comment (?:"((?:[^"\\]|\\.)*)"|(\S+))')


@dataclass(frozen=True, slots=True)
class Count:
    packets: int
    bytes: int

    def __str__(self) -> str:
        return f"{self.packets} packets, {self.bytes} bytes"


@dataclass(slots=True)
class Counters:
    """`places`: "TABLE CHAIN NUMBER|policy" -> count. `comments`: comment -> counts of the rules that carry it."""

    places: dict[str, Count] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    comments: dict[str, list[Count]] = field(default_factory=dict)

    def at(self, place: str) -> Count | None:
        """The count of a place or a comment; rules with the same comment are added up."""
        if place in self.places:
            return self.places[place]
        marked = self.comments.get(place)
        if marked is None:
            return None
        return Count(sum(each.packets for each in marked), sum(each.bytes for each in marked))


def read(text: str) -> Counters:
    """Read what iptables-save -c prints."""
    found = Counters()
    table = ""
    numbers: dict[str, int] = {}
    for line in text.splitlines():
        if line.startswith("*"):
            table, numbers = line[1:], {}
        elif policy := _POLICY.match(line):
            chain, verdict, packets, octets = policy.groups()
            if verdict != "-":
                found.places[f"{table} {chain} policy"] = Count(int(packets), int(octets))
        elif rule := _RULE.match(line):
            packets, octets, chain, words = rule.groups()
            numbers[chain] = numbers.get(chain, 0) + 1
            count = Count(int(packets), int(octets))
            found.places[f"{table} {chain} {numbers[chain]}"] = count
            found.texts[f"{table} {chain} {numbers[chain]}"] = words
            if comment := _COMMENT.search(words):
                found.comments.setdefault(comment[1] or comment[2], []).append(count)
    return found
