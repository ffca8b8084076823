"""`@case`, tables of rows, counters and connections as scenarios read them, waits."""

from __future__ import annotations

import time
from typing import Any

import pytest

from conformance import case as cases
from conformance import connections, counters, needs, waits
from conformance.actors import dedented
from conformance.case import CaseError, case, table
from conformance.failing import Failed
from conformance.names import Names
from conformance.probes import path_rules
from lab import topology
from lab.engines import proc_line

NAMES = Names(topology.load("three-legged"))
ASKED: dict[str, Any] = {"requirement": "something", "source": "somebody"}


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is declared here is forgotten afterwards."""
    monkeypatch.setattr(cases, "_registered", dict(cases._registered))


def declare(id: str = "some.case", function: Any = None, topology: str = "two-lans", **options: Any) -> cases.Case:
    def scenario(client: Any, firewall: Any) -> None:
        """What it is about."""

    made: cases.Case = case(id, topology=topology, **{**ASKED, **options})(function or scenario).case  # type: ignore[attr-defined]
    return made


def test_a_case() -> None:
    made = declare(needs=["nat"], cites=["NAT-24"], requirement="", source="")
    (instance,) = made.instances()
    assert (made.about, made.area, instance.area) == ("What it is about.", "tests", "nat")
    assert instance.requirement == "MASQUERADE uses the primary address of the outgoing interface"
    assert "iptables-extensions(8)" in instance.source or "note" in instance.source
    assert made.place.startswith("tests/test_harness_case.py:")


def test_rows_are_scenarios_of_their_own() -> None:
    def scenario(client: Any, code: int, row: str) -> None: ...

    made = declare(
        function=scenario,
        cites=["TGT-05"],
        rows={"net": {"code": 0}, "port": {"code": 3, "cites": "TGT-04, TGT-05", "needs": "target-REJECT"}},
    )
    net, port = made.instances()
    assert (net.id, dict(net.arguments), net.cites) == ("some.case/net", {"code": 0}, ("TGT-05",))
    assert (port.cites, port.needs) == (("TGT-05", "TGT-04"), ("target-REJECT",))
    assert made.all_cites() == {"TGT-04", "TGT-05"}


def no_arguments() -> None: ...
def wrong_argument(clint: Any) -> None: ...
def column_missing(client: Any, code: int) -> None: ...


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"id": "Some.Case"}, "an id is words in small letters"),
        ({"id": "word"}, "an id is words in small letters"),
        ({"cites": ["NAT-99"]}, "'NAT-99' is not a requirement; did you mean NAT-"),
        ({"needs": ["natt"]}, "'natt' is not a need; did you mean 'nat'?"),
        ({"requirement": "", "source": ""}, "cites no requirement"),
        ({"topology": "two-lan"}, ""),
        ({"topology": "two-lanx"}, "no such file"),
        ({"function": wrong_argument}, "argument 'clint' is no node of two-lans and no column"),
        ({"function": column_missing}, "argument 'code' is no node of two-lans and no column"),
        ({"function": no_arguments, "rows": {"a": {"code": 1}}}, "column 'code' is not an argument of no_arguments"),
        ({"rows": {"a b": {}}}, "row 'a b': the name of a row is one word"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_a_case_cannot_be(options: dict[str, Any], message: str) -> None:
    if not message:
        declare(**options)
        return
    with pytest.raises(CaseError) as error:
        declare(**options)
    assert message in str(error.value)
    assert "test_harness_case.py" in str(error.value), "the message says where"


def test_an_id_is_used_once() -> None:
    declare("twice.used")
    with pytest.raises(CaseError, match=r"case 'twice.used' stands in tests/test_harness_case.py:\d+ too"):
        declare("twice.used", function=no_arguments)


def test_a_table() -> None:
    rows = table("""
        name        | reject with | code | big  | quoted | cites
        ------------+-------------+------+------+--------+-------
        net         | icmp-net    | 0    | 0x10 | ' a '  | TGT-05
        empty       |             | None | True | -1     |
    """)
    assert rows == {
        "net": {"reject_with": "icmp-net", "code": 0, "big": 16, "quoted": " a ", "cites": "TGT-05"},
        "empty": {"reject_with": "", "code": None, "big": True, "quoted": -1, "cites": ""},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a | b", "at least one row"),
        ("a | b\nx | 1 | 2", "row 'x | 1 | 2' has 3 columns, the heading has 2"),
        ("a | b\nx | 1\nx | 2", "row 'x' stands twice"),
    ],
)
def test_tables_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(CaseError) as error:
        table(text)
    assert message in str(error.value)


def test_every_need_is_spelled_out() -> None:
    for name, need in needs.NEEDS.items():
        assert need.meaning, name
        for text in (need.rules, need.rules6):
            assert not text or (text.startswith("*") and text.endswith("COMMIT\n"))


# --- counters and connections -----------------------------------------------------------------------------------------

SAVED = """*filter
:INPUT ACCEPT [1:2]
:FORWARD DROP [3:4]
:sub - [0:0]
[5:6] -A FORWARD -p udp -m comment --comment seen -j sub
[7:8] -A FORWARD -j DROP
[9:10] -A sub -m comment --comment "two words" -j RETURN
[1:1] -A sub -m comment --comment seen
COMMIT
*nat
:OUTPUT ACCEPT [11:12]
COMMIT
"""


@pytest.mark.parametrize(
    ("place", "packets", "octets"),
    [
        ("filter FORWARD policy", 3, 4),
        ("filter FORWARD 1", 5, 6),
        ("filter FORWARD 2", 7, 8),
        ("filter sub 1", 9, 10),
        ("two words", 9, 10),
        ("seen", 6, 7),
        ("nat OUTPUT policy", 11, 12),
    ],
)
def test_counters(place: str, packets: int, octets: int) -> None:
    count = counters.read(SAVED).at(place)
    assert count is not None
    assert (count.packets, count.bytes) == (packets, octets)


def test_counters_that_are_not_there() -> None:
    found = counters.read(SAVED)
    assert found.at("filter sub policy") is None and found.at("filter FORWARD 3") is None and found.at("what") is None


UDP = ("ipv4     2 udp      17 29 src=10.0.1.10 dst=198.51.100.10 sport=40000 dport=53 [UNREPLIED] src=198.51.100.10 "
       "dst=198.51.100.1 sport=53 dport=40000 mark=5 zone=0 use=2")  # fmt: skip
PING = ("ipv6     10 icmpv6   58 29 src=2001:0db8:0001:0000:0000:0000:0000:0010 dst=2001:0db8:00ff:0000:0000:0000:0000:"
        "0010 type=128 code=0 id=7 src=2001:0db8:00ff:0000:0000:0000:0000:0010 dst=2001:0db8:0001:0000:0000:0000:0000:"
        "0010 type=129 code=0 id=7 mark=0 zone=0 use=2")  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reply", "fields", "line", "same", "faults"),
    [
        ("udp client:40000 > server:53", "", {}, UDP, True, ""),
        ("udp client:40000 > server:54", "", {}, UDP, False, ""),
        ("tcp client:40000 > server:53", "", {}, UDP, False, ""),
        ("udp any > any", "server:53 > firewall.wan:40000", {"mark": 5, "unreplied": True}, UDP, True, ""),
        ("udp any > any", "server:53 > client:40000", {}, UDP, True, "the reply direction is not"),
        ("udp any > any", "", {"timeout": 29}, UDP, True, ""),
        ("udp any > any", "", {"timeout": 28}, UDP, True, "timeout is 29, not 28"),
        ("udp any > any", "", {"timeout": 40}, UDP, True, "timeout is 29, not 40"),
        ("udp any > any", "", {"assured": True}, UDP, True, "assured is False, not True"),
        ("udp any > any", "", {"text": "zone=0 use=2"}, UDP, True, ""),
        ("udp any > any", "", {"text": "zone=0 use"}, UDP, True, "'zone=0 use' is not in its line"),
        ("udp any > any", "", {"text": "zone=1"}, UDP, True, "'zone=1' is not in its line"),
        ("icmp6 client > server", "server > client", {"id": 7, "type": 128}, PING, True, ""),
        ("icmpv6 any > any", "", {"id": 8}, PING, True, "id is 7, not 8"),
        ("udp6 client > server", "", {}, PING, False, ""),
    ],
)
def test_connections(text: str, reply: str, fields: dict[str, Any], line: str, same: bool, faults: str) -> None:
    want = connections.wanted(text, reply, fields, NAMES)
    entry = proc_line.parse(line)
    assert connections.same_flow(want, entry) == same
    if same:
        found = "; ".join(connections.faults(want, entry, slack=0.0))
        assert (faults in found) if faults else (found == "")


def test_a_connection_has_no_such_field() -> None:
    with pytest.raises(ValueError, match="a connection has no 'timout'"):
        connections.wanted("udp any > any", "", {"timout": 3}, NAMES)


# --- small things -----------------------------------------------------------------------------------------------------


def test_a_path_of_chains() -> None:
    text = path_rules(["raw PREROUTING", "filter INPUT"], match="-p udp", extra={"filter": "-A INPUT -j DROP"})
    assert "-A PREROUTING -p udp -m mark --mark 0 -m comment --comment step:1 -j MARK --set-mark 1" in text
    assert "-A INPUT -p udp -m mark --mark 1 -m comment --comment step:2 -j MARK --set-mark 2\n" in text
    assert text.count("COMMIT") == 5
    with pytest.raises(ValueError, match="'filter INPT' is not a built-in chain"):
        path_rules(["filter INPT"])


def test_indentation_of_rules_does_not_count() -> None:
    assert dedented("\n    *filter\n    COMMIT\n    ") == "*filter\nCOMMIT\n"


def test_a_failure_is_aligned() -> None:
    failure = Failed(("server should see", "a\nb"), ("server saw", "c"))
    assert str(failure).splitlines() == ["server should see   a", "                    b", "server saw          c"]


def test_waits_have_a_name_and_a_limit() -> None:
    start = time.monotonic()
    with pytest.raises(waits.TooLong, match=r"the moon: not within 0.05 s"):
        waits.until(lambda: False, "the moon", 0.05)
    assert waits.until(lambda: True, "nothing", 5.0) < 1.0
    waits.until_clock(time.monotonic() + 0.02)
    assert 0.05 <= time.monotonic() - start < 3.0
