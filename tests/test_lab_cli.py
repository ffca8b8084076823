"""nflab as a user meets it: commands, exit codes, messages."""

from __future__ import annotations

import json
import os
import pty
import runpy
import select
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import Lab, LabError, cli, program, state
from lab.paths import python_path
from tests.lab_support import MARK, all_gone, marked, needs_engine, why_no_lab

pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")

Nflab = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def mark() -> str:
    return uuid.uuid4().hex


@pytest.fixture(scope="module")
def variables(mark: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    runtime = tmp_path_factory.mktemp("runtime")
    runtime.chmod(0o700)
    yield {**os.environ, MARK: mark, "XDG_RUNTIME_DIR": str(runtime), "PYTHONPATH": python_path(dict(os.environ))}
    for pid in marked(mark):
        os.kill(pid, signal.SIGKILL)
    assert all_gone(mark)


@pytest.fixture(scope="module")
def nflab(variables: dict[str, str]) -> Nflab:
    def run(*words: str, given: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "lab", *words], env={**variables, **more}, capture_output=True,
                              text=True, cwd="/", timeout=60, input=given)  # fmt: skip

    return run


@pytest.fixture(scope="module")
def up(nflab: Nflab) -> Iterator[Nflab]:
    """With a lab called `three` up."""
    needs_engine("userspace")
    finished = nflab("up", "three", "--name", "three", "--clock", "virtual")
    assert finished.returncode == 0, finished.stderr
    assert "client ---- lan ---- firewall ---- wan ---- server" in finished.stdout
    yield nflab
    assert nflab("down", "three").returncode == 0


def test_ls(up: Nflab) -> None:
    (found,) = json.loads(up("ls", "--json").stdout)
    assert (found["name"], found["topology"], found["engine"], list(found["nodes"])) == (
        "three", "three-legged", "userspace", ["firewall", "client", "web", "server"])  # fmt: skip
    header, line = up("ls").stdout.splitlines()
    assert header.split()[:3] == ["NAME", "TOPOLOGY", "ENGINE"]
    assert line.split()[:3] == ["three", "three-legged", "userspace"]


def test_exec_gives_the_status_of_the_command(up: Nflab) -> None:
    assert up("exec", "client", "--", "sh", "-c", "exit 7").returncode == 7
    assert up("exec", "client", "--", "sh", "-c", "kill -9 $$").returncode == 128 + 9
    missing = up("exec", "client", "--", "no-such-program")
    assert (missing.returncode, missing.stderr) == (127, "nflab: no-such-program: No such file or directory\n")
    assert up("exec", "client", "--", "cat", given="text").stdout == "text"
    assert up("exec", "client", "true").returncode == 0, "-- may be left out"
    assert up("exec", "client", "--").returncode == 2
    assert up("exec", "three/web", "--", "printenv", "NFLAB_NODE").stdout == "web\n"


def test_exec_says_which_nodes_there_are(up: Nflab) -> None:
    wrong = up("exec", "clint", "--", "true")
    assert wrong.returncode == 1
    assert "'clint' is not a node of 'three'\n  hint: did you mean 'client'? Nodes are:" in wrong.stderr
    assert "there is no lab called 'thre'\n  hint: did you mean 'three'" in up("exec", "thre/web", "--", "true").stderr


def test_the_commands_of_the_issue(up: Nflab) -> None:
    listing = up("exec", "firewall", "--", "iptables", "-nvL")
    assert listing.returncode == 0, listing.stderr
    assert listing.stdout.startswith("Chain INPUT (policy ACCEPT ")
    assert up("exec", "firewall", "--", "iptables", "-A", "FORWARD", "-j", "NOWHERE").returncode == 2


def test_shell_reads_commands(up: Nflab) -> None:
    finished = up("shell", "server", given="echo $NFLAB_NODE; exit 3\n", SHELL="/bin/sh")
    assert (finished.stdout, finished.returncode) == ("server\n", 3)


def test_shell_on_a_terminal(up: Nflab, variables: dict[str, str]) -> None:
    """With a terminal the shell has job control, and an interrupt reaches the command, not nflab."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir("/")
        os.execve(
            sys.executable, [sys.executable, "-m", "lab", "shell", "firewall"], {**variables, "SHELL": "/bin/bash"}
        )

    def until(text: str) -> str:
        seen = ""
        while text not in seen:
            assert select.select([terminal], [], [], 20)[0], f"{text!r} did not come; there was {seen!r}"
            seen += os.read(terminal, 4096).decode(errors="replace")
        return seen

    until("[three firewall]")
    os.write(terminal, b"iptables -V; jobs; echo mark$((1+1))\n")
    assert "job control" not in until("mark2")
    os.write(terminal, b"sh -c 'echo begun$((1+1)); exec sleep 1000'\n")
    until("begun2")
    os.write(terminal, b"\x03")
    until("[three firewall]")
    os.write(terminal, b"exit 5\n")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    os.close(terminal)


def test_engine_state(up: Nflab, tmp_path: Path) -> None:
    saved = tmp_path / "state.json"
    rules = "*filter\n-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\nCOMMIT\n"
    assert up("exec", "firewall", "--", "iptables-restore", given=rules).returncode == 0
    code = "import socket; s = socket.create_connection(('10.0.2.10', 7), 5); s.sendall(b'x'); print(s.recv(1))"
    assert up("exec", "client", "--", "python3", "-c", code).stdout == "b'x'\n"
    assert "connections  1\n" in up("engine", "status").stdout
    assert up("engine", "save", str(saved)).stdout == f"saved rules and 1 connections in {saved}\n"
    assert up("engine", "restart").stdout == "restarted with 1 connections\n"
    # as a restart that is killed halfway leaves it
    code = ("import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/nflab/firewall/control');"
            "s.sendall(b'{\"do\": \"quit\", \"keep\": true}\\n'); print(s.recv(100))")  # fmt: skip
    assert "true" in up("exec", "firewall", "--", "python3", "-c", code).stdout
    assert "'nflab engine restart' goes on with the rules" in up("engine", "status").stderr
    assert up("engine", "restart").stdout == "restarted with 1 connections\n"
    assert up("engine", "advance", "5").stdout == "it is now 5.000 s\n"
    assert up("engine", "restart", "--fresh").stdout == "restarted with 0 connections\n"
    assert "-A" not in up("exec", "firewall", "--", "iptables", "-S").stdout
    assert up("exec", "firewall", "--", "iptables", "-P", "FORWARD", "DROP").returncode == 0
    for spoilt, reason in (("", "is not what 'nflab engine save' writes"), ("[]", "this is no engine state"),
                           (saved.read_text()[:-20], "is not what"), ('{"version": 1}', "are missing")):  # fmt: skip
        (tmp_path / "spoilt").write_text(spoilt)
        refused = up("engine", "restart", "--state", str(tmp_path / "spoilt"))
        assert refused.returncode == 1 and reason in refused.stderr and "Traceback" not in refused.stderr
        assert "-P FORWARD DROP" in up("exec", "firewall", "--", "iptables", "-S").stdout, "it goes on as it was"
        assert "connections  0" in up("engine", "status").stdout
        assert "'client' runs no engine\n  hint: nodes with an engine are: firewall." in (
            up("engine", "--node", "client", "status").stderr)  # fmt: skip
    killed = up("exec", "firewall", "--", "sh", "-c", "kill -9 $(pgrep -f '[e]ngine --run-dir')")
    assert killed.returncode == 0
    assert "the engine of firewall is not running" in up("engine", "status").stderr
    assert up("engine", "restart", "--state", str(saved)).stdout == "restarted with 1 connections\n"
    assert "--ctstate NEW,ESTABLISHED -j ACCEPT" in up("exec", "firewall", "--", "iptables", "-S").stdout


def test_a_program_can_attach(up: Nflab, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", variables["XDG_RUNTIME_DIR"])
    with Lab.attach("three") as lab:
        lab["firewall"].load("*filter\n:FORWARD DROP\nCOMMIT\n")
        assert lab["client"].run(["printenv", "NFLAB_NODE"]).stdout == "client\n"
        port = lab["client"].port("lan")
        port.send(bytes.fromhex(lab["firewall"].mac("lan").replace(":", "")) + bytes(50))
        lab.settle()
        assert lab["client"].stack == "silent"
    assert "-P FORWARD DROP" in up("exec", "firewall", "--", "iptables", "-S").stdout, "the lab is still up"
    with pytest.raises(LabError, match="there is no lab called 'tree'"):
        Lab.attach("tree")


def test_who_attaches_takes_nothing_from_others(
    up: Nflab, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", variables["XDG_RUNTIME_DIR"])
    with Lab.attach("three") as first:
        files = Path(f"/proc/{first.holder.pid}/fd")
        before = len(list(files.iterdir()))
        for _time in range(5):
            with Lab.attach("three") as other:
                other.settle()
        assert len(list(files.iterdir())) <= before + 2, "the last one's may not be closed yet"
        first["firewall"].restart()  # it hears of the end of the old engine although others have listened since
    with Lab.attach("three") as later:
        adapter = later["firewall"].adapter
        assert adapter.pid == adapter.request(do="ping")["pid"]


def test_mistakes(nflab: Nflab) -> None:
    wrong = nflab("upp", "x")
    assert wrong.returncode == 2 and "'upp' is not a command; did you mean 'up'?" in wrong.stderr
    assert nflab().returncode == 2
    assert nflab("--help").returncode == 0
    missing = nflab("up", "no-such")
    assert missing.returncode == 1
    assert missing.stderr.startswith("no-such: no such file\n  hint: Built in are: bridged,")
    assert missing.stderr.endswith("  nothing was created.\n")
    engine = nflab("up", "host", "--engine", "kernel")
    assert (
        engine.returncode == 1 and "'kernel' is not an engine here\n  hint: did you mean 'kernel-nft'" in engine.stderr
    )
    assert "cannot be the name of a lab" in nflab("up", "host", "--name", "../x").stderr
    assert "'' cannot be the name of a lab" in nflab("up", "host", "--name", "").stderr
    assert nflab("exec", "nowhere/client", "--", "true").returncode == 1


def test_output_that_goes_nowhere(variables: dict[str, str]) -> None:
    for redirection, said in (
        ("> /dev/full", "nflab ls: No space left on device\n"),
        ("<&- >&- 2>&-", ""),
        (">&-", ""),
        ("| true", ""),
    ):
        line = f"{sys.executable} -m lab ls --topologies {redirection}"
        done = subprocess.run(["sh", "-c", line], env=variables, capture_output=True, text=True, timeout=60)
        assert done.stderr == said, line


@pytest.mark.parametrize("files", [64, 256])
def test_a_limit_of_open_files_says_what_to_do(files: int, variables: dict[str, str], tmp_path: Path) -> None:
    links = "".join(f"  l{at}: 10.{at}.0.0/24\n" for at in range(80))
    nodes = "".join(f"  h{at}: {{l{at}: 10.{at}.0.1}}\n" for at in range(80))
    (tmp_path / "wide.yaml").write_text(f"links:\n{links}nodes:\n{nodes}")
    line = f"ulimit -n {files}; {sys.executable} -m lab up {tmp_path}/wide.yaml --name narrow"
    done = subprocess.run(["sh", "-c", line], env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith(f"nflab up: only {files} files may be open at once, a lab")
    assert "ulimit -n 4096" in done.stderr


def test_ctrl_c_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(state, "labs", interrupt)
    with pytest.raises(SystemExit, match="130"):
        cli.main(["ls"])
    assert capsys.readouterr().err == "nflab ls: interrupted\n"
    monkeypatch.setattr(cli, "open_standard_files", interrupt)
    with pytest.raises(SystemExit, match="130"):
        cli.main(["ls"])
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(runpy, "run_module", interrupt)
    with pytest.raises(SystemExit, match="130"):
        program.main(["conformance.fuzz", "--seconds", "1"])
    assert capsys.readouterr().err == "nflab fuzz: interrupted\n"


FOLDER_OF_LAB = Path(cli.__file__).parent


@pytest.mark.parametrize("words", [["nflab", "ls"], ["program.py", "reports", "x"]], ids=["nflab", "program"])
@pytest.mark.parametrize("module", ["typing", "pathlib"])
def test_ctrl_c_while_python_still_imports(tmp_path: Path, words: list[str], module: str) -> None:
    """A module of ours in place of one that everything imports sends the signal."""
    (tmp_path / f"{module}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nexit(9)\n")
    path = f"{tmp_path}:{FOLDER_OF_LAB.parent}"
    line = [sys.executable, "-P", str(FOLDER_OF_LAB / words[0]), *words[1:]]
    done = subprocess.run(line, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr and done.returncode in (-signal.SIGINT, 130), done


@pytest.mark.parametrize(
    "line",
    ["-m conformance.catalogue", "-m lab.topology missing.yaml", f"{FOLDER_OF_LAB}/nflab fuzz --help",
     f"{FOLDER_OF_LAB}/nflab mutate --help", f"{FOLDER_OF_LAB}/nflab report --help", f"{FOLDER_OF_LAB}/nflab --help"],
)  # fmt: skip
def test_a_reader_who_has_seen_enough_hears_no_more(line: str, variables: dict[str, str]) -> None:
    command = f"{{ exec {sys.executable} {line}; }} | true"
    done = subprocess.run(["sh", "-c", command], env=variables, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_topologies_are_listed(nflab: Nflab) -> None:
    listing = nflab("ls", "--topologies")
    assert listing.returncode == 0 and "three-legged\n    Inside, outside and a screened network" in listing.stdout
    assert len(json.loads(nflab("ls", "--topologies", "--json").stdout)) == 6


def test_doctor(nflab: Nflab, variables: dict[str, str], tmp_path: Path) -> None:
    able = nflab("doctor")
    assert able.returncode == 0, able.stdout
    assert "Labs can be run." in able.stdout
    found = json.loads(nflab("doctor", "--json").stdout)
    assert found["able"] and {finding["name"] for finding in found["findings"]} >= {
        "namespaces",
        "userspace",
        "helpers",
    }


def test_doctor_of_a_machine_that_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    from lab import doctor

    reasons = dict.fromkeys(("userspace", "kernel-legacy", "kernel-nft"), "not here")
    checks = tuple(doctor.Check(check.level, check.name, lambda name=check.name: reasons.get(name, ""), check.advice)
                   for check in doctor.CHECKS)  # fmt: skip
    monkeypatch.setattr(doctor, "CHECKS", checks)
    findings = doctor.examine()
    assert not doctor.can_run_labs(findings)
    assert {finding.name: finding.advice for finding in findings if not finding.good}["kernel-nft"] == doctor.NFT
    reasons.clear()
    assert doctor.can_run_labs(doctor.examine())
    reasons["namespaces"] = "forbidden"
    refused = doctor.examine()
    assert not doctor.can_run_labs(refused)
    assert {finding.reason for finding in refused if finding.level == "engine"} == {
        "not tried: there are no namespaces"}  # fmt: skip


def test_a_front_end_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/etc/passwd")
    with pytest.raises(SystemExit, match=r"^nflab rules: /etc/passwd: Permission denied$"):
        cli.main(["rules", "x"])


def test_front_ends_are_started_as_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []

    def execve(path: str, argv: list[str], environment: dict[str, str]) -> None:
        started.append((path, argv, environment))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", execve)
    for command, (module, first, _words) in cli.PROGRAMS.items():
        with pytest.raises(SystemExit):
            cli.main([command, "--help", "x"])
        _path, argv, environment = started.pop()
        assert argv[1:] == ["-P", str(FOLDER_OF_LAB / "program.py"), module, *first, "--help", "x"]
        assert str(Path(cli.__file__).parent.parent) in environment["PYTHONPATH"]


def test_rules_are_checked_without_a_lab(nflab: Nflab, tmp_path: Path) -> None:
    rules = tmp_path / "rules.v4"
    rules.write_text("*filter\n-A FORWARD -p tcp --dport 22 -j ACCEPT\nCOMMIT\n")
    finished = nflab("rules", str(rules))
    assert finished.returncode == 0, finished.stderr
    assert "-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT" in finished.stdout
    rules.write_text("*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n")
    assert nflab("rules", str(rules)).returncode == 1


def test_the_runtime_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = state.runtime_folder()
    assert folder == tmp_path / "nflab" and folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    assert state.runtime_folder().stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(LabError, match="is not a folder of this user"):
        state.runtime_folder()


def test_a_name_is_not_taken_because_somebody_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    state.claim("dead").close()
    claims: list[state.Claim | Exception] = []

    def claim() -> None:
        try:
            claims.append(state.claim("dead"))
        except LabError as error:
            claims.append(error)

    other = threading.Thread(target=claim)
    remove = state._remove

    def remove_meanwhile(folder: Path) -> None:
        other.start()
        other.join(0.3)
        remove(folder)

    monkeypatch.setattr(state, "_remove", remove_meanwhile)
    assert state.clean() == ["dead"]
    other.join()
    assert isinstance(claims[0], state.Claim), claims[0]
    assert claims[0].folder.is_dir()
    claims[0].close()


def test_cleaning_takes_away_nothing_but_labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_RUNTIME_DIR may be a folder with a checkout of this very project in it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    theirs = tmp_path / "nflab" / "engine" / "core" / "packet.py"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("precious")
    (tmp_path / "nflab" / "README.md").write_text("precious")
    (tmp_path / "nflab" / "begun").mkdir()  # by an `up` that was killed at once
    assert state.clean() == ["begun"]
    assert (state.labs(), state.being_built()) == ([], [])
    with pytest.raises(LabError, match="is not the folder of a lab"):
        state.claim("engine")
    state.claim("core").give_up()
    assert theirs.read_text() == (tmp_path / "nflab" / "README.md").read_text() == "precious"
    assert not (tmp_path / "nflab" / "core").exists()
