"""TPROXY: packets for others are given to a program on the firewall, with the addresses that they have."""

from __future__ import annotations

from conformance.vocabulary import case, fragments, table, tcp, udp, udp6

NEEDS = ["mangle", "target-TPROXY"]
SOURCE = "iptables-extensions(8), TPROXY; kernel Documentation/networking/tproxy.rst"
REDIRECTED = "A packet for somebody else is delivered to the proxy's socket, unchanged; the proxy answers with the address that it was for"
LISTENER = "A packet for which no transparent socket listens is dropped"
FAMILIES = {
    "ipv4": {"six": "", "needs": NEEDS},
    "ipv6": {"six": "6", "needs": [*NEEDS, "ipv6"]},
}


def delivers(firewall, mark="1", six=""):
    """Have the firewall deliver to itself whatever has this mark, wherever it is for."""
    ip = "ip -6" if six else "ip"
    firewall.changes(f"{ip} rule add fwmark {mark} lookup 100", undo=f"{ip} rule del fwmark {mark} lookup 100")
    everything = f"{ip} route {{}} local default dev lo table 100"
    firewall.changes(everything.format("add"), undo=everything.format("del"))


def loads(firewall, text, six=""):
    (firewall.loads6 if six else firewall.loads)(text)


PROXY = "*mangle\n-A PREROUTING -i lan -p {} --dport {} -j TPROXY --on-port {} --tproxy-mark 1\nCOMMIT\n"
TRACKED = "*filter\n-A INPUT -m conntrack --ctstate NEW -m comment --comment new\nCOMMIT\n"


@case("targets.tproxy.udp", topology="three-legged", rows=FAMILIES, requirement=REDIRECTED, source=SOURCE)
def test_udp(client, server, firewall, six):
    """The query goes to the proxy, the answer comes from the server's address, and both belong to one connection."""
    delivers(firewall, six=six)
    loads(firewall, PROXY.format("udp", 53, 3129) + TRACKED, six)
    proxy = firewall.listens(f"udp{six}:3129", transparent=True)
    query = udp6 if six else udp
    client.sends(query("client:40000 > server:53", "query"))
    proxy.hears("query", sender="client:40000")
    firewall.counted("mangle PREROUTING 1", packets=1, family=6 if six else 4)
    firewall.counted("new", packets=1, family=6 if six else 4)
    address = "{server/6}" if six else "{server}"
    firewall.opens(f"udp{six}:[{address}]:53", transparent=True).says("reply", to="client:40000")
    client.sees(query("server:53 > client:40000", "reply"))
    firewall.tracks(f"udp{six} client:40000 > server:53", reply="server:53 > client:40000")
    server.saw_nothing_else()


@case("targets.tproxy.tcp", topology="three-legged", rows=FAMILIES, source=SOURCE,
      requirement="A TCP connection with somebody else is the proxy's, from its first packet to its last")  # fmt: skip
def test_tcp(client, server, firewall, six):
    """The proxy's end of the connection has the server's address; every packet from the client meets the rule."""
    delivers(firewall, six=six)
    loads(firewall, PROXY.format("tcp", 80, 3129) + TRACKED, six)
    proxy = firewall.listens(f"tcp{six}:3129", transparent=True)
    browser = client.opens(f"tcp{six}:40000").connects("server:80")
    taken = proxy.accepts()
    assert (taken.address, taken.port) == (server.fills_in("{server/6}" if six else "{server}"), 80)
    browser.says("GET")
    taken.hears("GET", sender="client:40000")
    taken.says("page")
    browser.hears("page")
    firewall.tracks(f"tcp{six} client:40000 > server:80", state="ESTABLISHED", assured=True, within=3)
    firewall.counted("new", packets=1, family=6 if six else 4)
    browser.closes()
    taken.hears("")
    taken.closes()
    firewall.tracks(f"tcp{six} client:40000 > server:80", state="TIME_WAIT", within=3)
    server.saw_nothing_else()


@case("targets.tproxy.nobody", topology="three-legged", needs=NEEDS, requirement=LISTENER, source=SOURCE, rows=table("""
    name             | protocol | socket          | transparent
    -----------------+----------+-----------------+------------
    udp              | udp      | ''              | False
    tcp              | tcp      | ''              | False
    udp-other-port   | udp      | udp:3130        | True
    tcp-other-port   | tcp      | tcp:3130        | True
    tcp-udp-listens  | tcp      | udp:3129        | True
    udp-not-transparent | udp   | udp:3129        | False
    tcp-not-transparent | tcp   | tcp:3129        | False
    tcp-own-port     | tcp      | tcp:80          | True
"""))  # fmt: skip
def test_nobody(client, server, firewall, protocol, socket, transparent):
    """The rule counts the packet and drops it: later rules and tables do not meet it, no connection is known."""
    delivers(firewall)
    firewall.loads(f"""
        *mangle
        -A PREROUTING -i lan -p {protocol} --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 1
        -A PREROUTING -m comment --comment later
        COMMIT
        *nat
        -A PREROUTING -m comment --comment nat
        COMMIT
    """)
    if socket:
        firewall.listens(socket, transparent=transparent)
    packet = udp("client:40000 > server:80", "x") if protocol == "udp" else tcp("client:40000 > server:80", "SYN")
    client.sends(packet)
    firewall.counted("mangle PREROUTING 1", packets=1)
    firewall.counted("later", packets=0)
    firewall.counted("nat", packets=0)
    firewall.tracks_nothing()
    client.saw_nothing_else()
    server.saw_nothing_else()


@case("targets.tproxy.on-ip", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="--on-ip says which listener; without it, it is one at the address of the incoming interface, or at any", rows=table("""
    name          | options              | there            | elsewhere
    --------------+----------------------+------------------+-----------------
    loopback      | --on-ip 127.0.0.2    | 127.0.0.2        | 127.0.0.1
    interface     | ''                   | {firewall.lan}   | {firewall.dmz}
    zero          | --on-ip 0.0.0.0      | {firewall.lan}   | 127.0.0.1
    anywhere      | ''                   | 0.0.0.0          | ''
    of-another    | --on-ip {firewall.dmz} | {firewall.dmz} | {firewall.lan}
"""))  # fmt: skip
def test_on_ip(client, firewall, options, there, elsewhere):
    """Two proxies on one port: the rule's address decides, whoever the packet is for."""
    delivers(firewall)
    firewall.loads(f"*mangle\n-A PREROUTING -p udp --dport 53 -j TPROXY --on-port 3129 {options} --tproxy-mark 1\nCOMMIT\n")
    right = firewall.listens(f"udp:{there}:3129", transparent=True)
    wrong = firewall.listens(f"udp:{elsewhere}:3129", transparent=True) if elsewhere else None
    client.sends(udp("client:40000 > server:53", "query"))
    right.hears("query", sender="client:40000")
    if wrong is not None:
        wrong.hears_nothing()


@case("targets.tproxy.on-ip-first-address", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="Of several addresses of the incoming interface the first counts", rows={
          "first": {"address": "{firewall.lan}", "heard": True}, "second": {"address": "10.0.1.99", "heard": False}})  # fmt: skip
def test_on_ip_first_address(client, firewall, address, heard):
    """A proxy that listens on another address of the interface gets nothing."""
    firewall.changes("ip addr add 10.0.1.99/24 dev lan", undo="ip addr del 10.0.1.99/24 dev lan")
    delivers(firewall)
    firewall.loads(PROXY.format("udp", 53, 3129))
    proxy = firewall.listens(f"udp:{address}:3129", transparent=True)
    client.sends(udp("client:40000 > server:53", "query"))
    proxy.hears("query") if heard else proxy.hears_nothing()


@case("targets.tproxy.port-0", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="With --on-port 0 the proxy listens on the port that the packet is for")  # fmt: skip
def test_port_0(client, firewall):
    """One rule, several ports."""
    delivers(firewall)
    firewall.loads("*mangle\n-A PREROUTING -p udp -j TPROXY --on-port 0 --tproxy-mark 1\nCOMMIT\n")
    proxies = {port: firewall.listens(f"udp:{port}", transparent=True) for port in (53, 123)}
    for port, proxy in proxies.items():
        client.sends(udp(f"client:40000 > server:{port}", f"for {port}"))
        proxy.hears(f"for {port}")


@case("targets.tproxy.mark", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="--tproxy-mark VALUE/MASK: the bits of MASK are cleared, VALUE is XORed in; routing and later rules see it", rows=table("""
    name     | before     | option           | after
    ---------+------------+------------------+------------
    all      | 0xab02     | 0x1              | 0x1
    masked   | 0xab02     | 0x1/0xff         | 0xab01
    xor      | 0xab02     | 0x3/0x0          | 0xab01
    high     | 0x80000000 | 0x40000001/0x1   | 0xc0000001
"""))  # fmt: skip
def test_mark(client, firewall, before, option, after):
    """The route is chosen by the mark that comes out, and INPUT finds it on the packet."""
    delivers(firewall, mark=f"{after:#x}")
    firewall.loads(f"""
        *mangle
        -A PREROUTING -p udp -j MARK --set-mark {before}
        -A PREROUTING -p udp --dport 53 -j TPROXY --on-port 3129 --tproxy-mark {option}
        -A INPUT -p udp -m mark --mark {after} -m comment --comment marked
        COMMIT
    """)
    proxy = firewall.listens("udp:3129", transparent=True)
    client.sends(udp("client:40000 > server:53", "query"))
    proxy.hears("query")
    firewall.counted("marked", packets=1)


@case("targets.tproxy.not-routed-here", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="A packet that was given to a socket is not forwarded: without a route that delivers it here, it is lost")  # fmt: skip
def test_not_routed_here(client, server, firewall):
    """The rule of routing is forgotten: neither the proxy nor the server gets the packet."""
    firewall.loads("""
        *mangle
        -A PREROUTING -i lan -p udp --dport 53 -j TPROXY --on-port 3129 --tproxy-mark 1
        -A FORWARD -m comment --comment forwarded
        COMMIT
    """)
    proxy = firewall.listens("udp:3129", transparent=True)
    client.sends(udp("client:40000 > server:53", "lost"))
    client.sends(udp("client:40000 > server:54", "marker"))
    server.sees(udp("client:40000 > server:54", "marker"))
    server.never_saw(udp("client:40000 > server:53"))
    proxy.hears_nothing()
    firewall.counted("forwarded", packets=1)
    firewall.counted("mangle PREROUTING 1", packets=1)


@case("targets.tproxy.connected-first", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="A packet of a connection goes to the connection's own socket; the proxy's listener gets those that have none")  # fmt: skip
def test_connected_first(client, firewall):
    """UDP: the proxy connects a socket of its own to each client; the next packet of that client comes there."""
    delivers(firewall)
    firewall.loads(PROXY.format("udp", 53, 3129))
    proxy = firewall.listens("udp:3129", transparent=True)
    client.sends(udp("client:40000 > server:53", "first"))
    proxy.hears("first")
    own = firewall.opens("udp:{server}:53", transparent=True).connects("client:40000")
    client.sends(udp("client:40000 > server:53", "second"), udp("client:40001 > server:53", "other"))
    own.hears("second")
    own.hears_nothing()
    proxy.hears("other", sender="client:40001")
    proxy.hears_nothing()


@case("targets.tproxy.listener-gone", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="Connections go on when the proxy does not listen any more; new ones are dropped")  # fmt: skip
def test_listener_gone(client, server, firewall):
    """The proxy is told to end: it lets its connections run out."""
    delivers(firewall)
    firewall.loads(PROXY.format("tcp", 80, 3129))
    proxy = firewall.listens("tcp:3129", transparent=True)
    browser = client.opens("tcp:40000").connects("server:80")
    taken = proxy.accepts()
    proxy.closes()
    browser.says("still there?")
    taken.hears("still there?")
    taken.says("yes")
    browser.hears("yes")
    client.sends(tcp("client:40001 > server:80", "SYN"))
    client.never_saw(tcp("server:80 > client:40001"))
    server.saw_nothing_else()


@case("targets.tproxy.divert", topology="three-legged", needs=[*NEEDS, "match-socket"], rows=FAMILIES,
      requirement="-m socket --transparent finds the proxy's connections, not its listener", source=SOURCE)  # fmt: skip
def test_divert(client, server, firewall, six):
    """The recipe of the kernel's documentation: what has a socket is delivered, only the first packet comes to TPROXY."""
    delivers(firewall, six=six)
    loads(firewall, """
        *mangle
        :DIVERT - [0:0]
        -A PREROUTING -p tcp -m socket --transparent -m comment --comment known -j DIVERT
        -A PREROUTING -i lan -p tcp --dport 80 -m comment --comment fresh -j TPROXY --on-port 3129 --tproxy-mark 1
        -A DIVERT -j MARK --set-mark 1
        -A DIVERT -j ACCEPT
        COMMIT
    """, six)  # fmt: skip
    proxy = firewall.listens(f"tcp{six}:3129", transparent=True)
    browser = client.opens(f"tcp{six}:40000").connects("server:80")
    taken = proxy.accepts()
    browser.says("GET")
    taken.hears("GET")
    firewall.counted("fresh", packets=1, family=6 if six else 4)
    assert firewall.counters(6 if six else 4).at("mangle PREROUTING 1").packets == 2  # ACK of the handshake, data
    taken.says("page")
    browser.hears("page")
    server.saw_nothing_else()


@case("targets.tproxy.socket-behind", topology="three-legged", needs=[*NEEDS, "match-socket"], source=SOURCE,
      requirement="The socket that TPROXY found is the one that -m socket looks at later on the packet's way", rows=table("""
    name       | listens on       | plain | nowildcard
    -----------+------------------+-------+-----------
    any        | 0.0.0.0          | 0     | 1
    one        | 127.0.0.1        | 1     | 1
"""))  # fmt: skip
def test_socket_behind(client, firewall, listens_on, plain, nowildcard):
    """In INPUT nobody listens on the packet's own address; the listener was assigned to it."""
    delivers(firewall)
    option = "" if listens_on == "0.0.0.0" else "--on-ip 127.0.0.1"
    firewall.loads(f"""
        *mangle
        -A PREROUTING -p udp --dport 53 -j TPROXY --on-port 3129 {option} --tproxy-mark 1
        -A INPUT -p udp -m socket --transparent -m comment --comment plain
        -A INPUT -p udp -m socket --nowildcard -m comment --comment nowildcard
        COMMIT
    """)
    proxy = firewall.listens(f"udp:{listens_on}:3129", transparent=True)
    client.sends(udp("client:40000 > server:53", "query"))
    proxy.hears("query")
    firewall.counted("plain", packets=plain)
    firewall.counted("nowildcard", packets=nowildcard)


@case("targets.tproxy.time-wait", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="A new connection from the port of one that has just ended (TIME_WAIT) reaches the proxy")  # fmt: skip
def test_time_wait(client, firewall):
    """The proxy closed first, so its side remembers the connection; the client uses its port again."""
    delivers(firewall)
    firewall.loads(PROXY.format("tcp", 80, 3129) + TRACKED)
    proxy = firewall.listens("tcp:3129", transparent=True)
    browser = client.opens("tcp:40000").connects("server:80")
    taken = proxy.accepts()
    taken.closes()
    browser.hears("")
    browser.closes()
    firewall.tracks("tcp client:40000 > server:80", state="TIME_WAIT", within=3)
    again = client.opens("tcp:40000").connects("server:80")
    taken = proxy.accepts()
    again.says("again")
    taken.hears("again")


@case("targets.tproxy.fragments", topology="three-legged", needs=NEEDS, rows=FAMILIES, source=SOURCE,
      requirement="Fragments are put together before TPROXY, without connection tracking too")  # fmt: skip
def test_fragments(client, server, firewall, six):
    """The proxy hears the whole datagram; what is for others passes in pieces as before."""
    delivers(firewall, six=six)
    loads(firewall, PROXY.format("udp", 53, 3129), six)
    proxy = firewall.listens(f"udp{six}:3129", transparent=True)
    query = udp6 if six else udp
    client.sends(fragments(query("client:40000 > server:53", size=3000), 1200))
    assert len(proxy.hears(sender="client:40000")) == 3000
    firewall.counted("mangle PREROUTING 1", packets=1, family=6 if six else 4)
    client.sends(fragments(query("client:40000 > server:54", size=3000), 1200))
    server.sees_reassembled(query("client:40000 > server:54", size=3000))


@case("targets.tproxy.other-fragments", topology="three-legged", needs=[*NEEDS, "nat", "nat6"], source=SOURCE,
      requirement="What is in pieces and not for the proxy is translated whole and leaves in pieces", rows=table("""
    name           | six | backwards
    ---------------+-----+-----------
    ipv4           | ''  | False
    ipv4-last-first | '' | True
    ipv6           | '6' | False
    ipv6-last-first | '6' | True
"""))  # fmt: skip
def test_other_fragments(client, server, firewall, six, backwards):
    """A rule with TPROXY has the fragments of all packets put together; they still fit where they are forwarded."""
    loads(firewall, f"""
        *mangle
        -A PREROUTING -i lan -p udp --dport 53 -j TPROXY --on-port 3129 --tproxy-mark 1
        -A PREROUTING -p udp --dport 54 -j {"HL --hl-set" if six else "TTL --ttl-set"} 40
        COMMIT
        *nat
        -A POSTROUTING -o wan -j MASQUERADE
        COMMIT
    """, six)  # fmt: skip
    query = udp6 if six else udp
    pieces = fragments(query("client:40000 > server:54", size=3000), 1200)
    client.sends(pieces[::-1] if backwards else pieces)
    sizes = None if six else [1220, 1220, 628]
    server.sees_reassembled(query("firewall.wan:40000 > server:54", size=3000, ttl=39), sizes=sizes)


@case("targets.tproxy.own-connections", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="Connections of the firewall itself, led round by lo, can be given to a proxy too")  # fmt: skip
def test_own_connections(server, firewall):
    """The mark sends them to lo; they come in again, and the rule there gives them to the proxy."""
    delivers(firewall)
    firewall.loads("""
        *mangle
        -A OUTPUT -p tcp --dport 80 -j MARK --set-mark 1
        -A PREROUTING -i lo -p tcp --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 1
        COMMIT
    """)
    proxy = firewall.listens("tcp:3129", transparent=True)
    browser = firewall.opens("tcp").connects("server:80")
    taken = proxy.accepts()
    browser.says("GET")
    taken.hears("GET")
    taken.says("page")
    browser.hears("page")
    server.saw_nothing_else()


@case("targets.tproxy.changes", topology="three-legged", needs=NEEDS, source=SOURCE,
      requirement="Rules come and go while the proxies run: each packet meets the rules of its moment")  # fmt: skip
def test_changes(client, server, firewall):
    """One proxy, two, the other one, none."""
    delivers(firewall)
    first = firewall.listens("udp:3129", transparent=True)
    second = firewall.listens("udp:3130", transparent=True)
    rule = "iptables -t mangle -{} PREROUTING -p udp --dport {} -j TPROXY --on-port {} --tproxy-mark 1"
    firewall.runs(rule.format("A", 53, 3129))
    client.sends(udp("client:40000 > server:53", "one"))
    first.hears("one")
    firewall.runs(rule.format("A", 54, 3130))
    client.sends(udp("client:40000 > server:53", "two"), udp("client:40000 > server:54", "two"))
    first.hears("two")
    second.hears("two")
    firewall.runs(rule.format("D", 53, 3129))
    client.sends(udp("client:40000 > server:53", "through"), udp("client:40000 > server:54", "three"))
    server.sees(udp("client:40000 > server:53", "through"))
    second.hears("three")
    firewall.runs("iptables -t mangle -F")
    client.sends(udp("client:40000 > server:54", "through"))
    server.sees(udp("client:40000 > server:54", "through"))
    first.hears_nothing()
    second.hears_nothing()


@case("targets.tproxy.restart", topology="three-legged", needs=[*NEEDS, "engine-process"], fresh=True, source=SOURCE,
      requirement="An engine that was killed and started again serves the proxies as before")  # fmt: skip
def test_restart(client, server, firewall):
    """The proxy and its connection outlive the engine."""
    delivers(firewall)
    firewall.loads(PROXY.format("tcp", 80, 3129))
    proxy = firewall.listens("tcp:3129", transparent=True)
    browser = client.opens("tcp:40000").connects("server:80")
    taken = proxy.accepts()
    state = firewall.saves_state()
    firewall.dies()
    firewall.restarts(state)
    browser.says("still there?")
    taken.hears("still there?")
    client.opens("tcp:40001").connects("server:80")
    proxy.accepts()
    server.saw_nothing_else()
