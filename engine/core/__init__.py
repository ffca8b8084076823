"""Packets, rules, the walk and `Engine`, which joins all parts.

`from engine.core import Engine, Arrival` works without lab, root or a Linux netfilter. Engine stands above the other
packages, which themselves import this one, so it is found on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.core.context import Arrival, Emission, Environment
    from engine.core.engine import Departure, Engine

_HOME = {
    "Arrival": "engine.core.context",
    "Emission": "engine.core.context",
    "Environment": "engine.core.context",
    "Departure": "engine.core.engine",
    "Engine": "engine.core.engine",
}

__all__ = ["Arrival", "Departure", "Emission", "Engine", "Environment"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'engine.core' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
