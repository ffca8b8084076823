"""python -m lab.program MODULE ARGUMENT...: as python -m MODULE would, but Ctrl-C ends it in one line, also while it is
still being imported."""

from __future__ import annotations

import signal
import sys


def main(words: list[str]) -> None:
    """Run a module as a program. Raises SystemExit, as the module does."""
    try:
        import runpy

        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        # What it had started it has ended on its way out, or the kernel does so when this process ends.
        print(f"nflab {words[0].rpartition('.')[2]}: interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main(sys.argv[1:])
