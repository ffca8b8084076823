"""Helpers whose expectations come of a question and its answer: SANE, and the broadcasts of NetBIOS and SNMP."""

from conformance.stating import States
from conformance.vocabulary import case, table, tcp, udp

START = b"\0\0\0\x07\0\0\0\5"  # NET_START of handle 5 (SANE standard, section 5.2.9)
PORT_6666 = b"\0\0\0\0\0\0\x1a\x0a"  # status good, port 6666


def scanner(client, firewall, question=START, answer=PORT_6666):
    talk = client.connects("client:40000 > server:6570")
    talk.client_says(question)
    talk.server_says(answer)
    return talk


@case("sane.data", topology="two-lans", needs=["helper-sane"], cites=["HELPER-18"])
def test_sane_data(client, firewall):
    """The scanner's answer names the port of the image; the client that asked is expected there, from any port."""
    states = States(firewall, extra={"raw": "-A PREROUTING -p tcp --dport 6570 -j CT --helper sane"})
    scanner(client, firewall)
    firewall.expects("proto=6", "src={client}", "dst={server}", "sport=0", "dport=6666", "sane", count=1)
    states.after()
    client.sends(tcp("10.0.1.77:1000 > server:6666", "SYN"))
    assert states.after() == "NEW"
    client.sends(tcp("client:1000 > server:6666", "SYN"))
    assert states.after() == "RELATED"
    firewall.expects_nothing()


@case("sane.no-data", topology="two-lans", needs=["helper-sane"], cites=["HELPER-18"], rows={
    "other-request": {"question": b"\0\0\0\x06\0\0\0\5", "answer": PORT_6666},
    "short-request": {"question": START[:7], "answer": PORT_6666},
    "busy": {"question": START, "answer": b"\0\0\0\3\0\0\x1a\x0a"},
    "not-zero": {"question": START, "answer": b"\0\0\0\0\0\1\x1a\x0a"},
    "short-answer": {"question": START, "answer": PORT_6666[:7]}})  # fmt: skip
def test_sane_no_data(client, firewall, question, answer):
    """Another request, or an answer that is no success, announces nothing."""
    firewall.loads("*raw\n-A PREROUTING -p tcp --dport 6570 -j CT --helper sane\nCOMMIT")
    scanner(client, firewall, question, answer)
    firewall.expects_nothing()


# -- questions to everybody

BROADCASTS = table("""
    name       | port | seconds | needs
    -----------+------+---------+-------------------
    netbios-ns | 137  | 3       | helper-netbios-ns
    snmp       | 161  | 30      | helper-snmp
""")  # fmt: skip


def asks_all(firewall, helper, port, brd="brd +"):
    """The firewall asks everybody on a network of its own that knows its broadcast address, or does not."""
    firewall.changes(f"ip addr add 198.51.100.1/24 {brd} dev net", undo="ip addr del 198.51.100.1/24 dev net")
    states = States(firewall, "INPUT", extra={"raw": f"-A OUTPUT -p udp --dport {port} -j CT --helper {helper}"})
    asking = firewall.opens("udp:198.51.100.1:30000")
    asking.says("who?", to=f"198.51.100.255:{port}")
    states.after()  # the machine hears its own question, too
    return states, asking


@case("broadcast.answers", topology="host", cites=["HELPER-18"], rows=BROADCASTS)
def test_broadcast_answers(client, firewall, row, port, seconds):
    """Every host of the network may answer what was asked of all, from the service's port; and more than one may."""
    states, asking = asks_all(firewall, row, port)
    client.sees(udp(f"198.51.100.1:30000 > 198.51.100.255:{port}", "who?"))
    line = firewall.expects("proto=17", "src=198.51.100.255", "dst=198.51.100.1", f"sport={port}", "dport=30000", row, count=1)[0]
    assert seconds - 1 <= int(line.split()[0]) <= seconds
    for host in ("198.51.100.10", "198.51.100.77"):
        client.sends(udp(f"{host}:{port} > 198.51.100.1:30000", "I"))
        assert states.after() == "RELATED"
        asking.hears("I", sender=f"{host}:{port}")
    firewall.expects("dport=30000", row, count=1)


@case("broadcast.strangers", topology="host", cites=["HELPER-18"], rows=BROADCASTS)
def test_broadcast_strangers(client, firewall, row, port, seconds):
    """Another network, another port of the sender and another port of the firewall have nothing to do with it."""
    states, _asking = asks_all(firewall, row, port)
    for flow in (
        f"203.0.113.9:{port} > 198.51.100.1:30000",
        "198.51.100.10:999 > 198.51.100.1:30000",
        f"198.51.100.10:{port} > 198.51.100.1:30001",
    ):
        client.sends(udp(flow, "I"))
        assert states.after() == "NEW"


@case("broadcast.unicast", topology="host", cites=["HELPER-18"], rows=BROADCASTS)
def test_broadcast_unicast(client, firewall, row, port, seconds):
    """A question to one host is answered by that host: nothing more is expected."""
    firewall.loads(f"*raw\n-A OUTPUT -p udp --dport {port} -j CT --helper {row}\nCOMMIT")
    firewall.opens("udp:30000").says("who?", to=f"client:{port}")
    firewall.expects_nothing()


@case("broadcast.not-known-as-such", topology="host", cites=["HELPER-18"], rows=BROADCASTS)
def test_broadcast_not_known(client, firewall, row, port, seconds):
    """The last address of a network is its broadcast address for routing. The helper goes by what the interface was told."""
    asks_all(firewall, row, port, brd="")
    client.sees(udp(f"198.51.100.1:30000 > 198.51.100.255:{port}", "who?"))
    firewall.expects_nothing()
