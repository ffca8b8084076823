"""REJECT: discard the packet and tell its sender.

    -j REJECT [--reject-with TYPE]

    IPv4   icmp-net-unreachable icmp-host-unreachable icmp-proto-unreachable icmp-port-unreachable (the default)
           icmp-net-prohibited icmp-host-prohibited icmp-admin-prohibited tcp-reset
           also net-unreach host-unreach proto-unreach port-unreach net-prohib host-prohib admin-prohib tcp-rst
    IPv6   icmp6-no-route icmp6-adm-prohibited icmp6-addr-unreachable icmp6-port-unreachable (the default)
           icmp6-policy-fail icmp6-reject-route tcp-reset
           also no-route adm-prohibited addr-unreach port-unreach policy-fail reject-route

A type may be shortened and written in capitals; of several that begin so the first in this order is meant. tcp-reset
needs -p tcp. Only in the filter table, in INPUT, FORWARD and OUTPUT. What is answered, how, and what is not:
parts/answers.py. A reset also closes the tracked connection.

Kernel peer: ipt_REJECT, ip6t_REJECT. Source: iptables-extensions(8), REJECT.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import FWD, IN, OUT, KernelRefusal, Option, ParameterProblem, RuleHead, Spec, Target
from engine.core.hooks import IPV4, IPV6
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.values import Values
from engine.core.verdict import DROP
from engine.target.parts.answers import has_right_checksum, icmp_error, is_verified, tcp_reset

RESET: Final = -1
UNREACHABLE: Final = 3
UNREACHABLE6: Final = 1


class Kind:
    """A way to reject: its name, its other name, and the code of the ICMP error (RESET: a TCP reset)."""

    def __init__(self, name: str, alias: str, code: int) -> None:
        self.name = name
        self.alias = alias
        self.code = code


KINDS4: Final = (
    Kind("icmp-net-unreachable", "net-unreach", 0),
    Kind("icmp-host-unreachable", "host-unreach", 1),
    Kind("icmp-proto-unreachable", "proto-unreach", 2),
    Kind("icmp-port-unreachable", "port-unreach", 3),
    Kind("icmp-net-prohibited", "net-prohib", 9),
    Kind("icmp-host-prohibited", "host-prohib", 10),
    Kind("tcp-reset", "tcp-rst", RESET),
    Kind("icmp-admin-prohibited", "admin-prohib", 13),
)
KINDS6: Final = (
    Kind("icmp6-no-route", "no-route", 0),
    Kind("icmp6-adm-prohibited", "adm-prohibited", 1),
    Kind("icmp6-addr-unreachable", "addr-unreach", 3),
    Kind("icmp6-port-unreachable", "port-unreach", 4),
    Kind("tcp-reset", "tcp-reset", RESET),
    Kind("icmp6-policy-fail", "policy-fail", 5),
    Kind("icmp6-reject-route", "reject-route", 6),
)
DEFAULT: Final = 3  # port unreachable, in both tables


class Reject(Target):
    def __init__(self, kind: Kind, family: int) -> None:
        self.kind = kind
        self.icmp_type = UNREACHABLE if family == IPV4 else UNREACHABLE6

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.kind.code == RESET and (head.proto != TCP or head.proto_inverted):
            raise KernelRefusal(EINVAL, "REJECT: TCP_RESET invalid for non-tcp")

    def save(self) -> str:
        return f"--reject-with {self.kind.name}"

    def listing(self, numeric: bool) -> str:
        return f"reject-with {self.kind.name}"

    def apply(self, packet: Packet, context: Context) -> int:
        if self.kind.code == RESET:
            answer = tcp_reset(packet, context)
            if answer is not None and context.entry is not None:
                context.shared.conntrack.set_closing(context.entry, context.now)
        else:
            answer = None
            if has_right_checksum(packet, context, is_verified(packet, context)):
                answer = icmp_error(packet, context, self.icmp_type, self.kind.code)
        if answer is not None:
            context.emit.append(answer)
        return DROP


def find_kind(text: str, kinds: tuple[Kind, ...]) -> Kind:
    wanted = text.lower()
    for kind in kinds:
        if kind.name.startswith(wanted) or kind.alias.startswith(wanted):
            return kind
    raise ParameterProblem(f'unknown reject type "{text}"')


def build4(values: Values) -> Target:
    kind = find_kind(values.text("reject-with"), KINDS4) if values.has("reject-with") else KINDS4[DEFAULT]
    return Reject(kind, IPV4)


def build6(values: Values) -> Target:
    kind = find_kind(values.text("reject-with"), KINDS6) if values.has("reject-with") else KINDS6[DEFAULT]
    return Reject(kind, IPV6)


def look4(values: Values) -> None:
    text = values.given[-1].text.lower()
    if text[:1] == "e" and ("echo-reply".startswith(text) or "echoreply".startswith(text)):
        values.warnings.append("--reject-with echo-reply no longer supported\n")
    find_kind(values.given[-1].text, KINDS4)


def look6(values: Values) -> None:
    find_kind(values.given[-1].text, KINDS6)


OPTIONS4: Final = (Option("reject-with", "text", at_once=look4),)
OPTIONS6: Final = (Option("reject-with", "text", at_once=look6),)
HOOKS: Final = IN | FWD | OUT

EXTENSIONS: Final = (
    Spec("REJECT", build4, OPTIONS4, families=(IPV4,), tables=("filter",), hooks=HOOKS),
    Spec("REJECT", build6, OPTIONS6, families=(IPV6,), tables=("filter",), hooks=HOOKS),
)
