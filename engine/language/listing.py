"""Chains as `iptables -L` shows them, and the one line that `-v` prints for a rule being changed.

Layout, column widths and number forms are those of iptables-legacy 1.8.9, measured. Names come from files only
(/etc/protocols, /etc/services, /etc/hosts, /etc/networks): no name server is asked.
"""

from __future__ import annotations

from typing import Final

from engine.core.addresses import FULL_MASK, address_text
from engine.core.extension import RuleHead
from engine.core.hooks import IPV4
from engine.core.names import NAMES
from engine.core.ruleset import Chain, Rule, Table
from engine.core.ruletext import mask_text
from engine.language.save import POLICY_NAMES

U64: Final = 0xFFFFFFFFFFFFFFFF
PROTO_SHOWN: Final = 0xFF  # a listing shows mptcp (262) as 6


class Style:
    """The options of a listing."""

    def __init__(
        self, numeric: bool = False, verbose: bool = False, exact: bool = False, numbers: bool = False
    ) -> None:
        self.numeric = numeric
        self.verbose = verbose
        self.exact = exact
        self.numbers = numbers


def short_number(number: int, width: int = 5) -> str:
    """100000 is 100K: above 99999 in thousands of at most 9999, then millions and so on. width 0: no padding."""
    if number <= 99999:
        return f"{number:>{width}}" if width else str(number)
    for unit in "KMGT":
        number = ((number + 500) & U64) // 1000
        if number <= 9999 or unit == "T":
            return f"{number:>{width - 1}}{unit}" if width else f"{number}{unit}"
    return ""


def pad(text: str, width: int) -> str:
    """Blanks on the right up to `width` bytes."""
    return text + " " * (width - len(text.encode("utf-8", "surrogateescape")))


def _counter(number: int, exact: bool) -> str:
    return f"{number:>8} " if exact else f"{short_number(number)} "


def list_table(table: Table, chain: Chain | None, number: int, style: Style) -> str:
    """`iptables -L [CHAIN [NUMBER]]`"""
    references: dict[int, int] = {}
    for other in table.chains.values():
        for rule in other.rules:
            if rule.jump is not None:
                references[id(rule.jump)] = references.get(id(rule.jump), 0) + 1
    chains = list(table.chains.values()) if chain is None else [chain]
    blocks = []
    for known in chains:
        lines = [] if number else [_title(known, references.get(id(known), 0), style), _header(style)]
        for index, rule in enumerate(known.rules):
            if number in (0, index + 1):
                lines.append((f"{index + 1:<4} " if style.numbers else "") + rule_line(rule, style))
        blocks.append("".join([line + "\n" for line in lines]))
    return "\n".join(blocks)


def _title(chain: Chain, references: int, style: Style) -> str:
    if chain.policy is None:
        return f"Chain {chain.name} ({references} references)"
    counters = ""
    if style.verbose:
        packets = str(chain.packets) if style.exact else short_number(chain.packets, 0)
        octets = str(chain.bytes) if style.exact else short_number(chain.bytes, 0)
        counters = f" {packets} packets, {octets} bytes"
    return f"Chain {chain.name} (policy {POLICY_NAMES[chain.policy]}{counters})"


def _header(style: Style) -> str:
    text = "num  " if style.numbers else ""
    if style.verbose:
        text += "    pkts      bytes " if style.exact else " pkts bytes "
    text += "target     prot opt "
    if style.verbose:
        text += "in     out     "
    return text + "source               destination         "


def rule_line(rule: Rule, style: Style) -> str:
    """One row of a listing, without its number."""
    head = rule.head
    text = ""
    if style.verbose:
        text = _counter(rule.packets, style.exact) + _counter(rule.bytes, style.exact)
    text += f"{pad(_target_name(rule), 9)} {'!' if head.proto_inverted else ' '}"
    text += f"{_protocol(head, style.numeric):<4} {_fragment(head)} "
    if style.verbose:
        anything = "*" if style.numeric else "any"
        text += f" {pad(_interface(head.indev, head.indev_inverted, anything), 6)} "
        text += f"{pad(_interface(head.outdev, head.outdev_inverted, anything), 6)} "
    text += f"{'!' if head.src_inverted else ' '}{_address(head.src, head.src_mask, head.family, style.numeric):<19} "
    text += f"{'!' if head.dst_inverted else ' '}{_address(head.dst, head.dst_mask, head.family, style.numeric):<19} "
    return text + _extensions(rule, style.numeric)


def change_line(rule: Rule) -> str:
    """What `iptables -v -A ...` prints."""
    head = rule.head
    # the protocol by name, but only where iptables needs no file for it
    proto = head.proto & PROTO_SHOWN
    protocol = NAMES.protocol_name(proto, lookup=False) or str(proto)
    text = f"{_target_name(rule)} {'!' if head.proto_inverted else ' '}{protocol} opt {_fragment(head)} "
    text += f"in {_interface(head.indev, head.indev_inverted, '*')} "
    text += f"out {_interface(head.outdev, head.outdev_inverted, '*')} "
    text += f"{'!' if head.src_inverted else ' '}{_address(head.src, head.src_mask, head.family, True)} "
    text += f"{'!' if head.dst_inverted else ' '}-> {_address(head.dst, head.dst_mask, head.family, True)}  "
    return text + _extensions(rule, True)


def _extensions(rule: Rule, numeric: bool) -> str:
    text = "[goto] " if rule.goto else ""
    for named in rule.matches:
        text += named.match.column(numeric)
    if rule.target is not None:
        text += rule.target.column(numeric)
    return text


def _target_name(rule: Rule) -> str:
    """The chain, or the target as the kernel calls it (NOTRACK is a form of its CT)."""
    if rule.jump is not None:
        return rule.jump.name
    spec = rule.target_spec
    return spec.real_name if spec is not None and spec.real_name else rule.target_name


def _protocol(head: RuleHead, numeric: bool) -> str:
    proto = head.proto & PROTO_SHOWN
    if numeric:
        return str(proto)
    name = NAMES.protocol_name(proto) if proto else "all"
    return name or str(proto)


def _fragment(head: RuleHead) -> str:
    if head.fragment == 0:
        return "--"
    return "-f" if head.fragment > 0 else "!f"


def _interface(name: str, inverted: bool, anything: str) -> str:
    text = name or anything
    return "!" + text if inverted else text


def _address(address: int, mask: int, family: int, numeric: bool) -> str:
    if not numeric and (mask == 0 if family == IPV4 else address == 0):
        return "anywhere"
    if mask == 0:
        return "0.0.0.0/0" if family == IPV4 else "::/0"
    suffix = "" if mask == FULL_MASK[family] else mask_text(mask, family)
    return (address_text(address, family) if numeric else _named(address, family)) + suffix


def _named(address: int, family: int) -> str:
    name = NAMES.host_name(address, family)
    if name is None and family == IPV4:
        name = NAMES.network_name(address)
    return name or address_text(address, family)
