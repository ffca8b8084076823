"""The keys of a topology file: one table that drives the reading, the documentation and the JSON Schema.

`python -m lab.schema` writes topologies/schema.json and the tables of docs/topologies.md from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from lab import engines, kinds
from lab.faults import Faults, did_you_mean
from lab.kinds import Kind, Placed
from lab.route_text import POLICY_RULE, ROUTE
from lab.services import SERVICES
from lab.yaml_text import Mapping, Text, Value, what


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `only` = "engine" where it means something only on the node that runs the engine."""

    name: str
    kind: Kind
    doc: str
    default: str = ""
    required: bool = False
    only: str = ""


ENGINES: Final = ("engine", *engines.names())

# Named as below net.netfilter.nf_conntrack_ (docs/networking/nf_conntrack-sysctl in the kernel's documentation).
CONNTRACK_TIMEOUTS: Final = (
    "generic_timeout", "icmp_timeout", "icmpv6_timeout", "udp_timeout", "udp_timeout_stream",
    "tcp_timeout_syn_sent", "tcp_timeout_syn_recv", "tcp_timeout_established", "tcp_timeout_fin_wait",
    "tcp_timeout_close_wait", "tcp_timeout_last_ack", "tcp_timeout_time_wait", "tcp_timeout_close",
    "tcp_timeout_max_retrans", "tcp_timeout_unacknowledged", "frag6_timeout", "gre_timeout", "gre_timeout_stream",
    "sctp_timeout_closed", "sctp_timeout_cookie_wait", "sctp_timeout_cookie_echoed", "sctp_timeout_established",
    "sctp_timeout_shutdown_sent", "sctp_timeout_shutdown_recd", "sctp_timeout_shutdown_ack_sent",
    "sctp_timeout_heartbeat_sent",
)  # fmt: skip


def _timeout_name(text: str) -> str:
    short = text.removeprefix("net.netfilter.").removeprefix("nf_conntrack_")
    if short not in CONNTRACK_TIMEOUTS:
        raise kinds.Refused(f"'{text}' is not a conntrack timeout", did_you_mean(short, CONNTRACK_TIMEOUTS))
    return short


def _sysctl_name(text: str) -> str:
    name = text.replace("/", ".")
    if not name.startswith("net."):
        raise ValueError(f"'{text}' belongs to the whole machine: only sysctls below 'net.' belong to a node")
    if ".." in name or not all(name.split(".")):
        raise ValueError(f"'{text}' is not the name of a sysctl")
    return name


def parse_service(text: str) -> tuple[str, int]:
    """`http` or `http:8080` -> (kind, port)."""
    name, colon, port = text.partition(":")
    if name not in SERVICES:
        raise kinds.Refused(f"'{name}' is not a service", did_you_mean(name, SERVICES, "Services are"))
    if not colon:
        return name, SERVICES[name].port
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(f"'{text}': '{port}' is not a port (1 to 65535)")
    return name, int(port)


MTU: Final = kinds.whole_number(68, 65535, "an MTU in bytes")
WORD: Final = kinds.any_text("a word")
LINK_NAME: Final = kinds.text_kind("the name of a link", kinds.parse_interface_name, kinds.STRING)
FILE: Final = kinds.text_kind("the path of a file", str, kinds.STRING)
SERVICE: Final = kinds.text_kind(
    "a service",
    parse_service,
    {"type": "string", "pattern": f"^({'|'.join(SERVICES)})(:[0-9]+)?$"},
    "write 'http' or 'http:8080'",
)
SECONDS: Final = kinds.whole_number(0, 2**31 - 1, "a number of seconds")

LINK_KEYS: Final = (
    Key("subnets", kinds.list_of(kinds.SUBNET), "The subnets of the link, IPv4 and IPv6."),
    Key("mtu", MTU, "The MTU of every interface on the link.", default="1500"),
    Key(
        "offload",
        kinds.YES_OR_NO,
        "Leave segmentation and checksums to the (virtual) hardware, as real machines do. "
        "With `no`, every frame is at most one MTU long and its checksums are complete.",
        default="yes",
    ),
)
INTERFACE_KEYS: Final = (
    Key(
        "addresses",
        kinds.list_of(kinds.INTERFACE_ADDRESS),
        "Addresses of the interface. Without a prefix length they take that of the link's subnet.",
    ),
    Key("mac", kinds.MAC, "The MAC address.", default="made from the places of node and link in the file"),
)
BRIDGE_KEYS: Final = (
    Key("ports", kinds.list_of(LINK_NAME), "The links that the bridge joins.", required=True),
    Key("addresses", kinds.list_of(kinds.INTERFACE_ADDRESS), "Addresses of the bridge itself."),
    Key("mac", kinds.MAC, "The MAC address of the bridge itself."),
    Key(
        "bridge-nf-call-iptables",
        kinds.YES_OR_NO,
        "Bridged IPv4 packets pass the firewall (br_netfilter).",
        default="yes where the engine runs, else no",
    ),
    Key(
        "bridge-nf-call-ip6tables",
        kinds.YES_OR_NO,
        "Bridged IPv6 packets pass the firewall.",
        default="as bridge-nf-call-iptables",
    ),
)


def mapping_of(keys: tuple[Key, ...], words: str, short: str = "") -> Kind:
    """A mapping with the given keys, read as a dict of key -> Placed value.

    With `short`, anything that is not a mapping is the value of that key: `lan: 10.0.1.1`.
    """

    def read(value: Value, path: str, faults: Faults) -> dict[str, Placed[Any]] | None:
        if short and not isinstance(value, Mapping):
            kind = next(key.kind for key in keys if key.name == short)
            return {short: Placed(kind.read(value, path, faults), value.place)}
        return read_mapping(value, keys, words, path, faults)

    full: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: {**key.kind.schema, "description": key.doc} for key in keys},
        "required": [key.name for key in keys if key.required],
    }
    brief = next((key.kind.schema for key in keys if key.name == short), None)
    return Kind(words, read, {"anyOf": [brief, full]} if brief else full)


def read_mapping(
    value: Value,
    keys: tuple[Key, ...],
    words: str,
    path: str,
    faults: Faults,
    other: Callable[[Text, Value, str], bool] | None = None,
) -> dict[str, Placed[Any]] | None:
    """Read a mapping by its table of keys. `other` is asked about keys outside the table."""
    if not isinstance(value, Mapping):
        keys_text = ", ".join(key.name for key in keys)
        faults.add(value.place, path, f"{words} is needed here, not {what(value)}", f"its keys are: {keys_text}.")
        return None
    table = {key.name: key for key in keys}
    result: dict[str, Placed[Any]] = {}
    for name, each in value:
        below = f"{path}.{name.value}" if path else name.value
        key = table.get(name.value)
        if key is not None:
            found = key.kind.read(each, below, faults)
            if found is not None:
                result[name.value] = Placed(found, each.place)
        elif other is None or not other(name, each, below):
            faults.add(
                name.place,
                below,
                f"'{name.value}' is not a key of {words}",
                did_you_mean(name.value, table, "Keys are"),
            )
    for key in keys:
        if key.required and value.get(key.name) is None:
            faults.add(value.place, path, f"'{key.name}' is missing", key.doc)
    return result


LINK: Final = mapping_of(LINK_KEYS, "a link", short="subnets")
INTERFACE: Final = mapping_of(INTERFACE_KEYS, "an interface", short="addresses")
BRIDGE: Final = mapping_of(BRIDGE_KEYS, "a bridge", short="ports")

NODE_KEYS: Final = (
    Key(
        "runs",
        kinds.one_of(ENGINES, "an engine"),
        "This node is a firewall. `engine` is the one chosen with --engine; another name fixes it.",
    ),
    Key("gateway", kinds.list_of(WORD), "The default route: a node on one of this node's links, or an address."),
    Key("routes", kinds.list_of(ROUTE), "More routes, as ip-route(8) writes them: `10.0.9.0/24 via inner table 5`."),
    Key(
        "policy_rules",
        kinds.list_of(POLICY_RULE),
        "Rules that choose a routing table, as ip-rule(8) writes them: `fwmark 1 table 101`.",
    ),
    Key(
        "forwarding",
        kinds.YES_OR_NO,
        "The node forwards packets, IPv4 and IPv6: it is a router.",
        default="yes where the engine runs, else no",
    ),
    Key(
        "bridges",
        kinds.table_of(BRIDGE, "bridges", kinds.parse_interface_name),
        "Bridges of the node: name -> the links that it joins, or a mapping (see Bridges).",
    ),
    Key(
        "sysctls",
        kinds.table_of(kinds.any_text("a value"), "sysctls", _sysctl_name),
        "Sysctls below `net.`, set after interfaces and addresses are in place.",
    ),
    Key("services", kinds.list_of(SERVICE), f"Servers on the node: {', '.join(SERVICES)}; `http:8080` names the port."),
    Key(
        "closed_ports",
        kinds.one_of(("silent", "refuse"), "silent or refuse"),
        "What answers a TCP or UDP packet for which no program listens: nothing, or a reset or ICMP error as from any "
        "Linux host. Silence keeps crafted packets alone on the wire.",
        default="silent; refuse where the engine runs or the node forwards",
    ),
    Key(
        "rules",
        FILE,
        "iptables-restore text that the engine loads with the lab; relative to the topology file.",
        only="engine",
    ),
    Key("rules6", FILE, "The same for IPv6.", only="engine"),
    Key(
        "on_engine_failure",
        kinds.one_of(("accept", "drop"), "accept or drop"),
        "What becomes of packets when the userspace engine has died.",
        default="drop",
        only="engine",
    ),
    Key(
        "conntrack_timeouts",
        kinds.table_of(SECONDS, "conntrack timeouts", _timeout_name),
        "Timeouts in seconds: `udp_timeout: 5` sets net.netfilter.nf_conntrack_udp_timeout.",
        only="engine",
    ),
)


def _nodes_schema() -> dict[str, Any]:
    node: dict[str, Any] = {
        "type": "object",
        "description": "Keys other than these are names of links: `lan: 10.0.1.10` is an interface.",
        "properties": {key.name: {**key.kind.schema, "description": key.doc} for key in NODE_KEYS},
        "additionalProperties": INTERFACE.schema,
    }
    return {"type": "object", "additionalProperties": node}


def _keep(value: Value, _path: str, _faults: Faults) -> Value:
    return value


TOPOLOGY_KEYS: Final = (
    Key(
        "links",
        kinds.table_of(LINK, "links", kinds.parse_interface_name),
        "The wires: name -> subnet, list of subnets, or a mapping (see Links). Interfaces are called after their link.",
        required=True,
    ),
    Key("nodes", Kind("nodes", _keep, _nodes_schema()), "The machines: name -> node.", required=True),
)

SECTIONS: Final = (
    ("Topology", "The file.", TOPOLOGY_KEYS),
    ("Links", "Below `links`. Short form: the subnet, or a list of subnets.", LINK_KEYS),
    ("Nodes", "Below `nodes`. Every other key is the name of a link and makes an interface.", NODE_KEYS),
    ("Interfaces", "Below a node. Short form: the address, or a list of addresses; nothing at all for an interface "
     "without an address.", INTERFACE_KEYS),
    ("Bridges", "Below `bridges` of a node. Short form: the list of ports.", BRIDGE_KEYS),
)  # fmt: skip
