"""Helpers word by word: what is read, what is rewritten, who is expected. Scripts are read as conversation.py says."""

from conformance.helpers.conversation import Conversation, talks, text_line
from conformance.vocabulary import case, gre, tcp, udp

SIX = {"family": 6}


# -- PPTP


def control(text, _ends):
    """A control message: its kind, then OFFSET=OCTETS of its body, size=, type=, cookie= (RFC 2637 section 2)."""
    kind, *words = text.split()
    given = dict(word.split("=") for word in words)
    size = int(given.pop("size", SIZES.get(int(kind), 16)))
    head = bytes([0, int(given.pop("type", 1))]) + bytes.fromhex(given.pop("cookie", "1a2b3c4d")) + int(kind).to_bytes(2)
    message = bytearray((size.to_bytes(2) + head + b"\0\0").ljust(size, b"\0"))
    for at, octets in given.items():
        message[12 + int(at) : 12 + int(at) + len(octets) // 2] = bytes.fromhex(octets)
    return bytes(message[:size])


SIZES = {1: 156, 2: 156, 7: 168, 8: 32, 9: 220, 10: 24, 11: 28, 13: 148, 14: 40, 15: 24}

CALL = """
        c 1
        s 2 2=01
        c 7 0=004d
        s 8 0=022b 2=004d 4=01
"""


@case("pptp.words", topology="two-lans", needs=["helper-pptp"], cites=["HELPER-18"], rows=talks("tcp", (40000, 1723),
    session="""
        c 7 0=004d
        s 8 0=022b 2=004d 4=01
        s 2 2=01
        c 7 0=004d
        s 8 0=022b 2=004d 4=01
        c 1
        c 7 0=004d
        s 8 0=022b 2=004d 4=01
        s 2 2=02
        c 7 0=004d
        s 8 0=022b 2=004d 4=01
        c 1
        s 2 2=01
        c 7 0=004d
        s 8 0=022b 2=004d 4=01
        s 4 0=01
        c 1
        s 2 2=01
        s 8 0=022b 2=0000 4=01
        c 7 0=004d
        s 8 0=022b 2=004e 4=01
        s 8 0=022b 2=004d 4=02
        s 8 0=022b 2=004d 4=01
        c 7 0=004d
        s 4 0=01
        s 8 0=022b 2=004d 4=01
        ? gre client:77 > server:555 pptp, gre server:555 > client:77 pptp
        s 8 0=022c 2=004d 4=01
        ? nothing
        c 12
        s 8 0=022d 2=004d 4=01
        c 3
        s 4 0=02
        c 7 0=004d
        s 13
        c 1
        s 2 2=01
    """,
    called="""
        s 9 0=022b
        c 10 0=004d 2=022b 4=01
        c 1
        s 9 0=022b
        s 2 2=01
        s 9 0=022b
        c 10 0=004d 2=022c 4=01
        s 11 0=004d
        c 10 0=004d 2=022b 4=02
        c 10 0=004d 2=022b 4=01
        s 11 0=004d
        s 9 0=022b
        c 10 0=004d 2=022b 4=01
        c 10 0=004f 2=022b 4=01
        s 11 0=004e
        s 11 0=004f
        ? gre client:79 > server:555 pptp, gre server:555 > client:79 pptp
        s 11 0=004f
        s 13
        ? nothing
        s 11 0=004f
    """,
    headers="""
        c 1 type=2
        c 1 cookie=1a2b3c4e
        c 1 size=155
        s 2 2=01
        c 1
        s 2 2=01 size=155
        s 2 2=01
        c 7 0=004d size=167
        c 7 0=004d size=168
        s 8 0=022b 2=004d 4=01 size=31
        s 8 0=022b 2=004d 4=01 size=40
        ? gre client:77 > server:555 pptp, gre server:555 > client:77 pptp
        s 13 size=147
        s 13 size=12
        s 13
        ? nothing
    """,
    outside=("snat", """
        c 1
        s 2 2=01
        c 5
        s 6
        c 15 0=004d
        s 14 0={004d>0000}
        c 7 0={004d>9c40}
        s 8 0=022b 2={9c40>004d} 4=01
        ? gre client:77 > server:555 pptp, gre server:555 > outside:40000 pptp
        s 14 0={9c40>004d}
        s 15 0={9c40>004d}
        c 15 0=022b
        c 12 0={004d>9c40}
        s 13 0={9c40>004d}
        ? gre client:77 > server:555 pptp
        c 7 0={004e>9c40}
        s 8 0=022c 2={9c40>004e} 4=02
        c 10 0=004e 2=022c 4=01
    """),
    other_port=("snat:6000 dnat:7000", """
        c 1
        s 2 2=01
        c 7 0={004d>1770}
        s 8 0=022b 2={1770>004d} 4=01
        ? gre client:77 > public:555 pptp, gre server:555 > outside:6000 pptp
        s 13 0={1770>004d}
        ? gre client:77 > public:555 pptp
    """),
    called_inside=("dnat", """
        c 1
        s 2 2=01
        s 9 0=022b
        c 10 0=004d 2=022b 4=01
        s 11 0={004d>0000}
        ? gre client:0 > public:555 pptp, gre server:555 > client:77 pptp
        s 13 0={004d>0000}
        ? gre client:0 > public:555 pptp
    """),
    called_outside=("snat", """
        c 1
        s 2 2=01
        s 9 0=022b
        c 10 0=004d 2=022b 4=01
        s 11 0={004d>0000}
        ? gre client:0 > server:555 pptp, gre server:555 > outside:77 pptp
        s 13 0={004d>0000}
        ? gre client:0 > server:555 pptp
    """),
))  # fmt: skip
def test_pptp(client, server, firewall, nat, script, proto, family, ports):
    """Only a call that was asked for and answered in its order opens a tunnel; call ids are those of the other side."""
    Conversation(client, server, firewall, "pptp", proto, ports, nat, family).play(script, control)


# -- the rest


@case("irc.words", topology="two-lans", needs=["helper-irc"], cites=["HELPER-05", "HELPER-07"], rows=talks("tcp", (40000, 6668),
    offers=r"""
        c NICK a
        s :lab 001
        c- PRIVMSG b :\x01DCC SEND f 167772426 4000 1\x01\n
        ? tcp 0.0.0.0 > client:4000 irc
        c privmsg b :\x01DCC CHAT f 167772426 4001\x01
        ? tcp 0.0.0.0 > client:4000-4001 irc
        c PrivMsg #b  :\x01DCC MOVE f 167772426   4002 9\x01
        ? tcp 0.0.0.0 > client:4000-4001 irc, tcp 0.0.0.0 > client:4002 irc
        c  \r\n PRIVMSG b :\x01DCC SEND f 167772426 4003\x01
        ? tcp 0.0.0.0 > client:4000-4001 irc, tcp 0.0.0.0 > client:4002-4003 irc
        c PRIVMSGb :\x01DCC SEND f 167772426 4100\x01
        c NOTICE b :\x01DCC SEND f 167772426 4100\x01
        c PRIVMSG b :\x01DCC  SEND f 167772426 4100\x01
        c PRIVMSG b :\x01dcc SEND f 167772426 4100\x01
        c PRIVMSG b :\x01DCC send f 167772426 4100\x01
        c PRIVMSG b :\x01DCC RESUME f 167772426 4100\x01
        c PRIVMSG b :x :\x01DCC SEND f 167772426 4100\x01
        c PRIVMSG b x \x01DCC SEND f 167772426 4100\x01
        c PRIVMSG b :\x01DCC SEND f 167772426 65535\x01
        ? tcp 0.0.0.0 > client:4000-4001 irc, tcp 0.0.0.0 > client:4002-4003 irc, tcp 0.0.0.0 > client:65535 irc
        c PRIVMSG b :\x01DCC SEND f 167772426 65536\x01
        c PRIVMSG b :\x01DCC SEND f 167772426 65537\x01
        ? tcp 0.0.0.0 > client:1 irc, tcp 0.0.0.0 > client:4000-4001 irc, tcp 0.0.0.0 > client:4002-4003 irc,
          tcp 0.0.0.0 > client:65535 irc
        c PRIVMSG b :\x01DCC SEND f 4462739722 4004\x01
        ? tcp 0.0.0.0 > client:1 irc, tcp 0.0.0.0 > client:4000-4001 irc, tcp 0.0.0.0 > client:4002-4003 irc,
          tcp 0.0.0.0 > client:4004 irc, tcp 0.0.0.0 > client:65535 irc
        c PRIVMSG b :\x01DCC SEND f 167772427 4005\x01
        c PRIVMSG b :\x01DCC SEND f 167772426 x\x01
        c PRIVMSG b :\x01DCC SEND f x 4005\x01
        c PRIVMSG b :\x01DCC SEND a b 167772426 4005\x01
        c PRIVMSG b :\x01DCC SEND f  167772426 4005\x01
        c PRIVMSG b :\x01DCC SEND 167772426 4006\x01
        c- PRIVMSG b :\x01DCC SEND f 167772426 4006\x01
        c- PRIVMSG b :\x01DCC SEND f 16777242 1\n
        c- PRIVMSG b :\x01DCC SEND fffffffffffffff\n1 1
        c- PRIVMSG b :\x01DCC SEND f 1 1 1 1 1 \n
        c PRIVMSG b :\x01DCC SEND f 167772426 4007\x01\r\nPRIVMSG b :\x01DCC SEND f 167772426 4008\x01
        ? tcp 0.0.0.0 > client:1 irc, tcp 0.0.0.0 > client:4000-4001 irc, tcp 0.0.0.0 > client:4002-4003 irc,
          tcp 0.0.0.0 > client:4004 irc, tcp 0.0.0.0 > client:4007 irc, tcp 0.0.0.0 > client:65535 irc
    """,
    outside=("snat", r"""
        c NICK a
        s :lab 001
        c PRIVMSG b :\x01DCC SEND f {167772426>167772749} 4000 1\x01
        ? tcp 0.0.0.0 > outside:4000 irc
        c PRIVMSG b :\x01DCC SEND f 167772749 4001 1\x01
        ? tcp 0.0.0.0 > outside:4000-4001 irc
        c PRIVMSG b :\x01DCC SEND f 167772682 4002 1\x01
        c PRIVMSG b :\x01DCC SEND f 167772{426   0>749 }4003 1\x01
        ? tcp 0.0.0.0 > outside:4000-4001 irc, tcp 0.0.0.0 > outside:4003 irc
        c PRIVMSG b :\x01DCC SEND f {167772426>167772749} 4003 1\x01
        c PRIVMSG b :\x01DCC SEND f 167772426 0 1\x01
        s PRIVMSG b :\x01DCC SEND f 167772682 4000 1\x01
    """),
    inside=("dnat", r"""
        c NICK a
        s :lab 001
        c PRIVMSG b :\x01DCC SEND f 167772426 4000 1\x01
        ? tcp 0.0.0.0 > client:4000 irc
        c PRIVMSG b :\x01DCC SEND f {0167772426>167772426} 4000 1\x01
    """),
))  # fmt: skip
def test_irc(client, server, firewall, nat, script, proto, family, ports):
    """An offer of the client with its own address opens that port; with NAT it names the address outside."""
    Conversation(client, server, firewall, "irc", proto, ports, nat, family).play(script, text_line)


@case("amanda.words", topology="two-lans", needs=["helper-amanda"], cites=["HELPER-09", "HELPER-12"], rows=talks("udp", (9000, 10080),
    replies=r"""
        c CONNECT DATA 5000 MESG 5001 INDEX 5002
        s- CONNECT DATA 5000 MESG 5001 INDEX 5002
        s- CONNECT DATA 5000\n MESG 5001 INDEX 5002\n
        ? tcp client > server:5000 amanda
        s CONNECTDATA 5009 \nDATA 5001 CONNECT MESG 5002 STATE 5003 DATA 5004
        ? tcp client > server:5000 amanda, tcp client > server:5002-5003 amanda, tcp client > server:5004 amanda
        s CONNECT STATE 5005 INDEX 5006 MESG 0 DATA 5008
        ? tcp client > server:5002-5003 amanda, tcp client > server:5004 amanda, tcp client > server:5008 amanda
        s CONNECT DATA 65535 MESG 65536 INDEX 5010
        ? tcp client > server:5002-5003 amanda, tcp client > server:5008 amanda, tcp client > server:65535 amanda
        s CONNECT DATA 65537 MESG 5011x INDEX x
        ? tcp client > server:1 amanda, tcp client > server:5008 amanda, tcp client > server:5011 amanda,
          tcp client > server:65535 amanda
        s CONNECT DATA 123456 MESG  5012
        ? tcp client > server:1 amanda, tcp client > server:12345 amanda, tcp client > server:5011 amanda,
          tcp client > server:65535 amanda
        s- CONNECT INDEX 501\n3
        ? tcp client > server:1 amanda, tcp client > server:12345 amanda, tcp client > server:501 amanda,
          tcp client > server:5011 amanda
        s connect DATA 5014
        s CONNECT data 5014 DATA  MESG 5015
        s CONNECT DATA 5016 DATA 5017
        ? tcp client > server:12345 amanda, tcp client > server:501 amanda, tcp client > server:5011 amanda,
          tcp client > server:5016 amanda
    """,
    public=("dnat", r"""
        c REQ
        s CONNECT DATA 5000 MESG 5001 INDEX 5002
        ? tcp client > public:5000-5001 amanda, tcp client > public:5002 amanda
        s CONNECT DATA 5003 MESG 5001
        ? tcp client > public:5000-5001 amanda, tcp client > public:5002-5003 amanda
    """),
    outside=("snat", r"""
        c REQ
        s CONNECT DATA 5000 MESG {05001>5001} INDEX 5002
        ? tcp client > server:5000-5001 amanda, tcp client > server:5002 amanda
        s CONNECT DATA 5000 MESG 5000
        s CONNECT DATA 0
    """),
    both=("snat dnat", r"""
        c REQ
        s CONNECT DATA 5000 MESG 5001 INDEX 5002 STATE 5003
        ? tcp client > public:5000-5001 amanda, tcp client > public:5002-5003 amanda
        c CONNECT DATA 5004
    """),
    six=("", r"""
        c REQ
        s CONNECT DATA 5000 MESG 5001
        ? tcp client > server:5000-5001 amanda
    """, SIX),
))  # fmt: skip
def test_amanda(client, server, firewall, nat, script, proto, family, ports):
    """The ports of the first line that says CONNECT, in the order of their names, until one cannot be read."""
    Conversation(client, server, firewall, "amanda", proto, ports, nat, family).play(script, text_line)


@case("tftp.words", topology="two-lans", needs=["helper-tftp"], cites=["HELPER-01", "HELPER-03"], rows=talks("udp", (3000, 6969),
    requests=r"""
        c- \0
        c- \0\x01
        ? udp server > client:3000 tftp
        c- \x01\0x\0octet\0
        s- \0\x02x
        c- \0\x02x
        c- \x01\x01x
        c- \0\x06x
    """,
    both=("snat:6000 dnat:7000", r"""
        c- \0\x01x\0octet\0
        ? udp server > outside:6000 tftp
        s- \0\x02x\0octet\0
    """),
    six=("snat", r"""
        c- \0\x01x\0octet\0
        ? udp server > outside:3000 tftp
    """, SIX),
))  # fmt: skip
def test_tftp(client, server, firewall, nat, script, proto, family, ports):
    """A request makes the server expected at the client's port, as the server knows it."""
    Conversation(client, server, firewall, "tftp", proto, ports, nat, family).play(script, text_line)


@case("ftp.words", topology="two-lans", needs=["helper-ftp"], cites=["FTP-13", "FTP-14", "FTP-15"], rows=talks("tcp", (40000, 2121),
    client=r"""
        c USER x
        s 220 ready
        c PORT 10,0,1,10,15,160
        ? tcp server > client:4000 ftp
        c PORT  10,0,1,10,15,161 => dropped
        c- PORT => dropped
        c- PORT\x20 => dropped
        c- PORTS => dropped
        c- EP => dropped
        c- EPRT | => dropped
        c PORT 10,0,1,10,15 => dropped
        c PORT 10,0,1,10,15,162,1 => dropped
        c PORT 10,0,1,,15,162
        c PORT 10.0.1.10,15,162 => dropped
        c- PORT 10,0,1,10,15,162\n => dropped
        c PORT 9,256,1,10,15,162
        c PORT 4294967306,0,1,10,4294967311,162
        ? tcp server > client:4002 ftp
        c PORT 10,0,1,9,15,163
        c EPRT |1|10.0.1.10|4000|
        ? tcp server > client:4000 ftp
        c eprt ,1,10.0.1.10,4001,
        ? tcp server > client:4001 ftp
        c EPRT +1+10.0.1.10+4002+x
        ? tcp server > client:4002 ftp
        c EPRT 11110.0.1.10140041 => dropped
        c EPRT |1+10.0.1.10|4004| => dropped
        c EPRT |2|10.0.1.10|4004| => dropped
        c EPRT |1|10.0.1|4004| => dropped
        c EPRT |1|10.0.1.10+4004| => dropped
        c EPRT |1|10.0.1.10|400x| => dropped
        c EPRT |1|10.0.1.10|4004 => dropped
        c EPRT |1|10.0.1.10|| => dropped
        c EPRT |1|10.0.1.10|65536| => dropped
        c EPRT |1|10.0.1.10|65537|
        ? tcp server > client:1 ftp
        c EPRT ~1~10.0.1.10~4005~
        ? tcp server > client:4005 ftp
        c EPRT \x7f1\x7f10.0.1.10\x7f4006\x7f => dropped
        c EPRT !1!10.0.1.10!4007!
        ? tcp server > client:4007 ftp
        c- EPRT |1| => dropped
        c- EPRT |1|1 => dropped
        c QUIT
        c- POST
    """,
    server=r"""
        c USER x
        s 220 ready
        s 227 ok (10,0,2,10,19,136)
        ? tcp client > server:5000 ftp
        s 227-ok (10,0,2,10,19,137)
        s 227 10,0,2,10,19,138.
        ? tcp client > server:5002 ftp
        s 227 x1,2 10,0,2,10,19,139 => dropped
        s 227 no numbers => dropped
        s 227 (10,0,2,11,19,140)
        s- 227 (10,0,2,10,19,141 => dropped
        s- 227\x20 => dropped
        s- 22 => dropped
        s 229 ok (|||5000|)
        ? tcp client > server:5000 ftp
        s 229 ok (!!!5001!)
        ? tcp client > server:5001 ftp
        s 229 ok |||5002| => dropped
        s 229 ok (|||5003 => dropped
        s 229 ok (||5003|) => dropped
        s 229 ok (|+|5003|) => dropped
        s 229 ok (|||0|) => dropped
        s 229 ok (|||x|) => dropped
        s 229 ok (1115003) => dropped
        s 229 ok (|1|10.0.2.10|5003|) => dropped
        s- 229 ok (||| => dropped
        s- 229 ok ( => dropped
        s 229 ok (|||65539|)
        ? tcp client > server:3 ftp
        s 228 ok (|||5004|)
    """,
    lines=r"""
        c USER x
        s 220 ready
        c- PASS
        c  x
        c PORT 10,0,1,10,15,160
        ? tcp server > client:4000 ftp
        c NOOP\r\nPORT 10,0,1,10,15,161
        c PORT 10,0,1,10,15,162\r\nNOOP
        ? tcp server > client:4002 ftp
        c- NOOP
        c PORT 10,0,1,10,15,163
        c PORT 10,0,1,10,15,164
        ? tcp server > client:4004 ftp
    """,
    outside=("snat", r"""
        c USER x
        s 220 ready
        c PORT 10,0,{1>2},{10>77},15,160
        ? tcp server > outside:4000 ftp
        c EPRT |1|{10.0.1.10>10.0.2.77}|4001|
        ? tcp server > outside:4001 ftp
        c PORT 10,0,2,77,15,160
        s 227 ok (10,0,2,10,19,136)
        ? tcp client > server:5000 ftp
        s 229 ok (|||5001|)
        ? tcp client > server:5001 ftp
        c PORT 10,0,{1>2},{10>77},255,255
        ? tcp server > outside:65535 ftp
        c PORT {010>10},0,{1>2},{10>77},0,7
        ? tcp server > outside:7 ftp
    """),
    public=("dnat", r"""
        c USER x
        s 220 ready
        s 227 ok (10,0,{2>1},{10>99},19,136)
        ? tcp client > public:5000 ftp
        s 227 ok =10,0,{2>1},{10>99},19,137
        ? tcp client > public:5001 ftp
        s 229 ok ({+++5001+>|||5001|})
        c PORT 10,0,1,10,15,160
        ? tcp server > client:4000 ftp
        s 227 ok (10,0,1,99,19,136)
    """),
    six=("", r"""
        c USER x
        s 220 ready
        c EPRT |2|2001:db8:1::10|4000|
        ? tcp server > client:4000 ftp
        c EPRT |2|2001:0db8:001:0000::10|4001|
        ? tcp server > client:4001 ftp
        c EPRT |1|10.0.1.10|4002| => dropped
        c EPRT |2|2001:db8:1::11|4002|
        c EPRT |2|2001:db8:1:::10|4002| => dropped
        c EPRT |2|2001:db8:1::10 => dropped
        s 229 ok (|||5000|)
        ? tcp client > server:5000 ftp
        c PORT 10,0,1,10,15,160
    """, SIX),
    six_outside=("snat dnat", r"""
        c USER x
        s 220 ready
        c EPRT |2|{2001:db8:1::10>2001:0db8:0002:0000:0000:0000:0000:0077}|4000|
        ? tcp server > outside:4000 ftp
        s 229 ok (|||5000|)
        ? tcp client > public:5000 ftp
    """, SIX),
))  # fmt: skip
def test_ftp(client, server, firewall, nat, script, proto, family, ports):
    """What a line must be to be read; what begins like one and cannot be read to its end is dropped."""
    Conversation(client, server, firewall, "ftp", proto, ports, nat, family).play(script, text_line)


@case("pptp.tunnel", topology="two-lans", needs=["helper-pptp", "nat"], cites=["HELPER-18"], rows={
    f"{name}-{first}": {"nat": nat, "first": first}
    for name, nat in (("plain", ""), ("outside", "snat:6000"), ("inside", "dnat"), ("both", "snat:6000 dnat"))
    for first in ("client", "server")})  # fmt: skip
def test_pptp_tunnel(client, server, firewall, nat, first):
    """Whoever speaks first in the tunnel, its two directions are one connection, whose call ids are those of each side."""
    server.claims("10.0.1.99")
    client.claims("10.0.1.99")
    control_port = 6000 if "snat" in nat else 40000
    talk = Conversation(client, server, firewall, "pptp", "tcp", (40000, 1723), nat)
    outside_key = control_port if nat else 0x4D
    renamed = f"{{004d>{control_port:04x}}}" if nat else "004d"
    answered = f"{{{control_port:04x}>004d}}" if nat else "004d"
    outside, public = talk.outside[0], talk.public[0]
    names = ("outside" if "snat" in nat else "client", "public" if "dnat" in nat else "server")
    expected = f"gre client:77 > {names[1]}:555 pptp, gre server:555 > {names[0]}:{outside_key} pptp"
    talk.play(f"c 1\ns 2 2=01\nc 7 0={renamed}\ns 8 0=022b 2={answered} 4=01\n? {expected}", control)

    def upwards():
        client.sends(gre(f"client > {public}", key=0x22B, gre_version=1))
        server.sees(gre(f"{outside} > server", key=0x22B, gre_version=1))

    def downwards():
        server.sends(gre(f"server > {outside}", key=outside_key, gre_version=1))
        client.sees(gre(f"{public} > client", key=0x4D, gre_version=1))

    for speak in (upwards, downwards, upwards) if first == "client" else (downwards, upwards, downwards):
        speak()
    entries = [entry for entry in firewall.connections() if "gre" in str(entry).split()]
    assert len(entries) == 1 and "ASSURED" in str(entries[0]), entries
    firewall.runs("conntrack -D -p tcp")
    assert [entry for entry in firewall.connections() if "gre" in str(entry).split()] == []


OFFER = r"""
        c NICK a
        s :lab 001
        c PRIVMSG b :\x01DCC SEND f 167772426 4000 1\x01
"""
ACTIVE = """
        c USER x
        s 220 ready
        c PORT 10,0,1,10,15,160
"""


@case("helper.expected-twice", topology="two-lans", needs=["helper-irc", "helper-ftp", "helper-amanda", "helper-tftp"], cites=["HELPER-18"], rows={
    "irc": {"helper": "irc", "proto": "tcp", "service": 6668, "script": OFFER, "expected": "tcp 0.0.0.0 > client:4000 irc"},
    "ftp": {"helper": "ftp", "proto": "tcp", "service": 2121, "script": ACTIVE, "expected": "tcp server > client:4000 ftp"},
    "amanda": {"helper": "amanda", "proto": "udp", "service": 10080, "script": "c REQ\ns CONNECT DATA 5000",
               "expected": "tcp client > server:5000 amanda"}})  # fmt: skip
def test_expected_twice(client, server, firewall, helper, proto, service, script, expected):
    """What is expected for one connection already is not expected for another one: its announcement does not arrive."""
    for port, outcome in ((40000, ""), (40001, " => dropped")):
        talk = Conversation(client, server, firewall, helper, proto, (port, service))
        talk.expected = "nothing" if port == 40000 else expected
        talk.play(f"{script.rstrip()}{outcome}\n? {expected}", text_line)


@case("helper.port-taken", topology="two-lans", needs=["helper-irc", "nat"], cites=["HELPER-08"])
def test_port_taken(client, server, firewall):
    """Two clients behind one address offer the same port: the second one is offered at another one, and each is found."""
    client.claims("10.0.1.20")
    firewall.loads("*raw\n-A PREROUTING -p tcp --dport 6668 -j CT --helper irc\nCOMMIT\n*nat\n-A POSTROUTING -o lan2 -j SNAT --to-source 10.0.2.77\nCOMMIT\n")
    offered = []
    for number, host in ((167772426, "10.0.1.10:40000"), (167772436, "10.0.1.20:40001")):
        talk = client.connects(f"{host} > server:6668")
        talk.client_says("NICK a\r\n")
        talk.server_says(":x\r\n")
        client.sends(talk.client.packet(4, "PSH,ACK", f"PRIVMSG b :\1DCC SEND f {number} 4000 1\1\r\n", {}))
        words = server.sees(tcp("10.0.2.77:any > server:6668", "PSH,ACK")).text.split()
        assert words[-3] == "167772749"
        offered.append(int(words[-2]))
    assert offered[0] == 4000 and offered[1] > 4000, offered
    for port, host in zip(offered, ("client:4000", "10.0.1.20:4000"), strict=True):
        server.sends(tcp(f"server:30000 > 10.0.2.77:{port}", "SYN"))
        client.sees(tcp(f"server:30000 > {host}", "SYN"))
    firewall.expects_nothing()


@case("amanda.translated", topology="two-lans", needs=["helper-amanda", "nat"], cites=["HELPER-11"])
def test_amanda_translated(client, server, firewall):
    """A server behind DNAT is connected to where it told; another backup that wants the same port gets another one."""
    client.claims("10.0.1.99")
    talk = Conversation(client, server, firewall, "amanda", "udp", (9000, 10080), "snat dnat")
    talk.play("c REQ\ns CONNECT DATA 5000 MESG 5001\n? tcp client > public:5000-5001 amanda", text_line)
    client.sends(udp("client:9001 > 10.0.1.99:10080", "REQ"))
    server.answers(server.sees(udp("10.0.2.77:9001 > server:10080", "REQ")), "CONNECT MESG 5000\n")
    words = client.sees(udp("10.0.1.99:10080 > client:9001")).text.split()
    assert words[:2] == ["CONNECT", "MESG"] and int(words[2]) > 5001, words
    for source, port, real in ((30000, 5001, 5001), (30001, int(words[2]), 5000), (30002, 5000, 5000)):
        client.sends(tcp(f"client:{source} > 10.0.1.99:{port}", "SYN"))
        server.sees(tcp(f"10.0.2.77:{source} > server:{real}", "SYN"))
    firewall.expects_nothing()
