"""Messages of the packet queue as bytes, the queue rules as text, the clocks: no kernel needed."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.context import Arrival
from engine.core.hooks import FORWARD, OUTPUT, POSTROUTING, PREROUTING
from engine.driver import netlink, nfqueue
from engine.driver.clocks import Clock
from engine.driver.environment import parse_address, parse_link, parse_route
from engine.driver.netlink import attribute, attributes, message, messages
from engine.driver.nfqueue import Names, Owners, Queued, Reader, verdict_message
from engine.driver.queue_rules import empty_text, nft_text, queue, restore_text

NAMES = {2: "lan", 3: "wan", 7: "port1"}


def names() -> Names:
    known = Names()
    known.by_index.update(NAMES)
    return known


def packet_message(number: int = 5, hook: int = FORWARD, data: bytes = b"x" * 33, **other: bytes) -> bytearray:
    """An NFQNL_MSG_PACKET as the kernel writes it. other: attributes by their names in nfqueue, in order."""
    body = struct.pack("!BBH", 2, 0, queue(hook))
    body += attribute(nfqueue.PACKET_HDR, struct.pack("!IHB", number, 0x800, hook))
    for name, value in other.items():
        body += attribute(getattr(nfqueue, name), value)
    body += attribute(nfqueue.PAYLOAD, data)
    return bytearray(message(nfqueue.PACKET, 0, body).ljust(4096, b"\0"))


def size_of(buffer: bytearray) -> int:
    return int(struct.unpack_from("=I", buffer)[0])


def read(buffer: bytearray, reader: Reader | None = None) -> Queued:
    found = (reader or Reader(names(), Owners())).read(buffer, size_of(buffer))
    assert found is not None
    return found


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def test_a_message_becomes_an_arrival() -> None:
    hwaddr = struct.pack("!HH", 6, 0) + bytes(range(1, 7)) + bytes(2)
    found = read(
        packet_message(
            INDEV=u32(2), OUTDEV=u32(3), PHYSINDEV=u32(7), MARK=u32(0x12345678), HWADDR=hwaddr, UID=u32(1000),
            GID=u32(100), SKB_INFO=u32(1), PRIORITY=u32(0x10020),
        )
    )  # fmt: skip
    expected = Arrival(
        FORWARD, b"x" * 33, "lan", "wan", 0x12345678, "port1", "", bytes(range(1, 7)), 1000, 100, True, b"", 0x10020
    )
    assert found.arrival == expected
    assert (found.queue, found.kind, found.truncated) == (queue(FORWARD), nfqueue.TO_HOST, False)
    assert struct.pack("=I", found.id) == u32(5)


def test_a_message_that_says_the_same_again_is_read_from_memory_and_means_the_same() -> None:
    reader = Reader(names(), Owners())
    stamp = struct.pack("!QQ", 1, 2)
    first = packet_message(1, INDEV=u32(2), MARK=u32(9), TIMESTAMP=stamp)
    assert read(first, reader).arrival.mark == 9
    assert len(reader.known) == 1
    second = packet_message(2, data=b"y" * 50, INDEV=u32(2), MARK=u32(9), TIMESTAMP=struct.pack("!QQ", 3, 4))
    found = read(second, reader)
    assert (found.arrival.data, found.arrival.indev, found.arrival.mark) == (b"y" * 50, "lan", 9)
    assert len(reader.known) == 1
    for other in (
        packet_message(3, INDEV=u32(3), MARK=u32(9), TIMESTAMP=stamp),
        packet_message(3, INDEV=u32(2), MARK=u32(8), TIMESTAMP=stamp),
        packet_message(3, PREROUTING, INDEV=u32(2), MARK=u32(9), TIMESTAMP=stamp),
        packet_message(3, INDEV=u32(2), TIMESTAMP=stamp),
        packet_message(3, INDEV=u32(2), MARK=u32(9)),
    ):
        assert read(other, reader).arrival == read(other).arrival


def test_a_renamed_interface_is_not_remembered() -> None:
    known = names()
    reader = Reader(known, Owners())
    buffer = packet_message(INDEV=u32(2))
    read(buffer, reader)
    known.learn(2, "renamed")
    assert read(buffer, reader).arrival.indev == "renamed"
    known.forget(2)
    assert read(buffer, reader).arrival.indev != "renamed"


def test_what_was_not_copied_is_zeros() -> None:
    found = read(packet_message(CAP_LEN=u32(100)))
    assert found.truncated and found.arrival.data == b"x" * 33 + bytes(67)


def test_owners_are_told_as_the_user_namespace_numbers_them() -> None:
    owners = Owners("0 1000 1\n1 100000 65536\n", "0 0 4294967295\n")
    assert [owners.uid(number) for number in (1000, 100000, 100005, 5)] == [0, 1, 6, 65534]
    assert owners.gid(77) == 77
    assert Owners().uid(1000) == 1000


@given(st.binary(max_size=200))
def test_crooked_messages_never_raise(data: bytes) -> None:
    buffer = bytearray(message(nfqueue.PACKET, 0, data).ljust(4096, b"\xff"))
    reader = Reader(names(), Owners())
    for end in (size_of(buffer), 4096):
        reader.read(buffer, end)
    attributes(data)
    messages(data)
    parse_link(data)
    parse_address(data)
    parse_route(data)
    netlink.error_of(data)


@given(st.data())
def test_messages_bent_anywhere_never_raise(data: st.DataObject) -> None:
    buffer = packet_message(INDEV=u32(2), HWADDR=bytes(12), MARK=u32(1))
    reader = Reader(names(), Owners())
    read(buffer, reader)
    size = size_of(buffer)
    for _ in range(4):
        buffer[data.draw(st.integers(0, size - 1))] = data.draw(st.integers(0, 255))
    reader.read(buffer, min(size, size_of(buffer)))


@pytest.mark.parametrize("data", [None, b"", b"abc", b"abcd"])
@pytest.mark.parametrize(("mark", "priority"), [(-1, -1), (0, -1), (0xFFFFFFFF, 7)])
def test_a_verdict_as_bytes(data: bytes | None, mark: int, priority: int) -> None:
    queued = Queued(struct.unpack("=I", u32(0x01020304))[0], 48, Arrival(FORWARD, b""), False)
    text = verdict_message(queued, True, data, mark, priority)
    length, kind, flags, _sequence, _port = struct.unpack_from("=IHHII", text)
    assert (length, kind) == (len(text), nfqueue.VERDICT) and len(text) % 4 == 0
    assert flags & netlink.NLM_F_REQUEST  # without it the kernel ignores the verdict silently
    assert text[16:20] == struct.pack("!BBH", 0, 0, 48)
    found = attributes(text, 20)
    assert found[nfqueue.VERDICT_HDR] == u32(1) + u32(0x01020304)
    assert found.get(nfqueue.PAYLOAD) == data
    assert found.get(nfqueue.MARK) == (None if mark < 0 else u32(mark))
    assert found.get(nfqueue.PRIORITY) == (None if priority < 0 else u32(priority))
    assert attributes(verdict_message(queued, False, None, -1, -1), 20)[nfqueue.VERDICT_HDR][:4] == u32(0)


def test_queue_rules() -> None:
    numbers = {queue(hook, kind) for hook in range(5) for kind in range(3)}
    assert len(numbers) == 15
    text = restore_text(bypass=False, kinds=True, link_headers=True)
    assert "bypass" not in text and "nat" not in text  # the nat table would switch the kernel's conntrack on
    assert text.index("NFLOG") < text.index("NFQUEUE")
    for hook, chain in ((PREROUTING, "PREROUTING"), (OUTPUT, "OUTPUT"), (POSTROUTING, "POSTROUTING")):
        assert f"-A {chain} -j NFQUEUE --queue-num {queue(hook)}\n" in text
    assert restore_text(bypass=True, kinds=True, link_headers=False).count("--queue-bypass") == 11
    assert restore_text(bypass=False, kinds=False, link_headers=False).count("NFQUEUE") == 5
    assert empty_text() == "*raw\nCOMMIT\n*mangle\nCOMMIT\n"
    assert nft_text(bypass=True, kinds=True).count("bypass") == 11
    assert "queue" not in nft_text(bypass=True, kinds=True, remove=True).replace("engine_queue", "")


def test_clocks() -> None:
    clock = Clock("virtual")
    wall = clock.wall()
    assert (clock.now(), clock.advance(432000.5), clock.now()) == (0.0, 432000.5, 432000.5)
    assert clock.wall() == wall + 432000.5
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="advance"):
            clock.advance(seconds)
    real = Clock("monotonic")
    with pytest.raises(ValueError, match="virtual"):
        real.advance(1)
    assert 0 <= real.now() < 60
    with pytest.raises(ValueError, match="lunar"):
        Clock("lunar")


# -- the front end of commands

CLIENT = "engine/driver/client.py"


@pytest.fixture
def served(tmp_path):
    """A socket that answers one request with given lines."""
    import threading

    path = str(tmp_path / "control")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    asked: list[bytes] = []

    def serve(*answers: bytes) -> tuple[str, list[bytes]]:
        def work() -> None:
            peer, _address = listener.accept()
            with peer, peer.makefile("rb") as lines:
                asked.append(lines.readline())
                for answer in answers:
                    peer.sendall(answer)

        threading.Thread(target=work, daemon=True).start()
        return path, asked

    yield serve
    listener.close()


def client(path: str, *words: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", "-S", CLIENT, "--socket", path, *words], input=text, capture_output=True, timeout=30
    )


def test_the_client_prints_what_comes_and_exits_with_its_code(served) -> None:
    path, asked = served(b'{"ok": true, "exit": 3, "stdout": "\\u00e9\\udcff\\n", "stderr": "oh\\n"}\n')
    done = client(path, "iptables", "-A", 'q"\\\x01é', text=b"not read")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"\xc3\xa9\xff\n", b"oh\n")
    import json

    request = json.loads(asked[0])
    assert request["argv"] == ["iptables", "-A", 'q"\\\x01é'] and request["do"] == "command"
    assert request["stdin"] == "" and request["cwd"]


def test_the_client_reads_its_input_for_restore_only(served) -> None:
    import json

    path, asked = served(b'{"ok": true, "exit": 0}\n')
    assert client(path, "ip6tables-restore", "-n", text=b"*raw\n\xff").returncode == 0
    assert json.loads(asked[0])["stdin"] == "*raw\n\udcff"


def test_the_client_shows_a_stream(served) -> None:
    path, _asked = served(
        b'{"ok": true, "stdout": "one\\n"}\n{"ok": true, "std', b'out": "two\\n"}\n{"ok": true, "exit": 0}\n'
    )
    done = client(path, "conntrack", "-E")
    assert (done.returncode, done.stdout) == (0, b"one\ntwo\n")


def test_the_client_says_when_the_engine_is_away(tmp_path, served) -> None:
    done = client(str(tmp_path / "nothing"), "iptables", "-L")
    assert done.returncode == 4 and b"iptables: the engine of this node is away" in done.stderr
    path, _asked = served()
    done = client(path, "iptables", "-L")
    assert done.returncode == 4 and b"went away while it worked" in done.stderr
    assert subprocess.run([sys.executable, "-I", "-S", CLIENT], capture_output=True).returncode == 2


def test_the_client_imports_next_to_nothing() -> None:
    script = (
        f"import sys; sys.argv = ['x']; exec(open({CLIENT!r}).read().split('if __name__')[0]); print(len(sys.modules))"
    )
    counts = [
        int(subprocess.run([sys.executable, "-I", "-S", "-c", text], capture_output=True, text=True).stdout)
        for text in (script, "import sys; print(len(sys.modules))")
    ]
    assert counts[0] - counts[1] <= 2  # _socket and _json


def test_virtual_time_is_exact() -> None:
    """Whatever fractions have passed, what is 120 s away is not 119.99999999999997 s away."""
    clock = Clock("virtual")
    for _ in range(1000):
        before = clock.now()
        clock.advance(0.3)
        assert 0.3 <= clock.now() - before < 0.300002
        assert clock.now() + 120.0 - clock.now() == 120.0
        assert clock.now() + 432000.0 - clock.now() == 432000.0
