"""A packet in one line, as the kernel logs it.

    PREFIXIN=lan OUT=wan MAC=.. SRC=10.0.1.10 DST=198.51.100.10 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP
    SPT=40000 DPT=80 WINDOW=64240 RES=0x00 SYN URGP=0

Each part ends in a blank, the line therefore too. Broken packets are logged as far as they go (`INCOMPLETE [n bytes]`,
`TRUNCATED`). What an ICMP error quotes stands in brackets, one level deep.

Curiosities of the original that are kept: what follows a header cut short, also owner and mark, is missing after TCP,
UDP and ICMPv6 but not after the others; an IPv4 fragment of AH shows no protocol; ESP in IPv6 none without IPOPT.

Source: what Linux 6.18 prints (nf_log_syslog), RFC 791, RFC 8200, RFC 792, RFC 4443.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.core.context import Context
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import (
    AH,
    DESTINATION_OPTIONS,
    ESP,
    FRAGMENT,
    HOP_BY_HOP,
    ICMP,
    ICMPV6,
    ROUTING,
    TCP,
    UDP,
    UDPLITE,
)

# What to log besides (the flags of LOG)
TCP_SEQUENCE: Final = 1
TCP_OPTIONS: Final = 2
IP_OPTIONS: Final = 4
UID: Final = 8
MAC_DECODE: Final = 32
ALL: Final = TCP_SEQUENCE | TCP_OPTIONS | IP_OPTIONS | UID | MAC_DECODE

ALL_BYTES: Final = 0xFFFFFFFF
ETHERNET: Final = 14  # bytes of a link header

TCP_FLAGS: Final = (
    (0x100, "AE "),
    (0x80, "CWR "),
    (0x40, "ECE "),
    (0x20, "URG "),
    (0x10, "ACK "),
    (0x08, "PSH "),
    (0x04, "RST "),
    (0x02, "SYN "),
    (0x01, "FIN "),
)

# Bytes that an ICMP message must have for its fields to be logged
ICMP_LENGTHS: Final[dict[int, int]] = {0: 4, 3: 28, 4: 28, 5: 28, 8: 4, 11: 28, 12: 28, 13: 20, 14: 20, 17: 12, 18: 12}
ICMP_QUOTING: Final = frozenset((3, 4, 5, 11))
ICMPV6_QUOTING: Final = frozenset((1, 2, 3, 4))

OPTION_HEADERS: Final = frozenset((HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS))


def log_text(packet: Packet, context: Context, prefix: str, flags: int, size: int = ALL_BYTES) -> str:
    """The whole line, without level and time. `size`: so many bytes of the packet are known."""
    line = Line(packet.data, flags, size)
    line.add(f"{prefix}IN={context.indev} OUT={context.outdev} ")
    if context.physin and context.physin != context.indev:
        line.add(f"PHYSIN={context.physin} ")
    if context.physout and context.physout != context.outdev:
        line.add(f"PHYSOUT={context.physout} ")
    if context.indev:
        line.add(link_text(context.mac_header, flags, context.indev))
    whole = line.ipv4(0) if packet.family == IPV4 else line.ipv6(0, True)
    if whole:
        if flags & UID and context.uid >= 0:
            line.add(f"UID={context.uid} GID={context.gid} ")
        if context.mark:
            line.add(f"MARK=0x{context.mark:x} ")
    return "".join(line.parts)


def link_text(header: bytes, flags: int, device: str) -> str:
    """The link header; "MAC= " if it is not known or there is none."""
    if flags & MAC_DECODE and device != "lo" and len(header) >= ETHERNET:
        return f"MACSRC={header[6:12].hex(':')} MACDST={header[0:6].hex(':')} MACPROTO={header[12:14].hex()} "
    return f"MAC={header.hex(':')} "


class Line:
    """One line being written. Methods that dump a header answer False when nothing may follow."""

    def __init__(self, data: bytearray, flags: int, size: int) -> None:
        self.data = data
        self.size = min(len(data), size)
        self.flags = flags
        self.parts: list[str] = []

    def add(self, text: str) -> None:
        self.parts.append(text)

    def u16(self, at: int) -> int:
        return self.data[at] << 8 | self.data[at + 1]

    def u32(self, at: int) -> int:
        return self.u16(at) << 16 | self.u16(at + 2)

    def has(self, at: int, count: int, tail: str = " ") -> bool:
        """Are `count` bytes there? If not, say how many are."""
        if at + count <= self.size:
            return True
        self.add(f"INCOMPLETE [{(self.size - at) & 0xFFFFFFFF} bytes]{tail}")
        return False

    def octets(self, at: int, end: int) -> str:
        return bytes(self.data[at:end]).hex().upper()

    # -- IPv4

    def ipv4(self, at: int) -> bool:
        data = self.data
        if at + 20 > self.size:
            self.add("TRUNCATED")
            return False
        length = self.u16(at + 2)
        if length == 0 and at == 0 and self.size > 0xFFFF:
            length = self.size
        word = self.u16(at + 6)
        offset = word & 0x1FFF
        tos = data[at + 1]
        self.add(
            f"SRC={quad(data, at + 12)} DST={quad(data, at + 16)} LEN={length} TOS=0x{tos & 0x1E:02X} "
            f"PREC=0x{tos & 0xE0:02X} TTL={data[at + 8]} ID={self.u16(at + 4)} "
        )
        for bit, name in ((0x8000, "CE "), (0x4000, "DF "), (0x2000, "MF ")):
            if word & bit:
                self.add(name)
        if offset:
            self.add(f"FRAG:{offset} ")
        header = (data[at] & 15) * 4
        if self.flags & IP_OPTIONS and header > 20:
            if at + header > self.size:
                self.add("TRUNCATED")
                return False
            self.add(f"OPT ({self.octets(at + 20, at + header)}) ")
        proto = data[at + 9]
        inner = at + header
        if proto == ICMP:
            self.icmp(inner, offset != 0, at == 0)
            return True
        if proto in (AH, ESP):
            self.ipsec(proto, inner, offset != 0)
            return True
        return self.transport(proto, inner, offset != 0)

    def icmp(self, at: int, fragment: bool, outermost: bool) -> None:
        self.add("PROTO=ICMP ")
        if fragment or not self.has(at, 8):
            return
        kind = self.data[at]
        code = self.data[at + 1]
        self.add(f"TYPE={kind} CODE={code} ")
        if not self.has(at, ICMP_LENGTHS.get(kind, 0)):
            return
        if kind == 0 or kind == 8:
            self.add(f"ID={self.u16(at + 4)} SEQ={self.u16(at + 6)} ")
        elif kind == 12:
            self.add(f"PARAMETER={self.data[at + 4]} ")
        elif kind in ICMP_QUOTING:
            if kind == 5:
                self.add(f"GATEWAY={quad(self.data, at + 4)} ")
            if outermost:
                self.add("[")
                self.ipv4(at + 8)
                self.add("] ")
            if kind == 3 and code == 4:
                self.add(f"MTU={self.u16(at + 6)} ")

    def ipsec(self, proto: int, at: int, fragment: bool) -> None:
        if proto == AH:
            if fragment:
                return
            self.add("PROTO=AH ")
            if self.has(at, 12):
                self.add(f"SPI=0x{self.u32(at + 4):x} ")
            return
        self.add("PROTO=ESP ")
        if not fragment and self.has(at, 8):
            self.add(f"SPI=0x{self.u32(at):x} ")

    # -- IPv6

    def ipv6(self, at: int, outermost: bool) -> bool:
        data = self.data
        if at + 40 > self.size:
            self.add("TRUNCATED")
            return False
        word = self.u32(at)
        length = self.u16(at + 4)
        if length == 0 and outermost and self.size > 0xFFFF:
            length = self.size - 40
        self.add(
            f"SRC={groups(data, at + 8)} DST={groups(data, at + 24)} LEN={length + 40} TC={word >> 20 & 0xFF} "
            f"HOPLIMIT={data[at + 7]} FLOWLBL={word & 0xFFFFF} "
        )
        options = self.flags & IP_OPTIONS != 0
        number = data[at + 6]
        at += 40
        fragment = False
        while number in EXTENSIONS:
            if at + 2 > self.size:
                self.add("TRUNCATED")
                return False
            if options:
                self.add("OPT ( ")
            length = self.extension(number, at, fragment, options)
            if length == 0:
                return False
            if number == FRAGMENT and self.u16(at + 2) & 0xFFF8:
                fragment = True
            if options:
                self.add(") ")
            number = data[at]
            at += length
        if number == ICMPV6:
            return self.icmpv6(at, fragment, outermost)
        return self.transport(number, at, fragment)

    def extension(self, number: int, at: int, fragment: bool, options: bool) -> int:
        """Dump one extension header; its length, 0 when nothing may follow."""
        data = self.data
        if number == FRAGMENT:
            self.add("FRAG:")
            if at + 8 > self.size:
                self.add("TRUNCATED ")
                return 0
            word = self.u16(at + 2)
            self.add(f"{word & 0xFFF8} {'INCOMPLETE ' if word & 1 else ''}ID:{self.u32(at + 4):08x} ")
            return 8
        if number in OPTION_HEADERS:
            if not fragment:
                return (data[at + 1] + 1) * 8
            if options:
                self.add(")")
            return 0
        if options:
            self.add("AH " if number == AH else "ESP ")
            if fragment:
                self.add(")")
                return 0
            if not self.has(at, 12 if number == AH else 8, " )"):
                return 0
            if number == AH:
                self.add(f"SPI=0x{self.u32(at + 4):x} ")
            else:
                self.add(f"SPI=0x{self.u32(at):x} )")
        return (data[at + 1] + 2) * 4 if number == AH else 0

    def icmpv6(self, at: int, fragment: bool, outermost: bool) -> bool:
        self.add("PROTO=ICMPv6 ")
        if fragment:
            return True
        if not self.has(at, 8):
            return False
        kind = self.data[at]
        self.add(f"TYPE={kind} CODE={self.data[at + 1]} ")
        if kind == 128 or kind == 129:
            self.add(f"ID={self.u16(at + 4)} SEQ={self.u16(at + 6)} ")
        elif kind in ICMPV6_QUOTING:
            if kind == 4:
                self.add(f"POINTER={self.u32(at + 4):08x} ")
            if outermost:
                self.add("[")
                self.ipv6(at + 8, False)
                self.add("] ")
            if kind == 2:
                self.add(f"MTU={self.u32(at + 4)} ")
        return True

    # -- both

    def transport(self, proto: int, at: int, fragment: bool) -> bool:
        dump = TRANSPORTS.get(proto)
        if dump is None:
            self.add(f"PROTO={proto} ")
            return True
        return dump(self, at, fragment)

    def tcp(self, at: int, fragment: bool) -> bool:
        self.add("PROTO=TCP ")
        if fragment:
            return True
        if not self.has(at, 20):
            return False
        self.add(f"SPT={self.u16(at)} DPT={self.u16(at + 2)} ")
        if self.flags & TCP_SEQUENCE:
            self.add(f"SEQ={self.u32(at + 4)} ACK={self.u32(at + 8)} ")
        word = self.u16(at + 12)
        self.add(f"WINDOW={self.u16(at + 14)} RES=0x{(word >> 9 & 7) << 3:02x} ")
        for bit, name in TCP_FLAGS:
            if word & bit:
                self.add(name)
        self.add(f"URGP={self.u16(at + 18)} ")
        header = (word >> 12) * 4
        if self.flags & TCP_OPTIONS and header > 20:
            if at + header > self.size:
                self.add("OPT (TRUNCATED)")
                return False
            self.add(f"OPT ({self.octets(at + 20, at + header)}) ")
        return True

    def udp(self, at: int, fragment: bool) -> bool:
        self.add("PROTO=UDP ")
        return self.udp_fields(at, fragment)

    def udplite(self, at: int, fragment: bool) -> bool:
        self.add("PROTO=UDPLITE ")
        return self.udp_fields(at, fragment)

    def udp_fields(self, at: int, fragment: bool) -> bool:
        if fragment:
            return True
        if not self.has(at, 8):
            return False
        self.add(f"SPT={self.u16(at)} DPT={self.u16(at + 2)} LEN={self.u16(at + 4)} ")
        return True


EXTENSIONS: Final = OPTION_HEADERS | {FRAGMENT, AH, ESP}

TRANSPORTS: Final[dict[int, Callable[[Line, int, bool], bool]]] = {
    TCP: Line.tcp,
    UDP: Line.udp,
    UDPLITE: Line.udplite,
}


def quad(data: bytearray, at: int) -> str:
    return f"{data[at]}.{data[at + 1]}.{data[at + 2]}.{data[at + 3]}"


def groups(data: bytearray, at: int) -> str:
    """An IPv6 address in eight groups, none left out."""
    return bytes(data[at : at + 16]).hex(":", 2)
