"""What the live environment finds out by rtnetlink and sock_diag, in a network namespace made for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from ipaddress import ip_address
from typing import Any

import pytest

from engine.core.checksum import fold
from engine.core.packet import Packet
from engine.driver.sender import VNET_HDR, group_address, leave_cutting_to_the_card
from tests.driver_world import ipv4, ipv6

UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]

SETUP = """
ip link set lo up
ip link add lan type veth peer name lan_peer; ip link add wan type veth peer name wan_peer
ip link add br0 type bridge; ip link add port1 type veth peer name port1_peer; ip link set port1 master br0
ip link set lan up; ip link set lan_peer up; ip link set wan up; ip link set wan_peer up
ip link set br0 up; ip link set port1 up; ip link set port1_peer up
ip link set wan group 7 mtu 1400
ip addr add 10.0.1.1/24 dev lan; ip addr add 10.0.1.2/24 dev lan
ip addr add 10.0.2.1/24 dev wan; ip addr add 10.9.9.1/24 dev wan
ip -6 addr add fd00:1::1/64 dev lan nodad
ip route add default via 10.0.2.10; ip route add 10.50.0.0/16 via 10.9.9.9
ip route add blackhole 10.77.0.0/16; ip route add prohibit 10.78.0.0/16
ip rule add fwmark 1 table 100; ip route add default via 10.0.1.10 table 100
"""
SCRIPT = """
import json, os, socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
from ipaddress import ip_address
from engine.core.connection import Tuple
from engine.driver.environment import LiveEnvironment
subprocess.run(["sh", "-e", "-c", sys.argv[2]], check=True)
env = LiveEnvironment()
def number(text): return int(ip_address(text))
def family(text): return 10 if ":" in text else 2
def name(value, of): return None if value is None else str(ip_address(value) if of == 2 else ip_address(value))
def route(to, mark=0, source="", device=""):
    found = env.route(number(to), family(to), mark, number(source) if source else 0, device)
    return [found.kind, found.device, found.gateway, found.mtu]
def kind(address, device=""): return env.address_type(number(address), family(address), device)
def primary(device, of, to): return name(env.primary_address(device, of, number(to)), of)
def first(device, of=2): return [name(value, of) for value in env.addresses_of(device, of)][:1]
def run(*words):
    subprocess.run(["ip", *words], check=True); env.refresh()
    return [[loss.device, loss.family, loss.address] for loss in env.take_losses()]
result = {}
exec(sys.argv[3])
print(json.dumps(result))
"""


def why_not() -> str:
    if not shutil.which("unshare") or not shutil.which("ip"):
        return "unshare or ip is not installed"
    done = subprocess.run([*UNSHARE, "sh", "-e", "-c", SETUP], capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"no network namespace of one's own: {WHY_NOT}")


def ask(code: str) -> dict[str, Any]:
    words = [sys.executable, "-c", SCRIPT, os.getcwd(), SETUP, code]
    done = subprocess.run([*UNSHARE, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def number(text: str) -> int:
    return int(ip_address(text))


def test_address_types() -> None:
    found = ask(
        "for text in sys.argv: pass\n"
        "for text in ('10.0.1.1 10.0.1.255 10.0.1.7 127.9.9.9 224.0.0.5 255.255.255.255 0.0.0.0 8.8.8.8 '"
        "'::1 fd00:1::1 fd00:1::7 ff02::1 2001:db8::1').split(): result[text] = kind(text)\n"
        "result['10.0.2.1 on lan'] = kind('10.0.2.1', 'lan'); result['10.0.2.1 on wan'] = kind('10.0.2.1', 'wan')\n"
    )
    unicast, local, broadcast, multicast, unreachable = 1, 2, 3, 5, 7
    assert found == {
        "10.0.1.1": local, "10.0.1.255": broadcast, "10.0.1.7": unicast, "127.9.9.9": local, "224.0.0.5": multicast,
        "255.255.255.255": broadcast, "0.0.0.0": broadcast, "8.8.8.8": unicast, "::1": local, "fd00:1::1": local,
        "fd00:1::7": unicast, "ff02::1": multicast, "2001:db8::1": unreachable, "10.0.2.1 on lan": unicast,
        "10.0.2.1 on wan": local,
    }  # fmt: skip


def test_a_broadcast_address_is_what_the_interface_was_told() -> None:
    found = ask(
        "run('addr', 'add', '10.20.0.1/23', 'brd', '+', 'dev', 'lan')\n"
        "run('addr', 'add', '10.20.0.2/23', 'brd', '10.20.1.254', 'dev', 'lan')\n"  # a second one of its network
        "run('addr', 'add', '10.21.0.1/24', 'brd', '10.21.0.77', 'dev', 'lan')\n"
        "for text in '10.0.1.255 10.20.1.255 10.20.1.254 10.21.0.77 10.21.0.255 0.0.0.0'.split():\n"
        "    result[text] = env.broadcast_prefix('lan', number(text))\n"
        "result['on wan'] = env.broadcast_prefix('wan', number('10.20.1.255'))\n"
    )
    assert found == {
        "10.0.1.255": -1, "10.20.1.255": 23, "10.20.1.254": -1, "10.21.0.77": 24, "10.21.0.255": -1, "0.0.0.0": -1,
        "on wan": -1,
    }  # fmt: skip


def test_routes() -> None:
    found = ask(
        "result['far'] = route('8.8.8.8'); result['marked'] = route('8.8.8.8', 1)\n"
        "result['own'] = route('10.0.1.1'); result['near'] = route('10.0.1.77')\n"
        "result['black'] = route('10.77.1.1'); result['forbidden'] = route('10.78.1.1')\n"
        "result['by wan'] = route('10.0.1.77', device='wan'); result['by lo'] = route('8.8.8.8', device='lan')\n"
        "result['from elsewhere'] = route('8.8.8.8', source='192.0.2.5')\n"
        "result['six'] = route('fd00:1::7'); result['nowhere'] = route('2001:db8::1')\n"
        "result['no device'] = route('8.8.8.8', device='nothing')\n"
    )
    assert found["far"] == [1, "wan", number("10.0.2.10"), 1400]
    assert found["marked"] == [1, "lan", number("10.0.1.10"), 1500]
    assert found["own"][:2] == [2, "lo"] and found["near"] == [1, "lan", 0, 1500]
    assert found["black"][0] == 6 and found["forbidden"][0] == 8
    assert found["by wan"][:2] == [1, "wan"]  # by the default route: there is one on wan
    assert found["by lo"][0] == 7  # the kernel would make one up
    assert found["from elsewhere"][:2] == [1, "wan"]
    assert found["six"][:2] == [1, "lan"] and found["nowhere"][0] == 7 and found["no device"][0] == 7


def test_which_address_goes_out() -> None:
    found = ask(
        "result = {'first': first('lan'), 'to far': primary('wan', 2, '8.8.8.8'),"
        "'by the other hop': primary('wan', 2, '10.50.1.1'), 'six': first('lan', 10),"
        "'six to': primary('lan', 10, 'fd00:1::7'), 'six to oneself': primary('lo', 10, 'fd00:1::1'),"
        "'borrowed': primary('port1', 2, '8.8.8.8'), 'none': first('port1'), 'no device': first('what')}\n"
    )
    assert found == {
        "first": ["10.0.1.1"], "to far": "10.0.2.1", "by the other hop": "10.9.9.1", "six": ["fd00:1::1"],
        "six to": "fd00:1::1", "six to oneself": "fd00:1::1", "borrowed": "10.0.1.1", "none": [], "no device": [],
    }  # fmt: skip


def test_links() -> None:
    found = ask(
        "result = {'mtu': env.mtu('wan'), 'group': env.device_group('wan'), 'mac': len(env.link('lan').mac),"
        "'kind': env.link('br0').kind}\n"
    )
    assert found == {"mtu": 1400, "group": 7, "mac": 6, "kind": "bridge"}


def test_what_is_lost_is_told_and_answers_are_fresh() -> None:
    found = ask(
        "result['before'] = [kind('10.0.2.1'), primary('lan', 2, '8.8.8.8')]\n"
        "result['address'] = run('addr', 'del', '10.0.2.1/24', 'dev', 'wan')\n"
        "result['after'] = kind('10.0.2.1')\n"
        "result['added'] = run('addr', 'add', '10.0.2.1/24', 'dev', 'lan'); result['again'] = kind('10.0.2.1')\n"
        "result['renamed'] = run('link', 'set', 'wan', 'name', 'uplink')\n"
        "result['name'] = env.names.name(env.link('uplink').index)\n"
        "result['unslaved'] = run('link', 'set', 'port1', 'nomaster')\n"
        "result['down'] = run('link', 'set', 'uplink', 'down')\n"
        "result['gone'] = run('link', 'del', 'lan')\n"
    )
    assert found["before"] == [2, "10.0.1.1"]
    assert found["address"] == [["wan", 2, number("10.0.2.1")]]
    assert (found["after"], found["added"], found["again"]) == (1, [], 2)
    assert found["renamed"] == [] and found["name"] == "uplink" and found["unslaved"] == []
    assert ["uplink", 0, None] in found["down"]
    assert ["lan", 0, None] in found["gone"] and ["lan", 2, number("10.0.1.1")] in found["gone"]


def test_sockets() -> None:
    found = ask(
        "tcp = socket.socket(); tcp.bind(('10.0.1.1', 2222)); tcp.listen()\n"
        "udp = socket.socket(2, 2); udp.setsockopt(0, 19, 1); udp.setsockopt(1, 36, 9); udp.bind(('', 3333))\n"
        "def ask(proto, src, dst, sport, dport):\n"
        "    found = env.socket(Tuple(2, proto, number(src), number(dst), sport, dport))\n"
        "    return None if found is None else [found.transparent, found.wildcard, found.mark]\n"
        "result = {'tcp': ask(6, '10.0.1.9', '10.0.1.1', 5, 2222), 'udp': ask(17, '10.0.1.9', '10.0.1.1', 5, 3333),"
        "'turned round': ask(17, '10.0.1.1', '10.0.1.9', 3333, 5), 'other': ask(6, '10.0.1.9', '10.0.1.1', 5, 1),"
        "'icmp': ask(1, '10.0.1.9', '10.0.1.1', 5, 1)}\n"
    )
    assert found == {
        "tcp": [False, False, 0],
        "udp": [True, True, 9],
        "turned round": None,
        "other": None,
        "icmp": None,
    }


def test_neighbours() -> None:
    found = ask(
        "run('neigh', 'add', '10.0.1.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'lan')\n"
        "result['known'] = env.neighbour(number('10.0.1.9'), 2, 'lan').hex()\n"
        "result['unknown'] = env.neighbour(number('10.0.1.8'), 2, 'lan').hex()\n"
        "env.ask_neighbour(number('10.0.1.8'), 2, 'lan')\n"
        "result['asked'] = '10.0.1.8' in subprocess.run(['ip', 'neigh'], capture_output=True, text=True).stdout\n"
    )
    assert found == {"known": "020000000009", "unknown": "", "asked": True}


# -- link addresses and big segments need no namespace


def test_group_addresses() -> None:
    assert group_address(number("224.129.2.3"), 2) == bytes.fromhex("01005e010203")
    assert group_address(number("255.255.255.255"), 2) == b"\xff" * 6
    assert group_address(number("ff02::1:ff00:5"), 10) == bytes.fromhex("3333ff000005")
    assert group_address(number("10.0.1.1"), 2) == group_address(number("fd00::1"), 10) == b""


@pytest.mark.parametrize("six", [False, True])
def test_a_long_segment_is_left_to_the_card(six: bool) -> None:
    tcp = bytes((0, 80, 1, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 16, 1, 0, 0xAB, 0xCD, 0, 0)) + bytes(5000)
    data = ipv6(tcp, 6) if six else ipv4(tcp, 6)
    start = 40 if six else 20
    offload, sent = leave_cutting_to_the_card(Packet(data), 1500)
    assert VNET_HDR.unpack(offload) == (1, 4 if six else 1, 14 + start + 20, 1500 - start - 20, 14 + start, 16)
    assert sent[: start + 16] == data[: start + 16] and sent[start + 18 :] == data[start + 18 :]
    completed = Packet(sent, partial=True)
    partial = completed.u16(start + 16)
    completed.complete_checksum()
    assert completed.transport_sum() == 0xFFFF
    assert fold(partial.to_bytes(2, "big") + bytes(data[start : start + 16]) + bytes(data[start + 18 :])) == (
        completed.u16(start + 16) ^ 0xFFFF
    )
    assert leave_cutting_to_the_card(Packet(ipv4(bytes(3000), 17)), 1500)[0] == b""
