"""The collector of cyclic garbage never looks at everything while there are many connections."""

from __future__ import annotations

import gc
import subprocess
import sys

SCRIPT = """
import gc
from engine.driver import garbage

full = []
gc.callbacks.append(lambda phase, about: full.append(about["generation"]) if about["generation"] == 2 else None)
class Circle: pass
garbage.begin()
full.clear()
kept = [[number] for number in range(300_000)]
garbage.tidy(300_000)
assert not full, full
left = Circle(); left.itself = left; del left
garbage.tidy(0)
assert full, "with few connections everything is looked at"
full.clear()
garbage.tidy(0)
assert not full, "and not again for nothing"
"""


def test_full_collections_wait_until_the_table_is_small() -> None:
    assert gc.isenabled()
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
