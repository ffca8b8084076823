"""nflab fuzz --rules: traffic for rules that somebody has written. No lab and no root."""

from pathlib import Path

import pytest

from conformance.fuzz.__main__ import main
from conformance.fuzz.case import Case, Send, named_ports
from conformance.fuzz.draw import Host, World
from conformance.fuzz.generate import around
from conformance.fuzz.side import timeless

WORLD = World(
    (
        Host("client", "lan", "10.0.1.10", "2001:db8:1::10", "lan"),
        Host("server", "wan", "198.51.100.10", "2001:db8:ff::10", "wan"),
    ),
    {"lan": "10.0.1.1", "wan": "198.51.100.1"},
    {"lan": "2001:db8:1::1", "wan": "2001:db8:ff::1"},
)
RULES = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m multiport --dports 8443,9000:9002 -j DROP\nCOMMIT\n"


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("--dport 22", {22}),
        ("! --sport 1000:2000", {1000, 2000}),
        ("--dports 80,443,8080", {80, 443, 8080}),
        ("--dports ! 25", {25}),
        ("--to-destination 10.0.0.1:8080", {8080}),
        ("--to-destination 10.0.0.1:5000-5009", set()),
        ("--to-ports 5000-5009", set()),
        ("--to-ports 3128", {3128}),
        ("--dport 70000", set()),
    ],
)
def test_ports_that_rules_name(text: str, ports: set[int]) -> None:
    assert named_ports(f"-A INPUT -p tcp {text} -j ACCEPT") == ports


def test_packets_carry_the_ports_of_the_rules() -> None:
    case = around({"ipv4": RULES}, 1, WORLD, 200)
    sent = [step.packet for step in case.steps if isinstance(step, Send) and step.packet[0] == 0x45]
    ports = {int.from_bytes(packet[22:24], "big") for packet in sent if packet[9] == 6}
    assert ports & {8443, 9000, 9002}


def test_the_rules_stay_as_they_are_and_a_seed_means_one_case() -> None:
    case = around({"ipv4": RULES}, 7, WORLD, 50)
    assert case.rules == {"ipv4": RULES}
    assert case.to_json() == around({"ipv4": RULES}, 7, WORLD, 50).to_json()
    assert case.to_json() == Case.from_json(case.to_json()).to_json()
    assert case.steps != around({"ipv4": RULES}, 8, WORLD, 50).steps


def test_the_families_of_the_packets_are_those_of_the_rules() -> None:
    for rules, versions in (({"ipv6": RULES}, {6}), ({"ipv4": RULES, "ipv6": RULES}, {4, 6})):
        steps = around(rules, 3, WORLD, 100).steps
        assert {step.packet[0] >> 4 for step in steps if isinstance(step, Send)} == versions


def test_a_file_that_cannot_be_read_ends_the_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--rules", str(tmp_path / "none")])
    assert end.value.code == 2
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "{", "[]", '{"seed": 1, "rules": {}, "steps": [["sned"]]}', "[" * 100_000])
def test_a_case_that_cannot_be_read_ends_the_call(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "case.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SystemExit) as end:
        main([str(path)])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert str(path) in said and said.endswith("nothing was done\n")


@pytest.mark.parametrize(("names", "said"), [("userspace", "two names"), ("userspace,kernel-nf", "'kernel-nft'")])
def test_engines_that_are_none_end_the_call(names: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--engines", names, "--count", "1"])
    assert end.value.code == 2 and said in capsys.readouterr().err


def test_rules_and_case_files_exclude_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--rules6", str(tmp_path / "rules"), str(tmp_path / "case.json")])
    assert end.value.code == 2
    assert "exclude" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("ipv4     2 udp      17 29 src=10.0.1.10 dst=10.0.2.10", "ipv4 2 udp 17 src=10.0.1.10 dst=10.0.2.10"),
        ("tcp      6 431999 ESTABLISHED src=1.2.3.4 delta-time=7", "tcp 6 ESTABLISHED src=1.2.3.4 delta-time="),
        ("unknown  47 599 src=1.2.3.4", "unknown 47 src=1.2.3.4"),
        ("conntrack v1.4.7 (conntrack-tools): 2 flow entries", "conntrack v1.4.7 (conntrack-tools): 2 flow entries"),
    ],
)
def test_an_entry_without_its_times(line: str, left: str) -> None:
    assert timeless(line) == left
