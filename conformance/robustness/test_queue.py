"""Packets that are handed to a program which is not there."""

from conformance.vocabulary import case, udp

QUERY = udp("client:1000 > server:99", "question")
MARKER = udp("client:7 > server:98", "marker")


@case("robust.queue.nobody-listens", topology="two-lans", needs=["target-NFQUEUE"], cites=["ROBUST-11"], rows={
    "closed": {"queue": "--queue-num 9", "passes": False},
    "balanced-closed": {"queue": "--queue-balance 9:12", "passes": False},
    "open": {"queue": "--queue-num 9 --queue-bypass", "passes": True},
    "balanced-open": {"queue": "--queue-balance 9:12 --queue-bypass", "passes": True}})  # fmt: skip
def test_nobody_listens(client, server, firewall, queue, passes):
    """Without a program the packet is lost; with --queue-bypass the rule is like ACCEPT."""
    firewall.loads(f"""
        *filter
        -A FORWARD -p udp --dport 99 -j NFQUEUE {queue}
        -A FORWARD -p udp --dport 99 -m comment --comment after
        COMMIT
    """)
    client.sends(QUERY, MARKER)
    server.sees(MARKER)
    if passes:
        server.sees(QUERY)
    else:
        server.never_saw(QUERY)
    firewall.counted("filter FORWARD 1", packets=1)
    firewall.counted("after", packets=0)
