"""The engines that a firewall node can run. This table is the whole list.

Another engine joins by `register("name", "module:Class")`; the module is imported when the engine is asked for.
"""

from __future__ import annotations

import importlib
from typing import Any, Final, cast

from lab.engines.base import Adapter
from lab.errors import LabError
from lab.faults import did_you_mean

ENGINES: Final[dict[str, str | type[Adapter]]] = {
    "userspace": "lab.engines.userspace:Userspace",
    "kernel-legacy": "lab.engines.kernel_legacy:KernelLegacy",
    "kernel-nft": "lab.engines.kernel_nft:KernelNft",
}


def names() -> list[str]:
    return list(ENGINES)


def register(name: str, adapter: str | type[Adapter]) -> None:
    """Add an engine. Raises ValueError if the name is taken."""
    if name in ENGINES:
        raise ValueError(f"there is already an engine called '{name}'")
    ENGINES[name] = adapter


def find(name: str) -> type[Adapter]:
    """The adapter of an engine. Raises LabError with the names that there are."""
    if name not in ENGINES:
        raise LabError(f"'{name}' is not an engine here\n  hint: {did_you_mean(name, ENGINES, 'Engines are')}")
    found: Any = ENGINES[name]
    if isinstance(found, str):
        module, _colon, attribute = found.partition(":")
        found = getattr(importlib.import_module(module), attribute)
    return cast(type[Adapter], found)
