"""Runs one scenario on one engine and judges it: PASS, FAIL, UNSUPPORTED or BROKEN.

    PASS          everything that the scenario says was so
    FAIL          something was not: Failed, or a plain assert in the scenario
    UNSUPPORTED   the engine's adapter refuses what the scenario needs, or this machine lacks it: said beforehand
    BROKEN        the lab, the suite or the engine's process did not work: no judgement; makes the run red

An outcome is decided here once and never changed. Whether a FAIL makes a run red is another matter: see deviations.py.
"""

from __future__ import annotations

import datetime
import inspect
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from conformance import actors, deviations, keeping, needs, wire
from conformance.case import ROOT, Instance, spec_of
from conformance.failing import Broken, Failed, is_recommendation, text_of
from conformance.packets import FlowError, NameFault, PacketFault
from conformance.scene import Scene, Stage, counting, explained
from conformance.stages import Stages
from lab import EngineDied, LabError, engines
from reports.records import BROKEN, FAIL, PASS, UNSUPPORTED, Evidence, Result


class Runner:
    """Runs scenarios one after the other. `folder`: where captures of failures are put, None for nowhere. `keep`: the
    lab of the first failure is left up; `kept` then says how to enter it."""

    def __init__(self, stages: Stages, seed: int, folder: Path | None = None, keep: bool = False) -> None:
        self.stages = stages
        self.seed = seed
        self.folder = folder
        self.keep = keep
        self.kept = ""

    def run(self, instance: Instance, engine: str) -> Result:
        """Run a scenario. Never raises, except for KeyboardInterrupt and its like."""
        result = blank(instance, engine)
        start = time.monotonic()
        try:
            self._run(instance, engine, result)
        except Exception as error:
            _broken(result, error)
        result.seconds = round(time.monotonic() - start, 6)
        result.reproduce = (
            f"pytest {instance.case.place.partition(':')[0]} -k '{instance.id}[{engine}]' --engine={engine}"
            + (f" --seed={self.seed}" if "chance" in inspect.signature(instance.case.function).parameters else "")
        )
        return deviations.judge(result, instance)

    def _run(self, instance: Instance, engine: str, result: Result) -> None:
        made = instance.case
        reason = needs.refusal(instance.needs, engines.find(engine)) or self.stages.unavailable(engine)
        if reason:
            result.outcome, result.reason = UNSUPPORTED, reason
            return
        stage = self.stages.get(spec_of(made), engine, made.clock, made.fresh)
        whole = False
        try:
            reason = self._missing(instance, stage)
            if reason:
                result.outcome, result.reason = UNSUPPORTED, reason
            else:
                self._perform(Scene(stage, instance, self.seed), result)
            whole = result.outcome != BROKEN
        finally:
            if self._is_to_be_kept(result) and stage.lab.alive:
                self.kept = keeping.keep(self.stages, stage)
            elif made.fresh or not whole:
                self.stages.drop(stage)

    def _is_to_be_kept(self, result: Result) -> bool:
        return self.keep and not self.kept and result.outcome in (FAIL, BROKEN) and deviations.find(result) is None

    @staticmethod
    def _missing(instance: Instance, stage: Stage) -> str:
        for need in instance.needs:
            if need not in stage.probed:
                stage.probed[need] = needs.missing(need, stage.lab.firewalls[0]) if stage.lab.firewalls else ""
            if stage.probed[need]:
                return stage.probed[need]
        return ""

    def _perform(self, scene: Scene, result: Result) -> None:
        """The scenario itself, then proofs of silence, evidence and a look at the engine's own faults."""
        error: Exception | None = None
        try:
            scene.conntrack_before = (
                [str(entry) for entry in scene.lab.firewalls[0].conntrack()] if scene.lab.firewalls else []
            )
            scene.instance.case.function(**_arguments(scene))
            scene.collect()
        except Exception as raised:
            error = raised
        self._judge(scene, result, error)
        if result.outcome == PASS:
            try:
                scene.prove_silences()
            except Exception as raised:
                self._judge(scene, result, raised, again=True)
        self._undo(scene, result)
        self._own_faults(scene, result)

    def _judge(self, scene: Scene, result: Result, error: Exception | None, again: bool = False) -> None:
        if error is None:
            result.outcome, result.reason = PASS, ""
        elif isinstance(error, AssertionError):
            result.outcome = FAIL
            result.recommendation = is_recommendation(error)
        else:
            _broken(result, error)
        if not again or not result.evidence.steps:
            result.evidence = self._evidence(scene, result)
        if isinstance(error, AssertionError):
            told = explained(result.evidence.trace) or counting(result.evidence.counters)
            captured = self._write_capture(scene, result)
            result.reason = "\n".join(text_of([*_lines(error), *told, *captured]))
        elif result.outcome == BROKEN:
            result.reason = "\n".join([result.reason, *text_of(self._write_capture(scene, result))])

    @staticmethod
    def _evidence(scene: Scene, result: Result) -> Evidence:
        try:
            return scene.evidence(result.outcome != PASS)
        except LabError as error:  # a dead engine has no evidence left; what happened before is known
            if result.outcome == PASS:
                _broken(result, error)
            return Evidence(scene.steps, dict(scene.rules))

    def _write_capture(self, scene: Scene, result: Result) -> list[tuple[str, str]]:
        """What has been on the wires becomes a file. Returns the line that names it."""
        frames = scene.frames()
        if self.folder is None or not frames:
            return []
        name = f"{result.id.replace('/', '_')}.{result.engine}.pcapng"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            wire.write_pcapng(self.folder / name, frames)
        except Exception as error:  # a frame that scapy cannot write must not hide the failure
            return [("evidence", f"no capture file: {error}")]
        result.evidence.files.append(f"{self.folder.name}/{name}")
        return [("evidence", f"{self.folder / name}")]

    def _undo(self, scene: Scene, result: Result) -> None:
        if self._is_to_be_kept(result):
            return
        try:
            scene.undo_all()
        except Exception as error:
            _broken(result, error)

    @staticmethod
    def _own_faults(scene: Scene, result: Result) -> None:
        """A traceback inside an engine process means that it dropped a packet because of its own bug: no judgement."""
        for firewall in scene.lab.firewalls:
            if "control" in firewall.adapter.refuses:
                continue
            try:
                faults = firewall.adapter.request(do="faults").get("faults", [])
            except LabError as error:
                if result.outcome != BROKEN and not scene.instance.case.fresh:
                    _broken(result, error)
                continue
            new = faults[scene.stage.faults :]
            scene.stage.faults = len(faults)
            if new:
                _broken(result, Broken(f"the engine has a bug: it dropped {len(new)} packets\n{new[0]}"))


def blank(instance: Instance, engine: str) -> Result:
    """A result before anything has happened: BROKEN, until something better is known."""
    made = instance.case
    return Result(
        instance.id,
        engine,
        BROKEN,
        area=instance.area,
        topology=spec_of(made).name,
        requirement=instance.requirement,
        cites=list(instance.cites),
        source=instance.source,
        about=made.about,
        needs=list(instance.needs),
        place=made.place,
        arguments={name: str(value) for name, value in instance.arguments.items()},
        reason="it was not run",
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
    )


def _arguments(scene: Scene) -> dict[str, Any]:
    """What the function of a case asks for: actors, columns of its row, and the special ones."""
    nodes = {name.replace("-", "_"): name for name in scene.names.topology.nodes}
    given: dict[str, Any] = {}
    for name in inspect.signature(scene.instance.case.function).parameters:
        if name in scene.instance.arguments:
            given[name] = scene.instance.arguments[name]
        elif name == "chance":
            given[name] = scene.chance
        elif name == "row":
            given[name] = scene.instance.row
        elif name == "scene":
            given[name] = scene
        else:
            given[name] = actors.actor(scene, nodes[name])
    return given


def _lines(error: AssertionError) -> list[tuple[str, str]]:
    if isinstance(error, Failed):
        return error.lines
    frame = _last_of_scenario(error.__traceback__)
    return [("asserted", str(error) or "(no message)"), ("at", frame)]


def _last_of_scenario(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames if Path(frame.filename).name.startswith("test_")]
    if not ours:
        return "?"
    path = Path(ours[-1].filename)
    shown = path.relative_to(ROOT.parent) if path.is_relative_to(ROOT.parent) else path
    return f"{shown}:{ours[-1].lineno}: {ours[-1].line}"


def _broken(result: Result, error: Exception) -> None:
    result.outcome = BROKEN
    if isinstance(error, EngineDied):
        result.reason = f"the engine died: {error}"
    elif isinstance(error, LabError | Broken):
        result.reason = str(error)
    elif isinstance(error, NameFault | PacketFault | FlowError):
        result.reason = f"the scenario cannot be played: {error}\n  at {_last_of_scenario(error.__traceback__)}"
    else:
        result.reason = "".join(traceback.format_exception(error)).strip()
