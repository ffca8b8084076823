"""--keep-lab: the lab of a failure lives on under a name, with its rules, connections and captures as they were."""

from __future__ import annotations

from conformance.scene import Stage
from conformance.stages import Stages
from lab import LabError, state


def keep(stages: Stages, stage: Stage) -> str:
    """Let a lab outlive this process. Returns how to enter it; or why it could not be kept."""
    lab = stage.lab
    names = [f"failed-{lab.topology.name}", *(f"failed-{lab.topology.name}-{number}" for number in range(2, 20))]
    try:
        with _first_free(names) as claim:
            lab.keep(claim)
    except Exception as error:  # whatever it is, it must not spoil the judgement
        stages.drop(stage)
        return f"it could not be kept: {error}"
    for key, kept in list(stages.open_stages.items()):
        if kept is stage:
            del stages.open_stages[key]
    lab.let_go()
    return f"nflab shell {claim.name}/NODE (nodes: {', '.join(lab.nodes)}), and then nflab down {claim.name}"


def _first_free(names: list[str]) -> state.Claim:
    for name in names[:-1]:
        try:
            return state.claim(name)
        except LabError:
            continue
    return state.claim(names[-1])
