"""Labs of network namespaces with a firewall in the middle.

    from lab import Lab

    with Lab.open("three-legged", engine="userspace") as lab:      # a path, or the name of a built-in topology
        firewall, client = lab["firewall"], lab["client"]
        firewall.load("*filter\n:FORWARD DROP\nCOMMIT\n")
        port = client.port("lan")
        port.send(frame)                # bytes, from the Ethernet header on
        lab.settle()                    # everything in flight has been handled
        frames = lab["server"].port("wan").received()

For writers of scenarios, the whole of it:

    lab.settle()  lab.reset()  lab.close()  lab.firewall  lab.firewalls  lab.topology  lab.alive
    node.name  node.devices  node.address("lan", family=4)  node.mac("lan")  node.spec
    node.port("lan") -> send(frame)  received() -> [bytes]  captured() -> [(time, frame, segment)]  mac  wait(seconds)
    node.run([...], input=, timeout=, check=) -> CompletedProcess with text      node.start([...]) -> Process
    node.sysctl(name[, value])      undone by reset()
    node.stack = "silent"           silent: only programs that listen are reached; refuse: closed ports answer as any
                                    host, with resets and ICMP errors; deaf: the kernel gets nothing, only ports see
                                    packets. Hosts start with the topology's `closed_ports` (silent); undone by reset()
    node.claim("10.0.1.77")         neighbours send that address to this node's port; its kernel does not know it
    node.transfers()                what the node's servers have served
    firewall.load(text, family="ipv4")  save(counters=False, family="ipv4", table="")
    firewall.flush()  flush_conntrack()  zero()
    firewall.conntrack() -> entries with protocol timeout state original reply flags mark zone; str() is the /proc line
    firewall.expectations()  clock.advance(seconds)  clock.now()  trace()  set_tracing("off")  log()  engine  adapter

A port sees what arrives at its node on one wire, also what the node's kernel drops. A lab lives no longer than the
process that opened it, even if that is killed. Nothing outside the lab's own namespaces is touched. Root is not needed
where the machine allows unprivileged user namespaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.errors import EngineDied, LabError, RulesetError, Unsupported

if TYPE_CHECKING:
    from lab.engines.base import Entry
    from lab.faults import TopologyError
    from lab.node import Firewall, Node
    from lab.port import Port
    from lab.running import Lab

__all__ = [
    "EngineDied", "Entry", "Firewall", "Lab", "LabError", "Node", "Port", "RulesetError", "TopologyError",
    "Unsupported",
]  # fmt: skip

# Imported when they are first asked for, so that commands that need no lab start fast.
_LATE = {
    "Entry": "lab.engines.base",
    "Firewall": "lab.node",
    "Lab": "lab.running",
    "Node": "lab.node",
    "Port": "lab.port",
    "TopologyError": "lab.faults",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'lab' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_LATE[name]), name)
