"""UDP-Lite (RFC 3828) through conntrack: a checksum is a must, and what it covers has to be possible."""

from conformance.stating import States
from conformance.vocabulary import case, udplite

ASK = "client:40000 > server:53"
ANSWER = "server:53 > client:40000"


@case("ctudplite.faults", topology="two-lans", needs=["conntrack"], cites=["CTUDP-08"], rows={
    "no-checksum": {"packet": udplite(ASK, "some text", checksum=0)},
    "covers-half-a-header": {"packet": udplite(ASK, "some text", coverage=4)},
    "covers-too-much": {"packet": udplite(ASK, "some text", coverage=1000)}})  # fmt: skip
def test_faults(client, firewall, packet):
    """INVALID, even where checksums are not summed up, and no entry."""
    firewall.sets("net.netfilter.nf_conntrack_checksum", 0)
    states = States(firewall)
    client.sends(packet)
    assert states.after() == "INVALID"
    assert firewall.connections() == []


@case("ctudplite.coverage", topology="two-lans", needs=["conntrack"], cites=["CTUDP-08"], rows={
    "everything": {"coverage": 0}, "header": {"coverage": 8}, "part": {"coverage": 12}})  # fmt: skip
def test_coverage(client, server, firewall, coverage):
    """A checksum over the whole datagram, over its header alone or over a part of it is one."""
    firewall.sets("net.netfilter.nf_conntrack_checksum", 0)
    states = States(firewall)
    client.sends(udplite(ASK, "some text", coverage=coverage))
    server.sees(udplite(ASK, "some text"))
    assert states.after() == "NEW"
    firewall.tracks("udplite client:40000 > server:53", timeout=30, unreplied=True)


@case("ctudplite.right-checksum", topology="two-lans", needs=["conntrack"], cites=["CTUDP-08"])
def test_right_checksum(client, firewall):
    """Linux sums the pseudo header with the protocol number of UDP. So what RFC 3828 calls right is wrong for it, as
    long as it looks at all, and an engine that is to behave as Linux does the same."""
    states = States(firewall)
    client.sends(udplite(ASK, "some text"))
    assert states.after() == "INVALID"


@case("ctudplite.life", topology="two-lans", needs=["conntrack"], cites=["CTUDP-08"])
def test_life(client, server, firewall):
    """The timeouts are those of UDP. The first packet after an answer makes a stream, without two seconds between."""
    firewall.sets("net.netfilter.nf_conntrack_checksum", 0)
    states = States(firewall)
    client.sends(udplite(ASK, "question"))
    server.sends(udplite(ANSWER, "answer"))
    assert states.after() == "NEW ESTABLISHED"
    firewall.tracks("udplite client:40000 > server:53", timeout=30, unreplied=False, assured=False)
    client.sends(udplite(ASK, "more"))
    assert states.after() == "ESTABLISHED"
    firewall.tracks("udplite client:40000 > server:53", timeout=120, assured=True)
