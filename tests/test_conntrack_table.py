"""The table of connections: room, zones, two packets of one new flow at once. Outcomes were measured on Linux 6.18."""

from __future__ import annotations

import pytest
from conntrack_wire import CLIENT, SERVER, chunk, icmp, ipv4, sctp, tcp, udp, udplite
from conntrack_world import ANSWER, DNS, STATES, World, answer, closing, counters, filled, flow, held, summary

from engine.conntrack import Expectation, Policy
from engine.conntrack.expectations import PERMANENT
from engine.conntrack.table import SHARDS, SWEEP_LOOKS, SWEEP_SECONDS
from engine.conntrack.tracking import SOME
from engine.core.connection import (
    ASSURED,
    CT_ESTABLISHED_REPLY,
    CT_UNTRACKED,
    SRC_NAT,
    SRC_NAT_DONE,
    Connection,
    Tuple,
)
from engine.core.hooks import FORWARD, IPV4, OUTPUT
from engine.core.packet import Packet
from engine.core.verdict import ACCEPT, DROP

# -- room


def test_full_of_assured_entries_drops_new_flows_only() -> None:
    world = filled(8, assured=True)
    world.conntrack.namespace = 4026531840
    assert world.send(flow(100)) == "DROP"
    assert world.reason == "table full"
    assert counters(world) == {"drop": 1}
    (line,) = world.shared.log
    assert line.text == "nf_conntrack: nf_conntrack: table full in netns 4026531840, dropping packet"
    assert line.level == 4
    assert world.send(answer(3)) == "ESTABLISHED"
    assert world.send(flow(3)) == "ESTABLISHED"
    assert world.send(icmp(SERVER, CLIENT, 3, 3, 0, flow(3))) == "RELATED"
    assert world.send(tcp(CLIENT, SERVER, 1, 2, 1, 1, "SF")) == "DROP", "room is sought before flags are looked at"
    assert world.send(flow(100), ctinfo=CT_UNTRACKED) == "UNTRACKED"
    assert len(world.lines()) == 8
    assert counters(world) == {"drop": 2}


def test_one_entry_removed_lets_one_flow_in() -> None:
    world = filled(8, assured=True)
    assert world.conntrack.delete(world.conntrack.entries()[2])
    assert world.conntrack.sysctl("nf_conntrack_count") == "7"
    assert world.send(flow(100)) == "NEW"
    assert world.conntrack.sysctl("net.netfilter.nf_conntrack_count") == "8"
    assert world.send(answer(100)) == "ESTABLISHED"
    world.now += 3.0
    assert world.send(flow(100)) == "ESTABLISHED"
    assert world.send(flow(101)) == "DROP"


def test_a_higher_limit_lets_flows_in() -> None:
    world = filled(8, assured=True)
    world.sysctl("max", 9)
    assert [world.send(flow(100)), world.send(flow(101))] == ["NEW", "NEW"]
    assert counters(world) == {"early_drop": 1}, "the first of them is not ASSURED and gives way"


def test_limit_0_is_none() -> None:
    world = filled(8, assured=True)
    world.sysctl("max", 0)
    assert [world.send(flow(100 + number)) for number in range(20)] == ["NEW"] * 20


def test_unassured_entries_give_way() -> None:
    world = filled(100, assured=False)
    for number in range(50):
        assert world.send(flow(1000 + number)) == "NEW"
    assert len(world.lines()) == 100
    assert counters(world) == {"early_drop": 50}
    assert not world.shared.log


def test_expired_entries_give_way_without_being_counted() -> None:
    world = filled(50, assured=True)
    world.now += 1000.0
    packet = Packet(flow(500))
    context = world.context(packet)
    assert world.conntrack.track(packet, context) == ACCEPT, "nobody has called expire before"
    assert world.conntrack.confirm(packet, context) == ACCEPT
    assert counters(world) == {}


def test_closing_connections_go_above_95_percent() -> None:
    world = World()
    world.sysctl("max", 200)
    for number in range(200):
        closing(world, 2000 + number)
    assert {summary(line) for line in world.lines()} == {"TIME_WAIT 120 [ASSURED]"}
    world.conntrack.expire(world.now)
    assert len(world.lines()) == 200, "all in its time"
    world.now += 61
    for _ in range(SHARDS):
        world.conntrack.expire(world.now)
    left = len(world.lines())
    assert left == 190, "the sweep stops at 95 percent of the limit"
    assert world.send(flow(1)) == "NEW"


def test_a_sweep_lets_go_a_few_at_a_time() -> None:
    """However many entries stand in one piece of the table, and however many of them may go."""
    world = World()
    world.sysctl("max", 20_000)
    for number in range(20_000):
        world.send(flow(number))
    table = world.conntrack.table
    table.swept = world.now - SWEEP_SECONDS
    steps = []
    more = True
    while more:
        before = table.count
        more = table.sweep(world.conntrack.trackers, world.now)
        steps.append(before - table.count)
    assert sum(steps) == 1_000, "the sweep stops at 95 percent of the limit"
    assert max(steps) <= SWEEP_LOOKS


def test_established_connections_stay_above_95_percent() -> None:
    world = filled(200, assured=True)
    world.now += 61
    world.conntrack.expire_all(world.now)
    assert len(world.lines()) == 200


def test_messages_of_a_full_table_are_limited() -> None:
    world = filled(8, assured=True)
    for number in range(100):
        assert world.send(flow(100 + number)) == "DROP"
    assert len(world.shared.log) == 10
    world.now += 5.0
    world.send(flow(300))
    assert len(world.shared.log) == 11
    assert counters(world) == {"drop": 101}


# -- zones


def test_zones_are_worlds_apart() -> None:
    world = World()
    assert world.send(DNS, zone_original=1, zone_reply=1) == "NEW"
    assert world.send(DNS, zone_original=2, zone_reply=2) == "NEW"
    assert world.send(ANSWER, zone_original=1, zone_reply=1) == "ESTABLISHED"
    assert world.send(ANSWER) == "NEW", "zone 0 knows nothing of it"
    assert [line.split(" mark=0 ")[1] for line in world.lines()] == ["zone=1 use=2", "zone=2 use=2", "zone=0 use=2"]


def test_zone_of_the_original_direction_alone() -> None:
    """CT --zone-orig: two clients with the same addresses; answers are told apart by their (translated) ports."""
    world = World()
    assert world.send(DNS, zone_original=7) == "NEW"
    assert world.send(ANSWER) == "ESTABLISHED", "an answer comes without the zone"
    assert world.send(DNS, zone_original=7) == "ESTABLISHED"
    (line,) = world.lines()
    assert "dport=53 zone-orig=7 src=" in line and line.endswith("dport=1000 mark=0 use=2")


def test_zone_of_the_reply_direction_alone() -> None:
    world = World()
    assert world.send(DNS, zone_reply=9) == "NEW"
    assert world.send(ANSWER, zone_original=9, zone_reply=9) == "ESTABLISHED"
    assert "zone-reply=9" in world.line()


def test_entries_of_one_and_of_two_zones_stand_side_by_side() -> None:
    """The second flow looks like an answer of the first, but its own answers belong to another zone."""
    world = World()
    world.send(DNS)
    assert world.send(ANSWER, zone_reply=2) == "NEW"
    assert len(world.lines()) == 2
    assert world.send(ANSWER) == "NEW", "of both in zone 0 the newer one is found"
    assert world.send(DNS, zone_original=2, zone_reply=2) == "ESTABLISHED", "an answer of the second"
    newer = world.conntrack.entries()[1]
    assert world.conntrack.delete(newer)
    assert world.send(ANSWER) == "ESTABLISHED", "an answer of the first"


def test_flow_that_would_take_the_tuple_of_two_zones_is_dropped() -> None:
    world = World()
    assert world.send(ANSWER, zone_reply=1) == "NEW"
    assert world.send(DNS) == "DROP"
    assert counters(world) == {"insert_failed": 1, "drop": 1}


def test_expectation_follows_the_zone_of_its_master_in_either_direction() -> None:
    world = World()
    world.send(DNS, zone_original=3)
    (master,) = world.conntrack.entries()
    key = Tuple(IPV4, 17, SERVER, CLIENT, 53, 9)
    assert world.conntrack.expect(Expectation(master, key, 0, 0, Policy("x", 0, 9), flags=PERMANENT)) == 0
    assert world.send(udp(SERVER, CLIENT, 53, 9), zone_reply=3) == "RELATED"
    assert world.send(udp(SERVER, CLIENT, 54, 9)) == "NEW"


def test_error_is_found_in_its_zone_only() -> None:
    world = World()
    world.send(DNS, zone_original=5, zone_reply=5)
    error = icmp(SERVER, CLIENT, 3, 3, 0, DNS)
    assert world.send(error) == "INVALID"
    assert world.send(error, zone_original=5, zone_reply=5) == "RELATED"


# -- who wins when two first packets of a flow are under way


SCTP_INIT = sctp(CLIENT, SERVER, 1, 2, 0, [chunk(1, 0, b"\0\0\0\5\0\0\0\x64\0\1\0\1\0\0\0\1")])
SHARED_BY_TWO = {
    "udp": (DNS, DNS),
    "udp from both ends": (DNS, ANSWER),
    "udplite": (udplite(CLIENT, SERVER, 1, 2, 0, b"hello", 17),) * 2,
    "gre": (ipv4(CLIENT, SERVER, 47, b"\0\0\x08\0abcd"),) * 2,
    "generic": (ipv4(CLIENT, SERVER, 99, b"abcd"),) * 2,
    "generic from both ends": (ipv4(CLIENT, SERVER, 99, b"abcd"), ipv4(SERVER, CLIENT, 99, b"abcd")),
}
FIRST_ONLY = {
    "tcp": (tcp(CLIENT, SERVER, 1, 2, 1, 0, "S"),) * 2,
    "tcp from both ends": (tcp(CLIENT, SERVER, 1, 2, 1, 0, "S"), tcp(SERVER, CLIENT, 2, 1, 1, 0, "S")),
    "icmp": (icmp(CLIENT, SERVER, 8, 0, 1 << 16),) * 2,
    "sctp": (SCTP_INIT, SCTP_INIT),
}


@pytest.mark.parametrize("name", SHARED_BY_TWO)
def test_second_packet_joins_the_entry_of_the_first(name: str) -> None:
    world = World()
    world.sysctl("acct", 1)
    first, second = (held(world, data) for data in SHARED_BY_TWO[name])
    assert world.conntrack.confirm(*first) == ACCEPT
    assert world.conntrack.confirm(*second) == ACCEPT
    assert second[1].entry is first[1].entry
    assert counters(world) == {"clash_resolve": 1}
    assert "packets=2 " in world.line() and "[UNREPLIED]" in world.line()


@pytest.mark.parametrize("name", FIRST_ONLY)
def test_second_packet_is_dropped(name: str) -> None:
    world = World()
    first, second = (held(world, data) for data in FIRST_ONLY[name])
    assert world.conntrack.confirm(*first) == ACCEPT
    assert world.conntrack.confirm(*second) == DROP
    assert counters(world) == {"insert_failed": 1, "drop": 1}
    assert len(world.lines()) == 1


def test_two_targets_for_one_flow() -> None:
    """DNAT sent the second packet elsewhere: its entry is kept for an answer, unseen, for a second."""
    world = World()
    first, second = held(world, DNS), held(world, DNS)
    for (_, context), host in ((first, 7), (second, 9)):
        entry = context.entry
        assert entry is not None
        world.conntrack.alter_reply(entry, Tuple(IPV4, 17, SERVER + host, CLIENT, 53, 1000))
        entry.status |= SRC_NAT_DONE
    assert world.conntrack.confirm(*first) == ACCEPT
    assert world.conntrack.confirm(*second) == ACCEPT
    assert second[1].entry is not first[1].entry
    assert counters(world) == {"clash_resolve": 1}
    assert len(world.lines()) == 1
    assert world.conntrack.sysctl("nf_conntrack_count") == "2"
    assert world.send(udp(SERVER + 9, CLIENT, 53, 1000)) == "ESTABLISHED"
    assert second[1].entry is not None and not second[1].entry.status & ASSURED, "never ASSURED"
    world.now = 1.5
    assert world.send(udp(SERVER + 9, CLIENT, 53, 1000)) == "NEW"
    assert world.send(udp(SERVER + 7, CLIENT, 53, 1000)) == "ESTABLISHED"


def test_taken_tuple() -> None:
    world = World()
    world.send(DNS)
    (old,) = world.conntrack.entries()
    taken = world.conntrack.tuple_taken
    _, context = held(world, udp(CLIENT + 1, SERVER, 1000, 53))
    new = context.entry
    assert new is not None
    assert taken(old.reply, new)
    assert not taken(new.reply, new)
    assert not taken(old.reply, old)
    twin = Connection(old.original, old.reply)
    assert not taken(old.reply, twin), "the same flow: confirm will settle it"
    opposite = Connection(old.reply, old.original)
    assert not taken(opposite.reply, opposite), "both ends at once: confirm will settle it"
    opposite.status |= SRC_NAT
    assert taken(opposite.reply, opposite)


def test_packet_dropped_on_its_way_leaves_nothing() -> None:
    world = World()
    _, context = held(world, DNS)
    assert context.entry is not None
    world.conntrack.dropped(context.entry)
    assert world.lines() == []
    assert world.send(DNS) == "NEW"


def test_an_answer_of_the_engine_does_not_confirm() -> None:
    """The firewall answers (REJECT) before the question has passed its last hook."""
    world = World()
    _, question = held(world, DNS)
    packet = Packet(ANSWER)
    context = world.context(packet, OUTPUT)
    context.entry = question.entry
    context.ctinfo = CT_ESTABLISHED_REPLY
    assert world.conntrack.track(packet, context) == ACCEPT
    assert world.conntrack.confirm(packet, context) == ACCEPT
    assert world.lines() == []


def test_recognise_changes_nothing() -> None:
    world = World()
    world.send(DNS)
    before = world.lines()
    for data, state in ((DNS, "NEW"), (ANSWER, "ESTABLISHED"), (udp(CLIENT, SERVER, 5, 5), "INVALID")):
        packet = Packet(data)
        context = world.context(packet, FORWARD)
        world.conntrack.recognise(packet, context)
        assert STATES[context.ctinfo] == state
    assert world.lines() == before


def test_where_no_packet_comes_a_little_ends_at_a_time() -> None:
    world = World()
    for number in range(1000):
        world.send(udp(CLIENT, SERVER, 1000 + number, 53))
    world.now += 31.0
    rounds = 1
    while world.conntrack.expire_some(world.now):
        assert world.conntrack.table.count > 0
        rounds += 1
    assert world.conntrack.table.count == 0
    assert rounds == 1000 // SOME + 1
    assert not world.conntrack.expire_some(world.now), "nothing is left to do"
