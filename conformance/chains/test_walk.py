"""How a packet walks through rules and chains: jumps, returns, gotos, policies, counters."""

from conformance.vocabulary import case, ping, table, udp

MARKER = "client:9 > server:9"


def passes(client, server, *ports):
    """Packets to these ports arrive."""
    for port in ports:
        client.sends(udp(f"client:1000 > server:{port}", "x"))
        server.sees(udp(f"client:1000 > server:{port}", "x"))


def drops(client, server, *ports):
    """Packets to these ports do not arrive, while one to port 9 does."""
    for port in ports:
        client.sends(udp(f"client:1000 > server:{port}", "x"))
    client.sends(udp(MARKER, "marker"))
    server.sees(udp(MARKER, "marker"))
    for port in ports:
        server.never_saw(udp(f"client:1000 > server:{port}"))


@case("chains.first-decision-counts", topology="two-lans", cites=["CHAIN-01"])
def test_first_decision(client, server, firewall):
    """Rules are read from the top; the first that decides is the last that is read."""
    firewall.loads("""
        *filter
        -A FORWARD -p udp --dport 2 -j DROP
        -A FORWARD -p udp --dport 3 -j ACCEPT
        -A FORWARD -p udp --dport 2 -j ACCEPT
        COMMIT
    """)
    passes(client, server, 3)
    drops(client, server, 2)
    firewall.counted("filter FORWARD 1", packets=1)
    firewall.counted("filter FORWARD 3", packets=0)


@case("chains.policy", topology="two-lans", cites=["CHAIN-02", "CHAIN-25"])
def test_policy(client, server, firewall):
    """What no rule decides, the policy does, and counts it."""
    firewall.runs("iptables -P FORWARD DROP")
    firewall.runs("iptables -A FORWARD -p udp --dport 9 -j ACCEPT")
    drops(client, server, 53)
    firewall.counted("filter FORWARD policy", packets=1)


@case("chains.policy-of-return", topology="two-lans", cites=["CHAIN-08", "CHAIN-25"])
def test_return_in_built_in(client, server, firewall):
    """RETURN in a built-in chain asks the policy; later rules are not read."""
    firewall.runs("iptables -P FORWARD DROP")
    firewall.runs("iptables -A FORWARD -p udp --dport 1 -j RETURN")
    firewall.runs("iptables -A FORWARD -j ACCEPT")
    drops(client, server, 1)
    firewall.counted("filter FORWARD policy", packets=1)


USER_CHAINS = """
    *filter
    :U - [0:0]
    :V - [0:0]
    -A FORWARD -p udp --dport 9 -j ACCEPT
    -A FORWARD -p udp -j U
    -A FORWARD -p udp -m comment --comment after
    {rules}
    COMMIT
"""


@case("chains.user-chain", topology="two-lans", rows=table("""
    name              | rules                                                             | arrives | after | rest | cites
    ------------------+-------------------------------------------------------------------+---------+-------+------+---------
    end-comes-back    | -A U -m comment --comment rest                                    | True    | 1     | 1    | CHAIN-06
    return-comes-back | -A U -j RETURN ; -A U -m comment --comment rest                   | True    | 1     | 0    | CHAIN-07
    accept-ends       | -A U -j ACCEPT ; -A U -m comment --comment rest                   | True    | 0     | 0    | CHAIN-09
    drop-ends         | -A U -j DROP ; -A U -m comment --comment rest                     | False   | 0     | 0    | CHAIN-10
    last-rule-drops   | -A U -p udp --dport 99 -j ACCEPT ; -A U -m comment --comment rest ; -A U -j DROP | False | 0 | 1 | CHAIN-12
    goto-and-return   | -A U -g V ; -A U -m comment --comment rest ; -A V -j RETURN        | True    | 1     | 0    | CHAIN-13
    goto-and-end      | -A U -g V ; -A U -m comment --comment rest                        | True    | 1     | 0    | CHAIN-13
    jump-and-return   | -A U -j V ; -A U -m comment --comment rest ; -A V -j RETURN        | True    | 1     | 1    | CHAIN-07
"""))  # fmt: skip
def test_user_chain(client, server, firewall, rules, arrives, after, rest):
    """FORWARD jumps to U. What comes next: the rest of U, the rule after the jump, or nothing more."""
    firewall.loads(USER_CHAINS.format(rules=rules.replace(" ; ", "\n    ")))
    (passes if arrives else drops)(client, server, 53)
    firewall.counted("after", packets=after)
    firewall.counted("rest", packets=rest)


@case("chains.no-jump-to-built-in", topology="host", cites=["CHAIN-11"])
def test_no_jump_to_built_in(firewall):
    """A jump goes to user chains of the same table only."""
    firewall.runs("iptables -t mangle -N ELSEWHERE")
    firewall.runs("iptables -N HERE")
    firewall.refuses_rule("-A INPUT -j FORWARD")
    firewall.refuses_rule("-A INPUT -j ELSEWHERE")


@case("chains.counting-rule", topology="two-lans", cites=["CHAIN-14", "CHAIN-24"])
def test_counting_rule(client, server, firewall):
    """A rule without target counts packets and bytes (with the IP header) and the next rule is read."""
    firewall.loads("""
        *filter
        -A FORWARD -m comment --comment first
        -A FORWARD -m comment --comment second
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", size=72))
    server.sees(udp("client:1 > server:2"))
    firewall.counted("first", packets=1, bytes=100)
    firewall.counted("second", packets=1, bytes=100)


@case("chains.targets-that-go-on", topology="two-lans", needs=["mangle", "raw"], rows=table("""
    name     | table  | chain       | target
    ---------+--------+-------------+--------------------------------
    LOG      | filter | FORWARD     | LOG
    NFLOG    | filter | FORWARD     | NFLOG --nflog-group 5
    MARK     | mangle | FORWARD     | MARK --set-mark 1
    TOS      | mangle | FORWARD     | TOS --set-tos 0x10
    TTL      | mangle | FORWARD     | TTL --ttl-inc 1
    CONNMARK | mangle | FORWARD     | CONNMARK --set-mark 1
    CT       | raw    | PREROUTING  | CT --zone 1
    NOTRACK  | raw    | PREROUTING  | NOTRACK
"""), cites=["CHAIN-15"])  # fmt: skip
def test_targets_that_go_on(client, server, firewall, table, chain, target):
    """After this target the next rule of the chain is read."""
    firewall.loads(f"""
        *{table}
        -A {chain} -p udp -j {target}
        -A {chain} -p udp -m comment --comment next
        COMMIT
    """)
    passes(client, server, 53)
    firewall.counted("next", packets=1)


@case("chains.called-twice", topology="two-lans", cites=["CHAIN-16"])
def test_called_twice(client, server, firewall):
    """A chain that is called twice is read twice."""
    firewall.loads("""
        *filter
        :U - [0:0]
        -A FORWARD -p udp -j U
        -A FORWARD -p udp -j U
        -A U -m comment --comment inside
        COMMIT
    """)
    passes(client, server, 53)
    firewall.counted("inside", packets=2)


def nested(depth):
    """A chain of jumps: FORWARD to C1 to C2 ... to the last one, which drops."""
    lines = ["*filter", *[f":C{number} - [0:0]" for number in range(1, depth + 1)]]
    lines += ["-A FORWARD -p udp --dport 9 -j ACCEPT", "-A FORWARD -p udp -j C1"]
    lines += [f"-A C{number} -p udp -j C{number + 1}" for number in range(1, depth)]
    return "\n".join([*lines, f"-A C{depth} -p udp -j DROP", "COMMIT"])


@case("chains.nested", topology="two-lans", cites=["CHAIN-17"], rows={"2": {"depth": 2}, "12": {"depth": 12}})
def test_nested(client, server, firewall, depth):
    """Jumps may be nested; the verdict at the bottom holds."""
    firewall.loads(nested(depth))
    drops(client, server, 53)
    firewall.counted(f"filter C{depth} 1", packets=1)


@case("chains.nested-60", topology="two-lans", cites=["CHAIN-19"])
def test_nested_60(client, server, firewall):
    """Sixty levels are nothing for legacy; iptables-nft stops at sixteen."""
    if firewall.differs(legacy=True, nft=False, because="nf_tables allows 16 levels of jumps"):
        firewall.loads(nested(60))
        drops(client, server, 53)
        firewall.counted("filter C60 1", packets=1)
    else:
        firewall.refuses(nested(60), says="Too many links")


@case("chains.names", topology="host", cites=["CHAIN-20"])
def test_names(firewall):
    """28 letters are a name, 30 are too many, and blanks are none."""
    firewall.runs("iptables -N abcdefghijklmnopqrstuvwxyzab")
    firewall.runs("iptables -S").contains("-N abcdefghijklmnopqrstuvwxyzab")
    firewall.runs("iptables -N abcdefghijklmnopqrstuvwxyzabcd", exits=2)
    firewall.runs(["iptables", "-N", "a b"], exits=2)


@case("chains.longer-loops", topology="host", cites=["CHAIN-18"])
def test_longer_loops(firewall):
    """A loop over two chains is refused as soon as a hook could enter it."""
    firewall.loads("""
        *filter
        :L1 - [0:0]
        :L2 - [0:0]
        -A L1 -j L2
        COMMIT
    """)
    firewall.runs("iptables -A INPUT -j L1")
    status = firewall.differs(legacy=1, nft=4, because="refusals of the nft kernel interface have exit 4")
    firewall.runs("iptables -A L2 -j L1", exits=status)
    firewall.runs("iptables -S L2").lacks("-A L2")


@case("chains.unreachable-rules", topology="host", needs=["match-owner"], cites=["CHAIN-21"])
def test_unreachable(firewall):
    """Legacy does not check hooks of rules that nothing reaches; iptables-nft does."""
    firewall.refuses_rule("-A FORWARD -m owner --uid-owner 0 -j ACCEPT")
    firewall.runs("iptables -A FORWARD -j DROP")
    status = firewall.differs(legacy=0, nft=4, because="nf_tables checks every rule of a base chain")
    firewall.runs("iptables -A FORWARD -m owner --uid-owner 0 -j ACCEPT", exits=status)


@case("chains.hooks-of-user-chains", topology="host", needs=["match-owner", "nat"], cites=["CHAIN-22", "CHAIN-23"])
def test_hooks_of_user_chains(firewall):
    """What a rule may do depends on every hook that can reach its chain."""
    firewall.runs("iptables -N X")
    firewall.runs("iptables -A X -m owner --uid-owner 0 -j ACCEPT")
    firewall.runs("iptables -A OUTPUT -j X")
    firewall.refuses_rule("-A INPUT -j X")
    firewall.runs("iptables -t nat -N SUB")
    firewall.runs("iptables -t nat -A SUB -j DNAT --to-destination 192.0.2.9")
    firewall.runs("iptables -t nat -A PREROUTING -j SUB")
    firewall.refuses_rule("-A POSTROUTING -j SUB", table="nat")


@case("chains.matches-left-to-right", topology="two-lans", needs=["match-limit"], cites=["CHAIN-26"], rows=table("""
    name         | matches                                                                          | matched
    -------------+----------------------------------------------------------------------------------+--------
    limit-first  | -m limit --limit 1/hour --limit-burst 2 -m length --length 100                    | 0
    length-first | -m length --length 100 -m limit --limit 1/hour --limit-burst 2                    | 2
"""))  # fmt: skip
def test_left_to_right(client, server, firewall, matches, matched):
    """A match that comes first is asked first, and spends its tokens on packets that the next one refuses."""
    firewall.loads(f"*filter\n-A FORWARD -p udp {matches} -m comment --comment here\nCOMMIT")
    for size in (10, 10, 10, 72, 72, 72):
        client.sends(udp("client:1 > server:2", size=size))
    server.sees(udp("client:1 > server:2"), times=6)
    firewall.counted("here", packets=matched)


@case("chains.head-before-matches", topology="two-lans", needs=["match-limit"], cites=["CHAIN-27"])
def test_head_first(client, server, firewall):
    """Protocol, addresses and interfaces are looked at before any match, wherever they stand in the rule."""
    firewall.loads("""
        *filter
        -A FORWARD -m limit --limit 1/hour --limit-burst 2 -m comment --comment limited -p udp
        COMMIT
    """)
    client.sends(ping("client > server", id=1), ping("client > server", id=2), ping("client > server", id=3))
    passes(client, server, 53, 54, 55)
    firewall.counted("limited", packets=2)
