"""Topology files that are right, the plan that is made of them, and the table of keys."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from lab import plan, schema, topology
from lab.faults import TopologyError, did_you_mean
from lab.model import Topology
from lab.services import SERVICES

BUILT_IN = ("bridged", "dual-uplink", "host", "nat-gateway", "three-legged", "two-lans")


def parse(text: str) -> Topology:
    return topology.parse(text, Path("t.yaml"))


def test_built_in_names() -> None:
    assert tuple(topology.built_in_names()) == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_topology(name: str) -> None:
    found = topology.load(name)
    assert found.name == name
    assert "firewall" in found.nodes and found.nodes["firewall"].runs == "engine"
    assert all(node in found.picture for node in found.nodes), "the picture shows every node"
    assert {address.version for node in found.nodes.values() for each in node.devices.values() for address in each} == {
        4, 6}  # fmt: skip


def test_three_legged_is_as_documented() -> None:
    found = topology.load("topologies/three-legged.yaml" if Path("topologies").is_dir() else "three-legged")
    addresses = {(node.name, device): str(each[0].ip) for node in found.nodes.values()
                 for device, each in node.devices.items()}  # fmt: skip
    assert addresses == {
        ("firewall", "lan"): "10.0.1.1", ("firewall", "dmz"): "10.0.2.1", ("firewall", "wan"): "198.51.100.1",
        ("client", "lan"): "10.0.1.10", ("web", "dmz"): "10.0.2.10", ("server", "wan"): "198.51.100.10",
    }  # fmt: skip
    assert found.nodes["server"].routes == (), "an answer from the server proves NAT"


def test_beginning_of_a_name() -> None:
    assert topology.find("nat").name == "nat-gateway.yaml"
    assert topology.find("three-legged.yaml").name == "three-legged.yaml"
    assert topology.find("topologies/host.yaml").name == "host.yaml", "from whatever folder"
    with pytest.raises(TopologyError, match="no such file\n  hint: did you mean 'bridged'"):
        topology.find("brigded")


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "office.yaml").write_text("")
    with pytest.raises(TopologyError, match=r"did you mean '.*/office.yaml'"):
        topology.find(tmp_path / "ofice.yaml")
    with pytest.raises(TopologyError, match="is a directory"):
        topology.find(tmp_path)


def test_strings_stay_strings() -> None:
    found = parse("""
links: { no: 10.0.1.0/24, "1.10": 10.0.2.0/24 }
nodes:
  on:
    no: { addresses: 10.0.1.1, mac: 52:54:00:12:34:56 }
    "1.10": 10.0.2.1
    sysctls: { net.ipv4.conf.all.forwarding: yes }
""")
    assert list(found.links) == ["no", "1.10"]
    assert found.nodes["on"].interfaces[0].mac == "52:54:00:12:34:56"
    assert found.nodes["on"].sysctls == (("net.ipv4.conf.all.forwarding", "yes"),)


def test_topology_is_frozen() -> None:
    found = topology.load("host")
    with pytest.raises(AttributeError):
        found.nodes["client"].name = "other"  # type: ignore[misc]


def test_prefix_length_comes_from_the_segment() -> None:
    found = topology.load("bridged")
    assert str(found.nodes["server"].devices["outside"][0]) == "10.0.1.20/24", "the subnet is written at the other link"
    assert found.segments == (frozenset({"inside", "outside"}),)


def test_gateway_by_name_gives_a_route_a_family() -> None:
    routes = topology.load("two-lans").nodes["client"].routes
    assert [(str(route.to), str(route.via)) for route in routes] == [
        ("0.0.0.0/0", "10.0.1.1"), ("::/0", "2001:db8:1::1")]  # fmt: skip


def test_gateway_through_a_bridge() -> None:
    routes = topology.load("bridged").nodes["server"].routes
    assert [str(route.via) for route in routes] == ["10.0.1.1", "2001:db8:1::1"]


def test_policy_rules_hold_for_both_families() -> None:
    rules = topology.load("dual-uplink").nodes["firewall"].policy_rules
    assert [(rule.family, rule.priority, rule.mark, rule.table) for rule in rules] == [
        (4, 1000, 1, 101), (6, 1000, 1, 101), (4, 1001, 2, 102), (6, 1001, 2, 102)]  # fmt: skip


def test_defaults_of_a_firewall_and_a_host() -> None:
    found = topology.load("three-legged")
    firewall, client = found.nodes["firewall"], found.nodes["client"]
    assert (firewall.forwarding, firewall.closed_ports, firewall.on_engine_failure) == (True, "refuse", "drop")
    assert (client.forwarding, client.closed_ports, client.runs) == (False, "silent", "")
    assert not topology.load("host").nodes["firewall"].forwarding


def test_aliases_unfold_but_not_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(TopologyError, match="aliases unfold to more than"):
        parse("\n".join(lines))
    shared = parse("links: { lan: 10.0.1.0/24 }\nnodes:\n  a: { lan: 10.0.1.1, services: &s [http] }\n"
                   "  b: { lan: 10.0.1.2, services: *s }\n")  # fmt: skip
    assert shared.nodes["b"].services == shared.nodes["a"].services


DEEP = ("[" * 100_000, "- " * 100_000, "? " * 100_000, "[" * 900 + "]" * 900, "a: {" * 5000)
JUNK = (*DEEP, "\0", "a: *b", "%YAML 9.9\n---\n{}", "!!python/object:os.system {}")


@pytest.mark.parametrize("text", JUNK)
def test_junk_is_a_topology_error(text: str) -> None:
    with pytest.raises(TopologyError):
        parse(text)


# --- the plan -------------------------------------------------------------------------------------------------------


MANY = 1000
CROWDS = {
    "subnets that overlap": "links:\n"
    + "".join(f"  l{at}: 10.0.0.0/8\n" for at in range(MANY))
    + "nodes:\n  a: {l0: 10.0.0.1}\n",
    "gateways that are not there": "links: {lan: 10.0.0.0/8}\nnodes:\n"
    + "".join(f"  node{at}: {{gateway: nobody{at}}}\n" for at in range(MANY)),
}


@pytest.mark.parametrize("text", CROWDS.values(), ids=list(CROWDS))
def test_a_thousand_faults_are_not_a_million(text: str) -> None:
    with pytest.raises(TopologyError) as caught:
        parse(text)
    assert MANY - 1 <= len(caught.value.faults) <= 2 * MANY
    assert len(str(caught.value)) < 1000 * MANY


def test_a_long_list_of_known_words_is_cut() -> None:
    words = [f"word{at:02}" for at in range(30)]
    assert did_you_mean("other", words) == f"Known are: {', '.join(words[:20])} and 10 more."
    assert did_you_mean("word07x", words) == "did you mean 'word07'?"


def test_plan_is_the_same_each_time_and_plain_data() -> None:
    first, second = (json.dumps(plan.make(topology.load("dual-uplink")).as_json()) for _ in range(2))
    assert first == second


def test_plan_of_a_link_with_two_ends_and_with_more() -> None:
    made = plan.make(topology.load("nat-gateway"))
    ends = {(wire.left.node, wire.left.name, wire.right.node) for wire in made.wires}
    assert ("firewall", "wan", "server") in ends, "two ends: one veth pair"
    assert {("firewall", "lan", ""), ("client", "lan", ""), ("laptop", "lan", "")} <= ends, "three ends: a switch"
    assert len([bridge for bridge in made.bridges if bridge.node == plan.FABRIC]) == 1


def test_plan_of_mac_addresses() -> None:
    macs = plan.MacTable(topology.load("three-legged"))
    assert macs["client", "lan"] == "02:00:00:02:00:01"
    assert macs["server", "wan"] == "02:00:00:04:00:03"
    assert plan.mac_of(300, 2) == "02:00:01:2c:00:02"


def test_plan_of_neighbours_is_complete_both_ways() -> None:
    made = plan.make(topology.load("bridged"))
    pairs = {(node, address) for node, _device, address, _mac in made.neighbours if ":" not in address}
    assert pairs == {
        ("client", "10.0.1.1"), ("client", "10.0.1.20"), ("server", "10.0.1.1"), ("server", "10.0.1.10"),
        ("firewall", "10.0.1.10"), ("firewall", "10.0.1.20"),
    }  # fmt: skip


def test_bridges_that_differ_carry_the_switch_themselves() -> None:
    text = """
links: {{ a: 10.0.1.0/24, b: , c: 10.0.2.0/24, d: }}
nodes:
  fw:
    runs: engine
    bridges:
      br0: {{ ports: [a, b], bridge-nf-call-iptables: yes }}
      br1: {{ ports: [c, d], bridge-nf-call-iptables: {} }}
"""
    same, differ = plan.make(parse(text.format("yes"))), plan.make(parse(text.format("no")))
    assert [bridge.call for bridge in same.bridges if bridge.node == "fw"] == [None, None]
    assert ("net.bridge.bridge-nf-call-iptables", "1") in same.sysctls["fw"]
    assert [bridge.call for bridge in differ.bridges if bridge.node == "fw"] == [(True, True), (False, False)]


def test_hosts_file() -> None:
    assert "198.51.100.10 server.wan server\n" in plan.make(topology.load("three-legged")).hosts


# --- the table of keys ------------------------------------------------------------------------------------------------


def test_schema_is_current() -> None:
    assert schema.SCHEMA_FILE.read_text(encoding="utf-8") == schema.schema_text(), "run: python -m lab.schema"


def test_docs_are_current() -> None:
    page = schema.DOCS_FILE.read_text(encoding="utf-8")
    assert schema.with_tables(page) == page, "run: python -m lab.schema"
    assert all(f"`{name}`" in page for name in BUILT_IN)


def valid(value: Any, rules: dict[str, Any]) -> bool:
    """As much of JSON Schema as ours uses."""
    if "anyOf" in rules:
        return any(valid(value, each) for each in rules["anyOf"])
    if "enum" in rules and value not in rules["enum"]:
        return False
    kinds = rules.get("type", [])
    names = {dict: "object", list: "array", str: "string", int: "integer", bool: "boolean", type(None): "null"}
    if kinds and names[type(value)] not in ([kinds] if isinstance(kinds, str) else kinds):
        return False
    if isinstance(value, dict):
        known, more = rules.get("properties", {}), rules.get("additionalProperties", True)
        return all(name in value for name in rules.get("required", ())) and all(
            valid(each, known[name]) if name in known else (more if isinstance(more, bool) else valid(each, more))
            for name, each in value.items())  # fmt: skip
    return not isinstance(value, list) or all(valid(each, rules.get("items", {})) for each in value)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_topologies_fit_the_schema(name: str) -> None:
    import yaml

    loaded = yaml.safe_load(topology.find(name).read_text(encoding="utf-8"))
    assert valid(loaded, schema.schema())
    loaded["nodes"]["firewall"]["runs"] = "nonsense"
    assert not valid(loaded, schema.schema()), "the check itself works"


def test_every_service_has_a_module() -> None:
    modules = {service.module for service in SERVICES.values()}
    assert all(importlib.util.find_spec(module) for module in modules)
    folder = Path(topology.__file__).parent / "services"
    serving = {path.stem for path in folder.glob("*.py") if "\ndef serve(" in path.read_text()}
    assert {f"lab.services.{name}" for name in serving} == modules
