"""A topology file -> a frozen Topology, or a TopologyError that lists every fault of the file.

    topology = load("topologies/three-legged.yaml")     # or the bare name of a built-in one: "three-legged"

Reading has two steps. lab/keys.py says which keys there are and of what kind; what depends on more than one key is
checked here and in lab/checks.py: addresses against subnets, gateways against neighbours, bridges against links.
"""

from __future__ import annotations

import difflib
import ipaddress
import sys
from pathlib import Path
from typing import Any, Final

from lab import ending, keys, kinds
from lab.checks import check
from lab.faults import Fault, Faults, Place, TopologyError, did_you_mean
from lab.kinds import Address, InterfaceAddress, Network, Placed, parse_address
from lab.model import Bridge, Interface, Link, Node, PolicyRule, Route, Service, Topology, segment_of_device
from lab.route_text import RouteText, RuleText
from lab.yaml_text import Mapping, Text, Value, read, what

BUILT_IN: Final = Path(__file__).resolve().parent.parent / "topologies"
FIRST_PRIORITY: Final = 1000


def built_in_names() -> list[str]:
    """The names of the topologies that come with the project."""
    return sorted(path.stem for path in BUILT_IN.glob("*.yaml"))


def find(name_or_path: str | Path) -> Path:
    """The file of a topology: a path, the name of a built-in one (`topologies/host.yaml` is found from anywhere), or
    the beginning of exactly one such name."""
    text = str(name_or_path)
    path = Path(text)
    if path.is_file():
        return path
    if path.parent == Path("topologies") and (BUILT_IN / path.name).is_file():
        return BUILT_IN / path.name
    if "/" not in text:
        stem = text.removesuffix(".yaml")
        names = built_in_names()
        fits = [stem] if stem in names else [name for name in names if stem and name.startswith(stem)]
        if len(fits) == 1:
            return BUILT_IN / f"{fits[0]}.yaml"
        reason = f"'{text}' begins more than one name: {', '.join(fits)}" if fits else "no such file"
        raise TopologyError([Fault(Place(text), "", reason, did_you_mean(stem, names, "Built in are"))])
    reason = "is a directory" if path.is_dir() else "no such file"
    beside = [each.name for each in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
    near = [name for name in beside if name == f"{path.name}.yaml"] or difflib.get_close_matches(path.name, beside, n=1)
    hint = f"did you mean '{path.parent / near[0]}'?" if near else ""
    raise TopologyError([Fault(Place(text), "", reason, hint)])


def load(name_or_path: str | Path) -> Topology:
    """Read and check a topology file. Raises TopologyError with every fault."""
    path = find(name_or_path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise TopologyError([Fault(Place(str(path)), "", f"cannot be read: {error.strerror}")]) from None
    return parse(text, path)


def parse(text: str | bytes, path: Path) -> Topology:
    """The topology that `text` describes. `path` is for messages and for files named in it."""
    faults = Faults()
    root = read(text, str(path), faults)
    if root is None:
        raise TopologyError(faults.found)
    reader = _Reader(path, faults)
    topology = reader.topology(root, text if isinstance(text, str) else text.decode("utf-8", "replace"))
    faults.raise_any()
    return topology


def _picture(text: str) -> str:
    """The comment at the top of the file, without the comment signs."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line[1:].removeprefix(" "))
    return "\n".join(lines).strip("\n")


class _Reader:
    """Reads one file. `places` remembers where each thing was written, for the checks that come after."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self.path = path
        self.faults = faults
        self.links: dict[str, Link] = {}
        self.segments: tuple[frozenset[str], ...] = ()
        self.places: dict[str, Place] = {}
        self.raw: dict[str, dict[str, Placed[Any]]] = {}
        self.interfaces: dict[str, dict[str, Placed[Any]]] = {}

    def topology(self, root: Value, text: str) -> Topology:
        found = keys.read_mapping(root, keys.TOPOLOGY_KEYS, "a topology", "", self.faults) or {}
        for name, placed in (found["links"].value if "links" in found else {}).items():
            self.link(name, placed)
        nodes_value: Value | None = found["nodes"].value if "nodes" in found else None
        if isinstance(nodes_value, Mapping):
            for name_text, value in nodes_value:
                self.read_node(name_text, value)
        elif nodes_value is not None:
            self.faults.add(nodes_value.place, "nodes", f"a mapping of nodes is needed here, not {what(nodes_value)}")
        self.segments = self.join_segments()
        nodes = {name: self.node(name) for name in self.raw}
        for name in nodes:
            nodes[name] = self.with_routes(nodes[name], nodes)
        topology = Topology(self.path.stem, self.path, self.links, nodes, self.segments, _picture(text), text)
        check(topology, self.places, self.faults)
        return topology

    # --- links ---------------------------------------------------------------------------------------------------

    def link(self, name: str, placed: Placed[Any]) -> None:
        found = placed.value
        self.places[f"links.{name}"] = placed.place
        if name in {key.name for key in keys.NODE_KEYS}:
            self.faults.add(placed.place, f"links.{name}", f"'{name}' is a key of nodes, so no link can be called that")
        subnets = found["subnets"].value if "subnets" in found else ()
        for at, subnet in enumerate(subnets or ()):
            self.places[f"links.{name}.subnets.{at}"] = subnet.place
        self.links[name] = Link(
            name=name,
            subnets=tuple(subnet.value for subnet in subnets or ()),
            mtu=_value(found, "mtu", 1500),
            offload=_value(found, "offload", True),
        )

    def join_segments(self) -> tuple[frozenset[str], ...]:
        """Links that a bridge joins are one Ethernet, so their subnets are the same."""
        segments = [frozenset([name]) for name in self.links]
        for found in self.raw.values():
            for bridge in _value(found, "bridges", {}).values():
                ports = {port.value for port in _value(bridge.value, "ports", ())} & self.links.keys()
                joined = [segment for segment in segments if segment & ports]
                if joined:
                    segments = [segment for segment in segments if not segment & ports]
                    segments.append(frozenset().union(*joined))
        return tuple(segments)

    def subnets_of(self, link: str) -> list[Network]:
        segment = next((segment for segment in self.segments if link in segment), frozenset())
        return [subnet for name in sorted(segment) for subnet in self.links[name].subnets]

    # --- nodes ---------------------------------------------------------------------------------------------------

    def read_node(self, name_text: Text, value: Value) -> None:
        name, path = name_text.value, f"nodes.{name_text.value}"
        self.places[path] = name_text.place
        try:
            kinds.parse_node_name(name)
        except ValueError as error:
            self.faults.add(name_text.place, path, str(error))
        interfaces: dict[str, Placed[Any]] = {}
        found: dict[str, Placed[Any]] | None = {}
        if not isinstance(value, Text) or value.value:
            found = keys.read_mapping(
                value, keys.NODE_KEYS, "a node", path, self.faults,
                lambda key, each, below: self.read_interface(interfaces, key, each, below),
            )  # fmt: skip
        for key, placed in (found or {}).items():
            self.places[f"{path}.{key}"] = placed.place
        self.raw[name], self.interfaces[name] = found or {}, interfaces

    def read_interface(self, into: dict[str, Placed[Any]], key: Text, value: Value, path: str) -> bool:
        if key.value not in self.links:
            known = [*self.links, *(each.name for each in keys.NODE_KEYS)]
            self.faults.add(
                key.place, path, f"'{key.value}' is neither a link nor a key of a node", did_you_mean(key.value, known)
            )
            return True
        found = keys.INTERFACE.read(value, path, self.faults)
        self.places[path] = key.place
        if found is not None:
            into[key.value] = Placed(found, key.place)
        return True

    def node(self, name: str) -> Node:
        found, path = self.raw[name], f"nodes.{name}"
        runs = _value(found, "runs", "")
        if not runs:
            for key in (key for key in keys.NODE_KEYS if key.only == "engine" and key.name in found):
                self.faults.add(
                    found[key.name].place,
                    f"{path}.{key.name}",
                    f"'{key.name}' is for the node that runs the engine",
                    "add 'runs: engine', or remove it",
                )
        elif _value(found, "closed_ports", "refuse") != "refuse":
            self.faults.add(
                found["closed_ports"].place,
                f"{path}.closed_ports",
                "the node that runs the engine always answers for closed ports",
                "its rules decide what reaches it: use a DROP rule",
            )
        interfaces = {
            link: Interface(link, self.addresses(f"{path}.{link}", link, placed.value), _value(placed.value, "mac", ""))
            for link, placed in self.interfaces[name].items()
        }
        bridges = tuple(
            self.bridge(path, bridge, placed, interfaces, bool(runs))
            for bridge, placed in _value(found, "bridges", {}).items()
        )
        forwarding = _value(found, "forwarding", bool(runs))
        return Node(
            name=name,
            interfaces=tuple(interfaces.values()),
            bridges=bridges,
            policy_rules=tuple(self.policy_rules(found)),
            forwarding=forwarding,
            sysctls=tuple((key, placed.value) for key, placed in _value(found, "sysctls", {}).items()),
            services=tuple(Service(*placed.value) for placed in _value(found, "services", ())),
            closed_ports=_value(found, "closed_ports", "refuse" if runs or forwarding else "silent"),
            runs=runs,
            rules=self.file(found, "rules"),
            rules6=self.file(found, "rules6"),
            on_engine_failure=_value(found, "on_engine_failure", "drop"),
            conntrack_timeouts=tuple(
                (key, placed.value) for key, placed in _value(found, "conntrack_timeouts", {}).items()
            ),
        )

    def file(self, found: dict[str, Placed[Any]], key: str) -> Path | None:
        return self.path.parent / found[key].value if key in found else None

    def bridge(
        self, path: str, name: str, placed: Placed[Any], interfaces: dict[str, Interface], is_engine: bool
    ) -> Bridge:
        """A bridge; its ports become interfaces without addresses."""
        below = f"{path}.bridges.{name}"
        self.places[below] = placed.place
        found = placed.value
        ports: list[str] = []
        for port in _value(found, "ports", ()):
            if port.value not in self.links:
                self.faults.add(
                    port.place,
                    below,
                    f"'{port.value}' is not a link here",
                    did_you_mean(port.value, self.links, "Links are"),
                )
                continue
            if port.value in ports:
                self.faults.add(port.place, below, f"link '{port.value}' is written twice")
                continue
            if port.value in interfaces and interfaces[port.value].addresses:
                self.faults.add(
                    port.place,
                    below,
                    f"'{port.value}' is a port of the bridge and has an address",
                    f"give the address to the bridge: '{name}: {{ports: [...], addresses: ...}}'",
                )
            ports.append(port.value)
            interfaces.setdefault(port.value, Interface(port.value))
        call = _value(found, "bridge-nf-call-iptables", is_engine)
        return Bridge(
            name=name,
            ports=tuple(ports),
            addresses=self.addresses(below, ports[0], found) if ports else (),
            mac=_value(found, "mac", ""),
            call_iptables=call,
            call_ip6tables=_value(found, "bridge-nf-call-ip6tables", call),
        )

    def addresses(self, path: str, link: str, found: dict[str, Placed[Any]]) -> tuple[InterfaceAddress, ...]:
        """Addresses with their prefix lengths, which the link's subnet gives if they are not written."""
        result: list[InterfaceAddress] = []
        subnets = self.subnets_of(link)
        for placed in _value(found, "addresses", ()):
            address, length = placed.value
            if length is None:
                subnet = next((each for each in subnets if address in each), None)
                if subnet is None:
                    listing = ", ".join(map(str, subnets)) or "it has none"
                    self.faults.add(
                        placed.place,
                        path,
                        f"{address} is in no subnet of link '{link}'",
                        f"subnets of the link: {listing}; or write the prefix length: {address}/"
                        f"{24 if address.version == 4 else 64}",
                    )
                    continue
                length = subnet.prefixlen
            interface_address = ipaddress.ip_interface(f"{address}/{length}")
            self.places[f"{path}.{address}"] = placed.place
            result.append(interface_address)
        return tuple(result)

    def policy_rules(self, found: dict[str, Placed[Any]]) -> list[PolicyRule]:
        result: list[PolicyRule] = []
        for at, placed in enumerate(_value(found, "policy_rules", ())):
            rule: RuleText = placed.value
            anchor = rule.source or rule.destination
            for family in (anchor.version,) if anchor else (4, 6):
                result.append(PolicyRule(
                    family, rule.priority if rule.priority is not None else FIRST_PRIORITY + at, rule.source,
                    rule.destination, rule.mark, rule.mask, rule.iif, rule.oif, rule.table, rule.action,
                ))  # fmt: skip
        return result

    # --- routes: they name other nodes, so every node has been read before ------------------------------------------

    def with_routes(self, node: Node, nodes: dict[str, Node]) -> Node:
        found, path = self.raw[node.name], f"nodes.{node.name}"
        routes: list[Route] = []
        for placed in _value(found, "gateway", ()):
            text = RouteText(to=None, via=placed.value)
            routes += self.routes(node, text, Placed(placed.value, placed.place), f"{path}.gateway", nodes)
        for placed in _value(found, "routes", ()):
            routes += self.routes(node, placed.value, placed, f"{path}.routes", nodes)
        return Node(**{name: getattr(node, name) for name in Node.__slots__ if name != "routes"}, routes=tuple(routes))

    def routes(
        self, node: Node, text: RouteText, placed: Placed[Any], path: str, nodes: dict[str, Node]
    ) -> list[Route]:
        """The routes that one line means: `default via router` is one route a family that both nodes speak."""
        if text.dev is not None and text.dev not in node.devices:
            self.faults.add(
                placed.place,
                path,
                f"'{text.dev}' is not an interface of {node.name}",
                did_you_mean(text.dev, node.devices, "Interfaces are"),
            )
            return []
        if text.via is None:
            return [_route(to, text, None) for to in _destinations(text, (4, 6))]
        hops = self.next_hops(node, text.via, placed.place, path, nodes)
        result = [_route(to, text, hop) for hop in hops for to in _destinations(text, (hop.version,))]
        if hops and not result:
            self.faults.add(placed.place, path, f"'{text.via}' has no address of the family of {text.to}")
        return result

    def next_hops(self, node: Node, via: str, place: Place, path: str, nodes: dict[str, Node]) -> list[Address]:
        """The addresses behind `via`: one a family. They must be on a subnet of this node."""
        own = [(device, address) for device, addresses in node.devices.items() for address in addresses]
        try:
            hop = parse_address(via)
        except ValueError:
            return self.hops_of_node(node, via, place, path, nodes)
        if not any(hop in address.network for _device, address in own):
            listing = ", ".join(str(address.network) for _device, address in own) or "it has none"
            self.faults.add(place, path, f"{hop} is on no subnet of {node.name}", f"its subnets: {listing}")
            return []
        return [hop]

    def hops_of_node(self, node: Node, via: str, place: Place, path: str, nodes: dict[str, Node]) -> list[Address]:
        if via not in nodes:
            self.faults.add(place, path, f"'{via}' is not a node here", did_you_mean(via, nodes, "Nodes are"))
            return []
        if via == node.name:
            self.faults.add(place, path, f"'{via}' is this node itself")
            return []
        hops: dict[int, Address] = {}
        networks = [address.network for addresses in node.devices.values() for address in addresses]
        segments = [segment_of_device(self.segments, node, device) for device in node.devices]
        for device, addresses in nodes[via].devices.items():
            if segment_of_device(self.segments, nodes[via], device) not in segments:
                continue
            for address in addresses:
                if any(address.ip in network for network in networks):
                    hops.setdefault(address.version, address.ip)
        if not hops:
            self.faults.add(
                place,
                path,
                f"'{via}' has no address on any link of {node.name}",
                f"links of {node.name}: {', '.join(each.link for each in node.interfaces) or 'none'}.",
            )
        return [hops[family] for family in sorted(hops)]


def _value(found: dict[str, Placed[Any]], key: str, default: Any) -> Any:
    return found[key].value if key in found and found[key].value is not None else default


def _destinations(text: RouteText, families: tuple[int, ...]) -> list[Network]:
    if text.to is not None:
        return [text.to] if text.to.version in families else []
    return [ipaddress.ip_network("0.0.0.0/0" if family == 4 else "::/0") for family in families]


def _route(to: Network, text: RouteText, via: Address | None) -> Route:
    return Route(to, via, text.dev or "", text.kind, text.table, text.metric, text.mtu, text.src)


def main(words: list[str]) -> int:
    """`python -m lab.topology FILE...`: say what is wrong with topology files."""
    failed = False
    for word in words:
        try:
            load(word)
        except TopologyError as error:
            failed = True
            print(error)
    return int(failed)


if __name__ == "__main__":
    with ending.told("lab.topology"):
        sys.exit(main(sys.argv[1:]))
