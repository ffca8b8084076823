"""What matches keep between packets: how long, how much of it, and which change of the rules begins it anew.

The order of packets in time stands in `match_plays.py`; here are the limits of it.
"""

from __future__ import annotations

import nat_packets as p
import pytest
from nat_world import World

from engine.core.hooks import IPV4, IPV6
from engine.language.commands import run
from engine.language.errors import RulesetError
from engine.match.hashlimit import Buckets
from engine.match.recent import RecentList

LAN, WAN = "10.0.1.2", "10.0.2.9"


def udp(src: str = LAN, dst: str = WAN, sport: int = 1000, dport: int = 53, ttl: int = 64) -> bytes:
    packet = bytearray(p.udp(src, dst, sport, dport))
    packet[8] = ttl
    packet[10:12] = b"\0\0"
    packet[10:12] = p.checksum(bytes(packet[:20])).to_bytes(2, "big")
    return bytes(packet)


def host(number: int) -> str:
    return f"10.0.1.{number}" if number < 256 else f"10.9.{number // 256}.{number % 256}"


class Router(World):
    def tool(self, *words: str, stdin: str = "") -> str:
        """One command, as a user gives it; a text for `iptables-restore` takes the place of its tables."""
        result = run(list(words), stdin, self.engine.store)
        assert result.exit == 0, result.stderr
        return result.stdout

    def restore(self, text: str) -> None:
        self.tool("iptables-restore", stdin=text)

    def hits(self, count: int = 1, data: bytes | None = None, table: str = "filter", rule: int = 0) -> int:
        """How many of so many equal packets a rule of FORWARD matches."""
        rules = self.engine.store.rulesets[IPV4].tables[table].chains["FORWARD"].rules
        before = rules[rule].packets
        for _packet in range(count):
            self.send("lan", data or udp())
        return rules[rule].packets - before


# -- limit


@pytest.mark.parametrize(
    ("options", "second", "hits"),
    [
        # a packet a second from the start: LIMIT has its burst, then one every 1/RATE
        ("--limit 6/min --limit-burst 5", 1, "+++++-----+---------+---------+"),
        ("--limit 1/s --limit-burst 1", 1, "+++++"),
        ("--limit 30/min --limit-burst 1", 1, "+-+-+-+"),
        ("--limit 3/hour --limit-burst 2", 600, "+++-+-+"),
        ("--limit 10/sec --limit-burst 1", 0.1, "+++++"),
        ("--limit 10/sec --limit-burst 1", 0.05, "+-+-+-+"),
        ("--limit 1/day --limit-burst 1", 43200, "+-+-+"),
    ],
)
def test_limit_in_time(options: str, second: float, hits: str) -> None:
    world = Router()
    world.ipt(f"-A FORWARD -m limit {options}")
    said = ""
    for number in range(len(hits)):
        world.now = 1000 + number * second
        said += "-+"[world.hits()]
    assert said == hits


@pytest.mark.parametrize(
    ("options", "pause", "after"),
    [
        ("--limit 6/min --limit-burst 5", 30, 3),
        ("--limit 1/s --limit-burst 3", 6, 3),
        ("--limit 1/s --limit-burst 3", 1.1, 1),
        ("--limit 1/s --limit-burst 3", 0.996, 0),  # ticks of 4 ms
        ("--limit 1/s --limit-burst 3", 1, 1),
        ("--limit 1/s", 1e6, 5),
        ("--limit 10000/s --limit-burst 10000", 0.004, 43),  # 130 credits, 3 a packet
    ],
)
def test_limit_after_a_pause(options: str, pause: float, after: int) -> None:
    world = Router()
    world.ipt(f"-A FORWARD -m limit {options}")
    while world.hits():
        pass
    world.advance(pause)
    assert world.hits(50) == after


def test_limit_is_full_again_when_its_table_changes() -> None:
    world = Router()
    rule = "-A FORWARD -m limit --limit 1/hour --limit-burst 3"
    world.ipt(rule)
    assert (world.hits(9), world.hits(9)) == (3, 0)
    world.ipt("-t mangle -A FORWARD -p tcp")
    world.ipt("-t mangle -F")
    assert world.hits(9) == 3  # World loads all tables at once


def test_limit_is_full_again_only_when_its_own_table_changes() -> None:
    world = Router()
    world.restore("*filter\n-A FORWARD -m limit --limit 1/hour --limit-burst 3\nCOMMIT\n")
    assert (world.hits(9), world.hits(9)) == (3, 0)
    world.restore("*mangle\n-A FORWARD -p tcp\nCOMMIT\n")
    assert world.hits(9) == 0
    world.tool("iptables", "-A", "FORWARD", "-p", "tcp")
    assert world.hits(9) == 3
    world.tool("iptables", "-t", "mangle", "-A", "FORWARD", "-p", "tcp")
    assert world.hits(9) == 0
    world.tool("iptables", "-Z")
    assert world.hits(9) == 3


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ("--limit 1/day --limit-burst 1", True),
        ("--limit 1/day --limit-burst 2", False),
        ("--limit 1/hour --limit-burst 37", True),
        ("--limit 1/hour --limit-burst 60", True),
        ("--limit 1/s --limit-burst 0", False),
        ("--limit 10000/s --limit-burst 10000", True),
    ],
)
def test_limits_that_do_not_fit(options: str, taken: bool) -> None:
    world = Router()
    if taken:
        world.ipt(f"-A FORWARD -m limit {options}")
        assert world.hits()
    else:
        with pytest.raises(RulesetError, match="32-bit credits"):
            world.ipt(f"-A FORWARD -m limit {options}")


def test_only_packets_that_come_to_it_use_a_limit_up() -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -p tcp -m limit --limit 1/hour --limit-burst 2",
        "-A FORWARD -m limit --limit 1/hour --limit-burst 2 -p tcp",
        "-A FORWARD -m limit --limit 1/hour --limit-burst 2 -m udp --dport 1 -p udp",
    )
    world.hits(5)
    syn = p.tcp(LAN, WAN, 1000, 22)
    assert (world.hits(3, syn), world.hits(0)) == (2, 0)
    # matches are asked in their order: the limit is asked before the port
    assert world.hits(3, udp(dport=1), rule=2) == 0


# -- hashlimit


def test_buckets_outlive_a_change_of_the_table() -> None:
    world = Router()
    rule = "-A FORWARD -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 3 --hashlimit-name a"
    world.restore(f"*filter\n{rule}\nCOMMIT\n")
    assert (world.hits(9), world.hits(9)) == (3, 0)
    world.tool("iptables", "-A", "FORWARD", "-p", "tcp")
    assert world.hits(9) == 0
    world.restore(f"*filter\n{rule}\nCOMMIT\n")
    assert world.hits(9) == 0
    world.restore("*filter\nCOMMIT\n")
    assert not world.engine.shared.named
    world.restore(f"*filter\n{rule}\nCOMMIT\n")
    assert world.hits(9) == 3


def test_families_have_buckets_of_their_own_and_lists_in_common() -> None:
    world = Router()
    for rule in (
        "-A FORWARD -m hashlimit --hashlimit-upto 1/hour --hashlimit-name a",
        "-A FORWARD -m recent --name r --set",
    ):
        world.ipt(rule)
        world.ip6t(rule)
    assert sorted(world.engine.shared.named) == ["hashlimit4:a", "hashlimit6:a", "recent:r"]
    world.send("lan", udp())
    world.send("lan", p.udp("fd00:1::2", "fd00:2::9", 1, 2))
    known = world.engine.shared.named["recent:r"]
    assert isinstance(known, RecentList)
    assert [(family, address & 0xFFFF) for family, address in known.entries] == [(IPV4, 0x0102), (IPV6, 2)]


def test_a_full_table_drops_who_is_new() -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -m hashlimit --hashlimit-upto 100/s --hashlimit-mode srcip --hashlimit-name a "
        "--hashlimit-htable-size 2 --hashlimit-htable-max 2 --hashlimit-htable-expire 5000"
    )
    assert world.pass_through("lan", udp(host(2))) is not None
    assert world.pass_through("lan", udp(host(3))) is not None
    assert world.pass_through("lan", udp(host(4))) is None
    assert world.pass_through("lan", udp(host(2))) is not None
    world.advance(7)
    assert world.pass_through("lan", udp(host(4))) is not None


def test_buckets_are_forgotten() -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip "
        "--hashlimit-name a --hashlimit-htable-expire 3000 --hashlimit-htable-gcinterval 1000"
    )
    assert world.hits(2) == 1
    for _second in range(4):
        world.advance(1.5)
        assert world.hits() == 0  # asked for in time
    world.advance(4.5)
    assert world.hits(2) == 1
    table = world.engine.shared.named["hashlimit4:a"]
    assert isinstance(table, Buckets)
    assert len(table.buckets) == 1


def test_rates_of_the_first_rule_hold_for_all_of_a_name() -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -p tcp -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 2 --hashlimit-name a",
        "-A FORWARD -p udp -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 9 --hashlimit-name a",
    )
    assert world.hits(9, rule=1) == 2


# -- quota, statistic


def test_quota_and_statistic_begin_anew_when_their_table_changes() -> None:
    world = Router()
    world.restore(
        "*filter\n-A FORWARD -m quota --quota 100\n-A FORWARD -m statistic --mode nth --every 4 --packet 3\nCOMMIT\n"
    )
    packet = udp()
    enough = 100 // len(packet)
    assert world.hits(6) == enough
    assert world.hits(6) == 0
    assert world.hits(2, rule=1) == 0  # the 13th and 14th packet
    world.tool("iptables", "-t", "mangle", "-A", "FORWARD", "-p", "tcp")
    assert world.hits(1, rule=1) == 0
    assert world.hits(1, rule=1) == 1  # the 16th: another table has nothing to do with it
    assert world.hits(6) == 0
    for change in (("-A", "FORWARD", "-p", "tcp"), ("-Z",)):
        world.tool("iptables", *change)
        assert world.hits(3, rule=1) == 0
        assert world.hits(1, rule=1) == 1
        world.tool("iptables", *change)
        assert world.hits(6) == enough


def test_random_is_about_right() -> None:
    world = Router()
    world.ipt("-A FORWARD -m statistic --mode random --probability 0.25")
    assert 400 < world.hits(2000) < 600


# -- recent


def test_a_list_keeps_a_hundred_addresses() -> None:
    world = Router()
    world.ipt("-A FORWARD -p udp --dport 53 -m recent --set", "-A FORWARD -p udp --dport 54 -m recent --rcheck")
    for number in range(2, 104):
        world.send("lan", udp(host(number)))
    found = [number for number in range(2, 104) if world.hits(1, udp(host(number), dport=54), rule=1)]
    assert found == list(range(4, 104))
    world.send("lan", udp(host(4)))  # seen again: no longer the oldest
    world.send("lan", udp(host(200)))
    assert world.hits(1, udp(host(4), dport=54), rule=1) == 1
    assert world.hits(1, udp(host(5), dport=54), rule=1) == 0


@pytest.mark.parametrize(
    ("hitcount", "times", "hit"), [(32, 32, 1), (32, 31, 0), (33, 64, 1), (33, 33, 1), (64, 64, 1)]
)
def test_so_many_times_are_remembered(hitcount: int, times: int, hit: int) -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -p udp --dport 53 -m recent --set",
        f"-A FORWARD -p udp --dport 54 -m recent --rcheck --hitcount {hitcount}",
    )
    world.hits(times)
    assert world.hits(1, udp(dport=54), rule=1) == hit


def test_old_times_are_overwritten() -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -p udp --dport 53 -m recent --set",
        "-A FORWARD -p udp --dport 54 -m recent --rcheck --seconds 10 --hitcount 5",
    )
    world.hits(100)
    world.advance(11)
    assert world.hits(1, udp(dport=54), rule=1) == 0
    world.hits(4)
    assert world.hits(1, udp(dport=54), rule=1) == 0
    world.hits(1)
    assert world.hits(1, udp(dport=54), rule=1) == 1


def test_the_ttl_can_be_part_of_it() -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -p udp --dport 53 -m recent --set",
        "-A FORWARD -p udp --dport 54 -m recent --rcheck --rttl",
        "-A FORWARD -p udp --dport 54 -m recent --rcheck",
    )
    world.hits(1, udp(ttl=64))
    assert world.hits(1, udp(dport=54, ttl=64), rule=1) == 1
    assert world.hits(1, udp(dport=54, ttl=63), rule=1) == 0
    assert world.hits(1, udp(dport=54, ttl=63), rule=2) == 1


def test_reaping_takes_the_oldest_out() -> None:
    world = Router()
    world.ipt(
        "-A FORWARD -p udp --dport 53 -m recent --set",
        "-A FORWARD -p udp --dport 54 -m recent --rcheck --seconds 60 --reap",
    )
    for number in (2, 3, 4):
        world.send("lan", udp(host(number)))
    world.advance(61)
    known = world.engine.shared.named["recent:DEFAULT"]
    assert isinstance(known, RecentList)
    world.send("lan", udp(host(5)))
    for left in (3, 2, 1, 1):
        world.send("lan", udp(host(5), dport=54))
        assert len(known.entries) == left


def test_what_a_list_keeps() -> None:
    world = Router()
    world.ipt("-A FORWARD -m recent --name web --set")
    world.hits(2)
    world.advance(1)
    world.hits(1)
    known = world.engine.shared.named["recent:web"]
    assert isinstance(known, RecentList)
    (entry,) = known.entries.values()
    assert (entry.family, entry.address, entry.ttl) == (IPV4, 0x0A000102, 64)
    assert (entry.stamps, entry.index) == ([250000, 250000, 250250], 3)


def test_a_greater_hitcount_begins_the_list_anew() -> None:
    world = Router()
    world.restore("*filter\n-A FORWARD -m recent --set\nCOMMIT\n")
    world.hits(3)
    known = world.engine.shared.named["recent:DEFAULT"]
    assert isinstance(known, RecentList) and len(known.entries) == 1
    world.tool("iptables", "-A", "FORWARD", "-p", "tcp", "-m", "recent", "--rcheck", "--hitcount", "20")
    assert len(known.entries) == 1
    world.tool("iptables", "-A", "FORWARD", "-p", "tcp", "-m", "recent", "--rcheck", "--hitcount", "33")
    assert len(known.entries) == 0


@pytest.mark.parametrize("options", ["--rcheck --hitcount 65536", "--set --seconds 1", "--set --name a/b"])
def test_lists_that_are_refused(options: str) -> None:
    with pytest.raises(RulesetError, match="recent: "):
        Router().ipt(f"-A FORWARD -m recent {options}")
