"""Sequence numbers of a connection whose payload a helper has made longer or shorter: neither end may notice.

A line is a segment: who sends it, fields, an arrow, the fields with which it arrives. Numbers count from the sender's first byte;
`PORT` is the line that the helper rewrites. After each PORT what is known of both ends is what they have said.
"""

from conformance.vocabulary import case, tcp

LINE = "PORT 10,0,1,10,15,160\r\n"  # 23 bytes
FLOWS = {"c": "client:40000 > server:2121", "s": "server:2121 > {}:40000"}
STARTS = {"c": 1001, "s": 5001}


def play(client, server, firewall, address, script):
    rules = f"*raw\n-A PREROUTING -p tcp --dport 2121 -j CT --helper ftp\nCOMMIT\n*nat\n-A POSTROUTING -p tcp -j SNAT --to-source {address}\nCOMMIT\n"
    firewall.loads(rules)
    talk = client.connects("client:40000 > server:2121")
    talk.client_says("USER x\r\n")
    talk.server_says("220 ready\r\n" + "x" * 89)
    hosts = {"c": (client, server), "s": (server, client)}
    for line in filter(None, map(str.strip, script.strip().splitlines())):
        told, _arrow, wanted = line.partition("=>")
        who, *words = told.split()
        hosts[who][0].sends(segment(FLOWS[who].format(address), who, words))
        seen = [shown(one, who) for one in hosts[who][1].saw(tcp("any > any"))]
        assert seen == ([wanted.strip()] if wanted.strip() else []), f"{told}: {seen}"


def segment(flow, who, words):
    given = dict(word.partition("=")[::2] for word in words)
    me, other = STARTS[who], STARTS["s" if who == "c" else "c"]
    fields = {"seq": me + int(given["seq"])}
    flags = given.get("flags", "A")
    if "A" in flags:
        fields["ack"] = other + int(given["ack"])
    if "sack" in given:
        fields["sack"] = [tuple(other + int(edge) for edge in block.split("..")) for block in given["sack"].split(",")]
    if "options" in given:
        fields["tcp_options"] = bytes.fromhex(given["options"])
    data = LINE if "PORT" in given else b"x" * int(given.get("data", "0"))
    return tcp(flow, flags, data, **fields)


def shown(seen, who):
    me, other = STARTS[who], STARTS["s" if who == "c" else "c"]
    words = [f"seq={seen.seq - me}"]
    if seen.flags & 0x10:
        words.append(f"ack={seen.ack - other}")
    blocks = seen.fields.get("sack")
    options = seen.packet[40 : 20 + (seen.packet[32] >> 4) * 4]
    if blocks:
        words.append("sack=" + ",".join(f"{left - other}..{right - other}" for left, right in blocks))
    elif options:
        words.append(f"options={options.hex()}")
    if seen.payload:
        words.append(f"data={len(seen.payload)}")
    return " ".join(words)


@case("helper.numbers", topology="two-lans", needs=["helper-ftp", "nat"], cites=["FTP-29"], rows={
    "longer-probes": {"address": "10.0.2.177", "script": """
        c seq=8 ack=100 PORT                => seq=8 ack=100 data=24
        s seq=100 ack=32                    => seq=100 ack=31
        c seq=8 ack=100                     => seq=8 ack=100
        c seq=9 ack=100                     => seq=10 ack=100
        c seq=7 ack=100                     => seq=7 ack=100
        s seq=100 ack=8                     => seq=100 ack=8
        s seq=100 ack=9                     => seq=100 ack=8
        s seq=100 ack=10                    => seq=100 ack=9
        c seq=31 ack=100 PORT               => seq=32 ack=100 data=24
        s seq=100 ack=56                    => seq=100 ack=54
        c seq=31 ack=100                    => seq=32 ack=100
        c seq=30 ack=100                    => seq=31 ack=100
        c seq=32 ack=100                    => seq=34 ack=100
        c seq=8 ack=100                     => seq=9 ack=100
        c seq=54 ack=100                    => seq=56 ack=100
        s seq=100 ack=33                    => seq=100 ack=31
        s seq=100 ack=34                    => seq=100 ack=32
        s seq=100 ack=35                    => seq=100 ack=33
        s seq=100 ack=31                    => seq=100 ack=30
        s seq=100 ack=56                    => seq=100 ack=54
        c seq=54 ack=100 data=4             => seq=56 ack=100 data=4
        s seq=100 ack=20 sack=30..33        => seq=100 ack=19 sack=29..31
        s seq=100 ack=31 sack=34..57        => seq=100 ack=30 sack=32..55
        s seq=100 ack=31 sack=33..35,40..57 => seq=100 ack=30 sack=31..33,38..55
        s seq=100 ack=33 sack=34..56        => seq=100 ack=31 sack=32..54
        c seq=58 ack=50 sack=60..100        => seq=60 ack=50 sack=60..100
        c seq=58 flags=R                    => seq=60
    """},
    "longer-again": {"address": "10.0.2.177", "script": """
        c seq=8 ack=100 PORT     => seq=8 ack=100 data=24
        c seq=8 ack=100 PORT     => seq=8 ack=100 data=24
        s seq=100 ack=32         => seq=100 ack=31
        c seq=31 ack=100 PORT    => seq=32 ack=100 data=24
        c seq=8 ack=100 PORT     => seq=9 ack=100 data=23
        c seq=31 ack=100 PORT    => seq=32 ack=100 data=24
        s seq=100 ack=56         => seq=100 ack=54
        c seq=54 ack=100 data=10 => seq=56 ack=100 data=10
        s seq=100 ack=66         => seq=100 ack=64
        c seq=54 ack=100 data=10 => seq=56 ack=100 data=10
    """},
    "longer-before-acknowledged": {"address": "10.0.2.177", "script": """
        c seq=8 ack=100 PORT        => seq=8 ack=100 data=24
        c seq=31 ack=100 PORT       => seq=32 ack=100 data=24
        c seq=54 ack=100 PORT       => seq=56 ack=100 data=24
        s seq=100 ack=32            => seq=100 ack=30
        s seq=100 ack=56            => seq=100 ack=54
        s seq=100 ack=80            => seq=100 ack=77
        s seq=100 ack=9 sack=10..80 => seq=100 ack=7 sack=8..77
        c seq=77 ack=100 data=5     => seq=80 ack=100 data=5
        s seq=100 ack=85            => seq=100 ack=82
    """},
    "longer-options": {"address": "10.0.2.177", "script": """
        c seq=8 ack=100 PORT                              => seq=8 ack=100 data=24
        s seq=100 ack=32 options=01010101                 => seq=100 ack=31 options=01010101
        s seq=100 ack=32 options=050a000003f0000003f10101 => seq=100 ack=31 sack=7..8
        s seq=100 ack=32 options=0509000003f0000003000000 => seq=100 ack=31 options=0509000003f0000003000000
        s seq=100 ack=32 options=05ff0000                 =>
        s seq=100 ack=32 options=00ff0000                 => seq=100 ack=31 options=00ff0000
        s seq=100 ack=32 options=0100ff00                 => seq=100 ack=31 options=0100ff00
        s seq=100 ack=32 options=03010000                 =>
        s seq=100 ack=32 options=03000000                 =>
        s seq=100 ack=32 options=01010103                 =>
        c seq=31 ack=100 options=05ff0000                 =>
        s seq=100 ack=32                                  => seq=100 ack=31
    """},
    "shorter-probes": {"address": "10.0.2.7", "script": """
        c seq=8 ack=100 PORT                => seq=8 ack=100 data=22
        s seq=100 ack=32                    =>
        c seq=8 ack=100                     => seq=8 ack=100
        c seq=9 ack=100                     => seq=8 ack=100
        c seq=7 ack=100                     => seq=7 ack=100
        s seq=100 ack=8                     => seq=100 ack=8
        s seq=100 ack=9                     => seq=100 ack=10
        s seq=100 ack=10                    => seq=100 ack=11
        c seq=31 ack=100 PORT               => seq=30 ack=100 data=22
        s seq=100 ack=56                    =>
        c seq=31 ack=100                    => seq=30 ack=100
        c seq=30 ack=100                    => seq=29 ack=100
        c seq=32 ack=100                    => seq=30 ack=100
        c seq=8 ack=100                     => seq=7 ack=100
        c seq=54 ack=100                    => seq=52 ack=100
        s seq=100 ack=33                    => seq=100 ack=35
        s seq=100 ack=34                    => seq=100 ack=36
        s seq=100 ack=35                    => seq=100 ack=37
        s seq=100 ack=31                    => seq=100 ack=33
        s seq=100 ack=56                    =>
        c seq=54 ack=100 data=4             => seq=52 ack=100 data=4
        s seq=100 ack=20 sack=30..33        => seq=100 ack=21 sack=31..35
        s seq=100 ack=31 sack=34..57        => seq=100 ack=33 sack=36..59
        s seq=100 ack=31 sack=33..35,40..57 => seq=100 ack=33 sack=35..37,42..59
        s seq=100 ack=33 sack=34..56        => seq=100 ack=35 sack=36..58
        c seq=58 ack=50 sack=60..100        => seq=56 ack=50 sack=60..100
        c seq=58 flags=R                    => seq=56
    """},
    "shorter-again": {"address": "10.0.2.7", "script": """
        c seq=8 ack=100 PORT     => seq=8 ack=100 data=22
        c seq=8 ack=100 PORT     => seq=8 ack=100 data=22
        s seq=100 ack=32         =>
        c seq=31 ack=100 PORT    => seq=30 ack=100 data=22
        c seq=8 ack=100 PORT     => seq=7 ack=100 data=23
        c seq=31 ack=100 PORT    => seq=30 ack=100 data=22
        s seq=100 ack=56         =>
        c seq=54 ack=100 data=10 => seq=52 ack=100 data=10
        s seq=100 ack=66         =>
        c seq=54 ack=100 data=10 => seq=52 ack=100 data=10
    """},
    "shorter-before-acknowledged": {"address": "10.0.2.7", "script": """
        c seq=8 ack=100 PORT        => seq=8 ack=100 data=22
        c seq=31 ack=100 PORT       => seq=30 ack=100 data=22
        c seq=54 ack=100 PORT       => seq=52 ack=100 data=22
        s seq=100 ack=32            => seq=100 ack=34
        s seq=100 ack=56            => seq=100 ack=59
        s seq=100 ack=80            =>
        s seq=100 ack=9 sack=10..80 => seq=100 ack=11 sack=12..83
        c seq=77 ack=100 data=5     => seq=74 ack=100 data=5
        s seq=100 ack=85            =>
    """},
    "shorter-options": {"address": "10.0.2.7", "script": """
        c seq=8 ack=100 PORT                              => seq=8 ack=100 data=22
        s seq=100 ack=32 options=01010101                 =>
        s seq=100 ack=32 options=050a000003f0000003f10101 =>
        s seq=100 ack=32 options=0509000003f0000003000000 =>
        s seq=100 ack=32 options=05ff0000                 =>
        s seq=100 ack=32 options=00ff0000                 =>
        s seq=100 ack=32 options=0100ff00                 =>
        s seq=100 ack=32 options=03010000                 =>
        s seq=100 ack=32 options=03000000                 =>
        s seq=100 ack=32 options=01010103                 =>
        c seq=31 ack=100 options=05ff0000                 =>
        s seq=100 ack=32                                  =>
    """},
})  # fmt: skip
def test_numbers(client, server, firewall, address, script):
    """Numbers before and behind a change, repeated segments, acknowledgements in between, SACK edge by edge, odd options."""
    play(client, server, firewall, address, script)
