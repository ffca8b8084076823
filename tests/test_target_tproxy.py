"""TPROXY in the core: which socket a packet is for, and what becomes of it."""

from __future__ import annotations

import pytest

from engine.core import verdict as v
from engine.core.connection import Tuple
from engine.core.context import (
    SOCKET_CLOSED,
    SOCKET_ESTABLISHED,
    SOCKET_LISTENS,
    SOCKET_TIME_WAIT,
    Arrival,
    Environment,
    SocketInfo,
)
from engine.core.engine import Departure, Engine
from engine.core.hooks import INPUT, IPV4, IPV6, PREROUTING
from engine.explain import Question, as_text, explain
from tests.driver_world import World
from tests.target_wire import ACK, CLIENT, SERVER, SYN, address, ipv4, router, tcp4, tcp6, udp4, udp6

TCP, UDP = 6, 17
SYNS = {TCP: tcp4(SYN), UDP: udp4()}
PORTS = {TCP: (1000, 80), UDP: (1000, 53)}
LISTENER = SocketInfo(True, True, state=SOCKET_LISTENS)


def mangle(*rules: str) -> str:
    return "*mangle\n" + "".join(f"-A PREROUTING {rule}\n" for rule in rules) + "COMMIT\n"


def rule(protocol: str = "tcp", options: str = "--on-port 3129 --tproxy-mark 1") -> str:
    return f"-p {protocol} -j TPROXY {options}"


def engine_with(rules: str, environment: Environment, family: str = "ipv4") -> Engine:
    engine = Engine(environment)
    engine.load(rules, family)
    engine.tracing = True
    return engine


def arrive(engine: Engine, data: bytes, hook: int = PREROUTING, mark: int = 0) -> Departure:
    return engine.process(Arrival(hook, data, "lan", mark=mark), 1.0)


def listening(*ends: tuple[int, str, int], family: int = IPV4, socket: SocketInfo = LISTENER) -> Environment:
    environment = router()
    for proto, text, port in ends:
        environment.listeners[(family, proto, address(text), port)] = socket
    return environment


def test_the_proxy_gets_the_packet() -> None:
    engine = engine_with(mangle(rule()), listening((TCP, "0.0.0.0", 3129)))
    found = arrive(engine, tcp4(SYN), mark=0xFF00)
    assert (found.verdict, found.proxy, found.mark, found.data) == (v.ACCEPT, (IPV4, 0, 3129), 1, None)
    assert [step.verdict for step in found.trace if step.table == "mangle"] == ["ACCEPT"]


def test_ipv6() -> None:
    environment = listening((UDP, "fd01::7", 3129), family=IPV6)
    engine = engine_with(mangle(rule("udp", "--on-port 3129 --on-ip fd01::7")), environment, "ipv6")
    assert arrive(engine, udp6()).proxy == (IPV6, address("fd01::7"), 3129)
    assert arrive(engine, tcp6(SYN)).proxy is None  # the rule does not match


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        (listening(), "no program of this machine listens for it"),
        (listening((UDP, "0.0.0.0", 3129)), "no program of this machine listens for it"),
        (listening((TCP, "10.0.1.9", 3129)), "no program of this machine listens for it"),
        (
            listening((TCP, "0.0.0.0", 3129), socket=SocketInfo(False, True, state=SOCKET_LISTENS)),
            "the socket for it is not transparent (IP_TRANSPARENT)",
        ),
    ],
)
def test_dropped_without_a_transparent_socket(environment: Environment, why: str) -> None:
    engine = engine_with(mangle(rule(), "-j ACCEPT"), environment)
    found = arrive(engine, tcp4(SYN), mark=7)
    assert (found.verdict, found.proxy, found.why) == (v.DROP, None, "mangle PREROUTING")
    assert [(step.verdict, step.why) for step in found.trace if step.matched] == [("DROP", why)]
    assert engine.save(counters=True).count("[1:40] -A PREROUTING -p tcp -j TPROXY") == 1


@pytest.mark.parametrize(
    ("options", "before", "after"),
    [
        ("--tproxy-mark 1", 0xAB02, 1),
        ("--tproxy-mark 0x1/0xff", 0xAB02, 0xAB01),
        ("--tproxy-mark 0x3/0", 0xAB02, 0xAB01),
        ("", 0xAB02, 0xAB02),
        ("--tproxy-mark 0x80000000/0x80000000", 1, 0x80000001),
    ],
)
def test_marks(options: str, before: int, after: int) -> None:
    engine = engine_with(mangle(rule(options=f"--on-port 3129 {options}")), listening((TCP, "0.0.0.0", 3129)))
    assert arrive(engine, tcp4(SYN), mark=before).mark == after


@pytest.mark.parametrize(
    ("options", "end", "taken"),
    [
        ("--on-port 3129 --on-ip 127.0.0.2", "127.0.0.2", True),
        ("--on-port 3129 --on-ip 127.0.0.2", "127.0.0.1", False),
        ("--on-port 3129", "10.0.1.1", True),  # of lan, by which it comes
        ("--on-port 3129", "10.0.2.1", False),
        ("--on-port 3129", SERVER, False),
    ],
)
def test_addresses_of_proxies(options: str, end: str, taken: bool) -> None:
    engine = engine_with(mangle(rule(options=options)), listening((TCP, end, 3129)))
    assert (arrive(engine, tcp4(SYN)).proxy is not None) is taken


def test_an_interface_without_addresses_has_proxies_at_the_destination() -> None:
    environment = listening((TCP, SERVER, 3129))
    environment.addresses["lan"] = []
    assert arrive(engine_with(mangle(rule()), environment), tcp4(SYN)).proxy is not None


def test_port_0_is_that_of_the_packet() -> None:
    engine = engine_with(mangle(rule(options="--on-port 0")), listening((TCP, "0.0.0.0", 80)))
    assert arrive(engine, tcp4(SYN)).proxy == (IPV4, 0, 0)
    assert arrive(engine, tcp4(SYN, dport=81)).verdict == v.DROP


def own_socket(proto: int, socket: SocketInfo) -> Environment:
    environment = listening((proto, "0.0.0.0", 3129))
    sport, dport = PORTS[proto]
    environment.sockets[Tuple(IPV4, proto, address(CLIENT), address(SERVER), sport, dport).key()] = socket
    return environment


@pytest.mark.parametrize(
    ("proto", "socket", "mark"),
    [
        (TCP, SocketInfo(True, False, mark=5, state=SOCKET_ESTABLISHED), 5),
        (TCP, SocketInfo(True, False, mark=5, state=SOCKET_LISTENS), 0),  # on the server's address: no connection
        (TCP, SocketInfo(True, False, mark=5, state=SOCKET_TIME_WAIT), 0),  # a SYN: a new connection
        (UDP, SocketInfo(True, False, mark=5, state=SOCKET_ESTABLISHED), 5),
        (UDP, SocketInfo(True, True, mark=5, state=SOCKET_ESTABLISHED), 0),
        (UDP, SocketInfo(True, False, mark=5, state=SOCKET_CLOSED), 0),  # bound, not connected
    ],
)
def test_the_socket_of_the_connection_comes_first(proto: int, socket: SocketInfo, mark: int) -> None:
    """Which of the two it was is seen by the mark of the socket."""
    protocol = "tcp" if proto == TCP else "udp"
    text = mangle(rule(protocol, "--on-port 3129"))
    text = text.replace("COMMIT", f"-A INPUT -p {protocol} -m socket --nowildcard --restore-skmark\nCOMMIT")
    engine = engine_with(text, own_socket(proto, socket))
    assert arrive(engine, SYNS[proto]).verdict == v.ACCEPT
    assert arrive(engine, SYNS[proto], INPUT).mark == mark


def test_what_is_left_of_a_connection_gets_all_but_a_syn() -> None:
    engine = engine_with(mangle(rule()), own_socket(TCP, SocketInfo(True, False, state=SOCKET_TIME_WAIT)))
    engine.shared.environment.listeners.clear()
    assert arrive(engine, tcp4(ACK)).verdict == v.ACCEPT
    assert arrive(engine, tcp4(SYN)).verdict == v.ACCEPT  # nobody else is there
    engine.shared.environment.sockets.clear()
    assert arrive(engine, tcp4(ACK)).verdict == v.DROP


def test_a_connected_socket_at_the_proxys_end_is_no_listener() -> None:
    environment = listening((UDP, "10.0.1.1", 3129), socket=SocketInfo(True, False, state=SOCKET_ESTABLISHED))
    assert arrive(engine_with(mangle(rule("udp")), environment), udp4()).verdict == v.DROP


@pytest.mark.parametrize(("wildcard", "plain"), [(True, 0), (False, 1)])
def test_the_socket_stays_with_the_packet(wildcard: bool, plain: int) -> None:
    """-m socket in INPUT looks at the socket that TPROXY found; on the packet's own address nobody listens."""
    inputs = "-A INPUT -m socket --transparent\n-A INPUT -m socket --nowildcard\n"
    text = mangle(rule()).replace("COMMIT\n", f"{inputs}COMMIT\n")
    environment = listening((TCP, "0.0.0.0", 3129), socket=SocketInfo(True, wildcard, state=SOCKET_LISTENS))
    engine = engine_with(text, environment)
    arrive(engine, tcp4(SYN))
    arrive(engine, tcp4(SYN), INPUT, mark=1)
    saved = engine.save(counters=True)
    assert f"[{plain}:{plain * 40}] -A INPUT -m socket --transparent\n" in saved
    assert "[1:40] -A INPUT -m socket --nowildcard\n" in saved


def test_too_short_for_ports() -> None:
    engine = engine_with(mangle(rule("udp")), listening((UDP, "0.0.0.0", 3129)))
    assert arrive(engine, ipv4(17, b"\x03\xe8\0\x35")).verdict == v.DROP


def test_fragments_are_put_together() -> None:
    engine = engine_with(mangle(rule("udp")), listening((UDP, "0.0.0.0", 3129)))
    whole = udp4(data=bytes(100))
    first = ipv4(17, whole[20:68], word=0x2000)
    last = ipv4(17, whole[68:], word=48 // 8)
    assert arrive(engine, first).verdict == v.STOLEN
    found = arrive(engine, last)
    assert (found.verdict, found.proxy) == (v.ACCEPT, (IPV4, 0, 3129))
    assert found.data is not None and len(found.data) == len(whole)


def test_nat_may_follow() -> None:
    """A packet that a later table drops is nobody's."""
    text = mangle(rule()) + "*nat\n-A PREROUTING -p tcp -j DNAT --to-destination 10.0.2.99\nCOMMIT\n"
    found = arrive(engine_with(text, listening((TCP, "0.0.0.0", 3129))), tcp4(SYN))
    assert found.proxy is not None and found.data is not None and found.data[16:20] == bytes((10, 0, 2, 99))


def test_who_names_which_proxy_is_counted() -> None:
    engine = Engine()
    shared = engine.shared
    engine.load(mangle(rule(), rule("udp"), rule(options="--on-port 1")))
    assert shared.proxies == {(IPV4, 0, 3129): 2, (IPV4, 0, 1): 1}
    engine.load(mangle(rule("udp")))
    assert shared.proxies == {(IPV4, 0, 3129): 1}
    engine.load(mangle(rule("udp")), "ipv6")
    assert shared.proxies == {(IPV4, 0, 3129): 1, (IPV6, 0, 3129): 1}
    engine.flush()
    assert shared.proxies == {}


def test_explained() -> None:
    listeners = [(IPV4, TCP, 0, 3129)]
    question = Question(tcp4(SYN), "lan", "wan", listeners=listeners)
    engine = Engine()
    engine.load(mangle(rule()))
    report = explain(engine, question)
    assert [hook["hook"] for hook in report["hooks"]] == ["PREROUTING", "INPUT"]
    assert report["proxy"] == "0.0.0.0 port 3129" and report["verdict"] == "ACCEPT"
    assert "given to the transparent proxy at 0.0.0.0 port 3129, if routing by mark 0x1 delivers" in as_text(report)
    engine.shared.environment.listeners.clear()
    nobody = explain(engine, Question(tcp4(SYN, sport=2), "lan", "wan"))
    assert "yes: DROP, no program of this machine listens for it" in as_text(nobody)


# -- the driver's part


def test_the_verdict_carries_the_proxys_token() -> None:
    world = World(mangle(rule("udp")))
    world.environment.listeners[(IPV4, UDP, 0, 3129)] = LISTENER
    asked: list[object] = []
    world.worker.environment.proxy_token = lambda proxy: asked.append(proxy) or 0x7E570001  # type: ignore[attr-defined]
    world.receive(udp4())
    assert asked == [(IPV4, 0, 3129)]
    assert world.priorities == [(PREROUTING, 0x7E570001)]


@pytest.mark.parametrize(("before", "after"), [(0x7E570001, [(PREROUTING, 0)]), (6, []), (0, [])])
def test_no_other_packet_carries_a_token(before: int, after: list[tuple[int, int]]) -> None:
    world = World()
    world.arrive(Arrival(PREROUTING, udp4(dst="10.0.2.1"), "lan", hwsrc=bytes(6), priority=before))
    world.worker.handle_waiting()
    assert world.priorities == after and len(world.delivered) == 1
