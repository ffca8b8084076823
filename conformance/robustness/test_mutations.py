"""Packets that chance has spoilt."""

from conformance import wire
from conformance.vocabulary import case, icmp, raw_packet, sctp, tcp, udp

COUNT = 250
FLOWS = {
    "tcp": lambda port: tcp(f"client:{port} > server:99", "SYN", "data", mss=1460, wscale=7, sack_ok=True),
    "tcp-ack": lambda port: tcp(f"client:{port} > server:99", "ACK,PSH", "data", timestamp=(1, 2)),
    "udp": lambda port: udp(f"client:{port} > server:99", "data"),
    "icmp": lambda port: icmp("client > server", 13, id=port, seq=1),
    "icmp-error": lambda port: icmp("client > server", "host-unreachable", quoting=udp(f"server:99 > client:{port}", "data")),
    "sctp": lambda port: sctp(f"client:{port} > server:99", "INIT", init_tag=port),
    "udp-tail": lambda port: udp(f"client:{port} > server:99", "data" * 20),
    "tcp-options": lambda port: tcp(f"client:{port} > server:99", "SYN", tcp_options=b"\2\4\5\xb4\3\3\7\1\4\2\5\x0a\0\0\0\1\0\0\0\2"),
}


def mutated(packet, chance):
    """One to three changes behind the IP header: a bit turned, a byte replaced, or the end cut off. Lengths and
    checksum of the IP header stay right: it is the next header that is wrong."""
    data = bytearray(packet)
    for _change in range(chance.randint(1, 3)):
        place = chance.randrange(20, len(data))
        match chance.randrange(3):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                data[place] = chance.randrange(256)
            case 2 if len(data) > 22:
                del data[max(place, 21):]
    data[2:4] = len(data).to_bytes(2, "big")
    data[10:12] = b"\0\0"
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, 20, 2))
    total = (total & 0xFFFF) + (total >> 16)
    data[10:12] = (0xFFFF - (total & 0xFFFF) - (total >> 16)).to_bytes(2, "big")
    return bytes(data)


@case("robust.mutated", topology="two-lans", needs=["conntrack", "raw"], cites=["ROBUST-03"],
      rows={name: {"make": make} for name, make in FLOWS.items()})  # fmt: skip
def test_mutated(client, server, firewall, chance, scene, make):
    """Every packet meets the rules once and has one state, those with a wrong checksum are INVALID, all arrive as they
    were sent, and a good packet after them is NEW."""
    firewall.loads("""
        *raw
        -A PREROUTING -s 10.0.1.10 -m comment --comment arrived
        COMMIT
        *filter
        -A FORWARD -d 10.0.2.10 -m conntrack --ctstate INVALID -m comment --comment invalid
        -A FORWARD -d 10.0.2.10 -m conntrack --ctstate NEW -m comment --comment new
        -A FORWARD -d 10.0.2.10 -m conntrack --ctstate ESTABLISHED,RELATED,UNTRACKED -m comment --comment other
        -A FORWARD -d 10.0.2.10 -m comment --comment forwarded
        COMMIT
    """)
    good = [wire.packet_bytes(make(20000 + number), scene.names) for number in range(COUNT)]
    spoilt = [mutated(packet, chance) for packet in good]
    spoilt = [packet for packet, before in zip(spoilt, good, strict=True) if packet != before]
    client.sends([raw_packet(packet) for packet in spoilt])
    marker = udp("client:7 > server:99", "marker")
    client.sends(marker)
    server.sees(marker)

    found = firewall.counters()
    count = {name: found.at(name).packets for name in ("arrived", "forwarded", "invalid", "new", "other")}
    assert count["arrived"] == count["forwarded"] == len(spoilt) + 1
    assert count["invalid"] + count["new"] + count["other"] == count["forwarded"]
    arrived = [seen for seen in scene.seen["server"] if not seen.expected]
    assert sorted(seen.packet for seen in arrived) == sorted(spoilt_on_the_way(spoilt))
    wrong = [seen for seen in arrived if any(" checksum " in fault for fault in seen.faults)]
    assert count["invalid"] >= len(wrong) > len(spoilt) // 4


def spoilt_on_the_way(packets):
    """What forwarding itself changes: the TTL and the checksum of the IP header."""
    for packet in packets:
        data = bytearray(packet)
        data[8] -= 1
        total = int.from_bytes(data[10:12], "big") + 0x100
        data[10:12] = ((total & 0xFFFF) + (total >> 16)).to_bytes(2, "big")
        yield bytes(data)
