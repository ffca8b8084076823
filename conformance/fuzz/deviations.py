"""Differences from the kernel that are meant to be: each with its reason and its page, counted and shown on every run.

A row is (name, page in docs, function of the case and the difference lines that says whether all of them are this).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.fuzz.case import Case, Send

Deviation = tuple[str, str, Callable[[Case, list[str]], bool]]

IPV6_HEADER_TARGETS = re.compile(r"-j (HL|TOS|DSCP) ")
SILENT_KERNEL = re.compile(
    r"step \d+ \(fragment .*|    kernel-\w+: nothing|    userspace: .* icmp6 1/4 .*"
    r"|counter ipv6 .*(OUTPUT|POSTROUTING) .*"
)


ENTRY = re.compile(r"only in (\S+): (ipv6 .*)")
MARK = re.compile(r" mark=\S+")


def same_but_for_marks(entries: list[tuple[str, str]]) -> bool:
    """The answer that only one engine sent met the rules that mark its connection."""
    sides: dict[str, list[str]] = {}
    for side, entry in entries:
        sides.setdefault(side, []).append(MARK.sub("", entry))
    return not sides or (len(sides) == 2 and len({tuple(sorted(each)) for each in sides.values()}) == 1)


def reassembled_ipv6_header_change(case: Case, lines: list[str]) -> bool:
    """docs/deviations.md: an IPv6 packet that came in fragments, for the firewall itself, its header rewritten."""
    fragments = any(isinstance(step, Send) and step.packet[0] >> 4 == 6 and step.packet[6] == 44 for step in case.steps)
    rewrites = IPV6_HEADER_TARGETS.search(case.rules.get("ipv6", "")) is not None
    entries = [(found[1], found[2]) for line in lines if (found := ENTRY.fullmatch(line)) is not None]
    others = [line for line in lines if ENTRY.fullmatch(line) is None]
    return fragments and rewrites and same_but_for_marks(entries) and all(map(SILENT_KERNEL.fullmatch, others))


FRAGMENT = re.compile(r"    \S+: (.*) fragment (\d+)(\+?) id F\d+ (.*)")


def recut(case: Case, lines: list[str]) -> bool:
    """docs/deviations.md: the same packet leaves in other pieces, because the kernel has joined buffers."""
    heads: set[str] = set()
    for line in lines:
        if line.startswith("step "):
            if "(fragment (" not in line:
                return False
        elif (found := FRAGMENT.fullmatch(line)) is not None:
            heads.add(found[1])
        else:
            return False
    return len(heads) == 1


ERROR = re.compile(r"    \S+: (.*) icmp6? [0-9/]+ .*")


def error_about_moved_numbers(case: Case, lines: list[str]) -> bool:
    """docs/deviations.md: the kernel moves numbers in an ICMP error as if it were a segment."""
    found = [ERROR.fullmatch(line) for line in lines if not line.startswith("step ")]
    return "--helper" in "".join(case.rules.values()) and all(found) and len({each[1] for each in found if each}) == 1


DEVIATIONS: list[Deviation] = [
    ("reassembled IPv6 header change", "docs/deviations.md", reassembled_ipv6_header_change),
    ("ICMP error about moved sequence numbers", "docs/deviations.md", error_about_moved_numbers),
    ("other pieces of the same packet", "docs/deviations.md", recut),
]


def explain(case: Case, lines: list[str]) -> str:
    """The name of the deliberate deviation that accounts for all lines, "" if none does."""
    for name, _page, accounts in DEVIATIONS:
        if accounts(case, lines):
            return name
    return ""
