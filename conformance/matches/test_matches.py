"""Each match against packets that it means and packets that it does not: one rule, one packet, matched or not."""

from conformance.stating import States
from conformance.vocabulary import case, icmp, ip, ping, sctp, table, tcp, udp

PACKETS = {
    "udp": udp("client:1000 > server:2000", "hello"),
    "udp20": udp("client:30 > server:20", "HELLO"),
    "udp25": udp("client:1000 > server:25", "x"),
    "udp30": udp("client:1000 > server:30", "x"),
    "udp31": udp("client:1000 > server:31", "x"),
    "udp53": udp("client:5000 > server:53", "x"),
    "udp1024": udp("client:1000 > server:1024", "x"),
    "empty": udp("client:1000 > server:2000"),
    "syn": tcp("client:1000 > server:99", "SYN", mss=1460),
    "syn1300": tcp("client:1000 > server:99", "SYN", mss=1300),
    "syn-bare": tcp("client:1000 > server:99", "SYN"),
    "syn-ece": tcp("client:1000 > server:99", "SYN,ECE"),
    "syn-ece-cwr": tcp("client:1000 > server:99", "SYN,ECE,CWR"),
    "syn-psh": tcp("client:1000 > server:99", "SYN,PSH"),
    "syn-ack": tcp("client:1000 > server:99", "SYN,ACK"),
    "ack": tcp("client:1000 > server:99", "ACK"),
    "fpu": tcp("client:1000 > server:99", "FIN,PSH,URG"),
    "tcp80": tcp("client:1000 > server:80", "ACK"),
    "no-flags": tcp("client:1000 > server:99", "none"),
    "ping": ping("client > server", id=1),
    "ping-code-5": icmp("client > server", (8, 5), id=1, seq=1),
    "type-255": icmp("client > server", 255),
    "ospf": ip("client > server", 89, b"12345678"),
    "init": sctp("client:1000 > server:99", "INIT", init_tag=1),
    "abort": sctp("client:1000 > server:99", "ABORT", vtag=1),
    "near": udp("10.0.1.3:1 > server:2", "x"),
    "far": udp("10.0.1.6:1 > server:2", "x"),
    "tos10": udp("client:1000 > server:2000", "x", tos=0x10),
    "tos11": udp("client:1000 > server:2000", "x", tos=0x11),
    "tos20": udp("client:1000 > server:2000", "x", tos=0x20),
    "options": udp("client:1000 > server:80", "x", ip_options=bytes([7, 7, 4, 0, 0, 0, 0, 0])),
}  # fmt: skip


@case("matches.one-packet", topology="two-lans", rows=table("""
    name                  | rule                                       | packet    | matched | cites
    ----------------------+--------------------------------------------+-----------+---------+---------
    source-network        | -s 10.0.1.0/24                             | udp       | 1       | MATCH-01
    source-not            | ! -s {client}                              | udp       | 0       | MATCH-01
    source-not-other      | ! -s {client}                              | near      | 1       | MATCH-01
    destination-31        | -d 10.0.2.10/31                            | udp       | 1       | MATCH-01
    destination-other     | -d 10.0.2.12/31                            | udp       | 0       | MATCH-01
    not-tcp-udp           | ! -p tcp                                   | udp       | 1       | MATCH-02
    not-tcp-ospf          | ! -p tcp                                   | ospf      | 1       | MATCH-02
    not-tcp-tcp           | ! -p tcp                                   | ack       | 0       | MATCH-02
    in-prefix             | -i lan+                                    | udp       | 1       | MATCH-03
    in-exact              | -i lan1                                    | udp       | 1       | MATCH-03
    in-not                | ! -i lan1                                  | udp       | 0       | MATCH-03
    in-any                | -i +                                       | udp       | 1       | MATCH-03
    out                   | -o lan2                                    | udp       | 1       | MATCH-03
    out-other             | -o lan1                                    | udp       | 0       | MATCH-03
    port-range-low        | -p udp --dport 20:30                       | udp20     | 1       | MATCH-04
    port-range-high       | -p udp --dport 20:30                       | udp30     | 1       | MATCH-04
    port-range-above      | -p udp --dport 20:30                       | udp31     | 0       | MATCH-04
    port-open-low         | -p udp --dport :1024                       | udp1024   | 1       | MATCH-04
    port-open-high        | -p udp --dport 1024:                       | udp1024   | 1       | MATCH-04
    port-open-not         | -p udp --dport 1025:                       | udp1024   | 0       | MATCH-04
    port-inverted         | -p udp ! --dport 20                        | udp20     | 0       | MATCH-04
    port-inverted-other   | -p udp ! --dport 20                        | udp31     | 1       | MATCH-04
    sport                 | -p udp --sport 30                          | udp20     | 1       | MATCH-04
    syn                   | -p tcp --syn                               | syn       | 1       | MATCH-07
    syn-with-ece          | -p tcp --syn                               | syn-ece   | 1       | MATCH-07
    syn-with-psh          | -p tcp --syn                               | syn-psh   | 1       | MATCH-07
    syn-ack-is-not        | -p tcp --syn                               | syn-ack   | 0       | MATCH-07
    not-syn               | -p tcp ! --syn                             | syn-ack   | 1       | MATCH-07
    not-syn-none          | -p tcp ! --syn                             | no-flags  | 1       | MATCH-07
    flags-xmas            | -p tcp --tcp-flags ALL FIN,PSH,URG         | fpu       | 1       | MATCH-07
    flags-none            | -p tcp --tcp-flags ALL NONE                | no-flags  | 1       | MATCH-07
    option-there          | -p tcp --tcp-option 2                      | syn       | 1       | MATCH-08
    option-missing        | -p tcp --tcp-option 2                      | syn-bare  | 0       | MATCH-08
    icmp-type             | -p icmp --icmp-type 8                      | ping-code-5 | 1     | MATCH-09
    icmp-type-code        | -p icmp --icmp-type 8/0                    | ping-code-5 | 0     | MATCH-09
    icmp-type-code-0      | -p icmp --icmp-type 8/0                    | ping      | 1       | MATCH-09
    icmp-name             | -p icmp --icmp-type echo-request           | ping      | 1       | MATCH-09
    icmp-any-255          | -p icmp --icmp-type any                    | type-255  | 1       | MATCH-09
    icmp-not              | -p icmp -s {client} ! --icmp-type 8        | ping      | 0       | MATCH-09
    multiport-either      | -p udp -m multiport --ports 20,30          | udp20     | 1       | MATCH-11
    multiport-source      | -p udp -m multiport --ports 30,31          | udp20     | 1       | MATCH-11
    multiport-range       | -p udp -m multiport --dports 20:25,40      | udp25     | 1       | MATCH-14
    multiport-not         | -p udp -m multiport ! --dports 20,30       | udp30     | 0       | MATCH-14
    multiport-not-other   | -p udp -m multiport ! --dports 20,30       | udp31     | 1       | MATCH-14
    iprange-inside        | -m iprange --src-range 10.0.1.3-10.0.1.5   | near      | 1       | MATCH-15
    iprange-outside       | -m iprange --src-range 10.0.1.3-10.0.1.5   | far       | 0       | MATCH-15
    iprange-not           | -m iprange ! --src-range 10.0.1.3-10.0.1.5 | far       | 1       | MATCH-15
    iprange-reversed      | -m iprange --src-range 192.168.2.13-192.168.1.19 | udp | 0       | MATCH-16
    length-with-header    | -m length --length 28                      | empty     | 1       | MATCH-17
    length-not-payload    | -m length --length 8                       | empty     | 0       | MATCH-17
    length-range          | -m length --length 28:30                   | empty     | 1       | MATCH-18
    length-open           | -m length --length :100                    | empty     | 1       | MATCH-18
    length-not            | -m length ! --length 1400:1500             | empty     | 1       | MATCH-18
    ttl-equal             | -m ttl --ttl-eq 63                         | udp       | 1       | MATCH-28
    ttl-less              | -m ttl --ttl-lt 63                         | udp       | 0       | MATCH-28
    ttl-greater           | -m ttl --ttl-gt 62                         | udp       | 1       | MATCH-28
    tos-exact             | -m tos --tos 0x10                          | tos10     | 1       | MATCH-29
    tos-other-bits        | -m tos --tos 0x10                          | tos11     | 0       | MATCH-29
    dscp                  | -m dscp --dscp 4                           | tos11     | 1       | MATCH-29
    dscp-class            | -m dscp --dscp-class CS1                   | tos20     | 1       | MATCH-29
    ecn                   | -m ecn --ecn-ip-ect 1                      | tos11     | 1       | MATCH-29
    ecn-not               | -m ecn --ecn-ip-ect 1                      | tos10     | 0       | MATCH-29
    ecn-inverted          | -m ecn ! --ecn-ip-ect 1                    | tos11     | 0       | MATCH-29
    ecn-inverted-other    | -m ecn ! --ecn-ip-ect 1                    | tos10     | 1       | MATCH-29
    ecn-ece               | -p tcp -m ecn --ecn-tcp-ece                | syn-ece   | 1       | MATCH-29
    ecn-ece-missing       | -p tcp -m ecn --ecn-tcp-ece                | syn-bare  | 0       | MATCH-29
    ecn-ece-inverted      | -p tcp -m ecn ! --ecn-tcp-ece              | syn-ece   | 0       | MATCH-29
    ecn-ece-inverted-other | -p tcp -m ecn ! --ecn-tcp-ece             | syn-bare  | 1       | MATCH-29
    ecn-cwr-missing       | -p tcp -m ecn --ecn-tcp-cwr                | syn-ece   | 0       | MATCH-29
    ecn-both              | -p tcp -m ecn --ecn-tcp-cwr --ecn-tcp-ece  | syn-ece-cwr | 1     | MATCH-29
    ecn-one-without-other | -p tcp -m ecn ! --ecn-tcp-cwr --ecn-tcp-ece | syn-ece-cwr | 0    | MATCH-29
    string-bm             | -m string --algo bm --string hello         | udp       | 1       | MATCH-30
    string-kmp            | -m string --algo kmp --string hello        | udp       | 1       | MATCH-30
    string-case           | -m string --algo bm --string hello         | udp20     | 0       | MATCH-30
    string-icase          | -m string --algo bm --icase --string hello | udp20     | 1       | MATCH-30
    string-hex            | -m string --algo bm --hex-string "/68656c/" | udp      | 1       | MATCH-30
    string-from           | -m string --algo bm --from 30 --to 33 --string hello | udp | 0     | MATCH-31
    pkttype               | -m pkttype --pkt-type unicast              | udp       | 1       | MATCH-33
    addrtype              | -m addrtype --dst-type UNICAST             | udp       | 1       | MATCH-33
    addrtype-local        | -m addrtype --dst-type LOCAL               | udp       | 0       | MATCH-33
    u32-udp               | -m u32 --u32 "6&0xFF=17"                   | udp       | 1       | MATCH-41
    u32-tcp               | -m u32 --u32 "6&0xFF=17"                   | syn       | 0       | MATCH-41
    time-always           | -m time --timestart 00:00 --timestop 23:59:59 | udp    | 1       | MATCH-42
    time-2037             | -m time --datestart 2037-01-01             | udp       | 0       | MATCH-42
    time-every-weekday    | -m time --weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun | udp   | 1       | MATCH-42
    time-no-weekday       | -m time ! --weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun | udp | 0       | MATCH-42
    time-every-day-of-month | -m time --monthdays 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31 | udp | 1 | MATCH-42
    time-until-2037       | -m time --datestop 2037-01-01              | udp       | 1       | MATCH-42
    time-until-2001       | -m time --datestop 2001-01-01T10:20:30     | udp       | 0       | MATCH-42
    time-since-2001       | -m time --datestart 2001-02-03T04:05:06    | udp       | 1       | MATCH-42
    time-one-day-long     | -m time --timestart 00:00 --timestop 00:00 --contiguous --datestop 2001-01-01 | udp | 0 | MATCH-42
    time-kernel-zone      | -m time --kerneltz --datestart 2001-02-03  | udp       | 1       | MATCH-42
    tcpmss-inside         | -p tcp --syn -m tcpmss --mss 1400:1460     | syn       | 1       | MATCH-43
    tcpmss-outside        | -p tcp --syn -m tcpmss --mss 1400:1460     | syn1300   | 0       | MATCH-43
    ip-options            | -p udp --dport 80                          | options   | 1       | MATCH-53
    negation-of-one       | -p udp ! --dport 80 -s {client}            | udp       | 1       | MATCH-54
    negation-source-stays | -p udp ! --dport 80 -s {client}            | near      | 0       | MATCH-54
    ctproto               | -m conntrack --ctproto udp                 | udp       | 1       | MATCH-25
    ctorigsrc             | -m conntrack --ctorigsrc {client}          | udp       | 1       | MATCH-25
    ctreplsrc             | -m conntrack --ctreplsrc {server}          | udp       | 1       | MATCH-25
    ctorigdstport         | -m conntrack --ctorigdstport 2000          | udp       | 1       | MATCH-25
    ctdir                 | -m conntrack --ctdir ORIGINAL              | udp       | 1       | MATCH-25
    ctdir-reply           | -m conntrack --ctdir REPLY                 | udp       | 0       | MATCH-25
    state                 | -m state --state NEW,INVALID               | udp       | 1       | MATCH-22
    hello-from-hex        | -m string --algo bm --string ello          | udp       | 1       | MATCH-30
""".replace('"/68656c/"', '"!68656c!"')))  # fmt: skip
def test_one_packet(client, firewall, rule, packet, matched):
    """The rule counts the packet, or it does not."""
    rule = rule.replace('"!68656c!"', '"|68656c|"')
    firewall.loads(f"*filter\n-A FORWARD {rule} -m comment --comment here\nCOMMIT\n")
    client.sends(PACKETS[packet])
    firewall.counted("here", packets=matched)


@case("matches.sctp-chunks", topology="two-lans", requirement="sctp matches ports, and chunks by --chunk-types all, any or only, with their flags",
      source="iptables-extensions(8), sctp", rows=table("""
    name        | options                         | packet | matched
    ------------+---------------------------------+--------+--------
    port        | --dport 99                      | init   | 1
    port-other  | ! --sport 1000                  | init   | 0
    any         | --chunk-types any INIT,DATA     | init   | 1
    any-other   | --chunk-types any DATA          | init   | 0
    all         | --chunk-types all INIT,DATA     | init   | 0
    only        | --chunk-types only INIT         | init   | 1
    only-other  | --chunk-types only DATA         | init   | 0
    not         | ! --chunk-types any INIT        | init   | 0
    flag-set    | --chunk-types any ABORT:T       | abort  | 0
    flag-clear  | --chunk-types any ABORT:t       | abort  | 1
"""))  # fmt: skip
def test_sctp(client, firewall, options, packet, matched):
    """One chunk, one rule: the rule counts it, or it does not."""
    firewall.loads(f"*filter\n-A FORWARD -p sctp {options} -m comment --comment here\nCOMMIT\n")
    client.sends(PACKETS[packet])
    firewall.counted("here", packets=matched)


@case("matches.refused", topology="host", rows=table("""
    name              | rule                                                     | cites
    ------------------+----------------------------------------------------------+---------
    ports-upside-down | -A INPUT -p tcp --dport 30:20                            | MATCH-05
    sixteen-ports     | -A INPUT -p udp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 | MATCH-10
    multiport-alone   | -A INPUT -m multiport --dports 1                         | MATCH-12
    multiport-icmp    | -A INPUT -p icmp -m multiport --dports 1                 | MATCH-12
    mac-in-output     | -A OUTPUT -m mac --mac-source 02:00:00:00:00:01          | MATCH-19
    state-snat        | -A INPUT -m state --state SNAT                           | MATCH-22
    string-no-algo    | -A INPUT -m string --string abc                          | MATCH-32
    hitcount          | -A INPUT -m recent --rcheck --hitcount 65536             | MATCH-37
    owner-in-input    | -A INPUT -m owner --uid-owner 0                          | MATCH-44
    owner-in-forward  | -A FORWARD -m owner --uid-owner 0                        | MATCH-44
    rpfilter-filter   | -A FORWARD -m rpfilter                                   | MATCH-48
    tcp-without-proto | -A INPUT -m tcp --dport 80                               | MATCH-51
    tcp-with-udp      | -A INPUT -p udp -m tcp --dport 80                        | MATCH-51
    missing-set       | -A INPUT -m set --match-set nosuchset src                | MATCH-45
"""))  # fmt: skip
def test_refused(firewall, rule):
    """The rule is refused and nothing has changed."""
    firewall.runs("iptables -N TOUCHED")
    firewall.refuses_rule(rule)


@case("matches.saved", topology="host", rows=table("""
    name        | rule                              | saved                                     | cites
    ------------+-----------------------------------+-------------------------------------------+---------
    service     | -p tcp --dport ssh                | -p tcp -m tcp --dport 22                  | MATCH-06
    port        | -p tcp -m multiport --port 22,53  | -p tcp -m multiport --ports 22,53         | MATCH-13
    source-port | -p tcp -m multiport --source-port 22 | -p tcp -m multiport --sports 22        | MATCH-13
    destination-port | -p tcp -m multiport --destination-port 22 | -p tcp -m multiport --dports 22 | MATCH-13
    fifteen     | -p udp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15 | -p udp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15 | MATCH-10
"""))  # fmt: skip
def test_saved(firewall, rule, saved):
    """How it is written and how it is saved."""
    firewall.runs(f"iptables -A INPUT {rule}")
    assert firewall.runs("iptables -S INPUT").lines[1] == f"-A INPUT {saved}"


@case("matches.comment-length", topology="host", cites=["MATCH-46"], rows={str(size): {"size": size} for size in (255, 256, 300)})
def test_comment_length(firewall, size):
    """A comment is kept up to its 255th letter."""
    firewall.runs(["iptables", "-A", "INPUT", "-m", "comment", "--comment", "c" * size], exits=(0, 2))
    saved = firewall.runs("iptables -S INPUT").lines[1:]
    assert saved == [] or saved == [f"-A INPUT -m comment --comment {'c' * 255}"]


def counts(client, firewall, rules, packets):
    """The counter of the rule commented `here` after each packet."""
    firewall.loads(rules)
    rose, before = [], 0
    for packet in packets:
        client.sends(packet)
        now = firewall.counters().at("here").packets
        rose.append(now - before)
        before = now
    return rose


def udps(count, flow="client:1000 > server:2000"):
    return [udp(flow, f"{number}") for number in range(count)]


@case("matches.nth", topology="two-lans", needs=["match-statistic"], cites=["MATCH-34"], rows={
    str(first): {"first": first} for first in (0, 1, 2)})
def test_nth(client, firewall, first):
    """Of every three packets one."""
    rose = counts(client, firewall, f"*filter\n-A FORWARD -m statistic --mode nth --every 3 --packet {first} -m comment --comment here\nCOMMIT\n", udps(9))
    assert rose == [1 if number % 3 == first else 0 for number in range(9)]


@case("matches.random", topology="two-lans", needs=["match-statistic"], cites=["MATCH-35"])
def test_random(client, firewall):
    """About half of two thousand."""
    firewall.loads("*filter\n-A FORWARD -m statistic --mode random --probability 0.5 -m comment --comment here\nCOMMIT\n")
    client.sends(*udps(2000))
    assert 850 < firewall.counters().at("here").packets < 1150


@case("matches.recent", topology="two-lans", needs=["match-recent"], cites=["MATCH-36"])
def test_recent(client, firewall):
    """The fourth packet within a minute: three were there before it."""
    rules = """*filter
-A FORWARD -p udp -m recent --name seen --rcheck --seconds 60 --hitcount 3 -m comment --comment here
-A FORWARD -p udp -m recent --name seen --set
COMMIT
"""
    assert counts(client, firewall, rules, udps(5)) == [0, 0, 0, 1, 1]


@case("matches.connlimit", topology="two-lans", needs=["match-connlimit"], cites=["MATCH-38"])
def test_connlimit(client, firewall):
    """More than two connections of one source: the third and the fourth."""
    rules = "*filter\n-A FORWARD -p tcp --syn -m connlimit --connlimit-above 2 -m comment --comment here\nCOMMIT\n"
    syns = [tcp(f"client:{5000 + number} > server:99", "SYN") for number in range(4)]
    assert counts(client, firewall, rules, syns) == [0, 0, 1, 1]


@case("matches.connbytes", topology="two-lans", needs=["match-connbytes"], cites=["MATCH-39"])
def test_connbytes(client, firewall):
    """From the second packet of a connection on."""
    rules = "*filter\n-A FORWARD -m connbytes --connbytes 2: --connbytes-dir both --connbytes-mode packets -m comment --comment here\nCOMMIT\n"
    assert counts(client, firewall, rules, udps(4)) == [0, 1, 1, 1]


@case("matches.connbytes-accounts", topology="two-lans", needs=["match-connbytes"], cites=["MATCH-40"])
def test_connbytes_accounts(client, firewall):
    """The rule switches accounting on for all."""
    firewall.sets("net.netfilter.nf_conntrack_acct", 0)
    firewall.loads("*filter\n-A FORWARD -m connbytes --connbytes 2: --connbytes-dir both --connbytes-mode packets\nCOMMIT\n")
    assert firewall.shows("net.netfilter.nf_conntrack_acct") == "1"
    client.sends(udp("client:1 > server:2", "x"))
    firewall.tracks("udp client:1 > server:2", text="packets=1")


@case("matches.hashlimit", topology="two-lans", needs=["match-hashlimit"], cites=["MATCH-49"])
def test_hashlimit(client, firewall):
    """Each source has a bucket of its own."""
    rules = "*filter\n-A FORWARD -p udp -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name x -m comment --comment here\nCOMMIT\n"
    packets = [*udps(4), *udps(4, "10.0.1.77:1 > server:2")]
    assert counts(client, firewall, rules, packets) == [1, 1, 0, 0, 1, 1, 0, 0]


@case("matches.quota", topology="two-lans", needs=["match-quota"], cites=["MATCH-50"])
def test_quota(client, firewall):
    """A thousand bytes, then no more."""
    rules = "*filter\n-A FORWARD -p udp -m quota --quota 1000 -m comment --comment here\nCOMMIT\n"
    packets = [udp("client:1 > server:2", size=372) for _ in range(4)]
    assert counts(client, firewall, rules, packets) == [1, 1, 0, 0]


@case("matches.mark", topology="two-lans", needs=["mangle"], cites=["MATCH-20"], rows=table("""
    name      | mark          | matched
    ----------+---------------+--------
    exact     | 0xf5          | 1
    masked    | 0x5/0xf       | 1
    other     | 0x4           | 0
    inverted  | '! 0x4'       | 1
"""))  # fmt: skip
def test_mark(client, firewall, mark, matched):
    """The packet's mark, whole or in part."""
    bang, value = ("! ", mark[2:]) if str(mark).startswith("!") else ("", mark)
    rules = f"*mangle\n-A PREROUTING -j MARK --set-mark 0xf5\nCOMMIT\n*filter\n-A FORWARD -m mark {bang}--mark {value} -m comment --comment here\nCOMMIT\n"
    assert counts(client, firewall, rules, udps(1)) == [matched]


@case("matches.connmark", topology="two-lans", needs=["mangle", "conntrack"], cites=["MATCH-21"])
def test_connmark(client, server, firewall):
    """The mark of the connection is there for its answers."""
    firewall.loads("*mangle\n-A PREROUTING -i lan1 -j CONNMARK --set-mark 7\nCOMMIT\n*filter\n-A FORWARD -i lan2 -m connmark --mark 7 -m comment --comment here\nCOMMIT\n")
    client.sends(udp("client:1 > server:2", "x"))
    server.answers(server.sees(udp("client:1 > server:2", "x")), "y")
    firewall.counted("here", packets=1)


@case("matches.mac", topology="two-lans", needs=["match-mac"], cites=["MATCH-19"])
def test_mac(client, firewall):
    """The source of the frame."""
    mac = client.node.mac("lan1")
    rules = f"*filter\n-A FORWARD -m mac --mac-source {mac} -m comment --comment here\n-A FORWARD -m mac --mac-source 02:00:00:00:00:99 -m comment --comment other\nCOMMIT\n"
    assert counts(client, firewall, rules, udps(1)) == [1]
    firewall.counted("other", packets=0)


@case("matches.ctstate-snat", topology="three-legged", needs=["nat"], cites=["MATCH-23", "MATCH-24"])
def test_ctstate_snat(client, server, firewall):
    """The first packet is not translated yet when FORWARD sees it; the answer belongs to a translated connection."""
    firewall.loads("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n*filter\n-A FORWARD -m conntrack --ctstate SNAT -m comment --comment here\nCOMMIT\n")
    client.sends(udp("client:1 > server:53", "x"))
    query = server.sees(udp("firewall.wan:1 > server:53", "x"))
    firewall.counted("here", packets=0)
    server.answers(query, "y")
    firewall.counted("here", packets=1)


@case("matches.ctstatus", topology="two-lans", needs=["conntrack"], cites=["MATCH-26"])
def test_ctstatus(client, firewall):
    """CONFIRMED comes with the end of the first packet's way."""
    rules = "*filter\n-A FORWARD -m conntrack --ctstatus CONFIRMED -m comment --comment here\nCOMMIT\n"
    assert counts(client, firewall, rules, udps(2)) == [0, 1]


@case("matches.ctexpire", topology="two-lans", needs=["conntrack"], cites=["MATCH-27"])
def test_ctexpire(client, firewall):
    """What is left of its time."""
    rules = "*filter\n-A FORWARD -m conntrack --ctexpire 29:30 -m comment --comment here\nCOMMIT\n"
    assert counts(client, firewall, rules, udps(2))[1] == 1


@case("matches.state-established", topology="two-lans", needs=["conntrack"], cites=["MATCH-22"])
def test_state_established(client, server, firewall):
    """Lists of states."""
    firewall.loads("*filter\n-A FORWARD -m state --state RELATED,ESTABLISHED -m comment --comment here\nCOMMIT\n")
    client.sends(udp("client:1 > server:2", "x"))
    firewall.counted("here", packets=0)
    server.answers(server.sees(udp("client:1 > server:2", "x")), "y")
    firewall.counted("here", packets=1)


@case("matches.owner", topology="host", needs=["match-owner"], cites=["MATCH-44"])
def test_owner(client, firewall):
    """Who owns the socket."""
    firewall.loads("*filter\n-A OUTPUT -p udp -m owner --uid-owner 0 -m comment --comment root\n-A OUTPUT -p udp -m owner ! --uid-owner 0 -m comment --comment other\nCOMMIT\n")
    firewall.opens("udp:5000").says("x", to="client:9999")
    client.sees(udp("firewall:5000 > client:9999", "x"))
    firewall.counted("root", packets=1)
    firewall.counted("other", packets=0)


@case("matches.helper", topology="two-lans", needs=["helper-ftp"], cites=["MATCH-47"])
def test_helper(client, server, firewall):
    """Packets of connections that a helper announced."""
    states = States(firewall, extra={
        "raw": "-A PREROUTING -p tcp --dport 2021 -j CT --helper ftp",
        "filter": "-A FORWARD -s {server} -m helper --helper ftp -m conntrack --ctstate RELATED -m comment --comment here"})
    talk = client.connects("client:40000 > server:2021")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER x\r\n")
    talk.client_says("PORT 10,0,1,10,156,65\r\n")
    states.after()
    server.sends(tcp("server:20 > client:40001", "SYN"))
    firewall.counted("here", packets=1)


@case("matches.rpfilter", topology="two-lans", needs=["match-rpfilter", "raw"], cites=["MATCH-48"])
def test_rpfilter(client, server, firewall):
    """A source that would be answered by another leg is false."""
    firewall.loads("*raw\n-A PREROUTING -m rpfilter --invert -j DROP\nCOMMIT\n")
    client.sends(udp("10.0.2.77:1 > server:2", "spoofed"), udp("client:1 > server:2", "honest"))
    server.sees(udp("client:1 > server:2", "honest"))
    server.never_saw(udp("10.0.2.77:1 > server:2"))


@case("matches.cut-header", topology="two-lans", cites=["MATCH-52"])
def test_cut_header(client, server, firewall):
    """A TCP packet too short for its ports is dropped by a rule that only asks for a port; native nft lets it pass."""
    firewall.loads("*filter\n-A FORWARD -p tcp --dport 80\nCOMMIT\n")
    client.sends(ip("client > server", 6, b"1234"), udp("client:1 > server:9", "marker"))
    server.sees(udp("client:1 > server:9", "marker"))
    if firewall.differs(legacy=True, nft=False, because="nft compares bytes of the packet and drops nothing"):
        server.never_saw(ip("client > server", 6))
