"""REJECT: which packets are answered, and with which bytes. What stands here was measured on Linux 6.18."""

from __future__ import annotations

import struct

import pytest
from nat_world import World
from target_wire import (
    ACK,
    CLIENT,
    CLIENT6,
    FIN,
    PSH,
    RST,
    SERVER6,
    SYN,
    URG,
    address,
    apply,
    context,
    icmp4,
    icmp6,
    ipv4,
    ipv6,
    spoil,
    summed,
    tcp4,
    tcp6,
    tcp_header,
    udp4,
    udp6,
    udp_header,
)

from engine.core.checksum import checksum, pseudo_header
from engine.core.context import Emission
from engine.core.hooks import HOOK_NUMBERS, IPV4, IPV6
from engine.core.packet import Packet
from engine.core.verdict import DROP
from engine.language.rule import parse_rule

BODY = bytes(range(1, 9))


def answers(rule: str, data: bytes, chain: str = "FORWARD", **what: object) -> list[Emission]:
    packet = Packet(data)
    where = context(packet.family, HOOK_NUMBERS[chain])
    for name, value in what.items():
        setattr(where, name, value)
    outcome = apply(rule, data, where, "filter", chain)
    assert outcome.verdict == DROP
    return outcome.context.emit


def answer(rule: str, data: bytes, chain: str = "FORWARD", **what: object) -> Packet:
    found = answers(rule, data, chain, **what)
    assert len(found) == 1
    packet = Packet(found[0].data)
    assert not packet.fault
    if packet.family == IPV4:
        assert checksum(packet.data[: packet.l3_length]) == 0
    assert found[0].data[9 if packet.family == IPV4 else 6] in (1, 6, 58)
    return packet


# -- ICMP errors


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("icmp-net-unreachable", 0),
        ("icmp-host-unreachable", 1),
        ("icmp-proto-unreachable", 2),
        ("icmp-port-unreachable", 3),
        ("icmp-net-prohibited", 9),
        ("icmp-host-prohibited", 10),
        ("icmp-admin-prohibited", 13),
    ],
)
def test_codes_of_ipv4(name: str, code: int) -> None:
    got = answer(f"-j REJECT --reject-with {name}", udp4())
    assert got.data[20:22] == bytes((3, code))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("icmp6-no-route", 0),
        ("icmp6-adm-prohibited", 1),
        ("icmp6-addr-unreachable", 3),
        ("icmp6-port-unreachable", 4),
        ("icmp6-policy-fail", 5),
        ("icmp6-reject-route", 6),
    ],
)
def test_codes_of_ipv6(name: str, code: int) -> None:
    got = answer(f"-j REJECT --reject-with {name}", udp6())
    assert got.data[40:42] == bytes((1, code))
    assert got.transport_sum() == 0xFFFF


@pytest.mark.parametrize(("tos", "answered"), [(0, 0xC0), (0x10, 0xD0), (0xB8, 0xD8), (0xFF, 0xDE), (1, 0xC0)])
def test_ipv4_error_as_linux_builds_it(tos: int, answered: int) -> None:
    cause = udp4(tos=tos)
    got = answer("-j REJECT", cause)
    assert (got.tos, got.ttl, got.df, got.more_fragments) == (answered, 64, False, False)
    assert (got.src, got.dst) == (0, address(CLIENT))  # the route finds the source
    assert got.data[20:28] == bytes((3, 3)) + got.data[22:24] + b"\0\0\0\0"
    assert got.data[28:] == cause
    assert got.transport_sum() == 0xFFFF


def test_as_much_is_quoted_as_fits() -> None:
    assert len(answer("-j REJECT", udp4(data=b"x" * 520)).data) == 576
    assert len(answer("-j REJECT", udp4(data=b"x" * 519)).data) == 575
    assert len(answer("-j REJECT", udp4(data=b"x" * 1400)).data) == 576
    assert len(answer("-j REJECT", udp6(data=b"x" * 1400)).data) == 1280
    assert len(answer("-j REJECT", udp6(data=b"x" * 100)).data) == 40 + 8 + 40 + 8 + 100


def test_a_small_path_mtu_leaves_less_room() -> None:
    where = context()
    where.shared.environment.mtus["lan"] = 300
    apply("-j REJECT", udp4(data=b"x" * 1000), where, "filter")
    assert len(where.emit[0].data) == 300


def test_a_full_record_route_option_is_repeated() -> None:
    """One with room was written into on the way here, which spoiled the sum of its header: no answer (above)."""
    full = b"\x07\x07\x08" + bytes((10, 9, 9, 9))
    told = answer("-j REJECT", udp4(options=full + b"\0", data=b"x" * 1000))
    assert bytes(told.data[20:28]) == full + b"\0"
    assert len(told.data) == 576
    syn = summed(ipv4(6, tcp_header(SYN), options=full + b"\0"))
    assert answer("-p tcp -j REJECT --reject-with tcp-reset", syn).l3_length == 20


def test_source_is_the_address_the_packet_was_for_if_it_is_ours() -> None:
    assert answer("-j REJECT", udp4(dst="10.0.2.1"), "INPUT").src == address("10.0.2.1")
    assert answer("-j REJECT", udp6(dst="fd02::1"), "INPUT").src == address("fd02::1")
    assert answer("-j REJECT", udp6()).src == address("fd01::1")


SILENT = {
    "bad UDP checksum": spoil(udp4()),
    "bad TCP checksum": spoil(tcp4(SYN)),
    "bad ICMP checksum": spoil(icmp4(8)),
    "cut UDP header": ipv4(17, udp_header()[:6]),
    "cut TCP header": ipv4(6, tcp_header(SYN)[:10]),
    "empty ICMP": ipv4(1),
    "one byte of ICMP": ipv4(1, b"\x08"),
    "later fragment": ipv4(17, udp_header(data=b"x" * 8), word=2),
    "broadcast of the network": udp4(dst="10.0.1.255"),
    "broadcast of the other network": udp4(dst="10.0.2.255"),
    "limited broadcast": udp4(dst="255.255.255.255"),
    "multicast": udp4(dst="224.0.0.1"),
    "nobody's address": udp4(src="0.0.0.0"),
    "record route": udp4(options=b"\x07\x0b\x04" + bytes(9)),
    "timestamp": udp4(options=b"\x44\x0c\x05\x00" + bytes(8)),
    "unknown protocol": ipv4(89, BODY),
    "IGMP with a wrong sum": ipv4(2, BODY),
    "DCCP with a pseudo header": summed(ipv4(33, BODY[:6] + b"\0\0" + BODY)),
    **{f"ICMP type {kind}": icmp4(kind, data=bytes(28)) for kind in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 19, 30, 42)},
    "bad UDP checksum, IPv6": spoil(udp6()),
    "bad ICMPv6 checksum": spoil(icmp6(128)),
    "empty UDP, IPv6": ipv6(17),
    "empty ICMPv6": ipv6(58),
    "later fragment, IPv6": ipv6(44, struct.pack("!BBHI", 17, 0, 32, 7) + udp_header()),
    "unknown protocol, IPv6": ipv6(89, BODY),
    "no next header": ipv6(59, BODY),
    "multicast, IPv6": udp6(dst="ff02::1"),
    "unspecified source, IPv6": udp6(src="::"),
    **{f"ICMPv6 type {kind}": icmp6(kind, data=bytes(48)) for kind in (0, 1, 2, 3, 4, 5, 100, 127)},
}


@pytest.mark.parametrize("data", SILENT.values(), ids=SILENT.keys())
def test_no_answer_to(data: bytes) -> None:
    assert answers("-j REJECT", data) == []


def good_sum(proto: int, pseudo: bool) -> bytes:
    """A body that holds a right checksum over itself."""
    if not pseudo:
        return BODY + checksum(BODY).to_bytes(2, "big")
    head = pseudo_header(IPV6, address(CLIENT6), address(SERVER6), proto, len(BODY) + 2)
    return BODY + checksum(head + BODY).to_bytes(2, "big")


ANSWERED = {
    "UDP without a checksum": ipv4(17, udp_header()),
    "first fragment whose sum happens to be right": summed(ipv4(17, udp_header(data=b"x" * 8), word=0x2000)),
    "no-operation options": udp4(options=b"\x01\x01\x01\x01"),
    "router alert": udp4(options=b"\x94\x04\x00\x00"),
    **{f"protocol {proto}, not looked at": ipv4(proto, BODY) for proto in (47, 50, 51, 132, 136)},
    **{f"protocol {proto}, sum right": ipv4(proto, good_sum(proto, False)) for proto in (2, 4, 33, 89, 103, 255)},
    **{f"ICMP type {kind}": icmp4(kind, data=bytes(28)) for kind in (0, 8, 13, 14, 15, 16, 17, 18)},
    **{f"ICMPv6 type {kind}": icmp6(kind) for kind in (128, 129, 130, 133, 135, 143, 200, 255)},
    **{f"protocol {proto}, not looked at, IPv6": ipv6(proto, BODY) for proto in (47, 50, 132, 136)},
    **{f"protocol {proto}, sum right, IPv6": ipv6(proto, good_sum(proto, True)) for proto in (33, 89, 253)},
    "UDP behind options, IPv6": ipv6(60, b"\x11\0\x01\x04\0\0\0\0" + bytes(summed(udp6()))[40:]),
}


@pytest.mark.parametrize("data", ANSWERED.values(), ids=ANSWERED.keys())
def test_an_answer_to(data: bytes) -> None:
    assert len(answers("-j REJECT", data)) == 1


def test_a_checksum_still_to_be_filled_in_is_not_wrong() -> None:
    where = context()
    packet = Packet(spoil(udp4()), partial=True)
    target = parse_rule(["-j", "REJECT"], IPV4, "filter", "FORWARD").target
    assert target is not None
    target.apply(packet, where)
    assert len(where.emit) == 1


def test_link_broadcasts_get_no_icmp_but_a_reset() -> None:
    header = b"\xff" * 6 + bytes(6) + b"\x08\x00"
    mine = udp4(dst="10.0.1.1")
    assert answers("-j REJECT", mine, "INPUT", mac_header=header) == []
    assert len(answers("-j REJECT", mine, "INPUT", mac_header=b"\x02" * 12 + b"\x08\x00")) == 1
    syn = tcp4(SYN, dst="10.0.1.1")
    assert len(answers("-p tcp -j REJECT --reject-with tcp-reset", syn, "INPUT", mac_header=header)) == 1


# -- resets

RESET = "-p tcp -j REJECT --reject-with tcp-reset"


@pytest.mark.parametrize(
    ("flags", "seq", "ack", "answered"),
    [
        (SYN, 0, 5004, RST | ACK),
        (SYN | ACK, 777, 0, RST),
        (ACK, 777, 0, RST),
        (PSH | ACK, 777, 0, RST),
        (FIN, 0, 5004, RST | ACK),
        (FIN | ACK, 777, 0, RST),
        (0, 0, 5003, RST | ACK),
        (SYN | FIN, 0, 5005, RST | ACK),
        (FIN | PSH | URG, 0, 5004, RST | ACK),
    ],
)
def test_numbers_of_a_reset(flags: int, seq: int, ack: int, answered: int) -> None:
    for data in (tcp4(flags, ack=777, data=b"abc"), tcp6(flags, ack=777, data=b"abc")):
        got = answer(RESET, data)
        at = got.l4
        assert (got.u32(at + 4), got.u32(at + 8), got.data[at + 13]) == (seq, ack, answered)
        assert (got.sport, got.dport, got.u16(at + 14), got.u16(at + 18)) == (80, 1000, 0, 0)
        assert got.transport_sum() == 0xFFFF
        assert len(got.data) == at + 20


def test_headers_of_a_reset() -> None:
    got = answer(RESET, summed(ipv4(6, tcp_header(SYN), tos=0xB8, ttl=9)))
    assert bytes(got.data[:20]) == bytes.fromhex("4500002800004000400623bd0a00020a0a00010a")
    got = answer(RESET, summed(ipv6(6, tcp_header(SYN), tc=0xB8, hops=9, label=5)))
    assert bytes(got.data[:8]) == bytes.fromhex("6000000000140640")
    assert (got.src, got.dst) == (address(SERVER6), address(CLIENT6))


def test_odd_header_lengths_count_as_they_stand() -> None:
    short = bytearray(tcp_header(SYN))
    short[12] = 0x40
    assert answer(RESET, summed(ipv4(6, bytes(short)))).u32(28) == 5001 + 4
    short[12] = 0xF0
    assert answer(RESET, summed(ipv4(6, bytes(short)))).u32(28) == 5001 + 20 - 60


@pytest.mark.parametrize(
    "data",
    [
        tcp4(RST),
        tcp4(RST | ACK),
        spoil(tcp4(SYN)),
        ipv4(6, tcp_header(SYN)[:16]),
        ipv4(6, tcp_header(SYN), word=2),
        tcp4(SYN, dst="10.0.1.255"),
        tcp4(SYN, dst="224.0.0.1"),
        summed(ipv4(6, tcp_header(SYN), options=b"\x07\x0b\x04" + bytes(9))),
        tcp6(RST),
        spoil(tcp6(SYN)),
        tcp6(SYN, src="::"),
        tcp6(SYN, dst="ff02::1"),
    ],
)
def test_no_reset_to(data: bytes) -> None:
    assert answers(RESET, data) == []


def test_on_a_bridge_the_reset_goes_back_out_of_the_port() -> None:
    (found,) = answers(RESET, tcp4(SYN), physin="port1")
    assert (found.via, found.device) == ("bridge", "port1")
    (found,) = answers("-j REJECT", tcp4(SYN), physin="port1")
    assert found.via == "output"


# -- with the rest of the engine


def test_the_source_of_an_error_comes_from_the_route() -> None:
    world = World()
    world.ipt("-A FORWARD -j REJECT")
    world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
    (got,) = world.take("lan")
    assert Packet(got).src == address("10.0.1.1")


@pytest.mark.parametrize("rule", ["-j REJECT", "-p tcp -j REJECT --reject-with tcp-reset"])
def test_answers_are_related_to_the_connection_they_end(rule: str) -> None:
    world = World()
    world.ipt(
        f"-A FORWARD {rule}",
        "-A OUTPUT -m conntrack --ctstate RELATED -j ACCEPT",
        "-A OUTPUT -j DROP",
    )
    world.send("lan", tcp4(SYN, src="10.0.1.2", dst="10.0.2.2"))
    assert len(world.take("lan")) == 1
    assert world.ct() == []


def test_a_reset_closes_a_known_connection() -> None:
    world = World()
    world.ipt(
        "-A FORWARD -p tcp --dport 80 -m string --string die --algo bm -j REJECT --reject-with tcp-reset",
        "-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
    )
    world.send("lan", tcp4(SYN, src="10.0.1.2", dst="10.0.2.2", seq=1))
    world.send("wan", tcp4(SYN | ACK, src="10.0.2.2", dst="10.0.1.2", sport=80, dport=1000, seq=9, ack=2))
    world.send("lan", tcp4(ACK, src="10.0.1.2", dst="10.0.2.2", seq=2, ack=10))
    assert "ESTABLISHED" in world.ct()[0]
    world.take("lan")
    world.send("lan", tcp4(ACK, src="10.0.1.2", dst="10.0.2.2", seq=2, ack=10, data=b"die"))
    assert len(world.take("lan")) == 1
    assert " 10 CLOSE " in world.ct()[0]


def test_a_reset_is_translated_back() -> None:
    world = World()
    world.ipt(
        "-t nat -A PREROUTING -i lan -p tcp -d 10.0.1.1 --dport 80 -j DNAT --to-destination 10.0.2.2:8080",
        "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset",
    )
    world.send("lan", tcp4(SYN, src="10.0.1.2", dst="10.0.1.1"))
    (got,) = world.take("lan")
    packet = Packet(got)
    assert (packet.src, packet.sport, packet.transport_sum()) == (address("10.0.1.1"), 80, 0xFFFF)


def test_the_rate_of_errors_to_one_host_may_be_limited() -> None:
    world = World()
    world.ipt("-A FORWARD -j REJECT")
    for _ in range(10):
        world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
    assert len(world.take("lan")) == 10
    world.engine.shared.sysctls["net.ipv4.icmp_ratelimit"] = "1000"
    for _ in range(10):
        world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
        world.send("lan", udp4(src="10.0.1.3", dst="10.0.2.2"))
    assert len(world.take("lan")) == 12  # six for each
    world.now += 1
    for _ in range(3):
        world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
    assert len(world.take("lan")) == 1


def test_mark_is_reflected_only_when_asked() -> None:
    where = context()
    where.mark = 7
    apply("-j REJECT", udp4(), where, "filter")
    where.shared.sysctls["net.ipv4.fwmark_reflect"] = "1"
    apply("-j REJECT", udp4(), where, "filter")
    assert [emission.mark for emission in where.emit] == [0, 7]


def test_ping_is_answered_like_anything_else() -> None:
    assert answer("-j REJECT", icmp4(8, rest=b"\0\x07\0\x01", data=b"hello")).data[20:22] == b"\x03\x03"
    assert answer("-j REJECT", icmp6(128, rest=b"\0\x07\0\x01", data=b"hello")).data[40:42] == b"\x01\x04"
