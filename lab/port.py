"""A port: a place on a wire where frames are sent and seen, as by somebody who has cut the cable there.

`send` puts a frame on the wire as the node would. `received` gives what came to the node on that wire, and never what
was sent from it. The socket is opened once and kept, because closing one costs a grace period of the kernel (11 to
24 ms). Frames arrive in a ring in memory (Documentation/networking/packet_mmap, TPACKET_V2), so looking whether
something has come costs no system call.
"""

from __future__ import annotations

import mmap
import select
import socket
import struct
from typing import Any, Final, NamedTuple

from lab.errors import LabError

# Frames in a ring: many where there are few ports, for a ring takes slots times 2 KiB of memory. A frame that is longer
# than a slot also comes whole through the socket, as far as BUFFER goes.
SLOTS: Final = 2048
SLOTS_OF_MANY: Final = 256
MANY: Final = 24
SLOT_OVERHEAD: Final = 256
BUFFER: Final = 64 << 20
LARGEST: Final = 1 << 18
SOL_PACKET: Final = 263
PACKET_STATISTICS: Final = 6
ETH_P_8021Q: Final = 0x8100

# struct tpacket2_hdr: status, length, bytes in the slot, offsets of link and network header, time, VLAN tag and kind.
SLOT: Final = struct.Struct("@IIIHHIIHH")
STATUS: Final = struct.Struct("@I")
TO_KERNEL: Final = STATUS.pack(0)
IN_QUEUE: Final = 2
VLAN_VALID: Final = 1 << 4
VLAN_KIND_VALID: Final = 1 << 6

# struct virtio_net_hdr, in the machine's byte order: flags, gso type, header length, gso size, checksum start, offset.
VNET_HDR: Final = struct.Struct("@BBHHHH")
NO_OFFLOAD: Final = bytes(VNET_HDR.size)
NEEDS_CHECKSUM: Final = 1


class Capture(NamedTuple):
    """One frame that arrived: seconds since 1970 (the kernel's time of arrival), the frame, and the size of the
    segments into which a large TCP or UDP frame is still to be cut (0 for an ordinary frame). When more such frames
    are waiting than the socket has room for (an ordinary user has little), the later ones are cut to a slot's size."""

    time: float
    frame: bytes
    segment: int = 0


def slot_size(mtu: int) -> int:
    """The size of a slot, a power of two, that holds frames of that MTU."""
    return max(2048, 1 << (mtu + SLOT_OVERHEAD - 1).bit_length())


def slots_of(ports: int) -> int:
    """How many frames a ring holds in a lab of so many ports."""
    return SLOTS if ports <= MANY else SLOTS_OF_MANY


def wanted(node: str, device: str, mtu: int, slots: int) -> dict[str, Any]:
    """What lab/holder.py is asked for to open a port."""
    return {"node": node, "device": device, "size": slot_size(mtu), "slots": slots, "buffer": BUFFER}


class Port:
    """The wire `device` of a node. `mac` is the address of the node on it."""

    def __init__(
        self, node: str, device: str, mac: str, opened: socket.socket, mtu: int = 1500, slots: int = SLOTS
    ) -> None:
        self.node = node
        self.device = device
        self.mac = mac
        self._socket = opened
        self._size = slot_size(mtu)
        self._slots = slots
        self._ring = mmap.mmap(opened.fileno(), self._size * slots)
        self._at = 0

    def __repr__(self) -> str:
        return f"<port {self.node}.{self.device} {self.mac}>"

    def fileno(self) -> int:
        """For select and poll: readable when something has been received."""
        return self._socket.fileno()

    def send(self, frame: bytes, segment: int = 0) -> None:
        """Put a frame on the wire as it is, from its Ethernet header on. When this returns, a kernel has handled it.

        With `segment`, a TCP frame of up to 64 KiB travels as hardware would be given it: to be cut into segments of
        that many bytes of payload. Raises LabError if the wire does not take it.
        """
        header = NO_OFFLOAD if not segment else _segment_header(frame, segment)
        try:
            # That the interface has been down in the meantime is told once, as an error; it is taken and forgotten.
            self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._socket.send(header + frame)
        except OSError as error:
            place = f"{self.node}.{self.device}"
            raise LabError(f"{place}: a frame of {len(frame)} bytes was not sent: {error.strerror}") from None

    def received(self) -> list[bytes]:
        """The frames that have arrived since the last call, oldest first."""
        return [capture.frame for capture in self.captured()]

    def captured(self) -> list[Capture]:
        """As `received`, with the time of arrival. Raises LabError if the ring had no room for every frame."""
        if self._ring.closed:
            raise LabError(f"{self.node}.{self.device}: the lab of this port is closed")
        captures = self._take()
        if captures:
            lost = self._lost()
            if lost:
                raise LabError(
                    f"{self.node}.{self.device}: {lost} frames were lost: more than {self._slots} were waiting\n"
                    "  hint: call received() more often."
                )
        return captures

    def wait(self, seconds: float) -> bool:
        """Wait until something can be received, at most so long. For real programs only: what crafted packets cause has
        happened when Lab.settle() returns."""
        return not self._ring.closed and bool(select.select([self._socket], [], [], seconds)[0])

    def drain(self) -> None:
        """Forget what has been received, and what was lost."""
        while status := STATUS.unpack_from(self._ring, start := self._at * self._size)[0]:
            self._ring[start : start + STATUS.size] = TO_KERNEL
            self._at = (self._at + 1) % self._slots
            if status & IN_QUEUE:
                self._from_queue((), b"")
        self._lost()

    def close(self) -> None:
        self._ring.close()
        self._socket.close()

    def _take(self) -> list[Capture]:
        """Empty the ring: take frames from slots that the kernel has filled, and give the slots back."""
        captures: list[Capture] = []
        ring = self._ring
        while True:
            start = self._at * self._size
            status, length, stored, mac, _net, seconds, nanoseconds, tag, kind = SLOT.unpack_from(ring, start)
            if not status:
                return captures
            frame = ring[start + mac : start + mac + stored]
            header = VNET_HDR.unpack_from(ring, start + mac - VNET_HDR.size)
            ring[start : start + STATUS.size] = TO_KERNEL
            self._at = (self._at + 1) % self._slots
            if status & IN_QUEUE:
                header, frame = self._from_queue(header, frame)
            if header[0] & NEEDS_CHECKSUM and len(frame) >= length:
                frame = complete_checksum(frame, header[4], header[5])
            if status & VLAN_VALID:
                frame = put_tag_back(frame, tag, kind if status & VLAN_KIND_VALID else ETH_P_8021Q)
            captures.append(Capture(seconds + nanoseconds / 1e9, frame, header[3]))

    def _from_queue(self, header: tuple[int, ...], frame: bytes) -> tuple[tuple[int, ...], bytes]:
        """A frame that was too long for its slot."""
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            data = self._socket.recv(LARGEST)
        except OSError:
            return header, frame
        return VNET_HDR.unpack_from(data), data[VNET_HDR.size :]

    def _lost(self) -> int:
        """Frames for which there was no room since the last call."""
        lost: int = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        return lost


def complete_checksum(frame: bytes, start: int, offset: int) -> bytes:
    """Finish a checksum that was left to hardware: the field holds the sum of the pseudo-header only.

    A UDP checksum that comes out as 0 is sent as 0xffff (RFC 768); the kernel does the same for every protocol here.
    """
    covered = frame[start:] + b"\0" * (len(frame) - start & 1)
    total = sum(struct.unpack(f"!{len(covered) // 2}H", covered))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    checksum = (~total & 0xFFFF) or 0xFFFF
    place = start + offset
    return frame[:place] + checksum.to_bytes(2, "big") + frame[place + 2 :]


def put_tag_back(frame: bytes, tag: int, kind: int) -> bytes:
    """The kernel takes a VLAN tag out of the frame before anybody sees it; the frame on the wire had it."""
    return frame[:12] + struct.pack("!HH", kind, tag) + frame[12:]


def _segment_header(frame: bytes, segment: int) -> bytes:
    """virtio_net header of a TCP frame that is to be cut (TCPv4 = 1, TCPv6 = 4) and has no checksum yet."""
    (kind,) = struct.unpack_from("!H", frame, 12)
    if kind == 0x0800 and frame[23] == 6:
        gso, transport = 1, 14 + (frame[14] & 15) * 4
    elif kind == 0x86DD and frame[20] == 6:
        gso, transport = 4, 54
    else:
        raise LabError("only TCP frames without extension headers can be sent in segments")
    header = transport + (frame[transport + 12] >> 4) * 4
    return VNET_HDR.pack(NEEDS_CHECKSUM, gso, header, segment, transport, 16)
