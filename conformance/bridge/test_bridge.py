"""Bridged frames: with br_netfilter they pass iptables as routed packets do, without it nobody looks."""

from conformance.vocabulary import arp, case, every_chain, fragments, icmp, path_rules, tcp, udp, udp6, visits

FORWARDED = [
    "raw PREROUTING", "mangle PREROUTING", "nat PREROUTING", "mangle FORWARD", "filter FORWARD", "security FORWARD",
    "mangle POSTROUTING", "nat POSTROUTING",
]  # fmt: skip
AS_BUILT = 0  # the lab switches all bridges of the node on by its sysctl
TRACKING = {"filter": "-A FORWARD -m conntrack --ctstate INVALID"}
QUERY = udp("client:1000 > server:99", "x")


def met(firewall):
    counted = firewall.counters()
    return {place for place in every_chain() if (count := counted.at(f"{place} 1")) and count.packets}


@case("bridge.chains", topology="bridged", needs=["bridge", "conntrack", "nat", "security"], cites=["BRIDGE-01", "BRIDGE-17"])
def test_chains(client, server, firewall):
    """A bridged packet meets the chains of a forwarded one, and is tracked."""
    firewall.loads(path_rules(FORWARDED, match="-p udp", extra=TRACKING))
    client.sends(QUERY)
    server.sees(QUERY)
    assert visits(firewall) == FORWARDED
    firewall.tracks("udp client:1000 > server:99")


def switched(firewall, bridge="0", sysctl="0"):
    """Set who looks at bridged IPv4: the bridge's own switch and the node's."""
    firewall.changes(f"ip link set br0 type bridge nf_call_iptables {bridge}", undo=f"ip link set br0 type bridge nf_call_iptables {AS_BUILT}")
    firewall.sets("net.bridge.bridge-nf-call-iptables", sysctl)


@case("bridge.off", topology="bridged", needs=["bridge", "conntrack"], cites=["BRIDGE-02"])
def test_off(client, server, firewall):
    """With the switch off a frame passes uncounted and untracked, even by a rule that drops."""
    switched(firewall)
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate NEW -j DROP\nCOMMIT\n")
    client.sends(QUERY)
    server.sees(QUERY)
    firewall.counted("filter FORWARD 1", packets=0)
    firewall.tracks_nothing()


@case("bridge.one-bridge", topology="bridged", needs=["bridge"], cites=["BRIDGE-04"])
def test_one_bridge(client, server, firewall):
    """One bridge can switch it on for itself."""
    switched(firewall, bridge="1")
    firewall.loads("*filter\n-A FORWARD -p udp -m comment --comment seen\nCOMMIT\n")
    client.sends(QUERY)
    server.sees(QUERY)
    firewall.counted("seen", packets=1)


@case("bridge.names", topology="bridged", needs=["bridge", "match-physdev"], cites=["BRIDGE-05", "BRIDGE-06"])
def test_names(client, server, firewall):
    """-i and -o see the bridge; physdev knows the ports."""
    expected = {
        "-i br0": 1, "-o br0": 1, "-i inside": 0, "-m physdev --physdev-in inside": 1, "-m physdev --physdev-out outside": 1,
        "-m physdev --physdev-is-bridged": 1, "-m physdev --physdev-is-in": 1, "-m physdev --physdev-is-out": 1,
        "-m physdev --physdev-in in+": 1, "-m physdev --physdev-in outside": 0,
    }  # fmt: skip
    rules = [f"-A FORWARD {match} -p udp -m comment --comment n{number}" for number, match in enumerate(expected)]
    firewall.loads("*filter\n" + "\n".join(rules) + "\nCOMMIT\n")
    client.sends(QUERY)
    server.sees(QUERY)
    for number, packets in enumerate(expected.values()):
        firewall.counted(f"n{number}", packets=packets)


@case("bridge.physdev-out-refused", topology="bridged", needs=["bridge", "match-physdev"], cites=["BRIDGE-07"])
def test_physdev_out(firewall):
    """In OUTPUT nobody knows the port yet."""
    firewall.runs("iptables -N TOUCHED")
    firewall.refuses_rule("-A OUTPUT -m physdev --physdev-out outside -j DROP")


@case("bridge.drop", topology="bridged", needs=["bridge"], cites=["BRIDGE-08"])
def test_drop(client, server, firewall):
    """A dropped frame does not reach the other port."""
    firewall.loads("*filter\n-A FORWARD -p udp --dport 99 -j DROP\nCOMMIT\n")
    client.sends(QUERY, udp("client:1000 > server:98", "marker"))
    server.sees(udp("client:1000 > server:98", "marker"))
    server.never_saw(QUERY)


@case("bridge.reject", topology="bridged", needs=["bridge", "target-REJECT"], cites=["BRIDGE-09"])
def test_reject(client, server, firewall):
    """REJECT answers from the address of the bridge."""
    firewall.loads("*filter\n-A FORWARD -p udp --dport 99 -j REJECT\nCOMMIT\n")
    client.sends(QUERY)
    client.sees(icmp("firewall > client", "port-unreachable"))
    server.never_saw(QUERY)


@case("bridge.reset", topology="bridged", needs=["bridge", "target-REJECT"], cites=["BRIDGE-10"])
def test_reset(client, server, firewall):
    """A reset comes in the name of the peer, with its MAC address too."""
    firewall.loads("*filter\n-A FORWARD -p tcp --dport 99 -j REJECT --reject-with tcp-reset\nCOMMIT\n")
    client.sends(tcp("client:1000 > server:99", "SYN", seq=7))
    reset = client.sees(tcp("server:99 > client:1000", "RST,ACK", ack=8))
    assert reset.source_mac == server.node.mac("outside")


@case("bridge.vlan", topology="bridged", needs=["bridge"], cites=["BRIDGE-11"], rows={
    "off": {"switch": 0, "arrives": True}, "on": {"switch": 1, "arrives": False}})
def test_vlan(client, server, firewall, switch, arrives):
    """Tagged frames are looked at only if bridge-nf-filter-vlan-tagged says so."""
    firewall.sets("net.bridge.bridge-nf-call-iptables", 1)
    firewall.sets("net.bridge.bridge-nf-filter-vlan-tagged", switch)
    firewall.loads("*filter\n-A FORWARD -p udp --dport 99 -j DROP\nCOMMIT\n")
    tagged = udp("client:1000 > server:99", "x", vlan=5)
    client.sends(tagged)
    if arrives:
        server.sees(tagged)
    else:
        client.sends(udp("client:1000 > server:98", "marker", vlan=5))
        server.sees(udp("client:1000 > server:98", "marker", vlan=5))
        server.never_saw(tagged)


@case("bridge.arp", topology="bridged", needs=["bridge"], cites=["BRIDGE-12"])
def test_arp(client, server, firewall):
    """ARP is no business of iptables."""
    firewall.loads("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
    client.sends(arp("client > server"))
    server.sees(arp("client > server"))


@case("bridge.nat", topology="bridged", needs=["bridge", "nat"], cites=["BRIDGE-13"])
def test_nat(client, server, firewall):
    """Bridged packets can be translated."""
    firewall.loads("""
        *nat
        -A PREROUTING -p udp --dport 99 -j DNAT --to-destination :98
        -A POSTROUTING -p udp -j SNAT --to-source 10.0.1.1
        COMMIT
    """)
    client.sends(QUERY)
    server.answers(server.sees(udp("firewall:1000 > server:98", "x")), "y")
    client.sees(udp("server:99 > client:1000", "y"))


@case("bridge.own-address", topology="bridged", needs=["bridge", "conntrack", "nat", "security"], cites=["BRIDGE-14"])
def test_own_address(client, firewall):
    """A frame for the bridge itself enters INPUT."""
    firewall.loads(path_rules(every_chain(), match="-p udp --dport 5353", extra=TRACKING))
    service = firewall.listens("udp:5353")
    client.sends(udp("client:1000 > firewall:5353", "x"))
    service.hears("x")
    places = met(firewall)
    assert "filter INPUT" in places and "raw PREROUTING" in places and "filter FORWARD" not in places


@case("bridge.fragments", topology="bridged", needs=["bridge", "conntrack"], cites=["BRIDGE-15"])
def test_fragments(client, server, firewall):
    """Fragments are put together for the rules and leave as they came."""
    firewall.loads("*filter\n-A FORWARD -p udp -m conntrack --ctstate NEW -m comment --comment new\nCOMMIT\n")
    whole = udp("client:1000 > server:99", size=1400)
    client.sends(fragments(whole, 520))
    server.sees_reassembled(whole, sizes=[540, 540, 388])
    firewall.counted("new", packets=1)


@case("bridge.broadcast", topology="bridged", needs=["bridge"], cites=["BRIDGE-16"])
def test_broadcast(client, server, firewall):
    """A broadcast goes on to the other port, and to the firewall itself."""
    firewall.loads("""
        *filter
        -A FORWARD -p udp -m comment --comment forward
        -A INPUT -p udp -m comment --comment input
        COMMIT
    """)
    client.sends(udp("client:1000 > 10.0.1.255:99", "x"))
    server.sees(udp("client:1000 > 10.0.1.255:99", "x"))
    firewall.counted("forward", packets=1)
    firewall.counted("input", packets=1)


@case("bridge.ipv6", topology="bridged", needs=["bridge", "ipv6"], cites=["BRIDGE-18"], rows={
    "on": {"switch": 1, "packets": 1}, "off": {"switch": 0, "packets": 0}})
def test_ipv6(client, server, firewall, switch, packets):
    """ip6tables sees bridged IPv6 only when its own switch is on."""
    firewall.changes("ip link set br0 type bridge nf_call_ip6tables 0", undo=f"ip link set br0 type bridge nf_call_ip6tables {AS_BUILT}")
    firewall.sets("net.bridge.bridge-nf-call-ip6tables", switch)
    firewall.loads6("*filter\n-A FORWARD -p udp -m comment --comment seen\nCOMMIT\n")
    client.sends(udp6("client:1000 > server:99", "x"))
    server.sees(udp6("client:1000 > server:99", "x"))
    six = firewall.saved(family=6, counters=True)
    assert f"[{packets}:" in next(line for line in six.splitlines() if "seen" in line)


@case("bridge.switches", topology="bridged", needs=["bridge"], cites=["BRIDGE-03"])
def test_switches(firewall):
    """Where nobody says otherwise bridged packets pass the rules of arptables, iptables and ip6tables, but those with a
    VLAN tag or of PPPoE do not."""
    shown = firewall.runs(["unshare", "-n", "sysctl", "-a", "-r", "^net.bridge.bridge-nf-"]).out
    values = dict(line.split(" = ") for line in shown.splitlines())
    for name in ("call-arptables", "call-iptables", "call-ip6tables"):
        assert values[f"net.bridge.bridge-nf-{name}"] == "1"
    for name in ("filter-vlan-tagged", "filter-pppoe-tagged"):
        assert values[f"net.bridge.bridge-nf-{name}"] == "0"
