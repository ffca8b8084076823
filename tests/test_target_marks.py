"""Targets that set numbers beside the packet, that decide, and that copy: MARK, HMARK, NFQUEUE, CT, TEE and so on."""

from __future__ import annotations

import pytest
from nat_world import World
from target_wire import SYN, apply, context, icmp4, icmp6, ipv4, ipv6, summed, tcp4, tcp6, udp4, udp6, udp_header

from engine.core import verdict as v
from engine.core.connection import CT_UNTRACKED, Connection, Tuple
from engine.core.context import Context, Fragmented
from engine.core.hooks import IPV4, IPV6, OUTPUT, PREROUTING


def tracked(mark: int = 0, family: int = IPV4) -> Context:
    where = context(family)
    where.entry = Connection(Tuple(family, 17, 1, 2, 3, 4), Tuple(family, 17, 2, 1, 4, 3))
    where.entry.mark = mark
    where.ctinfo = 2
    return where


@pytest.mark.parametrize(
    ("option", "before", "after"),
    [
        ("--set-mark 5", 0xFF, 5),
        ("--set-mark 1/2", 0xFF, 0xFD),
        ("--set-xmark 0xf/0xff", 0x1F5, 0x10F),
        ("--set-xmark 1/0", 3, 2),
        ("--or-mark 0xf0", 0x0F, 0xFF),
        ("--and-mark 0xf0", 0xFF, 0xF0),
        ("--xor-mark 0xff", 0xF0, 0x0F),
    ],
)
def test_setting_marks(option: str, before: int, after: int) -> None:
    where = context()
    where.mark = before
    assert apply(f"-j MARK {option}", udp4(), where).verdict == v.CONTINUE
    assert where.mark == after
    where = tracked(before)
    assert apply(f"-j CONNMARK {option}", udp4(), where).verdict == v.CONTINUE
    assert where.entry is not None
    assert (where.entry.mark, where.mark) == (after, 0)


@pytest.mark.parametrize(
    ("options", "nf", "ct", "nf_after", "ct_after"),
    [
        ("--save-mark", 0x12, 0x34, 0x12, 0x12),
        ("--restore-mark", 0x12, 0x34, 0x34, 0x34),
        ("--save-mark --mask 0xf", 0x12, 0x34, 0x12, 0x32),
        ("--restore-mark --mask 0xf0", 0x12, 0x34, 0x32, 0x34),
        ("--save-mark --nfmask 0xff --ctmask 0xff00", 0x12, 0x3400, 0x12, 0x12),
        ("--save-mark --nfmask 0xf --ctmask 0 ", 0x3, 0x1, 0x3, 0x2),  # a mask of 0 turns bits over
        ("--save-mark --left-shift-mark 8", 0x12, 0x34, 0x12, 0x1200),
        ("--restore-mark --right-shift-mark 4", 0x12, 0x340, 0x34, 0x340),
        ("--set-mark 3 --left-shift-mark 31", 0, 0, 0, 0x80000000),
    ],
)
def test_copying_marks(options: str, nf: int, ct: int, nf_after: int, ct_after: int) -> None:
    where = tracked(ct)
    where.mark = nf
    apply(f"-j CONNMARK {options}", udp4(), where)
    assert where.entry is not None
    assert (where.mark, where.entry.mark) == (nf_after, ct_after)
    assert (where.entry.event_cache != 0) == (ct != ct_after)


def test_a_packet_without_connection_is_left_alone() -> None:
    for rule in ("-j CONNMARK --restore-mark", "-j CONNMARK --set-mark 1", "-j CONNSECMARK --save"):
        where = context()
        where.mark = 7
        assert apply(rule, udp4(), where).verdict == v.CONTINUE
        assert where.mark == 7


def test_marks_go_with_connections() -> None:
    world = World()
    world.ipt(
        "-t mangle -A PREROUTING -i lan -j MARK --set-mark 9",
        "-t mangle -A PREROUTING -i lan -j CONNMARK --save-mark",
        "-t mangle -A PREROUTING -i wan -j CONNMARK --restore-mark",
        "-A FORWARD -m mark --mark 9 -j ACCEPT",
        "-A FORWARD -j DROP",
    )
    assert world.pass_through("lan", udp4(src="10.0.1.2", dst="10.0.2.2")) is not None
    assert "mark=9" in world.ct()[0]
    answer = summed(ipv4(17, udp_header(53, 1000), "10.0.2.2", "10.0.1.2"))
    assert world.pass_through("wan", answer) is not None
    stranger = summed(ipv4(17, udp_header(54, 1000), "10.0.2.2", "10.0.1.2"))
    assert world.pass_through("wan", stranger) is None


def test_connsecmark() -> None:
    where = tracked()
    assert where.entry is not None
    where.secmark = 5
    apply("-j CONNSECMARK --save", udp4(), where)
    assert where.entry.secmark == 5
    where.secmark = 6
    apply("-j CONNSECMARK --save", udp4(), where)
    apply("-j CONNSECMARK --restore", udp4(), where)
    assert (where.entry.secmark, where.secmark) == (5, 6)
    where.secmark = 0
    apply("-j CONNSECMARK --restore", udp4(), where)
    assert where.secmark == 5


def test_classify() -> None:
    where = context()
    assert apply("-j CLASSIFY --set-class 1:10", udp4(), where).verdict == v.CONTINUE
    assert where.priority == 0x00010010


# -- HMARK: what Linux 6.18 computed for the same packets

BYTES8 = bytes(range(1, 9))
PACKETS = {
    (4, "tcp"): tcp4(SYN),
    (4, "tcp2"): tcp4(SYN, sport=80, dport=1000),
    (4, "udp"): summed(ipv4(17, udp_header(5, 6, b""))),
    (4, "icmp"): icmp4(8, rest=b"\0\7\0\1"),
    (4, "esp"): ipv4(50, BYTES8),
    (4, "ah"): ipv4(51, bytes(range(1, 13))),
    (4, "gre"): ipv4(47, b"\0\0\x08\0" * 4),
    (4, "89"): ipv4(89, BYTES8),
    (6, "tcp"): tcp6(SYN),
    (6, "udp"): summed(ipv6(17, udp_header(5, 6, b""))),
    (6, "echo"): icmp6(128, rest=b"\0\7\0\1"),
    (6, "esp"): ipv6(50, BYTES8),
    (6, "dstopt"): summed(ipv6(60, b"\x11\0\1\4\0\0\0\0" + udp_header(5, 6, b""))),
}
HASHES = """
4 | tcp | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
4 | tcp2 | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
4 | udp | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
4 | icmp | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
4 | esp | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
4 | ah | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
4 | gre | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
4 | 89 | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 355617882
6 | tcp | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 1343417330
6 | udp | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 1343417330
6 | echo | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 1343417330
6 | esp | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 1343417330
6 | dstopt | --hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 1 | 1343417330
4 | tcp | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
4 | tcp2 | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
4 | udp | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
4 | icmp | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
4 | esp | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
4 | ah | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
4 | gre | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
4 | 89 | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 4091316731
6 | tcp | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 3820857394
6 | udp | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 3820857394
6 | echo | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 3820857394
6 | esp | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 3820857394
6 | dstopt | --hmark-tuple src,dst --hmark-mod 4294967295 --hmark-rnd 0x12345678 | 3820857394
4 | tcp | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 236761
4 | tcp2 | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 236761
4 | udp | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 959000
4 | icmp | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 50316
4 | esp | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 70510
4 | ah | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 311395
4 | gre | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 50316
4 | 89 | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 50316
6 | tcp | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 48898
6 | udp | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 52067
6 | echo | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 531843
6 | esp | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 641381
6 | dstopt | --hmark-tuple src,dst,sport,dport --hmark-mod 1000000 --hmark-rnd 0xfeedcafe --hmark-offset 7 | 52067
4 | tcp | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 2992660281
4 | tcp2 | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 2992660281
4 | udp | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 247914156
4 | icmp | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 3805394
4 | esp | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 3395013555
4 | ah | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 2869861360
4 | gre | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 3805394
4 | 89 | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 3805394
6 | tcp | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 2992660281
6 | udp | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 247914156
6 | echo | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 3805394
6 | esp | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 3395013555
6 | dstopt | --hmark-tuple spi --hmark-mod 4294967295 --hmark-rnd 3 | 247914156
4 | tcp | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 4032761353
4 | tcp2 | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 4032761353
4 | udp | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 3090374267
4 | icmp | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 4048698414
4 | esp | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 179398610
4 | ah | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 2702107833
4 | gre | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 4048698368
4 | 89 | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 4048698486
6 | tcp | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 1404733478
6 | udp | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 1273534922
6 | echo | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 3820219364
6 | esp | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 2729444044
6 | dstopt | --hmark-tuple src,dst,sport,dport,proto --hmark-mod 4294967295 --hmark-rnd 3 | 1273534922
4 | tcp | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 3745935930
4 | tcp2 | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 4065414486
4 | udp | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 4024943871
4 | icmp | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 4021864294
4 | esp | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 1218346364
4 | ah | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 2660269489
4 | gre | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 4021864294
4 | 89 | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 4021864294
6 | tcp | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 2569221692
6 | udp | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 4267044559
6 | echo | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 2060189055
6 | esp | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 2669998105
6 | dstopt | --hmark-tuple src,sport --hmark-dport 99 --hmark-mod 4294967295 --hmark-rnd 3 | 4267044559
4 | tcp | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183085
4 | tcp2 | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183085
4 | udp | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183080
4 | icmp | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183080
4 | esp | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183081
4 | ah | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183082
4 | gre | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183078
4 | 89 | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 257183072
6 | tcp | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 2540662959
6 | udp | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 2540662966
6 | echo | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 2540662971
6 | esp | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 2540662963
6 | dstopt | --hmark-src-prefix 20 --hmark-proto-mask 0xf --hmark-mod 4294967295 --hmark-rnd 3 | 2540662966
"""


def vectors() -> list[tuple[int, str, str, int]]:
    rows = [line.split("|") for line in HASHES.strip().splitlines()]
    return [(int(version), name.strip(), options.strip(), int(mark)) for version, name, options, mark in rows]


@pytest.mark.parametrize(("version", "name", "options", "mark"), vectors())
def test_hashes_of_linux(version: int, name: str, options: str, mark: int) -> None:
    where = context(IPV4 if version == 4 else IPV6)
    assert apply(f"-j HMARK {options}", PACKETS[version, name], where).verdict == v.CONTINUE
    assert where.mark == mark


def test_both_directions_and_icmp_errors_have_the_hash_of_the_flow() -> None:
    rule = "-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 4294967295 --hmark-rnd 7"
    there = summed(ipv4(17, udp_header(1000, 53)))
    back = summed(ipv4(17, udp_header(53, 1000), "10.0.2.10", "10.0.1.10"))
    error = icmp4(3, 3, data=there[:28], src="10.0.2.1", dst="10.0.1.10")
    there6 = udp6()
    error6 = icmp6(1, 4, data=there6, src="fd02::1", dst="fd01::10")
    marks = []
    for data in (there, back, error):
        where = context()
        apply(rule, data, where)
        marks.append(where.mark)
    assert len(set(marks)) == 1
    marks = []
    for data in (there6, error6):
        where = context(IPV6)
        apply(rule, data, where)
        marks.append(where.mark)
    assert len(set(marks)) == 1


def test_hash_by_connection_needs_one() -> None:
    rule = "-j HMARK --hmark-tuple ct,src,dst --hmark-mod 10 --hmark-rnd 7 --hmark-offset 100"
    where = context()
    where.mark = 3
    apply(rule, udp4(), where)
    assert where.mark == 3
    where = tracked()
    apply(rule, udp4(), where)
    assert 100 <= where.mark < 110


# -- verdicts


@pytest.mark.parametrize(
    ("rule", "verdict"), [("-j ACCEPT", v.ACCEPT), ("-j DROP", v.DROP), ("-j RETURN", v.RETURN), ("-j QUEUE", v.QUEUE)]
)
def test_verdicts(rule: str, verdict: int) -> None:
    assert apply(rule, udp4(), table="filter").verdict == verdict


def test_queues() -> None:
    where = context()
    assert apply("-j NFQUEUE --queue-num 7 --queue-bypass", udp4(), where).verdict == v.QUEUE
    assert (where.queue, where.queue_bypass) == (7, True)
    there = summed(ipv4(17, udp_header(1000, 53)))
    back = summed(ipv4(17, udp_header(53, 1000), "10.0.2.10", "10.0.1.10"))
    found = set()
    for data in (there, back):
        where = context()
        apply("-j NFQUEUE --queue-balance 10:29", data, where)
        found.add(where.queue)
    assert len(found) == 1
    assert 10 <= found.pop() <= 29
    many = set()
    for host in range(2, 200):
        where = context()
        apply("-j NFQUEUE --queue-balance 10:13", udp4(src=f"10.0.1.{host}"), where)
        many.add(where.queue)
    assert many == {10, 11, 12, 13}


def test_without_a_listener_a_queue_drops_or_lets_pass() -> None:
    world = World()
    world.ipt("-A FORWARD -p udp -j NFQUEUE", "-A FORWARD -p tcp -j NFQUEUE --queue-bypass", "-A FORWARD -j DROP")
    assert world.pass_through("lan", udp4(src="10.0.1.2", dst="10.0.2.2")) is None
    assert world.pass_through("lan", tcp4(SYN, src="10.0.1.2", dst="10.0.2.2")) is not None


# -- raw: CT and NOTRACK


def raw(rule: str, where: Context | None = None) -> Context:
    where = where or context(IPV4, PREROUTING)
    assert apply(rule, udp4(), where, "raw", "PREROUTING").verdict == v.CONTINUE
    return where


def test_notrack_and_the_first_rule_holds() -> None:
    for rule in ("-j NOTRACK", "-j CT --notrack"):
        where = raw(rule)
        assert where.ctinfo == CT_UNTRACKED
        raw("-j CT --zone 5", where)
        assert where.zone_original == 0
    where = raw("-j CT --zone 5")
    raw("-j NOTRACK", where)
    raw("-j CT --zone 6", where)
    assert (where.ctinfo != CT_UNTRACKED, where.zone_original) == (True, 5)


@pytest.mark.parametrize(
    ("options", "zones"),
    [
        ("--zone 5", (5, 5)),
        ("--zone-orig 5", (5, 0)),
        ("--zone-reply 5", (0, 5)),
        ("--zone-orig 5 --zone-reply 6", (6, 6)),
        ("", (0, 0)),
    ],
)
def test_zones(options: str, zones: tuple[int, int]) -> None:
    where = raw(f"-j CT {options}")
    assert (where.zone_original, where.zone_reply) == zones


@pytest.mark.parametrize(
    ("option", "shown"), [("zone", "zone=77"), ("zone-orig", "zone-orig=77"), ("zone-reply", "zone-reply=77")]
)
def test_a_zone_by_mark_is_that_of_the_packet_when_it_is_tracked(option: str, shown: str) -> None:
    world = World()
    world.ipt(
        "-t raw -A PREROUTING -j MARK --set-mark 5",
        f"-t raw -A PREROUTING -j CT --{option} mark",
        "-t raw -A PREROUTING -j MARK --set-mark 0x1004d",
        "-A FORWARD -m conntrack --ctstate NEW",
    )
    world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
    assert [shown in line for line in world.ct()] == [True]


def test_templates() -> None:
    where = context(IPV4, PREROUTING)
    apply("-p udp -j CT --helper tftp --ctevents new,destroy", udp4(), where, "raw", "PREROUTING")
    assert (where.template_helper, where.template_events, where.template_expect_events) == ("tftp", 0b101, 0)
    where = raw("-j CT --expevents new")
    assert (where.template_events, where.template_expect_events) == (0, 1)
    assert raw("-j CT").template_events == -1


def test_zones_keep_connections_apart() -> None:
    world = World()
    world.ipt("-t raw -A PREROUTING -i lan -j CT --zone 5", "-A FORWARD -m conntrack --ctstate NEW")
    world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
    world.send("wan", summed(ipv4(17, udp_header(53, 1000), "10.0.2.2", "10.0.1.2")))
    lines = world.ct()
    assert len(lines) == 2
    assert sum("zone=5" in line for line in lines) == 1


def test_untracked_packets_make_no_entry() -> None:
    world = World()
    world.ipt(
        "-t raw -A PREROUTING -j NOTRACK", "-A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT", "-A FORWARD -j DROP"
    )
    assert world.pass_through("lan", udp4(src="10.0.1.2", dst="10.0.2.2")) is not None
    assert world.ct() == []


def test_which_targets_switch_tracking_on() -> None:
    """Measured: CT does, NOTRACK and CT --notrack do not."""
    for rule, on in (("NOTRACK", False), ("CT --notrack", False), ("CT", True), ("CT --zone 1", True)):
        world = World()
        world.ipt(f"-t raw -A PREROUTING -s 192.0.2.1 -j {rule}")
        world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
        assert bool(world.ct()) == on, rule


# -- copies


def test_tee() -> None:
    for chain, hook, ttl in (("PREROUTING", 0, 63), ("INPUT", 1, 63), ("FORWARD", 2, 64), ("POSTROUTING", 4, 64)):
        where = context(IPV4, hook)
        outcome = apply("-j TEE --gateway 10.0.2.99 --oif wan", udp4(), where, "mangle", chain)
        assert outcome.verdict == v.CONTINUE
        assert bytes(outcome.packet.data) == udp4()
        (copy,) = where.emit
        assert (copy.via, copy.device, copy.gateway, copy.ctinfo) == ("output", "wan", 0x0A000263, CT_UNTRACKED)
        assert copy.data[8] == ttl
        assert copy.data[6] == 0x40  # DF
        assert copy.data[12:] == udp4()[12:]


def test_copies_are_not_copied() -> None:
    world = World()
    world.ipt(
        "-t mangle -A PREROUTING -j TEE --gateway 10.0.2.99",
        "-t mangle -A OUTPUT -j TEE --gateway 10.0.2.99",
        "-t mangle -A POSTROUTING -j TEE --gateway 10.0.2.99",
        "-t mangle -A OUTPUT -m conntrack ! --ctstate UNTRACKED -j DROP",
    )
    world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
    assert len(world.take("wan")) == 3  # the packet, and a copy from each of PREROUTING and POSTROUTING


def test_a_copy_of_what_came_in_fragments_is_cut_at_other_places() -> None:
    where = context(IPV4, 2)
    where.fragmented = Fragmented(44, False, (8, 24, 8), True, 1)
    apply("-j TEE --gateway 10.0.2.99", udp4(), where)
    assert where.emit[0].fragmented == Fragmented(44, False, (8, 24, 8), False, 1)
    assert where.fragmented.even


def test_ipv6_copies() -> None:
    where = context(IPV6, OUTPUT)
    apply("-j TEE --gateway fd02::99", udp6(), where, "mangle", "OUTPUT")
    assert where.emit[0].data == udp6()
