"""What only the userspace engine can do, and what the lab does when its process dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import EngineDied, Lab, RulesetError
from tests.lab_support import ethernet, needs_engine, seen, udp, why_no_lab

pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")

OPEN_ON_FAILURE = """
links: { lan: 10.0.1.0/24, wan: 10.0.2.0/24 }
nodes:
  firewall: { runs: engine, lan: 10.0.1.1, wan: 10.0.2.1, on_engine_failure: %s }
  client: { lan: 10.0.1.10, gateway: firewall }
  web: { wan: 10.0.2.10, gateway: firewall }
"""
DOWNLOAD = """
import hashlib, sys, urllib.request
answer = urllib.request.urlopen('http://10.0.2.10/big', timeout=60)
total, digest = 0, hashlib.sha256()
while data := answer.read(65536):
    digest.update(data)
    total += len(data)
    if total > 2_000_000 and len(sys.argv) == 1:
        sys.argv.append('told')
        print('halfway', flush=True)
        sys.stdin.readline()
print(total, digest.hexdigest(), flush=True)
"""


@pytest.fixture(scope="module")
def opened() -> Iterator[Lab]:
    needs_engine("userspace")
    with Lab.open("three-legged") as lab:
        yield lab


@pytest.fixture
def lab(opened: Lab) -> Lab:
    opened.reset()
    return opened


def send(lab: Lab, count: int = 1) -> None:
    frame = ethernet(lab, "client", "lan", udp("10.0.1.10", 40000, "10.0.2.10", 9))
    for _count in range(count):
        lab["client"].port("lan").send(frame)


def test_five_days_pass_in_a_moment(lab: Lab) -> None:
    firewall = lab["firewall"]
    firewall.load("*filter\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n")
    send(lab)
    assert len(seen(lab, "web", "dmz")) == 1
    assert [entry.timeout for entry in firewall.conntrack()] == [30]
    firewall.clock.advance(29)
    assert [entry.timeout for entry in firewall.conntrack()] == [1]
    firewall.clock.advance(432000)
    assert firewall.conntrack() == []


def test_trace_and_log(lab: Lab) -> None:
    firewall = lab["firewall"]
    firewall.load('*filter\n-A FORWARD -p udp -j LOG --log-prefix "seen: "\n-A FORWARD -j DROP\nCOMMIT\n')
    send(lab)
    assert seen(lab, "web", "dmz") == []
    (line,) = firewall.log()
    assert "seen: IN=lan OUT=dmz" in line and "SRC=10.0.1.10 DST=10.0.2.10" in line
    assert firewall.log() == []
    entries = [entry for entry in firewall.trace() if entry["hook"] == "FORWARD"]
    assert [entry["verdict"] for entry in entries] == ["DROP"]
    assert [step["verdict"] for step in entries[0]["steps"] if step["matched"]][-1] == "DROP"
    assert firewall.trace() == []
    firewall.set_tracing("off")
    send(lab)
    lab.settle()
    assert firewall.trace() == [] and len(firewall.log()) == 1
    firewall.set_tracing("on")


def test_a_refused_ruleset_says_where(lab: Lab) -> None:
    with pytest.raises(RulesetError) as caught:
        lab["firewall"].load("*filter\n-A FORWARD -p tcp --dports 22 -j ACCEPT\nCOMMIT\n", name="mine.v4")
    assert caught.value.place.startswith("mine.v4:2")
    assert "-A" not in lab["firewall"].save()


@pytest.mark.parametrize("policy", ["drop", "accept"])
def test_the_engine_is_killed(policy: str, tmp_path: Path) -> None:
    needs_engine("userspace")
    file = tmp_path / "failure.yaml"
    file.write_text(OPEN_ON_FAILURE % policy)
    with Lab.open(file) as lab:
        firewall = lab["firewall"]
        send(lab)
        assert len(seen(lab, "web", "wan")) == 1
        firewall.kill_engine()
        send(lab, 3)
        assert len(lab["web"].port("wan").received()) == (3 if policy == "accept" else 0)
        with pytest.raises(EngineDied, match=rf"the engine of firewall is gone \(status -9\); the node {policy}s"):
            firewall.save()
        with pytest.raises(EngineDied):
            lab.settle()
        assert lab["client"].run(["true"]).returncode == 0, "the lab itself is still there"
        firewall.restart(keep=False)
        send(lab)
        assert len(seen(lab, "web", "wan")) == 1
    assert not lab.alive


def test_rules_of_the_topology_that_are_refused(tmp_path: Path) -> None:
    needs_engine("userspace")
    (tmp_path / "rules.v4").write_text("*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n")
    file = tmp_path / "bad.yaml"
    file.write_text("links: { net: 192.0.2.0/24 }\n"
                    "nodes: { firewall: { runs: engine, net: 192.0.2.1, rules: rules.v4 } }\n")  # fmt: skip
    with pytest.raises(RulesetError, match=r"rules.v4:2"):
        Lab.open(file)


def test_a_download_survives_a_restart_of_the_engine(lab: Lab, tmp_path: Path) -> None:
    """Only the connection's entry lets the second half pass: the rules take none that is not begun by a SYN."""
    import hashlib

    from lab.services.content import BIG, content

    firewall = lab["firewall"]
    firewall.load("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
                  "-A FORWARD -i lan -p tcp --syn -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n")  # fmt: skip
    told, told_there = os.pipe()
    given_there, given = os.pipe()
    client = lab["client"].start(["python3", "-c", DOWNLOAD], stdin=given_there, stdout=told_there)
    os.close(told_there)
    os.close(given_there)
    with os.fdopen(told) as lines, os.fdopen(given, "w") as answers:
        assert lines.readline() == "halfway\n"
        firewall.restart()
        assert "ESTABLISHED -j ACCEPT" in firewall.save()
        print("go on", file=answers, flush=True)
        assert lines.readline().split() == [str(BIG), hashlib.sha256(content(BIG)).hexdigest()]
    assert client.wait(60) == 0


def test_a_restart_keeps_more_connections_than_a_socket_holds(lab: Lab) -> None:
    firewall = lab["firewall"]
    firewall.add_connections(2000)
    long, end = firewall.adapter.ask_all([{"do": "dump"}, {"do": "quit", "keep": True}])  # type: ignore[attr-defined]
    assert long["ok"] and end["ok"], "what was asked before the end is answered whole"
    firewall.restart()
    assert len(firewall.conntrack()) == 2000


def test_commands_of_the_node_are_the_engines(lab: Lab) -> None:
    firewall = lab["firewall"]
    assert firewall.run(["iptables", "-A", "FORWARD", "-p", "udp", "-j", "DROP"]).returncode == 0
    assert "-A FORWARD -p udp -j DROP" in firewall.save()
    assert firewall.run(["iptables-save"]).stdout.count("-A FORWARD -p udp -j DROP") == 1
    restored = firewall.run(["iptables-restore"], input="*filter\n-A INPUT -j DROP\nCOMMIT\n")
    assert restored.returncode == 0, restored.stderr
    assert "-A INPUT -j DROP" in firewall.save()
    wrong = firewall.run(["iptables", "-A", "FORWARD", "-j", "NOWHERE"])
    assert wrong.returncode == 2 and "NOWHERE" in wrong.stderr
    assert firewall.run(["ip6tables", "-S", "FORWARD"]).stdout == "-P FORWARD ACCEPT\n"
    assert firewall.run(["iptables", "-A", "FORWARD", "-m", "conntrack", "--ctstate", "NEW"]).returncode == 0
    send(lab)
    lab.settle()
    assert "dport=9" in firewall.run(["conntrack", "-L"]).stdout


def test_sysctls_of_the_engine_and_of_the_node(lab: Lab) -> None:
    firewall = lab["firewall"]
    assert firewall.sysctl("net.netfilter.nf_conntrack_udp_timeout", 7) == "7"
    assert firewall.sysctl("net.ipv4.ip_forward", 0) == "0"
    lab.reset()
    assert firewall.sysctl("net.netfilter.nf_conntrack_udp_timeout") == "30"
    assert firewall.sysctl("net.ipv4.ip_forward") == "1"


def test_the_engine_minds_what_is_set_in_its_node(lab: Lab) -> None:
    firewall = lab["firewall"]
    name = "net.ipv4.ipfrag_time"
    for value in (7, 30):
        firewall.sysctl(name, value)
        assert firewall.adapter.request(do="sysctl", name=name)["value"] == str(value)


def test_a_thousand_packets_settle(lab: Lab) -> None:
    began = time.monotonic()
    for _round in range(10):
        send(lab, 100)
        lab.settle()
    assert len(lab["web"].port("dmz").received()) == 1000
    assert time.monotonic() - began < 60


def test_the_process_is_killed_from_outside(lab: Lab) -> None:
    """A kill by somebody who knows nothing of the lab: the next request says that the engine is gone."""
    with Lab.open("host") as other:
        other.holder.kill(other.firewall.adapter.pid, signal.SIGKILL)
        with pytest.raises(EngineDied):
            other.settle()
