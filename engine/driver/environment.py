"""The machine around the engine, asked through rtnetlink and sock_diag: links, addresses, routes, sockets.

Answers are kept until the kernel says that something changed: `refresh()` reads those notices (one system call when
there are none) and must run before packets are handled. What NAT has to know at once (an address or a link is gone)
is collected in `losses`.

Sources: rtnetlink(7), sock_diag(7), kernel include/uapi/linux/{rtnetlink,if_link,inet_diag}.h; which address
MASQUERADE takes: ip-masquerading as measured (first address of scope universe whose network holds the next hop).
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import time
from typing import Final

from engine.core.addresses import ADDRESS_BITS
from engine.core.connection import Tuple
from engine.core.context import (
    ANYCAST,
    BLACKHOLE,
    BROADCAST,
    LOCAL,
    MULTICAST,
    PROHIBIT,
    SOCKET_SYN_RECEIVED,
    SOCKET_TIME_WAIT,
    UNICAST,
    UNREACHABLE,
    Environment,
    Proxy,
    Randomness,
    Route,
    SocketInfo,
)
from engine.core.hooks import IPV4
from engine.core.protocols import TCP, UDP
from engine.driver.clocks import Clock, kernel_timezone_offset
from engine.driver.netlink import (
    AF_NETLINK,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_DUMP,
    ROUTE,
    SOCK_DIAG,
    Netlink,
    attribute,
    attributes,
    force_buffers,
    messages,
)
from engine.driver.nfqueue import Names
from engine.driver.source_address import Address, is_usable, select
from engine.driver.transparent_proxies import TransparentProxies

RTM_NEWLINK: Final = 16
RTM_DELLINK: Final = 17
RTM_GETLINK: Final = 18
RTM_DELADDR: Final = 21
RTM_GETADDR: Final = 22
RTM_GETROUTE: Final = 26
RTM_NEWNEIGH: Final = 28
RTM_GETNEIGH: Final = 30
NEIGHBOUR_NOTICES: Final = (28, 29)  # new, gone

# Multicast groups: link, neighbour, IPv4 address, route and rule, IPv6 address, route and rule
GROUPS: Final = (1, 3, 5, 7, 8, 9, 11, 19)

IFF_UP: Final = 1
IFLA_ADDRESS: Final = 1
IFLA_IFNAME: Final = 3
IFLA_MTU: Final = 4
IFLA_MASTER: Final = 10
IFLA_LINKINFO: Final = 18
IFLA_GROUP: Final = 27
IFLA_INFO_KIND: Final = 1
IFA_ADDRESS: Final = 1
IFA_LOCAL: Final = 2
IFA_BROADCAST: Final = 4
IFA_FLAGS: Final = 8
IFA_F_SECONDARY: Final = 0x01
RTA_DST: Final = 1
RTA_SRC: Final = 2
RTA_OIF: Final = 4
RTA_GATEWAY: Final = 5
RTA_PREFSRC: Final = 7
RTA_METRICS: Final = 8
RTA_FLOW: Final = 11
RTA_CACHEINFO: Final = 12
RTA_TABLE: Final = 15
RTA_MARK: Final = 16
RTA_VIA: Final = 18
RTAX_MTU: Final = 2
RTM_F_FIB_MATCH: Final = 0x2000
RT_TABLE_LOCAL: Final = 255
RT_SCOPE_UNIVERSE: Final = 0
NTF_USE: Final = 1
NDA_DST: Final = 1
NDA_LLADDR: Final = 2
NUD_USABLE: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80  # reachable, stale, delay, probe, noarp, permanent

SOCK_DIAG_BY_FAMILY: Final = 20
INET_DIAG_MARK: Final = 15
INET_DIAG_SOCKOPT: Final = 22
SOCKOPT_TRANSPARENT: Final = 0x20  # bit of the first byte of struct inet_diag_sockopt

ROUTE_LIFETIME: Final = 1.0  # seconds; path MTUs change without a notice
CACHE_LIMIT: Final = 8192
NOTICE_SIZE: Final = 1 << 16

_REFUSALS: Final[dict[int, int]] = {22: BLACKHOLE, 13: PROHIBIT}  # EINVAL, EACCES; anything else: unreachable


# A family's routing table "local": prefix length -> prefix -> (type, interface index) of each route
LocalTable = dict[int, dict[int, list[tuple[int, int]]]]


class Link:
    """One interface. kind: "veth", "bridge", ... or ""."""

    def __init__(self, index: int, name: str) -> None:
        self.index = index
        self.name = name
        self.mac = b""
        self.mtu = 1500
        self.group = 0
        self.kind = ""
        self.master = 0
        self.up = False


class Loss:
    """A link went down or away (address None), or lost one address."""

    def __init__(self, device: str, family: int = 0, address: int | None = None) -> None:
        self.device = device
        self.family = family
        self.address = address


def parse_link(body: bytes) -> Link | None:
    if len(body) < 16:
        return None
    _family, _type, index, flags = struct.unpack_from("=BxHiI", body)
    found = attributes(body, 16)
    link = Link(index, found.get(IFLA_IFNAME, b"").rstrip(b"\0").decode("utf-8", "surrogateescape"))
    link.up = flags & IFF_UP != 0
    link.mac = found.get(IFLA_ADDRESS, b"")
    link.mtu = _u32(found.get(IFLA_MTU), 1500)
    link.group = _u32(found.get(IFLA_GROUP), 0)
    link.master = _u32(found.get(IFLA_MASTER), 0)
    info = attributes(found.get(IFLA_LINKINFO, b""))
    link.kind = info.get(IFLA_INFO_KIND, b"").rstrip(b"\0").decode("ascii", "replace")
    return link


def parse_address(body: bytes) -> tuple[int, Address] | None:
    """(interface index, address)"""
    if len(body) < 8:
        return None
    family, length, flags, scope, index = struct.unpack_from("=BBBBI", body)
    found = attributes(body, 8)
    value = found.get(IFA_LOCAL, found.get(IFA_ADDRESS, b""))
    if len(value) not in (4, 16):
        return None
    flags = _u32(found.get(IFA_FLAGS), flags)
    broadcast = int.from_bytes(found.get(IFA_BROADCAST, b""), "big")
    return index, Address(family, int.from_bytes(value, "big"), length, scope, flags, broadcast)


def _u32(value: bytes | None, default: int) -> int:
    if value is None or len(value) < 4:
        return default
    return int.from_bytes(value[:4], "little" if _LITTLE else "big")


_LITTLE: Final = struct.pack("=H", 1) == b"\x01\x00"


class LiveEnvironment(Environment):
    """This network namespace. One instance a process; not thread-safe."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = clock or Clock()
        self.names = Names()
        self.losses: list[Loss] = []
        self.neighbours_changed = False
        self.links_changed = False
        self.asker = Netlink(ROUTE)
        self.diag: Netlink | None = None
        self.proxies = TransparentProxies()
        self.notices = socket.socket(AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, ROUTE)
        self.notices.bind((0, sum(1 << (group - 1) for group in GROUPS)))
        self.notices.setblocking(False)
        force_buffers(self.notices, 8 << 20, 1 << 16)
        self.links_known: dict[int, Link] | None = None
        self.addresses_known: dict[int, list[Address]] | None = None
        self.local_tables: dict[int, LocalTable] = {}
        self.types: dict[tuple[int, int, str], int] = {}
        self.primaries: dict[tuple[str, int, int], int | None] = {}
        self.routes: dict[tuple[int, int, int, int, str], Route] = {}
        self.routes_since = 0.0
        self.were_up: dict[int, str] = {}
        self.settings: dict[str, int] = {}  # sysctl -> its open file, -1 if there is none
        self.links()

    # -- changes

    def refresh(self) -> None:
        """Take notice of what changed since the last call; fills `losses`."""
        while True:
            try:
                data = self.notices.recv(NOTICE_SIZE)
            except BlockingIOError:
                return
            except OSError:
                self._forget()  # notices were lost: everything may be different
                self._compare_links()
                continue
            for kind, body in messages(data):
                if kind in NEIGHBOUR_NOTICES:
                    self.neighbours_changed = True
                else:
                    self._notice(kind, body)
                    self._forget()

    def _forget(self) -> None:
        self.links_known = None
        self.addresses_known = None
        self.local_tables.clear()
        self.types.clear()
        self.primaries.clear()
        self.routes.clear()

    def _notice(self, kind: int, body: bytes) -> None:
        if kind in (RTM_NEWLINK, RTM_DELLINK):
            link = parse_link(body)
            if link is None or (body[0] != 0 and kind == RTM_DELLINK):
                return  # AF_BRIDGE: a port left its bridge, the link itself is still there
            self.links_changed = True
            if kind == RTM_DELLINK:
                self.names.forget(link.index)
                link.up = False
            elif link.name:
                self.names.learn(link.index, link.name)
            self._up_or_down(link)
        elif kind == RTM_DELADDR:
            parsed = parse_address(body)
            if parsed is not None:
                index, address = parsed
                self.losses.append(Loss(self.names.name(index), address.family, address.value))

    def _up_or_down(self, link: Link) -> None:
        before = self.were_up.get(link.index)
        if link.up:
            self.were_up[link.index] = link.name
        elif before is not None:
            del self.were_up[link.index]
            self.losses.append(Loss(before))

    def _compare_links(self) -> None:
        """After lost notices: which links that were up are not any more?"""
        links = self.links()
        for index, name in list(self.were_up.items()):
            if index not in links or not links[index].up:
                del self.were_up[index]
                self.losses.append(Loss(name))

    def take_losses(self) -> list[Loss]:
        losses = self.losses
        self.losses = []
        return losses

    # -- links

    def links(self) -> dict[int, Link]:
        """All interfaces by index."""
        if self.links_known is None:
            self.links_known = {}
            for _kind, body in self._dump(RTM_GETLINK, struct.pack("=BxHiII", 0, 0, 0, 0, 0)):
                link = parse_link(body)
                if link is not None:
                    self.links_known[link.index] = link
                    self.names.learn(link.index, link.name)
                    if link.up:
                        self.were_up[link.index] = link.name
        return self.links_known

    def link(self, name: str) -> Link | None:
        for link in self.links().values():
            if link.name == name:
                return link
        return None

    def mtu(self, device: str) -> int:
        link = self.link(device)
        return 1500 if link is None else link.mtu

    def device_group(self, device: str) -> int:
        link = self.link(device)
        return 0 if link is None else link.group

    # -- addresses

    def _addresses(self) -> dict[int, list[Address]]:
        if self.addresses_known is None:
            self.addresses_known = {}
            for _kind, body in self._dump(RTM_GETADDR, struct.pack("=BBBBI", 0, 0, 0, 0, 0)):
                parsed = parse_address(body)
                if parsed is not None:
                    self.addresses_known.setdefault(parsed[0], []).append(parsed[1])
        return self.addresses_known

    def primary_address(self, device: str, family: int, destination: int) -> int | None:
        key = (device, family, destination)
        if key in self.primaries:
            return self.primaries[key]
        found = self._primary_address(device, family, destination)
        if len(self.primaries) > CACHE_LIMIT:
            self.primaries.clear()
        self.primaries[key] = found
        return found

    def _primary_address(self, device: str, family: int, destination: int) -> int | None:
        link = self.link(device)
        if link is None:
            return None
        if family != IPV4:
            return select(self._ipv6_addresses(), link.index, destination)
        own = [
            address
            for address in self._addresses().get(link.index, [])
            if address.family == IPV4 and not address.flags & IFA_F_SECONDARY
        ]
        universe = [address for address in own if address.scope == RT_SCOPE_UNIVERSE]
        if len(universe) > 1:
            hop = self.route(destination, family, 0, 0, device).gateway or destination
            for address in universe:
                if (address.value ^ hop) >> (32 - address.length) == 0:
                    return address.value
        if universe:
            return universe[0].value
        return self._address_of_another_link(link)

    def _ipv6_addresses(self) -> dict[int, list[Address]]:
        return {
            index: [address for address in addresses if address.family != IPV4]
            for index, addresses in self._addresses().items()
        }

    def addresses_of(self, device: str, family: int) -> list[int]:
        link = self.link(device)
        if link is None:
            return []
        return [
            address.value
            for address in self._addresses().get(link.index, [])
            if address.family == family and is_usable(address)
        ]

    def broadcast_prefix(self, device: str, address: int) -> int:
        """What an address was not told to be its broadcast address is none, though it be the last of the network."""
        link = self.link(device)
        if link is None or not address:
            return -1
        for own in self._addresses().get(link.index, []):
            if own.family == IPV4 and not own.flags & IFA_F_SECONDARY and address == own.broadcast:
                return own.length
        return -1

    def _address_of_another_link(self, link: Link) -> int | None:
        """A device without an address borrows one: its master's, else the first of scope universe anywhere."""
        known = self._addresses()
        order = sorted(known, key=lambda index: (index != link.master, index))
        for index in order:
            for address in known[index]:
                if (
                    address.family == IPV4
                    and address.scope == RT_SCOPE_UNIVERSE
                    and not address.flags & IFA_F_SECONDARY
                ):
                    return address.value
        return None

    def address_type(self, address: int, family: int, device: str = "") -> int:
        key = (address, family, device)
        found = self.types.get(key)
        if found is None:
            found = self._address_type(address, family, device)
            if len(self.types) > CACHE_LIMIT:
                self.types.clear()
            self.types[key] = found
        return found

    def _address_type(self, address: int, family: int, device: str) -> int:
        if family == IPV4:
            if address >> 24 == 0 or address == 0xFFFFFFFF:
                return BROADCAST
            if address >> 28 == 14:
                return MULTICAST
        elif address >> 120 == 0xFF:
            return MULTICAST
        bits = ADDRESS_BITS[family]
        table = self._local_table(family)
        for length in sorted(table, reverse=True):
            rows = table[length].get(address >> (bits - length) if length else 0)
            if not rows:
                continue
            if not device:
                return rows[0][0]
            link = self.link(device)
            for kind, index in rows:
                if link is not None and index == link.index:
                    return kind
            return UNICAST
        if family != IPV4:
            return UNREACHABLE if self.route(address, family, 0, 0, device).kind == UNREACHABLE else UNICAST
        return UNICAST

    def _local_table(self, family: int) -> LocalTable:
        table = self.local_tables.get(family)
        if table is None:
            table = {}
            bits = ADDRESS_BITS[family]
            request = struct.pack("=BBBBBBBBI", family, 0, 0, 0, RT_TABLE_LOCAL, 0, 0, 0, 0)
            for _kind, body in self._dump(RTM_GETROUTE, request):
                row = parse_route(body)
                if row is None or row.table != RT_TABLE_LOCAL or row.kind not in (LOCAL, BROADCAST, ANYCAST):
                    continue
                prefix = row.destination >> (bits - row.length) if row.length else 0
                table.setdefault(row.length, {}).setdefault(prefix, []).append((row.kind, row.index))
            self.local_tables[family] = table
        return table

    # -- routes

    def route(self, destination: int, family: int, mark: int = 0, source: int = 0, device: str = "") -> Route:
        now = time.monotonic()
        if now - self.routes_since > ROUTE_LIFETIME or len(self.routes) > CACHE_LIMIT:
            self.routes.clear()
            self.routes_since = now
        key = (destination, family, mark, source, device)
        found = self.routes.get(key)
        if found is None:
            found = self._route(destination, family, mark, source, device)
            self.routes[key] = found
        return found

    def sysctl(self, name: str) -> str:
        file = self.settings.get(name)
        if file is None:
            try:
                file = os.open("/proc/sys/" + name.replace(".", "/"), os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                file = -1
            self.settings[name] = file
        return "" if file < 0 else os.pread(file, 64, 0).decode("ascii").strip()

    def is_unroutable(self, destination: int, family: int, mark: int) -> bool:
        return self.route(destination, family, mark).kind in (BLACKHOLE, UNREACHABLE, PROHIBIT)

    def _route(self, destination: int, family: int, mark: int, source: int, device: str) -> Route:
        index = 0
        if device:
            link = self.link(device)
            if link is None:
                return Route(UNREACHABLE)
            index = link.index
            # With an interface named the kernel invents an on-link route if there is none; ask for a real one first.
            refused = self._ask_route(destination, family, mark, 0, index, RTM_F_FIB_MATCH)
            if refused.kind not in (UNICAST, LOCAL, BROADCAST, ANYCAST, MULTICAST):
                return refused
        found = self._ask_route(destination, family, mark, source, index, 0)
        if source and found.kind not in (UNICAST, LOCAL, BROADCAST, ANYCAST, MULTICAST):
            found = self._ask_route(destination, family, mark, 0, index, 0)  # not an address of this machine
        return found

    def _ask_route(self, destination: int, family: int, mark: int, source: int, index: int, flags: int) -> Route:
        width = 4 if family == IPV4 else 16
        body = struct.pack("=BBBBBBBBI", family, width * 8, width * 8 if source else 0, 0, 0, 0, 0, 0, flags)
        body += attribute(RTA_DST, destination.to_bytes(width, "big"))
        if source:
            body += attribute(RTA_SRC, source.to_bytes(width, "big"))
        if mark:
            body += attribute(RTA_MARK, struct.pack("=I", mark))
        if index:
            body += attribute(RTA_OIF, struct.pack("=I", index))
        try:
            answer = self.asker.request(RTM_GETROUTE, body, 0, single=True)
        except OSError as error:
            return Route(_REFUSALS.get(error.errno or 0, UNREACHABLE))
        row = parse_route(answer[0][1]) if answer else None
        if row is None:
            return Route(UNREACHABLE)
        kind = row.kind
        if row.error:
            kind = _REFUSALS.get(row.error, UNREACHABLE)
        device = self.names.name(row.index) if row.index else ""
        return Route(kind, device, row.gateway, row.source, row.mtu or self.mtu(device), row.realm)

    def neighbour(self, address: int, family: int, device: str) -> bytes:
        """The link address of a neighbour, b"" if the kernel does not know it (yet)."""
        link = self.link(device)
        if link is None:
            return b""
        width = 4 if family == IPV4 else 16
        body = struct.pack("=BxxxiHBB", family, link.index, 0, 0, 0)
        body += attribute(NDA_DST, address.to_bytes(width, "big"))
        try:
            answer = self.asker.request(RTM_GETNEIGH, body, 0, single=True)
        except OSError:
            return b""
        if not answer or len(answer[0][1]) < 12:
            return b""
        (state,) = struct.unpack_from("=H", answer[0][1], 8)
        return attributes(answer[0][1], 12).get(NDA_LLADDR, b"") if state & NUD_USABLE else b""

    def ask_neighbour(self, address: int, family: int, device: str) -> None:
        """Have the kernel find out a neighbour's link address; `neighbours_changed` tells of the answer."""
        link = self.link(device)
        if link is None:
            return
        width = 4 if family == IPV4 else 16
        body = struct.pack("=BxxxiHBB", family, link.index, 0, NTF_USE, 0)
        body += attribute(NDA_DST, address.to_bytes(width, "big"))
        with contextlib.suppress(OSError):
            self.asker.request(RTM_NEWNEIGH, body, NLM_F_ACK | NLM_F_CREATE)

    # -- sockets

    def socket(self, key: Tuple, device: str = "") -> SocketInfo | None:
        body = self._ask_socket(key, device)
        if not body:
            return None
        options = attributes(body, 72)
        found = _socket_info(body, options)
        if INET_DIAG_SOCKOPT not in options:
            found.transparent = self._was_transparent(key, device)
        return found

    def _was_transparent(self, key: Tuple, device: str) -> bool:
        """The kernel does not tell it of a connection that begins or is over. Only a transparent socket has another
        machine's address; with one of ours it is as whoever listens there."""
        if self.address_type(key.dst, key.family) != LOCAL:
            return True
        body = self._ask_socket(Tuple(key.family, key.proto, 0, key.dst, 0, key.dport), device)
        return body != b"" and _socket_info(body, attributes(body, 72)).transparent

    def _ask_socket(self, key: Tuple, device: str) -> bytes:
        """The kernel's answer about the socket for such a packet: struct inet_diag_msg and attributes; b"" if none."""
        if key.proto not in (TCP, UDP):
            return b""
        link = self.link(device) if device else None
        if self.diag is None:
            self.diag = Netlink(SOCK_DIAG)
        width = 4 if key.family == IPV4 else 16
        remote = key.src.to_bytes(width, "big").ljust(16, b"\0")
        local = key.dst.to_bytes(width, "big").ljust(16, b"\0")
        ends = (key.dport, key.sport, local, remote)
        if key.proto == UDP:  # the kernel reads source and destination of this request the other way round
            ends = (key.sport, key.dport, remote, local)
        body = struct.pack("=BBBxI", key.family, key.proto, 0, 0xFFFFFFFF)
        index = 0 if link is None else link.index
        body += struct.pack("!HH16s16s", *ends) + struct.pack("=III", index, 0xFFFFFFFF, 0xFFFFFFFF)
        try:
            answer = self.diag.request(SOCK_DIAG_BY_FAMILY, body, 0, single=True)
        except OSError:
            return b""
        return answer[0][1] if answer and len(answer[0][1]) >= 72 else b""

    def ready_for_proxy(self, proxy: Proxy) -> str:
        return self.proxies.ready(proxy)

    def keep_proxies(self, wanted: dict[Proxy, int]) -> None:
        self.proxies.keep(wanted)

    def proxy_token(self, proxy: Proxy) -> int:
        return self.proxies.token(proxy)

    # -- clocks

    def wall_clock(self) -> float:
        return self.clock.wall()

    def timezone_offset(self) -> int:
        return time.localtime(self.wall_clock()).tm_gmtoff

    def kernel_timezone_offset(self) -> int:
        return kernel_timezone_offset()

    # -- asking

    def _dump(self, kind: int, body: bytes) -> list[tuple[int, bytes]]:
        try:
            return self.asker.request(kind, body, NLM_F_DUMP)
        except OSError:
            return []

    def close(self) -> None:
        self.asker.close()
        self.notices.close()
        self.proxies.close()
        for file in self.settings.values():
            if file >= 0:
                os.close(file)
        if self.diag is not None:
            self.diag.close()


class RouteRow:
    """One route as rtnetlink tells it. error: why it refuses, an errno, or 0."""

    def __init__(self) -> None:
        self.family = 0
        self.kind = 0
        self.table = 0
        self.destination = 0
        self.length = 0
        self.index = 0
        self.gateway = 0
        self.source = 0
        self.mtu = 0
        self.realm = 0
        self.error = 0


def parse_route(body: bytes) -> RouteRow | None:
    if len(body) < 12:
        return None
    row = RouteRow()
    row.family, row.length, _source, _tos, row.table, _protocol, _scope, row.kind, _flags = struct.unpack_from(
        "=BBBBBBBBI", body
    )
    found = attributes(body, 12)
    row.table = _u32(found.get(RTA_TABLE), row.table)
    row.destination = int.from_bytes(found.get(RTA_DST, b""), "big")
    row.index = _u32(found.get(RTA_OIF), 0)
    row.gateway = int.from_bytes(found.get(RTA_GATEWAY, found.get(RTA_VIA, b"")[2:]), "big")
    row.source = int.from_bytes(found.get(RTA_PREFSRC, b""), "big")
    row.realm = _u32(found.get(RTA_FLOW), 0)
    row.mtu = _u32(attributes(found.get(RTA_METRICS, b"")).get(RTAX_MTU), 0)
    if RTA_CACHEINFO in found and len(found[RTA_CACHEINFO]) >= 16:
        row.error = abs(int(struct.unpack_from("=i", found[RTA_CACHEINFO], 12)[0]))
    return row


def _socket_info(body: bytes, options: dict[int, bytes]) -> SocketInfo:
    """From struct inet_diag_msg and its attributes. What has no options is no whole socket: a connection that begins,
    or one that is over (TIME_WAIT, whatever state its ends are said to be in)."""
    family, state = body[0], body[1]
    local = body[8:24] if family != IPV4 else body[8:12]
    uid = struct.unpack_from("=I", body, 64)[0]
    bits = options.get(INET_DIAG_SOCKOPT)
    if bits is None and state != SOCKET_SYN_RECEIVED:
        state = SOCKET_TIME_WAIT
    transparent = bits is not None and bits[0] & SOCKOPT_TRANSPARENT != 0
    return SocketInfo(transparent, not any(local), uid, -1, _u32(options.get(INET_DIAG_MARK), 0), state)


class SystemRandomness(Randomness):
    """A Mersenne twister seeded by the system: unpredictable enough for ports, and quick."""

    def __init__(self) -> None:
        super().__init__()
        self.source = random.Random(os.urandom(32))

    def u32(self) -> int:
        return self.source.getrandbits(32)
