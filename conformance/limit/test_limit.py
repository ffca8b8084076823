"""The limit match: a bucket of tokens, filled at a rate."""

from conformance.vocabulary import case, ping, table, tcp, udp


def limited(firewall, options, match="-p udp", policy="ACCEPT"):
    firewall.loads(f"""
        *filter
        :FORWARD {policy} [0:0]
        -A FORWARD {match} -m limit {options} -m comment --comment within -j ACCEPT
        COMMIT
    """)


def sends(client, count):
    for _ in range(count):
        client.sends(udp("client:1 > server:2", "x"))


@case("limit.burst", topology="two-lans", needs=["match-limit"], rows=table("""
    name     | options                            | sent | within | cites
    ---------+------------------------------------+------+--------+---------
    five     | --limit 6/m --limit-burst 5        | 10   | 5      | LIMIT-02
    three    | --limit 1/hour --limit-burst 3     | 10   | 3      | LIMIT-04
    one      | --limit 1/hour --limit-burst 1     | 5    | 1      | LIMIT-07
    default  |                                    | 10   | 5      | LIMIT-06
"""))  # fmt: skip
def test_burst(client, server, firewall, options, sent, within):
    """So many packets match at once, until the bucket is empty."""
    limited(firewall, options or "")
    sends(client, sent)
    server.sees(udp("client:1 > server:2"), times=sent)
    firewall.counted("within", packets=within)


@case("limit.six-a-minute", topology="two-lans", needs=["match-limit", "virtual-clock"], cites=["LIMIT-01", "LIMIT-03"])
def test_six_a_minute(client, firewall):
    """One packet a second against 6 a minute and a burst of 5: five pass, then one every ten seconds. After 30 s of rest three."""
    limited(firewall, "--limit 6/m --limit-burst 5")
    passed = []
    before = 0
    for _second in range(21):
        sends(client, 1)
        now = firewall.counters().at("within").packets
        passed.append(now - before)
        before = now
        firewall.time_passes(1)
    assert passed == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    firewall.time_passes(30)
    sends(client, 6)
    assert firewall.counters().at("within").packets - before == 3


@case("limit.refill", topology="two-lans", needs=["match-limit"], cites=["LIMIT-05", "LIMIT-01", "LIMIT-03"])
def test_refill(client, firewall):
    """One token comes back a second at 1/s."""
    limited(firewall, "--limit 1/s --limit-burst 3")
    sends(client, 5)
    firewall.counted("within", packets=3)
    firewall.time_passes(1.1)
    sends(client, 3)
    firewall.counted("within", packets=4)


@case("limit.never-more-than-burst", topology="two-lans", needs=["match-limit"], cites=["LIMIT-04"])
def test_never_more(client, firewall):
    """Waiting longer does not make the bucket bigger."""
    limited(firewall, "--limit 5/s --limit-burst 3")
    sends(client, 5)
    firewall.time_passes(1.5)
    firewall.runs("iptables -Z")
    limited(firewall, "--limit 5/s --limit-burst 3")
    firewall.time_passes(1.5)
    sends(client, 10)
    firewall.counted("within", packets=3)


@case("limit.others-spend-nothing", topology="two-lans", needs=["match-limit"], cites=["LIMIT-08"])
def test_others(client, firewall):
    """A packet that the rule does not mean takes no token."""
    limited(firewall, "--limit 1/hour --limit-burst 2")
    client.sends(ping("client > server", id=1), ping("client > server", id=2), ping("client > server", id=3))
    sends(client, 3)
    firewall.counted("within", packets=2)


@case("limit.over-the-limit", topology="two-lans", needs=["match-limit"], cites=["LIMIT-09"])
def test_over(client, server, firewall):
    """What is too much does not match and meets the policy."""
    limited(firewall, "--limit 1/hour --limit-burst 2", policy="DROP")
    for number in range(4):
        client.sends(udp("client:1 > server:2", f"packet {number}"))
    server.sees(udp("client:1 > server:2", "packet 0"))
    server.sees(udp("client:1 > server:2", "packet 1"))
    server.never_saw(udp("client:1 > server:2", "packet 2"))
    server.never_saw(udp("client:1 > server:2", "packet 3"))


@case("limit.units", topology="host", needs=["match-limit"], cites=["LIMIT-10"], rows=table("""
    name   | given     | saved
    -------+-----------+--------
    second | 10/second | 10/sec
    minute | 6/m       | 6/min
    hour   | 3/hour    | 3/hour
    day    | 1/d --limit-burst 1 | 1/day --limit-burst 1
"""))  # fmt: skip
def test_units(firewall, given, saved):
    """Units may be cut; saved they are sec, min, hour, day."""
    firewall.runs(f"iptables -A INPUT -m limit --limit {given}")
    assert firewall.runs("iptables -S INPUT").lines[1] == f"-A INPUT -m limit --limit {saved}"


@case("limit.default-saved", topology="host", needs=["match-limit"], cites=["LIMIT-06"])
def test_default_saved(firewall):
    """Without options it is 3 an hour."""
    firewall.runs("iptables -A INPUT -m limit")
    assert firewall.runs("iptables -S INPUT").lines[1] == "-A INPUT -m limit --limit 3/hour"


@case("limit.refused", topology="host", needs=["match-limit"], rows=table("""
    name       | options                          | cites
    -----------+----------------------------------+---------
    too-fast   | --limit 20000/s                  | LIMIT-11
    zero       | --limit 0/s                      | LIMIT-11
    big-burst  | --limit 1/s --limit-burst 10001  | LIMIT-12
    inverted   | ! --limit 1/s                    | LIMIT-14
"""))  # fmt: skip
def test_refused(firewall, options):
    """Not a rate, not a burst."""
    firewall.runs(["iptables", "-A", "INPUT", "-m", "limit", *options.split()], exits=2)


@case("limit.burst-0", topology="host", needs=["match-limit"], cites=["LIMIT-12"])
def test_burst_0(firewall):
    """A burst of 0 is refused by legacy and means 5 to iptables-nft."""
    status = firewall.differs(legacy=1, nft=0, because="iptables-nft hands it to nft, whose default burst is 5")
    firewall.runs("iptables -A INPUT -m limit --limit 1/s --limit-burst 0", exits=status)


@case("limit.too-slow", topology="host", needs=["match-limit"], cites=["LIMIT-13"])
def test_too_slow(firewall):
    """The kernel's arithmetic has 32 bits: two a day overflow it, unless nft counts."""
    status = firewall.differs(legacy=1, nft=0, because="nft_limit counts in nanoseconds and 64 bits")
    firewall.runs("iptables -A INPUT -m limit --limit 1/d --limit-burst 2", exits=status)
    firewall.runs("iptables -A INPUT -m limit --limit 1/d --limit-burst 1")
    firewall.runs("iptables -A INPUT -m limit --limit 1/h --limit-burst 60")


@case("limit.change-refills", topology="two-lans", needs=["match-limit"], cites=["LIMIT-15"])
def test_change_refills(client, firewall):
    """Any change of the table fills all its buckets in legacy; an unrelated one fills none in nft."""
    limited(firewall, "--limit 1/hour --limit-burst 3")
    sends(client, 5)
    firewall.counted("within", packets=3)
    firewall.runs("iptables -A INPUT -s 9.9.9.9 -j DROP")
    sends(client, 5)
    firewall.counted("within", packets=firewall.differs(legacy=6, nft=3, because="legacy replaces the whole table"))


@case("limit.other-table", topology="two-lans", needs=["match-limit", "mangle"], cites=["LIMIT-16"])
def test_other_table(client, firewall):
    """A change in another table fills nothing."""
    limited(firewall, "--limit 1/hour --limit-burst 3")
    sends(client, 5)
    firewall.runs("iptables -t mangle -A INPUT -s 9.9.9.9 -j DROP")
    sends(client, 5)
    firewall.counted("within", packets=3)


@case("limit.own-bucket", topology="two-lans", needs=["match-limit"], cites=["LIMIT-17"])
def test_own_bucket(client, firewall):
    """Two rules have two buckets."""
    firewall.loads("""
        *filter
        -A FORWARD -m limit --limit 1/hour --limit-burst 2 -m comment --comment first
        -A FORWARD -m limit --limit 1/hour --limit-burst 4 -m comment --comment second
        COMMIT
    """)
    sends(client, 6)
    firewall.counted("first", packets=2)
    firewall.counted("second", packets=4)


@case("limit.log", topology="two-lans", needs=["match-limit"], cites=["LIMIT-18"])
def test_log(client, firewall):
    """In front of a log target it keeps the log short."""
    firewall.loads("""
        *filter
        -A FORWARD -p udp -m limit --limit 1/hour --limit-burst 3 -j NFLOG --nflog-prefix "few" --nflog-group 7
        COMMIT
    """)
    sends(client, 10)
    firewall.counted("filter FORWARD 1", packets=3)


@case("limit.syn-flood", topology="two-lans", needs=["match-limit"], cites=["LIMIT-19"])
def test_syn_flood(client, server, firewall):
    """Thirty SYNs, five get through."""
    firewall.loads("""
        *filter
        -A FORWARD -p tcp --syn -m limit --limit 1/s --limit-burst 5 -j ACCEPT
        -A FORWARD -p tcp --syn -j DROP
        COMMIT
    """)
    for port in range(30):
        client.sends(tcp(f"client:{1000 + port} > server:99", "SYN"))
    assert len(server.saw(tcp("client:any > server:99", "SYN"))) == 5
