"""What can go wrong, by whose fault.

    TopologyError   your topology file (lab/faults.py): file, line and column of every fault
    RulesetError    your ruleset: the engine's own message; the rules in force are unchanged
    LabError        this machine or this lab: not permitted, a tool is missing, a process died
    EngineDied      the engine's process is gone; its node drops or accepts, as the topology says
    Unsupported     an engine was asked for something that it has declared it cannot do

Anything else that is raised here is a bug of the lab.
"""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do it on this machine or in its present state. Says what to do about it."""


class EngineDied(LabError):
    """The engine's process ended while the lab was up."""


class Unsupported(LabError):
    """This engine cannot do that, and says why (for example: a kernel's clock cannot be advanced)."""


class RulesetError(ValueError):
    """A ruleset was refused. `str()` is the engine's own message, `place` is FILE:LINE:COL where known."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place
