"""The connection table: its lines, its counters, its limits and what it tells listeners."""

from conformance.comparing import differences
from conformance.vocabulary import case, ip, ping, table, tcp, udp

QUERY = "client:40000 > server:53"
ON = "*filter\n-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED\nCOMMIT"
FULL = "nf_conntrack: nf_conntrack: table full in netns"


@case("table.line", topology="two-lans", needs=["conntrack"], cites=["CTTABLE-01"], rows={
    "udp": {"packet": udp(QUERY, "x"),
            "line": "ipv4     2 udp      17 30 src=10.0.1.10 dst=10.0.2.10 sport=40000 dport=53 [UNREPLIED] "
                    "src=10.0.2.10 dst=10.0.1.10 sport=53 dport=40000 mark=0 zone=0 use=2"},
    "tcp": {"packet": tcp(QUERY, "SYN"),
            "line": "ipv4     2 tcp      6 120 SYN_SENT src=10.0.1.10 dst=10.0.2.10 sport=40000 dport=53 [UNREPLIED] "
                    "src=10.0.2.10 dst=10.0.1.10 sport=53 dport=40000 mark=0 zone=0 use=2"},
    "icmp": {"packet": ping("client > 10.0.2.77", id=9),
             "line": "ipv4     2 icmp     1 30 src=10.0.1.10 dst=10.0.2.77 type=8 code=0 id=9 [UNREPLIED] "
                     "src=10.0.2.77 dst=10.0.1.10 type=0 code=0 id=9 mark=0 zone=0 use=2"},
    "other": {"packet": ip("client > server", 89, b"12345678"),
              "line": "ipv4     2 unknown  89 600 src=10.0.1.10 dst=10.0.2.10 [UNREPLIED] src=10.0.2.10 dst=10.0.1.10 "
                      "mark=0 zone=0 use=2"}})  # fmt: skip
def test_line(client, server, firewall, packet, line):
    """One connection is one line: names and numbers of both layers, seconds left, state, both tuples, mark, zone."""
    firewall.loads(ON)
    server.claims("10.0.2.77")
    client.sends(packet)
    assert differences(firewall.scene, [line], [str(entry) for entry in firewall.connections()]) == []


@case("table.line-assured", topology="two-lans", needs=["conntrack"], cites=["CTTABLE-01"])
def test_line_of_open_connection(client, firewall):
    """[UNREPLIED] goes with the first answer, [ASSURED] comes when both ends have agreed."""
    firewall.loads(ON)
    client.connects("client:40000 > server:99")
    entry = firewall.tracks("tcp client:40000 > server:99", state="ESTABLISHED", assured=True)
    words = str(entry).split()
    assert words[:4] == ["ipv4", "2", "tcp", "6"]
    assert " ".join(words[5:]) == (
        "ESTABLISHED src=10.0.1.10 dst=10.0.2.10 sport=40000 dport=99 src=10.0.2.10 dst=10.0.1.10 sport=99 dport=40000 "
        "[ASSURED] mark=0 zone=0 use=2"
    )


@case("table.accounting", topology="two-lans", needs=["conntrack", "accounting"], cites=["CTTABLE-02"])
def test_accounting(client, server, firewall):
    """Packets and bytes of each direction, IP headers included, of connections that begin while counting is on."""
    firewall.loads(ON)
    client.sends(udp("client:1 > server:2", "before"))
    firewall.sets("net.netfilter.nf_conntrack_acct", 1)
    client.sends(udp(QUERY, "x"))
    server.answers(server.sees(udp(QUERY, "x")), "answer")
    client.sends(udp(QUERY, "xyz"))
    line = str(firewall.tracks("udp client:40000 > server:53"))
    assert "sport=40000 dport=53 packets=2 bytes=60 src=" in line
    assert "sport=53 dport=40000 packets=1 bytes=34 " in line
    assert "packets" not in str(firewall.tracks("udp client:1 > server:2"))


@case("table.age", topology="two-lans", needs=["conntrack", "timestamps"], cites=["CTTABLE-03"])
def test_age(client, firewall):
    """With time stamps on, a line tells how many seconds old its connection is."""
    firewall.loads(ON)
    firewall.sets("net.netfilter.nf_conntrack_timestamp", 1)
    client.sends(udp(QUERY, "x"))
    assert "delta-time=0 " in str(firewall.tracks("udp client:40000 > server:53"))
    firewall.time_passes(1.1)
    assert "delta-time=1 " in str(firewall.tracks("udp client:40000 > server:53"))


@case("table.old-names-are-gone", topology="host", needs=["conntrack"], cites=["CTTABLE-04"])
def test_old_names(firewall):
    """What old texts read and set does not exist any more."""
    firewall.runs("ls /proc/net/ip_conntrack", exits=2, complains="No such file")
    firewall.runs("ls /proc/sys/net/ipv4/netfilter/ip_conntrack_max", exits=2, complains="No such file")
    firewall.runs("ls /proc/sys/net/ipv4/netfilter/ip_conntrack_tcp_timeout_established", exits=2, complains="No such file")


@case("table.sysctl", topology="host", needs=["conntrack"], cites=["CTTABLE-05"], rows=table("""
    name                             | value
    ---------------------------------+-------
    acct                             | 0
    checksum                         | 1
    events                           | 2
    expect_max                       | 4096
    generic_timeout                  | 600
    gre_timeout                      | 30
    gre_timeout_stream               | 180
    icmp_timeout                     | 30
    icmpv6_timeout                   | 30
    log_invalid                      | 0
    sctp_timeout_closed              | 10
    sctp_timeout_cookie_echoed       | 3
    sctp_timeout_cookie_wait         | 3
    sctp_timeout_established         | 210
    sctp_timeout_heartbeat_sent      | 30
    sctp_timeout_shutdown_ack_sent   | 3
    sctp_timeout_shutdown_recd       | 3
    sctp_timeout_shutdown_sent       | 3
    tcp_be_liberal                   | 0
    tcp_ignore_invalid_rst           | 0
    tcp_loose                        | 1
    tcp_max_retrans                  | 3
    tcp_timeout_close                | 10
    tcp_timeout_close_wait           | 60
    tcp_timeout_established          | 432000
    tcp_timeout_fin_wait             | 120
    tcp_timeout_last_ack             | 30
    tcp_timeout_max_retrans          | 300
    tcp_timeout_syn_recv             | 60
    tcp_timeout_syn_sent             | 120
    tcp_timeout_time_wait            | 120
    tcp_timeout_unacknowledged       | 300
    timestamp                        | 0
    udp_timeout                      | 30
    udp_timeout_stream               | 120
"""))  # fmt: skip
def test_sysctls(firewall, row, value):
    """Every setting exists under its name and has its usual value."""
    firewall.loads(ON)
    name = f"net.netfilter.nf_conntrack_{row}"
    assert firewall.shows(name) == str(value)
    firewall.runs(f"sysctl -n {name}").prints(str(value))


@case("table.count", topology="two-lans", needs=["conntrack"], cites=["CTTABLE-06"])
def test_count(client, firewall):
    """nf_conntrack_count is the number of entries."""
    firewall.loads(ON)
    before = int(firewall.shows("net.netfilter.nf_conntrack_count"))  # what waiting packets of others still hold
    client.sends([udp(f"client:{port} > server:53", "x") for port in range(40000, 40005)])
    assert int(firewall.shows("net.netfilter.nf_conntrack_count")) - before == 5


@case("table.size", topology="host", needs=["conntrack"], cites=["CTTABLE-07", "CTTABLE-08"])
def test_size(firewall):
    """Without a word from anybody there are as many entries as hash slots, and those follow from the memory."""
    firewall.loads(ON)
    memory = int(firewall.runs("cat /proc/meminfo").lines[0].split()[1]) * 1024
    slots = 262144 if memory > 4 << 30 else 65536 if memory > 1 << 30 else max(1024, memory // 16384 // 8)
    assert firewall.shows("net.netfilter.nf_conntrack_buckets") == str(slots)
    assert firewall.shows("net.netfilter.nf_conntrack_max") == str(slots)


@case("table.limit-belongs-to-the-machine", topology="host", needs=["conntrack", "shared-limit"], cites=["CTTABLE-09"])
def test_limit_is_read_only(firewall):
    """A namespace cannot change the limits that it shares with all others; its own entries are what is counted."""
    firewall.loads(ON)
    for name in ("max", "buckets", "expect_max"):
        firewall.runs(f"sysctl -w net.netfilter.nf_conntrack_{name}=77", exits=None)
        assert firewall.shows(f"net.netfilter.nf_conntrack_{name}") != "77"
    assert int(firewall.shows("net.netfilter.nf_conntrack_count")) < 10, "those of other namespaces are not counted"


@case("table.full", topology="two-lans", needs=["conntrack", "raw", "mangle", "conntrack-tool"],
      cites=["CTTABLE-10", "CTTABLE-12", "CTTABLE-13", "CTTABLE-14", "CTTABLE-16", "CTTABLE-18"])  # fmt: skip
def test_full(client, server, firewall):
    """A full table of connections that must be kept: nothing new passes, what is known and what is untracked does."""
    firewall.loads("""
        *raw
        -A PREROUTING -p udp --dport 4000 -j NOTRACK
        -A PREROUTING -p udp --dport 99 -m comment --comment raw
        COMMIT
        *mangle
        -A PREROUTING -p udp --dport 99 -m comment --comment mangle
        COMMIT
        *filter
        -A FORWARD -p udp -m conntrack --ctstate NEW,INVALID,UNTRACKED -m comment --comment seen
        COMMIT
    """)
    talk = client.connects("client:40000 > server:53")
    firewall.fills_table()
    before = statistic(firewall, "drop")

    client.sends(udp("client:5 > server:99", "new"), udp("client:6 > server:99", "new"))
    talk.client_says("again")
    talk.server_says("still here")
    client.sends(udp("client:7 > server:4000", "untracked"))
    server.sees(udp("client:7 > server:4000", "untracked"))
    server.never_saw(udp("any > server:99"))
    firewall.counted("raw", packets=2)
    firewall.counted("mangle", packets=0)
    firewall.counted("seen", packets=1)
    assert statistic(firewall, "drop") == before + 2

    firewall.runs("conntrack -D -s 240.0.0.5")
    client.sends(udp("client:5 > server:99", "now"))
    server.sees(udp("client:5 > server:99", "now"))
    firewall.runs("conntrack -L -s 240.0.0.6").contains("src=240.0.0.6")
    firewall.flushes_connections()


def statistic(firewall, name):
    """A counter of conntrack -S, of all processors together."""
    words = firewall.runs("conntrack -S").out.split()
    return sum(int(word.partition("=")[2]) for word in words if word.startswith(f"{name}="))


@case("table.full-local-sender", topology="host", needs=["conntrack", "send-errors"], cites=["CTTABLE-15"])
def test_full_local_sender(client, firewall):
    """A program of the firewall itself is told that it may not send."""
    firewall.loads("*filter\n-A OUTPUT -m conntrack --ctstate NEW\nCOMMIT")
    firewall.fills_table()
    firewall.opens("udp:5000").says("x", to="client:53", refused="EPERM")
    firewall.flushes_connections()


@case("table.full-is-logged", topology="two-lans", needs=["conntrack", "log"], cites=["CTTABLE-11"])
def test_full_is_logged(client, firewall):
    """The log says why packets vanish."""
    firewall.loads(ON)
    firewall.fills_table()
    client.sends(udp(QUERY, "x"))
    firewall.logs(FULL, "dropping packet")


@case("table.early-drop", topology="two-lans", needs=["conntrack", "conntrack-tool"], cites=["CTTABLE-17"])
def test_early_drop(client, server, firewall):
    """Entries that nobody answered make room for new ones, as many as are needed. A kernel's collector, which comes by
    when it likes, clears what is beyond 95 % of the limit."""
    firewall.loads(ON)
    before = statistic(firewall, "early_drop")
    limit = firewall.fills_table(assured=False, free=2)
    client.sends([udp(f"client:{port} > server:53", "x") for port in range(40000, 40050)])
    server.sees(udp("any > server:53", "x"), times=50)
    dropped = statistic(firewall, "early_drop") - before
    count = int(firewall.shows("net.netfilter.nf_conntrack_count"))
    collected = count < 0.96 * limit
    assert dropped >= 40 or collected
    assert 0.94 * limit <= count <= limit
    firewall.flushes_connections()


@case("table.closing-is-evicted", topology="two-lans", needs=["conntrack", "virtual-clock"], cites=["CTTABLE-19"])
def test_closing_is_evicted(client, firewall):
    """In a table that is nearly full, connections that are closing go before their time, assured or not."""
    firewall.loads(ON)
    talks = [client.connects(f"client:{port} > server:99") for port in range(40000, 40005)]
    for talk in talks:
        talk.client_closes()
        talk.server_closes()
    firewall.fills_table(free=1)
    firewall.tracks("tcp client:40000 > server:99", state="TIME_WAIT", assured=True)
    firewall.time_passes(61)
    left = [entry for entry in firewall.connections() if entry.protocol == "tcp"]
    assert len(left) < 5, "TIME_WAIT has 120 s"


@case("table.references", topology="two-lans", needs=["conntrack", "conntrack-tool"], cites=["CTTABLE-20"])
def test_references(client, firewall):
    """use= counts who holds the entry while it is shown: 2 in /proc, 1 in what the conntrack command prints."""
    firewall.loads(ON)
    client.sends(udp(QUERY, "x"))
    assert str(firewall.tracks("udp client:40000 > server:53")).endswith(" use=2")
    firewall.runs("conntrack -L").contains(" use=1\n")


@case("table.expired-are-not-shown", topology="two-lans", needs=["conntrack"], cites=["CTTABLE-21"])
def test_expired(client, firewall):
    """What has run out is not listed, whether it was cleared away yet or not."""
    firewall.loads(ON)
    firewall.sets_timeouts(udp=1)
    client.sends(udp(QUERY, "x"))
    firewall.tracks("udp client:40000 > server:53")
    firewall.time_passes(1.3)
    firewall.tracks_nothing()


@case("table.events", topology="two-lans", needs=["conntrack", "conntrack-tool"], cites=["CTTABLE-22"], rows=table("""
    name   | events | needs
    -------+--------+---------------
    auto   | 2      | own-listeners
    always | 1      |
    never  | 0      |
"""))  # fmt: skip
def test_events(client, server, firewall, events):
    """Who listens is told of entries that began while somebody listened (2), of all (1), of none (0)."""
    firewall.loads(ON)
    firewall.sets("net.netfilter.nf_conntrack_events", events)
    client.sends(udp("client:1 > server:53", "early"))
    early = server.sees(udp("client:1 > server:53", "early"))
    firewall.sets("net.netfilter.nf_conntrack_events", 2)
    listener = firewall.watches("conntrack -E")
    firewall.sets("net.netfilter.nf_conntrack_events", events)

    server.answers(early, "y")
    client.sends(udp("client:2 > server:53", "late"))
    firewall.runs("conntrack -D -p udp --sport 1")
    firewall.sets("net.netfilter.nf_conntrack_events", 2)
    told = {2: ["[NEW] udp"], 1: ["[UPDATE] udp", "[NEW] udp", "[DESTROY] udp"], 0: []}[events]
    listener.says(*told)


@case("table.events-of-new-entries", topology="two-lans", needs=["conntrack", "conntrack-tool"], cites=["CTTABLE-22"])
def test_events_of_new_entries(client, server, firewall):
    """Usually, who listens is told of every connection that begins, is answered and ends."""
    firewall.loads(ON)
    assert firewall.shows("net.netfilter.nf_conntrack_events") == "2"
    listener = firewall.watches("conntrack -E")
    client.sends(udp("client:2 > server:53", "x"))
    server.answers(server.sees(udp("client:2 > server:53")), "y")
    firewall.runs("conntrack -D -p udp --sport 2")
    listener.says("[NEW] udp", "[UPDATE] udp", "[DESTROY] udp")
