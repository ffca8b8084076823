"""The offline front end: `nflab rules`, `nflab iptables --state`, `nflab explain`."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.cli import main
from engine.core.hooks import IPV4, IPV6
from engine.core.packet import Packet
from engine.language.packettext import PacketTextError, describe, parse_packet

ROOT = Path(__file__).parent.parent
RULES = """*filter
:INPUT DROP [5:6]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
[1:2] -A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
"""
SAVED = RULES.replace("--dport", "-m tcp --dport")


def start(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine.cli", *words]
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)


Captured = pytest.CaptureFixture[str]


def test_the_engine_is_a_library(tmp_path: Path) -> None:
    """The example of the page, for a Python that has nothing but engine/."""
    example = (ROOT / "docs" / "library.md").read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "engine").symlink_to(ROOT / "engine")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{example}\n" + (
        "from engine.language.commands import run\n"
        "assert '-P FORWARD DROP' in run(['iptables', '-S'], '', engine.store).stdout\n"
        "assert not {'socket', 'subprocess', 'threading'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# -- rules


def test_rules_prints_save_form(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "rules"
    file.write_text(RULES)
    assert main(["rules", str(file), "--counters"]) == 0
    assert capsys.readouterr().out == SAVED
    assert main(["rules", str(file)]) == 0
    assert capsys.readouterr().out == SAVED.replace("[5:6]", "[0:0]").replace("[1:2] ", "")


def test_rules_reads_standard_input_as_a_program() -> None:
    done = start("rules", "-", "--counters", stdin=RULES)
    assert (done.returncode, done.stdout, done.stderr) == (0, SAVED, "")


def test_rules_of_ipv6(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "rules"
    file.write_text("*filter\n-A INPUT -s 2001:db8::1 -j DROP\n-4 -A INPUT -s 1.1.1.1\nCOMMIT\n")
    assert main(["rules", "-6", str(file)]) == 0
    assert "-A INPUT -s 2001:db8::1/128 -j DROP\nCOMMIT" in capsys.readouterr().out
    assert main(["rules", str(file)]) == 1


def test_rules_with_a_fault(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "rules.v4"
    file.write_text("*filter\n-A INPUT -j ACCEPT\n-A INPUT -p tcp --dprt 22\nCOMMIT\n")
    assert main(["rules", str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f'{file}:3:17: unknown option "--dprt"\n')


def test_rules_that_are_read_but_not_carried_out_are_warned_of(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "rules"
    file.write_text("*filter\n-A INPUT -m cgroup --cgroup 1 -j ACCEPT\nCOMMIT\n")
    assert main(["rules", str(file)]) == 0
    captured = capsys.readouterr()
    assert "-m cgroup --cgroup 1 -j ACCEPT" in captured.out
    assert "not implemented here: match 'cgroup'" in captured.err


@pytest.mark.parametrize(
    "words",
    [
        ["rules"],
        ["rules", "a", "b"],
        ["rules", "--no"],
        ["nonsense"],
        [],
        ["iptables", "-L"],
        ["explain"],
        ["explain", "x"],
    ],
)
def test_wrong_usage(words: list[str], capsys: Captured) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out + captured.err


@pytest.mark.parametrize("words", [["-h"], ["rules", "-h"], ["iptables", "-h"], ["explain", "--help"]])
def test_help(words: list[str], capsys: Captured) -> None:
    assert main(words) == 0
    assert "usage: nflab" in capsys.readouterr().out


def test_files_that_cannot_be_read(tmp_path: Path, capsys: Captured) -> None:
    assert main(["rules", str(tmp_path / "no")]) == 1
    assert main(["rules", str(tmp_path)]) == 1
    assert main(["explain", "--rules", str(tmp_path / "no"), "--packet", "udp 1.1.1.1:1 > 2.2.2.2:2", "--in", "x"]) == 1
    assert capsys.readouterr().err.count(str(tmp_path)) == 3


# -- iptables --state


def state(file: Path, *words: str) -> int:
    return main(["iptables", "--state", str(file), *words])


def test_a_ruleset_grows_command_by_command(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "state"
    assert state(file, "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "ACCEPT") == 0
    assert state(file, "-P", "INPUT", "DROP") == 0
    assert main(["ip6tables", "--state", str(file), "-A", "INPUT", "-s", "::1"]) == 0
    assert state(file, "-X", "nochain") == 1
    assert capsys.readouterr().err == "iptables: No chain/target/match by that name.\n"
    assert state(file, "-S") == 0
    assert capsys.readouterr().out == (
        "-P INPUT DROP\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"
    )
    assert main(["ip6tables", f"--state={file}", "save"]) == 0
    assert "-A INPUT -s ::1/128\nCOMMIT\n# Completed on" in capsys.readouterr().out


def test_the_states_of_iptables_own_state_match_are_not_files(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "state"
    words = ["iptables", "-A", "INPUT", "-m", "state", "--state", "NEW,RELATED", "-j", "ACCEPT", "--state", str(file)]
    assert main(words) == 0
    assert "--state RELATED,NEW" in file.read_text() or "--state NEW,RELATED" in file.read_text()
    assert main(["iptables", "-A", "INPUT", "-m", "state", "--state", "NEW"]) == 2
    assert "--state FILE" in capsys.readouterr().err


def test_save_and_restore_through_a_state(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "state"
    done = start("iptables", "--state", str(file), "restore", "-c", stdin=RULES)
    assert (done.returncode, done.stderr) == (0, "")
    assert state(file, "iptables-save", "-c") == 0
    lines = capsys.readouterr().out.splitlines(keepends=True)
    assert "".join(lines[1:-1]) == SAVED
    assert main(["iptables-save", "--state", str(file), "-t", "filter"]) == 0
    bad = start("iptables", "--state", str(file), "restore", stdin="*filter\n-A NO\nCOMMIT\n")
    assert bad.returncode == 1
    assert bad.stderr.startswith("iptables-restore: line 2 failed\n")


def test_a_spoilt_state_is_left_alone(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "state"
    for text in ("hello\n", "# nflab rules: ipv4\n*filter\n-A INPUT --bad\nCOMMIT\n# nflab rules: ipv6\n"):
        file.write_text(text)
        assert state(file, "-A", "INPUT") == 1
        assert capsys.readouterr().err.startswith(f"{file}:")
        assert file.read_text() == text
    assert state(tmp_path / "no" / "state", "-L") == 1


def test_only_a_file_keeps_rules(tmp_path: Path, capsys: Captured) -> None:
    """The ruleset replaces the file that it was in: /dev/null would be a file from then on, and root may do that."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    linked = tmp_path / "linked"
    linked.symlink_to(pipe)
    for place in (pipe, linked, tmp_path):
        assert main(["iptables", "--state", str(place), "-A", "INPUT", "-j", "DROP"]) == 1
        assert capsys.readouterr().err == (
            f"{place}: not a regular file, so no ruleset can be kept in it; nothing was done.\n")  # fmt: skip
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [linked, pipe]


def test_what_a_killed_command_left_is_in_nobodys_way(tmp_path: Path, capsys: Captured) -> None:
    file, link = tmp_path / "state", tmp_path / "other" / "link"
    link.parent.mkdir()
    link.symlink_to(file)
    (tmp_path / ".state.nflab-new").write_text("# nflab rul")
    assert state(file, "-P", "INPUT", "DROP") == 0
    assert state(link, "-P", "FORWARD", "DROP") == 0
    assert link.is_symlink() and file.read_text().count(" DROP ") == 2
    assert sorted(os.listdir(tmp_path)) == ["other", "state"]


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-", "<&- >&- 2>&-", "| true"])
@pytest.mark.parametrize(
    "command", ["rules {}", "iptables --state {}.kept -S", "explain --rules {} --in a --packet '{}'"]
)
def test_output_that_goes_nowhere(command: str, redirection: str, firewall: str) -> None:
    packet = "udp 192.0.2.1:1 > 192.0.2.2:2"
    line = f"{sys.executable} -m lab {command.format(firewall, packet)} {redirection}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "No space left" in done.stderr) == ((1, True) if "full" in redirection else (0, False))
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_ctrl_c_is_told_in_one_line(firewall: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.cli.read_text", interrupt)
    assert main(["rules", firewall]) == 130
    assert capsys.readouterr().err == "nflab rules: interrupted\n"
    assert main(["iptables", "--state", firewall, "-S"]) == 130


def test_odd_names_and_comments_survive(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "state"
    assert state(file, "-N", 'a"b') == 0
    assert (
        state(
            file, "-A", 'a"b', "-i", "x y", "!", "-o", "+", "-m", "comment", "--comment", 'l1\nl2 "q" \\', "-j", "DROP"
        )
        == 0
    )
    assert state(file, "-A", "INPUT", "-j", 'a"b') == 0
    capsys.readouterr()
    assert state(file, "-S") == 0
    first = capsys.readouterr().out
    assert '--comment "l1\nl2 \\"q\\" \\\\"' in first
    assert state(file, "-S") == 0
    assert capsys.readouterr().out == first


def test_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "state"

    def add(number: int) -> int:
        return start("iptables", "--state", str(file), "-A", "INPUT", "-p", "tcp", "--dport", str(number)).returncode

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(add, range(1, 13))) == [0] * 12
    assert file.read_text().count("--dport") == 12
    assert os.listdir(tmp_path) == ["state"]


# -- explain

FIREWALL = """*nat
-A PREROUTING -i wan -p tcp --dport 80 -j DNAT --to-destination 10.0.2.10:8080
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:ssh - [0:0]
-A INPUT -p tcp --dport 22 -j ssh
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -d 10.0.2.10 -p tcp --dport 8080 -j ACCEPT
-A ssh -s 192.0.2.0/24 -j ACCEPT
-A ssh -j LOG --log-prefix "ssh: "
COMMIT
"""


@pytest.fixture
def firewall(tmp_path: Path) -> str:
    file = tmp_path / "rules.v4"
    file.write_text(FIREWALL)
    return str(file)


def explained(capsys: Captured, *words: str) -> dict[str, object]:
    assert main(["explain", "--json", *words]) == 0
    report: dict[str, object] = json.loads(capsys.readouterr().out)
    return report


def steps(report: dict[str, object]) -> list[tuple[str, str, int, bool, str]]:
    hooks = report["hooks"]
    assert isinstance(hooks, list)
    return [
        (step["table"], step["chain"], step["rule"], step["matched"], step["verdict"])
        for hook in hooks
        for step in hook["steps"]
        if step["chain"]
    ]


def test_explain_shows_the_rule_that_drops(firewall: str, capsys: Captured) -> None:
    report = explained(capsys, "--rules", firewall, "--packet", "tcp 1.2.3.4:1 > 10.0.0.1:22 SYN", "--in", "wan")
    assert report["verdict"] == "DROP"
    assert steps(report)[-4:] == [
        ("filter", "INPUT", 1, True, "jump ssh"),
        ("filter", "ssh", 1, False, ""),
        ("filter", "ssh", 2, True, "CONTINUE"),
        ("filter", "INPUT", 0, True, "DROP"),
    ]
    assert [str(line).startswith("ssh: IN=wan OUT= ") for line in report["log"]] == [True]  # type: ignore[attr-defined]


SYN = "tcp 1.2.3.4:1 > 10.0.0.1:22 SYN"
CUT_SHORT = "hex:4500001900000000400600000102030405060708" + "0001001600"  # five bytes of a TCP header


@pytest.mark.parametrize(
    ("rules", "packet", "blame"),
    [
        ("-A INPUT -j one\n-A one -s 9.9.9.9\n-A one -j DROP", SYN, "rule 2 of filter one (RULES:6)"),
        ("-A INPUT -j one\n-A one -j REJECT", SYN, "rule 1 of filter one (RULES:5)"),
        ("-A INPUT -g one\n-A one -j NFQUEUE", SYN, "rule 1 of filter one (RULES:5)"),
        ("-A INPUT -j one\n-A one -j RETURN", SYN, "the policy of filter INPUT"),
        ("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", CUT_SHORT, "rule 1 of filter INPUT (RULES:4)"),
    ],
)
def test_explain_names_what_stops_the_packet(
    rules: str, packet: str, blame: str, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "rules"
    file.write_text(f"*filter\n:INPUT DROP\n:one - [0:0]\n{rules}\nCOMMIT\n")
    words = ["--rules", str(file), "--packet", packet, "--in", "wan"]
    report = explained(capsys, *words)
    assert report["decided"] == report["hooks"][-1]["steps"][-1]  # type: ignore[index]
    assert main(["explain", *words]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f" by {blame.replace('RULES', str(file))}")


def test_explain_follows_translation(firewall: str, capsys: Captured) -> None:
    words = ["--rules", firewall, "--packet", "tcp 1.2.3.4:9 > 198.51.100.1:80 SYN", "--in", "wan", "--out", "dmz"]
    report = explained(capsys, *words)
    assert report["verdict"] == "ACCEPT"
    assert str(report["result"]).startswith("tcp 1.2.3.4:9 > 10.0.2.10:8080 ")
    assert main(["explain", *words]) == 0
    text = capsys.readouterr().out
    assert f"rule 3 ({firewall}:12)" in text
    assert "packet now: tcp 1.2.3.4:9 > 10.0.2.10:8080" in text


def test_explain_remembers_the_packets_before(firewall: str, capsys: Captured) -> None:
    words = ["--rules", firewall, "--packet", "udp 8.8.8.8:53 > 198.51.100.1:4000", "--in", "wan", "--out", "lan"]
    assert explained(capsys, *words)["verdict"] == "DROP"
    words += ["--address", "wan=198.51.100.1/24", "--before", "udp 10.0.1.10:4000 > 8.8.8.8:53"]
    report = explained(capsys, *words)
    assert report["verdict"] == "ACCEPT"
    assert str(report["result"]).startswith("udp 8.8.8.8:53 > 10.0.1.10:4000 ")


def test_explain_of_local_packets_and_mistakes(firewall: str, capsys: Captured) -> None:
    report = explained(capsys, "--rules", firewall, "--packet", "icmp 10.0.0.1 > 10.0.0.2", "--out", "lan")
    assert [hook["hook"] for hook in report["hooks"]] == ["OUTPUT", "POSTROUTING"]  # type: ignore[attr-defined]
    for packet in (
        "x",
        "tcp 1.1.1.1 > 2.2.2.2",
        "tcp 1.1.1.1:1 > 2.2.2.2:2 FOO",
        "udp 1.1.1.1:1 > ::1",
        "hex:45",
        "hex:4",
    ):
        assert main(["explain", "--rules", firewall, "--packet", packet, "--in", "a"]) == 1
        assert capsys.readouterr().err.startswith("packet: ")
    assert main(["explain", "--rules", firewall, "--packet", "icmp 1.1.1.1 > 2.2.2.2"]) == 2
    assert main(["explain", "--rules", firewall, "--packet", "icmp 1.1.1.1 > 2.2.2.2", "--in", "a", "--mark", "x"]) == 2
    assert (
        main(["explain", "--rules", firewall, "--packet", "icmp 1.1.1.1 > 2.2.2.2", "--in", "a", "--address", "b"]) == 2
    )
    assert main(["explain", "--rules", firewall, "--packet", "icmpv6 ::1 > ::2", "--in", "a"]) == 1
    assert "IPv6" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "family", "shown"),
    [
        ("tcp 10.0.0.1:1234 > 10.0.0.2:ssh", IPV4, "tcp 10.0.0.1:1234 > 10.0.0.2:22 SYN len 40"),
        ("tcp 10.0.0.1:1 > 10.0.0.2:2 ack,psh len 100 ttl 3", IPV4, "tcp 10.0.0.1:1 > 10.0.0.2:2 PSH,ACK len 100"),
        (
            "udp [2001:db8::1]:1 > [2001:db8::2]:2 payload hi there",
            IPV6,
            "udp [2001:db8::1]:1 > [2001:db8::2]:2 len 56",
        ),
        ("icmp 1.1.1.1 > 2.2.2.2 port-unreachable", IPV4, "icmp 1.1.1.1 > 2.2.2.2 port-unreachable len 28"),
        ("icmp 1.1.1.1 > 2.2.2.2 3/13", IPV4, "icmp 1.1.1.1 > 2.2.2.2 3/13 len 28"),
        ("icmpv6 fe80::1 > fe80::2", IPV6, "ipv6-icmp fe80::1 > fe80::2 echo-request len 48"),
        ("gre 1.1.1.1 > 2.2.2.2 df", IPV4, "gre 1.1.1.1 > 2.2.2.2 len 28"),
        ("sctp 1.1.1.1:1 > 2.2.2.2:2", IPV4, "sctp 1.1.1.1:1 > 2.2.2.2:2 len 52"),
    ],
)
def test_packets_written_by_hand(text: str, family: int, shown: str) -> None:
    packet = Packet(parse_packet(text).data)
    assert not packet.fault
    assert packet.family == family
    assert describe(packet) == shown
    if packet.proto in (6, 17, 1, 58):
        assert packet.transport_sum() in (0, 0xFFFF), "its checksum is right"


def test_a_packet_in_hexadecimal() -> None:
    data = parse_packet("udp 1.1.1.1:1 > 2.2.2.2:2").data
    assert parse_packet("hex:" + data.hex()).data == data
    with pytest.raises(PacketTextError):
        parse_packet("udp 1.1.1.1:1 > 2.2.2.2:2 len 5")
