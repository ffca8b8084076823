"""Names for numbers from the machine's own files: services, protocols, hosts, networks, realms, device groups.

Nothing here asks the network. A file that is missing or unreadable counts as empty; each is read once, when first
asked for. Source: services(5), protocols(5), hosts(5), networks(5), /etc/iproute2 (ip-route(8), ip-link(8)).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from engine.core.hooks import IPV4, IPV6
from engine.core.numbers import is_decimal

# Protocols that iptables knows without /etc/protocols; the first name of a number is the one printed.
WELL_KNOWN_PROTOCOLS: Final[tuple[tuple[str, int], ...]] = (
    ("tcp", 6),
    ("sctp", 132),
    ("udp", 17),
    ("udplite", 136),
    ("icmp", 1),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("esp", 50),
    ("ah", 51),
    ("mobility-header", 135),
    ("ipv6-mh", 135),
    ("mh", 135),
    ("all", 0),
)


def _rows(path: str) -> list[list[str]]:
    """The words of each line that is not a comment."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return []
    rows = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) >= 2:
            rows.append(words)
    return rows


class Names:
    """One file each, as dictionaries. Values: numbers; keys: names and aliases."""

    def __init__(self, root: str = "/etc") -> None:
        self.root = root
        self._services: dict[tuple[str, str], int] = {}
        self._service_names: dict[tuple[int, str], str] = {}
        self._protocols: dict[str, int] = {}
        self._protocol_names: dict[int, str] = {}
        self._hosts: dict[tuple[str, int], list[int]] = {}
        self._host_names: dict[tuple[int, int], str] = {}
        self._networks: dict[str, int] = {}
        self._network_names: dict[int, str] = {}
        self._read: set[str] = set()
        self._maps: dict[str, dict[str, int]] = {}

    def _first(self, what: str) -> bool:
        if what in self._read:
            return False
        self._read.add(what)
        return True

    def _load_services(self) -> None:
        if not self._first("services"):
            return
        for words in _rows(f"{self.root}/services"):
            number, slash, proto = words[1].partition("/")
            if not slash or not is_decimal(number):
                continue
            for name in [words[0], *words[2:]]:
                self._services.setdefault((name, proto), int(number))
            self._service_names.setdefault((int(number), proto), words[0])

    def service(self, name: str, proto: str = "") -> int | None:
        """Port number of a service; proto "" = of whichever protocol lists it first (tcp, udp, dccp, sctp)."""
        self._load_services()
        for candidate in (proto,) if proto else ("tcp", "udp", "dccp", "sctp"):
            port = self._services.get((name, candidate))
            if port is not None:
                return port
        return None

    def service_name(self, port: int, proto: str = "") -> str | None:
        self._load_services()
        for candidate in (proto,) if proto else ("tcp", "udp", "dccp", "sctp"):
            name = self._service_names.get((port, candidate))
            if name is not None:
                return name
        return None

    def _load_protocols(self) -> None:
        if not self._first("protocols"):
            return
        for words in _rows(f"{self.root}/protocols"):
            if not is_decimal(words[1]):
                continue
            for name in [words[0], *words[2:]]:
                self._protocols.setdefault(name, int(words[1]))
            self._protocol_names.setdefault(int(words[1]), words[0])

    def protocol(self, name: str) -> int | None:
        self._load_protocols()
        number = self._protocols.get(name)
        if number is None:
            number = next((value for known, value in WELL_KNOWN_PROTOCOLS if known == name), None)
        return number

    def protocol_name(self, number: int, lookup: bool = True) -> str | None:
        """lookup: ask /etc/protocols first; otherwise only what iptables itself knows."""
        if lookup:
            self._load_protocols()
            name = self._protocol_names.get(number)
            if name is not None:
                return name
        return next((known for known, value in WELL_KNOWN_PROTOCOLS if value == number), None)

    def _load_hosts(self) -> None:
        if not self._first("hosts"):
            return
        for words in _rows(f"{self.root}/hosts"):
            try:
                family, address = (
                    (IPV6, int(IPv6Address(words[0]))) if ":" in words[0] else (IPV4, int(IPv4Address(words[0])))
                )
            except ValueError:
                continue
            for name in words[1:]:
                known = self._hosts.setdefault((name.lower(), family), [])
                if address not in known:
                    known.append(address)
            self._host_names.setdefault((address, family), words[1])

    def host(self, name: str, family: int) -> list[int]:
        """Addresses of a host in /etc/hosts, in the order of the file."""
        self._load_hosts()
        return self._hosts.get((name.lower(), family), [])

    def host_name(self, address: int, family: int) -> str | None:
        self._load_hosts()
        return self._host_names.get((address, family))

    def _load_networks(self) -> None:
        if not self._first("networks"):
            return
        for words in _rows(f"{self.root}/networks"):
            parts = words[1].split(".")
            if not all(is_decimal(part) and int(part) < 256 for part in parts) or len(parts) > 4:
                continue
            address = 0
            for part in [*parts, "0", "0", "0"][:4]:
                address = address << 8 | int(part)
            for name in [words[0], *words[2:]]:
                self._networks.setdefault(name.lower(), address)
            self._network_names.setdefault(address, words[0])

    def network(self, name: str) -> int | None:
        self._load_networks()
        return self._networks.get(name.lower())

    def network_name(self, address: int) -> str | None:
        self._load_networks()
        return self._network_names.get(address)

    def table(self, path: str) -> dict[str, int]:
        """Name -> number of a file with the number first (/etc/iproute2/rt_realms, group, rt_dsfield)."""
        known = self._maps.get(path)
        if known is None:
            known = {}
            for words in _rows(path):
                try:
                    known[words[1]] = int(words[0], 0)
                except ValueError:
                    continue
            self._maps[path] = known
        return known

    def accounts(self, file: str) -> dict[str, int]:
        """Name -> number of `passwd` or `group`."""
        path = f"{self.root}/{file}"
        known = self._maps.get(path)
        if known is None:
            known = {}
            try:
                with open(path, encoding="utf-8", errors="replace") as lines:
                    rows = [line.split(":") for line in lines]
            except OSError:
                rows = []
            for row in rows:
                if len(row) >= 3 and is_decimal(row[2]):
                    known.setdefault(row[0], int(row[2]))
            self._maps[path] = known
        return known


REALMS: Final = "/etc/iproute2/rt_realms"
DEVICE_GROUPS: Final = "/etc/iproute2/group"

NAMES: Final = Names()
