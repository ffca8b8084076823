"""Everything a match or target may know besides the packet's bytes.

`Context` belongs to one packet at one hook. `Shared` belongs to the engine: what outlives a packet. `Environment`
is the machine around the engine (addresses, routes, sockets): the driver gives a live one, libraries a plain one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.core.addresses import ADDRESS_BITS
from engine.core.connection import (
    CT_ESTABLISHED_REPLY,
    CT_INVALID,
    CT_RELATED_REPLY,
    ORIGINAL,
    REPLY,
    Connection,
    Tuple,
    TupleKey,
)
from engine.core.hooks import IPV4
from engine.core.numbers import is_decimal

# Context.uid of a packet from a socket of the kernel's own (ICMP, IGMP): there is a socket, but nobody owns it.
KERNEL_SOCKET: Final = -2

# Address types (RTN_* of rtnetlink), as the addrtype match names them.
UNICAST: Final = 1
LOCAL: Final = 2
BROADCAST: Final = 3
ANYCAST: Final = 4
MULTICAST: Final = 5
BLACKHOLE: Final = 6
UNREACHABLE: Final = 7
PROHIBIT: Final = 8


@dataclass(slots=True)
class Arrival:
    """A packet at a hook, as the kernel (or a test) hands it to the engine.

    data: the packet from its IP header on. indev/outdev: interface names, "" where the hook has none; on a bridge the
    bridge's name, and physin/physout the ports. mark: the packet mark on arrival. hwsrc: source MAC, b"" if unknown;
    mac_header: the whole link header if known (LOG prints it). uid/gid: owner of a locally made packet, -1 if unknown.
    partial: the transport checksum is not computed yet.
    """

    hook: int
    data: bytes
    indev: str = ""
    outdev: str = ""
    mark: int = 0
    physin: str = ""
    physout: str = ""
    hwsrc: bytes = b""
    uid: int = -1
    gid: int = -1
    partial: bool = False
    mac_header: bytes = b""
    priority: int = 0


@dataclass(slots=True)
class Emission:
    """A packet that the engine itself sends: an answer of REJECT, a copy of TEE, fragments of a big packet.

    via: "output" = through OUTPUT and POSTROUTING like any local packet (its source 0 means: the driver asks the
    route for one); "wire" = past all hooks, behind POSTROUTING, on `device`; "bridge" = straight back out of the
    bridge port `device` with the MAC addresses of the cause turned round.
    entry/ctinfo: the connection the new packet belongs to (REJECT attaches it).
    """

    data: bytes
    via: str = "output"
    device: str = ""
    gateway: int = 0
    mark: int = 0
    entry: Connection | None = None
    ctinfo: int = CT_INVALID
    copied: bool = False  # made by TEE, which does not copy its copies
    fragmented: Fragmented | None = None  # how to cut it on its way out
    synproxied: bool = False  # a SYN made by SYNPROXY: its connection will be looked after
    untracked_cause: bool = False  # it answers an untracked packet: it is tracked, and no CT rule changes that


@dataclass(slots=True)
class TraceStep:
    """One rule, policy or engine step that the packet met. why: which part of the rule said no, or why its target
    dropped the packet."""

    table: str
    chain: str
    rule: int  # 1-based; 0: the policy or an engine step
    place: str
    text: str
    matched: bool
    why: str
    verdict: str

    def values(self) -> dict[str, str | int | bool]:
        """The same by name, as traces are told outside."""
        return {
            "table": self.table,
            "chain": self.chain,
            "rule": self.rule,
            "place": self.place,
            "text": self.text,
            "matched": self.matched,
            "why": self.why,
            "verdict": self.verdict,
        }


@dataclass(slots=True)
class NatRequest:
    """What a nat target wants: a mapping of the source or the destination into a range.

    kind: "SNAT" or "DNAT" (which side); low/high: addresses, None = keep; port_low/port_high: -1 = keep;
    base_port: for shifted port maps, -1 = none. Flags as in nf_nat.h.
    """

    kind: str
    low: int | None = None
    high: int | None = None
    port_low: int = -1
    port_high: int = -1
    base_port: int = -1
    random: bool = False
    random_fully: bool = False
    persistent: bool = False
    masquerade_device: str = ""


@dataclass(slots=True)
class Fragmented:
    """How a packet had been cut before it was put together.

    largest: bytes of the biggest fragment, headers included; df: that one had DF set. lengths: payload bytes of each
    fragment in order. even: no fragment had a shorter header than the first (else the old cuts are not used again).
    """

    largest: int
    df: bool
    lengths: tuple[int, ...]
    even: bool
    identification: int

    def gathered(self, size: int) -> Fragmented:
        """The cuts if the first `size` bytes of payload are to be changed in one piece: the first fragment takes what
        it lacks from those behind it, as skb_ensure_writable() has it."""
        missing = size - self.lengths[0]
        if missing <= 0 or len(self.lengths) == 1:
            return self
        later: list[int] = []
        for length in self.lengths[1:]:
            taken = min(missing, length)
            missing -= taken
            if length > taken:
                later.append(length - taken)
        lengths = (size - missing, *later)
        return Fragmented(self.largest, self.df, lengths, self.even, self.identification)


@dataclass(slots=True)
class Route:
    """Answer of a route lookup. kind: an address type above; device: "" if none; source: preferred source, 0 none."""

    kind: int
    device: str = ""
    gateway: int = 0
    source: int = 0
    mtu: int = 1500
    realm: int = 0


# States of sockets (include/net/tcp_states.h); a UDP socket is ESTABLISHED if connected, else CLOSED.
SOCKET_ESTABLISHED: Final = 1
SOCKET_SYN_RECEIVED: Final = 3
SOCKET_TIME_WAIT: Final = 6
SOCKET_CLOSED: Final = 7
SOCKET_LISTENS: Final = 10


@dataclass(slots=True)
class SocketInfo:
    """A local socket that would take a packet (socket match, owner match, TPROXY)."""

    transparent: bool = False
    wildcard: bool = False
    uid: int = -1
    gid: int = -1
    mark: int = 0
    state: int = SOCKET_ESTABLISHED


# A transparent proxy as TPROXY names it: (family, address or 0, port or 0)
Proxy = tuple[int, int, int]


class Environment:
    """The machine around the engine. This one knows what it was told; the driver's asks the kernel."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[tuple[int, int, int]]] = {}  # device -> (family, address, prefix length)
        self.default_route_device = ""
        self.mtus: dict[str, int] = {}  # by device; 1500 where none is told
        self.groups: dict[str, int] = {}  # device -> group (`ip link set ... group`)
        self.realms: dict[int, int] = {}  # destination -> realm of its route
        self.sockets: dict[TupleKey, SocketInfo] = {}  # by the tuple of a packet that comes for it
        self.listeners: dict[tuple[int, int, int, int], SocketInfo] = {}  # family, protocol, address or 0, port
        self.time = 0.0  # seconds since the epoch, UTC
        self.kernel_zone = 0  # seconds east of UTC
        self.processor = 0

    def addresses_of(self, device: str, family: int) -> list[int]:
        """The addresses of an interface, in the kernel's order."""
        return [address for known, address, _length in self.addresses.get(device, []) if known == family]

    def primary_address(self, device: str, family: int, destination: int) -> int | None:
        """The source address of a packet to `destination` that leaves by `device`; None without one."""
        own = self.addresses_of(device, family)
        return own[0] if own else None

    def address_type(self, address: int, family: int, device: str = "") -> int:
        """UNICAST, LOCAL, BROADCAST, ... of an address, looked up on `device` only if one is named."""
        bits = ADDRESS_BITS[family]
        for name, entries in self.addresses.items():
            if device and name != device:
                continue
            for known, own, length in entries:
                if known != family:
                    continue
                if own == address:
                    return LOCAL
                if family == IPV4 and length < 31 and address == own | ((1 << (bits - length)) - 1):
                    return BROADCAST
        if family == IPV4:
            if address >> 24 == 127:
                return LOCAL if device in ("", "lo") else UNICAST
            if address == 0 or address == 0xFFFFFFFF:
                return BROADCAST
            if address >> 28 == 14:
                return MULTICAST
        elif address >> 120 == 0xFF:
            return MULTICAST
        elif address == 1 and device in ("", "lo"):
            return LOCAL
        return UNICAST

    def broadcast_prefix(self, device: str, address: int) -> int:
        """Prefix length of the IPv4 network of `device` whose broadcast address this is, -1 if it is none."""
        for known, own, length in self.addresses.get(device, []):
            if known == IPV4 and length < 31 and address == own | ((1 << (32 - length)) - 1):
                return length
        return -1

    def route(self, destination: int, family: int, mark: int = 0, source: int = 0, device: str = "") -> Route:
        """Where a packet would go (device: only routes by that interface; source: as if sent from there)."""
        kind = self.address_type(destination, family)
        realm = self.realms.get(destination, 0)
        if kind == LOCAL:
            return Route(LOCAL, "lo", 0, destination, realm=realm)
        bits = ADDRESS_BITS[family]
        for name, entries in self.addresses.items():
            for known, own, length in entries:
                if known == family and (own ^ destination) >> (bits - length) == 0 and device in ("", name):
                    return Route(kind, name, 0, own, self.mtu(name), realm)
        if self.default_route_device and device in ("", self.default_route_device):
            return Route(kind, self.default_route_device, 0, 0, self.mtu(self.default_route_device), realm)
        return Route(UNREACHABLE)

    def is_unroutable(self, destination: int, family: int, mark: int) -> bool:
        """Does the machine refuse to send there? One that is only told some addresses does not know."""
        return False

    def sysctl(self, name: str) -> str:
        """What the machine has set, "" if it does not say."""
        return ""

    def mtu(self, device: str) -> int:
        return self.mtus.get(device, 1500)

    def device_group(self, device: str) -> int:
        return self.groups.get(device, 0)

    def cpu(self) -> int:
        return self.processor

    def wall_clock(self) -> float:
        """Seconds since the epoch, UTC (the time match)."""
        return self.time

    def timezone_offset(self) -> int:
        """Seconds east of UTC of the time that people here read."""
        return 0

    def kernel_timezone_offset(self) -> int:
        """Seconds east of UTC of the kernel's own time zone (time match with --kerneltz)."""
        return self.kernel_zone

    def socket(self, key: Tuple, device: str = "") -> SocketInfo | None:
        """The local socket for a packet with this tuple that came in by `device`: of a connection, else a listener."""
        found = self.sockets.get(key.key())
        for address in (key.dst, 0):
            if found is None and self.listeners:
                found = self.listeners.get((key.family, key.proto, address, key.dport))
        return found

    def ready_for_proxy(self, proxy: Proxy) -> str:
        """A rule is about to give packets to this proxy: can it be done? "" or why not."""
        return ""

    def keep_proxies(self, wanted: dict[Proxy, int]) -> None:
        """No rule names any other proxy any more."""


class Randomness:
    """Source of random numbers: deterministic here (a fixed linear congruence); the driver gives a real one."""

    def __init__(self, seed: int = 1) -> None:
        self.value = seed

    def u32(self) -> int:
        self.value = (self.value * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return self.value >> 32


class ConntrackView:
    """What matches may ask of the conntrack table; `engine.conntrack` implements it."""

    def find(self, key: Tuple, zone: int = 0) -> Connection | None:
        return None

    def find_by_packet_tuple(self, key: Tuple, zone: int, now: float) -> Connection | None:
        return None

    def set_sysctl(self, name: str, text: str) -> str:
        """Set net.netfilter.NAME; "" or what is wrong with it."""
        return ""

    def set_closing(self, entry: Connection, now: float) -> None:
        """A reset was sent in the name of one end (REJECT): a confirmed TCP connection goes to CLOSE."""


@dataclass(slots=True)
class LogLine:
    """One line of LOG, NFLOG or AUDIT. group: -1 for the kernel log, else the nflog group; level: syslog level."""

    time: float
    text: str
    level: int = 4
    group: int = -1
    prefix: str = ""
    packet: bytes = b""


class NamedState:
    """State with a name that rules share and that outlives them in part: recent lists, hashlimit tables."""


# Sysctls of the machine that the engine minds too, and what holds where neither says anything
MACHINE_SYSCTLS: Final[dict[str, str]] = {
    "net.ipv4.ipfrag_time": "30",
    "net.ipv4.ipfrag_high_thresh": "4194304",
    "net.ipv4.ipfrag_max_dist": "64",
    "net.ipv4.icmp_ratelimit": "0",
    "net.ipv6.icmp.ratelimit": "0",
    "net.ipv4.fwmark_reflect": "0",
    "net.ipv6.fwmark_reflect": "0",
    "net.netfilter.nf_conntrack_frag6_timeout": "60",  # in `Shared.sysctls` where connections are tracked
    "net.netfilter.nf_conntrack_frag6_high_thresh": "4194304",
}


class Shared:
    """What the engine keeps between packets for matches and targets."""

    def __init__(self, environment: Environment, randomness: Randomness) -> None:
        self.environment = environment
        self.randomness = randomness
        self.conntrack = ConntrackView()
        self.named: dict[str, NamedState] = {}  # "recent:NAME", "hashlimit4:NAME", ...
        self.log: list[LogLine] = []  # taken over by Departure after each packet
        self.sysctls: dict[str, str] = {}  # those of the engine, and what it was told of the machine's
        self.proxies: dict[Proxy, int] = {}  # those that TPROXY rules name, and how many rules do
        self.label_users = 0  # rules with connlabel: while there is one, new connections can carry labels
        self.hz = 250

    def sysctl(self, name: str) -> int:
        """The number that holds; 0 for what is none."""
        text = self.sysctls.get(name) or self.environment.sysctl(name) or MACHINE_SYSCTLS.get(name, "0")
        return int(text) if is_decimal(text) else 0


@dataclass
class Context:
    """One packet at one hook."""

    shared: Shared
    family: int
    hook: int
    now: float
    indev: str = ""
    outdev: str = ""
    physin: str = ""
    physout: str = ""
    mark: int = 0
    priority: int = 0
    secmark: int = 0
    hwsrc: bytes = b""
    mac_header: bytes = b""
    uid: int = -1
    gid: int = -1
    local: bool = False  # made on this machine
    fragmented: Fragmented | None = None  # how the packet was cut when it came; None: it came whole
    table: str = ""
    chain: str = ""
    entry: Connection | None = None
    ctinfo: int = CT_INVALID
    reason: str = ""  # why conntrack finds the packet INVALID, or lets it pass without noting it
    # set by CT and NOTRACK in raw, before TRACK
    templated: bool = False  # a CT rule has spoken; later ones are not heard
    zone_original: int = 0
    zone_reply: int = 0
    zone_mark_ways: int = 0  # directions (1 original, 2 reply) whose zone is the mark that the packet has when tracked
    template_helper: str = ""
    template_events: int = -1
    template_expect_events: int = -1
    # left behind by targets
    nat: NatRequest | None = None
    queue: int = 0
    queue_bypass: bool = False
    proxy: Proxy | None = None  # TPROXY: whose socket is to get it
    socket: SocketInfo | None = None  # the socket that TPROXY found for it
    emit: list[Emission] = field(default_factory=list)
    trace: list[TraceStep] | None = None  # None: nobody asked
    copied: bool = False  # this packet is a copy made by TEE
    synproxied: bool = False  # this packet is a SYN made by SYNPROXY
    nftrace: bool = False  # TRACE target: log each rule from here on

    @property
    def direction(self) -> int:
        """ORIGINAL or REPLY: of this packet in its connection."""
        return REPLY if self.ctinfo in (CT_ESTABLISHED_REPLY, CT_RELATED_REPLY) else ORIGINAL
