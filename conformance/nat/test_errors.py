"""ICMP errors through address translation, over IPv4 and IPv6 and in both directions: what a host learns must be about
the packet that it sent itself, from whom it spoke to. Path MTU discovery and traceroute live on that."""

from conformance.vocabulary import case, fragments, icmp, icmp6, one_of, ping, ping6, table, tcp, tcp6, udp, udp6

SOURCE = "RFC 5508 section 4; RFC 3022 section 4.3; Linux nf_nat_proto.c"
IPV4 = {"source": SOURCE, "needs": ["nat"]}
IPV6 = {"source": SOURCE, "needs": ["nat6"]}
BOTH_WAYS = """
    *nat
    -A PREROUTING -i wan -p udp --dport 8080 -j DNAT --to-destination {client}:5353
    -A PREROUTING -i wan -p tcp --dport 8080 -j DNAT --to-destination {client}:99
    -A POSTROUTING -o wan -j MASQUERADE
    COMMIT
"""
BOTH_WAYS_6 = """
    *nat
    -A PREROUTING -i wan -p udp --dport 8080 -j DNAT --to-destination [{client}]:5353
    -A PREROUTING -i wan -p tcp --dport 8080 -j DNAT --to-destination [{client}]:99
    -A POSTROUTING -o wan -j MASQUERADE
    COMMIT
"""
# The same questions for both families: how packets are called, and where the rules go.
FAMILIES = {
    4: {"udp": udp, "tcp": tcp, "icmp": icmp, "ping": ping, "router": "203.0.113.77", "inner": "192.168.1.99"},
    6: {"udp": udp6, "tcp": tcp6, "icmp": icmp6, "ping": ping6, "router": "2001:db8:ff::77", "inner": "fd00:1::99"},
}
MESSAGES = {
    4: ["network-unreachable", "host-unreachable", "protocol-unreachable", "port-unreachable", "fragmentation-needed",
        "source-route-failed", "network-prohibited", "host-prohibited", "communication-prohibited", "source-quench",
        "ttl-zero-during-transit", "ttl-zero-during-reassembly", "ip-header-bad", "required-option-missing"],
    6: ["no-route", "communication-prohibited", "beyond-scope", "address-unreachable", "port-unreachable", "failed-policy",
        "reject-route", "packet-too-big", "ttl-zero-during-transit", "ttl-zero-during-reassembly", "bad-header",
        "unknown-header-type", "unknown-option"],
}  # fmt: skip


def rows(columns, families=(4, 6)):
    """A row for each of these and each family: NAME-ipv4, NAME-ipv6."""
    return {f"{name}-ipv{family}".lstrip("-"): {"family": family, **given, "needs": ["nat" if family == 4 else "nat6"]}
            for name, given in columns.items() for family in families}  # fmt: skip


def every_message():
    return {f"{message}-ipv{family}": {"family": family, "message": message, "needs": ["nat" if family == 4 else "nat6"]}
            for family, messages in MESSAGES.items() for message in messages}  # fmt: skip


def load(firewall, family):
    if family == 4:
        firewall.loads(BOTH_WAYS)
    else:
        firewall.loads6(BOTH_WAYS_6)
    return FAMILIES[family]


@case("nat.error.comes-in", topology="nat-gateway", source=SOURCE, rows=every_message(),
      requirement="Every kind of error about what went out reaches the host inside, and is about what that host sent")  # fmt: skip
def test_comes_in(client, server, firewall, family, message):
    """From a router outside: its address stays, the quoted packet is the client's own."""
    words = load(firewall, family)
    client.sends(words["udp"]("client:40000 > server:5353", "query"))
    query = server.sees(words["udp"]("firewall.wan:40000 > server:5353", "query"))
    server.complains(query, message, source=words["router"])
    client.sees(words["icmp"](f"{words['router']} > client", message,
                              quoting=words["udp"]("client:40000 > server:5353", "query")))  # fmt: skip


@case("nat.error.goes-out", topology="nat-gateway", source=SOURCE, rows=every_message(),
      requirement="Every kind of error about what came in leaves with the public address, about the public address")  # fmt: skip
def test_goes_out(client, server, firewall, family, message):
    """From a router inside whose address nobody outside may see."""
    words = load(firewall, family)
    server.sends(words["udp"]("server:5000 > firewall.wan:8080", "query"))
    query = client.sees(words["udp"]("server:5000 > client:5353", "query"))
    client.complains(query, message, source=words["inner"])
    server.sees(words["icmp"]("firewall.wan > server", message,
                              quoting=words["udp"]("server:5000 > firewall.wan:8080", "query")))  # fmt: skip


@case("nat.error.about-an-answer", topology="nat-gateway", source=SOURCE, rows=rows({"outside": {"inside": False}, "inside": {"inside": True}}),
      requirement="Errors about answers are translated as those about questions are")  # fmt: skip
def test_about_an_answer(client, server, firewall, family, inside):
    """The asker does not want the answer any more: an error against the direction of the answer."""
    words = load(firewall, family)
    if inside:
        asker, asked, flow, seen = client, server, "client:40000 > server:5353", "firewall.wan:40000 > server:5353"
        answered, error, quoted = (
            "server:5353 > client:40000",
            "firewall.wan > server",
            "server:5353 > firewall.wan:40000",
        )
    else:
        asker, asked, flow, seen = server, client, "server:5000 > firewall.wan:8080", "server:5000 > client:5353"
        answered, error, quoted = "firewall.wan:8080 > server:5000", "server > client", "client:5353 > server:5000"
    asker.sends(words["udp"](flow, "query"))
    asked.answers(asked.sees(words["udp"](seen, "query")), "answer")
    asker.complains(asker.sees(words["udp"](answered, "answer")), "port-unreachable")
    asked.sees(words["icmp"](error, "port-unreachable", quoting=words["udp"](quoted, "answer")))


@case("nat.error.tcp", topology="nat-gateway", source=SOURCE, rows=rows({"": {}}), requirement="Errors about segments are "
      "translated with their sequence numbers untouched")  # fmt: skip
def test_tcp(client, server, firewall, family):
    """A host compares the sequence number of the quotation with its own, or an attacker could reset connections."""
    words = load(firewall, family)
    client.sends(words["tcp"]("client:40000 > server:99", "SYN", seq=123456, mss=1400))
    server.complains(server.sees(words["tcp"]("firewall.wan:40000 > server:99", "SYN")), "port-unreachable")
    client.sees(words["icmp"]("server > client", "port-unreachable",
                              quoting=words["tcp"]("client:40000 > server:99", "SYN", seq=123456)))  # fmt: skip
    server.sends(words["tcp"]("server:5000 > firewall.wan:8080", "SYN", seq=654321))
    client.complains(client.sees(words["tcp"]("server:5000 > client:99", "SYN")), "port-unreachable")
    server.sees(words["icmp"]("firewall.wan > server", "port-unreachable",
                              quoting=words["tcp"]("server:5000 > firewall.wan:8080", "SYN", seq=654321)))  # fmt: skip


@case("nat.error.ping", topology="nat-gateway", source=SOURCE, rows=rows({"": {}}),
      requirement="An error about a ping whose identifier was changed quotes the identifier that the client used")  # fmt: skip
def test_ping(client, laptop, server, firewall, family):
    """Two clients with one identifier: the second has another one outside, and its own inside."""
    words = load(firewall, family)
    server.node.stack = "deaf"
    client.sends(words["ping"]("client > server", "c", id=7))
    server.sees(words["ping"]("firewall.wan > server", "c", id=7))
    laptop.sends(words["ping"]("laptop > server", "l", id=7))
    query = server.sees(words["ping"]("firewall.wan > server", "l"))
    assert query.id != 7
    server.complains(query, "ttl-zero-during-transit", source=words["router"])
    laptop.sees(words["icmp"](f"{words['router']} > laptop", "ttl-zero-during-transit",
                              quoting=words["ping"]("laptop > server", "l", id=7)))  # fmt: skip


@case("nat.error.short-quotation", topology="nat-gateway", **IPV4, rows=table("""
    name       | quoted | arrives
    -----------+--------+--------
    whole      | 200    | True
    eight      | 28     | True
    nine       | 29     | True
    seven      | 27     | False
    header     | 20     | False
"""), requirement="Eight bytes of the quoted transport header are enough, fewer are not")  # fmt: skip
def test_short_quotation(client, server, firewall, quoted, arrives):
    """RFC 792 asks routers for eight bytes: both ports are in them. With fewer the connection cannot be told."""
    load(firewall, 4)
    client.sends(tcp("client:40000 > server:99", "SYN", seq=9))
    seen = server.sees(tcp("firewall.wan:40000 > server:99", "SYN"))
    server.complains(seen, "host-unreachable", quoted_bytes=quoted)
    if arrives:
        error = client.sees(icmp("server > client", "host-unreachable"))
        assert error.packet[28:][16:24] == bytes.fromhex("cb00710a") + (40000).to_bytes(2, "big") + (99).to_bytes(
            2, "big"
        )
        assert error.packet[28:][12:16] == bytes([192, 168, 1, 10])
    else:
        client.never_saw(icmp("server > client"))


@case("nat.error.quoted-header", topology="nat-gateway", **IPV4,
      requirement="The quoted IP header is that of the packet as it would have left, with a checksum that is right")  # fmt: skip
def test_quoted_header(client, server, firewall):
    """TTL, TOS and identification as on the wire outside; addresses as inside; the header's own checksum is right again."""
    load(firewall, 4)
    client.sends(udp("client:40000 > server:5353", "query", ttl=9, tos=0x10, ip_id=4711))
    server.complains(server.sees(udp("firewall.wan:40000 > server:5353", ttl=8)), "port-unreachable")
    client.sees(icmp("server > client", "port-unreachable",
                     quoting=udp("client:40000 > server:5353", "query", ttl=8, tos=0x10, ip_id=4711)))  # fmt: skip


@case("nat.error.redirect", topology="nat-gateway", **IPV4,
      requirement="A redirect about a translated connection is not passed inside")  # fmt: skip
def test_redirect(client, server, firewall):
    """The gateway that it names is of no use to a host in another network."""
    load(firewall, 4)
    client.sends(udp("client:40000 > server:5353", "query"))
    query = server.sees(udp("firewall.wan:40000 > server:5353", "query"))
    server.complains(query, "host-redirect", gateway="203.0.113.77")
    client.never_saw(icmp("server > client"))


# -- the size of the path


@case("nat.path-mtu.outside", topology="nat-gateway", source="RFC 1191; RFC 8201; RFC 4787 REQ-13", rows=rows({"": {}}),
      requirement="A router outside tells a host inside how much fits")  # fmt: skip
def test_path_mtu_outside(client, server, firewall, family):
    """The size arrives unchanged, and the quotation is about a segment of the client's connection."""
    words = load(firewall, family)
    talk = client.connects("client:40000 > server:99", family=family)
    sent = talk.client_sends("ACK", "x" * 1300)
    message = "fragmentation-needed" if family == 4 else "packet-too-big"
    server.complains(sent, message, source=words["router"], mtu=1280)
    client.sees(words["icmp"](f"{words['router']} > client", message, mtu=1280,
                              quoting=words["tcp"]("client:40000 > server:99", "ACK", seq=1001)))  # fmt: skip
    firewall.tracks(f"tcp{'6' if family == 6 else ''} client:40000 > server:99", state="ESTABLISHED")


@case("nat.path-mtu.inside", topology="nat-gateway", source="RFC 1191; RFC 8201; RFC 4787 REQ-13", rows=rows({"": {}}),
      requirement="A router inside tells a host outside how much fits")  # fmt: skip
def test_path_mtu_inside(client, server, firewall, family):
    """What comes in by a forwarded port is too long for a tunnel inside."""
    words = load(firewall, family)
    server.sends(words["udp"]("server:5000 > firewall.wan:8080", size=1400))
    query = client.sees(words["udp"]("server:5000 > client:5353"))
    message = "fragmentation-needed" if family == 4 else "packet-too-big"
    client.complains(query, message, source=words["inner"], mtu=1300)
    server.sees(words["icmp"]("firewall.wan > server", message, mtu=1300,
                              quoting=words["udp"]("server:5000 > firewall.wan:8080")))  # fmt: skip


@case("nat.path-mtu.own", topology="nat-gateway", source="RFC 1191; RFC 8201; RFC 4787 REQ-13", fresh=True,
      rows=rows({"outbound": {"inbound": False}, "inbound": {"inbound": True}}),
      requirement="What does not fit the firewall's own link is reported about the packet as its sender sent it")  # fmt: skip
def test_path_mtu_own(client, server, firewall, family, inbound):
    """The firewall finds out between the two translations; the quotation must not show what it has already changed."""
    words = load(firewall, family)
    firewall.runs(f"ip link set {'lan' if inbound else 'wan'} mtu 1300")
    message = "fragmentation-needed" if family == 4 else "packet-too-big"
    more = {"df": True} if family == 4 else {}
    if inbound:
        sender, flow, error = server, "server:5000 > firewall.wan:8080", "any > server"
    else:
        sender, flow, error = client, "client:40000 > server:5353", "any > client"
    sender.sends(words["udp"](flow, size=1400, **more))
    sender.sees(words["icmp"](error, message, mtu=1300, quoting=words["udp"](flow)))


# -- traceroute


PROBES = {
    "udp": {"kind": "udp", "port": 33434},
    "tcp": {"kind": "tcp", "port": 99},
    "ping": {"kind": "ping", "port": 0},
}


@case("nat.traceroute.hops", topology="dual-uplink", source="RFC 5508 REQ-4; traceroute(8)", rows=rows(PROBES),
      requirement="Traceroute sees the firewall, then the routers behind it, then the host, each about its own probe")  # fmt: skip
def test_traceroute(client, firewall, family, kind, port):
    """Hop 1 is the firewall with its inner address, hop 2 the provider's router; both quote the probe as it was sent."""
    words = FAMILIES[family]
    rules = "*nat\n-A POSTROUTING -o uplink1 -j MASQUERADE\nCOMMIT"
    (firewall.loads if family == 4 else firewall.loads6)(rules)
    for ttl, router in ((1, "firewall.lan"), (2, "isp1.uplink1")):
        if kind == "ping":
            probe = words["ping"]("client > server", "probe", id=40, seq=ttl, ttl=ttl)
        elif kind == "tcp":
            probe = words["tcp"](f"client:{40000 + ttl} > server:{port}", "SYN", ttl=ttl)
        else:
            probe = words["udp"](f"client:40000 > server:{port + ttl}", "probe", ttl=ttl)
        client.sends(probe)
        client.sees(words["icmp"](f"{router} > client", "ttl-zero-during-transit", quoting=probe.but(ttl=one_of(0, 1))))


@case("nat.traceroute.last-hop", topology="nat-gateway", source="RFC 5508 REQ-4; traceroute(8)", rows=rows({"": {}}),
      requirement="The last hop's port-unreachable comes through translation")  # fmt: skip
def test_traceroute_last_hop(client, server, firewall, family):
    """It is the real kernel of the server that answers."""
    words = load(firewall, family)
    server.node.stack = "refuse"
    client.sends(words["udp"]("client:40000 > server:33436", "probe", ttl=3))
    client.sees(
        words["icmp"](
            "server > client", "port-unreachable", quoting=words["udp"]("client:40000 > server:33436", "probe")
        )
    )


@case("nat.traceroute.inwards", topology="nat-gateway", source="RFC 5508 REQ-5; traceroute(8)", rows=rows({"": {}}),
      requirement="A traceroute to a forwarded port sees public addresses only")  # fmt: skip
def test_traceroute_inwards(client, server, firewall, family):
    """Hop 1 is the firewall, about the address that was asked; hop 2, the host inside, has the same address."""
    words = load(firewall, family)
    client.node.stack = "refuse"
    server.sends(words["udp"]("server:5000 > firewall.wan:8080", "first", ttl=1))
    server.sees(words["icmp"]("firewall.wan > server", "ttl-zero-during-transit",
                              quoting=words["udp"]("server:5000 > firewall.wan:8080", "first")))  # fmt: skip
    server.sends(words["udp"]("server:5001 > firewall.wan:8080", "second", ttl=2))
    server.sees(words["icmp"]("firewall.wan > server", "port-unreachable",
                              quoting=words["udp"]("server:5001 > firewall.wan:8080", "second")))  # fmt: skip


# -- in fragments


@case("nat.error.in-fragments", topology="nat-gateway", source=SOURCE, rows={
    "ipv4-comes-in": {"family": 4, "inbound": False, "sizes": [44, 44], "needs": ["nat"]},
    "ipv4-goes-out": {"family": 4, "inbound": True, "sizes": [44, 44], "needs": ["nat"]},
    "ipv6-comes-in": {"family": 6, "inbound": False, "sizes": [116], "needs": ["nat6"]},
    "ipv6-goes-out": {"family": 6, "inbound": True, "sizes": [116], "needs": ["nat6"]},
}, requirement="An ICMP error that comes in fragments is put together, translated and cut again")  # fmt: skip
def test_error_in_fragments(client, server, firewall, family, inbound, sizes):
    """The headers to be changed lie in the second fragment. Linux then cuts anew, or sends what has become one piece as one
    fragment."""
    words = load(firewall, family)
    if inbound:
        asker, asked, flow, seen = server, client, "server:5000 > firewall.wan:8080", "server:5000 > client:99"
        report, error = f"{words['inner']} > server", "firewall.wan > server"
    else:
        asker, asked, flow, seen = client, server, "client:40000 > server:99", "firewall.wan:40000 > server:99"
        report, error = f"{words['router']} > firewall.wan", f"{words['router']} > client"
    asker.sends(words["tcp"](flow, "SYN", seq=7))
    quoted = asked.sees(words["tcp"](seen, "SYN"))
    more = {"ip_id": 99} if family == 4 else {}
    whole = words["icmp"](report, "port-unreachable", quoting=quoted, **more)
    asked.sends(fragments(whole, 24 if family == 4 else 48))
    expected = {"quoting": words["tcp"](flow, "SYN", seq=7)}
    if len(sizes) > 1:
        asker.sees_reassembled(words["icmp"](error, "port-unreachable", **expected), sizes=sizes)
    else:
        assert asker.sees(icmp6(error, "port-unreachable", extensions=["fragment"], **expected)).size == sizes[0]
