"""An engine's rules and connections as one JSON value: what lets a restarted engine go on where another stopped.

    {"version": 1, "rules": text of both families with counters, "connections": ...}

Times are kept as seconds to go, because each process has its own clock.
"""

from __future__ import annotations

from typing import Any, Final

from engine.core.engine import Engine
from engine.language.errors import RulesetError
from engine.language.state import load_state, state_text

VERSION: Final = 1
NOTHING_CHANGED: Final = "nothing was restored"


class StateError(Exception):
    """A value that `dump_state` did not write."""


def dump_state(engine: Engine, now: float) -> dict[str, Any]:
    return {"version": VERSION, "rules": state_text(engine.store), "connections": engine.conntrack.snapshot(now)}


def restore_state(engine: Engine, state: Any, now: float) -> None:
    """Replace rules and connections. Raises StateError (also for rules that cannot be loaded); then nothing changed."""
    if not isinstance(state, dict) or state.get("version") != VERSION:
        found = state.get("version") if isinstance(state, dict) else type(state).__name__
        raise StateError(f"this is no engine state of version {VERSION} (found {found!r}); {NOTHING_CHANGED}")
    rules = state.get("rules")
    connections = state.get("connections")
    if not isinstance(rules, str) or not isinstance(connections, dict):
        raise StateError(f"rules or connections are missing; {NOTHING_CHANGED}")
    before = dump_state(engine, now)
    try:
        _fill(engine, rules, connections, now)
    except (RulesetError, ValueError, KeyError, TypeError, IndexError) as error:
        _fill(engine, before["rules"], before["connections"], now)
        raise StateError(f"{type(error).__name__}: {error}; {NOTHING_CHANGED}") from None


def _fill(engine: Engine, rules: str, connections: dict[str, Any], now: float) -> None:
    engine.flush()
    load_state(engine.store, rules, "state")
    engine.conntrack.restore(connections, now)
