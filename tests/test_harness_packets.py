"""Packets: from words to bytes and back, compared with scapy; what counts as looking like a description."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import flows, matching, plain, reading, wire
from conformance.actors import fill_in, reply_flow
from conformance.flows import FlowError
from conformance.names import NameFault, Names
from conformance.packets import Packet, PacketFault, make, tcp_flags
from conformance.vocabulary import (
    arp,
    between,
    esp,
    filler,
    fragment,
    fragment6,
    fragments,
    gre,
    icmp,
    icmp6,
    ip,
    one_of,
    other_than,
    ping,
    ping6,
    raw_frame,
    sctp,
    tcp,
    tcp6,
    udp,
    udp6,
    udplite,
)  # fmt: skip
from lab import topology

NAMES = Names(topology.load("three-legged"))
HOST = Names(topology.load("host"))
BRIDGED = Names(topology.load("bridged"))
GATEWAY = Names(topology.load("nat-gateway"))
UPLINKS = Names(topology.load("dual-uplink"))


def seen(packet: Any, node: str = "client", names: Names = NAMES) -> reading.Seen:
    """The packet, as if it had been captured where it is sent."""
    data = wire.packet_bytes(packet, names)
    destination = reading.read_packet(data, quoted=True).get("dst", "10.0.2.10")
    return reading.read(wire.frame(packet, data, names.hop(node, destination)))


# --- flows and names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("client:40000 > server:53", "client:40000 > server:53"),
        ("client>server", "client > server"),
        ("firewall.wan:any > server:1024-2047", "firewall.wan > server:1024-2047"),
        ("10.0.1.1:5 > 2001:db8::1", "10.0.1.1:5 > 2001:db8::1"),
        ("[2001:db8::1]:53 > any", "[2001:db8::1]:53 > any"),
        ("my-host_2:1 > any:2", "my-host_2:1 > any:2"),
    ],
)
def test_flows(text: str, shown: str) -> None:
    assert str(flows.parse(text)) == shown
    assert flows.parse(str(flows.parse(text))) == flows.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("client:40000", "has no '>'"),
        ("client:x > server:1", "'x' in 'client:x' in 'client:x > server:1' is not a port"),
        ("client:70000 > server:1", "ports go from 0 to 65535"),
        ("client:9-5 > server:1", "ports go from 0 to 65535"),
        ("1.2.3 > server", "'1.2.3' in '1.2.3 > server' is not a node, an address or 'any'"),
        (" > server", "is not a node"),
    ],
)
def test_flows_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(FlowError) as error:
        flows.parse(text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "family", "addresses"),
    [
        ("client:1 > server:2", 4, "10.0.1.10:1 > 198.51.100.10:2"),
        ("client:1 > server:2", 6, "[2001:db8:1::10]:1 > [2001:db8:ff::10]:2"),
        ("client > firewall", 4, "10.0.1.10 > 10.0.1.1"),
        ("server > firewall", 4, "198.51.100.10 > 198.51.100.1"),
        ("198.51.100.10 > firewall", 4, "198.51.100.10 > 198.51.100.1"),
        ("any > firewall.dmz:any", 4, "any > 10.0.2.1"),
        ("2001:DB8:0::5 > any", 6, "2001:db8::5 > any"),
    ],
)
def test_names_become_addresses(text: str, family: int, addresses: str) -> None:
    assert str(NAMES.resolve(flows.parse(text), family)) == addresses


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clint > server", "'clint' is not a node of three-legged; did you mean 'client'?"),
        ("client.dmz > server", "'client' has no IPv4 address on 'dmz'"),
        ("any > firewall", "'firewall' has addresses on lan, dmz, wan: write firewall.LINK"),
    ],
)
def test_names_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(NameFault) as error:
        NAMES.resolve(flows.parse(text), 4)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("names", "node", "destination", "device", "receiver"),
    [
        (NAMES, "client", "198.51.100.10", "lan", ("firewall", "lan")),
        (NAMES, "server", "10.0.1.10", "wan", ("firewall", "wan")),  # has no route: a cable is enough
        (NAMES, "client", "10.0.1.77", "lan", ("firewall", "lan")),
        (BRIDGED, "client", "10.0.1.20", "inside", ("server", "outside")),
        (BRIDGED, "client", "10.0.1.1", "inside", ("firewall", "br0")),
        (GATEWAY, "client", "192.168.1.11", "lan", ("laptop", "lan")),
        (UPLINKS, "isp1", "192.0.2.10", "internet", ("server", "internet")),
        (UPLINKS, "isp1", "10.0.1.10", "uplink1", ("firewall", "uplink1")),
        (UPLINKS, "server", "198.51.100.2", "internet", ("isp1", "internet")),
        (UPLINKS, "server", "203.0.113.2", "internet", ("isp2", "internet")),
    ],
)
def test_the_way_out(names: Names, node: str, destination: str, device: str, receiver: tuple[str, str]) -> None:
    hop = names.hop(node, destination)
    assert (hop.device, hop.destination_mac) == (device, names.mac(*receiver))
    assert hop.source_mac == names.mac(node, device)


@pytest.mark.parametrize(
    ("destination", "mac"),
    [
        ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
        ("10.0.1.255", "ff:ff:ff:ff:ff:ff"),
        ("239.255.1.2", "01:00:5e:7f:01:02"),
        ("ff02::1:2", "33:33:00:01:00:02"),
    ],
)
def test_one_for_many(destination: str, mac: str) -> None:
    assert NAMES.hop("client", destination).destination_mac == mac


def test_addresses_in_rules() -> None:
    assert fill_in("-s {client} -d {firewall.wan} {server/6} {x} {{}}", NAMES) == (
        "-s 10.0.1.10 -d 198.51.100.1 2001:db8:ff::10 {x} {{}}"
    )
    assert fill_in("-d {server}", NAMES, 6) == "-d 2001:db8:ff::10"
    with pytest.raises(NameFault):
        fill_in("-s {client.nowhere}", NAMES)


# --- words to bytes and back ------------------------------------------------------------------------------------------

FLOW = "client:1234 > server:80"
PACKETS = [
    udp(FLOW, "query", ttl=3, tos=0x10, ip_id=77, df=True),
    udp(FLOW, size=1400),
    udp(FLOW, "", ip_options=b"\x07\x07\x04\0\0\0\0\0"),
    udp6(FLOW, "query", ttl=3, tos=0x20, flow_label=5),
    udp6(FLOW, "x", extensions=["hop-by-hop", "destination"]),
    tcp(FLOW, "SYN", seq=4294967295, mss=1460, wscale=7, sack_ok=True, timestamp=(5, 6)),
    tcp(FLOW, "PSH,ACK", "data", seq=1, ack=2, window=77, urgent=3),
    tcp(FLOW, "ACK", sack=((1, 2), (5, 9))),
    tcp(FLOW, "none"),
    tcp(FLOW, "FIN,PSH,URG"),
    tcp(FLOW, "SYN,ECE,CWR", tcp_options=b"\x02\x04\x05\xb4"),
    tcp6(FLOW, "SYN,ACK", "x", seq=1, ack=2),
    ping("client > server", "abc", id=7, seq=9),
    ping6("client > server", "abc", id=7, seq=9),
    icmp("client > server", "redirect", gateway="10.0.1.5", quoting=udp(FLOW, "x")),
    icmp("client > server", "host-unreachable", quoting=tcp(FLOW), quoted_bytes=28),
    icmp("client > server", "fragmentation-needed", mtu=1000, quoting=udp(FLOW, "x")),
    icmp("client > server", "ip-header-bad", pointer=20, quoting=udp(FLOW, "x")),
    icmp("client > server", "timestamp-request", id=1, seq=2),
    icmp6("client > server", "packet-too-big", mtu=1300, quoting=udp6(FLOW, "x")),
    icmp6("client > server", "neighbour-solicitation", target="2001:db8:1::1"),
    udplite(FLOW, "abc"),
    udplite(FLOW, "abc", coverage=8),
    sctp(FLOW, "INIT", init_tag=9, vtag=0),
    sctp(FLOW, "COOKIE-ECHO", vtag=5),
    gre("client > server", "abc", key=5),
    gre("client > server", "abc", key=5, gre_version=1, gre_seq=1, gre_ack=2),
    esp("client > server", "abc", spi=9),
    ip("client > server", 89, b"abc"),
    udp(FLOW, "x", vlan=5, padding=6),
    udp(FLOW, "x", checksum=0),
    udp(FLOW, "x", length=100),
    udp(FLOW, "x", evil=True),
    tcp(FLOW, "SYN", reserved=5),
    udp(FLOW, "x", dscp=46, ecn=1),
]  # fmt: skip


@pytest.mark.parametrize("packet", PACKETS, ids=str)
def test_a_packet_that_is_sent_looks_like_itself(packet: Packet) -> None:
    """Every field that was given is read back as it was given, and the checksums are right."""
    found = seen(packet)
    assert found.faults == []
    assert matching.differences(packet, found, NAMES) == []
    assert found.shown(NAMES) and packet.shown(NAMES)


@pytest.mark.parametrize("packet", [each for each in PACKETS if each.kind in ("udp", "tcp", "icmp", "icmp6")], ids=str)
def test_scapy_reads_the_same(packet: Packet) -> None:
    """The reader of the suite agrees with scapy about what the bytes mean."""
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.inet6 import IPv6

    found = seen(packet)
    theirs = (IP if found.family == 4 else IPv6)(found.packet)
    assert (theirs.src, theirs.dst) == (found.src, found.dst)
    assert (theirs.ttl if found.family == 4 else theirs.hlim) == found.ttl
    for layer in (TCP, UDP):
        if layer in theirs and found.kind in ("tcp", "udp"):
            assert (theirs[layer].sport, theirs[layer].dport) == (found.sport, found.dport)
    if found.kind == "tcp":
        assert (theirs[TCP].seq, theirs[TCP].ack, int(theirs[TCP].flags) & 255) == (found.seq, found.ack, found.flags)
        assert bytes(theirs[TCP].payload) == found.payload
    if found.kind == "icmp":
        assert (theirs[ICMP].type, theirs[ICMP].code) == (found.type, found.code)


PLAIN_FIELDS = st.fixed_dictionaries({}, optional={
    "ttl": st.integers(0, 255), "tos": st.integers(0, 255), "ip_id": st.integers(0, 65535), "df": st.booleans(),
    "payload": st.binary(max_size=64),
})  # fmt: skip
PLAIN_TCP = st.fixed_dictionaries({}, optional={
    "flags": st.integers(0, 255), "seq": st.integers(0, 2**32 - 1), "ack": st.integers(0, 2**32 - 1),
    "window": st.integers(0, 65535), "urgent": st.integers(0, 65535),
})  # fmt: skip
PORT = st.integers(0, 65535)


@given(PLAIN_FIELDS, PLAIN_TCP, st.booleans(), st.booleans(), PORT, PORT)
def test_ordinary_packets_are_those_of_scapy(
    common: dict[str, Any], more: dict[str, Any], stream: bool, six: bool, sport: int, dport: int
) -> None:
    """The short way of building and scapy give the same bytes."""
    fields = common | (more if stream else {})
    flow = f"client:{sport} > server:{dport}"
    what = wire.resolve(make("tcp" if stream else "udp", flow, 6 if six else 4, **fields), NAMES)
    assert plain.can_build(what.kind, dict(what.fields))
    assert wire.build(what) == wire.build_by_scapy(what)


@pytest.mark.parametrize(
    ("packet", "fault"),
    [
        (udp(FLOW, "x", checksum="bad"), "UDP checksum"),
        (tcp(FLOW, "SYN", checksum="bad"), "TCP checksum"),
        (udp6(FLOW, "x", checksum="bad"), "UDP checksum"),
        (ping("client > server", checksum="bad"), "ICMP checksum"),
        (icmp6("client > server", "echo-request", checksum="bad"), "ICMPv6 checksum"),
        (udplite(FLOW, "abc", checksum="bad"), "UDP-Lite checksum"),
        (sctp(FLOW, "INIT", checksum="bad"), "SCTP checksum"),
        (udp(FLOW, "x", ip_checksum="bad"), "IP header checksum"),
    ],
    ids=str,
)
def test_wrong_checksums_are_noticed(packet: Packet, fault: str) -> None:
    found = seen(packet)
    assert [each for each in found.faults if fault in each]
    assert matching.matches(packet, found, NAMES), "it is what was asked for"
    plain = Packet(packet.kind, packet.flow, (), packet.family)
    assert not matching.matches(plain, found, NAMES), "what says nothing of checksums wants right ones"
    assert matching.matches(plain, found, NAMES, checksums=False)
    field = "ip_checksum" if "IP header" in fault else "checksum"
    assert not matching.matches(plain.but(**{field: "good"}), found, NAMES)
    assert matching.matches(plain.but(**{field: "any"}), found, NAMES)


@pytest.mark.parametrize("six", [False, True])
def test_fragments_make_up_the_packet(six: bool) -> None:
    from conformance.fragments import whole

    packet = (udp6 if six else udp)(FLOW, size=3000)
    pieces = [seen(piece) for piece in fragments(packet, 1400)]
    assert [piece.offset for piece in pieces] == [0, 1400, 2800]
    assert [piece.mf for piece in pieces] == [True, True, False]
    assert matching.matches((fragment6 if six else fragment)("client > server", 1400, more=True), pieces[1], NAMES)
    for order in (pieces, pieces[::-1]):
        found = whole(order)
        assert found is not None
        assert matching.differences(packet, found, NAMES) == []
    assert whole(pieces[:2]) is None and whole([pieces[0], pieces[2]]) is None


def test_edited_packets() -> None:
    packet = udp(FLOW, "0123456789")
    data = wire.packet_bytes(packet, NAMES)
    assert wire.packet_bytes(packet.cut(30), NAMES) == data[:30]
    assert wire.packet_bytes(packet.patched((20, b"\xff\xff")), NAMES) == data[:20] + b"\xff\xff" + data[22:]
    assert seen(raw_frame(b"\1" * 60)).kind == "frame"
    assert seen(arp("client > 10.0.1.1")).kind == "arp"


@given(st.binary(max_size=200))
def test_reading_never_raises(data: bytes) -> None:
    reading.read(data).shown(NAMES)
    reading.read(bytes(12) + b"\x08\x00" + data).shown(NAMES)
    reading.read(bytes(12) + b"\x86\xdd" + data).shown(NAMES)
    reading.read_packet(data, quoted=True).shown(NAMES)


@given(st.binary(max_size=60), st.sampled_from([1, 6, 17, 47, 50, 58, 132, 136]), st.booleans())
def test_reading_cut_transport_headers_never_raises(data: bytes, protocol: int, six: bool) -> None:
    packet = ip("2001:db8::1 > 2001:db8::2" if six else "10.0.0.1 > 10.0.0.2", protocol, data)
    reading.read_packet(wire.packet_bytes(packet, NAMES)).shown(NAMES)


# --- what cannot be said ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: udp(FLOW, tll=3), "a packet has no field 'tll'; did you mean 'ttl'?"),
        (lambda: udp(FLOW, seq=3), "udp has no field 'seq'"),
        (lambda: tcp(FLOW, "SYM"), "'Y' is not a TCP flag"),
        (lambda: icmp("client > server", "port-unreachble"), "did you mean 'port-unreachable'?"),
        (lambda: ping(FLOW), "icmp has no ports"),
        (lambda: fragments(udp(FLOW, size=100), 12), "multiple of 8"),
        (lambda: wire.packet_bytes(udp("client:any > server:1"), NAMES), "needs one port at 'client'"),
        (lambda: wire.packet_bytes(udp("any > server:1"), NAMES), "needs an address in place of 'any'"),
        (lambda: wire.packet_bytes(udp(FLOW, ttl=between(1, 2)), NAMES), "needs one value"),
        (lambda: wire.packet_bytes(fragment("client > server"), NAMES), "only for seeing"),
        (lambda: wire.packet_bytes(sctp(FLOW, "INITT"), NAMES), "'INITT' is not an SCTP chunk here"),
    ],
)
def test_mistakes_have_messages(make: Any, message: str) -> None:
    with pytest.raises((PacketFault, FlowError)) as error:
        make()
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [("SYN", 2), ("S", 2), ("SA", 18), ("syn,ack", 18), ("S,A", 18), ("none", 0), ("", 0), ("FPU", 41), ("SEC", 0xC2)],
)
def test_tcp_flags(text: str, number: int) -> None:
    assert tcp_flags(text) == number


# --- looking like -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "packet", "differs"),
    [
        (udp("client > server"), udp(FLOW, "x"), ""),
        (udp("any > any:80"), udp(FLOW, "x"), ""),
        (udp("client:1000-2000 > server"), udp(FLOW), ""),
        (udp("client:2000-3000 > server"), udp(FLOW), "source port is 1234, not 2000-3000"),
        (udp("web > server"), udp(FLOW), "source is client, not web"),
        (udp("client > server", "y"), udp(FLOW, "x"), 'payload is "x", not "y"'),
        (tcp("client > server"), udp(FLOW), "kind is udp, not tcp"),
        (tcp(FLOW, "SYN"), tcp(FLOW, "SYN,ACK"), "flags is SYN,ACK, not SYN"),
        (udp(FLOW, ttl=between(60, 64)), udp(FLOW), ""),
        (udp(FLOW, ttl=between(60, 63)), udp(FLOW), "ttl is 64, not 60 to 63"),
        (udp(FLOW, ttl=one_of(1, 64)), udp(FLOW), ""),
        (udp(FLOW, ttl=other_than(64)), udp(FLOW), "ttl is 64, not not 64"),
        (tcp(FLOW, mss=1460), tcp(FLOW, "SYN"), "mss is absent, not 1460"),
        (ip("client > server"), udp(FLOW), ""),
        (ip("client > server", 17), udp(FLOW), ""),
        (ip("client > server", 6), udp(FLOW), "protocol is 17, not 6"),
        (udp(FLOW), udp6(FLOW), "family is IPv6, not IPv4"),
        (udp6("any > any"), udp(FLOW), "family is IPv4, not IPv6"),
        (icmp("any > any", "port-unreachable", quoting=udp("client > server")),
         icmp("server > client", "port-unreachable", quoting=udp(FLOW)), ""),
        (icmp("any > any", "port-unreachable", quoting=udp("web > server")),
         icmp("server > client", "port-unreachable", quoting=udp(FLOW)), "quoted source is client, not web"),
    ],
    ids=str,
)  # fmt: skip
def test_differences(pattern: Packet, packet: Packet, differs: str) -> None:
    found = "; ".join(map(str, matching.differences(pattern, seen(packet), NAMES)))
    assert (differs in found) if differs else (found == "")


def test_the_nearest_is_shown() -> None:
    candidates = [seen(tcp(FLOW, "SYN")), seen(udp("client:1 > web:80")), seen(udp("client:1234 > server:81"))]
    nearest = matching.nearest(udp(FLOW), candidates, NAMES)
    assert nearest is not None and nearest[0] is candidates[2]
    assert matching.nearest(udp(FLOW), [], NAMES) is None


def test_an_answer_turns_the_flow_round() -> None:
    assert str(reply_flow(seen(udp(FLOW)))) == "198.51.100.10:80 > 10.0.1.10:1234"
    assert str(reply_flow(seen(ping("client > server")))) == "198.51.100.10 > 10.0.1.10"


def test_the_filler_shows_a_wrong_order() -> None:
    data = filler(5000)
    assert len({data[at : at + 64] for at in range(0, 4992, 64)}) > 70
