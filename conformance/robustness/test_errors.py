"""ICMP errors whose quotation is of no use."""

from conformance.vocabulary import case, icmp, udp

QUERY = udp("client:1000 > server:99", "question")


@case("robust.error.unusable-quotation", topology="two-lans", needs=["conntrack"], cites=["ROBUST-08"], rows={
    "a-later-fragment": {"spoil": {"quoting": QUERY.but(offset=40, mf=True)}},
    "3-bytes": {"spoil": {"quoted_bytes": 3}},
    "nothing": {"spoil": {"quoted_bytes": 0}},
    "half-a-header": {"spoil": {"quoted_bytes": 19}},
    "the-header-alone": {"spoil": {"quoted_bytes": 20}},
    "3-bytes-of-udp": {"spoil": {"quoted_bytes": 23}},
    "header-of-16-bytes": {"spoil": {"quoting": QUERY.but(header_length=4)}},
    "header-past-the-end": {"spoil": {"quoting": QUERY.but(header_length=15)}}})  # fmt: skip
def test_unusable(client, server, firewall, spoil):
    """It is INVALID, not RELATED to anything; without a rule against it, it passes, and the flow is as it was."""
    firewall.loads("""
        *filter
        -A FORWARD -p icmp -m conntrack --ctstate INVALID -m comment --comment invalid
        -A FORWARD -p icmp -m conntrack --ctstate RELATED -m comment --comment related
        COMMIT
    """)
    client.sends(QUERY)
    server.sees(QUERY)
    server.sends(icmp("server > client", "port-unreachable", **{"quoting": QUERY, **spoil}))
    client.sees(icmp("server > client", "port-unreachable"))
    firewall.counted("invalid", packets=1)
    firewall.counted("related", packets=0)
    firewall.tracks("udp client:1000 > server:99", unreplied=True)


@case("robust.error.usable-quotation", topology="two-lans", needs=["conntrack"], cites=["ROBUST-08"], rows={
    "28-bytes": {"spoil": {"quoted_bytes": 28}},
    "24-bytes": {"spoil": {"quoted_bytes": 24}},
    "a-first-fragment": {"spoil": {"quoting": QUERY.but(mf=True)}},
    "a-wrong-checksum": {"spoil": {"quoting": QUERY.but(checksum="bad", ip_checksum="bad")}},
    "another-version": {"spoil": {"quoting": QUERY.but(version=6)}},
    "a-length-past-the-end": {"spoil": {"quoting": QUERY.but(total_length=1500)}}})  # fmt: skip
def test_usable(client, server, firewall, spoil):
    """The addresses and ports are there: that is enough to be RELATED."""
    firewall.loads("*filter\n-A FORWARD -p icmp -m conntrack --ctstate RELATED -m comment --comment related\nCOMMIT")
    client.sends(QUERY)
    server.sees(QUERY)
    server.sends(icmp("server > client", "port-unreachable", **{"quoting": QUERY, **spoil}))
    client.sees(icmp("server > client", "port-unreachable"))
    firewall.counted("related", packets=1)
