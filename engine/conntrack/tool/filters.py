"""Which entries a command line means.

Every attribute that was given must be equal. DCCP has no tracker, so its entries have neither ports nor states and fit
none that is asked for. -n, -g and -j look at entries that NAT has seen, and there at addresses and at what stands for
ports: with ICMP, where an id and a type are compared, they nearly always say yes, as the tool does.
"""

from __future__ import annotations

from engine.conntrack.sctp import SctpState
from engine.conntrack.tcp import TcpState
from engine.conntrack.tool.request import Request
from engine.core.connection import DST_NAT_DONE, SRC_NAT_DONE, Connection
from engine.core.hooks import IPV6
from engine.core.protocols import DCCP, GRE


def matches(request: Request, entry: Connection, labels: dict[str, int] | None) -> bool:
    """The filter of -L, -D and -E."""
    given = request.given
    return (
        nat_matches(request, entry)
        and ("mark" not in given or entry.mark & request.mark_mask == request.mark)
        and labels_match(request, entry, labels)
        and network_matches(request, entry)
        and tuple_matches(request, entry, "orig")
        and tuple_matches(request, entry, "reply")
        and _rest_matches(request, entry)
    )


def nat_matches(request: Request, entry: Connection) -> bool:
    given = request.given
    any_nat = "any-nat" in given
    source = (any_nat or "src-nat" in given) and _source_translated(request, entry)
    destination = (any_nat or "dst-nat" in given) and _destination_translated(request, entry)
    if any_nat:
        return source or destination
    return ("src-nat" not in given or source) and ("dst-nat" not in given or destination)


def _source_translated(request: Request, entry: Connection) -> bool:
    port = entry.status & SRC_NAT_DONE != 0 and entry.reply.dport != entry.original.sport
    return _translated(request, "snat", source_changed(entry), port, entry.reply.dst, entry.reply.dport)


def _destination_translated(request: Request, entry: Connection) -> bool:
    port = entry.status & DST_NAT_DONE != 0 and entry.reply.sport != entry.original.dport
    return _translated(request, "dnat", destination_changed(entry), port, entry.reply.src, entry.reply.sport)


def source_changed(entry: Connection) -> bool:
    """Has NAT given it another source address?"""
    return entry.status & SRC_NAT_DONE != 0 and entry.reply.dst != entry.original.src


def destination_changed(entry: Connection) -> bool:
    return entry.status & DST_NAT_DONE != 0 and entry.reply.src != entry.original.dst


def _translated(request: Request, name: str, address: bool, port: bool, to: int, to_port: int) -> bool:
    wanted = request.attributes.get(name, -1)
    wanted_port = request.attributes.get(name + "_port", -1)
    if request.family == IPV6:
        wanted = -1  # the tool does not compare IPv6 addresses
    if wanted < 0 and wanted_port < 0:
        return address or port
    if wanted >= 0 and not (address and to == wanted):
        return False
    return wanted_port < 0 or (port and to_port == wanted_port)


def labels_match(request: Request, entry: Connection, labels: dict[str, int] | None) -> bool:
    if not request.labels:
        return True
    if not entry.has_labels or labels is None:
        return False
    return all(entry.labels >> labels.get(name, 0) & 1 for name in request.labels)


def network_matches(request: Request, entry: Connection) -> bool:
    """-s and -d with a mask."""
    attributes = request.attributes
    for option, side, address in (("mask-src", "src", entry.original.src), ("mask-dst", "dst", entry.original.dst)):
        if option not in request.given:
            continue
        if entry.original.family != request.family:
            return False
        mask = attributes.get(f"mask_{side}", 0)
        if address & mask != attributes.get(f"orig_{side}", 0) & mask:
            return False
    return True


def tuple_matches(request: Request, entry: Connection, side: str) -> bool:
    """Addresses and ports of one direction ("orig" or "reply"), and the protocol."""
    attributes = request.attributes
    key = entry.original if side == "orig" else entry.reply
    proto = attributes.get("l4proto", -1)
    if proto >= 0 and key.proto != proto:
        return False
    named = (f"{side}_src" in attributes) or (f"{side}_dst" in attributes)
    if named and request.family and key.family != request.family:
        return False
    for name, value, mask in (("src", key.src, "mask-src"), ("dst", key.dst, "mask-dst")):
        wanted = attributes.get(f"{side}_{name}", -1)
        if wanted >= 0 and wanted != value and not (side == "orig" and mask in request.given):
            return False
    for name, value in (("sport", key.sport), ("dport", key.dport)):
        wanted = attributes.get(f"{side}_{name}", -1)
        # keys of GRE the tool does not compare
        if wanted >= 0 and key.proto != GRE and (wanted != value or key.proto == DCCP):
            return False
    return side == "reply" or _icmp_matches(request, entry)


def _icmp_matches(request: Request, entry: Connection) -> bool:
    attributes = request.attributes
    key = entry.original
    for name, value in (("icmp_type", key.dport >> 8), ("icmp_code", key.dport & 255), ("icmp_id", key.sport)):
        wanted = attributes.get(name, -1)
        if wanted >= 0 and wanted != value:
            return False
    return True


def _rest_matches(request: Request, entry: Connection) -> bool:
    attributes = request.attributes
    state = entry.state
    if "dccp_state" in attributes or "dccp_role" in attributes:
        return False
    wanted = attributes.get("tcp_state", -1)
    if wanted >= 0 and isinstance(state, TcpState) and state.number != wanted:
        return False
    wanted = attributes.get("sctp_state", -1)
    if wanted >= 0 and isinstance(state, SctpState) and state.number != wanted:
        return False
    for name, direction in (("vtag_orig", 0), ("vtag_reply", 1)):
        wanted = attributes.get(name, -1)
        if wanted >= 0 and isinstance(state, SctpState) and state.tags[direction] != wanted:
            return False
    status = attributes.get("status", 0)
    if entry.status & status != status:
        return False
    wanted = attributes.get("secmark", -1)
    if wanted >= 0 and entry.secmark not in (0, wanted):
        return False
    wanted = attributes.get("id", -1)
    if wanted >= 0 and entry.id != wanted:
        return False
    return _zones_match(request, entry)


def _zones_match(request: Request, entry: Connection) -> bool:
    attributes = request.attributes
    common = entry.zone_original == entry.zone_reply
    zone = entry.zone_original if common else 0
    first = 0 if common else entry.zone_original
    second = 0 if common else entry.zone_reply
    for name, value in (("zone", zone), ("zone_orig", first), ("zone_reply", second)):
        wanted = attributes.get(name, -1)
        if wanted >= 0 and wanted != value:
            return False
    return True


def status_matches(request: Request, entry: Connection) -> bool:
    """What the listing asks the kernel to select by: bits that are set, bits that are not."""
    if request.status_mask < 0:
        return True
    return entry.status & request.status_mask == request.status_value


def mark_matches(request: Request, entry: Connection) -> bool:
    """The mark that a listing or deletion asks the kernel for."""
    return request.selected_mark < 0 or entry.mark & request.mark_mask == request.selected_mark


def family_matches(request: Request, entry: Connection) -> bool:
    return request.family == 0 or entry.original.family == request.family
