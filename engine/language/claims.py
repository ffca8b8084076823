"""Names that rules share: every rule in force must mean the same by them.

The kernel keeps one table of hashlimit buckets, one estimator, one timer for a name, whichever tables its rules are in.
A new rule is looked at while those of the table it replaces are still in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from errno import EINVAL

from engine.core.extension import Extension, KernelRefusal
from engine.core.ruleset import Rule, Table


class Claims:
    """What names stand for. Rules in force are looked at once a new rule uses a name."""

    def __init__(self, others: Iterable[Table], replaced: list[list[Rule]]) -> None:
        """others: the tables that stay; replaced: rules of the chains that a new table replaces."""
        self.others = others
        self.replaced = replaced
        self.terms: dict[str, str] | None = None

    def _in_force(self) -> dict[str, str]:
        lists = [chain.rules for table in self.others for chain in table.chains.values()] + self.replaced
        return dict(
            extension.claim() for rules in lists for rule in rules if rule.stateful for extension in extensions(rule)
        )

    def take(self, rule: Rule) -> None:
        """A new rule comes in; raises KernelRefusal if another means something else by one of its names."""
        for extension in extensions(rule):
            name, terms = extension.claim()
            if not name:
                continue
            if self.terms is None:
                self.terms = self._in_force()
            known = self.terms.setdefault(name, terms)
            if known != terms:
                raise KernelRefusal(EINVAL, f"{name} is in use {known}, this rule wants it {terms}")


def extensions(rule: Rule) -> list[Extension]:
    """The matches and the target of a rule."""
    found: list[Extension] = [named.match for named in rule.matches]
    if rule.target is not None:
        found.append(rule.target)
    return found
