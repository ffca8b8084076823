"""Scenarios that wait for a kernel's clock begin before their turn, and only those."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from conformance import ahead, case
from conformance.case import Instance
from reports.records import PASS, Result

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "conformance" / "timeouts" / "test_timeouts.py"


@pytest.fixture(scope="module")
def instances() -> dict[str, Instance]:
    return {instance.id: instance for made in case.load_file(FILE) for instance in made.instances()}


def test_who_waits(instances: dict[str, Instance]) -> None:
    waiting = {name for name, instance in instances.items() if ahead.waits(instance, "kernel-legacy")}
    assert {"timeouts.refresh", "timeouts.after-expiry/udp", "timeouts.expiry/tcp"} <= waiting < set(instances)
    assert not any(ahead.waits(instance, "userspace") for instance in instances.values())
    for name in waiting:
        assert "virtual-clock" not in instances[name].needs


class Together:
    """A runner whose scenarios end only when as many of them run as may run at once."""

    def __init__(self, barrier: threading.Barrier, closed: list[Any]) -> None:
        self.barrier = barrier
        self.stages = self
        self.closed = closed

    def run(self, instance: Instance, engine: str) -> Result:
        self.barrier.wait(10)
        return Result(instance.id, engine, PASS, reason=threading.current_thread().name)

    def close(self) -> None:
        self.closed.append(self)


def test_they_run_beside_each_other(instances: dict[str, Instance]) -> None:
    waiting = [each for each in instances.values() if ahead.waits(each, "kernel-legacy")][: ahead.AT_ONCE]
    others = [each for each in instances.values() if not ahead.waits(each, "kernel-legacy")]
    closed: list[Any] = []
    barrier = threading.Barrier(len(waiting))
    made = ahead.Ahead(lambda: Together(barrier, closed))  # type: ignore[arg-type, return-value]
    made.begin(("file", "kernel-legacy"), lambda: [*others, *waiting])
    made.begin(("file", "kernel-legacy"), lambda: pytest.fail("it was begun already"))
    results = [made.result(each, "kernel-legacy") for each in waiting]
    assert [result.id for result in results if result is not None] == [each.id for each in waiting]
    assert len({result.reason for result in results if result is not None}) == len(waiting) == ahead.AT_ONCE
    assert all(made.result(each, "kernel-legacy") is None for each in [*others, *waiting])
    assert all(made.result(each, "kernel-nft") is None for each in waiting)
    made.close()
    assert len(closed) == len(made.runners) == ahead.AT_ONCE
