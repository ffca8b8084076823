"""Fragments: alone while nobody tracks, whole as soon as somebody does, and cut again on the way out."""

from conformance.vocabulary import case, fragment, fragments, icmp, tcp, udp

WHOLE = udp("client:1000 > server:2000", size=292, ip_id=2920)  # 300 bytes behind the IP header
PIECES = fragments(WHOLE, 104)
TRACKING = "*filter\n-A FORWARD -m conntrack --ctstate INVALID\n"


@case("fragments.alone", topology="two-lans", cites=["FRAG-01", "FRAG-02", "FRAG-04"])
def test_alone(client, server, firewall):
    """Without tracking each fragment passes by itself; -f is all but the first."""
    firewall.loads("""
        *filter
        -A FORWARD -f -m comment --comment later
        -A FORWARD ! -f -m comment --comment first
        -A FORWARD -p udp -m length --length 0:130 -m comment --comment every
        COMMIT
    """)
    client.sends(PIECES)
    server.sees_reassembled(WHOLE, sizes=[124, 124, 112])
    firewall.counted("later", packets=2)
    firewall.counted("first", packets=1)
    firewall.counted("every", packets=3)


@case("fragments.ports", topology="two-lans", cites=["FRAG-03"])
def test_ports(client, server, firewall):
    """Only the first fragment has ports, for legacy; native nft takes payload for ports."""
    firewall.loads("*filter\n-A FORWARD -p udp --dport 2000 -m comment --comment port\n-A FORWARD -p udp ! --dport 9 -m comment --comment other\nCOMMIT\n")
    client.sends(PIECES)
    server.sees_reassembled(WHOLE)
    firewall.counted("port", packets=1)
    counted = firewall.differs(legacy=1, nft=3, because="nft payload expressions do not look at the fragment offset")
    firewall.counted("other", packets=counted)


@case("fragments.first-dropped", topology="two-lans", cites=["FRAG-05"])
def test_first_dropped(client, server, firewall):
    """Dropping the first lets the others through."""
    firewall.loads("*filter\n-A FORWARD -p udp --dport 2000 -j DROP\nCOMMIT\n")
    client.sends(PIECES)
    server.sees(fragment("client > server", offset=104, more=True))
    server.sees(fragment("client > server", offset=208, more=False))
    server.never_saw(fragment("client > server", offset=0))


@case("fragments.whole-when-tracked", topology="two-lans", needs=["conntrack", "raw"], cites=["FRAG-06", "FRAG-07", "FRAG-12"], rows={
    "tracked": {"raw": "-A PREROUTING -p udp -m comment --comment raw"},
    "untracked": {"raw": "-A PREROUTING -p udp -m comment --comment raw\n-A PREROUTING -p udp -j NOTRACK"}})
def test_whole_when_tracked(client, server, firewall, raw):
    """With one rule that needs tracking, every table sees the whole packet, and it leaves as it came."""
    firewall.loads(f"*raw\n{raw}\nCOMMIT\n{TRACKING}-A FORWARD -p udp -m comment --comment one\n-A FORWARD -f -m comment --comment later\nCOMMIT\n")
    client.sends(PIECES)
    server.sees_reassembled(WHOLE, sizes=[124, 124, 112])
    for name, packets in (("raw", 1), ("one", 1), ("later", 0)):
        firewall.counted(name, packets=packets)


@case("fragments.order", topology="two-lans", needs=["conntrack"], rows={
    "reversed": {"sent": list(reversed(PIECES)), "cites": ["FRAG-08"]},
    "duplicate": {"sent": [PIECES[0], PIECES[1], PIECES[1], PIECES[2]], "cites": ["FRAG-09"]}})
def test_order(client, server, firewall, sent):
    """Any order will do, and one too many does no harm."""
    firewall.loads(TRACKING + "COMMIT\n")
    client.sends(sent)
    server.sees_reassembled(WHOLE)


@case("fragments.incomplete", topology="two-lans", needs=["conntrack"], cites=["FRAG-10"])
def test_incomplete(client, server, firewall):
    """What is not whole does not go on."""
    firewall.loads(TRACKING + "COMMIT\n")
    pieces = fragments(WHOLE.but(ip_id=3000), 104)
    client.sends(pieces[0], pieces[2])
    client.sends(udp("client:9 > server:9", "marker"))
    server.sees(udp("client:9 > server:9", "marker"))
    server.never_saw(fragment("client > server"))


@case("fragments.overlap", topology="two-lans", needs=["conntrack"], cites=["FRAG-11"])
def test_overlap(client, server, firewall):
    """Overlapping fragments are an attack and are discarded."""
    firewall.loads(TRACKING + "COMMIT\n")
    pieces, shifted = (fragments(WHOLE.but(ip_id=4000), size) for size in (104, 96))
    client.sends(pieces[0], shifted[1], pieces[2])
    client.sends(udp("client:9 > server:9", "marker"))
    server.sees(udp("client:9 > server:9", "marker"))
    server.never_saw(fragment("client > server"))


@case("fragments.translated", topology="three-legged", needs=["nat"], cites=["FRAG-13"])
def test_translated(client, server, firewall):
    """All fragments leave with the new source."""
    firewall.loads("*nat\n-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.1\nCOMMIT\n")
    client.sends(fragments(udp("client:1000 > server:2000", size=292), 104))
    server.sees_reassembled(udp("firewall.wan:1000 > server:2000", size=292), sizes=[124, 124, 112])


MANGLE = "*mangle\n-A FORWARD {}\nCOMMIT\n"
HELPED = "*raw\n-A PREROUTING -p udp -j CT --helper {}\nCOMMIT\n"
SYN = tcp("client:1000 > server:2000", "SYN", "x" * 1884, ip_id=80)


@case("fragments.gathered", topology="two-lans", requirement="A packet that is changed or read in one piece is cut anew",
      source="Linux skb_ensure_writable(), skb_linearize()", needs=["conntrack"], rows={
    "no-rule": {"packet": SYN, "rules": "", "sizes": [620, 620, 724]},
    "tcpmss": {"packet": SYN, "rules": MANGLE.format("-p tcp --syn -j TCPMSS --set-mss 1500"), "sizes": [724, 724, 516],
               "needs": ["target-TCPMSS"]},
    "tcpoptstrip": {"packet": SYN, "rules": MANGLE.format("-p tcp -j TCPOPTSTRIP --strip-options sack-permitted"),
                    "sizes": [620, 620, 724], "needs": ["target-TCPOPTSTRIP"]},
    "sip": {"packet": udp("client:1000 > server:5060", size=1896, ip_id=81), "rules": HELPED.format("sip"),
            "sizes": [724, 724, 516], "needs": ["helper-sip"]},
    "tftp": {"packet": udp("client:1000 > server:69", size=1896, ip_id=82), "rules": HELPED.format("tftp"),
             "sizes": [620, 620, 724], "needs": ["helper-tftp"]},
})  # fmt: skip
def test_gathered(client, server, firewall, packet, rules, sizes):
    """What needs the whole packet in one piece (TCPMSS, the SIP helper) makes Linux forget the old cuts: then all but
    the last fragment are as long as the longest was."""
    firewall.loads(TRACKING + "COMMIT\n" + rules)
    client.sends(fragments(packet, 600)[:2], fragments(packet, 1200)[1:])
    server.sees_reassembled(packet, sizes=sizes)


@case("fragments.narrow-way-out", topology="two-lans", needs=["conntrack"], cites=["FRAG-14"])
def test_narrow(client, server, firewall):
    """A packet put together is cut to the MTU of its way out."""
    firewall.changes("ip link set lan2 mtu 1300", undo="ip link set lan2 mtu 1500")
    firewall.loads(TRACKING + "COMMIT\n")
    whole = udp("client:1000 > server:2000", size=1900, ip_id=1900)
    client.sends(fragments(whole, 1480))
    server.sees_reassembled(whole, sizes=[1300, 648])


@case("fragments.df", topology="two-lans", cites=["FRAG-15"])
def test_df(client, server, firewall):
    """What must not be cut is answered with the MTU."""
    firewall.changes("ip link set lan2 mtu 1300", undo="ip link set lan2 mtu 1500")
    firewall.loads(TRACKING + "COMMIT\n")
    client.sends(udp("client:1000 > server:2000", size=1400, df=True))
    client.sees(icmp("firewall.lan1 > client", (3, 4), mtu=1300))
    server.never_saw(udp("client:1000 > server:2000"))


@case("fragments.tiny", topology="two-lans", cites=["FRAG-16"])
def test_tiny(client, server, firewall):
    """A TCP fragment that begins eight bytes into the header is an attack: a rule that asks for ports drops it. Not in nft."""
    firewall.loads("*filter\n-A FORWARD -p tcp --dport 80 -j ACCEPT\nCOMMIT\n")
    client.sends(fragments(tcp("client:1000 > server:99", "ACK", "data", ip_id=5000), 8)[1])
    client.sends(udp("client:9 > server:9", "marker"))
    server.sees(udp("client:9 > server:9", "marker"))
    if firewall.differs(legacy=True, nft=False, because="nft compares bytes of the packet and drops nothing"):
        server.never_saw(fragment("client > server", offset=8))
    else:
        server.sees(fragment("client > server", offset=8))
