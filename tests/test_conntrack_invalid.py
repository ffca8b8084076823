"""What is not tracked and what is INVALID; closing and moved numbers. Outcomes were measured on Linux 6.18."""

from __future__ import annotations

import pytest
from conntrack_wire import CLIENT, CLIENT6, SERVER, SERVER6, icmp, ipv4, ipv6, tcp, udp
from conntrack_world import DNS, World, counters

from engine.core.connection import (
    SEQ_ADJUST,
    SequenceAdjustment,
)
from engine.core.hooks import OUTPUT

# -- what is not tracked, what is INVALID


def test_checksums_count_in_prerouting_only() -> None:
    world = World()
    wrong = bytearray(DNS)
    wrong[26] ^= 0x55
    assert world.send(bytes(wrong)) == "INVALID"
    assert world.reason == "bad checksum"
    assert world.send(bytes(wrong), hook=OUTPUT) == "NEW"
    world.conntrack.flush()
    world.sysctl("checksum", 0)
    assert world.send(bytes(wrong)) == "NEW"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ipv4(CLIENT, SERVER, 17, b"abcd"), "short packet"),
        (ipv4(CLIENT, SERVER, 17, b"\0\1\0\2\0\7\0\0"), "truncated/malformed packet"),
        (ipv4(CLIENT, SERVER, 17, b"\0\1\0\2\0\x64\0\0"), "truncated/malformed packet"),
        (ipv4(CLIENT, SERVER, 6, b"\0\1\0\2" + bytes(8) + b"\x40\2" + bytes(6)), "truncated packet"),
        (ipv4(CLIENT, SERVER, 6, b"\0\1\0\2" + bytes(8) + b"\xf0\2" + bytes(6)), "truncated packet"),
        (ipv6(CLIENT6, SERVER6, 59, b""), "no transport header"),
        (ipv4(CLIENT, SERVER, 17, bytes(16), fragment=5), "fragment that was not reassembled"),
    ],
)
def test_broken_packets_are_invalid(data: bytes, reason: str) -> None:
    world = World()
    assert world.send(data) == "INVALID"
    assert world.reason == reason
    assert world.lines() == []


@pytest.mark.parametrize("kind", [130, 131, 132, 133, 134, 135, 136, 143])
def test_neighbour_and_listener_discovery_is_untracked(kind: int) -> None:
    world = World()
    assert world.send(icmp(CLIENT6, SERVER6, kind, 0, 0, bytes(16))) == "UNTRACKED"
    assert world.lines() == []


def test_invalid_packets_are_logged_when_asked() -> None:
    world = World()
    broken = tcp(CLIENT, SERVER, 1, 2, 1, 1, "SF")
    world.send(broken)
    assert not world.shared.log
    world.sysctl("log_invalid", 17)
    world.send(broken)
    assert not world.shared.log
    for value in (6, 255):
        world.sysctl("log_invalid", value)
        world.send(broken, indev="lan")
        text = world.shared.log.pop().text
        assert text.startswith("nf_ct_proto_6: "), text
        assert (
            " IN=lan OUT= " in text and "PROTO=TCP SPT=1 DPT=2 SEQ=1 ACK=1 WINDOW=8192 RES=0x00 SYN FIN URGP=0" in text
        )
    world.send(icmp(SERVER, CLIENT, 3, 3, 0, DNS))
    assert world.shared.log.pop().text.startswith("nf_ct_proto_1: ICMP error about an unknown connection IN=")


def test_counters_tell_broken_errors_from_invalid_packets() -> None:
    world = World()
    world.send(icmp(SERVER, CLIENT, 3, 3, 0, DNS))
    world.send(icmp(CLIENT, SERVER, 40, 0, 1))
    world.send(icmp(CLIENT, SERVER, 0, 0, 1))
    world.send(tcp(CLIENT, SERVER, 1, 2, 1, 1, "SF"))
    world.send(DNS)
    assert counters(world) == {"error": 2, "invalid": 2}


def test_a_flow_that_is_its_own_answer() -> None:
    world = World()
    own = udp(CLIENT, CLIENT, 5, 5)
    assert world.send(own) == "NEW"
    assert world.send(own) == "ESTABLISHED"
    assert "[UNREPLIED]" not in world.line()


# -- a reset in the name of one end


def test_closing_by_a_reset_of_the_engine() -> None:
    world = World()
    world.send(tcp(CLIENT, SERVER, 9, 80, 100, 0, "S"))
    world.send(tcp(SERVER, CLIENT, 80, 9, 300, 101, "SA"))
    world.send(tcp(CLIENT, SERVER, 9, 80, 101, 301, "A"))
    (entry,) = world.conntrack.entries()
    world.conntrack.set_closing(entry, world.now)
    assert world.summary().startswith("CLOSE ")
    assert entry.state is not None and entry.state.is_closed()
    world.send(DNS)
    other = world.conntrack.entries()[1]
    world.conntrack.set_closing(other, world.now)
    assert other.state is not None and not other.state.is_closed()


# -- sequence numbers that a helper moved


def test_window_follows_moved_sequence_numbers() -> None:
    """A helper made the client's payload 30 bytes longer: the server acknowledges bytes that never came in."""

    def start() -> World:
        world = World()
        world.send(tcp(CLIENT, SERVER, 9, 21, 100, 0, "S"))
        world.send(tcp(SERVER, CLIENT, 21, 9, 300, 101, "SA"))
        world.send(tcp(CLIENT, SERVER, 9, 21, 101, 301, "A"))
        world.send(tcp(CLIENT, SERVER, 9, 21, 101, 301, "PA", size=10))
        return world

    acknowledged = tcp(SERVER, CLIENT, 21, 9, 301, 141, "A")
    assert start().send(acknowledged) == "INVALID", "111 is all that has been sent"
    world = start()
    (entry,) = world.conntrack.entries()
    moved = [SequenceAdjustment(), SequenceAdjustment()]
    moved[0].correction_pos = 101
    moved[0].offset_after = 30
    entry.seqadj = moved
    entry.status |= SEQ_ADJUST
    assert world.send(acknowledged) == "ESTABLISHED"
