"""The state grid of TCP, cell by cell: a way into each state, then each kind of segment from each end.

In the grids below a connection is in the state at the top and sees the segment at the left:

    .      it passes, and the state stays          bad    it is INVALID, and nothing changes
    let    it passes as something to be watched    gone   the entry is removed
    STATE  it moves there                          new    a new entry takes the place of the old one

Numbers are those of two ends that agree; a SYN in an open connection begins with numbers of its own. Every cell was
seen on the kernel.
"""

from conformance.tcp_script import Script
from conformance.vocabulary import case

ORIGINAL = """
          none      syn_sent  syn_recv  estab     fin_wait  clo_wait  last_ack  time_wait closed    syn_snt2
  syn     SYN_SENT  .         let       let       let       let       let       new       let       .
  synack  bad       bad       .         bad       bad       bad       bad       bad       bad       SYN_RECV
  fin     bad       bad       FIN_WAIT  FIN_WAIT  LAST_ACK  LAST_ACK  .         .         .         bad
  ack     ESTABLISHED bad     ESTABLISHED .       CLOSE_WAIT .        TIME_WAIT .         .         bad
  rst     bad       gone      CLOSE     CLOSE     CLOSE     CLOSE     CLOSE     CLOSE     .         CLOSE
"""
REPLY = """
          syn_sent  syn_recv  estab     fin_wait  clo_wait  last_ack  time_wait closed    syn_snt2
  syn     SYN_SENT2 bad       bad       bad       bad       bad       new       bad       .
  synack  SYN_RECV  let       let       let       let       let       let       let       SYN_RECV
  fin     bad       FIN_WAIT  FIN_WAIT  LAST_ACK  LAST_ACK  .         .         .         bad
  ack     let       .         .         CLOSE_WAIT .        TIME_WAIT .         .         let
  rst     gone      CLOSE     CLOSE     CLOSE     CLOSE     CLOSE     CLOSE     .         CLOSE
"""
# How to come into a state, and how it is listed.
WAYS = {
    "none": ("", ""),
    "syn_sent": ("SYN_SENT", "c S"),
    "syn_recv": ("SYN_RECV", "c S, s SA"),
    "estab": ("ESTABLISHED", "c S, s SA, c A"),
    "fin_wait": ("FIN_WAIT", "c S, s SA, c A, c FA"),
    "clo_wait": ("CLOSE_WAIT", "c S, s SA, c A, c FA, s A"),
    "last_ack": ("LAST_ACK", "c S, s SA, c A, c FA, s FA"),
    "time_wait": ("TIME_WAIT", "c S, s SA, c A, c FA, s FA, c A"),
    "closed": ("CLOSE", "c S, s SA, c A, s RA"),
    "syn_snt2": ("SYN_SENT2", "c S, s S"),
}
SEGMENTS = {"syn": "S", "synack": "SA", "fin": "FA", "ack": "A", "rst": "RA"}
TIMEOUTS = {
    "SYN_SENT": 120, "SYN_RECV": 60, "ESTABLISHED": 432000, "FIN_WAIT": 120, "CLOSE_WAIT": 60, "LAST_ACK": 30,
    "TIME_WAIT": 120, "CLOSE": 10, "SYN_SENT2": 120,
}  # fmt: skip
# A cell shows that its state is the one it names; the requirement is the one about that state or move.
CITES = {
    "none": "CTTCP-19", "syn_sent": "CTTCP-01", "syn_recv": "CTTCP-02", "estab": "CTTCP-03", "fin_wait": "CTTCP-05",
    "clo_wait": "CTTCP-06", "last_ack": "CTTCP-07", "time_wait": "CTTCP-08", "closed": "CTTCP-09", "syn_snt2": "CTTCP-12",
}  # fmt: skip


def cells(grid, side, name):
    heads, *lines = [line.split() for line in grid.strip().splitlines()]
    return {
        f"{name}.{segment}.{state}": {
            "side": side, "segment": segment, "state": state, "outcome": outcome, "cites": CITES[state]}
        for segment, *outcomes in lines
        for state, outcome in zip(heads, outcomes, strict=True)
    }


@case("tcp.grid", topology="two-lans", needs=["conntrack"], rows={**cells(ORIGINAL, "c", "original"), **cells(REPLY, "s", "reply")})
def test_grid(client, server, firewall, side, segment, state, outcome):
    """What a segment of each kind from each end does in each state."""
    listed, way = WAYS[state]
    script = Script(client, server, firewall)
    for step in filter(None, way.split(", ")):
        script.play(step)
    if listed:
        script.entry([listed])
    flags, options = segment_of(side, segment, state)
    said = script.after([side, flags, *options])
    if outcome == "bad":
        assert said == "INVALID"
        script.entry([listed] if listed else ["gone"])
    elif outcome == "gone":
        assert said == ("NEW" if side == "c" else "ESTABLISHED")
        script.entry(["gone"])
    elif outcome == "new":
        assert said == "NEW"
        entry = firewall.connections()[0]
        assert (entry.state, "UNREPLIED" in str(entry), len(firewall.connections())) == ("SYN_SENT", True, 1)
    elif outcome in (".", "let"):
        assert said == ("NEW" if state == "syn_sent" and side == "c" else "ESTABLISHED")
        script.entry([listed])
    else:
        assert said == ("NEW" if state == "none" else "ESTABLISHED")
        script.entry([outcome, str(300 if (state, segment) == ("none", "ack") else TIMEOUTS[outcome])])


def segment_of(side, segment, state):
    """Flags and numbers: repeated where the state has had such a segment already, else the next in order."""
    flags = SEGMENTS[segment]
    if segment == "syn":
        first = state == "none" or (side == "s" and state == "syn_sent")
        return flags, [] if first else ["seq=0"] if state in ("syn_sent", "syn_snt2") else ["isn=3000000"]
    if segment == "synack" and side == "s" and state != "syn_sent":
        return flags, ["seq=0"]
    if segment == "rst" and state in ("none", "syn_sent") and side == "c":
        return "R", []
    return flags, []
