"""TCP through conntrack: the life of a connection and its timeouts, odd segments, windows, resets and new beginnings.

Scripts are read as conformance/tcp_script.py says: who sends what | the packet's state | the entry behind it.
"""

from conformance.tcp_script import play
from conformance.vocabulary import case

OPEN = """
    c S     | NEW         | SYN_SENT 120 unreplied
    s SA    | ESTABLISHED | SYN_RECV 60 replied
    c A     | ESTABLISHED | ESTABLISHED 432000 assured
"""


def scripts(**rows):
    """Rows of a family from name=(ids of requirements, script[, sysctls])."""
    return {
        name.replace("_", "-"): {"script": script, "sets": dict(*sets), "cites": cites.split()}
        for name, (cites, script, *sets) in rows.items()
    }


@case("tcp.life", topology="two-lans", needs=["conntrack"], rows=scripts(
    open=("CTTCP-01 CTTCP-02 CTTCP-03 CTTCP-13", OPEN),
    close=("CTTCP-05 CTTCP-06 CTTCP-07 CTTCP-08", OPEN + """
        c FA    | ESTABLISHED | FIN_WAIT 120 assured
        s A     | ESTABLISHED | CLOSE_WAIT 60
        s FA    | ESTABLISHED | LAST_ACK 30
        c A     | ESTABLISHED | TIME_WAIT 120 assured
    """),
    close_by_server=("CTTCP-05 CTTCP-06 CTTCP-07 CTTCP-08", OPEN + """
        s FA    | ESTABLISHED | FIN_WAIT 120
        c A     | ESTABLISHED | CLOSE_WAIT 60
        c FA    | ESTABLISHED | LAST_ACK 30
        s A     | ESTABLISHED | TIME_WAIT 120
    """),
    unacknowledged=("CTTCP-04", OPEN + """
        c A data=10  | ESTABLISHED | ESTABLISHED 300
        s A          | ESTABLISHED | ESTABLISHED 432000
        s A data=10  | ESTABLISHED | ESTABLISHED 300
        c A          | ESTABLISHED | ESTABLISHED 432000
    """),
    reset=("CTTCP-09", OPEN + "c R | ESTABLISHED | CLOSE 10 assured"),
    reset_by_server=("CTTCP-09 CTTCP-29", OPEN + "s R | ESTABLISHED | CLOSE 10"),
    refused=("CTTCP-10", """
        c S     | NEW         | SYN_SENT 120 unreplied
        s RA    | ESTABLISHED | gone
    """),
    reset_after_syn_ack=("CTTCP-11", """
        c S     | NEW         | SYN_SENT
        s SA    | ESTABLISHED | SYN_RECV
        c R     | ESTABLISHED | CLOSE
    """),
    both_at_once=("CTTCP-12 CTTCP-13", """
        c S     | NEW         | SYN_SENT 120
        s S     | ESTABLISHED | SYN_SENT2 120
        c SA seq=0 ack=1  | ESTABLISHED | SYN_RECV 60
        s SA seq=0 ack=1  | ESTABLISHED | SYN_RECV 60
        c A     | ESTABLISHED | ESTABLISHED 432000
    """),
    syn_again=("CTTCP-14", """
        c S        | NEW | SYN_SENT 120 unreplied
        wait 1.2
        c S seq=0  | NEW | SYN_SENT 118 unreplied
    """, {"timeout_syn_sent": 120}),
    syn_ack_again=("CTTCP-42", """
        c S        | NEW         | SYN_SENT
        s SA       | ESTABLISHED | SYN_RECV
        s SA seq=0 | ESTABLISHED | SYN_RECV
        c S seq=0  | ESTABLISHED | SYN_RECV
        c A        | ESTABLISHED | ESTABLISHED 432000 assured
    """),
    fin_before_ack=("CTTCP-43", """
        c S     | NEW         | SYN_SENT
        s SA    | ESTABLISHED | SYN_RECV
        c FA    | ESTABLISHED | FIN_WAIT
    """),
    fin_again=("CTTCP-44", OPEN + """
        c FA         | ESTABLISHED | FIN_WAIT 120
        c FA seq=1   | ESTABLISHED | LAST_ACK 30
    """),
    syn_with_data=("CTTCP-49", """
        c S data=8  | NEW         | SYN_SENT
        s SA        | ESTABLISHED | SYN_RECV
        c A         | ESTABLISHED | ESTABLISHED assured
    """),
    numbers_wrap=("CTTCP-48", """
        c S isn=0xffffffff window=8192   | NEW         | SYN_SENT
        s SA isn=0xfffffff0 window=8192  | ESTABLISHED | SYN_RECV
        c A window=8192                  | ESTABLISHED | ESTABLISHED assured
        c A data=100 window=8192 | ESTABLISHED | ESTABLISHED 300
        s A data=100 window=8192 | ESTABLISHED | ESTABLISHED 300
        c A window=8192     | ESTABLISHED | ESTABLISHED 432000
        c A data=10 seq=+100000 | INVALID | ESTABLISHED
    """),
))  # fmt: skip
def test_life(client, server, firewall, script, sets):
    """The states of a connection from SYN to TIME_WAIT, and how long each is remembered."""
    play(client, server, firewall, script, sets)


@case("tcp.pick-up", topology="two-lans", needs=["conntrack"], rows=scripts(
    ack=("CTTCP-15", "c A | NEW | ESTABLISHED 300 unreplied"),
    both_ways=("CTTCP-16", """
        c A data=5  | NEW         | ESTABLISHED 300 unreplied
        s A         | ESTABLISHED | ESTABLISHED replied
        c A         | ESTABLISHED | ESTABLISHED 432000 assured
    """),
    not_loose=("CTTCP-17", """
        c A   | INVALID | gone
        c PA data=5 | INVALID | gone
        c S   | NEW     | SYN_SENT 120
    """, {"loose": 0}),
    fin=("CTTCP-19", "c F | INVALID | gone"), fin_ack=("CTTCP-19", "c FA | INVALID | gone"),
    rst=("CTTCP-19", "c R | INVALID | gone"), rst_ack=("CTTCP-19", "c RA | INVALID | gone"),
    syn_ack=("CTTCP-19", "c SA | INVALID | gone"),
    from_client_in_syn_sent=("CTTCP-41", """
        c S    | NEW     | SYN_SENT
        c A    | INVALID | SYN_SENT
        c FA   | INVALID | SYN_SENT
    """),
))  # fmt: skip
def test_pick_up(client, server, firewall, script, sets):
    """A connection that is older than the firewall is picked up in the middle, but not from its end."""
    play(client, server, firewall, script, sets)


@case("tcp.loose-is-default", topology="host", needs=["conntrack"], cites=["CTTCP-18"])
def test_loose_is_default(firewall):
    """Picking up is on unless somebody switches it off."""
    firewall.runs("sysctl -n net.netfilter.nf_conntrack_tcp_loose").prints("1")


@case("tcp.flags", topology="two-lans", needs=["conntrack"], cites=["CTTCP-20"], rows={
    flags: {"flags": flags} for flags in ("none", "F", "SF", "SR", "SFA", "U", "P", "PU", "FPU", "SAFRPU", "FR", "FRA", "SRA")})  # fmt: skip
def test_illegal_flags(client, server, firewall, flags):
    """Flags that do not go together are INVALID without an entry, in an open connection, and at its end."""
    play(client, server, firewall, f"c {flags} seq=0 ack=0 | INVALID | gone" + OPEN + f"""
        c {flags} seq=+0  | INVALID     | ESTABLISHED 432000
        s {flags} seq=+0  | INVALID     | ESTABLISHED 432000
    """)  # fmt: skip


@case("tcp.flags-of-syn", topology="two-lans", needs=["conntrack"], cites=["CTTCP-21"], rows={
    flags: {"flags": flags} for flags in ("SU", "SEC", "SE", "SP", "SC")})  # fmt: skip
def test_legal_flags(client, server, firewall, flags):
    """A SYN with the urgent bit or with those of ECN opens a connection like any other."""
    play(client, server, firewall, f"""
        c {flags} | NEW         | SYN_SENT 120
        s SA      | ESTABLISHED | SYN_RECV
    """)  # fmt: skip


@case("tcp.scan-of-open-connection", topology="two-lans", needs=["conntrack"], cites=["CTTCP-50"], rows={
    name: {"flags": flags} for name, flags in (("null", "none"), ("xmas", "FPU"), ("syn-fin", "SF"))})  # fmt: skip
def test_scan_of_open_connection(client, server, firewall, flags):
    """Segments of a port scan do not change the connection that they hit; it goes on."""
    play(client, server, firewall, OPEN + f"""
        c {flags} data=5 seq=+0 | INVALID     | ESTABLISHED 432000
        c A data=10             | ESTABLISHED | ESTABLISHED 300
        s A                     | ESTABLISHED | ESTABLISHED 432000
    """)  # fmt: skip


SMALL = """
    c S window=8192   | NEW         | SYN_SENT
    s SA window=8192  | ESTABLISHED | SYN_RECV
    c A window=8192   | ESTABLISHED | ESTABLISHED 432000 assured
"""


@case("tcp.window", topology="two-lans", needs=["conntrack"], rows=scripts(
    far_beyond=("CTTCP-22", SMALL + """
        c A data=10 seq=+100000  | INVALID     | ESTABLISHED 432000
        s A data=10 seq=+100000  | INVALID     | ESTABLISHED 432000
        c A data=10 window=8192  | ESTABLISHED | ESTABLISHED 300
    """),
    slightly_beyond=("CTTCP-23", SMALL + "c A data=1 seq=+8192 window=8192 | ESTABLISHED | ESTABLISHED 300"),
    acknowledges_what_was_not_sent=("CTTCP-24", SMALL + """
        c A ack=+5000  | INVALID     | ESTABLISHED 432000
        s A ack=+5000  | INVALID     | ESTABLISHED 432000
    """),
    old_data=("CTTCP-25", SMALL + """
        c A data=10 window=8192        | ESTABLISHED | ESTABLISHED 300
        s A window=8192                | ESTABLISHED | ESTABLISHED 432000
        c A data=10 seq=1 window=8192  | ESTABLISHED | ESTABLISHED
        c A data=10 seq=-60000         | ESTABLISHED | ESTABLISHED
        c A ack=-70000                 | ESTABLISHED | ESTABLISHED
    """),
    liberal=("CTTCP-26", SMALL + """
        c A data=10 seq=+100000  | ESTABLISHED | ESTABLISHED
        c A ack=+5000            | ESTABLISHED | ESTABLISHED
        c R seq=-500             | INVALID     | ESTABLISHED
    """, {"be_liberal": 1}),
    three_equal_acks=("CTTCP-45", SMALL + """
        c A window=8192  | ESTABLISHED | ESTABLISHED 432000
        c A window=8192  | ESTABLISHED | ESTABLISHED 432000
        c A window=8192  | ESTABLISHED | ESTABLISHED 300
    """),
    closed=("CTTCP-46", SMALL + """
        s A window=0     | ESTABLISHED | ESTABLISHED 300
        s A window=8192  | ESTABLISHED | ESTABLISHED 432000
    """),
    scaled=("CTTCP-47", """
        c S window=8192 wscale=7         | NEW         |
        s SA window=8192 wscale=7        | ESTABLISHED |
        c A window=8192                  | ESTABLISHED |
        s A window=8192                  | ESTABLISHED |
        c A data=10 seq=+100000 window=8192 | ESTABLISHED | ESTABLISHED 300
    """),
    scaled_by_one=("CTTCP-47", """
        c S window=8192 wscale=7         | NEW         |
        s SA window=8192                 | ESTABLISHED |
        c A window=8192                  | ESTABLISHED |
        s A window=8192                  | ESTABLISHED |
        c A data=10 seq=+100000          | INVALID     | ESTABLISHED 432000
    """),
    syn_is_not_scaled=("CTTCP-47", """
        c S window=8192 wscale=7         | NEW         |
        s SA window=8192 wscale=7        | ESTABLISHED |
        c A window=8192                  | ESTABLISHED |
        c A data=10 seq=+100000          | INVALID     | ESTABLISHED 432000
    """),
    sack=("CTTCP-51", """
        c S window=8192 sackok           | NEW         |
        s SA window=8192 sackok          | ESTABLISHED |
        c A window=8192                  | ESTABLISHED |
        s A sack=+3000..+5000            | INVALID     | ESTABLISHED 432000
    """),
    sack_not_agreed=("CTTCP-51", """
        c S window=8192                  | NEW         |
        s SA window=8192                 | ESTABLISHED |
        c A window=8192                  | ESTABLISHED |
        s A sack=+3000..+5000            | ESTABLISHED | ESTABLISHED 432000
    """),
))  # fmt: skip
def test_window(client, server, firewall, script, sets):
    """What cannot belong to the connection by its numbers is INVALID and changes nothing."""
    play(client, server, firewall, script, sets)


@case("tcp.reset", topology="two-lans", needs=["conntrack"], rows=scripts(
    number_zero=("CTTCP-27", OPEN + "s R seq=-5001 | INVALID | ESTABLISHED 432000"),
    far_beyond=("CTTCP-27", OPEN + "s R seq=+1000000 | INVALID | ESTABLISHED 432000"),
    below_last_ack=("CTTCP-27", OPEN + """
        c A data=100  | ESTABLISHED |
        s A           | ESTABLISHED | ESTABLISHED 432000
        c R seq=50    | INVALID     | ESTABLISHED 432000
    """),
    not_exact=("CTTCP-28", OPEN + "s R seq=+50 | ESTABLISHED | ESTABLISHED 10"),
    exact=("CTTCP-29", OPEN + "c R | ESTABLISHED | CLOSE 10"),
    exact_with_ack=("CTTCP-29", OPEN + "c RA | ESTABLISHED | CLOSE 10"),
    ignored_when_false=("CTTCP-30", OPEN + """
        c A data=100  | ESTABLISHED |
        s A           | ESTABLISHED | ESTABLISHED 432000
        c R seq=50    | ESTABLISHED | ESTABLISHED
    """, {"ignore_invalid_rst": 1}),
    both_out_of_step=("CTTCP-27", OPEN + """
        s R seq=+50       | ESTABLISHED | ESTABLISHED 130
        c R seq=+1000000  | INVALID     | ESTABLISHED 20
    """, {"timeout_close": 130, "timeout_unacknowledged": 20}),
    both_out_of_step_soon_over=("CTTCP-27", OPEN + """
        s R seq=+50       | ESTABLISHED | ESTABLISHED 100
        c R seq=+1000000  | INVALID     | ESTABLISHED 100
    """, {"timeout_close": 100, "timeout_unacknowledged": 20}),
    while_closing=("CTTCP-31", OPEN + """
        c FA          | ESTABLISHED | FIN_WAIT
        s R seq=+50   | ESTABLISHED | CLOSE 10
    """),
))  # fmt: skip
def test_reset(client, server, firewall, script, sets):
    """An RST closes only if it has exactly the next number (RFC 5961); any other may be forged."""
    play(client, server, firewall, script, sets)


@case("tcp.new-beginning", topology="two-lans", needs=["conntrack"], rows=scripts(
    syn_in_open_connection=("CTTCP-32", OPEN + "c S isn=3000000 | ESTABLISHED | ESTABLISHED assured"),
    challenged=("CTTCP-33", OPEN + """
        c S isn=3000000          | ESTABLISHED | ESTABLISHED
        s A ack=-2999000         | ESTABLISHED | ESTABLISHED
        c R seq=-2999000         |             | CLOSE
        c S isn=4000000          | NEW         | SYN_SENT 120 unreplied
    """),
    answered=("CTTCP-34", OPEN + """
        c S isn=3000000          | ESTABLISHED | ESTABLISHED
        s SA isn=7000000         | ESTABLISHED | SYN_RECV 60
        c A                      | ESTABLISHED | ESTABLISHED 432000
        c A data=10              | ESTABLISHED | ESTABLISHED 300
        s A                      | ESTABLISHED | ESTABLISHED 432000
    """),
    from_server=("CTTCP-35", OPEN + "s S isn=9000000 | INVALID | ESTABLISHED 432000"),
    after_time_wait=("CTTCP-36", OPEN + """
        c FA  | ESTABLISHED | FIN_WAIT
        s A   | ESTABLISHED | CLOSE_WAIT
        s FA  | ESTABLISHED | LAST_ACK
        c A   | ESTABLISHED | TIME_WAIT
        c S isn=3000000  | NEW | SYN_SENT 120 unreplied
    """),
    after_own_reset=("CTTCP-37", OPEN + """
        c R              | ESTABLISHED | CLOSE
        c S isn=3000000  | NEW         | SYN_SENT 120 unreplied
    """),
    after_reset_of_peer=("CTTCP-37", OPEN + """
        s R              | ESTABLISHED | CLOSE
        c S isn=3000000  | ESTABLISHED | CLOSE
        s SA isn=7000000 | ESTABLISHED | SYN_RECV
        c A              | ESTABLISHED | ESTABLISHED 432000
    """),
    on_close_after_more=("CTTCP-38", OPEN + """
        c R              | ESTABLISHED | CLOSE
        s A data=10      |             | CLOSE
        c S isn=3000000  | ESTABLISHED | CLOSE
    """),
    wrong_syn_ack=("CTTCP-39", """
        c S              | NEW         | SYN_SENT
        s SA ack=+77     | INVALID     | SYN_SENT unreplied
        s SA isn=5000    | ESTABLISHED | SYN_RECV 60
        c A              | ESTABLISHED | ESTABLISHED assured
    """),
    half_open=("CTTCP-40", """
        c S              | NEW         | SYN_SENT
        s A seq=70 ack=+900    | ESTABLISHED | SYN_SENT
        c R seq=+900     | ESTABLISHED |
        c S isn=3000000  |             | SYN_SENT
    """),
))  # fmt: skip
def test_new_beginning(client, server, firewall, script, sets):
    """A SYN where there is a connection already: repeated, new, forged, or after the end."""
    play(client, server, firewall, script, sets)
