"""FTP through address translation: commands rewritten, numbers adjusted, data delivered. Real servers and clients at the end."""

from conformance.vocabulary import case, tcp

RULES = """
    *raw
    -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
    COMMIT
    *nat
    -A POSTROUTING -o wan -j SNAT --to-source 198.51.100.117
    COMMIT
"""


def control(client, firewall, rules=RULES, source="198.51.100.117"):
    firewall.loads(rules)
    talk = client.connects("client:40000 > server:21", seen_as=f"{source}:40000 > server:21")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER anonymous\r\n")
    return talk


@case("ftp.nat.port", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-27", "FTP-28", "FTP-29"])
def test_port(client, server, firewall):
    """PORT names the outer address; what became longer moves all later numbers; the data connection arrives inside."""
    talk = control(client, firewall)
    talk.client_says("PORT 10,0,1,10,156,65\r\n", arrives_as="PORT 198,51,100,117,156,65\r\n")
    talk.server_says("200 ok\r\n")
    talk.client_says("LIST\r\n")
    server.sends(tcp("server:20 > 198.51.100.117:40001", "SYN"))
    client.sees(tcp("server:20 > client:40001", "SYN"))


@case("ftp.nat.eprt", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-30"])
def test_eprt(client, firewall):
    """EPRT is rewritten likewise."""
    talk = control(client, firewall)
    talk.client_says("EPRT |1|10.0.1.10|40001|\r\n", arrives_as="EPRT |1|198.51.100.117|40001|\r\n")


@case("ftp.nat.port-taken", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-31"])
def test_port_taken(client, web, server, firewall):
    """If another client's data port is the same, the second gets another one."""
    talk = control(client, firewall)
    talk.client_says("PORT 10,0,1,10,156,65\r\n", arrives_as="PORT 198,51,100,117,156,65\r\n")
    other = web.connects("web:41000 > server:21", seen_as="198.51.100.117:41000 > server:21")
    other.server_says("220 ready\r\n")
    other.client_says("USER x\r\n")
    web.sends(tcp("web:41000 > server:21", "PSH,ACK", "PORT 10,0,2,10,156,65\r\n", seq=other.client.seq, ack=other.client.ack))
    line = server.sees(tcp("198.51.100.117:41000 > server:21", "PSH,ACK")).text
    assert line.startswith("PORT 198,51,100,117,") and not line.startswith("PORT 198,51,100,117,156,65")


@case("ftp.nat.passive-behind-dnat", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-32"])
def test_behind_dnat(server, web, firewall):
    """A server behind DNAT says the public address, and the data connection finds it."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 2121 -j CT --helper ftp
        COMMIT
        *nat
        -A PREROUTING -i wan -p tcp --dport 2121 -j DNAT --to-destination 10.0.2.10:2121
        COMMIT
    """)
    talk = server.connects("server:40000 > firewall.wan:2121", at=web)
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.server_says("227 ok (10,0,2,10,156,65)\r\n", arrives_as="227 ok (198,51,100,1,156,65)\r\n")
    server.sends(tcp("server:50001 > firewall.wan:40001", "SYN"))
    web.sees(tcp("server:50001 > web:40001", "SYN"))


@case("ftp.nat.port-before-dnat", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-24"])
def test_port_before_dnat(server, web, firewall):
    """The rule of raw sees the port as the client used it."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 2121 -j CT --helper ftp
        COMMIT
        *nat
        -A PREROUTING -i wan -p tcp --dport 2121 -j DNAT --to-destination 10.0.2.10:2021
        COMMIT
    """)
    talk = server.connects("server:40000 > firewall.wan:2121", at=web)
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.client_says("PORT 198,51,100,10,156,65\r\n")
    firewall.expects("dport=40001", count=1)


@case("ftp.nat.no-helper", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-33"])
def test_no_helper(client, firewall):
    """Without the helper the private address goes out."""
    rules = "\n".join(line for line in RULES.splitlines() if "helper" not in line)
    talk = control(client, firewall, rules=rules)
    talk.client_says("PORT 10,0,1,10,156,65\r\n")


@case("ftp.real", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-27", "FTP-02", "FTP-08"], rows={
    mode: {"mode": mode} for mode in ("passive", "active", "epsv", "eprt")})
def test_real(client, server, firewall, mode):
    """A real client fetches a file from a real server through SNAT, while everything unexpected is dropped."""
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
        COMMIT
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
        *filter
        :FORWARD DROP [0:0]
        -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
        -A FORWARD -i lan -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT
        COMMIT
    """)
    got = client.downloads("{server}", mode=mode)
    assert got["bytes"] > 0


@case("ftp.real-without-helper", topology="three-legged", needs=["helper-ftp", "nat"], cites=["FTP-33", "FTP-22"])
def test_real_without_helper(client, server, firewall):
    """The same without the helper: active mode cannot work."""
    firewall.loads("""
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
        *filter
        :FORWARD DROP [0:0]
        -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
        -A FORWARD -i lan -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT
        COMMIT
    """)
    client.cannot(client.downloads, "{server}", mode="active")
