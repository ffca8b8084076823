"""The rules of one engine: tables of both families, changed whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.context import Shared
from engine.core.hooks import BUILT_IN_CHAINS, FAMILIES, IPV4, IPV6
from engine.core.ruleset import Ruleset, Table
from engine.language.claims import extensions
from engine.language.edit import Edit
from engine.language.save import save_ruleset


class RulesetStore:
    """What an engine holds. `shared` is handed to extensions when their rules come and go; None: nobody runs them."""

    def __init__(self, shared: Shared | None = None) -> None:
        self.shared = shared
        self.date = ""  # for the comments of iptables-save; "" = ask the environment
        self.rulesets: dict[int, Ruleset] = {IPV4: Ruleset(IPV4), IPV6: Ruleset(IPV6)}

    def table(self, family: int, name: str) -> Table | None:
        """A table, made on first use as in the kernel; None if there is no such table."""
        tables = self.rulesets[family].tables
        known = tables.get(name)
        if known is None and name in BUILT_IN_CHAINS:
            known = Table(name, family)
            tables[name] = known
        return known

    def tables(self) -> Iterator[Table]:
        """All tables there are, of both families."""
        for ruleset in self.rulesets.values():
            yield from ruleset.tables.values()

    def settle(self, edit: Edit, family: int) -> None:
        """An edit was checked: put it in force."""
        edit.settle(self.shared)
        self.rulesets[family].refresh()

    def load(
        self,
        text: str,
        family: str = "ipv4",
        name: str = "rules",
        counters: bool = False,
        noflush: bool = False,
        test: bool = False,
        others: bool = False,
    ) -> list[str]:
        """Replace the tables that an iptables-restore text names; all of them, or none if there is a fault anywhere.

        counters: take packet and byte counters from the text. noflush: add to the tables instead. test: check only.
        others: tables that the text does not name are emptied too. Returns warnings, each with its newline; raises
        RulesetError.
        """
        from engine.language.restore import load_text

        return load_text(self, text, FAMILIES[family], name, counters, noflush, test, others)

    def save(self, family: str = "ipv4", counters: bool = False, table: str = "") -> str:
        """iptables-save text of one family without its comment lines."""
        return save_ruleset(self.rulesets[FAMILIES[family]], counters, table)

    def flush(self) -> None:
        """No tables at all, in both families."""
        for ruleset in self.rulesets.values():
            for table in ruleset.tables.values():
                for chain in table.chains.values():
                    for rule in chain.rules:
                        if rule.stateful and self.shared is not None:
                            for extension in extensions(rule):
                                extension.removed(self.shared)
            ruleset.tables = {}
            ruleset.needs_conntrack = ruleset.needs_defrag = False
