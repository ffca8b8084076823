"""A whole IPv6 ruleset as sites have it, after RFC 4890: what must pass, what must not, in both directions."""

from conformance.ipv6.test_headers import packet_of
from conformance.vocabulary import case, icmp6, ping6, table, tcp6, udp6

RULES = """
    *raw
    -A PREROUTING -m rt --rt-type 0 -j DROP
    COMMIT
    *filter
    :INPUT DROP [0:0]
    :FORWARD DROP [0:0]
    :OUTPUT ACCEPT [0:0]
    :icmp-in - [0:0]
    :icmp-through - [0:0]
    -A INPUT -i lo -j ACCEPT
    -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    -A INPUT -m conntrack --ctstate INVALID -m comment --comment invalid-in -j DROP
    -A INPUT -p ipv6-icmp -j icmp-in
    -A INPUT -j REJECT --reject-with icmp6-adm-prohibited
    -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    -A FORWARD -m conntrack --ctstate INVALID -m comment --comment invalid -j DROP
    -A FORWARD -p ipv6-icmp -j icmp-through
    -A FORWARD -i lan1 -s 2001:db8:1::/64 -j ACCEPT
    -A FORWARD -i lan2 -p tcp -m tcp --dport 99 --syn -j ACCEPT
    -A FORWARD -p tcp -j REJECT --reject-with tcp-reset
    -A FORWARD -j REJECT --reject-with icmp6-adm-prohibited
    -A icmp-in -p ipv6-icmp -m icmp6 --icmpv6-type router-solicitation -m hl --hl-eq 255 -j ACCEPT
    -A icmp-in -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation -m hl --hl-eq 255 -j ACCEPT
    -A icmp-in -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-advertisement -m hl --hl-eq 255 -j ACCEPT
    -A icmp-in -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -m limit --limit 1/minute --limit-burst 2 -j ACCEPT
    -A icmp-in -j DROP
    -A icmp-through -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -m length --length 0:128 -j ACCEPT
    -A icmp-through -p ipv6-icmp -m icmp6 --icmpv6-type 1/4 -j ACCEPT
    -A icmp-through -j DROP
    COMMIT
"""
ASK = icmp6("client > firewall.lan1", "neighbour-solicitation", target="2001:db8:1::1", ttl=255)
ANSWER = icmp6("firewall.lan1 > client", "neighbour-advertisement", target="2001:db8:1::1")
SITE = {"needs": ["ipv6", "conntrack", "raw", "target-REJECT"], "source": "RFC 4890; RFC 5095; note \"Linux 的使用 - iptables\""}


@case("ipv6.site.neighbours", topology="two-lans", requirement="A closed firewall answers its neighbours, and only those on its wire", **SITE)
def test_neighbours(client, firewall):
    """A solicitation that passed a router cannot be a neighbour's."""
    firewall.loads6(RULES)
    client.sends(ASK)
    client.sees(ANSWER)
    client.sends(ASK.but(ttl=254))
    client.never_saw(ANSWER)


@case("ipv6.site.inside-out", topology="two-lans", requirement="From inside everything goes out, and answers and errors come back", **SITE)
def test_inside_out(client, server, firewall):
    """A question, its answer, and an error about it."""
    firewall.loads6(RULES)
    client.sends(udp6("client:1000 > server:2000", "query"))
    query = server.sees(udp6("client:1000 > server:2000", "query"))
    server.answers(query, "reply")
    client.sees(udp6("server:2000 > client:1000", "reply"))
    server.complains(query, "port-unreachable")
    client.sees(icmp6("server > client", "port-unreachable", quoting=udp6("client:1000 > server:2000", "query", ttl=63)))


@case("ipv6.site.path-mtu", topology="two-lans", requirement="Packet Too Big about a known connection passes, or nothing that is long ever arrives", **SITE)
def test_path_mtu(client, server, firewall):
    """The error comes from a router that nobody knows; it is RELATED all the same."""
    firewall.loads6(RULES)
    client.sends(udp6("client:1000 > server:2000", size=1000))
    query = server.sees(udp6("client:1000 > server:2000"))
    server.complains(query, "packet-too-big", source="2001:db8:99::1", mtu=1280)
    client.sees(icmp6("2001:db8:99::1 > client", "packet-too-big", mtu=1280))


@case("ipv6.site.outside-in", topology="two-lans", requirement="From outside only the open port is reached; everything else is refused as the rules say", rows=table("""
    name         | port | flags | answer
    -------------+------+-------+-------
    open         | 99   | SYN   |
    closed       | 98   | SYN   | RST,ACK
    not-a-syn    | 99   | ACK   | RST
"""), **SITE)  # fmt: skip
def test_outside_in(client, server, firewall, port, flags, answer):
    """A refused connection is answered with a reset in the name of the host inside."""
    firewall.loads6(RULES)
    server.sends(tcp6(f"server:1000 > client:{port}", flags, seq=7, ack=0 if flags == "SYN" else 5))
    if not answer:
        client.sees(tcp6(f"server:1000 > client:{port}", flags))
        server.never_saw(tcp6(f"client:{port} > server:1000"))
        return
    server.sees(tcp6(f"client:{port} > server:1000", answer))
    client.never_saw(tcp6("server:1000 > any"))


@case("ipv6.site.refused", topology="two-lans", requirement="What is not for anybody here is refused as administratively prohibited", **SITE)
def test_refused(client, server, firewall):
    """Traffic through and to the firewall, each answered by the firewall."""
    firewall.loads6(RULES)
    through = udp6("server:1000 > client:53", "x")
    to_me = udp6("server:1000 > firewall.lan2:53", "x")
    server.sends(through, to_me)
    server.sees(icmp6("firewall.lan2 > server", (1, 1), quoting=through))
    server.sees(icmp6("firewall.lan2 > server", (1, 1), quoting=to_me))
    client.never_saw(through)


@case("ipv6.site.source-routes", topology="two-lans", requirement="Routing headers of type 0 are dropped before anybody tracks them; others pass", **SITE)
def test_source_routes(client, server, firewall):
    """RFC 5095 did away with type 0."""
    firewall.loads6(RULES)
    client.sends(packet_of("rt0 udp"), packet_of("dst rt0 udp"))
    firewall.counted("raw PREROUTING 1", packets=2, family=6)
    firewall.tracks_nothing()
    client.sends(packet_of("rt4 udp"))
    server.sees(udp6("client:1000 > server:2000", "xxxxxxxx"))
    server.never_saw(udp6("client:1000 > server:2000"))


@case("ipv6.site.pings", topology="two-lans", requirement="Pings pass while they are small and few", **SITE)
def test_pings(client, server, firewall):
    """Small ones through the firewall, two to it; a large one and a third one are lost."""
    firewall.loads6(RULES)
    server.sends(ping6("server > client", size=40), ping6("server > client", size=400, id=2))
    client.sees(ping6("server > client", size=40))
    client.never_saw(ping6("server > client", size=400, id=2))
    for number in (1, 2, 3):
        client.sends(ping6("client > firewall.lan1", id=number))
    assert len(client.saw(icmp6("firewall.lan1 > client", "echo-reply"))) == 2


@case("ipv6.site.invalid", topology="two-lans", requirement="Answers and errors that belong to nothing are INVALID and lost", **SITE)
def test_invalid(client, server, firewall):
    """An echo reply that nobody asked for, and an error about a packet that never was."""
    firewall.loads6(RULES)
    server.sends(icmp6("server > client", "echo-reply", id=1), icmp6("server > client", "port-unreachable", quoting=udp6("client:1 > server:2")))
    firewall.counted("invalid", packets=2, family=6)
    client.never_saw(icmp6("server > client"))
