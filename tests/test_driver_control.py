"""The control socket, spoken to over a real Unix socket; the engine behind it stands in a world by hand."""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.driver import control as control_module
from engine.driver.control import VERBS, Control
from tests.driver_world import World, ipv4, udp

RULES = (
    "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\nCOMMIT\n"
    "*nat\n-A POSTROUTING -j SNAT --to-source 10.0.2.1\nCOMMIT\n"
)


class Owner:
    """What a Control wants of the process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ended: list[bool] = []

    def quit(self, keep_rules: bool) -> None:
        self.ended.append(keep_rules)

    def stats(self) -> dict[str, int | str]:
        return {"verdicts": sum(queue.sent for queue in self.world.queues.by_hook)}


class Line:
    """One connection."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(desk.control.path)
        self.sock.settimeout(10)
        self.rest = b""

    def put(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.desk.turn()

    def get(self) -> dict[str, Any]:
        while b"\n" not in self.rest:
            self.desk.turn()
            part = self.sock.recv(1 << 20)
            if not part:
                raise EOFError
            self.rest += part
        line, _newline, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        self.put(json.dumps({"do": do, **fields}).encode() + b"\n")
        return self.get()


class Desk:
    """A Control whose loop is turned by hand."""

    def __init__(self, folder: Path, clock: str = "virtual") -> None:
        self.world = World(RULES, clock=clock)
        self.owner = Owner(self.world)
        self.control = Control(self.world.worker, str(folder), self.owner)
        self.selector = selectors.DefaultSelector()
        self.control.watch(self.selector)

    def turn(self) -> None:
        while True:
            ready = self.selector.select(0)
            if not ready:
                return
            for key, mask in ready:
                self.control.serve(key.data, mask)

    def line(self) -> Line:
        return Line(self)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.control.close()


# Compiled code has its constants and functions built in.
interpreted = pytest.mark.skipif(control_module.is_compiled(), reason="constants of compiled code cannot be replaced")


def faults(desk: Desk) -> list[str]:
    return desk.world.worker.faults.kept


@interpreted
def test_only_root_and_the_own_user_may_speak(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert desk.line().ask("ping")["ok"]
    monkeypatch.setattr(control_module, "_is_friend", lambda sock: False)
    line = desk.line()
    with pytest.raises((EOFError, ConnectionError)):
        line.ask("ping")
    assert desk.control.refused == 1


def test_a_stranger_is_recognised_by_his_credentials() -> None:
    class Stranger:
        def getsockopt(self, level: int, option: int, size: int) -> bytes:
            assert (level, option, size) == (socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            return (1).to_bytes(4, "little") + (4711).to_bytes(4, "little") * 2

    assert not control_module._is_friend(Stranger())


def test_ping_clock_advance(desk: Desk) -> None:
    line = desk.line()
    assert line.ask("ping") == {
        "ok": True,
        "pid": os.getpid(),
        "version": "1",
        "clock": "virtual",
        "compiled": control_module.is_compiled(),
    }
    assert line.ask("advance", seconds=432000.5)["now"] == 432000.5
    assert line.ask("clock")["now"] == 432000.5
    for bad in (-1, "5", None, True, [], 1e300):
        answer = line.ask("advance", seconds=bad)
        assert not answer["ok"] and answer["kind"] == "BadRequest"
    assert line.ask("clock")["now"] == 432000.5
    assert faults(desk) == []


def test_a_monotonic_clock_is_not_advanced(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "monotonic")
    answer = desk.line().ask("advance", seconds=1)
    assert not answer["ok"] and "--clock virtual" in answer["error"]
    desk.control.close()


def test_load_save_and_a_load_that_fails(desk: Desk) -> None:
    line = desk.line()
    assert line.ask("load", text="*filter\n-A INPUT -j DROP\nCOMMIT\n", name="mine.v4")["ok"]
    saved = line.ask("save")["text"]
    assert "-A INPUT -j DROP" in saved and "nat" not in saved  # the whole ruleset was replaced
    answer = line.ask("load", text="*filter\n-A INPUT -j DROP --oh\nCOMMIT\n", name="bad.v4")
    assert (answer["ok"], answer["kind"]) == (False, "RulesetError")
    assert answer["place"].startswith("bad.v4:2:")
    assert line.ask("save")["text"] == saved
    assert line.ask("load", text="*nat\nCOMMIT\n", noflush=True)["ok"]
    assert "-A INPUT -j DROP" in line.ask("save")["text"]
    assert line.ask("load", text="*raw\nCOMMIT\n", test=True)["ok"]
    assert "*raw" not in line.ask("save")["text"]
    assert "*filter" not in line.ask("save", table="nat")["text"]
    for fields in ({"family": "ipx"}, {"text": 5}, {"counters": "yes"}):
        assert line.ask("load", **{"text": "", **fields})["kind"] == "BadRequest"


def test_a_field_that_is_spelt_wrong_is_not_passed_over(desk: Desk) -> None:
    """Without `noflush` a load takes away what is there."""
    line = desk.line()
    line.ask("load", text="*filter\n-A INPUT -j DROP\nCOMMIT\n")
    answer = line.ask("load", text="*nat\nCOMMIT\n", noflsh=True)
    assert answer["kind"] == "BadRequest" and "'load' has no field 'noflsh'" in answer["error"]
    assert line.ask("ping", clock=1)["kind"] == "BadRequest"
    assert "-A INPUT -j DROP" in line.ask("save")["text"]
    wrong = line.ask("save", table="natt")
    assert wrong["kind"] == "BadRequest" and "there are filter, nat, mangle" in wrong["error"]
    assert set(control_module.FIELDS) <= set(control_module.VERBS)


def test_fields_are_those_of_the_page() -> None:
    page = Path(__file__).parent.parent / "docs" / "control-protocol.md"
    rows = [line.split("|")[1:3] for line in page.read_text().splitlines() if line.startswith("| `")]
    told: dict[str, set[str]] = {}
    for verbs, fields in rows:
        found = re.findall(r"`(\w+)`", fields)
        for verb in re.findall(r"`(\w+)`", verbs):
            told[verb] = set(found) - {verb}
    del told["do"]  # the heading
    told["restore"], told["dump"] = {"state"}, set()  # one row for both
    assert {verb: set(control_module.FIELDS.get(verb, ())) for verb in control_module.VERBS} == told


def test_a_long_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a socket has at most 107 bytes."""
    folder = tmp_path.joinpath(*["d" * 60] * 3)
    folder.mkdir(parents=True)
    desk = Desk(folder)
    assert desk.control.path == str(folder / "control")
    monkeypatch.chdir(folder)
    desk.control.path = "control"
    assert desk.line().ask("ping")["ok"]
    desk.control.close()
    assert list(folder.iterdir()) == []


def test_connections_and_their_lines(desk: Desk) -> None:
    line = desk.line()
    desk.world.receive(ipv4(udp(10)))
    answer = line.ask("conntrack")
    entry = answer["entries"][0]
    assert entry["original"] == {"src": "10.0.1.10", "dst": "10.0.2.10", "sport": 1000, "dport": 2000}
    assert entry["reply"] == {"src": "10.0.2.10", "dst": "10.0.2.1", "sport": 2000, "dport": 1000}
    assert (entry["protocol"], entry["timeout"], entry["flags"]) == ("udp", 30, ["UNREPLIED"])
    assert entry["text"].startswith("ipv4     2 udp      17 30 src=10.0.1.10")
    line.ask("advance", seconds=31)
    assert line.ask("conntrack")["entries"] == []
    assert line.ask("conntrack", table="expect")["entries"] == []
    assert line.ask("conntrack", table="what")["kind"] == "BadRequest"


def test_sysctls(desk: Desk) -> None:
    line = desk.line()
    name = "net.netfilter.nf_conntrack_udp_timeout"
    assert line.ask("sysctl", name=name)["value"] == "30"
    assert line.ask("sysctl", name=name.replace(".", "/"), value=7)["value"] == "7"
    assert line.ask("sysctl", name="net.ipv4.ipfrag_time", value="5")["value"] == "5"
    for bad in (
        {"name": "kernel.panic"},
        {"name": name, "value": "x"},
        {"name": "net.ipv4.ipfrag_time", "value": "-1"},
    ):
        assert line.ask("sysctl", **bad)["kind"] == "BadRequest"
    desk.world.receive(ipv4(udp(10)))
    assert line.ask("conntrack")["entries"][0]["timeout"] == 7


def test_trace_log_stats_flush(desk: Desk) -> None:
    line = desk.line()
    line.ask("load", text='*filter\n:FORWARD ACCEPT\n-A FORWARD -j LOG --log-prefix "seen: "\nCOMMIT\n', name="r")
    desk.world.receive(ipv4(udp(10)))
    trace = line.ask("trace")
    assert [entry["hook"] for entry in trace["entries"]] == ["PREROUTING", "FORWARD", "POSTROUTING"]
    assert trace["entries"][1]["steps"][0]["place"] == "r:3"
    assert line.ask("trace", since=trace["next"])["entries"] == []
    log = line.ask("log")
    assert len(log["lines"]) == 1 and log["lines"][0].startswith("seen: IN=lan OUT=wan")
    assert line.ask("log", since=log["next"])["lines"] == []
    stats = line.ask("stats")
    assert (stats["packets"], stats["verdicts"], stats["errors"]) == (3, 3, 0)
    assert line.ask("sync")["handled"] == 3
    assert line.ask("flush")["ok"]
    assert line.ask("save")["text"].strip() == "" and line.ask("trace")["entries"] == []
    assert line.ask("log")["lines"] == [] and line.ask("conntrack")["entries"] == []
    assert line.ask("faults") == {"ok": True, "faults": [], "count": 0}
    assert line.ask("trace", mode="off")["mode"] == "off"
    assert line.ask("trace", mode="loud")["kind"] == "BadRequest"
    assert line.ask("trace", since="x")["kind"] == "BadRequest"


def test_commands(desk: Desk, tmp_path: Path) -> None:
    line = desk.line()
    desk.world.receive(ipv4(udp(10)))
    answer = line.ask("command", argv=["conntrack", "-L"])
    assert answer["exit"] == 0 and answer["stdout"].startswith("udp      17 ") and "1 flow entries" in answer["stderr"]
    assert line.ask("command", argv=["iptables", "-A", "INPUT", "-j", "DROP"])["exit"] == 0
    answer = line.ask("command", argv=["/sbin/iptables", "-S", "INPUT"])
    assert answer["stdout"] == "-P INPUT ACCEPT\n-A INPUT -j DROP\n"
    assert line.ask("command", argv=["iptables", "-X", "nothing"])["exit"] == 1
    (tmp_path / "rules").write_text("*filter\n-A OUTPUT -j ACCEPT\nCOMMIT\n")
    here = os.getcwd()
    assert line.ask("command", argv=["iptables-restore", "rules"], cwd=str(tmp_path))["exit"] == 0
    assert os.getcwd() == here
    assert line.ask("command", argv=["iptables-restore"], stdin="*nat\nCOMMIT\n")["exit"] == 0
    assert "-A OUTPUT -j ACCEPT" in line.ask("command", argv=["iptables-save"])["stdout"]
    for argv in ([], "iptables", [1], None):
        assert line.ask("command", argv=argv)["kind"] == "BadRequest"
    elsewhere = line.ask("command", argv=["iptables-restore", "rules"], cwd=str(tmp_path / "gone"))
    assert elsewhere["kind"] == "BadRequest" and "No such file" in elsewhere["error"] and os.getcwd() == here
    assert line.ask("command", argv=["ls"])["exit"] != 0


def test_conntrack_events_stream_until_stopped(desk: Desk) -> None:
    line = desk.line()
    assert line.ask("command", argv=["conntrack", "-E", "-e", "NEW"])["ok"]
    desk.world.receive(ipv4(udp(10)))
    assert line.get()["stdout"].startswith("    [NEW] udp      17 30 src=10.0.1.10")
    answer = line.ask("stop")
    assert answer["exit"] == 0 and "1 flow events have been shown" in answer["stderr"]
    assert desk.world.engine.conntrack.table.events.listeners == []
    assert line.ask("stop")["kind"] == "BadRequest"
    other = desk.line()
    other.ask("command", argv=["conntrack", "-E"])
    other.sock.close()
    desk.turn()
    assert desk.world.engine.conntrack.table.events.listeners == []
    assert line.ask("command", argv=["conntrack", "-E", "--nonsense"])["exit"] != 0


def test_events_as_objects(desk: Desk) -> None:
    line = desk.line()
    assert line.ask("events", mask="NEW,DESTROY") == {"ok": True, "streaming": True}
    desk.world.receive(ipv4(udp(10)))
    event = line.get()
    assert (event["event"], event["original"]["dport"]) == ("NEW", 2000)
    desk.line().ask("advance", seconds=31)
    assert line.get()["event"] == "DESTROY"
    assert line.ask("events")["kind"] == "BadRequest"
    assert line.ask("stop")["streaming"] is False
    assert line.ask("events", table="rules")["kind"] == "BadRequest"
    for mask in ("OLD", "NEW,DESTROI", "NEW;DESTROY", ","):
        assert line.ask("events", mask=mask)["kind"] == "BadRequest"
    assert line.ask("events", mask="new, updates")["streaming"]


# Rules that iptables-save, and `save` with it, prints in a way that cannot be read back.
ONE_WAY = """*filter
-A INPUT -m recent --set --name "a b"
-A INPUT -m time --weekdays 8
-A INPUT -p tcp -m comment --comment plain -m tcp --dport 1000:
COMMIT
"""


def test_a_state_goes_to_another_engine(desk: Desk, tmp_path: Path) -> None:
    desk.world.receive(ipv4(udp(10)))
    line = desk.line()
    line.ask("advance", seconds=10)
    assert line.ask("load", text=ONE_WAY)["ok"]
    state = json.loads(json.dumps(line.ask("dump")["state"]))
    folder = tmp_path / "second"
    folder.mkdir()
    second = Desk(folder)
    other = second.line()
    assert other.ask("restore", state=state)["ok"]
    assert other.ask("save", counters=True) == line.ask("save", counters=True)
    before, after = (one.ask("conntrack")["entries"] for one in (line, other))
    assert before == after and before[0]["timeout"] == 20
    saved = other.ask("save", counters=True)
    for bad in (None, [], {}, {"version": 2}, {**state, "rules": "*what\n"}, {**state, "connections": {"x": 1}}):
        answer = other.ask("restore", state=bad)
        assert answer["kind"] == "StateError" and "nothing was restored" in answer["error"], bad
        assert other.ask("save", counters=True) == saved
        assert other.ask("conntrack")["entries"] == after
    second.control.close()


def test_quit(desk: Desk) -> None:
    assert desk.line().ask("quit", keep=True)["ok"]
    assert desk.owner.ended == [True]


# -- those who do not know the protocol

GIBBERISH = [
    b"\n",
    b"hello\n",
    b"[]\n",
    b"null\n",
    b"5\n",
    b'"ping"\n',
    b"{}\n",
    b'{"do": 5}\n',
    b'{"do": "launch"}\n',
    b'{"do": ["ping"]}\n',
    b"\xff\xfe\n",
    b"[" * 100000 + b"\n",
    b'{"do": ' + b"9" * 5000 + b"}\n",
    b'{"do": "ping", "do": "load"}\n',
]


@pytest.mark.parametrize("data", GIBBERISH, ids=range(len(GIBBERISH)))
def test_gibberish_is_answered_and_the_connection_goes_on(desk: Desk, data: bytes) -> None:
    line = desk.line()
    line.put(data)
    if data != b"\n":
        answer = line.get()
        assert not answer["ok"] and answer["kind"] == "BadRequest" and answer["error"]
    assert line.ask("ping")["ok"]
    assert faults(desk) == []


def test_requests_in_pieces_and_many_at_once(desk: Desk) -> None:
    line = desk.line()
    for byte in b'{"do": "pi':
        line.put(bytes((byte,)))
    line.put(b'ng"}\n{"do": "clock"}\n{"do":')
    assert "pid" in line.get() and "now" in line.get()
    line.put(b'"sync"}\n')
    assert "handled" in line.get()


@interpreted
def test_a_request_that_is_too_long_ends_the_connection(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_module, "REQUEST_LIMIT", 1000)
    line = desk.line()
    line.put(b"x" * 2000)
    assert "1000 bytes" in line.get()["error"]
    with pytest.raises((EOFError, ConnectionError)):
        line.ask("ping")
    assert desk.line().ask("ping")["ok"]


@interpreted
def test_who_does_not_read_is_cut_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_module, "UNREAD_LIMIT", 1 << 16)
    desk.world.receive(*[ipv4(udp(10), id=number) for number in range(1000)])
    line = desk.line()
    line.put(b'{"do": "trace"}\n' * 20)
    assert len(desk.control.peers) == 0
    assert desk.line().ask("ping")["ok"]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_request_is_a_fault(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    values = st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=2)
    )
    words = [
        "text",
        "family",
        "name",
        "counters",
        "argv",
        "stdin",
        "seconds",
        "since",
        "table",
        "mask",
        "state",
        "value",
    ]
    verb = data.draw(st.sampled_from(sorted(set(VERBS) - {"quit"})))
    fields = data.draw(st.dictionaries(st.sampled_from(words), values, max_size=4))
    desk = Desk(tmp_path_factory.mktemp("control"))
    answer = desk.line().ask(verb, **fields)
    assert isinstance(answer["ok"], bool)
    assert faults(desk) == []
    desk.control.close()
