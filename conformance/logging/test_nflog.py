"""NFLOG on every engine: what a listener is told of broken-up, quoting, bridged, local and IPv6 packets."""

from conformance.vocabulary import case, fragments, table, tcp, tcp6, udp, udp6

SNIFF = '*filter\n-A {} -j NFLOG --nflog-group 5 --nflog-prefix "seen "\nCOMMIT'
LONG = "x" * 63


@case("nflog.icmp-error", topology="two-lans", needs=["target-NFLOG"], cites=["LOG-13", "LOG-15", "LOG-17"])
def test_icmp_error(client, server, firewall):
    """The packet that an ICMP error quotes is there to be read."""
    firewall.loads(SNIFF.format("FORWARD -p icmp"))
    client.sends(udp("client:40000 > server:53", "query"))
    server.complains(server.sees(udp("client:40000 > server:53")), "port-unreachable")
    firewall.logs("seen IN=lan2 OUT=lan1 ", "SRC={server} DST={client}", "PROTO=ICMP TYPE=3 CODE=3 [SRC={client} DST={server}",
                  "PROTO=UDP SPT=40000 DPT=53 LEN=13 ]", times=1)  # fmt: skip


@case("nflog.fragments", topology="two-lans", needs=["target-NFLOG"], cites=["LOG-14", "LOG-15", "LOG-17"])
def test_fragments(client, firewall):
    """Where nothing tracks, fragments are reported one by one: the second has its offset and no ports."""
    firewall.loads(SNIFF.format("FORWARD"))
    client.sends(*fragments(udp("client:1 > server:2", size=120, ip_id=4711), 104))
    first, second = firewall.logs("seen IN=lan1 OUT=lan2 ", "ID=4711")
    assert "ID=4711 MF PROTO=UDP SPT=1 DPT=2" in first and "FRAG" not in first
    assert "ID=4711 FRAG:13 PROTO=UDP" in second and "SPT" not in second


@case("nflog.bridge-ports", topology="bridged", needs=["target-NFLOG", "bridge"], cites=["LOG-04", "LOG-15", "LOG-17"])
def test_bridge_ports(client, firewall):
    """A bridged packet has the bridge as its interfaces, and its ports besides."""
    firewall.loads(SNIFF.format("FORWARD"))
    client.sends(udp("client:1 > server:2", "x"))
    firewall.logs("seen IN=br0 OUT=br0 PHYSIN=inside PHYSOUT=outside ", "PROTO=UDP SPT=1 DPT=2", times=1)


@case("nflog.uid", topology="host", needs=["target-NFLOG"], cites=["LOG-11", "LOG-15", "LOG-17"])
def test_uid(client, firewall):
    """A packet of this machine comes with its user and group."""
    firewall.loads(SNIFF.format("OUTPUT -p udp"))
    firewall.opens("udp:5000").says("x", to="client:53")
    firewall.logs("seen IN= OUT=net SRC={firewall} DST={client}", "SPT=5000 DPT=53 LEN=9 UID=0 GID=0", times=1)


@case("nflog.mark", topology="two-lans", needs=["target-NFLOG", "mangle"], cites=["LOG-15", "LOG-17"])
def test_mark(client, firewall):
    """The mark that an earlier rule gave is told."""
    firewall.loads("*mangle\n-A PREROUTING -j MARK --set-mark 0x2a\nCOMMIT\n" + SNIFF.format("FORWARD"))
    client.sends(udp("client:1 > server:2", "x"))
    firewall.logs("seen IN=lan1", "DPT=2 LEN=9 MARK=0x2a", times=1)


@case("nflog.ipv6", topology="two-lans", needs=["target-NFLOG", "ipv6"], cites=["LOG-03", "LOG-15", "LOG-17"], rows={
    "udp": {"packet": udp6("client:40000 > server:53", "query"), "text": "PROTO=UDP SPT=40000 DPT=53 LEN=13"},
    "tcp": {"packet": tcp6("client:40000 > server:22", "SYN", window=8192, flow_label=0x12345),
            "text": "PROTO=TCP SPT=40000 DPT=22 WINDOW=8192 RES=0x00 SYN URGP=0"}})  # fmt: skip
def test_ipv6(client, firewall, row, packet, text):
    """IPv6 has its own fields: traffic class, hop limit, flow label; addresses are written out."""
    firewall.loads6(SNIFF.format("FORWARD"))
    client.sends(packet)
    label = 0x12345 if row == "tcp" else 0
    length = 60 if row == "tcp" else 53
    firewall.logs(f"LEN={length} TC=0 HOPLIMIT=63 FLOWLBL={label} {text}", "seen IN=lan1 OUT=lan2", "SRC=2001:0db8:", times=1)


@case("nflog.two-groups", topology="two-lans", needs=["target-NFLOG"], cites=["LOG-01", "LOG-15"])
def test_two_groups(client, firewall):
    """One packet may be told to several groups, each with the prefix of its rule, in the order of the rules."""
    firewall.loads("""
        *filter
        -A FORWARD -j NFLOG --nflog-group 7 --nflog-prefix "one "
        -A FORWARD -j NFLOG --nflog-group 3 --nflog-prefix "two "
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "x"))
    assert [line.split()[0] for line in firewall.logs(" IN=lan1", times=2)] == ["one", "two"]


@case("nflog.size", topology="two-lans", needs=["target-NFLOG"], cites=["LOG-15"], rows=table("""
    name    | size | shows
    --------+------+-------------------------------------------------
    all     | 1000 | PROTO=TCP SPT=40000 DPT=22 WINDOW=65535 RES=0x00 SYN URGP=0
    headers | 40   | PROTO=TCP SPT=40000 DPT=22 WINDOW=65535 RES=0x00 SYN URGP=0
    less    | 30   | LEN=44 TOS=0x00 PREC=0x00 TTL=63 ID=1 PROTO=TCP INCOMPLETE [10 bytes]
    ip      | 20   | LEN=44 TOS=0x00 PREC=0x00 TTL=63 ID=1 PROTO=TCP INCOMPLETE [0 bytes]
"""))  # fmt: skip
def test_size(client, firewall, size, shows):
    """--nflog-size is how much of the packet is handed over; its length in the header stays."""
    firewall.loads(f"*filter\n-A FORWARD -j NFLOG --nflog-group 5 --nflog-size {size}\nCOMMIT")
    client.sends(tcp("client:40000 > server:22", "SYN", mss=1460))
    firewall.logs("IN=lan1 OUT=lan2", shows, times=1)


@case("nflog.saved", topology="host", needs=["target-NFLOG"], cites=["LOG-15"], rows={
    "plain": {"given": "", "saved": ""},
    "group-0": {"given": "--nflog-group 0", "saved": ""},
    "all": {"given": "--nflog-group 9 --nflog-prefix a --nflog-threshold 3 --nflog-size 80",
            "saved": " --nflog-prefix a --nflog-group 9 --nflog-size 80 --nflog-threshold 3"},
    "prefix": {"given": f"--nflog-prefix {LONG}", "saved": f" --nflog-prefix {LONG}"}})  # fmt: skip
def test_saved(firewall, given, saved):
    """What is as usual is not written down."""
    firewall.runs(f"iptables -A INPUT -j NFLOG {given}")
    firewall.runs("iptables -S INPUT").contains(f"-A INPUT -j NFLOG{saved}\n")


@case("nflog.refused", topology="host", cites=["LOG-15"], rows={
    "group": {"given": "--nflog-group 65536"},
    "newline": {"given": ["--nflog-prefix", "a\nb"]},
    "word": {"given": "--nflog-group x"}})  # fmt: skip
def test_refused(firewall, given):
    """There are 65536 groups, and a prefix is one line."""
    words = given.split() if isinstance(given, str) else given
    firewall.runs(["iptables", "-A", "INPUT", "-j", "NFLOG", *words], exits=2)
    firewall.runs("iptables -S INPUT").lacks("NFLOG")
