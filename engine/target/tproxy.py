"""TPROXY: give the packet to a transparent proxy on this machine without changing it.

    -p tcp|udp -j TPROXY --on-port PORT [--on-ip IP] [--tproxy-mark VALUE[/MASK]]

Only in mangle PREROUTING, and only with -p tcp or -p udp. The packet goes to the socket of its own connection if there
is one, else to whoever listens on PORT and IP; only to a transparent socket (IP_TRANSPARENT), and with none it is
dropped. PORT 0: the packet's destination port; IP 0: the first address of the interface it came in by. The packet is
accepted with the mark; a rule of the machine's routing (`ip rule add fwmark VALUE lookup N`, `ip route add local
default dev lo table N`) has to deliver it here, for what is given to a socket is not forwarded. While a rule has it,
fragments of its family are put together, tracked or not.

The engine says whose socket it is, the kernel behind its queue hands the packet over (`driver/transparent_proxies.py`);
a machine whose kernel cannot do that refuses the rule.

Kernel peer: xt_TPROXY revision 1. Source: iptables-extensions(8), TPROXY; kernel Documentation/networking/tproxy.rst.
"""

from __future__ import annotations

from errno import EINVAL, EOPNOTSUPP
from typing import Final

from engine.core.addresses import address_text
from engine.core.connection import Tuple
from engine.core.context import (
    SOCKET_ESTABLISHED,
    SOCKET_LISTENS,
    SOCKET_TIME_WAIT,
    Context,
    Proxy,
    Shared,
    SocketInfo,
)
from engine.core.extension import PRE, KernelRefusal, Option, RuleHead, Spec, Target
from engine.core.packet import Packet
from engine.core.protocols import TCP, UDP
from engine.core.tcp_header import ACK, FIN, RST, SYN, TCP_HEADER
from engine.core.values import Values
from engine.core.verdict import ACCEPT, DROP

PORTS: Final = 8  # bytes of transport header that the kernel wants to see
OPENING_FLAGS: Final = FIN | SYN | RST | ACK


class TProxy(Target):
    def __init__(self, proxy: Proxy, mark: int, mask: int) -> None:
        self.proxy = proxy
        self.mark = mark
        self.mask = mask

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if head.proto not in (TCP, UDP) or head.proto_inverted:
            raise KernelRefusal(EINVAL, "TPROXY: can be used only with -p tcp or -p udp")

    def prepare(self, shared: Shared) -> None:
        problem = shared.environment.ready_for_proxy(self.proxy)
        if problem:
            raise KernelRefusal(
                EOPNOTSUPP, f"accepted by iptables, not possible on this machine: target 'TPROXY': {problem}"
            )

    def installed(self, shared: Shared) -> None:
        shared.proxies[self.proxy] = shared.proxies.get(self.proxy, 0) + 1

    def removed(self, shared: Shared) -> None:
        users = shared.proxies.get(self.proxy, 0) - 1
        if users > 0:
            shared.proxies[self.proxy] = users
        else:
            shared.proxies.pop(self.proxy, None)
            shared.environment.keep_proxies(shared.proxies)

    def apply(self, packet: Packet, context: Context) -> int:
        if packet.fragment_offset or not packet.has(PORTS):
            return self._drop(context, "no ports in it")
        found = self._socket(packet, context)
        if found is None:
            return self._drop(context, "no program of this machine listens for it")
        if not found.transparent:
            return self._drop(context, "the socket for it is not transparent (IP_TRANSPARENT)")
        context.mark = (context.mark & ~self.mask) ^ self.mark
        context.socket = found
        context.proxy = self.proxy
        return ACCEPT

    def _drop(self, context: Context, why: str) -> int:
        if context.trace:
            context.trace[-1].why = why  # the step is this rule's
        return DROP

    def _socket(self, packet: Packet, context: Context) -> SocketInfo | None:
        """The socket of the packet's connection, else the proxy's. A new connection over an old one that is only
        waited for (TIME_WAIT) is the proxy's if there is one."""
        own = connected(packet, context)
        if own is not None and not (own.state == SOCKET_TIME_WAIT and opens(packet)):
            return own
        return self._listener(packet, context) or own

    def _listener(self, packet: Packet, context: Context) -> SocketInfo | None:
        family, address, port = self.proxy
        environment = context.shared.environment
        if not address:
            first = environment.addresses_of(context.indev, family)
            address = first[0] if first else packet.dst
        key = Tuple(family, packet.proto, packet.src, address, packet.sport, port or packet.dport)
        found = environment.socket(key, context.indev)
        if found is not None and packet.proto == UDP and found.state == SOCKET_ESTABLISHED:
            return None
        return found

    def save(self) -> str:
        family, address, port = self.proxy
        where = address_text(address, family)
        return f"--on-port {port} --on-ip {where} --tproxy-mark 0x{self.mark:x}/0x{self.mask:x}"

    def listing(self, numeric: bool) -> str:
        family, address, port = self.proxy
        where = address_text(address, family)
        return f"TPROXY redirect {where}:{port} mark 0x{self.mark:x}/0x{self.mask:x}"


def connected(packet: Packet, context: Context) -> SocketInfo | None:
    """The socket of the packet's own connection; of UDP one that is bound to its address and connected."""
    key = Tuple(packet.family, packet.proto, packet.src, packet.dst, packet.sport, packet.dport)
    found = context.shared.environment.socket(key, context.indev)
    if found is None:
        return None
    if packet.proto == TCP:
        return None if found.state == SOCKET_LISTENS else found
    return found if found.state == SOCKET_ESTABLISHED and not found.wildcard else None


def opens(packet: Packet) -> bool:
    return packet.has(TCP_HEADER) and packet.data[packet.l4 + 13] & OPENING_FLAGS == SYN


def build(values: Values) -> Target:
    mark, mask = values.pair("tproxy-mark")
    return TProxy((values.family, values.number("on-ip"), values.number("on-port")), mark, mask)


OPTIONS: Final = (
    Option("on-port", "port", mandatory=True),
    Option("on-ip", "host"),
    Option("tproxy-mark", "mark/mask"),
)

EXTENSIONS: Final = (Spec("TPROXY", build, OPTIONS, tables=("mangle",), hooks=PRE, needs_defrag=True, revision=1),)
