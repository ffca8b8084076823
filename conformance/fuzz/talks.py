"""Conversations of the protocols that helpers read: lines that announce connections, garbled now and then, and the
connections that come of them.

A line is a template: `packets.spoken` puts in addresses and ports as its speaker knows them. `dial` reads what has
arrived, as a peer does, and opens what it was told.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from conformance.fuzz import packets as p
from conformance.fuzz.case import Answer, Send, Step
from conformance.fuzz.draw import Host

PORTS = (1000, 2000, 5000, 40000)
OFFERS = ("CHAT chat", "SEND a", "SEND file", "MOVE x", "TSEND t", "SCHAT c", "FOO x")


# -- what is said


def ftp_client(dice: random.Random) -> str:
    port = dice.choice(PORTS)
    pair = f"{port >> 8},{port & 255}"
    return dice.choice((f"PORT {{quad}},{pair}\r\n", f"EPRT |{{version}}|{{own}}|{port}|\r\n", "EPSV\r\n", "PASV\r\n"))


def ftp_server(dice: random.Random) -> str:
    port = dice.choice(PORTS)
    pair = f"{port >> 8},{port & 255}"
    return dice.choice((f"227 Entering Passive Mode ({{quad}},{pair})\r\n", f"227 Passive {{quad}},{pair}\r\n",
                        f"229 Extended Passive (|||{port}|)\r\n", "220 ready\r\n", "200 ok\r\n"))  # fmt: skip


def irc_client(dice: random.Random) -> str:
    offer = f"PRIVMSG bob :\1DCC {dice.choice(OFFERS)} {{number}} {dice.choice(PORTS)}"
    return offer + dice.choice(("\1\r\n", " 1234\1\r\n", "\1\n"))


def irc_server(dice: random.Random) -> str:
    return dice.choice((":server 001 alice\r\n", "PING :x\r\n", irc_client(dice)))


def amanda_client(_dice: random.Random) -> str:
    return "Amanda 2.4 REQ HANDLE 000-1 SEQ 0\nSERVICE amindexd\n"


def amanda_server(dice: random.Random) -> str:
    ports = [dice.choice(PORTS) for _ in range(3)]
    line = f"CONNECT DATA {ports[0]} MESG {ports[1]} INDEX {ports[2]}\n"
    line = dice.choice((line, line, f"CONNECT DATA {ports[0]} STATE {ports[1]}\n", f"CONNECT MESG {ports[0]}"))
    return f"Amanda 2.4 REP HANDLE 000-1 SEQ 0\n{line}OPTIONS features=1;\n"


def tftp_client(dice: random.Random) -> str:
    return dice.choice(("\0\1name\0octet\0", "\0\2name\0octet\0", "\0\4\0\1"))


def tftp_server(dice: random.Random) -> str:
    return dice.choice(("\0\3\0\1data", "\0\5\0\1no\0"))


def _pptp(kind: int, body: bytes) -> str:
    return (struct.pack("!HHIHH", 12 + len(body), 1, 0x1A2B3C4D, kind, 0) + body).decode("latin-1")


CALLS = (0, 1, 7, 7, 1000)  # 7 is that of the GRE packets that come by themselves


def _pptp_started(kind: int) -> str:
    return _pptp(kind, struct.pack("!HHIIHH", 0x100, 0x100 if kind == 2 else 0, 1, 1, 0, 1) + bytes(128))


def _pptp_call(call: int) -> str:
    return _pptp(7, struct.pack("!HHIIIIHHHH", call, 1, 300, 9999, 3, 3, 64, 0, 0, 0) + bytes(128))


def _pptp_answer(call: int, peer: int, result: int = 1) -> str:
    return _pptp(8, struct.pack("!HHBBHIHHI", call, peer, result, 0, 0, 9999, 64, 0, 0))


# (said by the client, line): a call that is made as it should be
PPTP_OPENING = ((True, _pptp_started(1)), (False, _pptp_started(2)), (True, _pptp_call(7)), (False, _pptp_answer(1, 7)))


def pptp_client(dice: random.Random) -> str:
    call, peer = dice.choice(CALLS), dice.choice(CALLS)
    return dice.choice((
        _pptp_started(1),
        _pptp_call(call),
        _pptp(15, struct.pack("!HHII", peer, 0, 0xFFFFFFFF, 0xFFFFFFFF)),  # link info
        _pptp(12, struct.pack("!HH", call, 0)),  # clear
        _pptp(5, struct.pack("!I", 1)),  # echo
        _pptp(10, struct.pack("!HBBHHII", call, 1, 0, 64, 0, 9999, 3)),  # answer to an incoming call
    ))  # fmt: skip


def pptp_server(dice: random.Random) -> str:
    call, peer = dice.choice(CALLS), dice.choice(CALLS)
    return dice.choice((
        _pptp_started(2),
        _pptp_answer(call, peer, dice.choice((1, 1, 2))),
        _pptp(13, struct.pack("!HBBHH", call, 1, 0, 0, 0) + bytes(128)),  # disconnected
        _pptp(14, struct.pack("!HHIIIIII", peer, 0, 0, 0, 0, 0, 0, 0)),  # errors of the line
        _pptp(9, struct.pack("!HHIIHH", call, 1, 3, 0, 4, 4) + bytes(192)),  # an incoming call
        _pptp(6, struct.pack("!IBBH", 1, 1, 0, 0)),
    ))  # fmt: skip


def _sdp(dice: random.Random, who: str = "own") -> str:
    host = "{" + dice.choice((who, who, who, "peer")) + "}"
    port = dice.choice(PORTS)
    lines = [f"v=0\r\no=- 1 1 IN {{ip}} {host}\r\ns=-\r\n"]
    lines.append(dice.choice((f"c=IN {{ip}} {host}\r\n", f"c=IN {{ip}} {host}\r\n", "")))
    lines.append(f"t=0 0\r\nm=audio {port} RTP/AVP 0\r\n")
    if dice.random() < 0.3:
        lines.append(f"c=IN {{ip}} {host}\r\n")
    if dice.random() < 0.4:
        lines.append(
            f"m={dice.choice(('video', 'image', 'text'))} {dice.choice((port, port + 2, 0, 1))} RTP/AVP 31\r\n"
        )
    if dice.random() < 0.2:
        lines.append(f"a=rtcp:{port + 1}\r\n")
    return "".join(lines)


def _sip(dice: random.Random, first: str, method: str, via: str, body: str) -> str:
    number = dice.choice((1, 1, 2))
    contact = dice.choice(("<sip:a@{own}:{oport}>", "<sip:a@{own}>", "<sip:a@{own}:5000;transport=udp>", "sip:a@{own}",
                           "<sip:a@{own}:{oport}>;expires=60", "*"))  # fmt: skip
    branch = dice.choice((";branch=z9hG4bK1", ";rport;branch=z9hG4bK1", ";branch=z9hG4bK1;received={own};rport=5000"))
    names = dice.choice((("Via", "From", "To", "Call-ID", "Contact"), ("v", "f", "t", "i", "m"),
                         ("VIA", "from", "TO", "call-id", "CONTACT")))  # fmt: skip
    head = [
        first,
        f"{names[0]}: SIP/2.0/UDP {via}{branch}",
        f"{names[1]}: <sip:a@{{own}}>;tag=1",
        f"{names[2]}: <sip:b@{{peer}}>",
        f"{names[3]}: 1@{{own}}",
        f"CSeq: {number} {method}",
        f"{names[4]}: {contact}",
    ]
    if method == "REGISTER" and dice.random() < 0.5:
        head.append(f"Expires: {dice.choice((0, 60, 3600))}")
    if dice.random() < 0.2:
        head[1:] = dice.sample(head[1:], len(head) - 1)
    if body:
        head.append("Content-Type: application/sdp")
    head.append(dice.choice(("Content-Length: {length}", "l: {length}", "Content-Length:  {length}")))
    return "\r\n".join(head) + "\r\n\r\n" + body


def sip_client(dice: random.Random) -> str:
    method = dice.choice(
        ("INVITE", "INVITE", "INVITE", "REGISTER", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "PRACK")
    )
    target = dice.choice(("sip:b@{peer}", "sip:{peer}", "sip:b@{peer}:{pport}", "sip:b@{own}"))
    body = _sdp(dice) if method in ("INVITE", "UPDATE", "PRACK", "ACK") and dice.random() < 0.8 else ""
    return _sip(dice, f"{method} {target} SIP/2.0", method, "{own}:{oport}", body)


def sip_server(dice: random.Random) -> str:
    if dice.random() < 0.2:
        return sip_client(dice)
    method = dice.choice(("INVITE", "INVITE", "INVITE", "REGISTER", "BYE", "UPDATE", "PRACK"))
    status = dice.choice(("200 OK", "200 OK", "200 OK", "100 Trying", "180 Ringing", "183 Progress", "404 Not Found"))
    body = _sdp(dice) if method != "REGISTER" and status[0] + status[1:3] in ("200", "183") else ""
    return _sip(dice, f"SIP/2.0 {status}", method, "{peer}:{pport}", body)


@dataclass(frozen=True)
class Talk:
    """A protocol: what its ends say. port: where its server usually listens. opening: (said by the client?, line) of an
    exchange without which the rest means little."""

    proto: str
    port: int
    client: Callable[[random.Random], str]
    server: Callable[[random.Random], str]
    opening: tuple[tuple[bool, str], ...] = ()


TALKS: dict[str, Talk] = {
    "ftp": Talk("tcp", 21, ftp_client, ftp_server),
    "irc": Talk("tcp", 6667, irc_client, irc_server),
    "pptp": Talk("tcp", 1723, pptp_client, pptp_server, PPTP_OPENING),
    "sip": Talk("udp", 5060, sip_client, sip_server),
    "tftp": Talk("udp", 69, tftp_client, tftp_server),
    "amanda": Talk("udp", 10080, amanda_client, amanda_server),
}
OVER_TCP = ("sip",)  # those of them that also go over TCP
OVER_IPV6 = ("ftp", "sip", "tftp", "amanda")  # those that the kernel reads there


def garbled(dice: random.Random, text: str) -> str:
    """Now and then a line that no program would say."""
    if dice.random() > 0.25:
        return text
    at = dice.randrange(len(text)) if text else 0
    return dice.choice((
        text[:at],
        text[:at] + dice.choice(" \t\r\n09,|:;=<\0") + text[at:],
        text[:at] + text[at + 1 :],
        text.encode("latin-1").swapcase().decode("latin-1"),
        text.encode("latin-1").lower().decode("latin-1"),
        text + text,
        re.sub(r"\d+", lambda found: dice.choice((found[0], "0", "65536", "99999999999", "255")), text, count=3),
        text.replace("\r\n", "\n"),
        text.replace(": ", ":"),
        text.replace("\r\n", "\r\n ", 1),
    ))  # fmt: skip


# -- what comes of it

ANNOUNCED: tuple[tuple[re.Pattern[bytes], int], ...] = (
    (re.compile(rb"(?:PORT |227 [^0-9]*)(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", re.I), p.TCP),
    (re.compile(rb"EPRT \|[12]\|(?P<host>[^|]+)\|(?P<port>\d+)\|", re.I), p.TCP),
    (re.compile(rb"229 [^|]*\|\|\|(?P<port>\d+)\|"), p.TCP),
    (re.compile(rb"DCC \S+ \S+ (?P<number>\d+) (?P<port>\d+)"), p.TCP),
    (re.compile(rb"CONNECT (?:DATA|MESG) (?P<port>\d+)"), p.TCP),
    (re.compile(rb"c=IN IP[46] (?P<host>\S+)[^\0]*m=\w+ (?P<port>\d+)"), p.UDP),
    (re.compile(rb"Contact: <sip:a@(?P<host>[^:>]+):(?P<port>\d+)", re.I), p.UDP),
)


def announced(payload: bytes, source: bytes) -> tuple[int, bytes, int] | None:
    """(protocol, address, port) that a line tells its reader to connect to."""
    for pattern, proto in ANNOUNCED:
        found = pattern.search(payload)
        if not found:
            continue
        named = found.groupdict()
        try:
            if not named:
                numbers = [int(each) for each in found.groups()]
                host, port = bytes(numbers[:4]), numbers[4] << 8 | numbers[5]
            else:
                port = int(named["port"])
                host = source
                if named.get("host"):
                    host = p.address(named["host"].decode("latin-1"))
                elif named.get("number"):
                    host = int(named["number"]).to_bytes(4, "big")
        except (ValueError, OverflowError):
            return None
        return (proto, host, port) if len(host) == len(source) and 0 < port < 65536 else None
    return None


def dial(seen: p.Seen) -> bytes | None:
    """The first packet of what the last line announces; for TFTP the answer from a port of its own, for PPTP a call."""
    segment = seen.segment
    if seen.proto == p.UDP and segment[8:10] in (b"\0\1", b"\0\2", b"\0\3"):
        return p.udp(seen.destination, 5000, seen.source, int.from_bytes(segment[:2], "big"), b"\0\4\0\1")
    payload = segment[8:] if seen.proto == p.UDP else segment[(segment[12] >> 4) * 4 :] if len(segment) > 12 else b""
    if payload[4:8] == b"\x1a\x2b\x3c\x4d" and len(payload) >= 14:
        call = payload[12:14]
        return p.ip(seen.destination, seen.source, p.GRE, b"\x30\x01\x88\x0b\x00\x04" + call + b"\0\0\0\1ppp!")
    told = announced(payload, seen.source)
    if told is None:
        return None
    proto, host, port = told
    if proto == p.TCP:
        return p.tcp(seen.destination, 20 if seen.segment[:2] != b"\0\x15" else 1000, host, port, p.SYN, 1000)
    return p.udp(seen.destination, port, host, port, b"media")


ON_CONTROL: dict[str, Callable[[p.Seen, str], bytes | None]] = {
    "say": p.say,
    "goes on": lambda seen, _text: p.reply(seen),
    "dial": lambda seen, _text: dial(seen),
}


# -- the whole of it


def conversation(
    dice: random.Random, name: str, over: str, client: Host, server: Host, own: str, peer: str, dport: int, rounds: int
) -> list[Step]:
    """A helper's protocol between two hosts: it begins (from `own` to `peer`), both say lines, and what they announce
    is opened. The server is who gets what is sent to `peer`."""
    talk = TALKS[name]
    sport = dice.choice((1000, 5000, 40000))
    source, destination = p.address(own), p.address(peer)
    steps: list[Step] = []
    if over == "tcp":
        steps += [Send(client.name, p.tcp(source, sport, destination, dport, p.SYN, 1000), f"{name} {own} > {peer}"),
                  Answer(server.name, "goes on"), Answer(client.name, "goes on")]  # fmt: skip
    else:
        first = p.spoken(garbled(dice, talk.client(dice)), own, peer, sport, dport)
        steps.append(Send(client.name, p.udp(source, sport, destination, dport, first), f"{name} {own} > {peer}"))
    if dice.random() < 0.8:
        steps += [Answer((client if by_client else server).name, "say", line) for by_client, line in talk.opening]
    for _round in range(rounds):
        speaker, listener, says = dice.choice(((client, server, talk.client), (server, client, talk.server)))
        parts = [garbled(dice, says(dice))]
        if over == "tcp" and dice.random() < 0.15:
            at = dice.randrange(len(parts[0]) + 1)
            parts = [parts[0][:at], parts[0][at:]]
        elif over == "tcp" and dice.random() < 0.1:
            parts = [parts[0] + says(dice)]
        for part in parts:
            steps.append(Answer(speaker.name, "say", part))
            if dice.random() < 0.5:
                steps.append(Answer(listener.name, "goes on"))
        if dice.random() < 0.5:
            steps.append(Answer(listener.name, "dial"))
            steps += [Answer(speaker.name, "reply"), Answer(listener.name, dice.choice(("reply", "reply", "data")))]
        if dice.random() < 0.08:
            steps.append(Answer(dice.choice((speaker, listener)).name, dice.choice(("fin", "rst", "unreachable"))))
    return steps
