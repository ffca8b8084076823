"""An engine's rules and connections as one JSON value: what lets a restarted engine go on where another stopped.

    {"version": 1, "final": whether the engine ended with it, "rules": text of both families with counters,
     "connections": ...}

Times are kept as seconds to go, because each process has its own clock. A state that is not final is older than the
connections in it: they have gone on since, and the windows of TCP have to be learnt anew.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Final

from engine.core.engine import Engine
from engine.language.errors import RulesetError
from engine.language.state import load_state, state_text

VERSION: Final = 1
NOTHING_CHANGED: Final = "nothing was restored"
LAST_STATE: Final = "last.state"  # in the folder of the socket, from `quit` with `keep` until the next engine is ready


class StateError(Exception):
    """A value that `dump_state` did not write."""


def dump_state(engine: Engine, now: float, final: bool = False) -> dict[str, Any]:
    """`final`: no packet will be handled after it."""
    return {
        "version": VERSION,
        "final": final,
        "rules": state_text(engine.store),
        "connections": engine.conntrack.snapshot(now),
    }


def leave_state(engine: Engine, now: float, folder: str) -> None:
    """Write the final state for the next engine: the whole file or none. Raises OSError."""
    path = os.path.join(folder, LAST_STATE)
    try:
        with open(path + ".new", "w", encoding="ascii", opener=_private) as file:
            json.dump(dump_state(engine, now, final=True), file)
        os.rename(path + ".new", path)
    except OSError:
        forget_state(folder)
        raise


def has_left_a_state(folder: str) -> bool:
    """Whether the node waits for an engine that goes on where another has ended."""
    return os.path.exists(os.path.join(folder, LAST_STATE))


def forget_state(folder: str) -> None:
    """It is another engine's past from now on. Raises OSError."""
    for name in (LAST_STATE + ".new", LAST_STATE):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def restore_state(engine: Engine, state: Any, now: float, unwatched: bool = False) -> None:
    """Replace rules and connections. Raises StateError (also for rules that cannot be loaded); then nothing changed.

    unwatched: packets may have passed since the state was made, even if it is a final one.
    """
    if not isinstance(state, dict) or state.get("version") != VERSION:
        found = state.get("version") if isinstance(state, dict) else type(state).__name__
        raise StateError(f"this is no engine state of version {VERSION} (found {found!r}); {NOTHING_CHANGED}")
    rules = state.get("rules")
    connections = state.get("connections")
    if not isinstance(rules, str) or not isinstance(connections, dict):
        raise StateError(f"rules or connections are missing; {NOTHING_CHANGED}")
    before = dump_state(engine, now)
    try:
        _fill(engine, rules, connections, now, unwatched or state.get("final") is not True)
    except (RulesetError, ValueError, KeyError, TypeError, IndexError) as error:
        _fill(engine, before["rules"], before["connections"], now, False)
        raise StateError(f"{type(error).__name__}: {error}; {NOTHING_CHANGED}") from None


def _fill(engine: Engine, rules: str, connections: dict[str, Any], now: float, stale: bool) -> None:
    engine.flush()
    load_state(engine.store, rules, "state")
    engine.conntrack.restore(connections, now)
    if stale:
        engine.conntrack.resume()
