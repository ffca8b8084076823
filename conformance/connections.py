"""Connections that a firewall knows, compared with what a scenario says of them.

    firewall.tracks("udp client:40000 > server:53", reply="server:53 > firewall.wan:40000", timeout=30)

Protocol and flow are the original direction; protocols are those of /proc/net/nf_conntrack, with a 6 behind them over
IPv6 where the name is the same (udp6, tcp6).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance import flows
from conformance.flows import ANY, Flow
from conformance.names import Names
from conformance.packets import CONDITIONS

if TYPE_CHECKING:
    from lab import Entry

# Names of protocols that /proc writes otherwise than packets do.
SPOKEN = {"icmp6": "icmpv6", "icmpv6": "icmpv6"}
FIELDS = ("state", "timeout", "mark", "zone", "assured", "unreplied", "id", "type", "code", "flags", "text")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A connection as a scenario describes it."""

    protocol: str
    flow: Flow
    family: int
    reply: Flow | None
    fields: tuple[tuple[str, Any], ...]
    shown: str


def wanted(text: str, reply: str, fields: dict[str, Any], names: Names) -> Wanted:
    """ "udp client:1 > server:2" -> what to look for. Raises ValueError."""
    protocol, _blank, rest = text.strip().partition(" ")
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise ValueError(f"a connection has no '{unknown[0]}'; it has {', '.join(FIELDS)}")
    six = protocol.endswith("6") and protocol != "ipv6"
    plain = SPOKEN.get(protocol, protocol.removesuffix("6") if six else protocol)
    flow = flows.parse(rest)
    family = 6 if six or any(":" in end.host for end in (flow.source, flow.destination)) else 4
    back = names.resolve(flows.parse(reply), family) if reply else None
    words = [text.strip(), f"reply {reply}" if reply else "", *(f"{name}={value}" for name, value in fields.items())]
    return Wanted(
        plain, names.resolve(flow, family), family, back, tuple(fields.items()), " ".join(filter(None, words))
    )


def same_flow(want: Wanted, entry: Entry) -> bool:
    """Whether an entry is the one that is meant: protocol and original direction."""
    return entry.protocol in (want.protocol, str(_number(want.protocol))) and _fits(want.flow, entry.original)


def _number(protocol: str) -> int:
    return {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "icmpv6": 58, "sctp": 132, "udplite": 136}.get(protocol, -1)


def _fits(flow: Flow, direction: Any) -> bool:
    for end, address, port in (
        (flow.source, direction.src, direction.sport),
        (flow.destination, direction.dst, direction.dport),
    ):
        if end.host not in (ANY, _short(address)) or (end.ports is not None and port not in end.ports):
            return False
    return True


def _short(address: str) -> str:
    """/proc writes IPv6 addresses with all their groups."""
    return str(ipaddress.ip_address(address)) if ":" in address else address


def has_words(line: str, part: str) -> bool:
    """Whether a line contains some words in a row, none of them as a piece of a longer one."""
    return f" {' '.join(part.split())} " in f" {' '.join(line.split())} "


def faults(want: Wanted, entry: Entry, slack: float) -> list[str]:
    """In what an entry differs. `slack`: seconds by which a timeout may have run down meanwhile."""
    found = []
    if want.reply is not None and not _fits(want.reply, entry.reply):
        found.append(f"the reply direction is not {want.reply}")
    for name, value in want.fields:
        mine = _field(name, entry)
        if name == "timeout" and isinstance(value, int):
            if not value - slack <= entry.timeout <= value:
                found.append(f"timeout is {entry.timeout}, not {value}")
        elif name == "text":
            if not has_words(str(entry), value):
                found.append(f"'{value}' is not in its line")
        elif name == "flags":
            missing = [flag for flag in value if flag not in entry.flags]
            found += [f"it is not {flag}" for flag in missing]
        elif not (mine in value if isinstance(value, CONDITIONS) else mine == value):
            found.append(f"{name} is {mine}, not {value}")
    return found


def _field(name: str, entry: Entry) -> Any:
    if name == "assured":
        return "ASSURED" in entry.flags
    if name == "unreplied":
        return "UNREPLIED" in entry.flags
    if name in ("id", "type", "code"):
        return getattr(entry.original, name)
    return getattr(entry, name, None)
