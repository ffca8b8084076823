"""Planting faults: each operator changes what it says and nothing else; a fault that matters is noticed, one that does
not is not."""

from __future__ import annotations

import ast
import multiprocessing
import os
import select
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.mutation import trial
from conformance.mutation.__main__ import main
from conformance.mutation.crew import Crew, Member, TrialEnded
from conformance.mutation.operators import Mutant, all_mutants, mutants_of
from conformance.mutation.trial import Trials
from tests.lab_support import needs_engine, why_no_lab

ROOT = Path(__file__).parent.parent

FAULTS = [
    ("return a == b", ["return a != b"]),
    ("return a not in b", ["return a in b"]),
    ("return a is b", ["return a is not b"]),
    ("return (a) <= (b)", ["return (a) < (b)"]),
    ("return a and b and c", ["return (a or b or c)"]),
    ("return not a", ["return (a)"]),
    ("return 7", ["return 8"]),
    ("return True", ["return False"]),
    ("return a << b", ["return a >> b"]),
    ("return 'ü' + a", ["return 'ü' - a"]),
    ("if a:\n        b()", ["if False:\n        b()", "if True:\n        b()", "if a:\n        pass"]),
    ("a.b = c", ["pass"]),
    ("a += b", ["pass"]),
    ("a = b", []),
    ("raise Fault(a == b)", []),
    ("assert a == b", []),
    ("return f'{a == b}'", []),
]


@pytest.mark.parametrize(("statement", "expected"), FAULTS)
def test_each_fault_is_what_it_says(tmp_path: Path, statement: str, expected: list[str]) -> None:
    source = f'"""Text == text."""\nA = 1\n\ndef f(a, b, c):\n    """True."""\n    {statement}\n'
    (tmp_path / "x.py").write_text(source)
    found = [mutant.applied(source) for mutant in mutants_of(tmp_path, tmp_path / "x.py")]
    assert found == [source.replace(statement, each) for each in expected]


def test_every_fault_of_the_engine_is_a_program_again() -> None:
    count = 0
    for mutant in all_mutants(ROOT, ["engine/nat", "engine/core/walk.py", "engine/conntrack/tcp.py"]):
        ast.parse(mutant.applied((ROOT / mutant.file).read_text()))
        count += 1
    assert count > 500


def planted(file: str, old: str, new: str) -> Mutant:
    source = (ROOT / file).read_text()
    assert source.count(old) == 1, f"{file} was changed: {old!r} stands in it {source.count(old)} times"
    first = source.encode().index(old.encode())
    return Mutant(file, source[: source.index(old)].count("\n") + 1, (first, first + len(old.encode())), old, new)


@pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")
def test_a_fault_is_noticed_and_the_engine_is_whole_again() -> None:
    needs_engine("userspace")
    before = os.environ.get(trial.CHOICE)
    policy = "policy = ACCEPT if base.policy is None else base.policy"
    with Trials(("chains.", "chain-order.")) as trials:
        assert trials.baseline() == []
        assert len(trials.instances) > 10
        assert trials.run(planted("engine/core/walk.py", policy, "policy = DROP")).noticed
        harmless = trials.run(planted("engine/core/walk.py", policy, policy + "  # the same"))
        assert not harmless.noticed, harmless.reason
        assert harmless.played == len(trials.instances)
        folder = trials.folder
    assert not folder.exists()
    assert os.environ.get(trial.CHOICE) == before


def test_what_killed_trials_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(trial.tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"{trial.FOLDER}dead" / "engine").mkdir(parents=True)
    (tmp_path / f"{trial.FOLDER}file").write_text("somebody's")
    mine, lock = trial.claimed_folder()
    trial.sweep()
    assert sorted(tmp_path.iterdir()) == sorted((mine, tmp_path / f"{trial.FOLDER}file"))
    os.close(lock)
    trial.sweep()
    assert not mine.exists()


def test_results_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--count", "1", "--out", str(tmp_path / "file" / "out")]) == 2
    assert capsys.readouterr().err == f"nflab mutate: {tmp_path}/file/out: Not a directory\n"


def test_a_trial_that_is_killed() -> None:
    here, there = multiprocessing.Pipe()
    there.close()
    crew = Crew(0, (), print)
    member = Member(SimpleNamespace(join=lambda: None, exitcode=-9), here)
    with pytest.raises(TrialEnded, match="a trial ended by itself, status -9, before its first fault"):
        crew._heard(member)


HIRE = """
from conformance.mutation.crew import Crew

if __name__ == "__main__":
    crew = Crew(1, ("chains.",), print)
    print(crew.members[0].process.pid, flush=True)
    next(crew.run(iter(()), lambda: True), None)
"""


@pytest.mark.skipif(bool(why_no_lab()), reason=f"no lab here: {why_no_lab()}")
def test_trials_end_with_who_began_them(tmp_path: Path) -> None:
    script = tmp_path / "hire.py"
    script.write_text(HIRE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment) as boss:
        assert boss.stdout is not None
        member = os.pidfd_open(int(boss.stdout.readline()))
        boss.kill()
    assert select.select([member], [], [], 10)[0], "it goes on alone"
    os.close(member)
