"""The compiled engine is what runs when it was chosen, and nobody is left in doubt about it."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab import compiled, doctor, paths
from lab.errors import LabError

ROOT = Path(__file__).resolve().parent.parent
CHOSEN = os.environ.get(paths.CHOICE) == "compiled"
sys.path.insert(0, str(ROOT / "bench"))

import build_compiled  # noqa: E402

sys.path.pop(0)


def test_every_module_is_compiled_or_listed_as_interpreted() -> None:
    source = {str(path.relative_to(ROOT)) for path in (ROOT / "engine").rglob("*.py")}
    assert source >= build_compiled.INTERPRETED
    assert set(build_compiled.modules()) == source - build_compiled.INTERPRETED


@pytest.mark.skipif(not CHOSEN, reason="NFLAB_ENGINE is not compiled")
def test_the_modules_in_use_are_the_compiled_ones() -> None:
    names = [file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in build_compiled.modules()]
    found = {name: importlib.import_module(name).__file__ or "" for name in names}
    assert len(found) > 200
    assert not {name: file for name, file in found.items()
                if not (file.endswith(".so") and Path(file).is_relative_to(compiled.COMPILED))}  # fmt: skip


@pytest.mark.skipif(not CHOSEN, reason="NFLAB_ENGINE is not compiled")
def test_doctor_says_compiled() -> None:
    assert doctor.engine_build() == "compiled"


def test_doctor_says_interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.CHOICE, raising=False)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert doctor.engine_build() == "interpreted"


def test_a_build_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compiled, "COMPILED", tmp_path)
    monkeypatch.setenv(paths.CHOICE, "compiled")
    with pytest.raises(LabError, match=r"there is no engine in .*\n  hint: `make compiled` builds it"):
        paths.python_path({paths.CHOICE: "compiled"})
    assert "there is no engine" in doctor.engine_build()


@pytest.mark.skipif(not compiled.built_from(), reason="there is no build")
def test_a_build_of_older_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "digest", lambda: "other")
    monkeypatch.setenv(paths.CHOICE, "compiled")
    assert doctor.engine_build() == "compiled, from older source: run `make compiled`"


def test_digest_changes_with_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "engine" / "core", tmp_path / "engine" / "core")
    monkeypatch.setattr(compiled, "ROOT", tmp_path)
    monkeypatch.setattr(compiled, "BUILDER", tmp_path / "none")
    first = compiled.digest()
    assert compiled.digest() == first
    (tmp_path / "engine" / "core" / "walk.py").open("a").write("# more\n")
    assert compiled.digest() != first


def builder(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the builder of a copy of the project, with one module for an engine."""
    for name in ("lab", "bench"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "engine").mkdir()
    (folder / "engine" / "__init__.py").write_text("")
    words = [sys.executable, str(folder / "bench" / "build_compiled.py")]
    return subprocess.run(words, env={**os.environ, **variables}, capture_output=True, text=True, check=False)


def test_without_a_compiler(tmp_path: Path) -> None:
    done = builder(tmp_path, CC="no-such-compiler")
    assert done.returncode == 1
    assert done.stderr == "no C compiler: everything runs interpreted (as root: apt-get install gcc python3-dev)\n"
    assert not (tmp_path / "build").exists()
