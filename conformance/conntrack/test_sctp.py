"""SCTP through conntrack: a line a packet, with its verification tag, its chunks, its state and the entry behind it.

    c 0 INIT:11           | NEW         | CLOSED 10 unreplied       INIT and INIT_ACK name the tag that they ask for
    s 11 INIT_ACK:22      | ESTABLISHED | COOKIE_WAIT 3
    c 22 DATA ABORT/1     | INVALID     | COOKIE_WAIT 3             behind the stroke: flags; COOKIE_ECHO=0: a length
"""

from conformance.stating import States
from conformance.vocabulary import case, sctp

KINDS = {
    "DATA": 0, "INIT": 1, "INIT_ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT_ACK": 5, "ABORT": 6, "SHUTDOWN": 7,
    "SHUTDOWN_ACK": 8, "ERROR": 9, "COOKIE_ECHO": 10, "COOKIE_ACK": 11, "SHUTDOWN_COMPLETE": 14,
}  # fmt: skip
FLOWS = {"c": "client:5000 > server:36412", "s": "server:36412 > client:5000"}

WAIT = """
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        s 11 INIT_ACK:22           | ESTABLISHED | COOKIE_WAIT 3
"""
OPEN = """
        c 0 INIT:11
        s 11 INIT_ACK:22
        c 22 COOKIE_ECHO
        s 11 COOKIE_ACK
"""


def chunk(word):
    word, _equals, length = word.partition("=")
    word, _stroke, flags = word.partition("/")
    name, _colon, tag = word.partition(":")
    octets = bytes([KINDS[name], int(flags or 0)])
    body = b""
    if tag:
        body = int(tag).to_bytes(4) + b"\0\0\xff\xff\0\1\0\1\0\0\0\1"
    elif name == "DATA":
        body = b"\0\0\0\1\0\0\0\0\0\0\0\0hello"
    octets += (int(length) if length else 4 + len(body)).to_bytes(2) + body
    return octets + bytes(-len(octets) % 4)


def play(client, server, firewall, script):
    hosts = {"c": client, "s": server}
    states = States(firewall)
    behind = False  # packets have passed whose state nobody asked for
    for line in filter(None, map(str.strip, script.strip().splitlines())):
        told, *wanted = (part.strip() for part in line.split("|"))
        who, tag, *chunks = told.split()
        if wanted and behind:
            states.after()
        hosts[who].sends(sctp(FLOWS[who], [chunk(word) for word in chunks] or [b""], vtag=int(tag)))
        behind = not wanted
        if behind:
            continue
        state, entry = wanted
        seen = states.after()
        assert seen == state, f"{line}: the packet is {seen}"
        if entry == "gone":
            firewall.does_not_track(f"sctp {FLOWS['c']}")
            continue
        name, timeout, *flags = entry.split()
        firewall.tracks(f"sctp {FLOWS['c']}", state=name, timeout=int(timeout), unreplied="unreplied" in flags,
                        assured="assured" in flags)  # fmt: skip


def scripts(**rows):
    return {name.replace("_", "-"): {"script": script} for name, script in rows.items()}


@case("sctp.life", topology="two-lans", needs=["conntrack"], cites=["CTGEN-04"], rows=scripts(
    open_and_close=WAIT + """
        c 22 COOKIE_ECHO           | ESTABLISHED | COOKIE_ECHOED 3
        s 11 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
        c 22 DATA                  | ESTABLISHED | ESTABLISHED 210 assured
        s 11 SACK DATA             | ESTABLISHED | ESTABLISHED 210 assured
        c 22 SHUTDOWN              | ESTABLISHED | SHUTDOWN_SENT 3 assured
        s 11 SHUTDOWN_ACK          | ESTABLISHED | SHUTDOWN_ACK_SENT 3 assured
        c 22 SHUTDOWN_COMPLETE     | ESTABLISHED | CLOSED 10 assured
        c 0 INIT:33                | ESTABLISHED | CLOSED 10 assured
    """,
    closed_by_server=OPEN + """
        s 11 SHUTDOWN              | ESTABLISHED | SHUTDOWN_RECD 3 assured
        c 22 SHUTDOWN_ACK          | ESTABLISHED | SHUTDOWN_ACK_SENT 3 assured
        s 11 SHUTDOWN_COMPLETE     | ESTABLISHED | CLOSED 10 assured
    """,
    both_close=OPEN + """
        s 11 SHUTDOWN              | ESTABLISHED | SHUTDOWN_RECD 3 assured
        c 22 SHUTDOWN              | ESTABLISHED | SHUTDOWN_RECD 3 assured
        s 11 SHUTDOWN_ACK          | ESTABLISHED | SHUTDOWN_ACK_SENT 3 assured
        c 22 SHUTDOWN_ACK          | ESTABLISHED | SHUTDOWN_ACK_SENT 3 assured
        c 11 SHUTDOWN_COMPLETE/1   | ESTABLISHED | CLOSED 10 assured
    """,
    aborted=OPEN + """
        c 23 ABORT                 | INVALID     | ESTABLISHED 210 assured
        c 11 ABORT                 | INVALID     | ESTABLISHED 210 assured
        c 22 ABORT/1               | INVALID     | ESTABLISHED 210 assured
        c 11 ABORT/1               | ESTABLISHED | CLOSED 10 assured
    """,
    aborted_by_server=OPEN + """
        s 22 ABORT                 | INVALID     | ESTABLISHED 210 assured
        s 11 ABORT/2               | ESTABLISHED | CLOSED 10 assured
    """,
    refused="""
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        s 11 ABORT/1               | INVALID     | CLOSED 10 unreplied
        s 22 ABORT                 | INVALID     | CLOSED 10 unreplied
        s 11 ABORT                 | ESTABLISHED | CLOSED 10
    """,
    cookie_error=WAIT + """
        c 22 COOKIE_ECHO DATA      | ESTABLISHED | COOKIE_ECHOED 3
        s 11 ERROR                 | ESTABLISHED | CLOSED 10
    """,
))  # fmt: skip
def test_life(client, server, firewall, script):
    """From INIT to SHUTDOWN COMPLETE, and how long each state is remembered."""
    play(client, server, firewall, script)


@case("sctp.tags", topology="two-lans", needs=["conntrack"], cites=["CTGEN-04"], rows=scripts(
    every_packet=OPEN + """
        c 23 DATA                  | INVALID     | ESTABLISHED 210 assured
        c 11 DATA                  | INVALID     | ESTABLISHED 210 assured
        s 22 SACK                  | INVALID     | ESTABLISHED 210 assured
        s 0 SACK                   | INVALID     | ESTABLISHED 210 assured
        c 22 SACK                  | ESTABLISHED | ESTABLISHED 210 assured
        c 22 COOKIE_ACK DATA       | ESTABLISHED | ESTABLISHED 210 assured
        c 0 INIT:11 DATA           | INVALID     | ESTABLISHED 210 assured
        c 22 INIT:11               | INVALID     | ESTABLISHED 210 assured
    """,
    out_of_the_blue="""
        c 9 DATA                   | INVALID     | gone
        c 9 SACK                   | INVALID     | gone
        c 9 ABORT                  | INVALID     | gone
        c 9 SHUTDOWN_COMPLETE      | INVALID     | gone
        c 9 COOKIE_ACK             | INVALID     | gone
        c 9 INIT:11                | INVALID     | gone
        c 0 INIT                   | INVALID     | gone
        c 0 INIT_ACK:11            | NEW         | CLOSED 10 unreplied
    """,
    shutdown_ack_first="""
        c 9 SHUTDOWN_ACK           | NEW         | SHUTDOWN_ACK_SENT 3 unreplied
        s 8 SHUTDOWN_COMPLETE/1    | INVALID     | SHUTDOWN_ACK_SENT 3 unreplied
        s 9 SHUTDOWN_COMPLETE/1    | INVALID     | SHUTDOWN_ACK_SENT 3 unreplied
        s 9 SHUTDOWN_COMPLETE      | ESTABLISHED | CLOSED 10
    """,
    other_chunks_first="""
        c 9 COOKIE_ECHO            | INVALID     | gone
        s 9 COOKIE_ACK             | INVALID     | gone
    """,
    error_first="""
        c 9 ERROR                  | INVALID     | gone
        c 9 SHUTDOWN               | INVALID     | gone
        c 0 SHUTDOWN               | NEW         | CLOSED 10 unreplied
    """,
    heartbeat_first="""
        c 9 HEARTBEAT              | NEW         | HEARTBEAT_SENT 30 unreplied
        s 7 HEARTBEAT_ACK          | ESTABLISHED | ESTABLISHED 210 assured
        c 9 DATA                   | ESTABLISHED | ESTABLISHED 210 assured
        s 7 DATA                   | ESTABLISHED | ESTABLISHED 210 assured
        c 8 HEARTBEAT              | ESTABLISHED | ESTABLISHED 210 assured
        s 7 DATA                   | ESTABLISHED | ESTABLISHED 210 assured
        s 6 HEARTBEAT_ACK          | ESTABLISHED | ESTABLISHED 210 assured
        s 6 DATA                   | ESTABLISHED | ESTABLISHED 210 assured
        c 8 DATA                   | INVALID     | ESTABLISHED 210 assured
        c 4 HEARTBEAT              | ESTABLISHED | ESTABLISHED 210 assured
        c 4 DATA                   | ESTABLISHED | ESTABLISHED 210 assured
    """,
    heartbeat_answered_by_init="""
        c 9 HEARTBEAT              | NEW         | HEARTBEAT_SENT 30 unreplied
        s 0 INIT:5                 | INVALID     | HEARTBEAT_SENT 30 unreplied
        c 0 INIT:6                 | NEW         | COOKIE_WAIT 3 unreplied
    """,
    heartbeats=OPEN + """
        c 22 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        s 11 HEARTBEAT_ACK         | ESTABLISHED | ESTABLISHED 210 assured
        s 12 HEARTBEAT_ACK         | INVALID     | ESTABLISHED 210 assured
        c 23 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        c 23 HEARTBEAT_ACK         | INVALID     | ESTABLISHED 210 assured
        s 11 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        s 12 HEARTBEAT_ACK         | INVALID     | ESTABLISHED 210 assured
        c 23 DATA HEARTBEAT        | INVALID     | ESTABLISHED 210 assured
        c 23 HEARTBEAT DATA        | INVALID     | ESTABLISHED 210 assured
        c 23 HEARTBEAT HEARTBEAT   | INVALID     | ESTABLISHED 210 assured
        c 23 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        s 12 HEARTBEAT_ACK DATA    | INVALID     | ESTABLISHED 210 assured
        s 11 HEARTBEAT_ACK         | ESTABLISHED | ESTABLISHED 210 assured
        s 12 HEARTBEAT_ACK         | INVALID     | ESTABLISHED 210 assured
        c 23 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        s 12 HEARTBEAT_ACK         | ESTABLISHED | ESTABLISHED 210 assured
        s 11 DATA                  | INVALID     | ESTABLISHED 210 assured
        s 12 DATA                  | ESTABLISHED | ESTABLISHED 210 assured
        c 22 DATA                  | INVALID     | ESTABLISHED 210 assured
        c 23 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        c 23 DATA                  | ESTABLISHED | ESTABLISHED 210 assured
    """,
    init_again="""
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        c 0 INIT:12                | NEW         | CLOSED 10 unreplied
        s 11 INIT_ACK:22           | INVALID     | CLOSED 10 unreplied
        s 12 INIT_ACK:22           | ESTABLISHED | COOKIE_WAIT 3
        s 12 INIT_ACK:23           | ESTABLISHED | COOKIE_WAIT 3
        s 12 INIT_ACK:22           | ESTABLISHED | COOKIE_WAIT 3
        c 23 COOKIE_ECHO           | INVALID     | COOKIE_WAIT 3
        c 22 COOKIE_ECHO           | ESTABLISHED | COOKIE_ECHOED 3
        s 11 COOKIE_ACK            | INVALID     | COOKIE_ECHOED 3
        s 12 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
        c 0 INIT:13                | ESTABLISHED | ESTABLISHED 210 assured
        s 12 DATA                  | INVALID     | ESTABLISHED 210 assured
        s 13 INIT_ACK:24           | ESTABLISHED | ESTABLISHED 210 assured
        c 22 DATA                  | INVALID     | ESTABLISHED 210 assured
        c 24 COOKIE_ECHO           | ESTABLISHED | ESTABLISHED 210 assured
        s 13 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
    """,
    both_open="""
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        s 0 INIT:22                | ESTABLISHED | CLOSED 10
        s 11 INIT_ACK:22           | ESTABLISHED | COOKIE_WAIT 3
        s 11 INIT_ACK:23           | INVALID     | COOKIE_WAIT 3
        c 22 INIT_ACK:11           | ESTABLISHED | COOKIE_WAIT 3
        c 22 INIT_ACK:12           | INVALID     | COOKIE_WAIT 3
        c 22 COOKIE_ECHO           | ESTABLISHED | COOKIE_ECHOED 3
        s 11 COOKIE_ECHO           | ESTABLISHED | COOKIE_ECHOED 3
        s 11 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
        c 22 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
        s 11 INIT_ACK:24           | INVALID     | ESTABLISHED 210 assured
        c 22 DATA                  | ESTABLISHED | ESTABLISHED 210 assured
    """,
    both_open_anew="""
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        s 0 INIT:22                | ESTABLISHED | CLOSED 10
        c 0 INIT:12                | ESTABLISHED | CLOSED 10
        s 12 INIT_ACK:23           | ESTABLISHED | COOKIE_WAIT 3
        c 23 COOKIE_ECHO           | ESTABLISHED | COOKIE_ECHOED 3
        s 12 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
    """,
    without_tag="""
        c 0 ABORT                  | INVALID     | gone
        c 0 SHUTDOWN_COMPLETE      | INVALID     | gone
        c 0 COOKIE_ACK             | INVALID     | gone
        c 9 INIT                   | INVALID     | gone
    """,
    heartbeat_and_cookie="""
        c 9 COOKIE_ECHO HEARTBEAT  | NEW         | CLOSED 10 unreplied
        c 9 HEARTBEAT COOKIE_ECHO  | INVALID     | CLOSED 10 unreplied
        c 9 HEARTBEAT SHUTDOWN     | NEW         | CLOSED 10 unreplied
        s 7 HEARTBEAT_ACK          | ESTABLISHED | CLOSED 10
        c 9 DATA                   | ESTABLISHED | CLOSED 10
    """,
    heartbeat_of_the_right_tag=OPEN + """
        c 23 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        c 22 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        s 12 HEARTBEAT_ACK         | INVALID     | ESTABLISHED 210 assured
        c 23 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        s 11 HEARTBEAT             | ESTABLISHED | ESTABLISHED 210 assured
        s 11 HEARTBEAT_ACK         | ESTABLISHED | ESTABLISHED 210 assured
        s 12 HEARTBEAT_ACK         | INVALID     | ESTABLISHED 210 assured
    """,
    both_open_and_again="""
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        s 0 INIT:22                | ESTABLISHED | CLOSED 10
        s 11 INIT_ACK:22           | ESTABLISHED | COOKIE_WAIT 3
        c 22 COOKIE_ECHO           | ESTABLISHED | COOKIE_ECHOED 3
        s 11 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
        c 0 INIT:15                | ESTABLISHED | ESTABLISHED 210 assured
        s 15 INIT_ACK:26           | ESTABLISHED | ESTABLISHED 210 assured
        s 15 INIT_ACK:27           | ESTABLISHED | ESTABLISHED 210 assured
        c 27 COOKIE_ECHO           | ESTABLISHED | ESTABLISHED 210 assured
        s 15 COOKIE_ACK            | ESTABLISHED | ESTABLISHED 210 assured
        c 27 DATA                  | ESTABLISHED | ESTABLISHED 210 assured
    """,
    init_ack_cut_short=WAIT + """
        s 11 INIT_ACK              | INVALID     | COOKIE_WAIT 3
        s 11 INIT_ACK=4            | INVALID     | COOKIE_WAIT 3
        c 0 INIT                   | INVALID     | COOKIE_WAIT 3
    """,
))  # fmt: skip
def test_tags(client, server, firewall, script):
    """A packet must carry the tag that its receiver asked for; heartbeats and new beginnings may know better."""
    play(client, server, firewall, script)


@case("sctp.chunks", topology="two-lans", needs=["conntrack"], cites=["CTGEN-04"], rows=scripts(
    order="""
        c 0 INIT:11 DATA           | INVALID     | gone
        c 0 DATA INIT:11           | INVALID     | gone
        c 0 INIT:11                | NEW         | CLOSED 10 unreplied
        s 11 INIT_ACK:22 DATA      | INVALID     | CLOSED 10 unreplied
        s 11 ERROR INIT_ACK:22     | INVALID     | CLOSED 10 unreplied
        s 11 INIT_ACK:22           | ESTABLISHED | COOKIE_WAIT 3
        c 22 DATA COOKIE_ECHO      | INVALID     | COOKIE_WAIT 3
        c 22 COOKIE_ECHO DATA      | ESTABLISHED | COOKIE_ECHOED 3
        s 11 DATA COOKIE_ACK       | INVALID     | COOKIE_ECHOED 3
        s 11 COOKIE_ACK SACK       | ESTABLISHED | ESTABLISHED 210 assured
        c 22 SHUTDOWN SHUTDOWN_COMPLETE | INVALID     | ESTABLISHED 210 assured
        c 22 DATA SHUTDOWN         | ESTABLISHED | SHUTDOWN_SENT 3 assured
        s 11 SHUTDOWN_ACK SHUTDOWN_COMPLETE | INVALID     | SHUTDOWN_SENT 3 assured
    """,
    lengths=OPEN + """
        c 22 SACK=0                | INVALID     | ESTABLISHED 210 assured
        c 22 SACK DATA=0           | INVALID     | ESTABLISHED 210 assured
        c 22 SACK=3 SHUTDOWN       | ESTABLISHED | SHUTDOWN_SENT 3 assured
        c 22 SACK=100 SHUTDOWN     | ESTABLISHED | SHUTDOWN_SENT 3 assured
        c 22 SACK=5 SHUTDOWN       | ESTABLISHED | SHUTDOWN_SENT 3 assured
        c 22 SACK=5 SACK SHUTDOWN  | ESTABLISHED | SHUTDOWN_SENT 3 assured
        c 22                       | INVALID     | SHUTDOWN_SENT 3 assured
    """,
    stays_what_was_done=OPEN + """
        c 22 SHUTDOWN ABORT/1      | INVALID     | SHUTDOWN_SENT 210 assured
        s 11 SHUTDOWN_ACK ABORT/1  | INVALID     | SHUTDOWN_ACK_SENT 210 assured
    """,
))  # fmt: skip
def test_chunks(client, server, firewall, script):
    """Chunks that must stand alone or first, chunks without length, packets without chunks."""
    play(client, server, firewall, script)
