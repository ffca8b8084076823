"""Rules change while connections are open."""

from conformance.vocabulary import case, tcp, udp

OPEN = """\
*nat
-A PREROUTING -i wan -d {firewall.wan} -p tcp --dport 8080 -j DNAT --to-destination {web}:99
-A POSTROUTING -o wan -j SNAT --to-source {firewall.wan}
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment known -j ACCEPT
-A FORWARD -p tcp --syn -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""
LATER = """\
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment known -j ACCEPT
COMMIT
"""


@case("robust.reload.translated-connections-live", topology="three-legged", needs=["nat"], cites=["ROBUST-14"], rows={
    "the-same-rules": {"rules": OPEN, "noflush": ""},
    "other-nat-rules": {"rules": "*nat\n-A POSTROUTING -o dmz -j MASQUERADE\n-A PREROUTING -i dmz -j ACCEPT\nCOMMIT\n" + LATER, "noflush": ""},
    "added-to": {"rules": "*filter\n-A INPUT -p udp --dport 9 -j DROP\nCOMMIT\n", "noflush": "--noflush"}})  # fmt: skip
def test_connections_live(client, server, web, firewall, rules, noflush):
    """Both translations were decided by the first packet: the rules may go, the connections stay."""
    firewall.loads(OPEN)
    out = client.connects("client:40000 > server:99", seen_as="firewall.wan:40000 > server:99")
    inside = server.connects("server:50000 > firewall.wan:8080", at=web, seen_as="server:50000 > web:99")
    out.client_says("before")
    inside.client_says("before")
    firewall.runs(f"iptables-restore {noflush}", stdin=firewall.fills_in(rules))
    for talk in (out, inside):
        talk.client_says("after")
        talk.server_says("answer")
    firewall.tracks("tcp client:40000 > server:99", reply="server:99 > firewall.wan:40000", assured=True)
    out.client_closes()
    out.server_closes()
    firewall.tracks("tcp client:40000 > server:99", state="TIME_WAIT")


@case("robust.reload.without-nat", topology="three-legged", needs=["nat"], cites=["ROBUST-14"])
def test_without_nat(client, server, firewall):
    """The last NAT rule goes, and the chains with it. What is translated stays translated, for legacy: its table stays."""
    firewall.loads(OPEN)
    talk = client.connects("client:40000 > server:99", seen_as="firewall.wan:40000 > server:99")
    firewall.runs("iptables-restore", stdin="*nat\nCOMMIT\n" + LATER)
    client.sends(talk.client.packet(4, "ACK", "after", {}))
    source = firewall.differs(legacy="firewall.wan", nft="client", because="nft translates in its nat chains' hooks only")
    server.sees(tcp(f"{source}:40000 > server:99", "ACK", "after"))


@case("robust.reload.refused-rules-change-nothing", topology="three-legged", needs=["nat"], cites=["ROBUST-14"])
def test_refused(client, server, firewall):
    """A ruleset with a fault in its last line leaves rules and connections as they were."""
    firewall.loads(OPEN)
    talk = client.connects("client:40000 > server:99", seen_as="firewall.wan:40000 > server:99")
    before = firewall.saved()
    firewall.refuses("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j DROP\n-A FORWARD -j NOWHERE\nCOMMIT\n")
    assert firewall.saved() == before
    talk.client_says("after")
    talk.server_says("answer")


@case("robust.reload.counters-live", topology="two-lans", needs=["conntrack"], cites=["ROBUST-14"])
def test_counters_live(client, server, firewall):
    """Saved with -c and restored with -c, the counters go on where they were."""
    firewall.loads("*filter\n-A FORWARD -p udp -m comment --comment seen -j ACCEPT\nCOMMIT")
    client.sends(udp("client:1 > server:99", "x"), udp("client:2 > server:99", "x"))
    firewall.counted("seen", packets=2)
    kept = firewall.runs("iptables-save -c").out
    firewall.runs("iptables-restore -c", stdin=kept)
    firewall.counted("seen", packets=2)
    client.sends(udp("client:3 > server:99", "x"))
    server.sees(udp("client:3 > server:99", "x"))
    firewall.counted("seen", packets=3)


@case("robust.reload.download-lives", topology="three-legged", needs=["nat", "conntrack"], cites=["ROBUST-14"])
def test_download_lives(client, server, firewall):
    """iptables-restore again and again while a real client fetches through SNAT: not a byte is lost."""
    firewall.loads(OPEN)
    download = client.begins_fetching("http://{server}/bytes/3000000")
    for _round in range(3):
        firewall.runs("iptables-restore", stdin=firewall.fills_in(OPEN))
    download.ends()
    firewall.counted("filter FORWARD policy", packets=0)
