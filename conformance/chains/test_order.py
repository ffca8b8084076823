"""The order in which packets meet the tables and chains. conformance/probes.py says how it is seen without asking the
engine."""

from conformance.vocabulary import case, every_chain, path_rules, udp, visits

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
      cites=["CHAIN-ORDER-01", "CHAIN-ORDER-04"])  # fmt: skip
def test_forwarded(client, server, firewall):
    """The first packet of a forwarded flow meets these chains in this order, and no chain of INPUT or OUTPUT."""
    firewall.loads(path_rules(FORWARDED, extra=TRACKING))
    client.sends(udp("client:40000 > server:53", "query"))
    server.sees(udp("client:40000 > server:53", "query"))
    assert visits(firewall) == FORWARDED


@case("chain-order.incoming", topology="host", needs=["conntrack", "nat", "security"],
      cites=["CHAIN-ORDER-02", "CHAIN-ORDER-05"])  # fmt: skip
def test_incoming(client, firewall):
    """The first packet of a flow for the firewall itself meets these chains, and neither FORWARD nor POSTROUTING."""
    order = firewall.differs(legacy=INCOMING, nft=INCOMING_NFT, because="iptables-nft: security INPUT has priority 150")
    firewall.loads(path_rules(order, match="-p udp --dport 5353", extra=TRACKING))
    service = firewall.listens("udp:5353")
    client.sends(udp("client:40000 > firewall:5353", "query"))
    service.hears("query", sender="client:40000")
    assert visits(firewall) == order


@case("chain-order.outgoing", topology="host", needs=["conntrack", "nat", "security"], cites=["CHAIN-ORDER-03"])
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
