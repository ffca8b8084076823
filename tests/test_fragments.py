"""Reassembly and refragmentation as values; the expectations were read off a kernel (see engine/core/fragments.py)."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import verdict as v
from engine.core.context import Context, Environment, Fragmented, Randomness, Shared
from engine.core.fragments import Fragments, cut_ipv4, fits_old_cuts, split_ipv4, split_ipv6
from engine.core.gathering import unfragmentable
from engine.core.hooks import IPV4, IPV6, OUTPUT, PREROUTING
from engine.core.packet import Packet
from tests.driver_world import cut, cut6, ipv4, ipv6, udp

SEGMENT = udp(992)  # 1000 bytes
CUTS = (504, 200, 296)


class Bench:
    """Fragments go in, verdicts and whole packets come out."""

    def __init__(self) -> None:
        self.shared = Shared(Environment(), Randomness())
        self.fragments = Fragments(self.shared)
        self.now = 0.0
        self.verdicts: list[int] = []
        self.whole: list[Packet] = []
        self.cuts: list[Fragmented] = []

    def take(self, *pieces: bytes, hook: int = PREROUTING, physin: str = "", indev: str = "lan") -> list[int]:
        verdicts = []
        for data in pieces:
            packet = Packet(data)
            context = Context(self.shared, packet.family, hook, self.now, indev, physin=physin)
            verdicts.append(self.fragments.collect(packet, context))
            if context.fragmented is not None:
                self.whole.append(packet)
                self.cuts.append(context.fragmented)
        return verdicts


def orders() -> list[tuple[int, int, int]]:
    return [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1), (0, 2, 1), (1, 2, 0)]


@pytest.mark.parametrize("order", orders())
@pytest.mark.parametrize("family", [IPV4, IPV6])
def test_fragments_in_any_order_make_the_packet(order: tuple[int, ...], family: int) -> None:
    bench = Bench()
    pieces = cut(SEGMENT, *CUTS) if family == IPV4 else cut6(SEGMENT, *CUTS)
    assert bench.take(*[pieces[index] for index in order]) == [v.STOLEN, v.STOLEN, v.ACCEPT]
    expected = ipv4(SEGMENT) if family == IPV4 else ipv6(SEGMENT, 17)
    assert bytes(bench.whole[0].data) == expected
    assert bench.cuts[0].lengths == CUTS
    assert bench.fragments.waiting() == 0
    assert bench.fragments.memory[family] == 0


def test_a_duplicate_is_dropped_alone_an_overlap_ends_the_packet() -> None:
    bench = Bench()
    first, second, third = cut(SEGMENT, *CUTS)
    assert bench.take(first, second, second, third) == [v.STOLEN, v.STOLEN, v.DROP, v.ACCEPT]
    overlap = ipv4(SEGMENT[496:704], offset=496, more=1)
    assert bench.take(first, overlap, second, third) == [v.STOLEN, v.DROP, v.STOLEN, v.STOLEN]
    assert len(bench.fragments.abandoned) == 1


def test_a_duplicate_is_one_only_inside_bytes_that_came_in_one_run() -> None:
    first, second, third = cut(SEGMENT, *CUTS)
    both = ipv4(SEGMENT[:704], offset=0, more=1)
    bench = Bench()
    assert bench.take(first, second, both, third) == [v.STOLEN, v.STOLEN, v.DROP, v.ACCEPT]
    bench = Bench()  # the same bytes in two runs, because they came in the other order
    assert bench.take(second, first, both, third) == [v.STOLEN, v.STOLEN, v.DROP, v.STOLEN]


@pytest.mark.parametrize(
    "bad",
    [
        ipv4(SEGMENT[704:712], offset=704, more=0),  # a second, earlier end
        ipv4(b"", offset=504, more=1),  # nothing in it
        ipv4(SEGMENT[:16], offset=1000, more=1),  # behind the end
    ],
    ids=["another end", "empty", "behind the end"],
)
def test_what_cannot_be_ends_the_packet(bad: bytes) -> None:
    bench = Bench()
    first, second, third = cut(SEGMENT, *CUTS)
    assert bench.take(third, bad, first, second) == [v.STOLEN, v.DROP, v.STOLEN, v.STOLEN]


def piece6(start: int, end: int, more: int, following: int = 17) -> bytes:
    header = bytes((following, 0)) + (start | more).to_bytes(2, "big") + (7).to_bytes(4, "big")
    return ipv6(header + SEGMENT[start:end], 44)


@pytest.mark.parametrize(
    "bad",
    [piece6(704, 712, 0), piece6(504, 504, 1), piece6(1000, 1000, 1), piece6(504, 504, 0)],
    ids=["another end", "empty", "behind the end", "empty, another end"],
)
def test_in_ipv6_what_cannot_be_is_dropped_alone(bad: bytes) -> None:
    bench = Bench()
    first, second, third = piece6(0, 504, 1), piece6(504, 704, 1), piece6(704, 1000, 0)
    assert bench.take(third, bad, first, second) == [v.STOLEN, v.DROP, v.STOLEN, v.ACCEPT]
    assert bytes(bench.whole[0].data) == ipv6(SEGMENT, 17)


def test_in_ipv6_the_first_fragment_that_counts_names_the_protocol() -> None:
    bench = Bench()
    assert bench.take(piece6(0, 504, 1), piece6(0, 8, 1, 58), piece6(504, 1000, 0, 6)) == [v.STOLEN, v.DROP, v.ACCEPT]
    assert bytes(bench.whole[0].data) == ipv6(SEGMENT, 17)


def test_in_ipv6_an_empty_last_fragment_says_where_the_end_is() -> None:
    bench = Bench()
    assert bench.take(piece6(504, 504, 0), piece6(0, 504, 1)) == [v.DROP, v.ACCEPT]
    assert bytes(bench.whole[0].data) == ipv6(SEGMENT[:504], 17)


@pytest.mark.parametrize(
    ("what", "verdict", "whole"),
    [
        (piece6(0, 0, 0, 59), v.DROP, None),  # nothing follows, and nothing is there
        (ipv6(bytes((59, 0, 0, 0, 0, 0, 0)), 44), v.DROP, None),  # the fragment header is cut short
        (ipv6(bytes((59, 0)), 44), v.DROP, None),
        (ipv6(bytes((17, 0, 0, 0, 0, 0, 0)), 44), v.ACCEPT, None),  # and then no UDP header
        (ipv6(b"", 44), v.ACCEPT, None),
        (ipv6(bytes((43, 0, 0, 0, 0, 0, 0, 7)) + b"\x11", 44), v.ACCEPT, ipv6(b"\x11", 43)),  # cut routing header
        (ipv6(bytes((43, 0, 0, 1, 0, 0, 0, 7)) + bytes((59, 0, *bytes(6))), 44), v.STOLEN, None),
        (ipv6(bytes((17, 0, 0, 0, 0, 0, 0, 7)) + bytes(7), 44), v.ACCEPT, None),  # cut UDP header
    ],
)
def test_first_fragments_of_ipv6_that_are_cut_short(what: bytes, verdict: int, whole: bytes | None) -> None:
    bench = Bench()
    assert bench.take(what) == [verdict]
    assert [bytes(packet.data) for packet in bench.whole] == ([] if whole is None else [whole])


def test_beyond_65535_bytes_is_dropped() -> None:
    bench = Bench()
    last = ipv4(bytes(100), offset=65520)
    assert bench.take(last) == [v.STOLEN]
    body = bytes(65520)
    pieces = [ipv4(body[start : start + 1480], offset=start, more=1) for start in range(0, 65520, 1480)]
    assert bench.take(*pieces)[-1] == v.DROP
    bench = Bench()
    word = (65528).to_bytes(2, "big")
    assert bench.take(ipv6(bytes((17, 0)) + word + bytes(4) + bytes(72), 44)) == [v.DROP]


def test_what_belongs_together() -> None:
    first, second, third = cut(SEGMENT, *CUTS)
    others = [
        cut(SEGMENT, *CUTS, id=8)[1],
        cut(SEGMENT, *CUTS, src="10.0.1.11")[1],
        cut(SEGMENT, *CUTS, proto=132)[1],
    ]
    for other in others:
        bench = Bench()
        assert bench.take(first, other, third) == [v.STOLEN] * 3
    bench = Bench()
    assert bench.take(first, second) == [v.STOLEN] * 2
    assert bench.take(third, hook=OUTPUT) == [v.STOLEN]  # received and local ones are put together apart
    assert bench.take(third, physin="port1") == [v.STOLEN]  # and so are bridged ones
    assert bench.take(third, indev="other") == [v.ACCEPT]  # the interface does not matter
    sixes = cut6(SEGMENT, *CUTS)
    bench = Bench()
    proto = cut6(SEGMENT, *CUTS, proto=99)
    assert bench.take(sixes[0], proto[1], sixes[2])[-1] == v.ACCEPT  # IPv6: the protocol does not either


def test_time_is_up_after_30_and_60_seconds() -> None:
    for pieces, seconds in ((cut(SEGMENT, *CUTS), 30.0), (cut6(SEGMENT, *CUTS), 60.0)):
        bench = Bench()
        bench.take(*pieces[:2])
        bench.now = seconds - 0.001
        assert bench.fragments.expire(bench.now) == []
        assert bench.fragments.waiting() == 1
        bench.now = seconds
        bench.fragments.expire(bench.now)
        assert bench.fragments.abandoned and bench.fragments.waiting() == 0
        assert bench.take(pieces[2]) == [v.STOLEN]


def test_the_end_host_says_that_time_is_up_if_it_has_the_first_fragment() -> None:
    bench = Bench()
    environment = bench.shared.environment
    environment.addresses["lan"] = [(IPV4, 0x0A000101, 24)]
    first, second, _third = cut(SEGMENT, *CUTS, dst="10.0.1.1")
    bench.take(first)
    answer = bench.fragments.expire(31.0)[0]
    packet = Packet(answer.data)
    assert (packet.src, packet.dst, packet.proto) == (0x0A000101, 0x0A00010A, 1)
    assert packet.data[20:22] == b"\x0b\x01" and packet.transport_sum() == 0xFFFF
    assert bytes(packet.data[28:48]) == first[:20]
    bench.take(second)
    assert bench.fragments.expire(100.0) == []
    bench.take(cut(SEGMENT, *CUTS)[0])  # for somebody else
    assert bench.fragments.expire(200.0) == []
    bench.take(cut6(SEGMENT, *CUTS)[0])  # IPv6: also the router says so
    answer = bench.fragments.expire(300.0)[0]
    assert Packet(answer.data).data[40:42] == b"\x03\x01"


@pytest.mark.parametrize(
    ("destination", "source"),
    [("2001:db8:ff::10", "2001:db8:1::1"), ("2001:db8:2::1", "2001:db8:2::1")],
    ids=["for somebody else", "for this machine, by its other interface"],
)
def test_ipv6_time_exceeded_comes_from_the_link_of_the_first_fragment(destination: str, source: str) -> None:
    """Not from that of the way back: the sender of the fragments is behind dmz."""
    bench = Bench()
    addresses = bench.shared.environment.addresses
    for number, device in ((1, "lan"), (2, "dmz")):
        addresses[device] = [(IPV6, int(ip_address(f"2001:db8:{number}::1")), 64)]
    first, second, _third = cut6(SEGMENT, *CUTS, src="2001:db8:2::10", dst=destination)
    bench.take(second, indev="dmz")
    bench.take(first, indev="lan")
    packet = Packet(bench.fragments.expire(61.0)[0].data)
    assert (ip_address(packet.src), ip_address(packet.dst)) == (ip_address(source), ip_address("2001:db8:2::10"))


def test_a_change_of_the_time_holds_for_later_packets_only() -> None:
    bench = Bench()
    bench.take(cut(SEGMENT, *CUTS)[0])
    bench.shared.sysctls["net.ipv4.ipfrag_time"] = "1"
    bench.take(cut(SEGMENT, *CUTS, id=8)[0])
    bench.fragments.expire(2.0)
    assert bench.fragments.waiting() == 1


def test_memory_is_limited() -> None:
    bench = Bench()
    bench.shared.sysctls["net.ipv4.ipfrag_high_thresh"] = "3000"
    verdicts = bench.take(*[cut(SEGMENT, *CUTS, id=number)[0] for number in range(10)])
    assert verdicts[0] == v.STOLEN and verdicts[-1] == v.DROP
    assert bench.fragments.waiting() < 10
    bench.fragments.flush()
    assert bench.fragments.memory[IPV4] == 0
    assert bench.take(cut(SEGMENT, *CUTS)[0]) == [v.STOLEN]


def test_fragments_too_far_apart_begin_anew() -> None:
    bench = Bench()
    first, second, third = cut(SEGMENT, *CUTS)
    bench.take(first, second)
    bench.take(*[cut(SEGMENT, *CUTS, id=100 + number)[0] for number in range(64)])
    assert bench.take(third) == [v.STOLEN]
    assert bench.take(first, second) == [v.STOLEN, v.ACCEPT]


@pytest.mark.parametrize(
    ("fields", "whole"),
    [
        ((1, 2, 2), 2),
        ((1, 1, 1), 1),
        ((3, 3, 3), 3),
        ((1, 2, 3), 3),
        ((0, 0, 0), 0),
        ((0, 2, 2), None),
        ((0, 3, 0), None),
    ],
)
def test_ecn(fields: tuple[int, int, int], whole: int | None) -> None:
    for family in (IPV4, IPV6):
        bench = Bench()
        pieces = cut(SEGMENT, *CUTS) if family == IPV4 else cut6(SEGMENT, *CUTS)
        marked = []
        for data, field in zip(pieces, fields, strict=True):
            packet = Packet(data)
            packet.set_tos(field)
            marked.append(bytes(packet.data))
        verdicts = bench.take(*marked)
        assert verdicts[-1] == (v.DROP if whole is None else v.ACCEPT)
        if whole == 3:
            assert bench.whole[0].tos & 3 == 3


def test_ipv6_odd_lengths_pass_by_themselves_and_end_the_packet() -> None:
    bench = Bench()
    odd = cut6(SEGMENT, 500, 500)
    assert bench.take(odd[0]) == [v.ACCEPT]
    assert bench.whole == []
    pieces = cut6(SEGMENT, *CUTS)
    assert bench.take(pieces[1], odd[0], pieces[0], pieces[2]) == [v.STOLEN, v.ACCEPT, v.STOLEN, v.STOLEN]


def test_ipv6_extension_headers_stay() -> None:
    hop = bytes((44, 0, 1, 4, 0, 0, 0, 0))
    bench = Bench()
    pieces = []
    for piece in cut6(SEGMENT, *CUTS):
        pieces.append(ipv6(hop + piece[40:], 0))
    assert bench.take(*pieces)[-1] == v.ACCEPT
    whole = bytes(bench.whole[0].data)
    assert whole == ipv6(bytes((17,)) + hop[1:] + SEGMENT, 0)
    again = split_ipv6(bench.whole[0], bench.cuts[0], 1500)
    assert again == pieces


DESTINATION = bytes((60, 0, 1, 4, 0, 0, 0, 0))  # its first byte names what follows
ROUTING_4 = bytes((43, 2, 4, 0)) + bytes(20)


@pytest.mark.parametrize(
    ("chain", "ahead"),
    [([], []), ([DESTINATION], [60]), ([DESTINATION, DESTINATION], [60, 60]), ([ROUTING_4, DESTINATION], [43])],
)  # fmt: skip
def test_ipv6_is_cut_behind_options_unless_a_routing_header_stands_before_them(
    chain: list[bytes], ahead: list[int]
) -> None:
    data, following = SEGMENT, 17
    for header in reversed(chain):
        data, following = bytes((following,)) + header[1:] + data, header[0]
    assert [number for number, _offset in Packet(ipv6(data, following)).extensions][: len(ahead)] == ahead
    assert unfragmentable(Packet(ipv6(data, following))) == 40 + sum(len(header) for header in chain[: len(ahead)])


def test_ipv6_fragments_leave_with_a_new_identification() -> None:
    bench = Bench()
    pieces = cut6(SEGMENT, *CUTS)
    assert bench.take(*pieces)[-1] == v.ACCEPT
    again = split_ipv6(bench.whole[0], bench.cuts[0], 1500, 0x12345678)
    assert [piece[44:48].hex() for piece in again] == ["12345678"] * 3
    assert [piece[:44] + piece[48:] for piece in again] == [piece[:44] + piece[48:] for piece in pieces]


def test_an_atomic_fragment_loses_its_header() -> None:
    bench = Bench()
    assert bench.take(cut6(SEGMENT, 1000)[0]) == [v.ACCEPT]
    assert bytes(bench.whole[0].data) == ipv6(SEGMENT, 17)
    assert split_ipv6(bench.whole[0], bench.cuts[0], 1500) == []


# -- leaving again


def whole_of(pieces: list[bytes]) -> tuple[Packet, Fragmented]:
    bench = Bench()
    assert bench.take(*pieces)[-1] == v.ACCEPT
    return bench.whole[0], bench.cuts[0]


@pytest.mark.parametrize("df", [0, 1])
def test_the_old_cuts_are_kept_and_df_is_lost(df: int) -> None:
    packet, cuts = whole_of(cut(SEGMENT, *CUTS, df=df))
    assert packet.df == bool(df)
    assert split_ipv4(packet, cuts, 1500) == cut(SEGMENT, *CUTS)


def test_df_of_the_whole_is_that_of_the_biggest_fragment() -> None:
    for which, df in ((0, True), (1, False), (2, False)):
        pieces = [cut(SEGMENT, *CUTS, df=int(index == which))[index] for index in range(3)]
        assert whole_of(pieces)[0].df is df


def test_a_smaller_mtu_cuts_anew() -> None:
    segment = udp(2992)
    packet, cuts = whole_of(cut(segment, 1480, 1480, 40))
    assert split_ipv4(packet, cuts, 1280) == cut(segment, 1256, 1256, 488)
    packet, cuts = whole_of(cut(segment, 1480, 1480, 40, df=1))
    assert split_ipv4(packet, cuts, 1280) == []  # the kernel answers "fragmentation needed"


def test_another_length_cuts_at_the_biggest_fragment_and_keeps_df() -> None:
    packet, cuts = whole_of(cut(SEGMENT, *CUTS, df=1))
    packet.data += bytes(8)
    packet.fix_length()
    sizes = [len(piece) - 20 for piece in split_ipv4(packet, cuts, 1500)]
    assert sizes == [504, 504]
    assert all(Packet(piece).df for piece in split_ipv4(packet, cuts, 1500))


def test_ipv6_leaves_by_its_old_cuts_or_whole() -> None:
    pieces = cut6(SEGMENT, *CUTS)
    packet, cuts = whole_of(pieces)
    assert split_ipv6(packet, cuts, 1500) == pieces
    assert split_ipv6(packet, cuts, 500) == []  # "packet too big" is the kernel's to say
    cuts.even = False
    assert [len(piece) for piece in split_ipv6(packet, cuts, 1500)] == [48 + 1000]  # the limit is at least 1280


def test_options_that_are_not_copied_become_no_operations() -> None:
    options = bytes((0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1))
    header = bytearray(ipv4(b"")[:20])
    header[0] = 0x48
    pieces = cut_ipv4(bytes(header) + options + bytes(1000), (504, 496), False)
    assert pieces[0][20:32] == options
    assert pieces[1][20:32] == bytes((0x94, 4, 0, 0)) + b"\x01" * 8
    assert all(not Packet(piece).fault for piece in pieces)


def test_a_shorter_later_header_means_new_cuts() -> None:
    header = bytearray(ipv4(b"")[:20])
    header[0] = 0x47
    whole = bytes(header) + bytes((0x94, 4, 0, 0, 1, 1, 1, 0)) + SEGMENT
    first = cut_ipv4(whole, CUTS, False)[0]
    packet, cuts = whole_of([first, *cut(SEGMENT, *CUTS)[1:]])
    assert not cuts.even
    assert [len(piece) for piece in split_ipv4(packet, cuts, 1500)] == [28 + 504, 28 + 496]


# -- any order of any pieces


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_comes_is_whole_or_nothing(data: st.DataObject) -> None:
    segment = udp(data.draw(st.integers(9, 400)))
    pieces = []
    for _ in range(data.draw(st.integers(1, 12))):
        start = data.draw(st.integers(0, len(segment) // 8)) * 8
        end = data.draw(st.integers(start, len(segment)))
        more = int(end < len(segment)) if data.draw(st.booleans()) else data.draw(st.integers(0, 1))
        pieces.append(ipv4(segment[start:end], offset=start, more=more))
    bench = Bench()
    bench.take(*pieces)
    for packet in bench.whole:
        payload = bytes(packet.data[20:])
        assert segment.startswith(payload)
    waiting = sum(assembly.memory for assembly in bench.fragments.assemblies.values())
    assert bench.fragments.memory.get(IPV4, 0) == waiting


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_bytes_never_raise(data: bytes, six: bool) -> None:
    bench = Bench()
    raw = ipv6(data, 44) if six else bytes((0x45, 0)) + (20 + len(data)).to_bytes(2, "big") + data[:16] + data
    packet = Packet(raw)
    if not packet.fault:
        bench.take(bytes(packet.data))


@pytest.mark.parametrize(
    ("size", "lengths", "even"),
    [
        (24, (24, 24, 8), True),  # they are there
        (20, (24, 24, 8), True),
        (28, (28, 20, 8), False),
        (32, (32, 16, 8), True),
        (48, (48, 8), True),
        (52, (52, 4), False),
        (56, (56,), True),
        (90, (56,), True),  # there is no more
    ],
)
def test_what_is_changed_in_one_piece_moves_the_cuts(size: int, lengths: tuple[int, ...], even: bool) -> None:
    """The first fragment takes what it lacks from those behind it; the note of how the packet came stays."""
    cuts = Fragmented(44, False, (24, 24, 8), True, 1)
    found = cuts.gathered(size)
    assert (found.lengths, fits_old_cuts(found, 56, 56), sum(found.lengths)) == (lengths, even, 56)
    assert found.gathered(size) == found
    assert cuts == Fragmented(44, False, (24, 24, 8), True, 1)


def test_gathering_twice_is_gathering_the_longer_part() -> None:
    cuts = Fragmented(1020, False, (8, 1000, 932), True, 1)
    assert not fits_old_cuts(cuts.gathered(20), 1940, 1000)
    assert cuts.gathered(20).gathered(40) == cuts.gathered(40)
    assert fits_old_cuts(cuts.gathered(20).gathered(40), 1940, 1000)
