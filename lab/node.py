"""The nodes of a running lab: what a program that drives a lab does with them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lab import neighbours, plan, port, process, sockdiag, stack
from lab.engines.base import FAMILIES, FILLERS, TABLES, Adapter, Entry
from lab.errors import LabError
from lab.faults import did_you_mean
from lab.model import Node as NodeSpec
from lab.model import Topology
from lab.owner import Holder
from lab.paths import python_variables, variables
from lab.port import Port
from lab.process import Process
from lab.programs import search_path
from lab.restorer import Restorer

RUN: Final = "/run/nflab"

ACCOUNTING: Final = "net.netfilter.nf_conntrack_acct"


class Node:
    """One machine of the lab.

    `name`, `spec` (what the topology file says of it), `variables` (of its own, for programs there), `indexes` (the
    numbers of its interfaces). Addresses and MAC addresses are text.
    """

    def __init__(self, topology: Topology, spec: NodeSpec, macs: plan.MacTable, holder: Holder) -> None:
        self.name = spec.name
        self.spec = spec
        self.holder = holder
        self.python = sys.executable
        self.run_dir = f"{RUN}/{spec.name}"
        self.variables = self._variables(topology)
        self.indexes: dict[str, int] = {}
        self._topology = topology
        self._macs = macs
        self._ports: dict[str, Port] = {}
        self._slots = port.slots_of(sum(len(each.devices) for each in topology.nodes.values()))
        self._processes: list[Process] = []
        self._first_sysctls: dict[str, str] = {}
        self._restorers: dict[str, Restorer] = {}
        self._netlink: dict[int, socket.socket] = {}
        self._reset_at = 0.0
        self._stack = "refuse"

    def __repr__(self) -> str:
        return f"<node {self.name}>"

    def _variables(self, topology: Topology) -> dict[str, str]:
        return {
            "XTABLES_LOCKFILE": f"{self.run_dir}/xtables.lock",
            "NFLAB_NODE": self.name,
            "NFLAB_RUN_DIR": self.run_dir,
            "NFLAB_TOPOLOGY": topology.name,
        }

    @property
    def environment(self) -> dict[str, str]:
        """What programs in the node get: the variables of this process, with the node's own."""
        return {**variables(), **self.variables, "PATH": search_path(f"{self.run_dir}/bin")}

    @property
    def python_environment(self) -> dict[str, str]:
        """The same for programs of this project."""
        return python_variables(self.environment)

    # --- what it has -------------------------------------------------------------------------------------------------

    @property
    def devices(self) -> list[str]:
        """The names of its interfaces and bridges."""
        return list(self.spec.devices)

    def _device(self, name: str | None) -> str:
        devices = self.spec.devices
        if name is None and len(devices) == 1:
            return next(iter(devices))
        if name is None:
            raise LabError(f"{self.name} has more than one interface: say which of {', '.join(devices)}")
        if name not in devices:
            raise LabError(
                f"{self.name} has no interface '{name}'\n  hint: {did_you_mean(name, devices, 'Interfaces are')}"
            )
        return name

    def address(self, device: str | None = None, family: int = 4) -> str:
        """Its (first) address on a link, without the prefix length."""
        name = self._device(device)
        for address in self.spec.devices[name]:
            if address.version == family:
                return str(address.ip)
        raise LabError(f"{self.name}.{name} has no IPv{family} address")

    def mac(self, device: str | None = None) -> str:
        return self._macs[self.name, self._device(device)]

    def mtu(self, device: str | None = None) -> int:
        """The MTU that the topology gives a wire."""
        name = self._device(device)
        ports = next((bridge.ports for bridge in self.spec.bridges if bridge.name == name), (name,))
        return min(self._topology.links[link].mtu for link in ports)

    # --- frames ------------------------------------------------------------------------------------------------------

    def port(self, device: str | None = None) -> Port:
        """The wire `device` at this node: one Port a wire, open since the lab is (in a lab of very many wires, since
        the first call)."""
        name = self._device(device)
        if name not in self._ports:
            message = {"do": "ports", "wanted": [self.wanted_port(name)]}
            self.add_port(name, self.holder.ask(message)[1][0])
        return self._ports[name]

    def wanted_port(self, device: str) -> dict[str, Any]:
        """What the holder is asked for to open one."""
        return port.wanted(self.name, device, self.mtu(device), self._slots)

    def add_port(self, device: str, fd: int) -> None:
        opened = socket.socket(fileno=fd)
        self._ports[device] = Port(self.name, device, self.mac(device), opened, self.mtu(device), self._slots)

    @property
    def ports(self) -> list[Port]:
        """The ports that are open."""
        return list(self._ports.values())

    def claim(self, address: str, device: str | None = None) -> None:
        """Let everybody on the wire send packets for `address` to this node, whose kernel knows nothing of the address:
        they are seen by the port and answered by nobody. Stays for the life of the lab."""
        name = self._device(device)
        link = next((bridge.ports[0] for bridge in self.spec.bridges if bridge.name == name), name)
        words = ["neigh", "replace", address, "lladdr", self.mac(name), "nud", "permanent", "dev"]
        for node, neighbour_device in plan.neighbours_of(self._topology, self.name, link):
            process.run(self.holder, node, ["ip", *words, neighbour_device], self.environment, check=True)

    # --- programs ----------------------------------------------------------------------------------------------------

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | bytes | None = None,
        timeout: float | None = None,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        errors: str = "replace",
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the node to its end, as subprocess.run(argv, capture_output=True, text=True) would."""
        environment = {**self.environment, **(env or {})}
        return process.run(
            self.holder,
            self.name,
            _words(argv),
            environment,
            input=input,
            timeout=timeout,
            check=check,
            cwd=cwd,
            errors=errors,
        )

    def start(
        self,
        argv: Sequence[str],
        *,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> Process:
        """Start a program in the node and let it run; reset() and the end of the lab end it. Files are file
        descriptors; without them it reads and writes nothing."""
        environment = {**self.environment, **(env or {})}
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            files = {number: nothing if fd is None else fd for number, fd in enumerate((stdin, stdout, stderr))}
            started = process.start(self.holder, self.name, _words(argv), environment, files, cwd)
        finally:
            os.close(nothing)
        self._processes.append(started)
        return started

    def feed(self, program: str, rules: str) -> bool:
        """Let an iptables-restore (its path) that is kept for this load rules; False: see Restorer.load."""
        if program not in self._restorers:
            self._restorers[program] = Restorer(self, program)
        return self._restorers[program].load(rules)

    def let_go(self) -> None:
        """End the programs that are kept for the node."""
        for each in self._restorers.values():
            each.close()
        self._restorers.clear()

    def forget(self) -> None:
        """Close what is open here for the node, when nothing more will be asked of it."""
        for each in self._processes:
            each.forget()
        for opened in self._netlink.values():
            opened.close()

    # --- the node's own kernel ---------------------------------------------------------------------------------------

    def sysctl(self, name: str, value: object | None = None) -> str:
        """Read a sysctl of the node, or set it until reset()."""
        if value is None:
            return self._sysctl(name, None)
        before = self._sysctl(name, None)
        after = self._sysctl(name, str(value))
        self._first_sysctls.setdefault(name, before)
        return after

    def _sysctl(self, name: str, value: str | None) -> str:
        return self.holder.sysctl(self.name, name, value)

    @property
    def stack(self) -> str:
        """How the node answers what no program of it expects: refuse, silent or deaf (lab/stack.py). Set it to change
        it until reset()."""
        return self._stack

    @stack.setter
    def stack(self, mode: str) -> None:
        if mode not in stack.MODES:
            raise LabError(f"'{mode}' is not a mode of the stack: {did_you_mean(mode, stack.MODES, 'Modes are')}")
        if mode != self._stack and self.spec.runs:
            raise LabError(f"{self.name} runs an engine: what reaches it is for its rules to say, not for its stack")
        if mode != self._stack:
            for argv, text in stack.commands(mode):
                if not self.feed(argv[0], text):
                    self.run(argv, input=text, check=True)
            self._stack = mode

    def adopt_stack(self) -> None:
        """Note that the node has been given the manners that the topology wants."""
        self._stack = self.spec.closed_ports

    def transfers(self) -> list[dict[str, Any]]:
        """What the servers of this node have served since reset(): one mapping a transfer, oldest first."""
        try:
            fd = self.holder.open(self.name, self.transfers_file)
        except FileNotFoundError:
            return []
        with os.fdopen(fd, encoding="utf-8") as file:
            found: list[dict[str, Any]] = [json.loads(line) for line in file]
        return [transfer for transfer in found if transfer["began"] >= self._reset_at]

    # --- between scenarios -------------------------------------------------------------------------------------------

    def quieten(self) -> None:
        """End what would go on sending: what start() has started, TCP connections, questions for a neighbour."""
        for started in self._processes:
            started.kill()
            started.wait()
        self._processes.clear()
        sockdiag.end_connections(self._netlink_socket(sockdiag.NETLINK_SOCK_DIAG))
        neighbours.forget(self._netlink_socket(socket.NETLINK_ROUTE))

    def _netlink_socket(self, protocol: int) -> socket.socket:
        if protocol not in self._netlink:
            self._netlink[protocol] = self.holder.socket(self.name, kind="netlink", protocol=protocol)
        return self._netlink[protocol]

    def reset(self) -> None:
        """Back to how the node was when the lab opened. It has been quietened before; learned routes and what has been
        received are forgotten afterwards (Lab.reset)."""
        for name, value in self._first_sysctls.items():
            self._sysctl(name, value)
        self._first_sysctls.clear()
        self.stack = self.spec.closed_ports
        self._reset_at = time.time()

    def drain(self) -> None:
        """Forget the frames that have been received."""
        for each in self._ports.values():
            each.drain()

    @property
    def transfers_file(self) -> str:
        """Where its servers write down what they have served."""
        return f"{self.run_dir}/transfers.jsonl"


def rules_of(file: Path) -> str:
    """A file of rules as it is: comments may hold any bytes, and the ends of lines are for the engine to judge."""
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise LabError(f"{file}: {error.strerror}") from None


def close_all(ports: Sequence[Port]) -> None:
    """Close ports, all at once: each takes a grace period of the kernel, and these overlap."""
    threads = [threading.Thread(target=each.close) for each in ports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _words(argv: Sequence[str]) -> list[str]:
    if isinstance(argv, str):
        raise TypeError(f"a list of words is needed, not the text {argv!r}; for a shell: ['sh', '-c', {argv!r}]")
    return [str(word) for word in argv]


def _family(name: str) -> str:
    if name not in FAMILIES:
        raise LabError(f"'{name}' is not a family\n  hint: {did_you_mean(name, FAMILIES, 'Families are')}")
    return name


class Clock:
    """The clock of a firewall's engine. With `virtual`, time passes only when it is told to."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def advance(self, seconds: float) -> float:
        """Let time pass. Returns the engine's time. Raises Unsupported (a LabError) where the clock is the kernel's."""
        return self._adapter.advance(seconds)

    def now(self) -> float:
        return self._adapter.now()


class Firewall(Node):
    """The node that runs an engine. `engine` is the engine's name, `adapter` what drives it."""

    def __init__(
        self, topology: Topology, spec: NodeSpec, macs: plan.MacTable, holder: Holder, adapter: type[Adapter]
    ) -> None:
        super().__init__(topology, spec, macs, holder)
        self.adapter = adapter(self)
        self.engine = self.adapter.name
        self.clock = Clock(self.adapter)
        self._log_from = 0
        self._trace_from = 0

    def install_commands(self) -> None:
        """Put the engine's iptables and conntrack first in the node's PATH."""
        for name, script in self.adapter.commands().items():
            self.holder.write(f"{self.run_dir}/bin/{name}", script, 0o755)
        self.variables.update(self.adapter.environment())

    @property
    def _living(self) -> Adapter:
        """What drives the engine. Raises LabError if the lab is no more."""
        self.holder.demand()
        return self.adapter

    def load(self, text: str, family: str = "ipv4", name: str = "rules") -> None:
        """Replace the ruleset of a family by iptables-restore text; tables that it does not name become empty. Raises
        RulesetError with the engine's message, and the rules in force stay as they were."""
        if not isinstance(text, str):
            raise TypeError(f"rules are text, not {type(text).__name__}")
        self._living.load(text, _family(family), name)

    def save(self, counters: bool = False, family: str = "ipv4", table: str = "") -> str:
        """The ruleset as iptables-save prints it, without comment lines."""
        if table and table not in TABLES:
            raise LabError(f"'{table}' is not a table\n  hint: {did_you_mean(table, TABLES, 'Tables are')}")
        return self._living.save(counters, _family(family), table)

    def conntrack(self) -> list[Entry]:
        """The connections that the firewall knows."""
        return self._living.conntrack()

    def expectations(self) -> list[str]:
        """Connections that helpers expect: lines of /proc/net/nf_conntrack_expect."""
        return self._living.expectations()

    def flush(self) -> None:
        """No rules, no connections, no counters."""
        self._living.flush()

    def add_connections(self, count: int, assured: bool = True, seconds: int = 600) -> None:
        """Put so many UDP connections into the table, each of an address of 240.0.0.0/4 to 198.51.100.1:9."""
        most = FILLERS.num_addresses
        if not 0 <= count <= most:
            raise LabError(f"{self.name}: {count} connections cannot be added: there are addresses for 0 to {most}")
        if count:
            self._living.add_connections(count, assured, seconds)

    def flush_conntrack(self) -> None:
        self._living.flush_conntrack()

    def zero(self, family: str = "ipv4") -> None:
        """Set all counters to zero."""
        self._living.zero(_family(family))

    def dump(self) -> Any:
        """Rules and connections as one JSON value, for restart()."""
        return self._living.dump()

    def restart(self, keep: bool = True, state: Any = None) -> None:
        """End the engine's process (if it still runs) and start it again: with `state`, or with the state that it has
        now, or with `keep=False` as it was when the lab opened."""
        self._living.restart(keep, state)
        self._log_from = self._trace_from = 0

    def kill_engine(self) -> None:
        """End the engine's process as a crash would. The node then does what `on_engine_failure` says."""
        self._living.kill()

    def stop_engine(self, stopped: bool = True) -> None:
        """Stop the engine's process (SIGSTOP), or let it go on: packets wait in the kernel's queue meanwhile."""
        self.holder.kill(self.adapter.pid, signal.SIGSTOP if stopped else signal.SIGCONT)

    def trace(self) -> list[dict[str, Any]]:
        """What packets have met since the last call or reset: see docs/control-protocol.md. Raises Unsupported."""
        entries, self._trace_from = self._living.trace(self._trace_from)
        return entries

    def set_tracing(self, mode: str) -> None:
        """Which packets are traced: "on" (all: how a virtual clock starts), "sparing" (some each second) or "off". A
        trace names every rule that a packet met, so of long rulesets it costs much: through 20,000 rules 50 times as
        much as the packet itself. Raises Unsupported."""
        self.adapter.set_tracing(mode)

    def log(self) -> list[str]:
        """Lines that LOG and NFLOG rules have written since the last call or reset."""
        lines, self._log_from = self._living.log(self._log_from)
        return lines

    def forget(self) -> None:
        super().forget()
        self.adapter.close()

    def _sysctl(self, name: str, value: str | None) -> str:
        return self.adapter.sysctl(name, value)

    def reset(self) -> None:
        super().reset()
        self.adapter.flush()
        if not self.adapter.is_the_kernel:
            with contextlib.suppress(OSError):  # a connbytes rule switches it on for good
                if self._sysctl(ACCOUNTING, None) != "0":
                    self._sysctl(ACCOUNTING, "0")
        for family, file in (("ipv4", self.spec.rules), ("ipv6", self.spec.rules6)):
            if file is not None:
                self.load(rules_of(file), family, str(file))
