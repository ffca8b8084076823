"""Frames that are not for the firewall, or not IP: no rule sees them."""

from conformance.vocabulary import arp, case, udp

WATCHING = """
    *raw
    -A PREROUTING -i lan1 -m comment --comment arrived
    COMMIT
    *mangle
    -A PREROUTING -i lan1 -m comment --comment tracked
    COMMIT
    *filter
    -A INPUT -i lan1 -m comment --comment input
    -A FORWARD -i lan1 -m comment --comment forwarded
    COMMIT
"""
MARKER = udp("client:7 > server:99", "marker")


@case("robust.frame.invisible", topology="two-lans", needs=["raw", "mangle"], cites=["ROBUST-10"], rows={
    "arp-request": {"frame": arp("client > firewall")},
    "arp-answer": {"frame": arp("client > firewall", op=2)},
    "arp-for-another": {"frame": arp("client > 10.0.1.99")},
    "vlan-without-interface": {"frame": udp("client:1000 > server:99", "tagged", vlan=7)},
    "for-another-mac": {"frame": udp("client:1000 > server:99", "astray", destination_mac="02:00:00:00:00:77")}})  # fmt: skip
def test_invisible(client, server, firewall, frame):
    """Neither counted nor forwarded; the packet after it is."""
    firewall.loads(WATCHING)
    client.sends(frame, MARKER)
    server.sees(MARKER)
    server.saw_nothing_else()
    for place, packets in (("arrived", 1), ("tracked", 1), ("input", 0), ("forwarded", 1)):
        firewall.counted(place, packets=packets)


@case("robust.frame.drop-all-leaves-arp", topology="two-lans", needs=["raw"], cites=["ROBUST-10"])
def test_arp_is_answered(client, server, firewall):
    """Rules that drop everything do not stop the firewall from answering ARP."""
    firewall.loads("*raw\n:PREROUTING DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT")
    client.sends(arp("client > firewall"))
    client.sees(arp("firewall > client", op=2))
    firewall.counted("raw PREROUTING policy", packets=0)
