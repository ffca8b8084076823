"""Translation of connections through the whole engine: bindings, ports, what is not translated, what is forgotten."""

from __future__ import annotations

import pytest
from nat_packets import Read, echo, error, ip, tcp, udp
from nat_world import World

from engine.core import verdict as v
from engine.core.addresses import parse_address
from engine.core.context import Arrival, Randomness
from engine.core.hooks import INPUT, IPV4, OUTPUT, POSTROUTING, PREROUTING
from engine.core.packet import Packet

A, B = "10.0.1.2", "10.0.1.3"  # clients
S, T = "10.0.2.9", "10.0.2.8"  # servers
OUT = "10.0.2.7"

SNAT = f"-t nat -A POSTROUTING -o wan -j SNAT --to-source {OUT}"
MASQUERADE = "-t nat -A POSTROUTING -o wan -j MASQUERADE"


def world(*rules: str) -> World:
    w = World()
    w.ipt(*rules)
    return w


def through(w: World, leg: str, data: bytes) -> Read | None:
    got = w.pass_through(leg, data)
    return None if got is None else Read(got[1])


def ends(w: World, leg: str, data: bytes) -> str | None:
    got = through(w, leg, data)
    if got is not None:
        assert got.right
    return None if got is None else got.ends


# -- SNAT


@pytest.mark.parametrize("client,server,outside", ((A, S, OUT), ("fd00:1::2", "fd00:2::9", "fd00:2::7")))
def test_source_is_rewritten_and_answers_are_turned_back(client: str, server: str, outside: str) -> None:
    w = World()
    (w.ip6t if ":" in client else w.ipt)(f"-t nat -A POSTROUTING -o wan -j SNAT --to-source {outside}")
    for _ in range(2):
        assert ends(w, "lan", udp(client, server, 1000, 53)) == f"{outside}:1000 > {server}:53"
        assert ends(w, "wan", udp(server, outside, 53, 1000)) == f"{server}:53 > {client}:1000"
    assert ends(w, "lan", tcp(client, server, 1001, 80)) == f"{outside}:1001 > {server}:80"
    assert ends(w, "wan", tcp(server, outside, 80, 1001, "SA", 5, 1001)) == f"{server}:80 > {client}:1001"
    ping = through(w, "lan", echo(client, server, 7))
    assert ping is not None and (ping.src, ping.ident, ping.right) == (outside, 7, True)
    pong = through(w, "wan", echo(server, outside, 7, reply=True))
    assert pong is not None and (pong.dst, pong.ident, pong.right) == (client, 7, True)


def test_the_mapping_stands_in_the_reply_tuple() -> None:
    w = world(SNAT)
    through(w, "lan", udp(A, S, 1000, 53))
    assert f"src={A} dst={S} sport=1000 dport=53 [UNREPLIED] src={S} dst={OUT} sport=53 dport=1000" in w.ct()[0]


def test_only_the_first_packet_asks_the_chain() -> None:
    w = world(SNAT)
    for _ in range(3):
        through(w, "lan", udp(A, S, 1000, 53))
        through(w, "wan", udp(S, OUT, 53, 1000))
    assert w.nat_counters("POSTROUTING") == [1]


def test_a_flow_older_than_the_rule_stays_as_it_is() -> None:
    """With a nat table before it: bound to nothing. Without one: asked again and again, in vain."""
    w = world("-A FORWARD -m conntrack --ctstate NEW", "-t nat -F")
    through(w, "lan", udp(A, S, 1000, 53))
    w.ipt(SNAT)
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{A}:1000 > {S}:53"
    assert w.nat_counters("POSTROUTING") == [0]
    w = world("-A FORWARD -m conntrack --ctstate NEW")
    through(w, "lan", udp(A, S, 1000, 53))
    w.ipt(SNAT)
    for _ in range(3):
        assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{A}:1000 > {S}:53"
    assert w.nat_counters("POSTROUTING") == [3]


def test_deleting_the_rule_keeps_the_mapping() -> None:
    w = world("-A FORWARD -m conntrack --ctstate NEW", SNAT)
    through(w, "lan", udp(A, S, 1000, 53))
    w.ipt("-t nat -F")
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{OUT}:1000 > {S}:53"
    assert ends(w, "lan", udp(A, S, 1001, 53)) == f"{A}:1001 > {S}:53"


def test_without_any_rule_that_needs_conntrack_translation_stops() -> None:
    w = world(SNAT)
    through(w, "lan", udp(A, S, 1000, 53))
    w.ipt("-t nat -F")
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{A}:1000 > {S}:53"


def test_answers_of_a_deleted_entry_are_not_turned_back() -> None:
    w = world(SNAT)
    through(w, "lan", udp(A, S, 1000, 53))
    w.engine.conntrack.flush()
    got = w.pass_through("wan", udp(S, OUT, 53, 1000))
    assert got is not None and got[0] == "wan"


@pytest.mark.parametrize("port,low,high", ((300, 1, 511), (800, 600, 1023), (5000, 1024, 65535)))
def test_a_taken_port_is_replaced_from_its_class(port: int, low: int, high: int) -> None:
    w = world(SNAT)
    assert ends(w, "lan", udp(A, S, port, 53)) == f"{OUT}:{port} > {S}:53"
    second = through(w, "lan", udp(B, S, port, 53))
    assert second is not None and low <= second.sport <= high and second.sport != port


def test_one_port_serves_two_destinations() -> None:
    w = world(SNAT)
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{OUT}:1000 > {S}:53"
    assert ends(w, "lan", udp(B, T, 1000, 53)) == f"{OUT}:1000 > {T}:53"


def test_a_source_keeps_its_mapping_towards_others() -> None:
    w = world(SNAT)
    through(w, "lan", udp(A, S, 1000, 53))
    moved = through(w, "lan", udp(B, S, 1000, 53))
    again = through(w, "lan", udp(B, T, 1000, 99))
    assert moved is not None and again is not None
    assert moved.sport == again.sport != 1000
    # ... until the entries are gone
    w.engine.conntrack.flush()
    assert ends(w, "lan", udp(B, T, 1000, 99)) == f"{OUT}:1000 > {T}:99"


def test_the_newest_mapping_of_a_source_counts() -> None:
    w = world(f"-t nat -A POSTROUTING -o wan -p udp -d {S} -j SNAT --to-source {OUT}:2000", SNAT)
    through(w, "lan", udp(A, S, 1000, 53))
    assert ends(w, "lan", udp(A, T, 1000, 53)) == f"{OUT}:2000 > {T}:53"
    assert w.advance(31) is None
    assert ends(w, "lan", udp(A, T, 1000, 53)) == f"{OUT}:1000 > {T}:53"


def test_a_range_spreads_by_both_addresses() -> None:
    w = world("-t nat -A POSTROUTING -o wan -j SNAT --to-source 10.0.2.20-10.0.2.27")
    seen = {through(w, "lan", udp(f"10.0.1.{host}", S, 1000, 53)).src for host in range(2, 40)}  # type: ignore[union-attr]
    assert len(seen) == 8
    towards = {through(w, "lan", udp(A, f"10.0.2.{host}", 2000 + host, 53)).src for host in range(40, 80)}  # type: ignore[union-attr]
    assert len(towards) > 4
    ports = {through(w, "lan", udp(A, S, port, 53)).src for port in range(3000, 3020)}  # type: ignore[union-attr]
    assert len(ports) == 1


def test_persistent_spreads_by_the_source_alone() -> None:
    w = world("-t nat -A POSTROUTING -o wan -j SNAT --to-source 10.0.2.20-10.0.2.27 --persistent")
    towards = {through(w, "lan", udp(A, f"10.0.2.{host}", 2000 + host, 53)).src for host in range(40, 80)}  # type: ignore[union-attr]
    assert len(towards) == 1


def test_a_port_range_is_kept_to_and_runs_out() -> None:
    w = world(f"-t nat -A POSTROUTING -o wan -p udp -j SNAT --to-source {OUT}:2000-2002")
    got = [through(w, "lan", udp(f"10.0.1.{host}", S, 1000, 53)) for host in range(2, 7)]
    assert sorted(one.sport for one in got if one is not None) == [2000, 2001, 2002]
    assert got[3] is None and got[4] is None
    statistics = w.engine.conntrack.table.statistics
    assert (statistics.insert_failed, statistics.drop) == (2, 2)
    assert w.why == "<confirm> POSTROUTING"
    assert len(w.ct()) == 3


def test_a_port_in_the_range_is_kept() -> None:
    w = world(f"-t nat -A POSTROUTING -o wan -p udp -j SNAT --to-source {OUT}:2000-2002")
    assert ends(w, "lan", udp(A, S, 2001, 53)) == f"{OUT}:2001 > {S}:53"


def test_a_fixed_port_serves_one_connection_a_destination() -> None:
    w = world(f"-t nat -A POSTROUTING -o wan -p udp -j SNAT --to-source {OUT}:3000")
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{OUT}:3000 > {S}:53"
    assert through(w, "lan", udp(B, S, 1000, 53)) is None
    assert ends(w, "lan", udp(B, T, 1000, 53)) == f"{OUT}:3000 > {T}:53"


@pytest.mark.parametrize(
    "state,seq,mapped",
    (
        ("TIME_WAIT", 1001, False),
        ("TIME_WAIT", 1002, True),
        ("CLOSE", 1000, False),
        ("CLOSE", 1001, True),
        ("LAST_ACK", 5000, False),
    ),
)
def test_an_old_connection_gives_its_port_to_later_sequence_numbers(state: str, seq: int, mapped: bool) -> None:
    w = world(f"-t nat -A POSTROUTING -o wan -p tcp -j SNAT --to-source {OUT}:3000")
    w.send("lan", tcp(A, S, 1000, 80, "S", 1000))
    w.send("wan", tcp(S, OUT, 80, 3000, "SA", 5000, 1001))
    w.send("lan", tcp(A, S, 1000, 80, "A", 1001, 5001))
    if state == "CLOSE":
        w.send("lan", tcp(A, S, 1000, 80, "RA", 1001, 5001))
    else:
        w.send("lan", tcp(A, S, 1000, 80, "FA", 1001, 5001))
        w.send("wan", tcp(S, OUT, 80, 3000, "FA", 5001, 1002))
    if state == "TIME_WAIT":
        w.send("lan", tcp(A, S, 1000, 80, "A", 1002, 5002))
    assert f" {state} " in w.ct()[0]
    assert (through(w, "lan", tcp(B, S, 1000, 80, "S", seq)) is not None) == mapped
    assert [f" {'SYN_SENT' if mapped else state} " in line for line in w.ct()] == [True]


@pytest.mark.parametrize("flag", ("--random", "--random-fully"))
def test_random_ports(flag: str) -> None:
    w = world(f"{SNAT} {flag}")
    sports = [through(w, "lan", udp(A, S, port, 53)).sport for port in range(5000, 5008)]  # type: ignore[union-attr]
    assert all(sport >= 1024 for sport in sports) and sports != list(range(5000, 5008))
    assert len(set(sports)) == 8


def test_a_port_alone_keeps_the_address() -> None:
    w = world("-t nat -A POSTROUTING -o wan -p udp -j SNAT --to-source :3000-3001")
    assert ends(w, "lan", udp(A, S, 1000, 53)) in (f"{A}:3000 > {S}:53", f"{A}:3001 > {S}:53")


def test_a_crowded_range_ends_the_search() -> None:
    """128 ports in a row, then 64, 32, 16 and 8 from other random places: five random numbers, then it gives up."""
    w = world(f"-t nat -A POSTROUTING -o wan -p udp -j SNAT --to-source {OUT}:10000-10999")
    for client in range(10000, 11000):
        assert ends(w, "lan", udp(A, S, client, 53)) == f"{OUT}:{client} > {S}:53"
    randomness = w.engine.shared.randomness
    same = Randomness(randomness.value)
    assert through(w, "lan", udp(B, S, 1, 53)) is None
    for _ in range(5):
        same.u32()
    assert randomness.value == same.value


def test_source_nat_of_what_arrives_here() -> None:
    w = world("-t nat -A INPUT -p udp -j SNAT --to-source 10.9.9.9")
    w.send("lan", udp(A, "10.0.1.1", 1000, 53))
    assert [Read(one).ends for one in w.take("local")] == ["10.9.9.9:1000 > 10.0.1.1:53"]
    w.send_local(udp("10.0.1.1", "10.9.9.9", 53, 1000))
    assert Read(w.take("lan")[0]).ends == f"10.0.1.1:53 > {A}:1000"


def test_local_packets_are_translated_too() -> None:
    w = world(SNAT)
    w.send_local(udp("10.0.2.1", S, 1000, 53))
    assert Read(w.take("wan")[0]).ends == f"{OUT}:1000 > {S}:53"


# -- MASQUERADE


def test_masquerade_takes_the_primary_address() -> None:
    w = world(MASQUERADE)
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"10.0.2.1:1000 > {S}:53"
    w.environment.addresses["wan"].append((IPV4, parse_address("10.0.2.11")[1], 24))
    assert ends(w, "lan", udp(A, S, 1001, 53)) == f"10.0.2.1:1001 > {S}:53"


def test_masquerade_forgets_with_the_address_and_the_interface() -> None:
    w = world(f"-t nat -A POSTROUTING -o wan -d {T} -j SNAT --to-source {OUT}", MASQUERADE)
    w.environment.addresses["wan"].append((IPV4, parse_address("10.0.2.11")[1], 24))
    through(w, "lan", udp(A, S, 1000, 53))
    through(w, "lan", udp(A, T, 1000, 53))
    nat = w.engine.nat
    assert nat.address_lost("wan", IPV4, parse_address("10.0.2.11")[1]) == 0
    assert nat.device_down("lan") == 0
    assert nat.address_lost("wan", IPV4, parse_address("10.0.2.1")[1]) == 1
    assert len(w.ct()) == 1
    through(w, "lan", udp(A, S, 1000, 53))
    assert nat.device_down("wan") == 1
    assert T in w.ct()[0]


def test_masqueraded_packets_that_leave_elsewhere_end_their_entry() -> None:
    """The first such packet is dropped, the next one is bound anew."""
    w = world("-t nat -A POSTROUTING -s 10.0.1.0/24 -j MASQUERADE")
    through(w, "lan", udp(A, "10.0.3.9", 1000, 53))
    w.environment.addresses["dsl"] = [(IPV4, parse_address("10.0.3.1")[1], 24)]
    w.out["dsl"] = []
    w.route = lambda data: "dsl" if Read(data).dst == "10.0.3.9" else World.route(w, data)  # type: ignore[method-assign]
    assert through(w, "lan", udp(A, "10.0.3.9", 1000, 53)) is None
    assert w.ct() == []
    assert ends(w, "lan", udp(A, "10.0.3.9", 1000, 53)) == "10.0.3.1:1000 > 10.0.3.9:53"


def test_masquerade_ports() -> None:
    w = world("-t nat -A POSTROUTING -o wan -p udp -j MASQUERADE --to-ports 1024-1026")
    got = [through(w, "lan", udp(A, S, port, 53)) for port in (1, 2, 3, 4)]
    assert sorted(one.sport for one in got if one is not None) == [1024, 1025, 1026]
    assert got[3] is None


def test_a_source_without_address_is_not_masqueraded() -> None:
    w = world(MASQUERADE)
    w.send_local(udp("0.0.0.0", "255.255.255.255", 68, 67))
    assert [Read(one).src for leg in ("lan", "wan") for one in w.take(leg)] == ["0.0.0.0"]


# -- DNAT, REDIRECT, NETMAP


def test_destination_and_port() -> None:
    w = world(f"-t nat -A PREROUTING -i wan -d 10.0.2.1 -p tcp --dport 80 -j DNAT --to-destination {A}:8080")
    assert ends(w, "wan", tcp(S, "10.0.2.1", 1000, 80)) == f"{S}:1000 > {A}:8080"
    assert ends(w, "lan", tcp(A, S, 8080, 1000, "SA", 5, 1001)) == f"10.0.2.1:80 > {S}:1000"


def test_destination_of_local_packets_and_their_new_way() -> None:
    w = world(f"-t nat -A OUTPUT -d {S} -p udp --dport 77 -j DNAT --to-destination {A}:78")
    w.send_local(udp("10.0.2.1", S, 1000, 77))
    assert [Read(one).ends for one in w.take("lan")] == [f"10.0.2.1:1000 > {A}:78"]
    w.send("lan", udp(A, "10.0.2.1", 78, 1000))
    assert Read(w.take("local")[0]).ends == f"{S}:77 > 10.0.2.1:1000"


def test_a_range_of_servers_keeps_a_client_at_one() -> None:
    w = world("-t nat -A PREROUTING -i lan -p tcp -j DNAT --to-destination 10.0.2.2-10.0.2.5")
    chosen = {}
    for host in range(2, 20):
        seen = {through(w, "lan", tcp(f"10.0.1.{host}", "10.9.9.9", port, 80)).dst for port in (1, 2, 3)}  # type: ignore[union-attr]
        assert len(seen) == 1
        chosen[host] = seen.pop()
    assert len(set(chosen.values())) == 4


@pytest.mark.parametrize("dport,becomes", ((80, 7000), (7002, 7002), (7004, 7000)))
def test_a_destination_port_range_gives_its_first_port(dport: int, becomes: int) -> None:
    w = world(f"-t nat -A PREROUTING -i lan -p udp -j DNAT --to-destination {S}:7000-7003")
    for port in range(1, 5):
        assert ends(w, "lan", udp(A, "10.9.9.9", port, dport)) == f"{A}:{port} > {S}:{becomes}"


@pytest.mark.parametrize("dport,becomes", ((5000, 7000), (5003, 7003), (5020, 7009), (4999, 7008), (7005, 7003)))
def test_shifted_port_map(dport: int, becomes: int) -> None:
    """Offset from the base, modulo the size of the range, below the base as 16 bits wrap."""
    w = world(f"-t nat -A PREROUTING -i lan -p udp -j DNAT --to-destination {S}:7000-7010/5000")
    assert ends(w, "lan", udp(A, "10.9.9.9", 1, dport)) == f"{A}:1 > {S}:{becomes}"


def test_a_destination_port_alone() -> None:
    w = world("-t nat -A PREROUTING -i lan -p udp -j DNAT --to-destination :99")
    assert ends(w, "lan", udp(A, S, 1, 53)) == f"{A}:1 > {S}:99"


def test_redirect_comes_here_and_answers_go_back_from_there() -> None:
    w = world("-t nat -A PREROUTING -i lan -p udp --dport 53 -j REDIRECT --to-ports 5353")
    w.send("lan", udp(A, "8.8.8.8", 1000, 53))
    assert Read(w.take("local")[0]).ends == f"{A}:1000 > 10.0.1.1:5353"
    w.send_local(udp("10.0.1.1", A, 5353, 1000))
    assert Read(w.take("lan")[0]).ends == f"8.8.8.8:53 > {A}:1000"


def test_redirect_of_local_packets_goes_to_the_loopback_address() -> None:
    """The second pass, through PREROUTING, asks no chain again."""
    w = world(
        "-t nat -A OUTPUT -p udp --dport 53 -j REDIRECT",
        "-t nat -A PREROUTING -p udp -j DNAT --to-destination 10.9.9.9",
        "-t nat -A POSTROUTING -p udp -j ACCEPT",
        "-t nat -A INPUT -p udp -j SNAT --to-source 10.9.9.8",
    )
    w.send_local(udp("10.0.2.1", "8.8.8.8", 1000, 53))
    assert Read(w.take("local")[0]).ends == "10.0.2.1:1000 > 127.0.0.1:53"
    assert [w.nat_counters(chain) for chain in ("OUTPUT", "PREROUTING", "POSTROUTING", "INPUT")] == [[1], [0], [1], [0]]


def test_redirect_without_an_address_drops() -> None:
    w = world("-t nat -A PREROUTING -i lan -p udp -j REDIRECT")
    w.environment.addresses["lan"] = []
    w.send("lan", udp(A, "8.8.8.8", 1000, 53))
    assert w.take("local") == []
    w.environment.addresses["lan"] = [(IPV4, parse_address("10.0.1.1")[1], 24)]
    w.send("lan", udp(A, "8.8.8.8", 1000, 53))
    assert len(w.take("local")) == 1


def test_netmap_keeps_the_host_part_both_ways() -> None:
    w = world(
        "-t nat -A PREROUTING -i wan -d 192.168.5.0/24 -j NETMAP --to 10.0.1.0/24",
        "-t nat -A POSTROUTING -o wan -s 10.0.1.0/24 -j NETMAP --to 192.168.5.0/24",
    )
    assert ends(w, "wan", udp(S, "192.168.5.44", 1, 2)) == f"{S}:1 > 10.0.1.44:2"
    assert ends(w, "lan", udp("10.0.1.44", S, 2, 1)) == f"192.168.5.44:2 > {S}:1"
    assert ends(w, "lan", udp("10.0.1.45", T, 2, 1)) == f"192.168.5.45:2 > {T}:1"


def test_both_sides_of_one_connection() -> None:
    w = world(f"-t nat -A PREROUTING -i lan -d 10.9.9.9 -p tcp -j DNAT --to-destination {S}:8080", MASQUERADE)
    assert ends(w, "lan", tcp(A, "10.9.9.9", 1000, 80)) == f"10.0.2.1:1000 > {S}:8080"
    assert ends(w, "wan", tcp(S, "10.0.2.1", 8080, 1000, "SA", 5, 1001)) == f"10.9.9.9:80 > {A}:1000"


def test_hairpin() -> None:
    w = world(
        f"-t nat -A PREROUTING -d 10.0.2.1 -p tcp --dport 80 -j DNAT --to-destination {B}",
        "-t nat -A POSTROUTING -s 10.0.1.0/24 -d 10.0.1.0/24 -j MASQUERADE",
    )
    assert ends(w, "lan", tcp(A, "10.0.2.1", 1000, 80)) == f"10.0.1.1:1000 > {B}:80"
    assert ends(w, "lan", tcp(B, "10.0.1.1", 80, 1000, "SA", 5, 1001)) == f"10.0.2.1:80 > {A}:1000"


# -- clashes


def test_a_null_binding_moves_a_source_whose_answers_would_be_another_s() -> None:
    """S:5555 -> OUT:3000 has the tuple that answers to A:3000 (translated) would have."""
    w = world(SNAT)
    through(w, "lan", udp(A, S, 3000, 69))
    through(w, "wan", udp(S, OUT, 5555, 3000))  # nobody's: passes by, and is tracked
    got = through(w, "lan", udp(A, S, 3000, 5555))
    assert got is not None and got.src == OUT and got.sport != 3000


def test_two_clients_mapped_onto_a_third() -> None:
    """Without any rule for it, the host that owns the address keeps out of the others' way."""
    w = world(f"-t nat -A POSTROUTING -o wan -s {A} -j SNAT --to-source {B}")
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{B}:1000 > {S}:53"
    own = through(w, "lan", udp(B, S, 1000, 53))
    assert own is not None and own.src == B and own.sport not in (1000,) and 600 <= own.sport <= 1023
    assert f"dst={B} sport=53 dport={own.sport}" in "".join(w.ct())


def test_echo_ids_are_translated_when_they_clash() -> None:
    w = world(SNAT)
    first = through(w, "lan", echo(A, S, 1))
    second = through(w, "lan", echo(B, S, 1))
    assert first is not None and second is not None
    assert first.ident == 1 and second.ident != 1 and second.right
    back = through(w, "wan", echo(S, OUT, second.ident, reply=True))
    assert back is not None and (back.dst, back.ident, back.right) == (B, 1, True)


@pytest.mark.parametrize("proto", (33, 50, 89))
def test_without_ports_one_client_a_destination(proto: int) -> None:
    w = world(SNAT)
    assert through(w, "lan", ip(A, S, proto, bytes(24))) is not None
    assert through(w, "lan", ip(B, S, proto, bytes(24))) is None
    assert through(w, "lan", ip(B, T, proto, bytes(24))) is not None


# -- what is not translated


def test_untracked_packets() -> None:
    w = world("-t raw -A PREROUTING -i lan -j CT --notrack", SNAT)
    assert ends(w, "lan", udp(A, S, 1000, 53)) == f"{A}:1000 > {S}:53"
    assert w.nat_counters("POSTROUTING") == [0]


def test_invalid_packets_leave_with_their_private_address() -> None:
    w = world(SNAT)
    w.send("lan", tcp(A, S, 1000, 80, "S", 1000))
    w.send("wan", tcp(S, OUT, 80, 1000, "SA", 5000, 1001))
    w.send("lan", tcp(A, S, 1000, 80, "A", 1001, 5001))
    assert ends(w, "lan", tcp(A, S, 1000, 80, "A", 1001, 900000)) == f"{A}:1000 > {S}:80"


def test_the_tuples_of_a_gateway_with_one_port() -> None:
    w = world("-t nat -A POSTROUTING -o wan -p tcp -j SNAT --to-source 202.10.10.99:450")
    w.send("lan", tcp("10.0.1.2", "202.10.10.1", 120, 30))
    line = w.ct()[0]
    assert "src=10.0.1.2 dst=202.10.10.1 sport=120 dport=30" in line
    assert "src=202.10.10.1 dst=202.10.10.99 sport=30 dport=450" in line


# -- ICMP errors


def quoted(got: Read | None) -> str:
    """Outer source and destination, and the ends of the quoted packet."""
    assert got is not None and got.right
    inner = Read(got.data)
    assert inner.header_ok
    return f"{got.src} > {got.dst} about {inner.ends}"


def test_errors_about_a_translated_source() -> None:
    w = world(SNAT)
    sent = w.pass_through("lan", udp(A, S, 1000, 53, b"hello"))
    assert sent is not None
    got = through(w, "wan", error("10.0.2.5", sent[1], 3, 3))
    assert quoted(got) == f"10.0.2.5 > {A} about {A}:1000 > {S}:53"
    assert got is not None and Read(got.data).sum_ok


def test_errors_from_behind_a_translated_destination_show_the_public_address() -> None:
    w = world(f"-t nat -A PREROUTING -i wan -d 10.0.2.1 -p udp --dport 99 -j DNAT --to-destination {A}:53")
    sent = w.pass_through("wan", udp(S, "10.0.2.1", 1000, 99))
    assert sent is not None
    assert quoted(through(w, "lan", error(A, sent[1], 3, 3))) == f"10.0.2.1 > {S} about {S}:1000 > 10.0.2.1:99"
    # ... even one from a router on the inside
    assert (
        quoted(through(w, "lan", error("10.0.1.50", sent[1], 11, 0))) == f"10.0.2.1 > {S} about {S}:1000 > 10.0.2.1:99"
    )


def test_errors_in_a_hairpin_flow() -> None:
    w = world(
        f"-t nat -A PREROUTING -d 10.0.2.1 -p udp --dport 80 -j DNAT --to-destination {B}",
        "-t nat -A POSTROUTING -s 10.0.1.0/24 -d 10.0.1.0/24 -j MASQUERADE",
    )
    sent = w.pass_through("lan", udp(A, "10.0.2.1", 1000, 80))
    assert sent is not None
    assert quoted(through(w, "lan", error(B, sent[1], 3, 3))) == f"10.0.2.1 > {A} about {A}:1000 > 10.0.2.1:80"


def test_errors_about_a_translated_ping_have_its_id() -> None:
    w = world(SNAT)
    through(w, "lan", echo(A, S, 1))
    sent = w.pass_through("lan", echo(B, S, 1))
    assert sent is not None and Read(sent[1]).ident != 1
    got = through(w, "wan", error("10.0.2.5", sent[1], 11, 0))
    assert got is not None and got.dst == B and Read(got.data).ident == 1 and Read(got.data).right


def test_errors_in_ipv6() -> None:
    w = World()
    w.ip6t("-t nat -A POSTROUTING -o wan -j SNAT --to-source fd00:2::7")
    sent = w.pass_through("lan", udp("fd00:1::2", "fd00:2::9", 1000, 53, b"hello"))
    assert sent is not None
    got = through(w, "wan", error("fd00:2::5", sent[1], 1, 3))
    assert quoted(got) == "fd00:2::5 > fd00:1::2 about fd00:1::2:1000 > fd00:2::9:53"
    assert got is not None and Read(got.data).sum_ok


@pytest.mark.parametrize("size,passes", ((24, False), (27, False), (28, True), (32, True), (33, True)))
def test_quotations_cut_short(size: int, passes: bool) -> None:
    """Eight bytes of the transport header are needed to translate it."""
    w = world(SNAT)
    sent = w.pass_through("lan", udp(A, S, 1000, 53, b"hello"))
    assert sent is not None
    got = through(w, "wan", error("10.0.2.5", sent[1], 3, 1, size))
    assert (got is not None) == passes
    if got is not None:
        assert quoted(got) == f"10.0.2.5 > {A} about {A}:1000 > {S}:53"


@pytest.mark.parametrize("size", (28, 36, 38, 39, 40))
def test_quoted_tcp_headers(size: int) -> None:
    """The checksum inside is updated if it is there as a whole header."""
    w = world(SNAT)
    original = tcp(A, S, 1000, 80, "S", 1000)
    sent = w.pass_through("lan", original)
    assert sent is not None
    got = through(w, "wan", error("10.0.2.5", sent[1], 3, 1, size))
    assert got is not None and got.right
    inside = bytearray(original[:size])
    inside[8] = got.data[8]  # TTL
    inside[10:12] = got.data[10:12]
    if size < 40:
        inside[36:38] = sent[1][36 : min(38, size)]
    assert bytes(inside[:size]) == got.data


def test_quoted_zero_checksum_stays_zero() -> None:
    w = world(SNAT)
    sent = w.pass_through("lan", udp(A, S, 1000, 53, zero=True))
    assert sent is not None
    got = through(w, "wan", error("10.0.2.5", sent[1]))
    assert got is not None and got.data[26:28] == b"\0\0"


def test_redirects_of_translated_connections_are_dropped() -> None:
    w = world(SNAT)
    sent = w.pass_through("lan", udp(A, S, 1000, 53))
    assert sent is not None
    assert through(w, "wan", error("10.0.2.5", sent[1], 5, 1)) is None
    w = world("-t nat -A POSTROUTING -o lan -j ACCEPT", "-A FORWARD -m conntrack --ctstate NEW")
    sent = w.pass_through("lan", udp(A, S, 1000, 53))
    assert sent is not None
    assert through(w, "wan", error("10.0.2.5", sent[1], 5, 1)) is not None


def test_errors_neither_refresh_nor_end_an_entry() -> None:
    w = world(SNAT)
    sent = w.pass_through("lan", udp(A, S, 1000, 53))
    assert sent is not None
    w.advance(20)
    through(w, "wan", error("10.0.2.5", sent[1], 3, 3))
    assert " 10 src=" in w.ct()[0]
    assert ends(w, "wan", udp(S, OUT, 53, 1000)) == f"{S}:53 > {A}:1000"


def test_round_by_lo_a_changed_destination_is_a_martian() -> None:
    """INVALID in OUTPUT (zone 0), an answer of a translated connection in PREROUTING (zone 1): it leads out."""
    w = world("-t raw -A PREROUTING -j CT --zone 1", "-t nat -A INPUT -j SNAT --to-source 10.0.1.1")
    here = "10.0.1.1"
    first = w.engine.process(Arrival(PREROUTING, tcp(A, here, 1000, 5000), "lan"), 1000.0).data
    assert first is None
    at_us = w.engine.process(Arrival(INPUT, tcp(A, here, 1000, 5000), "lan"), 1000.0).data
    assert at_us is not None and Packet(at_us).src == Packet(at_us).dst
    reset = tcp(here, here, 5000, 1000, flags="RA", ack=1001)
    assert w.engine.process(Arrival(OUTPUT, reset, outdev="lo"), 1000.0).verdict == v.ACCEPT
    assert w.engine.process(Arrival(POSTROUTING, reset, outdev="lo"), 1000.0).verdict == v.ACCEPT
    last = w.engine.process(Arrival(PREROUTING, reset, "lo"), 1000.0)
    assert (last.verdict, last.why) == (v.DROP, "nat PREROUTING")
    assert w.nat_counters("INPUT") == [1]
