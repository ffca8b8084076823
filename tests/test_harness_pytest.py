"""pytest runs scenarios: options, outcomes in its words, records and reports, workers, runs that are cut short."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.records import BROKEN, FAIL, PASS, UNSUPPORTED, read
from tests.lab_support import MARK, all_gone, needs_engine, why_no_lab

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")
FILE = "conformance/nat/test_masquerade.py"
SECONDS = 120.0


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    needs_engine("kernel-legacy")
    yield str(tmp_path)
    assert all_gone(str(tmp_path)), "every process of the run has ended"


def start(mark: str, *arguments: str, folder: Path = ROOT) -> subprocess.Popen[str]:
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.with_miniatures",
        "--report-dir",
        mark,
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.Popen(
        [*words, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment, MARK: mark},
    )


def run(mark: str, *arguments: str, folder: Path = ROOT) -> tuple[int, str]:
    process = start(mark, *arguments, folder=folder)
    output, _none = process.communicate(timeout=SECONDS)
    return process.returncode, output


def test_a_good_run(mark: str) -> None:
    status, output = run(mark, FILE, "--engine=kernel-legacy,kernel-nft", "-q", "--seed=5")
    assert status == 0, output
    found = read(Path(mark))
    assert {result.outcome for result in found.results.values()} == {PASS}
    assert {engine for _id, engine in found.results} == {"kernel-legacy", "kernel-nft"}
    assert (found.run.seed, found.run.engines, found.unfinished) == (5, ["kernel-legacy", "kernel-nft"], False)
    assert all(engine.version.startswith("iptables v1") for engine in found.engines.values())
    assert {"three-legged", "nat-gateway"} <= set(found.topologies) and "NAT-24" in found.requirements
    assert sorted(path.name for path in Path(mark).iterdir()) == [
        "junit.xml",
        "records.jsonl",
        "report.html",
        "summary.md",
    ]
    assert f"{len(found.results) // 2} pass" in output and "report: " in output
    evidence = found.results["nat.masquerade.rewrites-source", "kernel-legacy"].evidence
    assert [step.does for step in evidence.steps] == [
        "loads",
        "sends",
        "should see",
        "sends",
        "should see",
        "should track",
    ]
    assert "MASQUERADE" in evidence.rules["ipv4"] and "dport=53" in evidence.conntrack_after[0]


def test_outcomes_in_pytests_words(mark: str) -> None:
    engines = "kernel-legacy,accepts-everything,dies,refuses-nat,not-here"
    status, output = run(mark, FILE, f"--engine={engines}", "-rs", "-k", "rewrites-source")
    assert status == 1
    assert re.search(r"1 failed, 1 passed, 2 skipped, \d+ deselected, 1 error", output), output
    assert "nat: no address translation; see the manual" in output and "this machine has no such thing" in output
    outcomes = {engine: result.outcome for (_id, engine), result in read(Path(mark)).results.items()}
    assert outcomes == {"kernel-legacy": PASS, "accepts-everything": FAIL, "dies": BROKEN, "refuses-nat": UNSUPPORTED,
                        "not-here": UNSUPPORTED}  # fmt: skip
    assert [path.name for path in (Path(mark) / "captures").iterdir()] == [
        "nat.masquerade.rewrites-source.accepts-everything.pcapng"]  # fmt: skip


def test_an_engine_that_is_named_has_to_be_there(mark: str) -> None:
    status, output = run(mark, FILE, "--engine=kernel-legacy,not-here", "-k", "rewrites-source", "-q")
    assert status == 1 and "--engine=not-here cannot run here: this machine has no such thing: install it" in output


def test_a_folder_that_cannot_be_written_to(mark: str) -> None:
    (Path(mark) / "file").write_text("")
    status, output = run(mark, FILE, "--engine=kernel-legacy", "--report-dir", f"{mark}/file/below", "-q")
    assert status == 4 and "cannot be written to: Not a directory" in output, output
    status, output = run(mark, FILE, "--engine=kernel-legacy", "--report-dir", f"{mark}/file/below", "-n", "2")
    assert status == 4 and "cannot be written to: Not a directory" in output and "INTERNALERROR" not in output, output


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a file system that is full")
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_disk_that_is_full(mark: str, workers: str, tmp_path: Path) -> None:
    """It is told in one line; no report says that all is well."""
    (tmp_path / "small").mkdir()
    words = shlex.join([
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", FILE, "--engine=kernel-legacy", "-n", workers,
        "--report-dir", "small",
    ])  # fmt: skip
    small = tmp_path / "small"
    line = f"mount -t tmpfs -o size=8k none {small}; cd {ROOT}; exec {words.replace('small', str(small))}"
    done = subprocess.run(["unshare", "-m", "sh", "-ec", line], capture_output=True, text=True, timeout=SECONDS,
                          env={**os.environ, MARK: mark})  # fmt: skip
    assert done.returncode not in (0, 5), done.stdout
    assert f"{small} cannot be written to: No space left on device" in done.stdout, done.stdout
    assert "INTERNALERROR" not in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_what_a_failure_looks_like(mark: str) -> None:
    _status, output = run(mark, FILE, "--engine=accepts-everything", "-k", "rewrites-source")
    text = output[output.index("FAIL nat.masquerade") :]
    assert text.splitlines()[:3] == [
        "FAIL nat.masquerade.rewrites-source        engine accepts-everything, topology three-legged",
        '  server should see   udp firewall.wan:40000 > server:53 "query"',
        text.splitlines()[2],
    ]
    assert text.splitlines()[2].startswith('  server saw          udp client:40000 > server:53 "query"   after ')
    assert "source is client, not firewall.wan" in text and "Traceback" not in text
    assert "  evidence            " in text


def test_the_lab_of_a_failure_is_kept(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a name, with its rules and connections, until it is taken down."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", mark)
    status, output = run(mark, "--keep-lab", FILE, "--engine=forgets-connections", "-k", "rewrites-source")
    assert status == 1 and "the lab of the first failure is kept: nflab shell failed-three-legged/NODE" in output, (
        output
    )

    def nflab(*words: str) -> str:
        return subprocess.run([sys.executable, "-m", "lab", *words], cwd=ROOT, capture_output=True, text=True,
                              check=True, timeout=SECONDS).stdout  # fmt: skip

    assert "MASQUERADE" in nflab("exec", "failed-three-legged/firewall", "--", "iptables", "-t", "nat", "-S")
    assert "is gone" in nflab("down", "failed-three-legged")


def test_a_file_that_cannot_be_read_makes_the_run_red(
    mark: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the other files are run: its scenarios are missing, and the report says so."""
    monkeypatch.delenv("NFLAB_ENGINE", raising=False)  # the copy has no compiled engine
    copy = tmp_path_factory.mktemp("copy")
    for name in ("conformance", "lab", "reports", "topologies", "tests", "engine"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "corpus", "*.so"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    (copy / "conformance" / "nat" / "test_unreadable.py").write_text(
        "from conformance.vocabulary import no_such_word\n"
    )
    status, output = run(mark, FILE, "conformance/nat/test_unreadable.py", "--engine=kernel-legacy",
                         "--continue-on-collection-errors", "-q", folder=copy)  # fmt: skip
    assert status == 1, output
    found = read(Path(mark)).results
    lost = found["conformance/nat/test_unreadable.py", "kernel-legacy"]
    assert lost.outcome == BROKEN and "no_such_word" in lost.reason
    assert found["nat.masquerade.ping", "kernel-legacy"].outcome == PASS


def test_two_workers(mark: str) -> None:
    status, output = run(
        mark,
        FILE,
        "conformance/chains/test_order.py",
        "--engine=kernel-legacy,kernel-nft",
        "-n",
        "2",
        "-q",
        "-k",
        "rewrites-source or forwarded or incoming or leaves-others",
    )
    assert status == 0, output
    found = read(Path(mark))
    assert len(found.results) >= 8 and not found.unfinished
    assert not list(Path(mark).glob("records-*")), "the workers' files have become one"


def test_wrong_options(mark: str) -> None:
    status, output = run(mark, FILE, "--engine=kernel-legcy")
    assert status == 4 and "'kernel-legcy' is not an engine; there are userspace, kernel-legacy, kernel-nft" in output
    status, output = run(mark, FILE, "--engine=,")
    assert status == 4 and "--engine: names none" in output
    status, output = run(mark, FILE, "--engine=userspace,userspace", "--collect-only", "-q")
    lines = [line for line in output.splitlines() if "[userspace]" in line]
    assert status == 0 and lines and len(set(lines)) == len(lines)


def test_other_tests_leave_no_report(mark: str) -> None:
    status, _output = run(mark, "tests/test_requirements.py", "-k", "test_judge", "-q")
    assert status == 0
    assert list(Path(mark).iterdir()) == []


def wait_for_results(mark: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while not any('"result"' in path.read_text() for path in Path(mark).glob("records*.jsonl")):
        assert process.poll() is None and time.monotonic() < deadline
        os.sched_yield()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_ctrl_c(mark: str, workers: str) -> None:
    """What has finished is reported, as a run that was cut short; nothing is left running."""
    process = start(mark, FILE, "conformance/chains/test_order.py", "--engine=kernel-legacy,kernel-nft", "-n", workers)
    wait_for_results(mark, process)
    process.send_signal(signal.SIGINT)
    output, _none = process.communicate(timeout=SECONDS)
    assert process.returncode == 2, output
    found = read(Path(mark))
    assert found.results and found.unfinished
    assert (Path(mark) / "report.html").exists()


def test_kill(mark: str) -> None:
    """After kill -9 the records of what had finished can be read, and nothing is left running."""
    process = start(mark, FILE, "conformance/chains/test_order.py", "--engine=kernel-legacy,kernel-nft", "-n", "2")
    wait_for_results(mark, process)
    process.kill()
    process.communicate(timeout=SECONDS)
    assert all_gone(mark)
    found = read(Path(mark))
    assert found.results and found.unfinished
    assert FAIL not in {result.outcome for result in found.results.values()}
