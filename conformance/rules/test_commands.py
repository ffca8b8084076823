"""The commands of iptables: what each does to the rules, and what it says when it refuses.

Every row is one state of the filter table, one command and what must come of it. The words that both tools print are
asked for; where they differ, the row is a scenario of its own below.
"""

from conformance.vocabulary import case, ip, table, udp

START = """
    *filter
    :INPUT ACCEPT [0:0]
    :FORWARD ACCEPT [0:0]
    :OUTPUT ACCEPT [0:0]
    :U1 - [0:0]
    :U2 - [0:0]
    -A INPUT -s 1.1.1.1/32 -j ACCEPT
    -A INPUT -s 2.2.2.2/32 -j DROP
    -A INPUT -s 3.3.3.3/32 -j U1
    -A U2 -j DROP
    COMMIT
"""


def rules_of(firewall, chain="INPUT"):
    """The rules of a chain as -S prints them, without the chain's own line."""
    return [line for line in firewall.runs(f"iptables -S {chain}").lines if line.startswith("-A")]


@case("rules.order", topology="host", cites=["CLI-01", "CLI-02", "CLI-04", "CLI-06", "CLI-07"], rows=table("""
    name              | command                                  | sources
    ------------------+------------------------------------------+------------------
    append            | -A INPUT -s 9.9.9.9 -j ACCEPT            | 1 2 3 9
    append-twice      | -A INPUT -s 1.1.1.1 -j ACCEPT            | 1 2 3 1
    insert-at-head    | -I INPUT -s 9.9.9.9 -j ACCEPT            | 9 1 2 3
    insert-at-3       | -I INPUT 3 -s 9.9.9.9 -j ACCEPT          | 1 2 9 3
    insert-behind-all | -I INPUT 4 -s 9.9.9.9 -j ACCEPT          | 1 2 3 9
    delete-by-spec    | -D INPUT -s 2.2.2.2 -j DROP              | 1 3
    delete-by-number  | -D INPUT 1                               | 2 3
    replace           | -R INPUT 2 -s 9.9.9.9 -j DROP            | 1 9 3
    long-options      | --append INPUT --source 9.9.9.9 --jump ACCEPT | 1 2 3 9
"""))  # fmt: skip
def test_order(firewall, command, sources):
    """Rules stand where the command says, the others keep their order."""
    firewall.loads(START)
    firewall.runs(f"iptables {command}")
    wanted = [str(number) for number in str(sources).split()]
    assert [line.split("-s ")[1][0] for line in rules_of(firewall)] == wanted


@case("rules.delete-first-of-equals", topology="host", cites=["CLI-04"])
def test_delete_takes_one(firewall):
    """Of two equal rules, -D takes the first and leaves the second."""
    firewall.loads(START)
    firewall.runs("iptables -A INPUT -s 1.1.1.1 -j ACCEPT")
    firewall.runs("iptables -D INPUT -s 1.1.1.1 -j ACCEPT")
    assert [line.split("-s ")[1][0] for line in rules_of(firewall)] == ["2", "3", "1"]


@case("rules.refused", topology="host", rows=table("""
    name                 | command                                     | exit | says                                       | cites
    ---------------------+---------------------------------------------+------+--------------------------------------------+-------
    insert-too-far       | -I INPUT 9 -j ACCEPT                        | 1    | Index of insertion too big                 | CLI-03
    insert-at-0          | -I INPUT 0 -j ACCEPT                        | 2    | Invalid rule number                        | CLI-03
    delete-other-spec    | -D INPUT -s 1.1.1.9 -j ACCEPT               | 1    | does a matching rule exist in that chain?  | CLI-05
    delete-too-far       | -D INPUT 9                                  | 1    | Index of deletion too big                  | CLI-06
    delete-0             | -D INPUT 0                                  | 2    | Invalid rule number                        | CLI-06
    replace-too-far      | -R INPUT 9 -j ACCEPT                        | 1    | Index of replacement too big               | CLI-07
    replace-by-several   | -R INPUT 1 -s 4.4.4.4,5.5.5.5 -j ACCEPT     | 2    | does not specify a unique address          | CLI-08
    check-missing        | -C INPUT -s 8.8.8.8 -j ACCEPT               | 1    |                                            | CLI-09
    numeric-with-append  | -A INPUT -n -j ACCEPT                       | 2    | Illegal option `-n' with this command      | CLI-12
    numbers-with-append  | -A INPUT --line-numbers -j ACCEPT           | 2    | with this command                          | CLI-15
    new-existing         | -N U1                                       | 1    | Chain already exists                       | CLI-22
    new-built-in         | -N INPUT                                    | 1    | Chain already exists                       | CLI-22
    rename-to-existing   | -E U2 U1                                    | 1    | File exists                                | CLI-31
    rename-missing       | -E NOPE U4                                  | 1    |                                            | CLI-31
    bad-address          | -A INPUT -s 1.2.3.999 -j ACCEPT             | 2    | 1.2.3.999                                  | CLI-37
    bad-mask             | -A INPUT -s 1.2.3.4/33 -j ACCEPT            | 2    | 33                                         | CLI-37
    bang-behind-option   | -A INPUT -s ! 1.2.3.4 -j ACCEPT             | 2    | Bad argument                               | CLI-38
    unknown-protocol     | -A INPUT -p nosuch                          | 2    | nosuch                                     | CLI-39
    protocol-256         | -A INPUT -p 256                             | 2    | '256'                                      | CLI-39
    dport-without-proto  | -A INPUT --dport 80 -j DROP                 | 2    | unknown option "--dport"                   | CLI-41
    in-with-output       | -A OUTPUT -i net -j DROP                    | 2    | Can't use -i with OUTPUT                   | CLI-42
    out-with-input       | -A INPUT -o net -j DROP                     | 2    | Can't use -o with INPUT                    | CLI-42
    long-interface       | -A INPUT -i verylonginterfacename -j DROP   | 2    | verylonginterfacename                      | CLI-43
    two-commands         | -A INPUT -D INPUT                           | 2    | Cannot use -D with -A                      | CLI-44
    lower-case-target    | -A INPUT -j drop                            | 2    | drop                                       | CLI-46
    number-with-append   | -A OUTPUT 1 -m state --state ESTABLISHED -j ACCEPT | 2 | Bad argument                            | CLI-47
    six-with-iptables    | -A INPUT -6 -j ACCEPT                       | 2    |                                            | CLI-48
    unknown-target       | -A INPUT -j NOTARGET                        | 2    | NOTARGET                                   | CLI-50
    unknown-match        | -A INPUT -m nosuchmatch                     | 2    | nosuchmatch                                | CLI-50
    unknown-table        | -t nope -L                                  | 3    | nope                                       | CLI-51
    missing-chain        | -A NOCHAIN -j ACCEPT                        | 1    | No chain/target/match by that name         | CLI-54
    policy-of-user-chain | -P U1 DROP                                  | 1    | Bad built-in chain name                    | CHAIN-05
    bad-policy           | -P INPUT REJECT                             | 1    | Bad policy name                            | CHAIN-04
    29-letters           | -N abcdefghijklmnopqrstuvwxyzabc            | 2    | abcdefghijklmnopqrstuvwxyzabc              | CHAIN-20
    name-with-hyphen     | -N -x                                       | 2    |                                            | CHAIN-20
    name-of-a-target     | -N ACCEPT                                   | 2    | chain name may not clash with target name  | CHAIN-20
"""))  # fmt: skip
def test_refused(firewall, command, exit, says):
    """The command is refused with this exit status and these words, and no rule has changed."""
    firewall.loads(START)
    before = firewall.saved(table="filter")
    firewall.runs(f"iptables {command}", exits=exit, complains=says or "")
    assert firewall.saved(table="filter") == before


@case("rules.refused-by-the-kernel", topology="host", rows=table("""
    name               | command      | legacy | legacy_says             | nft | nft_says                | cites
    -------------------+--------------+--------+-------------------------+-----+-------------------------+-------
    delete-referenced  | -X U1        | 1      | Too many links          | 4   | Device or resource busy | CLI-25
    delete-not-empty   | -X U2        | 1      | Directory not empty     | 4   | Device or resource busy | CLI-26
    loop               | -A U1 -j U1  | 1      | Too many levels of symbolic links | 4 | Too many links  | CHAIN-18
"""))  # fmt: skip
def test_refused_by_the_kernel(firewall, command, legacy, legacy_says, nft, nft_says):
    """The words are right, the rules do not allow it: legacy exits with 1, nft with 4."""
    firewall.loads(START)
    status, says = firewall.differs(
        legacy=(legacy, legacy_says), nft=(nft, nft_says), because="refusals of the nft kernel interface have exit 4")
    firewall.runs(f"iptables {command}", exits=status, complains=says)


@case("rules.zero-too-far", topology="host", cites=["CLI-20"])
def test_zero_too_far(firewall):
    """There is no rule 99 to be set to zero; iptables-nft does not notice."""
    firewall.loads(START)
    status = firewall.differs(legacy=1, nft=0, because="iptables-nft 1.8.9 does not check the number")
    firewall.runs("iptables -Z INPUT 99", exits=status, complains="Index of counter too big" if status else "")


@case("rules.goto-a-target", topology="host", cites=["CLI-55"])
def test_goto_a_target(firewall):
    """-g goes to chains only."""
    firewall.loads(START)
    says = firewall.differs(legacy="goto 'ACCEPT' is not a chain", nft="Chain 'ACCEPT' does not exist",
                            because="each tool has its own words")  # fmt: skip
    firewall.runs("iptables -A INPUT -g ACCEPT", exits=2, complains=says)


@case("rules.holes-in-a-mask", topology="two-lans", cites=["CLI-35"])
def test_holes_in_a_mask(client, server, firewall):
    """A mask with holes is compared bit by bit: the third octet may be anything."""
    firewall.loads("""
        *filter
        -A FORWARD -s 10.0.0.10/255.255.0.255 -m comment --comment holes
        -A FORWARD -s 10.0.0.11/255.255.0.255 -m comment --comment other
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "x"))
    server.sees(udp("client:1 > server:2", "x"))
    firewall.counted("holes", packets=1)
    firewall.counted("other", packets=0)


@case("rules.all-protocols", topology="two-lans", cites=["CLI-40"], rows={
    "ospf": {"number": 89}, "gre": {"number": 47}, "unassigned": {"number": 253}})
def test_all_protocols(client, server, firewall, number):
    """-p all is every protocol, not only TCP, UDP and ICMP."""
    firewall.loads("""
        *filter
        -A FORWARD -p all -m comment --comment all
        COMMIT
    """)
    client.sends(ip("client > server", number, b"12345678"))
    server.sees(ip("client > server", number))
    firewall.counted("all", packets=1)


@case("rules.check", topology="host", cites=["CLI-09"])
def test_check(firewall):
    """-C says by its exit status whether a rule exists and changes nothing."""
    firewall.loads(START)
    before = firewall.saved(table="filter")
    firewall.runs("iptables -C INPUT -s 1.1.1.1 -j ACCEPT", exits=0)
    firewall.runs("iptables -C INPUT -s 1.1.1.1 -j DROP", exits=1)
    assert firewall.saved(table="filter") == before


@case("rules.replace-resets-counters", topology="host", cites=["CLI-07"])
def test_replace_resets_counters(firewall):
    """A rule that takes another's place starts at zero."""
    firewall.loads(START)
    firewall.runs("iptables -R INPUT 1 -c 5 500 -s 4.4.4.4 -j ACCEPT")
    firewall.counted("filter INPUT 1", packets=5, bytes=500)
    firewall.runs("iptables -R INPUT 1 -s 4.4.4.4 -j ACCEPT")
    firewall.counted("filter INPUT 1", packets=0, bytes=0)


@case("rules.list.header", topology="host", cites=["CLI-10", "CLI-11"])
def test_list_header(firewall):
    """-nL: each chain with policy or references, then the columns; protocols as numbers under -n."""
    firewall.loads(START)
    firewall.runs("iptables -A INPUT -p tcp -s 5.5.5.5 -j DROP")
    listing = firewall.runs("iptables -nL")
    listing.contains("Chain INPUT (policy ACCEPT)", "Chain U1 (1 references)", "Chain U2 (0 references)")
    assert listing.lines[1].split() == ["target", "prot", "opt", "source", "destination"]
    assert listing.lines[2].split() == ["ACCEPT", "0", "--", "1.1.1.1", "0.0.0.0/0"]
    assert listing.lines[5].split() == ["DROP", "6", "--", "5.5.5.5", "0.0.0.0/0"]
    named = firewall.runs("iptables -L INPUT")
    assert named.lines[5].split()[:3] == ["DROP", "tcp", "--"]
    assert named.lines[2].split()[:3] == ["ACCEPT", "all", "--"]


@case("rules.list.verbose", topology="host", cites=["CLI-13", "CLI-16", "CLI-49"])
def test_list_verbose(firewall):
    """-v adds packets, bytes and interfaces; big numbers are cut to K, M, G unless -x asks for all of them."""
    firewall.runs("iptables -P INPUT DROP")
    firewall.runs("iptables -A INPUT -c 1234567 123456789012 -j ACCEPT")
    firewall.runs("iptables -A INPUT -c 5 500 -i net -j ACCEPT")
    short = firewall.runs("iptables -nvL INPUT")
    short.contains("Chain INPUT (policy DROP 0 packets, 0 bytes)")
    assert short.lines[1].split() == ["pkts", "bytes", "target", "prot", "opt", "in", "out", "source", "destination"]
    assert short.lines[2].split()[:7] == ["1235K", "123G", "ACCEPT", "0", "--", "*", "*"]
    assert short.lines[3].split()[:7] == ["5", "500", "ACCEPT", "0", "--", "net", "*"]
    firewall.runs("iptables -nvxL INPUT").contains("1234567 123456789012 ACCEPT")


@case("rules.list.line-numbers", topology="host", cites=["CLI-15"], rows={
    "full": {"option": "--line-numbers"}, "short": {"option": "--line-number"}, "shorter": {"option": "--line"}})
def test_line_numbers(firewall, option):
    """Rules are numbered from 1, also when the option is abbreviated."""
    firewall.loads(START)
    listing = firewall.runs(f"iptables -nL INPUT {option}")
    assert listing.lines[1].split()[0] == "num"
    assert [line.split()[0] for line in listing.lines[2:]] == ["1", "2", "3"]


@case("rules.append-verbose", topology="host", cites=["CLI-14"])
def test_append_verbose(firewall):
    """-v with -A prints the rule as it was understood."""
    said = firewall.runs("iptables -v -A INPUT -p tcp --dport 80 -j DROP")
    assert said.out.split() == ["DROP", "tcp", "opt", "--", "in", "*", "out", "*", "0.0.0.0/0", "->", "0.0.0.0/0", "tcp", "dpt:80"]


@case("rules.list-as-commands", topology="host", cites=["CLI-17", "CLI-18"])
def test_list_as_commands(firewall):
    """-S prints policies, user chains and rules as commands; for one chain, or one rule of it, only those."""
    firewall.loads(START)
    every = firewall.runs("iptables -S").lines
    assert every[:5] == ["-P INPUT ACCEPT", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT", "-N U1", "-N U2"]
    assert every[5] == "-A INPUT -s 1.1.1.1/32 -j ACCEPT"
    assert firewall.runs("iptables -S INPUT 2").lines == ["-A INPUT -s 2.2.2.2/32 -j DROP"]
    assert firewall.runs("iptables -S U2").lines == ["-N U2", "-A U2 -j DROP"]


@case("rules.user-chains-sorted", topology="host", cites=["CLI-18"])
def test_user_chains_sorted(firewall):
    """User chains are listed by name, whatever the order in which they were made."""
    for name in ("Zeta", "A5", "A2"):
        firewall.runs(f"iptables -N {name}")
    chains = [line.split()[1] for line in firewall.runs("iptables -nL").lines if line.startswith("Chain")]
    assert chains[3:] == ["A2", "A5", "Zeta"]


@case("rules.flush", topology="host", cites=["CLI-19", "CLI-33"])
def test_flush(firewall):
    """-F takes the rules of one chain or of all; policies stay."""
    firewall.loads(START)
    firewall.runs("iptables -P INPUT DROP")
    firewall.runs("iptables -F U2")
    assert rules_of(firewall, "U2") == []
    assert len(rules_of(firewall)) == 3
    firewall.runs("iptables -F")
    assert firewall.runs("iptables -S INPUT").lines == ["-P INPUT DROP"]


@case("rules.zero", topology="host", cites=["CLI-20", "CLI-21"], rows=table("""
    name  | command    | first | second | other
    ------+------------+-------+--------+------
    all   | -Z         | 0     | 0      | 0
    chain | -Z INPUT   | 0     | 0      | 3
    rule  | -Z INPUT 1 | 0     | 2      | 3
"""))  # fmt: skip
def test_zero(firewall, command, first, second, other):
    """-Z sets counters to zero: of everything, of a chain, of a rule."""
    for number, chain in ((1, "INPUT"), (2, "INPUT"), (3, "FORWARD")):
        firewall.runs(f"iptables -A {chain} -c {number} {number}00 -s 10.0.0.{number} -j ACCEPT")
    firewall.runs(f"iptables {command}")
    firewall.counted("filter INPUT 1", packets=first)
    firewall.counted("filter INPUT 2", packets=second)
    firewall.counted("filter FORWARD 1", packets=other)


@case("rules.list-and-zero", topology="host", cites=["CLI-21"])
def test_list_and_zero(firewall):
    """-L -Z shows the counters as they were and leaves zeros."""
    firewall.runs("iptables -A FORWARD -c 7 700 -j ACCEPT")
    firewall.runs("iptables -L FORWARD -nv -Z").contains("7   700 ACCEPT")
    firewall.counted("filter FORWARD 1", packets=0, bytes=0)


@case("rules.chains", topology="host", cites=["CLI-22", "CLI-23", "CLI-24", "CLI-27", "CLI-30"])
def test_chains(firewall):
    """-N makes a chain in one table only, -E renames it and every jump to it, -X takes it, or all of them."""
    firewall.runs("iptables -t nat -N BT")
    firewall.runs("iptables -t nat -S").contains("-N BT")
    firewall.runs("iptables -S").lacks("BT")
    firewall.runs("iptables -N A2")
    firewall.runs("iptables -A INPUT -j A2")
    firewall.runs("iptables -E A2 A9")
    assert rules_of(firewall) == ["-A INPUT -j A9"]
    firewall.runs("iptables -N spare")
    firewall.runs("iptables -X spare")
    firewall.runs("iptables -S").lacks("spare")
    firewall.runs("iptables -F")
    firewall.runs("iptables -N another")
    firewall.runs("iptables -X")
    firewall.runs("iptables -S").lacks("-N")


@case("rules.delete-all-chains-or-none", topology="host", cites=["CLI-28"])
def test_delete_all_or_none(firewall):
    """-X without a name deletes nothing if one of the chains has rules."""
    firewall.runs("iptables -N Z1")
    firewall.runs("iptables -N Z2")
    firewall.runs("iptables -A Z1 -j DROP")
    firewall.runs("iptables -X", exits=firewall.differs(legacy=1, nft=4, because="kernel refusals have exit 4"))
    firewall.runs("iptables -S").contains("-N Z1", "-N Z2")


@case("rules.delete-built-in-chain", topology="host", cites=["CLI-29"])
def test_delete_built_in(firewall):
    """A built-in chain cannot be deleted while legacy rules; nft deletes the empty one and makes it again when needed."""
    firewall.loads(START)
    firewall.runs("iptables -X INPUT", exits=firewall.differs(legacy=1, nft=4, because="kernel refusals have exit 4"))
    firewall.runs("iptables -S INPUT").contains("-P INPUT ACCEPT")


@case("rules.rename-built-in-chain", topology="host", cites=["CLI-32"], fresh=True)
def test_rename_built_in(firewall):
    """A built-in chain keeps its name. iptables-nft 1.8.9 renames it and breaks the table."""
    firewall.loads(START)
    firewall.runs("iptables -E INPUT A3", exits=firewall.differs(
        legacy=1, nft=0, because="iptables-nft 1.8.9 really renames the base chain"))


@case("rules.addresses", topology="host", cites=["CLI-34"], rows=table("""
    name       | address                    | saved
    -----------+----------------------------+------------------
    single     | 192.168.1.1                | 192.168.1.1/32
    prefix     | 192.168.1.0/24             | 192.168.1.0/24
    dotted     | 192.168.1.0/255.255.255.0  | 192.168.1.0/24
    host-bits  | 192.168.1.77/24            | 192.168.1.0/24
    holes      | 10.0.0.2/255.255.0.255     | 10.0.0.2/255.255.0.255
"""))  # fmt: skip
def test_addresses(firewall, address, saved):
    """Every way to write an address and mask, and how it is shown."""
    firewall.runs(f"iptables -A INPUT -s {address} -j ACCEPT")
    assert rules_of(firewall) == [f"-A INPUT -s {saved} -j ACCEPT"]


@case("rules.negation-first", topology="host", cites=["CLI-38"])
def test_negation(firewall):
    """The exclamation mark stands before the option."""
    firewall.runs(["iptables", "-A", "INPUT", "!", "-s", "1.2.3.4/24", "-j", "DROP"])
    assert rules_of(firewall) == ["-A INPUT ! -s 1.2.3.0/24 -j DROP"]


@case("rules.address-lists", topology="host", cites=["CLI-36"])
def test_address_lists(firewall):
    """Two lists of two addresses make four rules."""
    firewall.runs("iptables -A INPUT -s 6.6.6.6,7.7.7.7 -d 8.8.8.8,9.9.9.9 -j DROP")
    pairs = {tuple(line.split()[index] for index in (3, 5)) for line in rules_of(firewall)}
    assert pairs == {(f"{s}/32", f"{d}/32") for s in ("6.6.6.6", "7.7.7.7") for d in ("8.8.8.8", "9.9.9.9")}


@case("rules.protocols", topology="host", cites=["CLI-39"], rows=table("""
    name   | given | saved
    -------+-------+------
    name   | tcp   | ' -p tcp'
    number | 89    | ' -p ospf'
    ospf   | ospf  | ' -p ospf'
    all    | all   | ''
    zero   | 0     | ''
"""))  # fmt: skip
def test_protocols(firewall, given, saved):
    """-p takes names and numbers; all and 0 ask nothing."""
    firewall.runs(f"iptables -A INPUT -p {given} -j ACCEPT")
    assert rules_of(firewall) == [f"-A INPUT{saved} -j ACCEPT"]


@case("rules.abbreviations", topology="host", needs=["nat"], cites=["CLI-45"])
def test_abbreviations(firewall):
    """A long option may be cut as long as it stays the only one that begins so."""
    firewall.runs("iptables -t nat -A POSTROUTING -j SNAT --to 192.0.2.7")
    firewall.runs("iptables -t nat -S POSTROUTING").contains("-j SNAT --to-source 192.0.2.7")


@case("rules.four", topology="host", cites=["CLI-48"])
def test_four(firewall):
    """iptables takes -4 and means nothing by it."""
    firewall.runs("iptables -A INPUT -4 -s 1.1.1.1 -j ACCEPT")
    assert rules_of(firewall) == ["-A INPUT -s 1.1.1.1/32 -j ACCEPT"]


@case("rules.help", topology="host", cites=["CLI-56"], rows=table("""
    name   | command          | says
    -------+------------------+---------
    match  | -m multiport -h  | --dports
    target | -j LOG -h        | --log-prefix
"""))  # fmt: skip
def test_help(firewall, command, says):
    """-h after -m or -j explains that extension's options."""
    firewall.runs(f"iptables {command}").contains(says)


@case("rules.others-keep-counters", topology="host", cites=["CLI-57"])
def test_others_keep_counters(firewall):
    """A rule put in front leaves the counters of the others as they were."""
    firewall.runs("iptables -A FORWARD -c 7 700 -s 1.1.1.1 -j ACCEPT")
    firewall.runs("iptables -I FORWARD 1 -s 2.2.2.2 -j ACCEPT")
    firewall.counted("filter FORWARD 2", packets=7, bytes=700)
