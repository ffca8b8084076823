"""Connections put away as JSON and taken up again by another engine; what is no snapshot is refused whole."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from conntrack_wire import CLIENT, CLIENT6, SERVER, SERVER6, chunk, icmp, ipv4, sctp, tcp, udp
from conntrack_world import World

from engine.conntrack import Expectation, Policy
from engine.core.connection import SEQ_ADJUST, Connection, SequenceAdjustment, Tuple
from engine.core.context import Context
from engine.core.hooks import IPV4

INIT = chunk(1, 0, b"\0\0\0\5\0\0\0\x64\0\1\0\1\0\0\0\1")


def busy() -> World:
    """A world with a little of everything."""
    world = World()
    world.sysctl("acct", 1)
    world.sysctl("timestamp", 1)
    world.sysctl("tcp_timeout_established", 5000)
    world.now = 100.0
    world.send(tcp(CLIENT, SERVER, 1000, 21, 100, 0, "S", options=b"\3\3\7\1\4\2\0\0"), template_helper="ftp")
    world.send(tcp(SERVER, CLIENT, 21, 1000, 500, 101, "SA", options=b"\3\3\5\1\4\2\0\0"))
    world.send(tcp(CLIENT, SERVER, 1000, 21, 101, 501, "A"))
    world.send(tcp(CLIENT, SERVER, 1000, 21, 101, 501, "PA", size=20))
    (master,) = world.conntrack.entries()
    master.mark, master.labels, master.has_labels = 7, 1 << 100, True
    master.seqadj = [SequenceAdjustment(), SequenceAdjustment()]
    master.seqadj[0].correction_pos, master.seqadj[0].offset_after = 101, 4
    master.status |= SEQ_ADJUST
    master.helper_data["last"] = 99
    for port in (5000, 5001):
        key = Tuple(IPV4, 6, SERVER, CLIENT, 20, port)
        one = Expectation(master, key, 0xFFFFFFFF, 0, Policy("ftp", 4, 300))
        one.function = "nat-follow-master"
        assert world.conntrack.expect(one) == 0
    assert world.send(tcp(SERVER, CLIENT, 20, 5000, 1, 0, "S")) == "RELATED"
    world.now = 104.0
    world.send(udp(CLIENT, SERVER, 1000, 53), zone_original=4, zone_reply=4)
    world.send(udp(SERVER, CLIENT, 53, 1000), zone_original=4, zone_reply=4)
    world.send(icmp(CLIENT6, SERVER6, 128, 0, 1 << 16))
    world.send(sctp(CLIENT, SERVER, 1, 2, 0, [INIT]))
    world.send(ipv4(CLIENT, SERVER, 47, b"\x20\0\x08\0abcdefgh"))
    world.send(ipv4(CLIENT, SERVER, 99, b"abcd"))
    return world


def moved(value: Any, now: float, world: World | None = None) -> World:
    """What another engine makes of a snapshot, at another time on its own clock."""
    other = world or World()
    other.now = now
    other.conntrack.restore(json.loads(json.dumps(value)), now)
    return other


def test_everything_comes_back() -> None:
    world = busy()
    value = world.conntrack.snapshot(world.now)
    other = moved(value, 7000.0)
    assert other.lines() == world.lines()
    assert other.conntrack.snapshot(other.now) == value
    expected = [other.conntrack.expect_line(one, other.now) for one in other.conntrack.expectations()]
    assert expected == [world.conntrack.expect_line(one, world.now) for one in world.conntrack.expectations()]
    assert other.conntrack.sysctl("nf_conntrack_tcp_timeout_established") == "5000"
    master = other.conntrack.entries()[0]
    assert (master.mark, master.labels, master.helper, master.helper_data) == (7, 1 << 100, "ftp", {"last": 99})
    assert master.seqadj is not None and master.seqadj[0].offset_after == 4
    assert other.conntrack.entries()[1].master is master and master.children == 1


def test_connections_have_gone_on_unseen() -> None:
    """After a crash the snapshot is older than the connection: its numbers are learnt from what comes, and believed."""
    world = busy()
    other = moved(world.conntrack.snapshot(world.now), 3.0)
    other.conntrack.resume()
    assert other.lines() == world.lines()
    far = tcp(SERVER, CLIENT, 21, 1000, 700000000, 900000001, "A", size=1)
    assert other.send(far) == "ESTABLISHED"
    assert other.send(tcp(CLIENT, SERVER, 1000, 21, 900000001, 700000501, "A", size=1)) == "ESTABLISHED"
    before = other.lines()
    other.conntrack.resume()
    assert other.lines() == before


def test_connections_go_on() -> None:
    world = busy()
    other = moved(world.conntrack.snapshot(world.now), 3.0)
    for one in (world, other):
        far = tcp(CLIENT, SERVER, 1000, 21, 900000000, 501, "A", size=1)
        assert one.send(far) == "INVALID", "windows are still known"
        assert one.send(tcp(SERVER, CLIENT, 21, 1000, 501, 121, "A")) == "ESTABLISHED"
        assert one.send(tcp(SERVER, CLIENT, 20, 5001, 1, 0, "S")) == "RELATED"
        assert one.send(tcp(CLIENT, SERVER, 5000, 20, 9, 2, "SA")) == "ESTABLISHED"
        assert one.send(udp(CLIENT, SERVER, 1000, 53), zone_original=4, zone_reply=4) == "ESTABLISHED"
        assert one.send(icmp(SERVER6, CLIENT6, 129, 0, 1 << 16)) == "ESTABLISHED"
        one.now += 2.5
        assert one.send(udp(CLIENT, SERVER, 1000, 53), zone_original=4, zone_reply=4) == "ESTABLISHED"
    assert other.lines() == world.lines()


def test_new_ids_are_new() -> None:
    world = busy()
    other = moved(world.conntrack.snapshot(world.now), 0.0)
    known = {entry.id for entry in other.conntrack.entries()}
    other.send(udp(CLIENT, SERVER, 7, 7))
    assert other.conntrack.entries()[-1].id > max(known)


def test_time_goes_on() -> None:
    world = busy()
    other = moved(world.conntrack.snapshot(world.now), 50.0)
    other.now += 30.0
    other.conntrack.expire_all(other.now)
    world.now += 30.0
    world.conntrack.expire_all(world.now)
    assert 0 < other.conntrack.table.count < len(busy().lines())
    assert other.lines() == world.lines()


def test_what_was_there_before_is_gone() -> None:
    other = World()
    other.send(udp(CLIENT, SERVER, 7, 7))
    world = busy()
    moved(world.conntrack.snapshot(world.now), 104.0, other)
    assert other.lines() == world.lines()


class Idle:
    """A follower that lets every connection go its own way."""

    def follow(self, entry: Connection, expectation: Expectation, context: Context) -> None:
        pass


def test_followers_are_found_by_name() -> None:
    world = busy()
    other = World()
    follower = Idle()
    other.conntrack.followers["nat-follow-master"] = follower
    moved(world.conntrack.snapshot(world.now), 1.0, other)
    assert [one.follower for one in other.conntrack.expectations()] == [follower]


BROKEN = [
    (lambda v: [], r"connections: an object is needed"),
    (lambda v: v | {"version": 99}, r"connections.version: 99; this engine reads version 1"),
    (lambda v: v | {"entries": 5}, r"connections.entries: unusable value 5"),
    (lambda v: v | {"entries": [3]}, r"connections.entries\[0\]: an object is needed, not 3"),
    (lambda v: v | {"entries": [v["entries"][0], v["entries"][0]]}, r"entries\[1\].id: \d+ stands there twice"),
    (lambda v: entry(v, "original", [2, 6, 1]), r"entries\[0\].original: 6 numbers are needed"),
    (lambda v: entry(v, "original", [2, 6, 1 << 32, 1, 1, 1]), r"entries\[0\].original: not a tuple"),
    (lambda v: entry(v, "original", [7, 6, 1, 1, 1, 1]), r"entries\[0\].original: not a tuple"),
    (lambda v: entry(v, "mark", "red"), r"entries\[0\].mark: unusable value 'red'"),
    (lambda v: entry(v, "state", [1]), r"entries\[0\].state: "),
    (lambda v: entry(v, "state", ["x"] * 40), r"entries\[0\].state: "),
    (lambda v: entry(v, "left", None), r"entries\[0\].left: unusable value None"),
    (lambda v: v | {"expectations": [v["expectations"][0] | {"master": 12345}]}, r"no entry has the id 12345"),
]


def entry(value: dict[str, Any], name: str, what: Any) -> dict[str, Any]:
    value["entries"][0][name] = what
    return value


@pytest.mark.parametrize(("breaking", "complaint"), BROKEN)
def test_what_is_no_snapshot_changes_nothing(breaking: Any, complaint: str) -> None:
    world = busy()
    value = breaking(copy.deepcopy(world.conntrack.snapshot(world.now)))
    other = World()
    other.send(udp(CLIENT, SERVER, 7, 7))
    before = other.lines()
    with pytest.raises(ValueError, match=complaint):
        other.conntrack.restore(value, 0.0)
    assert other.lines() == before
