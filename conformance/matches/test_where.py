"""Matches that ask the machine: its routes, addresses, interfaces and sockets."""

from conformance.matches.measuring import means
from conformance.vocabulary import case, icmp, icmp6, tcp, tcp6, udp, udp6


def between(*ways, make=udp, **fields):
    """Packets of different sizes, each called by a name: (name, source, destination)."""
    return {name: make(f"{port(source, 1)} > {port(destination, 2)}", bytes(round(1.7**number) + number), **fields) for number, (name, source, destination) in enumerate(ways)}


def port(host, number):
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def routes(firewall, *commands):
    """`ip ... add` commands of the firewall, taken back afterwards."""
    for command in commands:
        firewall.changes(f"ip {command}", undo=f"ip {command.replace(' add ', ' del ')}")


@case("matches.addrtype", topology="two-lans", needs=["match-addrtype"], requirement="addrtype asks routing what kind an address is, of this machine or of one interface",
      source="iptables-extensions(8), addrtype")  # fmt: skip
def test_addrtype(client, firewall):
    """Addresses of either interface, broadcasts of both, groups; IPv4 takes what a route forbids for UNICAST."""
    routes(firewall, "route add blackhole 10.9.1.0/24", "route add unreachable 10.9.2.0/24", "route add prohibit 10.9.3.0/24")
    means(client, firewall, between(
        ("server", "client", "server"), ("near", "client", "firewall.lan1"), ("far", "client", "firewall.lan2"), ("all", "client", "255.255.255.255"),
        ("lan1", "client", "10.0.1.255"), ("lan2", "client", "10.0.2.255"), ("group", "client", "224.0.0.5"), ("black", "client", "10.9.1.1"),
        ("unreach", "client", "10.9.2.1"), ("prohibit", "client", "10.9.3.1"), ("own", "10.0.2.1", "server")), """
        -m addrtype --dst-type UNICAST             | server black unreach prohibit own
        -m addrtype ! --dst-type UNICAST           | near far all lan1 lan2 group
        -m addrtype --dst-type LOCAL               | near far
        -m addrtype --dst-type LOCAL --limit-iface-in | near
        -m addrtype --dst-type BROADCAST           | all lan1 lan2
        -m addrtype --dst-type BROADCAST --limit-iface-in | all lan1
        -m addrtype --dst-type MULTICAST           | group
        -m addrtype --dst-type BLACKHOLE,PROHIBIT,UNREACH |
        -m addrtype --src-type LOCAL               | own
        -m addrtype ! --src-type LOCAL             | server near far all lan1 lan2 group black unreach prohibit
        -m addrtype --src-type UNICAST --dst-type LOCAL,MULTICAST | near far group
        -m addrtype --src-type LOCAL ! --dst-type UNICAST |
        -m addrtype ! --src-type UNICAST ! --dst-type LOCAL | own
    """, place="mangle PREROUTING", next_hop="firewall")


@case("matches.addrtype-out", topology="two-lans", needs=["match-addrtype"], requirement="--limit-iface-out asks the interface by which the packet leaves",
      source="iptables-extensions(8), addrtype")  # fmt: skip
def test_addrtype_out(client, firewall):
    """For each interface, all that it knows nothing else about is UNICAST."""
    means(client, firewall, between(("server", "client", "server")), """
        -m addrtype --dst-type UNICAST --limit-iface-out | server
        -m addrtype --src-type UNICAST --limit-iface-out | server
        -m addrtype --src-type UNICAST --limit-iface-in  | server
        -m addrtype --src-type UNICAST                   | server
    """)


@case("matches.addrtype6", topology="two-lans", needs=["match-addrtype", "ipv6"], requirement="addrtype asks routing what kind an address is",
      source="iptables-extensions(8), addrtype")  # fmt: skip
def test_addrtype6(client, firewall):
    """In IPv6 all kinds that are listed have to be true but for LOCAL, ANYCAST and UNREACHABLE, of which one has to be."""
    means(client, firewall, between(
        ("server", "client", "server"), ("near", "client", "firewall.lan1"), ("far", "client", "firewall.lan2"), ("group", "client", "ff0e::5"),
        ("nowhere", "client", "2001:db8:99::1"), ("nobody", "::", "server"), make=udp6), """
        -m addrtype --dst-type UNICAST             | server near far nowhere nobody
        -m addrtype ! --dst-type UNICAST           | group
        -m addrtype --dst-type LOCAL               | near far
        -m addrtype --dst-type LOCAL --limit-iface-in | near
        -m addrtype ! --dst-type LOCAL             | server group nowhere nobody
        -m addrtype --dst-type MULTICAST           | group
        -m addrtype --dst-type UNICAST,LOCAL       | near far
        -m addrtype --dst-type UNICAST,MULTICAST   |
        -m addrtype --dst-type UNREACHABLE         | nowhere
        -m addrtype --dst-type LOCAL,UNREACHABLE   | near far nowhere
        -m addrtype --src-type UNSPEC              | nobody
        -m addrtype --src-type UNICAST             | server near far group nowhere
        -m addrtype --src-type UNICAST --dst-type MULTICAST | group
    """, 6, place="mangle PREROUTING", next_hop="firewall")


@case("matches.rpfilter-sources", topology="two-lans", needs=["match-rpfilter"], requirement="rpfilter passes what could be answered by the interface that it came by",
      source="iptables-extensions(8), rpfilter; RFC 3704")  # fmt: skip
def test_rpfilter_sources(client, firewall):
    """Sources of this leg, of the other, of nowhere, of the machine itself, and those without an address yet."""
    routes(firewall, "route add 10.0.2.0/24 dev lan1 table 77", "rule add fwmark 7 lookup 77", "route add blackhole 10.9.1.0/24")
    means(client, firewall, between(
        ("honest", "client", "server"), ("other", "10.0.2.77", "server"), ("lost", "203.0.113.5", "server"), ("own", "10.0.1.1", "server"),
        ("black", "10.9.1.1", "server"), ("dhcp", "0.0.0.0", "255.255.255.255"), ("igmp", "0.0.0.0", "224.0.0.22"), ("zero", "0.0.0.0", "server"),
        ("group", "client", "224.0.1.5"), ("all", "10.0.2.77", "255.255.255.255"), ("far", "0.0.0.0", "224.0.1.1"),
        ("net", "0.1.2.3", "255.255.255.255"), ("net-igmp", "0.1.2.3", "224.0.0.255"), ("net-far", "0.1.2.3", "224.1.0.1")), """
        -m rpfilter                            | honest dhcp igmp group
        -m rpfilter --invert                   | other lost own black zero all far net net-igmp net-far
        -m rpfilter --loose                    | honest other dhcp igmp group all
        -m rpfilter --loose --invert           | lost own black zero far net net-igmp net-far
        -m rpfilter --accept-local             | honest own dhcp igmp group
        -m rpfilter --loose --accept-local     | honest other own dhcp igmp group all
        -m rpfilter --validmark                | honest other dhcp igmp group all
    """, place="mangle PREROUTING", before="-A PREROUTING -s 10.0.2.77 -j MARK --set-mark 7", next_hop="firewall")


@case("matches.rpfilter-sources6", topology="two-lans", needs=["match-rpfilter", "ipv6"], requirement="rpfilter passes what could be answered by the interface that it came by",
      source="iptables-extensions(8), rpfilter; RFC 3704")  # fmt: skip
def test_rpfilter_sources6(client, firewall):
    """The same over IPv6; :: always passes."""
    means(client, firewall, between(
        ("honest", "client", "server"), ("other", "2001:db8:2::77", "server"), ("lost", "2001:db8:99::1", "server"),
        ("own", "2001:db8:1::1", "server"), ("nobody", "::", "server"), make=udp6), """
        -m rpfilter                            | honest nobody
        -m rpfilter --invert                   | other lost own
        -m rpfilter --loose                    | honest other nobody
        -m rpfilter --accept-local             | honest own nobody
    """, 6, place="mangle PREROUTING", next_hop="firewall")


@case("matches.interfaces", topology="two-lans", needs=["match-devgroup", "match-mac", "match-pkttype"], requirement="devgroup, mac and pkttype look at the interface and the frame",
      source="iptables-extensions(8), devgroup, mac, pkttype")  # fmt: skip
def test_interfaces(client, firewall):
    """Groups of both interfaces, whole and masked; the sender's address."""
    firewall.changes("ip link set lan1 group 5", undo="ip link set lan1 group 0")
    firewall.changes("ip link set lan2 group 6", undo="ip link set lan2 group 0")
    mac = client.node.mac("lan1")
    other = mac[:-2] + ("00" if mac[-2:] != "00" else "01")
    means(client, firewall, {"honest": udp("client:1 > server:2", "x"), "forged": udp("client:1 > server:2", "xx", source_mac=other)}, f"""
        -m devgroup --src-group 5              | honest forged
        -m devgroup --src-group 6              |
        -m devgroup ! --src-group 5            |
        -m devgroup ! --src-group 4            | honest forged
        -m devgroup --src-group 4/0xc          | honest forged
        -m devgroup --src-group 4/0x5          |
        -m devgroup --dst-group 6              | honest forged
        -m devgroup ! --dst-group 6            |
        -m devgroup --src-group 5 --dst-group 6 | honest forged
        -m devgroup --src-group 6 --dst-group 6 |
        -m devgroup --src-group 5 ! --dst-group 6 |
        -m mac --mac-source {mac}              | honest
        -m mac ! --mac-source {mac}            | forged
        -m pkttype --pkt-type unicast          | honest forged
        -m pkttype ! --pkt-type unicast        |
    """)


@case("matches.frames", topology="two-lans", needs=["match-pkttype"], requirement="pkttype tells to whom the frame was sent", source="iptables-extensions(8), pkttype")
def test_frames(client, firewall):
    """To this machine, to a group, to all."""
    means(client, firewall, {name: udp("client:1 > firewall.lan1:2", "x" * (1 << number), destination_mac=mac) for number, (name, mac) in enumerate((
        ("all", "ff:ff:ff:ff:ff:ff"), ("group", "01:00:5e:00:00:05"), ("mine", firewall.node.mac("lan1"))))}, """
        -m pkttype --pkt-type unicast          | mine
        -m pkttype --pkt-type broadcast        | all
        -m pkttype --pkt-type multicast        | group
        -m pkttype ! --pkt-type broadcast      | group mine
    """, place="mangle PREROUTING")


@case("matches.eui64", topology="two-lans", needs=["ipv6"], requirement="eui64: the source was made from the sender's MAC address", source="iptables-extensions(8), eui64; RFC 4291 appendix A")
def test_eui64(client, firewall):
    """The whole of the lower 64 bits counts."""
    octets = [int(part, 16) for part in client.node.mac("lan1").split(":")]
    made = [octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]
    host = ":".join(f"{made[at] << 8 | made[at + 1]:x}" for at in range(0, 8, 2))
    wrong = ":".join(f"{(made[at] << 8 | made[at + 1]) ^ (at == 6):x}" for at in range(0, 8, 2))
    means(client, firewall, {"right": udp6(f"[2001:db8:1:0:{host}]:1 > server:2", "x"), "wrong": udp6(f"[2001:db8:1:0:{wrong}]:1 > server:2", "xx")}, """
        -m eui64                               | right
    """, 6)


@case("matches.sockets", topology="two-lans", needs=["match-socket"], requirement="socket matches what a socket of this machine would take", source="iptables-extensions(8), socket",
      rows={"ipv4": {"make": udp, "make_tcp": tcp, "error": icmp, "header": 20, "family": 4}, "ipv6": {"make": udp6, "make_tcp": tcp6, "error": icmp6, "header": 40, "family": 6, "needs": "ipv6"}})
def test_sockets(client, firewall, make, make_tcp, error, header, family):
    """Bound, listening, connected sockets, those bound to any address, transparent ones; and errors about what they sent."""
    six, here = ("", "{firewall.lan1}") if family == 4 else ("6", "[{firewall.lan1/6}]")
    for spec in (f"udp{six}:5000", f"udp{six}:{here}:5001", f"tcp{six}:5002", f"tcp{six}:{here}:5003"):
        firewall.listens(spec)
    firewall.listens(f"tcp{six}:3129", transparent=True)
    firewall.opens(f"udp{six}:{here}:5004").connects("client:7000")
    sent = {port: make(f"firewall.lan1:{port} > client:7", "x") for port in (5001, 5004, 5009)}
    ports = {f"udp{port}": make(f"client:7000 > firewall.lan1:{port}", "x" * (port - 4999)) for port in (5000, 5001, 5004, 5009)}
    ports |= {f"tcp{port}": make_tcp(f"client:7000 > firewall.lan1:{port}", "SYN", "x" * (port % 50 + 20)) for port in (5002, 5003, 3129, 5009)}
    unreachable = "client > firewall.lan1", "port-unreachable"
    means(client, firewall, ports | {
        "stranger": make("client:7001 > firewall.lan1:5004", "x" * 100),
        "elsewhere": make("client:7000 > firewall.lan2:5001", "x" * 101),
        "any-lan2": make("client:7000 > firewall.lan2:5000", "x" * 102),
        "routed": make("client:7000 > server:5001", "x" * 103),
        "error": error(*unreachable, quoting=sent[5001]),
        "other-error": error(*unreachable, quoting=sent[5009], quoted_bytes=header + 8),
        "short-error": error(*unreachable, quoting=sent[5001], quoted_bytes=header + 5),
        "cut-error": error(*unreachable, quoting=sent[5001], quoted_bytes=header + 3),
        "no-error": error("client > firewall.lan1", 10 if family == 4 else 140, quoting=sent[5001], quoted_bytes=header + 7),
        "icmp-error": error(*unreachable, quoting=error("firewall.lan1 > client", 8 if family == 4 else 128), quoted_bytes=header + 6),
        "ping": error("client > firewall.lan1", 8 if family == 4 else 128, id=1),
    }, """
        -m socket                              | udp5001 udp5004 tcp5003 error short-error
        -m socket --nowildcard                 | udp5000 udp5001 udp5004 tcp5002 tcp5003 tcp3129 error any-lan2 short-error
        -m socket --transparent                |
        -m socket --transparent --nowildcard   | tcp3129
    """, family, place="mangle PREROUTING")
