"""Lab: a running lab and its life."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final

from lab import engines, plan, process, stack, topology
from lab.channel import in_memory
from lab.engines.base import Adapter, Settings
from lab.errors import LabError
from lab.faults import did_you_mean
from lab.model import Topology
from lab.node import Firewall, Node, close_all
from lab.owner import Holder, warm_up
from lab.port import wanted

SETTLE_ROUNDS: Final = 1000
MOST_PORTS: Final = 200
PORTS_AT_ONCE: Final = 50
BASHRC: Final = """[ -f ~/.bashrc ] && . ~/.bashrc
PATH="$NFLAB_RUN_DIR/bin:$PATH"
PS1="$NFLAB_PROMPT"'\\w\\$ '
"""


class Lab:
    """A running lab. `with Lab.open("three-legged", engine="userspace") as lab: lab["firewall"].load(text)`."""

    def __init__(self, spec: Topology, holder: Holder, nodes: dict[str, Node]) -> None:
        self.topology = spec
        self.holder = holder
        self.nodes = nodes
        self.missing: list[str] = []
        self.namespaces: dict[str, int] = {}
        self._closed = False

    @classmethod
    def open(
        cls,
        name_or_path: str | Path | Topology,
        engine: str | type[Adapter] = "userspace",
        *,
        clock: str = "virtual",
        ports: bool = True,
    ) -> Lab:
        """Build the lab of a topology (a path, or the name of a built-in one) and start its engines and services.

        Raises TopologyError (nothing was created), LabError (this machine cannot; nothing is left), RulesetError (the
        topology's own rules). `engine` drives every node that says `runs: engine`. Without `ports`, each port begins to
        see frames when it is first asked for.
        """
        warm_up()
        spec = name_or_path if isinstance(name_or_path, Topology) else topology.load(name_or_path)
        chosen = engines.find(engine) if isinstance(engine, str) else engine
        adapters = {node.name: chosen if node.runs == "engine" else engines.find(node.runs)
                    for node in spec.engine_nodes}  # fmt: skip
        with ExitStack() as undo:
            holder = Holder.start()
            undo.callback(holder.end)
            macs = plan.MacTable(spec)
            nodes: dict[str, Node] = {
                name: Firewall(spec, node, macs, holder, adapters[name]) if name in adapters
                else Node(spec, node, macs, holder)
                for name, node in spec.nodes.items()
            }  # fmt: skip
            lab = cls(spec, holder, nodes)
            answer = holder.build(plan.make(spec))
            lab.missing, lab.namespaces = answer["missing"], answer["fds"]
            for name, node in nodes.items():
                node.indexes = answer["indexes"][name]
            lab._start(clock, ports)
            undo.pop_all()
        return lab

    def _start(self, clock: str, ports: bool) -> None:
        """Engines, services and the manners of the hosts."""
        for firewall in self.firewalls:
            firewall.install_commands()
            firewall.adapter.start(_settings(firewall, clock))
        if ports:
            self._open_ports()
        self._set_stacks()
        for node in self.nodes.values():
            self.holder.write(f"{node.run_dir}/bashrc", BASHRC)
            if node.spec.services:
                self._listen(node)
        for firewall in self.firewalls:
            firewall.adapter.wait_until_ready()

    def _set_stacks(self) -> None:
        """As Node.stack does, for all hosts at once."""
        running = []
        for node in self.nodes.values():
            mode = node.spec.closed_ports
            if mode == node.stack:
                continue
            for argv, text in stack.commands(mode):
                given, said = in_memory(text), os.memfd_create("said", os.MFD_CLOEXEC)
                running.append((node, process.start(self.holder, node.name, argv, node.environment,
                                                    {0: given, 1: said, 2: said}), said))  # fmt: skip
                os.close(given)
            node._stack = mode
        for node, started, said in running:
            failed = started.wait()
            text = os.pread(said, 4096, 0).decode(errors="replace").strip()
            os.close(said)
            if failed:
                self.missing.append(f"{node.name}: closed ports answer, because {started.args[0]} failed: {text}")

    def _open_ports(self) -> None:
        """Every port, so that frames are seen from the start on. Of many wires too many files would be open."""
        wires = [(node, device) for node in self.nodes.values() for device in node.devices]
        if len(wires) > MOST_PORTS:
            return
        for at in range(0, len(wires), PORTS_AT_ONCE):
            part = wires[at : at + PORTS_AT_ONCE]
            message = {"do": "ports", "wanted": [wanted(node.name, device, node.mtu(device)) for node, device in part]}
            for (node, device), fd in zip(part, self.holder.ask(message)[1], strict=True):
                node.add_port(device, fd)

    def _listen(self, node: Node) -> None:
        words = [sys.executable, "-m", "lab.services", f"--record={node.run_dir}/transfers.jsonl"]
        self.holder.write(f"{node.run_dir}/transfers.jsonl", "")
        self.holder.ask({
            "do": "listen", "node": node.name, "argv": words, "env": node.python_environment,
            "services": [[service.kind, service.port] for service in node.spec.services],
        })  # fmt: skip

    # --- nodes -------------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Firewall:
        """A node by name. (Typed as Firewall, which has everything; a host is a Node.)"""
        if name not in self.nodes:
            raise LabError(
                f"'{name}' is not a node of {self.topology.name}\n  hint: {did_you_mean(name, self.nodes, 'Nodes are')}"
            )
        return self.nodes[name]  # type: ignore[return-value]

    def __contains__(self, name: object) -> bool:
        return name in self.nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    @property
    def firewalls(self) -> list[Firewall]:
        """The nodes that run an engine."""
        return [node for node in self.nodes.values() if isinstance(node, Firewall)]

    @property
    def firewall(self) -> Firewall:
        """The one node that runs an engine. Raises LabError if there are none or several."""
        found = self.firewalls
        if len(found) != 1:
            raise LabError(f"{self.topology.name} has {len(found)} nodes that run an engine, not one")
        return found[0]

    # --- packets -----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Return when every packet that was sent has been handled and has arrived wherever it was going.

        A kernel forwards within send(). An engine process is asked until all of them have been idle for a whole round:
        what one lets through may be what the next one waits for. Real programs (servers) are not waited for.
        """
        before: list[int] = []
        for _round in range(SETTLE_ROUNDS):
            handled = [firewall.adapter.sync() for firewall in self.firewalls]
            if handled == before or not any(handled):
                return
            before = handled
        raise LabError(f"packets still go round after {SETTLE_ROUNDS} rounds: is there a forwarding loop?")

    def reset(self) -> None:
        """Back to how the lab was when it opened: rules, connections, counters, sysctls, programs, captures."""
        self.settle()
        for node in self.nodes.values():
            node.end_programs()
        self.settle()
        for node in self.nodes.values():
            node.reset()

    # --- life --------------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the lab's processes are still there."""
        return not self._closed and self.holder.alive

    def close(self) -> None:
        """End everything and wait until it is gone."""
        if self._closed:
            return
        self._closed = True
        self.holder.end()
        close_all([port for node in self.nodes.values() for port in node.ports])

    def let_go(self) -> None:
        """Leave a kept lab (holder.keep) running and forget it."""
        self._closed = True
        self.holder.let_go()
        close_all([port for node in self.nodes.values() for port in node.ports])

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()


def _settings(firewall: Firewall, clock: str) -> Settings:
    spec = firewall.spec
    texts = ["" if file is None else file.read_text(encoding="utf-8") for file in (spec.rules, spec.rules6)]
    return Settings(clock, texts[0], texts[1], spec.on_engine_failure, spec.conntrack_timeouts)


__all__ = ["Lab"]
