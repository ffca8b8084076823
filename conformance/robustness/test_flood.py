"""More packets than the engine can take, and packets that are gone before it has judged them."""

from conformance import wire
from conformance.vocabulary import case, udp

COUNT = 2600
SIZE = 59000


@case("robust.flood.queue-overflows", topology="long-frames.yaml", needs=["engine-process", "control"], cites=["ROBUST-12"], fresh=True)
def test_overflow(client, server, firewall, scene):
    """The engine does not run while 150 MB arrive: the kernel drops what does not fit, each of them is counted, and the
    engine goes on with the rest and with what comes then."""
    firewall.loads("*raw\n-A PREROUTING -p udp --dport 99 -m comment --comment handled -j DROP\nCOMMIT")
    flood = udp("client:1 > server:99", size=SIZE)
    frame = wire.frame(flood, wire.packet_bytes(flood, scene.names), scene.names.hop("client", server.address(), ""))
    port = client.node.port("lan1")
    firewall.freezes()
    for number in range(COUNT):
        port.send(frame)
        if number % 500 == 0:
            firewall.node.port("lan1").received()  # what was captured there is of no interest
    firewall.node.port("lan1").received()
    firewall.thaws()
    marker = udp("client:7 > server:98", "marker")
    client.sends(marker)
    server.sees(marker)
    server.never_saw(flood)
    lost = firewall.node.adapter.request(do="stats")["overruns"]
    assert lost > 0, "the queue should be too short for this"
    firewall.counted("handled", packets=COUNT - lost)


@case("robust.flood.verdict-comes-too-late", topology="three-legged", needs=["engine-process", "control"], cites=["ROBUST-12"], fresh=True)
def test_too_late(client, server, web, firewall):
    """The link goes down while packets wait; the kernel forgets them, and refuses the engine's verdicts. Nothing else."""
    firewall.loads("*filter\n-A FORWARD -p udp -m comment --comment seen\nCOMMIT")
    firewall.freezes()
    client.sends([udp(f"client:{port} > web:99", "late") for port in range(1000, 1050)])
    web.sends([udp(f"web:{port} > server:99", "waits") for port in range(1000, 1005)])
    firewall.changes("ip link set lan down", undo="ip link set lan up")
    firewall.thaws()
    server.sees(udp("web:any > server:99", "waits"), times=5)
    web.never_saw(udp("client:any > web:99"))
    stats = firewall.node.adapter.request(do="stats")
    assert stats["verdicts_refused"] >= 50
    assert stats["errors"] == 0


@case("robust.flood.long-packets", topology="long-frames.yaml", cites=["ROBUST-12"])
def test_long(client, server, firewall):
    """Packets that are many times longer than usual go through whole."""
    firewall.loads("*filter\n-A FORWARD -p udp -m length --length 59028 -m comment --comment long\nCOMMIT")
    long = udp("client:1 > server:99", size=SIZE)
    client.sends(long)
    assert server.sees(long).size == SIZE + 28
    firewall.counted("long", packets=1)
