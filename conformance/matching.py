"""Does a frame look like what a scenario describes? If not, in what does it differ?

Only what the description says is compared, with one exception: a packet whose checksum is wrong looks like nothing,
unless the description speaks of checksums. A firewall that rewrites must leave right checksums behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance import icmp_names
from conformance.flows import ANY, End
from conformance.names import Names
from conformance.packets import CONDITIONS, Packet, shown_flags, shown_payload
from conformance.reading import Seen


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a packet is not as described. `weight`: how far that puts it from the description."""

    field: str
    expected: str
    found: str
    weight: int = 1

    def __str__(self) -> str:
        return f"{self.field} is {self.found}, not {self.expected}"


def differences(pattern: Packet, seen: Seen, names: Names, checksums: bool = True) -> list[Difference]:
    """Everything in which `seen` differs from `pattern`; empty when it matches."""
    found = list(_kind(pattern, seen))
    if found:
        return found
    flow = names.resolve(pattern.flow, pattern.ip_version)
    found += _end("source", flow.source, seen.get("src"), seen.get("sport"), names)
    found += _end("destination", flow.destination, seen.get("dst"), seen.get("dport"), names)
    named = pattern.family or any(end.host != ANY for end in (flow.source, flow.destination))
    if named and seen.family != pattern.ip_version:
        found.append(Difference("family", f"IPv{pattern.ip_version}", f"IPv{seen.family}", 4))
    for name, value in pattern.fields:
        found += _field(name, value, seen, names)
    if checksums and seen.faults and not _speaks_of_checksums(pattern):
        found += [Difference("checksum", "right", fault) for fault in seen.faults]
    return found


def matches(pattern: Packet, seen: Seen, names: Names, checksums: bool = True) -> bool:
    return not differences(pattern, seen, names, checksums)


def _kind(pattern: Packet, seen: Seen) -> list[Difference]:
    if pattern.kind == seen.kind:
        return []
    if pattern.kind == "ip" and seen.kind not in ("arp", "frame"):
        return []
    if pattern.kind == "fragment" and seen.get("mf"):
        return []
    return [Difference("kind", pattern.kind, seen.kind, 8)]


def _end(where: str, end: End, address: str | None, port: int | None, names: Names) -> list[Difference]:
    found = []
    if end.host not in (ANY, address):
        found.append(Difference(where, names.shown(end.host), names.shown(address or "?"), 2))
    if end.ports is not None and port not in end.ports:
        found.append(Difference(f"{where} port", str(end.ports), str(port), 2))
    return found


CHECKSUMS = ("checksum", "ip_checksum")


def _speaks_of_checksums(pattern: Packet) -> bool:
    return any(name in CHECKSUMS for name, _value in pattern.fields)


def _field(name: str, expected: Any, seen: Seen, names: Names) -> list[Difference]:
    if name == "quoting":
        return _quoting(expected, seen, names)
    found = seen.get(name)
    if name in CHECKSUMS and isinstance(expected, str):
        return _checksum(name, expected, seen)
    if isinstance(expected, CONDITIONS):
        return [] if found in expected else [Difference(name, str(expected), _shown(name, found, seen))]
    if expected == found or (expected is False and found is None):
        return []
    return [Difference(name, _shown(name, expected, seen), _shown(name, found, seen))]


def _checksum(name: str, expected: str, seen: Seen) -> list[Difference]:
    mine = [fault for fault in seen.faults if fault.startswith("IP header") == (name == "ip_checksum")]
    if expected == "any" or (expected == "bad") == bool(mine):
        return []
    return [Difference(name, "wrong" if expected == "bad" else "right", mine[0] if mine else "right")]


def _quoting(expected: Any, seen: Seen, names: Names) -> list[Difference]:
    quoted = seen.get("quoting")
    if quoted is None:
        return [Difference("quoting", "a packet", "nothing")]
    if isinstance(expected, Packet):
        return [Difference(f"quoted {each.field}", each.expected, each.found) for each in
                differences(expected, quoted, names, checksums=False)]  # fmt: skip
    data = getattr(expected, "packet", expected)
    if isinstance(data, bytes) and quoted.packet[: len(data)] != data[: len(quoted.packet)]:
        return [Difference("quoting", shown_quote(expected), quoted.shown(names))]
    return []


def shown_quote(expected: Any) -> str:
    return str(expected.shown()) if hasattr(expected, "shown") else bytes(expected).hex()


def _shown(name: str, value: Any, seen: Seen) -> str:
    if value is None:
        return "absent"
    if name == "flags" and isinstance(value, int):
        return shown_flags(value)
    if name == "payload" and isinstance(value, bytes):
        return shown_payload(value)
    if name == "type" and isinstance(value, int):
        return icmp_names.shown(value, 0, seen.family)
    return value.hex() if isinstance(value, bytes) else str(value)


def nearest(pattern: Packet, candidates: list[Seen], names: Names) -> tuple[Seen, list[Difference]] | None:
    """The candidate that differs least from the description, with its differences."""
    rated = [(differences(pattern, seen, names), seen) for seen in candidates]
    if not rated:
        return None
    found, seen = min(rated, key=lambda each: sum(difference.weight for difference in each[0]))
    return seen, found
