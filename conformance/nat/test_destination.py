"""DNAT, REDIRECT and NETMAP: where connections go."""

from conformance.vocabulary import case, icmp, table, udp

KEEP = "*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n"


def nat(firewall, *rules):
    firewall.loads("*nat\n" + "\n".join(f"-A {rule}" for rule in rules) + "\nCOMMIT\n" + KEEP)


@case("nat.destination.there-and-back", topology="three-legged", needs=["nat"], cites=["NAT-31"])
def test_there_and_back(server, web, firewall):
    """A service of the dmz under the outer address: the server never learns who answered."""
    nat(firewall, "PREROUTING -i wan -p udp --dport 80 -j DNAT --to-destination 10.0.2.10:8080")
    server.sends(udp("server:40000 > firewall.wan:80", "query"))
    web.answers(web.sees(udp("server:40000 > web:8080", "query")), "reply")
    server.sees(udp("firewall.wan:80 > server:40000", "reply"))
    firewall.tracks("udp server:40000 > firewall.wan:80", reply="web:8080 > server:40000")


@case("nat.destination.output", topology="three-legged", needs=["nat"], cites=["NAT-32"])
def test_output(client, firewall):
    """What the firewall sends to the wan goes to the lan after DNAT in OUTPUT: it is routed anew."""
    nat(firewall, "OUTPUT -p udp -d 198.51.100.10 --dport 77 -j DNAT --to-destination 10.0.1.10:78")
    firewall.opens("udp:5000").says("x", to="server:77")
    client.sees(udp("any:5000 > client:78", "x"))


@case("nat.destination.range", topology="three-legged", needs=["nat"], cites=["NAT-34"])
def test_range(client, web, firewall):
    """Several backends: each client stays with one of them, and all are used."""
    web.claims("10.0.2.21", "10.0.2.22", "10.0.2.23", "10.0.2.24")
    nat(firewall, "PREROUTING -i lan -p udp --dport 80 -j DNAT --to-destination 10.0.2.21-10.0.2.24")
    chosen = {}
    for number in range(18):
        for port in (5000, 5001, 5002):
            client.sends(udp(f"10.0.1.{50 + number}:{port} > firewall.lan:80", f"{number}-{port}"))
            chosen.setdefault(number, set()).add(web.sees(udp("any > any:80", f"{number}-{port}")).dst)
    assert all(len(backends) == 1 for backends in chosen.values())
    assert len(set().union(*chosen.values())) == 4


@case("nat.destination.ports", topology="three-legged", needs=["nat"], rows=table("""
    name         | to                          | port | arrives | cites
    -------------+-----------------------------+------+---------+--------
    first-free   | 10.0.2.10:7000-7003         | 80   | 7000    | NAT-35
    kept         | 10.0.2.10:7000-7003         | 7002 | 7002    | NAT-35
    shifted      | 10.0.2.10:7000-7100/5000    | 5003 | 7003    | NAT-36
    port-only    | :99                         | 80   | 99      | NAT-37
"""))  # fmt: skip
def test_ports(client, web, firewall, to, port, arrives):
    """Ranges of ports, shifted ranges, and a port alone."""
    nat(firewall, f"PREROUTING -i lan -p udp -j DNAT --to-destination {to}")
    for number in range(3):
        client.sends(udp(f"client:{5000 + number} > web:{port}", "x"))
    web.sees(udp(f"client:any > web:{arrives}", "x"), times=3)


@case("nat.redirect.port", topology="host", needs=["nat"], cites=["NAT-38"], rows={
    "other-port": {"options": "--to-ports 5353", "port": 5353}, "same-port": {"options": "", "port": 53}})
def test_redirect(client, firewall, options, port):
    """The firewall itself answers in the name of whoever was asked."""
    nat(firewall, f"PREROUTING -p udp --dport 53 -j REDIRECT {options}".rstrip())
    service = firewall.listens(f"udp:{port}")
    client.sends(udp("client:40000 > 8.8.8.8:53", "query"), next_hop="firewall")
    service.hears("query", sender="client:40000")
    service.says("reply")
    client.sees(udp("8.8.8.8:53 > client:40000", "reply"))


@case("nat.redirect.output", topology="host", needs=["nat"], cites=["NAT-39"])
def test_redirect_output(firewall):
    """What the firewall sends elsewhere is received by itself, on 127.0.0.1."""
    nat(firewall, "OUTPUT -p udp --dport 53 -j REDIRECT --to-ports 5353")
    service = firewall.listens("udp:5353")
    firewall.opens("udp:40000").says("query", to="client:53")
    service.hears("query")
    firewall.tracks("udp firewall:40000 > client:53", text="src=127.0.0.1")


@case("nat.redirect.no-address", topology="host", needs=["nat"], cites=["NAT-40"], fresh=True)
def test_redirect_no_address(client, firewall):
    """An interface without an address has nobody to redirect to."""
    nat(firewall, "PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353")
    service = firewall.listens("udp:5353")
    firewall.runs("ip addr del 192.0.2.1/24 dev net")
    client.sends(udp("client:40000 > 8.8.8.8:53", "lost"), next_hop="firewall")
    service.hears_nothing()
    firewall.runs("ip addr add 192.0.2.1/24 dev net")
    client.sends(udp("client:40000 > 8.8.8.8:53", "found"), next_hop="firewall")
    service.hears("found")


@case("nat.netmap", topology="three-legged", needs=["nat"], cites=["NAT-42"])
def test_netmap(client, web, firewall):
    """A whole network stands for another, host by host, in both directions."""
    web.claims("10.0.2.33")
    nat(firewall, "PREROUTING -d 192.168.5.0/24 -j NETMAP --to 10.0.2.0/24",
        "POSTROUTING -s 10.0.1.0/24 -o dmz -j NETMAP --to 192.168.7.0/24")  # fmt: skip
    client.sends(udp("client:5000 > 192.168.5.33:53", "x"), next_hop="firewall")
    query = web.sees(udp("192.168.7.10:5000 > 10.0.2.33:53", "x"))
    web.answers(query, "y")
    client.sees(udp("192.168.5.33:53 > client:5000", "y"))


@case("nat.both", topology="three-legged", needs=["nat"], cites=["NAT-43"])
def test_both(client, server, firewall):
    """Source and destination of one connection."""
    nat(firewall, "PREROUTING -i lan -p udp --dport 80 -j DNAT --to-destination 198.51.100.10:8080",
        "POSTROUTING -o wan -j MASQUERADE")  # fmt: skip
    client.sends(udp("client:5000 > firewall.lan:80", "x"))
    server.answers(server.sees(udp("firewall.wan:5000 > server:8080", "x")), "y")
    client.sees(udp("firewall.lan:80 > client:5000", "y"))


@case("nat.hairpin", topology="three-legged", needs=["nat"], cites=["NAT-44"])
def test_hairpin(client, firewall):
    """An inner client reaches an inner server by the public address."""
    client.claims("10.0.1.20")
    nat(firewall, "PREROUTING -d 198.51.100.1 -p udp --dport 80 -j DNAT --to-destination 10.0.1.20:8080",
        "POSTROUTING -s 10.0.1.0/24 -o lan -j MASQUERADE")  # fmt: skip
    client.sends(udp("client:5000 > 198.51.100.1:80", "x"), next_hop="firewall")
    query = client.sees(udp("firewall.lan:any > 10.0.1.20:8080", "x"))
    client.answers(query, "y")
    client.sees(udp("198.51.100.1:80 > client:5000", "y"))


@case("nat.destination.icmp-error", topology="three-legged", needs=["nat"], cites=["NAT-46"])
def test_icmp_error(server, web, firewall):
    """The backend's error seems to come from the public address, and speaks of it."""
    nat(firewall, "PREROUTING -i wan -p udp --dport 99 -j DNAT --to-destination 10.0.2.10:100")
    server.sends(udp("server:5000 > firewall.wan:99", "x"))
    web.complains(web.sees(udp("server:5000 > web:100", "x")), "port-unreachable")
    server.sees(icmp("firewall.wan > server", "port-unreachable", quoting=udp("server:5000 > firewall.wan:99")))


@case("nat.destination.own-error", topology="three-legged", needs=["nat"], cites=["NAT-47"], rows={
    "expired": {"ttl": 1, "rule": "", "kind": "ttl-zero-during-transit"},
    "rejected": {"ttl": 64, "rule": "-A FORWARD -p udp -j REJECT", "kind": "port-unreachable"}})
def test_own_error(server, firewall, ttl, rule, kind):
    """An error of the firewall itself quotes what the sender sent, not what became of it."""
    firewall.loads(f"""
        *nat
        -A PREROUTING -i wan -p udp --dport 99 -j DNAT --to-destination 10.0.2.10:100
        COMMIT
        *filter
        -A FORWARD -m conntrack --ctstate INVALID
        {rule}
        COMMIT
    """)
    server.sends(udp("server:5000 > firewall.wan:99", "x", ttl=ttl))
    server.sees(icmp("firewall.wan > server", kind, quoting=udp("server:5000 > firewall.wan:99")))
