"""The chain by which the kernel hands packets to proxies, and what sockets look like, in namespaces made for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from engine.driver.transparent_proxies import TOKEN, is_token

UNSHARE = ["unshare", "-n", "-m"] if os.geteuid() == 0 else ["unshare", "-Urnm"]
START = """
import json, os, socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
from engine.core.connection import Tuple
from engine.core.engine import Engine
from engine.driver.environment import LiveEnvironment
from engine.driver.transparent_proxies import TransparentProxies
from engine.language.errors import RulesetError
from engine.target.tproxy import TProxy
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
result = {}
def shown():
    text = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    return [line.partition(" {")[0].strip() for line in text.splitlines() if "tproxy" in line or "drop" in line]
def rules(*ports):
    return "*mangle\\n" + "".join(f"-A PREROUTING -p tcp -j TPROXY --on-port {port}\\n" for port in ports) + "COMMIT\\n"
"""


def run(code: str) -> Any:
    words = [sys.executable, "-c", f"{START}{code}\nprint(json.dumps(result))", os.getcwd()]
    done = subprocess.run([*UNSHARE, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def why_not() -> str:
    for name in ("unshare", "ip", "nft"):
        if not shutil.which(name):
            return f"{name} is not installed"
    try:
        problem = run("result = TransparentProxies().ready((2, 0, 1))")
    except AssertionError as error:
        return str(error)
    return str(problem)


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"no packets for transparent proxies here: {WHY_NOT}")


def test_tokens() -> None:
    assert is_token(TOKEN + 1) and is_token(TOKEN + 0xFFFF)
    assert not any(is_token(priority) for priority in (0, 6, 0x10001, TOKEN - 1, TOKEN + 0x10000, 0xFFFFFFFF))


def test_the_chain() -> None:
    found = run(
        "proxies = TransparentProxies()\n"
        "result['said'] = [proxies.ready(one) for one in ((2, 0, 3129), (2, 0x7F000002, 53), (10, 1, 80), (2, 0, 0))]\n"
        "result['rules'] = shown()\n"
        "result['tokens'] = [proxies.token((2, 0, 3129)), proxies.token((10, 1, 80)), proxies.token((10, 1, 81))]\n"
    )
    assert found["said"] == [""] * 4
    assert found["rules"] == [
        "table inet engine_tproxy",
        "meta priority 7e57:1 tproxy ip to :3129 meta priority set none accept",
        "meta priority 7e57:2 tproxy ip to 127.0.0.2:53 meta priority set none accept",
        "meta priority 7e57:3 tproxy ip6 to [::1]:80 meta priority set none accept",
        "meta priority 7e57:4 tproxy ip to :0 meta priority set none accept",
        "meta priority & ffff:0 == 7e57:0 drop",
    ]
    assert found["tokens"] == [TOKEN + 1, TOKEN + 3, 0]


def test_proxies_come_and_go() -> None:
    """The token of a proxy that stays is the same; a family's last one takes the table along."""
    found = run(
        "proxies = TransparentProxies()\n"
        "for one in ((2, 0, 1), (2, 0, 2), (10, 0, 3)): proxies.ready(one)\n"
        "for kept in ([(2, 0, 2), (10, 0, 3)], [(2, 0, 2)], [(2, 0, 2)], []):\n"
        "    proxies.keep(kept)\n"
        "    result[str(len(result))] = [shown(), proxies.commits]\n"
        "result['again'] = [proxies.ready((10, 0, 3)), len(shown())]\n"
    )
    rest = "meta priority & ffff:0 == 7e57:0 drop"
    second = "meta priority 7e57:2 tproxy ip to :2 meta priority set none accept"
    third = "meta priority 7e57:3 tproxy ip6 to :3 meta priority set none accept"
    assert found["0"] == [["table inet engine_tproxy", second, third, rest], 4]
    assert found["1"] == [["table inet engine_tproxy_2", second, rest], 5]
    assert found["2"] == found["1"]
    assert found["3"] == [[], 6]
    assert found["again"] == ["", 3]


def test_a_dead_engine_leaves_nothing() -> None:
    found = run(
        "child = os.fork()\n"
        "if not child:\n"
        "    TransparentProxies().ready((2, 0, 1)) or [os.kill(os.getpid(), 9)]\n"
        "os.waitpid(child, 0)\n"
        "result = shown()\n"
    )
    assert found == []


def test_rules_bring_their_proxies() -> None:
    """Nothing is committed while the set of proxies stays the same."""
    found = run(
        "engine = Engine(LiveEnvironment()); commits = []\n"
        "def load(text, family='ipv4'):\n"
        "    engine.load(text, family); proxies = engine.shared.environment.proxies\n"
        "    commits.append([proxies.commits, sorted(port for _family, _address, port in proxies.tokens)])\n"
        "for ports in ((), (1, 2), (1, 2), (2, 2, 1), (2,), (2, 3), ()): load(rules(*ports))\n"
        "load('*filter\\n-A INPUT -j DROP\\nCOMMIT\\n')\n"
        "load(rules(9)); engine.store.load(rules(8), test=True); load(rules(9))\n"
        "engine.flush(); load(''); result = commits\n"
    )
    assert found == [
        [0, []], [2, [1, 2]], [2, [1, 2]], [2, [1, 2]], [3, [2]], [4, [2, 3]], [6, []], [6, []], [7, [9]],
        [8, [8, 9]], [9, []],
    ]  # fmt: skip


def test_a_refused_ruleset_leaves_the_proxies_of_the_one_before() -> None:
    found = run(
        "engine = Engine(LiveEnvironment()); engine.load(rules(1))\n"
        "try: engine.load(rules(2) + '*filter\\n-A INPUT -j NOTHING\\nCOMMIT\\n')\n"
        "except RulesetError as error: result['said'] = str(error)\n"
        "result['token'] = engine.shared.environment.proxies.token((2, 0, 1));\n"
        "result['used'] = list(engine.shared.proxies)\n"
    )
    assert "NOTHING" in found["said"]
    assert (found["token"], found["used"]) == (TOKEN + 1, [[2, 0, 1]])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: becomes an ordinary user")
def test_where_it_cannot_be_done_the_rule_is_refused() -> None:
    """Here: who may not change the namespace."""
    found = run(
        "engine = Engine(LiveEnvironment()); engine.load(rules())\n"
        "os.setuid(65534)\n"
        "try: engine.load(rules(1))\n"
        "except RulesetError as error: result = str(error)\n"
    )
    assert "not possible on this machine: target 'TPROXY': " in found
    assert "Operation not permitted" in found


SOCKETS = """
def opened(kind, address, transparent=True, family=socket.AF_INET):
    one = socket.socket(family, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if transparent:
        one.setsockopt(*((0, 19, 1) if family == socket.AF_INET else (41, 75, 1)))
    one.bind(address)
    return one
subprocess.run(["sh", "-ec", "ip link add lan type veth peer name far; ip link set lan up; ip link set far up;"
                "ip addr add 10.0.1.1/24 dev lan"], check=True)
environment = LiveEnvironment()
def asked(proto, local, port, remote="127.0.0.1", rport=1, device="lan", family=2):
    number = lambda text: int.from_bytes(socket.inet_pton(family, text), "big")
    found = environment.socket(Tuple(family, proto, number(remote), number(local), rport, port), device)
    return found and [found.state, found.transparent, found.wildcard]
"""


def test_sockets_and_their_states() -> None:
    found = run(
        SOCKETS + "tcp = opened(socket.SOCK_STREAM, ('0.0.0.0', 80)); tcp.listen()\n"
        "plain = opened(socket.SOCK_STREAM, ('127.0.0.1', 81), False); plain.listen()\n"
        "six = opened(socket.SOCK_STREAM, ('::1', 82), True, socket.AF_INET6); six.listen()\n"
        "udp = opened(socket.SOCK_DGRAM, ('192.0.2.7', 53)); connected = opened(socket.SOCK_DGRAM, ('192.0.2.7', 54))\n"
        "connected.connect(('10.0.1.1', 7))\n"
        "tied = opened(socket.SOCK_DGRAM, ('0.0.0.0', 55)); tied.setsockopt(1, 25, b'lan')\n"
        "result['listens'] = asked(6, '192.0.2.1', 80); result['plain'] = asked(6, '127.0.0.1', 81)\n"
        "result['six'] = asked(6, '::1', 82, '::1', family=10)\n"
        "result['bound'] = asked(17, '192.0.2.7', 53); result['nobody'] = asked(17, '192.0.2.7', 56)\n"
        "result['connected'] = asked(17, '192.0.2.7', 54, '10.0.1.1', 7)\n"
        "result['another'] = asked(17, '192.0.2.7', 54, '10.0.1.1', 8)\n"
        "result['tied'] = [asked(17, '10.0.1.1', 55, device=name) for name in ('lan', 'far', '')]\n"
    )
    established, closed, listens = 1, 7, 10
    assert found == {
        "listens": [listens, True, True], "plain": [listens, False, False], "six": [listens, True, False],
        "bound": [closed, True, False], "nobody": None, "connected": [established, True, False], "another": None,
        "tied": [[closed, True, True], None, None],
    }  # fmt: skip


@pytest.mark.parametrize("transparent", [True, False])
def test_what_is_left_of_a_connection(transparent: bool) -> None:
    """Of TIME_WAIT the kernel does not say whether it is transparent."""
    found = run(
        SOCKETS + f"listener = opened(socket.SOCK_STREAM, ('127.0.0.1', 80), {transparent}); listener.listen()\n"
        "client = socket.create_connection(('127.0.0.1', 80)); server, end = listener.accept()\n"
        "result['open'] = asked(6, '127.0.0.1', 80, *end, device='lo'); server.close()\n"
        "result['half'] = asked(6, '127.0.0.1', 80, *end, device='lo')[1:]; client.recv(1); client.close()\n"
        "result['over'] = asked(6, '127.0.0.1', 80, *end, device='lo')\n"
    )
    established, waiting = 1, 6
    assert found == {
        "open": [established, transparent, False], "half": [transparent, False],
        "over": [waiting, transparent, False],
    }  # fmt: skip
