"""Fragments piece by piece: what is put together, what ends a packet, and where it is cut again.

A line is one packet: the pieces that are sent, an arrow, the pieces that arrive.

    0-104 104-208 208-300.  => 0-104 104-208 208-300.       bytes behind the IP header, from and to; the point: the last
    0-8/df 8-16/tos=3.      =>                               behind strokes: df, tos=, proto=, options= (in hexadecimal),
                                                             id= (more than that of the packet), dest (options of IPv6);
                                                             *63: so many pieces, each with an id of its own

/cut is a fragment header of IPv6.
"""

import re

from conformance.vocabulary import case, ip, ip6, raw_packet

TRACKING = "*filter\n-A FORWARD -m conntrack --ctstate INVALID\nCOMMIT\n"
PATTERN = bytes((number * 7 + number // 251) & 255 for number in range(66000))
PROTOCOL = 253  # for experiments (RFC 3692)
WORD = re.compile(r"(\d+)-(\d+)((?:/\w+(?:=\w+)?)*)(\.?)$")


def checksum(header):
    total = sum(int.from_bytes(header[at : at + 2]) for at in range(0, len(header), 2))
    total = (total & 0xFFFF) + (total >> 16)
    return ((total & 0xFFFF) + (total >> 16)) ^ 0xFFFF


def words(text):
    """The pieces of a line, one by one."""
    for word in text.split():
        word, _star, times = word.partition("*")
        for index in range(int(times or 1)):
            yield re.sub(r"id=(\d+)", lambda found, more=index: f"id={int(found[1]) + more}", word)


def given(text):
    return dict(field.partition("=")[::2] for field in text.split("/")[1:])


def piece4(word, number):
    start, end, more, last = WORD.match(word).groups()
    fields = given(more)
    options = bytes.fromhex(fields.get("options", ""))
    offset = int(start) // 8 | (0 if last else 0x2000) | (0x4000 if "df" in fields else 0)
    header = bytearray(bytes([0x45 + len(options) // 4, int(fields.get("tos", 0))])
                       + (20 + len(options) + int(end) - int(start)).to_bytes(2)
                       + (number + int(fields.get("id", 0))).to_bytes(2) + offset.to_bytes(2)
                       + bytes([64, int(fields.get("proto", PROTOCOL)), 0, 0, 10, 0, 1, 10, 10, 0, 2, 10]) + options)  # fmt: skip
    header[10:12] = checksum(header).to_bytes(2)
    return raw_packet(bytes(header) + PATTERN[int(start) : int(end)])


def piece6(word, number):
    start, end, more, last = WORD.match(word).groups()
    fields = given(more)
    before = bytes([44, 0, 1, 4, 0, 0, 0, 0]) if "dest" in fields else b""
    fragment = bytes([int(fields.get("proto", PROTOCOL)), 0]) + (int(start) | (0 if last else 1)).to_bytes(2)
    body = before + fragment + (number + int(fields.get("id", 0))).to_bytes(4) + PATTERN[int(start) : int(end)]
    addresses = bytes.fromhex("20010db8000100000000000000000010" "20010db8000200000000000000000010")
    first = (6 << 28 | int(fields.get("tos", 0)) << 20).to_bytes(4)
    return raw_packet(first + len(body).to_bytes(2) + bytes([60 if before else 44, 64]) + addresses + body)


def shown4(seen):
    data = seen.packet
    header = (data[0] & 15) * 4
    word = int.from_bytes(data[6:8])
    start = (word & 0x1FFF) * 8
    payload = data[header : int.from_bytes(data[2:4])]
    assert payload == PATTERN[start : start + len(payload)], f"other bytes at {start}"
    text = f"{start}-{start + len(payload)}" + ("/df" if word & 0x4000 else "") + (f"/tos={data[1]}" if data[1] else "")
    text += f"/options={data[20:header].hex()}" if header > 20 else ""
    return text + ("" if word & 0x2000 else ".")


def shown6(seen):
    data = seen.packet
    at, kind, start, more = 40, data[6], 0, 0
    text = ""
    while kind in (44, 60):
        if kind == 44:
            word = int.from_bytes(data[at + 2 : at + 4])
            start, more = word & 0xFFF8, word & 1
        text += "/dest" if kind == 60 else "/cut"
        kind, at = data[at], at + 8
    payload = data[at : 40 + int.from_bytes(data[4:6])]
    assert payload == PATTERN[start : start + len(payload)], f"other bytes at {start}"
    tos = int.from_bytes(data[:2]) >> 4 & 0xFF
    return f"{start}-{start + len(payload)}{text}" + (f"/tos={tos}" if tos else "") + ("" if more else ".")


def play(client, server, script, family, number):
    """number: of the first packet; a kernel may still wait for the rest of those that another scenario has sent."""
    piece, shown, pattern = (piece4, shown4, ip) if family == 4 else (piece6, shown6, ip6)
    for line in filter(None, map(str.strip, script.strip().splitlines())):
        sent, _arrow, wanted = line.partition(" =>")
        number += 16
        client.sends([piece(word, number) for word in words(sent)])
        seen = " ".join(shown(one) for one in server.saw(pattern("client > server")))
        assert seen == wanted.strip(), f"{line}: {seen or 'nothing'}"


def scripts(**rows):
    found = {}
    for index, (name, row) in enumerate(rows.items()):
        script, more = (row, {}) if isinstance(row, str) else row
        found[name.replace("_", "-")] = {"script": script, "mtu": 1500, "number": 20000 + 256 * index} | more
    return found


REQUIRED = "Fragments are put together before a packet is tracked, and it is cut again as it was"
LINUX = "RFC 791, RFC 8200 section 4.5, RFC 5722, RFC 3168 section 5.3; measured on Linux"


def pass_on(client, server, firewall, family, script, mtu, number):
    """Play a script with tracking on and this MTU towards the server."""
    if mtu != 1500:
        firewall.changes(f"ip link set lan2 mtu {mtu}", undo="ip link set lan2 mtu 1500")
    firewall.loads(TRACKING, family)
    play(client, server, script, family, number)


@case("fragments.pieces", topology="two-lans", needs=["conntrack"], requirement=REQUIRED, source=LINUX, rows=scripts(
    order="""
        0-104 104-208 208-300.            => 0-104 104-208 208-300.
        208-300. 104-208 0-104            => 0-104 104-208 208-300.
        104-208 0-104 208-300.            => 0-104 104-208 208-300.
        104-208 208-300. 0-104            => 0-104 104-208 208-300.
        0-8 8-16.                         => 0-8 8-16.
        0-8 16-24 8-16 32-40 24-32 40-41. => 0-8 8-16 16-24 24-32 32-40 40-41.
        40-41. 24-32 32-40 8-16 16-24 0-8 => 0-8 8-16 16-24 24-32 32-40 40-41.
        32-40 0-8 40-48. 8-16 24-32 16-24 => 0-8 8-16 16-24 24-32 32-40 40-48.
        0-16.                             => 0-16.
        0-0. 0-8 8-16.                    => 0-0. 0-8 8-16.
    """,
    twice="""
        0-104 0-104 104-208.                   => 0-104 104-208.
        0-104 104-208 0-208 208-300.           => 0-104 104-208 208-300.
        0-104 104-208 8-16 208-300.            => 0-104 104-208 208-300.
        208-300. 208-300. 0-104 104-208        => 0-104 104-208 208-300.
        208-304 304-400. 304-400. 0-208        => 0-208 208-304 304-400.
        104-208 208-300. 104-300. 0-104        => 0-104 104-208 208-300.
        0-104 208-304 208-304 104-208 304-400. => 0-104 104-208 208-304 304-400.
        208-300. 0-104 0-104 104-208           => 0-104 104-208 208-300.
        0-104 208-300. 0-8 104-208             => 0-104 104-208 208-300.
        200-208 0-8 100-104 0-8 8-200 208-300. =>
    """,
    overlaps="""
        0-104 96-208 208-300. 104-208         =>
        0-104 208-300. 200-208 104-208        =>
        0-104 208-300. 200-216 104-208        =>
        0-104 200-208 104-208 208-300.        =>
        104-208 208-304 0-112 304-400.        =>
        104-208 304-400. 96-312 0-104 208-304 =>
        0-104 104-208 0-216 208-300.          =>
        104-208 0-208 0-104 208-300.          =>
        0-104 208-304 8-304 104-208 304-400.  =>
        0-104 96-104 104-208.                 => 0-104 104-208.
        0-104 104-112 96-120 112-208.         =>
        0-8 16-24 32-40 48-56. 16-32 24-32    =>
    """,
    ends="""
        0-104 104-208. 208-300.         => 0-104 104-208.
        104-208. 208-300 0-104          =>
        104-208. 200-300. 0-104         =>
        104-208. 96-200. 0-104          =>
        0-104 208-300 104-208.          =>
        0-104 104-208 200-208. 208-300. =>
        0-104 104-208. 104-208. 0-104   => 0-104 104-208. 0-104 104-208.
        0-104 208-208. 104-208          =>
        0-104 104-104 104-208.          =>
        104-104 0-104 104-208.          => 0-104 104-208.
        0-100 96-200.                   => 0-96 96-200.
        0-100 104-200.                  =>
        0-7 0-8 8-16.                   => 0-8 8-16.
    """,
    apart="""
        0-104 104-208/id=1 104-208.       => 0-104 104-208.
        0-104/proto=252 104-208.          =>
        0-104 104-208/proto=252. 104-208. => 0-104 104-208.
    """,
    ecn="""
        0-104/tos=1 104-208/tos=1.     => 0-104/tos=1 104-208/tos=1.
        0-104/tos=1 104-208/tos=2.     => 0-104/tos=1 104-208/tos=1.
        0-104/tos=2 104-208/tos=1.     => 0-104/tos=2 104-208/tos=2.
        0-104/tos=1 104-208/tos=3.     => 0-104/tos=3 104-208/tos=3.
        0-104/tos=3 104-208/tos=2.     => 0-104/tos=3 104-208/tos=3.
        0-104/tos=3 104-208/tos=3.     => 0-104/tos=3 104-208/tos=3.
        0-104/tos=0 104-208/tos=1.     =>
        0-104/tos=0 104-208/tos=3.     =>
        0-104/tos=3 104-208/tos=0.     =>
        0-104/tos=184 104-208/tos=187. =>
        0-104/tos=185 104-208/tos=187. => 0-104/tos=187 104-208/tos=187.
        0-104/tos=185 104-208/tos=2.   => 0-104/tos=185 104-208/tos=185.
        0-104 104-208/tos=184.         => 0-104 104-208.
    """,
    cuts="""
        0-104/df 104-208/df 208-300/df. => 0-104 104-208 208-300.
        0-104/df 104-208 208-300.       => 0-104 104-208 208-300.
        0-104 104-208/df.               => 0-104 104-208.
        0-96/df 96-200.                 => 0-96 96-200.
        0-96 96-200/df.                 => 0-96 96-200.
        0-1480 1480-1600.               => 0-1480 1480-1600.
        0-8 8-1480 1480-1488.           => 0-8 8-1480 1480-1488.
        0-1480/df 1480-1600.            => 0-1480 1480-1600.
    """,
    options="""
        0-104/options=01010101 104-208/options=01010101.                 => 0-104/options=01010101 104-208/options=01010101.
        0-104/options=01010101 104-208.                                  => 0-104/options=01010101 104-208/options=01010101.
        0-104 104-208/options=01010101.                                  => 0-104 104-208.
        0-104/options=94040000 104-208/options=94040000.                 => 0-104/options=94040000 104-208/options=94040000.
        0-104/options=0794040000010101 104-208/options=0101010101010101. =>
        0-104/options=4404050000000000 104-208/options=0101010101010101. => 0-104/options=4404051000000000 104-208/options=0101010100000000.
        0-104/options=0000000007040400 104-208/options=0101010101010101. => 0-104/options=0000000000000000 104-208/options=0000000000000000.
    """,
    distance="""
        0-104 0-8/id=20000*63 104-208.              => 0-104 104-208.
        0-104 0-8/id=20100*64 104-208.              =>
        0-104 0-8/id=20200*64 104-208 208-300. 0-104 => 0-104 104-208 208-300.
        0-8/id=20300*70 0-104 104-208.              => 0-104 104-208.
    """,
    options_of_the_first="""
        0-104/options=01011e04aaaa0101 104-208.                  => 0-104/options=01011e04aaaa0101 104-208/options=0101010101010101.
        0-104/options=9e04aaaa 104-208.                          => 0-104/options=9e04aaaa 104-208/options=9e04aaaa.
        0-104/options=1e04aaaa9e04aaaa 104-208.                  => 0-104/options=1e04aaaa9e04aaaa 104-208/options=010101019e04aaaa.
        0-104/options=1e08aaaaaaaaaaaa00000000 104-208.          => 0-104/options=1e08aaaaaaaaaaaa00000000 104-208/options=010101010101010100000000.
        0-104/options=001e04aa 104-208.                          => 0-104/options=00000000 104-208/options=00000000.
        0-104/options=9e04aaaa 104-208/options=9e04aaaa1e04aaaa. => 0-104/options=9e04aaaa 104-208/options=9e04aaaa.
        0-1400/options=01011e04aaaa0101 1400-1600.               => 0-1400/options=01011e04aaaa0101 1400-1600/options=0101010101010101.
    """,
    narrow=("""
        0-104 104-208.                                              => 0-104 104-208.
        0-1480 1480-1600.                                           => 0-1280 1280-1600.
        0-1480 1480-2960 2960-3000.                                 => 0-1280 1280-2560 2560-3000.
        0-1280 1280-1600.                                           => 0-1280 1280-1600.
        0-1288 1288-1600.                                           => 0-1280 1280-1600.
        0-1400/df 1400-1600.                                        =>
        0-1272/df 1272-1600.                                        => 0-1272 1272-1600.
        0-1000/df 1000-1600/df.                                     => 0-1000 1000-1600.
        0-1400/options=9404000044040500 1400-1600/options=94040000. => 0-1272/options=9404000044040510 1272-1600/options=9404000001010101.
    """, {"mtu": 1300}),
))  # fmt: skip
def test_pieces(client, server, firewall, script, mtu, number):
    """Duplicates go, overlaps and two ends spoil a packet, and the cuts stay where they were as long as they fit."""
    pass_on(client, server, firewall, 4, script, mtu, number)


@case("fragments.pieces-ipv6", topology="two-lans", needs=["conntrack", "ipv6"], requirement=REQUIRED, source=LINUX, rows=scripts(
    order="""
        0-104 104-208 208-300.            => 0-104/cut 104-208/cut 208-300/cut.
        208-300. 104-208 0-104            => 0-104/cut 104-208/cut 208-300/cut.
        0-8 16-24 8-16 32-40 24-32 40-41. => 0-8/cut 8-16/cut 16-24/cut 24-32/cut 32-40/cut 40-41/cut.
        0-16.                             => 0-16.
        0-0. 0-8 8-16.                    => 0-0/cut. 0-16.
    """,
    overlaps="""
        0-104 0-104 104-208.           => 0-104/cut 104-208/cut.
        0-104 104-208 8-16 208-300.    => 0-104/cut 104-208/cut 208-300/cut.
        0-104 96-208 208-300. 104-208  =>
        0-104 208-300. 200-216 104-208 =>
        0-104 208-300. 104-216 104-208 =>
        104-208 0-208 0-104 208-300.   =>
    """,
    ends="""
        0-104 104-208. 208-300.                 => 0-104/cut 104-208/cut.
        104-208. 208-304 0-104                  => 0-104/cut 104-208/cut.
        104-208. 200-300. 0-104                 => 0-104/cut 104-208/cut.
        0-104 208-304 104-208. 104-208 304-400. => 0-104/cut 104-208/cut 208-304/cut 304-400/cut.
        0-104 104-208. 104-208. 0-104           => 0-104/cut 104-208/cut. 0-104/cut 104-208/cut.
        0-104 208-208. 104-208                  => 0-104/cut 104-208/cut.
        208-208. 0-104 104-208                  => 0-104/cut 104-208/cut.
        0-104 104-104 104-208.                  => 0-104/cut 104-208/cut.
        0-100 96-200.                           => 0-100/cut
        0-104 104-200 104-204 200-300.          => 104-204/cut
        0-104 104-203 104-208.                  => 104-203/cut
    """,
    apart="""
        0-104 104-208/id=1. 104-208. => 0-104/cut 104-208/cut.
        0-104/proto=252 104-208.     => 0-104/cut 104-208/cut.
        0-104 104-208/proto=252.     => 0-104/cut 104-208/cut.
    """,
    ecn="""
        0-104/tos=1 104-208/tos=3.     => 0-104/cut/tos=3 104-208/cut/tos=3.
        0-104/tos=2 104-208/tos=1.     => 0-104/cut/tos=2 104-208/cut/tos=2.
        0-104/tos=0 104-208/tos=3.     =>
        0-104/tos=3 104-208/tos=3.     => 0-104/cut/tos=3 104-208/cut/tos=3.
        0-104/tos=185 104-208/tos=187. => 0-104/cut/tos=187 104-208/cut/tos=187.
    """,
    transport="""
        0-8/proto=17 8-16.  => 0-16.
        0-16/proto=6 16-40. => 0-16/cut
        0-24/proto=6 24-40. => 0-24/cut 24-40/cut.
        0-8/proto=58 8-16.  =>
        0-0/proto=17 0-8.   => 0-0/cut 0-8.
        0-8/proto=59 8-16.  => 0-16.
    """,
    extensions="""
        0-104/dest 104-208/dest.    => 0-104/dest/cut 104-208/dest/cut.
        0-104/dest 104-208.         => 0-208/dest/cut.
        0-104 104-208/dest.         => 0-104/cut 104-208/cut.
        0-1000/dest 1000-1600/dest. => 0-1000/dest/cut 1000-1600/dest/cut.
    """,
    cuts="""
        0-600 600-1400.             => 0-600/cut 600-1400/cut.
        0-1232 1232-1400.           => 0-1232/cut 1232-1400/cut.
        0-1448 1448-1600.           => 0-1448/cut 1448-1600/cut.
        0-1448 1448-2896 2896-3000. => 0-1448/cut 1448-2896/cut 2896-3000/cut.
        0-1240 1240-1600.           => 0-1240/cut 1240-1600/cut.
        0-608 608-1216 1216-1300.   => 0-608/cut 608-1216/cut 1216-1300/cut.
        0-8 8-16 16-1400.           => 0-8/cut 8-16/cut 16-1400/cut.
    """,
    long="""
        65520-65536. 0-8            =>
        65520-65535. 0-8            =>
        65528-65536 0-8             =>
        0-104 65528-65540. 104-208. => 0-104/cut 104-208/cut.
    """,
    narrow=("""
        0-1448 1448-1600. =>
        0-1248 1248-1600. => 0-1248/cut 1248-1600/cut.
        0-1256 1256-1600. =>
        0-600 600-1400.   => 0-600/cut 600-1400/cut.
    """, {"mtu": 1300}),
))  # fmt: skip
def test_pieces_ipv6(client, server, firewall, script, mtu, number):
    """The same for IPv6, where only the wrong fragment goes, and a packet that fits leaves whole."""
    pass_on(client, server, firewall, 6, script, mtu, number)
