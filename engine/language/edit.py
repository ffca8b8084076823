"""Changes to one table, all or nothing: what libiptc does between reading a table and committing it.

An `Edit` works on the live table and remembers how it was. `commit` has the kernel's checks done and tells the
extensions; `undo` puts everything back. Nothing else may look at the table in between. The texts of errors are those
that iptables-legacy 1.8.9 prints for the same errno.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.core.context import Shared
from engine.core.extension import Extension
from engine.core.ruleset import Chain, Rule, Table
from engine.core.ruletext import action_text, condition_text, unsaid_text
from engine.core.verdict import ACCEPT, DROP
from engine.language.check import VERDICTS, check_table
from engine.language.claims import Claims, extensions

NO_CHAIN: Final = "No chain/target/match by that name"
BAD_RULE: Final = "Bad rule (does a matching rule exist in that chain?)"
LONGEST_NEW_NAME: Final = 31
KEPT_OF_NAME: Final = 29
POLICIES: Final[dict[str, int]] = {"ACCEPT": ACCEPT, "DROP": DROP}


class TableError(Exception):
    """A change that a table does not allow. str() is the sentence without "iptables: " and without full stop."""

    def __init__(self, message: str, invalid: bool = False) -> None:
        super().__init__(message)
        self.invalid = invalid  # EINVAL: iptables adds a pointer to the kernel log


_stateful: Final[dict[type, bool]] = {}


def is_stateful(extension: Extension) -> bool:
    """Does it want to know when its rule is installed and removed, or share a name with other rules?"""
    kind = type(extension)
    known = _stateful.get(kind)
    if known is None:
        known = not (
            _inherited(kind, "installed", Extension.installed)
            and _inherited(kind, "removed", Extension.removed)
            and _inherited(kind, "claim", Extension.claim)
        )
        _stateful[kind] = known
    return known


def _inherited(kind: type, name: str, base: object) -> bool:
    return getattr(kind, name) is base


class ChainState:
    """How a chain was when an edit began."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.name = chain.name
        self.policy = chain.policy
        self.packets = chain.packets
        self.bytes = chain.bytes
        self.rules = chain.rules.copy()

    def restore(self) -> None:
        self.chain.name = self.name
        self.chain.policy = self.policy
        self.chain.packets = self.packets
        self.chain.bytes = self.bytes
        self.chain.rules = self.rules


class Edit:
    """One transaction on one table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.before = [ChainState(chain) for chain in table.chains.values()]
        self.zeroed: list[tuple[Rule, int, int]] = []
        self.policy_counters: dict[str, tuple[int, int]] = {}
        self.in_order = True  # user chains stand in the order of their names

    # -- finding

    def chain(self, name: str) -> Chain:
        chain = self.table.chains.get(name)
        if chain is None:
            raise TableError(NO_CHAIN)
        return chain

    def has(self, name: str) -> bool:
        return name in self.table.chains

    def is_built_in(self, name: str) -> bool:
        return self.chain(name).is_built_in

    def put_in_order(self) -> None:
        """Built-in chains first, then user chains by name."""
        if self.in_order:
            return
        chains = self.table.chains
        ordered = {name: chain for name, chain in chains.items() if chain.is_built_in}
        for name in sorted(name for name, chain in chains.items() if not chain.is_built_in):
            ordered[name] = chains[name]
        self.table.chains = ordered
        self.in_order = True

    def chain_names(self) -> list[str]:
        self.put_in_order()
        return list(self.table.chains)

    def jump_targets(self) -> set[int]:
        """id() of every chain that a rule leads to."""
        chains = self.table.chains.values()
        return {id(rule.jump) for chain in chains for rule in chain.rules if rule.jump is not None}

    # -- rules

    def _refuse_built_in(self, rule: Rule) -> None:
        if rule.jump is not None and rule.jump.is_built_in:
            raise TableError("Invalid argument", invalid=True)

    def append(self, name: str, rule: Rule) -> None:
        chain = self.chain(name)
        self._refuse_built_in(rule)
        chain.rules.append(rule)

    def insert(self, name: str, rule: Rule, number: int) -> None:
        chain = self.chain(name)
        if number > len(chain.rules) + 1:
            raise TableError("Index of insertion too big")
        self._refuse_built_in(rule)
        chain.rules.insert(number - 1, rule)

    def replace(self, name: str, rule: Rule, number: int) -> None:
        chain = self.chain(name)
        if number > len(chain.rules):
            raise TableError("Index of replacement too big")
        self._refuse_built_in(rule)
        chain.rules[number - 1] = rule

    def delete_number(self, name: str, number: int) -> None:
        chain = self.chain(name)
        if number > len(chain.rules):
            raise TableError("Index of deletion too big")
        del chain.rules[number - 1]

    def find_rule(self, name: str, rule: Rule) -> int:
        """Index of the first rule that is the same; counters do not matter."""
        chain = self.table.chains.get(name)
        if chain is None:
            raise TableError(BAD_RULE)
        self._refuse_built_in(rule)
        condition = condition_text(rule)
        action = action_text(rule)
        unsaid = unsaid_text(rule)
        for index, other in enumerate(chain.rules):
            if condition_text(other) == condition and action_text(other) == action and unsaid_text(other) == unsaid:
                return index
        is_plain = rule.jump is None and (rule.target is None or rule.target_name in VERDICTS)
        raise TableError(BAD_RULE if is_plain else NO_CHAIN)

    def delete_rule(self, name: str, rule: Rule) -> None:
        index = self.find_rule(name, rule)
        del self.table.chains[name].rules[index]

    # -- chains

    def create_chain(self, name: str) -> None:
        if name in self.table.chains or name in VERDICTS:
            raise TableError("Chain already exists")
        self.table.chains[name] = Chain(name)
        self.in_order = False

    def delete_chain(self, name: str, referenced: set[int] | None = None) -> None:
        """referenced: what `jump_targets` said, to save looking again for each of many chains."""
        chain = self.chain(name)
        if chain.is_built_in:
            raise TableError("Invalid argument", invalid=True)
        if id(chain) in (self.jump_targets() if referenced is None else referenced):
            raise TableError("Too many links")
        if chain.rules:
            raise TableError("Directory not empty")
        del self.table.chains[name]

    def rename_chain(self, old: str, new: str) -> None:
        if new in self.table.chains or new in VERDICTS:
            raise TableError("File exists")
        chain = self.table.chains.get(old)
        if chain is None or chain.is_built_in:
            raise TableError(NO_CHAIN)
        octets = new.encode("utf-8", "surrogateescape")
        if len(octets) > LONGEST_NEW_NAME:
            raise TableError("Invalid argument", invalid=True)
        # iptables checks the length of every name but this one; the kernel keeps what it has room for
        new = octets[:KEPT_OF_NAME].decode("utf-8", "surrogateescape")
        if new in self.table.chains:
            raise TableError("File exists")  # there are two of that name then in the kernel
        del self.table.chains[old]
        chain.name = new
        self.table.chains[new] = chain
        self.in_order = False

    def set_policy(self, name: str, policy: str, counters: tuple[int, int]) -> None:
        chain = self.table.chains.get(name)
        if chain is None or chain.policy is None:
            raise TableError("Bad built-in chain name")
        if policy not in POLICIES:
            raise TableError("Bad policy name", invalid=True)
        chain.policy = POLICIES[policy]
        self.policy_counters[name] = counters

    # -- flushing and zeroing

    def flush(self, name: str) -> None:
        self.chain(name).rules = []

    def clear(self) -> None:
        """No rules and no user chains; policies stay."""
        for name, chain in list(self.table.chains.items()):
            chain.rules = []
            if not chain.is_built_in:
                del self.table.chains[name]

    def zero_chain(self, name: str) -> None:
        for rule in self.chain(name).rules:
            self._zero(rule)

    def zero_rule(self, name: str, number: int) -> None:
        chain = self.chain(name)
        if number > len(chain.rules):
            raise TableError("Index of counter too big")
        self._zero(chain.rules[number - 1])

    def _zero(self, rule: Rule) -> None:
        self.zeroed.append((rule, rule.packets, rule.bytes))
        rule.packets = 0
        rule.bytes = 0

    # -- the end

    def undo(self) -> None:
        """Everything as it was."""
        for rule, packets, octets in reversed(self.zeroed):
            rule.packets, rule.bytes = packets, octets
        chains: dict[str, Chain] = {}
        for state in self.before:
            state.restore()
            chains[state.name] = state.chain
        self.table.chains = chains

    def check(self, others: Iterable[Table] = (), shared: Shared | None = None) -> None:
        """What the kernel checks; raises RuleRefused. others: all the other tables of both families. shared: of the
        engine that is to carry the rules out."""
        table = self.table
        replaced = [state.rules for state in self.before]
        check_table(table, Claims((other for other in others if other is not table), replaced), shared)

    def settle(self, shared: Shared | None) -> None:
        """The table is in force: put its chains in order, count policies afresh, tell the extensions.

        Policy counters start again with every change to the table (as iptables-legacy 1.8.9 has it); chains are kept
        in the order of their names.
        """
        self.put_in_order()
        for chain in self.table.chains.values():
            if not chain.is_built_in:
                break
            chain.packets, chain.bytes = self.policy_counters.get(chain.name, (0, 0))
        if shared is not None:
            self._tell(shared)

    def _tell(self, shared: Shared) -> None:
        """As the kernel goes about it: every rule of the new table is set up, then every rule of the old one is let go.
        A rule that stays is both."""
        for chain in self.table.chains.values():
            for rule in chain.rules:
                if rule.stateful:
                    for extension in extensions(rule):
                        extension.installed(shared)
        for state in self.before:
            for rule in state.rules:
                if rule.stateful:
                    for extension in extensions(rule):
                        extension.removed(shared)


def mark_stateful(rule: Rule) -> None:
    rule.stateful = any(is_stateful(named.match) for named in rule.matches) or (
        rule.target is not None and is_stateful(rule.target)
    )
