"""Matches that remember: how much a connection, a host or a rule has had so far."""

from conformance.matches.measuring import means
from conformance.vocabulary import case, tcp, tcp6, udp, udp6


def one_after_another(count, flow="client:1000 > server:2000", make=udp, first=1):
    """Packets 1, 2, 3 ...; each carries twice as much as the one before, from one byte on."""
    return {str(number): make(flow, bytes(1 << number - 1)) for number in range(first, first + count)}


@case("matches.memory", topology="two-lans", needs=["match-statistic", "match-quota", "match-connbytes", "match-limit"],
      requirement="statistic, quota, limit and connbytes count packets and bytes exactly", source="iptables-extensions(8), connbytes, limit, quota, statistic")  # fmt: skip
def test_memory(client, server, firewall):
    """Eight packets of 29, 30, 32, 36, 44, 60, 92 and 156 bytes; an answer of 128 bytes after the fourth."""
    packets = one_after_another(8)
    in_order = {**dict(list(packets.items())[:4]), "answer": lambda: server.sends(udp("server:2000 > client:1000", bytes(100))), **packets}
    means(client, firewall, in_order, """
        -m statistic --mode nth --every 3 --packet 0        | 1 4 7
        -m statistic --mode nth --every 3 --packet 1        | 2 5 8
        -m statistic --mode nth --every 3 --packet 2        | 3 6
        -m statistic --mode nth ! --every 3 --packet 0      | 2 3 5 6 8
        -m statistic --mode nth --every 1 --packet 0        | 1 2 3 4 5 6 7 8
        -m statistic --mode random --probability 0          |
        -m statistic --mode random --probability 1          | 1 2 3 4 5 6 7 8
        -m statistic --mode random ! --probability 0        | 1 2 3 4 5 6 7 8
        -m statistic --mode random ! --probability 1        |
        -m quota --quota 59                                 | 1 2
        -m quota --quota 58                                 | 1
        -m quota ! --quota 59                               | 3 4 5 6 7 8
        -m quota --quota 0                                  |
        -m limit --limit 1/hour --limit-burst 3             | 1 2 3
        -m limit --limit 1/hour                             | 1 2 3 4 5
        -m limit --limit 1/day --limit-burst 1              | 1
        -m limit                                            | 1 2 3 4 5
        -m connbytes --connbytes 2:3 --connbytes-dir original --connbytes-mode packets   | 2 3
        -m connbytes ! --connbytes 2:3 --connbytes-dir original --connbytes-mode packets | 1 4 5 6 7 8
        -m connbytes --connbytes 3 --connbytes-dir original --connbytes-mode packets     | 3 4 5 6 7 8
        -m connbytes --connbytes 6:7 --connbytes-dir both --connbytes-mode packets       | 5 6
        -m connbytes --connbytes 1:1 --connbytes-dir reply --connbytes-mode packets      | 5 6 7 8
        -m connbytes --connbytes 59:91 --connbytes-dir original --connbytes-mode bytes   | 2 3
        -m connbytes --connbytes 60:90 --connbytes-dir original --connbytes-mode bytes   |
        -m connbytes ! --connbytes 60:90 --connbytes-dir original --connbytes-mode bytes | 1 2 3 4 5 6 7 8
        -m connbytes --connbytes 299: --connbytes-dir both --connbytes-mode bytes        | 5 6 7 8
        -m connbytes --connbytes 300: --connbytes-dir both --connbytes-mode bytes        | 6 7 8
        -m connbytes --connbytes 128:128 --connbytes-dir reply --connbytes-mode bytes    | 5 6 7 8
        -m connbytes --connbytes 30:31 --connbytes-dir original --connbytes-mode avgpkt  | 3 4
        -m connbytes --connbytes 128 --connbytes-dir reply --connbytes-mode avgpkt       | 5 6 7 8
        -m connbytes --connbytes 49:51 --connbytes-dir both --connbytes-mode avgpkt      | 5 6
        -m connbytes --connbytes 0:0 --connbytes-dir reply --connbytes-mode avgpkt       | 1 2 3 4
    """)


HOSTS = {
    "first": udp("client:1000 > server:2000", bytes(1)), "again": udp("client:1000 > server:2000", bytes(2)),
    "sport": udp("client:1001 > server:2000", bytes(4)), "dport": udp("client:1000 > server:2001", bytes(8)),
    "h77": udp("10.0.1.77:1000 > server:2000", bytes(16)), "to77": udp("client:1000 > 10.0.2.77:2000", bytes(32)),
    "h78": udp("10.0.1.78:1000 > server:2000", bytes(64)), "last": udp("client:1000 > server:2000", bytes(128)),
}  # fmt: skip


def numbered(rules):
    """Every rule of hashlimit has a table of its own."""
    lines = [line.strip() for line in rules.strip().splitlines()]
    return "\n".join(f"-m hashlimit --hashlimit-name t{number} --hashlimit-{line}" for number, line in enumerate(lines))


@case("matches.hashlimit-keys", topology="two-lans", needs=["match-hashlimit"], requirement="hashlimit has a bucket for each address, port or pair that its mode names",
      source="iptables-extensions(8), hashlimit")  # fmt: skip
def test_hashlimit_keys(client, firewall):
    """Who shares a bucket, and what it holds."""
    means(client, firewall, HOSTS, numbered("""
        upto 1/hour --hashlimit-burst 1                                     | first
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip              | first h77 h78
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcport            | first sport
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode dstip              | first to77
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode dstport            | first dport
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip,dstip        | first h77 to77 h78
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip,srcport,dstip,dstport | first sport dport h77 to77 h78
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-srcmask 24 | first
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-srcmask 27 | first h77
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode dstip --hashlimit-dstmask 24 | first
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode dstip --hashlimit-dstmask 26 | first to77
        upto 1/hour --hashlimit-burst 2 --hashlimit-mode srcip              | first again h77 h78
        above 1/hour --hashlimit-burst 2 --hashlimit-mode srcip             | sport dport to77 last
        upto 1/hour                                                         | first again sport dport h77
        above 1/hour                                                        | to77 h78 last
        upto 160b/s                                                         | first again sport dport
        upto 1kb/s                                                          | first again sport dport h77 to77 h78 last
        upto 100b/s --hashlimit-burst 200b                                  | first again sport dport h77 to77 h78
        above 160b/s --hashlimit-mode srcip                                 | to77 last
        upto 1/hour --hashlimit-rate-match --hashlimit-burst 1              | first again
        upto 3/s --hashlimit-rate-match --hashlimit-burst 1                 | first again sport dport
        upto 3/s --hashlimit-rate-match --hashlimit-burst 1 --hashlimit-mode srcip | first again sport dport h77 h78
        upto 96b/s --hashlimit-rate-match                                   | first again sport
    """))


@case("matches.hashlimit6", topology="two-lans", needs=["match-hashlimit", "ipv6"], requirement="hashlimit has a bucket for each address under its mask",
      source="iptables-extensions(8), hashlimit")  # fmt: skip
def test_hashlimit6(client, firewall):
    """Over IPv6, with masks."""
    hosts = {"first": udp6("client:1 > server:2", bytes(1)), "near": udp6("[2001:db8:1::77]:1 > server:2", bytes(2)),
             "far": udp6("[2001:db8:1:1::77]:1 > server:3", bytes(4)), "again": udp6("client:1 > server:3", bytes(8))}  # fmt: skip
    means(client, firewall, hosts, numbered("""
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip              | first near far
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-srcmask 64 | first far
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode dstport            | first far
        upto 1/hour --hashlimit-burst 1 --hashlimit-mode dstip              | first
    """), 6)


@case("matches.hashlimit-full", topology="two-lans", needs=["match-hashlimit"], requirement="A packet that needs a bucket where all are in use is dropped",
      source="iptables-extensions(8), hashlimit --hashlimit-htable-max")  # fmt: skip
def test_hashlimit_full(client, firewall):
    """Room for two hosts: the third is dropped, the first two go on."""
    means(client, firewall, HOSTS, """
        -m hashlimit --hashlimit-name few --hashlimit-upto 1/hour --hashlimit-burst 6 --hashlimit-mode srcport,dstport --hashlimit-htable-size 2 --hashlimit-htable-max 2 | first again sport h77 to77 h78 last
        -s 10.0.1.0/24 | first again sport h77 to77 h78 last
    """)


@case("matches.shared-state", topology="two-lans", needs=["match-hashlimit", "match-recent"], requirement="Rules with one name share what they remember; it goes with the last of them",
      source="iptables-extensions(8), hashlimit --hashlimit-name, recent --name")  # fmt: skip
def test_shared_state(client, firewall):
    """A bucket of four for two rules; each goes and comes back, then both."""
    limit = "FORWARD -i lan1 -m hashlimit --hashlimit-name x --hashlimit-upto 1/hour --hashlimit-burst 4 -m comment --comment"
    noted = "FORWARD -i lan1 -p udp -m recent --name x"
    firewall.loads(f"*filter\n-A {limit} a\n-A {limit} b\n-A {noted} --rcheck -m comment --comment known\n-A {noted} --set\nCOMMIT\n")

    def passing(first, second, known):
        client.sends(udp("client:1 > server:2"), udp("client:1 > server:2"), udp("client:1 > server:2"))
        for place, packets in (("a", first), ("b", second), ("known", known)):
            firewall.counted(place, packets=packets)
        firewall.runs("iptables -Z FORWARD")

    passing(2, 2, 2)
    firewall.runs(f"iptables -D {limit} b")
    firewall.runs(f"iptables -A {limit} b")
    firewall.runs(f"iptables -D {noted} --set")
    firewall.runs(f"iptables -A {noted} --set")
    passing(0, 0, 3)
    firewall.runs("iptables -F FORWARD")
    firewall.loads(f"*filter\n-A {limit} a\n-A {limit} b\n-A {noted} --rcheck -m comment --comment known\n-A {noted} --set\nCOMMIT\n")
    passing(2, 2, 2)


@case("matches.recent-lists", topology="two-lans", needs=["match-recent"], requirement="recent finds, notes and removes addresses, under a mask, with their TTL, so many times",
      source="iptables-extensions(8), recent")  # fmt: skip
def test_recent_lists(client, firewall):
    """Every list is asked before it is written."""
    means(client, firewall, {
        "a1": udp("client:1 > server:2", bytes(1)), "a2": udp("client:1 > server:2", bytes(2), ttl=60), "b1": udp("10.0.1.11:1 > server:2", bytes(4)),
        "a3": udp("client:1 > server:2", bytes(8), ttl=60), "c1": udp("10.0.1.77:1 > 10.0.2.77:2", bytes(16))}, """
        -m recent --name L --rcheck                        | a2 a3
        -m recent --name L ! --rcheck                      | a1 b1 c1
        -m recent --name L --rcheck --rdest                |
        -m recent --name L --rcheck --hitcount 1           | a2 a3
        -m recent --name L --rcheck --hitcount 2           | a3
        -m recent --name L --rcheck --hitcount 3           |
        -m recent --name L --rcheck --seconds 60 --hitcount 2 | a3
        -m recent --name L --set                           | a1 a2 b1 a3 c1
        -m recent --name L --rcheck                        | a1 a2 b1 a3 c1
        -m recent --name D --rcheck --rdest                | a2 b1 a3
        -m recent --name D --set --rdest                   | a1 a2 b1 a3 c1
        -m recent --name M --rcheck --mask 255.255.255.254 | a2 b1 a3
        -m recent --name M ! --set --mask 255.255.255.254  |
        -m recent --name T --rcheck --rttl                 | a3
        -m recent --name T --set                           | a1 a2 b1 a3 c1
        -m recent --name U --update                        | a2 a3
        -m recent --name U --rcheck --hitcount 2           | a2 a3
        -m recent --name U --rcheck --hitcount 3           | a3
        -m recent --name U --set                           | a1 a2 b1 a3 c1
        -m recent --name V --update --hitcount 2           | a3
        -m recent --name V ! --update --hitcount 9         | a1 a2 b1 a3 c1
        -m recent --name V --set                           | a1 a2 b1 a3 c1
        -m recent --name R --remove                        | a2 a3
        -m recent --name R --rcheck                        |
        -m recent --name R ! --remove                      | a1 a2 b1 a3 c1
        -m recent --name R --set                           | a1 a2 b1 a3 c1
        -m recent --rcheck                                 | a2 a3
        -m recent --set                                    | a1 a2 b1 a3 c1
    """)


@case("matches.recent6", topology="two-lans", needs=["match-recent", "ipv6"], requirement="recent looks at addresses of IPv6 under a mask", source="iptables-extensions(8), recent")
def test_recent6(client, firewall):
    """Hosts of one network are one host."""
    means(client, firewall, {"a": udp6("client:1 > server:2", bytes(1)), "b": udp6("[2001:db8:1::77]:1 > server:2", bytes(2)),
                             "c": udp6("[2001:db8:1:1::1]:1 > server:2", bytes(4)), "d": udp6("client:1 > server:2", bytes(8))}, """
        -m recent --name L --rcheck                        | d
        -m recent --name L --set                           | a b c d
        -m recent --name M --rcheck --mask ffff:ffff:ffff:ffff:: | b d
        -m recent --name M --set --mask ffff:ffff:ffff:ffff:: | a b c d
        -m recent --name D --rcheck --rdest                | b c d
        -m recent --name D --set --rdest                   | a b c d
    """, 6)


@case("matches.recent-full", topology="two-lans", needs=["match-recent"], requirement="A list keeps a hundred addresses; the oldest goes", source="kernel xt_recent, ip_list_tot")
def test_recent_full(client, firewall):
    """The first of a hundred is noted once more, so the second goes."""
    firewall.loads("""
        *mangle
        -A PREROUTING -i lan1 -p udp --dport 3 -m recent --name L --rcheck --rdest -m comment --comment known
        -A PREROUTING -i lan1 -p udp --dport 2 -m recent --name L --set --rdest
        -A PREROUTING -i lan1 -p udp -j DROP
        COMMIT
    """)
    client.sends([udp(f"client:1 > 198.18.0.{number}:2") for number in (*range(100), 0, 100)], next_hop="firewall")
    client.sends([udp(f"client:1 > 198.18.0.{number}:3", bytes(1 << number)) for number in (0, 1, 2)], next_hop="firewall")
    firewall.counted("known", packets=2, bytes=28 + 1 + 28 + 4)


@case("matches.later", topology="two-lans", needs=["match-limit", "match-hashlimit", "match-recent"],
      requirement="limit, hashlimit and recent give back with time what they took", source="iptables-extensions(8), hashlimit, limit, recent")  # fmt: skip
def test_later(client, firewall):
    """Forty packets of another kind, three packets, 1.3 seconds, three more."""
    many = "".join(f"-A FORWARD -p udp --dport 9 -m recent --name {name} --set\n" for name in "WX") + "-A FORWARD -p udp --dport 9 -j ACCEPT"
    packets = {"many": lambda: client.sends([udp("client:1000 > server:9")] * 40)} | one_after_another(3) | {"while": lambda: firewall.time_passes(1.3)} | one_after_another(3, first=4)
    means(client, firewall, packets, """
        -m limit --limit 1/s --limit-burst 1               | 1 4
        -m limit --limit 1/s --limit-burst 2               | 1 2 4
        -m limit --limit 2/s --limit-burst 2               | 1 2 4 5
        -m limit --limit 1/min --limit-burst 2             | 1 2
        -m limit --limit 90/min --limit-burst 1            | 1 4
        -m limit --limit 4/s --limit-burst 3               | 1 2 3 4 5 6
        -m recent --name L --rcheck --seconds 1            | 2 3 5 6
        -m recent --name L --rcheck --seconds 2            | 2 3 4 5 6
        -m recent --name L ! --rcheck --seconds 1          | 1 4
        -m recent --name L --rcheck --seconds 1 --hitcount 2 | 3 6
        -m recent --name L --rcheck --seconds 2 --hitcount 4 | 5 6
        -m recent --name L --set                           | 1 2 3 4 5 6
        -m recent --name U --update --seconds 1            | 2 3
        -m recent --name U --rcheck --seconds 1 --hitcount 2 | 2 3
        -m statistic --mode nth --every 6 --packet 0 -m recent --name U --set | 1
        -m recent --name W --rcheck --seconds 1            | 1 2 3 5 6
        -m recent --name W --set                           | 1 2 3 4 5 6
        -m recent --name X --rcheck --hitcount 40          | 1 2 3 4 5 6
        -m recent --name X --rcheck --hitcount 41          |
        -m recent --name X --rcheck --hitcount 40 --seconds 1 | 1 2 3
        -m recent --name P --rcheck --seconds 1 --reap     | 2 3
        -m recent --name P --rcheck                        | 2 3
        -m statistic --mode nth --every 6 --packet 0 -m recent --name P --set | 1
        -m hashlimit --hashlimit-name a --hashlimit-upto 1/s --hashlimit-burst 1 | 1 4
        -m hashlimit --hashlimit-name b --hashlimit-upto 2/s --hashlimit-burst 2 | 1 2 4 5
        -m hashlimit --hashlimit-name c --hashlimit-upto 1/s --hashlimit-burst 2 --hashlimit-htable-expire 5000 | 1 2 4
        -m hashlimit --hashlimit-name d --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-htable-expire 900 --hashlimit-htable-gcinterval 100 | 1 4
        -m hashlimit --hashlimit-name e --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-htable-expire 3000 --hashlimit-htable-gcinterval 100 | 1
        -m hashlimit --hashlimit-name l --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-htable-expire 900 --hashlimit-htable-gcinterval 5000 | 1
        -m hashlimit --hashlimit-name f --hashlimit-upto 1/hour --hashlimit-burst 1 | 1
        -m hashlimit --hashlimit-name g --hashlimit-above 1/s --hashlimit-burst 1 | 2 3 5 6
        -m hashlimit --hashlimit-name h --hashlimit-upto 3/s --hashlimit-rate-match --hashlimit-burst 1 | 1 2 3 4 5 6
        -m hashlimit --hashlimit-name i --hashlimit-upto 1/s --hashlimit-rate-match --hashlimit-burst 1 --hashlimit-htable-expire 5000 | 1 2
        -m hashlimit --hashlimit-name k --hashlimit-upto 1/s --hashlimit-rate-match --hashlimit-rate-interval 2 --hashlimit-burst 1 --hashlimit-htable-expire 5000 | 1 2
        -m hashlimit --hashlimit-name j --hashlimit-upto 48b/s                   | 1 2 4
    """, before=many)


def syns(**more):
    """SYNs of 1, 2, 4 ... bytes of data."""
    return {name: tcp(flow, "SYN", bytes(1 << number)) for number, (name, flow) in enumerate(more.items())}


@case("matches.connlimit-hosts", topology="two-lans", needs=["match-connlimit", "raw"], requirement="connlimit counts the connections of a host or network, by source or destination",
      source="iptables-extensions(8), connlimit")  # fmt: skip
def test_connlimit_hosts(client, server, firewall):
    """Three connections of one host, one of another, one to another, the first one's SYN again; one is reset, then one more. The last is not tracked."""
    packets = syns(s1="client:5001 > server:99", s2="client:5002 > server:99", s3="client:5003 > server:99", h="10.0.1.77:5001 > server:99",
                   w="client:5004 > 10.0.2.77:99", again="client:5001 > server:99", s4="client:5005 > server:99", loose="client:5006 > server:98")  # fmt: skip
    # The kernel looks through its lists once a tick only: what depends on that comes a tick later.
    reset = {"reset": lambda: (server.sends(tcp("server:99 > client:5002", "RST,ACK", ack=3)), firewall.time_passes(0.02))}
    order = {name: packets[name] for name in ("s1", "s2", "s3", "h", "w")} | {"tick": lambda: firewall.time_passes(0.02), "again": packets["again"]} | reset | {name: packets[name] for name in ("s4", "loose")}
    means(client, firewall, order, """
        -p tcp -m connlimit --connlimit-upto 1                      | s1 h
        -p tcp -m connlimit --connlimit-upto 2                      | s1 s2 h
        -p tcp -m connlimit --connlimit-above 2                     | s3 w again s4 loose
        -p tcp -m connlimit --connlimit-above 3                     | w again s4 loose
        -p tcp -m connlimit --connlimit-above 4                     | loose
        -p tcp -m connlimit ! --connlimit-above 3                   | s1 s2 s3 h
        -p tcp -m connlimit ! --connlimit-upto 3                    | w again s4 loose
        -p tcp -m connlimit --connlimit-upto 1 --connlimit-daddr    | s1 w
        -p tcp -m connlimit --connlimit-above 3 --connlimit-daddr   | h again s4 loose
        -p tcp -m connlimit --connlimit-above 4 --connlimit-mask 24 | w again s4 loose
        -p tcp -m connlimit --connlimit-upto 3 --connlimit-mask 0   | s1 s2 s3
        -p tcp -m connlimit --connlimit-above 3 --connlimit-saddr --connlimit-mask 26 | w again s4 loose
    """, tables="*raw\n-A PREROUTING -p tcp --dport 98 -j CT --notrack\nCOMMIT\n")


@case("matches.connlimit6", topology="two-lans", needs=["match-connlimit", "ipv6"], requirement="connlimit counts the connections of a network of IPv6", source="iptables-extensions(8), connlimit")
def test_connlimit6(client, firewall):
    """By host, by network."""
    flows = {"a": "client:1 > server:99", "b": "client:2 > server:99", "c": "[2001:db8:1::77]:1 > server:99", "d": "[2001:db8:1:1::1]:1 > server:99"}
    means(client, firewall, {name: tcp6(flow, "SYN", bytes(1 << number)) for number, (name, flow) in enumerate(flows.items())}, """
        -p tcp -m connlimit --connlimit-above 1                     | b
        -p tcp -m connlimit --connlimit-above 1 --connlimit-mask 64 | b c
        -p tcp -m connlimit --connlimit-above 2 --connlimit-daddr   | c d
    """, 6)
