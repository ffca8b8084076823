"""Two ways to the internet, as sites have them: translation on both, connections that keep their way, and what is told
to neighbours when a way is too long or too narrow."""

from conformance.vocabulary import case, icmp, table, tcp, tcp6, udp, udp6

QUERY = udp("client:40000 > server:5353", "query")
BALANCED = """\
*mangle
-A PREROUTING -i uplink1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 1
-A PREROUTING -i uplink2 -m conntrack --ctstate NEW -j CONNMARK --set-mark 2
-A PREROUTING -i lan -j CONNMARK --restore-mark
-A PREROUTING -i lan -m mark ! --mark 0 -j ACCEPT
-A PREROUTING -i lan -j MARK --set-mark 1
-A PREROUTING -i lan -p udp --dport 5353 -j MARK --set-mark 2
-A PREROUTING -i lan -j CONNMARK --save-mark
-A OUTPUT ! -o lan -j CONNMARK --restore-mark
COMMIT
*nat
-A POSTROUTING -o uplink1 -j MASQUERADE
-A POSTROUTING -o uplink2 -j MASQUERADE
COMMIT
"""


FROM_INSIDE = """\
*filter
:FORWARD DROP [0:0]
-A FORWARD -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED -m comment --comment related -j ACCEPT
COMMIT
"""


@case("route.uplinks.masquerade", topology="dual-uplink", needs=["nat", "mangle", "target-CONNMARK"],
      requirement="MASQUERADE on two uplinks gives each connection the address of the way that its mark chose",
      source="iptables-extensions(8), MASQUERADE, CONNMARK", rows=table("""
    name   | port | uplink  | by
    -------+------+---------+-----
    marked | 5353 | uplink2 | isp2
    other  | 99   | uplink1 | isp1
"""))  # fmt: skip
def test_masquerade(client, isp1, isp2, server, firewall, port, uplink, by):
    """The whole exchange stays on one way, under one address, however many packets it has."""
    firewall.loads(BALANCED)
    for text in ("one", "two"):
        client.sends(udp(f"client:40000 > server:{port}", text))
        query = server.sees(udp(f"firewall.{uplink}:40000 > server:{port}", text))
        server.sends(server.answer_to(query, "answer"), next_hop=by)
        client.sees(udp(f"server:{port} > client:40000", "answer"))
    firewall.tracks(f"udp client:40000 > server:{port}", reply=f"server:{port} > firewall.{uplink}:40000", mark=int(uplink[-1]))


@case("route.uplinks.mark-on-the-way-back", topology="dual-uplink", needs=["nat", "mangle", "target-CONNMARK"],
      requirement="A mark that is restored for answers too sends them by the table of the mark, which knows no way inside",
      source="iptables-extensions(8), CONNMARK; ip-rule(8)")  # fmt: skip
def test_mark_on_the_way_back(client, isp2, server, firewall):
    """The trap of policy routing: the answer from the second uplink, translated back to the client's address, leaves by
    the second uplink again."""
    firewall.loads("""
        *mangle
        -A PREROUTING -j CONNMARK --restore-mark
        -A PREROUTING -i lan -j MARK --set-mark 2
        -A PREROUTING -j CONNMARK --save-mark
        COMMIT
        *nat
        -A POSTROUTING -o uplink2 -j MASQUERADE
        COMMIT
    """)
    client.sends(QUERY)
    query = server.sees(udp("firewall.uplink2:40000 > server:5353", "query"))
    server.sends(server.answer_to(query, "answer"), next_hop="isp2")
    isp2.sees(udp("server:5353 > client:40000", "answer"), on="uplink2")
    client.never_saw(udp("server:5353 > client:40000"))


@case("route.uplinks.own-error-astray", topology="dual-uplink", needs=["nat", "mangle", "target-CONNMARK"],
      requirement="An ICMP error of the firewall belongs to the connection of its cause: OUTPUT restores that mark and routes by it",
      source="kernel nf_ct_attach, icmp_send; iptables-extensions(8), CONNMARK")  # fmt: skip
def test_own_error_astray(client, isp2, server, firewall):
    """The error about a later packet of a marked connection leaves by the uplink of the mark, away from the client."""
    firewall.loads("""
        *mangle
        -A PREROUTING -i lan -j CONNMARK --set-mark 2
        -A PREROUTING -i lan -j CONNMARK --restore-mark
        -A OUTPUT -j CONNMARK --restore-mark
        COMMIT
    """)
    sent = QUERY.but(ttl=1)
    client.sends(sent)
    isp2.sees(icmp("firewall.lan > client", (11, 0), quoting=sent), on="uplink2")


@case("route.uplinks.tcp", topology="dual-uplink", needs=["nat", "mangle", "target-CONNMARK"],
      requirement="A connection whose mark is restored keeps its way although the rule that chose it sees only its beginning",
      source="iptables-extensions(8), CONNMARK")  # fmt: skip
def test_tcp(client, isp1, isp2, server, firewall):
    """Handshake, data and end leave by the second uplink; the first one carries nothing."""
    firewall.loads("""
        *mangle
        -A PREROUTING -i lan -p tcp -m conntrack --ctstate NEW --syn -j CONNMARK --set-mark 2
        -A PREROUTING -i lan -j CONNMARK --restore-mark
        COMMIT
        *nat
        -A POSTROUTING -o uplink1 -j MASQUERADE
        -A POSTROUTING -o uplink2 -j MASQUERADE
        COMMIT
    """)
    client.sends(tcp("client:40000 > server:99", "SYN", seq=1000))
    syn = server.sees(tcp("firewall.uplink2:40000 > server:99", "SYN"))
    server.sends(server.answer_to(syn, flags="SYN,ACK", seq=5000), next_hop="isp2")
    answer = client.sees(tcp("server:99 > client:40000", "SYN,ACK"))
    client.answers(answer)
    client.sends(tcp("client:40000 > server:99", "PSH,ACK", "hello", seq=1001, ack=5001))
    server.sees(tcp("firewall.uplink2:40000 > server:99", "ACK", ""))
    server.sees(tcp("firewall.uplink2:40000 > server:99", "PSH,ACK", "hello"))
    isp1.never_saw(tcp("any > any"), on="uplink1")


@case("route.uplinks.answers-of-the-firewall", topology="dual-uplink", needs=["mangle", "target-CONNMARK"], cites=["ROUTE-03", "ROUTE-06"])
def test_own_answers(isp1, isp2, server, firewall):
    """Who comes by the second uplink is answered by the second uplink: OUTPUT restores the mark and routes again."""
    firewall.loads("""
        *mangle
        -A PREROUTING -i uplink2 -m conntrack --ctstate NEW -j CONNMARK --set-mark 2
        -A OUTPUT -j CONNMARK --restore-mark
        COMMIT
    """)
    service = firewall.listens("udp:203.0.113.2:4500")
    server.sends(udp("server:40000 > firewall.uplink2:4500", "query"), next_hop="isp2")
    service.hears("query", sender="server:40000")
    service.says("reply")
    isp2.sees(udp("firewall.uplink2:4500 > server:40000", "reply"), on="uplink2")
    isp1.never_saw(udp("firewall.uplink2:4500 > any"), on="uplink1")


@case("route.uplinks.answers-unmarked", topology="dual-uplink", needs=["mangle"],
      requirement="Without a mark the firewall answers by its default way, whichever way the question came", source="ip-rule(8)")  # fmt: skip
def test_own_answers_unmarked(isp1, server, firewall):
    """The trap of two uplinks: the answer leaves by the wrong one, where a provider would drop it."""
    firewall.loads("*mangle\n-A PREROUTING -i uplink2 -j MARK --set-mark 2\nCOMMIT\n")
    service = firewall.listens("udp:203.0.113.2:4500")
    server.sends(udp("server:40000 > firewall.uplink2:4500", "query"), next_hop="isp2")
    service.hears("query", sender="server:40000")
    service.says("reply")
    isp1.sees(udp("firewall.uplink2:4500 > server:40000", "reply"), on="uplink1")


@case("route.uplinks.port-forward", topology="dual-uplink", needs=["nat", "mangle", "target-CONNMARK"],
      requirement="A service inside that was reached by the second uplink answers by it", source="iptables-extensions(8), DNAT, CONNMARK")  # fmt: skip
def test_port_forward(client, isp2, server, firewall):
    """DNAT from the second uplink; the mark of the connection brings the answer back the way the question came."""
    firewall.loads("""
        *mangle
        -A PREROUTING -i uplink2 -m conntrack --ctstate NEW -j CONNMARK --set-mark 2
        -A PREROUTING -i lan -j CONNMARK --restore-mark
        COMMIT
        *nat
        -A PREROUTING -i uplink2 -p udp --dport 4500 -j DNAT --to-destination {client}:9999
        COMMIT
    """)
    server.sends(udp("server:40000 > firewall.uplink2:4500", "query"), next_hop="isp2")
    client.answers(client.sees(udp("server:40000 > client:9999", "query")), "reply")
    isp2.sees(udp("firewall.uplink2:4500 > server:40000", "reply"), on="uplink2")


@case("route.uplinks.own-source", topology="dual-uplink", needs=["mangle", "nat"], cites=["ROUTE-03"])
def test_own_source(isp2, firewall):
    """The address of a packet of the firewall's own is chosen before its mark moves it: it leaves with that of the other
    uplink, unless MASQUERADE mends it."""
    speaker = firewall.opens("udp:5000")
    mark = "*mangle\n-A OUTPUT -p udp --dport 5353 -j MARK --set-mark 2\nCOMMIT\n"
    firewall.loads(mark)
    speaker.says("bare", to="server:5353")
    isp2.sees(udp("firewall.uplink1:5000 > server:5353", "bare"), on="uplink2")
    firewall.loads(mark + "*nat\n-A POSTROUTING -o uplink2 -j MASQUERADE\nCOMMIT\n")
    firewall.flushes_connections()
    speaker.says("mended", to="server:5353")
    isp2.sees(udp("firewall.uplink2:5000 > server:5353", "mended"), on="uplink2")


@case("route.uplinks.ipv6", topology="dual-uplink", needs=["ipv6", "nat6"], cites=["ROUTE-01", "IPV6-15"])
def test_ipv6(client, isp1, isp2, firewall):
    """The same marks choose the way of IPv6, and MASQUERADE its address."""
    firewall.loads6("""
        *mangle
        -A PREROUTING -i lan -p udp --dport 5353 -j MARK --set-mark 2
        COMMIT
        *nat
        -A POSTROUTING -o uplink1 -j MASQUERADE
        -A POSTROUTING -o uplink2 -j MASQUERADE
        COMMIT
    """)
    client.sends(udp6("client:40000 > server:5353", "a"), udp6("client:40000 > server:99", "b"))
    isp2.sees(udp6("firewall.uplink2:40000 > server:5353", "a"), on="uplink2")
    isp1.sees(udp6("firewall.uplink1:40000 > server:99", "b"), on="uplink1")


@case("route.uplinks.by-tos", topology="dual-uplink", needs=["mangle"], requirement="A mangle table that changes TOS in OUTPUT has the packet routed again",
      source="kernel ipt_mangle_out; ip-rule(8), tos")  # fmt: skip
def test_by_tos(isp1, isp2, firewall):
    """A policy rule for a TOS takes packets that got it in OUTPUT."""
    firewall.changes("ip rule add tos 0x10 table 102 priority 900", undo="ip rule del tos 0x10 table 102 priority 900")
    firewall.loads("*mangle\n-A OUTPUT -p udp --dport 5353 -j TOS --set-tos 0x10\nCOMMIT\n")
    speaker = firewall.opens("udp:5000")
    speaker.says("fast", to="server:5353")
    speaker.says("slow", to="server:99")
    isp2.sees(udp("any:5000 > server:5353", "fast", tos=0x10), on="uplink2")
    isp1.sees(udp("any:5000 > server:99", "slow"), on="uplink1")


@case("route.uplinks.ttl", topology="dual-uplink", needs=["nat", "mangle"],
      requirement="A TTL that ends at the firewall is told to the client about the packet that it sent", source="RFC 1812 5.3.1; kernel ip_forward")  # fmt: skip
def test_ttl(client, isp1, firewall):
    """traceroute shows the firewall, marks and translation or not; TTL in PREROUTING hides it."""
    sent = QUERY.but(ttl=1)
    rules = BALANCED
    firewall.loads(rules)
    client.sends(sent)
    client.sees(icmp("firewall.lan > client", (11, 0), quoting=sent))
    firewall.loads("*mangle\n-A PREROUTING -i lan -j TTL --ttl-inc 1\nCOMMIT\n")
    client.sends(sent)
    isp1.sees(QUERY.but(ttl=1), on="uplink1")


@case("route.uplinks.router-error", topology="dual-uplink", needs=["nat", "mangle", "target-CONNMARK"],
      requirement="An error of a router on the way of a translated packet reaches the client under the router's address",
      source="RFC 5508 4; RFC 1812 4.3", rows={
          "ttl": {"message": (11, 0), "fields": {}}, "too-big": {"message": (3, 4), "fields": {"mtu": 1400}},
          "prohibited": {"message": (3, 13), "fields": {}}})  # fmt: skip
def test_router_error(client, isp2, firewall, message, fields):
    """What the provider says about a packet comes through as RELATED, quoting what the client had sent."""
    firewall.loads(BALANCED + FROM_INSIDE)
    client.sends(QUERY)
    query = isp2.sees(udp("firewall.uplink2:40000 > server:5353", "query"), on="uplink2")
    isp2.sends(icmp("isp2 > firewall.uplink2", message, quoting=query, **fields), via="uplink2")
    client.sees(icmp("203.0.113.1 > client", message, quoting=QUERY.but(ttl=63)))
    firewall.counted("related", packets=1)


@case("route.uplinks.mss", topology="dual-uplink", needs=["mangle", "target-TCPMSS"],
      requirement="TCPMSS --clamp-mss-to-pmtu follows the way that the packet takes, in both directions",
      source="iptables-extensions(8), TCPMSS", rows=table("""
    name   | family | port | left
    -------+--------+------+-----
    narrow | 4      | 22   | 1360
    wide   | 4      | 99   | 1460
    narrow-6 | 6    | 22   | 1340
    wide-6 | 6      | 99   | 1440
"""))  # fmt: skip
def test_mss(client, isp1, isp2, firewall, family, port, left):
    """Only connections by the narrow uplink get a smaller MSS."""
    firewall.changes("ip link set uplink2 mtu 1400", undo="ip link set uplink2 mtu 1500")
    firewall.loads("""
        *mangle
        -A PREROUTING -i lan -p tcp --dport 22 -j MARK --set-mark 2
        -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
        COMMIT
    """, family)
    kind = tcp if family == 4 else tcp6
    client.sends(kind(f"client:40000 > server:{port}", "SYN", mss=1460 if family == 4 else 1440))
    (isp2 if port == 22 else isp1).sees(kind(f"client:40000 > server:{port}", "SYN", mss=left), on="uplink2" if port == 22 else "uplink1")


@case("route.uplinks.reverse-path", topology="dual-uplink", needs=["match-rpfilter", "raw"], cites=["ROUTE-08"], rows=table("""
    name     | options          | passes
    ---------+------------------+-------
    strict   |                  | False
    loose    | --loose          | True
    inverted | --invert         | True
"""))  # fmt: skip
def test_reverse_path(server, firewall, options, passes):
    """A packet that comes by the second uplink from where the first one leads fails the strict test."""
    firewall.loads(f"*raw\n-A PREROUTING -i uplink2 -m rpfilter {options} -m comment --comment right\nCOMMIT\n")
    server.sends(udp("server:40000 > firewall.uplink2:4500", "x"), next_hop="isp2")
    firewall.counted("right", packets=1 if passes else 0)
