"""The words of scenarios, on the kernel: each passes where it should and fails where it should."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.actors import Firewall, Host
from conformance.case import Case, case
from conformance.running import Runner
from conformance.stages import Stages
from conformance.vocabulary import between, fragments, ping, pong, tcp, udp, udp6
from reports.records import BROKEN, FAIL, PASS, Result
from tests.lab_support import needs_engine, why_no_lab

pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")
STATES = """
    *filter
    -A FORWARD -p udp -m conntrack --ctstate NEW -m comment --comment new
    -A FORWARD -p udp -m conntrack --ctstate ESTABLISHED -m comment --comment established
    COMMIT
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    needs_engine("kernel-legacy")
    stages = Stages()
    yield Runner(stages, seed=1)
    stages.close()


WORDS: list[tuple[str, str, Any]] = []


def passes(function: Any) -> Any:
    WORDS.append((PASS, "", function))
    return function


def fails(reason: str, outcome: str = FAIL) -> Any:
    def mark(function: Any) -> Any:
        WORDS.append((outcome, reason, function))
        return function

    return mark


# --- packets ----------------------------------------------------------------------------------------------------------


@passes
def several_packets(client: Host, server: Host, firewall: Firewall) -> None:
    sent = client.sends(
        udp("client:1 > server:2", "a"), [udp("client:1 > server:2", "b"), udp("client:1 > server:2", "c")]
    )
    assert sent.text == "c"
    server.sees_in_order(udp("client:1 > server:2", "a"), udp("client:1 > server:2", "c"))
    server.sees_all(udp("client:1 > server:2", "b"))
    server.saw_nothing_else()


@fails('server saw udp client:1 > server:2 "b" udp client:1 > server:2 "a"')
def wrong_order(client: Host, server: Host, firewall: Firewall) -> None:
    client.sends(udp("client:1 > server:2", "b"), udp("client:1 > server:2", "a"))
    server.sees_in_order(udp("client:1 > server:2", "a"), udp("client:1 > server:2", "b"))


@fails('server should see nothing else server saw udp client:1 > server:2 "b"')
def something_else(client: Host, server: Host, firewall: Firewall) -> None:
    client.sends(udp("client:1 > server:2", "a"), udp("client:1 > server:2", "b"))
    server.sees(udp("client:1 > server:2", "a"))
    server.saw_nothing_else()


@fails("2 times server saw only 1 of them")
def counts_once(client: Host, server: Host, firewall: Firewall) -> None:
    client.sends(udp("client:1 > server:2"))
    server.sees(udp("client:1 > server:2"), times=2)


@passes
def counting(client: Host, server: Host, firewall: Firewall) -> None:
    client.sends([udp("client:1 > server:2", str(number)) for number in range(200)])
    assert len(server.saw(udp("client:1 > server:2"))) == 200
    server.saw_nothing_else()


@passes
def whole_again(client: Host, server: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    whole = udp("client:1 > server:2", size=3000)
    client.sends(list(reversed(fragments(whole, 1480))))
    server.sees_reassembled(whole, sizes=[1500, 1500, 68])


@fails("in fragments of [1500, 1500, 68] bytes")
def other_sizes(client: Host, server: Host, firewall: Firewall) -> None:
    whole = udp("client:1 > server:2", size=3000)
    client.sends(fragments(whole, 1480))
    server.sees_reassembled(whole, sizes=[3028])


@passes
def an_address_of_ones_own(client: Host, server: Host, firewall: Firewall) -> None:
    """A source that nobody has gets its answers, and a node can have more addresses than the topology gives it."""
    client.sends(udp("10.0.1.99:5 > server:5353"))
    server.answers(server.sees(udp("10.0.1.99:5 > server:5353")), "answer")
    client.sees(udp("server:5353 > 10.0.1.99:5", "answer"))
    server.claims("10.0.2.77")
    client.sends(udp("client:1 > 10.0.2.77:2"))
    server.sees(udp("client:1 > 10.0.2.77:2"))


@passes
def errors(client: Host, server: Host, firewall: Firewall) -> None:
    client.sends(ping("client > server", id=5))
    client.sees(pong("server > client", id=5))
    client.sends(udp6("client:1 > server:5353", "x"))
    server.complains(server.sees(udp6("client:1 > server:5353")), "no-route")
    seen = client.sees(client_error())
    assert seen.quoting.dport == 5353


def client_error() -> Any:
    from conformance.vocabulary import icmp6

    return icmp6("server > client", "no-route", quoting=udp6("client:1 > server:5353"))


@passes
def a_connection(client: Host, server: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    talk = client.connects("client:1000 > server:5000", mss=1400, wscale=7)
    talk.client_says("hello")
    talk.server_says("hello yourself")
    firewall.tracks("tcp client:1000 > server:5000", state="ESTABLISHED", assured=True, timeout=432000)
    talk.client_closes()
    talk.server_closes()
    firewall.tracks("tcp client:1000 > server:5000", state="TIME_WAIT", timeout=120)


@fails("state is SYN_SENT, not ESTABLISHED")
def no_connection(client: Host, server: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    client.talk("client:1000 > server:5000").syn()
    firewall.tracks("tcp client:1000 > server:5000", state="ESTABLISHED")


# --- programs and sockets ---------------------------------------------------------------------------------------------


@passes
def programs(client: Host, server: Host, firewall: Firewall) -> None:
    fetched = client.fetches("http://{server}/bytes/100000")
    assert fetched["bytes"] == 100000
    assert client.fetches("http://[{server/6}]/bytes/100000") == fetched
    assert client.echoes("{server}", "udp", "hello") == {"text": "hello", "from": "10.0.2.10", "as": "10.0.1.10"}
    assert client.echoes("{server}", "tcp", "hello")["text"] == "hello"
    assert client.tftp_gets("{server}", "bytes-1300")["bytes"] == 1300
    assert client.tftp_puts("{server}", size=1024)["bytes"] == 1024
    assert client.uploads("{server}", size=3000)["bytes"] == 3000
    for mode in ("passive", "active", "epsv", "eprt"):
        assert client.downloads("{server}", mode)["bytes"] > 0


@passes
def what_is_not_possible(client: Host, server: Host, firewall: Firewall) -> None:
    firewall.loads("*filter\n-A FORWARD -p tcp --dport 80 -j REJECT --reject-with tcp-reset\nCOMMIT\n")
    client.cannot(client.fetches, "http://{server}/")


@fails("should not be able to")
def what_is_possible_after_all(client: Host, server: Host, firewall: Firewall) -> None:
    client.cannot(client.fetches, "http://{server}/")


@fails("unknown url type", BROKEN)
def what_nobody_has_denied(client: Host, server: Host, firewall: Firewall) -> None:
    client.cannot(client.fetches, "no url at all")


@passes
def local_sockets(client: Host, server: Host, firewall: Firewall) -> None:
    service = firewall.listens("udp:5353")
    client.sends(udp("client:40000 > firewall:5353", "query"))
    service.hears("query", sender="client:40000")
    service.says("reply")
    client.sees(udp("firewall:5353 > client:40000", "reply"))
    service.hears_nothing()
    web = server.listens("tcp:8080")
    caller = client.opens("tcp").connects("server:8080")
    accepted = web.accepts()
    caller.says("hello")
    accepted.hears("hello", sender="client:any")
    client.opens("tcp").connects("firewall.lan1:81", refused="ECONNREFUSED")
    firewall.loads("*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n")
    firewall.opens("udp").says("x", to="client:9", refused="EPERM")


@fails("firewall udp:5353 should hear 'other' it heard b'query' from 10.0.1.10:40000")
def hears_something_else(client: Host, firewall: Firewall) -> None:
    service = firewall.listens("udp:5353")
    client.sends(udp("client:40000 > firewall:5353", "query"))
    service.hears("other")


@fails("should hear nothing it heard b'query'")
def hears_something(client: Host, firewall: Firewall) -> None:
    service = firewall.listens("udp:5353")
    client.sends(udp("client:40000 > firewall:5353", "query"))
    service.hears_nothing()


@fails("be refused with EPERM it was sent")
def is_not_refused(client: Host, firewall: Firewall) -> None:
    firewall.opens("udp").says("x", to="client:9", refused="EPERM")


@passes
def commands(client: Host, firewall: Firewall) -> None:
    firewall.runs("iptables -A FORWARD -s {client} -j DROP")
    firewall.runs("iptables -S FORWARD").prints("""
        -P FORWARD ACCEPT
        -A FORWARD -s 10.0.1.10/32 -j DROP
    """).contains("-j DROP").lacks("ACCEPT -")
    firewall.runs("iptables -A NOWHERE -j DROP", exits=1, complains="No chain/target/match by that name")
    assert client.runs(["sh", "-c", "cat; exit 3"], stdin="{server}", exits=(3, 4)).out == "10.0.2.10"
    firewall.saves("""
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -s {client}/32 -j DROP
        COMMIT
    """)


@fails("should exit with 0 exited with 3")
def a_command_that_fails(client: Host) -> None:
    client.runs(["sh", "-c", "exit 3"])


@fails("should complain something complained otherwise")
def a_command_that_complains_otherwise(client: Host) -> None:
    client.runs(["sh", "-c", "echo otherwise >&2"], complains="something")


# --- the firewall -----------------------------------------------------------------------------------------------------


@passes
def counters_and_connections(client: Host, server: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    client.sends(udp("client:1 > server:5353", "question"))
    server.answers(server.sees(udp("client:1 > server:5353")), "answer")
    client.sees(udp("server:5353 > client:1", "answer"))
    firewall.counted("new", packets=1, bytes=36)
    firewall.counted("filter FORWARD 2", packets=between(1, 5))
    firewall.counted("filter FORWARD policy", packets=2)
    firewall.tracks("udp client:1 > server:5353", reply="server:5353 > client:1", timeout=30, assured=False, mark=0)
    firewall.does_not_track("udp client:2 > server:5353")
    firewall.flushes_connections()
    firewall.tracks_nothing()
    firewall.expects_nothing()


@fails("should count 7 packets at 'new' it counted 1 packets, 28 bytes")
def wrong_count(client: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    client.sends(udp("client:1 > server:5353"))
    firewall.counted("new", packets=7)


@fails("should have a rule at 'nobody'")
def no_such_counter(firewall: Firewall) -> None:
    firewall.counted("nobody", packets=7)


@fails("should not track udp client:1 > server:5353")
def tracks_after_all(client: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    client.sends(udp("client:1 > server:5353"))
    firewall.does_not_track("udp client:1 > server:5353")


@passes
def time(client: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    firewall.sets_timeouts(udp=1)
    client.sends(udp("client:1 > server:5353"))
    firewall.forgets("udp client:1 > server:5353", after=1)
    firewall.time_passes(0.01)
    assert firewall.shows("net.netfilter.nf_conntrack_udp_timeout") == "1"


@fails("it was gone after")
def forgets_too_early(client: Host, firewall: Firewall) -> None:
    firewall.loads(STATES)
    firewall.sets_timeouts(udp=1)
    client.sends(udp("client:1 > server:5353"))
    firewall.forgets("udp client:1 > server:5353", after=4)


@fails("too long for a scenario", BROKEN)
def too_much_time(firewall: Firewall) -> None:
    firewall.time_passes(60)


@passes
def sysctls_are_put_back(firewall: Firewall) -> None:
    assert firewall.shows("net.netfilter.nf_conntrack_udp_timeout") == "30"


@passes
def refusals(firewall: Firewall) -> None:
    firewall.loads("*filter\n-A FORWARD -j DROP\nCOMMIT\n")
    firewall.refuses("*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n", says="line")
    firewall.refuses_rule("-A PREROUTING -j SNAT --to-source 1.1.1.1:5", table="nat")
    assert "-A FORWARD -j DROP" in firewall.saved()


@fails("should refuse *filter -A FORWARD -j DROP COMMIT it accepted it")
def accepted_after_all(firewall: Firewall) -> None:
    firewall.refuses_rule("-A FORWARD -j DROP")


@fails("it refused")
def refused_after_all(firewall: Firewall) -> None:
    firewall.loads("*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n")


@fails("should say bananas it said")
def refused_otherwise(firewall: Firewall) -> None:
    firewall.refuses_rule("-A FORWARD -j NOWHERE", says="bananas")


@passes
def logs(client: Host, firewall: Firewall) -> None:
    firewall.loads("*filter\n-A FORWARD -p udp -j NFLOG --nflog-group 3 --nflog-prefix hello\nCOMMIT\n")
    firewall.logs_nothing()
    client.sends(udp("client:1 > server:2"))
    firewall.logs("hello", "SRC={client}", "DPT=2", times=1)


@fails("should log hello it logged nothing")
def logs_nothing_after_all(client: Host, firewall: Firewall) -> None:
    client.sends(udp("client:1 > server:2"))
    firewall.logs("hello")


@passes
def what_is_changed_is_taken_back(client: Host, firewall: Firewall) -> None:
    client.changes("ip addr add 10.0.1.200/24 dev lan1", undo="ip addr del 10.0.1.200/24 dev lan1")
    assert "10.0.1.200" in client.runs("ip addr show dev lan1")


@passes
def and_is_gone(client: Host, firewall: Firewall) -> None:
    assert "10.0.1.200" not in client.runs("ip addr show dev lan1")


@passes
def a_marker_proves_silence(client: Host, server: Host, firewall: Firewall) -> None:
    firewall.loads("*filter\n-A FORWARD -p tcp -j DROP\nCOMMIT\n")
    client.sends(tcp("client:1234 > server:22", "SYN"))
    client.sends(udp("client:1234 > server:9", "marker"))
    server.sees(udp("client:1234 > server:9", "marker"))
    server.never_saw(tcp("client:1234 > server:22"))
    client.never_saw(tcp("any > client"))


@fails("server should not see")
def not_silent_after_all(client: Host, server: Host, firewall: Firewall) -> None:
    client.sends(tcp("client:1234 > server:22", "SYN"))
    server.never_saw(tcp("client:1234 > server:22"))


@fails("proves nothing", BROKEN)
def the_path_is_down(client: Host, server: Host, firewall: Firewall) -> None:
    server.never_saw(tcp("client:1234 > server:22"))
    server.node.run(["ip", "link", "set", "lan2", "down"], check=True)
    client.scene.last_sender = "client"


@pytest.mark.parametrize(
    ("outcome", "reason", "function"), WORDS, ids=[function.__name__ for _outcome, _reason, function in WORDS]
)
def test_word(runner: Runner, outcome: str, reason: str, function: Any) -> None:
    made: Case = case(f"words.{function.__name__.replace('_', '-')}", topology="two-lans", requirement="x", source="x")(
        function
    ).case  # type: ignore[attr-defined]
    (instance,) = made.instances()
    result: Result = runner.run(instance, "kernel-legacy")
    text = " ".join(result.reason.split())
    assert (result.outcome, reason in text) == (outcome, True), f"{result.outcome}: {result.reason}"
