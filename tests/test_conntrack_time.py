"""When connections end, and when a UDP flow is a stream. Outcomes were measured on Linux 6.18."""

from __future__ import annotations

import pytest
from conntrack_wire import CLIENT, SERVER, icmp, tcp
from conntrack_world import ANSWER, DNS, World, flow

# -- time


def test_entry_ends_after_its_time() -> None:
    world = World()
    world.sysctl("udp_timeout", 3)
    world.send(DNS)
    world.now = 2.9
    assert len(world.lines()) == 1
    assert world.line().split()[4] == "0"
    world.now = 3.0
    assert world.lines() == [], "not listed although nobody has removed it"
    assert world.send(ANSWER) == "NEW"


def test_traffic_starts_the_time_anew() -> None:
    world = World()
    world.sysctl("udp_timeout", 3)
    world.send(DNS)
    world.now = 2.0
    world.send(DNS)
    world.now = 4.9
    assert world.send(ANSWER) == "ESTABLISHED"


def test_a_new_timeout_holds_from_the_next_packet_on() -> None:
    world = World()
    world.send(DNS)
    world.sysctl("udp_timeout", 100)
    assert world.line().split()[4] == "30"
    world.send(DNS)
    assert world.line().split()[4] == "100"
    world.sysctl("udp_timeout", 2)
    world.now = 50.0
    assert world.line().split()[4] == "50"
    world.send(DNS)
    assert world.line().split()[4] == "2"


def test_timeout_0_leaves_no_entry() -> None:
    world = World()
    world.sysctl("udp_timeout", 0)
    assert world.send(DNS) == "NEW"
    assert world.lines() == []
    assert world.send(ANSWER) == "NEW"


def test_negative_timeout_is_as_0() -> None:
    world = World()
    world.sysctl("udp_timeout", -5)
    assert world.send(DNS) == "NEW"
    assert world.lines() == []


@pytest.mark.parametrize(
    ("packet", "late", "state"),
    [
        (DNS, ANSWER, "NEW"),
        (icmp(CLIENT, SERVER, 8, 0, 1 << 16), icmp(SERVER, CLIENT, 0, 0, 1 << 16), "INVALID"),
        (tcp(CLIENT, SERVER, 1, 2, 1, 0, "S"), tcp(SERVER, CLIENT, 2, 1, 1, 2, "SA"), "INVALID"),
        (tcp(CLIENT, SERVER, 1, 2, 1, 1, "A"), tcp(CLIENT, SERVER, 1, 2, 1, 1, "A", size=5), "NEW"),
    ],
)
def test_late_packets(packet: bytes, late: bytes, state: str) -> None:
    world = World()
    assert world.send(packet) == "NEW"
    world.now = 1e6
    assert world.send(late) == state


def test_expire_does_little_at_a_time_and_ends_all() -> None:
    world = World()
    for number in range(3000):
        world.send(flow(number))
    world.now = 30.0
    calls = 0
    while world.conntrack.table.count:
        before = world.conntrack.table.count
        world.conntrack.expire(world.now)
        assert 0 <= before - world.conntrack.table.count <= 128
        calls += 1
        assert calls < 3000
    assert calls >= 3000 // 128
    assert all(not shard for shard in world.conntrack.table.shards)


def test_expire_all_after_a_leap() -> None:
    world = World()
    for number in range(3000):
        world.send(flow(number))
        world.now += 0.01
    world.now = 45.5
    world.conntrack.expire_all(world.now)
    alive = sum(1 for number in range(3000) if number * 0.01 + 30.0 > world.now)
    assert world.conntrack.table.count == len(world.lines()) == alive


def test_entries_touched_again_and_again_end_in_time() -> None:
    """Deadlines move forth and back; none is missed and none comes early."""
    world = World()
    world.sysctl("udp_timeout", 50)
    for number in range(200):
        world.send(flow(number))
    for second in range(1, 40):
        world.now = float(second)
        world.sysctl("udp_timeout", 5 + second * 7 % 31)
        for number in range(0, 200, second):
            world.send(flow(number))
    deadlines = sorted(entry.deadline for entry in world.conntrack.entries())
    while deadlines:
        world.now = deadlines[0] - 0.001
        world.conntrack.expire_all(world.now)
        assert world.conntrack.table.count == len(deadlines)
        world.now = deadlines[0]
        world.conntrack.expire_all(world.now)
        deadlines = [one for one in deadlines if one > world.now]
        assert world.conntrack.table.count == len(deadlines)


# -- UDP streams


def test_udp_is_a_stream_2_seconds_after_it_began() -> None:
    world = World()
    world.send(DNS)
    world.send(ANSWER)
    assert world.summary() == "30"
    world.now = 2.0
    world.send(DNS)
    assert world.summary() == "30", "not yet: exactly 2 s"
    world.now = 2.1
    world.send(DNS)
    assert world.summary() == "120 [ASSURED]"
    world.now = 60.0
    world.send(ANSWER)
    assert world.summary() == "120 [ASSURED]"


def test_one_question_and_one_late_answer_are_no_stream() -> None:
    world = World()
    world.send(DNS)
    world.now = 20.0
    assert world.send(ANSWER) == "ESTABLISHED"
    assert world.summary() == "30"
    world.send(ANSWER)
    assert world.summary() == "120 [ASSURED]"
