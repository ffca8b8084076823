"""Targets that send something elsewhere: copies, refusals, other destinations and zones."""

from conformance.vocabulary import case, icmp, icmp6, tcp, tcp6, udp, udp6

NAMES4 = (("icmp-net-unreachable", 0), ("net-unreach", 0), ("host-unreach", 1), ("proto-unreach", 2), ("port-unreach", 3), ("net-prohib", 9), ("host-prohib", 10),
          ("admin-prohib", 13), ("ICMP-HOST", 1), ("icmp-a", 13), ("i", 0), ("host-p", 10))  # fmt: skip
NAMES6 = (("icmp6-no-route", 0), ("no-route", 0), ("adm-prohibited", 1), ("addr-unreach", 3), ("port-unreach", 4), ("policy-fail", 5), ("reject-route", 6), ("i", 0),
          ("icmp6-adm", 1), ("p", 4), ("r", 6))  # fmt: skip


@case("targets.reject.names", topology="two-lans", needs=["target-REJECT"], requirement="The ways to refuse have two names each, which may be cut short",
      source="iptables-extensions(8), REJECT; iptables -j REJECT -h", rows={
    "ipv4": {"names": NAMES4, "make": udp, "make_tcp": tcp, "error": icmp, "kind": 3, "resets": ("tcp-reset", "tcp-rst", "TCP"), "family": 4},
    "ipv6": {"names": NAMES6, "make": udp6, "make_tcp": tcp6, "error": icmp6, "kind": 1, "resets": ("tcp-reset", "t"), "family": 6, "needs": "ipv6"}})
def test_reject_names(client, firewall, names, make, make_tcp, error, kind, resets, family):
    """Each packet is answered with the code of its rule."""
    firewall.loads("*filter\n" + "".join(f"-A FORWARD -p udp --dport {2000 + number} -j REJECT --reject-with {name}\n" for number, (name, _code) in enumerate(names))
                   + "".join(f"-A FORWARD -p tcp --dport {2000 + number} -j REJECT --reject-with {name}\n" for number, name in enumerate(resets)) + "COMMIT\n", family)
    for number, (_name, code) in enumerate(names):
        packet = make(f"client:{1000 + number} > server:{2000 + number}", "x")
        client.sends(packet)
        client.sees(error("firewall.lan1 > client", (kind, code), quoting=packet))
    for number in range(len(resets)):
        client.sends(make_tcp(f"client:{1000 + number} > server:{2000 + number}", "SYN", seq=7))
        client.sees(make_tcp(f"server:{2000 + number} > client:{1000 + number}", "RST,ACK", seq=0, ack=8))


@case("targets.tee.copies", topology="three-legged", needs=["target-TEE", "mangle", "raw"], requirement="A copy has DF set, meets OUTPUT untracked, and in PREROUTING and INPUT has one hop less",
      source="iptables-extensions(8), TEE; kernel nf_dup_ipv4")  # fmt: skip
def test_tee_copies(client, server, web, firewall):
    """Copied at one place after the other, each by its own rule; a copy is not copied again."""
    firewall.loads("""
        *mangle
        -A PREROUTING -p udp --dport 1 -j TEE --gateway 10.0.2.10
        -A INPUT -p udp --dport 2 -j TEE --gateway 10.0.2.10
        -A FORWARD -p udp --dport 3 -j TEE --gateway 10.0.2.10 --oif dmz
        -A POSTROUTING -p udp --dport 4 -j TEE --gateway 10.0.2.10
        -A OUTPUT -p udp --dport 1 -j TEE --gateway 10.0.2.10
        -A OUTPUT -p udp --dport 1 -m conntrack --ctstate UNTRACKED -m comment --comment copy
        -A POSTROUTING -p udp --dport 4 -m comment --comment both
        COMMIT
    """)
    for port, target, mine, copied in ((1, "server", 63, 63), (3, "server", 63, 63), (4, "server", 63, 63)):
        client.sends(udp(f"client:9 > {target}:{port}", f"to {port}"))
        server.sees(udp(f"client:9 > {target}:{port}", f"to {port}", ttl=mine, df=False))
        web.sees(udp(f"client:9 > {target}:{port}", f"to {port}", ttl=copied, df=True))
    client.sends(udp("client:9 > firewall.lan:2", "to 2", ttl=7))
    web.sees(udp("client:9 > firewall.lan:2", "to 2", ttl=6, df=True))
    firewall.counted("copy", packets=1)
    firewall.counted("both", packets=2)
    web.saw_nothing_else()


@case("targets.netmap.networks", topology="three-legged", needs=["nat", "target-NETMAP"], requirement="NETMAP exchanges the network and keeps the host, of the destination or of the source",
      source="iptables-extensions(8), NETMAP")  # fmt: skip
def test_netmap_networks(client, server, web, firewall):
    """Half a network, a single host, and sources on their way out."""
    firewall.loads("""
        *nat
        -A PREROUTING -i lan -d 10.99.0.0/24 -j NETMAP --to 10.0.2.0/24
        -A PREROUTING -i lan -d 10.98.7.0/28 -j NETMAP --to 10.0.2.0/28
        -A PREROUTING -i lan -d 10.97.1.1 -j NETMAP --to 10.0.2.10
        -A POSTROUTING -o wan -j NETMAP --to 198.51.100.64/26
        COMMIT
    """)
    for number, destination in enumerate(("10.99.0.10", "10.98.7.10", "10.97.1.1")):
        client.sends(udp(f"client:{1000 + number} > {destination}:9", "x"))
        web.sees(udp(f"client:{1000 + number} > web:9", "x"))
    client.sends(udp("client:1 > server:9", "x"), udp("10.0.1.200:1 > server:9", "y"))
    server.sees(udp("198.51.100.74:1 > server:9", "x"))
    server.sees(udp("198.51.100.72:1 > server:9", "y"))


@case("targets.redirect.ports", topology="two-lans", needs=["nat", "target-REDIRECT"], requirement="REDIRECT sends to this machine, to the ports that it is told",
      source="iptables-extensions(8), REDIRECT", rows={
    "ipv4": {"make": udp, "family": 4, "here": "127.0.0.1"}, "ipv6": {"make": udp6, "family": 6, "here": "::1", "needs": "nat6"}})
def test_redirect_ports(client, firewall, make, family, here):
    """To the same port, to another one, to one of several; what the machine itself sends stays in it."""
    suffix = "6" if family == 6 else ""
    same, other, several = (firewall.listens(f"udp{suffix}:{port}") for port in (7001, 7002, 7003))
    firewall.loads("""
        *nat
        -A PREROUTING -p udp --dport 7001 -j REDIRECT
        -A PREROUTING -p udp --dport 8000 -j REDIRECT --to-ports 7002
        -A PREROUTING -p udp --dport 8001 -j REDIRECT --to-ports 7003-7003
        -A OUTPUT -p udp --dport 8002 -j REDIRECT --to-ports 7002
        COMMIT
    """, family)
    for port, socket in ((7001, same), (8000, other), (8001, several)):
        client.sends(make(f"client:40000 > server:{port}", f"to {port}"))
        socket.hears(f"to {port}", sender="client:40000")
        socket.says("back")
        client.sees(make(f"server:{port} > client:40000", "back"))
    firewall.opens(f"udp{suffix}:5000").says("own", to="client:8002")
    other.hears("own")


@case("targets.masquerade.ports", topology="three-legged", needs=["nat"], requirement="MASQUERADE takes the port from its range; who has no address yet is left alone",
      source="iptables-extensions(8), MASQUERADE")  # fmt: skip
def test_masquerade_ports(client, server, firewall):
    """One port, a range, and none given."""
    firewall.loads("""
        *nat
        -A POSTROUTING -o wan -p udp --dport 1 -j MASQUERADE --to-ports 6000
        -A POSTROUTING -o wan -p udp --dport 2 -j MASQUERADE --to-ports 6001-6002
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
    """)
    client.sends(udp("client:1000 > server:1", "a"), udp("client:6001 > server:2", "b"), udp("client:6000 > server:2", "c"), udp("client:1007 > server:3", "d"))
    server.sees(udp("firewall.wan:6000 > server:1", "a"))
    server.sees(udp("firewall.wan:6001 > server:2", "b"))
    server.sees(udp("firewall.wan:6002 > server:2", "c"))
    server.sees(udp("firewall.wan:1007 > server:3", "d"))


@case("targets.ct.zones", topology="two-lans", needs=["zones", "conntrack", "target-CT"], requirement="CT puts packets into a zone by number or mark, for one direction or both",
      source="iptables-extensions(8), CT")  # fmt: skip
def test_ct_zones(client, server, firewall):
    """What the list of connections says of each; the first rule that a packet meets counts."""
    firewall.loads("""
        *raw
        -A PREROUTING -p udp --dport 1001 -j CT --zone 5
        -A PREROUTING -p udp --dport 1001 -j CT --zone 6
        -A PREROUTING -p udp --dport 1002 -j CT --zone-orig 7
        -A PREROUTING -p udp --dport 1003 -j CT --zone-reply 8
        -A PREROUTING -p udp --dport 1004 -j CT --notrack
        -A PREROUTING -p udp --dport 1004 -j CT --zone 9
        -A PREROUTING -p udp --dport 1005 -j CT --zone 65535
        -A PREROUTING -p udp --dport 1006 -j CT --zone mark
        -A PREROUTING -p udp --dport 1007 -j CT
        -A PREROUTING -p udp --dport 1008 -j CT --zone-orig 7 --zone-reply 7
        COMMIT
        *filter
        -A FORWARD -m conntrack --ctstate UNTRACKED -m comment --comment untracked
        COMMIT
    """)
    client.sends([udp(f"client:1 > server:{port}", "x") for port in range(1001, 1009)])
    for port, words in ((1001, "zone=5"), (1002, "zone-orig=7"), (1003, "zone-reply=8"), (1005, "zone=65535"), (1006, "zone=0"), (1007, "zone=0"),
                        (1008, "zone=7")):
        firewall.tracks(f"udp client:1 > server:{port}", text=words)
    firewall.counted("untracked", packets=1)
    assert len(firewall.connections()) == 7


# (lengths and prefixes of the rule, source that is sent, source that is seen)
PREFIXES = (
    ("fd01:203:405::/48", "2001:db8:aaaa::/48", "fd01:203:405:1::1234", "2001:db8:aaaa:2aa7::1234"),
    ("fd01:203:500::/40", "2001:db8:bb00::/40", "fd01:203:5ff:1::1235", "2001:db8:bbff:1b4c::1235"),
    ("fd01:203:601:ff00::/56", "2001:db8:aaac:7700::/56", "fd01:203:601:ff01::1236", "2001:db8:aaac:7701:b4a0::1236"),
    ("fd01:203:602:5::/64", "2001:db8:aaad:7::/64", "fd01:203:602:5:ffff:0:1:1237", "2001:db8:aaad:7:ffff:2c9e:1:1237"),
    ("fd01:203:603:5::/64", "2001:db8:aaae::/48", "fd01:203:603:5:1:2:3:4", "2001:db8:aaae:0:2ca6:2:3:4"),
    ("fd01:203:604::/48", "2001:db8:cc00::/40", "fd01:203:604:fffe::1238", "2001:db8:cc00:b4e::1238"),
)  # fmt: skip


@case("targets.prefixes", topology="three-legged", needs=["ipv6", "target-SNPT"], requirement="SNPT and DNPT exchange prefixes of any length up to /64 and leave checksums right",
      source="RFC 6296 3; iptables-extensions(8), SNPT, DNPT")  # fmt: skip
def test_prefixes(client, server, firewall):
    """Each source comes out as another one and back as itself; what has no word to change is refused."""
    firewall.loads("*mangle\n" + "".join(f"-A POSTROUTING -s {old} -o wan -j SNPT --src-pfx {old} --dst-pfx {new}\n-A PREROUTING -d {new} -i wan -j DNPT --src-pfx {new} --dst-pfx {old}\n"
                   for old, new, *_addresses in PREFIXES) + "COMMIT\n", 6)
    firewall.changes("ip -6 route add fd01::/16 via {client/6}", undo="ip -6 route del fd01::/16")
    seen = []
    for number, (_old, _new, source, _seen) in enumerate(PREFIXES):
        sent = udp6(f"[{source}]:{1000 + number} > server:53", "out")
        client.sends(sent)
        outside = server.sees(udp6(f"any:{1000 + number} > server:53", "out"))
        seen.append(outside.src)
        server.sends(server.answer_to(outside, "back"), next_hop="firewall")
        client.sees(udp6(f"server:53 > [{source}]:{1000 + number}", "back"))
    assert seen == [new for *_row, new in PREFIXES], seen
    refused = udp6("[fd01:203:602:5:ffff:ffff:ffff:ffff]:1 > server:53", "x")
    client.sends(refused)
    server.never_saw(udp6("any:1 > server:53"))
