"""The suite judges engines: PASS, FAIL, UNSUPPORTED and BROKEN, each where it must, with engines that are wrong on
purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.case import Instance
from conformance.running import Runner
from conformance.stages import Stages
from conformance.vocabulary import case, icmp, recommended, tcp, udp
from reports.records import BROKEN, FAIL, PASS, UNSUPPORTED, Result
from tests.lab_support import needs_engine, why_no_lab
from tests.miniatures import MINIATURES, register_all

pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")

ASKED = {"requirement": "whatever the test says", "source": "this test"}


@case("harness.forwards", topology="two-lans", **ASKED)
def forwards(client: Any, server: Any, firewall: Any) -> None:
    """A packet that no rule speaks of passes."""
    firewall.loads("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p udp -j ACCEPT\nCOMMIT\n")
    client.sends(udp("client:1 > server:2", "hello"))
    server.sees(udp("client:1 > server:2", "hello"))


@case("harness.drops", topology="two-lans", **ASKED)
def drops(client: Any, server: Any, firewall: Any) -> None:
    """A dropped packet does not arrive; the suite has to prove the path by itself."""
    firewall.loads("*filter\n-A FORWARD -p tcp -j DROP\nCOMMIT\n")
    client.sends(tcp("client:1 > server:22", "SYN"))
    server.never_saw(tcp("client:1 > server:22"))


@case("harness.established", topology="two-lans", needs=["conntrack"], **ASKED)
def established(client: Any, server: Any, firewall: Any) -> None:
    """An answer passes because its question did."""
    firewall.loads("""
        *filter
        :FORWARD DROP [0:0]
        -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
        -A FORWARD -i lan1 -j ACCEPT
        COMMIT
    """)
    client.sends(udp("client:1 > server:5353", "question"))
    server.answers(server.sees(udp("client:1 > server:5353")), "answer")
    client.sees(udp("server:5353 > client:1", "answer"))


@case("harness.translated", topology="three-legged", needs=["nat"], **ASKED)
def translated(client: Any, server: Any, firewall: Any) -> None:
    """The server sees the firewall's address."""
    firewall.loads("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    client.sends(udp("client:1 > server:5353", "question"))
    server.answers(server.sees(udp("firewall.wan:any > server:5353")), "answer")
    client.sees(udp("server:5353 > client:1", "answer"))


@case("harness.bug", topology="two-lans", **ASKED)
def bug(client: Any) -> None:
    """A scenario with a bug."""
    client.sends(udp("client:1 > nobody:2"))


@case("harness.assertion", topology="two-lans", **ASKED)
def assertion(client: Any) -> None:
    """A plain assert."""
    assert client.name == "server", "the client is not the server"


@case("harness.error", topology="two-lans", **ASKED)
def error(client: Any, server: Any, firewall: Any) -> None:
    """REJECT answers, and the answer quotes the packet."""
    firewall.loads("*filter\n-A FORWARD -j REJECT\nCOMMIT\n")
    client.sends(udp("client:1 > server:2", "hello"))
    client.sees(icmp("firewall.lan1 > client", "port-unreachable", quoting=udp("client:1 > server:2")))
    server.never_saw(udp("any > server:2"))


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    needs_engine("kernel-legacy")
    register_all()
    stages = Stages()
    yield Runner(stages, seed=1, folder=tmp_path_factory.mktemp("out"))
    stages.close()


def run(runner: Runner, function: Any, engine: str) -> Result:
    (instance,) = function.case.instances()
    assert isinstance(instance, Instance)
    return runner.run(instance, engine)


EXPECTED: list[tuple[Any, str, str, str]] = [
    (forwards, "kernel-legacy", PASS, ""),
    (drops, "kernel-legacy", PASS, ""),
    (established, "kernel-legacy", PASS, ""),
    (translated, "kernel-legacy", PASS, ""),
    (error, "kernel-legacy", PASS, ""),
    (assertion, "kernel-legacy", FAIL, "the client is not the server"),
    (bug, "kernel-legacy", BROKEN, "'nobody' is not a node of two-lans"),
    (forwards, "accepts-everything", PASS, ""),
    (drops, "accepts-everything", FAIL, "server saw tcp client:1 > server:22 SYN"),
    (error, "accepts-everything", FAIL, "client saw nothing; firewall saw udp client:1 > server:2"),
    (translated, "accepts-everything", FAIL, "source is client, not firewall.wan"),
    (forwards, "drops-everything", FAIL, "server saw nothing"),
    (drops, "drops-everything", BROKEN, "proves nothing"),
    (established, "forgets-connections", FAIL, "client saw nothing"),
    (translated, "forgets-connections", FAIL, "client saw"),
    (forwards, "forgets-connections", PASS, ""),
    (drops, "drops-later", BROKEN, "did not arrive there either"),
    (forwards, "never-starts", BROKEN, "no engine today"),
    (drops, "never-starts", BROKEN, "no engine today"),
    (forwards, "dies", BROKEN, "the engine died"),
    (forwards, "faulty", BROKEN, "ZeroDivisionError"),
    (forwards, "restless", BROKEN, "packets still go round"),
    (forwards, "refuses-nat", PASS, ""),
    (translated, "refuses-nat", UNSUPPORTED, "nat: no address translation; see the manual"),
    (forwards, "not-here", UNSUPPORTED, "this machine has no such thing: install it"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "engine", "outcome", "reason"), EXPECTED,
    ids=[f"{function.case.id}-{engine}" for function, engine, _outcome, _reason in EXPECTED],
)  # fmt: skip
def test_outcome(runner: Runner, function: Any, engine: str, outcome: str, reason: str) -> None:
    result = run(runner, function, engine)
    assert (result.outcome, reason in " ".join(result.reason.split())) == (outcome, True), (
        f"{result.outcome}: {result.reason}"
    )
    assert result.red == (outcome in (FAIL, BROKEN))


def test_each_miniature_is_used() -> None:
    assert set(MINIATURES) <= {engine for _function, engine, _outcome, _reason in EXPECTED}


def test_a_good_engine_is_judged_well_again_after_a_bad_one(runner: Runner) -> None:
    """A broken lab is thrown away: what comes after it is not harmed."""
    for engine, outcome in (
        ("dies", BROKEN),
        ("kernel-legacy", PASS),
        ("drops-everything", FAIL),
        ("kernel-legacy", PASS),
    ):
        assert run(runner, forwards, engine).outcome == outcome


def test_the_evidence_of_a_failure(runner: Runner) -> None:
    result = run(runner, drops, "accepts-everything")
    evidence = result.evidence
    assert [step.does for step in evidence.steps] == ["loads", "sends", "should not see"]
    assert evidence.rules["ipv4"] == "*filter\n-A FORWARD -p tcp -j DROP\nCOMMIT\n"
    assert not evidence.steps[-1].ok and "client:1 > server:22" in evidence.steps[-1].seen
    assert result.reproduce.endswith("-k 'harness.drops[accepts-everything]' --engine=accepts-everything")
    (name,) = evidence.files
    assert runner.folder is not None
    capture: Path = (
        runner.folder.parent / name if (runner.folder.parent / name).exists() else runner.folder / Path(name).name
    )
    data = capture.read_bytes()
    assert data[:4] == b"\x0a\x0d\x0d\x0a", "a pcapng file begins with a section header block"
    assert b"sent by client" in data and b"seen by server" in data


@pytest.mark.parametrize(
    ("cites", "engine", "outcome", "red"),
    [
        ("NATRFC-05", "accepts-everything", FAIL, False),  # the kernel does not do it either
        ("NATRFC-05", "drops-everything", FAIL, True),  # it does not come so far as to what is recommended
        ("NATRFC-01", "accepts-everything", FAIL, True),  # the kernel does
        ("NAT-01", "accepts-everything", FAIL, True),
        ("NATRFC-05", "kernel-legacy", PASS, True),  # a surprise
        ("NATRFC-01", "kernel-legacy", PASS, False),
    ],
)
def test_recommendations(runner: Runner, cites: str, engine: str, outcome: str, red: bool) -> None:
    """What the RFCs recommend and the kernel does not do may fail; the outcome stays what it is."""
    name = f"harness.recommended-{cites.lower()}-{engine}"
    result = run(runner, case(name, topology="two-lans", cites=[cites])(again(forwards_and_drops)), engine)
    assert (result.outcome, result.red) == (outcome, red)
    assert bool(result.tolerated) == (outcome == FAIL and not red)
    assert bool(result.surprise) == (outcome == PASS and red)


def forwards_and_drops(client: Any, server: Any, firewall: Any) -> None:
    forwards(client, server, firewall)
    with recommended():
        drops(client, server, firewall)


def again(function: Any) -> Any:
    """A function of its own with the same body."""

    def copy(client: Any, server: Any, firewall: Any) -> None:
        function(client, server, firewall)

    return copy


def test_known_deviations_stay_failures_but_are_not_red(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    from conformance import deviations

    entry = deviations.Deviation("harness.drops", "accepts-everything", "it is a miniature")
    passing = deviations.Deviation("harness.forwards", "accepts-everything", "it was different once")
    table = {(each.scenario, each.engine): each for each in (entry, passing)}
    monkeypatch.setattr(deviations, "known", lambda: table)
    failed, passed = run(runner, drops, "accepts-everything"), run(runner, forwards, "accepts-everything")
    assert (failed.outcome, failed.tolerated, failed.red) == (FAIL, "known deviation: it is a miniature", False)
    assert (passed.outcome, passed.red) == (PASS, True)
    assert "obsolete" in passed.surprise
