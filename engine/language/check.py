"""What the kernel checks when a table is handed to it: jumps, loops, and where matches and targets may stand.

A rule is looked at for the hooks from which it can be reached: through jumps, from built-in chains, and not behind a
rule that decides every packet. What cannot be reached is not checked for hooks, nor for loops (measured).
"""

from __future__ import annotations

from errno import EINVAL, ELOOP
from typing import Final

from engine.core.context import Shared
from engine.core.extension import ALL_HOOKS, KernelRefusal, RuleHead, Spec
from engine.core.hooks import HOOK_NAMES, IPV4
from engine.core.names import NAMES
from engine.core.ruleset import Chain, Rule, Table
from engine.language.claims import Claims, extensions

# The targets that decide without an extension of the kernel's.
VERDICTS: Final = frozenset(("ACCEPT", "DROP", "RETURN", "QUEUE"))


def hook_names(hooks: int) -> str:
    return "/".join(name for number, name in enumerate(HOOK_NAMES) if hooks >> number & 1)


def check_place(what: str, spec: Spec, head: RuleHead, table: str, hooks: int) -> None:
    """The restrictions that a Spec declares. Sentences as the kernel logs them."""
    name = spec.real_name or spec.name
    prefix = f"x_tables: {'ip' if head.family == IPV4 else 'ip6'}_tables: {name}{f'.{spec.revision}'} {what}: "
    if spec.tables and table not in spec.tables:
        only = "/".join(spec.tables)
        raise KernelRefusal(EINVAL, f"{prefix}only valid in {only} table, not {table}")
    if hooks & ~spec.hooks & ALL_HOOKS:
        raise KernelRefusal(
            EINVAL, f"{prefix}used from hooks {hook_names(hooks)}, but only usable from {hook_names(spec.hooks)}"
        )
    if spec.protos and (head.proto not in spec.protos or head.proto_inverted):
        only = "/".join(NAMES.protocol_name(number) or str(number) for number in spec.protos)
        raise KernelRefusal(EINVAL, f"{prefix}only valid for protocol {only}")


def check_rule(rule: Rule, table: str, hooks: int) -> None:
    """May this rule stand in this table, reached from these hooks (0: from none)? KernelRefusal if not."""
    for named in rule.matches:
        if named.spec is not None:
            check_place("match", named.spec, rule.head, table, hooks)
        named.match.check(rule.head, table, hooks)
    if rule.target is not None:
        if rule.target_spec is not None:
            check_place("target", rule.target_spec, rule.head, table, hooks)
        rule.target.check(rule.head, table, hooks)
        rule.target.check_matches([named.match for named in rule.matches])
    if rule.jump is not None and rule.jump.is_built_in:
        raise KernelRefusal(EINVAL, f"a rule cannot jump to the built-in chain '{rule.jump.name}'")


def is_final(rule: Rule) -> bool:
    """Does this rule decide every packet (so that nothing behind it is reached)?"""
    if rule.matches or rule.target_name not in VERDICTS:
        return False
    head = rule.head
    return not (
        head.src_mask
        or head.src_inverted
        or head.dst_mask
        or head.dst_inverted
        or (head.indev and (head.indev != "+" or head.indev_inverted))
        or (head.outdev and (head.outdev != "+" or head.outdev_inverted))
        or head.proto
        or head.fragment
    )


class Outline:
    """What of a chain matters for reachability: how many of its rules can be reached, and where they lead."""

    def __init__(self, chain: Chain) -> None:
        self.reached = len(chain.rules)
        self.jumps: list[tuple[Chain, Rule]] = []
        self.hooks = 0
        self.on_path = False
        for index, rule in enumerate(chain.rules):
            if rule.jump is not None:
                self.jumps.append((rule.jump, rule))
            elif rule.target is not None and not rule.matches and is_final(rule):
                self.reached = index + 1
                break


class LoopFound(KernelRefusal):
    def __init__(self, chain: Chain, rule: Rule) -> None:
        super().__init__(ELOOP, f"this jump closes a loop of chains through '{chain.name}'")
        self.rule = rule


def reach(table: Table) -> dict[str, Outline]:
    """From which hooks each chain can be reached. Raises LoopFound. No recursion: chains may be nested deep."""
    outlines = {name: Outline(chain) for name, chain in table.chains.items()}
    for number, base in enumerate(table.at_hook):
        if base is not None:
            _walk_from(base, 1 << number, outlines)
    return outlines


def _walk_from(base: Chain, bit: int, outlines: dict[str, Outline]) -> None:
    start = outlines[base.name]
    start.hooks |= bit
    start.on_path = True
    path: list[tuple[Outline, int]] = [(start, 0)]
    while path:
        outline, position = path.pop()
        if position == len(outline.jumps):
            outline.on_path = False
            continue
        chain, rule = outline.jumps[position]
        path.append((outline, position + 1))
        below = outlines[chain.name]
        if below.on_path:
            raise LoopFound(chain, rule)
        if not below.hooks & bit:
            below.hooks |= bit
            below.on_path = True
            path.append((below, 0))


class RuleRefused(Exception):
    """The kernel's no to one rule of a table."""

    def __init__(self, refusal: KernelRefusal, rule: Rule, chain: Chain) -> None:
        super().__init__(str(refusal))
        self.errno = refusal.errno
        self.rule = rule
        self.chain = chain


def check_table(table: Table, claims: Claims, shared: Shared | None = None) -> None:
    """All that the kernel checks before it takes a table. Raises RuleRefused; nothing is changed.

    shared: of the engine that is to carry the rules out; None: nobody does.
    """
    for chain in table.chains.values():
        for rule in chain.rules:
            if rule.jump is not None and rule.jump.is_built_in:
                refusal = KernelRefusal(EINVAL, f"a rule cannot jump to the built-in chain '{rule.jump.name}'")
                raise RuleRefused(refusal, rule, chain)
    try:
        outlines = reach(table)
    except LoopFound as loop:
        raise RuleRefused(loop, loop.rule, _chain_of(table, loop.rule)) from None
    for name, chain in table.chains.items():
        outline = outlines[name]
        for index, rule in enumerate(chain.rules):
            hooks = outline.hooks if index < outline.reached else 0
            if rule.checked == hooks and not rule.stateful:
                continue
            try:
                if rule.checked != hooks:
                    check_rule(rule, table.name, hooks)
                if rule.stateful:
                    claims.take(rule)
                    if shared is not None:
                        prepare(rule, shared)
            except KernelRefusal as refusal:
                raise RuleRefused(refusal, rule, chain) from None
            rule.checked = hooks


def prepare(rule: Rule, shared: Shared) -> None:
    for extension in extensions(rule):
        extension.prepare(shared)


def _chain_of(table: Table, wanted: Rule) -> Chain:
    for chain in table.chains.values():
        if wanted in chain.rules:
            return chain
    return next(iter(table.chains.values()))
