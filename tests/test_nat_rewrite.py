"""Rewriting one side of a packet: addresses, ports and every checksum, whole packets and quoted ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nat_packets import Read, checksum, echo, icmp, ip, packed, pseudo, tcp, udp

from engine.conntrack.crc32c import crc32c
from engine.core.addresses import parse_address
from engine.core.packet import Packet
from engine.nat.ranges import DESTINATION, SOURCE
from engine.nat.rewrite import translate

v4 = st.integers(1, 0xFFFFFFFE)
v6 = st.integers(1, (1 << 128) - 2)
ports = st.integers(0, 65535)


def number(address: str) -> int:
    return parse_address(address)[1]


@given(v4, ports, st.binary(max_size=40), st.sampled_from((SOURCE, DESTINATION)), st.booleans())
def test_udp_and_tcp_stay_right(address: int, port: int, data: bytes, manip: int, is_tcp: bool) -> None:
    before = (tcp if is_tcp else udp)("10.0.1.2", "10.0.2.9", 1000, 53, data=data)
    packet = Packet(before)
    assert translate(packet, manip, address, port)
    after = Read(bytes(packet.data))
    assert after.right
    changed = (after.src, after.sport) if manip == SOURCE else (after.dst, after.dport)
    assert (number(changed[0]), changed[1]) == (address, port)
    kept = (after.dst, after.dport) if manip == SOURCE else (after.src, after.sport)
    assert kept == (("10.0.2.9", 53) if manip == SOURCE else ("10.0.1.2", 1000))
    assert after.data == data


@given(v6, ports, st.binary(max_size=40))
def test_ipv6_stays_right(address: int, port: int, data: bytes) -> None:
    for build in (udp, tcp):
        packet = Packet(build("fd00:1::2", "fd00:2::9", 1000, 53, data=data))
        assert translate(packet, SOURCE, address, port)
        assert Read(bytes(packet.data)).right


@given(v4, ports)
def test_and_back_is_the_packet_that_was(address: int, port: int) -> None:
    before = tcp("10.0.1.2", "10.0.2.9", 1000, 53, "PA", 7, 8, b"hello")
    packet = Packet(before)
    assert translate(packet, SOURCE, address, port)
    assert translate(packet, SOURCE, number("10.0.1.2"), 1000)
    assert bytes(packet.data) == before


@pytest.mark.parametrize("version", ("10.0.1.2 10.0.2.9", "fd00:1::2 fd00:2::9"))
def test_no_checksum_stays_none(version: str) -> None:
    src, dst = version.split()
    packet = Packet(udp(src, dst, 1000, 53, zero=True))
    assert translate(packet, SOURCE, number("10.9.9.9"), 7)
    assert bytes(packet.data)[-3:-1] == b"\0\0"


def test_a_udp_sum_of_zero_is_written_as_all_ones() -> None:
    """Some port makes the sum 0: UDP says 0xffff then, for 0 means none."""
    for port in range(65536):
        packet = Packet(udp("10.0.1.2", "10.0.2.9", 1000, 53))
        translate(packet, SOURCE, number("10.0.2.7"), port)
        found = packet.u16(packet.l4 + 6)
        assert found != 0
        if found == 0xFFFF:
            break
    else:
        raise AssertionError("no port gives a sum of 0")


def test_a_wrong_checksum_stays_wrong() -> None:
    bad = bytearray(udp("10.0.1.2", "10.0.2.9", 1000, 53, b"hello"))
    bad[-1] ^= 1
    packet = Packet(bad)
    assert translate(packet, SOURCE, number("10.0.2.7"), 2000)
    assert Read(bytes(packet.data)).header_ok
    assert not Read(bytes(packet.data)).sum_ok


def test_partial_checksum_is_completed() -> None:
    """The sender left only the pseudo-header sum for its card to finish."""
    whole = bytearray(tcp("10.0.1.2", "10.0.2.9", 1000, 53, "PA", 7, 8, b"hello"))
    segment = whole[20:]
    sum_only = checksum(pseudo(packed("10.0.1.2"), packed("10.0.2.9"), 6, len(segment))) ^ 0xFFFF
    whole[36:38] = sum_only.to_bytes(2, "big")
    packet = Packet(whole, partial=True)
    assert translate(packet, SOURCE, number("10.0.2.7"), 2000)
    assert Read(bytes(packet.data)).right
    assert not packet.partial


@pytest.mark.parametrize("src,dst,new", (("10.0.1.2", "10.0.2.9", "10.0.2.7"), ("fd00:1::2", "fd00:2::9", "fd00:2::7")))
def test_echo_id(src: str, dst: str, new: str) -> None:
    packet = Packet(echo(src, dst, 77))
    assert translate(packet, SOURCE, number(new), 88)
    after = Read(bytes(packet.data))
    assert (after.src, after.ident, after.right) == (new, 88, True)


def test_icmp_error_has_no_id() -> None:
    packet = Packet(icmp("10.0.1.2", "10.0.2.9", 3, 1, b"abcd", b"x" * 28))
    assert translate(packet, SOURCE, number("10.0.2.7"), 0x5555)
    assert bytes(packet.data)[24:28] == b"abcd"
    assert Read(bytes(packet.data)).right


def test_sctp_checksum_is_computed_anew() -> None:
    segment = bytes((3, 0xE8, 0, 53)) + bytes(8) + b"chunk..."
    packet = Packet(ip("10.0.1.2", "10.0.2.9", 132, segment))
    assert translate(packet, SOURCE, number("10.0.2.7"), 5000)
    after = bytes(packet.data[20:])
    assert after[:2] == (5000).to_bytes(2, "big")
    assert int.from_bytes(after[8:12], "little") == crc32c(after[:8] + bytes(4) + after[12:])


def test_crc32c_check_value() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_gre_call_id_goes_with_the_destination() -> None:
    """Version 1 has the receiver's call id only; plain GRE has none; other versions are refused."""
    enhanced = bytes.fromhex("3001880b0003004d00000001") + b"ppp"
    packet = Packet(ip("10.0.1.2", "10.0.2.9", 47, enhanced))
    assert translate(packet, SOURCE, number("10.0.2.7"), 9)
    assert bytes(packet.data[20:]) == enhanced
    assert translate(packet, DESTINATION, number("10.0.2.8"), 9)
    assert bytes(packet.data[26:28]) == b"\0\x09"
    packet = Packet(ip("10.0.1.2", "10.0.2.9", 47, bytes(8)))
    assert translate(packet, DESTINATION, number("10.0.2.8"), 9)
    assert bytes(packet.data[20:]) == bytes(8)
    assert not translate(Packet(ip("10.0.1.2", "10.0.2.9", 47, bytes((0, 2)) + bytes(6))), DESTINATION, 1, 9)


@pytest.mark.parametrize("proto", (33, 50, 51, 89, 253))
def test_unknown_protocols_change_their_address_only(proto: int) -> None:
    """DCCP among them: Linux 6.18 does not know it any more and leaves its checksum wrong."""
    payload = bytes(range(40))
    packet = Packet(ip("10.0.1.2", "10.0.2.9", proto, payload))
    assert translate(packet, SOURCE, number("10.0.2.7"), 0)
    after = Read(bytes(packet.data))
    assert (after.src, after.header_ok, after.segment) == ("10.0.2.7", True, payload)


@pytest.mark.parametrize("size", range(8))
def test_cut_transport_headers_cannot_be_translated(size: int) -> None:
    packet = Packet(ip("10.0.1.2", "10.0.2.9", 17, udp("10.0.1.2", "10.0.2.9", 1, 2)[20 : 20 + size]))
    assert not translate(packet, SOURCE, number("10.0.2.7"), 0)
