"""Packets that the engine itself sends.

output   a raw socket with the whole header: the packet passes OUTPUT and POSTROUTING like any local packet
wire     a packet socket behind all hooks, to the next hop's link address
bridge   a packet socket on one port of a bridge, with the link addresses of the frame it answers turned round

What cannot be sent is counted and forgotten: the kernel's own REJECT has no other choice either.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Final

from engine.core.addresses import address_text
from engine.core.checksum import fold, pseudo_header
from engine.core.context import BROADCAST, Arrival, Emission
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.driver.environment import Link, LiveEnvironment
from engine.driver.netlink import force_buffers

IPV6_HDRINCL: Final = 36
IP_PKTINFO: Final = 8
SO_MARK: Final = 36
ETH_P_IP: Final = 0x0800
ETH_P_IPV6: Final = 0x86DD
ETHERNET: Final = 14
SOL_PACKET: Final = 263
PACKET_VNET_HDR: Final = 15
# struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
VNET_HDR: Final = struct.Struct("=BBHHHH")
NEEDS_CHECKSUM: Final = 1
GSO_TCPV4: Final = 1
GSO_TCPV6: Final = 4
TCP_CHECKSUM: Final = 16
LINK_LOCAL: Final = 0xFE80 >> 6
PATIENCE: Final = 3.0  # seconds that a packet waits for its neighbour
WAITING_LIMIT: Final = 256


class Waiting:
    """A packet whose next hop's link address is being asked for."""

    def __init__(self, data: bytes, family: int, hop: int, device: str, deadline: float) -> None:
        self.data = data
        self.family = family
        self.hop = hop
        self.device = device
        self.deadline = deadline


class Sender:
    """sent, failed: packets; last_error: why. Opens its sockets when it first needs them."""

    def __init__(self, environment: LiveEnvironment) -> None:
        self.environment = environment
        self.sent = 0
        self.failed = 0
        self.last_error = ""
        self.raw: dict[int, socket.socket] = {}
        self.marks: dict[int, int] = {}
        self.link: socket.socket | None = None
        self.offload: socket.socket | None = None
        self.waiting: list[Waiting] = []

    def send(self, emission: Emission, cause: Arrival | None = None) -> bool:
        """Send one packet. cause: the packet it answers, which `bridge` needs."""
        packet = Packet(emission.data)
        if packet.fault:
            return self._failed(f"not a packet: {packet.fault}")
        try:
            if emission.via == "output":
                self._output(packet, emission)
            elif emission.via == "bridge":
                return self._bridge(emission, cause)
            else:
                return self._wire(packet, emission)
        except OSError as error:
            return self._failed(f"{emission.via}: {error}")
        self.sent += 1
        return True

    def _failed(self, why: str) -> bool:
        self.failed += 1
        self.last_error = why
        return False

    # -- output

    def _output(self, packet: Packet, emission: Emission) -> None:
        family = packet.family
        sock = self._raw_socket(family)
        if emission.mark != self.marks[family]:
            sock.setsockopt(socket.SOL_SOCKET, SO_MARK, emission.mark)
            self.marks[family] = emission.mark
        target = address_text(packet.dst, family)
        if family != IPV4:
            sock.sendto(emission.data, (target, 0, 0, self._scope(packet.dst, emission.device)))
            return
        # The route is looked up as from the packet's own source, which need not be an address of this machine.
        source = struct.pack("=I4s4x", 0, packet.src.to_bytes(4, "big"))
        sock.sendmsg([emission.data], [(socket.IPPROTO_IP, IP_PKTINFO, source)], 0, (target, 0))

    def _raw_socket(self, family: int) -> socket.socket:
        sock = self.raw.get(family)
        if sock is None:
            kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            if family == IPV4:
                sock = socket.socket(socket.AF_INET, kind, socket.IPPROTO_RAW)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            else:
                sock = socket.socket(socket.AF_INET6, kind, socket.IPPROTO_RAW)
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
            self.raw[family] = sock
            self.marks[family] = 0
        return sock

    def _scope(self, address: int, device: str) -> int:
        """The interface that a link-local or multicast address is to be found on, 0 if it does not matter."""
        if address >> 118 != LINK_LOCAL and address >> 120 != 0xFF:
            return 0
        link = self.environment.link(device) if device else None
        return 0 if link is None else link.index

    # -- bridge

    def _bridge(self, emission: Emission, cause: Arrival | None) -> bool:
        header = self._frame_header(cause)
        if not header:
            return self._failed("bridge: the link addresses of the frame to answer are not known")
        frame = header[6:12] + header[0:6] + header[12:] + emission.data
        self._link_socket().sendto(frame, (emission.device, 0))
        self.sent += 1
        return True

    def _frame_header(self, cause: Arrival | None) -> bytes:
        """Of the frame to answer. A packet that was routed off the bridge came to the bridge's own link address."""
        if cause is None or len(cause.mac_header) >= ETHERNET:
            return cause.mac_header if cause is not None else b""
        link = self.environment.link(cause.indev)
        if link is None or len(cause.hwsrc) < 6:
            return b""
        kind = ETH_P_IP if cause.data[0] >> 4 == 4 else ETH_P_IPV6
        return link.mac[:6] + cause.hwsrc[:6] + kind.to_bytes(2, "big")

    # -- wire

    def _wire(self, packet: Packet, emission: Emission) -> bool:
        family = packet.family
        hop = emission.gateway
        if not hop:
            hop = self.environment.route(packet.dst, family, emission.mark, 0, emission.device).gateway or packet.dst
        link = self.environment.link(emission.device)
        if link is None:
            return self._failed(f"wire: there is no interface {emission.device!r}")
        target = group_address(hop, family) or self._known(hop, family, link)
        if not target:
            self._ask(Waiting(emission.data, family, hop, emission.device, time.monotonic() + PATIENCE))
            return True
        return self._frame(emission.data, family, link, target)

    def _known(self, hop: int, family: int, link: Link) -> bytes:
        if link.kind not in ("", "veth", "bridge", "macvlan", "vlan") or len(link.mac) != 6 or link.name == "lo":
            return bytes(6)  # nobody to ask on such a link
        if family == IPV4 and self.environment.address_type(hop, family, link.name) == BROADCAST:
            return b"\xff" * 6
        return self.environment.neighbour(hop, family, link.name)

    def _frame(self, data: bytes, family: int, link: Link, target: bytes) -> bool:
        kind = ETH_P_IP if family == IPV4 else ETH_P_IPV6
        header = target + link.mac.ljust(6, b"\0")[:6] + kind.to_bytes(2, "big")
        try:
            if len(data) <= link.mtu:
                self._link_socket().sendto(header + data, (link.name, kind))
            else:
                offload, data = leave_cutting_to_the_card(Packet(data), link.mtu)
                if not offload:
                    return self._failed(f"wire: {len(data)} bytes do not fit into the {link.mtu} of {link.name}")
                self._offload_socket().sendto(offload + header + data, (link.name, kind))
        except OSError as error:
            return self._failed(f"wire: {link.name}: {error}")
        self.sent += 1
        return True

    def _link_socket(self) -> socket.socket:
        if self.link is None:
            self.link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 0)
        return self.link

    def _offload_socket(self) -> socket.socket:
        """A packet socket whose frames begin with a struct virtio_net_hdr."""
        if self.offload is None:
            kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            self.offload = socket.socket(socket.AF_PACKET, kind, 0)
            self.offload.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            force_buffers(self.offload, 1 << 12, 4 << 20)
        return self.offload

    def _ask(self, waiting: Waiting) -> None:
        """Have the kernel ask for a neighbour; retry() sends when it has answered."""
        if len(self.waiting) >= WAITING_LIMIT:
            self.waiting.pop(0)
            self._failed("wire: too many packets wait for neighbours")
        self.waiting.append(waiting)
        self.environment.ask_neighbour(waiting.hop, waiting.family, waiting.device)

    def retry(self) -> None:
        """Send what waited for a neighbour that is known now; give up what waited too long."""
        if not self.waiting:
            return
        now = time.monotonic()
        still: list[Waiting] = []
        for one in self.waiting:
            link = self.environment.link(one.device)
            target = b"" if link is None else self.environment.neighbour(one.hop, one.family, one.device)
            if link is not None and target:
                self._frame(one.data, one.family, link, target)
            elif link is None or one.deadline < now:
                self._failed(f"wire: no neighbour {address_text(one.hop, one.family)} on {one.device}")
            else:
                still.append(one)
        self.waiting = still

    def close(self) -> None:
        for sock in self.raw.values():
            sock.close()
        for one in (self.link, self.offload):
            if one is not None:
                one.close()


def leave_cutting_to_the_card(packet: Packet, mtu: int) -> tuple[bytes, bytes]:
    """A TCP packet longer than the MTU as (virtio_net_hdr, packet): whoever sends it cuts it into segments and fills in
    their checksums. b"" for what cannot be cut so."""
    if packet.proto != TCP or not packet.has(20):
        return b"", bytes(packet.data)
    header = packet.payload()
    room = mtu - header
    if room <= 0:
        return b"", bytes(packet.data)
    where = packet.l4 + TCP_CHECKSUM
    length = len(packet.data) - packet.l4
    total = fold(pseudo_header(packet.family, packet.src, packet.dst, TCP, length))
    packet.data[where : where + 2] = total.to_bytes(2, "big")
    kind = GSO_TCPV4 if packet.family == IPV4 else GSO_TCPV6
    return (
        VNET_HDR.pack(NEEDS_CHECKSUM, kind, ETHERNET + header, room, ETHERNET + packet.l4, TCP_CHECKSUM),
        bytes(packet.data),
    )


def group_address(address: int, family: int) -> bytes:
    """The link address of an IP multicast group (RFC 1112, RFC 2464) or of all hosts; b"" for one host's address."""
    if family == IPV4:
        if address == 0xFFFFFFFF:
            return b"\xff" * 6
        if address >> 28 == 14:
            return b"\x01\x00\x5e" + (address & 0x7FFFFF).to_bytes(3, "big")
    elif address >> 120 == 0xFF:
        return b"\x33\x33" + (address & 0xFFFFFFFF).to_bytes(4, "big")
    return b""
