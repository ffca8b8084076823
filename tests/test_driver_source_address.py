"""Which IPv6 address becomes the source: the rules of RFC 6724 one by one, and the kernel asked the same."""

from __future__ import annotations

import itertools
import json
import subprocess
from ipaddress import IPv6Address, IPv6Interface

import pytest

from engine.driver.source_address import IFA_F_DEPRECATED, IFA_F_TENTATIVE, Address, select
from tests.test_driver_environment import UNSHARE, WHY_NOT

LAN, WAN = 2, 3
OWN = {
    LAN: ("2001:db8:1::1/64", "fd00:1::1/64", "2002:c000:201::1/48", "fe80::1/64"),
    WAN: ("2001:db8:ff::1/64", "2001:db8:ff:8::1/62", "fec0:0:0:2::1/64", "fe80::2/64"),
}
DESTINATIONS = (
    "2001:db8:1::10", "2001:db8:ff::10", "2001:db8:ff:8::10", "2001:db8:ff:9::1", "fd00:1::7", "fd77::1",
    "2002:c633::9", "fec0:0:0:2::5", "2600::1", "2001:db8:1::1", "2001:db8:ff::1",
)  # fmt: skip


def addresses(flags: int = 0) -> dict[int, list[Address]]:
    found: dict[int, list[Address]] = {}
    for index, texts in OWN.items():
        for text in texts:
            interface = IPv6Interface(text)
            found.setdefault(index, []).append(Address(10, int(interface), interface.network.prefixlen, 0, flags))
    return found


def chosen(device: int, destination: str, flags: int = 0) -> str | None:
    found = select(addresses(flags), device, int(IPv6Address(destination)))
    return None if found is None else str(IPv6Address(found))


@pytest.mark.parametrize(
    ("device", "destination", "address"),
    [
        (WAN, "2001:db8:1::1", "2001:db8:1::1"),  # rule 1: the destination itself
        (WAN, "fe80::77", "fe80::2"),  # rule 2, and only of that link
        (LAN, "ff02::1", "fe80::1"),
        (WAN, "2001:db8:1::10", "2001:db8:ff::1"),  # rule 5 before the longest prefix
        (LAN, "2600::1", "2001:db8:1::1"),
        (LAN, "fd77::1", "fd00:1::1"),  # rule 6: the same label
        (WAN, "2001:db8:ff:9::1", "2001:db8:ff:8::1"),  # rule 8: the longest prefix...
        (WAN, "2001:db8:ff:2::1", "2001:db8:ff::1"),
    ],
)
def test_rules(device: int, destination: str, address: str) -> None:
    assert chosen(device, destination) == address


def test_tentative_and_deprecated() -> None:
    assert chosen(LAN, "2600::1", IFA_F_TENTATIVE) is None
    own = addresses(IFA_F_DEPRECATED)
    own[WAN][1].flags = 0
    assert select(own, LAN, int(IPv6Address("2600::1"))) == own[WAN][1].value  # rule 3 before rule 5


@pytest.mark.skipif(bool(WHY_NOT), reason=f"no network namespace of one's own: {WHY_NOT}")
def test_as_the_kernel_does() -> None:
    """The kernel is asked by routes without a source of their own, one for each pair of interface and destination."""
    names = {LAN: "lan", WAN: "wan"}
    itself = ("2001:db8:1::1", "2001:db8:ff::1")
    pairs = [(device, to) for device, to in itertools.product(OWN, DESTINATIONS) if to not in itself]
    script = ["ip link set lo up", "ip link add lan type bridge", "ip link add wan type bridge"]
    script += [f"ip link set {name} addrgenmode none up" for name in names.values()]
    script += [
        f"ip -6 addr add {text} dev {names[index]} nodad" for index, texts in OWN.items() for text in reversed(texts)
    ]
    for number, (device, to) in enumerate(pairs, 100):
        script += [f"ip -6 route add {to}/128 dev {names[device]} table {number}"]
        script += [f"ip -6 rule add fwmark {number} table {number}", f"ip -j -6 route get {to} mark {number}"]
    done = subprocess.run([*UNSHARE, "sh", "-e", "-c", "\n".join(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kernel = [json.loads(line)[0]["prefsrc"] for line in done.stdout.splitlines()]
    assert [chosen(device, to) for device, to in pairs] == kernel
