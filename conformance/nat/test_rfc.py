"""What the RFCs on NAT behaviour recommend (4787 UDP, 5382 TCP, 5508 ICMP, 7857 updates), one by one.

netfilter does not meet all of them, and need not: where the catalogue says `kernel: fail`, the scenario says what the RFC
says, and the report shows who meets it.
"""

from conformance.vocabulary import case, fragments, icmp, ping, pong, recommended, table, tcp, udp

SHARE = "*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n"
INSIDE = """
    *nat
    -A PREROUTING -d {firewall.wan} -p udp --dport 8080 -j DNAT --to-destination 192.168.1.11:5353
    -A POSTROUTING -o wan -j MASQUERADE
    -A POSTROUTING -o lan -d 192.168.1.11 -j SNAT --to-source 203.0.113.1
    COMMIT
"""
QUERY = udp("client:40000 > server:5353", "query")
OUTSIDE = udp("firewall.wan:40000 > server:5353", "query")


def share(client, server, firewall):
    """One flow from inside to outside. Returns the query as the server sees it."""
    firewall.loads(SHARE)
    client.sends(QUERY)
    return server.sees(OUTSIDE)


# -- mapping


@case("rfc.endpoint-independent-mapping", topology="nat-gateway", needs=["nat"], cites=["NATRFC-01"])
def test_mapping(client, server, firewall):
    """One port inside is one port outside, whoever is spoken to."""
    server.claims("203.0.113.20")
    share(client, server, firewall)
    client.sends(udp("client:40000 > server:1000", "b"), udp("client:40000 > 203.0.113.20:53", "c"))
    server.sees(udp("firewall.wan:40000 > server:1000", "b"))
    server.sees(udp("firewall.wan:40000 > 203.0.113.20:53", "c"))


@case("rfc.paired-pooling", topology="nat-gateway", needs=["nat"], cites=["NATRFC-02"])
def test_pooling(client, server, firewall):
    """Of several addresses outside, one client gets the same for all that it does."""
    found = pooled(client, server, firewall, "")
    with recommended():
        assert len(found) == 1, f"18 flows of one client have {len(found)} addresses outside"


@case("rfc.paired-pooling-persistent", topology="nat-gateway", needs=["nat"], requirement="--persistent gives a client the same "
      "address for all its connections", source="iptables-extensions(8), SNAT; RFC 4787 REQ-2")  # fmt: skip
def test_pooling_persistent(client, server, firewall):
    """With --persistent netfilter does what the RFC wants, for whatever the client sends from whichever port."""
    assert len(pooled(client, server, firewall, "--persistent")) == 1


def pooled(client, server, firewall, option):
    firewall.loads(f"*nat\n-A POSTROUTING -o wan -j SNAT --to-source 203.0.113.100-203.0.113.110 {option}\nCOMMIT")
    others = [f"203.0.113.{last}" for last in range(20, 38)]
    server.claims(*others)
    client.sends([udp(f"client:{40000 + number} > {other}:5353", "x") for number, other in enumerate(others)])
    return {seen.src for seen in server.saw(udp("any > any:5353", "x"))}


@case("rfc.no-port-overloading", topology="nat-gateway", needs=["nat"], cites=["NATRFC-03"])
def test_overloading(client, laptop, server, firewall):
    """Two clients do not share a port outside, even if they speak to different servers."""
    found = overloaded(client, laptop, server, firewall)
    with recommended():
        assert len(set(found)) == 2, f"both have port {found[0]}"


@case("rfc.port-overlapping", topology="nat-gateway", needs=["nat"], cites=["NATRFC-34"])
def test_overlapping(client, laptop, server, firewall):
    """RFC 7857 permits it again: one port outside serves two clients with different servers."""
    assert overloaded(client, laptop, server, firewall) == [40000, 40000]


def overloaded(client, laptop, server, firewall):
    firewall.loads(SHARE)
    server.claims("203.0.113.20")
    client.sends(udp("client:40000 > server:5353", "x"))
    laptop.sends(udp("laptop:40000 > 203.0.113.20:5353", "x"))
    return [seen.sport for seen in server.saw(udp("any > any:5353", "x"))]


def collided(client, laptop, server, firewall, port):
    """Two clients with the same port to the same server; the port of the second."""
    client.sends(udp(f"client:{port} > server:5353", "first"))
    server.sees(udp(f"firewall.wan:{port} > server:5353", "first"))
    laptop.sends(udp(f"laptop:{port} > server:5353", "second"))
    return server.sees(udp("firewall.wan:any > server:5353", "second")).sport


@case("rfc.port-range", topology="nat-gateway", needs=["nat"], cites=["NATRFC-04"], rows=table("""
    name       | port  | low  | high
    -----------+-------+------+-------
    privileged | 700   | 1    | 1023
    others     | 40000 | 1024 | 65535
"""))  # fmt: skip
def test_port_range(client, laptop, server, firewall, port, low, high):
    """Ports below 1024 become such ports, others become others."""
    firewall.loads(SHARE)
    assert low <= collided(client, laptop, server, firewall, port) <= high


@case("rfc.port-parity", topology="nat-gateway", needs=["nat"], cites=["NATRFC-05"])
def test_parity(client, laptop, server, firewall):
    """An even port becomes an even port (RTP has its reports on the odd one behind it)."""
    firewall.loads(SHARE)
    ports = [collided(client, laptop, server, firewall, port) for port in range(40000, 40040, 2)]
    with recommended():
        assert all(port % 2 == 0 for port in ports), f"even ports became {ports}"


@case("rfc.deterministic", topology="nat-gateway", needs=["nat"], cites=["NATRFC-13"])
def test_deterministic(client, laptop, server, firewall):
    """If ports are preserved, they are preserved always, not only as long as nobody else has the same."""
    firewall.loads(SHARE)
    port = collided(client, laptop, server, firewall, 40000)
    with recommended():
        assert port == 40000, f"the first keeps its port, the second has {port}"


@case("rfc.identification", topology="nat-gateway", needs=["nat"], cites=["NATRFC-35"])
def test_identification(client, server, firewall):
    """The IP identification stays what it was."""
    firewall.loads(SHARE)
    client.sends(QUERY.but(ip_id=4242))
    server.sees(OUTSIDE.but(ip_id=4242))


@case("rfc.exhausted", topology="nat-gateway", needs=["nat"], cites=["NATRFC-32"])
def test_exhausted(client, laptop, server, firewall):
    """Who gets no port is told so by ICMP: communication prohibited."""
    exhausted(client, laptop, server, firewall)
    with recommended():
        laptop.sees(icmp("firewall > laptop", "communication-prohibited"))


@case("rfc.exhausted-drops", topology="nat-gateway", needs=["nat"], requirement="When no port is left the packet is dropped",
      source="kernel nf_nat_core.c get_unique_tuple")  # fmt: skip
def test_exhausted_drops(client, laptop, server, firewall):
    """Without a port nothing goes out, neither translated nor as it is."""
    exhausted(client, laptop, server, firewall)
    server.never_saw(udp("any > server:5353", "second"))


def exhausted(client, laptop, server, firewall):
    firewall.loads("*nat\n-A POSTROUTING -o wan -p udp -j SNAT --to-source 203.0.113.1:5000-5000\nCOMMIT")
    client.sends(udp("client:40000 > server:5353", "first"))
    server.sees(udp("firewall.wan:5000 > server:5353", "first"))
    laptop.sends(udp("laptop:40000 > server:5353", "second"))


# -- timers


@case("rfc.udp-two-minutes", topology="nat-gateway", needs=["nat"], cites=["NATRFC-06"])
def test_udp_timer(client, server, firewall):
    """A mapping lives two minutes at least."""
    share(client, server, firewall)
    entry = firewall.tracks("udp client:40000 > server:5353")
    with recommended():
        assert entry.timeout >= 119, f"{entry.timeout} seconds"


@case("rfc.udp-configurable", topology="nat-gateway", needs=["nat"], cites=["NATRFC-07"])
def test_udp_configurable(client, server, firewall):
    """How long is a matter of configuration."""
    firewall.sets_timeouts(udp=200)
    share(client, server, firewall)
    firewall.tracks("udp client:40000 > server:5353", timeout=200)


@case("rfc.udp-refresh", topology="nat-gateway", needs=["nat"], rows=table("""
    name     | cites
    ---------+----------
    outbound | NATRFC-08
    inbound  | NATRFC-09
"""))  # fmt: skip
def test_udp_refresh(client, server, firewall, row):
    """Packets of either direction keep the mapping alive."""
    query = share(client, server, firewall)
    server.answers(query, "answer")
    client.sees(udp("server:5353 > client:40000", "answer"))
    firewall.time_passes(1.1)
    assert firewall.tracks("udp client:40000 > server:5353").timeout <= 28
    if row == "outbound":
        client.sends(QUERY)
    else:
        server.answers(query, "more")
    assert firewall.tracks("udp client:40000 > server:5353").timeout >= 29


@case("rfc.tcp-established", topology="nat-gateway", needs=["nat"], cites=["NATRFC-20"])
def test_tcp_established(client, firewall):
    """An open connection may be idle for 2 hours and 4 minutes."""
    firewall.loads(SHARE)
    client.connects("client:40000 > server:99", seen_as="firewall.wan:40000 > server:99")
    assert firewall.tracks("tcp client:40000 > server:99", state="ESTABLISHED").timeout >= 7440


LIFE = (  # what each step of a connection leaves it in
    (lambda talk: talk.syn(), "SYN_SENT"),
    (lambda talk: talk.syn_ack(), "SYN_RECV"),
    (lambda talk: talk.client_sends("ACK"), "ESTABLISHED"),
    (lambda talk: talk.client_sends("FIN,ACK"), "FIN_WAIT"),
    (lambda talk: talk.server_sends("ACK", ack=talk.client.seq + 1), "CLOSE_WAIT"),
)


@case("rfc.tcp-transitory", topology="nat-gateway", needs=["nat"], cites=["NATRFC-21"],
      rows={state.lower().replace("_", "-"): {"state": state} for _step, state in LIFE if state != "ESTABLISHED"})  # fmt: skip
def test_tcp_transitory(client, firewall, state):
    """A connection that opens or closes may be idle for 4 minutes."""
    firewall.loads(SHARE)
    talk = client.talk("client:40000 > server:99")
    for step, reached in LIFE:
        step(talk)
        if reached == state:
            break
    entry = firewall.tracks("tcp client:40000 > server:99", reply="server:99 > firewall.wan:40000", state=state)
    with recommended():
        assert entry.timeout >= 239, f"{entry.timeout} seconds in {state}"


@case("rfc.reset-keeps-session", topology="nat-gateway", needs=["nat"], cites=["NATRFC-33"])
def test_reset(client, server, firewall):
    """An RST is translated, and the session stays for 4 minutes: it may be forged."""
    firewall.loads(SHARE)
    talk = client.connects("client:40000 > server:99", seen_as="firewall.wan:40000 > server:99")
    talk.client_resets()
    entry = firewall.tracks("tcp client:40000 > server:99", state="CLOSE")
    with recommended():
        assert entry.timeout >= 239, f"{entry.timeout} seconds"


@case("rfc.icmp-query-minute", topology="nat-gateway", needs=["nat"], cites=["NATRFC-25"])
def test_icmp_timer(client, server, firewall):
    """A query is remembered for a minute."""
    firewall.loads(SHARE)
    server.claims("203.0.113.77")
    client.sends(ping("client > 203.0.113.77", id=7))
    server.sees(ping("firewall.wan > 203.0.113.77", id=7))
    entry = firewall.tracks("icmp client > 203.0.113.77", id=7)
    with recommended():
        assert entry.timeout >= 59, f"{entry.timeout} seconds"


# -- filtering


@case("rfc.filtering", topology="nat-gateway", needs=["nat"], cites=["NATRFC-10"], rows=table("""
    name          | sender
    --------------+---------------------
    other-port    | server:54
    other-address | 203.0.113.20:5353
"""))  # fmt: skip
def test_filtering(client, server, firewall, sender):
    """Who was not asked may answer all the same, from another port or another address."""
    share(client, server, firewall)
    server.sends(udp(f"{sender} > firewall.wan:40000", "hello"))
    with recommended():
        client.sees(udp(f"{sender} > client:40000", "hello"))


@case("rfc.unsolicited-syn", topology="nat-gateway", needs=["nat"], cites=["NATRFC-19"])
def test_unsolicited_syn(server, firewall):
    """A SYN that nobody waits for is not answered for 6 seconds: the other one may be on its way."""
    firewall.loads(SHARE)
    firewall.node.stack = "refuse"
    server.sends(tcp("server:99 > firewall.wan:5555", "SYN"))
    with recommended():
        server.never_saw(tcp("firewall.wan:5555 > server:99"))


@case("rfc.simultaneous-open", topology="nat-gateway", needs=["nat"], cites=["NATRFC-18"])
def test_simultaneous_open(client, server, firewall):
    """Both ends send a SYN, and both SYNs arrive."""
    firewall.loads(SHARE)
    client.sends(tcp("client:40000 > server:99", "SYN", seq=1000))
    server.sees(tcp("firewall.wan:40000 > server:99", "SYN"))
    server.sends(tcp("server:99 > firewall.wan:40000", "SYN", seq=5000))
    client.sees(tcp("server:99 > client:40000", "SYN", seq=5000))
    client.sends(tcp("client:40000 > server:99", "SYN,ACK", seq=1000, ack=5001))
    server.sees(tcp("firewall.wan:40000 > server:99", "SYN,ACK"))


@case("rfc.helpers-one-by-one", topology="nat-gateway", needs=["nat", "helper-ftp", "helper-tftp"], cites=["NATRFC-12"])
def test_helpers(client, firewall):
    """Each helper is switched on by itself: here FTP is, TFTP is not."""
    firewall.loads("*raw\n-A PREROUTING -p tcp --dport 2121 -j CT --helper ftp\nCOMMIT\n" + SHARE)
    client.sends(udp("client:3000 > server:6969", b"\0\1file\0octet\0"))
    firewall.expects_nothing()
    talk = client.connects("client:40000 > server:2121", seen_as="firewall.wan:40000 > server:2121")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.client_says("PORT 192,168,1,10,156,65\r\n", arrives_as="PORT 203,0,113,1,156,65\r\n")
    firewall.expects("dport=40001", count=1)


# -- hairpins


@case("rfc.hairpin", topology="nat-gateway", needs=["nat"], cites=["NATRFC-11"])
def test_hairpin(client, laptop, firewall):
    """Who is inside reaches what is inside by its public address, and is seen with a public address itself."""
    firewall.loads(INSIDE)
    client.sends(udp("client:40000 > firewall.wan:8080", "query"))
    laptop.answers(laptop.sees(udp("firewall.wan:40000 > laptop:5353", "query")), "answer")
    client.sees(udp("firewall.wan:8080 > client:40000", "answer"))


@case("rfc.hairpin-error", topology="nat-gateway", needs=["nat"], cites=["NATRFC-22"])
def test_hairpin_error(client, laptop, firewall):
    """Errors find the way back through a hairpin."""
    firewall.loads(INSIDE)
    client.sends(udp("client:40000 > firewall.wan:8080", "query"))
    laptop.complains(laptop.sees(udp("firewall.wan:40000 > laptop:5353")), "port-unreachable")
    client.sees(icmp("firewall.wan > client", "port-unreachable", quoting=udp("client:40000 > firewall.wan:8080")))


# -- ICMP


@case("rfc.error-does-not-end-mapping", topology="nat-gateway", needs=["nat"], cites=["NATRFC-14"])
def test_error_keeps_mapping(client, server, firewall):
    """After an ICMP error the mapping is still there."""
    query = share(client, server, firewall)
    server.complains(query, "port-unreachable")
    server.answers(query, "late")
    client.sees(udp("server:5353 > client:40000", "late"))


@case("rfc.error-from-anybody", topology="nat-gateway", needs=["nat"], cites=["NATRFC-15"])
def test_error_from_router(client, server, firewall):
    """A router on the way may report an error, not the server alone."""
    query = share(client, server, firewall)
    server.complains(query, "host-unreachable", source="203.0.113.77")
    client.sees(icmp("203.0.113.77 > client", "host-unreachable", quoting=QUERY))


@case("rfc.fragmentation-needed", topology="nat-gateway", needs=["nat"], cites=["NATRFC-16"], fresh=True)
def test_fragmentation_needed(client, firewall):
    """A packet that may not be cut and does not fit is reported, with the size that would fit."""
    firewall.loads(SHARE)
    firewall.changes("ip link set wan mtu 1000")
    client.sends(udp("client:40000 > server:5353", size=1200, df=True))
    client.sees(
        icmp("firewall.lan > client", "fragmentation-needed", mtu=1000, quoting=udp("client:40000 > server:5353"))
    )


@case("rfc.fragments-out-of-order", topology="nat-gateway", needs=["nat"], cites=["NATRFC-17"])
def test_fragments(client, server, firewall):
    """Fragments in the wrong order are put together and translated."""
    firewall.loads(SHARE)
    first, second, third = fragments(udp("client:40000 > server:5353", size=3000, ip_id=40117), 1400)
    client.sends(third, second, first)
    server.sees_reassembled(udp("firewall.wan:40000 > server:5353", size=3000))


@case("rfc.unreachable", topology="nat-gateway", needs=["nat"], cites=["NATRFC-23"], rows=table("""
    name     | message
    ---------+------------------
    network  | network-unreachable
    host     | host-unreachable
    protocol | protocol-unreachable
    port     | port-unreachable
"""))  # fmt: skip
def test_unreachable(client, laptop, server, firewall, message):
    """Errors of both directions are translated outside and inside, and say what they said."""
    firewall.loads(INSIDE)
    client.sends(QUERY)
    server.complains(server.sees(OUTSIDE), message)
    client.sees(icmp("server > client", message, quoting=QUERY))
    server.sends(udp("server:1000 > firewall.wan:8080", "in"))
    laptop.complains(laptop.sees(udp("any > laptop:5353", "in")), message)
    server.sees(icmp("firewall.wan > server", message, quoting=udp("server:1000 > firewall.wan:8080")))


@case("rfc.icmp-mapping", topology="nat-gateway", needs=["nat"], cites=["NATRFC-24"])
def test_icmp_mapping(client, server, firewall):
    """One identifier inside is one identifier outside, whoever is asked."""
    firewall.loads(SHARE)
    server.claims("203.0.113.77", "203.0.113.78")
    client.sends(ping("client > 203.0.113.77", id=77), ping("client > 203.0.113.78", id=77))
    server.sees(ping("firewall.wan > 203.0.113.77", id=77))
    server.sees(ping("firewall.wan > 203.0.113.78", id=77))
    server.sends(pong("203.0.113.78 > firewall.wan", id=77))
    client.sees(pong("203.0.113.78 > client", id=77))


@case("rfc.error-bad-checksum", topology="nat-gateway", needs=["nat"], cites=["NATRFC-26"])
def test_error_bad_checksum(client, server, firewall):
    """An ICMP error that is damaged is not passed inside, and belongs to no connection."""
    firewall.loads(
        "*filter\n-A INPUT -m conntrack --ctstate INVALID -m comment --comment bad -j DROP\nCOMMIT\n" + SHARE
    )
    client.sends(QUERY)
    query = server.sees(OUTSIDE)
    server.sends(icmp("server > firewall.wan", "port-unreachable", quoting=query, checksum="bad"))
    firewall.counted("bad", packets=1)
    client.never_saw(icmp("server > client"))


@case("rfc.error-bad-inner-header", topology="nat-gateway", needs=["nat"], cites=["NATRFC-27"])
def test_error_bad_inner_header(client, server, firewall):
    """An error that quotes a damaged IP header is dropped."""
    share(client, server, firewall)
    server.sends(icmp("server > firewall.wan", "port-unreachable", quoting=OUTSIDE.but(ip_checksum="bad")))
    with recommended():
        client.never_saw(icmp("server > client"))


@case("rfc.error-bad-inner-checksum", topology="nat-gateway", needs=["nat"], cites=["NATRFC-28"])
def test_error_bad_inner_checksum(client, server, firewall):
    """The checksum of the quoted transport header is not looked at: there may not even be enough of the packet."""
    share(client, server, firewall)
    server.sends(icmp("server > firewall.wan", "port-unreachable", quoting=OUTSIDE.but(checksum="bad")))
    client.sees(icmp("server > client", "port-unreachable", checksum="any"))


@case("rfc.error-without-mapping", topology="nat-gateway", needs=["nat"], cites=["NATRFC-29"])
def test_error_without_mapping(client, server, firewall):
    """An error about nothing that was sent does not come inside."""
    share(client, server, firewall)
    server.sends(icmp("server > firewall.wan", "port-unreachable", quoting=udp("firewall.wan:7 > server:7", "x")))
    client.never_saw(icmp("server > client"))


@case("rfc.error-from-inside", topology="nat-gateway", needs=["nat"], cites=["NATRFC-30"])
def test_error_from_inside(client, server, firewall):
    """A router inside reports an error: outside it has the public address."""
    query = share(client, server, firewall)
    server.answers(query, "answer")
    answer = client.sees(udp("server:5353 > client:40000", "answer"))
    client.complains(answer, "ttl-zero-during-transit", source="192.168.1.99")
    server.sees(
        icmp("firewall.wan > server", "ttl-zero-during-transit", quoting=udp("server:5353 > firewall.wan:40000"))
    )


@case("rfc.error-does-not-refresh", topology="nat-gateway", needs=["nat"], cites=["NATRFC-31"])
def test_error_does_not_refresh(client, server, firewall):
    """An error neither ends nor prolongs what is known of a query."""
    firewall.loads(SHARE)
    server.claims("203.0.113.77")
    client.sends(ping("client > 203.0.113.77", id=7))
    seen = server.sees(ping("firewall.wan > 203.0.113.77", id=7))
    firewall.time_passes(1.3)
    server.complains(seen, "host-unreachable")
    client.sees(icmp("203.0.113.77 > client", "host-unreachable"))
    assert firewall.tracks("icmp client > 203.0.113.77", id=7).timeout <= 29


@case("rfc.timestamp-query", topology="nat-gateway", needs=["nat"], cites=["NATRFC-36"])
def test_timestamp_query(client, server, firewall):
    """Queries other than echo are translated too."""
    firewall.loads(SHARE)
    client.sends(icmp("client > server", "timestamp-request", id=5, seq=1))
    server.sees(icmp("firewall.wan > server", "timestamp-request", id=5, seq=1))
