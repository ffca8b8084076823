"""Tables: which there are, their chains, and what may stand in which."""

from conformance.vocabulary import case, table, tcp, udp, udp6

CHAINS = {
    "filter": ("INPUT FORWARD OUTPUT", "TABLE-02"),
    "nat": ("PREROUTING INPUT OUTPUT POSTROUTING", "TABLE-03"),
    "mangle": ("PREROUTING INPUT FORWARD OUTPUT POSTROUTING", "TABLE-04"),
    "raw": ("PREROUTING OUTPUT", "TABLE-05"),
    "security": ("INPUT FORWARD OUTPUT", "TABLE-06"),
}


@case("tables.chains", topology="host", needs=["nat", "mangle", "raw", "security"], cites=["TABLE-01", "CHAIN-03"],
      rows={name: {"chains": chains, "of": name, "cites": [cite]} for name, (chains, cite) in CHAINS.items()})  # fmt: skip
def test_chains(firewall, chains, of):
    """The table exists and has these built-in chains, all with the policy ACCEPT."""
    listed = firewall.runs(f"iptables -t {of} -S").lines
    assert listed == [f"-P {chain} ACCEPT" for chain in chains.split()]


@case("tables.default-is-filter", topology="host", cites=["TABLE-07"])
def test_default(firewall):
    """Without -t the rule goes to filter."""
    firewall.runs("iptables -A INPUT -s 1.1.1.1 -j DROP")
    assert firewall.runs("iptables -t filter -S INPUT").lines[1:] == ["-A INPUT -s 1.1.1.1/32 -j DROP"]


@case("tables.unknown", topology="host", cites=["TABLE-08"])
def test_unknown(firewall):
    """A table that does not exist is refused with exit 3."""
    says = firewall.differs(legacy="can't initialize iptables table", nft="table 'nope' does not exist",
                            because="each tool has its own words")  # fmt: skip
    firewall.runs("iptables -t nope -L", exits=3, complains=says)


@case("tables.every-table-decides", topology="two-lans", needs=["mangle", "raw", "security"], rows=table("""
    name              | first            | second           | cites
    ------------------+------------------+------------------+----------
    mangle-and-filter | mangle FORWARD   | filter FORWARD   | TABLE-09
    filter-and-security | filter FORWARD | security FORWARD | TABLE-06
    raw-alone         | filter FORWARD   | raw PREROUTING   | TABLE-11
    mangle-alone      | filter FORWARD   | mangle FORWARD   | TABLE-11
"""))  # fmt: skip
def test_every_table_decides(client, server, firewall, first, second):
    """ACCEPT in one table spares a packet nothing in another; DROP anywhere ends its way."""
    (accepting, chain), (dropping, other) = first.split(), second.split()
    firewall.loads(f"""
        *{accepting}
        -A {chain} -p udp -j ACCEPT
        COMMIT
        *{dropping}
        -A {other} -p udp --dport 53 -j DROP
        COMMIT
    """)
    client.sends(udp("client:1 > server:53", "suspect"), udp("client:1 > server:54", "marker"))
    server.sees(udp("client:1 > server:54", "marker"))
    server.never_saw(udp("client:1 > server:53"))
    firewall.counted(f"{dropping} {other} 1", packets=1)


@case("tables.policy-of-mangle", topology="two-lans", needs=["mangle"], cites=["TABLE-11"])
def test_policy_of_mangle(client, server, firewall):
    """A policy DROP in mangle drops as well as one in filter."""
    firewall.loads("""
        *mangle
        :FORWARD DROP [0:0]
        -A FORWARD -p udp --dport 54 -j ACCEPT
        COMMIT
    """)
    client.sends(udp("client:1 > server:53", "suspect"), udp("client:1 > server:54", "marker"))
    server.sees(udp("client:1 > server:54", "marker"))
    server.never_saw(udp("client:1 > server:53"))


@case("tables.nat-is-not-for-filtering", topology="host", needs=["nat"], cites=["TABLE-10"], rows={
    "rule": {"command": "-A PREROUTING -j DROP"}, "policy": {"command": "-P PREROUTING DROP"}})
def test_nat_does_not_filter(firewall, command):
    """The nat table takes no DROP, neither as target nor as policy."""
    firewall.runs(f"iptables -t nat {command}", exits=2, complains='The "nat" table is not intended for filtering')


@case("tables.targets-in-their-table", topology="host", needs=["nat", "mangle", "raw", "security"], rows=table("""
    name                  | rule                                                           | table    | cites
    ----------------------+----------------------------------------------------------------+----------+----------
    dnat-in-mangle        | -A PREROUTING -j DNAT --to-destination 192.0.2.9               | mangle   | TABLE-12
    masquerade-in-mangle  | -A POSTROUTING -j MASQUERADE                                   | mangle   | TABLE-12
    snat-in-filter        | -A FORWARD -j SNAT --to-source 192.0.2.9                       | filter   | TABLE-12
    redirect-in-raw       | -A PREROUTING -j REDIRECT                                      | raw      | TABLE-12
    netmap-in-mangle      | -A PREROUTING -j NETMAP --to 10.9.0.0/24                       | mangle   | TABLE-12
    tos-in-filter         | -A FORWARD -j TOS --set-tos 0x10                               | filter   | TABLE-13
    ttl-in-filter         | -A FORWARD -j TTL --ttl-set 9                                  | filter   | TABLE-13
    dscp-in-filter        | -A FORWARD -j DSCP --set-dscp 10                               | filter   | TABLE-13
    ecn-in-filter         | -A FORWARD -p tcp -j ECN --ecn-tcp-remove                      | filter   | TABLE-13
    checksum-in-filter    | -A FORWARD -p udp -j CHECKSUM --checksum-fill                  | filter   | TABLE-13
    tproxy-in-filter      | -A FORWARD -p tcp -j TPROXY --on-port 80                       | filter   | TABLE-13
    strip-in-filter       | -A FORWARD -p tcp -j TCPOPTSTRIP --strip-options timestamp     | filter   | TABLE-13
    connsecmark-in-filter | -A FORWARD -j CONNSECMARK --save                               | filter   | TABLE-15
    notrack-in-filter     | -A FORWARD -j NOTRACK                                          | filter   | TABLE-16
    ct-in-mangle          | -A PREROUTING -j CT --notrack                                  | mangle   | TABLE-16
    reject-in-mangle      | -A FORWARD -j REJECT                                           | mangle   | TABLE-17
    reject-in-nat         | -A PREROUTING -j REJECT                                        | nat      | TABLE-17
    reject-in-raw         | -A PREROUTING -j REJECT                                        | raw      | TABLE-17
    reject-in-security    | -A FORWARD -j REJECT                                           | security | TABLE-17
"""))  # fmt: skip
def test_targets_in_their_table(firewall, rule, table):
    """The target has no business in this table, and the rule is refused."""
    firewall.refuses_rule(rule, table=table)


@case("tables.targets-welcome", topology="host", needs=["nat", "mangle", "raw", "security"], rows=table("""
    name                    | rule                           | table    | cites
    ------------------------+--------------------------------+----------+----------
    mark-in-filter          | -A FORWARD -j MARK --set-mark 1  | filter   | TABLE-14
    mark-in-raw             | -A PREROUTING -j MARK --set-mark 1 | raw    | TABLE-14
    mark-in-nat             | -A PREROUTING -j MARK --set-mark 1 | nat    | TABLE-14
    mark-in-security        | -A FORWARD -j MARK --set-mark 1  | security | TABLE-14
    connsecmark-in-mangle   | -A FORWARD -j CONNSECMARK --save | mangle   | TABLE-15
    connsecmark-in-security | -A FORWARD -j CONNSECMARK --save | security | TABLE-15
    notrack-in-raw          | -A PREROUTING -j NOTRACK         | raw      | TABLE-16
    ct-in-raw               | -A PREROUTING -j CT --notrack    | raw      | TABLE-16
    reject-in-filter        | -A FORWARD -j REJECT             | filter   | TABLE-17
"""))  # fmt: skip
def test_targets_welcome(firewall, rule, table):
    """The target may stand in this table."""
    firewall.runs(f"iptables -t {table} {rule}")


@case("tables.families-are-separate", topology="two-lans", needs=["ipv6"], cites=["TABLE-20"])
def test_families(client, server, firewall):
    """A policy of iptables does not touch IPv6, one of ip6tables does not touch IPv4."""
    firewall.runs("iptables -P FORWARD DROP")
    client.sends(udp("client:1 > server:2", "four"), udp6("client:1 > server:2", "six"))
    server.sees(udp6("client:1 > server:2", "six"))
    server.never_saw(udp("client:1 > server:2"))


@case("tables.two-rulesets", topology="two-lans", needs=["both-iptables"], cites=["TABLE-19"], fresh=True)
def test_two_rulesets(client, server, firewall):
    """Rules of iptables-legacy and of iptables-nft do not know each other, and a packet must please both."""
    firewall.runs("iptables-nft -A FORWARD -p udp --dport 5353 -j DROP")
    firewall.runs("iptables-legacy -A FORWARD -p udp -j ACCEPT")
    firewall.runs("iptables-legacy -A FORWARD -p tcp -j DROP")
    firewall.runs("iptables-nft -A FORWARD -p tcp -j ACCEPT")
    client.sends(udp("client:1 > server:5353", "a"), tcp("client:1 > server:99", "SYN"), udp("client:1 > server:99", "b"))
    server.sees(udp("client:1 > server:99", "b"))
    server.never_saw(udp("client:1 > server:5353"))
    server.never_saw(tcp("client:1 > server:99"))
    said = firewall.runs("iptables-nft -S")
    assert "iptables-legacy tables present" in said.out + said.err
    assert "5353" not in firewall.runs("iptables-legacy -S").out
    firewall.runs("iptables-legacy -F")
    firewall.runs("iptables-nft -F")
