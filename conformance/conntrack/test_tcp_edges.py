"""TCP windows to the byte: the last number that still belongs to a connection, and the first that does not.

Scripts are read as conformance/tcp_script.py says.
"""

from conformance.tcp_script import play
from conformance.vocabulary import case

NARROW = """
        c S window=500
        s SA window=500
        c A window=500
"""


def scripts(requirement, **rows):
    """Rows of a family from name=script or name=(script, sysctls)."""
    found = {}
    for name, row in rows.items():
        script, sets = (row, {}) if isinstance(row, str) else row
        found[name.replace("_", "-")] = {"script": script, "sets": sets, "cites": [requirement]}
    return found


@case("tcp.edges.upper", topology="two-lans", needs=["conntrack"], rows=scripts("CTTCP-23",
    excess="""
        -- last byte
        c S window=500
        s SA window=500
        c A window=500
        c A data=1 seq=+500 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=502 window=500         | ESTABLISHED | ESTABLISHED 432000 assured
        s A ack=503 window=500         | INVALID     | ESTABLISHED 432000 assured
        -- one more
        c S window=500
        s SA window=500
        c A window=500
        c A data=1 seq=+501 window=0 | ESTABLISHED | ESTABLISHED 432000 assured
        s A ack=503 window=500       | ESTABLISHED | ESTABLISHED 432000 assured
        s A ack=504 window=500       | INVALID     | ESTABLISHED 432000 assured
        -- most excess
        c S window=500
        s SA window=500
        c A window=500
        c A data=498 seq=+501 | ESTABLISHED | ESTABLISHED 432000 assured
        s A ack=1000          | ESTABLISHED | ESTABLISHED 432000 assured
        s A ack=1001          | INVALID     | ESTABLISHED 432000 assured
        -- too much excess
        c S window=500
        s SA window=500
        c A window=500
        c A data=499 seq=+501 | INVALID     | ESTABLISHED 432000 assured
        c A data=1 seq=+1000  | INVALID     | ESTABLISHED 432000 assured
        s A data=499 seq=+501 | INVALID     | ESTABLISHED 432000 assured
        s A data=498 seq=+501 | ESTABLISHED | ESTABLISHED 432000 assured
        -- excess and bad ack
        c S window=500
        s SA window=500
        c A window=500
        c A data=1 seq=+501 ack=+1     | INVALID     | ESTABLISHED 432000 assured
        c A data=1 seq=+501 ack=-66001 | INVALID     | ESTABLISHED 432000 assured
        c A data=1 seq=+501 ack=-66000 | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=+502 ack=+0     | ESTABLISHED | ESTABLISHED 432000 assured
    """,
    windows="""
        -- grows with what was sent
        c S window=500
        s SA window=500
        c A window=500
        c A data=400 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        c A data=200 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        c A data=500 window=500 | INVALID     | ESTABLISHED 300 assured
        s A ack=1101 window=100 | INVALID     | ESTABLISHED 300 assured
        c A data=1 seq=1202     | INVALID     | ESTABLISHED 300 assured
        c A data=1 seq=1800     | INVALID     | ESTABLISHED 300 assured
        c A data=1 seq=1801     | INVALID     | ESTABLISHED 300 assured
        -- the window that was overrun
        c S window=500
        s SA window=500
        c A window=500
        c A data=400 window=500        | ESTABLISHED | ESTABLISHED 300 assured
        c A data=200 window=500        | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=1099            | ESTABLISHED | ESTABLISHED 300 assured
        -- the window that was overrun too far
        c S window=500
        s SA window=500
        c A window=500
        c A data=400 window=500        | ESTABLISHED | ESTABLISHED 300 assured
        c A data=200 window=500        | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=1100            | INVALID     | ESTABLISHED 300 assured
        -- high numbers
        c S window=500 isn=0x90000000  | NEW         | SYN_SENT 120 unreplied
        s SA window=500 isn=0xa0000000 | ESTABLISHED | SYN_RECV 60
        c A window=500
        c A data=10                    | ESTABLISHED | ESTABLISHED 300 assured
        s A window=500                 | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=10                    | ESTABLISHED | ESTABLISHED 300 assured
        c A window=500
        c A data=1 seq=+501            | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=+1001           | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=+1                     | INVALID     | ESTABLISHED 300 assured
        -- numbers around the middle
        c S window=500 isn=0x7ffffff0  | NEW         | SYN_SENT 120 unreplied
        s SA window=500 isn=0x7fffff00 | ESTABLISHED | SYN_RECV 60
        c A window=500
        c A data=100                   | ESTABLISHED | ESTABLISHED 300 assured
        s A window=500                 | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=400                   | ESTABLISHED | ESTABLISHED 300 assured
        c A window=500
        c A data=1 seq=-500            | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=-502            | ESTABLISHED | ESTABLISHED 432000 assured
        -- closed
        c S window=500
        s SA window=500
        c A window=500
        s A window=0                   | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=+0 window=500   | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=+501 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=+0 window=0            | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=+0 window=500   | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=+0 window=100          | ESTABLISHED | ESTABLISHED 300 assured
        c A data=100 seq=+0 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        -- from a closed window
        c S window=0     | NEW         | SYN_SENT 120 unreplied
        s SA window=0    | ESTABLISHED | SYN_RECV 60
        c A window=0     | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1       | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=3 | INVALID     | ESTABLISHED 300 assured
        c A data=1 seq=4 | INVALID     | ESTABLISHED 300 assured
        s A data=1       | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=4 | ESTABLISHED | ESTABLISHED 300 assured
        -- scale of fourteen
        c S window=500 wscale=14       | NEW         | SYN_SENT 120 unreplied
        s SA window=500 wscale=15      | ESTABLISHED | SYN_RECV 60
        s A window=4                   | ESTABLISHED | SYN_RECV 60
        c A data=1 seq=65536 window=1  | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=+20000 window=1 | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=+70000          | ESTABLISHED | ESTABLISHED 300 assured
        -- scale grows
        c S window=500 wscale=2  | NEW         | SYN_SENT 120 unreplied
        s SA window=500 wscale=3 | ESTABLISHED | SYN_RECV 60
        c A window=500           | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=501       | ESTABLISHED | ESTABLISHED 300 assured
        s A window=500           | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=4001      | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=9003      | INVALID     | ESTABLISHED 300 assured
        s A data=1 seq=2001      | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=6003      | ESTABLISHED | ESTABLISHED 300 assured
    """,
    options="""
        -- options of syn
        c S options=0103030301030403ffff          | NEW         | SYN_SENT 120 unreplied
        s SA options=020405b401010303040000000000 | ESTABLISHED | SYN_RECV 60
        c A window=500                            | ESTABLISHED | ESTABLISHED 432000 assured
        s A window=500                            | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=4001                       | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=12502                      | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=8001                       | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=8601                       | ESTABLISHED | ESTABLISHED 300 assured
        -- options behind the end
        c S options=00030307 window=500 | NEW         | SYN_SENT 120 unreplied
        s SA wscale=7 window=500        | ESTABLISHED | SYN_RECV 60
        c A window=500                  | ESTABLISHED | ESTABLISHED 432000 assured
        s A window=500                  | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=1100             | INVALID     | ESTABLISHED 432000 assured
        -- options of wrong size
        c S options=0304070003030700 window=500 | NEW         | SYN_SENT 120 unreplied
        s SA wscale=7 window=500                | ESTABLISHED | SYN_RECV 60
        c A window=500                          | ESTABLISHED | ESTABLISHED 432000 assured
        s A window=500                          | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=1100                     | ESTABLISHED | ESTABLISHED 300 assured
        -- options broken
        c S options=030307ff window=500          | NEW         | SYN_SENT 120 unreplied
        s SA options=0303020203ff0000 window=500 | ESTABLISHED | SYN_RECV 60
        s A window=500                           | ESTABLISHED | SYN_RECV 60
        c A data=1 seq=2001                      | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=4004                      | INVALID     | ESTABLISHED 300 assured
        -- syn again without options
        c S wscale=7 window=500  | NEW         | SYN_SENT 120 unreplied
        c S window=500 seq=0     | NEW         | SYN_SENT 120 unreplied
        s SA wscale=7 window=500 | ESTABLISHED | SYN_RECV 60
        c A window=500           | ESTABLISHED | ESTABLISHED 432000 assured
        s A window=500           | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=60000     | ESTABLISHED | ESTABLISHED 300 assured
    """,
    openings="""
        -- syn again with later numbers
        c S window=500          | NEW         | SYN_SENT 120 unreplied
        c S window=600 isn=2000 | NEW         | SYN_SENT 120 unreplied
        s SA window=700         | ESTABLISHED | SYN_RECV 60
        c A                     | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=701      | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=1402     | INVALID     | ESTABLISHED 300 assured
        s A data=1 seq=601      | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=1202     | ESTABLISHED | ESTABLISHED 300 assured
        -- both open at once
        c S wscale=7 window=500     | NEW         | SYN_SENT 120 unreplied
        s S wscale=7 window=500     | ESTABLISHED | SYN_SENT2 120
        c SA seq=0 ack=1 window=500 | ESTABLISHED | SYN_RECV 60
        s SA seq=0 ack=1 window=500 | ESTABLISHED | SYN_RECV 60
        c A window=500              | ESTABLISHED | ESTABLISHED 432000 assured
        s A window=500              | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=60000        | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=190000       | INVALID     | ESTABLISHED 300 assured
    """,
))  # fmt: skip
def test_upper(client, server, firewall, script, sets):
    """Up to where an end may send: what the other one's window allows, and as much again once."""
    play(client, server, firewall, script, sets)


@case("tcp.edges.lower", topology="two-lans", needs=["conntrack"], rows=scripts("CTTCP-25",
    data="""
        -- oldest byte
        c S window=500
        s SA window=500
        c A window=500
        c A data=400                 | ESTABLISHED | ESTABLISHED 300 assured
        s A window=500               | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=400                 | ESTABLISHED | ESTABLISHED 300 assured
        s A window=500               | ESTABLISHED | ESTABLISHED 432000 assured
        c A seq=-500 window=0        | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=-501 window=1        | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=-501 window=500      | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=-500 window=500      | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=-502 window=0 | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=-501 window=0 | ESTABLISHED | ESTABLISHED 300 assured
        -- of server
        c S window=500
        s SA window=500
        c A window=500
        s A data=400            | ESTABLISHED | ESTABLISHED 300 assured
        c A window=600          | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=400            | ESTABLISHED | ESTABLISHED 300 assured
        c A window=500          | ESTABLISHED | ESTABLISHED 432000 assured
        s A seq=-600 window=0   | ESTABLISHED | ESTABLISHED 300 assured
        s A seq=-601 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        s A seq=-600 window=500 | ESTABLISHED | ESTABLISHED 432000 assured
        -- oldest ack
        c S window=200 wscale=8           | NEW         | SYN_SENT 120 unreplied
        s SA window=200 wscale=8          | ESTABLISHED | SYN_RECV 60
        c A window=200                    | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=10 seq=50000 window=200  | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=50010 window=200          | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=10 seq=100000 window=200 | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=34010 window=0            | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=34009 window=200          | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=34010 window=200          | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=100011                    | INVALID     | ESTABLISHED 300 assured
        -- oldest ack of a wide window
        c S window=300 wscale=8           | NEW         | SYN_SENT 120 unreplied
        s SA window=300 wscale=8          | ESTABLISHED | SYN_RECV 60
        c A window=300                    | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=10 seq=76000 window=300  | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=76010 window=300          | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=10 seq=152000 window=300 | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=75210 window=0            | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=75209 window=300          | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=75210 window=300          | ESTABLISHED | ESTABLISHED 300 assured
    """,
    acknowledgements="""
        -- acknowledged
        c S window=500
        s SA window=500
        c A window=500
        c A data=10        | ESTABLISHED | ESTABLISHED 300 assured
        c A data=10        | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=11         | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=21         | ESTABLISHED | ESTABLISHED 432000 assured
        s A data=10 ack=11 | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=1          | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=11         | ESTABLISHED | ESTABLISHED 432000 assured
        s A ack=22         | INVALID     | ESTABLISHED 432000 assured
        -- fin counts
        c S window=500
        s SA window=500
        c A window=500
        c FA            | ESTABLISHED | FIN_WAIT 120 assured
        s A ack=3       | INVALID     | FIN_WAIT 120 assured
        s A ack=2       | ESTABLISHED | CLOSE_WAIT 60 assured
        s FA            | ESTABLISHED | LAST_ACK 30 assured
        c A ack=3       | INVALID     | LAST_ACK 30 assured
        c A ack=2       | ESTABLISHED | TIME_WAIT 120 assured
        -- syn counts once
        c S data=8          | NEW         | SYN_SENT 120 unreplied
        s SA ack=10         | INVALID     | SYN_SENT 120 unreplied
        s SA ack=9 isn=5000 | ESTABLISHED | SYN_RECV 60
        c A                 | ESTABLISHED | ESTABLISHED 432000 assured
    """,
))  # fmt: skip
def test_lower(client, server, firewall, script, sets):
    """Down to where: old data and old acknowledgements pass, but they say nothing any more."""
    play(client, server, firewall, script, sets)


@case("tcp.edges.sack", topology="two-lans", needs=["conntrack"], rows=scripts("CTTCP-51",
    blocks="""
        -- highest block
        c S window=500 sackok
        s SA window=500 sackok
        c A window=500
        s A data=100 window=500
        c A ack=1 sack=51..101                                              | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=1 sack=51..102                                              | INVALID     | ESTABLISHED 300 assured
        c A ack=1 options=0101050affffffff000013ff                          | INVALID     | ESTABLISHED 300 assured
        c A ack=1 options=01010512000013890000138a000013890000ffff          | INVALID     | ESTABLISHED 300 assured
        c A ack=1 options=010105120000138900001390000013890000138a window=0 | ESTABLISHED | ESTABLISHED 300 assured
        -- moves the window
        c S window=500 sackok
        s SA window=500 sackok
        c A window=500
        s A data=100 window=500
        c A ack=1 sack=51..101 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=601                | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=1203               | INVALID     | ESTABLISHED 300 assured
        -- first option only
        c S window=500 sackok
        s SA window=500 sackok
        c A window=500
        s A data=100 window=500
        c A ack=1 options=050a000013890000138a050a0000138900ffffff     | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=1 options=050900001389000013050a0000138900ffffff000000 | INVALID     | ESTABLISHED 300 assured
        c A ack=1 options=0512000013890000138a0000138900ffffff0000     | INVALID     | ESTABLISHED 300 assured
        c A ack=1 options=05020101050a0000138900ffffff                 | INVALID     | ESTABLISHED 300 assured
        c A ack=1 options=0100050a0000138900ffffff                     | ESTABLISHED | ESTABLISHED 300 assured
        -- of server
        c S window=500 sackok   | NEW         | SYN_SENT 120 unreplied
        s SA window=500 sackok  | ESTABLISHED | SYN_RECV 60
        c A data=100 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=1 sack=51..101  | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=1 sack=51..102  | INVALID     | ESTABLISHED 300 assured
        -- offered by one
        c S window=500 sackok   | NEW         | SYN_SENT 120 unreplied
        s SA window=500         | ESTABLISHED | SYN_RECV 60
        c A data=100 window=500 | ESTABLISHED | ESTABLISHED 300 assured
        s A ack=1 sack=51..102  | INVALID     | ESTABLISHED 300 assured
        s A data=100            | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=1 sack=51..102  | ESTABLISHED | ESTABLISHED 300 assured
    """,
))  # fmt: skip
def test_sack(client, server, firewall, script, sets):
    """Selective acknowledgements count as acknowledgements where they were agreed upon."""
    play(client, server, firewall, script, sets)


@case("tcp.edges.repeats", topology="two-lans", needs=["conntrack"], rows=scripts("CTTCP-45",
    same="""
        -- of server
        c S window=500
        s SA window=500
        c A window=500
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        s A             | ESTABLISHED | ESTABLISHED 300 assured
        s A window=1000 | ESTABLISHED | ESTABLISHED 432000 assured
        -- window
        c S window=500
        s SA window=500
        c A window=500
        c A window=400  | ESTABLISHED | ESTABLISHED 432000 assured
        c A window=400  | ESTABLISHED | ESTABLISHED 432000 assured
        c A window=400  | ESTABLISHED | ESTABLISHED 432000 assured
        c A window=401  | ESTABLISHED | ESTABLISHED 432000 assured
        c A window=401  | ESTABLISHED | ESTABLISHED 432000 assured
        c A window=401  | ESTABLISHED | ESTABLISHED 432000 assured
        c A window=401  | ESTABLISHED | ESTABLISHED 300 assured
        -- ack
        c S window=500
        s SA window=500
        c A window=500
        s A data=10     | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=1       | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=1       | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=2       | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=2       | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=2       | ESTABLISHED | ESTABLISHED 300 assured
        c A ack=2       | ESTABLISHED | ESTABLISHED 300 assured
        -- number
        c S window=500
        s SA window=500
        c A window=500
        c A data=1      | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=2       | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=1       | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=1       | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=1       | ESTABLISHED | ESTABLISHED 300 assured
        c A seq=1       | ESTABLISHED | ESTABLISHED 300 assured
        -- data
        c S window=500
        s SA window=500
        c A window=500
        s A window=500   | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=9       | ESTABLISHED | ESTABLISHED 300 assured
        c A data=9 seq=1 | ESTABLISHED | ESTABLISHED 300 assured
        c A data=9 seq=1 | ESTABLISHED | ESTABLISHED 300 assured
        c A data=9 seq=1 | ESTABLISHED | ESTABLISHED 300 assured
        s A              | ESTABLISHED | ESTABLISHED 432000 assured
        -- turns
        c S window=500
        s SA window=500
        c A window=500
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 300 assured
        -- with push
        c S window=500
        s SA window=500
        c A window=500
        c PA            | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c PA            | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 300 assured
    """,
    limit=(NARROW + """
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 300 assured
        c A             | ESTABLISHED | ESTABLISHED 300 assured
    """, {"max_retrans": 1}),
    no_limit=(NARROW + """
        c A             | ESTABLISHED | ESTABLISHED 300 assured
        c A             | ESTABLISHED | ESTABLISHED 300 assured
        c A             | ESTABLISHED | ESTABLISHED 300 assured
    """, {"max_retrans": 0}),
    shorter=(NARROW + """
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A             | ESTABLISHED | ESTABLISHED 20 assured
        c A             | ESTABLISHED | ESTABLISHED 20 assured
    """, {"timeout_max_retrans": 20}),
    longer_unacknowledged=(NARROW + """
        c A data=1      | ESTABLISHED | ESTABLISHED 20 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A window=0    | ESTABLISHED | ESTABLISHED 30 assured
    """, {"timeout_unacknowledged": 20, "timeout_max_retrans": 30}),
    longer_than_state=("""
        c S           | NEW         | SYN_SENT 100 unreplied
        s SA window=0 | ESTABLISHED | SYN_RECV 60
        c A data=1    | ESTABLISHED | ESTABLISHED 100 assured
        c FA window=0 | ESTABLISHED | FIN_WAIT 100 assured
        s A           | ESTABLISHED | CLOSE_WAIT 60 assured
        s FA          | ESTABLISHED | LAST_ACK 30 assured
        c A           | ESTABLISHED | TIME_WAIT 120 assured
    """, {"timeout_unacknowledged": 100, "timeout_max_retrans": 100}),
    unreplied=("""
        c A | NEW         | ESTABLISHED 100 unreplied
        c A | NEW         | ESTABLISHED 100 unreplied
        c A | NEW         | ESTABLISHED 100 unreplied
        c A | NEW         | ESTABLISHED 100 unreplied
    """, {"timeout_unacknowledged": 100}),
    unreplied_short=("""
        c A | NEW         | ESTABLISHED 60 unreplied
        s A | ESTABLISHED | ESTABLISHED 60
        s A | ESTABLISHED | ESTABLISHED 60 assured
    """, {"timeout_unacknowledged": 100, "timeout_established": 60}),
))  # fmt: skip
def test_repeats(client, server, firewall, script, sets):
    """An ACK that comes again and again, data that nobody acknowledges, a closed window: the wait becomes shorter."""
    play(client, server, firewall, script, sets)


@case("tcp.edges.reset", topology="two-lans", needs=["conntrack"], rows=scripts("CTTCP-27",
    numbers="""
        -- an old acknowledgement in between
        c S window=500
        s SA window=500
        c A window=500
        c A data=100
        s A                            | ESTABLISHED | ESTABLISHED 432000
        s A ack=51                     | ESTABLISHED |
        c R seq=60                     | INVALID     | ESTABLISHED
        c R seq=100                    | INVALID     | ESTABLISHED
        c R seq=101                    | ESTABLISHED | CLOSE 10
        -- one below
        c S window=500
        s SA window=500
        c A window=500
        c A data=100    | ESTABLISHED | ESTABLISHED 300 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        c R seq=100     | INVALID     | ESTABLISHED 432000 assured
        c R seq=101     | ESTABLISHED | CLOSE 10 assured
        -- one above
        c S window=500
        s SA window=500
        c A window=500
        c A data=100    | ESTABLISHED | ESTABLISHED 300 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        c R seq=102     | ESTABLISHED | ESTABLISHED 10 assured
        -- behind data
        c S window=500
        s SA window=500
        c A window=500
        c A data=100    | ESTABLISHED | ESTABLISHED 300 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=50     | ESTABLISHED | ESTABLISHED 300 assured
        c R seq=150     | ESTABLISHED | ESTABLISHED 10 assured
        c R seq=151     | ESTABLISHED | ESTABLISHED 10 assured
        -- behind fin
        c S window=500
        s SA window=500
        c A window=500
        s A data=10     | ESTABLISHED | ESTABLISHED 300 assured
        s R             | ESTABLISHED | CLOSE 10 assured
        -- in window edge
        c S window=500
        s SA window=500
        c A window=500
        c A data=1      | ESTABLISHED | ESTABLISHED 300 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        c R seq=501     | ESTABLISHED | ESTABLISHED 10 assured
    """,
    openings="""
        -- before assured
        c S        | NEW         | SYN_SENT 120 unreplied
        s SA       | ESTABLISHED | SYN_RECV 60
        c R seq=77 | ESTABLISHED | CLOSE 10
        -- zero before assured
        c S           | NEW         | SYN_SENT 120 unreplied
        s SA          | ESTABLISHED | SYN_RECV 60
        c R seq=-1001 | ESTABLISHED | CLOSE 10
        -- ack of nothing
        c S window=500
        s SA window=500
        c A window=500
        s RA ack=-5001  | ESTABLISHED | CLOSE 10 assured
        s RA ack=+9     | ESTABLISHED | CLOSE 10 assured
        -- with ack too high
        c S window=500
        s SA window=500
        c A window=500
        s RA ack=+9     | INVALID     | ESTABLISHED 432000 assured
        s RA ack=+0     | ESTABLISHED | CLOSE 10 assured
        -- refused with zero
        c S            | NEW         | SYN_SENT 120 unreplied
        s RA seq=-5000 | ESTABLISHED | gone
    """,
    picked_up="""
        -- refused wrongly
        c S                   | NEW         | SYN_SENT 120 unreplied
        s RA seq=-5000 ack=+1 | ESTABLISHED | gone
        s RA seq=-5000 ack=+0 | INVALID     | gone
        -- refused without ack
        c S           | NEW         | SYN_SENT 120 unreplied
        s R seq=-5000 | ESTABLISHED | gone
        -- after pick up
        c A data=5 | NEW         | ESTABLISHED 300 unreplied
        s R seq=50 | ESTABLISHED | gone
        -- own after pick up
        c A data=5 | NEW         | ESTABLISHED 300 unreplied
        c R seq=50 | NEW         | gone
        -- both picked up
        c A data=5  | NEW         | ESTABLISHED 300 unreplied
        s A data=7  | ESTABLISHED | ESTABLISHED 300
        c A         | ESTABLISHED | ESTABLISHED 432000 assured
        s R seq=900 | ESTABLISHED | ESTABLISHED 10 assured
        c R seq=5   | ESTABLISHED | CLOSE 10 assured
        c R         | ESTABLISHED | CLOSE 10 assured
    """,
    answers="""
        -- answers let syn
        c S window=500
        s SA window=500
        c A window=500
        c S isn=3000000      | ESTABLISHED | ESTABLISHED 432000 assured
        s RA seq=-5001 ack=1 | ESTABLISHED | CLOSE 10 assured
        -- answers let syn wrongly
        c S window=500
        s SA window=500
        c A window=500
        c S isn=3000000      | ESTABLISHED | ESTABLISHED 432000 assured
        s RA seq=-5001 ack=2 | INVALID     | ESTABLISHED 432000 assured
        s RA seq=+0 ack=0    | INVALID     | ESTABLISHED 432000 assured
        -- answers let ack
        c S                | NEW         | SYN_SENT 120 unreplied
        s A seq=70 ack=900 | ESTABLISHED | SYN_SENT 120
        c R seq=900        | ESTABLISHED | CLOSE 10
        c S                | NEW         | SYN_SENT 120 unreplied
        -- answers let ack wrongly
        c S                | NEW         | SYN_SENT 120 unreplied
        s A seq=70 ack=900 | ESTABLISHED | SYN_SENT 120
        c R seq=901        | INVALID     | SYN_SENT 120
        c S                | ESTABLISHED | SYN_SENT 120
        -- other fin first
        c S window=500
        s SA window=500
        c A window=500
        c FA seq=+2000  | INVALID     | ESTABLISHED 432000 assured
        s FA seq=+2000  | INVALID     | ESTABLISHED 300 assured
        s FA seq=+2000  | INVALID     | ESTABLISHED 300 assured
    """,
    out_of_step_same_side=(NARROW + """
        c FA seq=+2000  | INVALID     | ESTABLISHED 432000 assured
        c R seq=+2000   | INVALID     | ESTABLISHED 432000 assured
        s A seq=+2000   | INVALID     | ESTABLISHED 432000 assured
        s R seq=+2000   | INVALID     | ESTABLISHED 20 assured
    """, {"timeout_unacknowledged": 20}),
    out_of_step_unassured=("""
        c S             | NEW         | SYN_SENT 120 unreplied
        s SA window=9   | ESTABLISHED | SYN_RECV 60
        c FA seq=+2000  | INVALID     | SYN_RECV 60
        s FA seq=+90000 | INVALID     | SYN_RECV 60
    """, {"timeout_unacknowledged": 20}),
    at_120=(NARROW + """
        c R seq=+1      | ESTABLISHED | ESTABLISHED 120 assured
        s R seq=+2000   | ESTABLISHED | ESTABLISHED 120 assured
    """, {"timeout_close": 120, "timeout_unacknowledged": 20}),
    at_122=(NARROW + """
        c R seq=+1      | ESTABLISHED | ESTABLISHED 122 assured
        s R seq=+2000   | ESTABLISHED | ESTABLISHED 122 assured
    """, {"timeout_close": 122, "timeout_unacknowledged": 20}),
    shorter_already=(NARROW + """
        c R seq=+1      | ESTABLISHED | ESTABLISHED 200 assured
        s R seq=+2000   | ESTABLISHED | ESTABLISHED 200 assured
    """, {"timeout_close": 200, "timeout_unacknowledged": 250}),
    invalid_passes=(NARROW + """
        c A data=100    | ESTABLISHED | ESTABLISHED 300 assured
        s A             | ESTABLISHED | ESTABLISHED 432000 assured
        c R seq=50      | ESTABLISHED | ESTABLISHED 10 assured
        c R seq=+600    | ESTABLISHED | ESTABLISHED 10 assured
        c R seq=101     | ESTABLISHED | CLOSE 10 assured
    """, {"ignore_invalid_rst": 1}),
))  # fmt: skip
def test_reset(client, server, firewall, script, sets):
    """Which resets close, which are false, and which show that both ends know more than the firewall."""
    play(client, server, firewall, script, sets)


@case("tcp.edges.let", topology="two-lans", needs=["conntrack"], rows=scripts("CTTCP-34",
    answers="""
        -- other options
        c S window=500
        s SA window=500
        c A window=500
        c S isn=3000000 window=300 wscale=2  | ESTABLISHED | ESTABLISHED 432000 assured
        s SA isn=7000000 window=400 wscale=3 | ESTABLISHED | SYN_RECV 60 assured
        c A window=300                       | ESTABLISHED | ESTABLISHED 432000 assured
        s A window=400                       | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=3201                  | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=3202                  | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=6404                  | INVALID     | ESTABLISHED 300 assured
        s A data=1 seq=1201                  | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=1202                  | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=2404                  | ESTABLISHED | ESTABLISHED 300 assured
        -- no options
        c S window=500 wscale=7              | NEW         | SYN_SENT 120 unreplied
        s SA window=500 wscale=7             | ESTABLISHED | SYN_RECV 60
        c A window=500                       | ESTABLISHED | ESTABLISHED 432000 assured
        c S isn=3000000 window=300           | ESTABLISHED | ESTABLISHED 432000 assured
        s SA isn=7000000 window=400 wscale=7 | ESTABLISHED | SYN_RECV 60 assured
        c A window=300                       | ESTABLISHED | ESTABLISHED 432000 assured
        c A data=1 seq=401                   | ESTABLISHED | ESTABLISHED 300 assured
        c A data=1 seq=802                   | INVALID     | ESTABLISHED 300 assured
        s A data=1 seq=301                   | ESTABLISHED | ESTABLISHED 300 assured
        s A data=1 seq=602                   | ESTABLISHED | ESTABLISHED 300 assured
        -- wrong answer
        c S window=500
        s SA window=500
        c A window=500
        c S isn=3000000        | ESTABLISHED | ESTABLISHED 432000 assured
        s SA isn=7000000 ack=2 | ESTABLISHED | ESTABLISHED 432000 assured
        c A                    | INVALID     | ESTABLISHED 432000 assured
        -- answer without syn
        c S window=500
        s SA window=500
        c A window=500
        s SA seq=0       | ESTABLISHED | ESTABLISHED 432000 assured
        s SA isn=7000000 | ESTABLISHED | ESTABLISHED 432000 assured
        c A              | INVALID     | ESTABLISHED 432000 assured
        -- answered by ack
        c S window=500
        s SA window=500
        c A window=500
        c S isn=3000000  | ESTABLISHED | ESTABLISHED 432000 assured
        s A ack=-2999999 | ESTABLISHED | ESTABLISHED 432000 assured
        c A seq=-2999999 | ESTABLISHED | ESTABLISHED 432000 assured
    """,
    closing="""
        -- challenge
        c S                    | NEW         | SYN_SENT 120 unreplied
        s SA                   | ESTABLISHED | SYN_RECV 60
        c A                    | ESTABLISHED | ESTABLISHED 432000 assured
        s FA                   | ESTABLISHED | FIN_WAIT 120 assured
        c FA                   | ESTABLISHED | LAST_ACK 30 assured
        c S isn=3000000        | ESTABLISHED | LAST_ACK 30 assured
        s A ack=-2999999 seq=2 | ESTABLISHED | LAST_ACK 30 assured
        s A ack=-2999999 seq=2 | ESTABLISHED | TIME_WAIT 120 assured
        -- no challenge
        c S              | NEW         | SYN_SENT 120 unreplied
        s SA             | ESTABLISHED | SYN_RECV 60
        c A              | ESTABLISHED | ESTABLISHED 432000 assured
        c FA             | ESTABLISHED | FIN_WAIT 120 assured
        s FA             | ESTABLISHED | LAST_ACK 30 assured
        c S isn=3000000  | ESTABLISHED | LAST_ACK 30 assured
        c A seq=-2998998 | ESTABLISHED | TIME_WAIT 120 assured
        -- challenge answered
        c S              | NEW         | SYN_SENT 120 unreplied
        s SA             | ESTABLISHED | SYN_RECV 60
        c A              | ESTABLISHED | ESTABLISHED 432000 assured
        s FA             | ESTABLISHED | FIN_WAIT 120 assured
        c FA             | ESTABLISHED | LAST_ACK 30 assured
        c S isn=3000000  | ESTABLISHED | LAST_ACK 30 assured
        s SA isn=7000000 | ESTABLISHED | SYN_RECV 60 assured
        c A              | ESTABLISHED | ESTABLISHED 432000 assured
        c FA             | ESTABLISHED | FIN_WAIT 120 assured
        s FA             | ESTABLISHED | LAST_ACK 30 assured
        c A              | ESTABLISHED | TIME_WAIT 120 assured
        -- in close wait
        c S window=500
        s SA window=500
        c A window=500
        c FA            | ESTABLISHED | FIN_WAIT 120 assured
        s A             | ESTABLISHED | CLOSE_WAIT 60 assured
        c S isn=3000000 | ESTABLISHED | CLOSE_WAIT 60 assured
        s A             | INVALID     | CLOSE_WAIT 60 assured
        s FA            | INVALID     | CLOSE_WAIT 60 assured
        c A             | INVALID     | CLOSE_WAIT 60 assured
        -- simultaneous
        c S              | NEW         | SYN_SENT 120 unreplied
        s S              | ESTABLISHED | SYN_SENT2 120
        s A              | ESTABLISHED | SYN_SENT2 120
        c SA seq=0 ack=1 | ESTABLISHED | SYN_RECV 60
        s A              | ESTABLISHED | ESTABLISHED 432000 assured
        c A              | ESTABLISHED | ESTABLISHED 432000 assured
    """,
    anew="""
        -- simultaneous close
        c S window=500
        s SA window=500
        c A window=500
        c FA            | ESTABLISHED | FIN_WAIT 120 assured
        s FA ack=1      | ESTABLISHED | LAST_ACK 30 assured
        c A             | ESTABLISHED | TIME_WAIT 120 assured
        s A             | ESTABLISHED | TIME_WAIT 120 assured
        c S isn=3000000 | NEW         | SYN_SENT 120 unreplied
        -- server begins anew
        c S window=500
        s SA window=500
        c A window=500
        c FA            | ESTABLISHED | FIN_WAIT 120 assured
        s FA            | ESTABLISHED | LAST_ACK 30 assured
        c A             | ESTABLISHED | TIME_WAIT 120 assured
        s S isn=7000000 | NEW
        -- server after own reset
        c S window=500
        s SA window=500
        c A window=500
        s R             | ESTABLISHED | CLOSE 10 assured
        s S isn=7000000 | INVALID     | CLOSE 10 assured
        c S isn=3000000 | ESTABLISHED | CLOSE 10 assured
        -- wide and closed
        c S window=500
        s SA window=500
        c A window=500
        c R              | ESTABLISHED | CLOSE 10 assured
        c S isn=3000000  | NEW         | SYN_SENT 120 unreplied
        s SA isn=7000000 | ESTABLISHED | SYN_RECV 60
        c A              | ESTABLISHED | ESTABLISHED 432000 assured
    """,
))  # fmt: skip
def test_let(client, server, firewall, script, sets):
    """What is let through because the ends may know better, and how their answer is taken."""
    play(client, server, firewall, script, sets)
