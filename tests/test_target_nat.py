"""What the nat targets ask for; the translation itself is tested with engine.nat."""

from __future__ import annotations

import pytest
from target_wire import CLIENT, SERVER, address, apply, context, tcp4, tcp6, udp4

from engine.core.context import NatRequest
from engine.core.hooks import HOOK_NUMBERS, IPV4, IPV6
from engine.core.verdict import ACCEPT, DROP

SYN = tcp4(2)
SYN6 = tcp6(2)


def request(rule: str, chain: str, data: bytes = SYN) -> NatRequest:
    family = IPV4 if data[0] >> 4 == 4 else IPV6
    where = context(family, HOOK_NUMBERS[chain])
    outcome = apply(rule, data, where, "nat", chain)
    assert outcome.verdict == ACCEPT
    assert bytes(outcome.packet.data) == data  # nobody translates yet
    assert where.nat is not None
    return where.nat


@pytest.mark.parametrize(
    ("to", "low", "high", "ports"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1", (-1, -1, -1)),
        ("192.0.2.1-192.0.2.9", "192.0.2.1", "192.0.2.9", (-1, -1, -1)),
        ("192.0.2.9-192.0.2.1", "192.0.2.9", "192.0.2.1", (-1, -1, -1)),
        ("192.0.2.1:80", "192.0.2.1", "192.0.2.1", (80, 80, -1)),
        ("192.0.2.1:http", "192.0.2.1", "192.0.2.1", (80, 80, -1)),
        ("192.0.2.1-192.0.2.9:1000-2000", "192.0.2.1", "192.0.2.9", (1000, 2000, -1)),
        (":1000-2000", None, None, (1000, 2000, -1)),
        ("192.0.2.1:1000-2000/30", "192.0.2.1", "192.0.2.1", (1000, 2000, 30)),
    ],
)
def test_destinations(to: str, low: str | None, high: str | None, ports: tuple[int, int, int]) -> None:
    got = request(f"-p tcp -j DNAT --to-destination {to}", "PREROUTING")
    assert (got.kind, got.low, got.high) == ("DNAT", low and address(low), high and address(high))
    assert (got.port_low, got.port_high, got.base_port) == ports
    if "/" in to:
        return
    got = request(f"-p tcp -j SNAT --to-source {to}", "POSTROUTING")
    assert (got.kind, got.low, got.high) == ("SNAT", low and address(low), high and address(high))
    assert (got.port_low, got.port_high) == ports[:2]


def test_a_shift_is_lost_by_all_but_dnat() -> None:
    assert request("-p tcp -j SNAT --to-source 192.0.2.1:10-20/5", "POSTROUTING").base_port == 0


def test_ipv6_ranges() -> None:
    got = request("-p tcp -j DNAT --to-destination [fd07::1-fd07::9]:80-90", "PREROUTING", SYN6)
    assert (got.low, got.high, got.port_low, got.port_high) == (address("fd07::1"), address("fd07::9"), 80, 90)


@pytest.mark.parametrize("flags", ["", "random", "random-fully", "persistent", "random random-fully persistent"])
def test_flags(flags: str) -> None:
    words = flags.split()
    got = request("-j SNAT --to-source 192.0.2.1" + "".join(f" --{word}" for word in words), "POSTROUTING")
    asked = ("random" in words, "random-fully" in words, "persistent" in words)
    assert (got.random, got.random_fully, got.persistent) == asked


def test_masquerade_takes_the_address_of_the_way_out() -> None:
    got = request("-p tcp -j MASQUERADE --to-ports 1000-2000 --random", "POSTROUTING")
    assert (got.kind, got.low, got.high) == ("SNAT", address("10.0.2.1"), address("10.0.2.1"))
    assert (got.port_low, got.port_high, got.random, got.masquerade_device) == (1000, 2000, True, "wan")
    assert request("-j MASQUERADE", "POSTROUTING", SYN6).low == address("fd02::1")
    where = context(IPV4, HOOK_NUMBERS["POSTROUTING"])
    where.outdev = "nowhere"
    assert apply("-j MASQUERADE", SYN, where, "nat", "POSTROUTING").verdict == DROP
    where = context(IPV4, HOOK_NUMBERS["POSTROUTING"])
    assert apply("-j MASQUERADE", udp4(src="0.0.0.0"), where, "nat", "POSTROUTING").verdict == ACCEPT
    assert where.nat is None


def test_redirect_leads_here() -> None:
    got = request("-p tcp -j REDIRECT --to-ports 8080", "PREROUTING")
    assert (got.kind, got.low, got.port_low, got.port_high) == ("DNAT", address("10.0.1.1"), 8080, 8080)
    assert request("-j REDIRECT", "OUTPUT").low == address("127.0.0.1")
    assert request("-j REDIRECT", "OUTPUT", SYN6).low == address("::1")
    assert request("-j REDIRECT", "PREROUTING", SYN6).low == address("fd01::1")
    where = context(IPV4, HOOK_NUMBERS["PREROUTING"])
    where.indev = "nowhere"
    assert apply("-j REDIRECT", SYN, where, "nat", "PREROUTING").verdict == DROP


@pytest.mark.parametrize(
    ("chain", "kind", "of"),
    [
        ("PREROUTING", "DNAT", SERVER),
        ("OUTPUT", "DNAT", SERVER),
        ("POSTROUTING", "SNAT", CLIENT),
        ("INPUT", "SNAT", CLIENT),
    ],
)
def test_netmap_keeps_the_host(chain: str, kind: str, of: str) -> None:
    got = request("-j NETMAP --to 192.0.2.0/24", chain)
    assert (got.kind, got.low) == (kind, address("192.0.2.0") | address(of) & 0xFF)
    assert got.low == got.high
    got = request("-j NETMAP --to 172.16.0.0/12", chain)
    assert got.low == address("172.16.0.0") | address(of) & 0xFFFFF
    got = request("-j NETMAP --to fd07::/64", chain, SYN6)
    assert got.low == address("fd07::10")
