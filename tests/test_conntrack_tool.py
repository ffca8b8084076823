"""The conntrack tool against recordings of conntrack 1.4.7 (data/conntrack_tool.jsonl.gz), command by command.

Entries stand in another order there, ids and times differ, and seconds pass while a program starts: lines are compared
sorted, ids and dates masked, seconds rounded up to tens.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from conntrack_commands import split
from conntrack_wire import CLIENT, CLIENT6, SERVER, SERVER6, icmp, tcp, udp
from conntrack_world import World

from engine.conntrack import Expectation, Policy
from engine.conntrack.tool import Stream, run, split_line
from engine.core.connection import SRC_NAT, SRC_NAT_DONE, Tuple

RECORDED = Path(__file__).parent / "data" / "conntrack_tool.jsonl.gz"

# Where this tool differs on purpose
DIFFERENT = {
    "-L -p sctp --state HEARTBEAT_SENT": "the tool crashes",
    "-L -p sctp --state FOO": "the tool crashes",
    "-I expect -p icmpv6 -s fd00::1 -d fd00::2 -t 50 --tuple-src fd00::1 --tuple-dst fd00::2 --mask-src ffff:: "
    "--mask-dst ffff::": "no type can be given; which of two errors comes first",
}
# -G with half a reply tuple: the tool prints whatever errno was left over ("Success")
HALF_REPLY = re.compile(r"^-G -p \w+ -s \S+ -d \S+ --\w+ \d --\w+ \d --reply-\w+-\w+ \d$")
# Of several updated entries the tool shows every third: it mistakes one answer of the kernel for another


def rounded(match: re.Match[str]) -> str:
    return match.group(1) + str(-(-int(match.group(2)) // 10) * 10)


def comparable(text: str) -> list[str]:
    lines = []
    for line in text.split("\n"):
        line = re.sub(r"^((?:\w+ +\d+ )?\w+ +\d+ )(\d+)\b", rounded, line)
        line = re.sub(r"(-t )(\d+)", rounded, line)
        line = re.sub(r"(<timeout>)(\d+)", rounded, line)
        line = re.sub(r"\bid=\d+(?= |$)", "id=N", line)
        line = re.sub(r"<id>\d+", "<id>N", line)
        line = re.sub(r"\[start=[^]]*\]", "[start]", line)
        line = re.sub(r"<start>-?\d+", "<start>N", line)
        line = re.sub(r"delta-?time[=>]\d+", "delta", line)
        lines.append("cpu" if line.startswith("cpu=") else line)
    return sorted(set(lines))


def recordings() -> list[dict[str, str]]:
    with gzip.open(RECORDED, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[0].startswith("# conntrack v1.4.7")
    return [json.loads(line) for line in lines[1:]]


def test_every_recorded_command() -> None:
    world = World()
    wrong = []
    compared = 0
    for recording in recordings():
        line = recording["line"]
        argv, stdin = split(line)
        world.now += 0.004  # what starting a program takes
        if argv[0] == "sysctl":
            name, _, value = argv[1].partition("=")
            assert world.conntrack.set_sysctl(name, value) == ""
            continue
        code, out, err = run(["conntrack", *argv], stdin, world.conntrack, world.now)
        if line in DIFFERENT or HALF_REPLY.match(line):
            continue
        compared += 1
        if argv[0] == "-U" and int(recording["exit"]) == 0:
            assert err == recording["err"], line
            assert set(comparable(recording["out"])) <= set(comparable(out)), line
            continue
        same = (
            code == int(recording["exit"])
            and comparable(out) == comparable(recording["out"])
            and err == recording["err"]
        )
        if not same:
            wrong.append(f"conntrack {line}: exit {code} not {recording['exit']}\n{err}not\n{recording['err']}")
    assert wrong == []
    assert compared > 3000


# -- what a recording cannot show


@pytest.fixture
def world() -> World:
    made = World()
    made.send(tcp(CLIENT, SERVER, 1000, 80, 100, 0, "S"))
    made.send(tcp(SERVER, CLIENT, 80, 1000, 500, 101, "SA"))
    made.send(tcp(CLIENT, SERVER, 1000, 80, 101, 501, "A"))
    made.send(udp(CLIENT6, SERVER6, 53, 53))
    return made


def tool(world: World, line: str) -> tuple[int, str, str]:
    return run(["conntrack", *line.split()], "", world.conntrack, world.now)


@pytest.mark.parametrize("port", ["²", "9" * 5000])
def test_what_python_cannot_read_as_a_number_is_refused_too(world: World, port: str) -> None:
    assert tool(world, f"-L -n 10.0.2.2:{port}")[0] == 2
    assert tool(world, f"-L -p tcp --sport {port}")[0] == 0  # atoi(3): some number


def test_listing_counts_down(world: World) -> None:
    world.now = 2.5
    code, out, err = tool(world, "-L -p tcp")
    assert code == 0
    assert out == (
        "tcp      6 431997 ESTABLISHED src=10.0.1.5 dst=10.0.2.2 sport=1000 dport=80 "
        "src=10.0.2.2 dst=10.0.1.5 sport=80 dport=1000 [ASSURED] mark=0 use=1\n"
    )
    assert err == "conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n"


def test_what_has_ended_is_neither_listed_nor_counted(world: World) -> None:
    world.now = 30.0
    assert "udp" not in tool(world, "-L")[1]
    assert tool(world, "-C")[1] == "1\n"


def test_zero_sets_counters_back(world: World) -> None:
    world.sysctl("acct", 1)
    world.send(udp(CLIENT, SERVER, 7, 7))
    assert "packets=1 bytes=29 [UNREPLIED]" in tool(world, "-L -z")[1]
    assert "packets=0 bytes=0 [UNREPLIED]" in tool(world, "-L -p udp")[1]


def test_icmp_counts_as_translated_once_nat_has_seen_it(world: World) -> None:
    world.send(icmp(CLIENT, SERVER, 8, 0, 5 << 16 | 1))
    assert "icmp" not in tool(world, "-L -n")[1]
    (entry,) = [entry for entry in world.conntrack.entries() if entry.original.proto == 1]
    entry.status |= SRC_NAT_DONE
    assert "icmp" in tool(world, "-L -n")[1]
    assert "icmp" in tool(world, "-L -j")[1]
    assert "icmp" not in tool(world, "-L -g")[1]


def test_labels(world: World) -> None:
    names = {"web": 1, "mail": 2}
    (entry,) = [entry for entry in world.conntrack.entries() if entry.original.proto == 6]
    entry.has_labels = True
    conntrack = world.conntrack

    def labelled(line: str) -> tuple[int, str, str]:
        return run(["conntrack", *line.split()], "", conntrack, 0.0, labels=names)

    assert labelled("-U -p tcp -s 10.0.1.5 --label-add web,mail")[0] == 0
    assert entry.labels == 0b110
    assert "labels=web,mail" in labelled("-L -o labels")[1]
    assert "<labels><label>web</label><label>mail</label></labels>" in labelled("-L -o xml,labels")[1]
    assert labelled("-L -l web")[1].count("\n") == 1
    assert labelled("-U -p tcp -s 10.0.1.5 --label-del web")[0] == 0
    assert labelled("-L -l web")[1] == ""
    assert labelled("-U -p tcp -s 10.0.1.5 --label-del")[0] == 0
    assert entry.labels == 0
    assert labelled("-L -l other") == (
        2,
        "",
        "conntrack v1.4.7 (conntrack-tools): unknown label 'other'\n"
        "Try `conntrack -h' or 'conntrack --help' for more information.\n",
    )


def expecting(world: World) -> Expectation:
    master = next(entry for entry in world.conntrack.entries() if entry.original.proto == 6)
    master.helper = "ftp"
    key = Tuple(2, 6, SERVER, CLIENT, 0, 50505)
    one = Expectation(master, key, 0xFFFFFFFF, 0, Policy("ftp", 1, 300), helper="")
    assert world.conntrack.expect(one) == 0
    return one


def test_expectations(world: World) -> None:
    expecting(world)
    world.now = 1.5
    assert tool(world, "-L expect") == (
        0,
        "298 proto=6 src=10.0.2.2 dst=10.0.1.5 sport=0 dport=50505 mask-src=255.255.255.255 "
        "mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.1.5 master-dst=10.0.2.2 "
        "sport=1000 dport=80 class=0 helper=ftp\n",
        "conntrack v1.4.7 (conntrack-tools): 1 expectations have been shown.\n",
    )
    assert tool(world, "-L expect -o xml")[1] == (
        '<?xml version="1.0" encoding="utf-8"?>\n<expect>\n'
        '<flow><layer3 protonum="2" protoname="ipv4"><expected><src>10.0.2.2</src><dst>10.0.1.5</dst></expected>'
        "<mask><src>255.255.255.255</src><dst>255.255.255.255</dst></mask><master><src>10.0.1.5</src>"
        '<dst>10.0.2.2</dst></master></layer3><layer4 protonum="6" protoname="tcp"><expected><sport>0</sport>'
        "<dport>50505</dport></expected><mask><sport>0</sport><dport>65535</dport></mask><master>"
        "<sport>1000</sport><dport>80</dport></master></layer4><meta><helper-name>ftp</helper-name>"
        "<timeout>298</timeout><class>0</class></meta></flow>\n</expect>\n"
    )
    assert tool(world, "-C expect")[1] == "1\n"
    assert tool(world, "-L expect -f ipv6")[2].endswith(": 0 expectations have been shown.\n")
    assert tool(world, "-F expect")[2] == ("conntrack v1.4.7 (conntrack-tools): expectation table has been emptied.\n")
    assert tool(world, "-C expect")[1] == "0\n"
    statistics = tool(world, "-S expect")[1]
    assert statistics == "cpu=0   \texpect_new=0 expect_create=1 expect_delete=1 \n"


def test_an_expectation_made_by_hand(world: World) -> None:
    line = (
        "-I expect -s 10.0.1.5 -d 10.0.2.2 -p tcp --sport 1000 --dport 80 --tuple-src 10.0.2.2 --tuple-dst 10.0.1.5 "
        "--tuple-port-src 0 --tuple-port-dst 777 --mask-src 255.255.255.255 --mask-dst 255.255.255.255 "
        "--mask-port-src 0 --mask-port-dst 65535 -t 50"
    )
    assert tool(world, line)[2].endswith("Operation failed: Operation not supported\n")
    next(entry for entry in world.conntrack.entries() if entry.original.proto == 6).helper = "ftp"
    assert tool(world, line) == (0, "", "")
    assert "dport=777" in tool(world, "-L expect")[1]
    assert tool(world, line)[2].endswith("Operation failed: File exists\n")
    assert tool(world, line.replace("--dport 80", "--dport 81").replace("777", "778"))[2].endswith(
        "Operation failed: master conntrack not found\n"
    )


def test_events_as_they_happen(world: World) -> None:
    lines: list[str] = []
    stream = Stream(["conntrack", "-E", "-o", "extended"], world.conntrack, 0.0, lines.append)
    assert stream.exit_code == -1
    world.send(tcp(CLIENT, SERVER, 2000, 80, 100, 0, "S"))
    world.send(tcp(SERVER, CLIENT, 80, 2000, 500, 101, "SA"))
    world.send(tcp(CLIENT, SERVER, 2000, 80, 101, 501, "A"))
    world.send(tcp(CLIENT, SERVER, 2000, 80, 101, 501, "AP", size=5))
    world.send(tcp(SERVER, CLIENT, 80, 2000, 501, 106, "RA"))
    world.now = 11.0
    world.send(udp(CLIENT, SERVER, 9, 9))
    run(["conntrack", "-D", "-p", "udp", "-s", "10.0.1.5"], "", world.conntrack, world.now, portid=77)
    flow = "src=10.0.1.5 dst=10.0.2.2 sport=2000 dport=80"
    back = "src=10.0.2.2 dst=10.0.1.5 sport=80 dport=2000"
    assert lines == [
        f"    [NEW] ipv4     2 tcp      6 120 SYN_SENT {flow} [UNREPLIED] {back}\n",
        f" [UPDATE] ipv4     2 tcp      6 60 SYN_RECV {flow} {back}\n",
        f" [UPDATE] ipv4     2 tcp      6 432000 ESTABLISHED {flow} {back} [ASSURED]\n",
        f" [UPDATE] ipv4     2 tcp      6 10 CLOSE {flow} {back} [ASSURED]\n",
        f"[DESTROY] ipv4     2 tcp      6 CLOSE {flow} {back} [ASSURED]\n",
        "    [NEW] ipv4     2 udp      17 30 src=10.0.1.5 dst=10.0.2.2 sport=9 dport=9 [UNREPLIED] "
        "src=10.0.2.2 dst=10.0.1.5 sport=9 dport=9\n",
        "[DESTROY] ipv4     2 udp      17 30 src=10.0.1.5 dst=10.0.2.2 sport=9 dport=9 [UNREPLIED] "
        "src=10.0.2.2 dst=10.0.1.5 sport=9 dport=9 [USERSPACE] portid=77\n",
    ]
    assert stream.close() == "conntrack v1.4.7 (conntrack-tools): 7 flow events have been shown.\n"
    world.send(udp(CLIENT, SERVER, 10, 10))
    assert len(lines) == 7


@pytest.mark.parametrize(("mode", "count"), [(0, 0), (1, 2), (2, 0)])
def test_which_entries_have_events(mode: int, count: int) -> None:
    """0: none; 1: all; 2: only those made while somebody listens."""
    world = World()
    world.sysctl("events", mode)
    world.send(udp(CLIENT, SERVER, 10, 10))
    lines: list[str] = []
    Stream(["conntrack", "-E"], world.conntrack, 0.0, lines.append)
    world.send(udp(SERVER, CLIENT, 10, 10))
    world.conntrack.flush()
    assert len(lines) == count


def test_event_filters_and_errors(world: World) -> None:
    lines: list[str] = []
    stream = Stream(["conntrack", "-E", "-e", "DESTROY", "-p", "udp"], world.conntrack, 0.0, lines.append)
    world.send(udp(CLIENT, SERVER, 10, 10))
    world.send(tcp(CLIENT, SERVER, 2000, 80, 100, 0, "S"))
    world.conntrack.flush()
    assert [line[:9] for line in lines] == ["[DESTROY]"]
    assert stream.close() != ""
    broken = Stream(["conntrack", "-E", "-e", "BAD"], world.conntrack, 0.0, lines.append)
    assert (broken.exit_code, broken.error.splitlines()[0]) == (
        2,
        "conntrack v1.4.7 (conntrack-tools): Bad parameter `BAD'",
    )
    big = Stream(["conntrack", "-E", "-b", "1000"], world.conntrack, 0.0, lines.append)
    assert big.error == "NOTICE: Netlink socket buffer size has been set to 2000 bytes.\n"


def test_expectation_events(world: World) -> None:
    lines: list[str] = []
    stream = Stream(["conntrack", "-E", "expect"], world.conntrack, 0.0, lines.append)
    for entry in world.conntrack.entries():
        entry.expect_events = -1
    one = expecting(world)
    world.conntrack.unexpect(one)
    assert [line.split()[0] for line in lines] == ["[NEW]", "[DESTROY]"]
    assert stream.close() == "conntrack v1.4.7 (conntrack-tools): 2 expectation events have been shown.\n"


def test_created_snat_is_found_by_its_reply(world: World) -> None:
    line = "-I -p udp -s 10.0.1.5 -d 10.0.2.2 --sport 5 --dport 6 -t 50 -n 9.9.9.9:77"
    assert tool(world, line)[0] == 0
    (entry,) = [entry for entry in world.conntrack.entries() if entry.status & SRC_NAT]
    assert world.send(udp(SERVER, 0x09090909, 6, 77)) == "ESTABLISHED"
    assert entry.reply.dport == 77


ZONES = [
    ("--orig-zone 5", "zone-orig=5"),
    ("--reply-zone 5", "zone-reply=5"),
    ("--zone 5", "zone=5"),
    ("--orig-zone 0 --reply-zone 6", "zone-reply=6"),
    ("--orig-zone 5 --reply-zone 6", ""),
    ("--orig-zone 6 --reply-zone 6", ""),
    ("--zone 6 --orig-zone 6", ""),
]


@pytest.mark.parametrize(("zones", "listed"), ZONES)
def test_zones_of_a_created_entry(zones: str, listed: str) -> None:
    """Measured: the kernel takes one number, for both directions or for one."""
    world = World()
    line = f"-I -p udp -s 10.0.1.5 -d 10.0.2.2 --sport 5 --dport 6 -t 50 {zones}"
    code, _, err = tool(world, line)
    if not listed:
        assert (code, err) == (1, "conntrack v1.4.7 (conntrack-tools): Operation failed: invalid parameters\n")
        return
    assert code == 0
    assert f" {listed} " in tool(world, "-L")[1]
    assert "Such conntrack exists" in tool(world, line)[2]


def test_words_of_a_file_line() -> None:
    assert split_line('-A -p "udp" "a b\\"c"  x') == ["-A", "-p", "udp", 'a b"c', "x"]


def test_changes_do_not_show_when_an_entry_began(world: World) -> None:
    """-o ktimestamp is for -L, -G and -E; how old the entry is, -U and -D show too."""
    world.conntrack.set_sysctl("nf_conntrack_timestamp", "1")
    world.send(udp(CLIENT, SERVER, 7, 7))
    assert "[start=" in tool(world, "-L -p udp --sport 7 -o ktimestamp")[1]
    for line in ("-U -f ipv4 -p udp --sport 7 -m 5 -o ktimestamp", "-D -p udp --sport 7 -o ktimestamp"):
        shown = tool(world, line)[1]
        assert " delta-time=0 use=" in shown
        assert "[st" not in shown


def test_a_file_needs_a_command_in_each_line(world: World) -> None:
    code, out, err = run(["conntrack", "-R", "-"], "-F\nfoo\n", world.conntrack, 0.0)
    assert (code, out) == (2, "")
    assert "Cannot use command `unknown' with --load-file" in err
    assert tool(world, "-C")[1] == "2\n"
