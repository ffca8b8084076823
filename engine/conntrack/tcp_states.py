"""What each kind of TCP segment does to a tracked connection.

Read a cell as: a connection in the state at the TOP sees a segment of the kind at the LEFT. A state's name: it moves
there. `.`: it stays. `let`: the segment goes through and the entry is untouched (perhaps we are the one out of step).
`bad`: the segment is INVALID, the entry is untouched.

    none      no entry yet                          fin_wait  a FIN was seen
    syn_sent  SYN seen                              clo_wait  ... and acknowledged
    syn_recv  SYN/ACK seen                          last_ack  a FIN was seen from both ends
    estab     the handshake is complete             time_wait ... and the second one acknowledged
    syn_snt2  SYNs crossed (simultaneous open)      closed    RST seen

ORIGINAL are segments of the end that sent the first one, REPLY those of the other end. Everything that changes a TCP
state is in this file and, for what needs history, in the exceptions of tcp.py, which are listed under the grid; window
sums are in tcp_window.py. Checked on the kernel cell by cell.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.grids import Grid, grid

NONE: Final = 0
SYN_SENT: Final = 1
SYN_RECV: Final = 2
ESTABLISHED: Final = 3
FIN_WAIT: Final = 4
CLOSE_WAIT: Final = 5
LAST_ACK: Final = 6
TIME_WAIT: Final = 7
CLOSE: Final = 8
SYN_SENT2: Final = 9

# What a cell says besides a state
BAD: Final = 10
LET: Final = 11

# As listings name them
STATE_NAMES: Final = (
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
)

# As the grid names them: (name, number)
COLUMNS: Final[dict[str, int]] = {
    "none": NONE,
    "syn_sent": SYN_SENT,
    "syn_recv": SYN_RECV,
    "estab": ESTABLISHED,
    "fin_wait": FIN_WAIT,
    "clo_wait": CLOSE_WAIT,
    "last_ack": LAST_ACK,
    "time_wait": TIME_WAIT,
    "closed": CLOSE,
    "syn_snt2": SYN_SENT2,
}

# Kinds of segment. RST wins over SYN, SYN over FIN, FIN over ACK.
SYN: Final = 0
SYNACK: Final = 1
FIN: Final = 2
ACK: Final = 3
RST: Final = 4
NO_KIND: Final = 5
ROWS: Final[dict[str, int]] = {"syn": SYN, "synack": SYNACK, "fin": FIN, "ack": ACK, "rst": RST}

WORDS: Final[dict[str, int]] = {"bad": BAD, "let": LET}

ORIGINAL_TEXT: Final = """
          none      syn_sent  syn_recv  estab     fin_wait  clo_wait  last_ack  time_wait closed    syn_snt2
  syn     syn_sent  .         let       let       let       let       let       syn_sent  syn_sent  .
  synack  bad       bad       .         bad       bad       bad       bad       bad       bad       syn_recv
  fin     bad       bad       fin_wait  fin_wait  last_ack  last_ack  .         .         .         bad
  ack     estab     bad       estab     .         clo_wait  .         time_wait .         .         bad
  rst     bad       closed    closed    closed    closed    closed    closed    closed    .         closed
"""

REPLY_TEXT: Final = """
          none      syn_sent  syn_recv  estab     fin_wait  clo_wait  last_ack  time_wait closed    syn_snt2
  syn     bad       syn_snt2  bad       bad       bad       bad       bad       syn_sent  bad       .
  synack  bad       syn_recv  let       let       let       let       let       let       let       syn_recv
  fin     bad       bad       fin_wait  fin_wait  last_ack  last_ack  .         .         .         bad
  ack     bad       let       .         .         clo_wait  .         time_wait .         .         let
  rst     bad       closed    closed    closed    closed    closed    closed    closed    .         closed
"""

NOTHING: Final = [BAD] * len(COLUMNS)  # a segment of no kind

GRIDS: Final[list[Grid]] = [
    [*grid(ORIGINAL_TEXT, COLUMNS, ROWS, WORDS), NOTHING],
    [*grid(REPLY_TEXT, COLUMNS, ROWS, WORDS), NOTHING],
]

# Why a cell is as it is: (direction, row, column)
WHY: Final[dict[tuple[str, str, str], str]] = {
    ("original", "ack", "none"): "loose pick-up: a flow older than the firewall; INVALID with tcp_loose=0",
    ("original", "fin", "none"): "too late: there is nothing left to close",
    ("original", "synack", "none"): "an answer without a question",
    ("original", "syn", "syn_recv"): "a repeated SYN, or a new one; the other end will say which",
    ("original", "syn", "estab"): "one end may have rebooted; the other will answer and tell us",
    ("original", "syn", "time_wait"): "RFC 1122 4.2.2.13: a new connection may take over the ports; see `reopens`",
    ("original", "syn", "closed"): "likewise after an RST; see `reopens`",
    ("original", "synack", "syn_snt2"): "simultaneous open: each end answers the other's SYN",
    ("original", "fin", "syn_sent"): "a FIN before any SYN/ACK closes nothing we know of",
    ("original", "fin", "fin_wait"): "taken for the other end's FIN, although it may be the same one again",
    ("original", "ack", "syn_sent"): "there is nothing to acknowledge yet",
    ("reply", "syn", "syn_sent"): "simultaneous open",
    ("reply", "syn", "time_wait"): "the ends may have changed places; see `reopens`",
    ("reply", "syn", "estab"): "the server cannot open what is open",
    ("reply", "synack", "estab"): "late, or the answer to a SYN we let through; see `answers_let_syn`",
    ("reply", "ack", "syn_sent"): "the other end still holds an older connection (half-open); an RST will follow",
    ("reply", "ack", "syn_recv"): "may answer a late SYN; ends a simultaneous open, see `ends_simultaneous_open`",
}
