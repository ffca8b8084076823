"""Who speaks to whom, as text: "client:40000 > server:53".

    client              a node's address, where it has one, or on the wire that it shares with the other end
    firewall.wan        a node's address on one of its links
    10.0.1.77           an address, also 2001:db8::1
    any                 whatever it is (in what should be seen)

    :53   :1024-2047   :any      behind each of them: a port, a range of ports, any port; IPv6 addresses then need
                                 brackets: [2001:db8::1]:53. Without a port, any.

A flow is only text and numbers. What the names mean depends on the topology: see conformance/names.py.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

ANY: Final = "any"
_NAME = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)?\Z")


class FlowError(ValueError):
    """A flow that cannot be read. Says what was found and what a flow looks like."""


@dataclass(frozen=True, slots=True)
class Ports:
    """An inclusive range of ports; one port is a range of one."""

    low: int
    high: int

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.low <= port <= self.high

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a flow. `host` is a name, an address or "any"; `ports` None is any port."""

    host: str = ANY
    ports: Ports | None = None

    @property
    def is_address(self) -> bool:
        return self.host != ANY and not _NAME.match(self.host)

    @property
    def port(self) -> int | None:
        """The port, where there is exactly one."""
        return self.ports.low if self.ports is not None and self.ports.low == self.ports.high else None

    def __str__(self) -> str:
        if self.ports is None:
            return self.host
        return f"[{self.host}]:{self.ports}" if ":" in self.host else f"{self.host}:{self.ports}"


@dataclass(frozen=True, slots=True)
class Flow:
    source: End = End()
    destination: End = End()

    def reversed(self) -> Flow:
        return Flow(self.destination, self.source)

    def with_hosts(self, source: str, destination: str) -> Flow:
        return Flow(replace(self.source, host=source), replace(self.destination, host=destination))

    def __str__(self) -> str:
        return f"{self.source} > {self.destination}"


@lru_cache(maxsize=4096)
def parse(text: str) -> Flow:
    """Raises FlowError."""
    left, arrow, right = text.partition(">")
    if not arrow:
        raise FlowError(f"'{text}' has no '>': a flow looks like 'client:40000 > server:53'")
    return Flow(parse_end(left.strip(), text), parse_end(right.strip(), text))


@lru_cache(maxsize=4096)
def parse_end(text: str, whole: str = "") -> End:
    """One end: HOST or HOST:PORTS. Raises FlowError."""
    host, ports = _split(text)
    where = f" in '{whole}'" if whole and whole != text else ""
    if host != ANY and not _NAME.match(host) and not _is_address(host):
        raise FlowError(f"'{text}'{where} is not a node, an address or 'any'")
    return End(host, _ports(ports, text, where) if ports is not None else None)


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        return (host, rest.removeprefix(":") or None) if bracket else (text, None)
    if _is_address(text):
        return text, None
    host, colon, ports = text.rpartition(":")
    return (host, ports) if colon else (text, None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _ports(text: str, end: str, where: str) -> Ports | None:
    if text == ANY:
        return None
    low, dash, high = text.partition("-")
    try:
        found = Ports(int(low), int(high) if dash else int(low))
    except ValueError:
        raise FlowError(f"'{text}' in '{end}'{where} is not a port: a number, LOW-HIGH or 'any'") from None
    if not 0 <= found.low <= found.high <= 65535:
        raise FlowError(f"'{text}' in '{end}'{where}: ports go from 0 to 65535")
    return found
