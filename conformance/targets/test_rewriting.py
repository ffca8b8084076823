"""What targets write into packets, and into the marks that nobody on the wire sees: each option at its boundaries."""

import struct

from conformance.matches.measuring import judge
from conformance.vocabulary import case, icmp, icmp6, ip, ip6, ping, sctp, tcp, tcp6, udp, udp6


def hexed(text):
    return bytes.fromhex(text)


# (target, what is sent, what arrives)
UDP_ROWS = (
    ("TOS --set-tos 0x10", {"tos": 0xFF}, {"tos": 0x10}),
    ("TOS --set-tos 0x04/0x0c", {"tos": 0xF8}, {"tos": 0xF4}),
    ("TOS --set-tos Minimize-Delay", {"tos": 0xC1}, {"tos": 0xD0}),
    ("TOS --set-tos Normal-Service", {"tos": 0xFF}, {"tos": 0xC0}),
    ("TOS --and-tos 0x0f", {"tos": 0x3C}, {"tos": 0x0C}),
    ("TOS --or-tos 0x81", {"tos": 0x3C}, {"tos": 0xBD}),
    ("TOS --xor-tos 0xff", {"tos": 0x3C}, {"tos": 0xC3}),
    ("DSCP --set-dscp 0x3f", {"tos": 0x01}, {"tos": 0xFD}),
    ("DSCP --set-dscp 0", {"tos": 0xFF}, {"tos": 0x03}),
    ("DSCP --set-dscp-class AF43", {"tos": 0x02}, {"tos": 0x9A}),
    ("DSCP --set-dscp-class EF", {"tos": 0x01}, {"tos": 0xB9}),
    ("DSCP --set-dscp-class CS7", {"tos": 0x00}, {"tos": 0xE0}),
)
IPV4_ROWS = (
    *UDP_ROWS,
    ("ECN --ecn-ip-ect 0", {"tos": 0xFF}, {"tos": 0xFC}),
    ("ECN --ecn-ip-ect 1", {"tos": 0x13}, {"tos": 0x11}),
    ("ECN --ecn-ip-ect 3", {"tos": 0x00}, {"tos": 0x03}),
    ("ECN --ecn-ip-ect 2", {"tos": 0x02}, {"tos": 0x02}),
    ("TTL --ttl-set 1", {"ttl": 64}, {"ttl": 1}),
    ("TTL --ttl-set 255", {"ttl": 64}, {"ttl": 255}),
    ("TTL --ttl-inc 1", {"ttl": 255}, {"ttl": 255}),
    ("TTL --ttl-inc 5", {"ttl": 252}, {"ttl": 255}),
    ("TTL --ttl-inc 5", {"ttl": 250}, {"ttl": 254}),
    ("TTL --ttl-dec 5", {"ttl": 7}, {"ttl": 1}),
    ("TTL --ttl-dec 5", {"ttl": 4}, {"ttl": 0}),
    ("TTL --ttl-dec 255", {"ttl": 64}, {"ttl": 0}),
)
IPV6_ROWS = (*UDP_ROWS, *((row[0].replace("TTL --ttl", "HL --hl"), *row[1:]) for row in IPV4_ROWS[-8:]))

FULL = "0101" * 20
TCP_ROWS = (
    ("ECN --ecn-tcp-remove", {"flags": "SYN,ECE,CWR"}, {"flags": "SYN"}),
    ("ECN --ecn-tcp-remove", {"flags": "SYN,ACK,ECE"}, {"flags": "SYN,ACK"}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("020403e9")}, {"tcp_options": hexed("020403e8")}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("020403e8")}, {"tcp_options": hexed("020403e8")}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("020403e7")}, {"tcp_options": hexed("020403e7")}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("0101020405b40101")}, {"tcp_options": hexed("0101020403e80101")}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("080a0204010102040101020405b40101")}, {"tcp_options": hexed("080a0204010102040101020403e80101")}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("0300020405b40101")}, {"tcp_options": hexed("0300020403e80101")}),
    ("TCPMSS --set-mss 300", {}, {"mss": 300}),
    ("TCPMSS --set-mss 1000", {"payload": "data"}, {"payload": "data", "data_offset": 5}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed(FULL)}, {"tcp_options": hexed(FULL)}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("020405b4"), "flags": "SYN", "payload": "data"}, {"tcp_options": hexed("020403e8"), "payload": "data"}),
    ("TCPOPTSTRIP --strip-options wscale", {"tcp_options": hexed("020405b403030701")}, {"tcp_options": hexed("020405b401010101")}),
    ("TCPOPTSTRIP --strip-options mss,timestamp", {"tcp_options": hexed("0101080a0204010102040101020405b4")}, {"tcp_options": hexed("01" * 16)}),
    ("TCPOPTSTRIP --strip-options 3,4", {"tcp_options": hexed("04020303070101fe")}, {"tcp_options": hexed("01010101010101fe")}),
    ("TCPOPTSTRIP --strip-options 254", {"tcp_options": hexed("01010101010101fe")}, {"tcp_options": hexed("01010101010101fe")}),
    ("TCPOPTSTRIP --strip-options 254", {"tcp_options": hexed("010101010101fe02")}, {"tcp_options": hexed("01" * 8)}),
    ("TCPOPTSTRIP --strip-options 254", {"tcp_options": hexed("010101010101fe03")}, {"tcp_options": hexed("010101010101fe03")}),
    ("TCPOPTSTRIP --strip-options 254", {"tcp_options": hexed("fe00010103030701")}, {"tcp_options": hexed("0100010103030701")}),
    ("TCPOPTSTRIP --strip-options md5,sack", {"tcp_options": hexed("0101") + b"\x13\x12" + bytes(16)}, {"tcp_options": hexed("01" * 20)}),
    ("TCPOPTSTRIP", {"tcp_options": hexed("020405b403030701")}, {"tcp_options": hexed("020405b403030701")}),
)
TCP4_ROWS = (
    *TCP_ROWS,
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("03030702020405b4"), "flags": "SYN,ACK"}, {"tcp_options": hexed("0204021803030702020405b4")}),
    ("TCPMSS --set-mss 1000", {}, {"mss": 536}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed(FULL[:-8])}, {"tcp_options": hexed("02040218" + FULL[:-8])}),
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("01020405")}, {"tcp_options": hexed("0204021801020405")}),
    ("TCPMSS --clamp-mss-to-pmtu", {"mss": 1461}, {"mss": 1460}),
)
TCP6_ROWS = (
    *TCP_ROWS[2:],
    ("TCPMSS --set-mss 1000", {"tcp_options": hexed("03030702020405b4"), "flags": "SYN,ACK"}, {"tcp_options": hexed("020403e803030702020405b4")}),
    ("TCPMSS --set-mss 2000", {}, {"mss": 1220}),
    ("TCPMSS --clamp-mss-to-pmtu", {"mss": 1441}, {"mss": 1440}),
    ("TCPMSS --clamp-mss-to-pmtu", {"mss": 1440}, {"mss": 1440}),
)


def rewritten(client, server, firewall, protocol, rows, make, family):
    """Every row has a port of its own."""
    match = "--tcp-flags SYN SYN" if protocol == "tcp" else ""
    rules = [f"-A FORWARD -p {protocol} --dport {2000 + number} {match} -j {target}" for number, (target, _sent, _seen) in enumerate(rows)]
    firewall.loads("*mangle\n" + "\n".join(rules) + "\nCOMMIT\n", family)
    flows = [f"client:{1000 + number} > server:{2000 + number}" for number in range(len(rows))]
    packets = [make(flow, **(({"flags": "SYN"} if protocol == "tcp" else {}) | sent)) for flow, (_target, sent, _seen) in zip(flows, rows, strict=True)]
    client.sends(packets)
    for flow, (_target, sent, seen) in zip(flows, rows, strict=True):
        server.sees(make(flow, **({"flags": sent.get("flags", "SYN")} if protocol == "tcp" else {}) | seen))


@case("targets.rewritten", topology="two-lans", needs=["mangle"], requirement="TOS, DSCP, ECN, TTL and HL, TCPMSS and TCPOPTSTRIP change what they name and nothing else",
      source="iptables-extensions(8), DSCP ECN HL TCPMSS TCPOPTSTRIP TOS TTL", rows={
    "udp": {"protocol": "udp", "lines": IPV4_ROWS, "make": udp, "family": 4}, "udp6": {"protocol": "udp", "lines": IPV6_ROWS, "make": udp6, "family": 6, "needs": "ipv6"},
    "tcp": {"protocol": "tcp", "lines": TCP4_ROWS, "make": tcp, "family": 4}, "tcp6": {"protocol": "tcp", "lines": TCP6_ROWS, "make": tcp6, "family": 6, "needs": "ipv6"}})
def test_rewritten(client, server, firewall, protocol, lines, make, family):
    """Each packet arrives as its target leaves it, with right checksums."""
    rewritten(client, server, firewall, protocol, lines, make, family)


HEAD = struct.pack("!HHIIBBHHH", 1, 2, 0, 0, 0x60, 2, 0, 0, 0)


@case("targets.cut", topology="two-lans", needs=["mangle"], requirement="Targets that write into the TCP header drop a segment whose header is not all there",
      source="kernel xt_TCPMSS, xt_TCPOPTSTRIP, ipt_ECN", rows={
    "mss": {"target": "TCPMSS --set-mss 500", "dropped": (HEAD, HEAD[:19], HEAD[:12] + b"\x40" + HEAD[13:]), "let": (HEAD + b"\2\4\1\1",)},
    "strip": {"target": "TCPOPTSTRIP --strip-options mss", "dropped": (HEAD, HEAD[:19]), "let": (HEAD + b"\2\4\1\1",)},
    "ecn": {"target": "ECN --ecn-tcp-remove", "dropped": (HEAD[:19], HEAD[:13]), "let": (HEAD, HEAD[:13] + b"\xc2" + HEAD[14:])}})
def test_cut(client, server, firewall, target, dropped, let):
    """What is cut is dropped; a later fragment passes."""
    flags = "--tcp-flags SYN SYN" if "MSS" in target else ""
    firewall.loads(f"""
        *mangle
        -A FORWARD -i lan1 -p tcp -m comment --comment met
        -A FORWARD -i lan1 -p tcp {flags} -j {target}
        -A FORWARD -i lan1 -p tcp -m comment --comment past
        COMMIT
    """)
    client.sends([ip("client > server", 6, data) for data in (*dropped, *let)], ip("client > server", 6, HEAD, offset=80))
    firewall.counted("met", packets=len(dropped) + len(let) + 1)
    firewall.counted("past", packets=len(let) + 1)


MARKS = (
    ("--set-mark 0xf5", 0xF5), ("--set-mark 0xff00 ; --set-mark 0x0f/0x0f", 0xFF0F), ("--set-mark 0xffff ; --set-mark 0x1200/0xff00", 0x12FF),
    ("--set-mark 0xffff ; --set-xmark 0x12/0xff", 0xFF12), ("--set-mark 0xff ; --set-xmark 0x0f/0", 0xF0), ("--set-mark 0xff ; --and-mark 0x3c", 0x3C),
    ("--set-mark 0xf0 ; --or-mark 0x15", 0xF5), ("--set-mark 0xff ; --xor-mark 0x0f", 0xF0), ("--set-mark 4294967295", 0xFFFFFFFF),
)  # fmt: skip
# Steps; those that do not name their target are of CONNMARK
CONNMARKS = (
    *MARKS,
    ("--set-xmark 0x12/0xffffffff --left-shift-mark 4", 0x120), ("--set-mark 0x1234 ; --set-xmark 0/0 --right-shift-mark 8", 0x12),
    ("MARK --set-mark 0xabcd ; --save-mark", 0xABCD), ("MARK --set-mark 0xabcd ; --set-mark 0x111111 ; --save-mark --mask 0xff00", 0x11AB11),
    ("MARK --set-mark 0xabcd ; --set-mark 0x111111 ; --save-mark --nfmask 0xff --ctmask 0xff00", 0x1100DC),
    ("MARK --set-mark 0xabcd ; --save-mark --left-shift-mark 8", 0xABCD00), ("MARK --set-mark 0xabcd ; --save-mark --right-shift-mark 8", 0xAB),
    ("--set-mark 0xabcd ; --restore-mark ; MARK --or-mark 0x10000 ; --save-mark", 0x1ABCD),
    ("MARK --set-mark 0x1111 ; --set-mark 0xabcd ; --restore-mark --mask 0xff ; --save-mark", 0x11CD),
    ("MARK --set-mark 0x1111 ; --set-mark 0xabcd ; --restore-mark --nfmask 0xf --ctmask 0xff00 ; --save-mark", 0xBA10),
    ("MARK --set-mark 0x1111 ; --set-mark 0xabcd ; --restore-mark --right-shift-mark 4 ; --save-mark", 0xABC),
    ("MARK --set-mark 0x80000001 ; --save-mark --left-shift-mark 1", 0x2),
)  # fmt: skip


@case("targets.marks", topology="two-lans", needs=["mangle", "conntrack", "target-CONNMARK"], requirement="MARK and CONNMARK set, save, restore and shift the bits that they are told",
      source="iptables-extensions(8), CONNMARK, MARK", rows={"packet": {"lines": MARKS, "usual": "MARK"}, "connection": {"lines": CONNMARKS, "usual": "CONNMARK"}})
def test_marks(client, firewall, lines, usual):
    """Each connection ends with the mark of its row."""
    text = ""
    for number, (steps, _mark) in enumerate(lines):
        for step in steps.split(" ; "):
            text += f"-A FORWARD -p udp --dport {2000 + number} -j {step if step.startswith('MARK') else f'{usual} {step}'}\n"
    if usual == "MARK":
        text += "-A FORWARD -j CONNMARK --save-mark\n"
    firewall.loads(f"*mangle\n{text}COMMIT\n")
    client.sends([udp(f"client:1 > server:{2000 + number}") for number in range(len(lines))])
    marks = {entry.original.dport: entry.mark for entry in firewall.connections()}
    wrong = [f"{steps}: {marks.get(2000 + number)}, not {mark:#x}" for number, (steps, mark) in enumerate(lines) if marks.get(2000 + number) != mark]
    assert not wrong, "; ".join(wrong)


QUOTED = udp("server:53 > client:1000", "12345678")
HASHED = {
    "udp": udp("client:1000 > server:53", "x"), "back": udp("10.0.2.10:53 > 10.0.1.10:1000", "xx"), "other": udp("10.0.1.77:1001 > 10.0.2.77:54", bytes(4)),
    "tcp": tcp("client:1000 > server:53", "ACK", bytes(8)), "ping": ping("client > server", bytes(16), id=1),
    "error": icmp("client > server", "port-unreachable", quoting=QUOTED), "cut": icmp("client > server", "port-unreachable", quoting=QUOTED, quoted_bytes=19),
    "short": icmp("client > server", "port-unreachable", quoting=QUOTED, quoted_bytes=22),
    "esp": ip("client > server", 50, struct.pack("!II", 0x12345678, 1) + bytes(32)), "ah": ip("client > server", 51, struct.pack("!BBHII", 17, 1, 0, 0x12345678, 1) + bytes(64)),
    "later": ip("client > server", 17, bytes(128), offset=16), "sctp": sctp("client:1000 > server:53", "INIT", init_tag=1), "ospf": ip("client > server", 89, bytes(200)),
    "bare": ip("client > server", 17, bytes(3)),
}  # fmt: skip
HASHED6 = {
    "udp": udp6("client:1000 > server:53", "x"), "tcp": tcp6("client:1000 > server:53", "ACK", bytes(2)), "other": udp6("[2001:db8:1::77]:1001 > server:54", bytes(4)),
    "error": icmp6("client > server", "port-unreachable", quoting=udp6("server:53 > client:1000", "12345678")),
    "cut": icmp6("client > server", "port-unreachable", quoting=udp6("server:53 > client:1000", "12345678"), quoted_bytes=39),
    "dst": ip6("client > server", 60, b"\x11\0\1\4\0\0\0\0" + struct.pack("!HHHH", 1000, 53, 8, 0) + bytes(8)),
    "ah": ip6("client > server", 51, b"\x11\1\0\0" + struct.pack("!II", 0x12345678, 1) + struct.pack("!HHHH", 1000, 53, 8, 0) + bytes(16)),
    "later": ip6("client > server", 44, b"\x11\0\0\x40\0\0\0\7" + bytes(32)), "none": ip6("client > server", 59, bytes(64)), "none0": ip6("client > server", 59, b""), "cut1": ip6("client > server", 60, b"\x11"),
    "cut4": ip6("client > server", 60, b"\x11\0\1\4"), "cut3": ip6("client > server", 43, b"\x11\0\0"), "cutah": ip6("client > server", 51, b"\x11\1"),
    "ospf": ip6("client > server", 89, bytes(200)),
}  # fmt: skip


def hashes(client, firewall, packets, rows, family):
    """`rows`: options and `mark:packet,packet` words: what HMARK makes of each packet; measured on Linux 6.18."""
    text, wanted = [], []
    for line in rows.strip().splitlines():
        options, _bar, words = line.strip().partition(" | ")
        text += ["-A FORWARD -i lan1 -j MARK --set-mark 0xfffffff0", f"-A FORWARD -i lan1 -j HMARK {options.strip()} --hmark-rnd 0xbeef"]
        for word in words.split():
            mark, _colon, names = word.partition(":")
            text.append(f"-A FORWARD -i lan1 -m mark --mark {mark} -m comment --comment r{len(wanted)}")
            wanted.append((f"{options.strip()} -> {mark}", names.split(",")))
    # Where no rule asks for connections, nobody keeps them.
    tracking = "*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n" if "tuple ct" in rows else ""
    firewall.loads(tracking + "*mangle\n" + "\n".join(text) + "\nCOMMIT\n", family)
    sizes = {name: client.sends(packet).size for name, packet in packets.items()}
    judge(firewall.counters(family), wanted, sizes)


HMARKS = """
    --hmark-tuple src,dst,sport,dport,proto --hmark-mod 1000000 | 83451:udp,back,tcp,error,sctp 837918:other 130300:ping,short,later,ospf,bare 4294967280:cut 879808:esp,ah
    --hmark-tuple src --hmark-mod 1000000 | 239090:udp,tcp,ping,esp,ah,later,sctp,ospf,bare 395845:back,error,short 892863:other 4294967280:cut
    --hmark-tuple dst --hmark-mod 1000000 | 395845:udp,tcp,ping,esp,ah,later,sctp,ospf,bare 239090:back,error,short 64686:other 4294967280:cut
    --hmark-tuple sport --hmark-mod 1000000 | 600915:udp,tcp,sctp 442892:back,error 434213:other 852168:ping,short,later,ospf,bare 4294967280:cut 750137:esp,ah
    --hmark-tuple dport --hmark-mod 1000000 | 442892:udp,tcp,sctp 600915:back,error 724725:other 852168:ping,short,later,ospf,bare 4294967280:cut 345631:esp,ah
    --hmark-tuple proto --hmark-mod 1000000 | 852168:udp,back,other,tcp,ping,error,short,esp,ah,later,sctp,ospf,bare 4294967280:cut
    --hmark-src-prefix 24 --hmark-dst-prefix 16 --hmark-mod 1000000 | 24594:udp,other,tcp,ping,esp,ah,later,sctp,ospf,bare 130334:back,error,short 4294967280:cut
    --hmark-sport-mask 0xff00 --hmark-dport-mask 0x0f --hmark-mod 1000000 | 314651:udp,tcp,sctp 188706:back,error 253656:other 852168:ping,short,later,ospf,bare 4294967280:cut 544123:esp,ah
    --hmark-dport-mask 0xf0 --hmark-sport 7 --hmark-mod 1000000 --hmark-offset 5 | 985284:udp,other,tcp,sctp 874499:back,error 852173:ping,short,later,ospf,bare 4294967280:cut 940313:esp,ah
    --hmark-tuple sport --hmark-dport 9 --hmark-mod 1000000 | 87467:udp,tcp,sctp 778219:back,error 890365:other 852168:ping,short,later,ospf,bare 4294967280:cut 623564:esp,ah
    --hmark-tuple src,spi --hmark-mod 1000000 | 784343:udp,tcp,sctp 751957:back,error 350183:other 239090:ping,later,ospf,bare 4294967280:cut 395845:short 227839:esp,ah
    --hmark-spi-mask 0xff00ff00 --hmark-mod 1000000 | 507518:udp,back,other,tcp,error,sctp 852168:ping,short,later,ospf,bare 4294967280:cut 519666:esp,ah
    --hmark-tuple spi --hmark-spi 0x10001 --hmark-mod 1000000 | 100031:udp,back,tcp,error,sctp 592831:other 852168:ping,short,later,ospf,bare 4294967280:cut 227776:esp,ah
    --hmark-proto-mask 0x0f --hmark-src-prefix 31 --hmark-mod 1000000 --hmark-offset 100 | 239190:udp,tcp,ping,esp,ah,later,sctp,ospf,bare 395945:back,error,short 642350:other 4294967280:cut
    --hmark-tuple dst --hmark-mod 10 --hmark-offset 4294967295 | 2:udp,tcp,ping,esp,ah,later,sctp,ospf,bare 1:back,error,short 4294967295:other 4294967280:cut
    --hmark-tuple sr,ds,sp,pr --hmark-mod 4294967295 | 700314689:udp 1763335488:back,error 4262909853:other 700314708:tcp 559638397:ping 4294967280:cut 559638381:short,later,bare 1186547386:esp 1186547385:ah 700314838:sctp 559638309:ospf
    --hmark-tuple src --hmark-mod 1 | 0:udp,back,other,tcp,ping,error,short,esp,ah,later,sctp,ospf,bare 4294967280:cut
"""
HMARKS_CT = """
    --hmark-tuple ct,src,dst,sport,dport,proto --hmark-mod 1000000 | 83451:udp,tcp 837918:other 130300:ping,ospf
    --hmark-tuple ct,sport --hmark-mod 1000000 | 600915:udp,tcp 434213:other 852168:ping,ospf
    --hmark-tuple ct,dport,proto --hmark-mod 1000000 --hmark-offset 3 | 442895:udp,tcp 724728:other 852171:ping,ospf
    --hmark-tuple ct,src --hmark-mod 1000000 | 239090:udp,tcp,ping,ospf 892863:other
    --hmark-tuple ct,dst --hmark-mod 1000000 --hmark-proto-mask 0xf0 | 395845:udp,tcp,ping,ospf 64686:other
    --hmark-tuple ct,src,dst,sport,dport,proto --hmark-mod 4294967295 | 358421813:udp 3598831580:other 358421792:tcp 559638397:ping 559638309:ospf
"""
HMARKS6 = """
    --hmark-tuple src,proto --hmark-mod 4294967295 | 995380455:udp,dst,later,cut4 995380478:tcp 1846592223:other 4159551473:error 4294967280:cut 995380425:ah,cutah 995380417:none,none0 3660037707:cut1,cut3 995380383:ospf
    --hmark-tuple dport,proto --hmark-mod 4294967295 | 1902209372:udp,dst 1902209353:tcp 3112674133:other 2580910751:error 4294967280:cut 1484475597:ah 3660037724:later,cut4 3660037750:none,none0 3660037707:cut1,cut3 3660037758:cutah 3660037652:ospf
    --hmark-tuple src,dst,sport,dport,proto --hmark-mod 1000000 | 388290:udp,tcp,error,dst 469679:other 4294967280:cut 535861:ah 963328:later,none,none0,cut4,cutah,ospf 852168:cut1,cut3
    --hmark-src-prefix 64 --hmark-dst-prefix 48 --hmark-mod 1000000 | 774760:udp,tcp,other,error,dst,ah,later,none,none0,cut4,cutah,ospf 4294967280:cut 852168:cut1,cut3
    --hmark-tuple src --hmark-mod 1000000 | 231755:udp,tcp,dst,ah,later,none,none0,cut4,cutah,ospf 429943:other 968471:error 4294967280:cut 852168:cut1,cut3
    --hmark-tuple sport,proto --hmark-mod 1000000 | 600915:udp,tcp,dst 434213:other 442892:error 4294967280:cut 750137:ah 852168:later,none,none0,cut1,cut4,cut3,cutah,ospf
    --hmark-tuple spi --hmark-mod 1000000 | 252140:udp,tcp,error,dst 621254:other 4294967280:cut 466359:ah 852168:later,none,none0,cut1,cut4,cut3,cutah,ospf
"""


@case("targets.hmark", topology="two-lans", needs=["target-HMARK", "conntrack"], requirement="HMARK makes the same mark of both directions, of the fields that it is told",
      source="iptables-extensions(8), HMARK", rows={
    "ipv4": {"packets": HASHED, "lines": HMARKS, "family": 4}, "ipv6": {"packets": HASHED6, "lines": HMARKS6, "family": 6, "needs": "ipv6"},
    "connection": {"packets": {name: HASHED[name] for name in ("udp", "other", "tcp", "ping", "ospf")}, "lines": HMARKS_CT, "family": 4}})
def test_hmark(client, firewall, packets, lines, family):
    """Each packet gets the mark that the kernel's hash gives it; what cannot be read keeps the one it had."""
    hashes(client, firewall, packets, lines, family)
