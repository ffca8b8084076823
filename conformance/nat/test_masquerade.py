"""MASQUERADE: packets leave with the address of the interface that they leave by."""

from conformance.vocabulary import case, icmp, ping, pong, tcp, udp


@case("nat.masquerade.rewrites-source", topology="three-legged", needs=["nat"], cites=["NAT-24"])
def test_masquerade_rewrites_source(client, server, firewall):
    """The server sees the address of the firewall's outer interface; its answer finds the way back to the client."""
    firewall.loads("""
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
    """)
    client.sends(udp("client:40000 > server:53", "query"))
    query = server.sees(udp("firewall.wan:40000 > server:53", "query"))

    server.answers(query, "reply")
    client.sees(udp("server:53 > client:40000", "reply"))
    firewall.tracks("udp client:40000 > server:53", reply="server:53 > firewall.wan:40000")


@case("nat.masquerade.leaves-others-alone", topology="three-legged", needs=["nat"], cites=["NAT-24"])
def test_masquerade_leaves_others_alone(client, web, firewall):
    """A packet that leaves by another interface keeps its address."""
    firewall.loads("""
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
    """)
    client.sends(udp("client:40000 > web:53", "query"))
    web.sees(udp("client:40000 > web:53", "query"))
    web.never_saw(udp("firewall.dmz:any > web:53"))


@case("nat.masquerade.ping", topology="three-legged", needs=["nat"], cites=["NAT-01", "NAT-24"])
def test_masquerade_ping(client, server, firewall):
    """A ping goes out with the firewall's address, and the answer comes back to the client."""
    firewall.loads("""
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
    """)
    client.sends(ping("client > server", "are you there", id=77))
    server.sees(ping("firewall.wan > server", "are you there"))
    client.sees(pong("server > client", "are you there", id=77))


@case("nat.masquerade.keeps-closed-ports-closed", topology="nat-gateway", needs=["nat", "conntrack"], cites=["NAT-24"])
def test_masquerade_keeps_closed_ports_closed(client, laptop, server, firewall):
    """From outside nobody gets in, except with answers; an error about a translated packet finds its way inside."""
    firewall.loads("""
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
        *filter
        :FORWARD DROP [0:0]
        -A FORWARD -i lan -o wan -j ACCEPT
        -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        COMMIT
    """)
    client.sends(udp("client:40000 > server:9999", "is anybody there?"))
    question = server.sees(udp("firewall.wan:40000 > server:9999"))
    server.complains(question, "port-unreachable")
    client.sees(icmp("server > client", "port-unreachable", quoting=udp("client:40000 > server:9999")))

    server.sends(tcp("server:1000 > laptop:22", "SYN"))
    laptop.never_saw(tcp("server:1000 > laptop:22"))


@case("nat.masquerade.no-address", topology="two-lans", needs=["nat"], cites=["NAT-30"], fresh=True)
def test_no_address(client, server, firewall):
    """The way out has no address of its own: that of another interface is taken, and nothing is dropped."""
    firewall.changes("ip -4 addr flush dev lan2")
    firewall.changes("ip route add 10.0.2.0/24 dev lan2")
    firewall.changes(f"ip neigh replace 10.0.2.10 lladdr {server.mac('lan2')} dev lan2")
    firewall.loads("*nat\n-A POSTROUTING -o lan2 -j MASQUERADE\nCOMMIT")
    client.sends(udp("client:40000 > server:5353", "query"))
    server.sees(udp("10.0.1.1:40000 > server:5353", "query"))
