"""IP headers that are wrong, odd or borderline: what never reaches a rule, and what passes like anything else."""

from conformance.vocabulary import case, fragments, ip, table, tcp, udp

COUNTING = """
    *raw
    -A PREROUTING -s 10.0.1.0/24 -m comment --comment arrived
    COMMIT
    *mangle
    -A PREROUTING -s 10.0.1.0/24 -m comment --comment tracked
    COMMIT
    *filter
    -A FORWARD -s 10.0.1.0/24 -m comment --comment forwarded
    -A FORWARD -m conntrack --ctstate INVALID -m comment --comment invalid
    COMMIT
"""
QUERY = "client:1000 > server:99"
MARKER = udp("client:7 > server:99", "marker")


@case("robust.header.unreadable", topology="two-lans", needs=["raw", "mangle", "conntrack"], cites=["ROBUST-01"], rows={
    "version-5": {"packet": udp(QUERY, "data", version=5)},
    "version-6": {"packet": udp(QUERY, "data", version=6)},
    "version-0": {"packet": udp(QUERY, "data", version=0)},
    "header-of-16-bytes": {"packet": udp(QUERY, "data", header_length=4)},
    "header-of-0-bytes": {"packet": udp(QUERY, "data", header_length=0)},
    "header-past-the-end": {"packet": udp(QUERY, "data", header_length=15)},
    "length-below-the-header": {"packet": udp(QUERY, "data", total_length=19)},
    "length-0": {"packet": udp(QUERY, "data", total_length=0)},
    "length-past-the-end": {"packet": udp(QUERY, "data", total_length=33)},
    "length-65535": {"packet": udp(QUERY, "data", total_length=65535)},
    "checksum": {"packet": udp(QUERY, "data", ip_checksum="bad")},
    "cut-in-the-header": {"packet": udp(QUERY, "data").cut(19)},
    "cut-to-one-byte": {"packet": udp(QUERY, "data").cut(1)},
    "cut-behind-the-header": {"packet": udp(QUERY, "data").cut(20)}})  # fmt: skip
def test_unreadable(client, server, firewall, packet):
    """The kernel throws it away before the first table; no rule of any kind may count it."""
    firewall.loads(COUNTING)
    client.sends(packet, via="lan1", next_hop="firewall.lan1")
    client.sends(MARKER)
    server.sees(MARKER)
    server.saw_nothing_else()
    for place in ("arrived", "tracked", "forwarded"):
        firewall.counted(place, packets=1)  # the marker
    firewall.counted("invalid", packets=0)


@case("robust.header.padding", topology="two-lans", needs=["conntrack"], cites=["ROBUST-02"], rows=table("""
    name           | padding
    ---------------+--------
    to-60-bytes    | 14
    one-byte       | 1
    a-lot          | 1000
"""))  # fmt: skip
def test_padding(client, server, firewall, padding):
    """What stands behind the end of the packet belongs to the link: rules do not measure it, and it is not sent on."""
    firewall.loads("""
        *filter
        -A FORWARD -p udp -m length --length 32 -m comment --comment exact
        -A FORWARD -m conntrack --ctstate INVALID -m comment --comment invalid
        COMMIT
    """)
    client.sends(udp(QUERY, "data", padding=b"\0" * padding))
    assert server.sees(udp(QUERY, "data", length=12, total_length=32)).size == 32
    firewall.counted("exact", packets=1, bytes=32)
    firewall.counted("invalid", packets=0)


@case("robust.header.padding-of-tcp", topology="two-lans", needs=["conntrack"], cites=["ROBUST-02"])
def test_padding_of_tcp(client, server, firewall):
    """TCP has no length of its own: padding that counted as data would spoil the sequence numbers."""
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate INVALID -m comment --comment invalid\nCOMMIT")
    talk = client.connects("client:40000 > server:99")
    talk.client_sends("ACK", padding=b"\x55" * 6)
    talk.client_says("data")
    talk.server_says("answer")
    firewall.counted("invalid", packets=0)
    firewall.tracks("tcp client:40000 > server:99", state="ESTABLISHED")


@case("robust.header.ttl-0", topology="two-lans", needs=["raw", "mangle", "conntrack"], cites=["ROBUST-04"])
def test_ttl_0(client, server, firewall):
    """A packet that should not exist any more is seen by PREROUTING, and not forwarded."""
    firewall.loads(COUNTING)
    client.sends(udp(QUERY, "dead", ttl=0), MARKER)
    server.sees(MARKER)
    server.never_saw(udp(QUERY, "dead"))
    firewall.counted("arrived", packets=2)
    firewall.counted("tracked", packets=2)
    firewall.counted("forwarded", packets=1)


@case("robust.header.land", topology="two-lans", needs=["conntrack"], cites=["ROBUST-05"], rows={
    "udp": {"packet": udp("server:99 > server:99", "me")},
    "tcp": {"packet": tcp("server:99 > server:99", "SYN")}})  # fmt: skip
def test_land(client, server, firewall, packet):
    """A packet that claims to come from where it goes is a packet; whoever minds writes a rule."""
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate NEW -m comment --comment new\nCOMMIT")
    firewall.sets("net.ipv4.conf.all.rp_filter", 0)
    firewall.sets("net.ipv4.conf.lan1.rp_filter", 0)
    client.sends(packet)
    server.sees(packet)
    firewall.counted("new", packets=1)


@case("robust.header.evil-bit", topology="two-lans", needs=["raw", "mangle", "conntrack"], cites=["ROBUST-06"])
def test_evil_bit(client, server, firewall):
    """The reserved bit of the flags means nothing: no fragment, no error."""
    firewall.loads(COUNTING)
    client.sends(udp(QUERY, "evil", evil=True))
    server.sees(udp(QUERY, "evil"))
    for place in ("arrived", "tracked", "forwarded"):
        firewall.counted(place, packets=1)
    firewall.counted("invalid", packets=0)


@case("robust.header.too-long-when-whole", topology="two-lans", needs=["raw", "mangle", "conntrack"], cites=["ROBUST-07"])
def test_ping_of_death(client, server, firewall):
    """A last fragment that ends behind byte 65535 is dropped; nothing of its packet leaves."""
    firewall.loads(COUNTING)
    first, *_rest = fragments(udp(QUERY, size=2000), 1480)
    client.sends(first)
    client.sends(ip("client > server", 17, b"x" * 100, offset=65520, mf=False))
    client.sends(MARKER)
    server.sees(MARKER)
    server.saw_nothing_else()
    firewall.counted("forwarded", packets=1)


@case("robust.header.protocol-0", topology="two-lans", needs=["conntrack"], cites=["ROBUST-09"], rows=table("""
    name     | protocol
    ---------+---------
    0        | 0
    253      | 253
    255      | 255
"""))  # fmt: skip
def test_protocol_0(client, server, firewall, protocol):
    """A protocol that nobody knows is tracked by its addresses."""
    firewall.loads("""
        *filter
        -A FORWARD -m conntrack --ctstate NEW -m comment --comment new
        -A FORWARD -m conntrack --ctstate ESTABLISHED -m comment --comment established
        COMMIT
    """)
    client.sends(ip("client > server", protocol, b"12345678"))
    server.sees(ip("client > server", protocol, b"12345678"))
    firewall.tracks("unknown client > server", timeout=600, unreplied=True, text=f"unknown  {protocol} ")
    server.sends(ip("server > client", protocol, b"answer"))
    client.sees(ip("server > client", protocol, b"answer"))
    firewall.counted("new", packets=1)
    firewall.counted("established", packets=1)
