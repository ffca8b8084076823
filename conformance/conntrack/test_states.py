"""NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED: what conntrack says of which packet."""

from conformance.stating import States
from conformance.vocabulary import case, icmp, ip, ping, pong, table, tcp, udp, udplite

QUERY = "client:40000 > server:53"


@case("ctstate.first-packet", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-01", "CTSTATE-23"], rows={
    "udp": {"packet": udp(QUERY, "x")}, "tcp": {"packet": tcp(QUERY, "SYN")}, "ping": {"packet": ping("client > server", id=9)},
    "udp-port-0": {"packet": udp("client:0 > server:0", "x")}, "tcp-port-0": {"packet": tcp("client:0 > server:0", "SYN")},
    "other": {"packet": ip("client > server", 89, b"12345678")}})  # fmt: skip
def test_first_packet(client, firewall, packet):
    """The first packet of a flow is NEW, whatever its protocol."""
    states = States(firewall, match="-s {client}")
    client.sends(packet)
    assert states.after() == "NEW"


@case("ctstate.retransmission", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-02", "CTSTATE-03", "CTSTATE-26"])
def test_retransmission(client, server, firewall):
    """Until somebody answers, every packet is NEW; from the answer on all are ESTABLISHED. It is one entry."""
    states = States(firewall)
    client.sends(udp(QUERY, "x"))
    assert states.after() == "NEW"
    client.sends(udp(QUERY, "x"))
    assert states.after() == "NEW"
    server.answers(server.sees(udp(QUERY, "x")), "y")
    assert states.after() == "ESTABLISHED"
    client.sends(udp(QUERY, "z"))
    assert states.after() == "ESTABLISHED"
    firewall.tracks("udp client:40000 > server:53", reply="server:53 > client:40000")
    assert len(firewall.connections()) == 1


@case("ctstate.syn-ack", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-04"])
def test_syn_ack(client, server, firewall):
    """SYN/ACK is ESTABLISHED, though the handshake is not over."""
    states = States(firewall)
    client.sends(tcp("client:40000 > server:99", "SYN"))
    assert states.after() == "NEW"
    server.answers(server.sees(tcp("client:40000 > server:99", "SYN")), flags="SYN,ACK", seq=5000)
    assert states.after() == "ESTABLISHED"


@case("ctstate.related-errors", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-05"], rows=table("""
    name              | kind
    ------------------+------------------
    net-unreachable   | network-unreachable
    host-unreachable  | host-unreachable
    port-unreachable  | port-unreachable
    time-exceeded     | ttl-zero-during-transit
    source-quench     | source-quench
    redirect          | host-redirect
    parameter-problem | parameter-problem
"""))  # fmt: skip
def test_related_errors(client, server, firewall, kind):
    """An ICMP error about a tracked flow is RELATED."""
    states = States(firewall)
    client.sends(udp(QUERY, "x"))
    query = server.sees(udp(QUERY, "x"))
    states.after()
    server.sends(icmp("server > client", kind, quoting=query))
    assert states.after() == "RELATED"


@case("ctstate.related-to-syn", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-06", "CTICMP-09"])
def test_related_to_syn(client, server, firewall):
    """An error about a SYN that nobody answered is RELATED too, and the entry stays as it is."""
    states = States(firewall)
    client.sends(tcp("client:40000 > server:99", "SYN"))
    syn = server.sees(tcp("client:40000 > server:99", "SYN"))
    states.after()
    server.complains(syn, "host-unreachable")
    assert states.after() == "RELATED"
    firewall.tracks("tcp client:40000 > server:99", state="SYN_SENT", unreplied=True)


@case("ctstate.strange-errors", topology="two-lans", needs=["conntrack"], rows={
    "unknown-flow": {"flow": "client:7 > server:7", "to": "client", "cites": ["CTSTATE-07"]},
    "another-receiver": {"flow": QUERY, "to": "10.0.1.66", "cites": ["CTSTATE-08"]}})
def test_strange_errors(client, server, firewall, flow, to):
    """An error about nothing we know, or to somebody whom it does not concern, is INVALID."""
    states = States(firewall)
    client.claims("10.0.1.66")
    client.sends(udp(QUERY, "x"))
    states.after()
    server.sends(icmp(f"server > {to}", "port-unreachable", quoting=udp(flow, "x")))
    assert states.after() == "INVALID"


@case("ctstate.error-in-original-direction", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-09"])
def test_error_forward(client, server, firewall):
    """The client may complain about what the server sent."""
    states = States(firewall)
    client.sends(udp(QUERY, "x"))
    server.answers(server.sees(udp(QUERY, "x")), "y")
    answer = client.sees(udp("server:53 > client:40000", "y"))
    states.after()
    client.complains(answer, "port-unreachable")
    assert states.after() == "RELATED"


@case("ctstate.untracked", topology="two-lans", needs=["conntrack", "raw"], cites=["CTSTATE-11", "CTSTATE-15"])
def test_untracked(client, server, firewall):
    """What raw excludes is UNTRACKED and nothing else, the rules go on, and no entry is made."""
    states = States(firewall, extra={"raw": "-A PREROUTING -p udp -j NOTRACK\n-A PREROUTING -p udp -m comment --comment next"})
    client.sends(udp(QUERY, "x"))
    assert states.after() == "UNTRACKED"
    firewall.counted("next", packets=1)
    firewall.tracks_nothing()


@case("ctstate.untracked-one-way", topology="two-lans", needs=["conntrack", "raw"], cites=["CTSTATE-12"])
def test_untracked_one_way(client, server, firewall):
    """If only the question is excluded, the answer begins a connection of its own, the wrong way round."""
    states = States(firewall, extra={"raw": "-A PREROUTING -s {client} -j NOTRACK"})
    client.sends(udp(QUERY, "x"))
    assert states.after() == "UNTRACKED"
    server.answers(server.sees(udp(QUERY, "x")), "y")
    assert states.after() == "NEW"
    firewall.tracks("udp server:53 > client:40000", reply="client:40000 > server:53")


@case("ctstate.error-about-untracked", topology="two-lans", needs=["conntrack", "raw"], cites=["CTSTATE-13"])
def test_error_about_untracked(client, server, firewall):
    """Nobody remembers an excluded flow, so an error about it is INVALID."""
    states = States(firewall, extra={"raw": "-A PREROUTING -p udp -j NOTRACK"})
    client.sends(udp(QUERY, "x"))
    query = server.sees(udp(QUERY, "x"))
    states.after()
    server.complains(query, "port-unreachable")
    assert states.after() == "INVALID"


@case("ctstate.untracked-control", topology="two-lans", needs=["conntrack", "raw", "helper-ftp"], cites=["CTSTATE-14"])
def test_untracked_control(client, server, firewall):
    """No helper reads a control connection that is not tracked."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp -j NOTRACK
        -A PREROUTING -p tcp --dport 2121 -j CT --helper ftp
        COMMIT
        *filter
        -A FORWARD -m conntrack --ctstate INVALID
        COMMIT
    """)
    talk = client.connects("client:40000 > server:2121")
    talk.client_says("USER x\r\n")
    talk.client_says("PORT 10,0,1,10,156,65\r\n")
    firewall.expects_nothing()


@case("ctstate.untracked-output", topology="host", needs=["conntrack", "raw"], cites=["CTSTATE-16"])
def test_untracked_output(client, firewall):
    """NOTRACK in raw OUTPUT works for the firewall's own packets."""
    states = States(firewall, chain="OUTPUT", match="-p udp", extra={"raw": "-A OUTPUT -p udp -j NOTRACK"})
    firewall.opens("udp:5000").says("x", to="client:9999")
    client.sees(udp("firewall:5000 > client:9999", "x"))
    assert states.after() == "UNTRACKED"
    firewall.tracks_nothing()


@case("ctstate.web-excluded", topology="two-lans", needs=["conntrack", "raw"], cites=["CTSTATE-17"])
def test_web_excluded(client, server, firewall):
    """Web traffic is left out in both directions; everything else is tracked."""
    states = States(firewall, extra={"raw": "-A PREROUTING -p tcp --dport 80 -j NOTRACK\n-A PREROUTING -p tcp --sport 80 -j NOTRACK"})
    client.sends(tcp("client:4000 > server:80", "SYN"))
    assert states.after().split()[0] == "UNTRACKED"
    client.sends(tcp("client:4000 > server:81", "SYN"))
    assert states.after().split()[-1] == "NEW"
    firewall.tracks("tcp client:4000 > server:81")
    firewall.does_not_track("tcp client:4000 > server:80")


@case("ctstate.client-only", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-18"])
def test_client_only(client, server, firewall):
    """Outwards NEW and ESTABLISHED, inwards ESTABLISHED and RELATED: the classic firewall of a client network."""
    firewall.loads("""
        *filter
        :FORWARD DROP [0:0]
        -A FORWARD -i lan1 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
        -A FORWARD -i lan2 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
        COMMIT
    """)
    client.sends(udp(QUERY, "x"))
    query = server.sees(udp(QUERY, "x"))
    server.answers(query, "y")
    client.sees(udp("server:53 > client:40000", "y"))
    server.sends(udp("server:1 > client:2", "unasked"), tcp("server:1 > client:2", "SYN"))
    server.complains(query, "host-unreachable")
    client.sees(icmp("server > client", "host-unreachable"))
    client.never_saw(udp("server:1 > client:2"))
    client.never_saw(tcp("server:1 > client:2"))


@case("ctstate.new-without-syn", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-19"])
def test_new_without_syn(client, server, firewall):
    """A bare ACK can be NEW; the well-known rule stops it."""
    firewall.loads("""
        *filter
        -A FORWARD -p tcp ! --syn -m state --state NEW -j DROP
        COMMIT
    """)
    client.sends(tcp("client:1 > server:99", "ACK"), tcp("client:2 > server:99", "SYN"))
    server.sees(tcp("client:2 > server:99", "SYN"))
    server.never_saw(tcp("client:1 > server:99"))
    firewall.counted("filter FORWARD 1", packets=1)


@case("ctstate.invalid-is-forwarded", topology="two-lans", needs=["conntrack"], rows={
    "flags": {"packet": tcp(QUERY, "SYN,FIN"), "cites": ["CTSTATE-20"]},
    "udp-checksum": {"packet": udp(QUERY, "x", checksum="bad"), "cites": ["CTSTATE-20", "CTSTATE-21", "CTUDP-07"]},
    "tcp-checksum": {"packet": tcp(QUERY, "SYN", checksum="bad"), "cites": ["CTSTATE-21"]},
    "icmp-checksum": {"packet": ping("client > server", checksum="bad"), "cites": ["CTSTATE-21", "CTICMP-08"]},
    "udp-cut": {"packet": ip("client > server", 17, b"1234"), "cites": ["CTSTATE-22", "CTUDP-07"]},
    "udp-length-7": {"packet": udp(QUERY, "x", length=7), "cites": ["CTSTATE-22", "CTUDP-07"]},
    "udp-length-100": {"packet": udp(QUERY, "x", length=100), "cites": ["CTSTATE-22", "CTUDP-07"]},
    "udplite-no-checksum": {"packet": udplite(QUERY, "x", checksum=0), "cites": ["CTUDP-08"]},
    "udplite-bad-checksum": {"packet": udplite(QUERY, "x", checksum="bad"), "cites": ["CTUDP-08"]},
    "tcp-offset-4": {"packet": tcp(QUERY, "SYN", data_offset=4), "cites": ["CTSTATE-22"]},
    "tcp-offset-15": {"packet": tcp(QUERY, "SYN", data_offset=15), "cites": ["CTSTATE-22"]},
    "icmp-cut": {"packet": ip("client > server", 1, b"\x08\x00\x00\x00"), "cites": ["CTICMP-08"]}})  # fmt: skip
def test_invalid_is_forwarded(client, server, firewall, packet):
    """INVALID is a name, not a verdict: the packet goes on."""
    states = States(firewall)
    client.sends(packet)
    assert states.after() == "INVALID"


@case("ctstate.udplite", topology="two-lans", needs=["conntrack"], cites=["CTUDP-08"])
def test_udplite(client, server, firewall):
    """UDP-Lite has connections as UDP has. Its checksums Linux sums with the wrong protocol number: while conntrack looks
    at checksums, the right ones are INVALID."""
    states = States(firewall)
    client.sends(udplite(QUERY, "x"))
    assert states.after() == "INVALID"
    firewall.sets("net.netfilter.nf_conntrack_checksum", 0)
    client.sends(udplite(QUERY, "x"))
    assert states.after() == "NEW"
    firewall.tracks("udplite client:40000 > server:53", timeout=30, unreplied=True)
    server.sends(udplite("server:53 > client:40000", "y"))
    assert states.after() == "ESTABLISHED"


@case("ctstate.checksums-ignored", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-21"])
def test_checksums_ignored(client, firewall):
    """With nf_conntrack_checksum=0 nobody looks."""
    firewall.sets("net.netfilter.nf_conntrack_checksum", 0)
    states = States(firewall)
    client.sends(udp(QUERY, "x", checksum="bad"))
    assert states.after() == "NEW"


@case("ctstate.own-answers", topology="host", needs=["conntrack"], cites=["CTSTATE-24"], rows={
    "echo-reply": {"packet": ping("client > firewall", id=9), "state": "ESTABLISHED"},
    "reset": {"packet": tcp("client:1 > firewall:9", "SYN"), "state": "ESTABLISHED"},
    "port-unreachable": {"packet": udp("client:1 > firewall:9", "x"), "state": "RELATED"}})  # fmt: skip
def test_own_answers(client, firewall, packet, state):
    """What the firewall itself answers belongs to the connection that was asked."""
    states = States(firewall, chain="OUTPUT")
    client.sends(packet)
    assert states.after() == state


@case("ctstate.tuples", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-27"], rows={
    "source-port": {"other": udp("client:40001 > server:53", "x")}, "port": {"other": udp("client:40000 > server:54", "x")},
    "protocol": {"other": tcp("client:40000 > server:53", "SYN")}, "source": {"other": udp("10.0.1.77:40000 > server:53", "x")},
    "destination": {"other": udp("client:40000 > 10.0.2.77:53", "x")}})  # fmt: skip
def test_tuples(client, server, firewall, other):
    """Flows that differ in one part of the tuple are two connections."""
    server.claims("10.0.2.77")
    states = States(firewall)
    client.sends(udp(QUERY, "x"))
    client.sends(other)
    assert states.after() == "NEW NEW"
    assert len(firewall.connections()) == 2


@case("ctstate.other-namespaces", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-29", "TIMEOUT-23"])
def test_other_namespaces(client, server, firewall):
    """Nobody else's table knows the flow, and a timeout set here is not set elsewhere."""
    firewall.sets_timeouts(udp=7)
    States(firewall)
    client.sends(udp(QUERY, "x"))
    firewall.tracks("udp client:40000 > server:53")
    assert "40000" not in server.runs("cat /proc/thread-self/net/nf_conntrack", exits=None).out
    assert server.shows("net.netfilter.nf_conntrack_udp_timeout") == "30"


@case("ctudp.life", topology="two-lans", needs=["conntrack"], cites=["CTUDP-01", "CTUDP-02", "CTUDP-05", "TIMEOUT-11"])
def test_udp_life(client, server, firewall):
    """30 s, unanswered at first; an answer alone makes nothing ASSURED; every packet starts the 30 s again."""
    States(firewall)
    client.sends(udp(QUERY, "x"))
    firewall.tracks("udp client:40000 > server:53", timeout=30, unreplied=True, assured=False)
    server.answers(server.sees(udp(QUERY, "x")), "y")
    firewall.tracks("udp client:40000 > server:53", timeout=30, unreplied=False, assured=False)
    firewall.time_passes(1.2)
    client.sends(udp(QUERY, "again"))
    entry = firewall.tracks("udp client:40000 > server:53", unreplied=False)
    assert entry.timeout in (29, 30)


@case("ctudp.stream", topology="two-lans", needs=["conntrack"], cites=["CTUDP-03", "TIMEOUT-12"])
def test_udp_stream(client, server, firewall):
    """A packet more than two seconds after the first, when an answer was seen: a stream of 120 s, ASSURED."""
    States(firewall)
    client.sends(udp(QUERY, "x"))
    server.answers(server.sees(udp(QUERY, "x")), "y")
    firewall.time_passes(2.2)
    client.sends(udp(QUERY, "z"))
    firewall.tracks("udp client:40000 > server:53", timeout=120, assured=True)


@case("ctudp.late-answer", topology="two-lans", needs=["conntrack"], cites=["CTUDP-04"])
def test_udp_late_answer(client, server, firewall):
    """One question and one answer are no stream, however late the answer; the next packet makes it one."""
    States(firewall)
    client.sends(udp(QUERY, "x"))
    query = server.sees(udp(QUERY, "x"))
    firewall.time_passes(2.2)
    server.answers(query, "y")
    firewall.tracks("udp client:40000 > server:53", timeout=30, assured=False)
    client.sends(udp(QUERY, "z"))
    firewall.tracks("udp client:40000 > server:53", timeout=120, assured=True)


@case("ctudp.no-checksum", topology="two-lans", needs=["conntrack"], cites=["CTUDP-06"])
def test_udp_no_checksum(client, firewall):
    """Checksum 0 means none and is fine."""
    states = States(firewall)
    client.sends(udp(QUERY, "x", checksum=0))
    assert states.after() == "NEW"


@case("cticmp.echo", topology="two-lans", needs=["conntrack"], cites=["CTICMP-01", "CTICMP-02", "TIMEOUT-13", "CTICMP-14"])
def test_icmp_echo(client, server, firewall):
    """Question NEW, answer ESTABLISHED; the entry stays 30 s, and later questions with its id belong to it."""
    states = States(firewall)
    client.sends(ping("client > server", id=7, seq=1))
    assert states.after() == "NEW ESTABLISHED"
    client.sees(pong("server > client", id=7, seq=1))
    firewall.tracks("icmp client > server", timeout=30, id=7, type=8, code=0)
    client.sends(ping("client > server", id=7, seq=2))
    client.sees(pong("server > client", id=7, seq=2))
    assert set(states.after().split()) <= {"ESTABLISHED"}


@case("cticmp.queries", topology="two-lans", needs=["conntrack"], cites=["CTICMP-03", "CTICMP-04"], rows=table("""
    name         | question | answer
    -------------+----------+-------
    timestamp    | 13       | 14
    information  | 15       | 16
    address-mask | 17       | 18
"""))  # fmt: skip
def test_icmp_queries(client, server, firewall, question, answer):
    """Each question has its answer; an answer alone is INVALID."""
    server.node.stack = "deaf"
    states = States(firewall)
    server.sends(icmp("server > client", answer, id=9, seq=1, payload=b"123456789012"))
    assert states.after() == "INVALID"
    client.sends(icmp("client > server", question, id=9, seq=1, payload=b"123456789012"))
    assert states.after() == "NEW"
    server.sends(icmp("server > client", answer, id=9, seq=1, payload=b"123456789012"))
    assert states.after() == "ESTABLISHED"


@case("cticmp.lone-answers", topology="two-lans", needs=["conntrack"], rows={
    "echo-reply": {"packet": pong("server > client", id=5), "cites": ["CTICMP-04"]},
    **{f"type-{kind}": {"packet": icmp("server > client", kind), "cites": ["CTICMP-06"]}
       for kind in (1, 2, 6, 7, 9, 10, 19, 30, 40, 42)}})  # fmt: skip
def test_icmp_lone(client, server, firewall, packet):
    """What nobody asked for, and what asks for nothing, is INVALID."""
    states = States(firewall)
    server.sends(packet)
    assert states.after() == "INVALID"


@case("cticmp.other-id", topology="two-lans", needs=["conntrack"], cites=["CTICMP-05"])
def test_icmp_other_id(client, server, firewall):
    """An answer with another id answers nothing."""
    server.node.stack = "deaf"
    states = States(firewall)
    client.sends(ping("client > server", id=7))
    assert states.after() == "NEW"
    server.sends(pong("server > client", id=8))
    assert states.after() == "INVALID"


@case("cticmp.code", topology="two-lans", needs=["conntrack"], cites=["CTICMP-07"])
def test_icmp_code(client, server, firewall):
    """The code of a question is part of its tuple."""
    server.node.stack = "deaf"
    States(firewall)
    client.sends(icmp("client > server", (8, 5), id=7, seq=1))
    firewall.tracks("icmp client > server", type=8, code=5, id=7)


@case("cticmp.errors-change-nothing", topology="two-lans", needs=["conntrack"], cites=["CTICMP-09", "CTICMP-10"])
def test_icmp_errors_change_nothing(client, server, firewall):
    """Errors, from whomever, neither end nor refresh a connection; its late answer is ESTABLISHED."""
    server.claims("10.0.2.9")
    states = States(firewall)
    client.sends(udp(QUERY, "x"))
    query = server.sees(udp(QUERY, "x"))
    states.after()
    server.complains(query, "host-unreachable", source="10.0.2.9")
    server.complains(query, "host-unreachable")
    assert states.after() == "RELATED RELATED"
    firewall.tracks("udp client:40000 > server:53", unreplied=True)
    server.answers(query, "late")
    assert states.after() == "ESTABLISHED"


@case("cticmp.error-about-error", topology="two-lans", needs=["conntrack"], cites=["CTICMP-11"])
def test_icmp_error_about_error(client, server, firewall):
    """An error about an error is INVALID."""
    states = States(firewall)
    client.sends(udp(QUERY, "x"))
    states.after()
    server.sends(icmp("server > client", "host-unreachable", quoting=icmp("client > server", "port-unreachable", quoting=udp(QUERY, "x"))))
    assert states.after() == "INVALID"


@case("cticmp.short-quotation", topology="two-lans", needs=["conntrack"], rows={
    "8-bytes": {"size": 28}, "4-bytes": {"size": 24}}, cites=["CTICMP-12"])
def test_icmp_short_quotation(client, server, firewall, size):
    """The ports are enough, and they stand in the first four bytes."""
    states = States(firewall)
    client.sends(udp(QUERY, "x"))
    query = server.sees(udp(QUERY, "x"))
    states.after()
    server.sends(icmp("server > client", "host-unreachable", quoting=query, quoted_bytes=size))
    assert states.after() == "RELATED"


@case("cticmp.error-about-ping", topology="two-lans", needs=["conntrack"], cites=["CTICMP-13"])
def test_icmp_error_about_ping(client, server, firewall):
    """An error about a ping is RELATED, and the entry stays."""
    server.node.stack = "deaf"
    states = States(firewall)
    client.sends(ping("client > server", id=7))
    query = server.sees(ping("client > server", id=7))
    states.after()
    server.complains(query, "host-unreachable")
    assert states.after() == "RELATED"
    firewall.tracks("icmp client > server", id=7)


@case("ctgeneric.unknown", topology="two-lans", needs=["conntrack"], cites=["CTGEN-01", "CTGEN-02", "TIMEOUT-15"], rows={
    str(number): {"number": number} for number in (89, 50, 51, 4, 103, 112, 253)})
def test_generic(client, server, firewall, number):
    """A protocol without a tracker is a pair of addresses for 600 s; the answer is ESTABLISHED."""
    server.node.stack = "deaf"
    states = States(firewall)
    client.sends(ip("client > server", number, b"1234567890123456"))
    assert states.after() == "NEW"
    firewall.tracks("unknown client > server", timeout=600, unreplied=True)
    server.sends(ip("server > client", number, b"1234567890123456"))
    assert states.after() == "ESTABLISHED"


@case("ctgeneric.dccp", topology="two-lans", needs=["conntrack"], cites=["CTGEN-05"])
def test_dccp(client, server, firewall):
    """DCCP has no tracker in this kernel: its ports are not looked at."""
    States(firewall)
    client.sends(ip("client > server", 33, b"\x9c\x40\x00\x50" + bytes(12)))
    firewall.tracks("unknown client > server", timeout=600)


@case("ctgeneric.sysctl", topology="two-lans", needs=["conntrack"], cites=["CTGEN-06"])
def test_generic_sysctl(client, firewall):
    """One sysctl says how long all of them live."""
    firewall.sets_timeouts(generic=77)
    States(firewall)
    client.sends(ip("client > server", 89, b"12345678"))
    firewall.tracks("unknown client > server", timeout=77)
