"""Stateless matches on single packets, through the core: the tables of `match_tables.py`."""

from __future__ import annotations

import shlex

import pytest
from match_packets import IPV4_PACKETS, IPV6_PACKETS
from match_tables import ALL, Saying

from engine.core.context import Context, Environment, Randomness, Shared
from engine.core.extension import RuleHead
from engine.core.hooks import IPV4, IPV6, PREROUTING
from engine.core.packet import Packet
from engine.core.ruleset import Chain, Rule
from engine.core.verdict import ACCEPT, DROP
from engine.core.walk import walk
from engine.language.rule import parse_rule

MAC = bytes.fromhex("02000000000a")


def world() -> Shared:
    environment = Environment()
    environment.addresses = {
        "lo": [(IPV4, 0x7F000001, 8)],
        "in0": [(IPV4, 0x0A000001, 24), (IPV6, 0x20010DB8 << 96 | 1, 64)],
    }
    return Shared(environment, Randomness())


def says(rule: Rule, packet: bytes) -> str:
    """ "+" the rule matches, "-" it does not, "!" it drops the packet."""
    chain = Chain("PREROUTING", ACCEPT)
    chain.rules = [rule]
    parsed = Packet(packet)
    assert not parsed.fault
    context = Context(world(), parsed.family, PREROUTING, 0.0, "in0")
    context.hwsrc = MAC
    before = rule.packets
    if walk(chain, parsed, context) == DROP:
        return "!"
    return "+" if rule.packets > before else "-"


@pytest.mark.parametrize("saying", ALL, ids=lambda saying: saying.rule)
def test_the_rule_says_what_the_table_says(saying: Saying) -> None:
    packets = IPV4_PACKETS if saying.family == IPV4 else IPV6_PACKETS
    rule = parse_rule(shlex.split(saying.rule), saying.family, "raw", "PREROUTING")
    wrong = [
        f"{name}: table {wanted}, core {got}"
        for name, wanted in saying.packets
        if (got := says(rule, packets[name])) != wanted
    ]
    assert not wrong


def test_a_rule_without_matches_takes_every_packet_of_the_tables() -> None:
    for family, packets in ((IPV4, IPV4_PACKETS), (IPV6, IPV6_PACKETS)):
        for name, packet in packets.items():
            assert says(Rule(RuleHead(family)), packet) == "+", name


@pytest.mark.parametrize("action", ("-j MARK --set-mark 7", "-j ACCEPT", ""))
def test_an_inverted_rule_counts_and_acts_before_the_packet_is_dropped(action: str) -> None:
    rule = parse_rule(shlex.split(f"-p sctp -m sctp ! --chunk-types only DATA {action}"), IPV4, "mangle", "PREROUTING")
    chain = Chain("PREROUTING", ACCEPT)
    chain.rules = [rule, Rule(RuleHead(IPV4))]
    packet = Packet(IPV4_PACKETS["sctp-empty"])
    context = Context(world(), IPV4, PREROUTING, 0.0, "in0")
    assert walk(chain, packet, context) == DROP
    assert [each.packets for each in chain.rules] == [1, 0]
    assert context.mark == (7 if "MARK" in action else 0)
    assert chain.packets == 0


def test_every_named_packet_is_spoken_of() -> None:
    for family, packets in ((IPV4, IPV4_PACKETS), (IPV6, IPV6_PACKETS)):
        named = {name for saying in ALL if saying.family == family for name, _sign in saying.packets}
        assert named == set(packets)
