"""LOG, NFLOG, AUDIT and TRACE: what stands in the log, field by field."""

from __future__ import annotations

import struct

import pytest
from nat_world import World
from target_wire import (
    ACK,
    FIN,
    PSH,
    SYN,
    apply,
    context,
    icmp4,
    icmp6,
    ipv4,
    ipv6,
    summed,
    tcp4,
    tcp6,
    tcp_header,
    udp4,
    udp6,
    udp_header,
)

from engine.core.context import Context
from engine.core.hooks import IPV4, IPV6, OUTPUT
from engine.core.packet import Packet
from engine.core.verdict import CONTINUE
from engine.language.errors import Refused
from engine.language.rule import parse_rule

MAC = bytes.fromhex("020000000101") + bytes.fromhex("020000000110") + b"\x08\x00"
MAC_TEXT = "MAC=02:00:00:00:01:01:02:00:00:00:01:10:08:00 "
HEAD = f"IN=lan OUT=wan {MAC_TEXT}SRC=10.0.1.10 DST=10.0.2.10 "
HEAD6 = (
    f"IN=lan OUT=wan {MAC_TEXT}SRC=fd01:0000:0000:0000:0000:0000:0000:0010 DST=fd02:0000:0000:0000:0000:0000:0000:0010 "
)


def line(data: bytes, options: str = "", where: Context | None = None) -> str:
    """The line that LOG writes."""
    packet = Packet(data)
    where = where or context(packet.family)
    where.mac_header = where.mac_header or MAC
    outcome = apply(f"-j LOG {options}", data, where, "filter")
    assert outcome.verdict == CONTINUE
    (logged,) = where.shared.log
    assert logged.packet == data
    assert logged.group == -1
    return logged.text


TCP = "LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1000 DPT=80 "


@pytest.mark.parametrize(
    ("data", "options", "rest"),
    [
        (tcp4(SYN), "", TCP + "WINDOW=1000 RES=0x00 SYN URGP=0 "),
        (tcp4(SYN), "--log-tcp-sequence", TCP + "SEQ=5000 ACK=0 WINDOW=1000 RES=0x00 SYN URGP=0 "),
        (
            tcp4(SYN, options=b"\x02\x04\x05\xb4"),
            "--log-tcp-options",
            TCP.replace("40", "44") + "WINDOW=1000 RES=0x00 SYN URGP=0 OPT (020405B4) ",
        ),
        (
            tcp4(0xFF),
            "",
            TCP + "WINDOW=1000 RES=0x00 CWR ECE URG ACK PSH RST SYN FIN URGP=0 ",
        ),
        (tcp4(FIN | PSH | ACK), "", TCP + "WINDOW=1000 RES=0x00 ACK PSH FIN URGP=0 "),
        (
            udp4(tos=0xB8, ttl=9, number=777),
            "",
            "LEN=29 TOS=0x18 PREC=0xA0 TTL=9 ID=777 PROTO=UDP SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            summed(ipv4(17, udp_header(), word=0xC000)),
            "",
            "LEN=29 TOS=0x00 PREC=0x00 TTL=64 ID=1 CE DF PROTO=UDP SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            ipv4(17, udp_header(data=b"x" * 16), word=0x2000),
            "",
            "LEN=44 TOS=0x00 PREC=0x00 TTL=64 ID=1 MF PROTO=UDP SPT=1000 DPT=53 LEN=24 ",
        ),
        (
            ipv4(17, b"x" * 16, word=13),
            "",
            "LEN=36 TOS=0x00 PREC=0x00 TTL=64 ID=1 FRAG:13 PROTO=UDP ",
        ),
        (
            summed(ipv4(17, udp_header(), options=b"\x94\x04\x00\x00")),
            "--log-ip-options",
            "LEN=33 TOS=0x00 PREC=0x00 TTL=64 ID=1 OPT (94040000) PROTO=UDP SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            summed(ipv4(136, udp_header())),
            "",
            "LEN=29 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=UDPLITE SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            icmp4(8, rest=b"\0\x07\0\x02"),
            "",
            "LEN=28 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=8 CODE=0 ID=7 SEQ=2 ",
        ),
        (icmp4(13, rest=bytes(16)), "", "LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=13 CODE=0 "),
        (icmp4(13), "", "LEN=28 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=13 CODE=0 INCOMPLETE [8 bytes] "),
        (icmp4(42), "", "LEN=28 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=42 CODE=0 "),
        (ipv4(1, b"\x08\0\0"), "", "LEN=23 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP INCOMPLETE [3 bytes] "),
        (ipv4(6, b"\0\x01"), "", "LEN=22 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP INCOMPLETE [2 bytes] "),
        (ipv4(50, struct.pack("!II", 0xABC, 1)), "", "LEN=28 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ESP SPI=0xabc "),
        (
            ipv4(51, bytes(4) + struct.pack("!II", 0xABC, 1)),
            "",
            "LEN=32 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=AH SPI=0xabc ",
        ),
        (ipv4(50, b"12"), "", "LEN=22 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ESP INCOMPLETE [2 bytes] "),
        (ipv4(51, b"1" * 12, word=1), "", "LEN=32 TOS=0x00 PREC=0x00 TTL=64 ID=1 FRAG:1 "),
        (ipv4(89, b"12"), "", "LEN=22 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=89 "),
    ],
)
def test_ipv4(data: bytes, options: str, rest: str) -> None:
    assert line(data, options) == HEAD + rest


def test_reserved_bits() -> None:
    header = bytearray(tcp_header(SYN))
    header[12] |= 0x0F
    assert "RES=0x38 AE SYN URGP=0 " in line(ipv4(6, bytes(header)))


def test_icmp_errors_show_the_packet_they_are_about() -> None:
    inside = tcp4(SYN, src="10.0.2.10", dst="10.0.1.10")
    quoted = (
        "[SRC=10.0.2.10 DST=10.0.1.10 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 "
        "PROTO=TCP SPT=1000 DPT=80 WINDOW=1000 RES=0x00 SYN URGP=0 ] "
    )
    head = HEAD + "LEN=68 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP "
    assert line(icmp4(3, 3, data=inside)) == f"{head}TYPE=3 CODE=3 {quoted}"
    assert line(icmp4(3, 4, rest=b"\0\0\x05\x78", data=inside)) == f"{head}TYPE=3 CODE=4 {quoted}MTU=1400 "
    assert line(icmp4(5, 1, rest=b"\x0a\0\0\x01", data=inside)) == f"{head}TYPE=5 CODE=1 GATEWAY=10.0.0.1 {quoted}"
    assert line(icmp4(11, data=inside)) == f"{head}TYPE=11 CODE=0 {quoted}"
    assert line(icmp4(12, rest=b"\x09\0\0\0", data=inside)) == f"{head}TYPE=12 CODE=0 PARAMETER=9 "
    cut = line(icmp4(3, 3, data=inside[:28]))
    assert cut.endswith("ID=1 PROTO=TCP INCOMPLETE [8 bytes] ] ")
    nested = line(icmp4(3, 3, data=icmp4(3, 1, data=inside)))
    assert nested.endswith("PROTO=ICMP TYPE=3 CODE=1 ] ")  # one level deep
    assert line(icmp4(3, 3)).endswith("TYPE=3 CODE=3 INCOMPLETE [8 bytes] ")


@pytest.mark.parametrize(
    ("data", "options", "rest"),
    [
        (tcp6(SYN), "", "LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=TCP SPT=1000 DPT=80 WINDOW=1000 RES=0x00 SYN URGP=0 "),
        (
            udp6(tc=0xB8, hops=3, label=0x12345),
            "",
            "LEN=49 TC=184 HOPLIMIT=3 FLOWLBL=74565 PROTO=UDP SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            icmp6(128, rest=b"\0\x07\0\x02"),
            "",
            "LEN=48 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=ICMPv6 TYPE=128 CODE=0 ID=7 SEQ=2 ",
        ),
        (icmp6(135), "", "LEN=48 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=ICMPv6 TYPE=135 CODE=0 "),
        (icmp6(130), "", "LEN=48 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=ICMPv6 TYPE=130 CODE=0 "),
        (ipv6(58, b"\x80"), "", "LEN=41 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=ICMPv6 INCOMPLETE [1 bytes] "),
        (ipv6(59), "", "LEN=40 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=59 "),
        (ipv6(89, b"1"), "", "LEN=41 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=89 "),
        (
            ipv6(44, struct.pack("!BBHI", 17, 0, 0x19, 0xABCDEF) + b"x" * 8),
            "",
            "LEN=56 TC=0 HOPLIMIT=64 FLOWLBL=0 FRAG:24 INCOMPLETE ID:00abcdef PROTO=UDP ",
        ),
        (
            ipv6(44, struct.pack("!BBHI", 17, 0, 1, 7) + udp_header()),
            "",
            "LEN=57 TC=0 HOPLIMIT=64 FLOWLBL=0 FRAG:0 INCOMPLETE ID:00000007 PROTO=UDP SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            ipv6(0, b"\x3c\0\x05\x02\0\0\x01\0" + b"\x11\0\x01\x04\0\0\0\0" + udp_header()),
            "--log-ip-options",
            "LEN=65 TC=0 HOPLIMIT=64 FLOWLBL=0 OPT ( ) OPT ( ) PROTO=UDP SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            ipv6(51, b"\x11\x04\0\0" + struct.pack("!II", 0xABC, 1) + bytes(12) + udp_header()),
            "--log-ip-options",
            "LEN=73 TC=0 HOPLIMIT=64 FLOWLBL=0 OPT ( AH SPI=0xabc ) PROTO=UDP SPT=1000 DPT=53 LEN=9 ",
        ),
        (
            ipv6(50, struct.pack("!II", 0xABC, 1)),
            "--log-ip-options",
            "LEN=48 TC=0 HOPLIMIT=64 FLOWLBL=0 OPT ( ESP SPI=0xabc )",
        ),
        (ipv6(50, struct.pack("!II", 0xABC, 1)), "", "LEN=48 TC=0 HOPLIMIT=64 FLOWLBL=0 "),
        (ipv6(60, b"\x11"), "", "LEN=41 TC=0 HOPLIMIT=64 FLOWLBL=0 TRUNCATED"),
        (
            icmp6(2, rest=struct.pack("!I", 1280), data=udp6()),
            "",
            "LEN=97 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=ICMPv6 TYPE=2 CODE=0 "
            "[SRC=fd01:0000:0000:0000:0000:0000:0000:0010 DST=fd02:0000:0000:0000:0000:0000:0000:0010 "
            "LEN=49 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=UDP SPT=1000 DPT=53 LEN=9 ] MTU=1280 ",
        ),
        (
            icmp6(4, 1, rest=struct.pack("!I", 40), data=b"x"),
            "",
            "LEN=49 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=ICMPv6 TYPE=4 CODE=1 POINTER=00000028 [TRUNCATED] ",
        ),
    ],
)
def test_ipv6(data: bytes, options: str, rest: str) -> None:
    assert line(data, options) == HEAD6 + rest


def test_devices() -> None:
    where = context()
    where.indev, where.outdev = "", "wan"
    assert line(udp4(), "", where).startswith("IN= OUT=wan SRC=")  # no MAC without a device it came by
    where = context()
    where.indev, where.outdev, where.physin, where.physout = "br0", "br0", "port1", "port2"
    assert line(udp4(), "", where).startswith(f"IN=br0 OUT=br0 PHYSIN=port1 PHYSOUT=port2 {MAC_TEXT}SRC=")
    where = context()
    apply("-j LOG", udp4(), where, "filter")
    assert where.shared.log[0].text.startswith("IN=lan OUT=wan MAC= SRC=")  # the link header is not known


def test_mac_can_be_split_up() -> None:
    split = "MACSRC=02:00:00:00:01:10 MACDST=02:00:00:00:01:01 MACPROTO=0800 "
    assert line(udp4(), "--log-macdecode").startswith(f"IN=lan OUT=wan {split}SRC=")
    where = context()
    where.indev = "lo"
    assert line(udp4(), "--log-macdecode", where).startswith(f"IN=lo OUT=wan {MAC_TEXT}")


def test_owner_and_mark_come_last() -> None:
    where = context(IPV4, OUTPUT)
    where.indev, where.mark, where.uid, where.gid = "", 0x2A, 1000, 100
    assert line(udp4(), "--log-uid", where).endswith("LEN=9 UID=1000 GID=100 MARK=0x2a ")
    where = context(IPV6)
    where.mark = 1
    assert line(udp6(), "", where).endswith("LEN=9 MARK=0x1 ")
    where = context()
    where.mark = 1
    assert line(ipv4(6, b""), "", where).endswith("INCOMPLETE [0 bytes] ")  # nothing follows a cut TCP header
    where = context()
    where.mark = 1
    assert line(ipv4(1, b""), "", where).endswith("INCOMPLETE [0 bytes] MARK=0x1 ")


def test_prefix_and_level() -> None:
    where = context()
    apply('-j LOG --log-level debug --log-prefix "in: "', udp4(), where, "filter")
    (logged,) = where.shared.log
    assert (logged.level, logged.text[:11]) == (7, "in: IN=lan ")


def test_every_byte_can_be_logged() -> None:
    """No packet is too broken."""
    whole = tcp4(SYN, options=b"\x02\x04\x05\xb4")
    for cut in range(20, len(whole)):
        data = bytearray(whole[:cut])
        data[2:4] = cut.to_bytes(2, "big")
        assert line(bytes(data), "--log-tcp-options --log-ip-options --log-tcp-sequence")
    for kind in range(256):
        for data6 in (ipv6(kind, b"\0" * 7), ipv6(0, bytes((kind, 0)) + bytes(6)), icmp6(kind, data=bytes(50))):
            assert line(data6, "--log-ip-options")


# -- NFLOG, AUDIT


def test_nflog() -> None:
    where = context()
    apply('-j NFLOG --nflog-group 3 --nflog-prefix "x " --nflog-size 28', udp4(), where, "filter")
    (logged,) = where.shared.log
    assert (logged.group, logged.prefix, logged.packet) == (3, "x ", udp4()[:28])
    assert logged.text.startswith("x IN=lan OUT=wan ")
    apply("-j NFLOG", udp4(), where, "filter")
    assert where.shared.log[1].packet == udp4()


def test_nflog_writes_about_the_bytes_that_it_hands_over() -> None:
    where = context()
    apply("-j NFLOG --nflog-size 24", udp4(), where, "filter")
    apply("-j NFLOG --nflog-size 19", udp4(), where, "filter")
    apply("-j NFLOG --nflog-size 4000", udp4(), where, "filter")
    cut, less, whole = (logged.text for logged in where.shared.log)
    assert "PROTO=UDP INCOMPLETE [4 bytes]" in cut and "SPT" not in cut
    assert "TRUNCATED" in less and "SRC" not in less
    assert "PROTO=UDP SPT=" in whole


@pytest.mark.parametrize(("rule", "named"), [("LOG --log", "log"), ("NFLOG --nflog", "log"), ("ULOG --ulog", "ulog")])
@pytest.mark.parametrize("prefix", ["a\nb", "a" * 200 + "\n"])  # also where it would be cut off
def test_a_prefix_is_one_line(rule: str, named: str, prefix: str) -> None:
    target, option = rule.split()
    words = ["-j", target, f"{option}-prefix", prefix]
    with pytest.raises(Refused, match=f"Newlines not allowed in --{named}-prefix"):
        parse_rule(words, IPV4, "filter")


def test_audit() -> None:
    where = context()
    for _ in range(2):
        apply("-j AUDIT --type drop", udp4(), where, "filter")
    first, second = where.shared.log
    tail = "mark=0xffffffff saddr=10.0.1.10 daddr=10.0.2.10 proto=17"
    assert first.text == f"audit: type=1324 audit(1000.000:1): {tail}"
    assert second.text == f"audit: type=1324 audit(1000.000:2): {tail}"


# -- TRACE: the lines that Linux 6.18 reported for the same rules and packet

RULES = """*raw
-A PREROUTING -p udp -j TRACE
-A PREROUTING -p udp
-A PREROUTING -j ACCEPT
-A PREROUTING
COMMIT
*mangle
:A - [0:0]
:B - [0:0]
:C - [0:0]
-A PREROUTING
-A PREROUTING -p tcp -j DROP
-A PREROUTING -j A
-A PREROUTING -p udp -j B
-A PREROUTING -g C
-A PREROUTING -j DROP
-A A -p udp -m comment --comment x
-A A -m comment --comment y -j RETURN
-A B -j MARK --set-mark 1
-A B -j RETURN
-A C -p udp -j ACCEPT
-A FORWARD -g A
-A FORWARD -j DROP
COMMIT
*filter
:D - [0:0]
-A FORWARD -i + -j D
-A FORWARD -j RETURN
-A FORWARD -j DROP
-A D -s 10.0.0.0/8 -j RETURN
COMMIT
"""
TRACE = """
raw:PREROUTING:rule:2
raw:PREROUTING:policy:3
mangle:PREROUTING:rule:1
mangle:PREROUTING:rule:3
mangle:A:rule:1
mangle:A:rule:2
mangle:PREROUTING:rule:4
mangle:B:rule:1
mangle:B:return:2
mangle:PREROUTING:rule:5
mangle:C:rule:1
mangle:FORWARD:rule:1
mangle:A:rule:1
mangle:A:rule:2
mangle:FORWARD:policy:3
filter:FORWARD:rule:1
filter:D:rule:1
filter:FORWARD:policy:2
filter:FORWARD:policy:4
mangle:POSTROUTING:policy:1
"""


@pytest.mark.parametrize("explaining", [False, True])
def test_trace(explaining: bool) -> None:
    world = World()
    world.engine.load(RULES)
    world.engine.tracing = explaining
    lines = world.log
    world.send("lan", udp4(src="10.0.1.2", dst="10.0.2.2"))
    assert [one.prefix for one in lines] == [f"TRACE: {place} " for place in TRACE.split()]
    assert lines[0].text.startswith("TRACE: raw:PREROUTING:rule:2 IN=lan OUT= MAC= SRC=10.0.1.2 ")
    assert lines[-1].text.endswith("LEN=9 MARK=0x1 ")
    lines.clear()
    world.send("lan", tcp4(SYN, src="10.0.1.2", dst="10.0.2.2"))
    assert lines == []
