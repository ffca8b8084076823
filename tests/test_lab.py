"""A running lab through its Python interface, the same on every engine."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Lab, LabError, RulesetError, Unsupported, engines
from lab.engines import proc_line
from lab.engines.base import Adapter
from lab.node import Node
from lab.port import complete_checksum, put_tag_back
from tests.lab_support import checksum, ethernet, needs_engine, seen, tcp, udp, why_no_lab

pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")

ENGINES = ("kernel-legacy", "kernel-nft", "userspace")
SHORT = """
links: { net: 192.0.2.0/24 }
nodes:
  firewall: { runs: engine, net: 192.0.2.1, rules: r.v4, conntrack_timeouts: { udp_timeout: 5 } }
"""
FORWARD_NOTHING = "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"


@pytest.fixture(scope="module", params=ENGINES)
def opened(request: pytest.FixtureRequest) -> Iterator[Lab]:
    needs_engine(request.param)
    with Lab.open("three-legged", engine=request.param) as lab:
        yield lab


@pytest.fixture
def lab(opened: Lab) -> Lab:
    opened.reset()
    return opened


# --- packets ----------------------------------------------------------------------------------------------------------


def test_a_packet_is_forwarded_while_it_is_sent(lab: Lab) -> None:
    client, web = lab["client"].port("lan"), lab["web"].port("dmz")
    packet = udp("10.0.1.10", 40000, "10.0.2.10", 9)
    for _count in range(100):
        client.send(ethernet(lab, "client", "lan", packet))
    lab.settle()
    captured = web.captured()
    assert len(captured) == 100
    assert all(capture.frame[14:22] == packet[:8] and capture.frame[22] == 63 for capture in captured)
    assert [capture.time for capture in captured] == sorted(capture.time for capture in captured)
    assert web.received() == []
    assert client.received() == [], "one's own frames are not seen"


def test_nothing_moves_on_a_new_lab(lab: Lab) -> None:
    with Lab.open("bridged", engine=lab["firewall"].engine) as fresh:
        ports = [node.port(device) for node in fresh for device in node.devices]
        assert not any(port.wait(0.0) for port in ports)
        fresh["client"].run(["sh", "-c", "for i in 1 2 3; do sleep 0.5; done"])
        assert [port for port in ports if port.received()] == []


def test_closed_ports_are_silent_open_ones_answer(lab: Lab) -> None:
    client, web = lab["client"].port("lan"), lab["web"].port("dmz")
    for port, protocol in ((9999, "tcp"), (80, "tcp"), (9998, "udp")):
        packet = (tcp("10.0.1.10", 1000, "10.0.2.10", port, 2) if protocol == "tcp"
                  else udp("10.0.1.10", 1000, "10.0.2.10", port))  # fmt: skip
        client.send(ethernet(lab, "client", "lan", packet))
        assert len(seen(lab, "web", "dmz")) == 1
        assert len(seen(lab, "client", "lan")) == (port == 80)
    lab["web"].stack = "deaf"
    client.send(ethernet(lab, "client", "lan", tcp("10.0.1.10", 1001, "10.0.2.10", 80, 2)))
    assert (len(seen(lab, "web", "dmz")), seen(lab, "client", "lan")) == (1, [])
    lab["web"].stack = "refuse"
    client.send(ethernet(lab, "client", "lan", tcp("10.0.1.10", 1002, "10.0.2.10", 9999, 2)))
    (answer,) = seen(lab, "client", "lan")
    assert answer[33] & 4, "a reset"
    lab.reset()
    assert lab["web"].stack == "silent"
    assert web.received() == []


def test_an_address_can_be_claimed(lab: Lab) -> None:
    lab["web"].claim("10.0.2.99")
    port = lab["client"].port("lan")
    port.send(ethernet(lab, "client", "lan", udp("10.0.1.10", 1, "10.0.2.99", 2)))
    assert len(seen(lab, "web", "dmz")) == 1


def test_large_frames_are_cut_and_checksums_are_complete(lab: Lab) -> None:
    client = lab["client"].port("lan")
    packet = tcp("10.0.1.10", 1000, "10.0.2.10", 9999, 0x18, bytes(20000))
    # As hardware is given it: only the pseudo-header is summed.
    segment = packet[20:]
    pseudo = packet[12:20] + struct.pack("!BBH", 0, 6, len(segment))
    partial = ~checksum(pseudo) & 0xFFFF
    client.send(ethernet(lab, "client", "lan", packet[:36] + partial.to_bytes(2, "big") + packet[38:]), segment=1400)
    lab.settle()
    captured = lab["web"].port("dmz").captured()
    assert sum(len(capture.frame) - 54 for capture in captured) == 20000
    for capture in captured:
        received = capture.frame[14:]
        pseudo = received[12:20] + struct.pack("!BBH", 0, 6, len(received) - 20)
        assert checksum(pseudo + received[20:]) == 0


def test_a_vlan_tag_is_put_back() -> None:
    frame = bytes(12) + b"\x08\x00" + b"payload"
    assert put_tag_back(frame, 5, 0x8100) == bytes(12) + b"\x81\x00\x00\x05\x08\x00payload"


def test_completing_a_checksum() -> None:
    packet = udp("10.0.1.10", 1, "10.0.2.10", 2, b"odd")
    pseudo = packet[12:20] + struct.pack("!BBH", 0, 17, len(packet) - 20)
    partial = (~checksum(pseudo) & 0xFFFF).to_bytes(2, "big")
    assert complete_checksum(packet[:26] + partial + packet[28:], 20, 6) == packet


# --- programs ---------------------------------------------------------------------------------------------------------


def test_run(lab: Lab) -> None:
    client = lab["client"]
    finished = client.run(["sh", "-c", "cat; echo err >&2; exit 3"], input="given")
    assert (finished.returncode, finished.stdout, finished.stderr) == (3, "given", "err\n")
    assert client.run(["sh", "-c", "kill -9 $$"]).returncode == -9
    with pytest.raises(subprocess.CalledProcessError):
        client.run(["false"], check=True)
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        client.run(["no-such-program"])
    with pytest.raises(subprocess.TimeoutExpired):
        client.run(["sleep", "100"], timeout=0.05)
    with pytest.raises(TypeError, match="list of words"):
        client.run("ls")
    assert client.run(["hostname"]).stdout == "three-legged\n"
    assert len(client.run(["head", "-c", "3000000", "/dev/zero"]).stdout) == 3_000_000


@pytest.mark.parametrize(
    "words", [[], [""], ["echo", "a\0b"], ["echo", "\ud800"], ["echo", "x" * 2_000_000], ["/"], ["echo"] * 500_000]
)
def test_a_program_that_cannot_be_started_does_no_harm(lab: Lab, words: list[str]) -> None:
    with pytest.raises((LabError, OSError)):
        lab["client"].run(words)
    with pytest.raises((LabError, OSError)):
        lab["client"].run(["true"], env={"A": "\0"})
    assert lab["client"].run(["echo", "alive"]).stdout == "alive\n"


def test_run_leaves_no_files_open(lab: Lab) -> None:
    before = len(os.listdir("/proc/self/fd"))
    inside = lab["client"].run(["ls", "/proc/1/fd"]).stdout.count("\n")
    for _count in range(50):
        lab["client"].run(["true"])
    assert len(os.listdir("/proc/self/fd")) <= before
    # The holder is at work while `ls` looks, so a few come and go.
    assert lab["client"].run(["ls", "/proc/1/fd"]).stdout.count("\n") < inside + 12


def test_reset_ends_programs_and_undoes_sysctls(lab: Lab) -> None:
    client = lab["client"]
    started = client.start(["sleep", "1000"])
    assert client.sysctl("net.ipv4.tcp_fin_timeout", 7) == "7"
    lab.reset()
    assert started.poll() == -9
    assert client.sysctl("net.ipv4.tcp_fin_timeout") == "60"
    with pytest.raises(OSError, match="no such sysctl"):
        client.sysctl("net.ipv4.nonsense", 1)
    for name in ("vm.swappiness", "kernel/hostname", "net.//.vm.swappiness"):
        with pytest.raises(PermissionError, match="to the whole machine"):
            client.sysctl(name)


def test_servers_serve_and_say_so(lab: Lab) -> None:
    code = "import socket; s = socket.create_connection(('10.0.2.10', 7), 5); s.sendall(b'hello'); print(s.recv(9))"
    finished = lab["client"].run(["python3", "-c", code], timeout=20)
    assert finished.stdout == "b'hello'\n", finished.stderr
    for _try in range(1000):
        transfers = lab["web"].transfers()
        if transfers:
            break
        lab["client"].run(["true"])
    assert [(each["service"], each["peer"], each["bytes"]) for each in transfers] == [("tcp-echo", "10.0.1.10", 5)]
    lab.reset()
    assert lab["web"].transfers() == []


def test_reset_ends_connections(lab: Lab) -> None:
    code = "import socket, sys; s = socket.create_connection(('10.0.2.10', 7), 5); print('up', flush=True); s.recv(9)"
    reader, writer = os.pipe()
    lab["client"].start(["python3", "-c", code], stdout=writer)
    os.close(writer)
    with os.fdopen(reader) as lines:
        assert lines.readline() == "up\n"
    lab.reset()
    for node in ("client", "web"):
        assert lab[node].run(["ss", "-Htan", "state", "connected"]).stdout == ""
    assert [(port, frame.hex()) for node in lab for port in node.ports for frame in port.received()] == []


def test_reset_gives_up_asking_for_neighbours(lab: Lab) -> None:
    """The errors for packets that wait for an answer would come three seconds later."""
    client = lab["client"]
    states = "ip -o neigh show | awk '{print $NF}' | sort -u"
    code = "import socket; socket.socket(socket.AF_INET{0}, socket.SOCK_DGRAM).sendto(b'x', ('{1}', 9))"
    for six, address in (("", "10.0.1.99"), ("6", "2001:db8:1::99")):
        client.run(["python3", "-c", code.format(six, address)], check=True)
    assert client.run(["sh", "-c", states]).stdout == "INCOMPLETE\nPERMANENT\n"
    lab.reset()
    assert client.run(["sh", "-c", states]).stdout == "PERMANENT\n"


def test_nodes_know_each_other_by_name(lab: Lab) -> None:
    assert lab["client"].run(["getent", "ahostsv4", "server"]).stdout.split()[0] == "198.51.100.10"


def test_errors_name_what_there_is(lab: Lab) -> None:
    with pytest.raises(LabError, match="'clint' is not a node of three-legged\n  hint: did you mean 'client'"):
        lab["clint"]
    with pytest.raises(LabError, match="no interface 'eth0'\n  hint: Interfaces are: dmz, lan, wan"):
        lab["firewall"].port("eth0")
    with pytest.raises(LabError, match="more than one interface"):
        lab["firewall"].port()
    with pytest.raises(LabError, match="did you mean 'userspace'"):
        Lab.open("host", engine="userspce")


# --- the firewall -----------------------------------------------------------------------------------------------------


def test_load_replaces_everything_or_nothing(lab: Lab) -> None:
    firewall = lab["firewall"]
    firewall.load("*filter\n-A FORWARD -j DROP\nCOMMIT\n*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    firewall.load(FORWARD_NOTHING)
    saved = firewall.save()
    assert ":FORWARD DROP [0:0]" in saved and "MASQUERADE" not in saved and "-A" not in saved
    with pytest.raises(RulesetError, match=r"no-such-match|line"):
        firewall.load("*raw\n-A PREROUTING -j DROP\nCOMMIT\n*filter\n-A FORWARD -m no-such-match\nCOMMIT\n")
    after = firewall.save()
    assert ":FORWARD DROP [0:0]" in after and "-A" not in after
    with pytest.raises(RulesetError):
        firewall.load("*filter\n-A FORWARD -j MASQUERADE\nCOMMIT\n")
    assert firewall.save() == after
    firewall.load("*filter\n-A FORWARD -j ACCEPT\nCOMMIT\n", family="ipv6")
    assert "-A FORWARD -j ACCEPT" in firewall.save(family="ipv6")
    assert firewall.save() == after
    firewall.flush()
    assert "DROP" not in firewall.save() and "-A" not in firewall.save(family="ipv6")


def test_counters(lab: Lab) -> None:
    firewall, client = lab["firewall"], lab["client"].port("lan")
    firewall.load("*filter\n-A FORWARD -p udp -j DROP\nCOMMIT\n")
    client.send(ethernet(lab, "client", "lan", udp("10.0.1.10", 1, "10.0.2.10", 2)))
    assert seen(lab, "web", "dmz") == []
    assert "[1:29] -A FORWARD -p udp -j DROP" in firewall.save(counters=True)
    firewall.zero()
    assert "[0:0] -A FORWARD -p udp -j DROP" in firewall.save(counters=True)


def test_conntrack(lab: Lab) -> None:
    firewall, client = lab["firewall"], lab["client"].port("lan")
    firewall.load("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    client.send(ethernet(lab, "client", "lan", udp("10.0.1.10", 40000, "198.51.100.10", 53)))
    assert len(seen(lab, "server", "wan")) == 1
    (entry,) = firewall.conntrack()
    assert (entry.protocol, entry.state, entry.flags) == ("udp", "", ("UNREPLIED",))
    assert (entry.original.src, entry.original.dport, entry.reply.dst) == ("10.0.1.10", 53, "198.51.100.1")
    assert 28 <= entry.timeout <= 30
    assert str(entry).startswith("ipv4     2 udp      17 ")
    firewall.flush_conntrack()
    assert firewall.conntrack() == []


def test_only_so_many_connections_are_added(lab: Lab) -> None:
    firewall = lab["firewall"]
    for count in (-1, (1 << 28) + 1):
        with pytest.raises(LabError, match=f"firewall: {count} connections cannot be added"):
            firewall.add_connections(count)
    firewall.add_connections(0)
    assert firewall.conntrack() == []
    firewall.add_connections(2)
    assert sorted(entry.original.src for entry in firewall.conntrack()) == ["240.0.0.0", "240.0.0.1"]


def test_the_clock_is_the_engines(lab: Lab) -> None:
    if lab["firewall"].engine == "userspace":
        before = lab["firewall"].clock.now()
        assert lab["firewall"].clock.advance(432000) == before + 432000 == lab["firewall"].clock.now()
        return
    with pytest.raises(Unsupported, match="clock cannot be advanced"):
        lab["firewall"].clock.advance(5)


def test_the_nodes_iptables_is_the_engines(lab: Lab) -> None:
    firewall = lab["firewall"]
    assert firewall.run(["iptables", "-A", "FORWARD", "-j", "DROP"]).returncode == 0
    assert "-A FORWARD -j DROP" in firewall.save()
    variant = "nf_tables" if firewall.engine == "kernel-nft" else "legacy"
    assert variant in firewall.run(["iptables", "--version"]).stdout


def test_conntrack_timeouts_of_the_topology(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(SHORT)
    (file.parent / "r.v4").write_text(FORWARD_NOTHING)
    with Lab.open(file, engine=lab["firewall"].engine) as short:
        assert short.firewall.sysctl("net.netfilter.nf_conntrack_udp_timeout") == "5"
        assert ":FORWARD DROP" in short.firewall.save()
        short.firewall.flush()
        short.reset()
        assert ":FORWARD DROP" in short.firewall.save(), "reset brings back the rules of the topology"


# --- the machine is left alone ----------------------------------------------------------------------------------------


def test_wrong_arguments_are_told(lab: Lab) -> None:
    firewall = lab["firewall"]
    before = firewall.save()
    with pytest.raises(TypeError, match="rules are text, not NoneType"):
        firewall.load(None)  # type: ignore[arg-type]
    for wrong in (lambda: firewall.load("", family="ipv7"), lambda: firewall.save(family="ipv7"),
                  lambda: firewall.zero("ipv7")):  # fmt: skip
        with pytest.raises(LabError, match="'ipv7' is not a family\n  hint: did you mean"):
            wrong()
    with pytest.raises(LabError, match="'natt' is not a table\n  hint: did you mean 'nat'"):
        firewall.save(table="natt")
    with pytest.raises(LabError, match="'virtul' is not a clock\n  hint: did you mean 'virtual'"):
        Lab.open("host", clock="virtul")
    with pytest.raises(FileNotFoundError, match="/nowhere"):
        lab["client"].run(["true"], cwd="/nowhere")
    assert firewall.save() == before


def test_a_program_starts_though_the_working_directory_is_gone(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert lab["client"].run(["pwd"]).stdout == "/\n"
    assert lab["client"].run(["pwd"], cwd="/etc").stdout == "/etc\n"


def test_a_closed_lab_says_so_and_has_no_file_open(lab: Lab) -> None:
    """A socket that is left open would keep the network namespace in which it was opened."""
    before = sorted(os.listdir("/proc/self/fd"))
    with Lab.open("host", engine=lab["firewall"].engine) as closed:
        firewall, port = closed["firewall"], closed["client"].port()
        closed["client"].start(["sleep", "60"])
        closed.reset()
        closed["client"].start(["sleep", "60"])
        firewall.load(FORWARD_NOTHING)
        assert firewall.conntrack() == firewall.expectations() == []
    assert sorted(os.listdir("/proc/self/fd")) == before
    for late in (
        *(closed.settle, closed.reset, firewall.save, firewall.conntrack, firewall.flush, port.received),
        *(lambda: firewall.load(""), lambda: closed["client"].run(["true"]), lambda: port.send(b"x" * 60)),
    ):
        with pytest.raises(LabError):
            late()
    closed.close()


def test_rules_of_the_topology(lab: Lab, tmp_path: Path) -> None:
    """They are bytes, as to iptables-restore: in comments stands anything, and a refusal names the file."""
    engine, rules = lab["firewall"].engine, tmp_path / "r.v4"
    (tmp_path / "short.yaml").write_text(SHORT)
    rules.write_bytes(b'*filter\n-A INPUT -m comment --comment "gr\xfcn" -j DROP\nCOMMIT\n')
    with Lab.open(tmp_path / "short.yaml", engine=engine) as short:
        saved = short["firewall"].save()
        assert '--comment "gr\udcfcn"' in saved
        short["firewall"].load(saved)
        assert short["firewall"].save() == saved
        listed = short["firewall"].run(["iptables", "-S", "INPUT"], errors="backslashreplace").stdout
        assert '"gr\\xfcn"' in listed
    for refused in (b"*filter\n-A INPUT --frob\nCOMMIT\n", b"*filter\r\nCOMMIT\r\n"):
        rules.write_bytes(refused)
        with pytest.raises(RulesetError, match=rf"^{tmp_path}/r\.v4:"):
            Lab.open(tmp_path / "short.yaml", engine=engine)


def test_nothing_outside_is_touched(lab: Lab) -> None:
    def outside() -> tuple[str, ...]:
        words = (["ip", "link"], ["ip", "-6", "addr"], ["ip", "rule"], ["ip", "netns"], ["cat", "/proc/self/mounts"])
        return tuple(subprocess.run(each, capture_output=True, text=True, check=False).stdout for each in words)

    before = outside()
    with Lab.open("dual-uplink", engine=lab["firewall"].engine) as other:
        other.firewall.load(FORWARD_NOTHING)
        assert outside() == before
    assert outside() == before


def test_several_labs_do_not_see_each_other(lab: Lab) -> None:
    with Lab.open("three-legged", engine=lab["firewall"].engine) as other:
        other.firewall.load(FORWARD_NOTHING)
        assert ":FORWARD DROP" not in lab["firewall"].save()
        assert other["client"].run(["ps", "-e"]).stdout.count("\n") <= 4, "only what the lab itself runs"
    assert lab.alive
    assert not other.alive
    with pytest.raises(LabError, match="closed"):
        other["client"].run(["true"])


def test_an_engine_can_be_registered() -> None:
    class Nothing(Adapter):
        name = "nothing"

        def start(self, settings: object) -> None:
            raise LabError("this one never starts")

    engines.register("nothing", Nothing)
    try:
        with pytest.raises(ValueError, match="already"):
            engines.register("nothing", Nothing)
        with pytest.raises(LabError, match="never starts"):
            Lab.open("host", engine="nothing")
    finally:
        del engines.ENGINES["nothing"]


def test_a_topology_the_kernel_refuses_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("links: { net: 192.0.2.0/24 }\nnodes:\n  host: { net: 192.0.2.1, sysctls: { net.no.such: 1 } }\n")
    with pytest.raises(LabError, match=r"host: sysctl net.no.such: this kernel does not have it\n  nothing is left"):
        Lab.open(file)


# --- lines of nf_conntrack --------------------------------------------------------------------------------------------


def test_conntrack_lines() -> None:
    line = ("ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.1.10 dst=10.0.2.10 sport=1 dport=2 packets=3 bytes=4 "
            "src=10.0.2.10 dst=10.0.1.10 sport=2 dport=1 packets=3 bytes=4 [ASSURED] mark=5 zone=6 use=2")  # fmt: skip
    entry = proc_line.parse(line)
    assert (entry.protocol, entry.timeout, entry.state, entry.flags) == ("tcp", 431999, "ESTABLISHED", ("ASSURED",))
    assert (entry.mark, entry.zone, str(entry)) == (5, 6, line)
    gre = proc_line.parse("ipv4     2 gre      47 29 timeout=30, stream_timeout=180 src=10.0.1.10 dst=10.0.2.10 "
                          "srckey=0x0 dstkey=0x1 [UNREPLIED] src=10.0.2.10 dst=10.0.1.10 srckey=0x1 dstkey=0x0 mark=0 "
                          "zone=0 use=2")  # fmt: skip
    assert (gre.protocol, gre.timeout, gre.reply.src) == ("gre", 29, "10.0.2.10")
    with pytest.raises(ValueError, match="not a line"):
        proc_line.parse("nonsense")


def test_a_node_is_shown_by_name(lab: Lab) -> None:
    assert [repr(node) for node in lab if isinstance(node, Node)][1] == "<node client>"


def test_a_wire_that_was_down_works_again(lab: Lab) -> None:
    client, port = lab["client"], lab["client"].port("lan")
    frame = ethernet(lab, "client", "lan", udp("10.0.1.10", 1, "10.0.2.10", 9))
    client.run(["ip", "link", "set", "lan", "down"], check=True)
    with pytest.raises(LabError, match=r"client.lan: a frame of 43 bytes was not sent: Network is down"):
        port.send(frame)
    client.run(["ip", "link", "set", "lan", "up"], check=True)
    port.send(frame)
    assert len(seen(lab, "web", "dmz")) == 1


def test_frames_that_found_no_room_are_not_passed_over_in_silence(lab: Lab) -> None:
    frame = ethernet(lab, "client", "lan", udp("10.0.1.10", 1, "10.0.2.10", 9))
    for _round in range(7):
        for _count in range(300):
            lab["client"].port("lan").send(frame)
        lab.settle()
    with pytest.raises(LabError, match=r"web.dmz: \d+ frames were lost: more than 2048 were waiting"):
        lab["web"].port("dmz").received()
    lab["client"].port("lan").send(frame)
    assert len(seen(lab, "web", "dmz")) == 1
