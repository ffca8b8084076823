"""How long conntrack remembers: defaults, what starts the time anew, and what happens when it is over."""

from conformance.stating import States
from conformance.vocabulary import case, gre, ip, ping, ping6, pong, sctp, table, tcp, udp

TRACKING = "*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n"


@case("timeouts.defaults", topology="two-lans", needs=["conntrack"], rows=table("""
    name                       | seconds | cites
    ---------------------------+---------+-----------
    tcp_timeout_syn_sent       | 120     | TIMEOUT-01
    tcp_timeout_syn_recv       | 60      | TIMEOUT-02
    tcp_timeout_established    | 432000  | TIMEOUT-03
    tcp_timeout_fin_wait       | 120     | TIMEOUT-04
    tcp_timeout_close_wait     | 60      | TIMEOUT-05
    tcp_timeout_last_ack       | 30      | TIMEOUT-06
    tcp_timeout_time_wait      | 120     | TIMEOUT-07
    tcp_timeout_close          | 10      | TIMEOUT-08
    tcp_timeout_max_retrans    | 300     | TIMEOUT-09
    tcp_timeout_unacknowledged | 300     | TIMEOUT-10
    udp_timeout                | 30      | TIMEOUT-11
    udp_timeout_stream         | 120     | TIMEOUT-12
    icmp_timeout               | 30      | TIMEOUT-13
    icmpv6_timeout             | 30      | TIMEOUT-14
    generic_timeout            | 600     | TIMEOUT-15
    gre_timeout                | 30      | TIMEOUT-16
    gre_timeout_stream         | 180     | TIMEOUT-17
    sctp_timeout_closed        | 10      | TIMEOUT-18
    sctp_timeout_cookie_wait   | 3       | TIMEOUT-18
    sctp_timeout_cookie_echoed | 3       | TIMEOUT-18
    sctp_timeout_established   | 210     | TIMEOUT-18
    sctp_timeout_shutdown_sent | 3       | TIMEOUT-18
    sctp_timeout_shutdown_recd | 3       | TIMEOUT-18
    sctp_timeout_shutdown_ack_sent | 3   | TIMEOUT-18
    sctp_timeout_heartbeat_sent | 30     | TIMEOUT-18
"""))  # fmt: skip
def test_defaults(firewall, seconds, scene):
    """The sysctl exists and has this default."""
    name = scene.instance.id.split("/")[1]
    assert firewall.shows(f"net.netfilter.nf_conntrack_{name}") == str(seconds)


@case("timeouts.tcp", topology="two-lans", needs=["conntrack"],
      cites=[f"TIMEOUT-{number:02}" for number in range(1, 9)])  # fmt: skip
def test_tcp(client, firewall):
    """A connection from its first SYN to its last ACK: each state has its own time."""
    firewall.loads(TRACKING)
    flow = "tcp client:40000 > server:99"
    talk = client.talk("client:40000 > server:99")
    talk.syn()
    firewall.tracks(flow, state="SYN_SENT", timeout=120)
    talk.syn_ack()
    firewall.tracks(flow, state="SYN_RECV", timeout=60)
    talk.client_sends("ACK")
    firewall.tracks(flow, state="ESTABLISHED", timeout=432000)
    talk.client_sends("FIN,ACK")
    firewall.tracks(flow, state="FIN_WAIT", timeout=120)
    talk.server_sends("ACK")
    firewall.tracks(flow, state="CLOSE_WAIT", timeout=60)
    talk.server_sends("FIN,ACK")
    firewall.tracks(flow, state="LAST_ACK", timeout=30)
    talk.client_sends("ACK")
    firewall.tracks(flow, state="TIME_WAIT", timeout=120)


@case("timeouts.tcp-reset", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-08"])
def test_tcp_reset(client, firewall):
    """A reset leaves ten seconds."""
    firewall.loads(TRACKING)
    talk = client.connects("client:40000 > server:99")
    talk.client_resets()
    firewall.tracks("tcp client:40000 > server:99", state="CLOSE", timeout=10)


@case("timeouts.others", topology="two-lans", needs=["conntrack"], rows={
    "udp": {"packet": udp("client:1 > server:2", "x"), "flow": "udp client:1 > server:2", "timeout": 30, "cites": ["TIMEOUT-11"]},
    "icmp": {"packet": ping("client > server", id=3), "flow": "icmp client > server", "timeout": 30, "cites": ["TIMEOUT-13"]},
    "generic": {"packet": ip("client > server", 89, b"12345678"), "flow": "unknown client > server", "timeout": 600,
                "cites": ["TIMEOUT-15"]},
    "gre": {"packet": gre("client > server", key=5), "flow": "gre client > server", "timeout": 30, "cites": ["TIMEOUT-16", "CTGEN-03"]},
    "sctp": {"packet": sctp("client:1 > server:2", "INIT", init_tag=1), "flow": "sctp client:1 > server:2", "timeout": 10,
             "cites": ["TIMEOUT-18", "CTGEN-04"]}})  # fmt: skip
def test_others(client, firewall, packet, flow, timeout):
    """The first packet of each protocol gives its entry this time."""
    firewall.loads(TRACKING)
    client.sends(packet)
    firewall.tracks(flow, timeout=timeout)


@case("timeouts.icmpv6", topology="two-lans", needs=["conntrack", "ipv6"], cites=["TIMEOUT-14"])
def test_icmpv6(client, firewall):
    """A ping over IPv6 is remembered 30 s."""
    firewall.loads6(TRACKING)
    client.sends(ping6("client > server", id=3))
    firewall.tracks("icmpv6 client > server", timeout=30)


@case("timeouts.gre-stream", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-17", "CTGEN-03"])
def test_gre_stream(client, server, firewall):
    """GRE that is answered is a stream of 180 s."""
    firewall.loads(TRACKING)
    client.sends(gre("client > server"))
    server.sends(gre("server > client"))
    client.sends(gre("client > server"))
    firewall.tracks("gre client > server", timeout=180, assured=True)


@case("timeouts.unacknowledged", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-10"])
def test_unacknowledged(client, server, firewall):
    """A connection picked up in the middle has 300 s until somebody answers."""
    firewall.loads(TRACKING)
    client.sends(tcp("client:40000 > server:99", "ACK", seq=1000, ack=2000))
    firewall.tracks("tcp client:40000 > server:99", state="ESTABLISHED", timeout=300)


@case("timeouts.max-retrans", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-09"])
def test_max_retrans(client, server, firewall):
    """Data sent three times without an answer: 300 s instead of five days."""
    firewall.loads(TRACKING)
    talk = client.connects("client:40000 > server:99")
    for _ in range(4):
        client.sends(tcp("client:40000 > server:99", "PSH,ACK", "data", seq=talk.client.seq, ack=talk.client.ack))
    firewall.tracks("tcp client:40000 > server:99", state="ESTABLISHED", timeout=300)


@case("timeouts.expiry", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-19"], rows={
    "udp": {"name": "udp", "packet": udp("client:1 > server:2", "x"), "flow": "udp client:1 > server:2"},
    "icmp": {"name": "icmp", "packet": ping("client > 10.0.2.77", id=3), "flow": "icmp client > 10.0.2.77"},
    "tcp": {"name": "tcp_timeout_syn_sent", "packet": tcp("client:1 > server:99", "SYN"), "flow": "tcp client:1 > server:99"}})
def test_expiry(client, server, firewall, name, packet, flow):
    """When the time is over without a packet, the entry is gone."""
    firewall.sets_timeouts(**{name: 1})
    firewall.loads(TRACKING)
    client.sends(packet)
    firewall.tracks(flow)
    firewall.forgets(flow, after=1)


@case("timeouts.refresh", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-20"])
def test_refresh(client, firewall):
    """A packet in time starts the time anew."""
    firewall.sets_timeouts(udp=2)
    firewall.loads(TRACKING)
    client.sends(udp("client:1 > server:2", "x"))
    firewall.time_passes(1.2)
    client.sends(udp("client:1 > server:2", "x"))
    firewall.time_passes(1.2)
    firewall.tracks("udp client:1 > server:2")


@case("timeouts.after-expiry", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-21"], rows={
    "udp": {"name": "udp", "first": udp("client:1 > server:2", "x"), "late": udp("server:2 > client:1", "y"), "state": "NEW"},
    "icmp": {"name": "icmp", "first": ping("client > server", id=3), "late": pong("server > client", id=3), "state": "INVALID"},
    "tcp": {"name": "tcp_timeout_syn_sent", "first": tcp("client:1 > server:99", "SYN"),
            "late": tcp("server:99 > client:1", "ACK", seq=5, ack=6), "state": "NEW"}})  # fmt: skip
def test_after_expiry(client, server, firewall, name, first, late, state):
    """What comes too late is judged as if nothing had been before."""
    server.node.stack = "deaf"
    firewall.sets_timeouts(**{name: 1})
    states = States(firewall)
    client.sends(first)
    firewall.time_passes(1.3)
    states.after()
    server.sends(late)
    assert states.after() == state


@case("timeouts.change", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-22"])
def test_change(client, firewall):
    """A new setting holds for an entry from its next packet on."""
    firewall.sets_timeouts(udp=20)
    firewall.loads(TRACKING)
    client.sends(udp("client:1 > server:2", "x"))
    firewall.sets_timeouts(udp=100)
    firewall.tracks("udp client:1 > server:2", timeout=20)
    client.sends(udp("client:1 > server:2", "x"))
    firewall.tracks("udp client:1 > server:2", timeout=100)


@case("timeouts.zero", topology="two-lans", needs=["conntrack"], cites=["TIMEOUT-24"])
def test_zero(client, server, firewall):
    """With a timeout of 0 the packet is NEW and goes on, and nothing is remembered."""
    firewall.sets_timeouts(udp=0)
    states = States(firewall)
    client.sends(udp("client:1 > server:2", "x"))
    server.sees(udp("client:1 > server:2", "x"))
    assert states.after() == "NEW"
    firewall.tracks_nothing()


@case("timeouts.five-days", topology="two-lans", needs=["conntrack", "virtual-clock"], cites=["TIMEOUT-03"])
def test_five_days(client, firewall):
    """An established connection is remembered for five days, and not a second longer."""
    firewall.loads(TRACKING)
    client.connects("client:40000 > server:99")
    firewall.forgets("tcp client:40000 > server:99", after=432000)
