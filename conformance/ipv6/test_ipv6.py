"""ip6tables: the same tables as iptables, and what is different in IPv6."""

from conformance.vocabulary import (
    case,
    fragment6,
    fragments,
    icmp6,
    ping6,
    pong6,
    table,
    tcp6,
    udp,
    udp6,
)

QUERY = udp6("client:1000 > server:2000", "query")
STATES = """
    *filter
    -A FORWARD -m conntrack --ctstate NEW -m comment --comment NEW
    -A FORWARD -m conntrack --ctstate ESTABLISHED -m comment --comment ESTABLISHED
    -A FORWARD -m conntrack --ctstate RELATED -m comment --comment RELATED
    -A FORWARD -m conntrack --ctstate INVALID -m comment --comment INVALID
    COMMIT
"""


def counted(firewall, **packets):
    """Rules by their comments."""
    for name, number in packets.items():
        firewall.counted(name, packets=number, family=6)


@case("ipv6.tables", topology="two-lans", needs=["ipv6", "nat6", "raw", "mangle", "security"], cites=["IPV6-01"], rows={
    "filter": {"name": "filter", "chains": "INPUT FORWARD OUTPUT"},
    "nat": {"name": "nat", "chains": "PREROUTING INPUT OUTPUT POSTROUTING"},
    "mangle": {"name": "mangle", "chains": "PREROUTING INPUT FORWARD OUTPUT POSTROUTING"},
    "raw": {"name": "raw", "chains": "PREROUTING OUTPUT"},
    "security": {"name": "security", "chains": "INPUT FORWARD OUTPUT"}})  # fmt: skip
def test_tables(firewall, name, chains):
    """ip6tables has the five tables of iptables with the same chains, nat with its INPUT included."""
    firewall.runs(f"ip6tables -t {name} -S").prints("\n".join(f"-P {chain} ACCEPT" for chain in chains.split()))


@case("ipv6.entry", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-02"], rows=table("""
    name | sent | protocol
    -----+------+---------
    udp  | udp  | 17
    tcp  | tcp  | 6
"""))
def test_entry(client, server, firewall, sent, protocol):
    """An entry begins with "ipv6     10" and has its addresses in full, eight groups of four digits."""
    firewall.loads6(STATES)
    packet = udp6("client:1000 > server:2000") if sent == "udp" else tcp6("client:1000 > server:2000", "SYN")
    client.sends(packet)
    server.sees(packet)
    text = str(firewall.tracks(f"{sent}6 client:1000 > server:2000", unreplied=True))
    assert text.startswith(f"ipv6     10 {sent:8} {protocol} "), text
    assert "src=2001:0db8:0001:0000:0000:0000:0000:0010 dst=2001:0db8:0002:0000:0000:0000:0000:0010 sport=1000" in text


@case("ipv6.echo", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-03"])
def test_echo(client, server, firewall):
    """An echo request is NEW, its reply ESTABLISHED; the entry lives 30 seconds."""
    firewall.loads6(STATES)
    client.sends(ping6("client > server", "hello", id=7))
    server.sees(ping6("client > server", "hello", id=7))
    client.sees(pong6("server > client", "hello", id=7))
    counted(firewall, NEW=1, ESTABLISHED=1, INVALID=0)
    firewall.tracks("icmpv6 client > server", type=128, code=0, id=7, timeout=30)


@case("ipv6.reply-alone", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-03"])
def test_reply_alone(client, server, firewall):
    """A reply to nothing, or with another id, is INVALID and makes no entry."""
    firewall.loads6(STATES)
    server.sends(pong6("server > client", id=9))
    client.sees(pong6("server > client", id=9))
    counted(firewall, NEW=0, ESTABLISHED=0, INVALID=1)
    firewall.tracks_nothing()


@case("ipv6.discovery-untracked", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-04"], rows=table("""
    name                    | number | state
    ------------------------+--------+----------
    router-solicitation     | 133    | UNTRACKED
    router-advertisement    | 134    | UNTRACKED
    neighbour-solicitation  | 135    | UNTRACKED
    neighbour-advertisement | 136    | UNTRACKED
    listener-query          | 130    | UNTRACKED
    listener-report         | 131    | UNTRACKED
    listener-done           | 132    | UNTRACKED
    listener-report-2       | 143    | UNTRACKED
    redirect                | 137    | INVALID
    node-information-reply  | 140    | INVALID
    certification-path      | 148    | INVALID
    unassigned              | 200    | INVALID
"""))
def test_discovery(client, firewall, number, state):
    """Neighbour discovery and multicast listener messages are UNTRACKED: neither NEW nor INVALID, whatever the rules.
    Redirects are none of them, nor is anything else that asks nothing."""
    firewall.loads6("""
        *filter
        -A INPUT -m conntrack --ctstate UNTRACKED -m comment --comment UNTRACKED
        -A INPUT -m conntrack --ctstate INVALID -m comment --comment INVALID
        -A INPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -m comment --comment other
        COMMIT
    """)
    client.sends(icmp6("client > firewall.lan1", number, bytes(16), ttl=255))
    counted(firewall, **{"UNTRACKED": 0, "INVALID": 0, "other": 0, state: 1})
    firewall.tracks_nothing()


@case("ipv6.discovery-by-type", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-04"])
def test_discovery_answers(client, firewall):
    """A firewall that drops what it does not expect still answers for its own address, if only neighbour discovery may
    enter."""
    firewall.loads6("""
        *filter
        :INPUT DROP [0:0]
        -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A INPUT -p icmpv6 --icmpv6-type neighbour-solicitation -m hl --hl-eq 255 -j ACCEPT
        COMMIT
    """)
    ask = icmp6("client > firewall.lan1", "neighbour-solicitation", target="2001:db8:1::1", ttl=255)
    client.sends(ask)
    client.sees(icmp6("firewall.lan1 > client", "neighbour-advertisement", target="2001:db8:1::1", ttl=255))


@case("ipv6.discovery-broken", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-04"])
def test_discovery_broken(client, firewall):
    """RELATED,ESTABLISHED does not let neighbour discovery in: with INPUT DROP and no rule for it the neighbour gets no
    answer. ARP of IPv4 never met a rule; this does."""
    firewall.loads6("""
        *filter
        :INPUT DROP [0:0]
        -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        COMMIT
    """)
    client.sends(icmp6("client > firewall.lan1", "neighbour-solicitation", target="2001:db8:1::1", ttl=255))
    client.never_saw(icmp6("firewall.lan1 > client", "neighbour-advertisement"))
    firewall.counted("filter INPUT policy", packets=1, family=6)


@case("ipv6.discovery-own", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-04"])
def test_discovery_own(client, firewall):
    """The firewall's own solicitations pass OUTPUT as UNTRACKED; dropped there, its neighbours stay unknown."""
    firewall.loads6("""
        *filter
        :OUTPUT DROP [0:0]
        -A OUTPUT -m conntrack --ctstate UNTRACKED -p icmpv6 --icmpv6-type neighbour-solicitation -m comment --comment asked -j ACCEPT
        -A OUTPUT -p udp -j ACCEPT
        COMMIT
    """)
    sender = firewall.opens("udp6:5000")
    sender.says("is anybody there?", to="[2001:db8:1::77]:53")
    client.sees(icmp6("any > any", "neighbour-solicitation", target="2001:db8:1::77"))
    counted(firewall, asked=1)


@case("ipv6.errors", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-05"], rows={
    "no-route": {"message": (1, 0)}, "prohibited": {"message": (1, 1)}, "address-unreachable": {"message": (1, 3)},
    "port-unreachable": {"message": (1, 4)}, "packet-too-big": {"message": (2, 0)}, "hop-limit": {"message": (3, 0)},
    "parameter-problem": {"message": (4, 1)}})  # fmt: skip
def test_errors(client, server, firewall, message):
    """An error about a known packet is RELATED; the entry stays as it was."""
    firewall.loads6(STATES)
    client.sends(QUERY)
    seen = server.sees(QUERY)
    server.complains(seen, message)
    client.sees(icmp6("server > client", message, quoting=QUERY))
    counted(firewall, NEW=1, RELATED=1, INVALID=0)
    firewall.tracks("udp6 client:1000 > server:2000", unreplied=True)


@case("ipv6.error-about-nothing", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-05"])
def test_error_about_nothing(client, server, firewall):
    """An error about a packet that never was is INVALID."""
    firewall.loads6(STATES)
    server.sends(icmp6("server > client", "port-unreachable", quoting=udp6("client:1 > server:2")))
    client.sees(icmp6("server > client", "port-unreachable"))
    counted(firewall, RELATED=0, INVALID=1)


@case("ipv6.fragment-option", topology="two-lans", needs=["ipv6"], cites=["IPV6-06"])
def test_fragment_option(client, server, firewall):
    """-f is refused, an IPv6 fragment is told by its header: -m frag."""
    firewall.runs("ip6tables -A FORWARD -f -j ACCEPT", exits=2)
    firewall.loads6("""
        *filter
        -A FORWARD -m frag --fragfirst -m comment --comment first
        -A FORWARD -m frag --fragmore -m comment --comment more
        -A FORWARD -m frag --fraglast -m comment --comment last
        -A FORWARD -m frag --fragid 4660 -m comment --comment id
        -A FORWARD -m frag ! --fragid 4660 -m comment --comment others
        COMMIT
    """)
    client.sends(fragments(udp6("client:1000 > server:2000", size=292), 104))
    server.sees_reassembled(udp6("client:1000 > server:2000", size=292), sizes=[152, 152, 140])
    counted(firewall, first=1, more=2, last=1, id=3, others=0)


@case("ipv6.icmpv6", topology="two-lans", needs=["ipv6"], cites=["IPV6-07"], rows=table("""
    name           | option                                              | packets
    ---------------+-----------------------------------------------------+--------
    by-name        | -p icmpv6 --icmpv6-type echo-request                | 1
    other-spelling | -p ipv6-icmp --icmpv6-type echo-request             | 1
    by-number      | -p icmpv6 --icmpv6-type 128                         | 1
    with-code      | -p 58 -m icmp6 --icmpv6-type 128/0                  | 1
    other-code     | -p icmpv6 --icmpv6-type 128/1                       | 0
    reply          | -p icmpv6 --icmpv6-type echo-reply                  | 0
    not-reply      | -p icmpv6 ! --icmpv6-type echo-reply                | 1
    any            | -p icmpv6                                           | 1
    of-ipv4        | -p icmp                                             | 0
"""))
def test_icmpv6(client, server, firewall, option, packets):
    """ICMPv6 is protocol 58 with types of its own."""
    firewall.loads6(f"*filter\n-A FORWARD -i lan1 {option} -m comment --comment seen\nCOMMIT\n")
    client.sends(ping6("client > server", "x"))
    server.sees(ping6("client > server", "x"))
    counted(firewall, seen=packets)


@case("ipv6.icmp-of-ipv4", topology="two-lans", needs=["ipv6"], cites=["IPV6-07"])
def test_icmp_of_ipv4(firewall):
    """--icmp-type belongs to iptables, --icmpv6-type to ip6tables."""
    firewall.runs("ip6tables -A FORWARD -p icmp --icmp-type 8", exits=2)
    firewall.runs("iptables -A FORWARD -p icmpv6 --icmpv6-type 128", exits=2)


REJECTIONS = """
    name            | how                     | code
    ----------------+-------------------------+-----
    no-route        | icmp6-no-route          | 0
    short-no-route  | no-route                | 0
    prohibited      | icmp6-adm-prohibited    | 1
    short           | adm-prohibited          | 1
    address         | icmp6-addr-unreachable  | 3
    short-address   | addr-unreach            | 3
    port            | icmp6-port-unreachable  | 4
    policy          | policy-fail             | 5
    reject-route    | reject-route            | 6
    default         |                         | 4
"""


@case("ipv6.reject", topology="two-lans", needs=["ipv6", "target-REJECT"], cites=["IPV6-08"], rows=table(REJECTIONS))
def test_reject(client, server, firewall, how, code):
    """REJECT answers with ICMPv6 type 1 and the code of the word, port-unreachable unless told."""
    option = f"--reject-with {how}" if how else ""
    firewall.loads6(f"*filter\n-A FORWARD -p udp -j REJECT {option}\nCOMMIT\n")
    client.sends(QUERY)
    client.sees(icmp6("firewall.lan1 > client", (1, code), quoting=QUERY))
    server.never_saw(udp6("client:1000 > server:2000"))


@case("ipv6.tcp-reset", topology="two-lans", needs=["ipv6", "target-REJECT"], cites=["IPV6-09"], rows={
    "syn": {"flags": "SYN", "fields": {}, "answer": {"flags": "RST,ACK", "seq": 0, "ack": 1001}},
    "ack": {"flags": "ACK", "fields": {"ack": 5000}, "answer": {"flags": "RST", "seq": 5000, "ack": 0}}})  # fmt: skip
def test_tcp_reset(client, server, firewall, flags, fields, answer):
    """A refused connection is answered in the server's name; what acknowledges gets a reset with that number."""
    firewall.loads6("*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n")
    client.sends(tcp6("client:1000 > server:2000", flags, seq=1000, **fields))
    client.sees(tcp6("server:2000 > client:1000", window=0, **answer))
    server.never_saw(tcp6("client:1000 > server:2000"))


@case("ipv6.reject-never", topology="two-lans", needs=["ipv6", "target-REJECT"], requirement="REJECT never answers ICMPv6 errors, resets or multicast",
      source="RFC 4443 2.4 (e); iptables-extensions(8), REJECT", rows={
          "error": {"packet": icmp6("client > server", "port-unreachable", quoting=udp6("server:1 > client:2")), "how": "icmp6-adm-prohibited", "match": ""},
          "reset": {"packet": tcp6("client:1 > server:2", "RST"), "how": "tcp-reset", "match": "-p tcp"}})  # fmt: skip
def test_reject_never(client, server, firewall, packet, how, match):
    """What must not be answered is dropped in silence."""
    firewall.loads6(f"*filter\n-A FORWARD {match} -m comment --comment met -j REJECT --reject-with {how}\nCOMMIT\n")
    client.sends(packet)
    firewall.counted("met", packets=1, family=6)
    client.saw_nothing_else()
    server.never_saw(packet)


@case("ipv6.hop-limit", topology="two-lans", needs=["ipv6"], cites=["IPV6-11"], rows=table("""
    name     | option     | packets
    ---------+------------+--------
    equal    | --hl-eq 9  | 1
    not      | ! --hl-eq 9 | 0
    less     | --hl-lt 9  | 0
    less-10  | --hl-lt 10 | 1
    greater  | --hl-gt 8  | 1
    greater-9 | --hl-gt 9 | 0
"""))
def test_hop_limit(client, server, firewall, option, packets):
    """-m hl compares the hop limit as ttl does in IPv4; PREROUTING sees it as it came."""
    firewall.loads6(f"*mangle\n-A PREROUTING -m hl {option} -m comment --comment seen\nCOMMIT\n")
    client.sends(udp6("client:1 > server:2", "x", ttl=9))
    server.sees(udp6("client:1 > server:2", "x", ttl=8))
    firewall.counted("seen", packets=packets, family=6)


@case("ipv6.hop-limit-set", topology="two-lans", needs=["ipv6", "mangle"], cites=["IPV6-11"], rows=table("""
    name | option       | left
    -----+--------------+-----
    set  | --hl-set 100 | 99
    inc  | --hl-inc 5   | 14
    dec  | --hl-dec 3   | 6
"""))
def test_hop_limit_set(client, server, firewall, option, left):
    """-j HL sets, adds and takes away, before the router takes its one."""
    firewall.loads6(f"*mangle\n-A PREROUTING -j HL {option}\nCOMMIT\n")
    client.sends(udp6("client:1 > server:2", "x", ttl=10))
    server.sees(udp6("client:1 > server:2", "x", ttl=left))


@case("ipv6.hop-limit-names", topology="two-lans", needs=["ipv6", "mangle"], cites=["IPV6-11"], rows=table("""
    name       | command
    -----------+--------
    ttl-match  | ip6tables -A FORWARD -m ttl --ttl-eq 1
    ttl-target | ip6tables -t mangle -A FORWARD -j TTL --ttl-set 1
    hl-match   | iptables -A FORWARD -m hl --hl-eq 1
    hl-target  | iptables -t mangle -A FORWARD -j HL --hl-set 1
"""))
def test_hop_limit_names(firewall, command):
    """ttl and TTL are of IPv4, hl and HL of IPv6; the other family does not know them."""
    firewall.runs(command, exits=2)


@case("ipv6.fragments", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-12"])
def test_fragments(client, server, firewall):
    """Where anybody tracks, rules see one whole packet of 2000 bytes; the fragments leave as they came."""
    firewall.loads6("""
        *filter
        -A FORWARD -m conntrack --ctstate NEW -p udp --dport 2000 -m length --length 2000 -m comment --comment whole
        -A FORWARD -m frag --fragid 0:4294967295 -m comment --comment piece
        COMMIT
    """)
    packet = udp6("client:1000 > server:2000", size=1952)
    client.sends(fragments(packet, 1448))
    server.sees_reassembled(packet, sizes=[1496, 560])
    counted(firewall, whole=1, piece=0)


@case("ipv6.fragments-dropped", topology="two-lans", needs=["ipv6", "conntrack"], cites=["IPV6-12"])
def test_fragments_dropped(client, server, firewall):
    """No fragment gets past a rule for a port, in whatever order they come."""
    firewall.loads6("*filter\n-A FORWARD -p udp --dport 2000 -m conntrack --ctstate NEW -j DROP\nCOMMIT\n")
    client.sends(list(reversed(fragments(udp6("client:1000 > server:2000", size=1952), 1448))))
    firewall.counted("filter FORWARD 1", packets=1, family=6)
    server.never_saw(fragment6("client > server"))


@case("ipv6.refused-addresses", topology="two-lans", needs=["ipv6"], cites=["IPV6-14"], rows=table("""
    name         | command
    -------------+--------
    source       | ip6tables -A FORWARD -s 10.0.0.1
    destination  | ip6tables -A FORWARD -d 10.0.0.0/8
    too-long     | ip6tables -A FORWARD -s 2001:db8::/129
    ipv6-source  | iptables -A FORWARD -s 2001:db8::1
    to-source    | ip6tables -t nat -A POSTROUTING -j SNAT --to-source 10.0.0.1
"""))
def test_refused_addresses(firewall, command):
    """Each family refuses the addresses of the other."""
    firewall.runs(command, exits=2)


@case("ipv6.separate", topology="two-lans", needs=["ipv6"], requirement="ip6tables rules say nothing about IPv4, and iptables rules nothing about IPv6",
      source="ip6tables(8)")  # fmt: skip
def test_separate(client, server, firewall):
    """A firewall that closes IPv4 and forgets IPv6 is open."""
    firewall.loads("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
    client.sends(udp("client:1 > server:2", "four"), QUERY)
    server.sees(QUERY)
    server.never_saw(udp("client:1 > server:2"))
