"""Marks and routes: which changes of a packet come in time to send it another way, and what routing refuses."""

from conformance.vocabulary import case, icmp, icmp6, table, tcp, udp

QUERY = udp("client:40000 > server:5353", "query")


@case("route.mark-in-prerouting", topology="dual-uplink", needs=["mangle"], cites=["ROUTE-01"])
def test_mark_in_prerouting(client, isp1, isp2, firewall):
    """A mark that mangle PREROUTING gives decides about the way out."""
    firewall.loads("*mangle\n-A PREROUTING -p tcp --dport 22 -j MARK --set-mark 2\nCOMMIT")
    client.sends(tcp("client:1000 > server:22", "SYN"), tcp("client:1000 > server:99", "SYN"))
    isp2.sees(tcp("client:1000 > server:22"), on="uplink2")
    isp1.sees(tcp("client:1000 > server:99"), on="uplink1")
    isp1.never_saw(tcp("client:1000 > server:22"), on="uplink1")


@case("route.mark-too-late", topology="dual-uplink", needs=["mangle"], cites=["ROUTE-02"], rows=table("""
    name        | chain
    ------------+------------
    forward     | FORWARD
    postrouting | POSTROUTING
"""))  # fmt: skip
def test_mark_too_late(client, isp1, firewall, chain):
    """Behind the routing decision a mark changes nothing about the way."""
    firewall.loads(f"*mangle\n-A {chain} -p udp -j MARK --set-mark 2\nCOMMIT")
    client.sends(QUERY)
    isp1.sees(QUERY, on="uplink1")


@case("route.mark-of-own-packets", topology="dual-uplink", needs=["mangle"], cites=["ROUTE-03"])
def test_mark_in_mangle_output(isp2, firewall):
    """A mark that mangle OUTPUT gives sends the firewall's own packets another way."""
    firewall.loads("*mangle\n-A OUTPUT -p udp --dport 5353 -j MARK --set-mark 2\nCOMMIT")
    firewall.opens("udp:5000").says("hello", to="server:5353")
    isp2.sees(udp("any:5000 > server:5353", "hello"), on="uplink2")


@case("route.mark-in-filter-output", topology="dual-uplink", cites=["ROUTE-04"])
def test_mark_in_filter_output(isp1, firewall):
    """One that filter OUTPUT gives does not; only mangle has packets routed again."""
    firewall.loads("*filter\n-A OUTPUT -p udp --dport 5353 -j MARK --set-mark 2\nCOMMIT")
    firewall.opens("udp:5000").says("hello", to="server:5353")
    isp1.sees(udp("any:5000 > server:5353", "hello"), on="uplink1")


@case("route.mark-in-nat", topology="dual-uplink", needs=["nat"], cites=["ROUTE-05"])
def test_mark_in_nat(client, isp1, isp2, firewall):
    """Rules of nat see the first packet of a connection only: the second one goes the usual way."""
    firewall.loads("""
        *nat
        -A PREROUTING -p udp --dport 5353 -j MARK --set-mark 2
        COMMIT
        *filter
        -A FORWARD -m conntrack --ctstate INVALID -j DROP
        COMMIT
    """)
    client.sends(QUERY)
    isp2.sees(QUERY, on="uplink2")
    client.sends(QUERY)
    isp1.sees(QUERY, on="uplink1")


@case("route.connmark", topology="dual-uplink", needs=["mangle", "target-CONNMARK"], cites=["ROUTE-06"])
def test_connmark(client, isp2, server, firewall):
    """The mark of the first packet, saved with its connection and restored, keeps the whole flow on one way."""
    firewall.loads("""
        *mangle
        -A PREROUTING -j CONNMARK --restore-mark
        -A PREROUTING -m mark ! --mark 0 -j ACCEPT
        -A PREROUTING -i lan -m conntrack --ctstate NEW -j MARK --set-mark 2
        -A PREROUTING -j CONNMARK --save-mark
        COMMIT
    """)
    client.sends(QUERY)
    isp2.sees(QUERY, on="uplink2")
    firewall.tracks("udp client:40000 > server:5353", mark=2)
    client.sends(QUERY)
    isp2.sees(QUERY, on="uplink2")


@case("route.dnat-of-own-packets", topology="dual-uplink", needs=["nat"], cites=["ROUTE-07"])
def test_dnat_in_output(isp2, firewall):
    """When OUTPUT changes the destination, the packet takes the way to the new one, and filter sees that way."""
    firewall.loads("""
        *nat
        -A OUTPUT -p udp --dport 5353 -j DNAT --to-destination 203.0.113.1:5353
        COMMIT
        *mangle
        -A POSTROUTING -p udp -o uplink2 -m comment --comment out
        COMMIT
    """)
    firewall.opens("udp:5000").says("hello", to="server:5353")
    isp2.sees(udp("any:5000 > 203.0.113.1:5353", "hello"), on="uplink2")
    firewall.counted("out", packets=1)


HELLO = udp("server:5353 > firewall.uplink2:40000", "hello")


@case("route.rpfilter-validmark", topology="dual-uplink", needs=["mangle", "match-rpfilter"], cites=["ROUTE-08"], rows=table("""
    name          | option      | passes
    --------------+-------------+-------
    without       |             | False
    with-the-mark | --validmark | True
    loose         | --loose     | True
"""))  # fmt: skip
def test_rpfilter(isp2, firewall, option, passes):
    """The way back depends on the mark of the packet only where the rule says so."""
    firewall.loads(f"""
        *mangle
        -A PREROUTING -i uplink2 -j MARK --set-mark 2
        -A PREROUTING -i uplink2 -m rpfilter {option} -m comment --comment right
        COMMIT
    """)
    isp2.sends(HELLO, via="uplink2")
    firewall.counted("right", packets=1 if passes else 0)


@case("route.rp-filter-valid-mark", topology="dual-uplink", needs=["mangle"], cites=["ROUTE-08"], rows=table("""
    name   | valid_mark | passes
    -------+------------+-------
    off    | 0          | False
    on     | 1          | True
"""))  # fmt: skip
def test_rp_filter(isp2, firewall, valid_mark, passes):
    """Nor does the kernel's own check look at marks, unless src_valid_mark is set."""
    firewall.loads("""
        *mangle
        -A PREROUTING -i uplink2 -m comment --comment came -j MARK --set-mark 2
        COMMIT
        *filter
        -A INPUT -i uplink2 -m comment --comment passed
        COMMIT
    """)
    firewall.sets("net.ipv4.conf.uplink2.rp_filter", 1)
    firewall.sets("net.ipv4.conf.uplink2.src_valid_mark", valid_mark)
    isp2.sends(HELLO, via="uplink2")
    firewall.counted("came", packets=1)
    firewall.counted("passed", packets=1 if passes else 0)


COUNTING = """
    *raw
    -A PREROUTING -p udp --dport 5353 -m comment --comment raw
    COMMIT
    *mangle
    -A PREROUTING -p udp --dport 5353 -m comment --comment mangle
    COMMIT
    *filter
    -A FORWARD -p udp --dport 5353 -m comment --comment forward
    COMMIT
"""


def stops_behind_prerouting(firewall, raw=1):
    firewall.counted("raw", packets=raw)
    firewall.counted("mangle", packets=raw)
    firewall.counted("forward", packets=0)


@case("route.no-forwarding", topology="two-lans", needs=["raw", "mangle"], cites=["ROUTE-09"])
def test_no_forwarding(client, firewall):
    """Without ip_forward packets for others end behind PREROUTING."""
    firewall.loads(COUNTING)
    firewall.sets("net.ipv4.ip_forward", 0)
    client.sends(QUERY)
    stops_behind_prerouting(firewall)


@case("route.martians", topology="two-lans", needs=["raw", "mangle"], cites=["ROUTE-10"], rows=table("""
    name                 | flow
    ---------------------+-----------------------------------
    loopback-source      | 127.0.0.1:40000 > server:5353
    zero-source          | 0.0.0.0:40000 > server:5353
    multicast-source     | 224.0.0.9:40000 > server:5353
    broadcast-source     | 255.255.255.255:40000 > server:5353
    loopback-destination | client:40000 > 127.0.0.9:5353
    zero-destination     | client:40000 > 0.0.0.0:5353
"""))  # fmt: skip
def test_martians(client, firewall, flow):
    """Addresses that cannot be on a wire get as far as PREROUTING and no further."""
    firewall.loads(COUNTING)
    client.sends(udp(flow, "x"), next_hop="firewall")
    stops_behind_prerouting(firewall)


@case("route.source-route", topology="two-lans", needs=["raw", "mangle"], cites=["ROUTE-11"], rows={
    "loose": {"options": bytes.fromhex("830704 0a00020a 00")}, "strict": {"options": bytes.fromhex("890704 0a00020a 00")}})  # fmt: skip
def test_source_route(client, firewall, options):
    """A sender that wants to choose the way is not obeyed."""
    firewall.loads(COUNTING)
    client.sends(udp("client:40000 > firewall.lan1:5353", "x", ip_options=options))
    stops_behind_prerouting(firewall)


@case("route.frame-for-another", topology="two-lans", needs=["raw", "mangle"], cites=["ROUTE-12"], rows=table("""
    name        | promiscuous
    ------------+------------
    usual       | off
    promiscuous | on
"""))  # fmt: skip
def test_frame_for_another(client, firewall, promiscuous):
    """A frame with another receiver is nobody's business, not even where the interface hears all."""
    firewall.loads(COUNTING)
    firewall.changes(f"ip link set lan1 promisc {promiscuous}", undo="ip link set lan1 promisc off")
    client.sends(QUERY.but(destination_mac="02:00:00:00:99:99"))
    stops_behind_prerouting(firewall, raw=0)


@case("route.broadcast-frame", topology="two-lans", needs=["raw", "mangle"], cites=["ROUTE-13"])
def test_broadcast_frame(client, firewall):
    """A packet for one that came in a frame for all is not forwarded."""
    firewall.loads(COUNTING)
    client.sends(QUERY.but(destination_mac="ff:ff:ff:ff:ff:ff"))
    stops_behind_prerouting(firewall)


@case("route.classify", topology="two-lans", needs=["target-CLASSIFY", "nft"], cites=["ROUTE-14"], rows=table("""
    name    | rule                                                      | seen
    --------+-----------------------------------------------------------+-----
    class   | -A POSTROUTING -o lan2 -p udp -j CLASSIFY --set-class 1:3 | True
    other   | -A POSTROUTING -o lan2 -p udp -j CLASSIFY --set-class 1:4 | False
    unasked | -A POSTROUTING -o lan2 -p tcp -j CLASSIFY --set-class 1:3 | False
"""))  # fmt: skip
def test_classify(client, server, firewall, rule, seen):
    """CLASSIFY gives the packet the priority by which queues of the interface sort; a counter behind all rules reads it."""
    firewall.changes("nft add table ip behind", undo="nft delete table ip behind")
    firewall.runs("nft -f -", stdin="""
        add chain ip behind out { type filter hook postrouting priority 400; }
        add rule ip behind out meta priority 1:3 counter
    """)
    firewall.loads(f"*mangle\n{rule}\nCOMMIT")
    client.sends(QUERY)
    server.sees(QUERY)
    firewall.runs("nft list table ip behind").contains(f"counter packets {1 if seen else 0} bytes")


@case("routing.nowhere", topology="two-lans", needs=["mangle"], requirement="What OUTPUT routes anew and no route takes is dropped before filter", rows={
    "ipv4": {"family": 4, "ip": "ip", "reply": "-p icmp --icmp-type echo-reply", "ping": icmp, "kinds": ("echo-request", "echo-reply")},
    "ipv6": {"family": 6, "ip": "ip -6", "reply": "-p icmpv6 --icmpv6-type echo-reply", "ping": icmp6, "kinds": (128, 129), "needs": "ipv6"}},
      source="iptables(8), mangle; measured on Linux 6.18")  # fmt: skip
def test_nowhere(client, firewall, family, ip, reply, ping, kinds):
    """The answer to a ping gets a mark for which there is no way. Without the mark it goes out."""
    firewall.changes(f"{ip} rule add fwmark 7 unreachable pref 10", undo=f"{ip} rule del pref 10")
    for mark, goes in (("0", True), ("7", False)):
        firewall.loads(f"""
            *mangle
            -A OUTPUT {reply} -j MARK --set-mark {mark} -m comment --comment marked
            COMMIT
            *filter
            -A OUTPUT {reply} -m comment --comment filter
            COMMIT
        """, family)
        client.sends(ping("client > firewall.lan1", kinds[0], id=1))
        if goes:
            client.sees(ping("firewall.lan1 > client", kinds[1], id=1))
        firewall.counted("marked", packets=1, family=family)
        firewall.counted("filter", packets=1 if goes else 0, family=family)
