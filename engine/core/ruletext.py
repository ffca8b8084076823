"""A rule as text, in the form of iptables-save."""

from __future__ import annotations

from engine.core.addresses import address_text, prefix_length
from engine.core.extension import RuleHead
from engine.core.names import NAMES
from engine.core.ruleset import NamedMatch, Rule
from engine.core.text import whole_word


def mask_text(mask: int, family: int) -> str:
    """`/24`, or `/255.0.255.0` for a mask with holes."""
    length = prefix_length(mask, family)
    return f"/{length}" if length >= 0 else f"/{address_text(mask, family)}"


def head_text(head: RuleHead, exact: bool = False) -> str:
    """` -s 10.0.0.0/8 -i eth0 -p tcp`, each option after a blank; "" for a rule that asks nothing.

    exact: in a form that can always be read back; iptables-save leaves `-i +` out, inverted or not, and quotes nothing.
    """
    text = ""
    if head.src_mask or head.src_inverted:
        sign = " ! -s " if head.src_inverted else " -s "
        text += sign + address_text(head.src, head.family) + mask_text(head.src_mask, head.family)
    if head.dst_mask or head.dst_inverted:
        sign = " ! -d " if head.dst_inverted else " -d "
        text += sign + address_text(head.dst, head.family) + mask_text(head.dst_mask, head.family)
    if head.indev and (exact or head.indev != "+"):
        text += (" ! -i " if head.indev_inverted else " -i ") + (whole_word(head.indev) if exact else head.indev)
    if head.outdev and (exact or head.outdev != "+"):
        text += (" ! -o " if head.outdev_inverted else " -o ") + (whole_word(head.outdev) if exact else head.outdev)
    if head.proto:
        name = NAMES.protocol_name(head.proto) or str(head.proto)
        text += (" ! -p " if head.proto_inverted else " -p ") + name
    if head.fragment:
        text += " ! -f" if head.fragment < 0 else " -f"
    return text


def match_text(named: NamedMatch) -> str:
    """` -m tcp --dport 22`"""
    options = named.match.save()
    return f" -m {named.name} {options}" if options else f" -m {named.name}"


def action_text(rule: Rule, exact: bool = False) -> str:
    """` -j LOG --log-level 7`, ` -g chain`; "" for a rule without target."""
    if rule.jump is not None:
        return (" -g " if rule.goto else " -j ") + (whole_word(rule.jump.name) if exact else rule.jump.name)
    if rule.target is None:
        return ""
    options = rule.target.save()
    return f" -j {rule.target_name} {options}" if options else f" -j {rule.target_name}"


def condition_text(rule: Rule) -> str:
    """Head and matches of a rule, with a blank in front of each part. Made once, kept with the rule."""
    if rule.text is None:
        rule.text = head_text(rule.head) + "".join([match_text(named) for named in rule.matches])
    return rule.text


def unsaid_text(rule: Rule) -> tuple[str, ...]:
    """What tells rules apart whose texts are the same, extension by extension."""
    unsaid = [named.match.unsaid() for named in rule.matches]
    return (*unsaid, rule.target.unsaid() if rule.target is not None else "")


def rule_text(rule: Rule) -> str:
    """The whole rule without `-A CHAIN` and without counters, as one line."""
    return (condition_text(rule) + action_text(rule))[1:]
