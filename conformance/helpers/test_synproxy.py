"""SYNPROXY after its SYN/ACK: how the two handshakes become one connection, and what may go wrong on the way."""

from conformance.vocabulary import case, tcp

RULES = """
    *raw
    -A PREROUTING -p tcp --dport 99 --syn -j CT --notrack
    COMMIT
    *filter
    -A FORWARD -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY {}
    -A FORWARD -m conntrack --ctstate INVALID -j DROP
    COMMIT
"""
OUT, BACK = "client:40000 > server:99", "server:99 > client:40000"
NEEDS = ["target-SYNPROXY", "raw"]


class Proxied:
    """The client's handshake with the firewall; the server's has begun. cookie: the number that the client was given."""

    def __init__(self, client, server, firewall, options, stamp=None):
        self.client, self.server, self.stamp = client, server, stamp
        firewall.sets("net.netfilter.nf_conntrack_tcp_loose", 0)
        firewall.loads(RULES.format(options))
        client.sends(tcp(OUT, "SYN", seq=1000, mss=1400, sack_ok=True, wscale=3, **self.stamped((500, 0))))
        seen = client.sees(tcp(BACK, "SYN,ACK", ack=1001, window=0))
        self.cookie = seen.seq
        self.cookie_stamp = seen.timestamp[0] if stamp else 0
        self.acknowledges()
        self.syn = server.sees(tcp(OUT, "SYN", seq=1000))

    def stamped(self, pair):
        return {"timestamp": pair} if self.stamp else {}

    def acknowledges(self, **fields):
        said = {"seq": 1001, "ack": self.cookie + 1, "window": 300} | self.stamped((501, self.cookie_stamp if self.stamp else 0)) | fields
        self.client.sends(tcp(OUT, "ACK", **said))


@case("synproxy.joins", topology="two-lans", needs=NEEDS, cites=["TGT-34"], rows={
    "plain": {"options": "--mss 1460", "stamp": False, "offers": {}},
    "scaled": {"options": "--mss 1460 --wscale 7", "stamp": False, "offers": {"wscale": 7}},
    "stamped": {"options": "--mss 1460 --wscale 7 --sack-perm --timestamp", "stamp": True, "offers": {"wscale": 7, "sack_ok": True}}})
def test_joins(client, server, firewall, options, stamp, offers):
    """Both ends count on with their own numbers and clocks; the window opens as the server said, by its scale."""
    talk = Proxied(client, server, firewall, options, stamp)
    server.sends(tcp(BACK, "SYN,ACK", seq=7000, ack=1001, window=8192, **offers, **talk.stamped((90000, talk.syn.timestamp[0] if stamp else 0))))
    ready = server.sees(tcp(OUT, "ACK", seq=1001, ack=7001))
    opened = client.sees(tcp(BACK, "ACK", seq=talk.cookie + 1, ack=1001, window=8192 >> offers.get("wscale", 0)))
    if stamp:
        assert opened.timestamp[0] == talk.cookie_stamp, opened.timestamp
        assert ready.timestamp[0] == talk.syn.timestamp[0], ready.timestamp
    server.sends(tcp(BACK, "PSH,ACK", "hello", seq=7001, ack=1001, window=100, **talk.stamped((90007, 501))))
    heard = client.sees(tcp(BACK, "PSH,ACK", "hello", seq=talk.cookie + 1, ack=1001, window=100))
    client.sends(tcp(OUT, "PSH,ACK", "answer", seq=1001, ack=talk.cookie + 6, **talk.stamped((510, talk.cookie_stamp + 7))))
    answer = server.sees(tcp(OUT, "PSH,ACK", "answer", seq=1001, ack=7006))
    if stamp:
        assert heard.timestamp == (talk.cookie_stamp + 7, 501), heard.timestamp
        assert answer.timestamp == (510, 90007), answer.timestamp
    entry = firewall.tracks("tcp client:40000 > server:99", state="ESTABLISHED")
    assert "ASSURED" in str(entry)


@case("synproxy.still-waits", topology="two-lans", needs=NEEDS, cites=["TGT-34"])
def test_still_waits(client, server, firewall):
    """While the server is silent, a keep-alive of the client sends the SYN again."""
    talk = Proxied(client, server, firewall, "--mss 1460")
    talk.acknowledges(seq=1000)
    server.sees(tcp(OUT, "SYN", seq=1000))
    server.sends(tcp(BACK, "SYN,ACK", seq=7000, ack=1001, window=500))
    server.sees(tcp(OUT, "ACK", seq=1001, ack=7001))
    client.sees(tcp(BACK, "ACK", seq=talk.cookie + 1, window=500))


@case("synproxy.refused", topology="two-lans", needs=NEEDS, cites=["TGT-34"])
def test_refused(client, server, firewall):
    """The server resets: the client hears of it with the number that it expects."""
    talk = Proxied(client, server, firewall, "--mss 1460")
    server.sends(tcp(BACK, "RST,ACK", seq=0, ack=1001))
    seen = client.saw(tcp(BACK, "RST,ACK"))
    assert [(one.seq - talk.cookie) % 2**32 for one in seen] in ([1], [2**32 - talk.cookie]), [one.seq for one in seen]


@case("synproxy.reset-later", topology="two-lans", needs=NEEDS, cites=["TGT-34"])
def test_reset_later(client, server, firewall):
    """A reset in the open connection has the client's number for it."""
    talk = Proxied(client, server, firewall, "--mss 1460")
    server.sends(tcp(BACK, "SYN,ACK", seq=7000, ack=1001, window=500))
    client.sees(tcp(BACK, "ACK", seq=talk.cookie + 1))
    server.sees(tcp(OUT, "ACK"))
    server.sends(tcp(BACK, "RST,ACK", seq=7001, ack=1001))
    client.sees(tcp(BACK, "RST,ACK", seq=talk.cookie + 1))
    firewall.tracks("tcp client:40000 > server:99", state="CLOSE")
