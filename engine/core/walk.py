"""One packet through one chain.

    rule: head, then every match from left to right, all say yes -> counters -> target
    step: CONTINUE next rule | jump into a chain | RETURN to the caller | anything else decides

A rule with -p drops an IPv6 packet whose transport header cannot be found, if the rest of its head matches.
RETURN from a built-in chain, and its end, give the policy. A goto leaves no place to come back to: the end of the
chain it entered returns to whoever jumped last. Source: iptables(8), kernel net/ipv4/netfilter/ip_tables.c behaviour.
"""

from __future__ import annotations

from engine.core.context import Context, TraceStep
from engine.core.packet import Packet
from engine.core.ruleset import Chain, Rule
from engine.core.ruletext import rule_text
from engine.core.verdict import ACCEPT, CONTINUE, DROP, RETURN, VERDICT_NAMES


def walk(chain: Chain, packet: Packet, context: Context) -> int:
    """The verdict of a built-in chain: ACCEPT, DROP, STOLEN or QUEUE."""
    if context.trace is not None:
        return _walk_traced(chain, packet, context, context.trace)
    base = chain
    size = len(packet.data)
    indev = context.indev
    outdev = context.outdev
    stack: list[tuple[Chain, int]] = []
    rules = chain.rules
    index = 0
    while True:
        if index >= len(rules):
            if not stack:
                base.packets += 1
                base.bytes += size
                return ACCEPT if base.policy is None else base.policy
            chain, index = stack.pop()
            rules = chain.rules
            continue
        rule = rules[index]
        index += 1
        part = rule.mismatch(packet, indev, outdev)
        if part:
            if part == "-p" and packet.headless:
                return DROP
            continue
        matched = True
        for named in rule.matches:
            match = named.match
            if not match.matches(packet, context):
                if match.drops():
                    return DROP
                matched = False
                break
        if not matched:
            continue
        rule.packets += 1
        rule.bytes += size
        if rule.jump is not None:
            if not rule.goto:
                stack.append((chain, index))
            chain = rule.jump
            rules = chain.rules
            index = 0
            continue
        if rule.target is None:
            continue
        context.chain = chain.name
        verdict = rule.target.apply(packet, context)
        if verdict == CONTINUE:
            size = len(packet.data)
            continue
        if verdict == RETURN:
            index = len(rules)
            continue
        return verdict


def _walk_traced(chain: Chain, packet: Packet, context: Context, trace: list[TraceStep]) -> int:
    """The same walk, writing down each rule that was met and why it did not match."""
    base = chain
    stack: list[tuple[Chain, int]] = []
    index = 0
    while True:
        if index >= len(chain.rules):
            if not stack:
                base.packets += 1
                base.bytes += len(packet.data)
                policy = ACCEPT if base.policy is None else base.policy
                trace.append(TraceStep(context.table, base.name, 0, "", "policy", True, "", VERDICT_NAMES[policy]))
                return policy
            chain, index = stack.pop()
            continue
        rule = chain.rules[index]
        index += 1
        why = _why_not(rule, packet, context)
        step = TraceStep(context.table, chain.name, index, str(rule.place), "", not why, why, "")
        step.text = rule_text(rule)
        trace.append(step)
        if why:
            if why.startswith("hotdrop"):
                step.verdict = "DROP"
                return DROP
            continue
        rule.packets += 1
        rule.bytes += len(packet.data)
        if rule.jump is not None:
            step.verdict = ("goto " if rule.goto else "jump ") + rule.jump.name
            if not rule.goto:
                stack.append((chain, index))
            chain = rule.jump
            index = 0
            continue
        if rule.target is None:
            step.verdict = "CONTINUE"
            continue
        context.chain = chain.name
        verdict = rule.target.apply(packet, context)
        step.verdict = VERDICT_NAMES[verdict]
        if verdict == CONTINUE:
            continue
        if verdict == RETURN:
            index = len(chain.rules)
            continue
        return verdict


def _why_not(rule: Rule, packet: Packet, context: Context) -> str:
    """The part of the rule that says no, "" if all of it says yes."""
    part = rule.mismatch(packet, context.indev, context.outdev)
    if part:
        return "hotdrop by -p" if part == "-p" and packet.headless else part
    for named in rule.matches:
        if not named.match.matches(packet, context):
            text = f"-m {named.name} {named.match.save()}".rstrip()
            return f"hotdrop by {text}" if named.match.drops() else text
    return ""

