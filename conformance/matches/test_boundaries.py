"""Each option of each match at its boundaries: the value just inside and just outside, inverted, the first and the last
element of a list, both families. A scenario is a table of rules and the packets that each of them means."""

import struct

from conformance.matches.measuring import means
from conformance.vocabulary import case, icmp, icmp6, ip, ip6, tcp, udp, udp6


def about(packets, rules, family=4, needs=""):
    return {"packets": packets, "rules": rules, "family": family, "needs": f"{needs} ipv6".strip() if family == 6 else needs}


def ports(*pairs, make=udp, **fields):
    """Packets of different sizes, each called by its ports."""
    return {f"{sport}-{dport}": make(f"client:{sport} > server:{dport}", bytes(1 << number), **fields)
            for number, (sport, dport) in enumerate(pairs)}  # fmt: skip


PORT_PAIRS = ((1000, 19), (1000, 20), (1000, 30), (1000, 31), (20, 1000), (30, 1000), (31, 5120), (40, 40), (53, 7680))
# What is true of udp, tcp, sctp and dccp alike
PORT_RULES = """
    --dport 20:30                    | 1000-20 1000-30
    ! --dport 20:30                  | 1000-19 1000-31 20-1000 30-1000 31-5120 40-40 53-7680
    --sport 20:30                    | 20-1000 30-1000
    ! --sport 20:30                  | 1000-19 1000-20 1000-30 1000-31 31-5120 40-40 53-7680
    --sport 1000 --dport 20          | 1000-20
    ! --sport 30 --dport 1000        | 20-1000
    --sport 1000 ! --dport 20:30     | 1000-19 1000-31
    --dport :20                      | 1000-19 1000-20
    --sport 53:                      | 1000-19 1000-20 1000-30 1000-31 53-7680
    -m multiport --dports 20,30      | 1000-20 1000-30
    -m multiport --dports 20:30      | 1000-20 1000-30
    -m multiport ! --dports 20:30,40 | 1000-19 1000-31 20-1000 30-1000 31-5120 53-7680
    -m multiport --sports 20:30      | 20-1000 30-1000
    -m multiport ! --sports 1000,40  | 20-1000 30-1000 31-5120 53-7680
    -m multiport --sports 53,31      | 31-5120 53-7680
    -m multiport --ports 20,30       | 1000-20 1000-30 20-1000 30-1000
    -m multiport --ports 40          | 40-40
    -m multiport ! --ports 1000      | 31-5120 40-40 53-7680
    -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,7680 | 53-7680
"""


def port_rules(protocol):
    return "\n".join(f"-p {protocol} {line.strip()}" for line in PORT_RULES.strip().splitlines())


def options(data, **fields):
    return tcp("client:1 > server:99", "SYN", tcp_options=bytes.fromhex(data), **fields)


TCP_OPTIONS = {
    "none": tcp("client:1 > server:99", "SYN"),
    "mss": options("020405b4", payload="1"),
    "padded": options("01010101 020405b5", payload="22"),
    "stamp": options("0101 080a 02020202 03030303", payload="4444"),
    "zero-long": options("05000303", payload="8" * 8),
    "last-byte": options("01010107", payload="1" * 16),
    "too-long": options("01090707", payload="2" * 32),
    "short-mss": options("01020305 01010103", payload="4" * 64),
    "cut-mss": options("01020405", payload="\xb4" + "7" * 299),
    "wrong-mss": options("02030501 02040514", payload="5" * 128),
}
TCP_FLAGS = {name: tcp("client:1 > server:99", name, "x" * (1 << number)) for number, name in enumerate(
    ("SYN", "SYN,ACK", "ACK", "FIN", "RST", "PSH,URG", "FIN,SYN,RST,PSH,ACK,URG", "none"))}


def dccp_packet(flow, body=b"", kind=0, wide=0, offset=None, options=b""):
    sport, dport = (int(end.split(":")[1]) for end in flow.split(" > "))
    fill = bytes((4 if wide else 0) + (4, 12, 0, 8, 8, 8, 8, 12, 8, 8, 12, 12, 12, 12, 12, 12)[kind])
    words = (12 + len(fill) + len(options)) // 4 if offset is None else offset
    head = struct.pack("!HHBBHBBH", sport, dport, words, 0, 0, kind << 1 | wide, 0, 1)
    return ip("client > server", 33, head + fill + options + body)


def dccp_kinds():
    return {f"t{kind}": dccp_packet("a:1 > b:2", bytes(1 << number), kind) for number, kind in enumerate((0, 1, 4, 9, 10, 15))}


def sctp_packet(flow, body=b"", chunks=((0, 3, b"x"),)):
    """chunks: (type, flags, data)"""
    sport, dport = (int(end.split(":")[1]) for end in flow.split(" > "))
    data = b"".join(struct.pack("!BBH", kind, flags, 4 + len(each)) + each + bytes(-len(each) % 4) for kind, flags, each in chunks)
    return ip("client > server", 132, struct.pack("!HHII", sport, dport, 1, 0) + data + body)


def chunked(*chunks):
    return sctp_packet("a:1 > b:2", chunks=chunks)


def sized(make, sizes, **fields):
    return {str(size): make("client:1 > server:2", size=size - (28 if make is udp else 48), **fields) for size in sizes}


def from_hosts(make, hosts, to="server"):
    return {host.replace(":", "."): make(f"{host}:1 > {to}:2", bytes(1 << number)) for number, host in enumerate(hosts)}


def kinds(make, *pairs):
    """ICMP messages, each called TYPE-CODE."""
    return {f"{kind}-{code}": make("client > server", (kind, code), payload=bytes(1 << number))
            for number, (kind, code) in enumerate(pairs)}  # fmt: skip


def behind(number, *bodies):
    """IPv6 extension headers of one kind, the next header number not included, with udp behind them."""
    udp_header = struct.pack("!HHHH", 1, 2, 8, 0)
    return {name: ip6("client > server", number, bytes((17,)) + bytes.fromhex(body) + udp_header + bytes(1 << place))
            for place, (name, body) in enumerate(bodies)}  # fmt: skip


A, B, C = (f"20010db80009000000000000000000{number:02x}" for number in (1, 2, 3))

SUBJECTS = {
    "udp-ports": about(ports(*PORT_PAIRS), port_rules("udp")),
    "tcp-ports": about(ports(*PORT_PAIRS, make=lambda flow, body: tcp(flow, "ACK", body)), port_rules("tcp")),
    "udp6-ports": about(ports(*PORT_PAIRS, make=udp6), port_rules("udp"), 6),
    "dccp-ports": about(ports(*PORT_PAIRS, make=lambda flow, body: dccp_packet(flow, body)), port_rules("dccp"), needs="match-dccp"),
    "sctp-ports": about(ports(*PORT_PAIRS, make=lambda flow, body: sctp_packet(flow, chunks=((0, 3, body),))), port_rules("sctp"), needs="match-sctp"),
    "tcp-options": about(TCP_OPTIONS, """
        -p tcp --tcp-option 2              | mss padded short-mss cut-mss wrong-mss
        -p tcp ! --tcp-option 2            | none stamp zero-long last-byte too-long
        -p tcp --tcp-option 3              | zero-long short-mss
        -p tcp --tcp-option 5              | zero-long
        -p tcp --tcp-option 7              | last-byte
        -p tcp --tcp-option 8              | stamp
        -p tcp --tcp-option 9              | too-long
        -p tcp --tcp-option 1              | padded stamp last-byte too-long short-mss cut-mss wrong-mss
        -p tcp -m tcpmss --mss 1460        | mss
        -p tcp -m tcpmss --mss 1460:1461   | mss padded
        -p tcp -m tcpmss --mss 1461:1500   | padded
        -p tcp -m tcpmss --mss 1300        | wrong-mss
        -p tcp -m tcpmss ! --mss 1460      | none padded stamp zero-long last-byte too-long short-mss cut-mss wrong-mss
        -p tcp -m tcpmss ! --mss 0:65535   | none stamp zero-long last-byte too-long short-mss cut-mss
    """),
    "tcp-flags": about(TCP_FLAGS, """
        -p tcp --tcp-flags SYN,RST,ACK SYN | SYN
        -p tcp ! --tcp-flags SYN,RST,ACK SYN | SYN,ACK ACK FIN RST PSH,URG FIN,SYN,RST,PSH,ACK,URG none
        -p tcp --tcp-flags ALL ALL         | FIN,SYN,RST,PSH,ACK,URG
        -p tcp --tcp-flags FIN FIN         | FIN FIN,SYN,RST,PSH,ACK,URG
        -p tcp --tcp-flags PSH,URG PSH,URG | PSH,URG FIN,SYN,RST,PSH,ACK,URG
        -p tcp --tcp-flags PSH,URG NONE    | SYN SYN,ACK ACK FIN RST none
        -p tcp --tcp-flags ALL RST         | RST
        -p tcp --syn                       | SYN
        -p tcp ! --syn                     | SYN,ACK ACK FIN RST PSH,URG FIN,SYN,RST,PSH,ACK,URG none
        -p tcp --tcp-flags ACK ACK         | SYN,ACK ACK FIN,SYN,RST,PSH,ACK,URG
    """),
    "dccp": about({**dccp_kinds(), "wide": dccp_packet("a:1 > b:2", b"1" * 64, 2, 1, options=bytes.fromhex("00002903")),
                   "first": dccp_packet("a:1 > b:2", b"1" * 128, 2, options=bytes.fromhex("29030000")),
                   "in-body": dccp_packet("a:1 > b:2", bytes.fromhex("2903") + bytes(254), 3)}, """
        -p dccp --dccp-types REQUEST           | t0
        -p dccp --dccp-types RESPONSE,DATAACK  | t1 t4
        -p dccp ! --dccp-types RESPONSE,DATAACK | t0 t9 t10 t15 wide first in-body
        -p dccp --dccp-types SYNCACK           | t9
        -p dccp --dccp-types INVALID           | t10 t15
        -p dccp --dccp-types DATA --dccp-option 41 | wide first
        -p dccp --dccp-option 41               | wide first
        -p dccp ! --dccp-option 41             | t0 t1 t4 t9 t10 t15 in-body
        -p dccp --dccp-types ACK ! --dccp-option 41 | in-body
        -p dccp ! --dport 3 --dccp-types REQUEST | t0
    """, needs="match-dccp"),
    "sctp-chunks": about({
        "data": chunked((0, 3, b"abc")), "bits": chunked((0, 4, b"abcdefgh")), "init": chunked((1, 0, bytes(16))),
        "both": chunked((0, 3, b"abcde"), (3, 0, bytes(12))), "other": chunked((3, 0, bytes(12)), (10, 0, bytes(20))),
        "twice": chunked((0, 3, bytes(32)), (0, 0, bytes(32))), "high": chunked((192, 0, bytes(101))),
        "abort": chunked((6, 1, bytes(200))), "done": chunked((14, 0, b"")),
        "three": chunked((4, 0, b"12345"), (5, 0, b"1234567"), (0, 0x0B, bytes(400)))}, """
        -p sctp --chunk-types any DATA             | data bits both twice three
        -p sctp ! --chunk-types any DATA           | init other high abort done
        -p sctp --chunk-types all DATA,SACK        | both
        -p sctp ! --chunk-types all DATA,SACK      | data bits init other twice high abort done three
        -p sctp --chunk-types all HEARTBEAT,HEARTBEAT_ACK,DATA | three
        -p sctp --chunk-types all HEARTBEAT_ACK    | three
        -p sctp --chunk-types only DATA            | data bits twice
        -p sctp --chunk-types only DATA,SACK       | data bits both twice
        -p sctp ! --chunk-types only DATA,SACK     | init other high abort done three
        -p sctp --chunk-types any DATA:B           | data both twice three
        -p sctp --chunk-types any DATA:b           | bits twice
        -p sctp --chunk-types any DATA:Be          |
        -p sctp --chunk-types any DATA:BE          | data both twice three
        -p sctp --chunk-types any DATA:Ue          | bits
        -p sctp --chunk-types any DATA:I           | three
        -p sctp --chunk-types any DATA:iuBE        | data both twice
        -p sctp --chunk-types only DATA:BE         | data
        -p sctp --chunk-types all DATA:be          | bits twice
        -p sctp --chunk-types any ABORT:T          | abort
        -p sctp --chunk-types any ABORT:t          |
        -p sctp --chunk-types any SHUTDOWN_COMPLETE:t | done
        -p sctp --chunk-types any FORWARD_TSN,INIT | init high
        -p sctp --chunk-types any ALL              | data bits init both other twice high abort done three
        -p sctp --chunk-types only NONE            |
    """, needs="match-sctp"),
    "length": about(sized(udp, (28, 49, 50, 60, 61, 300)), """
        -m length --length 50:60     | 50 60
        -m length ! --length 50:60   | 28 49 61 300
        -m length --length 50        | 50
        -m length ! --length 50      | 28 49 60 61 300
        -m length --length :50       | 28 49 50
        -m length --length 60:       | 60 61 300
        -m length --length 0:65535   | 28 49 50 60 61 300
    """),
    "length6": about(sized(udp6, (69, 70, 80, 81)), """
        -m length --length 70:80     | 70 80
        -m length ! --length 70:80   | 69 81
    """, 6),
    "ttl": about({str(ttl): udp("client:1 > server:2", bytes(ttl), ttl=ttl + 1) for ttl in (9, 10, 11, 254)}, """
        -m ttl --ttl-eq 10           | 10
        -m ttl ! --ttl-eq 10         | 9 11 254
        -m ttl --ttl-lt 10           | 9
        -m ttl --ttl-gt 10           | 11 254
    """),
    "hl": about({str(ttl): udp6("client:1 > server:2", bytes(ttl), ttl=ttl + 1) for ttl in (9, 10, 11, 254)}, """
        -m hl --hl-eq 10             | 10
        -m hl ! --hl-eq 10           | 9 11 254
        -m hl --hl-lt 10             | 9
        -m hl --hl-gt 10             | 11 254
    """, 6),
    "tos": about({f"{tos:02x}": udp("client:1 > server:2", bytes(1 << number), tos=tos)
                  for number, tos in enumerate((0x00, 0x10, 0x11, 0x13, 0x28, 0x50, 0xB8, 0xFF))}, """
        -m tos --tos 0x10            | 10
        -m tos ! --tos 0x10          | 00 11 13 28 50 b8 ff
        -m tos --tos 0x10/0x3f       | 10 50
        -m tos --tos Minimize-Delay  | 10 50
        -m tos --tos 0x01/0x01       | 11 13 ff
        -m tos ! --tos 0x10/0xf0     | 00 28 50 b8 ff
        -m dscp --dscp 4             | 10 11 13
        -m dscp ! --dscp 4           | 00 28 50 b8 ff
        -m dscp --dscp-class EF      | b8
        -m dscp ! --dscp-class BE    | 10 11 13 28 50 b8 ff
        -m dscp --dscp-class AF11    | 28
        -m dscp --dscp 0x3f          | ff
        -m ecn --ecn-ip-ect 0        | 00 10 28 50 b8
        -m ecn --ecn-ip-ect 1        | 11
        -m ecn --ecn-ip-ect 3        | 13 ff
        -m ecn ! --ecn-ip-ect 3      | 00 10 11 28 50 b8
    """),
    "tos6": about({f"{tos:02x}": udp6("client:1 > server:2", bytes(1 << number), tos=tos) for number, tos in enumerate((0x10, 0x11, 0xB8, 0xFF))}, """
        -m tos --tos 0x10            | 10
        -m dscp --dscp-class EF      | b8
        -m ecn --ecn-ip-ect 1        | 11
        -m ecn ! --ecn-ip-ect 0      | 11 ff
    """, 6),
    "ecn-tcp": about({name: tcp("client:1 > server:2", name, "x" * (1 << number)) for number, name in enumerate(("SYN", "SYN,ECE", "SYN,CWR", "SYN,ECE,CWR"))}, """
        -p tcp -m ecn --ecn-tcp-ece                  | SYN,ECE SYN,ECE,CWR
        -p tcp -m ecn ! --ecn-tcp-ece                | SYN SYN,CWR
        -p tcp -m ecn --ecn-tcp-cwr                  | SYN,CWR SYN,ECE,CWR
        -p tcp -m ecn ! --ecn-tcp-cwr                | SYN SYN,ECE
        -p tcp -m ecn --ecn-tcp-cwr --ecn-tcp-ece    | SYN,ECE,CWR
        -p tcp -m ecn --ecn-tcp-cwr ! --ecn-tcp-ece  | SYN,CWR
        -p tcp -m ecn ! --ecn-tcp-cwr ! --ecn-tcp-ece | SYN
        -p tcp -m ecn --ecn-tcp-ece --ecn-ip-ect 0   | SYN,ECE SYN,ECE,CWR
        -p tcp -m ecn --ecn-tcp-ece --ecn-ip-ect 1   |
    """),
    "iprange": about({**from_hosts(udp, ("10.0.1.2", "10.0.1.3", "10.0.1.5", "10.0.1.6")),
                      **{name: udp(f"10.0.1.3:1 > {name}:2", bytes(100 << number)) for number, name in enumerate(("10.0.2.20", "10.0.2.21", "10.0.2.22"))}}, """
        -m iprange --src-range 10.0.1.3-10.0.1.5     | 10.0.1.3 10.0.1.5 10.0.2.20 10.0.2.21 10.0.2.22
        -m iprange ! --src-range 10.0.1.3-10.0.1.5   | 10.0.1.2 10.0.1.6
        -m iprange --src-range 10.0.1.5              | 10.0.1.5
        -m iprange --dst-range 10.0.2.20-10.0.2.21   | 10.0.2.20 10.0.2.21
        -m iprange ! --dst-range 10.0.2.20-10.0.2.21 | 10.0.1.2 10.0.1.3 10.0.1.5 10.0.1.6 10.0.2.22
        -m iprange --src-range 10.0.1.3-10.0.1.4 ! --dst-range 10.0.2.21-10.0.2.22 | 10.0.1.3 10.0.2.20
        -m iprange ! --src-range 10.0.1.3 --dst-range 10.0.2.10 | 10.0.1.2 10.0.1.5 10.0.1.6
    """),
    "iprange6": about({str(last): udp6(f"[2001:db8:1::{last:x}]:1 > server:2", bytes(last)) for last in (0x1F, 0x20, 0x30, 0x31)}, """
        -m iprange --src-range 2001:db8:1::20-2001:db8:1::30   | 32 48
        -m iprange ! --src-range 2001:db8:1::20-2001:db8:1::30 | 31 49
        -m iprange --src-range 2001:db8:1::20                  | 32
        -m iprange --dst-range 2001:db8:2::10-2001:db8:2::10   | 31 32 48 49
        -m iprange ! --dst-range 2001:db8:2::11-2001:db8:2::12 | 31 32 48 49
    """, 6),
    "u32": about({"empty": udp("client:1000 > server:2000"), "four": udp("client:1000 > server:2001", bytes.fromhex("00010203")),
                  "step": udp("client:1000 > server:2001", bytes.fromhex("0c000000 deadbeef")),
                  "long": udp("client:1001 > server:2001", bytes(9) + bytes.fromhex("0a0b0c0d"))}, """
        -m u32 --u32 "28=0x10203"                      | four
        -m u32 --u32 "28=0:0xffffffff"                 | four step long
        -m u32 ! --u32 "28=0:0xffffffff"               | empty
        -m u32 --u32 "29=0:0xffffffff"                 | step long
        -m u32 --u32 "0&0xffff=28"                     | empty
        -m u32 --u32 "0&0xffff=28:32"                  | empty four
        -m u32 --u32 "0&0xffff=27,32,41"               | four long
        -m u32 --u32 "0&0xffff=29:31,33:36"            | step
        -m u32 ! --u32 "0&0xffff=29:31,33:36"          | empty four long
        -m u32 --u32 "6 & 0xff = 17 && 20 >> 16 = 1001" | long
        -m u32 --u32 "6&0xff=17&&20>>16=1000&&22=0:0xffffffff" | empty four step
        -m u32 --u32 "6&0xff=6&&20>>16=1000"           |
        -m u32 --u32 "20<<16=0x7d00000"                | empty
        -m u32 --u32 "20>>8&0xff00=0x300,0xe800"       | empty four step
        -m u32 --u32 "0>>22&0x3C@0>>16=1000"           | empty four step
        -m u32 --u32 "0>>22&0x3C@8=0:0xffffffff"       | four step long
        -m u32 --u32 "0>>22&0x3C@8>>24@0=0xdeadbeef"   | step
        -m u32 --u32 "0>>22&0x3C@8>>24@1=0:0xffffffff" | four long
        -m u32 --u32 "37=0x0a0b0c0d"                   | long
        -m u32 --u32 "38=0:0xffffffff"                 |
        -m u32 ! --u32 "6&0xff=17&&28=0x10203"         | empty step long
    """, needs="match-u32"),
    "string": about({"low": udp("client:1 > server:2", "abcdehello"), "high": udp("client:1 > server:2", "abcdeHELLO."),
                     "far": udp("client:1 > server:2", "x" * 20 + "hello"), "split": udp("client:1 > server:2", "hel.lo..."),
                     "bytes": udp("client:1 > server:2", b"\x00\xff|\\\"q\xe4")}, r"""
        -m string --algo bm --string hello                     | low far
        -m string --algo kmp ! --string hello                  | high split bytes
        -m string --algo bm --icase --string HellO             | low high far
        -m string --algo kmp --icase ! --string hello          | split bytes
        -m string --algo kmp --from 33 --to 38 --string hello  | low
        -m string --algo kmp --from 34 --string hello          | far
        -m string --algo bm --from 48 --string hello           | far
        -m string --algo kmp --from 49 --string hello          |
        -m string --algo kmp --to 52 --string hello            | low
        -m string --algo bm --to 53 --string hello             | low far
        -m string --algo bm --from 33 --to 38 ! --string hello | high far split bytes
        -m string --algo bm --hex-string "|48 45 4c|LO"        | high
        -m string --algo bm --hex-string "e|4845|LLO"          | high
        -m string --algo kmp --hex-string "|0fff|"             |
        -m string --algo kmp --hex-string "|00ff7C|"           | bytes
        -m string --algo bm --hex-string "ab|  63 |de"         | low high
        -m string --algo bm --hex-string "\\|"                 | bytes
        -m string --algo bm ! --hex-string "|68|el"            | high bytes
        -m string --algo bm --icase --hex-string "|c4|"        | bytes
        -m string --algo kmp --string "\\\""                   | bytes
    """, needs="match-string"),
    "icmp": about(kinds(icmp, (0, 0), (3, 0), (3, 1), (3, 15), (8, 0), (8, 5), (11, 1), (255, 0)), """
        -p icmp --icmp-type 3          | 3-0 3-1 3-15
        -p icmp ! --icmp-type 3        | 0-0 8-0 8-5 11-1 255-0
        -p icmp --icmp-type 3/1        | 3-1
        -p icmp ! --icmp-type 3/1      | 0-0 3-0 3-15 8-0 8-5 11-1 255-0
        -p icmp --icmp-type 8/0        | 8-0
        -p icmp --icmp-type 0          | 0-0
        -p icmp --icmp-type any        | 0-0 3-0 3-1 3-15 8-0 8-5 11-1 255-0
        -p icmp --icmp-type precedence-cutoff | 3-15
        -p icmp --icmp-type ttl-exceeded | 11-1
        -p icmp --icmp-type ttl-zero-during-transit |
    """),
    "icmp6": about(kinds(icmp6, (1, 0), (1, 4), (2, 0), (3, 1), (4, 2), (128, 0), (129, 7)), """
        -p icmpv6 --icmpv6-type 1      | 1-0 1-4
        -p icmpv6 ! --icmpv6-type 1    | 2-0 3-1 4-2 128-0 129-7
        -p icmpv6 --icmpv6-type 1/4    | 1-4
        -p icmpv6 --icmpv6-type port-unreachable | 1-4
        -p icmpv6 ! --icmpv6-type 129/7 | 1-0 1-4 2-0 3-1 4-2 128-0
        -p icmpv6 --icmpv6-type unknown-option | 4-2
        -p icmpv6 --icmpv6-type packet-too-big | 2-0
    """, 6),
    "ah": about({str(spi): ip("client > server", 51, struct.pack("!BBHII", 17, 1, 0, spi, 1) + bytes(1 << number))
                 for number, spi in enumerate((0, 255, 256, 300, 301, 0xFFFFFFFF))}, """
        -p ah -m ah --ahspi 256:300    | 256 300
        -p ah -m ah ! --ahspi 256:300  | 0 255 301 4294967295
        -p ah -m ah --ahspi 0          | 0
        -p ah -m ah --ahspi 301:       | 301 4294967295
        -p ah -m ah --ahspi :255       | 0 255
        -p ah -m ah                    | 0 255 256 300 301 4294967295
    """, needs="match-ah"),
    "esp": about({str(spi): ip("client > server", 50, struct.pack("!II", spi, 7) + bytes(1 << number))
                  for number, spi in enumerate((0, 255, 256, 300, 301, 0xFFFFFFFF))}, """
        -p esp -m esp --espspi 256:300   | 256 300
        -p esp -m esp ! --espspi 256:300 | 0 255 301 4294967295
        -p esp -m esp --espspi 4294967295 | 4294967295
        -p esp -m esp --espspi 0         | 0
    """, needs="match-esp"),
    "ipcomp": about({str(cpi): ip("client > server", 108, struct.pack("!BBH", 4, 9, cpi) + bytes(1 << number))
                     for number, cpi in enumerate((0, 4, 5, 9, 10, 0xFFFF))}, """
        -p ipcomp -m ipcomp --ipcompspi 5:9   | 5 9
        -p ipcomp -m ipcomp ! --ipcompspi 5:9 | 0 4 10 65535
        -p ipcomp -m ipcomp --ipcompspi 10 --compres | 10
        -p ipcomp -m ipcomp --compres         | 0
    """),
    "policy": about({"any": udp("client:1 > server:2", "x")}, """
        -m policy --dir in --pol none         | any
        -m policy --dir out --pol none        | any
        -m policy --dir in --pol ipsec        |
        -m policy --dir out --pol ipsec --strict --reqid 1 --next ! --proto ah --mode transport |
        -m policy --dir in --pol ipsec ! --reqid 1 |
        -m policy --dir in --pol ipsec --mode tunnel --tunnel-src 10.0.0.0/8 ! --spi 7 |
        -m policy --dir in                    |
    """),
    "rt": about(behind(43,
        ("plain", "02 00 01 00000000" + A), ("two", "04 00 02 00000000" + A + B), ("three", "06 00 00 00000000" + A + B + C),
        ("reserved", "02 00 01 00000001" + A), ("type2", "02 02 01 00000000" + B), ("type4", "02 04 01 00000000" + A)), """
        -m rt                                 | plain two three reserved type2 type4
        -m rt --rt-type 0                     | plain two three reserved
        -m rt ! --rt-type 0                   | type2 type4
        -m rt --rt-type 2                     | type2
        -m rt --rt-segsleft 1                 | plain reserved type2 type4
        -m rt --rt-segsleft 1:2               | plain two reserved type2 type4
        -m rt ! --rt-segsleft 1               | two three
        -m rt --rt-segsleft :0                | three
        -m rt --rt-len 40                     | two
        -m rt --rt-len 0                      |
        -m rt ! --rt-len 40                   | plain three reserved type2 type4
        -m rt --rt-type 0 --rt-0-res          | plain two three
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::1 | plain reserved
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::1,2001:db8:9::2 | two
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::2 |
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::1,2001:db8:9::2,2001:db8:9::3,2001:db8:9::4 |
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::2 --rt-0-not-strict | two three
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::3 --rt-0-not-strict | three
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::1,2001:db8:9::3 --rt-0-not-strict | three
        -m rt --rt-type 0 --rt-0-addrs 2001:db8:9::3,2001:db8:9::1 --rt-0-not-strict |
        -m rt --rt-type 0 --rt-0-res --rt-len 24 --rt-segsleft 1 | plain
    """, 6),
    "srh": about(behind(43,
        ("plain", "04 04 01 01 00 0007" + A + B), ("first", "04 04 00 01 00 0007" + A + B), ("last", "06 04 02 02 00 0100" + A + B + C),
        ("middle", "06 04 01 02 00 0007" + A + B + C), ("beyond", "04 04 02 01 00 0007" + A + B), ("type0", "02 00 01 00000000" + A)), """
        -m srh                                | plain first last middle
        -m srh --srh-next-hdr 17              | plain first last middle
        -m srh ! --srh-next-hdr 17            |
        -m srh --srh-hdr-len-eq 4             | plain first
        -m srh ! --srh-hdr-len-eq 4           | last middle
        -m srh --srh-hdr-len-gt 4             | last middle
        -m srh --srh-hdr-len-lt 6             | plain first
        -m srh ! --srh-hdr-len-lt 6           | last middle
        -m srh --srh-segs-left-eq 1           | plain middle
        -m srh --srh-segs-left-gt 1           | last
        -m srh --srh-segs-left-lt 1           | first
        -m srh --srh-last-entry-eq 2          | last middle
        -m srh --srh-last-entry-gt 1          | last middle
        -m srh --srh-last-entry-lt 2          | plain first
        -m srh --srh-tag 0x0700               | plain first middle
        -m srh ! --srh-tag 0x0700             | last
        -m srh --srh-psid 2001:db8:9::3       | middle
        -m srh ! --srh-psid 2001:db8:9::3     | first
        -m srh --srh-nsid 2001:db8:9::1       | plain middle
        -m srh --srh-nsid 2001:db8:9::2       | last
        -m srh ! --srh-nsid 2001:db8:9::1     | last
        -m srh --srh-lsid 2001:db8:9::1       | plain first last middle
        -m srh --srh-lsid 2001:db8:9::2       |
        -m srh --srh-nsid 2001:db8:9::/64     | plain last middle
        -m srh --srh-psid 2001:db8:9::2/127   | first middle
        -m srh --srh-segs-left-eq 1 --srh-last-entry-eq 1 | plain
    """, 6),
    "ah6": about(behind(51,
        ("a", "01 0000 00000100 00000001"), ("b", "02 0000 00000101 00000001 00000000"),
        ("c", "04 0001 000000ff 00000001" + "00" * 12)), """
        -m ah                                 | a b c
        -m ah --ahspi 256:257                 | a b
        -m ah ! --ahspi 256                   | b c
        -m ah --ahlen 12                      | a
        -m ah ! --ahlen 12                    | b c
        -m ah --ahlen 16                      | b
        -m ah --ahlen 24                      | c
        -m ah --ahres                         | a b
        -m ah --ahspi 257 --ahlen 12          |
    """, 6),
    "dst": about(behind(60,
        ("pads", "00 0104 00000000"), ("mixed", "01 0502 0001 0100 c206 010203040506"), ("zeros", "00 00 00 00 0101 00")), """
        -m dst                                | pads mixed zeros
        -m dst --dst-len 8                    | pads zeros
        -m dst ! --dst-len 8                  | mixed
        -m dst --dst-len 16                   | mixed
        -m dst --dst-opts 1                   | pads
        -m dst --dst-opts 1:4                 | pads
        -m dst --dst-opts 1:3                 |
        -m dst --dst-opts 5:2,1               | mixed
        -m dst --dst-opts 5,1:0,194           | mixed
        -m dst --dst-opts 5,194               |
        -m dst --dst-opts 5,1,194,7           |
        -m dst --dst-opts 0                   | zeros
        -m dst --dst-opts 0,0,0,1:1           | zeros
        -m dst --dst-opts 0,0,1               |
    """, 6),
    "mh": about({str(kind): ip6("client > server", 135, bytes((59, 0, kind, 0, 0, 0, 0, 0)) + bytes(1 << number)) for number, kind in enumerate((0, 1, 3, 5, 7, 8))}, """
        -p mh -m mh --mh-type binding-refresh-request | 0
        -p mh -m mh --mh-type 1:5      | 1 3 5
        -p mh -m mh ! --mh-type 1:5    | 0 7 8
        -p mh -m mh --mh-type be       | 7
        -p mh -m mh --mh-type hot      | 3
        -p mh -m mh --mh-type :1       | 0 1
        -p mh -m mh --mh-type 7:       | 7 8
        -p mh -m mh --mh-type careof-test:binding-update | 5
    """, 6),
    "ipv6header": about({
        "plain": udp6("client:1 > server:2", bytes(1)), "esp": ip6("client > server", 50, struct.pack("!II", 1, 1) + bytes(2)), "none": ip6("client > server", 59, bytes(4)),
        **behind(60, ("dst", "00 0104 00000000")), **behind(43, ("route", "02 04 00 00000007" + A)), **behind(51, ("ah", "04 0000 00000100 00000001" + "00" * 12)),
        **behind(44, ("frag", "00 0000 00000009")), "both": ip6("client > server", 60, bytes.fromhex("2b00010400000000 1102040000000007" + A) + bytes(40)),
        "dst-esp": ip6("client > server", 60, bytes.fromhex("3200010400000000") + bytes(60)), "cut": ip6("client > server", 60, b"\x11"),
        "over": ip6("client > server", 60, bytes.fromhex("1100")), "over-none": ip6("client > server", 60, bytes.fromhex("3b00") + bytes(3))}, """
        -m ipv6header --header prot             | plain
        -m ipv6header ! --header prot           | esp none dst route ah frag both dst-esp over over-none
        -m ipv6header --header dst,prot         | dst over
        -m ipv6header --header dst --soft       | dst both dst-esp over over-none
        -m ipv6header ! --header dst --soft     | plain esp none route ah frag
        -m ipv6header --header route,dst --soft | both
        -m ipv6header ! --header route,dst --soft | plain esp none ah frag
        -m ipv6header --header route,dst,prot   | both
        -m ipv6header --header esp              | esp
        -m ipv6header --header dst,esp          | dst-esp
        -m ipv6header --header none             | none
        -m ipv6header --header auth,protocol    | ah
        -m ipv6header --header 44,255           | frag
        -m ipv6header ! --header ipv6-route,prot | plain esp none dst ah frag both dst-esp over over-none
        -m ipv6header --header dst              | over-none
    """, 6),
    "connlabel": about({"1": udp("client:1 > server:2", bytes(1)), "2": udp("client:1 > server:2", bytes(2)), "other": udp("client:2 > server:2", bytes(4))}, """
        -m connlabel --label 5                  | 2
        -m connlabel ! --label 5                | 1 other
        -p udp --sport 1 -m connlabel --label 5 --set | 1 2
        -m connlabel --label 5                  | 1 2
        -m connlabel ! --label 5                | other
        -m connlabel --label 4                  |
        -m connlabel ! --label 127 --set        |
        -m connlabel --label 127                | 1 2 other
        -m connlabel ! --label 126              | 1 2 other
        -m connlabel --label 0                  |
    """, needs="match-connlabel"),
    "cluster": about({str(last): udp(f"10.0.1.{last}:1 > server:2", bytes(1 << number)) for number, last in enumerate(range(100, 110))}, """
        -m cluster --cluster-total-nodes 4 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef | 101 104 105 106 108
        -m cluster --cluster-total-nodes 4 --cluster-local-node 2 --cluster-hash-seed 0xdeadbeef | 100
        -m cluster --cluster-total-nodes 4 --cluster-local-node 3 --cluster-hash-seed 0xdeadbeef | 103 107
        -m cluster --cluster-total-nodes 4 --cluster-local-node 4 --cluster-hash-seed 0xdeadbeef | 102 109
        -m cluster --cluster-total-nodes 4 ! --cluster-local-node 4 --cluster-hash-seed 0xdeadbeef | 100 101 103 104 105 106 107 108
        -m cluster --cluster-total-nodes 4 --cluster-local-nodemask 5 --cluster-hash-seed 0xdeadbeef | 101 103 104 105 106 107 108
        -m cluster --cluster-total-nodes 32 --cluster-local-nodemask 17 --cluster-hash-seed 1 | 106 107 109
        -m cluster --cluster-total-nodes 1 --cluster-local-node 1 --cluster-hash-seed 7 | 100 101 102 103 104 105 106 107 108 109
    """, needs="match-cluster"),
    "cluster6": about({f"{net}-{last}": udp6(f"[2001:{net:x}:1::{last:x}]:1 > server:2", bytes(1 << number)) for number, (net, last) in enumerate(((0xdb8, 1), (0xdb8, 2), (0xdb9, 1), (0xdba, 1), (0xdbb, 1)))}, """
        -m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 5 | 3515-1
        -m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 5 | 3512-1 3512-2 3513-1 3514-1
        -m cluster --cluster-total-nodes 2 ! --cluster-local-node 2 --cluster-hash-seed 5 | 3515-1
    """, 6, needs="match-cluster"),
    "frag6": about(behind(44,
        ("whole", "00 0000 00000009"), ("first", "00 0001 0000000a"), ("middle", "00 0041 0000000b"), ("last", "00 0040 0000000c"),
        ("reserved", "01 0000 00000009"), ("bits", "00 0004 00000009")), """
        -m frag                        | whole first middle last reserved bits
        -m frag --fragid 10:11         | first middle
        -m frag ! --fragid 10:11       | whole last reserved bits
        -m frag --fragres              | whole first middle last
        -m frag --fragfirst            | whole first reserved bits
        -m frag --fragmore             | first middle
        -m frag --fraglast             | whole last reserved bits
        -m frag --fragfirst --fragmore | first
        -m frag --fraglen 5            | whole first middle last reserved bits
    """, 6),
}  # fmt: skip


@case("matches.boundaries", topology="two-lans", requirement="Each option of a match means exactly the packets that its manual says",
      source="iptables-extensions(8)", rows=SUBJECTS)
def test_boundaries(client, firewall, packets, rules, family):
    """Every rule counts the packets that it means, and no others."""
    means(client, firewall, packets, rules, family)
