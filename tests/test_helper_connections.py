"""What helpers expect comes true: data connections are RELATED and translated; expectations end; nothing raises."""

from __future__ import annotations

import struct

import pytest
from conversation import Conversation
from hypothesis import given, settings
from hypothesis import strategies as st
from nat_packets import Read, ip, tcp, udp
from nat_world import World

from engine.core.addresses import parse_address
from engine.helpers import NAMES

A, S = "10.0.1.2", "10.0.2.9"
OUT, PUBLIC = "10.0.2.7", "10.0.2.20"
PORT = b"PORT 10,0,1,2,156,65\r\n"  # 40001


def ftp(w: World, nat: str = "none", port: int = 21) -> Conversation:
    """A control connection after its greeting."""
    talk = Conversation(w, "ftp", "tcp", port, nat)
    talk.from_server(b"220 hi\r\n")
    talk.from_client(b"USER x\r\n")
    return talk


def arrives(w: World, leg: str, data: bytes) -> str | None:
    got = w.pass_through(leg, data)
    return None if got is None else f"{got[0]} {Read(got[1]).ends}"


# -- FTP


def test_the_data_connection_is_related_once_from_any_port_of_the_server() -> None:
    w = World()
    talk = ftp(w)
    w.ipt("-t mangle -A FORWARD -m conntrack --ctstate RELATED", "-t mangle -A FORWARD -m conntrack --ctstate NEW")

    def counts() -> tuple[int, int]:
        rules = w.engine.store.rulesets[2].tables["mangle"].chains["FORWARD"].rules
        return rules[0].packets, rules[1].packets

    talk.from_client(PORT)
    w.send("wan", tcp("10.0.2.8", A, 20, 40001))
    assert counts() == (0, 1)  # another host: NEW, and the expectation stays
    assert len(w.exp()) == 1
    w.send("wan", tcp(S, A, 2020, 40001))
    assert counts() == (1, 1)
    assert w.exp() == []
    w.send("wan", tcp(S, A, 2021, 40001))
    assert counts() == (1, 2)


def test_a_closed_firewall_lets_active_ftp_pass() -> None:
    w = World()
    w.ipt(
        "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
        "-A FORWARD -i lan -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT",
        "-A FORWARD -j DROP",
    )
    talk = ftp(w)
    assert talk.from_client(PORT) == PORT
    assert arrives(w, "wan", tcp(S, A, 20, 40001)) == f"lan {S}:20 > {A}:40001"
    assert arrives(w, "wan", tcp(S, A, 20, 40002)) is None


def test_the_data_connection_reaches_a_translated_client() -> None:
    w = World()
    talk = ftp(w, "snat")
    assert talk.from_client(PORT) == b"PORT 10,0,2,7,156,65\r\n"
    assert arrives(w, "wan", tcp(S, OUT, 20, 40001)) == f"lan {S}:20 > {A}:40001"
    assert arrives(w, "lan", tcp(A, S, 40001, 20, "SA", 7, 1001)) == f"wan {OUT}:40001 > {S}:20"
    assert "[UNREPLIED]" not in next(line for line in w.ct() if "dport=40001" in line)


def test_the_data_connection_reaches_a_translated_server() -> None:
    w = World()
    talk = ftp(w, "dnat")
    assert talk.from_server(b"227 ok (10,0,2,9,156,65)\r\n") == b"227 ok (10,0,2,20,156,65)\r\n"
    assert arrives(w, "lan", tcp(A, PUBLIC, 50001, 40001)) == f"wan {A}:50001 > {S}:40001"
    assert talk.from_server(b"229 ok (|||40002|)\r\n") == b"229 ok (|||40002|)\r\n"
    assert arrives(w, "lan", tcp(A, PUBLIC, 50002, 40002)) == f"wan {A}:50002 > {S}:40002"


def test_a_taken_port_is_replaced() -> None:
    w = World()
    ftp(w, "snat").from_client(PORT)
    second = Conversation(w, "ftp", "tcp", 21, "snat", 4, 1001)
    second.from_server(b"220 hi\r\n")
    second.from_client(b"USER x\r\n")
    line = second.from_client(PORT)
    assert line is not None and line.startswith(b"PORT 10,0,2,7,") and line != b"PORT 10,0,2,7,156,65\r\n"
    high, low = line.strip().split(b",")[-2:]
    port = int(high) * 256 + int(low)
    assert port > 40001
    assert arrives(w, "wan", tcp(S, OUT, 20, port)) == f"lan {S}:20 > {A}:40001"


def test_an_expectation_ends_with_its_time_and_with_its_master() -> None:
    w = World()
    ftp(w).from_client(PORT)
    assert w.exp()[0].startswith("300 l3proto = 2 proto=6 ")
    w.advance(299)
    assert len(w.exp()) == 1
    w.advance(1)
    assert w.exp() == []
    w = World()
    ftp(w).from_client(PORT)
    table = w.engine.conntrack
    table.delete(table.entries()[0])
    assert w.exp() == []


def test_a_helper_must_be_asked_for_and_takes_any_port() -> None:
    w = World()
    talk = Conversation(w, "", "tcp", 21)
    talk.from_server(b"220 hi\r\n")
    talk.from_client(b"USER x\r\n")
    assert talk.from_client(PORT) == PORT
    assert w.exp() == []
    w = World()
    ftp(w, port=2121).from_client(PORT)
    assert len(w.exp()) == 1


def test_the_helper_goes_by_the_port_before_translation() -> None:
    w = World()
    w.ipt("-t nat -A PREROUTING -i lan -p tcp --dport 2121 -j DNAT --to-destination :21")
    talk = Conversation(w, "ftp", "tcp", 2121, server_port=21)
    assert "dport=2121 src=10.0.2.9 dst=10.0.1.2 sport=21" in w.ct()[0]
    talk.from_server(b"220 hi\r\n")
    talk.from_client(b"USER x\r\n")
    talk.from_client(PORT)
    assert len(w.exp()) == 1


def test_translation_without_a_helper_leaves_the_text() -> None:
    w = World()
    talk = Conversation(w, "", "tcp", 21, "snat")
    talk.from_server(b"220 hi\r\n")
    assert talk.from_client(PORT) == PORT


def test_expectations_go_on_in_another_engine() -> None:
    """Out of a snapshot, the data connection is still translated as its master."""
    w = World()
    ftp(w, "snat").from_client(PORT)
    other = World()
    other.ipt("-A FORWARD -m conntrack --ctstate NEW", "-t nat -A POSTROUTING -o wan -j ACCEPT")
    other.engine.conntrack.restore(w.engine.conntrack.snapshot(w.now), other.now)
    assert arrives(other, "wan", tcp(S, OUT, 20, 40001)) == f"lan {S}:20 > {A}:40001"


# -- sequence numbers


def sack(edges: list[int]) -> bytes:
    return bytes((1, 1, 5, 2 + 4 * len(edges))) + b"".join(struct.pack("!I", edge & 0xFFFFFFFF) for edge in edges)


def test_acknowledgements_and_sack_blocks_lose_what_was_added() -> None:
    """PORT 10,0,1,2,... becomes seven bytes longer; everything behind it is seven further on outside."""
    w = World()
    w.ipt(
        "-t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp",
        "-t nat -A POSTROUTING -o wan -j SNAT --to-source 110.110.222.120",
    )
    far = "110.110.222.120"
    w.send("lan", tcp(A, S, 1000, 21, "S", 100, options=b"\2\4\5\xb4\4\2"))
    w.send("wan", tcp(S, far, 21, 1000, "SA", 500, 101, options=b"\2\4\5\xb4\4\2"))
    w.send("lan", tcp(A, S, 1000, 21, "A", 101, 501))
    w.send("lan", tcp(A, S, 1000, 21, "PA", 101, 501, b"USER x\r\n"))
    w.send("wan", tcp(S, far, 21, 1000, "PA", 501, 109, b"230\r\n"))
    w.take("wan")
    w.send("lan", tcp(A, S, 1000, 21, "PA", 109, 506, PORT))
    longer = Read(w.take("wan")[0])
    assert longer.seq == 109 and len(longer.data) == len(PORT) + 7 and longer.right
    # again, while its beginning is one of the two last line ends: rewritten and numbered as the first time
    w.send("lan", tcp(A, S, 1000, 21, "PA", 109, 506, PORT))
    again = Read(w.take("wan")[0])
    assert (again.seq, again.data) == (109, longer.data)
    end = 109 + len(PORT)
    w.send("lan", tcp(A, S, 1000, 21, "PA", end, 506, b"LIST\r\n"))
    assert Read(w.take("wan")[0]).seq == end + 7
    # (conntrack's window takes SACK edges for numbers before the change: there must be room above them)
    w.send("lan", tcp(A, S, 1000, 21, "PA", end + 6, 506, b"QUIT\r\n" * 3))
    w.take("lan")
    w.take("wan")
    # the server has the greeting, and LIST behind a hole
    w.send("wan", tcp(S, far, 21, 1000, "A", 506, 109, options=sack([end + 7, end + 13])))
    got = Read(w.take("lan")[0])
    assert (got.ack, got.options, got.right) == (109, sack([end, end + 6]), True)
    # all of it
    w.send("wan", tcp(S, far, 21, 1000, "A", 506, end + 13))
    assert Read(w.take("lan")[0]).ack == end + 6


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 255)), max_size=25),
    st.sampled_from(("snat", "dnat", "both")),
)
def test_both_ends_keep_in_step(talk: list[tuple[bool, int, int]], nat: str) -> None:
    """However often lines grow and shrink: `Conversation` checks each sequence and ACK number at both ends."""
    w = World()
    conversation = Conversation(w, "ftp", "tcp", 21, nat)
    client = (b"NOOP\r\n", b"PORT 10,0,1,2,1,%d\r\n", b"EPRT |1|10.0.1.2|40%03d|\r\n", b"x\r\ny\r\n", b"tail", b"\r\n")
    server = (b"200 ok\r\n", b"227 (10,0,2,9,%d,9)\r\n", b"229 (|||40%03d|)\r\n", b"200-a\r\n200 b\r\n", b"x", b"\r\n")
    for from_client, which, value in talk:
        line = (client if from_client else server)[which]
        if b"%" in line:
            line %= value
        assert (conversation.from_client if from_client else conversation.from_server)(line) is not None


# -- the others


@pytest.mark.parametrize("nat", ("none", "snat", "dnat"))
def test_tftp_data(nat: str) -> None:
    w = World()
    talk = Conversation(w, "tftp", "udp", 69, nat)
    assert talk.from_client(b"\0\1f\0octet\0") is not None
    client, server = talk.server.other[0], talk.client.other[0]
    assert arrives(w, "wan", udp("10.0.2.8", client, 5555, 1000)) != f"lan {server}:5555 > {A}:1000"
    assert arrives(w, "wan", udp(S, client, 5555, 1000)) == f"lan {server}:5555 > {A}:1000"
    assert arrives(w, "lan", udp(A, server, 1000, 5555)) == f"wan {client}:1000 > {S}:5555"


def test_dcc_reaches_a_translated_client_from_anybody() -> None:
    """The caller seems to be the server: the expectation follows its master whoever comes (as the kernel's does)."""
    w = World()
    talk = Conversation(w, "irc", "tcp", 6667, "snat")
    talk.from_client(b"NICK x\r\n")
    talk.from_server(b":x\r\n")
    assert talk.from_client(b"PRIVMSG bob :\1DCC SEND f 167772418 4000 9\1\r\n") == (
        b"PRIVMSG bob :\1DCC SEND f 167772679 4000 9\1\r\n"
    )
    assert arrives(w, "wan", tcp("10.0.2.33", OUT, 777, 4000)) == f"lan {S}:777 > {A}:4000"


def test_amanda_keeps_its_flow_and_expects_three() -> None:
    w = World()
    talk = Conversation(w, "amanda", "udp", 10080)
    talk.from_client(b"request")
    talk.from_server(b"CONNECT DATA 5001 MESG 5002 INDEX 5003\n")
    assert w.ct()[0].split()[4] == "300"
    assert [line.split()[0] for line in w.exp()] == ["180"] * 3
    assert arrives(w, "lan", tcp(A, S, 4000, 5001)) == f"wan {A}:4000 > {S}:5001"
    assert len(w.exp()) == 2


def pptp(kind: int, body: bytes) -> bytes:
    return struct.pack("!HHIHH", 12 + len(body), 1, 0x1A2B3C4D, kind, 0) + body


def gre(src: str, dst: str, call: int) -> bytes:
    return ip(src, dst, 47, bytes.fromhex("3001880b0003") + call.to_bytes(2, "big") + bytes(4) + b"ppp")


def test_a_pptp_tunnel_through_source_nat() -> None:
    w = World()
    talk = Conversation(w, "pptp", "tcp", 1723, "snat")
    talk.from_client(pptp(1, b"\1\0" + bytes(142)))
    talk.from_server(pptp(2, b"\1\0\1\0" + bytes(140)))
    outside = talk.from_client(pptp(7, (77).to_bytes(2, "big") + bytes(154)))
    assert outside is not None and outside[12:14] == (1000).to_bytes(2, "big")
    inside = talk.from_server(pptp(8, struct.pack("!HHBB", 555, 1000, 1, 0) + bytes(14)))
    assert inside is not None and inside[14:16] == (77).to_bytes(2, "big")
    out = w.pass_through("lan", gre(A, S, 555))
    assert out is not None and (Read(out[1]).src, Read(out[1]).segment[6:8]) == (OUT, (555).to_bytes(2, "big"))
    back = w.pass_through("wan", gre(S, OUT, 1000))
    assert back is not None and (Read(back[1]).dst, Read(back[1]).segment[6:8]) == (A, (77).to_bytes(2, "big"))
    assert w.exp() == []
    assert any("srckey=0x4d dstkey=0x22b src=10.0.2.9 dst=10.0.2.7 srckey=0x22b dstkey=0x3e8" in one for one in w.ct())
    control = next(one for one in w.engine.conntrack.entries() if one.helper == "pptp")
    w.engine.conntrack.delete(control)
    assert w.ct() == []


def sip(first: str, via: str, body: str, contact: str) -> bytes:
    return (
        f"{first}\r\nVia: SIP/2.0/UDP {via}\r\nFrom: <sip:a@x>\r\nTo: <sip:b@x>\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:a@{contact}>\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def sdp(address: str, port: int) -> str:
    return f"v=0\r\no=a 1 1 IN IP4 {address}\r\nc=IN IP4 {address}\r\nm=audio {port} RTP/AVP 0\r\n"


def test_a_call_s_voice_through_both_translations() -> None:
    w = World()
    talk = Conversation(w, "sip", "udp", 5060, "both", 4, 5060)
    invite = sip(f"INVITE sip:b@{PUBLIC} SIP/2.0", f"{A}:5060", sdp(A, 40000), f"{A}:5060")
    heard = talk.from_client(invite)
    assert heard is not None and f"c=IN IP4 {OUT}\r\nm=audio 40000".encode() in heard
    answer = talk.from_server(sip("SIP/2.0 200 OK", f"{OUT}:5060", sdp(S, 50000), f"{S}:5060"))
    assert answer is not None and f"c=IN IP4 {PUBLIC}\r\nm=audio 50000".encode() in answer
    assert arrives(w, "wan", udp(S, OUT, 50000, 40000)) == f"lan {PUBLIC}:50000 > {A}:40000"
    assert arrives(w, "lan", udp(A, PUBLIC, 40001, 50001)) == f"wan {OUT}:40001 > {S}:50001"
    talk.from_client(sip(f"BYE sip:b@{PUBLIC} SIP/2.0", f"{A}:5060", "", f"{A}:5060"))
    assert w.exp() == []


def test_a_registered_phone_can_be_called() -> None:
    w = World()
    talk = Conversation(w, "sip", "udp", 5060, "snat", 4, 5060)
    register = sip("REGISTER sip:x SIP/2.0", f"{A}:5060", "", f"{A}:5060").replace(b"INVITE", b"REGISTER")
    talk.from_client(register.replace(b"Contact", b"Expires: 60\r\nContact"))
    assert "PERMANENT,INACTIVE sip/signalling" in w.exp()[0]
    answer = sip("SIP/2.0 200 OK", f"{OUT}:5060", "", f"{OUT}:5060").replace(b"INVITE", b"REGISTER")
    talk.from_server(answer.replace(b"Contact", b"Expires: 90\r\nContact"))
    assert w.exp()[0].startswith("90 ") and "PERMANENT sip/signalling" in w.exp()[0]
    w.advance(91)
    assert w.exp() == []


def test_broadcast_questions_expect_answers_of_the_network() -> None:
    w = World()
    w.ipt("-t raw -A OUTPUT -p udp --dport 137 -j CT --helper netbios-ns")
    w.send_local(udp("10.0.1.1", "10.0.1.255", 1370, 137))
    assert w.exp() == ["3 l3proto = 2 proto=17 src=10.0.1.255 dst=10.0.1.1 sport=137 dport=1370 PERMANENT netbios-ns"]
    for host, sport, related in (("10.0.1.5", 137, True), ("10.0.1.6", 137, True), ("10.0.9.5", 137, False)):
        w.send("lan", udp(host, "10.0.1.1", sport, 1370))
        entry = next(one for one in w.engine.conntrack.entries() if one.original.src == parse_address(host)[1])
        assert (entry.master is not None) == related
    w.advance(3)
    assert w.exp() == []


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(NAMES)),
    st.booleans(),
    st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=4),
)
def test_no_payload_raises(name: str, translated: bool, talk: list[tuple[bool, bytes]]) -> None:
    """Whatever is said, with or without the words a helper waits for."""
    starts = {
        "ftp": b"PORT ",
        "irc": b"PRIVMSG a :\1DCC SEND f ",
        "sip": b"INVITE sip:x SIP/2.0\r\nCSeq: 1\r\nVia: SIP/2.0/UDP 10.0.1.2:",
        "pptp": pptp(8, b""),
        "amanda": b"CONNECT DATA ",
    }
    proto, port = ("tcp", 21) if name in ("ftp", "irc", "pptp", "sane") else ("udp", 69)
    w = World()
    conversation = Conversation(w, name, proto, port, "both" if translated else "none")
    for from_client, data in talk:
        end = conversation.client if from_client else conversation.server
        for payload in (data, starts.get(name, b"") + data):
            w.send(
                end.leg,
                conversation.segment(end, payload) if proto == "tcp" else udp(*conversation._ends(end), payload),
            )
