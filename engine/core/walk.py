"""One packet through one chain.

    rule: head, then every match from left to right, all say yes -> counters -> target
    step: CONTINUE next rule | jump into a chain | RETURN to the caller | anything else decides

A match may ask for the packet to be dropped at once (hotdrop). If its rule matches all the same (an inverted match),
the rule counts the packet and its target acts, then the packet is dropped.
A rule with -p drops an IPv6 packet whose transport header cannot be found, if the rest of its head matches.
RETURN from a built-in chain, and its end, give the policy. A goto leaves no place to come back to: the end of the
chain it entered returns to whoever jumped last. Source: iptables(8), kernel net/ipv4/netfilter/ip_tables.c behaviour.

A packet that met TRACE leaves a line in the log for each rule that it matches, for each end of a user chain that it
comes to, and for the policy: `TRACE: TABLE:CHAIN:KIND:NUMBER`. KIND is `rule`, but `return` (in a built-in chain
`policy`) for an end and also for a rule without any condition that only decides, as on Linux.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context, LogLine, TraceStep
from engine.core.packet import Packet
from engine.core.ruleset import Chain, NamedMatch, Rule
from engine.core.ruletext import head_text, rule_text
from engine.core.runs import SHORTEST, Runs, runs_of
from engine.core.verdict import ACCEPT, CONTINUE, DROP, RETURN, VERDICT_NAMES
from engine.target.parts.log_text import IP_OPTIONS, TCP_OPTIONS, TCP_SEQUENCE, UID, log_text

STANDARD: Final = frozenset(("ACCEPT", "DROP", "RETURN", "QUEUE"))  # targets that only decide
BEHIND_THE_END: Final = 1 << 62  # a rule said RETURN: the end of the chain is passed by
TRACE_LEVEL: Final = 4
TRACE_FLAGS: Final = TCP_SEQUENCE | TCP_OPTIONS | IP_OPTIONS | UID


def walk(chain: Chain, packet: Packet, context: Context) -> int:
    """The verdict of a built-in chain: ACCEPT, DROP, STOLEN or QUEUE. Each rule met is added to `context.trace`."""
    base = chain
    trace = context.trace
    size = len(packet.data)
    indev = context.indev
    outdev = context.outdev
    stack: list[tuple[Chain, int]] = []
    rules = chain.rules
    runs = _runs(chain, trace is None)
    index = 0
    while True:
        if runs is not None:
            index = runs.skip(index, packet)
        if index >= len(rules):
            if context.nftrace:
                _log_end(base, chain, index, not stack, packet, context)
            if not stack:
                base.packets += 1
                base.bytes += size
                policy = ACCEPT if base.policy is None else base.policy
                if trace is not None:
                    trace.append(TraceStep(context.table, base.name, 0, "", "policy", True, "", VERDICT_NAMES[policy]))
                return policy
            chain, index = stack.pop()
            rules = chain.rules
            runs = _runs(chain, trace is None)
            continue
        rule = rules[index]
        index += 1
        part = rule.mismatch(packet, indev, outdev)
        if part:
            hotdrop = part == "-p" and packet.headless
            if trace is not None:
                trace.append(_miss(rule, chain, index, context, part, hotdrop))
            if hotdrop:
                return DROP
            continue
        says_no: NamedMatch | None = None
        for named in rule.matches:
            if not named.match.matches(packet, context):
                says_no = named
                break
        if says_no is not None:
            hotdrop = _drops(rule, says_no)
            if trace is not None:
                part = f"-m {says_no.name} {says_no.match.save()}".rstrip()
                trace.append(_miss(rule, chain, index, context, part, hotdrop))
            if hotdrop:
                return DROP
            continue
        hotdrop = _drops(rule, None)
        rule.packets += 1
        rule.bytes += size
        if context.nftrace:
            _log_rule(rule, chain, index, packet, context)
        step: TraceStep | None = None
        if trace is not None:
            step = _step(rule, chain, index, context)
            trace.append(step)
        if hotdrop and (rule.jump is not None or rule.target is None):
            if step is not None:
                step.verdict = VERDICT_NAMES[DROP]
            return DROP
        if rule.jump is not None:
            if step is not None:
                step.verdict = ("goto " if rule.goto else "jump ") + rule.jump.name
            if not rule.goto:
                stack.append((chain, index))
            chain = rule.jump
            rules = chain.rules
            runs = _runs(chain, trace is None)
            index = 0
            continue
        if rule.target is None:
            if step is not None:
                step.verdict = VERDICT_NAMES[CONTINUE]
            continue
        context.chain = chain.name
        verdict = rule.target.apply(packet, context)
        if hotdrop:
            verdict = DROP
        if step is not None:
            step.verdict = VERDICT_NAMES[verdict]
        if verdict == CONTINUE:
            size = len(packet.data)
            continue
        if verdict == RETURN:
            index = BEHIND_THE_END
            continue
        return verdict


def _runs(chain: Chain, may_skip: bool) -> Runs | None:
    return runs_of(chain) if may_skip and len(chain.rules) >= SHORTEST else None


def _drops(rule: Rule, last: NamedMatch | None) -> bool:
    """Has one of the matches that were asked (all, or up to `last`) found a packet that must not go on?"""
    for named in rule.matches:
        if named.match.drops():
            return True
        if named is last:
            break
    return False


def _step(rule: Rule, chain: Chain, number: int, context: Context) -> TraceStep:
    """A rule that matched; its verdict is not known yet."""
    return TraceStep(context.table, chain.name, number, str(rule.place), rule_text(rule), True, "", "")


def _miss(rule: Rule, chain: Chain, number: int, context: Context, part: str, hotdrop: bool) -> TraceStep:
    """A rule that did not match because of one part of it; what drops the packet at once says so."""
    step = _step(rule, chain, number, context)
    step.matched = False
    step.why = f"hotdrop by {part}" if hotdrop else part
    if hotdrop:
        step.verdict = VERDICT_NAMES[DROP]
    return step


def _log_rule(rule: Rule, chain: Chain, number: int, packet: Packet, context: Context) -> None:
    kind = "rule"
    if rule.target_name in STANDARD and not rule.matches and not head_text(rule.head):
        kind = "policy" if chain.is_built_in else "return"
    _log(f"{chain.name}:{kind}:{number}", packet, context)


def _log_end(base: Chain, chain: Chain, index: int, last: bool, packet: Packet, context: Context) -> None:
    """The end of a user chain, and behind the last one the policy."""
    if chain is not base and index != BEHIND_THE_END:
        _log(f"{chain.name}:return:{len(chain.rules) + 1}", packet, context)
    if last:
        _log(f"{base.name}:policy:{len(base.rules) + 1}", packet, context)


def _log(what: str, packet: Packet, context: Context) -> None:
    prefix = f"TRACE: {context.table}:{what} "
    text = log_text(packet, context, prefix, TRACE_FLAGS)
    context.shared.log.append(LogLine(context.now, text, TRACE_LEVEL, -1, prefix, bytes(packet.data)))
