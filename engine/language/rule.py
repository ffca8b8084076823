"""From a command line that was read to the rules it stands for.

`parse_rule` is the short way for libraries and tests: words in, one `Rule` out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.core.extension import Extension, Match, RuleHead, Spec, Target
from engine.core.hooks import BUILT_IN_CHAINS, HOOK_NUMBERS
from engine.core.ruleset import Chain, NamedMatch, Place, Rule
from engine.core.text import whole_word
from engine.language.commandline import CommandLine
from engine.language.edit import mark_stateful
from engine.language.errors import OTHER_PROBLEM, Refused
from engine.language.options import Loaded

NO_CHAINS: Final[dict[str, Chain]] = {}


def resolve_jump(line: CommandLine, chains: Mapping[str, Chain]) -> Chain | None:
    """The chain that -j or -g leads to, None if it names a target (or nothing). Refused if it is neither."""
    if not line.jump:
        return None
    chain = chains.get(line.jump)
    if chain is not None:
        if line.target is not None:
            line.warnings.append(f"Warning: using chain {line.jump}, not extension\n")
        return chain
    if line.goto:
        raise Refused(f"goto '{line.jump}' is not a chain", word=line.jump_word)
    if line.target is None:
        raise Refused(f"Couldn't load target `{line.jump}':No such file or directory\n", word=line.jump_word)
    return None


def make_rules(line: CommandLine, chains: Mapping[str, Chain], place: Place) -> list[Rule]:
    """All rules of a command line: one for each pair of source and destination."""
    jump = resolve_jump(line, chains)
    rules: list[Rule] = []
    for src, src_mask in line.sources:
        for dst, dst_mask in line.destinations:
            head = line.head if not rules else copy_head(line.head)
            head.src, head.src_mask, head.dst, head.dst_mask = src, src_mask, dst, dst_mask
            rules.append(make_rule(line, head, jump, place))
    return rules


def make_rule(line: CommandLine, head: RuleHead, jump: Chain | None, place: Place) -> Rule:
    rule = Rule(head)
    rule.place = place
    rule.goto = line.goto
    rule.packets, rule.bytes = line.counters
    for loaded in line.matches:
        match = loaded.take_built(head, line.tool)
        assert isinstance(match, Match)
        rule.matches.append(NamedMatch(loaded.name, match, loaded.spec, kept_source(loaded, match.save())))
        rule.needs_conntrack = rule.needs_conntrack or uses_conntrack(match, loaded.spec)
        rule.needs_defrag = rule.needs_defrag or loaded.spec.needs_defrag
    if jump is not None:
        rule.jump = jump
    elif line.target is not None:
        target = line.target.take_built(head, line.tool)
        assert isinstance(target, Target)
        rule.target = target
        rule.target_name = line.target.name
        rule.target_spec = line.target.spec
        rule.target_source = kept_source(line.target, target.save())
        rule.needs_conntrack = rule.needs_conntrack or uses_conntrack(target, line.target.spec)
        rule.needs_defrag = rule.needs_defrag or line.target.spec.needs_defrag
    mark_stateful(rule)
    return rule


def kept_source(loaded: Loaded, saved: str) -> str:
    """The options as they were given, for a state that is read back (state.py); "" where the saved form has the same
    values: then it can be read as well."""
    given = [item.text for item in loaded.given if item.option.kind != "none"]
    if len(given) == 1 and given[0].isalnum() and saved.count(" ") == 1 and saved.endswith(" " + given[0]):
        return ""  # most of them
    values = [word for word in saved.split(" ") if word and word != "!" and not word.startswith("--")]
    return "" if " ".join(values) == " ".join([whole_word(text) for text in given]) else loaded.source()


def uses_conntrack(extension: Extension, spec: Spec) -> bool:
    """Does a rule with this extension switch connection tracking on?"""
    if isinstance(extension, Target):
        return extension.uses_conntrack(spec.needs_conntrack)
    return spec.needs_conntrack


def copy_head(head: RuleHead) -> RuleHead:
    return RuleHead(
        head.family,
        head.src,
        head.src_mask,
        head.src_inverted,
        head.dst,
        head.dst_mask,
        head.dst_inverted,
        head.indev,
        head.indev_inverted,
        head.outdev,
        head.outdev_inverted,
        head.proto,
        head.proto_inverted,
        head.fragment,
    )


def parse_rules(
    words: list[str],
    family: int,
    table: str = "filter",
    chain: str = "INPUT",
    chains: Mapping[str, Chain] | None = None,
) -> list[Rule]:
    """The rules that `iptables -t TABLE -A CHAIN WORDS` would append, checked as the kernel would check them there.

    Raises Refused (iptables' own word: `message`, exit 2) or KernelRefusal (errno and reason, exit 1).
    """
    from engine.language.check import check_rule

    line = CommandLine(["-A", chain, *words], family, table).parse()
    if line.wrong_family:
        raise Refused("the other family's option", OTHER_PROBLEM)
    rules = make_rules(line, NO_CHAINS if chains is None else chains, Place("command line"))
    hooks = 1 << HOOK_NUMBERS[chain] if chain in BUILT_IN_CHAINS.get(table, ()) else 0
    for rule in rules:
        check_rule(rule, table, hooks)
    return rules


def parse_rule(
    words: list[str],
    family: int,
    table: str = "filter",
    chain: str = "INPUT",
    chains: Mapping[str, Chain] | None = None,
) -> Rule:
    """As `parse_rules`, for words that stand for exactly one rule."""
    rules = parse_rules(words, family, table, chain, chains)
    if len(rules) != 1:
        raise ValueError(f"{len(rules)} rules")
    return rules[0]
