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
        self.found = 0  # an expectation or the table was asked by a dump and knew
        self.invalid = 0  # packets that cannot be tracked
        self.insert = 0
        self.insert_failed = 0  # somebody else had taken the tuple
        self.drop = 0  # packets dropped because they could not be tracked (table full, clash)
        self.early_drop = 0  # entries that gave way to new ones
        self.error = 0
        self.search_restart = 0
        self.clash_resolve = 0
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
