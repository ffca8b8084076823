"""What must hold between the parts of a topology. Each check looks at one question and reports every fault of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final

from lab.faults import Faults, Place, did_you_mean
from lab.kinds import Address, Network
from lab.model import Node, Topology, segment_of_device
from lab.services import SERVICES

Places = dict[str, Place]
Check = Callable[[Topology, Places, Faults], None]

LEAST_MTU_OF_IPV6: Final = 1280


def check(topology: Topology, places: Places, faults: Faults) -> None:
    for each in CHECKS:
        each(topology, places, faults)


def something_is_there(topology: Topology, places: Places, faults: Faults) -> None:
    """A link that no node is on is a mistake, unless its node is one that could not be read."""
    if any(fault.path in ("", "nodes") or fault.path.startswith("nodes.") for fault in faults.found):
        return
    if not topology.nodes:
        faults.add(Place(str(topology.path)), "nodes", "there is no node")
    used = {interface.link for node in topology.nodes.values() for interface in node.interfaces}
    for link in topology.links:
        if link not in used:
            faults.add(
                places[f"links.{link}"],
                f"links.{link}",
                "no node is on this link",
                f"give a node an interface on it ('{link}: ADDRESS') or remove it",
            )


def subnets_differ(topology: Topology, places: Places, faults: Faults) -> None:
    """Two subnets that overlap make routes ambiguous, unless a bridge makes their links one Ethernet. Of many that
    overlap, each is told of the nearest around it, so that there are no more faults than subnets."""
    written = [(name, at, subnet) for name, link in topology.links.items() for at, subnet in enumerate(link.subnets)]
    order = sorted(range(len(written)), key=lambda number: _from_outside_in(written[number][2]))
    around: list[int] = []  # those that contain the one that is looked at: subnets overlap only by containing
    for number in order:
        name, _at, subnet = written[number]
        while around and not _contains(written[around[-1]][2], subnet):
            around.pop()
        for other in reversed(around):
            other_name = written[other][0]
            if name == other_name or topology.segment_of(name) != topology.segment_of(other_name):
                (earlier, _, first), (later, at, second) = written[min(number, other)], written[max(number, other)]
                faults.add(
                    places[f"links.{later}.subnets.{at}"],
                    f"links.{later}",
                    f"{second} overlaps {first} of link '{earlier}'",
                    "give them different subnets, or join the links with a bridge",
                )
                break
        around.append(number)


def _from_outside_in(subnet: Network) -> tuple[int, int, int]:
    return subnet.version, int(subnet.network_address), subnet.prefixlen


def _contains(outer: Network, inner: Network) -> bool:
    return outer.version == inner.version and inner.network_address in outer


def addresses_fit(topology: Topology, places: Places, faults: Faults) -> None:
    """An address is one that a host can have, and nobody else on the segment has it."""
    owners: dict[tuple[frozenset[str], Address], str] = {}
    for node in topology.nodes.values():
        for device, addresses in node.devices.items():
            segment = segment_of_device(topology.segments, node, device)
            for address in addresses:
                prefix = "bridges." if any(bridge.name == device for bridge in node.bridges) else ""
                path = f"nodes.{node.name}.{prefix}{device}"
                place = places[f"{path}.{address.ip}"]
                problem = unusable(address)
                if problem:
                    faults.add(place, path, f"{address.ip} is {problem}")
                owner = owners.setdefault((segment, address.ip), node.name)
                if owner != node.name:
                    faults.add(place, path, f"{address.ip} is already the address of '{owner}'")


def unusable(address: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> str:
    network, ip = address.network, address.ip
    if ip.is_multicast:
        return "a multicast address"
    if ip.is_unspecified or ip.is_loopback:
        return "not an address for an interface"
    if isinstance(address, ipaddress.IPv4Interface) and network.prefixlen < 31:
        if ip == network.network_address:
            return f"the address of the subnet {network} itself"
        if ip == network.broadcast_address:
            return f"the broadcast address of {network}"
    return ""


def macs_differ(topology: Topology, places: Places, faults: Faults) -> None:
    owners: dict[str, str] = {}
    for node in topology.nodes.values():
        named = [(each.link, each.mac) for each in node.interfaces] + [(each.name, each.mac) for each in node.bridges]
        for device, mac in named:
            if mac and owners.setdefault(mac, node.name) != node.name:
                path = f"nodes.{node.name}.{device}"
                faults.add(
                    places.get(path, places[f"nodes.{node.name}"]),
                    path,
                    f"{mac} is already the MAC address of '{owners[mac]}'",
                )


def mtus_carry_ipv6(topology: Topology, places: Places, faults: Faults) -> None:
    for name, link in topology.links.items():
        if link.mtu < LEAST_MTU_OF_IPV6 and any(subnet.version == 6 for subnet in link.subnets):
            faults.add(
                places[f"links.{name}"],
                f"links.{name}",
                f"an MTU of {link.mtu} is too small for IPv6",
                f"IPv6 needs at least {LEAST_MTU_OF_IPV6}",
            )


def bridges_do_not_loop(topology: Topology, places: Places, faults: Faults) -> None:
    """There is no spanning tree in a lab: a ring of bridges would repeat every broadcast for ever."""
    parent: dict[str, str] = {}

    def root(item: str) -> str:
        while parent.setdefault(item, item) != item:
            item = parent[item]
        return item

    for node in topology.nodes.values():
        used: dict[str, str] = {}
        for bridge in node.bridges:
            path = f"nodes.{node.name}.bridges.{bridge.name}"
            if bridge.name in topology.links:
                faults.add(places[path], path, f"'{bridge.name}' is already the name of a link")
            if not bridge.ports:
                faults.add(places[path], path, "a bridge needs at least one port")
            for port in bridge.ports:
                if used.setdefault(port, bridge.name) != bridge.name:
                    faults.add(places[path], path, f"link '{port}' is already a port of '{used[port]}'")
                mine, other = root(path), root(port)
                if mine == other:
                    faults.add(
                        places[path],
                        path,
                        f"link '{port}' closes a ring of bridges",
                        "frames would go round for ever: there is no spanning tree here",
                    )
                parent[mine] = other


def services_fit(topology: Topology, places: Places, faults: Faults) -> None:
    for node in topology.nodes.values():
        if not node.services:
            continue
        path = f"nodes.{node.name}.services"
        if not any(node.devices.values()):
            faults.add(places[path], path, f"'{node.name}' has no address, so nobody can reach a service there")
        taken: dict[tuple[str, int], str] = {}
        for service in node.services:
            transport = SERVICES[service.kind].transport
            if taken.setdefault((transport, service.port), service.kind) != service.kind:
                faults.add(
                    places[path],
                    path,
                    f"{transport} port {service.port} is wanted by "
                    f"'{taken[transport, service.port]}' and '{service.kind}'",
                    "write 'http:8080'",
                )


def files_exist(topology: Topology, places: Places, faults: Faults) -> None:
    for node in topology.nodes.values():
        for key, file in (("rules", node.rules), ("rules6", node.rules6)):
            if node.runs and file is not None and not file.is_file():
                path = f"nodes.{node.name}.{key}"
                faults.add(places[path], path, f"no such file: {file}", "it is looked for beside the topology file")


def rules_name_interfaces(topology: Topology, places: Places, faults: Faults) -> None:
    for node in topology.nodes.values():
        path = f"nodes.{node.name}.policy_rules"
        for rule in node.policy_rules:
            for device in (rule.iif, rule.oif):
                if device and device != "lo" and device not in node.devices and rule.family == first_family(node):
                    faults.add(
                        places[path],
                        path,
                        f"'{device}' is not an interface of {node.name}",
                        did_you_mean(device, node.devices, "Interfaces are"),
                    )


def first_family(node: Node) -> int:
    """A rule without a family stands twice in the node; it is reported once."""
    return min((rule.family for rule in node.policy_rules), default=4)


CHECKS: Final[tuple[Check, ...]] = (
    something_is_there,
    subnets_differ,
    addresses_fit,
    macs_differ,
    mtus_carry_ipv6,
    bridges_do_not_loop,
    services_fit,
    files_exist,
    rules_name_interfaces,
)
