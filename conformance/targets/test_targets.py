"""What targets do to packets, and to whom they answer."""

from conformance.stating import States
from conformance.vocabulary import case, fragments, icmp, ip, ping, table, tcp, udp

UDP = udp("client:1000 > server:2000", "x")
MARKER = udp("client:9 > server:9", "marker")


def silent(client, server, packet):
    """The packet is dropped; what is sent after it arrives."""
    client.sends(packet, MARKER)
    server.sees(MARKER)


@case("targets.accept-and-drop", topology="two-lans", cites=["TGT-01", "TGT-02"])
def test_accept_and_drop(client, server, firewall):
    """ACCEPT is the end of the chain; DROP is silent to both sides."""
    firewall.loads("*filter\n-A FORWARD -p udp --dport 9 -j ACCEPT\n-A FORWARD -p udp --dport 9 -m comment --comment later\n-A FORWARD -p udp -j DROP\nCOMMIT\n")
    silent(client, server, UDP)
    server.never_saw(UDP)
    client.never_saw(icmp("any > client", "port-unreachable"))
    firewall.counted("later", packets=0)


@case("targets.eperm", topology="host", needs=["send-errors"], cites=["TGT-03"], rows={"drop": {"target": "DROP"}, "reject": {"target": "REJECT"}})
def test_eperm(firewall, target):
    """A program whose packet is dropped in OUTPUT is told so."""
    firewall.loads(f"*filter\n-A OUTPUT -p udp --dport 9999 -j {target}\nCOMMIT\n")
    firewall.opens("udp:5000").says("x", to="client:9999", refused="EPERM")


@case("targets.reject.types", topology="two-lans", needs=["target-REJECT"], cites=["TGT-05"], rows=table("""
    name             | reject with           | code | cites
    -----------------+-----------------------+------+------
    net-unreachable  | icmp-net-unreachable  | 0    |
    host-unreachable | icmp-host-unreachable | 1    |
    proto-unreachable | icmp-proto-unreachable | 2  |
    port-unreachable | icmp-port-unreachable | 3    | TGT-04
    net-prohibited   | icmp-net-prohibited   | 9    |
    host-prohibited  | icmp-host-prohibited  | 10   |
    admin-prohibited | icmp-admin-prohibited | 13   |
"""))  # fmt: skip
def test_reject_types(client, server, firewall, reject_with, code):
    """Each kind of refusal has its code; the error comes from the firewall and quotes the packet."""
    firewall.loads(f"*filter\n-A FORWARD -p udp -j REJECT --reject-with {reject_with}\nCOMMIT\n")
    client.sends(UDP)
    client.sees(icmp("firewall.lan1 > client", (3, code), quoting=UDP))
    server.never_saw(UDP)


@case("targets.reject.default", topology="two-lans", needs=["target-REJECT"], cites=["TGT-04", "TGT-06"])
def test_reject_default(client, firewall):
    """Port unreachable, at most 576 bytes, TTL 64, TOS 0xc0."""
    firewall.loads("*filter\n-A FORWARD -p udp -j REJECT\nCOMMIT\n")
    client.sends(udp("client:1000 > server:2000", size=1000))
    error = client.sees(icmp("firewall.lan1 > client", "port-unreachable", ttl=64, tos=0xC0))
    assert error.size == 576


@case("targets.reject.reset-of-syn", topology="two-lans", needs=["target-REJECT"], cites=["TGT-07"], rows={
    "bare": {"data": "", "ack": 5001}, "with-data": {"data": "abc", "ack": 5004}})
def test_reset_of_syn(client, firewall, data, ack):
    """RST,ACK with number 0, acknowledging all that the SYN brought."""
    firewall.loads("*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n")
    client.sends(tcp("client:1000 > server:99", "SYN", data, seq=5000))
    client.sees(tcp("server:99 > client:1000", "RST,ACK", seq=0, ack=ack, window=0))


@case("targets.reject.reset-of-ack", topology="two-lans", needs=["target-REJECT"], cites=["TGT-08"])
def test_reset_of_ack(client, firewall):
    """A bare RST with the number that was acknowledged."""
    firewall.loads("*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n")
    client.sends(tcp("client:1000 > server:99", "ACK", seq=5000, ack=777))
    client.sees(tcp("server:99 > client:1000", "RST", seq=777, ack=0))


@case("targets.reject.silence", topology="two-lans", needs=["target-REJECT"], cites=["TGT-10"], rows={
    "reset-of-reset": {"packet": tcp("client:1000 > server:99", "RST", seq=5), "rule": "-p tcp -j REJECT --reject-with tcp-reset"},
    "icmp-error": {"packet": icmp("client > server", "port-unreachable", quoting=udp("server:1 > client:2", "x")), "rule": "-p icmp -j REJECT"},
    "bad-checksum": {"packet": udp("client:1000 > server:2000", "x", checksum="bad"), "rule": "-p udp --dport 2000 -j REJECT"},
    "later-fragment": {"packet": fragments(udp("client:1000 > server:2000", size=800), 400)[1], "rule": "-p udp -f -j REJECT"}})
def test_reject_silence(client, server, firewall, packet, rule):
    """Some packets are dropped without a word."""
    firewall.loads(f"*filter\n-A FORWARD {rule}\nCOMMIT\n")
    silent(client, server, packet)
    firewall.counted("filter FORWARD 1", packets=1)
    client.never_saw(icmp("firewall.lan1 > client"))
    client.never_saw(tcp("server:99 > client:1000"))


@case("targets.reject.ping", topology="two-lans", needs=["target-REJECT"], cites=["TGT-11"])
def test_reject_ping(client, firewall):
    """A ping is refused like anything else."""
    firewall.loads("*filter\n-A FORWARD -p icmp -j REJECT\nCOMMIT\n")
    client.sends(ping("client > server", id=5))
    client.sees(icmp("firewall.lan1 > client", "port-unreachable"))


@case("targets.reject.unverifiable", topology="two-lans", needs=["target-REJECT"], cites=["TGT-12"])
def test_reject_unverifiable(client, server, firewall):
    """A protocol whose checksum cannot be right gets no answer."""
    firewall.loads("*filter\n-A FORWARD -p 89 -j REJECT\nCOMMIT\n")
    silent(client, server, ip("client > server", 89, b"arbitrary bytes "))
    client.never_saw(icmp("firewall.lan1 > client"))


@case("targets.reject.closes", topology="two-lans", needs=["target-REJECT", "conntrack"], cites=["TGT-13", "TGT-14"])
def test_reject_closes(client, server, firewall):
    """A reset closes the connection for conntrack, and is itself RELATED."""
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n")
    talk = client.connects("client:40000 > server:99")
    for state in ("RELATED", "ESTABLISHED", "NEW", "INVALID"):
        firewall.runs(f"iptables -t mangle -A OUTPUT -p tcp -m conntrack --ctstate {state} -m comment --comment {state}")
    firewall.runs("iptables -I FORWARD 1 -p tcp -j REJECT --reject-with tcp-reset")
    client.sends(tcp("client:40000 > server:99", "PSH,ACK", "x", seq=talk.client.seq, ack=talk.client.ack))
    client.sees(tcp("server:99 > client:40000", "RST"))
    firewall.tracks("tcp client:40000 > server:99", state="CLOSE", timeout=10)
    firewall.counted("RELATED", packets=1)


@case("targets.nothing-remains", topology="two-lans", needs=["conntrack", "target-REJECT"], cites=["TGT-15"], rows={
    "drop": {"target": "DROP"}, "reject": {"target": "REJECT"}})
def test_nothing_remains(client, firewall, target):
    """What is not let through begins no connection."""
    firewall.loads(f"*filter\n-A FORWARD -m conntrack --ctstate NEW -j {target}\nCOMMIT\n")
    client.sends(UDP)
    firewall.tracks_nothing()


@case("targets.dropped-but-tracked", topology="two-lans", needs=["conntrack", "raw"], rows={
    "filter": {"rules": "*filter\n-A FORWARD -i lan2 -j DROP\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n", "unreplied": False, "cites": ["TGT-16"]},
    "raw": {"rules": "*raw\n-A PREROUTING -i lan2 -j DROP\nCOMMIT\n*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n", "unreplied": True, "cites": ["TGT-17"]}})
def test_dropped_but_tracked(client, server, firewall, rules, unreplied):
    """Conntrack has seen what filter drops, and has not seen what raw drops."""
    firewall.loads(rules)
    client.sends(UDP)
    server.answers(server.sees(UDP), "y")
    firewall.tracks("udp client:1000 > server:2000", unreplied=unreplied)


@case("targets.mark.arithmetic", topology="two-lans", needs=["mangle"], cites=["TGT-18", "TGT-20"], rows=table("""
    name  | rules                                               | mark
    ------+-----------------------------------------------------+------
    set   | --set-mark 0xf0                                     | 0xf0
    or    | --set-mark 0xf0 ; --or-mark 0x5                     | 0xf5
    and   | --set-mark 0xff ; --and-mark 0x3c                   | 0x3c
    xor   | --set-mark 0xff ; --xor-mark 0x0f                   | 0xf0
    xset  | --set-mark 0xffff ; --set-xmark 0x12/0xff           | 0xff12
    masked | --set-mark 0xff00 ; --set-mark 0x0f/0x0f           | 0xff0f
"""))  # fmt: skip
def test_mark(client, server, firewall, rules, mark):
    """Marks are set, and bits of them; the wire never shows them."""
    lines = "\n".join(f"-A PREROUTING -j MARK {rule}" for rule in rules.split(" ; "))
    firewall.loads(f"*mangle\n{lines}\nCOMMIT\n*filter\n-A FORWARD -m mark --mark {mark} -m comment --comment here\nCOMMIT\n")
    client.sends(UDP)
    server.sees(udp("client:1000 > server:2000", "x", tos=0))
    firewall.counted("here", packets=1)


@case("targets.options-refused", topology="host", needs=["mangle", "raw", "nat"], rows=table("""
    name               | rule                                              | table  | cites
    -------------------+---------------------------------------------------+--------+-------
    mark-33-bits       | -A PREROUTING -j MARK --set-mark 4294967296       | mangle | TGT-19
    mark-word          | -A PREROUTING -j MARK --set-mark abc              | mangle | TGT-19
    reset-without-tcp  | -A FORWARD -j REJECT --reject-with tcp-reset      | filter | TGT-09
    reset-not-tcp      | -A FORWARD ! -p tcp -j REJECT --reject-with tcp-reset | filter | TGT-09
    ttl-256            | -A PREROUTING -j TTL --ttl-set 256                | mangle | TGT-25
    ttl-dec-0          | -A PREROUTING -j TTL --ttl-dec 0                  | mangle | TGT-25
    ulog               | -A FORWARD -j ULOG                                | filter | TGT-31
    classify-input     | -A INPUT -j CLASSIFY --set-class 1:1              | mangle | TGT-32
    classify-prerouting | -A PREROUTING -j CLASSIFY --set-class 1:1        | mangle | TGT-32
    tproxy-forward     | -A FORWARD -p tcp -j TPROXY --on-port 80          | mangle | TGT-36
    helper-no-proto    | -A PREROUTING -j CT --helper ftp                  | raw    | TGT-37
    helper-unknown     | -A PREROUTING -p tcp -j CT --helper nosuch        | raw    | TGT-37
"""))  # fmt: skip
def test_options_refused(firewall, rule, table):
    """The rule is refused and nothing has changed."""
    firewall.runs(f"iptables -t {table} -N TOUCHED")
    firewall.refuses_rule(rule, table=table)


@case("targets.clamp-without-syn", topology="host", needs=["mangle"], cites=["TGT-27"])
def test_clamp_without_syn(firewall):
    """Clamping wants a rule that means SYNs; iptables-nft 1.8.9 does not ask in a chain that no packet reaches yet."""
    firewall.runs("iptables -t mangle -N TOUCHED")
    rule = "iptables -t mangle -A FORWARD -p tcp -j TCPMSS --clamp-mss-to-pmtu"
    firewall.runs(rule, exits=firewall.differs(legacy=1, nft=0, because="nft_compat does not hand the rule's matches to the target"))


@case("targets.options-welcome", topology="host", needs=["mangle", "raw"], rows=table("""
    name             | rule                                         | table  | cites
    -----------------+----------------------------------------------+--------+-------
    mark-32-bits     | -A PREROUTING -j MARK --set-mark 4294967295  | mangle | TGT-19
    restore-in-filter | -A FORWARD -j CONNMARK --restore-mark       | filter | TGT-22
    classify-forward | -A FORWARD -j CLASSIFY --set-class 1:1       | mangle | TGT-32
    helper           | -A PREROUTING -p tcp -j CT --helper ftp      | raw    | TGT-37
    zone             | -A PREROUTING -j CT --zone 5                 | raw    | TGT-37
"""))  # fmt: skip
def test_options_welcome(firewall, rule, table):
    """The rule is taken."""
    firewall.runs(f"iptables -t {table} {rule}")


@case("targets.only-in-legacy", topology="host", needs=["raw"], rows=table("""
    name  | rule                | legacy | nft | cites
    ------+---------------------+--------+-----+-------
    queue | -A FORWARD -j QUEUE | 0      | 2   | TGT-30
    trace | -A FORWARD -j TRACE | 1      | 0   | TGT-35
"""))  # fmt: skip
def test_only_in_legacy(firewall, rule, legacy, nft):
    """QUEUE is gone from iptables-nft; TRACE may stand anywhere there."""
    status = firewall.differs(legacy=legacy, nft=nft, because="nft has its own queue and its own trace")
    firewall.runs(f"iptables {rule}", exits=status if status != 2 else (1, 2, 4))


@case("targets.connmark", topology="two-lans", needs=["mangle", "conntrack"], cites=["TGT-21"])
def test_connmark(client, server, firewall):
    """Saved to the connection, restored to its answers."""
    firewall.loads("""
        *mangle
        -A PREROUTING -j CONNMARK --restore-mark
        -A PREROUTING -m mark ! --mark 0 -m comment --comment restored
        -A PREROUTING -i lan1 -j MARK --set-mark 9
        -A PREROUTING -i lan1 -j CONNMARK --save-mark
        COMMIT
    """)
    client.sends(UDP)
    server.answers(server.sees(UDP), "y")
    firewall.tracks("udp client:1000 > server:2000", mark=9)
    firewall.counted("restored", packets=1)


@case("targets.rewrite", topology="two-lans", needs=["mangle"], rows=table("""
    name     | chain       | target                  | sent_tos | tos  | ttl | cites
    ---------+-------------+-------------------------+----------+------+-----+-------
    tos      | FORWARD     | TOS --set-tos 0x10      | 0        | 0x10 | 63  | TGT-23
    tos-name | FORWARD     | TOS --set-tos Minimize-Delay | 0   | 0x10 | 63  | TGT-23
    tos-name-keeps | FORWARD | TOS --set-tos Maximize-Throughput | 0xc1 | 0xc8 | 63 | TGT-23
    tos-mask | FORWARD     | TOS --set-tos 0x04/0x0c | 0x28     | 0x24 | 63  | TGT-23
    tos-and  | FORWARD     | TOS --and-tos 0xf0      | 0x24     | 0x20 | 63  | TGT-23
    tos-or   | FORWARD     | TOS --or-tos 0x04       | 0x20     | 0x24 | 63  | TGT-23
    tos-xor  | FORWARD     | TOS --xor-tos 0x24      | 0x20     | 0x04 | 63  | TGT-23
    dscp     | FORWARD     | DSCP --set-dscp 46      | 3        | 0xbb | 63  | TGT-23
    dscp-class | FORWARD   | DSCP --set-dscp-class AF21 | 2     | 0x4a | 63  | TGT-23
    ecn-ip   | FORWARD     | ECN --ecn-ip-ect 2      | 0x21     | 0x22 | 63  | TGT-23
    ttl-set  | PREROUTING  | TTL --ttl-set 10        | 0        | 0    | 9   | TGT-24
    ttl-inc  | POSTROUTING | TTL --ttl-inc 1         | 0        | 0    | 64  | TGT-24
    ttl-dec  | FORWARD     | TTL --ttl-dec 3         | 0        | 0    | 60  | TGT-24
"""))  # fmt: skip
def test_rewrite(client, server, firewall, chain, target, sent_tos, tos, ttl):
    """The header on the wire, checksum and all."""
    firewall.loads(f"*mangle\n-A {chain} -p udp -j {target}\nCOMMIT\n")
    client.sends(udp("client:1000 > server:2000", "x", tos=sent_tos))
    server.sees(udp("client:1000 > server:2000", "x", tos=tos, ttl=ttl))


@case("targets.ttl-ends", topology="two-lans", needs=["mangle"], cites=["TGT-24"])
def test_ttl_ends(client, firewall):
    """A TTL made to end before routing ends here."""
    firewall.loads("*mangle\n-A PREROUTING -p udp -j TTL --ttl-dec 63\nCOMMIT\n")
    client.sends(UDP)
    client.sees(icmp("firewall.lan1 > client", "ttl-zero-during-transit"))


@case("targets.tcpmss", topology="two-lans", needs=["mangle"], cites=["TGT-26"], rows={
    "lowered": {"sent": {"mss": 1460}, "mss": 1000}, "not-raised": {"sent": {"mss": 500}, "mss": 500}})
def test_tcpmss(client, server, firewall, sent, mss):
    """The MSS is lowered and never raised."""
    firewall.loads("*mangle\n-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000\nCOMMIT\n")
    client.sends(tcp("client:1 > server:99", "SYN", **sent))
    server.sees(tcp("client:1 > server:99", "SYN", mss=mss))


@case("targets.tcpmss-added", topology="two-lans", needs=["mangle"], cites=["TGT-26"])
def test_tcpmss_added(client, server, firewall):
    """Where there is none, 536 is added; a segment that is no SYN stays as it is."""
    firewall.loads("*mangle\n-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000\nCOMMIT\n")
    client.sends(tcp("client:1 > server:99", "SYN"), tcp("client:2 > server:99", "ACK", "data"))
    server.sees(tcp("client:1 > server:99", "SYN", mss=536))
    server.sees(tcp("client:2 > server:99", "ACK", "data"))


@case("targets.tcpmss-clamp", topology="two-lans", needs=["mangle"], cites=["TGT-27"])
def test_tcpmss_clamp(client, server, firewall):
    """Clamped to the MTU of the way out, less 40."""
    firewall.changes("ip link set lan2 mtu 1400", undo="ip link set lan2 mtu 1500")
    firewall.loads("*mangle\n-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu\nCOMMIT\n")
    client.sends(tcp("client:1 > server:99", "SYN", mss=1460))
    server.sees(tcp("client:1 > server:99", "SYN", mss=1360))


@case("targets.tee", topology="three-legged", needs=["target-TEE"], cites=["TGT-28"])
def test_tee(client, server, web, firewall):
    """A copy to the gateway, and the packet itself to where it was going."""
    firewall.loads("*mangle\n-A PREROUTING -i lan -p udp -j TEE --gateway 10.0.2.10\nCOMMIT\n")
    client.sends(UDP)
    server.sees(UDP)
    web.sees(UDP)


@case("targets.nfqueue", topology="two-lans", needs=["target-NFQUEUE"], cites=["TGT-29"], rows={
    "nobody-listens": {"options": "", "arrives": False}, "bypass": {"options": "--queue-bypass", "arrives": True}})
def test_nfqueue(client, server, firewall, options, arrives):
    """Without a listener the packet is dropped; with --queue-bypass it is accepted, whatever the next rule says."""
    rule = f"-A FORWARD -p udp --dport 2000 -j NFQUEUE --queue-num 7 {options}".rstrip()
    firewall.loads(f"*filter\n{rule}\n-A FORWARD -p udp --dport 2000 -j DROP\nCOMMIT\n")
    silent(client, server, UDP)
    if arrives:
        server.sees(UDP)
    else:
        server.never_saw(UDP)


@case("targets.zone", topology="two-lans", needs=["raw", "conntrack"], cites=["TGT-38"])
def test_zone(client, server, firewall):
    """A zone on one interface only: the answer knows nothing of the question."""
    states = States(firewall, extra={"raw": "-A PREROUTING -i lan1 -j CT --zone 5"})
    client.sends(UDP)
    server.answers(server.sees(UDP), "y")
    assert states.after() == "NEW NEW"
    assert len(firewall.connections()) == 2


@case("targets.zone-orig", topology="two-lans", needs=["raw", "conntrack"], cites=["TGT-39"])
def test_zone_orig(client, server, firewall):
    """A zone for the original direction only: the answer, in no zone, belongs to it."""
    states = States(firewall, extra={"raw": "-A PREROUTING -i lan1 -j CT --zone-orig 5"})
    client.sends(UDP)
    server.answers(server.sees(UDP), "y")
    assert states.after() == "NEW ESTABLISHED"
    firewall.tracks("udp client:1000 > server:2000", text="zone-orig=5")


@case("targets.translation-ends", topology="three-legged", needs=["nat"], cites=["TGT-40"], rows=table("""
    name       | chain       | rule
    -----------+-------------+-------------------------------------------
    snat       | POSTROUTING | SNAT --to-source 198.51.100.1
    masquerade | POSTROUTING | MASQUERADE
    dnat       | PREROUTING  | DNAT --to-destination 198.51.100.10
    redirect   | PREROUTING  | REDIRECT
"""))  # fmt: skip
def test_translation_ends(client, firewall, chain, rule):
    """After a translation no later rule of the chain is read."""
    firewall.loads(f"*nat\n-A {chain} -p udp -j {rule}\n-A {chain} -p udp -m comment --comment later\nCOMMIT\n")
    client.sends(UDP)
    firewall.counted(f"nat {chain} 1", packets=1)
    firewall.counted("later", packets=0)




@case("targets.synproxy", topology="two-lans", needs=["target-SYNPROXY", "raw"], cites=["TGT-34"])
def test_synproxy(client, server, firewall):
    """The firewall answers the SYN itself, with a number that needs no memory; the server hears of who comes back."""
    firewall.sets("net.netfilter.nf_conntrack_tcp_loose", 0)
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 99 --syn -j CT --notrack
        COMMIT
        *filter
        -A FORWARD -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
        -A FORWARD -m conntrack --ctstate INVALID -j DROP
        COMMIT
    """)
    client.sends(tcp("client:40000 > server:99", "SYN", seq=1000, mss=1400))
    cookie = client.sees(tcp("server:99 > client:40000", "SYN,ACK", ack=1001, window=0))
    client.sends(tcp("client:40000 > server:98", "ACK"), udp("client:9 > server:9", "marker"))
    server.sees(udp("client:9 > server:9", "marker"))
    server.never_saw(tcp("client:40000 > server:99"))

    client.sends(tcp("client:40000 > server:99", "ACK", seq=1001, ack=cookie.seq + 1))
    syn = server.sees(tcp("client:40000 > server:99", "SYN", seq=1000))
    server.sends(tcp("server:99 > client:40000", "SYN,ACK", seq=7000, ack=syn.seq + 1, window=8192))
    server.sees(tcp("client:40000 > server:99", "ACK", seq=1001, ack=7001))
    client.sees(tcp("server:99 > client:40000", "ACK", seq=cookie.seq + 1, ack=1001))
    server.sends(tcp("server:99 > client:40000", "PSH,ACK", "hello", seq=7001, ack=1001, window=8192))
    client.sees(tcp("server:99 > client:40000", "PSH,ACK", "hello", seq=cookie.seq + 1))


@case("targets.synproxy-forged", topology="two-lans", needs=["target-SYNPROXY", "raw"], cites=["TGT-34"])
def test_synproxy_forged(client, server, firewall):
    """Who did not get the number, but guesses it, gets nowhere."""
    firewall.sets("net.netfilter.nf_conntrack_tcp_loose", 0)
    firewall.loads("""
        *raw
        -A PREROUTING -p tcp --dport 99 --syn -j CT --notrack
        COMMIT
        *filter
        -A FORWARD -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --mss 1460
        -A FORWARD -m conntrack --ctstate INVALID -j DROP
        COMMIT
    """)
    client.sends(tcp("client:40000 > server:99", "ACK", seq=1001, ack=123456))
    client.sends(udp("client:9 > server:9", "marker"))
    server.sees(udp("client:9 > server:9", "marker"))
    server.never_saw(tcp("client:40000 > server:99"))


@case("targets.set", topology="two-lans", needs=["ipset", "target-SET"], cites=["TGT-33"], fresh=True)
def test_set(client, firewall):
    """SET puts the address into a set, and the match finds it there."""
    firewall.changes("ipset create dyn hash:ip")
    firewall.loads("""
        *filter
        -A FORWARD -m set --match-set dyn dst -m comment --comment known
        -A FORWARD -j SET --add-set dyn dst
        COMMIT
    """)
    client.sends(udp("client:1 > server:2", "a"), udp("client:1 > server:2", "b"))
    firewall.runs("ipset list dyn").contains("10.0.2.10")
    firewall.counted("known", packets=1)
