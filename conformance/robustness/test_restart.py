"""The engine's process ends and another goes on: planned, or killed. Connections live, and meanwhile nothing leaks."""

from conformance.vocabulary import between, case, tcp, udp

ALIVE = ["engine-process", "save-state", "conntrack"]
STRICT = """\
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -p tcp --syn -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -p udp -m conntrack --ctstate NEW -m comment --comment new -j ACCEPT
COMMIT
"""
SNAT = "*nat\n-A POSTROUTING -o wan -p tcp -j SNAT --to-source {firewall.wan}:20000\n-A POSTROUTING -o wan -p udp -j SNAT --to-source {firewall.wan}:20000\nCOMMIT\n"
DNAT = "*nat\n-A PREROUTING -i wan -p tcp --dport 8080 -j DNAT --to-destination {web}:80\nCOMMIT\n"
SMALL_WINDOW = "4096 65536 131072"  # of the one who fetches: what was saved is soon far behind
FAR = "http://{server}/bytes/3000000"
INSIDE = "http://{firewall.wan}:8080/bytes/3000000"
WAYS = {"snat": {"nat": SNAT, "who": "client", "url": FAR}, "dnat": {"nat": DNAT, "who": "server", "url": INSIDE}}


@case("restart.planned-in-a-download", topology="three-legged", needs=[*ALIVE, "nat"], cites=["ROBUST-11"], rows=WAYS)
def test_planned(client, server, web, firewall, nat, who, url):
    """A real client fetches through SNAT or DNAT; the engine is restarted three times, twice while bytes flow."""
    firewall.loads(nat + STRICT)
    reader = {"client": client, "server": server}[who]
    download = reader.begins_fetching(url.replace("3000000", "8000000"))
    firewall.restarts()
    download.goes_on(to=1_000_000)
    download.runs()
    firewall.restarts()
    firewall.restarts()
    download.ends()
    firewall.counted("filter FORWARD policy", packets=0)


@case("restart.killed-in-a-download", topology="three-legged", needs=[*ALIVE, "nat"], cites=["ROBUST-11"], fresh=True, rows=WAYS)
def test_killed(client, server, web, firewall, nat, who, url):
    """kill -9 in the middle, long after the state was saved, and what both ends say meanwhile is lost: the connection
    goes on with the saved state."""
    firewall.loads(nat + STRICT)
    reader = {"client": client, "server": server}[who]
    reader.sets("net.ipv4.tcp_rmem", SMALL_WINDOW)
    download = reader.begins_fetching(url)
    state = firewall.saves_state()
    download.goes_on(to=1_500_000)
    firewall.dies()
    download.runs()
    firewall.restarts(state)
    download.ends()


@case("restart.killed-without-a-saved-state", topology="three-legged", needs=[*ALIVE, "nat"], cites=["ROBUST-11"], fresh=True)
def test_killed_and_forgotten(client, server, firewall):
    """What was not saved is gone: a translated connection has no way back, and strict rules do not let it begin in the
    middle. Nothing is let through by mistake."""
    firewall.loads(SNAT + STRICT)
    talk = client.connects("client:40000 > server:99", seen_as="firewall.wan:20000 > server:99")
    firewall.dies()
    firewall.restarts(keep=False)
    firewall.loads(SNAT + STRICT)
    client.sends(talk.client.packet(4, "ACK", "lost", {}))
    client.sends(udp("client:7 > server:99", "marker"))
    server.sees(udp("any > server:99", "marker"))
    server.never_saw(tcp("any > server:99"))


@case("restart.closed-while-away", topology="three-legged", needs=ALIVE, cites=["ROBUST-11"], fresh=True, rows={
    "killed": {"death": True}, "ended": {"death": False}})  # fmt: skip
def test_closed(client, web, firewall, death):
    """While no engine runs nothing passes, neither new nor known; with the next one both do."""
    firewall.loads("*filter\n-A FORWARD -p udp -m comment --comment seen\nCOMMIT")
    client.sends(udp("client:1 > web:99", "before"))
    web.sees(udp("client:1 > web:99", "before"))
    state = firewall.saves_state()
    if death:
        firewall.dies()
    else:
        firewall.goes_away()
    client.sends(udp("client:1 > web:99", "meanwhile"), udp("client:2 > web:99", "meanwhile"))
    web.sends(udp("web:99 > client:1", "meanwhile"))
    firewall.restarts(state)
    client.sends(udp("client:1 > web:99", "after"), udp("client:2 > web:99", "after"))
    web.sees(udp("client:1 > web:99", "after"))
    web.sees(udp("client:2 > web:99", "after"))
    web.never_saw(udp("any > web:99", "meanwhile"))
    client.never_saw(udp("web:99 > client:1", "meanwhile"))
    firewall.counted("seen", packets=3)


@case("restart.open-while-away", topology="open-on-failure.yaml", needs=ALIVE, cites=["ROBUST-11"], fresh=True)
def test_open(client, server, firewall):
    """on_engine_failure: accept. What its rules forbid passes while the engine is away, and no longer when it is back."""
    firewall.loads("*filter\n-A FORWARD -p udp --dport 98 -j DROP\nCOMMIT")
    state = firewall.saves_state()
    forbidden = udp("client:1 > server:98", "forbidden")
    client.sends(forbidden)
    firewall.dies()
    client.sends(udp("client:1 > server:98", "meanwhile"))
    firewall.restarts(state)
    client.sends(forbidden, udp("client:1 > server:99", "marker"))
    server.sees(udp("client:1 > server:99", "marker"))
    server.sees(udp("client:1 > server:98", "meanwhile"))
    server.never_saw(forbidden)


@case("restart.open-in-a-download", topology="open-on-failure.yaml", needs=ALIVE, cites=["ROBUST-11"], fresh=True, rows={
    "killed": {"death": True}, "planned": {"death": False}})  # fmt: skip
def test_open_download(client, server, firewall, death):
    """The download went on while nobody watched it. The new engine goes along."""
    firewall.loads(STRICT)
    client.sets("net.ipv4.tcp_rmem", SMALL_WINDOW)
    download = client.begins_fetching(FAR)
    state = firewall.saves_state()
    if death:
        firewall.dies()
        download.goes_on(to=1_500_000)
        firewall.restarts(state)
    else:
        firewall.restarts()
    download.ends()


@case("restart.keeps", topology="three-legged", needs=[*ALIVE, "nat"], cites=["ROBUST-11"])
def test_keeps(client, server, firewall):
    """A restarted engine has its rules, counters, policies, connections, marks, timeouts and settings."""
    firewall.loads("*mangle\n-A FORWARD -p udp -j CONNMARK --set-mark 7\nCOMMIT\n" + SNAT + STRICT)
    firewall.sets_timeouts(udp=77)
    client.sends(udp("client:1 > server:53", "x"))
    server.answers(server.sees(udp("firewall.wan:20000 > server:53", "x")), "y")
    firewall.time_passes(10)
    rules, connections = firewall.saved(counters=True), [str(entry) for entry in firewall.connections()]
    firewall.restarts()
    assert firewall.saved(counters=True) == rules
    assert [str(entry) for entry in firewall.connections()] == connections
    firewall.tracks("udp client:1 > server:53", reply="server:53 > firewall.wan:20000", mark=7, timeout=between(60, 70))
    assert firewall.shows("net.netfilter.nf_conntrack_udp_timeout") == "77"
    client.sends(udp("client:1 > server:53", "again"))
    server.sees(udp("firewall.wan:20000 > server:53", "again"))
    firewall.counted("new", packets=1)


@case("restart.windows-stay-known", topology="two-lans", needs=ALIVE, cites=["ROBUST-11"], rows={
    "planned": {"death": False, "passes": False}, "killed": {"death": True, "passes": True}}, fresh=True)  # fmt: skip
def test_windows(client, server, firewall, death, passes):
    """After a planned restart the windows of TCP are those of before. After a crash nobody knows how far both ends have
    come: numbers are believed."""
    firewall.loads(STRICT)
    talk = client.connects("client:40000 > server:99", window=1000)
    state = firewall.saves_state()
    if death:
        firewall.dies()
    firewall.restarts(state if death else None)
    far = tcp("client:40000 > server:99", "ACK", "far", seq=talk.client.seq + 5_000_000, ack=talk.client.ack)
    client.sends(far)
    if passes:
        server.sees(far)
    talk.client_says("near")
    talk.server_says("answer")
    if not passes:
        server.never_saw(far)


@case("restart.helper-goes-on", topology="three-legged", needs=[*ALIVE, "nat", "helper-ftp"], cites=["ROBUST-11"])
def test_helper(client, server, firewall):
    """What a helper has announced and shifted is known to the next engine: an active FTP transfer through NAT."""
    firewall.loads("*raw\n-A PREROUTING -p tcp --dport 2021 -j CT --helper ftp\nCOMMIT\n"
                   "*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")  # fmt: skip
    talk = client.connects("client:40000 > server:2021", seen_as="firewall.wan:any > server:2021")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER anonymous\r\n")
    talk.client_says("PORT 10,0,1,10,156,65\r\n", arrives_as="PORT 198,51,100,1,156,65\r\n")
    firewall.restarts()
    talk.server_says("200 PORT command successful\r\n")
    talk.client_says("RETR file\r\n")
    server.sends(tcp("server:2020 > firewall.wan:40001", "SYN"))
    client.sees(tcp("server:2020 > client:40001", "SYN"))
