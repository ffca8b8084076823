"""Parts of the lab that need no namespace."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from pathlib import Path

import pytest

from lab import build, channel, engines, nfnetlink, paths, programs, stack, state, whole
from lab.engines import kernel, kernel_log
from lab.errors import LabError
from lab.port import slot_size, slots_of
from lab.services import content


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    whole.write(path, "old")
    (tmp_path / ".state.json.nflab-new").mkdir()
    with pytest.raises(OSError, match=f"Is a directory: '{path}'"):
        whole.write(path, "new")
    assert path.read_text() == "old"
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        whole.write(Path("/dev/full"), "new")


def packet(protocol: int, payload: bytes, tos: int = 0, fragment: int = 0x4000) -> bytes:
    return struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 7, fragment, 63, protocol, 0,
                       socket.inet_aton("10.0.1.10"), socket.inet_aton("10.0.2.10")) + payload  # fmt: skip


def report(data: bytes, **more: bytes) -> dict[int, bytes]:
    found = {kernel_log.PREFIX: b"fwd: \0", kernel_log.INDEV: struct.pack("!I", 2), kernel_log.PAYLOAD: data,
             kernel_log.HARDWARE: bytes.fromhex("0200000100010200000200010800")}  # fmt: skip
    return found | {getattr(kernel_log, name): value for name, value in more.items()}


HEAD = "fwd: IN=lan OUT= MAC=02:00:00:01:00:01:02:00:00:02:00:01:08:00 SRC=10.0.1.10 DST=10.0.2.10 "
LINES = {
    "udp": (packet(17, struct.pack("!HHHH", 1, 2, 9, 0) + b"x"),
            "LEN=29 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=UDP SPT=1 DPT=2 LEN=9"),
    "tcp": (packet(6, struct.pack("!HHIIBBHHH", 1, 2, 3, 4, 0x50, 0x12, 8192, 0, 0), tos=0xB8),
            "LEN=40 TOS=0x18 PREC=0xA0 TTL=63 ID=7 DF PROTO=TCP SPT=1 DPT=2 WINDOW=8192 RES=0x00 ACK SYN URGP=0"),
    "ping": (packet(1, struct.pack("!BBHHH", 8, 0, 0, 5, 6)),
             "LEN=28 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=ICMP TYPE=8 CODE=0 ID=5 SEQ=6"),
    "fragment": (packet(17, b"12345678", fragment=0x2003),
                 "LEN=28 TOS=0x00 PREC=0x00 TTL=63 ID=7 MF FRAG:3 PROTO=UDP"),
    "short": (packet(6, b"1234"), "LEN=24 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=TCP INCOMPLETE [4 bytes]"),
    "other": (packet(89, b""), "LEN=20 TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=89"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_lines_of_nflog(name: str) -> None:
    data, words = LINES[name]
    assert kernel_log.line(report(data), {2: "lan"}) == HEAD + words


def test_line_of_an_icmp_error_holds_the_packet_it_is_about() -> None:
    inner = packet(17, struct.pack("!HHHH", 1, 2, 9, 0))
    line = kernel_log.line(report(packet(1, struct.pack("!BBHI", 3, 1, 0, 0) + inner)), {2: "lan"})
    assert "PROTO=ICMP TYPE=3 CODE=1 [SRC=10.0.1.10 DST=10.0.2.10 LEN=28" in line
    assert line.endswith("PROTO=UDP SPT=1 DPT=2 LEN=9 ]")


def test_line_with_mark_and_owner() -> None:
    line = kernel_log.line(report(b"", MARK=struct.pack("!I", 255), UID=struct.pack("!I", 0)), {2: "lan"})
    assert line.endswith("TRUNCATED UID=0 MARK=0xff")


def test_groups_of_a_ruleset() -> None:
    rules = "-A FORWARD -j NFLOG --nflog-group 7 --nflog-prefix x\n-A INPUT -j NFLOG --nflog-group  30"
    assert kernel_log.GROUP.findall(rules) == ["7", "30"]


def test_attributes_come_back() -> None:
    data = nfnetlink.attribute(1, b"abc") + nfnetlink.attribute(0x8000 | 2, b"") + nfnetlink.attribute(3, b"12345678")
    assert list(nfnetlink.attributes(data)) == [(1, b"abc"), (2, b""), (3, b"12345678")]
    assert list(nfnetlink.attributes(b"\1\0\0\0junk")) == [], "a length that cannot be ends the list"


def test_names_of_sysctls() -> None:
    assert build.sysctl_path("net.ipv4.ip_forward") == "/proc/sys/net/ipv4/ip_forward"
    assert build.sysctl_path("net.ipv4.conf.eth0/1.rp_filter") == "/proc/sys/net/ipv4/conf/eth0.1/rp_filter"


def test_slots_hold_a_frame_of_the_mtu() -> None:
    assert (slot_size(1500), slot_size(1800), slot_size(9000), slot_size(65535)) == (2048, 4096, 16384, 131072)
    assert slots_of(7) > slots_of(100)


def test_one_commit_is_loaded_whole_or_not_at_all() -> None:
    assert kernel._is_one_commit("# x\n*filter\n-A INPUT -j ACCEPT\nCOMMIT\n\n# y\n")
    assert not kernel._is_one_commit("*filter\nCOMMIT\n*nat\nCOMMIT\n")
    assert not kernel._is_one_commit("*filter\nCOMMIT\n-A INPUT -j ACCEPT\n")
    assert kernel.tables_named("*filter\n  *nat\n-A x -m comment --comment '*raw'\n") == ["filter", "nat"]


def test_emptying_names_every_built_in_chain() -> None:
    assert kernel.empty_tables(["raw", "unknown"]) == (
        "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n")  # fmt: skip


def test_unknown_engine() -> None:
    with pytest.raises(LabError, match="did you mean 'kernel-nft'"):
        engines.find("kernel_nft")
    assert engines.names()[:3] == ["userspace", "kernel-legacy", "kernel-nft"]


def test_manners_of_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "tool", lambda family: "restore" if family == "ipv4" else "")
    ((argv, text),) = stack.commands("silent")
    assert argv == ["restore"] and "-p icmp -j ACCEPT" in text and "{" not in text


def test_path_begins_with_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/opt/x")
    folders = programs.search_path("/first").split(":")
    assert folders[:3] == ["/first", "/usr/bin", "/opt/x"]
    assert "/usr/sbin" in folders and len(folders) == len(set(folders))


def test_a_process_is_known_by_its_start_time() -> None:
    assert state.start_time(os.getpid()) > 0
    assert state.start_time(2**22 + 1) == 0


def test_messages_carry_files_and_end_cleanly() -> None:
    left, right = channel.pair()
    fd = channel.in_memory("text")
    channel.send(left, {"do": "x", "long": "y" * 200_000}, (fd, fd))
    os.close(fd)
    message, files = channel.receive(right)
    assert message["do"] == "x" and len(message["long"]) == 200_000
    assert [channel.read_all(each) for each in files] == ["text", "text"]
    assert [os.get_inheritable(each) for each in files] == [False, False]
    for each in files:
        os.close(each)
    left.close()
    with pytest.raises(channel.Closed):
        channel.receive(right)
    with pytest.raises(channel.Closed):
        channel.send(right, {})
    right.close()


def test_a_started_python_finds_the_project() -> None:
    assert paths.python_path({"PYTHONPATH": "/x"}).split(os.pathsep) == [str(paths.PACKAGE_ROOT), "/x"]
    assert paths.python_path({}) == str(paths.PACKAGE_ROOT)


def test_content_can_be_checked_wherever_it_arrives() -> None:
    assert len(content.content(200_001)) == 200_001
    assert content.content(65536)[:8] == bytes(8) and content.content(65544)[-8:] == (1).to_bytes(8, "big")
    assert content.content(0) == b""


def test_variables_while_another_thread_changes_them() -> None:
    """A scenario that is played ahead opens its lab while pytest names the test that is on."""
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            os.environ["NFLAB_TEST_COMES_AND_GOES"] = "x"
            os.environ.pop("NFLAB_TEST_COMES_AND_GOES", None)

    thread = threading.Thread(target=change)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        for _time in range(3000):
            assert paths.variables()["PATH"] == os.environ["PATH"]
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
