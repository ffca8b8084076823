"""Packets that end within the header that a match wants to read: they are dropped by the rule that only asks, and one byte
more saves them. Later fragments have no header, and pass."""

import struct

from conformance.vocabulary import Failed, case, ip, ip6

ZERO = {size: bytes(size) for size in range(70)}
TCP = struct.pack("!HHIIBBHHH", 0, 0, 0, 0, 0x50, 0, 0, 0, 0)
TCP24 = struct.pack("!HHIIBBHHH", 0, 0, 0, 0, 0x60, 0, 0, 0, 0) + b"\2\4\5\xb4"
TCP_SMALL = struct.pack("!HHIIBBHHH", 0, 0, 0, 0, 0x40, 0, 0, 0, 0)
SCTP = bytes(12)
DATA = b"\0\3\0\5x"
ACK_DCCP = struct.pack("!HHBBHBBH", 0, 0, 5, 0, 0, 3 << 1, 0, 1) + bytes(8)
OPTION_DCCP = ACK_DCCP[:4] + b"\6" + ACK_DCCP[5:] + b"\x29\0\0\0"
REQUEST_DCCP = struct.pack("!HHBBHBBH", 0, 0, 4, 0, 0, 0, 0, 1) + bytes(4)

# (rule, protocol, payloads that are dropped, payloads that pass and match, payloads that pass and do not match)
IPV4 = (
    ("-p tcp --tcp-option 2", 6, (TCP24[:19], TCP24[:20], TCP24[:23], TCP_SMALL), (TCP24, TCP24 + b"x"), (TCP,)),
    ("-p tcp ! --tcp-option 3", 6, (TCP24[:19],), (TCP24, TCP), ()),
    ("-p tcp -m tcpmss --mss 1460", 6, (TCP24[:19], TCP24[:20], TCP24[:23], TCP_SMALL), (TCP24, TCP24 + b"x"), (TCP,)),
    ("-p tcp -m tcpmss ! --mss 1460", 6, (TCP24[:19], TCP24[:23], TCP_SMALL), (TCP,), (TCP24,)),
    ("-p udp -m multiport --ports 0", 17, (ZERO[0], ZERO[3]), (ZERO[4], ZERO[8]), ()),
    ("-p udp -m multiport ! --ports 0", 17, (ZERO[3],), (b"\0\1\0\1",), (ZERO[4],)),
    ("-p icmp -m icmp --icmp-type 0", 1, (ZERO[0], ZERO[7]), (ZERO[8],), (b"\3" + ZERO[7],)),
    ("-p icmp -m icmp ! --icmp-type 0", 1, (ZERO[7],), (b"\3" + ZERO[7],), (ZERO[8],)),
    ("-p ah -m ah --ahspi 0", 51, (ZERO[0], ZERO[11]), (ZERO[12],), (b"\1" * 12,)),
    ("-p esp -m esp --espspi 0", 50, (ZERO[7],), (ZERO[8],), (b"\1" * 8,)),
    ("-p ipcomp -m ipcomp --ipcompspi 0", 108, (ZERO[3],), (ZERO[4],), (b"\1" * 4,)),
    ("-p sctp --chunk-types any DATA", 132, (ZERO[11], SCTP, SCTP + DATA[:3], SCTP + ZERO[4]), (SCTP + DATA[:4], SCTP + DATA), (SCTP + b"\1" + DATA[1:],)),
    ("-p sctp --chunk-types only DATA", 132, (SCTP + DATA + ZERO[4],), (SCTP + DATA + ZERO[3],), ()),
    ("-p dccp --dccp-types ACK", 33, (ZERO[11],), (ACK_DCCP[:12], ACK_DCCP), (ZERO[12],)),
    ("-p dccp --dccp-option 41", 33, (ACK_DCCP[:11], OPTION_DCCP[:23], ACK_DCCP[:4] + b"\4" + ACK_DCCP[5:]), (OPTION_DCCP,), (ACK_DCCP, ACK_DCCP[:19], REQUEST_DCCP)),
    ("-p dccp ! --dccp-option 41", 33, (), (ACK_DCCP, ACK_DCCP[:19]), (OPTION_DCCP,)),
    ("-p udp -m hashlimit --hashlimit-upto 10/s --hashlimit-name x --hashlimit-mode srcport", 17, (ZERO[3],), (ZERO[4],), ()),
    ("-p udp -m hashlimit --hashlimit-upto 10/s --hashlimit-name y --hashlimit-mode srcip", 17, (), (ZERO[3],), ()),
)  # fmt: skip

RT = b"\x11\0\0\0" + bytes(4)
RT4 = b"\x11\2\4\0\0\0\0\7" + bytes(16)
IPV6 = (
    ("-p tcp --tcp-option 2", 6, (TCP24[:19], TCP24[:23]), (TCP24,), (TCP,)),
    ("-p tcp -m tcpmss --mss 1460", 6, (TCP24[:19], TCP24[:23]), (TCP24,), (TCP,)),
    ("-p udp -m multiport --ports 0", 17, (ZERO[3],), (ZERO[4],), ()),
    ("-p icmpv6 -m icmp6 --icmpv6-type 0", 58, (ZERO[7],), (ZERO[8],), ()),
    ("-p esp -m esp --espspi 0", 50, (ZERO[7],), (ZERO[8],), (b"\1" * 8,)),
    ("-m rt --rt-type 0", 43, (RT[:7], RT4[:23]), (RT,), (RT4,)),
    ("-m frag --fragid 0", 44, (b"\x11" + ZERO[6],), (b"\x11" + ZERO[7],), ()),
    ("-m ah --ahspi 0", 51, (b"\x11\1" + ZERO[9], b"\x11\2" + ZERO[13]), (b"\x11\1" + ZERO[10], b"\x11\2" + ZERO[14]), ()),
    ("-m dst --dst-len 8", 60, (b"\x11", b"\x11\0\1\4" + ZERO[3]), (b"\x11\0\1\4" + ZERO[4],), (b"\x11\1\1\x0c" + ZERO[12],)),
    ("-p mh -m mh --mh-type 0", 135, (b"\x3b" + ZERO[4], b"\x11" + ZERO[7]), (b"\x3b" + ZERO[5], b"\x3b" + ZERO[7]), (b"\x3b\0\1" + ZERO[5],)),
    ("-m srh --srh-segs-left-eq 0", 43, (), (RT4,), (RT4[:7], RT4[:23], RT)),
)  # fmt: skip


def play(client, firewall, rows, make, family, host):
    """Each row has a source and a chain of its own: the rule, and behind it one that counts what it let by."""
    text, packets = [], []
    for number, (rule, protocol, dropped, meant, others) in enumerate(rows):
        text += [f":C{number} - [0:0]", f"-A FORWARD -i lan1 -s {host(number)} -j C{number}",
                 f"-A C{number} {rule} -m comment --comment here{number}", f"-A C{number} -m comment --comment past{number}"]  # fmt: skip
        packets += [make(f"{host(number)} > server", protocol, payload) for payload in (*dropped, *meant, *others)]
    firewall.loads("*filter\n" + "\n".join(sorted(text, key=lambda line: line[0] == "-")) + "\nCOMMIT\n", family)
    client.sends(packets)
    counted, wrong = firewall.counters(family), []
    for number, (rule, _protocol, _dropped, meant, others) in enumerate(rows):
        here, past = counted.at(f"here{number}").packets, counted.at(f"past{number}").packets
        if (here, past) != (len(meant), len(meant) + len(others)):
            wrong += [(f"`{rule}` should", f"mean {len(meant)} and let by {len(meant) + len(others)}"), ("it", f"means {here} and lets by {past}")]
    if wrong:
        raise Failed(*wrong)


@case("matches.cut", topology="two-lans", requirement="A match drops a packet that ends within the header it wants to read",
      source="iptables-extensions(8); kernel xt_tcpudp, xt_multiport, xt_sctp, xt_dccp, xt_esp, ipt_ah, xt_tcpmss: hotdrop")  # fmt: skip
def test_cut(client, firewall):
    """One byte less is dropped, one byte more passes."""
    play(client, firewall, IPV4, ip, 4, lambda number: f"10.0.1.{100 + number}")


@case("matches.cut6", topology="two-lans", needs=["ipv6"], requirement="A match drops a packet that ends within the header it wants to read",
      source="iptables-extensions(8); kernel ip6t_rt, ip6t_frag, ip6t_ah, ip6t_hbh, ip6t_mh, ip6t_srh: hotdrop")  # fmt: skip
def test_cut6(client, firewall):
    """The same for what stands before and behind the extension headers of IPv6."""
    play(client, firewall, IPV6, ip6, 6, lambda number: f"2001:db8:1::{100 + number}")


FRAGMENT_RULES = ("-p tcp --tcp-option 2", "-p tcp ! --tcp-option 2", "-p tcp -m multiport ! --ports 1", "-p udp -m multiport ! --ports 1",
                  "-p icmp -m icmp ! --icmp-type 9", "-p ah -m ah ! --ahspi 1", "-p esp -m esp ! --espspi 1",
                  "-p ipcomp -m ipcomp ! --ipcompspi 1", "-p sctp --chunk-types any DATA", "-p dccp --dccp-types REQUEST")  # fmt: skip


@case("matches.later-fragments", topology="two-lans", requirement="A later fragment has no header that a match could read; the one at byte 8 of TCP is dropped",
      source="iptables-extensions(8); RFC 1858 (tiny fragments)")  # fmt: skip
def test_later_fragments(client, firewall):
    """No rule means a later fragment, inverted or not, but each one lets it by."""
    protocols = {"tcp": 6, "udp": 17, "icmp": 1, "ah": 51, "esp": 50, "ipcomp": 108, "sctp": 132, "dccp": 33}
    lines = [f"-A FORWARD -i lan1 {rule} -m comment --comment here{number}" for number, rule in enumerate(FRAGMENT_RULES)]
    lines.append("-A FORWARD -i lan1 -m comment --comment past")
    firewall.loads("*filter\n" + "\n".join(lines) + "\nCOMMIT\n")
    for number in protocols.values():
        client.sends(ip("client > server", number, SCTP + DATA + TCP24, offset=16), ip("client > server", number, ZERO[1], offset=24))
        client.sends(ip("client > server", number, TCP24, offset=8))
    counted = firewall.counters()
    assert [counted.at(f"here{number}").packets for number in range(len(FRAGMENT_RULES))] == [0] * len(FRAGMENT_RULES)
    firewall.counted("past", packets=3 * len(protocols) - 1)


@case("matches.cut-ports", topology="two-lans", cites=["MATCH-52"])
def test_cut_ports(client, firewall):
    """Ports of a packet that is too short for a UDP or TCP header, and of a later fragment: native nft reads the bytes
    that there are, legacy drops the first and lets the other by."""
    rules = ("-p udp --dport 1:65535", "-p udp --sport 0 --dport 0", "-p tcp --dport 1:65535", "-p tcp --dport 0")
    lines = [f"-A FORWARD -i lan1 {rule} -m comment --comment r{number}" for number, rule in enumerate(rules)]
    firewall.loads("*filter\n" + "\n".join(lines) + "\n-A FORWARD -i lan1 -m comment --comment past\nCOMMIT\n")
    client.sends([ip("client > server", 17, ZERO[size]) for size in (7, 8)], [ip("client > server", 6, TCP[:size]) for size in (19, 20)],
                 ip("client > server", 17, ZERO[24], offset=16), ip("client > server", 6, ZERO[24], offset=16))  # fmt: skip
    counted = firewall.counters()
    found = [counted.at(place).packets for place in ("r0", "r1", "r2", "r3", "past")]
    assert found == firewall.differs(legacy=[0, 1, 0, 1, 4], nft=[0, 3, 0, 3, 6], because="nft compares bytes of the packet and drops nothing")
