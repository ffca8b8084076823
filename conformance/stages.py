"""Labs that are kept from scenario to scenario: one for each topology, engine and kind of clock."""

from __future__ import annotations

import platform
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.names import Names
from conformance.scene import Stage
from lab import Lab, LabError, engines
from lab.model import Topology

KEPT: Final = 8  # labs at a time; the one that was not used for longest goes first
TRIES: Final = 2  # how often a lab that cannot be built is tried before its scenarios are BROKEN without a further try

Key = tuple[str, str, str]


@dataclass
class Stages:
    """Opens labs when they are wanted and keeps them. `close()` ends them all."""

    open_stages: OrderedDict[Key, Stage] = field(default_factory=OrderedDict)
    failures: dict[Key, list[str]] = field(default_factory=dict)
    probes: dict[str, str] = field(default_factory=dict)

    def unavailable(self, engine: str) -> str:
        """Why an engine cannot run on this machine; "" if it can. Found out once."""
        if engine not in self.probes:
            self.probes[engine] = engines.find(engine).probe()
        return self.probes[engine]

    def get(self, spec: Topology, engine: str, clock: str = "virtual", fresh: bool = False) -> Stage:
        """A lab in its first state. Raises LabError and what Lab.open raises."""
        key = (str(spec.path), engine, clock)
        if not fresh and key in self.open_stages:
            stage = self.open_stages[key]
            try:
                if stage.lab.alive:
                    self.open_stages.move_to_end(key)
                    stage.lab.reset()
                    return stage
            except LabError:
                pass  # what broke it has been judged with the scenario that did
            self.drop(stage)
        if len(self.failures.get(key, ())) >= TRIES:
            raise LabError(self.failures[key][-1])
        try:
            lab = Lab.open(spec, engine=engine, clock=clock)
        except Exception as error:
            self.failures.setdefault(key, []).append(f"{error}")
            raise
        self.failures.pop(key, None)
        stage = Stage(lab, Names(spec), engine)
        if not fresh:
            self.open_stages[key] = stage
            while len(self.open_stages) > KEPT:
                self.open_stages.popitem(last=False)[1].lab.close()
        return stage

    def drop(self, stage: Stage) -> None:
        """Close a lab that is not fit for another scenario."""
        for key, kept in list(self.open_stages.items()):
            if kept is stage:
                del self.open_stages[key]
        stage.lab.close()

    def close(self) -> None:
        for stage in list(self.open_stages.values()):
            self.drop(stage)


def version(lab: Lab) -> str:
    """What the engine of a lab calls itself."""
    firewall = lab.firewalls[0]
    if firewall.adapter.is_the_kernel:
        tool = firewall.run(["iptables", "--version"]).stdout.strip()
        return f"{tool}, Linux {platform.release()}"
    try:
        answer: dict[str, Any] = firewall.adapter.request(do="ping")
    except LabError:
        return ""
    return f"nflab {answer.get('version', '?')}, {'compiled' if answer.get('compiled') else 'interpreted'}"
