"""What the names of a topology stand for: node and link names to addresses, and back for people to read.

Also the way a packet takes from a node: on which wire, to which MAC address. Everything comes from the topology;
nothing is asked of the running lab, so packets can be built once and kept.
"""

from __future__ import annotations

import difflib
import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from conformance.flows import ANY, End, Flow
from lab.kinds import Address
from lab.model import Node, Topology
from lab.plan import MacTable

BROADCAST = "ff:ff:ff:ff:ff:ff"


class NameFault(ValueError):
    """A name that the topology does not have, or that means more than one thing."""


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a packet leaves a node: the wire, and the MAC addresses of its frame."""

    device: str
    source_mac: str
    destination_mac: str


class Names:
    """The names of one topology. Immutable; answers are remembered."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._macs = MacTable(topology)
        self._addresses: dict[tuple[str, str, int], str] = {}
        self._names: dict[str, str] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        for node in topology.nodes.values():
            for device, addresses in node.devices.items():
                for address in addresses:
                    text = str(address.ip)
                    self._addresses.setdefault((node.name, device, address.version), text)
                    shown = node.name if len(_addressed(node)) == 1 else f"{node.name}.{device}"
                    self._names.setdefault(text, shown)
                    self._owners.setdefault(text, (node.name, device))
        self.resolve = lru_cache(maxsize=8192)(self._resolve)
        self.hop = lru_cache(maxsize=8192)(self._hop)

    # --- names to addresses ------------------------------------------------------------------------------------------

    def _resolve(self, flow: Flow, family: int) -> Flow:
        """The flow with addresses in place of names; "any" stays. Raises NameFault."""
        return flow.with_hosts(
            self.address(flow.source, family, flow.destination), self.address(flow.destination, family, flow.source)
        )

    def address(self, end: End, family: int, other: End | None = None) -> str:
        """The address of an end. `other` is the other end of the flow: of a node with several links, the one shared
        with the other end is meant."""
        if end.host == ANY:
            return ANY
        if end.is_address:
            return str(ipaddress.ip_address(end.host))
        node, dot, device = end.host.partition(".")
        if node not in self.topology.nodes:
            raise NameFault(f"'{node}' is not a node of {self.topology.name}{_did_you_mean(node, self.topology.nodes)}")
        devices = self._with_address(node, family)
        if dot:
            return self._on(node, device, family)
        if len(devices) == 1:
            return self._addresses[node, devices[0], family]
        shared = [name for name in devices if other is not None and self._shares(name, other)]
        if len(shared) != 1:
            raise NameFault(f"'{node}' has addresses on {', '.join(devices) or 'no link'}: write {node}.LINK")
        return self._addresses[node, shared[0], family]

    def _with_address(self, node: str, family: int) -> list[str]:
        return [name for name in self.topology.nodes[node].devices if (node, name, family) in self._addresses]

    def _on(self, node: str, device: str, family: int) -> str:
        if (node, device, family) not in self._addresses:
            known = self._with_address(node, family)
            raise NameFault(f"'{node}' has no IPv{family} address on '{device}'{_did_you_mean(device, known)}")
        return self._addresses[node, device, family]

    def _shares(self, link: str, other: End) -> bool:
        """Whether the other end of a flow stands on this link."""
        node = other.host.partition(".")[0]
        if node in self.topology.nodes:
            return bool(self._wires(link) & _links(self.topology.nodes[node]))
        owner = self._owners.get(other.host)
        return owner is not None and owner[1] in self._wires(link)

    # --- addresses to names ------------------------------------------------------------------------------------------

    def shown(self, address: str) -> str:
        """The name of an address, or the address."""
        return self._names.get(address, address)

    def owner(self, address: str) -> tuple[str, str] | None:
        """(node, device) that has the address."""
        return self._owners.get(address)

    def is_local(self, node: str, device: str, address: str) -> bool:
        """Whether an address belongs to a subnet of the node's wire."""
        wanted = ipaddress.ip_address(address)
        if wanted.is_multicast or wanted.is_unspecified or wanted.is_link_local:
            return False
        networks = [each.network for each in self.topology.nodes[node].devices.get(device, ())]
        return any(wanted in network and wanted not in (network.network_address, network.broadcast_address)
                   for network in networks if network.version == wanted.version)  # fmt: skip

    def show(self, end: End) -> str:
        return str(End(self.shown(end.host), end.ports)) if end.host != ANY else str(end)

    # --- the way out of a node ---------------------------------------------------------------------------------------

    def _hop(self, node: str, destination: str, device: str = "") -> Hop:
        """The wire and the frame addresses of a packet that `node` sends to an address.

        A neighbour gets it directly; everything else goes to the gateway, or to the firewall where there is none: the
        sender has a cable, not a routing table.
        """
        spec = self.topology.nodes[node]
        out = device or self._way_out(spec, destination)
        return Hop(out, self._mac(node, out), self._next_mac(spec, out, destination))

    def mac(self, node: str, device: str) -> str:
        return self._mac(node, device)

    def _mac(self, node: str, device: str) -> str:
        try:
            return self._macs[node, device]
        except KeyError:
            devices = ", ".join(self.topology.nodes[node].devices)
            raise NameFault(f"'{node}' has no interface '{device}'; it has {devices}") from None

    def _way_out(self, spec: Node, destination: str) -> str:
        devices = list(spec.devices)
        if len(devices) == 1:
            return devices[0]
        address = ipaddress.ip_address(destination)
        for name, addresses in spec.devices.items():
            if any(address in each.network for each in addresses):
                return name
        routes = [route for route in spec.routes if route.to.version == address.version and address in route.to]
        best = max(routes, key=lambda route: route.to.prefixlen, default=None)
        if best is not None and best.via is not None:
            return self._way_out(spec, str(best.via))
        raise NameFault(f"'{spec.name}' has more than one wire: say via= one of {', '.join(devices)}")

    def _next_mac(self, spec: Node, device: str, destination: str) -> str:
        address = ipaddress.ip_address(destination)
        if address.is_multicast:
            return _multicast_mac(address.packed)
        if destination == "255.255.255.255" or self._is_broadcast(spec, address):
            return BROADCAST
        owner = self._owners.get(destination)
        if owner is not None and owner[0] != spec.name and owner[1] in self._reach(spec, device):
            return self._mac(*owner)
        return self._mac(*self._router(spec, device, address))

    def _is_broadcast(self, spec: Node, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return address.version == 4 and any(
            address == each.network.broadcast_address and each.network.prefixlen < 31
            for addresses in spec.devices.values() for each in addresses
        )  # fmt: skip

    def _router(self, spec: Node, device: str, address: Address) -> tuple[str, str]:
        """Who takes a packet that is for nobody on the wire: the node's gateway, else the firewall on it, else anybody
        who forwards, else the only neighbour."""
        reach = self._reach(spec, device)
        routes = [route for route in spec.routes if route.via is not None and route.to.version == address.version]
        for route in sorted(routes, key=lambda each: (address not in each.to, -each.to.prefixlen)):
            owner = self._owners.get(str(route.via))
            if owner is not None and owner[1] in reach:
                return owner
        neighbours = [(node, name) for node in self.topology.nodes.values() if node.name != spec.name
                      for name in node.devices if name in reach]  # fmt: skip
        for wanted in (lambda node: bool(node.runs), lambda node: node.forwarding, lambda node: True):
            for node, name in neighbours:
                if wanted(node):
                    return node.name, name
        raise NameFault(f"'{spec.name}' has no neighbour on '{device}'")

    def _wires(self, device: str) -> frozenset[str]:
        """The links that one Ethernet joins to this link or bridge."""
        for segment in self.topology.segments:
            if device in segment:
                return segment
        for node in self.topology.nodes.values():
            for bridge in node.bridges:
                if bridge.name == device and bridge.ports:
                    return self._wires(bridge.ports[0])
        return frozenset((device,))

    def _reach(self, spec: Node, device: str) -> set[str]:
        """The links and bridges that a frame from this device can reach."""
        wires = self._wires(device)
        bridges = {bridge.name for node in self.topology.nodes.values() for bridge in node.bridges
                   if set(bridge.ports) & wires}  # fmt: skip
        return set(wires) | bridges


def _multicast_mac(packed: bytes) -> str:
    """RFC 1112 section 6.4, RFC 2464 section 7."""
    if len(packed) == 4:
        return "01:00:5e:" + ":".join(f"{byte:02x}" for byte in (packed[1] & 127, *packed[2:]))
    return "33:33:" + ":".join(f"{byte:02x}" for byte in packed[12:])


def _addressed(node: Node) -> list[str]:
    return [name for name, addresses in node.devices.items() if addresses]


def _links(node: Node) -> set[str]:
    return {interface.link for interface in node.interfaces}


def _did_you_mean(name: str, known: object) -> str:
    names = list(known)  # type: ignore[call-overload]
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; there are {', '.join(names)}"
