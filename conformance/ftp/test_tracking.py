"""The FTP helper: what it reads, what it expects, what it drops. Crafted control connections; real programs in test_real.py."""

from conformance.stating import States
from conformance.vocabulary import case, table, tcp

HELP = {"raw": "-A PREROUTING -p tcp --dport {port} -j CT --helper ftp"}
CLIENT = "10,0,1,10"
SERVER = "10,0,2,10"


def control(client, firewall, port=2021, helper=True, greeting=True):
    """A control connection with the greeting and one command over: the first line of each side is never read."""
    rules = HELP["raw"].format(port=port) if helper else "-A PREROUTING -p udp -j ACCEPT"
    states = States(firewall, match="-p tcp", extra={"raw": rules})
    talk = client.connects(f"client:40000 > server:{port}")
    if greeting:
        talk.server_says("220 ready\r\n")
        talk.client_says("USER anonymous\r\n")
    return talk, states



@case("ftp.active.expects", topology="two-lans", needs=["helper-ftp"], rows=table("""
    name           | line                          | port  | cites
    ---------------+-------------------------------+-------+--------
    port           | PORT 10,0,1,10,156,65         | 40001 | FTP-01
    eprt           | 'EPRT |1|10.0.1.10|40001|'    | 40001 | FTP-11
    lower-case     | port 10,0,1,10,156,65         | 40001 | FTP-12
    any-delimiter  | EPRT !1!10.0.1.10!40001!      | 40001 | FTP-11
    big-numbers    | PORT 10,0,1,10,999,65         | 59201 | FTP-15
    port-0         | PORT 10,0,1,10,0,0            | 0     | FTP-15
    privileged     | PORT 10,0,1,10,0,22           | 22    | FTP-16
    longer-word    | PORTX 10,0,1,10,156,65        | 40001 | FTP-21
""".replace("'EPRT |1|10.0.1.10|40001|'", "EPRT +1+10.0.1.10+40001+    ")))  # fmt: skip
def test_active(client, server, firewall, line, port):
    """The client names an address and port, and a connection from the server to it is expected."""
    talk, _states = control(client, firewall)
    talk.client_says(f"{line}\r\n")
    firewall.expects("proto=6", "src={server}", "dst={client}", "sport=0", f"dport={port}", count=1)


@case("ftp.active.data", topology="two-lans", needs=["helper-ftp"], cites=["FTP-02", "FTP-03", "CTSTATE-10"])
def test_active_data(client, server, firewall):
    """The data connection is RELATED, its answer ESTABLISHED; the expectation is used once."""
    talk, states = control(client, firewall)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    states.after()
    server.sends(tcp("server:20 > client:40001", "SYN"))
    assert states.after() == "RELATED"
    client.answers(client.sees(tcp("server:20 > client:40001", "SYN")), flags="SYN,ACK", seq=9)
    assert states.after() == "ESTABLISHED"
    server.sends(tcp("server:2020 > client:40001", "SYN"))
    assert states.after() == "NEW"


@case("ftp.active.source-port", topology="two-lans", needs=["helper-ftp"], cites=["FTP-04"], rows={"20": {"port": 20}, "2020": {"port": 2020}})
def test_source_port(client, server, firewall, port):
    """The server may use any port of its own."""
    talk, states = control(client, firewall)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    states.after()
    server.sends(tcp(f"server:{port} > client:40001", "SYN"))
    assert states.after() == "RELATED"


@case("ftp.active.stranger", topology="two-lans", needs=["helper-ftp"], cites=["FTP-05"])
def test_stranger(client, server, firewall):
    """Somebody else's connection is NEW, and the expectation waits on."""
    server.claims("10.0.2.9")
    talk, states = control(client, firewall)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    states.after()
    server.sends(tcp("10.0.2.9:20 > client:40001", "SYN"))
    assert states.after() == "NEW"
    firewall.expects("dport=40001", count=1)


@case("ftp.ignored", topology="two-lans", needs=["helper-ftp"], rows={
    "other-address": {"who": "client", "line": "PORT 10,0,1,9,156,65", "cites": ["FTP-06"]},
    "second-line": {"who": "client", "line": f"USER x\r\nPORT {CLIENT},156,65", "cites": ["FTP-17"]},
    "server-says-port": {"who": "server", "line": f"PORT {SERVER},156,65", "cites": ["FTP-19"]},
    "client-says-227": {"who": "client", "line": f"227 Entering ({CLIENT},156,65)", "cites": ["FTP-19"]},
    "227-other-server": {"who": "server", "line": "227 Entering Passive Mode (10,0,2,9,156,65)", "cites": ["FTP-09"]}})
def test_ignored(client, firewall, who, line):
    """The line goes through and nothing is expected."""
    talk, _states = control(client, firewall)
    (talk.client_says if who == "client" else talk.server_says)(f"{line}\r\n")
    firewall.expects_nothing()


@case("ftp.passive.expects", topology="two-lans", needs=["helper-ftp"], rows={
    "brackets": {"line": f"227 Entering Passive Mode ({SERVER},156,65).", "cites": ["FTP-07"]},
    "equals": {"line": f"227 Entering Passive Mode ={SERVER},156,65", "cites": ["FTP-07"]},
    "bare": {"line": f"227 Entering Passive Mode {SERVER},156,65", "cites": ["FTP-07"]},
    "epsv": {"line": "229 Entering Extended Passive Mode (|||40001|)", "cites": ["FTP-10"]},
    "epsv-delimiter": {"line": "229 Entering Extended Passive Mode (!!!40001!)", "cites": ["FTP-10"]}})
def test_passive(client, server, firewall, line):
    """The server names a port, and the client's connection to it is expected, from any port."""
    talk, states = control(client, firewall)
    talk.server_says(f"{line}\r\n")
    firewall.expects("proto=6", "src={client}", "dst={server}", "dport=40001", count=1)
    states.after()
    client.sends(tcp("client:50001 > server:40001", "SYN"))
    assert states.after() == "RELATED"


@case("ftp.passive.any-port", topology="two-lans", needs=["helper-ftp"], cites=["FTP-08"])
def test_passive_any_port(client, server, firewall):
    """In passive mode the client comes from an ephemeral port, not from 20."""
    talk, states = control(client, firewall)
    talk.server_says(f"227 ok ({SERVER},156,65)\r\n")
    states.after()
    client.sends(tcp("client:50001 > server:40001", "SYN"))
    assert states.after() == "RELATED"


@case("ftp.dropped", topology="two-lans", needs=["helper-ftp"], rows={
    "missing-number": {"line": f"PORT {CLIENT},156\r\n", "cites": ["FTP-13"]},
    "trailing-blank": {"line": f"PORT {CLIENT},156,65 \r\n", "cites": ["FTP-13"]},
    "dotted": {"line": "PORT 10.0.1.10,156,65\r\n", "cites": ["FTP-13"]},
    "eprt-port-0": {"line": "EPRT |1|10.0.1.10|0|\r\n", "cites": ["FTP-13"]},
    "eprt-ipv6": {"line": "EPRT |2|::1|40001|\r\n", "cites": ["FTP-11"]},
    "cut": {"line": f"PORT {CLIENT},", "cites": ["FTP-14"]},
    "cut-in-the-word": {"line": "PO", "cites": ["FTP-14"]}})
def test_dropped(client, server, firewall, line):
    """A command that cannot be read to its end does not go through."""
    talk, _states = control(client, firewall)
    client.sends(tcp("client:40000 > server:2021", "PSH,ACK", line, seq=talk.client.seq, ack=talk.client.ack))
    client.sends(tcp("client:1 > server:9", "SYN"))
    server.sees(tcp("client:1 > server:9", "SYN"))
    server.never_saw(tcp("client:40000 > server:2021", "PSH,ACK", line))
    firewall.expects_nothing()


@case("ftp.first-line", topology="two-lans", needs=["helper-ftp"], cites=["FTP-18"])
def test_first_line(client, server, firewall):
    """The very first line of a side is not read; later ones are."""
    talk, _states = control(client, firewall, greeting=False)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    firewall.expects_nothing()
    talk.client_says(f"PORT {CLIENT},156,66\r\n")
    firewall.expects("dport=40002", count=1)


@case("ftp.again", topology="two-lans", needs=["helper-ftp"], cites=["FTP-20"])
def test_again(client, server, firewall):
    """The same command twice is one expectation; another port takes its place."""
    talk, _states = control(client, firewall)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    firewall.expects("dport=40001", count=1)
    talk.client_says(f"PORT {CLIENT},156,66\r\n")
    firewall.expects("dport=40002", count=1)
    assert len([line for line in firewall.node.expectations() if line.strip()]) == 1


@case("ftp.no-helper", topology="two-lans", needs=["helper-ftp"], cites=["FTP-22"])
def test_no_helper(client, server, firewall):
    """Without the CT rule nobody reads, and the data connection is NEW."""
    talk, states = control(client, firewall, helper=False)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    firewall.expects_nothing()
    states.after()
    server.sends(tcp("server:20 > client:40001", "SYN"))
    assert states.after() == "NEW"


@case("ftp.other-port", topology="two-lans", needs=["helper-ftp"], cites=["FTP-23"])
def test_other_port(client, server, firewall):
    """The helper works on whatever port the rule names."""
    talk, _states = control(client, firewall, port=2121)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    firewall.expects("dport=40001", count=1)


@case("ftp.gone-with-control", topology="two-lans", needs=["helper-ftp"], cites=["FTP-25"])
def test_gone_with_control(client, firewall):
    """An expectation ends with its control connection."""
    talk, _states = control(client, firewall)
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    firewall.expects("dport=40001", count=1)
    firewall.runs("conntrack -D -p tcp --dport 2021")
    firewall.expects_nothing()


@case("ftp.mark-inherited", topology="two-lans", needs=["helper-ftp", "mangle"], cites=["CTSTATE-28"])
def test_mark_inherited(client, server, firewall):
    """The data connection has the mark of its control connection."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 2021 -j CT --helper ftp
        COMMIT
        *mangle
        -A PREROUTING -p tcp --dport 2021 -j CONNMARK --set-mark 5
        COMMIT
    """)
    talk = client.connects("client:40000 > server:2021")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    server.sends(tcp("server:20 > client:40001", "SYN"))
    firewall.tracks("tcp server:20 > client:40001", mark=5)


@case("ftp.stateful-firewall", topology="two-lans", needs=["helper-ftp"], cites=["FTP-26"])
def test_stateful_firewall(client, server, firewall):
    """ESTABLISHED, RELATED and NEW to port 21 are enough for active FTP; nothing else gets in."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 2021 -j CT --helper ftp
        COMMIT
        *filter
        :FORWARD DROP [0:0]
        -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
        -A FORWARD -p tcp --dport 2021 -m conntrack --ctstate NEW -j ACCEPT
        COMMIT
    """)
    talk = client.connects("client:40000 > server:2021")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.client_says(f"PORT {CLIENT},156,65\r\n")
    server.sends(tcp("server:20 > client:40009", "SYN"), tcp("server:20 > client:40001", "SYN"))
    client.sees(tcp("server:20 > client:40001", "SYN"))
    client.never_saw(tcp("server:20 > client:40009"))
