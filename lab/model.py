"""A topology as values: what lab/topology.py makes of a file and lab/plan.py builds from. Everything is frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lab.kinds import Address, InterfaceAddress, Network


@dataclass(frozen=True, slots=True)
class Link:
    """A wire. With two ends it is a veth pair, with more ends a switch."""

    name: str
    subnets: tuple[Network, ...] = ()
    mtu: int = 1500
    offload: bool = True


@dataclass(frozen=True, slots=True)
class Interface:
    """An end of a link in a node, named after the link. A port of a bridge has no addresses."""

    link: str
    addresses: tuple[InterfaceAddress, ...] = ()
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Bridge:
    name: str
    ports: tuple[str, ...]
    addresses: tuple[InterfaceAddress, ...] = ()
    mac: str = ""
    call_iptables: bool = False
    call_ip6tables: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """`to` and `via` are of one family; `kind` is unicast, blackhole, unreachable or prohibit."""

    to: Network
    via: Address | None = None
    dev: str = ""
    kind: str = "unicast"
    table: int = 254
    metric: int | None = None
    mtu: int | None = None
    src: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    family: int
    priority: int
    source: Network | None = None
    destination: Network | None = None
    mark: int | None = None
    mask: int = 0xFFFFFFFF
    iif: str | None = None
    oif: str | None = None
    table: int | None = None
    action: str = "lookup"


@dataclass(frozen=True, slots=True)
class Service:
    kind: str
    port: int


@dataclass(frozen=True, slots=True)
class Node:
    """A machine. `runs` is "" for a host, else "engine" or the name of a fixed engine."""

    name: str
    interfaces: tuple[Interface, ...] = ()
    bridges: tuple[Bridge, ...] = ()
    routes: tuple[Route, ...] = ()
    policy_rules: tuple[PolicyRule, ...] = ()
    forwarding: bool = False
    sysctls: tuple[tuple[str, str], ...] = ()
    services: tuple[Service, ...] = ()
    closed_ports: str = "silent"
    runs: str = ""
    rules: Path | None = None
    rules6: Path | None = None
    on_engine_failure: str = "drop"
    conntrack_timeouts: tuple[tuple[str, int], ...] = ()

    @property
    def devices(self) -> dict[str, tuple[InterfaceAddress, ...]]:
        """Every device of the node with its addresses: interfaces first, then bridges."""
        named = {interface.link: interface.addresses for interface in self.interfaces}
        return named | {bridge.name: bridge.addresses for bridge in self.bridges}


def segment_of_device(segments: Iterable[frozenset[str]], node: Node, device: str) -> frozenset[str]:
    """The Ethernet on which an interface or bridge of a node stands; one of its own if it is on no link."""
    bridge = next((bridge for bridge in node.bridges if bridge.name == device), None)
    link = device if bridge is None else next(iter(bridge.ports), "")
    return next((each for each in segments if link in each), frozenset([f"{node.name}/{device}"]))


@dataclass(frozen=True, slots=True)
class Topology:
    """A checked topology. `picture` is the comment that heads the file, `source` its whole text; `segments` are the
    sets of links that bridges join into one Ethernet."""

    name: str
    path: Path
    links: dict[str, Link]
    nodes: dict[str, Node]
    segments: tuple[frozenset[str], ...] = ()
    picture: str = field(default="", compare=False)
    source: str = field(default="", compare=False)

    def segment_of(self, link: str) -> frozenset[str]:
        return next(segment for segment in self.segments if link in segment)

    @property
    def engine_nodes(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes.values() if node.runs)
