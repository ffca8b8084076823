"""SYNPROXY: a whole handshake through the engine, against what Linux 6.18 sent in the same place."""

from __future__ import annotations

import struct

import pytest
from nat_world import World
from target_wire import ACK, CWR, ECE, PSH, RST, SYN, spoil, tcp4, tcp6

from engine.core.packet import Packet
from engine.target.parts.syn_cookies import read_offer

CLIENT, SERVER = "10.0.1.2", "10.0.2.2"
CLIENT6, SERVER6 = "fd00:1::2", "fd00:2::2"
RULES = (
    "-t raw -A PREROUTING -i lan -p tcp --syn -j CT --notrack",
    "-A FORWARD -i lan -p tcp -m conntrack --ctstate INVALID,UNTRACKED "
    "-j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460",
    "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
)
FULL = b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + struct.pack("!II", 777000, 0) + b"\x01\x03\x03\x0a"


def stamps(value: int, echo: int) -> bytes:
    return b"\x01\x01\x08\x0a" + struct.pack("!II", value, echo)


class Seen:
    """A segment that came out."""

    def __init__(self, data: bytes) -> None:
        packet = Packet(data)
        at = packet.l4
        assert packet.transport_sum() == 0xFFFF
        self.packet = packet
        self.flags = packet.data[at + 13]
        self.seq = packet.u32(at + 4)
        self.ack = packet.u32(at + 8)
        self.window = packet.u16(at + 14)
        self.options = bytes(packet.data[at + 20 : packet.payload()])
        self.data = bytes(packet.data[packet.payload() :])

    @property
    def timestamps(self) -> tuple[int, int]:
        offer = read_offer(self.packet)
        assert offer is not None
        return offer.tsval, offer.tsecr


@pytest.fixture
def world() -> World:
    world = World()
    world.ipt(*RULES)
    world.ip6t(*RULES)
    world.sysctl("nf_conntrack_tcp_loose", 0)
    return world


def only(world: World, leg: str) -> Seen:
    got = world.take(leg)
    assert len(got) == 1, f"{leg}: {len(got)} packets"
    return Seen(got[0])


def nothing(world: World, *legs: str) -> None:
    assert all(not world.take(leg) for leg in legs)


def to_server(world: World, flags: int, **fields: object) -> None:
    world.send("lan", tcp4(flags, CLIENT, SERVER, sport=40000, dport=80, **fields))


def to_client(world: World, flags: int, **fields: object) -> None:
    world.send("wan", tcp4(flags, SERVER, CLIENT, sport=80, dport=40000, **fields))


def test_a_handshake_with_all_options(world: World) -> None:
    to_server(world, SYN, seq=5000, window=64240, options=FULL)
    answer = only(world, "lan")
    nothing(world, "wan")
    assert (answer.flags, answer.ack, answer.window) == (SYN | ACK, 5001, 0)
    assert (answer.packet.ttl, answer.packet.ip_id, answer.packet.df, answer.packet.tos) == (64, 0, True, 0)
    cookie = answer.seq
    hidden, echo = answer.timestamps
    assert echo == 777000
    assert hidden & 0x3F == 0x1A  # scale 10, SACK, no ECN
    assert (
        answer.options == bytes.fromhex("020405b40402080a") + struct.pack("!II", hidden, 777000) + b"\x01\x03\x03\x07"
    )
    assert world.ct() == []

    to_server(world, ACK, seq=5001, ack=cookie + 1, window=500, options=stamps(777005, hidden))
    syn = only(world, "wan")
    nothing(world, "lan")
    assert (syn.flags, syn.seq, syn.ack, syn.window) == (SYN, 5000, cookie, 500)
    assert syn.options == bytes.fromhex("020405b40402080a") + struct.pack("!II", 777005, hidden) + b"\x01\x03\x03\x0a"
    assert "SYN_SENT" in world.ct()[0]

    to_client(
        world,
        SYN | ACK,
        seq=7000,
        ack=5001,
        window=29200,
        options=b"\x02\x04\x05\x78\x04\x02\x08\x0a" + struct.pack("!II", 9000000, 777005) + b"\x01\x03\x03\x05",
    )
    ready = only(world, "lan")
    assert (ready.flags, ready.seq, ready.ack, ready.window) == (ACK, cookie + 1, 5001, 29200 >> 5)
    assert ready.timestamps == (hidden, 777005)
    joined = only(world, "wan")
    assert (joined.flags, joined.seq, joined.ack, joined.window) == (ACK, 5001, 7001, 500)
    assert joined.timestamps == (777005, (9000000 + 9000000 - hidden) & 0xFFFFFFFF)  # moved once too often, as on Linux
    assert "ESTABLISHED" in world.ct()[0]
    assert "[ASSURED]" in world.ct()[0]

    to_server(world, PSH | ACK, seq=5001, ack=cookie + 1, options=stamps(777006, hidden), data=b"hello")
    request = only(world, "wan")
    assert (request.seq, request.ack, request.data, request.timestamps) == (5001, 7001, b"hello", (777006, 9000000))
    to_client(world, PSH | ACK, seq=7001, ack=5006, options=stamps(9000001, 777006), data=b"world")
    reply = only(world, "lan")
    assert (reply.seq, reply.ack, reply.data) == (cookie + 1, 5006, b"world")
    assert reply.timestamps == (hidden + 1, 777006)


@pytest.mark.parametrize(
    ("options", "offered", "mss"),
    [
        (b"", b"", 536),
        (b"\x02\x04\x05\x00", b"\x02\x04\x05\xb4", 536),  # 1280 is less than 1300
        (b"\x02\x04\x05\xb4", b"\x02\x04\x05\xb4", 1460),
        (b"\x02\x04\x05\xa0", b"\x02\x04\x05\xb4", 1440),
        (b"\x02\x04\x05\xb4\x01\x03\x03\x07", b"\x02\x04\x05\xb4", 1460),  # no timestamp: the scale is lost
    ],
)
def test_without_timestamps_only_the_segment_size_survives(
    world: World, options: bytes, offered: bytes, mss: int
) -> None:
    to_server(world, SYN, seq=5000, options=options)
    answer = only(world, "lan")
    assert answer.options == offered
    to_server(world, ACK, seq=5001, ack=answer.seq + 1)
    assert only(world, "wan").options == b"\x02\x04" + mss.to_bytes(2, "big")


def test_ecn_is_offered_and_hidden_when_both_sides_want_it(world: World) -> None:
    world.ipt("-F", RULES[1] + " --ecn")
    to_server(world, SYN | ECE | CWR, seq=5000, options=FULL)
    answer = only(world, "lan")
    assert answer.flags == SYN | ACK | ECE
    hidden, _echo = answer.timestamps
    assert hidden & 0x3F == 0x3A
    to_server(world, ACK, seq=5001, ack=answer.seq + 1, options=stamps(1, hidden))
    assert only(world, "wan").flags == SYN | ECE | CWR


def test_what_is_no_answer_to_a_cookie_is_dropped(world: World) -> None:
    to_server(world, ACK, seq=5001, ack=12345)
    to_server(world, SYN | ACK, seq=5001, ack=12345)
    to_server(world, RST, seq=5001)
    world.send("lan", spoil(tcp4(SYN, CLIENT, SERVER, sport=40000)))
    nothing(world, "lan", "wan")
    assert world.ct() == []


def test_a_cookie_is_good_for_its_own_connection_and_two_minutes(world: World) -> None:
    to_server(world, SYN, seq=5000)
    cookie = only(world, "lan").seq
    world.send("lan", tcp4(ACK, CLIENT, SERVER, sport=40001, dport=80, seq=5001, ack=cookie + 1))
    nothing(world, "lan", "wan")
    world.advance(121)
    to_server(world, ACK, seq=5001, ack=cookie + 1)
    nothing(world, "lan", "wan")


def test_a_client_that_waits_may_send_its_ack_again(world: World) -> None:
    to_server(world, SYN, seq=5000)
    cookie = only(world, "lan").seq
    for _ in range(2):
        to_server(world, ACK, seq=5001, ack=cookie + 1)
        assert only(world, "wan").ack == cookie
    assert len(world.ct()) == 1


def test_a_server_that_refuses_is_understood_by_the_client(world: World) -> None:
    to_server(world, SYN, seq=5000)
    cookie = only(world, "lan").seq
    to_server(world, ACK, seq=5001, ack=cookie + 1)
    world.take("wan")
    to_client(world, RST | ACK, seq=0, ack=5001)
    refused = only(world, "lan")
    assert (refused.flags, refused.seq, refused.ack) == (RST | ACK, cookie + 1, 5001)
    assert world.ct() == []


def test_sacks_are_moved_too(world: World) -> None:
    to_server(world, SYN, seq=5000)
    cookie = only(world, "lan").seq
    to_server(world, ACK, seq=5001, ack=cookie + 1, window=500)
    to_client(world, SYN | ACK, seq=7000, ack=5001, window=29200)
    to_client(world, PSH | ACK, seq=7011, ack=5001, data=b"x" * 20)
    world.take("lan"), world.take("wan")
    sack = b"\x01\x01\x05\x0a" + struct.pack("!II", (cookie + 11) & 0xFFFFFFFF, (cookie + 31) & 0xFFFFFFFF)
    to_server(world, ACK, seq=5001, ack=cookie + 1, window=500, options=sack)
    assert only(world, "wan").options == b"\x01\x01\x05\x0a" + struct.pack("!II", 7011, 7031)


def test_ipv6(world: World) -> None:
    world.send("lan", tcp6(SYN, CLIENT6, SERVER6, sport=40000, dport=80, seq=5000, options=b"\x02\x04\x05\xa0"))
    answer = only(world, "lan")
    assert (answer.flags, answer.ack) == (SYN | ACK, 5001)
    world.send("lan", tcp6(ACK, CLIENT6, SERVER6, sport=40000, dport=80, seq=5001, ack=answer.seq + 1))
    syn = only(world, "wan")
    assert (syn.seq, syn.ack, syn.options) == (5000, answer.seq, b"\x02\x04\x05\xa0")
    world.send("wan", tcp6(SYN | ACK, SERVER6, CLIENT6, sport=80, dport=40000, seq=7000, ack=5001))
    assert only(world, "lan").seq == answer.seq + 1
    assert only(world, "wan").ack == 7001
