"""The list of all extensions of one kind: which file each stands in, loaded when it is first asked for."""

from __future__ import annotations

from importlib import import_module

from engine.core.extension import Spec


class Registry:
    """package: where the files are, as for import. names: extension name -> file, without its ending."""

    def __init__(self, package: str, names: dict[str, str]) -> None:
        self.package = package
        self.names = names
        self.found: dict[tuple[str, int], Spec | None] = {}

    def find(self, name: str, family: int) -> Spec | None:
        """The extension of that name for one family, or None."""
        key = (name, family)
        if key not in self.found:
            self.found[key] = self._load(name, family)
        return self.found[key]

    def _load(self, name: str, family: int) -> Spec | None:
        module = self.names.get(name)
        if module is None:
            return None
        specs: tuple[Spec, ...] = import_module(f"{self.package}.{module}").EXTENSIONS
        for spec in specs:
            if spec.name == name and family in spec.families:
                return spec
        return None
