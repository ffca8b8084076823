"""What address translation must not touch: everything but addresses, ports, identifiers and the checksums over them.
Compared byte by byte with what was sent. And checksums where arithmetic is special: the two zeros of one's complement."""

from conformance.vocabulary import (
    Failed,
    ah,
    case,
    esp,
    filler,
    gre,
    icmp,
    ip,
    ip6,
    ping,
    ping6,
    sctp,
    table,
    tcp,
    tcp6,
    udp,
    udp6,
)  # fmt: skip

SOURCE = "RFC 3022 sections 4.1 and 4.4; RFC 1624; Linux nf_nat_proto.c"
SHARE = "*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT"
OUT = "client:40000 > server:5353"
UNKNOWN_OPTION = bytes([158, 4, 1, 2])

# name: packet, and where its transport header has its checksum (None: it has none that NAT may change)
PACKETS4 = {
    "udp": (udp(OUT, filler(333)), 6),
    "udp-empty": (udp(OUT, b""), 6),
    "udp-odd": (udp(OUT, b"abc"), 6),
    "header-fields": (udp(OUT, "x", ip_id=65535, df=True, tos=0xFF, ttl=255), 6),
    "evil-bit": (udp(OUT, "x", evil=True), 6),
    "ip-option": (udp(OUT, "x", ip_options=UNKNOWN_OPTION), 6),
    "tcp-options": (tcp(OUT, "SYN", mss=1460, wscale=7, sack_ok=True, timestamp=(77, 0)), 16),
    "tcp-urgent": (tcp(OUT, "SYN", urgent=5, window=1, seq=0xFFFFFFFF), 16),
    "tcp-reserved-bits": (tcp(OUT, "SYN", reserved=5), 16),
    "tcp-fast-open": (tcp(OUT, "SYN", b"GET / HTTP/1.0\r\n\r\n", tcp_options=b"\x22\x0a12345678\x01\x01"), 16),
    "ping": (ping("client > server", filler(99), id=65535, seq=65535), 2),
    "timestamp": (icmp("client > server", "timestamp-request", filler(12), id=9, seq=8), 2),
    "address-mask": (icmp("client > server", "address-mask-request", filler(4), id=9, seq=8), 2),
    "sctp": (sctp(OUT, "INIT", init_tag=1), 8),
    "gre": (gre("client > server", filler(50), key=5), None),
    "esp": (esp("client > server", filler(40), spi=77), None),
    "ah": (ah("client > server", filler(40), spi=77), None),
    "ospf": (ip("client > server", 89, filler(44)), None),
}
PACKETS6 = {
    "udp": (udp6(OUT, filler(333)), 6),
    "flow-label": (udp6(OUT, "x", flow_label=0xABCDE, tos=0xFF, ttl=255), 6),
    "destination-options": (udp6(OUT, "x", extensions=["destination"]), 6),
    "hop-by-hop": (udp6(OUT, "x", extensions=["hop-by-hop", "destination"]), 6),
    "tcp-options": (tcp6(OUT, "SYN", mss=1440, wscale=7, sack_ok=True, timestamp=(77, 0)), 16),
    "ping": (ping6("client > server", filler(99), id=65535, seq=65535), 2),
    "unknown-protocol": (ip6("client > server", 89, filler(44)), None),
}


def rows():
    found = {
        f"{name}-ipv4": {"packet": packet, "checksum_at": place, "needs": ["nat"]}
        for name, (packet, place) in PACKETS4.items()
    }
    for name, (packet, place) in PACKETS6.items():
        found[f"{name}-ipv6"] = {"packet": packet, "checksum_at": place, "needs": ["nat6"]}
    return found


def header_size(packet):
    """Bytes before the transport header."""
    if packet[0] >> 4 == 4:
        return (packet[0] & 15) * 4
    size, kind = 40, packet[6]
    while kind in (0, 60):
        kind, size = packet[size], size + 8 + packet[size + 1] * 8
    return size


def masked(packet, checksum_at, sides):
    """The packet without what translation and forwarding may change: TTL, checksums, one address."""
    found = bytearray(packet)
    six = packet[0] >> 4 == 6
    wide = 16 if six else 4
    start = (8 if six else 12) + (wide if sides == "destination" else 0)
    places = [(7, 8) if six else (8, 9), (start, start + wide)] + ([] if six else [(10, 12)])
    if checksum_at is not None:
        at = header_size(packet) + checksum_at
        places.append((at, at + (4 if packet[9] == 132 and not six else 2)))
    for begin, end in places:
        found[begin:end] = bytes(end - begin)
    return bytes(found)


def must_be_equal(sent, seen, checksum_at, side):
    was, now = masked(sent.packet, checksum_at, side), masked(seen.packet, checksum_at, side)
    if was != now:
        places = [f"{at}: {a:02x} became {b:02x}" for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b]
        raise Failed(("was", was.hex()), ("is", now.hex()), ("bytes", ", ".join(places) or "another length"))


@case(
    "nat.untouched.going-out",
    topology="nat-gateway",
    source=SOURCE,
    rows=rows(),
    requirement="NAT changes nothing but what it has to",
)
def test_going_out(client, server, firewall, packet, checksum_at):
    """The same bytes arrive, with another source and right checksums."""
    firewall.loads(SHARE)
    firewall.loads6(SHARE)
    server.node.stack = "deaf"
    sent = client.sends(packet)
    ports = ":40000 > server:5353" if ":" in str(packet.flow) else " > server"
    seen = server.sees(packet.but(f"firewall.wan{ports}", ttl=sent.ttl - 1))
    must_be_equal(sent, seen, checksum_at, "source")


@case(
    "nat.untouched.coming-in",
    topology="nat-gateway",
    source=SOURCE,
    rows=rows(),
    requirement="NAT changes nothing but what it has to",
)
def test_coming_in(client, server, firewall, packet, checksum_at):
    """The same bytes arrive, with another destination and right checksums."""
    firewall.loads("*nat\n-A PREROUTING -i wan -j DNAT --to-destination {client}\nCOMMIT")
    firewall.loads6("*nat\n-A PREROUTING -i wan -j DNAT --to-destination {client}\nCOMMIT")
    client.node.stack = "deaf"
    ports = (":5000", ":40000") if ":" in str(packet.flow) else ("", "")
    sent = server.sends(packet.but(f"server{ports[0]} > firewall.wan{ports[1]}"))
    seen = client.sees(packet.but(f"server{ports[0]} > client{ports[1]}", ttl=sent.ttl - 1))
    must_be_equal(sent, seen, checksum_at, "destination")


# -- the two zeros


def balancing(packet, family):
    """Two bytes that make the UDP checksum of this packet, as it was seen, come out as 0 (which is sent as 0xffff)."""
    size = header_size(packet)
    wide = 4 if family == 4 else 16
    start = 12 if family == 4 else 8
    udp_part = bytearray(packet[size:])
    udp_part[6:8] = b"\0\0"
    data = packet[start : start + 2 * wide] + bytes([0, 17]) + len(udp_part).to_bytes(2, "big") + bytes(udp_part)
    total = sum(int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (0xFFFF - total).to_bytes(2, "big")


@case("nat.checksum.zero-is-sent-as-ones", topology="nat-gateway", source="RFC 768; RFC 1624; Linux nf_nat_proto.c", rows={
    "ipv4": {"family": 4, "needs": ["nat"]}, "ipv6": {"family": 6, "needs": ["nat6"]}},
    requirement="A UDP checksum that becomes 0 by translation is sent as 0xffff, for 0 would say that there is none")  # fmt: skip
def test_zero_becomes_ones(client, server, firewall, family):
    """The payload is chosen so that the sum over the translated packet is 0."""
    firewall.loads(SHARE)
    firewall.loads6(SHARE)
    kind = udp if family == 4 else udp6
    client.sends(kind(OUT, b"\0\0"))
    trial = server.sees(kind("firewall.wan:40000 > server:5353", b"\0\0"))
    client.sends(kind(OUT, balancing(trial.packet, family)))
    server.sees(kind("firewall.wan:40000 > server:5353", balancing(trial.packet, family), checksum=0xFFFF))


@case("nat.checksum.ones-are-no-zero", topology="nat-gateway", source="RFC 768; RFC 1624; Linux nf_nat_proto.c", rows={
    "ipv4": {"family": 4, "needs": ["nat"]}, "ipv6": {"family": 6, "needs": ["nat6"]}},
    requirement="A UDP checksum of 0xffff is a checksum like others, and is updated")  # fmt: skip
def test_ones_are_updated(client, server, firewall, family):
    """The payload is chosen so that the sum over the packet that the client sends is 0."""
    firewall.loads(SHARE)
    firewall.loads6(SHARE)
    kind = udp if family == 4 else udp6
    trial = client.sends(kind(OUT, b"\0\0"))
    sent = client.sends(kind(OUT, balancing(trial.packet, family)))
    assert sent.checksum == 0xFFFF, f"the client's own checksum is {sent.checksum:#x}"
    seen = server.sees(kind("firewall.wan:40000 > server:5353", balancing(trial.packet, family), checksum="good"))
    assert seen.checksum not in (0, 0xFFFF)


@case("nat.checksum.tcp-zero", topology="nat-gateway", needs=["nat"], source="RFC 1624; RFC 9293; Linux nf_nat_proto.c",
      requirement="A TCP checksum may become 0: TCP has no way to go without one")  # fmt: skip
def test_tcp_every_sum(client, server, firewall):
    """A walk of the sequence number over the places where the sum wraps: every segment is right, 0 or not."""
    firewall.loads(SHARE)
    client.sends(tcp(OUT, "SYN", seq=0))
    trial = server.sees(tcp("firewall.wan:40000 > server:5353", "SYN", seq=0))
    found = []
    for step in (-2, -1, 0, 1, 2):
        seq = (trial.checksum + step) % 0x10000
        client.sends(tcp(OUT, "SYN", seq=seq))
        found.append(server.sees(tcp("firewall.wan:40000 > server:5353", "SYN", seq=seq, checksum="good")).checksum)
    assert found[:2] == [2, 1] and found[2] in (0, 0xFFFF) and found[3:] == [0xFFFE, 0xFFFD], [
        hex(each) for each in found
    ]


@case("nat.checksum.wrong-stays-wrong", topology="nat-gateway", needs=["nat"], source=SOURCE, rows=table("""
    name | kind
    -----+-----
    udp  | udp
    tcp  | tcp
"""), requirement="A wrong checksum is not repaired by translation")  # fmt: skip
def test_wrong_stays_wrong(client, server, firewall, kind):
    """With net.netfilter.nf_conntrack_checksum=0 damaged packets are translated; the receiver must still notice."""
    firewall.sets("net.netfilter.nf_conntrack_checksum", 0)
    firewall.loads(SHARE)
    packet = udp(OUT, "query", checksum="bad") if kind == "udp" else tcp(OUT, "SYN", checksum="bad")
    client.sends(packet)
    server.sees(packet.but("firewall.wan:40000 > server:5353"))
