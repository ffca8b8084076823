"""Which packets conntrack can read: header by header, to the byte.

A line is what stands behind the IP header, in hexadecimal (`cccc`: the right checksum, `+N`: N bytes more, `len=N`: what the IP
header says of its length), the state that conntrack gives it, and how many connections there are then.
"""

from conformance.stating import States
from conformance.vocabulary import case, raw_packet

SOURCE = {4: bytes([10, 0, 1, 10]), 6: bytes.fromhex("20010db8000100000000000000000010")}
DESTINATION = {4: bytes([10, 0, 2, 10]), 6: bytes.fromhex("20010db8000200000000000000000010")}


def ones_sum(data):
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def packet(family, protocol, words):
    body = bytearray()
    place = -1
    length = 0
    for word in words:
        if word == "cccc":
            place = len(body)
            body += bytes(2)
        elif word.startswith("+"):
            body += bytes(int(word))
        elif word.startswith("len="):
            length = int(word.removeprefix("len="))
        else:
            body += bytes.fromhex(word)
    if place >= 0:
        pseudo = SOURCE[family] + DESTINATION[family] + len(body).to_bytes(4) + protocol.to_bytes(4)
        value = ones_sum((b"" if protocol == 1 else pseudo) + bytes(body)) ^ 0xFFFF
        body[place : place + 2] = (value or (0xFFFF if protocol in (17, 136) else 0)).to_bytes(2)
    if family == 6:
        return raw_packet(b"\x60\0\0\0" + len(body).to_bytes(2) + bytes([protocol, 64]) + SOURCE[6] + DESTINATION[6] + body)
    header = bytearray(b"\x45\0" + (length or 20 + len(body)).to_bytes(2) + b"\0\1\0\0" + bytes([64, protocol, 0, 0]) + SOURCE[4] + DESTINATION[4])
    header[10:12] = (ones_sum(bytes(header)) ^ 0xFFFF).to_bytes(2)
    return raw_packet(bytes(header + body))


def play(client, firewall, script, family, protocol):
    states = States(firewall if family == 4 else Six(firewall))
    for line in filter(None, map(str.strip, script.strip().splitlines())):
        told, state, count = (part.strip() for part in line.split("|"))
        client.sends(packet(family, protocol, told.split()))
        seen = states.after()
        assert seen == state, f"{line}: the packet is {seen or 'not there'}"
        known = len(firewall.connections())
        assert known == int(count), f"{line}: {known} connections"


class Six:
    """The firewall, where rules are those of IPv6."""

    def __init__(self, firewall):
        self.loads = firewall.loads6
        self.counters = lambda: firewall.counters(6)


def rows(**scripts):
    found = {}
    for name, (family, protocol, script) in scripts.items():
        found[name.replace("_", "-")] = {"family": family, "protocol": protocol, "script": script,
                                         "needs": ["ipv6"] if family == 6 else []}  # fmt: skip
    return found


@case("ctstate.readable", topology="two-lans", needs=["conntrack"], cites=["CTSTATE-22"], requirement="What cannot be read is INVALID and makes no entry",
      source="RFC 768, RFC 792, RFC 9293, RFC 2784, RFC 2637, RFC 3828, RFC 4443; measured on Linux", rows=rows(
    udp=(4, 17, """
        0001 0002 0008           | INVALID   | 0
        0001 0002 0008 00        | INVALID   | 0
        0001 0002 0008 0000      | NEW       | 1
        0001 0003 0007 0000      | INVALID   | 1
        0001 0003 0009 0000      | INVALID   | 1
        0001 0003 0009 0000 61   | NEW       | 2
        0001 0004 0008 0000 61   | NEW       | 3
        0001 0005 000a cccc 6162 | NEW       | 4
        0001 0006 000a 1234 6162 | INVALID   | 4
        0001 0006 0000 0000      | INVALID   | 4
        0000 0000 0008 0000      | NEW       | 5
    """),
    udplite=(4, 136, """
        0001 0002 0008 00      | INVALID   | 0
        0001 0002 0000 0000    | INVALID   | 0
        0001 0002 0008 0000    | INVALID   | 0
        0001 0002 0008 cccc    | INVALID   | 0
        0001 0003 0007 cccc    | INVALID   | 0
        0001 0003 000a cccc 61 | INVALID   | 0
        0001 0003 0000 cccc 61 | INVALID   | 0
        0001 0004 0009 cccc 61 | INVALID   | 0
        0001 0005 0009 1234 61 | INVALID   | 0
    """),
    tcp=(4, 6, """
        0001 0002 00000001 00000000 5002 ffff cccc 00            | INVALID   | 0
        0001 0002 00000001 00000000 5002 ffff cccc 0000          | NEW       | 1
        0001 0003 00000001 00000000 4002 ffff cccc 0000          | INVALID   | 1
        0001 0003 00000001 00000000 6002 ffff cccc 0000          | INVALID   | 1
        0001 0003 00000001 00000000 6002 ffff cccc 0000 01010101 | NEW       | 2
        0001 0004 00000001 00000000 5002 ffff 1234 0000          | INVALID   | 2
        0001 0005 00000001 00000000 50c2 ffff cccc 0000          | NEW       | 3
        0001 0006 00000001 00000000 5022 ffff cccc 0001          | NEW       | 4
        0001 0017 00000001 00000000 5f02 ffff cccc 0000          | NEW       | 5
        0001 0008 00000001 00000000 5003 ffff cccc 0000          | INVALID   | 5
        0001 0008 00000001 00000000 5000 ffff cccc 0000          | INVALID   | 5
        0001 0008 00000001 00000000 6002 ffff cccc 0000 030f0000 | NEW       | 6
    """),
    icmp=(4, 1, """
        0800 cccc 0001 00                                                                    | INVALID   | 0
        0800 cccc 0001                                                                       | INVALID   | 0
        0800 cccc 0001 0001                                                                  | NEW ESTABLISHED | 1
        0801 cccc 0002 0001                                                                  | NEW ESTABLISHED | 2
        0800 1234 0003 0001                                                                  | INVALID   | 2
        0d00 cccc 0004 0001 +12                                                              | NEW ESTABLISHED | 3
        0f00 cccc 0005 0001                                                                  | NEW       | 4
        1100 cccc 0006 0001 +4                                                               | NEW       | 5
        0a00 cccc 0007 0001                                                                  | INVALID   | 5
        0900 cccc 0007 0001                                                                  | INVALID   | 5
        0000 cccc 0008 0001                                                                  | INVALID   | 5
        1200 cccc 0008 0001                                                                  | INVALID   | 5
        1300 cccc 0008 0001                                                                  | INVALID   | 5
        2800 cccc 0008 0001                                                                  | INVALID   | 5
        0100 cccc 0008 0001                                                                  | INVALID   | 5
        0300 cccc 0000 0000                                                                  | INVALID   | 5
        0303 cccc 0000 0000 4500001c 00010000 40110000 0a00020a 0a00010a 0002 0001 0008 0000 | INVALID   | 5
        0b00 cccc 0000 0000 4500001c 00010000 40010000 0a00020a 0a00010a 0800 0000 0001 0001 | INVALID   | 5
    """),
    gre=(4, 47, """
        0000 0800                    | NEW       | 1
        0000 08                      | NEW       | 1
        2000 0800 00000005           | NEW       | 1
        2000 0800 00000006           | NEW       | 1
        0001 880b 0000 0007          | NEW       | 2
        2001 880b 0000 0008          | NEW       | 3
        2001 880b 0000               | NEW       | 3
        2001 0800 0000 0009          | INVALID   | 3
        3001 880b 0004 0008 00000000 | NEW       | 3
        0002 0800 0000 0000          | NEW       | 3
    """),
    others=(4, 253, """
        61        | NEW       | 1
        6162 6364 | NEW       | 1
    """),
    udp_ipv6=(6, 17, """
        0001 0002 0008 00   | INVALID   | 0
        0001 0002 0008 0000 | NEW       | 1
        0001 0003 0008 cccc | NEW       | 2
        0001 0004 0007 cccc | INVALID   | 2
        0001 0004 0009 cccc | INVALID   | 2
        0001 0004 0008 1234 | INVALID   | 2
    """),
    icmpv6=(6, 58, """
        8000 cccc 0001 00                                                                     | INVALID   | 0
        8000 cccc 0001 0001                                                                   | NEW ESTABLISHED | 1
        8001 cccc 0002 0001                                                                   | NEW ESTABLISHED | 2
        8000 1234 0003 0001                                                                   | INVALID   | 2
        8100 cccc 0004 0001                                                                   | INVALID   | 2
        8200 cccc 0000 0000 +16                                                               | UNTRACKED | 2
        8300 cccc 0000 0000 +16                                                               | UNTRACKED | 2
        8400 cccc 0000 0000 +16                                                               | UNTRACKED | 2
        8500 cccc 0000 0000                                                                   | UNTRACKED | 2
        8600 cccc 0000 0000 +8                                                                | UNTRACKED | 2
        8700 cccc 0000 0000 20010db8000200000000000000000010                                  | UNTRACKED | 2
        8800 cccc 0000 0000 20010db8000200000000000000000010                                  | UNTRACKED | 2
        8900 cccc 0000 0000                                                                   | INVALID   | 2
        8900 cccc 0000 0000 20010db8000200000000000000000010 20010db8000200000000000000000010 | INVALID   | 2
        8901 cccc 0000 0000                                                                   | INVALID   | 2
        8b00 cccc 0000 0000 +8                                                                | NEW       | 3
        8f00 cccc 0000 0000                                                                   | UNTRACKED | 3
        9000 cccc 0000 0000                                                                   | INVALID   | 3
        c800 cccc 0000 0000                                                                   | INVALID   | 3
        0100 cccc 0000 0000                                                                   | INVALID   | 3
        0000 cccc 0000 0000                                                                   | INVALID   | 3
        7f00 cccc 0000 0000                                                                   | INVALID   | 3
    """),
    no_next_header=(6, 59, """
        61 | INVALID   | 0
    """),
))  # fmt: skip
def test_readable(client, firewall, family, protocol, script):
    """Headers that are cut short, lengths and checksums that are wrong, messages that nothing answers."""
    play(client, firewall, script, family, protocol)
