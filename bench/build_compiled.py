"""Compile engine/ with mypyc from the same source that runs interpreted: python bench/build_compiled.py

The build goes to build/compiled/engine: a copy of the source with the compiled modules beside it. With
`NFLAB_ENGINE=compiled` labs and commands use it; `nflab doctor` says which one is in use. Front ends that start often
and do little, and packages that find their parts on first use, stay interpreted. Nothing is done if neither the source
nor this file nor Python has changed since the last build; a build that fails leaves the last one as it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lab import compiled  # noqa: E402

BUILD = compiled.COMPILED
INTERPRETED = {
    "engine/__init__.py", "engine/__main__.py", "engine/cli.py", "engine/explain.py", "engine/core/__init__.py",
    "engine/driver/__init__.py", "engine/driver/client.py",
}  # fmt: skip
OPTIMISATION = "2"
# A C file for each module, compiled side by side: one file for all of them takes ten times as long, and a gigabyte.
SETUP = """
import os
from concurrent.futures import ThreadPoolExecutor

from mypyc.build import mypycify
from setuptools import setup
from setuptools._distutils.ccompiler import CCompiler


def compile(self, sources, output_dir=None, macros=None, include_dirs=None, debug=0, extra_preargs=None,
            extra_postargs=None, depends=None):
    macros, objects, extra, options, build = self._setup_compile(
        output_dir, macros, include_dirs, sources, depends, extra_postargs)
    words = self._get_cc_args(options, debug, extra_preargs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda one: self._compile(one, *build[one], words, extra, options), objects))
    return objects


CCompiler.compile = compile
setup(name="engine", packages=[],
      ext_modules=mypycify({files}, opt_level="{level}", debug_level="0", multi_file=True))
"""


def modules() -> list[str]:
    """The files to compile, from the root."""
    every = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "engine").rglob("*.py"))
    return [name for name in every if name not in INTERPRETED]


def main() -> int:
    """0 when the build is there; without a C compiler the reason is printed and nothing is left behind."""
    if compiled.is_current():
        print(f"compiled: {BUILD.relative_to(ROOT)} is up to date")
        return 0
    if shutil.which(os.environ.get("CC", "gcc")) is None:
        print("no C compiler: everything runs interpreted (as root: apt-get install gcc python3-dev)", file=sys.stderr)
        return 1
    digest = compiled.digest()
    fresh = BUILD.with_name("compiled.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(ROOT / "engine", fresh / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    (fresh / "setup.py").write_text(SETUP.format(files=modules(), level=OPTIMISATION))
    environment = {**os.environ, "PYTHONPATH": ""}
    words = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    done = subprocess.run(words, cwd=fresh, env=environment, check=False)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        return done.returncode
    shutil.rmtree(fresh / "build", ignore_errors=True)
    (fresh / "setup.py").unlink()
    (fresh / compiled.DIGEST).write_text(digest + "\n", encoding="ascii")
    shutil.rmtree(BUILD, ignore_errors=True)
    fresh.rename(BUILD)
    print(f"compiled: {BUILD.relative_to(ROOT)} (use it with NFLAB_ENGINE=compiled)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
