"""What a topology says is what stands in the nodes: devices, addresses, routes, rules, sysctls, bridges, services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from tests.lab_support import ethernet, needs_engine, seen, tcp, udp, why_no_lab

pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")

EVERYTHING = """
links:
  lan: { subnets: [10.0.1.0/24, "2001:db8:1::/64"], mtu: 1400, offload: no }
  wan: { subnets: 10.0.2.0/24, mtu: 9000 }
  loose: 10.0.3.0/24
  left: 10.0.4.0/24
  right:
  near: 10.0.5.0/24
  far:
nodes:
  firewall:
    runs: engine
    lan: [10.0.1.1, "2001:db8:1::1"]
    wan: { addresses: 10.0.2.1/25, mac: 52:54:00:12:34:56 }
    bridges:
      br0: { ports: [left, right], addresses: 10.0.4.1, bridge-nf-call-iptables: yes }
      br1: { ports: [near, far], bridge-nf-call-iptables: no }
    routes: [ "default via outer", "10.9.0.0/16 via 10.0.2.2 table 7 metric 5 mtu 1300", "blackhole 192.0.2.0/24" ]
    policy_rules: [ "from 10.0.1.0/24 iif lan table 7", "fwmark 0x10/0xff table 8", "to 2001:db8:9::/64 prohibit" ]
  client:
    lan: [10.0.1.10, "2001:db8:1::10"]
    loose: 10.0.3.1
    gateway: firewall
    sysctls: { net.ipv4.conf.lan.rp_filter: 2, net.ipv4.tcp_sack: 0 }
    closed_ports: refuse
  outer: { wan: 10.0.2.2, forwarding: yes, services: ["http:8080", irc], routes: 10.0.1.0/24 via firewall }
  one: { left: 10.0.4.10 }
  two: { right: 10.0.4.20 }
  three: { near: 10.0.5.10 }
  four: { far: 10.0.5.20 }
"""


IRC = r"""
import socket
lines = socket.create_connection(("10.0.2.2", 6667), 5).makefile("rw", newline="")
lines.write("NICK a\r\nUSER a 0 * :a\r\nPRIVMSG a :\x01DCC SEND f 167772426 5000 1\x01\r\n")
lines.flush()
for _count in range(2):
    print(lines.readline().rstrip())
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    needs_engine("kernel-legacy")
    file = tmp_path_factory.mktemp("topology") / "everything.yaml"
    file.write_text(EVERYTHING)
    with Lab.open(file, engine="kernel-legacy") as lab:
        assert [note for note in lab.missing if "icmp_msgs" not in note] == []
        yield lab


@pytest.fixture
def lab(opened: Lab) -> Lab:
    opened.reset()
    return opened


def ip(lab: Lab, node: str, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lab[node].run(["ip", "-j", *words], check=True).stdout or "[]")
    return found


def test_devices(lab: Lab) -> None:
    devices = {each["ifname"]: each for each in ip(lab, "firewall", "link")}
    assert (devices["lan"]["mtu"], devices["wan"]["mtu"], devices["wan"]["address"]) == (
        1400,
        9000,
        "52:54:00:12:34:56",
    )
    assert {name: each.get("master") for name, each in devices.items() if "master" in each} == {
        "left": "br0", "right": "br0", "near": "br1", "far": "br1"}  # fmt: skip
    assert {each["operstate"] for name, each in devices.items() if name != "lo"} == {"UP"}
    assert lab["client"].mac("lan") == next(each["address"] for each in ip(lab, "client", "link", "show", "lan"))


def test_addresses(lab: Lab) -> None:
    found = {(each["ifname"], f"{address['local']}/{address['prefixlen']}") for each in ip(lab, "firewall", "addr")
             for address in each["addr_info"] if each["ifname"] != "lo"}  # fmt: skip
    assert found == {
        ("lan", "10.0.1.1/24"),
        ("lan", "2001:db8:1::1/64"),
        ("wan", "10.0.2.1/25"),
        ("br0", "10.0.4.1/24"),
    }


def test_routes_and_rules(lab: Lab) -> None:
    (default,) = ip(lab, "firewall", "route", "show", "default")
    assert (default["gateway"], default["dev"]) == ("10.0.2.2", "wan")
    (other,) = ip(lab, "firewall", "route", "show", "table", "7")
    assert (other["dst"], other["metric"], other["metrics"]) == ("10.9.0.0/16", 5, [{"mtu": 1300}])
    assert [each["type"] for each in ip(lab, "firewall", "route", "show", "192.0.2.0/24")] == ["blackhole"]
    rules = {each["priority"]: each for each in ip(lab, "firewall", "rule")}
    assert (rules[1000]["src"], rules[1000]["iif"], rules[1000]["table"]) == ("10.0.1.0", "lan", "7")
    assert (rules[1001]["fwmark"], rules[1001]["fwmask"], rules[1001]["table"]) == ("0x10", "0xff", "8")
    six = {each["priority"]: each for each in ip(lab, "firewall", "-6", "rule")}
    assert six[1001]["fwmark"] == "0x10" and six[1002]["action"] == "prohibit" and 1000 not in six
    assert ip(lab, "client", "-6", "route", "show", "default")[0]["gateway"] == "2001:db8:1::1"


def test_neighbours_are_fixed_both_ways(lab: Lab) -> None:
    found = {(each["dst"], each["lladdr"]) for each in ip(lab, "two", "neigh")}
    assert found == {("10.0.4.1", lab["firewall"].mac("br0")), ("10.0.4.10", lab["one"].mac("left"))}
    assert {state for node in lab for each in ip(lab, node.name, "neigh") for state in each["state"]} == {"PERMANENT"}


def test_sysctls(lab: Lab) -> None:
    client = lab["client"]
    assert client.sysctl("net.ipv4.conf.lan.rp_filter") == "2"
    assert client.sysctl("net.ipv4.tcp_sack") == "0"
    assert [lab[name].sysctl("net.ipv4.ip_forward") for name in ("firewall", "client", "outer")] == ["1", "0", "1"]
    assert client.stack == "refuse" and lab["one"].stack == "silent"


def test_only_the_bridge_that_says_so_passes_the_rules(lab: Lab) -> None:
    lab["firewall"].load("*filter\n:FORWARD DROP\nCOMMIT\n")
    through = {}
    for sender, receiver, device in (("one", "two", "right"), ("three", "four", "far")):
        source, destination = lab[sender].address(), lab[receiver].address()
        macs = bytes.fromhex((lab[receiver].mac() + lab[sender].mac()).replace(":", ""))
        lab[sender].port().send(macs + b"\x08\x00" + udp(source, 1, destination, 2))
        through[device] = len(seen(lab, receiver, device))
    assert through == {"right": 0, "far": 1}


def test_without_offload_frames_fit_the_mtu(lab: Lab) -> None:
    """A real program sends a megabyte; on the link without offload every frame is small and has its checksum."""
    code = "import socket; s = socket.create_connection(('10.0.2.2', 8080), 5); s.sendall(b'POST / HTTP/1.1\\r\\n" \
           "Content-Length: 1000000\\r\\n\\r\\n' + bytes(1000000)); print(s.recv(99)[:12])"  # fmt: skip
    assert lab["client"].run(["python3", "-c", code], timeout=30).stdout == "b'HTTP/1.1 200'\n"
    frames = lab["firewall"].port("lan").captured()
    assert len(frames) > 700 and max(len(capture.frame) for capture in frames) == 1414
    assert {capture.segment for capture in frames} == {0}


def test_a_link_with_one_end_is_there(lab: Lab) -> None:
    assert {each["operstate"] for each in ip(lab, "client", "link", "show", "loose")} == {"UP"}
    frame = bytes.fromhex("02000000000" + "1" + lab["client"].mac("loose").replace(":", "")) + b"\x08\x00" + bytes(46)
    lab["client"].port("loose").send(frame)
    assert lab["client"].port("loose").received() == []


def test_services_listen_where_they_should(lab: Lab) -> None:
    listening = lab["outer"].run(["ss", "-Hltn"]).stdout
    assert ":8080" in listening and ":6667" in listening and ":80 " not in listening
    said = lab["client"].run(["python3", "-c", IRC], timeout=30)
    assert said.stdout == ":lab 001 a :welcome\n:a!a@lab PRIVMSG a :\x01DCC SEND f 167772426 5000 1\x01\n", said.stderr


def test_a_closed_port_of_a_host_that_refuses(lab: Lab) -> None:
    lab["firewall"].port("lan").send(
        bytes.fromhex((lab["client"].mac("lan") + lab["firewall"].mac("lan")).replace(":", "")) + b"\x08\x00"
        + tcp("10.0.1.1", 5, "10.0.1.10", 9, 2))  # fmt: skip
    (answer,) = seen(lab, "firewall", "lan")
    assert answer[33] & 4, "a reset"
    assert ethernet(lab, "client", "lan", b"")[:6] == bytes.fromhex(lab["firewall"].mac("lan").replace(":", ""))


def test_two_engines_in_one_lab(tmp_path: Path) -> None:
    needs_engine("userspace")
    file = tmp_path / "two.yaml"
    file.write_text("""
links: { a: 10.0.1.0/24, b: 10.0.2.0/24, c: 10.0.3.0/24 }
nodes:
  inner: { runs: engine, a: 10.0.1.1, b: 10.0.2.1, gateway: outer }
  outer: { runs: kernel-legacy, b: 10.0.2.2, c: 10.0.3.1, gateway: inner }
  client: { a: 10.0.1.10, gateway: inner }
  server: { c: 10.0.3.10, gateway: outer }
""")
    with Lab.open(file) as lab:
        assert [firewall.engine for firewall in lab.firewalls] == ["userspace", "kernel-legacy"]
        lab["outer"].load("*nat\n-A POSTROUTING -o c -j MASQUERADE\nCOMMIT\n")
        macs = bytes.fromhex((lab["inner"].mac("a") + lab["client"].mac("a")).replace(":", ""))
        lab["client"].port().send(macs + b"\x08\x00" + udp("10.0.1.10", 1000, "10.0.3.10", 2))
        (packet,) = seen(lab, "server", "c")
        assert packet[12:16] == bytes([10, 0, 3, 1])
