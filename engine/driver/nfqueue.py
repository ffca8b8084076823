"""The kernel's packet queue: packets come up here, verdicts go down. Raw netlink, nothing but the standard library.

    kernel hook --NFQUEUE--> receive() -> Queued(arrival, packet id)   ...   answer(queued, verdict, data, mark)

What the kernel wants, found by trying:
- a verdict without NLM_F_REQUEST is ignored without an error;
- after NETLINK_NO_ENOBUFS a full socket buffer loses packets (the kernel drops them) but not the socket;
- NFQA_CFG_F_GSO hands over segments of up to 64 KiB whole instead of cutting each into packets of the MTU; an
  attribute holds at most 65531 bytes: of a longer packet (NFQA_CAP_LEN) only that much is seen and nothing replaced;
- NFQA_SKB_INFO bit 1 says that the transport checksum holds the pseudo header's sum only; a packet handed back with
  new bytes is taken to carry whole checksums;
- sending a verdict runs the packet on to its next hook before the call returns; several queues may belong to one
  socket, which keeps the order of queueing.

Sources: kernel include/uapi/linux/netfilter/nfnetlink_queue.h; iptables-extensions(8) NFQUEUE.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Final, Protocol

from engine.core.context import Arrival
from engine.core.hooks import FORWARD
from engine.driver.netlink import (
    AF_NETLINK,
    HEADER,
    NETFILTER,
    NETLINK_NO_ENOBUFS,
    NLM_F_ACK,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    SOL_NETLINK,
    align,
    attribute,
    error_of,
    force_buffers,
    message,
)

SUBSYSTEM: Final = 3 << 8  # NFNL_SUBSYS_QUEUE
PACKET: Final = SUBSYSTEM | 0
VERDICT: Final = SUBSYSTEM | 1
CONFIG: Final = SUBSYSTEM | 2

# Attributes of a packet and of its verdict
PACKET_HDR: Final = 1
VERDICT_HDR: Final = 2
MARK: Final = 3
TIMESTAMP: Final = 4
INDEV: Final = 5
OUTDEV: Final = 6
PHYSINDEV: Final = 7
PHYSOUTDEV: Final = 8
HWADDR: Final = 9
PAYLOAD: Final = 10
CAP_LEN: Final = 13
SKB_INFO: Final = 14
UID: Final = 16
GID: Final = 17
PRIORITY: Final = 21

CHECKSUM_NOT_READY: Final = 1  # bit of SKB_INFO
HEADERS: Final = 20  # bytes of the netlink header and struct nfgenmsg; the first attribute is PACKET_HDR
TIMESTAMP_SIZE: Final = 20
DESCRIPTIONS_KEPT: Final = 1024

# Configuration
CFG_CMD: Final = 1
CFG_PARAMS: Final = 2
CFG_QUEUE_MAXLEN: Final = 3
CFG_MASK: Final = 4
CFG_FLAGS: Final = 5
CMD_BIND: Final = 1
COPY_PACKET: Final = 2
FLAG_GSO: Final = 4
FLAG_UID_GID: Final = 8
COPY_RANGE: Final = 0xFFFF
LONGEST_PAYLOAD: Final = 0xFFFF - 4

QUEUE_LENGTH: Final = 1 << 17  # packets; fragments wait in the queue for their last one
RECEIVE_BUFFER: Final = 64 << 20
SEND_BUFFER: Final = 4 << 20

NF_DROP: Final = 0
NF_ACCEPT: Final = 1

# Kinds of link destination; each has a queue of its own (see queue_rules)
TO_HOST: Final = 0
TO_BROADCAST: Final = 1
TO_MULTICAST: Final = 2

_ATTRIBUTE: Final = struct.Struct("=HH")
_NATIVE: Final = struct.Struct("=I")
_NETWORK: Final = struct.Struct("!I")
_LENGTH: Final = struct.Struct("!H")
# netlink header, nfgenmsg, verdict attribute. Network-order fields are written as the native number that was read.
_VERDICT: Final = struct.Struct("=IHHIIBBHHHII")
_NUMBER: Final = struct.Struct("=HHI")
_DECISIONS: Final = (socket.htonl(NF_DROP), socket.htonl(NF_ACCEPT))


class Names:
    """Interface names by index; the environment fills it from link notifications."""

    def __init__(self) -> None:
        self.by_index: dict[int, str] = {}
        self.changes = 0  # counts renamed and vanished interfaces

    def forget(self, index: int) -> None:
        if self.by_index.pop(index, None) is not None:
            self.changes += 1

    def learn(self, index: int, name: str) -> None:
        if self.by_index.get(index, name) != name:
            self.changes += 1
        self.by_index[index] = name

    def name(self, index: int) -> str:
        found = self.by_index.get(index)
        if found is None:
            found = self.look_up(index)
        return found

    def look_up(self, index: int) -> str:
        try:
            found = socket.if_indextoname(index)
        except OSError:
            return f"if{index}"  # gone meanwhile
        self.by_index[index] = found
        return found


class Source(Protocol):
    """Where packets come from and verdicts go."""

    def answer(
        self, queued: Queued, accept: bool, data: bytes | None = None, mark: int = -1, priority: int = -1
    ) -> None: ...


class Queued:
    """A packet that waits in the kernel for its verdict.

    id, queue: as the kernel sent them (opaque numbers). kind: TO_HOST, TO_BROADCAST or TO_MULTICAST. truncated: the
    packet is longer than what was copied.
    """

    def __init__(self, id: int, queue: int, arrival: Arrival, truncated: bool) -> None:
        self.id = id
        self.source: Source | None = None  # where the verdict goes
        self.queue = queue
        self.kind = queue & 3
        self.arrival = arrival
        self.truncated = truncated


class Description:
    """All that a message says of a packet besides its number and its bytes.

    reusable: nothing in it belongs to this one packet, so an equal message means the same.
    """

    def __init__(self) -> None:
        self.hook = FORWARD
        self.indev = ""
        self.outdev = ""
        self.mark = 0
        self.physin = ""
        self.physout = ""
        self.hwsrc = b""
        self.uid = -1
        self.gid = -1
        self.partial = False
        self.priority = 0
        self.length = 0  # of the packet, if only part of it was copied
        self.payload_at = 0  # offset of the attribute with the packet's bytes
        self.stamp_at = 0  # offset of the attribute with its time of arrival, 0 if it has none

    def arrival(self, data: bytes) -> Arrival:
        return Arrival(
            self.hook,
            data,
            self.indev,
            self.outdev,
            self.mark,
            self.physin,
            self.physout,
            self.hwsrc,
            self.uid,
            self.gid,
            self.partial,
            b"",
            self.priority,
        )


def describe(buffer: bytearray, end: int, names: Names, owners: Owners) -> Description | None:
    """What the attributes of an NFQNL_MSG_PACKET say; None if there is no packet in it."""
    found = Description()
    offset = HEADERS
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(buffer, offset)
        value = offset + 4
        if length < 4 or offset + length > end:
            break
        if kind == PAYLOAD:
            found.payload_at = offset
        elif length < 8:
            pass
        elif kind == PACKET_HDR and length >= 11:
            found.hook = buffer[value + 6]
        elif kind == HWADDR:
            size = min(_LENGTH.unpack_from(buffer, value)[0], 8)
            found.hwsrc = bytes(buffer[value + 4 : value + 4 + size])
        elif kind == TIMESTAMP:
            found.stamp_at = offset
        else:
            _describe_number(found, kind, _NETWORK.unpack_from(buffer, value)[0], names, owners)
        offset += (length + 3) & ~3
    return found if found.payload_at else None


def _describe_number(found: Description, kind: int, number: int, names: Names, owners: Owners) -> None:
    if kind == INDEV:
        found.indev = names.name(number)
    elif kind == OUTDEV:
        found.outdev = names.name(number)
    elif kind == PHYSINDEV:
        found.physin = names.name(number)
    elif kind == PHYSOUTDEV:
        found.physout = names.name(number)
    elif kind == SKB_INFO:
        found.partial = (number & CHECKSUM_NOT_READY) != 0
    elif kind == MARK:
        found.mark = number
    elif kind == UID:
        found.uid = owners.uid(number)
    elif kind == GID:
        found.gid = owners.gid(number)
    elif kind == PRIORITY:
        found.priority = number
    elif kind == CAP_LEN:
        found.length = number


class Reader:
    """Reads packet messages. Those of one flow at one hook differ in number, time and bytes only, so what the rest of a
    message means is remembered."""

    def __init__(self, names: Names, owners: Owners) -> None:
        self.names = names
        self.owners = owners
        self.known: dict[bytes, Description] = {}
        self.changes = 0
        self.last = Description()

    def read(self, buffer: bytearray, end: int) -> Queued | None:
        """One NFQNL_MSG_PACKET at the start of the buffer, headers included; None if it makes no sense."""
        if end < HEADERS + 12:
            return None
        found = self._recall(buffer, end)
        if found is None:
            found = describe(buffer, end, self.names, self.owners)
            if found is None:
                return None
            self._remember(found, buffer)
        start = found.payload_at
        length = _ATTRIBUTE.unpack_from(buffer, start)[0]
        data = bytes(buffer[start + 4 : start + length])
        truncated = found.length > len(data)
        if truncated:
            data += bytes(found.length - len(data))
        queue = _LENGTH.unpack_from(buffer, 18)[0]
        return Queued(_NATIVE.unpack_from(buffer, HEADERS + 4)[0], queue, found.arrival(data), truncated)

    def _recall(self, buffer: bytearray, end: int) -> Description | None:
        """The description of a message like this one."""
        last = self.last
        start = last.payload_at
        if not start or start + 4 > end:
            return None
        length, kind = _ATTRIBUTE.unpack_from(buffer, start)
        if kind != PAYLOAD or not end - 4 < start + length <= end:
            return None
        if self.changes != self.names.changes:
            self.changes = self.names.changes
            self.known.clear()
            return None
        return self.known.get(_without_stamp(last, buffer))

    def _remember(self, found: Description, buffer: bytearray) -> None:
        if found.length:
            return
        if len(self.known) >= DESCRIPTIONS_KEPT:
            self.known.clear()
        self.known[_without_stamp(found, buffer)] = found
        self.last = found


def _without_stamp(shape: Description, buffer: bytearray) -> bytes:
    """The bytes of a message between its packet's number and its packet's bytes, time of arrival left out."""
    stamp = shape.stamp_at
    if not stamp:
        return bytes(buffer[HEADERS + 8 : shape.payload_at])
    return bytes(buffer[HEADERS + 8 : stamp] + buffer[stamp + TIMESTAMP_SIZE : shape.payload_at])


def verdict_message(queued: Queued, accept: bool, data: bytes | None, mark: int, priority: int) -> bytes:
    """An NFQNL_MSG_VERDICT. data: None leaves the packet's bytes; mark, priority: -1 leaves them."""
    size = 32
    parts = b""
    if mark >= 0:
        parts = _NUMBER.pack(8, MARK, socket.htonl(mark))
        size += 8
    if priority >= 0:
        parts += _NUMBER.pack(8, PRIORITY, socket.htonl(priority))
        size += 8
    if data is not None:
        parts += _ATTRIBUTE.pack(4 + len(data), PAYLOAD) + data + bytes(-len(data) & 3)
        size += 4 + align(len(data))
    return (
        _VERDICT.pack(
            size,
            VERDICT,
            NLM_F_REQUEST,
            0,
            0,
            0,
            0,
            socket.htons(queued.queue),
            12,
            VERDICT_HDR,
            _DECISIONS[1 if accept else 0],
            queued.id,
        )
        + parts
    )


class Owners:
    """User and group ids as this process's user namespace numbers them; the kernel reports the initial one's."""

    def __init__(self, uid_map: str = "", gid_map: str = "") -> None:
        self.uids = _id_ranges(uid_map)
        self.gids = _id_ranges(gid_map)

    def uid(self, outside: int) -> int:
        return _translate(self.uids, outside)

    def gid(self, outside: int) -> int:
        return _translate(self.gids, outside)


def _id_ranges(text: str) -> list[tuple[int, int, int]]:
    """(inside, outside, count) of each line of /proc/self/uid_map."""
    ranges: list[tuple[int, int, int]] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3:
            ranges.append((int(words[0]), int(words[1]), int(words[2])))
    return ranges


def _translate(ranges: list[tuple[int, int, int]], outside: int) -> int:
    for inside, start, count in ranges:
        if start <= outside < start + count:
            return inside + outside - start
    return outside if not ranges else 65534


def own_map() -> Owners:
    texts: list[str] = []
    for name in ("uid_map", "gid_map"):
        try:
            with open(f"/proc/self/{name}", encoding="ascii") as file:
                texts.append(file.read())
        except OSError:
            texts.append("")
    return Owners(texts[0], texts[1])


class PacketQueue:
    """Some queues of one network namespace, on one socket.

    sent: verdicts given. refused: verdicts that the kernel did not want (its errno in last_error). Raises OSError from
    the constructor when a queue belongs to another process already (EBUSY) or the kernel has no NFQUEUE.
    """

    def __init__(self, numbers: list[int], names: Names, owners: Owners) -> None:
        self.reader = Reader(names, owners)
        self.numbers = numbers
        self.buffer = bytearray(1 << 17)
        self.sent = 0
        self.refused = 0
        self.last_error = 0
        self.sock = socket.socket(AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER)
        self.sock.bind((0, 0))
        self.sock.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
        force_buffers(self.sock, RECEIVE_BUFFER, SEND_BUFFER)
        for number in numbers:
            self._bind(number)
        self.sock.setblocking(False)

    def fileno(self) -> int:
        return self.sock.fileno()

    def _bind(self, number: int) -> None:
        params = struct.pack("!IB", COPY_RANGE, COPY_PACKET)
        flags = FLAG_GSO | FLAG_UID_GID
        self._configure(number, attribute(CFG_CMD, struct.pack("!BxH", CMD_BIND, 0)))
        self._configure(
            number,
            attribute(CFG_PARAMS, params)
            + attribute(CFG_QUEUE_MAXLEN, struct.pack("!I", QUEUE_LENGTH))
            + attribute(CFG_FLAGS, struct.pack("!I", flags))
            + attribute(CFG_MASK, struct.pack("!I", flags)),
        )

    def _configure(self, number: int, body: bytes) -> None:
        head = struct.pack("!BBH", 0, 0, number)
        self.sock.send(message(CONFIG, NLM_F_REQUEST | NLM_F_ACK, head + body))
        while True:
            data = self.sock.recv(1 << 17)
            _length, kind = struct.unpack_from("=IH", data)
            if kind == NLMSG_ERROR:
                code = error_of(data[16:])
                if code:
                    raise OSError(code, f"netfilter queue {number}: {os.strerror(code)}")
                return

    def receive(self) -> Queued | None:
        """The next packet, None if none waits."""
        while True:
            try:
                size = self.sock.recv_into(self.buffer)
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                continue  # an overrun; what came before it is still there
            if size < 16:
                continue
            length, kind, _flags, _sequence, _port = HEADER.unpack_from(self.buffer, 0)
            if kind == PACKET:
                queued = self.reader.read(self.buffer, min(length, size))
                if queued is not None:
                    queued.source = self
                    return queued
            elif kind == NLMSG_ERROR:
                self.refused += 1
                self.last_error = error_of(bytes(self.buffer[16:size]))

    def answer(
        self, queued: Queued, accept: bool, data: bytes | None = None, mark: int = -1, priority: int = -1
    ) -> None:
        """Decide on a packet. The kernel carries on with it at once: when this returns it waits at its next hook."""
        if data is not None and len(data) > LONGEST_PAYLOAD:
            accept = False
            data = None
        try:
            self.sock.send(verdict_message(queued, accept, data, mark, priority))
            self.sent += 1
        except OSError as error:
            self.refused += 1
            self.last_error = error.errno or 0

    def close(self) -> None:
        """Give the queues up; the kernel drops what still waits."""
        self.sock.close()
