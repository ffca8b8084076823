"""The engine process itself, in a network namespace of its own where it guards nothing but the loopback interface; and
a download through both kinds of address translation in a lab."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

UNSHARE = ["unshare", "-n", "-m"] if os.geteuid() == 0 else ["unshare", "-Urnm"]
ROOT = str(Path(__file__).resolve().parent.parent)
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

# What a test's code finds: start(), ask(), stop(), udp(), rules(); `result` is what the test gets.
PRELUDE = """
import json, os, select, signal, socket, subprocess, sys, time
root, run_dir, code = sys.argv[1:]
subprocess.run(["sh", "-ec", "mount -t tmpfs tmpfs /run; ip link set lo up"], check=True)
result = {}
children = []
def start(*words, env=None):
    ready, there = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "engine", "--run-dir", run_dir, "--ready-fd", str(there), *words],
        cwd=root, pass_fds=[there], stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    children.append(child)
    os.close(there)
    assert select.select([ready], [], [], 30)[0], "not ready"
    child.ready = os.read(ready, 1) == b"\\n"
    os.close(ready)
    return child
def ask(**request):
    sock = socket.socket(socket.AF_UNIX); sock.settimeout(30); sock.connect(run_dir + "/control")
    sock.sendall(json.dumps(request).encode() + b"\\n")
    line = sock.makefile("rb").readline(); sock.close()
    return json.loads(line)
def stop(child, number=signal.SIGTERM):
    child.send_signal(number)
    return child.wait(30)
def tool(*words):
    return subprocess.run(
        [sys.executable, "-I", "-S", root + "/engine/driver/client.py", "--socket", run_dir + "/control", *words],
        capture_output=True, text=True)
def rules(variant="legacy"):
    return subprocess.run([f"iptables-{variant}-save"], capture_output=True, text=True).stdout.count("NFQUEUE")
def udp(size=5, patience=0.5, port=4000):
    "Does a datagram over loopback arrive?"
    with socket.socket(2, 2) as to, socket.socket(2, 2) as by:
        to.bind(("127.0.0.1", port)); to.settimeout(patience)
        by.settimeout(patience); by.connect(("127.0.0.1", port))
        try:
            by.send(bytes(size))
            return len(to.recv(70000)) == size
        except OSError:
            return False
try:
    exec(code)
finally:
    for child in children:
        child.kill(); child.wait()
print(json.dumps(result))
"""


def why_not() -> str:
    for name in ("unshare", "ip", "mount", "iptables-legacy-restore"):
        if not shutil.which(name, path=PATH):
            return f"{name} is not installed"
    trial = "mount -t tmpfs tmpfs /run && echo '*raw\n-A OUTPUT -j NFQUEUE\nCOMMIT' | iptables-legacy-restore"
    done = subprocess.run([*UNSHARE, "sh", "-c", trial], capture_output=True, text=True, env={"PATH": PATH})
    return done.stderr.strip() if done.returncode else ""


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"no packet queue here: {WHY_NOT}")


def inside(code: str, folder: Path) -> dict[str, Any]:
    words = [*UNSHARE, sys.executable, "-c", PRELUDE, ROOT, str(folder), textwrap.dedent(code)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, env={**os.environ, "PATH": PATH})
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the lock file of iptables")
def test_start_and_end(tmp_path: Path) -> None:
    found = inside(
        """
        child = start("--clock", "virtual", "--timeout", "nf_conntrack_udp_timeout=7")
        result["ready"] = child.ready
        result["rules"] = rules()
        result["mode"] = oct(os.stat(run_dir).st_mode & 0o777)
        result["ping"] = ask(do="ping")
        result["timeout"] = ask(do="sysctl", name="net.netfilter.nf_conntrack_udp_timeout")["value"]
        second = start()
        result["second"] = [second.ready, second.wait(30), second.stderr.read()]
        result["still"] = [rules(), ask(do="ping")["ok"]]
        result["exit"] = stop(child)
        result["after"] = [rules(), os.listdir(run_dir)]
        result["interrupted"] = stop(start(), signal.SIGINT)
        """,
        tmp_path,
    )
    assert found["ready"] and found["rules"] == 11 and found["mode"] == "0o700"
    assert (found["ping"]["clock"], found["timeout"]) == ("virtual", "7")
    assert found["second"][:2] == [False, 1] and "another engine" in found["second"][2]
    assert found["still"] == [11, True]
    assert found["exit"] == 0 and found["after"] == [0, []] and found["interrupted"] == 0


@pytest.mark.parametrize(
    ("words", "file", "said"),
    [
        (["--rules", "bad"], "*filter\n-A INPUT --what\nCOMMIT\n", "bad:2:"),
        (["--rules", "missing"], None, "missing: No such file"),
        (["--timeout", "nf_conntrack_what=5"], None, "nf_conntrack_what"),
        (["--timeout", "nf_conntrack_udp_timeout"], None, "NAME=SECONDS"),
        (["--state", "bad"], "{", "bad: "),
        (["--state", "bad"], '{"version": 99}', "version"),
        (["--state", "bad"], "[" * 100_000, "bad: "),
    ],
    ids=["rules", "no file", "sysctl", "no value", "no JSON", "no state", "deep JSON"],
)
def test_an_engine_that_cannot_start_says_why_and_changes_nothing(
    words: list[str], file: str | None, said: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    if file is not None:
        bad.write_text(file)
    words = [str(bad) if word == "bad" else word for word in words]
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    found = inside(
        f"""
        child = start(*{words!r})
        result["end"] = [child.ready, child.wait(30), child.stderr.read()]
        result["left"] = [rules(), os.listdir(run_dir)]
        """,
        run_dir,
    )
    assert found["end"][:2] == [False, 1] and said in found["end"][2] and "Traceback" not in found["end"][2]
    assert found["left"] == [0, []]


@pytest.mark.skipif(not shutil.which("nft"), reason="nft is not installed")
def test_the_chain_for_proxies_lives_and_dies_with_the_engine(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (tmp_path / "rules").write_text("*mangle\n-A PREROUTING -p tcp -j TPROXY --on-port 3129\nCOMMIT\n")
    found = inside(
        f"""
        def proxies():
            shown = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
            return [shown.count("table inet engine_tproxy"), shown.count("tproxy ip to :3129"), rules()]
        words = ("--rules", {str(tmp_path / "rules")!r})
        child = start(*words); result["first"] = [child.ready, *proxies()]
        stop(child, signal.SIGKILL); result["killed"] = proxies()
        child = start(*words); result["second"] = [child.ready, *proxies()]
        ask(do="flush"); result["flushed"] = proxies()
        ask(do="load", text="*mangle\\n-A PREROUTING -p tcp -j TPROXY --on-port 3129\\nCOMMIT\\n")
        other = start(*words); result["other"] = [other.ready, other.wait(30), other.stderr.read()]
        result["still"] = proxies()
        result["end"] = [stop(child), *proxies()]
        """,
        run_dir,
    )
    assert found["first"] == found["second"] == [True, 1, 1, 11]
    assert found["killed"] == found["flushed"] == [0, 0, 11]
    assert found["other"][:2] == [False, 1] and "does another engine run" in found["other"][2]
    assert found["still"] == [1, 1, 11] and found["end"] == [0, 0, 0, 0]


def test_a_start_that_nobody_can_be_told_of(tmp_path: Path) -> None:
    found = inside(
        """
        words = [sys.executable, "-m", "engine", "--ready-fd"]
        for name, fd in (("closed", "77"), ("full", str(os.open("/dev/full", os.O_WRONLY)))):
            done = subprocess.run([*words, fd, "--run-dir", run_dir], cwd=root, capture_output=True, text=True,
                                  pass_fds=[] if name == "closed" else [int(fd)], timeout=60)
            result[name] = [done.returncode, done.stderr, rules(), os.listdir(run_dir)]
        first = start()
        ask(do="quit", keep=True); first.wait(30)
        subprocess.run([*words, "77", "--run-dir", run_dir, "--state", run_dir + "/last.state"], cwd=root,
                       capture_output=True)
        result["waits on"] = [rules(), os.listdir(run_dir)]
        """,
        tmp_path,
    )
    assert found["waits on"] == [11, ["last.state"]], "a restart that was killed leaves the node closed"
    assert found["closed"] == [1, "--ready-fd 77: Bad file descriptor\n", 0, []]
    assert found["full"][::2] == [1, 0] and "No space left on device" in found["full"][1]


def test_the_folder_of_the_socket_is_nobody_elses(tmp_path: Path) -> None:
    """It gets mode 0700: /tmp must not."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    (tmp_path / "file").write_text("")
    found = inside(
        """
        for name in ("shared", "file", "none"):
            done = subprocess.run([sys.executable, "-m", "engine", "--run-dir", run_dir + "/" + name], cwd=root,
                                  capture_output=True, text=True, timeout=60)
            result[name] = [done.returncode, done.stderr.replace(run_dir, "DIR"), rules()]
        """,
        tmp_path,
    )
    alone = "make a folder for this engine alone and name that\n"
    assert found == {
        "shared": [1, f"--run-dir DIR/shared: {alone}", 0],
        "file": [1, f"--run-dir DIR/file: {alone}", 0],
        "none": [1, "--run-dir DIR/none: No such file or directory\n", 0],
    }
    assert (tmp_path / "shared").stat().st_mode & 0o7777 == 0o1777


@pytest.mark.parametrize(("policy", "passes"), [("drop", False), ("accept", True)])
def test_while_it_is_away(policy: str, passes: bool, tmp_path: Path) -> None:
    found = inside(
        f"""
        child = start("--on-failure", "{policy}")
        result["before"] = udp()
        stop(child, signal.SIGKILL)
        result["away"] = udp()
        child = start("--on-failure", "{policy}")
        result["back"] = udp()
        ask(do="quit", keep=True); child.wait(30)
        result["kept"] = udp()
        child = start("--on-failure", "{policy}")
        stop(child)
        result["gone"] = udp()
        """,
        tmp_path,
    )
    assert found == {"before": True, "away": passes, "back": True, "kept": passes, "gone": True}


def test_without_iptables_legacy_it_uses_iptables_nft(tmp_path: Path) -> None:
    if not shutil.which("iptables-nft-restore", path=PATH):
        pytest.skip("iptables-nft is not installed")
    found = inside(
        """
        subprocess.run("mount -t tmpfs tmpfs /opt; for t in iptables ip6tables; do for f in /usr/sbin /sbin; do"
                       " [ -e $f/$t-legacy-restore ] && mount --bind /dev/null $f/$t-legacy-restore; done; done; true",
                       shell=True, check=True)
        child = start()
        result["tool"] = ask(do="stats")["queue_rules"]
        result["passes"] = udp()
        result["packets"] = ask(do="stats")["packets"]
        result["exit"] = stop(child)
        result["rules"] = rules("nft")
        """,
        tmp_path,
    )
    assert found == {"tool": "nft", "passes": True, "packets": 4, "exit": 0, "rules": 0}


def test_loopback_passes_four_hooks_of_one_connection(tmp_path: Path) -> None:
    found = inside(
        """
        start("--clock", "virtual")
        states = "".join(f"-A {chain} -m conntrack --ctstate {state}\\n" for chain in ("OUTPUT", "INPUT")
                         for state in ("NEW", "ESTABLISHED", "INVALID"))
        ask(do="load", text="*filter\\n" + states + "-A OUTPUT -m owner --uid-owner 0\\nCOMMIT\\n"
            "*mangle\\n-A PREROUTING -i lo\\n-A POSTROUTING -o lo\\nCOMMIT\\n")
        result["small"] = udp()
        result["biggest"] = udp(65507, port=4001)
        ask(do="sync")
        result["counted"] = [line.split(":")[0][1:] for line in ask(do="save", counters=True)["text"].splitlines()
                             if line[0] == "["]
        result["connections"] = len(ask(do="conntrack")["entries"])
        result["faults"] = ask(do="faults")["faults"]
        """,
        tmp_path,
    )
    assert found["small"] and found["biggest"]
    assert sorted(found["counted"]) == sorted(["2", "2", "2", "0", "0", "2", "0", "0", "2"])
    assert found["connections"] == 2 and found["faults"] == []


def test_commands_through_the_client(tmp_path: Path) -> None:
    found = inside(
        """
        start()
        result["add"] = [tool("iptables", "-A", "OUTPUT", "-p", "udp", "--dport", "4000", "-j", "REJECT").returncode,
                         tool("iptables", "-S", "OUTPUT").stdout]
        result["rejected"] = udp()
        result["bad"] = [tool("iptables", "-A", "NOWHERE").returncode, tool("iptables", "--nonsense").returncode]
        stream = subprocess.Popen([sys.executable, "-I", "-S", root + "/engine/driver/client.py", "--socket",
            run_dir + "/control", "conntrack", "-E", "-o", "id"], stdout=-1, stderr=-1, text=True)
        children.append(stream)
        while not ask(do="conntrack")["ok"]: pass
        deadline = time.monotonic() + 20
        tool("iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW")
        while time.monotonic() < deadline and not select.select([stream.stdout], [], [], 0.1)[0]:
            udp(port=4001)
        result["event"] = stream.stdout.readline()
        stream.send_signal(signal.SIGINT)
        result["last"] = [stream.wait(30), stream.stderr.read()]
        """,
        tmp_path,
    )
    assert found["add"] == [
        0,
        "-P OUTPUT ACCEPT\n-A OUTPUT -p udp -m udp --dport 4000 -j REJECT --reject-with icmp-port-unreachable\n",
    ]
    assert not found["rejected"] and found["bad"] == [1, 2]
    assert found["event"].startswith("    [NEW] udp      17 30 src=127.0.0.1") and "id=" in found["event"]
    assert found["last"][0] == 0 and "flow events have been shown" in found["last"][1]


def test_another_engine_goes_on(tmp_path: Path) -> None:
    found = inside(
        """
        child = start("--clock", "virtual")
        ask(do="load", text="*filter\\n-A INPUT -m conntrack --ctstate NEW\\nCOMMIT\\n")
        udp()
        ask(do="advance", seconds=10)
        import resource
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        result["full"] = [ask(do="quit", keep=True), os.listdir(run_dir), ask(do="ping")["ok"]]
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        ask(do="quit", keep=True); child.wait(30)
        result["left"] = [os.listdir(run_dir), oct(os.stat(run_dir + "/last.state").st_mode & 0o777)]
        start("--clock", "virtual", "--state", run_dir + "/last.state")
        result["entries"] = [entry["timeout"] for entry in ask(do="conntrack")["entries"]]
        result["then"] = os.listdir(run_dir)  # it goes when the engine begins to answer
        result["rules"] = ask(do="save", counters=True)["text"]
        """,
        tmp_path,
    )
    assert found["entries"] == [20]
    assert found["left"] == [["last.state"], "0o600"] and found["then"] == ["control"]
    refused, files, alive = found["full"]
    assert "File too large; the engine goes on" in refused["error"]
    assert (files, alive) == (["control"], True)
    assert "[1:33] -A INPUT -m conntrack --ctstate NEW" in found["rules"]


def test_a_flood_loses_packets_not_the_engine(tmp_path: Path) -> None:
    """More packets than it can handle, of senders that do not wait: it answers, and goes on."""
    found = inside(
        """
        start("--clock", "virtual")
        sock = socket.socket(2, 2); sock.setblocking(False)
        sent = 0
        while sent < 30000:
            try: sock.sendto(bytes(1000), ("127.0.0.1", 9))
            except OSError: pass
            sent += 1
        result["sync"] = ask(do="sync")["ok"]
        result["stats"] = ask(do="stats")
        result["after"] = udp(patience=20)
        result["faults"] = ask(do="faults")["faults"]
        """,
        tmp_path,
    )
    assert found["sync"] and found["after"] and found["faults"] == []
    assert found["stats"]["packets"] > 1000 and found["stats"]["verdicts_refused"] == 0


NAT = """*filter
:FORWARD DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT
COMMIT
*nat
-A PREROUTING -d 10.0.1.1 -p tcp --dport 8080 -j DNAT --to-destination 10.0.2.10:80
-A POSTROUTING -o lan2 -j SNAT --to-source 10.0.2.1
COMMIT
"""
FETCH = """
import hashlib, sys, urllib.request
digest = hashlib.sha256()
size = 0
with urllib.request.urlopen(sys.argv[1], timeout=60) as answer:
    while data := answer.read(1 << 16):
        digest.update(data)
        size += len(data)
print(size, digest.hexdigest())
"""


def test_twenty_megabytes_through_both_kinds_of_nat_arrive_byte_for_byte() -> None:
    from lab import Lab
    from tests.lab_support import needs_engine

    needs_engine("userspace")
    with Lab.open("two-lans", engine="userspace") as lab:
        lab["firewall"].load(NAT)
        through, direct = (
            lab[who].run([sys.executable, "-c", FETCH, f"http://{where}/big"]).stdout
            for who, where in (("client", "10.0.1.1:8080"), ("server", "10.0.2.10"))
        )
        assert through == direct and int(through.split()[0]) == 20_000_000
        answer = lab["firewall"].adapter.request(do="stats")
        assert answer["errors"] == answer["verdicts_refused"] == 0
