"""Lab: a running lab and its life."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from lab import engines, plan, process, stack, state, topology
from lab.channel import in_memory
from lab.engines.base import Adapter, Settings
from lab.errors import LabError
from lab.faults import did_you_mean
from lab.model import Topology
from lab.node import ACCOUNTING, Firewall, Node, close_all, rules_of
from lab.owner import Holder, warm_up
from lab.programs import module

CLOCKS: Final = ("virtual", "monotonic")
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
        self._attached = False
        self.clock = "virtual"

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
        if clock not in CLOCKS:
            raise LabError(f"'{clock}' is not a clock\n  hint: {did_you_mean(clock, CLOCKS, 'Clocks are')}")
        warm_up()
        spec = name_or_path if isinstance(name_or_path, Topology) else topology.load(name_or_path)
        chosen = engines.find(engine) if isinstance(engine, str) else engine
        adapters = {node.name: chosen if node.runs == "engine" else engines.find(node.runs)
                    for node in spec.engine_nodes}  # fmt: skip
        with ExitStack() as undo:
            holder = Holder.start()
            undo.callback(holder.end)
            lab = cls._of(spec, holder, adapters, holder.build(plan.make(spec)))
            undo.callback(lab.close)
            lab.clock = clock
            lab._start(ports)
            undo.pop_all()
        return lab

    @classmethod
    def attach(cls, name: str | None = None) -> Lab:
        """Take part in a lab that `nflab up` has made, by its name (which may be left out if there is only one).
        Closing it leaves the lab up. Several processes may do so at once."""
        record = state.find(name)
        spec = topology.parse(record.source, Path(record.path))
        adapters = {node.name: engines.find(record.nodes[node.name].engine) for node in spec.engine_nodes}
        holder = Holder.attach(state.folder_of(record), record.pid)
        answer, _files = holder.ask({"do": "describe"})
        if "engines" not in answer:
            raise LabError(f"'{record.name}' was made by another version of nflab\n  hint: 'nflab down {record.name}'")
        lab = cls._of(spec, holder, adapters, answer)
        lab._attached, lab.clock = True, record.clock
        for node in lab.nodes.values():
            node.adopt_stack()
        for firewall in lab.firewalls:
            firewall.variables.update(firewall.adapter.environment())
            firewall.adapter.attach(_settings(firewall, lab.clock), answer["engines"].get(firewall.name, 0))
        return lab

    @classmethod
    def _of(cls, spec: Topology, holder: Holder, adapters: dict[str, type[Adapter]], built: dict[str, Any]) -> Lab:
        """The lab that a holder has built."""
        macs = plan.MacTable(spec)
        nodes: dict[str, Node] = {
            name: Firewall(spec, node, macs, holder, adapters[name]) if name in adapters
            else Node(spec, node, macs, holder)
            for name, node in spec.nodes.items()
        }  # fmt: skip
        lab = cls(spec, holder, nodes)
        lab.missing, lab.namespaces = built["missing"], built["fds"]
        for name, node in nodes.items():
            node.indexes = built["indexes"][name]
        return lab

    def keep(self, claim: state.Claim) -> None:
        """Let the lab outlive this process under a name that was claimed; let_go() then leaves it alone.

        It is announced first and kept then: a kill between the two leaves a lab that is dead and is seen to be.
        """
        with claim.door() as door:
            claim.write(self.record(claim.name))
            self.holder.keep(claim.fd, door.fileno())

    def record(self, name: str) -> state.LabRecord:
        """What lab.json says of this lab."""
        nodes = {node.name: state.NodeRecord(self.namespaces[node.name], environment=node.variables) for node in self}
        for firewall in self.firewalls:
            nodes[firewall.name] = replace(nodes[firewall.name], engine=firewall.engine)
        pid, path = self.holder.pid, str(self.topology.path.resolve())
        return state.LabRecord(
            name, self.topology.name, path, pid, state.start_time(pid), time.time(), self.clock, self.topology.source,
            nodes,
        )  # fmt: skip

    def _start(self, ports: bool) -> None:
        """Engines, services and the manners of the hosts."""
        for firewall in self.firewalls:
            firewall.install_commands()
            firewall.adapter.start(_settings(firewall, self.clock))
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
            node.adopt_stack()
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
            message = {"do": "ports", "wanted": [node.wanted_port(device) for node, device in part]}
            for (node, device), fd in zip(part, self.holder.ask(message)[1], strict=True):
                node.add_port(device, fd)

    def _listen(self, node: Node) -> None:
        words = module("lab.services", f"--record={node.run_dir}/transfers.jsonl")
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
        self.holder.demand()
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
            node.quieten()
        self.settle()
        for node in self.nodes.values():
            node.reset()
        self._refresh()
        for node in self.nodes.values():
            node.drain()

    def _refresh(self) -> None:
        """What a kernel has learned or switched on by itself: in one request, because a suite does it all the time."""
        served = [node.transfers_file for node in self.nodes.values() if node.spec.services]
        own = [node.name for node in self.firewalls if node.adapter.is_the_kernel]
        wanted = {"nodes": list(self.nodes), "files": served, "name": ACCOUNTING, "read": own}
        for name, value in self.holder.ask({"do": "refresh", **wanted})[0]["values"].items():
            if value not in (None, "0"):  # a connbytes rule switches it on for good
                self.holder.sysctl(name, ACCOUNTING, "0")

    # --- life --------------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the lab's processes are still there."""
        return not self._closed and self.holder.alive

    def close(self) -> None:
        """End everything and wait until it is gone; of a lab that was attached, only let go."""
        self._leave(self.holder.let_go if self._attached else self.holder.end)

    def let_go(self) -> None:
        """Leave a kept lab (holder.keep) running and forget it."""
        self._leave(self.holder.let_go)

    def _leave(self, last: Callable[[], None]) -> None:
        """Close every file that is open here. (A socket keeps the namespace in which it was opened.)"""
        if self._closed:
            return
        self._closed = True
        for node in self.nodes.values():
            node.let_go()
        last()
        for node in self.nodes.values():
            node.forget()
        close_all([port for node in self.nodes.values() for port in node.ports])

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()


def _settings(firewall: Firewall, clock: str) -> Settings:
    spec = firewall.spec
    texts = ["" if file is None else rules_of(file) for file in (spec.rules, spec.rules6)]
    return Settings(clock, texts[0], texts[1], spec.on_engine_failure, spec.conntrack_timeouts)
