"""Counters of the table, as `conntrack -S` and /proc/net/stat/nf_conntrack show them."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "found",
    "invalid",
    "insert",
    "insert_failed",
    "drop",
    "early_drop",
    "error",
    "search_restart",
    "clash_resolve",
    "chaintoolong",
)


class Statistics:
    def __init__(self) -> None:
        self.found = 0  # NAT found a tuple taken
        self.invalid = 0  # packets that belong to no connection
        self.insert = 0  # entries made by the conntrack tool; those that packets make are not counted
        self.insert_failed = 0  # the tuple was taken when the packet had passed every hook
        self.drop = 0  # packets dropped: table full, or insert_failed
        self.early_drop = 0  # entries that gave way to new ones
        self.error = 0  # ICMP messages that are broken, or quote what belongs to no connection
        self.search_restart = 0
        self.clash_resolve = 0  # two first packets of one flow that share an entry
        self.chaintoolong = 0
        self.expect_new = 0
        self.expect_create = 0
        self.expect_delete = 0

    def values(self) -> list[tuple[str, int]]:
        return [
            ("found", self.found),
            ("invalid", self.invalid),
            ("insert", self.insert),
            ("insert_failed", self.insert_failed),
            ("drop", self.drop),
            ("early_drop", self.early_drop),
            ("error", self.error),
            ("search_restart", self.search_restart),
            ("clash_resolve", self.clash_resolve),
            ("chaintoolong", self.chaintoolong),
        ]
