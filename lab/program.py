"""python lab/program.py MODULE ARGUMENT...: as python -m MODULE would, but it ends as lab/ending.py says, also while
the module is still being imported."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]

if __name__ == "__main__" and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    # Until there is somebody to catch it, Ctrl-C ends the process without a traceback. (`signal` takes some
    # milliseconds to import, and who has it ignored wants it ignored.)
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import sys

from lab import ending


def main(words: list[str]) -> None:
    """Run a module as a program. Raises SystemExit, as the module does."""
    with ending.told(f"nflab {words[0].rpartition('.')[2]}"):
        import runpy

        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
