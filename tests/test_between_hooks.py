"""What a packet carries from hook to hook, and where it is looked at again. Each case was seen on a kernel first."""

from __future__ import annotations

import nat_packets as p
import pytest
from nat_world import World

from engine.core import verdict as v
from engine.core.context import Context, Fragmented
from engine.core.hooks import IPV4, IPV6, OUTPUT, POSTROUTING
from engine.core.packet import Packet

LAN, WAN, US = "10.0.1.2", "10.0.2.9", "10.0.1.1"
LAN6, US6 = "fd00:1::2", "fd00:1::1"


def counts(world: World, table: str, chain: str, family: int = IPV4) -> list[int]:
    return [rule.packets for rule in world.engine.store.rulesets[family].tables[table].chains[chain].rules]


# -- the template of CT


def test_behind_ct_a_packet_is_new_until_it_is_tracked() -> None:
    world = World()
    world.ipt(
        "-t raw -A PREROUTING -m conntrack --ctstate INVALID",
        "-t raw -A PREROUTING -p udp -j CT --helper tftp",
        "-t raw -A PREROUTING -m conntrack --ctstate INVALID",
        "-t raw -A PREROUTING -m conntrack --ctstate NEW --ctproto udp",
        "-t raw -A PREROUTING -m conntrack --ctstate NEW --ctorigsrc 0.0.0.0",
        "-A FORWARD -m conntrack --ctstate NEW --ctproto udp --ctorigsrc 10.0.1.2",
    )
    world.send("lan", p.udp(LAN, WAN, 1000, 69))
    assert counts(world, "raw", "PREROUTING") == [1, 1, 0, 0, 1]
    assert counts(world, "filter", "FORWARD") == [1]


def test_a_mark_put_on_a_template_stays_with_the_rule_until_the_table_changes() -> None:
    world = World()
    world.ipt(
        "-t raw -A PREROUTING -j CT --zone 3",
        "-t raw -A PREROUTING -m connmark --mark 7",
        "-t raw -A PREROUTING -j CONNMARK --set-mark 7",
        "-A FORWARD -m connmark --mark 7",
    )
    for port in (1000, 1001):
        world.send("lan", p.udp(LAN, WAN, port, 53))
    assert counts(world, "raw", "PREROUTING") == [2, 1, 2]
    assert counts(world, "filter", "FORWARD") == [0]
    world.ipt("-t raw -A PREROUTING -p tcp")
    world.send("lan", p.udp(LAN, WAN, 1002, 53))
    assert counts(world, "raw", "PREROUTING")[1] == 0


def test_a_packet_that_is_dropped_with_its_template_leaves_nothing() -> None:
    world = World()
    world.ipt("-t raw -A PREROUTING -j CT --zone 3", "-t raw -A PREROUTING -j DROP")
    world.send("lan", p.udp(LAN, WAN, 1000, 53))
    assert not list(world.engine.conntrack.entries())


# -- round by lo


def test_what_was_invalid_in_output_is_looked_at_again_when_it_comes_round() -> None:
    world = World()
    world.ipt(
        "-t raw -A OUTPUT -p tcp -j CT --zone 2",
        "-A OUTPUT -p tcp -m conntrack --ctstate INVALID",
        "-t mangle -A PREROUTING -i lo -m conntrack --ctstate ESTABLISHED",
    )
    world.send("lan", p.tcp(LAN, US, 1000, 22, "S", 100))
    reset = p.tcp(US, LAN, 22, 1000, "RA", 0, 101)
    world._leave(world._hook(OUTPUT, reset, "", "lo"), "local")
    assert counts(world, "filter", "OUTPUT") == [1]
    assert counts(world, "mangle", "PREROUTING") == [1]


def test_an_error_quotes_the_packet_as_input_has_translated_it() -> None:
    world = World()
    world.ipt("-t raw -A OUTPUT -j NOTRACK", "-t nat -A INPUT -j SNAT --to-source 10.0.2.77")
    world.send("lan", p.udp(LAN, US, 1000, 9))
    (translated,) = world.take("local")
    assert Packet(translated).src != Packet(p.udp(LAN, US, 1000, 9)).src
    world.send_local(p.error(US, translated, 3, 2))
    (answer,) = world.take("lan")
    assert p.text(answer[16:20]) == LAN


# -- groups


@pytest.mark.parametrize(("group", "passes"), [("ff02::fb", False), ("ff05::fb", False), ("ff0e::fb", True)])
def test_redirect_of_a_group_wants_an_address_of_its_scope(group: str, passes: bool) -> None:
    world = World()
    world.ip6t("-t nat -A PREROUTING -j REDIRECT")
    world.send("lan", p.udp(LAN6, group, 5000, 5000))
    assert bool(world.take("local")) == passes


# -- fragments


def test_a_packet_that_was_routed_off_a_bridge_leaves_whole() -> None:
    world = World()
    packet = Packet(p.udp(LAN, WAN, 1000, 53, b"x" * 592))
    for physin, physout, pieces in (("", "", 3), ("port", "", 0), ("port", "other", 3)):
        context = Context(world.engine.shared, IPV4, POSTROUTING, 1.0, "", "wan", physin, physout)
        context.fragmented = Fragmented(220, False, (200, 200, 200), True, 7)
        assert len(world.engine.fragments.split(packet, context)) == pieces


def fragment6(payload: bytes, proto: int) -> bytes:
    header = bytes((proto, 0, 0, 1, 0, 0, 0, 9))
    return p.ip(LAN6, US6, 44, header + payload)


@pytest.mark.parametrize(("proto", "length", "waits"), [(6, 16, False), (6, 24, True), (17, 8, True), (58, 8, True)])
def test_a_first_fragment_without_its_whole_transport_header_passes(proto: int, length: int, waits: bool) -> None:
    world = World()
    packet = Packet(fragment6(bytes(length), proto))
    context = Context(world.engine.shared, IPV6, 0, 1.0, "lan")
    assert world.engine.fragments.collect(packet, context) == (v.STOLEN if waits else v.ACCEPT)


# -- who sent it


@pytest.mark.parametrize(("family", "hit"), [(IPV4, 1), (IPV6, 0)])
def test_a_reset_of_the_kernel_has_a_socket_in_ipv4_only(family: int, hit: int) -> None:
    world = World()
    if family == IPV4:
        world.ipt("-A OUTPUT -m owner --socket-exists")
        world.send_local(p.tcp(US, LAN, 22, 1000, "R", 0))
    else:
        world.ip6t("-A OUTPUT -m owner --socket-exists")
        world.send_local(p.tcp(US6, LAN6, 22, 1000, "R", 0))
    assert counts(world, "filter", "OUTPUT", family) == [hit]
