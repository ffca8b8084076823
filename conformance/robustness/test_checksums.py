"""Whatever a rule changes in a packet, the checksums that cover it are right afterwards: every `sees` looks at them."""

from conformance.vocabulary import case, icmp, tcp, tcp6, udp, udp6

REWRITES = """
    name      | rules                                                                     | needs
    ----------+---------------------------------------------------------------------------+-------------------
    snat      | *nat;-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.77              | nat
    dnat      | *nat;-A PREROUTING -i lan -j DNAT --to-destination 198.51.100.77          | nat
    netmap    | *nat;-A PREROUTING -i lan -j NETMAP --to 198.51.100.64/28                 | nat target-NETMAP
    ttl       | *mangle;-A PREROUTING -i lan -j TTL --ttl-set 99                          | target-TTL
    tos       | *mangle;-A FORWARD -i lan -j TOS --set-tos 0x10                           | target-TOS
    dscp      | *mangle;-A POSTROUTING -o wan -j DSCP --set-dscp 46                       | target-DSCP
    ecn       | *mangle;-A FORWARD -p tcp -j ECN --ecn-tcp-remove                         | target-ECN
    mss       | *mangle;-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 901 | target-TCPMSS
    strip     | *mangle;-A FORWARD -p tcp -j TCPOPTSTRIP --strip-options mss,wscale       | target-TCPOPTSTRIP
"""  # fmt: skip


def rows():
    for line in REWRITES.strip().splitlines()[2:]:
        name, rules, needs = (part.strip() for part in line.split("|"))
        yield name, {"rules": rules.replace(";", "\n"), "needs": needs.split()}


@case("robust.checksum.after", topology="three-legged", cites=["ROBUST-13"], rows=dict(rows()))
def test_after(client, server, firewall, rules, row):
    """TCP, UDP and ICMP, of even and odd length, and a UDP checksum that comes out as 0."""
    firewall.loads(f"{rules}\nCOMMIT")
    server.claims("198.51.100.77", "198.51.100.74")
    sent = [
        tcp("client:1000 > server:99", "SYN,ECE,CWR", mss=1460, wscale=7, sack_ok=True),
        tcp("client:1001 > server:99", "SYN", "odd", mss=1460, timestamp=(1, 2)),
        udp("client:1000 > server:99", "even"),
        udp("client:1001 > server:99", "odd"),
        udp("client:1002 > server:99"),
        icmp("client > server", 13, id=5, seq=1),
    ]
    client.sends(sent)
    seen = [server.sees(tcp("any > any:99", "SYN,ECE,CWR" if row not in ("ecn",) else "SYN")),
            server.sees(tcp("any > any:99", "SYN", "odd")),
            *(server.sees(udp("any > any:99", text)) for text in ("even", "odd", "")),
            server.sees(icmp("any > any", 13))]  # fmt: skip
    for packet in seen:
        assert not packet.faults
    plain = {"snat": ("src", "198.51.100.77"), "dnat": ("dst", "198.51.100.77"), "netmap": ("dst", "198.51.100.74"),
             "ttl": ("ttl", 98), "tos": ("tos", 16), "dscp": ("dscp", 46)}  # fmt: skip
    if row in plain:
        name, value = plain[row]
        assert [packet.get(name) for packet in seen] == [value] * len(seen)
    else:
        tcp_field, value = {"ecn": ("ecn", 0), "mss": ("mss", 901), "strip": ("mss", None)}[row]
        assert [packet.get(tcp_field) for packet in seen[:2]] == [value] * 2


@case("robust.checksum.none-stays-none", topology="three-legged", needs=["nat"], cites=["ROBUST-13"])
def test_no_checksum(client, server, firewall):
    """A UDP datagram over IPv4 without a checksum (0) gets none by translation."""
    firewall.loads("*nat\n-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.77\nCOMMIT")
    server.claims("198.51.100.77")
    client.sends(udp("client:1000 > server:99", "question", checksum=0))
    assert server.sees(udp("198.51.100.77:1000 > server:99", "question", checksum=0)).checksum == 0


@case("robust.checksum.never-0-by-translation", topology="three-legged", needs=["nat"], cites=["ROBUST-13"])
def test_never_zero(client, server, firewall):
    """Where the right UDP checksum is 0, 0xffff is sent: 0 would say that there is none. One of 65536 payloads does it."""
    firewall.loads("*nat\n-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.77\nCOMMIT")
    server.claims("198.51.100.77")
    client.sends(udp("client:1000 > server:99", b"\0\0"))
    rest = server.sees(udp("198.51.100.77:1000 > server:99")).checksum
    client.sends(udp("client:1000 > server:99", rest.to_bytes(2, "big")))
    assert server.sees(udp("198.51.100.77:1000 > server:99", rest.to_bytes(2, "big"))).checksum == 0xFFFF


@case("robust.checksum.ipv6", topology="three-legged", needs=["nat6"], cites=["ROBUST-13"])
def test_ipv6(client, server, firewall):
    """IPv6 has no header checksum; those of TCP and UDP cover the addresses."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j SNAT --to-source 2001:db8:ff::77\nCOMMIT")
    server.claims("2001:db8:ff::77")
    client.sends(tcp6("client:1000 > server:99", "SYN", "odd", mss=1440), udp6("client:1000 > server:99", "even"))
    server.sees(tcp6("[2001:db8:ff::77]:1000 > server:99", "SYN", "odd"))
    server.sees(udp6("[2001:db8:ff::77]:1000 > server:99", "even"))


@case("robust.checksum.quotation", topology="three-legged", needs=["nat"], cites=["ROBUST-13"])
def test_quotation(client, server, firewall):
    """An ICMP error comes back with the packet that was sent, down to its checksums."""
    firewall.loads("*nat\n-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.77\nCOMMIT")
    server.claims("198.51.100.77")
    question = udp("client:1000 > server:99", "question")
    client.sends(question)
    server.complains(server.sees(udp("198.51.100.77:1000 > server:99")), "port-unreachable")
    error = client.sees(icmp("server > client", "port-unreachable", quoting=udp("client:1000 > server:99", ttl=63)))
    assert not error.faults
