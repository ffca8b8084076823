"""Extension headers: what ip6tables finds behind them, what it can say about them, and fragments that have some."""

import struct

from conformance.vocabulary import case, fragment6, fragments, raw_packet, table, udp6

CLIENT = bytes.fromhex("20010db8000100000000000000000010")
SERVER = bytes.fromhex("20010db8000200000000000000000010")

# name -> (protocol number, the header behind its first byte, which names the next one)
HEADERS = {
    "hop": (0, bytes.fromhex("00 0104 00000000")),
    "alert": (0, bytes.fromhex("00 0502 00000100")),
    "dst": (60, bytes.fromhex("00 0104 00000000")),
    "rt0": (43, bytes.fromhex("02 00 00 00000000") + SERVER),
    "rt4": (43, bytes.fromhex("02 04 00 00000007") + SERVER),
    "atomic": (44, bytes.fromhex("00 0000 00000009")),
    "first": (44, bytes.fromhex("00 0001 00000009")),
    "last": (44, bytes.fromhex("00 0040 00000009")),
    "ah": (51, bytes.fromhex("04 0000 00000100 00000001") + bytes(12)),
}
UDP = struct.pack("!HHHH", 1000, 2000, 16, 0xB69F) + b"xxxxxxxx"
ENDS = {"udp": (17, UDP), "none": (59, b""), "esp": (50, struct.pack("!II", 256, 1) + b"12345678"),
        "mh": (135, bytes.fromhex("3b00010000000000")), "unknown": (253, b"12345678")}  # fmt: skip


def packet_of(chain):
    """ "hop dst udp" -> the packet."""
    *names, end = chain.split()
    number, body = ENDS[end]
    for name in reversed(names):
        kind, rest = HEADERS[name]
        number, body = kind, bytes((number,)) + rest + body
    return raw_packet(struct.pack("!IHBB", 6 << 28, len(body), number, 64) + CLIENT + SERVER + body)


RULES = {
    "udp": "-p udp", "port": "-p udp --dport 2000", "not-udp": "! -p udp", "p-esp": "-p esp", "p-60": "-p 60", "p-253": "-p 253",
    "hbh": "-m hbh", "alert": "-m hbh --hbh-opts 5", "dst": "-m dst", "dst-len": "-m dst --dst-len 8 --dst-opts 1:4",
    "rt": "-m rt", "rt0": "-m rt --rt-type 0 --rt-segsleft 0", "addrs": "-m rt --rt-type 0 --rt-0-addrs 2001:db8:2::10",
    "frag": "-m frag --fragid 9", "first": "-m frag --fragfirst", "later": "-m frag --fraglast", "ah": "-m ah --ahspi 256",
    "esp": "-p esp -m esp --espspi 256", "mh": "-p mh --mh-type 1", "only-dst": "-m ipv6header --header dst",
    "some-dst": "-m ipv6header --header dst --soft", "plain": "-m ipv6header --header prot", "none": "-m ipv6header --header none --soft",
}  # fmt: skip


@case("ipv6.headers", topology="two-lans", needs=["ipv6"], cites=["IPV6-01"],
      requirement="ip6tables finds the transport header behind extension headers, and matches them by themselves",
      source="ip6tables(8), -p; iptables-extensions(8), ah dst frag hbh ipv6header mh rt", rows=table("""
    name            | chain               | met
    ----------------+---------------------+----
    plain           | udp                 | udp port plain
    hop-by-hop      | hop udp             | udp port hbh
    router-alert    | alert udp           | udp port hbh alert
    destination     | dst udp             | udp port dst dst-len some-dst
    twice           | dst dst udp         | udp port dst dst-len some-dst
    routing-0       | rt0 udp             | udp port rt rt0 addrs
    routing-4       | rt4 dst udp         | udp port rt dst dst-len some-dst
    authenticated   | ah udp              | udp port ah
    atomic          | atomic udp          | udp port frag first later
    first-fragment  | first udp           | udp port frag first
    behind-fragment | first dst udp       | udp port frag first dst dst-len some-dst
    all             | hop dst rt4 atomic ah udp | udp port hbh dst dst-len rt frag first later ah some-dst
    esp             | esp                 | not-udp p-esp esp
    behind-dst      | dst esp             | not-udp p-esp esp dst dst-len some-dst
    nothing-follows | none                | not-udp none
    mobility        | mh                  | not-udp mh plain
    unknown         | unknown             | not-udp p-253 plain
"""))  # fmt: skip
def test_headers(client, server, firewall, chain, met):
    """Every rule looks at each packet, however deep its transport header lies."""
    rules = "\n".join(f"-A FORWARD -i lan1 {rule} -m comment --comment {name}" for name, rule in RULES.items())
    firewall.loads6(f"*filter\n{rules}\nCOMMIT\n")
    client.sends(packet_of(chain))
    counted = firewall.counters(family=6)
    found = {name for name in RULES if counted.at(name).packets}
    expected = set(met.split())
    if "ah" in chain.split():
        behind = expected - {"udp", "port"} | {"not-udp"}
        expected = firewall.differs(legacy=expected, nft=behind, because="for native nft AH is the protocol; legacy looks behind it")
    assert found == expected, f"missing {expected - found}, too many {found - expected}"


@case("ipv6.headers.later-fragment", topology="two-lans", needs=["ipv6"], requirement="A later fragment has no ports",
      source="iptables-extensions(8), frag; RFC 8200 4.5")  # fmt: skip
def test_later_fragment(client, firewall):
    """What follows its fragment header is payload, whatever it looks like."""
    rules = {"udp": "-p udp", "port": "-p udp --dport 2000", "other": "-p udp ! --dport 2000", "later": "-m frag --fraglast"}
    lines = "\n".join(f"-A FORWARD {rule} -m comment --comment {name}" for name, rule in rules.items())
    firewall.loads6(f"*filter\n{lines}\nCOMMIT\n")
    client.sends(packet_of("last udp"))
    for name, packets in (("udp", 1), ("port", 0), ("later", 1)):
        firewall.counted(name, packets=packets, family=6)
    counted = firewall.differs(legacy=0, nft=1, because="nft payload expressions do not look at the fragment offset")
    firewall.counted("other", packets=counted, family=6)


@case("ipv6.headers.translated", topology="two-lans", needs=["nat6"], rows=table("""
    name          | chain
    --------------+----------
    hop-by-hop    | hop udp
    destination   | dst udp
    routing       | rt4 udp
    several       | hop dst dst udp
"""), requirement="Translation finds the transport header behind extension headers, mends its checksum and leaves the headers",
      source="RFC 8200 4; kernel nf_nat_ipv6_manip_pkt")  # fmt: skip
def test_translated(client, server, firewall, chain):
    """The ports change behind whatever stands before them."""
    firewall.loads6("*nat\n-A POSTROUTING -o lan2 -p udp -j MASQUERADE --to-ports 5000\nCOMMIT\n")
    sent = packet_of(chain).data
    client.sends(raw_packet(sent))
    seen = server.sees(udp6("firewall.lan2:5000 > server:2000", "xxxxxxxx"))
    assert seen.packet[6] == sent[6] and seen.packet[40:-16] == sent[40:-16]


@case("ipv6.headers.fragments", topology="two-lans", needs=["ipv6", "conntrack"],
      requirement="A packet with destination options that was put together is cut behind them",
      source="kernel ip6_find_1stfragopt; RFC 8200 4.5", rows=table("""
    name        | chain       | before
    ------------+-------------+----------------
    none        | udp         | 44
    hop-by-hop  | hop udp     | 0 44
    destination | dst udp     | 60 44
    both        | hop dst udp | 0 60 44
    routing     | rt4 udp     | 43 44
    after       | rt4 dst udp | 43 44
"""))  # fmt: skip
def test_fragments_with_options(client, server, firewall, chain, before):
    """The client's fragment header stands first; behind the firewall it stands behind the headers that routers read."""
    firewall.loads6("*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n")
    chained = packet_of(chain).data
    body = chained[40:-16] + struct.pack("!HHHH", 1000, 2000, 1600, 1) + bytes(1592)
    for start in (0, 1208):
        piece = body[start : start + 1208]
        header = chained[:4] + struct.pack("!HBB", len(piece) + 8, 44, 64) + chained[8:40]
        client.sends(raw_packet(header + struct.pack("!BBHI", chained[6], 0, start | (start == 0), 99) + piece))
    arrived = server.saw(fragment6("client > server"))
    assert [piece.mf for piece in arrived] == [True, False]
    assert [numbers_up_to_fragment(piece.packet) for piece in arrived] == [str(before)] * 2


def numbers_up_to_fragment(packet):
    numbers, at = [packet[6]], 40
    while numbers[-1] != 44:
        numbers.append(packet[at])
        at += (packet[at + 1] + 1) * 8
    return " ".join(map(str, numbers))


@case("ipv6.headers.identification", topology="nat-gateway", needs=["nat6"],
      requirement="Fragments of a packet that was put together leave with a new identification, the same for all of one packet",
      source="kernel ip6_fragment; RFC 7739")  # fmt: skip
def test_identification(client, laptop, server, firewall):
    """Two hosts behind one address may use one number at one time; the server must not take their packets for one."""
    firewall.loads6("*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n")
    for host, name in ((client, "client"), (laptop, "laptop")):
        host.sends(fragments(udp6(f"{name}:1000 > server:2000", size=1952), 1448))
    arrived = server.saw(fragment6("firewall.wan > server"))
    numbers = [piece.ip_id for piece in arrived]
    assert len(numbers) == 4 and numbers[0] == numbers[1] and numbers[2] == numbers[3]
    assert numbers[0] != numbers[2]
