"""Ranges of addresses and ports that nat targets translate to.

    PORTS    := PORT[-PORT[/PORT]]              the first may be a service name, and so may the one behind the slash
    ADDRESS  := IP[-IP][:PORTS] | :PORTS        IPv6 with ports: [IP[-IP]]:PORTS

Upside-down address ranges are taken as they stand; upside-down port ranges are refused. The number behind the slash
shifts a port map (`1000-2000/80`: port 80 goes to 1000, 81 to 1001); only DNAT has it, SNAT and MASQUERADE lose it on
the way to the kernel and store 0, REDIRECT refuses it. Messages as iptables 1.8.9 prints them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from engine.core.addresses import address_text
from engine.core.context import NatRequest
from engine.core.extension import ParameterProblem, Target
from engine.core.hooks import IPV4
from engine.core.names import NAMES
from engine.core.numbers import strtoul
from engine.core.values import Values

U16: Final = 0xFFFF
NONE: Final = -1

WITH_PORTS: Final = frozenset((1, 6, 17, 33, 132))  # ICMP has none, but iptables takes it


class Range:
    """low/high: addresses, NONE = keep; port_low/port_high: NONE = keep; base: shift of a port map, NONE = no shift."""

    def __init__(self) -> None:
        self.low = NONE
        self.high = NONE
        self.port_low = NONE
        self.port_high = NONE
        self.base = NONE

    def addresses(self, family: int) -> str:
        if self.low == NONE:
            return ""
        text = address_text(self.low, family)
        return text if self.low == self.high else f"{text}-{address_text(self.high, family)}"

    def ports(self) -> str:
        if self.port_low == NONE:
            return ""
        text = f"{self.port_low}" if self.port_low == self.port_high else f"{self.port_low}-{self.port_high}"
        return text if self.base == NONE else f"{text}/{self.base}"

    def text(self, family: int) -> str:
        """As it stands behind --to-source and --to-destination."""
        addresses = self.addresses(family)
        if self.port_low == NONE:
            return addresses
        if addresses and family != IPV4:
            addresses = f"[{addresses}]"
        return f"{addresses}:{self.ports()}"

    def request(self, kind: str) -> NatRequest:
        request = NatRequest(kind)
        if self.low != NONE:
            request.low = self.low
            request.high = self.high
        request.port_low = self.port_low
        request.port_high = self.port_high
        request.base_port = self.base
        return request


class Nat(Target):
    """A nat target with a range and flags. The translation itself is done by `engine.nat`."""

    def __init__(self, values: Values) -> None:
        self.family = values.family
        self.range = Range()
        self.random = values.has("random")
        self.random_fully = values.has("random-fully")
        self.persistent = values.has("persistent")

    def flags(self, dashes: str) -> list[str]:
        words = (("random", self.random), ("random-fully", self.random_fully), ("persistent", self.persistent))
        return [dashes + word for word, given in words if given]

    def request(self, kind: str) -> NatRequest:
        request = self.range.request(kind)
        request.random = self.random
        request.random_fully = self.random_fully
        request.persistent = self.persistent
        return request


def read_ports(text: str, values: Values, target: Range) -> None:
    """PORTS into a range; refused when the rule's protocol has no ports."""
    if values.head.proto not in WITH_PORTS:
        raise ParameterProblem("Need TCP, UDP, SCTP or DCCP with port specification")
    first = strtoul(text, U16, whole=False)
    if first is None:
        target.port_low = target.port_high = service(text)
        return
    target.port_low = target.port_high = first[0]
    rest = text[first[1] :]
    if not rest:
        return
    if rest[0] == ":":
        raise ParameterProblem("Invalid port:port syntax - use dash")
    if rest[0] != "-":
        raise ParameterProblem(f"Garbage after port value: `{rest}'")
    rest = rest[1:]
    last = strtoul(rest, U16, whole=False)
    if last is None:
        raise ParameterProblem(f"Port `{rest}' not valid")
    target.port_high = last[0]
    if target.port_low > target.port_high:
        raise ParameterProblem(f"Port range `{rest}' funky")
    tail = rest[last[1] :]
    if not tail:
        return
    if tail[0] != "/":
        raise ParameterProblem(f"Garbage after port range: `{tail}'")
    base = strtoul(tail[1:], U16, whole=False)
    if base is None:
        target.base = service(tail[1:])
    elif base[0] == 0:
        raise ParameterProblem(f"Port `{tail[1:]}' not valid")
    else:
        target.base = base[0]


def service(text: str) -> int:
    port = NAMES.service(text)
    if port is None:
        raise ParameterProblem(f"Port `{text}' not valid")
    return port


def look_at_range(values: Values) -> None:
    """The faults of ADDRESS are found when it is read: `-p` must have come before it."""
    read_range(values.given[-1].text, values, Range())


def look_at_ports(values: Values) -> None:
    read_ports(values.given[-1].text, values, Range())


def read_address(text: str, family: int) -> int:
    try:
        return int(IPv4Address(text)) if family == IPV4 else int(IPv6Address(text.partition("%")[0]))
    except ValueError:
        raise ParameterProblem(f'Bad IP address "{text}"') from None


def read_range(text: str, values: Values, target: Range) -> None:
    """ADDRESS into a range. One colon announces ports; more of them belong to an IPv6 address."""
    start = text.find("[")
    if start < 0:
        inner = text
        colon = text.find(":") if text.count(":") == 1 else NONE
        nothing = colon == 0
    else:
        end = text.find("]", start)
        if end < 0 or values.family == IPV4:
            raise ParameterProblem("Invalid address format")
        inner = text[start + 1 : end]
        colon = text.find(":", end + 1)
        nothing = colon == 2
    if colon >= 0:
        read_ports(text[colon + 1 :], values, target)
        if nothing:
            return
        if start < 0:
            inner = text[:colon]
    first, dash, last = inner.partition("-")
    target.low = target.high = read_address(first, values.family)
    if dash:
        target.high = read_address(last, values.family)
