"""Address translation of IPv6: the targets of IPv4, with addresses in brackets where a port follows."""

from conformance.vocabulary import case, fragments, icmp6, ping6, pong6, tcp6, udp6


@case("ipv6.nat.masquerade", topology="three-legged", needs=["nat6"], cites=["IPV6-10", "IPV6-15"])
def test_masquerade(client, server, firewall):
    """The packet leaves with the address of the interface by which it leaves, and the answer finds its way back."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    client.sends(udp6("client:40000 > server:53", "query"))
    query = server.sees(udp6("firewall.wan:40000 > server:53", "query"))
    server.answers(query, "reply")
    client.sees(udp6("server:53 > client:40000", "reply"))
    firewall.tracks("udp6 client:40000 > server:53", reply="server:53 > firewall.wan:40000")


@case("ipv6.nat.masquerade-ports", topology="three-legged", needs=["nat6"], cites=["IPV6-10"])
def test_masquerade_ports(client, server, firewall):
    """A range of ports, as --to-ports says."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -p udp -j MASQUERADE --to-ports 5000\nCOMMIT\n")
    client.sends(udp6("client:40000 > server:53", "query"))
    server.sees(udp6("firewall.wan:5000 > server:53", "query"))


@case("ipv6.nat.masquerade-of-two", topology="three-legged", needs=["nat6"], cites=["IPV6-15"])
def test_masquerade_of_two(client, server, web, firewall):
    """One rule for all ways out: each interface gives its own address."""
    firewall.loads6("*nat\n-A POSTROUTING ! -o lan -j MASQUERADE\nCOMMIT\n")
    client.sends(udp6("client:40000 > server:53", "query"), udp6("client:40000 > web:53", "query"))
    server.sees(udp6("firewall.wan:40000 > server:53", "query"))
    web.sees(udp6("firewall.dmz:40000 > web:53", "query"))


@case("ipv6.nat.dnat", topology="three-legged", needs=["nat6"], cites=["IPV6-10"])
def test_dnat(client, server, web, firewall):
    """A service of the firewall's address is really in the screened network, on another port."""
    firewall.loads6("*nat\n-A PREROUTING -i wan -p udp --dport 53 -j DNAT --to-destination [{web/6}]:5353\nCOMMIT\n")
    server.sends(udp6("server:40000 > firewall.wan:53", "query"))
    query = web.sees(udp6("server:40000 > web:5353", "query"))
    web.answers(query, "reply")
    server.sees(udp6("firewall.wan:53 > server:40000", "reply"))


@case("ipv6.nat.dnat-tcp", topology="three-legged", needs=["nat6"], cites=["IPV6-10"])
def test_dnat_tcp(server, web, firewall):
    """A whole TCP connection through a forwarded port."""
    firewall.loads6("*nat\n-A PREROUTING -i wan -p tcp --dport 8080 -j DNAT --to-destination [{web/6}]:8888\nCOMMIT\n")
    talk = server.connects("server:40000 > firewall.wan:8080", at=web, family=6, seen_as="server:40000 > web:8888")
    talk.client_says("GET /\r\n")
    talk.server_says("hello\r\n")
    talk.client_closes()
    talk.server_closes()
    firewall.tracks("tcp6 server:40000 > firewall.wan:8080", reply="web:8888 > server:40000", state="TIME_WAIT")


@case("ipv6.nat.saved", topology="three-legged", needs=["nat6"], cites=["IPV6-10"])
def test_saved(firewall):
    """An address alone stands without brackets, with a port in brackets; ranges of both."""
    rules = [
        "-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination [fd02::3]:5353",
        "-A PREROUTING -p udp -j DNAT --to-destination fd02::3",
        "-A PREROUTING -p tcp -j DNAT --to-destination [fd02::3-fd02::9]:80-90",
        "-A PREROUTING -p tcp -j REDIRECT --to-ports 3128",
        "-A POSTROUTING -s fd02::/64 -j NETMAP --to fd03::/64",
        "-A POSTROUTING -p tcp -j SNAT --to-source [fd02::3]:1024-2047 --persistent",
        "-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2047 --random",
    ]
    text = "\n".join(rules)
    firewall.loads6(f"*nat\n{text}\nCOMMIT\n")
    saved = firewall.saved(family=6, table="nat")
    assert [line for line in saved.splitlines() if line.startswith("-A")] == rules, saved


@case("ipv6.nat.ping", topology="three-legged", needs=["nat6"], requirement="An ICMPv6 echo is translated with its id, and its checksum follows the addresses",
      source="RFC 4443 2.3; RFC 5508 3")  # fmt: skip
def test_ping(client, server, firewall):
    """The checksum of ICMPv6 covers the addresses, unlike that of ICMP: it has to change with them."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    client.sends(ping6("client > server", "are you there", id=77))
    server.sees(ping6("firewall.wan > server", "are you there"))
    client.sees(pong6("server > client", "are you there", id=77))


@case("ipv6.nat.error", topology="three-legged", needs=["nat6"], requirement="An ICMPv6 error about a translated packet is translated back, outside and inside",
      source="RFC 5508 4; kernel nf_nat_icmpv6_reply_translation", rows={
          "port-unreachable": {"message": (1, 4)}, "packet-too-big": {"message": (2, 0)}, "hop-limit": {"message": (3, 0)}})  # fmt: skip
def test_error(client, server, firewall, message):
    """The client recognises the packet that it sent; every checksum is right."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    sent = udp6("client:40000 > server:9999", "is anybody there?")
    client.sends(sent)
    server.complains(server.sees(udp6("firewall.wan:40000 > server:9999")), message)
    client.sees(icmp6("server > client", message, quoting=sent.but(ttl=63)))


@case("ipv6.nat.error-of-a-router", topology="three-legged", needs=["nat6"],
      requirement="An error from a router on the way keeps the router's address", source="RFC 5508 4.2; kernel nf_nat_proto.c")  # fmt: skip
def test_error_of_a_router(client, server, firewall):
    """traceroute -6 through a translating firewall shows the routers behind it."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    sent = udp6("client:40000 > server:33434", "probe")
    client.sends(sent)
    server.complains(server.sees(udp6("firewall.wan:40000 > server:33434")), (3, 0), source="2001:db8:99::1")
    client.sees(icmp6("2001:db8:99::1 > client", (3, 0), quoting=sent))


@case("ipv6.nat.own-error", topology="three-legged", needs=["nat6"],
      requirement="A hop limit that ends at the firewall is answered about the packet as the client sent it",
      source="RFC 4443 3.3; kernel ip6_forward")  # fmt: skip
def test_own_error(client, server, firewall):
    """Destination translation has been done when the hop limit ends, and is taken back in what the error quotes. The
    error itself is translated as an answer would be: it seems to come from the destination that the client knows."""
    firewall.loads6("*nat\n-A PREROUTING -p udp --dport 53 -j DNAT --to-destination [{server/6}]:5353\nCOMMIT\n")
    sent = udp6("client:40000 > web:53", "probe", ttl=1)
    client.sends(sent)
    client.sees(icmp6("web > client", (3, 0), quoting=sent))
    server.never_saw(udp6("client:40000 > server:5353"))


@case("ipv6.nat.prefix", topology="three-legged", needs=["nat6", "target-NETMAP"],
      requirement="NETMAP exchanges a whole prefix and keeps the rest of the address, one to one, in both directions",
      source="iptables-extensions(8), NETMAP; RFC 6296 for the use")  # fmt: skip
def test_prefix(client, server, firewall):
    """Inside has addresses of its own; outside they appear under the provider's prefix, and can be reached there."""
    firewall.loads6("""
        *nat
        -A POSTROUTING -s 2001:db8:1::/64 -o wan -j NETMAP --to 2001:db8:ee::/64
        -A PREROUTING -d 2001:db8:ee::/64 -i wan -j NETMAP --to 2001:db8:1::/64
        COMMIT
    """)
    server.changes("ip -6 route add 2001:db8:ee::/64 via {firewall.wan/6}", undo="ip -6 route del 2001:db8:ee::/64")
    client.sends(udp6("client:40000 > server:53", "out"))
    server.answers(server.sees(udp6("[2001:db8:ee::10]:40000 > server:53", "out")), "back")
    client.sees(udp6("server:53 > client:40000", "back"))

    server.sends(udp6("server:9 > [2001:db8:ee::10]:7000", "in"), next_hop="firewall")
    client.sees(udp6("server:9 > client:7000", "in"))


@case("ipv6.nat.stateless-prefix", topology="three-legged", needs=["ipv6", "target-SNPT"],
      requirement="SNPT and DNPT translate prefixes without state and leave checksums right",
      source="RFC 6296 3; iptables-extensions(8), SNPT, DNPT")  # fmt: skip
def test_stateless_prefix(client, server, firewall):
    """NPTv6: sixteen bits of the address make up for the difference, so no transport checksum changes."""
    firewall.loads6("""
        *mangle
        -A POSTROUTING -s 2001:db8:1::/64 -o wan -j SNPT --src-pfx 2001:db8:1::/64 --dst-pfx 2001:db8:ee::/64
        -A PREROUTING -d 2001:db8:ee::/64 -i wan -j DNPT --src-pfx 2001:db8:ee::/64 --dst-pfx 2001:db8:1::/64
        COMMIT
    """)
    client.sends(udp6("client:40000 > server:53", "out"))
    outside = server.sees(udp6("any:40000 > server:53", "out"))
    assert outside.src.startswith("2001:db8:ee:"), outside.src
    server.sends(server.answer_to(outside, "back"), next_hop="firewall")
    client.sees(udp6("server:53 > client:40000", "back"))


@case("ipv6.nat.redirect", topology="two-lans", needs=["nat6", "target-REDIRECT"],
      requirement="REDIRECT brings packets to the address of the interface by which they came", source="iptables-extensions(8), REDIRECT")  # fmt: skip
def test_redirect(client, firewall):
    """A transparent proxy: the client believes that it talks to somebody else."""
    proxy = firewall.listens("udp6:3128")
    firewall.loads6("*nat\n-A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 3128\nCOMMIT\n")
    client.sends(udp6("client:40000 > server:53", "query"))
    proxy.hears("query", sender="client:40000")
    proxy.says("reply")
    client.sees(udp6("server:53 > client:40000", "reply"))


@case("ipv6.nat.own", topology="two-lans", needs=["nat6"],
      requirement="The firewall's own packets are translated and routed again in OUTPUT", source="iptables-extensions(8), DNAT")  # fmt: skip
def test_own(client, server, firewall):
    """A destination beyond lan1 becomes one on lan2: the packet leaves there."""
    firewall.loads6("*nat\n-A OUTPUT -d {client/6} -p udp -j DNAT --to-destination [{server/6}]:5353\nCOMMIT\n")
    speaker = firewall.opens("udp6:5000")
    speaker.says("query", to="client:53")
    query = server.sees(udp6("any:5000 > server:5353", "query"))
    server.answers(query, "reply")
    speaker.hears("reply", sender="client:53")


@case("ipv6.nat.fragments", topology="three-legged", needs=["nat6"], requirement="All fragments of a translated packet leave with the new address",
      source="kernel nf_defrag_ipv6; RFC 8200 4.5")  # fmt: skip
def test_fragments(client, server, firewall):
    """Only the first fragment has ports; the others follow it."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    client.sends(fragments(udp6("client:1000 > server:2000", size=1952), 1448))
    server.sees_reassembled(udp6("firewall.wan:1000 > server:2000", size=1952), sizes=[1496, 560])


@case("ipv6.nat.mss", topology="three-legged", needs=["nat6", "mangle", "target-TCPMSS"],
      requirement="TCPMSS --clamp-mss-to-pmtu takes 60 bytes from the MTU of IPv6, and never makes an MSS larger",
      source="iptables-extensions(8), TCPMSS", rows={"large": {"mss": 1440, "left": 1340}, "small": {"mss": 1200, "left": 1200}})  # fmt: skip
def test_mss(client, server, firewall, mss, left):
    """A tunnel behind the firewall: connections learn of it in their first packet."""
    firewall.changes("ip link set wan mtu 1400", undo="ip link set wan mtu 1500")
    firewall.loads6("""
        *mangle
        -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
        COMMIT
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
    """)
    client.sends(tcp6("client:40000 > server:9999", "SYN", mss=mss, wscale=7))
    server.sees(tcp6("firewall.wan:40000 > server:9999", "SYN", mss=left, wscale=7))
