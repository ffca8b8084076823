"""The order in which packets meet the tables and chains. conformance/probes.py says how it is seen without asking the
engine."""

from conformance.vocabulary import case, every_chain, icmp, path_rules, tcp, udp, visits

FORWARDED = [
    "raw PREROUTING", "mangle PREROUTING", "nat PREROUTING", "mangle FORWARD", "filter FORWARD", "security FORWARD",
    "mangle POSTROUTING", "nat POSTROUTING",
]  # fmt: skip
INCOMING = [
    "raw PREROUTING",
    "mangle PREROUTING",
    "nat PREROUTING",
    "mangle INPUT",
    "filter INPUT",
    "security INPUT",
    "nat INPUT",
]
# iptables-nft 1.8.9 gives the INPUT chain of security a higher priority number than that of nat.
INCOMING_NFT = [*INCOMING[:5], "nat INPUT", "security INPUT"]
OUTGOING = [
    "raw OUTPUT",
    "mangle OUTPUT",
    "nat OUTPUT",
    "filter OUTPUT",
    "security OUTPUT",
    "mangle POSTROUTING",
    "nat POSTROUTING",
]


@case("chain-order.forwarded", topology="two-lans", needs=["conntrack", "nat", "security"],
      cites=["CHAIN-ORDER-01", "CHAIN-ORDER-04", "CHAIN-ORDER-06"])  # fmt: skip
def test_forwarded(client, server, firewall):
    """The first packet of a forwarded flow meets these chains in this order, and no chain of INPUT or OUTPUT."""
    firewall.loads(path_rules(FORWARDED, extra=TRACKING))
    client.sends(udp("client:40000 > server:53", "query"))
    server.sees(udp("client:40000 > server:53", "query"))
    assert visits(firewall) == FORWARDED


@case("chain-order.incoming", topology="host", needs=["conntrack", "nat", "security"],
      cites=["CHAIN-ORDER-02", "CHAIN-ORDER-05", "CHAIN-ORDER-06"])  # fmt: skip
def test_incoming(client, firewall):
    """The first packet of a flow for the firewall itself meets these chains, and neither FORWARD nor POSTROUTING."""
    order = firewall.differs(legacy=INCOMING, nft=INCOMING_NFT, because="iptables-nft: security INPUT has priority 150")
    firewall.loads(path_rules(order, match="-p udp --dport 5353", extra=TRACKING))
    service = firewall.listens("udp:5353")
    client.sends(udp("client:40000 > firewall:5353", "query"))
    service.hears("query", sender="client:40000")
    assert visits(firewall) == order


@case("chain-order.outgoing", topology="host", needs=["conntrack", "nat", "security"],
      cites=["CHAIN-ORDER-03", "CHAIN-ORDER-06"])  # fmt: skip
def test_outgoing(client, firewall):
    """The first packet of a flow that a program on the firewall starts meets these chains."""
    firewall.loads(path_rules(OUTGOING, match="-p udp --dport 9999", extra=TRACKING))
    firewall.opens("udp:40000").says("hello", to="client:9999")
    client.sees(udp("firewall:40000 > client:9999", "hello"))
    assert visits(firewall) == OUTGOING


@case("chain-order.reply", topology="two-lans", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-07"])
def test_reply(client, server, firewall):
    """An answer meets every chain on its way but those of nat, which see the first packet of a connection only."""
    order = [place for place in FORWARDED if not place.startswith("nat ")]
    firewall.loads(path_rules(order, match="-p udp --sport 53", extra=TRACKING))
    client.sends(udp("client:40000 > server:53", "query"))
    server.answers(server.sees(udp("client:40000 > server:53", "query")), "reply")
    client.sees(udp("server:53 > client:40000", "reply"))
    assert visits(firewall) == order
    assert set(order) < set(every_chain())


# A rule that needs connection tracking, so that it is at work, whatever the other rules are.
TRACKING = {"filter": "-A FORWARD -m conntrack --ctstate INVALID"}


@case("chain-order.second-packet", topology="two-lans", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-08"])
def test_second_packet(client, server, firewall):
    """The nat chains see the first packet of a connection, not the second, although nobody has answered."""
    firewall.loads(path_rules(FORWARDED, match="-p udp --dport 53", extra=TRACKING))
    for number in (1, 2):
        client.sends(udp("client:40000 > server:53", f"query {number}"))
        server.sees(udp("client:40000 > server:53", f"query {number}"))
    firewall.counted("nat PREROUTING 1", packets=1)
    firewall.counted("nat POSTROUTING 1", packets=1)


@case("chain-order.routing-after-dnat", topology="host", needs=["nat"], cites=["CHAIN-ORDER-09"])
def test_routing_after_dnat(client, firewall):
    """What is redirected to the firewall itself goes to INPUT: routing follows nat PREROUTING."""
    firewall.loads("""
        *nat
        -A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353
        COMMIT
        *filter
        -A INPUT -p udp -m comment --comment input
        -A FORWARD -m comment --comment forward
        COMMIT
    """)
    service = firewall.listens("udp:5353")
    client.sends(udp("client:40000 > 8.8.8.8:53", "query"), next_hop="firewall")
    service.hears("query", sender="client:40000")
    firewall.counted("input", packets=1)
    firewall.counted("forward", packets=0)


@case("chain-order.raw-before-tracking", topology="two-lans", needs=["conntrack", "raw"], cites=["CHAIN-ORDER-10"])
def test_raw_before_tracking(client, server, firewall):
    """raw can keep a packet out of tracking, so it must come first."""
    firewall.loads("""
        *raw
        -A PREROUTING -p udp -j CT --notrack
        COMMIT
        *filter
        -A FORWARD -m conntrack --ctstate UNTRACKED -m comment --comment untracked
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "x"))
    server.sees(udp("client:1 > server:2", "x"))
    firewall.counted("untracked", packets=1)
    firewall.tracks_nothing()


@case("chain-order.tracking-before-mangle", topology="two-lans", needs=["conntrack", "mangle"],
      cites=["CHAIN-ORDER-11", "CHAIN-ORDER-12"])  # fmt: skip
def test_tracking_before_mangle(client, server, firewall):
    """mangle PREROUTING already knows the state, although there is no nat table at all."""
    firewall.loads("""
        *mangle
        -A PREROUTING -p udp -m conntrack --ctstate NEW -m comment --comment new
        -A PREROUTING -p udp -m conntrack --ctstate ESTABLISHED -m comment --comment established
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "x"))
    server.answers(server.sees(udp("client:1 > server:2", "x")), "y")
    client.sees(udp("server:2 > client:1", "y"))
    firewall.counted("new", packets=1)
    firewall.counted("established", packets=1)


@case("chain-order.confirmed-last", topology="two-lans", needs=["conntrack", "mangle"], cites=["CHAIN-ORDER-13"], rows={
    "forward": {"place": "filter FORWARD"}, "postrouting": {"place": "mangle POSTROUTING"}})
def test_confirmed_last(client, server, firewall, place):
    """A connection exists once its first packet has left; if it is dropped before, nothing remains."""
    table, chain = place.split()
    firewall.loads(f"*{table}\n-A {chain} -p udp --dport 53 -m conntrack --ctstate NEW -j DROP\nCOMMIT")
    client.sends(udp("client:1 > server:53", "suspect"))
    firewall.tracks_nothing()
    client.sends(udp("client:1 > server:54", "marker"))
    server.sees(udp("client:1 > server:54", "marker"))
    server.never_saw(udp("client:1 > server:53"))


LOOPED = [
    "raw OUTPUT", "mangle OUTPUT", "nat OUTPUT", "filter OUTPUT", "security OUTPUT", "mangle POSTROUTING", "nat POSTROUTING",
    "raw PREROUTING", "mangle PREROUTING", "mangle INPUT", "filter INPUT", "security INPUT",
]  # fmt: skip


@case("chain-order.loopback", topology="host", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-14"])
def test_loopback(firewall):
    """A packet to oneself leaves and comes in again; nat has seen it then."""
    firewall.loads(path_rules(every_chain(), match="-p udp --dport 5353", extra=TRACKING))
    service = firewall.listens("udp:127.0.0.1:5353")
    firewall.opens("udp:40000").says("hello", to="127.0.0.1:5353")
    service.hears("hello")
    counted = firewall.counters()
    met = {place for place in every_chain() if (count := counted.at(f"{place} 1")) and count.packets}
    assert met == set(LOOPED)


@case("chain-order.priorities", topology="two-lans", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-15"])
def test_priorities(client, server, firewall):
    """At one hook the table with the lowest priority number comes first: raw, mangle, nat; mangle, filter, security; mangle, nat."""
    firewall.loads(path_rules(FORWARDED, extra=TRACKING))
    client.sends(udp("client:40000 > server:53", "query"))
    server.sees(udp("client:40000 > server:53", "query"))
    met = [place.split() for place in visits(firewall)]
    assert [table for table, chain in met if chain == "PREROUTING"] == ["raw", "mangle", "nat"]
    assert [table for table, chain in met if chain == "FORWARD"] == ["mangle", "filter", "security"]
    assert [table for table, chain in met if chain == "POSTROUTING"] == ["mangle", "nat"]


def chains_with_packets(firewall):
    counted = firewall.counters()
    return {place for place in every_chain() if (count := counted.at(f"{place} 1")) and count.packets}


@case("chain-order.expired", topology="two-lans", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-16"])
def test_expired(client, firewall):
    """A packet whose TTL ends here never enters FORWARD; the answer about it leaves by OUTPUT."""
    firewall.loads(path_rules(every_chain(), match="", extra=TRACKING))
    client.sends(udp("client:1 > server:2", "x", ttl=1))
    client.sees(icmp("firewall.lan1 > client", "ttl-zero-during-transit"))
    met = chains_with_packets(firewall)
    assert {"raw PREROUTING", "mangle PREROUTING", "raw OUTPUT", "mangle OUTPUT", "mangle POSTROUTING"} <= met
    assert not any(place.endswith("FORWARD") for place in met)


@case("chain-order.unroutable", topology="two-lans", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-17"])
def test_unroutable(client, firewall):
    """Where no route leads, the way ends behind PREROUTING."""
    firewall.changes("ip route add unreachable 203.0.113.0/24", undo="ip route del unreachable 203.0.113.0/24")
    firewall.loads(path_rules(every_chain(), match="-p udp", extra=TRACKING))
    client.sends(udp("client:1 > 203.0.113.9:2", "x"), next_hop="firewall")
    assert chains_with_packets(firewall) == {"raw PREROUTING", "mangle PREROUTING", "nat PREROUTING"}


@case("chain-order.broadcast", topology="host", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-18"])
def test_broadcast(client, firewall):
    """A broadcast is for this machine: INPUT, nat included, and not FORWARD."""
    firewall.loads(path_rules(every_chain(), match="-p udp --dport 5353", extra=TRACKING))
    client.sends(udp("client:1 > 255.255.255.255:5353", "x"))
    assert chains_with_packets(firewall) == set(INCOMING)


@case("chain-order.own-error", topology="host", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-19"])
def test_own_error(client, firewall):
    """An ICMP error of the firewall itself meets OUTPUT and POSTROUTING, but no nat chain."""
    firewall.loads(path_rules(every_chain(), match="-p icmp", extra=TRACKING))
    client.sends(udp("client:1 > firewall:9", "x"))
    client.sees(icmp("firewall > client", "port-unreachable"))
    assert chains_with_packets(firewall) == {
        "raw OUTPUT", "mangle OUTPUT", "filter OUTPUT", "security OUTPUT", "mangle POSTROUTING"}


@case("chain-order.invalid", topology="two-lans", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-20"])
def test_invalid(client, server, firewall):
    """A packet of no connection meets every chain but those of nat."""
    firewall.loads(path_rules(every_chain(), match="-p tcp", extra=TRACKING))
    client.sends(tcp("client:1 > server:2", "FIN,ACK"))
    server.sees(tcp("client:1 > server:2", "FIN,ACK"))
    assert chains_with_packets(firewall) == {place for place in FORWARDED if not place.startswith("nat")}


@case("chain-order.untracked", topology="two-lans", needs=["conntrack", "nat", "security", "raw"], cites=["CHAIN-ORDER-21"])
def test_untracked(client, server, firewall):
    """A packet that is not tracked meets no chain of nat."""
    firewall.loads("""
        *raw
        -A PREROUTING -p udp -j CT --notrack
        COMMIT
        *nat
        -A PREROUTING -m comment --comment nat
        -A POSTROUTING -m comment --comment nat
        COMMIT
        *filter
        -A FORWARD -m conntrack --ctstate UNTRACKED -m comment --comment filter
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "x"))
    server.sees(udp("client:1 > server:2", "x"))
    firewall.counted("nat", packets=0)
    firewall.counted("filter", packets=1)


@case("chain-order.accept-in-nat", topology="two-lans", needs=["conntrack", "nat"], cites=["CHAIN-ORDER-22"])
def test_accept_in_nat(client, server, firewall):
    """ACCEPT in nat PREROUTING ends that chain and no other."""
    firewall.loads("""
        *nat
        -A PREROUTING -p udp -j ACCEPT
        -A POSTROUTING -p udp -m comment --comment post
        COMMIT
        *filter
        -A FORWARD -m conntrack --ctstate NEW
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "x"))
    server.sees(udp("client:1 > server:2", "x"))
    firewall.counted("post", packets=1)


@case("chain-order.drop-is-the-end", topology="two-lans", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-23"])
def test_drop_is_the_end(client, server, firewall):
    """What mangle FORWARD drops, nobody after it counts."""
    firewall.loads(path_rules(every_chain(), match="-p udp --dport 53", extra={
        **TRACKING, "mangle": "-A FORWARD -p udp --dport 53 -j DROP"}))
    client.sends(udp("client:1 > server:53", "x"), udp("client:1 > server:54", "marker"))
    server.sees(udp("client:1 > server:54", "marker"))
    server.never_saw(udp("client:1 > server:53"))
    assert chains_with_packets(firewall) == {"raw PREROUTING", "mangle PREROUTING", "nat PREROUTING", "mangle FORWARD"}


@case("chain-order.ttl", topology="two-lans", needs=["mangle"], cites=["CHAIN-ORDER-24"])
def test_ttl(client, server, firewall):
    """The TTL is one less from FORWARD on."""
    firewall.loads("""
        *mangle
        -A PREROUTING -m ttl --ttl-eq 64 -m comment --comment pre
        -A FORWARD -m ttl --ttl-eq 63 -m comment --comment forward
        -A POSTROUTING -m ttl --ttl-eq 63 -m comment --comment post
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "x", ttl=64))
    server.sees(udp("client:1 > server:2", "x", ttl=63))
    for place in ("pre", "forward", "post"):
        firewall.counted(place, packets=1)


@case("chain-order.filter-between-translations", topology="two-lans", needs=["nat"], cites=["CHAIN-ORDER-25"])
def test_filter_between_translations(client, server, firewall):
    """filter FORWARD sees addresses after DNAT and before SNAT, on the way back mirrored."""
    firewall.loads("""
        *nat
        -A PREROUTING -p udp -d 10.0.1.1 --dport 80 -j DNAT --to-destination {server}:8080
        -A POSTROUTING -p udp -o lan2 -j MASQUERADE
        COMMIT
        *filter
        -A FORWARD -s {client} -d {server} -p udp --dport 8080 -m comment --comment there
        -A FORWARD -d 10.0.1.1 -m comment --comment before
        -A FORWARD -s {server} -d {client} -m comment --comment back
        COMMIT
    """)
    client.sends(udp("client:4000 > firewall.lan1:80", "query"))
    server.answers(server.sees(udp("firewall.lan2:4000 > server:8080", "query")), "reply")
    client.sees(udp("firewall.lan1:80 > client:4000", "reply"))
    firewall.counted("there", packets=1)
    firewall.counted("before", packets=0)
    firewall.counted("back", packets=1)


@case("chain-order.nat-sleeps-without-tracking", topology="two-lans", needs=["nat"], cites=["CHAIN-ORDER-27", "CTSTATE-25"])
def test_nat_sleeps(client, server, firewall):
    """While no rule needs tracking, nat chains without translation are not asked, and nothing is tracked."""
    rules = "*nat\n-A PREROUTING -p udp -m comment --comment nat\nCOMMIT\n"
    firewall.loads(rules)
    client.sends(udp("client:1 > server:2", "x"))
    server.sees(udp("client:1 > server:2", "x"))
    firewall.counted("nat", packets=0)
    firewall.tracks_nothing()
    firewall.loads(rules + "*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n")
    client.sends(udp("client:1 > server:3", "x"))
    server.sees(udp("client:1 > server:3", "x"))
    firewall.counted("nat", packets=1)
    firewall.tracks("udp client:1 > server:3")


@case("chain-order.expected-connection", topology="two-lans", needs=["nat", "helper-ftp"], cites=["CHAIN-ORDER-26"])
def test_expected_connection(client, server, firewall):
    """A connection that a helper expected begins like any other: its first packet meets the chains of nat."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 2121 -j CT --helper ftp
        COMMIT
        *nat
        -A PREROUTING -p tcp --sport 20 -m comment --comment before
        -A POSTROUTING -p tcp --sport 20 -m comment --comment after
        COMMIT
        *filter
        -A FORWARD -p tcp --sport 20 -m conntrack --ctstate RELATED -m comment --comment related
        COMMIT
    """)
    talk = client.connects("client:40000 > server:2121")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.client_says("PORT 10,0,1,10,156,65\r\n")
    server.sends(tcp("server:20 > client:40001", "SYN"))
    client.answers(client.sees(tcp("server:20 > client:40001", "SYN")), flags="SYN,ACK")
    server.sends(tcp("server:20 > client:40001", "ACK", seq=1, ack=1))
    for place in ("before", "after", "related"):
        firewall.counted(place, packets=1)
