"""Topology -> plan: every namespace, device, address, neighbour and route, spelled out. Pure: nothing is created here.

The plan is plain data (JSON), because the process that builds it (lab/holder.py) is another one. Everything in it is
determined by the topology file alone: the same file gives the same MAC addresses and the same order each time.

    node      one network namespace; "" is the fabric, where the switches of links with three or more ends stand
    device    (node, name); called after its link
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from lab.model import Link, Node, PolicyRule, Route, Topology

FABRIC: Final = ""

# What every node starts with. Chatter is off (no duplicate address detection, no router solicitation, no redirects, no
# addresses nobody asked for) and so are the limits on ICMP errors, so that captures are exact and repeatable.
QUIET: Final[tuple[tuple[str, str], ...]] = (
    ("net.ipv4.conf.all.rp_filter", "0"),
    ("net.ipv4.conf.default.rp_filter", "0"),
    ("net.ipv4.conf.all.accept_redirects", "0"),
    ("net.ipv4.conf.default.accept_redirects", "0"),
    ("net.ipv4.conf.all.send_redirects", "0"),
    ("net.ipv4.conf.default.send_redirects", "0"),
    ("net.ipv4.icmp_ratelimit", "0"),
    ("net.ipv4.icmp_msgs_per_sec", "1000000"),
    ("net.ipv4.icmp_msgs_burst", "1000000"),
    ("net.ipv4.ping_group_range", "0 0"),
    ("net.ipv6.icmp.ratelimit", "0"),
    ("net.ipv6.conf.all.accept_dad", "0"),
    ("net.ipv6.conf.default.accept_dad", "0"),
    ("net.ipv6.conf.default.dad_transmits", "0"),
    ("net.ipv6.conf.default.router_solicitations", "0"),
    ("net.ipv6.conf.default.accept_ra", "0"),
    ("net.ipv6.conf.default.autoconf", "0"),
    ("net.ipv6.conf.default.accept_redirects", "0"),
    ("net.ipv6.conf.default.addr_gen_mode", "1"),
    # MLD version 1 reports a group once and at once; the repetition would come at a random moment of this many ms.
    ("net.ipv6.conf.default.force_mld_version", "1"),
    ("net.ipv6.conf.default.mldv1_unsolicited_report_interval", "2000000000"),
    ("net.bridge.bridge-nf-call-iptables", "0"),
    ("net.bridge.bridge-nf-call-ip6tables", "0"),
    ("net.bridge.bridge-nf-call-arptables", "0"),
)


@dataclass(frozen=True, slots=True)
class Device:
    """An end of a wire: `up` devices carry addresses or frames; a switch port has `master`."""

    node: str
    name: str
    mac: str = ""
    mtu: int = 1500
    master: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """A veth pair."""

    left: Device
    right: Device
    offload: bool = True


@dataclass(frozen=True, slots=True)
class BridgeDevice:
    """`call` = (iptables, ip6tables) set on this bridge alone, or None where the node's sysctls say it for all."""

    node: str
    name: str
    mac: str
    mtu: int
    call: tuple[bool, bool] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module. Addresses are texts, prefixes numbers, all of it ready to be sent as JSON."""

    name: str
    nodes: list[str]
    sysctls: dict[str, list[tuple[str, str]]]
    late_sysctls: dict[str, list[tuple[str, str]]]
    wires: list[Wire] = field(default_factory=list)
    bridges: list[BridgeDevice] = field(default_factory=list)
    addresses: list[tuple[str, str, str, int]] = field(default_factory=list)
    neighbours: list[tuple[str, str, str, str]] = field(default_factory=list)
    stations: list[tuple[str, str, str]] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    hosts: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def mac_of(node: int, device: int) -> str:
    """A locally administered address that shows the places of node and device in the file, counted from 1."""
    return f"02:00:{node >> 8:02x}:{node & 255:02x}:{device >> 8:02x}:{device & 255:02x}"


class MacTable:
    """The MAC address of every device of every node."""

    def __init__(self, topology: Topology) -> None:
        self._macs: dict[tuple[str, str], str] = {}
        links = list(topology.links)
        for number, node in enumerate(topology.nodes.values(), start=1):
            for interface in node.interfaces:
                mac = interface.mac or mac_of(number, links.index(interface.link) + 1)
                self._macs[node.name, interface.link] = mac
            for at, bridge in enumerate(node.bridges):
                self._macs[node.name, bridge.name] = bridge.mac or mac_of(number, 0x8000 + at)

    def __getitem__(self, device: tuple[str, str]) -> str:
        return self._macs[device]


def make(topology: Topology) -> Plan:
    """The plan of a topology."""
    macs = MacTable(topology)
    plan = Plan(
        name=topology.name,
        nodes=list(topology.nodes),
        sysctls={node.name: _first_sysctls(node) for node in topology.nodes.values()},
        late_sysctls={node.name: list(node.sysctls) for node in topology.nodes.values()},
        hosts=hosts_text(topology),
    )
    plan.sysctls[FABRIC] = [*QUIET, ("net.ipv6.conf.default.disable_ipv6", "1")]
    for node in topology.nodes.values():
        _add_node(plan, topology, node, macs)
    for link in topology.links.values():
        _add_link(plan, topology, link, macs)
    for segment in topology.segments:
        _add_neighbours(plan, topology, segment, macs)
    return plan


def _first_sysctls(node: Node) -> list[tuple[str, str]]:
    forwarding = "1" if node.forwarding else "0"
    settings = [*QUIET, ("net.ipv4.ip_forward", forwarding), ("net.ipv6.conf.all.forwarding", forwarding)]
    if node.bridges and _calls_agree(node):
        settings.append(("net.bridge.bridge-nf-call-iptables", str(int(node.bridges[0].call_iptables))))
        settings.append(("net.bridge.bridge-nf-call-ip6tables", str(int(node.bridges[0].call_ip6tables))))
    return settings


def _calls_agree(node: Node) -> bool:
    """One sysctl speaks for all bridges of a node; bridges that differ carry the setting themselves."""
    return len({(bridge.call_iptables, bridge.call_ip6tables) for bridge in node.bridges}) <= 1


def _add_node(plan: Plan, topology: Topology, node: Node, macs: MacTable) -> None:
    for bridge in node.bridges:
        call = None if _calls_agree(node) else (bridge.call_iptables, bridge.call_ip6tables)
        mtu = min((topology.links[port].mtu for port in bridge.ports), default=1500)
        plan.bridges.append(BridgeDevice(node.name, bridge.name, macs[node.name, bridge.name], mtu, call))
    for device, addresses in node.devices.items():
        for address in addresses:
            plan.addresses.append((node.name, device, str(address.ip), address.network.prefixlen))
    plan.routes.extend(_route(node.name, route) for route in node.routes)
    plan.rules.extend(_rule(node.name, rule) for rule in node.policy_rules)


def _route(node: str, route: Route) -> dict[str, Any]:
    return {
        "node": node, "family": route.to.version, "to": str(route.to), "kind": route.kind, "table": route.table,
        "via": str(route.via) if route.via else "", "dev": route.dev, "metric": route.metric, "mtu": route.mtu,
        "src": route.src,
    }  # fmt: skip


def _rule(node: str, rule: PolicyRule) -> dict[str, Any]:
    return {
        "node": node, "family": rule.family, "priority": rule.priority, "table": rule.table, "action": rule.action,
        "from": str(rule.source) if rule.source else "", "to": str(rule.destination) if rule.destination else "",
        "mark": rule.mark, "mask": rule.mask, "iif": rule.iif, "oif": rule.oif,
    }  # fmt: skip


def _add_link(plan: Plan, topology: Topology, link: Link, macs: MacTable) -> None:
    """Two ends: a veth pair. One end, or three and more: a switch in the fabric with a veth to each."""
    ends = [
        Device(node.name, link.name, macs[node.name, link.name], link.mtu, _master(node, link.name))
        for node in topology.nodes.values()
        if any(interface.link == link.name for interface in node.interfaces)
    ]
    if len(ends) == 2:
        plan.wires.append(Wire(ends[0], ends[1], link.offload))
        return
    number = list(topology.links).index(link.name)
    switch = f"switch{number}"
    plan.bridges.append(BridgeDevice(FABRIC, switch, mac_of(0xFFFF, number), link.mtu))
    for at, end in enumerate(ends):
        port = Device(FABRIC, f"port{number}.{at}", mac_of(0xFF00 + at, number), link.mtu, switch)
        plan.wires.append(Wire(end, port, link.offload))
        plan.stations.append((FABRIC, port.name, end.mac))


def _master(node: Node, link: str) -> str:
    return next((bridge.name for bridge in node.bridges if link in bridge.ports), "")


def _add_neighbours(plan: Plan, topology: Topology, segment: frozenset[str], macs: MacTable) -> None:
    """Everybody on a segment knows everybody's MAC address from the start, so nobody asks."""
    residents = [(node.name, device, address.ip) for node, device in _devices_on(topology, segment)
                 for address in node.devices[device]]  # fmt: skip
    for node, device in _devices_on(topology, segment):
        if not node.devices[device]:
            continue
        for owner, owner_device, address in residents:
            if owner != node.name:
                plan.neighbours.append((node.name, device, str(address), macs[owner, owner_device]))


def _devices_on(topology: Topology, segment: frozenset[str]) -> list[tuple[Node, str]]:
    found: list[tuple[Node, str]] = []
    for node in topology.nodes.values():
        ports = {port for bridge in node.bridges for port in bridge.ports}
        found += [(node, each.link) for each in node.interfaces if each.link in segment and each.link not in ports]
        found += [(node, bridge.name) for bridge in node.bridges if segment & set(bridge.ports)]
    return found


def hosts_text(topology: Topology) -> str:
    """/etc/hosts of the lab: `server`, and `server.wan` where a node has more than one interface."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
    for node in topology.nodes.values():
        for device, addresses in node.devices.items():
            names = f"{node.name}.{device} {node.name}"
            lines += [f"{address.ip} {names}" for address in addresses]
    return "\n".join(lines) + "\n"


def neighbours_of(topology: Topology, node: str, link: str) -> list[tuple[str, str]]:
    """The devices (node, name) with addresses that share an Ethernet with this one, itself left out."""
    segment = topology.segment_of(link)
    return [(other.name, device) for other, device in _devices_on(topology, segment)
            if other.name != node and other.devices[device]]  # fmt: skip
