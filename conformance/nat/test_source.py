"""SNAT and MASQUERADE: the source of outgoing connections. In `three-legged` the server has no route back to the lan."""

from conformance.vocabulary import case, icmp, ip, ping, pong, table, tcp, udp

OUTSIDE = "198.51.100.7"
KEEP = "*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n"


def snat(firewall, to=OUTSIDE, match="", options="", more=""):
    firewall.loads(f"*nat\n-A POSTROUTING -o wan {match} -j SNAT --to-source {to} {options}\nCOMMIT\n{KEEP}{more}".replace("  ", " "))


@case("nat.source.there-and-back", topology="three-legged", needs=["nat"], cites=["NAT-01", "NAT-02"])
def test_there_and_back(client, server, firewall):
    """The source is rewritten going out, the destination of the answer coming back; the entry says so."""
    snat(firewall, "198.51.100.1")
    client.sends(udp("client:40000 > server:53", "query"))
    server.answers(server.sees(udp("firewall.wan:40000 > server:53", "query")), "reply")
    client.sees(udp("server:53 > client:40000", "reply"))
    firewall.tracks("udp client:40000 > server:53", reply="server:53 > firewall.wan:40000")


@case("nat.source.ping", topology="three-legged", needs=["nat"], cites=["NAT-01"])
def test_ping(client, server, firewall):
    """Pings are translated as well."""
    snat(firewall, "198.51.100.1")
    client.sends(ping("client > server", id=7, seq=1))
    server.sees(ping("firewall.wan > server", id=7))
    client.sees(pong("server > client", id=7))


@case("nat.source.tcp", topology="three-legged", needs=["nat"], cites=["NAT-01", "NAT-03"])
def test_tcp(client, firewall):
    """A whole TCP connection, of which the rule sees one packet."""
    snat(firewall, "198.51.100.1")
    talk = client.connects("client:40000 > server:99", seen_as="firewall.wan:40000 > server:99")
    talk.client_says("hello")
    talk.server_says("welcome")
    talk.client_closes()
    firewall.counted("nat POSTROUTING 1", packets=1)


@case("nat.source.rule-comes-later", topology="three-legged", needs=["nat"], cites=["NAT-04", "NAT-05"])
def test_rule_comes_later(client, server, firewall):
    """A rule holds for connections that begin after it, and for these also when it is gone."""
    firewall.loads(KEEP)
    client.sends(udp("client:40000 > server:53", "1"))
    server.sees(udp("client:40000 > server:53", "1"))
    firewall.runs("iptables -t nat -A POSTROUTING -o wan -j SNAT --to-source 198.51.100.1")
    client.sends(udp("client:40000 > server:53", "2"), udp("client:40001 > server:53", "3"))
    server.sees(udp("client:40000 > server:53", "2"))
    server.sees(udp("firewall.wan:40001 > server:53", "3"))
    firewall.runs("iptables -t nat -F")
    client.sends(udp("client:40001 > server:53", "4"), udp("client:40002 > server:53", "5"))
    server.sees(udp("firewall.wan:40001 > server:53", "4"))
    server.sees(udp("client:40002 > server:53", "5"))
    firewall.flushes_connections()
    client.sends(udp("client:40000 > server:53", "6"))
    server.sees(udp("client:40000 > server:53", "6"))


@case("nat.source.nobody-needs-tracking", topology="three-legged", needs=["nat"], cites=["NAT-06"])
def test_nobody_needs_tracking(client, server, firewall):
    """Without any rule that needs tracking even known connections are no longer translated."""
    firewall.loads("*nat\n-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.1\nCOMMIT\n")
    client.sends(udp("client:40000 > server:53", "1"))
    server.sees(udp("firewall.wan:40000 > server:53", "1"))
    firewall.runs("iptables -t nat -F")
    client.sends(udp("client:40000 > server:53", "2"))
    server.sees(udp("client:40000 > server:53", "2"))


@case("nat.source.forgotten", topology="three-legged", needs=["nat"], cites=["NAT-07"])
def test_forgotten(client, server, firewall):
    """An answer to a connection that was forgotten does not find back."""
    snat(firewall, "198.51.100.1")
    client.sends(udp("client:40000 > server:53", "query"))
    query = server.sees(udp("firewall.wan:40000 > server:53", "query"))
    firewall.flushes_connections()
    server.answers(query, "late")
    client.never_saw(udp("any > client", "late"))


@case("nat.source.port-kept", topology="three-legged", needs=["nat"], cites=["NAT-08", "NAT-10"])
def test_port_kept(client, server, web, firewall):
    """A port stays as it is while nobody else has it towards the same destination."""
    server.claims("198.51.100.20")
    snat(firewall, "198.51.100.1")
    client.sends(udp("client:5000 > server:53", "a"))
    web.sends(udp("web:5000 > 198.51.100.20:53", "b"))
    server.sees(udp("firewall.wan:5000 > server:53", "a"))
    server.sees(udp("firewall.wan:5000 > 198.51.100.20:53", "b"))


@case("nat.source.collision", topology="three-legged", needs=["nat"], cites=["NAT-09", "NAT-11"], rows=table("""
    name | port  | low  | high
    -----+-------+------+------
    low  | 100   | 1    | 511
    mid  | 700   | 600  | 1023
    high | 5000  | 1024 | 65535
"""))  # fmt: skip
def test_collision(client, server, web, firewall, port, low, high):
    """The second client with the same port gets another of the same class, and keeps it towards others."""
    server.claims("198.51.100.20")
    snat(firewall, "198.51.100.1")
    client.sends(udp(f"client:{port} > server:53", "a"))
    server.sees(udp(f"firewall.wan:{port} > server:53", "a"))
    web.sends(udp(f"web:{port} > server:53", "b"))
    other = server.sees(udp("firewall.wan:any > server:53", "b"))
    assert other.sport != port and low <= other.sport <= high
    server.answers(other, "reply")
    web.sees(udp(f"server:53 > web:{port}", "reply"))
    web.sends(udp(f"web:{port} > 198.51.100.20:53", "c"))
    server.sees(udp(f"firewall.wan:{other.sport} > 198.51.100.20:53", "c"))


def sources(client, server, firewall, flows):
    seen = []
    for number, flow in enumerate(flows):
        client.sends(udp(flow, f"p{number}"))
        seen.append(server.sees(udp("any > any", f"p{number}")).src)
    return seen


@case("nat.source.range", topology="three-legged", needs=["nat"], cites=["NAT-12", "NAT-13"])
def test_range(client, server, firewall):
    """A range of addresses is used by hash of source and destination; --persistent by source alone."""
    server.claims(*[f"198.51.100.{number}" for number in range(50, 68)])
    snat(firewall, "198.51.100.100-198.51.100.115")
    by_client = sources(client, server, firewall, [f"10.0.1.{number}:5000 > server:53" for number in range(50, 68)])
    by_server = sources(client, server, firewall, [f"client:{5000 + number} > 198.51.100.{number}:53" for number in range(50, 68)])
    by_port = sources(client, server, firewall, [f"client:{port} > server:54" for port in range(6000, 6010)])
    assert len(set(by_client)) > 2 and len(set(by_server)) > 2 and len(set(by_port)) == 1
    snat(firewall, "198.51.100.100-198.51.100.115", options="--persistent")
    firewall.flushes_connections()
    flows = [f"client:{5000 + number} > 198.51.100.{number}:53" for number in range(50, 68)]
    persistent = sources(client, server, firewall, flows)
    assert len(set(persistent)) == 1


@case("nat.source.port-range", topology="three-legged", needs=["nat"], cites=["NAT-14", "NAT-15", "NAT-16"], rows={
    "three": {"ports": "2000-2002", "clients": 5, "mapped": 3}, "one": {"ports": "3000", "clients": 2, "mapped": 1}})
def test_port_range(client, server, firewall, ports, clients, mapped):
    """Ports come out of the range only; when it is used up, new connections are dropped."""
    snat(firewall, f"198.51.100.1:{ports}", match="-p udp --dport 53")
    for number in range(clients):
        client.sends(udp(f"10.0.1.{50 + number}:5000 > server:53", "x"))
    client.sends(udp("client:1 > server:54", "marker"))
    server.sees(udp("client:1 > server:54", "marker"))
    low, _hyphen, high = ports.partition("-")
    got = server.saw(udp("firewall.wan:any > server:53", "x"))
    assert len(got) == mapped
    assert sorted(each.sport for each in got) == list(range(int(low), int(high or low) + 1))


@case("nat.source.port-inside-range", topology="three-legged", needs=["nat"], cites=["NAT-14"])
def test_port_inside(client, server, firewall):
    """A port that is in the range already is kept."""
    snat(firewall, "198.51.100.1:2000-2010", match="-p udp")
    client.sends(udp("client:2005 > server:53", "x"))
    server.sees(udp("firewall.wan:2005 > server:53", "x"))


@case("nat.source.random", topology="three-legged", needs=["nat"], cites=["NAT-18"], rows={
    "random": {"option": "--random"}, "random-fully": {"option": "--random-fully"}})
def test_random(client, server, firewall, option):
    """The port is drawn, though the old one is free."""
    snat(firewall, "198.51.100.1", match="-p udp", options=option)
    ports = []
    for number in range(6):
        client.sends(udp(f"client:{5000 + number} > server:53", f"{number}"))
        ports.append(server.sees(udp("firewall.wan:any > server:53", f"{number}")).sport)
    assert len(set(ports)) == 6 and ports != [5000 + number for number in range(6)]


@case("nat.source.port-only", topology="three-legged", needs=["nat"], cites=["NAT-19"])
def test_port_only(client, server, firewall):
    """Without an address only the port changes."""
    snat(firewall, ":3000-3001", match="-p udp")
    client.sends(udp("client:5000 > server:53", "x"))
    server.sees(udp("client:3000-3001 > server:53", "x"))


@case("nat.source.input", topology="host", needs=["nat"], cites=["NAT-20"])
def test_input(client, firewall):
    """In INPUT the local program sees another source."""
    firewall.loads("*nat\n-A INPUT -p udp --dport 5353 -j SNAT --to-source 192.0.2.77\nCOMMIT\n")
    service = firewall.listens("udp:5353")
    client.sends(udp("client:40000 > firewall:5353", "x"))
    service.hears("x", sender="192.0.2.77:40000")


@case("nat.refused", topology="host", needs=["nat"], rows=table("""
    name                    | rule                                                | cites
    ------------------------+-----------------------------------------------------+-------
    snat-in-prerouting      | -A PREROUTING -j SNAT --to-source 1.1.1.1           | NAT-21
    snat-in-output          | -A OUTPUT -j SNAT --to-source 1.1.1.1               | NAT-21
    two-sources             | -A POSTROUTING -j SNAT --to-source 1.1.1.1 --to-source 2.2.2.2 | NAT-22
    snat-port-no-proto      | -A POSTROUTING -j SNAT --to-source 1.1.1.1:80       | NAT-23
    dnat-port-no-proto      | -A PREROUTING -j DNAT --to-destination 1.1.1.1:80   | NAT-23
    masquerade-no-proto     | -A POSTROUTING -j MASQUERADE --to-ports 80          | NAT-23
    redirect-no-proto       | -A PREROUTING -j REDIRECT --to-ports 80             | NAT-23
    masquerade-prerouting   | -A PREROUTING -j MASQUERADE                         | NAT-29
    masquerade-input        | -A INPUT -j MASQUERADE                              | NAT-29
    masquerade-output       | -A OUTPUT -j MASQUERADE                             | NAT-29
    dnat-in-postrouting     | -A POSTROUTING -j DNAT --to-destination 1.1.1.1     | NAT-33
    dnat-in-input           | -A INPUT -j DNAT --to-destination 1.1.1.1           | NAT-33
    redirect-in-postrouting | -A POSTROUTING -j REDIRECT                          | NAT-41
    redirect-in-input       | -A INPUT -j REDIRECT                                | NAT-41
"""))  # fmt: skip
def test_refused(firewall, rule):
    """The rule is refused and nothing has changed."""
    firewall.runs("iptables -t nat -N TOUCHED")
    firewall.refuses_rule(rule, table="nat")


def masquerade(firewall, options="", match=""):
    firewall.loads(f"*nat\n-A POSTROUTING -o wan {match} -j MASQUERADE {options}\nCOMMIT\n{KEEP}".replace("  ", " "))


@case("nat.masquerade.second-address", topology="three-legged", needs=["nat"], cites=["NAT-24", "NAT-25"])
def test_second_address(client, server, firewall):
    """A second address of the interface changes nothing."""
    masquerade(firewall)
    client.sends(udp("client:1 > server:53", "a"))
    server.sees(udp("firewall.wan:1 > server:53", "a"))
    firewall.changes("ip addr add 198.51.100.9/24 dev wan", undo="ip addr del 198.51.100.9/24 dev wan")
    client.sends(udp("client:1 > server:53", "b"), udp("client:2 > server:53", "c"))
    server.sees(udp("firewall.wan:1 > server:53", "b"))
    server.sees(udp("firewall.wan:2 > server:53", "c"))


@case("nat.masquerade.address-lost", topology="three-legged", needs=["nat"], cites=["NAT-26"], fresh=True)
def test_address_lost(client, server, firewall):
    """With its address the masqueraded connections go; new ones get the new address."""
    masquerade(firewall)
    client.sends(udp("client:1 > server:53", "a"))
    server.sees(udp("198.51.100.1:1 > server:53", "a"))
    firewall.runs("ip addr del 198.51.100.1/24 dev wan")
    firewall.runs("ip addr add 198.51.100.9/24 dev wan")
    firewall.does_not_track("udp client:1 > server:53", within=2)
    client.sends(udp("client:1 > server:53", "b"))
    server.sees(udp("198.51.100.9:1 > server:53", "b"))


@case("nat.masquerade.link-down", topology="three-legged", needs=["nat"], cites=["NAT-27"], fresh=True)
def test_link_down(client, server, firewall):
    """A link that goes down takes the masqueraded connections with it, not those of SNAT."""
    firewall.loads("""
        *nat
        -A POSTROUTING -o wan -p udp --dport 53 -j MASQUERADE
        -A POSTROUTING -o wan -p udp --dport 54 -j SNAT --to-source 198.51.100.1
        COMMIT
    """)
    client.sends(udp("client:1 > server:53", "a"), udp("client:1 > server:54", "b"))
    firewall.tracks("udp client:1 > server:53")
    firewall.runs("ip link set wan down")
    firewall.does_not_track("udp client:1 > server:53", within=2)
    firewall.tracks("udp client:1 > server:54")


@case("nat.masquerade.ports", topology="three-legged", needs=["nat"], cites=["NAT-28"])
def test_masquerade_ports(client, server, firewall):
    """--to-ports says which ports may be used."""
    masquerade(firewall, "--to-ports 1024-1026", "-p udp")
    client.sends(udp("client:5000 > server:53", "x"))
    server.sees(udp("firewall.wan:1024-1026 > server:53", "x"))


@case("nat.source.icmp-error", topology="three-legged", needs=["nat"], cites=["NAT-45"])
def test_icmp_error(client, server, firewall):
    """An error to the translated address reaches the client and quotes what the client sent."""
    snat(firewall, "198.51.100.1")
    client.sends(udp("client:1000 > server:53", "query"))
    server.complains(server.sees(udp("firewall.wan:1000 > server:53", "query")), "port-unreachable")
    client.sees(icmp("server > client", "port-unreachable", quoting=udp("client:1000 > server:53")))


@case("nat.source.ping-ids", topology="three-legged", needs=["nat"], cites=["NAT-48"])
def test_ping_ids(client, web, server, firewall):
    """Two clients with one id: the second gets another, and its answer has the old one again."""
    server.node.stack = "deaf"
    snat(firewall, "198.51.100.1")
    client.sends(ping("client > server", "a", id=7))
    server.sees(ping("firewall.wan > server", "a", id=7))
    web.sends(ping("web > server", "b", id=7))
    other = server.sees(ping("firewall.wan > server", "b"))
    assert other.id != 7
    server.answers(other)
    web.sees(pong("server > web", "b", id=7))


@case("nat.source.no-checksum", topology="three-legged", needs=["nat"], cites=["NAT-49"])
def test_no_checksum(client, server, firewall):
    """A UDP checksum of 0 stays 0."""
    snat(firewall, "198.51.100.1")
    client.sends(udp("client:1 > server:53", "x", checksum=0))
    server.sees(udp("firewall.wan:1 > server:53", "x", checksum=0))


@case("nat.source.no-ports", topology="three-legged", needs=["nat"], cites=["NAT-50"])
def test_no_ports(client, web, server, firewall):
    """Where there are no ports, one client a destination is all there can be."""
    snat(firewall, "198.51.100.1")
    client.sends(ip("client > server", 50, b"first123"))
    server.sees(ip("firewall.wan > server", 50))
    web.sends(ip("web > server", 50, b"second12"))
    web.sends(udp("web:1 > server:2", "marker"))
    server.sees(udp("firewall.wan:any > server:2", "marker"))
    server.never_saw(ip("any > server", 50))


@case("nat.source.untracked", topology="three-legged", needs=["nat", "raw"], cites=["NAT-51"])
def test_untracked(client, server, firewall):
    """What is not tracked is not translated."""
    snat(firewall, "198.51.100.1", more="*raw\n-A PREROUTING -p udp -j NOTRACK\nCOMMIT\n")
    client.sends(udp("client:1 > server:53", "x"))
    server.sees(udp("client:1 > server:53", "x"))


@case("nat.source.invalid-leaks", topology="three-legged", needs=["nat"], cites=["NAT-52"])
def test_invalid_leaks(client, server, firewall):
    """An INVALID packet of a translated connection leaves with its private address: drop INVALID!"""
    snat(firewall, "198.51.100.1")
    talk = client.connects("client:40000 > server:99", seen_as="firewall.wan:40000 > server:99")
    client.sends(tcp("client:40000 > server:99", "PSH,ACK", "far away", seq=talk.client.seq + 5_000_000, ack=talk.client.ack))
    server.sees(tcp("client:40000 > server:99", "PSH,ACK", "far away"))


@case("nat.source.own-packets", topology="three-legged", needs=["nat"], cites=["NAT-53"])
def test_own_packets(server, firewall):
    """The firewall's own connections are translated too."""
    snat(firewall, "198.51.100.7")
    firewall.opens("udp:5000").says("x", to="server:53")
    server.sees(udp("198.51.100.7:5000 > server:53", "x"))


@case("nat.source.time-wait", topology="three-legged", needs=["nat"], cites=["NAT-17"])
def test_time_wait(client, web, server, firewall):
    """A fixed port in TIME_WAIT is given away to a SYN with a higher number, not to one with a lower."""
    snat(firewall, "198.51.100.1:3000", match="-p tcp")
    talk = client.connects("client:40000 > server:99", seen_as="firewall.wan:3000 > server:99", client_isn=100000)
    talk.client_closes()
    talk.server_closes()
    firewall.tracks("tcp client:40000 > server:99", state="TIME_WAIT")
    web.sends(tcp("web:5000 > server:99", "SYN", seq=50000))
    web.sends(udp("web:1 > server:9", "marker"))
    server.sees(udp("any > server:9", "marker"))
    server.never_saw(tcp("firewall.wan:3000 > server:99", "SYN", seq=50000))
    web.sends(tcp("web:5000 > server:99", "SYN", seq=900000))
    server.sees(tcp("firewall.wan:3000 > server:99", "SYN", seq=900000))


@case("nat.source.fixed-port", topology="three-legged", needs=["nat"], cites=["NAT-54", "NAT-16"])
def test_fixed_port(client, server, firewall):
    """A host behind a gateway with one address and one port: the four ends are as the textbook says."""
    snat(firewall, "198.51.100.1:450", match="-p udp")
    client.sends(udp("client:120 > server:30", "x"))
    server.answers(server.sees(udp("firewall.wan:450 > server:30", "x")), "y")
    client.sees(udp("server:30 > client:120", "y"))
    firewall.tracks("udp client:120 > server:30", reply="server:30 > firewall.wan:450")


