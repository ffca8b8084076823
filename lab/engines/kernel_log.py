"""What NFLOG and TRACE rules of the kernel report, as lines.

A kernel prints LOG lines for its initial namespace only, unless net.netfilter.nf_log_all_netns is set for the whole
machine, which is not for a lab to do: LOG in a node says nothing. NFLOG reports to the group of its rule and
iptables-legacy's TRACE to group 0 (measured), with prefix, packet, devices and mark. The line is put together here in
the form in which the kernel writes LOG lines.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
from collections.abc import Iterator
from typing import Final

from lab.netlink import HEADER, attribute, attributes
from lab.nfnetlink import GENERIC, NFULNL_CONFIG, NFULNL_PACKET, SUBSYS_ULOG, Nfnetlink

PACKET_HEADER, MARK, INDEV, OUTDEV, PHYSIN, PHYSOUT, PAYLOAD, PREFIX, UID, GID, HARDWARE = (
    1, 2, 4, 5, 6, 7, 9, 10, 11, 14, 16)  # fmt: skip
CFG_COMMAND, CFG_MODE, CFG_THRESHOLD = 1, 2, 5
BIND, PF_BIND, COPY_PACKET = 1, 3, 2
BUFFER: Final = 4 << 20
FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
GROUP: Final = re.compile(r"--nflog-group\s+(\d+)")
TCP_FLAGS: Final = ("CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN")
PROTOCOLS: Final = {1: "ICMP", 6: "TCP", 17: "UDP", 50: "ESP", 51: "AH", 58: "ICMPv6", 136: "UDPLITE"}
EXTENSION_HEADERS: Final = (0, 43, 60)
ECHO: Final = {1: (0, 8), 58: (128, 129)}
ERRORS: Final = {1: (3, 4, 5, 11, 12), 58: (1, 2, 3, 4)}


class KernelLog:
    """Listens to the groups that rules write to. `devices` maps interface numbers to names."""

    def __init__(self, opened: socket.socket, devices: dict[int, str]) -> None:
        self._socket = opened
        self._netlink = Nfnetlink(opened)
        self._devices = devices
        self._groups: set[int] = set()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        for family in FAMILIES:
            self._netlink.ask(SUBSYS_ULOG << 8 | NFULNL_CONFIG, family, attribute(CFG_COMMAND, bytes([PF_BIND])))
        self.listen(0)

    def listen(self, group: int) -> None:
        """Take the reports of a group, each at once."""
        if group in self._groups:
            return
        kind = SUBSYS_ULOG << 8 | NFULNL_CONFIG
        mode = struct.pack("!IBB", 0xFFFF, COPY_PACKET, 0)
        for body in (
            attribute(CFG_COMMAND, bytes([BIND])),
            attribute(CFG_MODE, mode),
            attribute(CFG_THRESHOLD, struct.pack("!I", 1)),
        ):
            self._netlink.ask(kind, 0, body, resource=group)
        self._groups.add(group)

    def listen_for(self, rules: str) -> None:
        """Listen to every group that a ruleset names."""
        for found in GROUP.findall(rules):
            self.listen(int(found) & 0xFFFF)

    def lines(self) -> list[str]:
        """The lines of all reports since the last call."""
        found: list[str] = []
        while True:
            try:
                data = self._socket.recv(1 << 18, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            found += [line(report, self._devices) for report in _reports(data)]

    def close(self) -> None:
        self._socket.close()


def _reports(data: bytes) -> Iterator[dict[int, bytes]]:
    offset = 0
    while offset + HEADER.size <= len(data):
        length, kind, _flags, _sequence, _port = HEADER.unpack_from(data, offset)
        if kind == SUBSYS_ULOG << 8 | NFULNL_PACKET:
            yield dict(attributes(data[offset + HEADER.size + GENERIC.size : offset + length]))
        offset += (length + 3) & ~3


def line(report: dict[int, bytes], devices: dict[int, str]) -> str:
    """One report as a line of the kernel log, without time and level."""

    def device(kind: int) -> str:
        return devices.get(int.from_bytes(report[kind], "big"), "?") if kind in report else ""

    prefix = report.get(PREFIX, b"").rstrip(b"\0").decode("utf-8", "replace")
    words = [f"IN={device(INDEV)}", f"OUT={device(OUTDEV)}"]
    words += [f"PHYSIN={device(PHYSIN)}"] if PHYSIN in report else []
    words += [f"PHYSOUT={device(PHYSOUT)}"] if PHYSOUT in report else []
    if INDEV in report:
        words.append(f"MAC={report.get(HARDWARE, b'').hex(':')}")
    words += packet_words(report.get(PAYLOAD, b""))
    if UID in report:
        words.append(f"UID={int.from_bytes(report[UID], 'big')}")
    if GID in report:
        words.append(f"GID={int.from_bytes(report[GID], 'big')}")
    if MARK in report:
        words.append(f"MARK=0x{int.from_bytes(report[MARK], 'big'):x}")
    return prefix + " ".join(words)


def packet_words(packet: bytes) -> list[str]:
    """The fields of a packet in the kernel's order."""
    if packet[:1] and packet[0] >> 4 == 6:
        return _ipv6_words(packet)
    if len(packet) < 20:
        return ["TRUNCATED"]
    tos, length, identification, fragment, ttl, protocol = struct.unpack_from("!xBHHHBB", packet)
    words = [f"SRC={socket.inet_ntoa(packet[12:16])}", f"DST={socket.inet_ntoa(packet[16:20])}", f"LEN={length}",
             f"TOS=0x{tos & 0x1E:02X}", f"PREC=0x{tos & 0xE0:02X}", f"TTL={ttl}", f"ID={identification}"]  # fmt: skip
    words += [name for bit, name in ((0x8000, "CE"), (0x4000, "DF"), (0x2000, "MF")) if fragment & bit]
    offset = fragment & 0x1FFF
    words += [f"FRAG:{offset}"] if offset else []
    return words + _transport_words(protocol, packet[(packet[0] & 15) * 4 :], offset)


def _ipv6_words(packet: bytes) -> list[str]:
    if len(packet) < 40:
        return ["TRUNCATED"]
    first, length, protocol, hops = struct.unpack_from("!IHBB", packet)
    source, destination = (ipaddress.IPv6Address(packet[at : at + 16]).exploded for at in (8, 24))
    words = [f"SRC={source}", f"DST={destination}", f"LEN={length + 40}"]
    words += [f"TC={first >> 20 & 0xFF}", f"HOPLIMIT={hops}", f"FLOWLBL={first & 0xFFFFF}"]
    at, offset = 40, 0
    while protocol in (*EXTENSION_HEADERS, 44) and len(packet) >= at + 8 and not offset:
        if protocol == 44:
            offset = struct.unpack_from("!H", packet, at + 2)[0] >> 3
            words.append(f"FRAG:{offset * 8}")
            protocol, at = packet[at], at + 8
        else:
            protocol, at = packet[at], at + (packet[at + 1] + 1) * 8
    return words + _transport_words(protocol, packet[at:], offset)


def _transport_words(protocol: int, data: bytes, offset: int) -> list[str]:
    """Ports, flags, types. A fragment other than the first has only the protocol."""
    words = [f"PROTO={PROTOCOLS.get(protocol, protocol)}"]
    if offset:
        return words
    least = {6: 20, 17: 8, 136: 8, 1: 4, 58: 4, 50: 8, 51: 12}.get(protocol, 0)
    if len(data) < least:
        return [*words, f"INCOMPLETE [{len(data)} bytes]"]
    if protocol == 6:
        source, destination, window = struct.unpack_from("!HH10xH", data)
        words += [f"SPT={source}", f"DPT={destination}", f"WINDOW={window}", f"RES=0x{(data[12] & 15) << 2:02x}"]
        words += [name for bit, name in enumerate(TCP_FLAGS) if data[13] & 0x80 >> bit]
        words.append(f"URGP={int.from_bytes(data[18:20], 'big')}")
    elif protocol in (17, 136):
        source, destination, length = struct.unpack_from("!HHH", data)
        words += [f"SPT={source}", f"DPT={destination}", f"LEN={length}"]
    elif protocol in (1, 58):
        words += [f"TYPE={data[0]}", f"CODE={data[1]}"]
        if data[0] in ECHO[protocol]:
            words += [f"ID={int.from_bytes(data[4:6], 'big')}", f"SEQ={int.from_bytes(data[6:8], 'big')}"]
        elif data[0] in ERRORS[protocol]:
            words += ["[" + " ".join(packet_words(data[8:])), "]"]
    elif protocol in (50, 51):
        words.append(f"SPI=0x{int.from_bytes(data[0 if protocol == 50 else 4 :][:4], 'big'):x}")
    return words
