"""Differences from the kernel that are meant to be: each with its reason and its page, counted and shown on every run.

A row is (name, page in docs, function of the case and the difference lines that says whether all of them are this).
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.fuzz.case import Case

Deviation = tuple[str, str, Callable[[Case, list[str]], bool]]

DEVIATIONS: list[Deviation] = []


def explain(case: Case, lines: list[str]) -> str:
    """The name of the deliberate deviation that accounts for all lines, "" if none does."""
    for name, _page, accounts in DEVIATIONS:
        if accounts(case, lines):
            return name
    return ""
