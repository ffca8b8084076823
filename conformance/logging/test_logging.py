"""LOG and NFLOG: that packets go on, what the options may be, and every field of a line.

A kernel prints LOG lines into the log of the machine, which no lab reads: text of LOG is looked at where the engine hands
it out. NFLOG is heard from everywhere; from what a kernel says there the lab makes the same line.
"""

from conformance.vocabulary import case, fragments, ip, ping, table, tcp, udp

SYN = tcp("client:40000 > server:22", "SYN", seq=1000, window=8192, ip_id=7)
ROUTED = "IN=lan1 OUT=lan2 MAC={macs}:08:00 SRC={client} DST={server} "


def macs(firewall, client, link="lan1"):
    """Destination and source of the frame that came in, as a line shows them."""
    return f"{firewall.mac(link)}:{client.mac(link)}"


def line(firewall, client, text):
    return text.replace("{macs}", macs(firewall, client))


@case("log.packet-goes-on", topology="two-lans", cites=["LOG-01"], rows=table("""
    target | options
    -------+---------------------------
    LOG    | --log-prefix "x "
    NFLOG  | --nflog-prefix "x "
"""))  # fmt: skip
def test_packet_goes_on(client, server, firewall, row, options):
    """Who logs a packet does not decide about it: the next rule sees it too."""
    firewall.loads(f"""
        *filter
        :FORWARD DROP [0:0]
        -A FORWARD -p tcp -m comment --comment logged -j {row} {options}
        -A FORWARD -p tcp -m comment --comment accepted -j ACCEPT
        COMMIT
    """)
    client.sends(SYN)
    server.sees(tcp("client:40000 > server:22", "SYN"))
    firewall.counted("logged", packets=1)
    firewall.counted("accepted", packets=1)


@case("log.prefix", topology="host", rows=table("""
    name      | given                                | saved                                             | cites
    ----------+--------------------------------------+---------------------------------------------------+-------
    whole     | abc                                  | --log-prefix abc                                  | LOG-05
    blanks    | "'a b '"                             | --log-prefix "a b "                               | LOG-05
    limit     | 12345678901234567890123456789        | --log-prefix 12345678901234567890123456789        | LOG-05
    beyond    | 123456789012345678901234567890       | --log-prefix 12345678901234567890123456789        | LOG-05
    far       | 123456789012345678901234567890123456 | --log-prefix 12345678901234567890123456789        | LOG-05
"""))  # fmt: skip
def test_prefix(firewall, given, saved):
    """29 characters are kept; what is longer is cut off, and nobody says so."""
    firewall.runs(f"iptables -A INPUT -j LOG --log-prefix {given}")
    firewall.runs("iptables -S INPUT").contains(f"-A INPUT -j LOG {saved!s}\n")


@case("log.empty-prefix", topology="host", cites=["LOG-06"])
def test_empty_prefix(firewall):
    """An empty prefix is a mistake."""
    firewall.runs(["iptables", "-A", "INPUT", "-j", "LOG", "--log-prefix", ""], exits=2)
    firewall.runs("iptables -S INPUT").lacks("LOG")


@case("log.level", topology="host", cites=["LOG-07"], rows=table("""
    name    | number
    --------+-------
    emerg   | 0
    alert   | 1
    crit    | 2
    error   | 3
    warning | 4
    notice  | 5
    info    | 6
    debug   | 7
    panic   | 0
    0       | 0
    1       | 1
    2       | 2
    3       | 3
    4       | 4
    5       | 5
    6       | 6
    7       | 7
"""))  # fmt: skip
def test_level(firewall, row, number):
    """Levels have names and numbers; saved are numbers, and the usual one not at all."""
    firewall.runs(f"iptables -A INPUT -j LOG --log-level {row}")
    text = "" if number == 4 else f" --log-level {number}"
    firewall.runs("iptables -S INPUT").contains(f"-A INPUT -j LOG{text}\n")


@case("log.level-refused", topology="host", cites=["LOG-07", "LOG-08"], rows={
    name: {} for name in ("warn", "err", "8", "loud")})  # fmt: skip
def test_level_refused(firewall, row):
    """Not every word that syslog knows is a level here."""
    firewall.runs(f"iptables -A INPUT -j LOG --log-level {row}", exits=2)
    firewall.runs("iptables -S INPUT").lacks("LOG")


LINES = {
    "tcp": (SYN, "LEN=40 TOS=0x00 PREC=0x00 TTL=63 ID=7 PROTO=TCP SPT=40000 DPT=22 WINDOW=8192 RES=0x00 SYN URGP=0"),
    "tcp-flags": (tcp("client:40000 > server:22", "SYN,ECE,CWR", df=True, tos=0xb8, ip_id=8),
                  "LEN=40 TOS=0x18 PREC=0xA0 TTL=63 ID=8 DF PROTO=TCP SPT=40000 DPT=22 WINDOW=65535 RES=0x00 CWR ECE SYN URGP=0"),
    "udp": (udp("client:40000 > server:53", "query", ip_id=9),
            "LEN=33 TOS=0x00 PREC=0x00 TTL=63 ID=9 PROTO=UDP SPT=40000 DPT=53 LEN=13"),
    "ping": (ping("client > server", "x", id=5, seq=6, ip_id=10),
             "LEN=29 TOS=0x00 PREC=0x00 TTL=63 ID=10 PROTO=ICMP TYPE=8 CODE=0 ID=5 SEQ=6"),
    "other": (ip("client > server", 89, b"12345678", ip_id=11), "LEN=28 TOS=0x00 PREC=0x00 TTL=63 ID=11 PROTO=89"),
}  # fmt: skip


@case("log.line", topology="two-lans", cites=["LOG-03", "LOG-17"], needs=["log"], rows={
    name: {"packet": packet, "text": text} for name, (packet, text) in LINES.items()})  # fmt: skip
def test_line(client, firewall, packet, text):
    """Prefix, interfaces, MAC addresses, IP header, transport header: the whole line."""
    firewall.loads('*filter\n-A FORWARD -j LOG --log-prefix "fwd: "\nCOMMIT')
    client.sends(packet)
    firewall.logs(line(firewall, client, "fwd: " + ROUTED) + text, times=1)


@case("nflog.line", topology="two-lans", needs=["target-NFLOG"], cites=["LOG-15", "LOG-17"], rows={
    name: {"packet": packet, "text": text} for name, (packet, text) in LINES.items()})  # fmt: skip
def test_nflog(client, firewall, packet, text):
    """A listener of the group is told prefix, interfaces, MAC addresses and the packet; printed, that is the same line."""
    firewall.loads('*filter\n-A FORWARD -j NFLOG --nflog-group 5 --nflog-prefix "fwd: "\nCOMMIT')
    client.sends(packet)
    firewall.logs(line(firewall, client, "fwd: " + ROUTED) + text, times=1)


@case("nflog.chain", topology="two-lans", needs=["target-NFLOG", "mangle", "raw"], cites=["LOG-15"], rows=table("""
    name        | table  | chain       | interfaces
    ------------+--------+-------------+-------------------
    raw         | raw    | PREROUTING  | IN=lan1 OUT= MAC=
    mangle      | mangle | PREROUTING  | IN=lan1 OUT= MAC=
    forward     | filter | FORWARD     | IN=lan1 OUT=lan2
    postrouting | mangle | POSTROUTING | IN=lan1 OUT=lan2
"""))  # fmt: skip
def test_nflog_chain(client, firewall, table, chain, interfaces):
    """Each hook knows the interfaces that are known there."""
    firewall.loads(f"*{table}\n-A {chain} -p udp -j NFLOG --nflog-group 5 --nflog-prefix x:\nCOMMIT")
    client.sends(udp("client:1 > server:2", "x"))
    shown = firewall.differs(legacy=interfaces, nft=interfaces, because="both say what the hook knows")
    firewall.logs("x:" + shown, times=1)


def logged(firewall, client, options, packet, *parts, rules="", chain="FORWARD"):
    firewall.loads(f"{rules}\n*filter\n-A {chain} -j LOG {options}\nCOMMIT")
    client.sends(packet)
    firewall.logs(*parts, times=1)


@case("log.tcp-sequence", topology="two-lans", cites=["LOG-09"], needs=["log"])
def test_tcp_sequence(client, firewall):
    """--log-tcp-sequence adds the two numbers behind the ports."""
    logged(firewall, client, "--log-tcp-sequence", tcp("client:40000 > server:22", "ACK", seq=1000, ack=2000),
           "SPT=40000 DPT=22 SEQ=1000 ACK=2000 WINDOW=")  # fmt: skip


@case("log.options", topology="two-lans", cites=["LOG-10"], needs=["log"], rows={
    "tcp": {"options": "--log-tcp-options", "packet": tcp("client:40000 > server:22", "SYN", mss=1460), "part": "URGP=0 OPT (020405B4)"},
    "ip": {"options": "--log-ip-options", "packet": udp("client:1 > server:2", "x", ip_options=bytes.fromhex("94040000")),
           "part": "OPT (94040000) PROTO=UDP"},
    "not-asked-for": {"options": "", "packet": tcp("client:40000 > server:22", "SYN", mss=1460), "part": "URGP=0 "}})  # fmt: skip
def test_options(client, firewall, options, packet, part):
    """Options of TCP and IP are shown in hexadecimal digits, if asked for."""
    logged(firewall, client, options, packet, part)


@case("log.uid", topology="host", cites=["LOG-11"], needs=["log"])
def test_uid(client, firewall):
    """--log-uid names the user whose socket it was."""
    firewall.loads("*filter\n-A OUTPUT -p udp -j LOG --log-uid\nCOMMIT")
    firewall.opens("udp:5000").says("x", to="client:53")
    firewall.logs("IN= OUT=net SRC={firewall} DST={client}", "SPT=5000 DPT=53 LEN=9 UID=0 GID=0", times=1)


@case("log.macdecode", topology="two-lans", cites=["LOG-12"], needs=["log"])
def test_macdecode(client, firewall):
    """--log-macdecode takes the MAC field apart."""
    logged(firewall, client, "--log-macdecode", SYN,
           f"OUT=lan2 MACSRC={client.mac('lan1')} MACDST={firewall.mac('lan1')} MACPROTO=0800 SRC=")  # fmt: skip


@case("log.icmp-error", topology="two-lans", cites=["LOG-13"], needs=["log"])
def test_icmp_error(client, server, firewall):
    """What an ICMP error is about stands in brackets."""
    firewall.loads("*filter\n-A FORWARD -p icmp -j LOG\nCOMMIT")
    client.sends(udp("client:40000 > server:53", "query"))
    server.complains(server.sees(udp("client:40000 > server:53")), "port-unreachable")
    firewall.logs("SRC={server} DST={client}", "PROTO=ICMP TYPE=3 CODE=3 [SRC={client} DST={server}",
                  "PROTO=UDP SPT=40000 DPT=53 LEN=13 ]", times=1)  # fmt: skip


@case("log.fragment", topology="two-lans", cites=["LOG-14"], needs=["log"])
def test_fragment(client, firewall):
    """A later fragment has an offset in units of 8 bytes, and no ports."""
    first, second = fragments(udp("client:1 > server:2", size=120, ip_id=4711), 104)
    firewall.loads("*filter\n-A FORWARD -j LOG\nCOMMIT")  # nothing here tracks, so nothing is put together
    client.sends(first, second)
    found = firewall.logs("ID=4711")
    assert "MF" in found[0] and "PROTO=UDP SPT=1 DPT=2" in found[0]
    assert "FRAG:13 PROTO=UDP" in found[1] and "SPT" not in found[1]


@case("log.bridge-ports", topology="bridged", cites=["LOG-04"], needs=["log", "bridge"])
def test_bridge_ports(client, firewall):
    """On a bridge the line names the ports beside the bridge."""
    logged(firewall, client, "", udp("client:1 > server:2", "x"),
           "IN=br0 OUT=br0 PHYSIN=inside PHYSOUT=outside MAC=", "PROTO=UDP SPT=1 DPT=2")  # fmt: skip


@case("log.invalid", topology="two-lans", cites=["LOG-16"], needs=["log", "conntrack"], rows=table("""
    name  | setting | logs
    ------+---------+------
    all   | 255     | True
    tcp   | 6       | True
    udp   | 17      | False
    off   | 0       | False
"""))  # fmt: skip
def test_invalid(client, firewall, setting, logs):
    """nf_conntrack_log_invalid makes conntrack say why it calls a packet INVALID: of one protocol, or of all."""
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT")
    firewall.sets("net.netfilter.nf_conntrack_log_invalid", setting)
    client.sends(tcp("client:40000 > server:22", "FIN"))
    firewall.counted("filter FORWARD 1", packets=1)
    if logs:
        firewall.logs("nf_ct_proto_6: ", "SRC={client} DST={server}", "PROTO=TCP SPT=40000 DPT=22", times=1)
    else:
        firewall.logs_nothing()
