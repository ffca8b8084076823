"""Names that rules share (hashlimit, RATEEST, IDLETIMER): which rules may use one. Measured with iptables-legacy."""

from __future__ import annotations

import pytest

from engine.language.commands import run
from engine.language.errors import RulesetError
from engine.language.store import RulesetStore

LIMIT = "-m hashlimit --hashlimit-name n"
RATE = f"{LIMIT} --hashlimit-upto 5/s --hashlimit-rate-match"
EST = "-j RATEEST --rateest-name x --rateest-interval 250ms --rateest-ewmalog"
REFUSED = "iptables: Invalid argument. Run `dmesg' for more information.\n"


class Commands:
    def __init__(self) -> None:
        self.store = RulesetStore()

    def __call__(self, line: str, stdin: str = "") -> int:
        result = run(line.split(), stdin, self.store)
        self.err = result.stderr
        return result.exit


@pytest.mark.parametrize(
    ("first", "second", "accepted"),
    [
        (f"{LIMIT} --hashlimit-upto 5/s", f"{LIMIT} --hashlimit-above 7/s --hashlimit-mode srcip", True),
        (f"{LIMIT} --hashlimit-upto 5/s", f"{LIMIT} --hashlimit-upto 512kb/s --hashlimit-htable-size 9", True),
        (f"{LIMIT} --hashlimit-upto 5/s", RATE, False),
        (RATE, f"{LIMIT} --hashlimit-upto 5/s", False),
        (RATE, f"{RATE} --hashlimit-rate-interval 5", True),
        (f"{EST} 500ms", f"{EST} 500ms", True),
        (f"{EST} 500ms", f"{EST} 1s", False),
        ("-j IDLETIMER --timeout 5 --label a", "-j IDLETIMER --timeout 9 --label a", True),
        ("-j IDLETIMER --timeout 5 --label a", "-j IDLETIMER --timeout 5 --label a --alarm", False),
        ("-m recent --set --name r", "-m recent --rcheck --name r --mask 255.0.0.0 --hitcount 99", True),
    ],
)
def test_two_rules(first: str, second: str, accepted: bool) -> None:
    for place in ("iptables -A FORWARD", "iptables -t mangle -A FORWARD", "iptables -R FORWARD 1"):
        commands = Commands()
        assert commands(f"iptables -A FORWARD {first}") == 0, commands.err
        before = commands.store.save("ipv4")
        assert (commands(f"{place} {second}") == 0) is accepted, commands.err
        if not accepted:
            assert commands.err.startswith(REFUSED.rstrip("\n"))
            assert before in commands.store.save("ipv4")


def test_families_share_estimators_but_no_buckets() -> None:
    commands = Commands()
    assert commands(f"iptables -A FORWARD {LIMIT} --hashlimit-upto 5/s") == 0
    assert commands(f"ip6tables -A FORWARD {RATE}") == 0
    assert commands(f"iptables -A FORWARD {EST} 500ms") == 0
    assert commands(f"ip6tables -A FORWARD {EST} 1s") == 1


def test_a_restored_table_must_agree_with_the_one_it_replaces() -> None:
    commands = Commands()
    text = f"*filter\n-A FORWARD {RATE}\nCOMMIT\n"
    assert commands(f"iptables -A FORWARD {LIMIT} --hashlimit-upto 5/s") == 0
    assert commands("iptables-restore", text) == 1
    assert "line 3 failed" in commands.err
    assert commands("iptables -F") == 0
    assert commands("iptables-restore", text) == 0


def test_one_text_for_all_tables_is_all_or_nothing() -> None:
    store = RulesetStore()
    with pytest.raises(RulesetError, match="rate-match"):
        store.load(f"*mangle\n-A FORWARD {RATE}\nCOMMIT\n*filter\n-A FORWARD {LIMIT} --hashlimit-upto 5/s\nCOMMIT\n")
    assert store.save("ipv4") == ""
