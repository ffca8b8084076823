"""conntrack(8): listing, finding, making, changing and deleting connections by hand."""

from typing import Final

from conformance.conntrack_tool.world import NEEDS, everything, named
from conformance.vocabulary import case, sctp, table, tcp, udp

TOOL: Final = "conntrack v1.4.7 (conntrack-tools): "
BARE: Final = ["conntrack", "conntrack-tool"]
ON: Final = "*filter\n-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED\nCOMMIT"
FLOW: Final = "-p udp -s 10.0.1.10 -d 10.0.2.10 --sport 1000 --dport 2000"
STATISTICS: Final = "found invalid insert insert_failed drop early_drop error search_restart clash_resolve chaintoolong"


def complained(output):
    """Standard error without the program's name and its advice."""
    return [line.removeprefix(TOOL) for line in output.err.splitlines() if not line.startswith("Try `")]


@case("conntrack-tool.list-count-statistics", topology="two-lans", needs=BARE, cites=["CTTOOL-01", "CTTOOL-02"])
def test_list(client, server, firewall):
    """-L is a line a connection, -C their number, -S the counters of each processor; the sum goes to standard error."""
    firewall.loads(ON)
    client.sends(udp("client:1000 > server:2000", "x"), tcp("client:1000 > server:2000", "SYN"))
    output = firewall.runs("conntrack -L")
    assert sorted(line.split()[0] for line in output.lines) == ["tcp", "udp"]
    assert output.err == f"{TOOL}2 flow entries have been shown.\n"
    count = firewall.runs("conntrack -C").out.strip()  # packets that wait for a neighbour hold entries that -L leaves out
    assert int(count) >= 2 and count == firewall.shows("net.netfilter.nf_conntrack_count")
    for line in firewall.runs("conntrack -S").lines:
        words = line.split()
        assert words[0].startswith("cpu=")
        assert [word.partition("=")[0] for word in words[1:]] == STATISTICS.split()
    firewall.runs("conntrack -S expect").contains("expect_new=", "expect_create=", "expect_delete=")


@case("conntrack-tool.awk", topology="two-lans", needs=BARE, cites=["CTTOOL-03", "CTTOOL-04", "CTTOOL-05"], rows=table("""
    name | packet | words
    -----+--------+---------------------------------------------------------
    tcp  | tcp    | ipv4 2 tcp 6 SYN_SENT src=10.0.1.10 dst=10.0.2.10 sport=1000
    udp  | udp    | ipv4 2 udp 17 src=10.0.1.10 dst=10.0.2.10 sport=1000 dport=2000
    icmp | ping   | ipv4 2 icmp 1 src=10.0.1.10 dst=10.0.2.10 type=8 code=0
"""))  # fmt: skip
def test_columns(client, server, firewall, packet, words):
    """In -o extended column 1 is the family, 3 the protocol, 6 the state; 7 is the source only where there is a state."""
    from conformance.vocabulary import ping

    firewall.loads(ON)
    sent = {"tcp": tcp("client:1000 > server:2000", "SYN"), "udp": udp("client:1000 > server:2000", "x"),
            "ping": ping("client > server", id=9)}  # fmt: skip
    client.sends(sent[packet])
    (line,) = firewall.runs("conntrack -L -o extended").lines
    columns = line.split()
    assert columns[4].isdigit(), "the fifth column is the timeout"
    assert columns[:4] + columns[5:9] == words.split()[:8]


@case("conntrack-tool.get", topology="two-lans", needs=NEEDS, cites=["CTTOOL-16"], rows=table("""
    name          | options                                                                                  | exit | says
    --------------+------------------------------------------------------------------------------------------+------+-----
    udp           | -p udp -s 10.0.1.10 -d 10.0.2.10 --sport 1101 --dport 9101                                | 0    | query
    tcp           | -p tcp -s 10.0.1.10 -d 10.0.2.10 --sport 1002 --dport 9002                                | 0    | open
    ipv6          | -p udp -s 2001:db8:1::10 -d 2001:db8:2::10 --sport 1301 --dport 9301                      | 0    | udp6
    icmp          | -p icmp -s 10.0.1.10 -d 10.0.2.77 --icmp-type 8 --icmp-code 0 --icmp-id 1201              | 0    | ping
    zone          | -p udp -s 10.0.1.10 -d 10.0.2.10 --sport 1401 --dport 9401 -w 7                            | 2    | Illegal option `--zone' with this command
    answer        | -p udp -s 10.0.2.10 -d 10.0.1.10 --sport 9101 --dport 1101                                | 1    | 0 flow entries have been shown.
    translated    | -p udp -s 10.0.2.10 -d 10.0.2.7 --sport 9501 --dport 1501                                 | 1    | 0 flow entries have been shown.
    gre           | -p gre -s 10.0.1.10 -d 10.0.2.10 --srckey 0 --dstkey 0                                    | 0    | gre
    missing       | -p udp -s 10.0.1.10 -d 10.0.2.10 --sport 1 --dport 9101                                   | 1    | Operation failed: such conntrack doesn't exist
    other-state   | -p tcp -s 10.0.1.10 -d 10.0.2.10 --sport 1002 --dport 9002 --state CLOSE                  | 1    | 0 flow entries have been shown.
    no-protocol   | -s 10.0.1.10 -d 10.0.2.10                                                                 | 2    | You need to supply the `--protonum' option for this command
    no-source     | -p udp -d 10.0.2.10 --sport 1101 --dport 9101                                             | 2    | you have to specify `--src' and `--dst'
    no-ports      | -p udp -s 10.0.1.10 -d 10.0.2.10                                                          | 2    | you have to specify `--sport' and `--dport'
    no-icmp-type  | -p icmp -s 10.0.1.10 -d 10.0.2.77                                                         | 2    | You need to supply the `--icmp-type' option for this command
    nothing       | ''                                                                                       | 2    | You need to supply the `--protonum' option for this command
"""))  # fmt: skip
def test_get(client, server, firewall, options, exit, says):
    """-G finds one connection by the whole tuple of its first direction; an incomplete one is refused."""
    everything(client, server, firewall)
    output = firewall.runs(f"conntrack -G {options}", exits=exit)
    if exit:
        assert complained(output) == [says]
        assert output.out == ""
    else:
        assert named(output.lines) == [says]
        assert complained(output) == ["1 flow entries have been shown."]


@case("conntrack-tool.delete", topology="two-lans", needs=NEEDS, cites=["CTTOOL-17"], rows=table("""
    name       | options                               | gone
    -----------+---------------------------------------+---------------------------------
    address    | -d 10.0.2.77                          | ping
    protocol   | -p icmp                               | ping pong
    port       | -p udp --sport 1101                   | query
    state      | -p tcp --state SYN_SENT               | syn both tcp6
    assured    | -u ASSURED                            | open closing reset
    mark       | -m 9                                  | mark9
    masked     | -m 1/1                                | mark9 mark105
    zone       | -w 7                                  | zone
    family     | -f ipv6                               | tcp6 udp6 ping6
    network    | -d 10.0.2.64/26                       | dnat ping
    source-nat | -n 10.0.2.7                           | snat
    any-nat    | -g 10.0.2.10                          | dnat
    reply      | -r 10.0.2.77                          | ping
    sources    | -n -f ipv4                            | both snat ping pong
    targets    | -g -f ipv4                            | both dnat ping pong
    nothing    | -s 10.9.9.9                           | ''
    no-mark    | -m 77                                 | ''
"""))  # fmt: skip
def test_delete(client, server, firewall, options, gone):
    """-D deletes every connection that fits, prints each, and fails if there was none."""
    everything(client, server, firewall)
    before = named(firewall.runs("conntrack -L").lines)
    wanted = gone.split()
    output = firewall.runs(f"conntrack -D {options}", exits=0 if wanted else 1)
    assert named(output.lines) == wanted
    assert complained(output) == [f"{len(wanted)} flow entries have been deleted."]
    assert named(firewall.runs("conntrack -L").lines) == [name for name in before if name not in wanted]


@case("conntrack-tool.insert", topology="two-lans", needs=BARE, cites=["CTTOOL-18"])
def test_insert(client, server, firewall):
    """-I makes a connection that packets then belong to; a second one of the same tuple is refused."""
    firewall.loads("""
        *filter
        -P FORWARD DROP
        -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
        COMMIT
    """)
    made = firewall.runs(f"conntrack -I {FLOW} -t 100 -u SEEN_REPLY,ASSURED -m 5")
    assert made.err == f"{TOOL}1 flow entries have been created.\n"
    firewall.tracks("udp client:1000 > server:2000", assured=True, mark=5)
    client.sends(udp("client:1000 > server:2000", "through"), udp("client:1001 > server:2000", "new"))
    server.sees(udp("client:1000 > server:2000", "through"))
    server.never_saw(udp("client:1001 > server:2000"))
    firewall.runs(f"conntrack -I {FLOW} -t 100", exits=1,
                  complains="Operation failed: Such conntrack exists, try -U to update")  # fmt: skip
    firewall.runs(f"conntrack -A {FLOW} -t 100")


@case("conntrack-tool.insert-incomplete", topology="host", needs=BARE, cites=["CTTOOL-18"], rows=table("""
    name        | options                                                                   | exit | says
    ------------+---------------------------------------------------------------------------+------+-----
    timeout     | -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2                          | 2    | You need to supply the `--timeout' option for this command
    protocol    | -s 1.1.1.1 -d 1.1.1.2 -t 9                                                | 2    | You need to supply the `--protonum' option for this command
    source      | -p udp -d 1.1.1.2 --sport 1 --dport 2 -t 9                                | 2    | you have to specify `--src' and `--dst'
    half-reply  | -p udp -r 1.1.1.2 --reply-port-src 1 --reply-port-dst 2 -t 9              | 2    | you have to specify `--reply-src' and `--reply-dst'
    ports       | -p udp -s 1.1.1.1 -d 1.1.1.2 -t 9                                         | 2    | you have to specify `--sport' and `--dport'
    state       | -p tcp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 9                     | 2    | You need to supply the `--state' option for this command
    icmp-code   | -p icmp -s 1.1.1.1 -d 1.1.1.2 --icmp-type 8 -t 9                          | 2    | You need to supply the `--icmp-code' option for this command
    icmp-reply  | -p icmp -s 1.1.1.1 -d 1.1.1.2 --icmp-type 8 --icmp-code 0 --icmp-id 1 -t 9 -r 1.1.1.2 -q 1.1.1.1 | 1 | Operation failed: invalid parameters
    icmp-early  | -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 1 -s 1.1.1.1 -d 1.1.1.2 -t 9 | 1    | Operation failed: invalid parameters
    icmp-error  | -p icmp -s 1.1.1.1 -d 1.1.1.2 --icmp-type 3 --icmp-code 0 --icmp-id 1 -t 9 | 1    | Operation failed: invalid parameters
    families    | -p udp -s 1.1.1.1 -d fd00::1 --sport 1 --dport 2 -t 9                     | 2    | mismatched address family
    two-zones   | -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 9 -w 1 --orig-zone 2  | 1    | Operation failed: invalid parameters
    expected    | -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 9 -u EXPECTED         | 1    | Operation failed: Device or resource busy
    reply-ports | -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 9 -r 1.1.1.2 -q 1.1.1.1 | 1  | Operation failed: invalid parameters
    mask        | -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 9 --mask-src 255.0.0.0 | 2   | Illegal option `--mask-src' with this command
"""))  # fmt: skip
def test_insert_incomplete(firewall, options, exit, says):
    """-I needs the timeout, the protocol and one whole tuple; what is missing is named, and nothing is made."""
    firewall.loads(ON)
    assert complained(firewall.runs(f"conntrack -I {options}", exits=exit)) == [says]
    firewall.runs("conntrack -C").prints("0")


@case("conntrack-tool.insert-translated", topology="two-lans", needs=[*BARE, "nat"], cites=["CTTOOL-18"], rows=table("""
    name     | option           | reply
    ---------+------------------+---------------------------
    source   | -n 10.0.2.7      | server:2000 > 10.0.2.7:1000
    port     | -n 10.0.2.7:1055 | server:2000 > 10.0.2.7:1055
    both     | -n 10.0.2.7:1055 -g 10.0.2.10:2001 | server:2001 > 10.0.2.7:1055
"""))  # fmt: skip
def test_insert_translated(client, server, firewall, option, reply):
    """-I -n and -g make a connection that is translated: packets of it leave with the other address."""
    firewall.loads("*nat\n-A POSTROUTING -p udp --dport 9 -j ACCEPT\nCOMMIT\n" + ON)
    firewall.runs(f"conntrack -I {FLOW} -t 100 {option}")
    firewall.tracks("udp client:1000 > server:2000", reply=reply)
    answered, asked = reply.split(" > ")
    client.sends(udp("client:1000 > server:2000", "x"))
    server.sees(udp(f"{asked} > {answered}", "x"))


@case("conntrack-tool.update", topology="two-lans", needs=BARE, cites=["CTTOOL-19"], rows=table("""
    name      | options           | fields
    ----------+-------------------+--------------------------
    timeout   | -t 500            | {"timeout": 500}
    mark      | -m 9              | {"mark": 9}
    masked    | -m 0xf0/0xf0      | {"mark": 240}
    both      | -t 500 -m 9       | {"timeout": 500, "mark": 9}
    assured   | -u ASSURED        | {"assured": True, "mark": 0}
    status-first | -u ASSURED -m 8 | {"assured": True, "mark": 8}
"""))  # fmt: skip
def test_update(client, firewall, options, fields):
    """-U changes what is asked for and prints the connection as it is then."""
    import ast

    firewall.loads(ON)
    client.sends(udp("client:1000 > server:2000", "x"))
    output = firewall.runs(f"conntrack -U -p udp -s 10.0.1.10 {options}")
    assert output.err == f"{TOOL}1 flow entries have been updated.\n"
    (line,) = output.lines
    assert line.startswith("udp      17 ")
    firewall.tracks("udp client:1000 > server:2000", **ast.literal_eval(fields))


@case("conntrack-tool.update-nothing", topology="two-lans", needs=BARE, cites=["CTTOOL-19"])
def test_update_nothing(client, firewall):
    """An update that fits nothing, or would change nothing, fails; one of timeout 0 deletes."""
    firewall.loads(ON)
    client.sends(udp("client:1000 > server:2000", "x"))
    none = f"{TOOL}0 flow entries have been updated.\n"
    assert firewall.runs("conntrack -U -s 10.9.9.9 -m 5", exits=1).err == none
    assert firewall.runs("conntrack -U -s 10.0.1.10 -m 0", exits=1).err == none
    firewall.runs("conntrack -U -p udp -s 10.0.1.10 -u FIXED_TIMEOUT")
    refused = firewall.runs("conntrack -U -s 10.0.1.10 -t 500")
    assert refused.err.startswith("Operation failed: sorry, you must be root")
    firewall.runs("conntrack -U -m 5", exits=1, complains="Operation failed: Operation not supported")
    client.sends(udp("client:1001 > server:2000", "x"))
    firewall.runs("conntrack -U -p udp -s 10.0.1.10 --sport 1001 -t 0", exits=1)
    firewall.does_not_track("udp client:1001 > server:2000")


@case("conntrack-tool.flush", topology="two-lans", needs=NEEDS, cites=["CTTOOL-20"], rows=table("""
    name     | options
    ---------+--------
    plain    | ''
    table    | conntrack
    family   | -f ipv6
"""))  # fmt: skip
def test_flush(client, server, firewall, options):
    """-F empties the table, of both families whatever -f says, and tells so on standard error."""
    everything(client, server, firewall)
    output = firewall.runs(f"conntrack -F {options}")
    assert (output.out, output.err) == ("", f"{TOOL}connection tracking table has been emptied.\n")
    firewall.tracks_nothing()


@case("conntrack-tool.zero", topology="two-lans", needs=[*BARE, "accounting"], cites=["CTTOOL-21"])
def test_zero(client, firewall):
    """-L -z prints the counters and sets them to zero; with a filter it is refused and zeroes nothing."""
    firewall.sets("net.netfilter.nf_conntrack_acct", 1)
    firewall.loads(ON)
    client.sends(udp("client:1000 > server:2000", "x"), udp("client:1000 > server:2000", "y"))
    firewall.runs("conntrack -L -z -p udp", exits=2, complains="Can't use -z with filtering parameters")
    firewall.runs("conntrack -D -z", exits=2, complains="Illegal option `--zero' with this command")
    firewall.runs("conntrack -L -z").contains("packets=2 bytes=58 ")
    firewall.runs("conntrack -L").contains("packets=0 bytes=0 ")
    client.sends(udp("client:1000 > server:2000", "z"))
    firewall.runs("conntrack -L").contains("packets=1 bytes=29 ")


@case("conntrack-tool.protocols", topology="two-lans", needs=BARE, cites=["CTTOOL-29"], rows=table("""
    name    | options                                                                            | line
    --------+------------------------------------------------------------------------------------+------
    sctp    | -p sctp --sport 5 --dport 6 --state ESTABLISHED --orig-vtag 7 --reply-vtag 8       | sctp 132 ESTABLISHED sport=5 dport=6
    gre     | -p gre --srckey 0x5 --dstkey 6                                                     | gre 47 srckey=0x5 dstkey=0x6
    dccp    | -p dccp --sport 5 --dport 6 --state OPEN --role client                              | dccp 33 sport=0 dport=0
    udplite | -p udplite --sport 5 --dport 6                                                     | udplite 136 sport=5 dport=6
    icmp    | -p icmp --icmp-type 13 --icmp-code 0 --icmp-id 7                                    | icmp 1 type=13 code=0 id=7
    tcp     | -p tcp --sport 5 --dport 6 --state LISTEN                                          | tcp 6 SYN_SENT2 sport=5 dport=6
    other   | -p ospf                                                                            | unknown 89
"""))  # fmt: skip
def test_protocols(firewall, options, line):
    """Each protocol has options of its own; what was put in is listed."""
    firewall.loads(ON)
    firewall.runs(f"conntrack -I -s 10.0.1.10 -d 10.0.2.10 -t 100 {options}")
    (shown,) = firewall.runs("conntrack -L").lines
    words = [word for word in shown.split() if not word.startswith(("src=", "dst=")) and not word.isdigit()]
    first, _, _ = " ".join(words).partition(" [UNREPLIED]")
    assert [first.split()[0], *first.split()[1:]] == [word for word in line.split() if not word.isdigit()]


@case("conntrack-tool.sctp-goes-on", topology="two-lans", needs=BARE, cites=["CTTOOL-29"])
def test_sctp_goes_on(client, server, firewall):
    """An association made by hand is one: a chunk with the right tag belongs to it, one with a wrong tag does not. The
    tool writes and reads the four bytes of a tag the other way round: 117440512 is tag 7."""
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT")
    firewall.runs("conntrack -I -p sctp -s 10.0.1.10 -d 10.0.2.10 --sport 5 --dport 6 --state ESTABLISHED "
                  "--orig-vtag 117440512 --reply-vtag 134217728 -t 100 -u SEEN_REPLY,ASSURED")  # fmt: skip
    firewall.runs("conntrack -L -o save").contains("--orig-vtag 117440512 --reply-vtag 134217728")
    client.sends(sctp("client:5 > server:6", "DATA", vtag=8), sctp("client:5 > server:6", "DATA", vtag=7))
    server.sees(sctp("client:5 > server:6", "DATA", vtag=7))
    server.never_saw(sctp("client:5 > server:6", "DATA", vtag=8))


@case("conntrack-tool.sctp-tags", topology="two-lans", needs=BARE, cites=["CTTOOL-29"])
def test_sctp_tags(client, firewall):
    """The tag that an INIT asks for is the one that answers must carry."""
    firewall.loads(ON)
    client.sends(sctp("client:5 > server:6", "INIT", init_tag=7))
    firewall.runs("conntrack -L -o save").contains("--state CLOSED --orig-vtag 0 --reply-vtag 117440512")


@case("conntrack-tool.load-file", topology="host", needs=BARE, cites=["CTTOOL-18", "CTTOOL-17"])
def test_load_file(firewall):
    """-R carries out commands from a file, and what -o save prints is such a file."""
    firewall.loads(ON)
    lines = [f"-A {FLOW} -t 100", "# a comment", "", "-A -p tcp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 100 --state CLOSE"]
    firewall.runs("conntrack -R -", stdin="\n".join(lines) + "\n")
    saved = firewall.runs("conntrack -L -o save")
    assert len(saved.lines) == 2
    firewall.runs("conntrack -F")
    firewall.runs("conntrack -R -", stdin=saved.out)
    again = firewall.runs("conntrack -L -o save")
    seconds = lambda text: sorted(line.split("-u")[1] for line in text.lines)  # noqa: E731
    assert seconds(again) == seconds(saved)
    firewall.runs("conntrack -R -", stdin="-L\n", exits=2, complains="Cannot use command `-L' with --load-file")
    firewall.runs("conntrack -R /nonexistent", exits=2, complains="Failed to open file /nonexistent for reading")
