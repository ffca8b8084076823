"""A port: a place on a wire where frames are sent and seen, as by somebody who has cut the cable there.

`send` puts a frame on the wire as the node would. `received` gives what came to the node on that wire, and never what
was sent from it. The socket is opened once and kept, because closing one costs a grace period of the kernel (11 to 24
ms).
"""

from __future__ import annotations

import select
import socket
import struct
from typing import Final, NamedTuple

from lab.errors import LabError

BUFFER: Final = 64 << 20
LARGEST: Final = 1 << 18
SOL_PACKET: Final = 263
PACKET_STATISTICS: Final = 6
PACKET_AUXDATA: Final = 8
SCM_TIMESTAMPNS: Final = 35
VNET_HDR: Final = struct.Struct("<BBHHHH")
AUXDATA: Final = struct.Struct("<IIIHHHH")
TIMESPEC: Final = struct.Struct("@qq")
NEEDS_CHECKSUM: Final = 1
TP_STATUS_VLAN_VALID: Final = 1 << 4
TP_STATUS_VLAN_TPID_VALID: Final = 1 << 6
ETH_P_8021Q: Final = 0x8100
_ANCILLARY_SPACE: Final = socket.CMSG_SPACE(AUXDATA.size) + socket.CMSG_SPACE(TIMESPEC.size)
NO_OFFLOAD: Final = bytes(VNET_HDR.size)


class Capture(NamedTuple):
    """One frame that arrived: seconds since 1970 (the kernel's time of arrival), the frame, and the size of the
    segments into which a large TCP or UDP frame is still to be cut (0 for an ordinary frame)."""

    time: float
    frame: bytes
    segment: int = 0


class Port:
    """The wire `device` of a node. `mac` is the address of the node on it."""

    def __init__(self, node: str, device: str, mac: str, opened: socket.socket) -> None:
        self.node = node
        self.device = device
        self.mac = mac
        self._socket = opened
        self._buffer = bytearray(LARGEST)

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
            self._socket.send(header + frame)
        except OSError as error:
            raise LabError(
                f"{self.node}.{self.device}: a frame of {len(frame)} bytes was not sent: {error.strerror}"
            ) from None

    def received(self) -> list[bytes]:
        """The frames that have arrived since the last call, oldest first."""
        return [capture.frame for capture in self.captured()]

    def captured(self) -> list[Capture]:
        """As `received`, with the time of arrival. Raises LabError if the kernel had no room to keep every frame."""
        captures: list[Capture] = []
        view = memoryview(self._buffer)
        while True:
            try:
                size, ancillary, _flags, _address = self._socket.recvmsg_into([view], _ANCILLARY_SPACE)
            except BlockingIOError:
                break
            except OSError as error:
                # An interface that was set down says so once, and is silent afterwards.
                if error.errno == 100:
                    continue
                raise LabError(f"{self.node}.{self.device}: {error.strerror}") from None
            captures.append(_capture(bytes(view[:size]), ancillary))
        if captures:
            self._no_frame_was_lost()
        return captures

    def wait(self, seconds: float) -> bool:
        """Wait until something can be received, at most so long. For real programs only: what crafted packets cause has
        happened when Lab.settle() returns."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def drain(self) -> None:
        """Forget what has been received."""
        self.captured()

    def close(self) -> None:
        self._socket.close()

    def _no_frame_was_lost(self) -> None:
        _seen, lost = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        if lost:
            raise LabError(
                f"{self.node}.{self.device}: {lost} frames were lost: more than {BUFFER >> 20} MiB were "
                "waiting\n  hint: call received() more often."
            )


def _capture(data: bytes, ancillary: list[tuple[int, int, bytes]]) -> Capture:
    flags, _gso_type, _header, segment, start, offset = VNET_HDR.unpack_from(data)
    frame = data[VNET_HDR.size :]
    if flags & NEEDS_CHECKSUM:
        frame = complete_checksum(frame, start, offset)
    time = 0.0
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == SCM_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack_from(content)
            time = seconds + nanoseconds / 1e9
        elif level == SOL_PACKET and kind == PACKET_AUXDATA:
            frame = put_tag_back(frame, content)
    return Capture(time, frame, segment)


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


def put_tag_back(frame: bytes, auxdata: bytes) -> bytes:
    """The kernel takes a VLAN tag out of the frame before anybody sees it; the frame on the wire had it."""
    status, _length, _snaplen, _mac, _net, tci, tpid = AUXDATA.unpack_from(auxdata)
    if not status & TP_STATUS_VLAN_VALID:
        return frame
    kind = tpid if status & TP_STATUS_VLAN_TPID_VALID else ETH_P_8021Q
    return frame[:12] + struct.pack("!HH", kind, tci) + frame[12:]


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
