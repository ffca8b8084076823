"""Port forwarding as people use it: reached from outside, from inside and from the firewall itself; one-to-one mappings,
and ports that two things want at once."""

from conformance.vocabulary import case, fragments, icmp, ping, pong, table, tcp, udp, udp6

SAID = {"source": "iptables-extensions(8), DNAT and SNAT; Linux nf_nat_core.c", "needs": ["nat"]}
# What a home router has: a service inside, reached by the public address from everywhere.
FORWARD = """
    *nat
    -A PREROUTING -d {firewall.wan} -p tcp --dport 8080 -j DNAT --to-destination {client}:80
    -A PREROUTING -d {firewall.wan} -p udp --dport 8080 -j DNAT --to-destination {client}:5353
    -A OUTPUT -d {firewall.wan} -p udp --dport 8080 -j DNAT --to-destination {client}:5353
    -A POSTROUTING -s 192.168.1.0/24 -d {client} -j MASQUERADE
    -A POSTROUTING -o wan -j MASQUERADE
    COMMIT
"""


@case("nat.forward.from-everywhere", topology="nat-gateway", **SAID, requirement="A forwarded port is reached from outside, from inside "
      "and from the firewall itself", rows=table("""
    name     | who      | arrives as
    ---------+----------+--------------------
    outside  | server   | server:5000
    inside   | laptop   | firewall.lan:5000
    itself   | client   | firewall.lan:5000
"""))  # fmt: skip
def test_forward(client, laptop, server, firewall, who, arrives_as):
    """Whoever asks the public address gets the answer from it, even the machine that has the service."""
    firewall.loads(FORWARD)
    asker = {"client": client, "laptop": laptop, "server": server}[who]
    asker.sends(udp(f"{who}:5000 > firewall.wan:8080", "query"))
    client.answers(client.sees(udp(f"{arrives_as} > client:5353", "query")), "answer")
    asker.sees(udp(f"firewall.wan:8080 > {who}:5000", "answer"))


@case("nat.forward.from-the-firewall", topology="nat-gateway", **SAID,
      requirement="The firewall reaches a forwarded port by its own public address")  # fmt: skip
def test_forward_own(client, firewall):
    """What the firewall sends to itself goes to the machine inside, and the answer comes back to the socket."""
    firewall.loads(FORWARD)
    socket = firewall.opens("udp:5000")
    socket.says("query", to="firewall.wan:8080")
    client.answers(client.sees(udp("any:5000 > client:5353", "query")), "answer")
    socket.hears("answer", sender="firewall.wan:8080")


@case("nat.forward.web-page-from-inside", topology="nat-gateway", **SAID,
      requirement="A real transfer through a hairpin is whole")  # fmt: skip
def test_forward_real(laptop, firewall):
    """The laptop fetches a page from its neighbour by the public address."""
    firewall.loads(FORWARD)
    assert laptop.fetches("http://{firewall.wan}:8080/bytes/200000")["bytes"] == 200000
    firewall.tracks("tcp laptop > firewall.wan:8080", reply="client:80 > firewall.lan:any")


@case("nat.forward.hairpin-without-source", topology="nat-gateway", **SAID,
      requirement="Without source NAT the answer of a neighbour comes straight, from the wrong address")  # fmt: skip
def test_forward_straight(client, laptop, firewall):
    """The classic mistake: the neighbour knows a shorter way back, so the answer is a stranger's."""
    firewall.loads(
        "*nat\n-A PREROUTING -d {firewall.wan} -p udp --dport 8080 -j DNAT --to-destination {client}:5353\nCOMMIT"
    )
    laptop.sends(udp("laptop:5000 > firewall.wan:8080", "query"))
    client.answers(client.sees(udp("laptop:5000 > client:5353", "query")), "answer")
    laptop.sees(udp("client:5353 > laptop:5000", "answer"))
    laptop.never_saw(udp("firewall.wan > laptop"))


@case("nat.forward.hairpin-reset", topology="nat-gateway", **SAID, requirement="A closed port behind a hairpin refuses in the "
      "name of the public address")  # fmt: skip
def test_forward_refused(client, laptop, firewall):
    """The reset of the neighbour's kernel comes from whom the laptop asked."""
    firewall.loads("""
        *nat
        -A PREROUTING -d {firewall.wan} -p tcp --dport 8081 -j DNAT --to-destination {client}:4
        -A POSTROUTING -s 192.168.1.0/24 -d {client} -j MASQUERADE
        COMMIT
    """)
    client.node.stack = "refuse"
    laptop.sends(tcp("laptop:5000 > firewall.wan:8081", "SYN", seq=77))
    laptop.sees(tcp("firewall.wan:8081 > laptop:5000", "RST,ACK", ack=78))
    firewall.does_not_track("tcp laptop:5000 > firewall.wan:8081")  # a SYN that was refused is forgotten at once


@case(
    "nat.forward.two-doors",
    topology="nat-gateway",
    **SAID,
    requirement="Two public ports for one service are told apart",
)
def test_two_doors(client, server, firewall):
    """One host outside uses the same port for both: the second is given another, or the answers would be mixed up."""
    firewall.loads("""
        *nat
        -A PREROUTING -p udp --dport 1001 -j DNAT --to-destination {client}:5353
        -A PREROUTING -p udp --dport 1002 -j DNAT --to-destination {client}:5353
        COMMIT
    """)
    server.sends(udp("server:5000 > firewall.wan:1001", "one"))
    one = client.sees(udp("server:5000 > client:5353", "one"))
    server.sends(udp("server:5000 > firewall.wan:1002", "two"))
    two = client.sees(udp("server:any > client:5353", "two"))
    assert two.sport != 5000
    client.answers(two, "answer two")
    client.answers(one, "answer one")
    server.sees(udp("firewall.wan:1002 > server:5000", "answer two"))
    server.sees(udp("firewall.wan:1001 > server:5000", "answer one"))


@case("nat.forward.port-wanted-twice", topology="nat-gateway", **SAID, rows=table("""
    name            | forward first
    ----------------+--------------
    forward-first   | True
    mapping-first   | False
"""), requirement="A masqueraded connection and a forwarded one never look alike from outside")  # fmt: skip
def test_port_wanted_twice(client, laptop, server, firewall, forward_first):
    """The laptop's own port 8080 and the forwarded port 8080, with the same host and port outside: both go on working.

    The mapping of the laptop makes way if it comes second. If it comes first, what comes from outside belongs to it."""
    firewall.loads(FORWARD)
    if forward_first:
        server.sends(udp("server:5000 > firewall.wan:8080", "in"))
        client.sees(udp("server:5000 > client:5353", "in"))
        laptop.sends(udp("laptop:8080 > server:5000", "out"))
        assert server.sees(udp("firewall.wan:any > server:5000", "out")).sport != 8080
    else:
        laptop.sends(udp("laptop:8080 > server:5000", "out"))
        server.sees(udp("firewall.wan:8080 > server:5000", "out"))
        server.sends(udp("server:5000 > firewall.wan:8080", "in"))
        laptop.sees(udp("server:5000 > laptop:8080", "in"))
        client.never_saw(udp("server > client"))


@case("nat.forward.fragments", topology="nat-gateway", **SAID, requirement="Fragments find a forwarded port, and answers in fragments "
      "find back")  # fmt: skip
def test_forward_fragments(client, server, firewall):
    """Only the first fragment has a port; all of them arrive."""
    firewall.loads(FORWARD)
    first, second = fragments(udp("server:5000 > firewall.wan:8080", size=2000, ip_id=9), 1480)
    server.sends(second, first)
    client.sees_reassembled(udp("server:5000 > client:5353", size=2000))
    client.sends(fragments(udp("client:5353 > server:5000", size=2500, ip_id=10), 1200))
    server.sees_reassembled(udp("firewall.wan:8080 > server:5000", size=2500))


@case("nat.forward.tiny-fragments", topology="nat-gateway", **SAID, rows={
    "udp-8": {"size": 8, "kind": "udp", "sizes": [28, 28, 28, 28]},
    "udp-16": {"size": 16, "kind": "udp", "sizes": [36, 36]},
    "tcp-8": {"size": 8, "kind": "tcp", "sizes": [28, 28, 28, 28, 28]},
    "tcp-16": {"size": 16, "kind": "tcp", "sizes": [36, 36, 28]},
    "tcp-24": {"size": 24, "kind": "tcp", "sizes": [44, 36]},
}, requirement="Fragments shorter than the transport header are put together, translated and cut again")  # fmt: skip
def test_tiny_fragments(client, server, firewall, size, kind, sizes):
    """The port lies in the first fragment, the checksum perhaps in a later one."""
    firewall.loads(FORWARD)
    packet = (
        udp("client:40000 > server:99", "x" * 24) if kind == "udp" else tcp("client:40000 > server:99", "SYN", "x" * 20)
    )
    client.sends(fragments(packet.but(ip_id=77), size))
    server.sees_reassembled(packet.but("firewall.wan:40000 > server:99"), sizes=sizes)


# -- one to one: what games and telephones call a full cone

CONE = """
    *nat
    -A PREROUTING -i wan -d {firewall.wan} -j DNAT --to-destination {client}
    -A POSTROUTING -s {client} -o wan -j SNAT --to-source {firewall.wan}
    COMMIT
"""


@case("nat.full-cone", topology="nat-gateway", **SAID, requirement="One-to-one mapping lets everybody in, whoever was spoken to "
      "before", rows=table("""
    name          | sender
    --------------+--------------------
    asked         | server:5353
    other-port    | server:54
    other-address | 203.0.113.20:5353
"""))  # fmt: skip
def test_full_cone(client, server, firewall, sender):
    """The client spoke to one port of one host; any host reaches it, with its own address and port."""
    firewall.loads(CONE)
    client.sends(udp("client:40000 > server:5353", "out"))
    server.sees(udp("firewall.wan:40000 > server:5353", "out"))
    server.sends(udp(f"{sender} > firewall.wan:40000", "in"))
    client.answers(client.sees(udp(f"{sender} > client:40000", "in")), "answer")
    server.sees(udp(f"firewall.wan:40000 > {sender}", "answer"))


@case(
    "nat.full-cone.every-protocol",
    topology="nat-gateway",
    **SAID,
    requirement="One-to-one mapping is for every protocol",
)
def test_full_cone_ping(client, server, firewall):
    """Pings are for the client, too: the firewall itself is not there any more."""
    firewall.loads(CONE)
    server.sends(ping("server > firewall.wan", "hello", id=9))
    client.sees(ping("server > client", "hello", id=9))
    server.sees(pong("firewall.wan > server", "hello", id=9))


@case("nat.full-cone.two-inside", topology="nat-gateway", **SAID,
      requirement="A neighbour that shares the address of a one-to-one mapping gets answers, and nothing else")  # fmt: skip
def test_full_cone_neighbour(client, laptop, server, firewall):
    """Connections of the laptop are its own; what belongs to none is for the client."""
    firewall.loads(CONE.replace("    COMMIT", "    -A POSTROUTING -o wan -j MASQUERADE\n    COMMIT"))
    laptop.sends(udp("laptop:6000 > server:5353", "query"))
    server.answers(server.sees(udp("firewall.wan:6000 > server:5353", "query")), "answer")
    laptop.sees(udp("server:5353 > laptop:6000", "answer"))
    server.sends(udp("server:5354 > firewall.wan:6000", "stranger"))
    client.sees(udp("server:5354 > client:6000", "stranger"))
    laptop.never_saw(udp("server:5354 > laptop"))


# -- pools

POOL = "*nat\n-A POSTROUTING -o wan -p udp -j SNAT --to-source {}\nCOMMIT"


def fill(client, server, firewall, pool, queries):
    """As many flows of the client to one server as there are queries. Returns what the server saw."""
    firewall.loads(POOL.format(pool))
    client.sends([udp(f"client:{40000 + number} > server:5353", "x") for number in range(queries)])
    return [(seen.src, seen.sport) for seen in server.saw(udp("any > server:5353", "x"))]


@case("nat.pool.exhausted", topology="nat-gateway", **SAID, requirement="A pool of ports serves as many connections to a server as "
      "it has ports; the others are dropped, whole")  # fmt: skip
def test_pool_exhausted(client, server, firewall):
    """Four ports, six queries: four go out with four ports, two not at all, and nothing is remembered of them."""
    found = fill(client, server, firewall, "203.0.113.1:5000-5003", 6)
    assert sorted(found) == [("203.0.113.1", port) for port in range(5000, 5004)]
    assert len(firewall.connections()) == 4


@case("nat.pool.other-server", topology="nat-gateway", **SAID,
      requirement="A pool that is exhausted for one server serves another")  # fmt: skip
def test_pool_other_server(client, server, firewall):
    """Ports are scarce for each server by itself."""
    fill(client, server, firewall, "203.0.113.1:5000-5001", 3)
    client.sends(udp("client:50000 > server:9999", "other"))
    server.sees(udp("firewall.wan:5000-5001 > server:9999", "other"))


@case("nat.pool.freed", topology="nat-gateway", **SAID, requirement="A port is free again when its connection is over")
def test_pool_freed(client, server, firewall):
    """What was dropped for want of a port goes out as soon as there is one."""
    firewall.sets_timeouts(udp=1)
    assert len(fill(client, server, firewall, "203.0.113.1:5000-5000", 2)) == 1
    firewall.forgets("udp client:40000 > server:5353", after=1)
    client.sends(udp("client:40001 > server:5353", "again"))
    server.sees(udp("firewall.wan:5000 > server:5353", "again"))


@case(
    "nat.pool.deleted",
    topology="nat-gateway",
    **SAID,
    requirement="A port is free again when its connection is deleted",
)
def test_pool_deleted(client, server, firewall):
    """The administrator throws a connection out, and the next one takes its port."""
    assert len(fill(client, server, firewall, "203.0.113.1:5000-5000", 2)) == 1
    firewall.runs("conntrack -D -p udp --orig-port-src 40000")
    client.sends(udp("client:40001 > server:5353", "again"))
    server.sees(udp("firewall.wan:5000 > server:5353", "again"))


@case("nat.pool.addresses-are-not-tried", topology="nat-gateway", **SAID,
      requirement="A pair of hosts has one address of a pool, even when that is exhausted and another is free")  # fmt: skip
def test_pool_addresses(client, server, firewall):
    """Four addresses with a port each, and a pair of hosts still has one connection only."""
    assert len(fill(client, server, firewall, "203.0.113.100-203.0.113.103:5000-5000", 4)) == 1


@case("nat.pool.overlapping", topology="nat-gateway", **SAID, requirement="Two rules with overlapping ranges never give one port twice "
      "to the same destination")  # fmt: skip
def test_pool_overlapping(client, laptop, server, firewall):
    """5000-5002 for the client and 5001-5003 for the laptop: four connections have four ports, then all are taken."""
    firewall.loads("""
        *nat
        -A POSTROUTING -s {client} -p udp -o wan -j SNAT --to-source 203.0.113.1:5000-5002
        -A POSTROUTING -s {laptop} -p udp -o wan -j SNAT --to-source 203.0.113.1:5001-5003
        COMMIT
    """)
    client.sends([udp(f"client:{port} > server:5353", "c") for port in (4000, 4001, 4002)])
    laptop.sends([udp(f"laptop:{port} > server:5353", "l") for port in (4000, 4001, 4002)])
    assert sorted(seen.sport for seen in server.saw(udp("any > server:5353", "c"))) == [5000, 5001, 5002]
    assert [seen.sport for seen in server.saw(udp("any > server:5353", "l"))] == [5003]


@case("nat.pool.pings", topology="nat-gateway", **SAID,
      requirement="A range of ports is no range of identifiers for pings of a rule without protocol")  # fmt: skip
def test_pool_pings(client, laptop, server, firewall):
    """MASQUERADE with ports is for protocols that have some: pings of two clients keep apart all the same."""
    server.node.stack = "deaf"
    firewall.loads("*nat\n-A POSTROUTING -p udp -o wan -j MASQUERADE --to-ports 5000-5001\n"
                   "-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT")  # fmt: skip
    client.sends(ping("client > server", "c", id=77))
    laptop.sends(ping("laptop > server", "l", id=77))
    first, second = server.sees(ping("firewall.wan > server", "c")), server.sees(ping("firewall.wan > server", "l"))
    assert first.id == 77 != second.id
    server.answers(second)
    server.answers(first)
    client.sees(pong("server > client", "c", id=77))
    laptop.sees(pong("server > laptop", "l", id=77))


# -- checksums of 0

ZERO = "UDP without a checksum stays so, whatever is translated"


@case("nat.no-checksum.forwarded", topology="nat-gateway", **SAID, requirement=ZERO)
def test_no_checksum_forwarded(client, server, firewall):
    """Destination and port of the question, source and port of the answer: 0 stays 0."""
    firewall.loads(FORWARD)
    server.sends(udp("server:5000 > firewall.wan:8080", "query", checksum=0))
    client.sees(udp("server:5000 > client:5353", "query", checksum=0))
    client.sends(udp("client:5353 > server:5000", "answer", checksum=0))
    server.sees(udp("firewall.wan:8080 > server:5000", "answer", checksum=0))


@case("nat.no-checksum.fragments", topology="nat-gateway", **SAID, requirement=ZERO)
def test_no_checksum_fragments(client, server, firewall):
    """In fragments, too."""
    firewall.loads(FORWARD)
    client.sends(fragments(udp("client:40000 > server:5353", size=2000, checksum=0, ip_id=12), 1480))
    server.sees_reassembled(udp("firewall.wan:40000 > server:5353", size=2000, checksum=0))


@case("nat.no-checksum.quoted", topology="nat-gateway", **SAID, requirement=ZERO)
def test_no_checksum_quoted(client, server, firewall):
    """An error quotes the packet as it was sent: without a checksum."""
    firewall.loads(FORWARD)
    client.sends(udp("client:40000 > server:5353", "query", checksum=0))
    server.complains(server.sees(udp("firewall.wan:40000 > server:5353", checksum=0)), "port-unreachable")
    client.sees(icmp("server > client", "port-unreachable", quoting=udp("client:40000 > server:5353", checksum=0)))


@case(
    "nat.no-checksum.ipv6",
    topology="nat-gateway",
    needs=["nat6"],
    source="RFC 6935; Linux nf_nat_proto.c",
    requirement=ZERO,
)
def test_no_checksum_6(client, server, firewall):
    """Tunnels over IPv6 may go without a checksum, as RFC 6935 permits."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT")
    client.sends(udp6("client:40000 > server:5353", "query", checksum=0))
    server.sees(udp6("firewall.wan:40000 > server:5353", "query", checksum=0))
