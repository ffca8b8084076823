"""Builds a plan: namespaces, veths, bridges, addresses, neighbours, routes. Runs inside the holder process only.

Everything is made in namespaces that this process has just entered for the first time, so nothing has to be undone:
when the process ends, the kernel takes all of it away. Both ends of a veth are put in place by one request, and no
request waits for another process.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lab import neighbours
from lab.namespaces import CLONE_NEWNET, setns, unshare

FABRIC: Final = ""
# Each node has a table of TCP connections of its own, which is looked through in no time; that of the machine is large.
# (Linux 6.1; Documentation/networking/ip-sysctl)
OWN_TCP_TABLE: Final = ("net.ipv4.tcp_child_ehash_entries", "4096")
IFA_F_NODAD: Final = 0x02
SIOCETHTOOL: Final = 0x8946
# ethtool.h: checksum offload on transmission, TCP segmentation, generic segmentation; all switched off by value 0.
OFFLOADS: Final = (0x17, 0x1F, 0x24)
# The left ends of veths are numbered from here, so that no end has the number of its peer: the kernel would take it for
# a device without a peer and tell it of its carrier up to a second late.
FIRST_INDEX: Final = 1000
TENTATIVE: Final = 0x40
CARRIED: Final = ("UP", "UNKNOWN")
READY_SECONDS: Final = 10.0
ROUTE_TYPES: Final = {"unicast": 1, "blackhole": 6, "unreachable": 7, "prohibit": 8}
RULE_ACTIONS: Final = {"lookup": 1, "blackhole": 6, "unreachable": 7, "prohibit": 8}
FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}


class BuildError(Exception):
    """A step that the kernel refused: which one, on which node, and the kernel's reason."""


class Namespaces:
    """The network namespaces of a lab, held open. The process stands in the fabric unless it is `inside` a node."""

    def __init__(self) -> None:
        self.fds: dict[str, int] = {FABRIC: _own_namespace()}

    def add(self, node: str) -> None:
        self.home()
        unshare(CLONE_NEWNET)
        self.fds[node] = _own_namespace()

    def home(self) -> None:
        setns(self.fds[FABRIC], CLONE_NEWNET)

    @contextmanager
    def inside(self, node: str) -> Iterator[None]:
        """Stand in a node: sockets opened, files below /proc/sys/net and processes started belong to it."""
        setns(self.fds[node], CLONE_NEWNET)
        try:
            yield
        finally:
            self.home()


def _own_namespace() -> int:
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def write_sysctl(name: str, value: str) -> bool:
    """Set a sysctl of the namespace the process stands in. False if this kernel does not have it."""
    try:
        with open(sysctl_path(name), "w", encoding="ascii") as file:
            file.write(value)
    except FileNotFoundError:
        return False
    return True


def read_sysctl(name: str) -> str | None:
    """A sysctl of the namespace the process stands in, None if this kernel does not have it."""
    try:
        with open(sysctl_path(name), encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def sysctl_path(name: str) -> str:
    """net.ipv4.conf.lan.rp_filter -> its file. As in sysctl(8), '/' and '.' change places in names with dots. Raises
    PermissionError for what is not a node's own."""
    path = name.translate(str.maketrans("./", "/."))
    if not path.startswith("net/") or ".." in path:
        reason = "only sysctls below 'net.' belong to a node, others to the whole machine"
        raise PermissionError(errno.EPERM, reason, name)
    return f"/proc/sys/{path}"


class Builder:
    """Carries out one plan."""

    def __init__(self, plan: dict[str, Any], namespaces: Namespaces) -> None:
        self.plan = plan
        self.namespaces = namespaces
        self.routes: dict[str, IPRoute] = {}
        self.indexes: dict[str, dict[str, int]] = {}
        self.ipv6 = os.path.isdir("/proc/sys/net/ipv6")
        self.missing: list[str] = []
        self.deadline = 0.0

    def build(self) -> list[str]:
        """Build everything. Returns the sysctls that this kernel does not have. Raises BuildError."""
        try:
            self.open_nodes()
            self.add_devices()
            self.add_addresses()
            self.set_up()
            self.add_neighbours()
            self.add_routes()
            self.set_late_sysctls()
            self.deadline = time.monotonic() + READY_SECONDS
            self.wait_for_carriers()
            self.wait_for_ipv6()
        finally:
            self.namespaces.home()
            for route in self.routes.values():
                route.close()
        return self.missing

    def open_nodes(self) -> None:
        # Before the nodes, which take it over from the fabric.
        with contextlib.suppress(OSError):
            write_sysctl(*OWN_TCP_TABLE)
        for node in self.plan["nodes"]:
            self.namespaces.add(node)
            self.routes[node] = IPRoute()
            self.set_sysctls(node, self.plan["sysctls"][node], required=False)
        self.namespaces.home()
        self.routes[FABRIC] = IPRoute()
        self.set_sysctls(FABRIC, self.plan["sysctls"][FABRIC], required=False)

    def set_sysctls(self, node: str, settings: list[tuple[str, str]], required: bool) -> None:
        """`required` settings come from the topology file; the others only keep a node quiet."""
        for name, value in settings:
            try:
                known = write_sysctl(name, value)
            except OSError as error:
                if required:
                    raise BuildError(f"{node}: sysctl {name}={value}: {error.strerror}") from None
                known = False
            if not known and required:
                raise BuildError(f"{node}: sysctl {name}: this kernel does not have it")
            if not known:
                self.missing.append(f"{node}: {name}")

    def ask(self, node: str, step: str, operation: str, *words: Any, **fields: Any) -> None:
        try:
            getattr(self.routes[node], operation)(*words, **fields)
        except NetlinkError as error:
            reason = os.strerror(error.code) if error.code else str(error)
            raise BuildError(f"{node or 'switches'}: {step}: {reason}") from None

    def add_devices(self) -> None:
        for bridge in self.plan["bridges"]:
            settings = {"br_mcast_snooping": 0, "br_stp_state": 0, "br_forward_delay": 0}
            if bridge["call"] is not None:
                settings |= {
                    "br_nf_call_iptables": int(bridge["call"][0]),
                    "br_nf_call_ip6tables": int(bridge["call"][1]),
                }
            self.ask(
                bridge["node"],
                f"bridge {bridge['name']}",
                "link",
                "add",
                ifname=bridge["name"],
                kind="bridge",
                address=bridge["mac"],
                mtu=bridge["mtu"],
                **settings,
            )
        for number, wire in enumerate(self.plan["wires"], start=FIRST_INDEX):
            left, right = wire["left"], wire["right"]
            self.ask(
                FABRIC,
                f"link {left['name']}",
                "link",
                "add",
                kind="veth",
                index=number,
                **self.end(left),
                peer=self.end(right),
            )
        for node in [*self.plan["nodes"], FABRIC]:
            with self.namespaces.inside(node):
                self.indexes[node] = {name: index for index, name in socket.if_nameindex()}
        for wire in self.plan["wires"]:
            for end in (wire["left"], wire["right"]):
                self.finish_end(end, wire["offload"])

    def end(self, device: dict[str, Any]) -> dict[str, Any]:
        return {
            "ifname": device["name"],
            "address": device["mac"],
            "mtu": device["mtu"],
            "net_ns_fd": self.namespaces.fds[device["node"]],
        }

    def finish_end(self, device: dict[str, Any], offload: bool) -> None:
        node, name = device["node"], device["name"]
        if device["master"]:
            with self.namespaces.inside(node):
                write_sysctl(f"net.ipv6.conf.{name.replace('.', '/')}.disable_ipv6", "1")
            self.ask(
                node,
                f"port {name} of {device['master']}",
                "link",
                "set",
                index=self.indexes[node][name],
                master=self.indexes[node][device["master"]],
            )
        if not offload:
            with self.namespaces.inside(node):
                switch_offloads_off(name)

    def add_addresses(self) -> None:
        for node, device, address, prefix in self.plan["addresses"]:
            if ":" not in address:
                self.ask(
                    node,
                    f"address {address}/{prefix}",
                    "addr",
                    "add",
                    index=self.indexes[node][device],
                    address=address,
                    prefixlen=prefix,
                )
            elif self.ipv6:
                self.ask(
                    node,
                    f"address {address}/{prefix}",
                    "addr",
                    "add",
                    index=self.indexes[node][device],
                    address=address,
                    prefixlen=prefix,
                    flags=IFA_F_NODAD,
                )

    def set_up(self) -> None:
        """Bridges last: one that comes up without a running port learns of its carrier only a second later."""
        bridges = {(bridge["node"], bridge["name"]) for bridge in self.plan["bridges"]}
        devices = [(node, name) for node, names in self.indexes.items() for name in names]
        for node, name in sorted(devices, key=bridges.__contains__):
            self.ask(node, f"{name} up", "link", "set", index=self.indexes[node][name], state="up")

    def add_neighbours(self) -> None:
        by_node: dict[str, list[tuple[int, str, str]]] = {}
        for node, device, address, mac in self.plan["neighbours"]:
            if self.ipv6 or ":" not in address:
                by_node.setdefault(node, []).append((self.indexes[node][device], address, mac))
        for node, entries in by_node.items():
            with self.namespaces.inside(node):
                opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            with opened:
                try:
                    neighbours.add(opened, entries)
                except OSError as error:
                    raise BuildError(f"{node}: neighbours: {error.strerror}") from None
        for node, port, mac in self.plan["stations"]:
            self.ask(node, f"station {mac}", "fdb", "add", ifindex=self.indexes[node][port], lladdr=mac)

    def add_routes(self) -> None:
        for route in self.plan["routes"]:
            if route["family"] == 6 and not self.ipv6:
                continue
            fields: dict[str, Any] = {
                "dst": route["to"],
                "table": route["table"],
                "family": FAMILIES[route["family"]],
                "type": ROUTE_TYPES[route["kind"]],
            }
            fields |= {"gateway": route["via"]} if route["via"] else {}
            fields |= {"oif": self.indexes[route["node"]][route["dev"]]} if route["dev"] else {}
            fields |= {"priority": route["metric"]} if route["metric"] is not None else {}
            fields |= {"prefsrc": route["src"]} if route["src"] else {}
            fields |= {"metrics": {"mtu": route["mtu"]}} if route["mtu"] else {}
            self.ask(route["node"], f"route {route['to']}", "route", "add", **fields)
        for rule in self.plan["rules"]:
            if rule["family"] == 6 and not self.ipv6:
                continue
            self.ask(rule["node"], f"policy rule {rule['priority']}", "rule", "add", **_rule_fields(rule))

    def set_late_sysctls(self) -> None:
        for node, settings in self.plan["late_sysctls"].items():
            if settings:
                with self.namespaces.inside(node):
                    self.set_sysctls(node, settings, required=True)

    def wait_for_carriers(self) -> None:
        """Wait until the kernel has taken note of every carrier. Asking for a device makes it do so at once (Linux
        6.9); otherwise it comes to it within a second, and only then announces IPv6 groups once more."""
        for node, names in self.indexes.items():
            for name, index in names.items():
                while self.routes[node].link("get", index=index)[0].get_attr("IFLA_OPERSTATE") not in CARRIED:
                    self.not_too_long(f"{node}: {name} has no carrier")

    def wait_for_ipv6(self) -> None:
        """The kernel takes IPv6 addresses into use, and announces their multicast groups, in a thread of its own.

        An address that is no longer tentative has been announced, so nothing of that appears in a capture later.
        """
        for node in self.plan["nodes"]:
            with self.namespaces.inside(node):
                while tentative := tentative_addresses():
                    self.not_too_long(f"{node}: IPv6 addresses of {', '.join(tentative)} are not ready")

    def not_too_long(self, what: str) -> None:
        if time.monotonic() > self.deadline:
            raise BuildError(f"{what} after {READY_SECONDS:g} s")
        os.sched_yield()


def tentative_addresses() -> list[str]:
    """Devices with IPv6 addresses that are not in use yet. Columns: address, index, prefix, scope, flags, device."""
    try:
        with open("/proc/thread-self/net/if_inet6", encoding="ascii") as file:
            lines = [line.split() for line in file]
    except FileNotFoundError:
        return []
    return [words[5] for words in lines if int(words[4], 16) & TENTATIVE]


def _rule_fields(rule: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "family": FAMILIES[rule["family"]],
        "priority": rule["priority"],
        "action": RULE_ACTIONS[rule["action"]],
    }
    for key, end in (("from", "src"), ("to", "dst")):
        if rule[key]:
            address, _slash, length = rule[key].partition("/")
            fields |= {end: address, f"{end}_len": int(length)}
    if rule["mark"] is not None:
        fields |= {"fwmark": rule["mark"], "fwmask": rule["mask"]}
    fields |= {"iifname": rule["iif"]} if rule["iif"] else {}
    fields |= {"oifname": rule["oif"]} if rule["oif"] else {}
    fields |= {"table": rule["table"]} if rule["table"] is not None else {}
    return fields


def switch_offloads_off(device: str) -> None:
    """ioctl(SIOCETHTOOL) as `ethtool -K DEVICE tx off tso off gso off`. What a device does not offer stays off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = array.array("I", [command, 0])
            request = struct.pack("16sP16x", device.encode(), value.buffer_info()[0])
            try:
                fcntl.ioctl(control, SIOCETHTOOL, request)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise BuildError(f"{device}: offloads: {error.strerror}") from None
