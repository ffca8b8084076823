"""Names of connection labels, and what conntrack -I -U -L -D do with them. Measured with conntrack 1.4.7."""

from __future__ import annotations

from pathlib import Path

import pytest
from conntrack_world import World

from engine.conntrack.tool import Stream, asks_for_events, run
from engine.core.labels import parse_labels, read_labels
from engine.core.names import NAMES
from engine.language.commands import run as iptables
from engine.language.store import RulesetStore

FLOW = "-p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2"
LABELS = {"zero": 0, "one": 1, "x": 64, "y": 95, "z": 96, "last": 127, "beyond": 128}


class Session:
    def __init__(self, users: int = 1, labels: dict[str, int] | None = LABELS) -> None:
        self.world = World()
        self.world.shared.label_users = users
        self.labels = labels

    def __call__(self, line: str) -> tuple[int, str, str]:
        world = self.world
        return run(["conntrack", *line.split()], "", world.conntrack, world.now, labels=self.labels)

    def shown(self) -> str:
        """The labels of the one entry as -L shows them."""
        return self("-L -o labels")[1].partition("labels=")[2].strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 a\n", {"a": 5}),
        ("5 a", {"a": 5}),
        (" 0x5\ta b-c \r\n", {"a b-c": 5}),
        ("010 a\n", {"a": 8}),
        ("5 a\n5 b\n6 a\n", {"a": 5}),
        ("5 a_b\n6 a.b\n7 a,b\n8 a\tb\n9 é\n10 a # b\n", {}),
        ("1023 a\n1024 b\n-1 c\n", {"a": 1023}),
        ("5\n5 \n5x a\nx 5\n# 5 a\n", {}),
        ("", {}),
    ],
)
def test_lines_of_the_file(text: str, expected: dict[str, int]) -> None:
    assert parse_labels(text) == expected


def test_no_file_is_not_an_empty_one(tmp_path: Path) -> None:
    assert read_labels(str(tmp_path / "none")) is None
    assert read_labels(str(tmp_path)) == {}
    (tmp_path / "file").write_text("1 one\n")
    assert read_labels(str(tmp_path / "file")) == {"one": 1}


def test_only_entries_made_while_a_rule_wants_labels_have_room() -> None:
    session = Session(users=0)
    assert session(f"-I {FLOW} -t 100 --label-add one")[0] == 0
    assert session.shown() == ""
    code, _out, err = session("-U -f ipv4 --label-add one -m 7")
    assert (code, err.splitlines()[0]) == (0, "Operation failed: No space left on device")
    assert "mark=7 " in session("-L")[1]  # set before the kernel came to the labels


@pytest.mark.parametrize(
    ("removed", "left"),
    [
        ("zero", "one,x,y"), ("zero,x", "one,y"), ("last", ""), ("z", ""), ("beyond", "zero,one,x,y"), ("", ""),
        ("zero,beyond", "one,x,y"),
    ],
)  # fmt: skip
def test_a_label_in_the_last_word_takes_all_with_it(removed: str, left: str) -> None:
    session = Session()
    assert session(f"-I {FLOW} -t 100 --label-add zero,one,x,y")[0] == 0
    code, _out, err = session(f"-U -f ipv4 --label-del {removed}")
    assert (code, session.shown()) == (0, left), err
    if not left:
        assert session("-U -f ipv4 --label-del one")[0] == 1  # nothing to change


def test_a_number_beyond_the_room() -> None:
    session = Session()
    too_long = "Operation failed: Numerical result out of range\n"
    refusal = "conntrack v1.4.7 (conntrack-tools): " + too_long
    assert session(f"-I {FLOW} -t 100 --label-add one,beyond") == (1, "", refusal)
    session(f"-I {FLOW} -t 100")
    assert session("-U -f ipv4 --label-add beyond -m 3") == (1, "", too_long + refusal)
    session("-U -f ipv4 --label-add one")
    assert session("-U -f ipv4 --label-add zero,beyond")[0] == 0  # the tool has cut it off
    assert session.shown() == "zero,one"


def test_filters_show_the_names_too() -> None:
    session = Session()
    session(f"-I {FLOW} -t 100 --label-add one,last")
    assert session("-L -l one")[1].endswith(" labels=one,last\n")
    assert "<mark>0</mark><labels><label>one</label><label>last</label></labels><use>" in session("-L -l one -o xml")[1]
    assert session("-L -l one,zero")[1] == ""
    assert session("-L")[1].endswith(" use=1\n")
    assert session("-L -l nosuch")[2].startswith("conntrack v1.4.7 (conntrack-tools): unknown label 'nosuch'\n")


@pytest.mark.parametrize(("labels", "reason"), [(None, "No such file or directory"), ({}, "Success")])
def test_without_names(labels: dict[str, int] | None, reason: str) -> None:
    assert Session(labels=labels)("-L -o labels")[2].startswith(f"nfct_labelmap_new: {reason}\n")


def test_the_event_of_a_new_entry_has_its_labels() -> None:
    session = Session()
    heard: list[str] = []
    stream = Stream(["conntrack", "-E", "-o", "labels"], session.world.conntrack, 0.0, heard.append, LABELS)
    session(f"-I {FLOW} -t 100 --label-add one")
    session("-U -f ipv4 --label-add zero")
    stream.close()
    assert [line.split("labels=")[1].split()[0] for line in heard] == ["one", "zero,one"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("-E", True), ("--event", True), ("--ev", False), ("-E expect", True),
     ("-L", False), ("-L -E", False), ("-R -E", False),
     ("-p tcp -E", True), ("-s -E", False)],
)  # fmt: skip
def test_which_commands_stream(line: str, expected: bool) -> None:
    assert asks_for_events(["conntrack", *line.split()]) is expected


@pytest.mark.parametrize(
    ("label", "saved", "listed"),
    [("foo", '"foo"', "'foo'"), ("1", '"foo"', "'foo'"), ("two words", '"two words"', "'two words'"),
     ("11", '"11"', "11"), ("10", '"11"', "'11'"), ("0x9", '"9"', "9")],
)  # fmt: skip
def test_rules_with_names(label: str, saved: str, listed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number is a number even where it is a name too; -L puts names in quotes and -L -n shows numbers."""
    (tmp_path / "xtables").mkdir()
    (tmp_path / "xtables" / "connlabel.conf").write_text("1 foo\n3 two words\n10 11\n")
    monkeypatch.setattr(NAMES, "root", str(tmp_path))
    store = RulesetStore()
    done = iptables(["iptables", "-A", "FORWARD", "-m", "connlabel", "--label", label], "", store)
    assert done.exit == 0, done.stderr
    assert f"-m connlabel --label {saved}\n" in iptables(["iptables", "-S"], "", store).stdout
    assert iptables(["iptables", "-L", "FORWARD"], "", store).stdout.endswith(f" connlabel {listed}\n")
    assert iptables(["iptables", "-nL", "FORWARD"], "", store).stdout.rstrip().split()[-1].isdigit()


def test_a_file_without_names_is_a_problem_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 4, and no advice on the words; with a number nobody asks the file. Measured with iptables 1.8.9."""
    (tmp_path / "xtables").mkdir()
    (tmp_path / "xtables" / "connlabel.conf").write_text("# no name\n")
    monkeypatch.setattr(NAMES, "root", str(tmp_path))
    store = RulesetStore()
    said = "v1.8.9 (legacy): cannot parse /etc/xtables/connlabel.conf: no labels found\n"
    done = iptables(["iptables", "-A", "FORWARD", "-m", "connlabel", "--label", "foo"], "", store)
    assert (done.exit, done.stderr) == (4, f"iptables {said}")
    text = "*filter\n-A FORWARD -m connlabel --label 3\n-A FORWARD -m connlabel --label foo\nCOMMIT\n"
    done = iptables(["iptables-restore"], text, store)
    assert (done.exit, done.stderr) == (4, f"iptables-restore {said}")
    assert iptables(["iptables", "-A", "FORWARD", "-m", "connlabel", "--label", "3"], "", store).exit == 0
