"""The address that a range gives: as recorded on Linux 6.18 x86_64 (SNAT and DNAT, one UDP packet each)."""

from __future__ import annotations

import pytest

from engine.core.addresses import address_text, parse_address
from engine.nat.addresses import choose

# (which side, first and last of the range, --persistent, source, destination, chosen)
ROWS = [
    ("src", "10.0.2.20", "10.0.2.27", False, "10.0.1.2", "10.0.2.9", "10.0.2.25"),
    ("src", "10.0.2.20", "10.0.9.27", False, "10.0.1.2", "10.0.2.9", "10.0.7.65"),
    ("dst", "10.0.2.2", "10.0.2.40", False, "10.0.1.2", "10.9.9.9", "10.0.2.36"),
    ("src", "10.0.2.20", "10.0.2.27", False, "10.0.1.3", "10.0.2.9", "10.0.2.24"),
    ("src", "10.0.2.20", "10.0.9.27", False, "10.0.1.3", "10.0.2.9", "10.0.5.214"),
    ("dst", "10.0.2.2", "10.0.2.40", False, "10.0.1.3", "10.9.9.9", "10.0.2.24"),
    ("src", "10.0.2.20", "10.0.2.27", False, "10.0.1.2", "10.0.2.8", "10.0.2.20"),
    ("src", "10.0.2.20", "10.0.9.27", False, "10.0.1.2", "10.0.2.8", "10.0.2.93"),
    ("dst", "10.0.2.2", "10.0.2.40", False, "10.0.1.2", "10.9.9.8", "10.0.2.2"),
    ("src", "fd00:2::100", "fd00:2::1ff", False, "fd00:1::2", "fd00:2::9", "fd00:2::1dc"),
    ("src", "fd00:2::100", "fd00:3::5", False, "fd00:1::2", "fd00:2::9", "fd00:3::dcc1:a3ff"),
    ("dst", "fd00:2::2", "fd00:2::13", False, "fd00:1::2", "fd00:9::9", "fd00:2::11"),
    ("src", "fd00:2::100", "fd00:2::1ff", False, "fd00:1::3", "fd00:2::9", "fd00:2::19a"),
    ("src", "fd00:2::100", "fd00:3::5", False, "fd00:1::3", "fd00:2::9", "fd00:3::9ab1:3bd2"),
    ("dst", "fd00:2::2", "fd00:2::13", False, "fd00:1::3", "fd00:9::9", "fd00:2::c"),
    ("src", "fd00:2::100", "fd00:2::1ff", False, "fd00:1::2", "fd00:2::8", "fd00:2::115"),
    ("src", "fd00:2::100", "fd00:3::5", False, "fd00:1::2", "fd00:2::8", "fd00:2:159a:41f4:159a:41f4:159a:41f4"),
    ("dst", "fd00:2::2", "fd00:2::13", False, "fd00:1::2", "fd00:9::8", "fd00:2::3"),
    ("src", "10.0.2.20", "10.0.2.27", True, "10.0.1.2", "10.0.2.9", "10.0.2.27"),
    ("src", "10.0.2.20", "10.0.9.27", True, "10.0.1.2", "10.0.2.9", "10.0.8.178"),
    ("dst", "10.0.2.2", "10.0.2.40", True, "10.0.1.2", "10.9.9.9", "10.0.2.38"),
    ("src", "10.0.2.20", "10.0.2.27", True, "10.0.1.3", "10.0.2.9", "10.0.2.25"),
    ("src", "10.0.2.20", "10.0.9.27", True, "10.0.1.3", "10.0.2.9", "10.0.6.178"),
    ("dst", "10.0.2.2", "10.0.2.40", True, "10.0.1.3", "10.9.9.9", "10.0.2.27"),
    ("src", "10.0.2.20", "10.0.2.27", True, "10.0.1.2", "10.0.2.8", "10.0.2.27"),
    ("src", "10.0.2.20", "10.0.9.27", True, "10.0.1.2", "10.0.2.8", "10.0.8.178"),
    ("dst", "10.0.2.2", "10.0.2.40", True, "10.0.1.2", "10.9.9.8", "10.0.2.38"),
    ("src", "fd00:2::100", "fd00:2::1ff", True, "fd00:1::2", "fd00:2::9", "fd00:2::11a"),
    ("src", "fd00:2::100", "fd00:3::5", True, "fd00:1::2", "fd00:2::9", "fd00:2:1a1b:c98b:1a1b:c98b:1a1b:c98b"),
    ("dst", "fd00:2::2", "fd00:2::13", True, "fd00:1::2", "fd00:9::9", "fd00:2::3"),
    ("src", "fd00:2::100", "fd00:2::1ff", True, "fd00:1::3", "fd00:2::9", "fd00:2::1ca"),
    ("src", "fd00:2::100", "fd00:3::5", True, "fd00:1::3", "fd00:2::9", "fd00:3::ca0b:a282"),
    ("dst", "fd00:2::2", "fd00:2::13", True, "fd00:1::3", "fd00:9::9", "fd00:2::10"),
    ("src", "fd00:2::100", "fd00:2::1ff", True, "fd00:1::2", "fd00:2::8", "fd00:2::11a"),
    ("src", "fd00:2::100", "fd00:3::5", True, "fd00:1::2", "fd00:2::8", "fd00:2:1a1b:c98b:1a1b:c98b:1a1b:c98b"),
    ("dst", "fd00:2::2", "fd00:2::13", True, "fd00:1::2", "fd00:9::8", "fd00:2::3"),
    ("src", "10.0.2.9", "10.0.2.4", False, "10.0.1.2", "10.0.2.9", "198.146.152.223"),
]


@pytest.mark.parametrize("row", ROWS)
def test_chosen_as_recorded(row: tuple[str, str, str, bool, str, str, str]) -> None:
    side, low, high, persistent, src, dst, chosen = row
    family, source = parse_address(src)
    numbers = [parse_address(text)[1] for text in (dst, low, high)]
    got = choose(family, source, numbers[0], numbers[1], numbers[2], persistent, 0, side == "src")
    assert address_text(got, family) == chosen


def test_zone_is_part_of_the_hash() -> None:
    """Recorded in zone 7: the same pair elsewhere in the range."""
    low, high = parse_address("10.0.2.20")[1], parse_address("10.0.2.27")[1]
    chosen = [
        address_text(
            choose(2, parse_address(f"10.0.1.{host}")[1], parse_address("10.0.2.9")[1], low, high, False, 7, True), 2
        )
        for host in range(2, 10)
    ]
    assert chosen == [f"10.0.2.{last}" for last in (22, 22, 24, 21, 25, 27, 23, 20)]
