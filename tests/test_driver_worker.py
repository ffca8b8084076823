"""The worker between queue and engine: order of packets, fragments as convoys, marks, packets of the engine's own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.context import Arrival
from engine.core.hooks import FORWARD, OUTPUT, POSTROUTING, PREROUTING
from engine.core.packet import Packet
from engine.driver.convoy import merge_rest
from engine.driver.records import STEPS_KEPT, TRACES_KEPT
from tests.driver_world import World, cut, cut6, ipv4, ipv6, udp

TRACKING = "*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n"
SEGMENT = udp(992)
CUTS = (504, 200, 296)


def counters(world: World, family: str = "ipv4") -> list[str]:
    return [line.split("]")[0][1:] for line in world.engine.save(family, counters=True).splitlines() if line[0] == "["]


def leaving(pieces: list[bytes]) -> list[bytes]:
    """The same packets one hop later."""
    packets = [Packet(data) for data in pieces]
    for packet in packets:
        packet.set_ttl(packet.ttl - 1)
    return [bytes(packet.data) for packet in packets]


def test_a_burst_of_a_new_flow_asks_the_nat_table_once() -> None:
    world = World("*nat\n-A POSTROUTING -j SNAT --to-source 10.0.2.1\nCOMMIT\n")
    world.receive(*[ipv4(udp(10, first=number), id=number) for number in range(5)])
    assert counters(world) == ["1:38"]
    assert len(world.sent) == 5 and {Packet(data).src for data in world.sent} == {0x0A000201}


def test_each_packet_goes_its_whole_way_before_the_next() -> None:
    world = World()
    world.receive(ipv4(udp(1)), ipv4(udp(2)))
    assert world.verdicts == [(PREROUTING, True), (FORWARD, True), (POSTROUTING, True)] * 2


def test_an_answer_of_the_engine_leaves_before_the_verdict() -> None:
    world = World("*filter\n-A FORWARD -p udp -j REJECT\nCOMMIT\n")
    world.receive(ipv4(udp(10)))
    hooks = [PREROUTING, OUTPUT, POSTROUTING, FORWARD]
    assert [hook for hook, _accepted in world.verdicts] == hooks
    assert world.verdicts[-1] == (FORWARD, False)
    assert Packet(world.sent[0]).proto == 1


# -- marks


@pytest.mark.parametrize(
    ("rules", "seen", "final"),
    [
        ("*mangle\n-A OUTPUT -j MARK --set-mark 2\nCOMMIT\n", [(OUTPUT, 2)], 2),
        ("*raw\n-A OUTPUT -j MARK --set-mark 2\nCOMMIT\n", [(POSTROUTING, 2)], 2),
        ("*filter\n-A OUTPUT -j MARK --set-mark 2\nCOMMIT\n", [(POSTROUTING, 2)], 2),
        (
            "*mangle\n-A OUTPUT -j MARK --set-mark 2\nCOMMIT\n*filter\n-A OUTPUT -j MARK --set-mark 1\nCOMMIT\n",
            [(OUTPUT, 2), (POSTROUTING, 1)],
            1,
        ),
        (
            "*raw\n-A OUTPUT -j MARK --set-mark 2\nCOMMIT\n*mangle\n-A OUTPUT -j TOS --set-tos 16\nCOMMIT\n",
            [(OUTPUT, 2)],
            2,
        ),
    ],
    ids=["mangle", "raw", "filter", "mangle then filter", "raw, rerouted for its TOS"],
)
def test_only_mangle_lets_local_packets_be_routed_by_mark(rules: str, seen: list[tuple[int, int]], final: int) -> None:
    world = World(rules)
    world.engine.store.load(f"*mangle\n-A POSTROUTING -m mark --mark {final}\nCOMMIT\n", "ipv4", "more", noflush=True)
    world.make(ipv4(udp(10)))
    assert world.marks == seen
    assert "1:38" in counters(world)[-1] or "1:38" in counters(world)


def test_a_mark_of_prerouting_is_given_to_the_kernel() -> None:
    world = World("*mangle\n-A PREROUTING -j MARK --set-mark 7\nCOMMIT\n")
    world.receive(ipv4(udp(10)))
    assert world.marks == [(PREROUTING, 7)]


def test_an_unchanged_packet_is_not_sent_back() -> None:
    seen: list[object] = []
    world = World(TRACKING)
    original = world.verdict

    def watch(queued, accept, data, mark):
        seen.append((data, mark))
        original(queued, accept, data, mark)

    world.verdict = watch
    world.receive(ipv4(udp(10)))
    assert seen == [(None, -1)] * 3


# -- fragments


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_fragments_travel_as_they_came(order: tuple[int, ...]) -> None:
    world = World(TRACKING)
    pieces = cut(SEGMENT, *CUTS)
    world.receive(*[pieces[index] for index in order])
    assert world.sent == leaving(pieces)
    assert world.engine.conntrack.table.count == 1
    assert world.worker.convoys.held == {}


def test_without_conntrack_fragments_pass_one_by_one() -> None:
    world = World("*filter\n-A FORWARD -f\n-A FORWARD ! -f\nCOMMIT\n")
    pieces = cut(SEGMENT, *CUTS)
    world.receive(pieces[2], pieces[0])
    assert world.sent == leaving([pieces[2], pieces[0]])
    assert counters(world) == ["1:316", "1:524"]


def test_a_rule_that_looks_for_sockets_gathers_fragments_of_its_family() -> None:
    world = World("*mangle\n-A PREROUTING -m socket\n-A FORWARD -m length --length 1020\nCOMMIT\n")
    pieces = cut(SEGMENT, *CUTS)
    world.receive(pieces[2], pieces[0])
    assert world.sent == []
    world.receive(pieces[1])
    assert world.sent == leaving(pieces)
    assert counters(world)[-1] == "1:1020"
    assert world.engine.conntrack.table.count == 0
    world = World("*mangle\n-A PREROUTING -m socket\nCOMMIT\n", "ipv6")
    world.engine.load("*filter\nCOMMIT\n", "ipv4")
    world.receive(pieces[2])
    assert world.sent == leaving([pieces[2]])


@pytest.mark.parametrize("hops", (1, 2))
def test_the_kernel_sees_the_whole_packet_when_its_hops_end_here(hops: int) -> None:
    rules = "*filter\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT\n"
    world = World(rules + f"*mangle\n-A PREROUTING -j HL --hl-set {hops}\nCOMMIT\n", "ipv6")
    world.receive(*cut6(SEGMENT, *CUTS))
    accepted = [hook for hook, accept in world.verdicts if accept]
    assert accepted.count(PREROUTING) == (1 if hops == 1 else len(CUTS))


def test_rules_see_the_whole_packet_once() -> None:
    rules = "-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -f\n-A FORWARD -m length --length 1020\n"
    world = World(f"*filter\n{rules}COMMIT\n*raw\n-A PREROUTING\nCOMMIT\n*mangle\n-A POSTROUTING\nCOMMIT\n")
    world.receive(*cut(SEGMENT, *CUTS))
    assert sorted(counters(world)) == sorted(["1:1020", "0:0", "1:1020", "1:1020", "1:1020"])


def test_nat_translates_every_fragment() -> None:
    nat = "*nat\n-A PREROUTING -d 10.0.2.99 -j DNAT --to-destination 10.0.2.10\n"
    world = World(nat + "-A POSTROUTING -j SNAT --to-source 10.0.2.1\nCOMMIT\n")
    world.receive(*cut(SEGMENT, *CUTS, dst="10.0.2.99"))
    assert world.sent == leaving(cut(SEGMENT, *CUTS, src="10.0.2.1"))


def test_a_verdict_holds_for_all_fragments() -> None:
    world = World("*filter\n-A FORWARD -p udp -m conntrack --ctstate NEW -j DROP\nCOMMIT\n")
    world.receive(*cut(SEGMENT, *CUTS))
    assert world.sent == []
    assert [hook for hook, accepted in world.verdicts if not accepted] == [FORWARD] * 3
    assert counters(world) == ["1:1020"]


def test_fragments_of_a_packet_that_never_becomes_whole_are_let_go() -> None:
    world = World(TRACKING)
    first, second, _third = cut(SEGMENT, *CUTS)
    world.receive(first, second)
    assert world.verdicts == []
    world.worker.clock.advance(31)
    world.worker.housekeeping()
    assert world.verdicts == [(PREROUTING, False)] * 2
    world.receive(first)
    world.engine.flush()
    world.worker.release_abandoned()
    assert world.verdicts == [(PREROUTING, False)] * 3


def test_overlapping_fragments_are_all_dropped() -> None:
    world = World(TRACKING)
    first, second, _third = cut(SEGMENT, *CUTS)
    world.receive(first, second, ipv4(SEGMENT[496:800], offset=496, more=1))
    assert world.verdicts == [(PREROUTING, False)] * 3


def test_for_this_machine_the_whole_packet_is_delivered() -> None:
    world = World("*filter\n-A INPUT -m conntrack --ctstate NEW\nCOMMIT\n")
    world.receive(*cut(SEGMENT, *CUTS, dst="10.0.1.1"))
    assert world.delivered == [ipv4(SEGMENT, dst="10.0.1.1")]
    assert counters(world) == ["1:1020"]


def test_a_smaller_mtu_takes_the_same_carriers() -> None:
    world = World(TRACKING)
    world.environment.mtus["wan"] = 1280
    segment = udp(2992)
    world.receive(*cut(segment, 1480, 1480, 40))
    assert world.sent == leaving(cut(segment, 1256, 1256, 488))


def test_what_is_too_big_and_must_not_be_cut_goes_to_the_kernel_as_one() -> None:
    for pieces in (cut(udp(2992), 1480, 1480, 40, df=1), cut6(udp(2992), 1448, 1448, 104)):
        world = World(TRACKING, "ipv4" if pieces[0][0] >> 4 == 4 else "ipv6")
        world.environment.mtus["wan"] = 1280
        world.receive(*pieces)
        accepted = [hook for hook, accepted in world.verdicts if accepted]
        assert accepted[0] == PREROUTING and accepted.count(PREROUTING) == 1


def test_ipv6_fragments_travel_as_they_came_under_a_new_number() -> None:
    world = World(TRACKING, "ipv6")
    pieces = cut6(udp(2992), 1000, 1400, 600)
    world.receive(*pieces)
    numbers = {piece[44:48] for piece in world.sent}
    assert len(numbers) == 1 and numbers != {pieces[0][44:48]}
    assert [piece[:44] + pieces[0][44:48] + piece[48:] for piece in world.sent] == leaving(pieces)
    world = World(TRACKING, "ipv6")
    world.receive(cut6(SEGMENT, 1000)[0])
    assert world.sent == leaving([ipv6(SEGMENT, 17)])


def test_local_fragments_are_tracked_as_one() -> None:
    world = World("*filter\n-A OUTPUT -m conntrack --ctstate NEW\n-A OUTPUT -f\nCOMMIT\n")
    pieces = cut(SEGMENT, *CUTS)
    world.make(*pieces)
    assert world.sent == pieces
    assert counters(world) == ["1:1020", "0:0"]


def test_too_many_pieces_ride_with_the_last_carrier() -> None:
    pieces = cut(SEGMENT, *CUTS)
    kept, rest = merge_rest(pieces, 2)
    assert rest == [] and kept[0] == pieces[0]
    merged = Packet(kept[1])
    assert (merged.fragment_offset, merged.more_fragments, bytes(merged.data[20:])) == (504, False, SEGMENT[504:])
    kept, rest = merge_rest(cut(SEGMENT, *CUTS, df=1), 2)
    assert len(kept) == 2 and len(rest) == 1


# -- TEE


def test_a_copy_for_another_gateway_passes_output_here() -> None:
    rules = "*mangle\n-A PREROUTING -j TEE --gateway 10.0.2.77\n-A OUTPUT\n-A POSTROUTING -o wan\nCOMMIT\n"
    world = World(rules)
    world.receive(ipv4(udp(10)))
    copies = [emission for emission in world.sender.emissions if emission.via == "wire"]
    assert [(emission.device, emission.gateway) for emission in copies] == [("wan", 0x0A00024D)]
    assert counters(world) == ["1:38", "1:38", "2:76"]


# -- our own bugs


def test_a_fault_drops_the_packet_and_is_kept() -> None:
    world = World("*filter\n-A FORWARD -j REJECT\nCOMMIT\n")

    def broken(_emission: object, _cause: object = None) -> bool:
        raise ZeroDivisionError("planted")

    world.sender.send = broken
    world.receive(ipv4(udp(10)), ipv4(udp(11)))
    assert world.verdicts == [(PREROUTING, True), (FORWARD, False)] * 2
    assert world.worker.faults.count == 2
    assert "planted" in world.worker.faults.kept[0] and "Arrival" in world.worker.faults.kept[0]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=6), st.sampled_from([0, 1, 2, 3, 4]))
def test_no_bytes_are_a_fault(packets: list[bytes], hook: int) -> None:
    world = World(TRACKING + "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n")
    for data in packets:
        world.arrive(Arrival(hook, data, "lan", "wan", hwsrc=bytes(6)))
    world.worker.handle_waiting(1 << 20)
    assert world.worker.faults.kept == []


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from((1, 6, 17, 58, 132)), st.binary(max_size=60), st.integers(0, 65535)), max_size=6)
)
def test_no_packet_is_a_fault(packets: list[tuple[int, bytes, int]]) -> None:
    world = World(TRACKING + "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n")
    world.engine.load(TRACKING, "ipv6")
    for proto, payload, word in packets:
        data = bytearray(ipv4(payload, proto))
        data[6:8] = word.to_bytes(2, "big")
        packet = Packet(data)
        packet.set_ip_checksum()
        world.receive(bytes(packet.data))
        world.receive(ipv6(bytes((proto, 0)) + word.to_bytes(2, "big") + payload, 44))
    assert world.worker.faults.kept == []


# -- traces


def test_traces_are_a_ring_and_keep_little_of_big_packets() -> None:
    world = World("*filter\n-A FORWARD -p udp -j ACCEPT\nCOMMIT\n")
    world.receive(ipv4(udp(30000)))
    found = world.worker.traces.since(0)
    assert [entry["hook"] for entry in found] == ["PREROUTING", "FORWARD", "POSTROUTING"]
    step = found[1]["steps"][0]
    assert (step["table"], step["chain"], step["rule"], step["verdict"]) == ("filter", "FORWARD", 1, "ACCEPT")
    assert found[1]["packet"].startswith("udp 10.0.1.10:1000 > 10.0.2.10:2000")
    assert all(len(kept.data) <= 256 for kept in world.worker.traces.kept)
    world.receive(*[ipv4(udp(10), id=number) for number in range(TRACES_KEPT)])
    assert len(world.worker.traces.kept) == TRACES_KEPT
    assert world.worker.traces.since(0)[-1]["number"] == world.worker.traces.next - 1


@pytest.mark.parametrize(("rule", "state"), [("-p udp", ""), ("-m conntrack --ctstate RELATED", "NEW")])
def test_a_trace_names_the_state_of_what_was_tracked(rule: str, state: str) -> None:
    world = World(f"*filter\n-A FORWARD {rule} -j DROP\n-A FORWARD -j ACCEPT\nCOMMIT\n")
    world.receive(ipv4(udp()))
    assert world.worker.traces.since(0)[-1]["connection"] == state


MANY = "*filter\n" + "".join(f"-A FORWARD -s 192.0.2.{n % 250} -j DROP\n" for n in range(5000)) + "COMMIT\n"


def test_traces_through_thousands_of_rules_are_fewer() -> None:
    world = World(MANY)
    world.receive(*[ipv4(udp(10), id=number) for number in range(60)])
    traces = world.worker.traces
    assert traces.steps == sum(len(kept.steps) for kept in traces.kept) <= STEPS_KEPT
    assert 35 * 3 < len(traces.kept) < 40 * 3  # of 60 packets, three hooks each
    assert traces.since(0)[-1]["number"] == traces.next - 1 == 180
    traces.clear()
    assert traces.steps == 0


def test_a_packet_through_thousands_of_rules_counts_for_many() -> None:
    world = World(MANY, clock="monotonic")
    world.receive(*[ipv4(udp(10), id=number) for number in range(100)])
    assert len(world.sent) == 100
    assert 20 < world.worker.traces.next < 90


def test_a_download_is_traced_sparingly() -> None:
    world = World(clock="monotonic")
    world.receive(*[ipv4(udp(10), id=number) for number in range(2000)])
    assert len(world.sent) == 2000
    assert 900 < world.worker.traces.next < 3000
