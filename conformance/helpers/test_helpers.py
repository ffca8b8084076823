"""Helpers other than FTP: TFTP, IRC, Amanda, SIP, PPTP and the broadcasters. Who is expected, and what NAT rewrites."""

from conformance import waits
from conformance.stating import States
from conformance.vocabulary import case, gre, table, tcp, udp

OUTSIDE = "*nat\n-A POSTROUTING -o wan -j SNAT --to-source 198.51.100.117\nCOMMIT\n"
# Only what the client asks for, and what belongs to it.
ONLY = """*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i lan {} -j ACCEPT
COMMIT
"""


def helped(name, protocol, port, chain="PREROUTING"):
    return {"raw": f"-A {chain} -p {protocol} --dport {port} -j CT --helper {name}"}


def rules(name, protocol, port):
    return f"*raw\n-A PREROUTING -p {protocol} --dport {port} -j CT --helper {name}\nCOMMIT\n"


# -- TFTP


def request(opcode, name=b"file"):
    return bytes([0, opcode]) + name + b"\0octet\0"


@case("tftp.expectation", topology="two-lans", needs=["helper-tftp"], cites=["HELPER-01", "HELPER-03"], rows=table("""
    name  | opcode | expects
    ------+--------+--------
    read  | 1      | True
    write | 2      | True
    data  | 3      | False
    ack   | 4      | False
    error | 5      | False
"""))  # fmt: skip
def test_tftp_expectation(client, firewall, opcode, expects):
    """A request makes the firewall expect the server at the client's port, from any port of its own."""
    firewall.loads(rules("tftp", "udp", 6969))
    client.sends(udp("client:3000 > server:6969", request(opcode)))
    if expects:
        firewall.expects("proto=17", "src={server}", "dst={client}", "sport=0", "dport=3000", "tftp", count=1)
    else:
        firewall.expects_nothing()


@case("tftp.data", topology="two-lans", needs=["helper-tftp"], cites=["HELPER-02"])
def test_tftp_data(client, server, firewall):
    """The data is RELATED, its acknowledgement ESTABLISHED, and somebody else's packet to the same port NEW."""
    states = States(firewall, extra=helped("tftp", "udp", 6969))
    client.sends(udp("client:3000 > server:6969", request(1)))
    assert states.after() == "NEW"
    server.sends(udp("10.0.2.9:5555 > client:3000", b"\0\3\0\1stranger"))
    assert states.after() == "NEW"
    server.sends(udp("server:5555 > client:3000", b"\0\3\0\1data"))
    assert states.after() == "RELATED"
    client.sends(udp("client:3000 > server:5555", b"\0\4\0\1"))
    assert states.after() == "ESTABLISHED"
    firewall.expects_nothing()


@case("tftp.nat", topology="three-legged", needs=["helper-tftp", "nat"], cites=["HELPER-04"])
def test_tftp_nat(client, server, firewall):
    """Behind SNAT the server is expected at the public address, and what it sends arrives inside."""
    firewall.loads(rules("tftp", "udp", 6969) + OUTSIDE)
    client.sends(udp("client:3000 > server:6969", request(1)))
    server.sees(udp("198.51.100.117:3000 > server:6969"))
    firewall.expects("src={server}", "dst=198.51.100.117", "dport=3000", "tftp")
    server.sends(udp("server:5555 > 198.51.100.117:3000", b"\0\3\0\1data"))
    client.sees(udp("server:5555 > client:3000"))


@case("tftp.real", topology="three-legged", needs=["helper-tftp", "nat"], cites=["HELPER-01", "HELPER-02", "HELPER-04"], rows=table("""
    name     | helped
    ---------+-------
    helped   | True
    unhelped | False
"""))  # fmt: skip
def test_tftp_real(client, server, firewall, helped):
    """A real client fetches and sends files through a firewall that lets nothing in but what belongs to it."""
    firewall.loads((rules("tftp", "udp", 69) if helped else "") + OUTSIDE.replace("117", "1") + ONLY.format("-p udp --dport 69"))
    if not helped:
        client.sends(udp("client:3000 > server:69", request(1, b"hello.txt")))
        client.never_saw(udp("server:any > client:3000"))
        return
    assert client.tftp_gets("{server}", "bytes-3000")["bytes"] == 3000
    put = client.tftp_puts("{server}", size=2000)

    def got():
        """The server writes down what it has received after it has said thank you."""
        return [{"bytes": done["bytes"], "sha256": done["sha256"]} for done in server.node.transfers() if done["action"] == "WRQ"]

    waits.until(got, "what the server has received", waits.ANSWER)
    assert got() == [put]


# -- IRC

OFFER = "PRIVMSG bob :\1DCC {} 167772426 4000 100\1\r\n"  # 167772426 is 10.0.1.10


def chat(client, firewall, more=""):
    firewall.loads(rules("irc", "tcp", 6668) + more)
    talk = client.connects("client:40000 > server:6668")
    talk.client_says("NICK alice\r\n")
    talk.server_says(":lab 001 alice :welcome\r\n")
    return talk


@case("irc.offer", topology="two-lans", needs=["helper-irc"], cites=["HELPER-05", "HELPER-06"], rows={
    word.split()[0].lower(): {"word": word} for word in ("SEND file", "CHAT chat", "MOVE file", "TSEND file", "SCHAT chat")})
def test_irc_offer(client, server, firewall, word):
    """Who is offered a direct connection may come from anywhere."""
    talk = chat(client, firewall)
    talk.client_says(OFFER.format(word))
    firewall.expects("proto=6", "src=0.0.0.0", "dst={client}", "sport=0", "dport=4000", "irc", count=1)


@case("irc.connection", topology="two-lans", needs=["helper-irc"], cites=["HELPER-06"])
def test_irc_connection(client, server, firewall):
    """The connection that was offered is RELATED, from whomever it comes."""
    states = States(firewall, extra=helped("irc", "tcp", 6668))
    talk = client.connects("client:40000 > server:6668")
    talk.client_says("NICK alice\r\n")
    talk.server_says(":x\r\n")
    talk.client_says(OFFER.format("SEND file"))
    states.after()
    server.sends(tcp("10.0.2.9:5000 > client:4000", "SYN"))
    assert states.after() == "RELATED"


@case("irc.no-offer", topology="two-lans", needs=["helper-irc"], cites=["HELPER-07"], rows={
    "foreign-address": {"line": "PRIVMSG bob :\1DCC SEND file 1 4000 100\1\r\n"},
    "port-0": {"line": "PRIVMSG bob :\1DCC SEND file 167772426 0 100\1\r\n"},
    "no-newline": {"line": "PRIVMSG bob :\1DCC SEND file 167772426 4000"},
    "no-mark": {"line": "PRIVMSG bob :DCC SEND file 167772426 4000 100\r\n"}})  # fmt: skip
def test_irc_no_offer(client, firewall, line):
    """What only resembles an offer is forwarded and means nothing."""
    talk = chat(client, firewall)
    talk.client_says(line)
    firewall.expects_nothing()


@case("irc.offer-from-server", topology="two-lans", needs=["helper-irc"], cites=["HELPER-07"])
def test_irc_from_server(client, firewall):
    """The side that was connected to cannot offer anything."""
    talk = chat(client, firewall)
    talk.server_says(OFFER.format("SEND file"))
    firewall.expects_nothing()


@case("irc.nat", topology="three-legged", needs=["helper-irc", "nat"], cites=["HELPER-08"])
def test_irc_nat(client, server, firewall):
    """Behind SNAT the offer names the public address, and the connection arrives inside."""
    firewall.loads(rules("irc", "tcp", 6668) + OUTSIDE)
    talk = client.connects("client:40000 > server:6668", seen_as="198.51.100.117:40000 > server:6668")
    talk.client_says("NICK alice\r\n")
    talk.server_says(":x\r\n")
    public = str(int.from_bytes(bytes([198, 51, 100, 117])))
    talk.client_says(OFFER.format("SEND file"), arrives_as=OFFER.format("SEND file").replace("167772426", public))
    talk.server_says(":x PONG\r\n")  # the offer became one longer: each side still counts what it sent and saw
    talk.client_says("PING x\r\n")
    server.sends(tcp("server:5000 > 198.51.100.117:4000", "SYN"))
    client.sees(tcp("server:5000 > client:4000", "SYN"))


@case("irc.real", topology="three-legged", needs=["helper-irc", "nat"], cites=["HELPER-05", "HELPER-08"])
def test_irc_real(client, server, firewall):
    """Two people on a real relay: the one behind SNAT offers a file, the other fetches it."""
    firewall.loads(rules("irc", "tcp", 6667) + OUTSIDE.replace("117", "1") + ONLY.format("-p tcp --dport 6667"))
    bob = server.opens("tcp").connects("server:6667")
    bob.says("NICK bob\r\n")
    bob.hears(":lab 001 bob :welcome\r\n")
    alice = client.opens("tcp").connects("server:6667")
    alice.says("NICK alice\r\n")
    alice.hears(":lab 001 alice :welcome\r\n")
    offered = client.listens("tcp:4000")
    alice.says(OFFER.format("SEND file"))
    words = bob.hears().decode("latin-1").split()
    address, port = int(words[-3]), int(words[-2])
    assert address == int.from_bytes(bytes([198, 51, 100, 1]))
    fetching = server.opens("tcp").connects(f"{'.'.join(map(str, address.to_bytes(4)))}:{port}")
    offered.accepts().says("the file")
    fetching.hears("the file")


@case("irc.offers", topology="three-legged", needs=["helper-irc", "nat"], cites=["HELPER-08"], rows={
    "longer": {"address": "198.51.100.117"}, "shorter": {"address": "1.1.1.1"}, "same-length": {"address": "9.9.9.9"}})
def test_irc_offers(client, server, firewall, address):
    """Every offer moves the sequence numbers further; what the other side selectively acknowledges moves back."""
    firewall.loads(rules("irc", "tcp", 6668) + OUTSIDE.replace("198.51.100.117", address))
    public = str(int.from_bytes(bytes(map(int, address.split(".")))))
    server.changes(f"ip route add {address} via {{firewall.wan}}", undo=f"ip route del {address}")
    talk = client.connects("client:40000 > server:6668", seen_as=f"{address}:40000 > server:6668", sack_ok=True)
    talk.client_says("NICK alice\r\n")
    talk.server_says(":x\r\n")
    for port in ("4000", "4001", "4002"):
        offer = OFFER.format("SEND file").replace("4000", port)
        talk.client_says(offer, arrives_as=offer.replace("167772426", public))
        talk.server_says(":x PONG\r\n")
    start = talk.client.seq
    talk.client_says("PING 1234\r\n")
    seen = talk.server_sends("ACK", sack=[(talk.server.ack - 8, talk.server.ack - 3)])
    assert seen.sack == ((start + 3, start + 8),), seen.sack
    assert talk.client.seq - talk.server.ack == 3 * (len("167772426") - len(public))


# -- Amanda

REPLY = "Amanda 2.4 REP HANDLE 000 SEQ 0\nCONNECT DATA 5001 MESG 5002 INDEX 5003\n"


def backup(client, server, firewall, reply=REPLY, states=None):
    if states is None:
        firewall.loads(rules("amanda", "udp", 10080))
    client.sends(udp("client:9000 > server:10080", "Amanda 2.4 REQ HANDLE 000 SEQ 0\n"))
    server.answers(server.sees(udp("client:9000 > server:10080")), reply)


@case("amanda.ports", topology="two-lans", needs=["helper-amanda"], cites=["HELPER-09"])
def test_amanda_ports(client, server, firewall):
    """The reply names ports; each is expected for three minutes."""
    backup(client, server, firewall)
    for port in (5001, 5002, 5003):
        line = firewall.expects("proto=6", "src={client}", "dst={server}", f"dport={port}", "amanda", count=3)[0]
        assert 178 <= int(line.split()[0]) <= 180


@case("amanda.timeout", topology="two-lans", needs=["helper-amanda"], cites=["HELPER-10"])
def test_amanda_timeout(client, server, firewall):
    """An estimate may take its time: the control flow is kept for five minutes."""
    backup(client, server, firewall)
    firewall.tracks("udp client:9000 > server:10080", timeout=300)


@case("amanda.data", topology="two-lans", needs=["helper-amanda"], cites=["HELPER-11"])
def test_amanda_data(client, server, firewall):
    """The connections of the backup itself are RELATED."""
    states = States(firewall, extra=helped("amanda", "udp", 10080))
    backup(client, server, firewall, states=states)
    states.after()
    client.sends(tcp("client:1000 > server:5001", "SYN"))
    assert states.after() == "RELATED"
    client.sends(tcp("client:1000 > server:5004", "SYN"))
    assert states.after() == "NEW"


@case("amanda.nothing", topology="two-lans", needs=["helper-amanda"], cites=["HELPER-12"])
def test_amanda_nothing(client, server, firewall):
    """A reply that connects nothing makes nothing expected."""
    backup(client, server, firewall, "NOTHING DATA 5004\n")
    firewall.expects_nothing()


# -- SIP

SDP = "v=0\r\no=a 1 1 IN IP4 {a}\r\ns=-\r\nc=IN IP4 {a}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"


def invite(host):
    body = SDP.format(a=host)
    return (
        f"INVITE sip:b@198.51.100.10 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060\r\nFrom: <sip:a@h.example>;tag=1\r\n"
        f"To: <sip:b@h.example>\r\nCall-ID: x@y\r\nCSeq: 1 INVITE\r\nContact: <sip:a@{host}:5060>\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


@case("sip.call", topology="three-legged", needs=["helper-sip"], cites=["HELPER-18"])
def test_sip_call(client, server, firewall):
    """A call names the port of its voice; voice and its reports are expected there and are RELATED."""
    states = States(firewall, extra=helped("sip", "udp", 5060))
    client.sends(udp("client:5060 > server:5060", invite("10.0.1.10")))
    firewall.expects("proto=17", "src={server}", "dst={client}", "dport=40000", "sip/audio", count=2)
    firewall.expects("dst={client}", "dport=40001", "sip/audio")
    states.after()
    server.claims("198.51.100.10")
    server.sends(udp("server:30000 > client:40000", b"\x80voice"), next_hop="firewall")
    assert states.after() == "RELATED"


@case("sip.nat", topology="three-legged", needs=["helper-sip", "nat"], cites=["HELPER-18"])
def test_sip_nat(client, server, firewall):
    """Behind SNAT every address in the call is the public one, and the length of the body is right again."""
    firewall.loads(rules("sip", "udp", 5060) + OUTSIDE)
    client.sends(udp("client:5060 > server:5060", invite("10.0.1.10")))
    seen = server.sees(udp("198.51.100.117:5060 > server:5060"))
    assert seen.text == invite("198.51.100.117")
    server.sends(udp("server:30000 > 198.51.100.117:40000", b"\x80voice"))
    client.sees(udp("server:30000 > client:40000"))


REGISTER = (
    "REGISTER sip:h.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.10:5061\r\nFrom: <sip:a@h.example>;tag=1\r\n"
    "To: <sip:a@h.example>\r\nCall-ID: r@y\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@10.0.1.10:5062>;expires=3600\r\n"
    "Content-Length: 0\r\n\r\n"
)
REGISTERED = (
    "SIP/2.0 {}\r\nVia: SIP/2.0/UDP 10.0.1.10:5061\r\nFrom: <sip:a@h.example>;tag=1\r\nTo: <sip:a@h.example>;tag=2\r\n"
    "Call-ID: r@y\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@10.0.1.10:5062>;expires=3600\r\nContent-Length: 0\r\n\r\n"
)


@case("sip.register", topology="two-lans", needs=["helper-sip"], cites=["HELPER-18"], rows=table("""
    name     | answer           | rings
    ---------+------------------+------
    accepted | 200 OK           | RELATED
    refused  | 403 Forbidden    | NEW
"""))  # fmt: skip
def test_sip_register(client, server, firewall, answer, rings):
    """A phone that has registered can be called at the port of its Contact; one that was sent away cannot."""
    states = States(firewall, extra=helped("sip", "udp", 5060))
    client.sends(udp("client:5061 > server:5060", REGISTER))
    server.answers(server.sees(udp("client:5061 > server:5060")), REGISTERED.format(answer))
    states.after()
    server.sends(udp("10.0.2.9:5060 > client:5062", "ring"))
    assert states.after() == "NEW"
    server.sends(udp("server:5060 > client:5062", "OPTIONS sip:a@10.0.1.10:5062 SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n"))
    assert states.after() == rings


# -- PPTP


def pptp(kind, body, size):
    """A control message: length, type 1, cookie, kind, reserved, then its fields (RFC 2637 section 2)."""
    return (size.to_bytes(2) + b"\0\1\x1a\x2b\x3c\x4d" + kind.to_bytes(2) + b"\0\0" + body).ljust(size, b"\0")


@case("pptp.call", topology="two-lans", needs=["helper-pptp"], cites=["HELPER-18"])
def test_pptp_call(client, server, firewall):
    """The answer to a call opens GRE between the two, with the keys of the call, both ways."""
    states = States(firewall, match="-p gre", extra=helped("pptp", "tcp", 1723))
    talk = client.connects("client:40000 > server:1723")
    talk.client_says(pptp(1, b"\1\0\0\0", 156))
    talk.server_says(pptp(2, b"\1\0\1\0", 156))
    talk.client_says(pptp(7, b"\0\x4d\0\0", 168))
    talk.server_says(pptp(8, b"\x02\x2b\0\x4d\1\0", 32))
    firewall.expects("proto=47", "src={client}", "dst={server}", "srckey=0x4d", "dstkey=0x22b", "pptp", count=2)
    client.sends(gre("client > server", key=0x22B, gre_version=1))
    assert states.after() == "RELATED"
    server.sends(gre("server > client", key=0x4D, gre_version=1))
    assert states.after() == "ESTABLISHED"


@case("pptp.nat", topology="three-legged", needs=["helper-pptp", "nat"], cites=["HELPER-18"])
def test_pptp_nat(client, server, firewall):
    """Two clients behind one address may choose the same call number: outside it is the port of the control connection."""
    firewall.loads(rules("pptp", "tcp", 1723) + OUTSIDE)
    talk = client.connects("client:40000 > server:1723", seen_as="198.51.100.117:40000 > server:1723")
    talk.client_says(pptp(1, b"\1\0\0\0", 156))
    talk.server_says(pptp(2, b"\1\0\1\0", 156))
    talk.client_says(pptp(7, b"\0\x4d\0\0", 168), arrives_as=pptp(7, b"\x9c\x40\0\0", 168))
    talk.server_says(pptp(8, b"\x02\x2b\x9c\x40\1\0", 32), arrives_as=pptp(8, b"\x02\x2b\0\x4d\1\0", 32))
    client.sends(gre("client > server", key=0x22B, gre_version=1))
    server.sees(gre("198.51.100.117 > server", key=0x22B, gre_version=1))
    server.sends(gre("server > 198.51.100.117", key=0x9C40, gre_version=1))
    client.sees(gre("server > client", key=0x4D, gre_version=1))


# -- all of them


@case("helper.exists", topology="two-lans", cites=["HELPER-18"], rows=table("""
    name       | protocol | needs
    -----------+----------+-------------------
    ftp        | tcp      | helper-ftp
    tftp       | udp      | helper-tftp
    irc        | tcp      | helper-irc
    amanda     | udp      | helper-amanda
    sip        | udp      | helper-sip
    pptp       | tcp      | helper-pptp
    sane       | tcp      | helper-sane
    snmp       | udp      | helper-snmp
    netbios-ns | udp      | helper-netbios-ns
    Q.931      | tcp      | helper-h323
    RAS        | udp      | helper-h323
"""))  # fmt: skip
def test_exists(firewall, row, protocol):
    """Each helper may be named by a rule, and the rule is saved with its name."""
    firewall.loads(f"*raw\n-A PREROUTING -p {protocol} -j CT --helper {row}\nCOMMIT")
    assert f"-j CT --helper {row}\n" in firewall.saved(table="raw")


@case("helper.unknown", topology="two-lans", needs=["target-CT"], cites=["HELPER-14"])
def test_unknown(firewall):
    """A helper that nobody knows is refused."""
    refused = firewall.differs(legacy=1, nft=4, because="iptables-nft ends with 4 when the kernel says no")
    firewall.runs("iptables -t raw -A PREROUTING -p tcp -j CT --helper nosuch", exits=refused)
    assert "nosuch" not in firewall.saved(table="raw")


PORT = "PORT 10,0,1,10,156,65\r\n"


def ftp(client, firewall):
    firewall.loads(rules("ftp", "tcp", 2121))
    talk = client.connects("client:40000 > server:2121")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.client_says(PORT)


@case("helper.expectation-list", topology="two-lans", needs=["helper-ftp", "conntrack-tool"], cites=["HELPER-15"])
def test_expectation_list(client, firewall):
    """conntrack -L expect shows the masks, the connection that it belongs to, its class and the helper."""
    ftp(client, firewall)
    firewall.runs("conntrack -L expect").contains(
        "proto=6 src=10.0.2.10 dst=10.0.1.10 sport=0 dport=40001 ",
        "mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 ",
        "master-src=10.0.1.10 master-dst=10.0.2.10 sport=40000 dport=2121 class=0 helper=ftp",
    )


@case("helper.expectation-flush", topology="two-lans", needs=["helper-ftp", "conntrack-tool"], cites=["HELPER-16"])
def test_expectation_flush(client, firewall):
    """conntrack -F expect forgets what is expected; the connection stays."""
    ftp(client, firewall)
    firewall.expects("dport=40001", count=1)
    firewall.runs("conntrack -F expect")
    firewall.expects_nothing()
    firewall.tracks("tcp client:40000 > server:2121", state="ESTABLISHED")


@case("helper.expectation-events", topology="two-lans", needs=["helper-ftp", "helper-tftp", "conntrack-tool"], cites=["HELPER-17"])
def test_expectation_events(client, server, firewall):
    """Who listens for expectations is told when they come and when they have been used."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 2121 -j CT --helper ftp
        -A PREROUTING -p udp --dport 6969 -j CT --helper tftp
        COMMIT
    """)
    ports = iter(range(7000, 8000))
    listener = firewall.watches(
        "conntrack -E expect", lambda: client.sends(udp(f"client:{next(ports)} > server:6969", request(1))), "dport=7")
    talk = client.connects("client:40000 > server:2121")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    listener.skip()
    talk.client_says(PORT)
    listener.says("[NEW] 300 proto=6 src=10.0.2.10 dst=10.0.1.10 sport=0 dport=40001 ")
    server.sends(tcp("server:20 > client:40001", "SYN"))
    listener.says("[DESTROY] ")
