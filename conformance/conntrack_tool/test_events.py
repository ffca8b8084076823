"""conntrack -E: what happens to connections, as it happens."""

import re
import shlex
from typing import Final

from conformance.comparing import differences, masked, says
from conformance.vocabulary import Failed, case, table, tcp, tcp6, udp, udp6
from conformance.watching import Watch

BARE: Final = ["conntrack", "conntrack-tool"]
ON: Final = "*filter\n-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED\nCOMMIT"
OUT: Final = "src=10.0.1.10 dst=10.0.2.10 sport=1000 dport=2000"
BACK: Final = "src=10.0.2.10 dst=10.0.1.10 sport=2000 dport=1000"


def told(firewall, watch, text):
    """The watch must have said exactly these lines, in this order; ids and dates do not count."""
    wanted = [line.strip() for line in text.strip().splitlines()]
    found = [masked(line).strip() for line in watch.lines()]
    wrong = differences(firewall.scene, wanted, found)
    order = [line.split("]")[0] for line in found] == [line.split("]")[0] for line in wanted]
    if wrong or not order:
        raise Failed((watch.command, "should say\n" + "\n".join(wanted)), ("it says", "\n".join(found)),
                     ("differences", "\n".join(wrong) or "the order"))  # fmt: skip


def exchange(client, server):
    """A TCP connection that is opened and reset, and a question with its answer."""
    talk = client.talk("client:1000 > server:2000")
    talk.syn()
    talk.syn_ack()
    talk.client_sends("ACK")
    talk.server_sends("RST,ACK")
    client.sends(udp("client:1000 > server:2000", "x"))
    server.answers(server.sees(udp("client:1000 > server:2000")), "y")


@case("conntrack-tool.events", topology="two-lans", needs=BARE, cites=["CTTOOL-23"])
def test_events(client, server, firewall):
    """Each step of a connection is told with the timeout that it begins; what packets do not change is not told."""
    firewall.loads(ON)
    watch = firewall.watches("conntrack -E")
    exchange(client, server)
    told(firewall, watch, f"""
        [NEW] tcp      6 120 SYN_SENT {OUT} [UNREPLIED] {BACK}
        [UPDATE] tcp      6 60 SYN_RECV {OUT} {BACK}
        [UPDATE] tcp      6 432000 ESTABLISHED {OUT} {BACK} [ASSURED]
        [UPDATE] tcp      6 10 CLOSE {OUT} {BACK} [ASSURED]
        [NEW] udp      17 30 {OUT} [UNREPLIED] {BACK}
        [UPDATE] udp      17 30 {OUT} {BACK}
    """)
    firewall.runs("conntrack -D -p udp")
    told(firewall, watch, f"[DESTROY] udp      17 30 {OUT} {BACK} [USERSPACE] portid=N")


@case("conntrack-tool.events-close", topology="two-lans", needs=BARE, cites=["CTTOOL-23"])
def test_events_close(client, server, firewall):
    """The goodbye of both ends, state by state."""
    firewall.loads(ON)
    watch = firewall.watches("conntrack -E")
    talk = client.connects("client:1000 > server:2000")
    watch.skip()
    talk.client_closes()
    talk.server_closes()
    states = [line.split()[4] for line in watch.lines()]
    assert states == ["FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT"]


@case("conntrack-tool.events-expire", topology="two-lans", needs=BARE, cites=["CTTOOL-23"])
def test_events_expire(client, firewall):
    """An end by the clock is told without the tool's mark, and without a timeout."""
    firewall.loads(ON)
    firewall.sets_timeouts(udp=1)
    watch = firewall.watches("conntrack -E -e DESTROY")
    client.sends(udp("client:1000 > server:2000", "x"))
    firewall.time_passes(2.2)
    firewall.does_not_track("udp client:1000 > server:2000")
    firewall.runs("conntrack -F")
    told(firewall, watch, f"[DESTROY] udp      17 {OUT} [UNREPLIED] {BACK}")


FORMS: Final = table("""
    name      | options            | line
    ----------+--------------------+-----
    plain     | ''                 | [NEW] udp      17 30 OUT [UNREPLIED] BACK
    extended  | -o extended        | [NEW] ipv4     2 udp      17 30 OUT [UNREPLIED] BACK
    id        | -o id              | [NEW] udp      17 30 OUT [UNREPLIED] BACK id=N
    timestamp | -o timestamp       | [NOW] [NEW] udp      17 30 OUT [UNREPLIED] BACK
    both      | -o extended,timestamp | [NOW] [NEW] ipv4     2 udp      17 30 OUT [UNREPLIED] BACK
    save      | -o save            | -A -t 30 -u UNSET -s 10.0.1.10 -d 10.0.2.10 -r 10.0.2.10 -q 10.0.1.10 -p udp --sport 1000 --dport 2000 --reply-port-src 2000 --reply-port-dst 1000
    userspace | -o userspace       | [NEW] udp      17 30 OUT [UNREPLIED] BACK
    ktimestamp | -o ktimestamp     | [NEW] udp      17 30 OUT [UNREPLIED] BACK
""")


@case("conntrack-tool.events-form", topology="two-lans", needs=BARE, cites=["CTTOOL-23", "CTTOOL-06"], rows=FORMS)
def test_events_form(client, firewall, options, line):
    """Every form of the output, of one new connection."""
    firewall.loads(ON)
    watch = firewall.watches(f"conntrack -E -e NEW {options}")
    client.sends(udp("client:1000 > server:2000", "x"))
    (found,) = watch.lines()
    shown = " ".join(masked(found.replace("\t", " ")).split())
    shown = re.sub(r"^\[\d+\.\d{6}\] ", "[NOW] ", shown)
    shown = re.sub(r" id=\d+$", " id=N", shown)
    assert differences(firewall.scene, [" ".join(line.replace("OUT", OUT).replace("BACK", BACK).split())], [shown]) == []


@case("conntrack-tool.events-xml", topology="two-lans", needs=BARE, cites=["CTTOOL-23", "CTTOOL-06"])
def test_events_xml(client, server, firewall):
    """As XML, each event has its kind; an id is always there."""
    firewall.loads(ON)
    watch = Filtered(firewall, "conntrack -E -o xml -p tcp", "tcp -s 192.0.2.1 -d 192.0.2.2 --dport 7 --state ESTABLISHED")
    client.sends(tcp("client:1000 > server:2000", "SYN"))
    server.answers(server.sees(tcp("client:1000 > server:2000", "SYN")), flags="SYN,ACK", seq=5000)
    lines = [line for line in watch.lines() if line.startswith("<flow")]
    starts = [line.split(">")[0] for line in lines]
    assert starts == ['<flow type="new"', '<flow type="update"']
    assert says(firewall.scene, lines[0], "<state>SYN_SENT</state><timeout>120</timeout><id>")
    assert "<unreplied/></meta></flow>" in lines[0]
    assert says(firewall.scene, lines[1], "<state>SYN_RECV</state><timeout>60</timeout><id>")


MASKS: Final = table("""
    name       | options                       | mark                                    | kinds
    -----------+-------------------------------+-----------------------------------------+------
    destroy    | -e DESTROY                    | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | DESTROY-tcp DESTROY-udp
    new        | -e NEW                        | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | NEW-tcp NEW-udp
    updates    | -e UPDATES                    | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | UPDATE-tcp UPDATE-tcp UPDATE-tcp UPDATE-udp
    two        | -e NEW,DESTROY                | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | NEW-tcp NEW-udp DESTROY-tcp DESTROY-udp
    twice      | -e NEW -e DESTROY             | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | NEW-tcp NEW-udp DESTROY-tcp DESTROY-udp
    small      | -e new,destroy                | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | NEW-tcp NEW-udp DESTROY-tcp DESTROY-udp
    new-tcp    | -e NEW -p tcp                 | tcp -s 192.0.2.1 -d 192.0.2.2 --dport 7 --state ESTABLISHED | NEW-tcp
    all-udp    | -e ALL -p udp                 | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | NEW-udp UPDATE-udp DESTROY-udp
    source     | -s 10.0.1.10 -e NEW           | udp -s 10.0.1.10 -d 192.0.2.1 --dport 7 | NEW-tcp NEW-udp
    network    | -s 10.0.1.0/24 -e NEW         | udp -s 10.0.1.99 -d 192.0.2.1 --dport 7 | NEW-tcp NEW-udp
    other      | -s 10.9.9.9                   | udp -s 10.9.9.9 -d 192.0.2.1 --dport 7  | ''
    port       | -p udp --dport 2000 -e NEW    | udp -s 192.0.2.1 -d 192.0.2.2 --dport 2000 | NEW-udp
    no-port    | -p udp --dport 2001           | udp -s 192.0.2.1 -d 192.0.2.2 --dport 2001 | ''
    family     | -f ipv4 -e NEW                | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | NEW-tcp NEW-udp
    reply      | -r 10.0.2.10 -e NEW           | udp -s 192.0.2.1 -d 10.0.2.10 --dport 7 | NEW-tcp NEW-udp
    buffer     | -b 100000 -e NEW              | udp -s 192.0.2.1 -d 192.0.2.2 --dport 7 | NEW-tcp NEW-udp
""")


class Filtered(Watch):
    """A watch that hears only of some connections; its mark is one of these. `mark`: protocol and options of -I."""

    def __init__(self, firewall, command, mark):
        words = f"-p {mark} --sport 7"
        plain = words.replace(" --state ESTABLISHED", "")
        self.marking = (f"conntrack -I {words} -t 60", f"conntrack -U {plain} -m 1", f"conntrack -D {plain}")
        super().__init__(firewall.scene, firewall.node, command)

    def _put_mark(self):
        for line in self.marking:
            self.node.run(shlex.split(line), check=True)


@case("conntrack-tool.event-mask", topology="two-lans", needs=BARE, cites=["CTTOOL-24"], rows=MASKS)
def test_event_mask(client, server, firewall, options, mark, kinds):
    """-e selects kinds of events, filters select connections."""
    firewall.loads(ON)
    watch = Filtered(firewall, f"conntrack -E {options}", mark)
    exchange(client, server)
    firewall.runs("conntrack -D -p tcp")
    firewall.runs("conntrack -D -p udp")
    found = [line for line in watch.lines() if line.lstrip().startswith("[")]
    shown = [f"{line.split(']')[0].strip(' [')}-{line.split(']')[1].split()[0]}" for line in found]
    assert shown == kinds.split(), "\n".join(found)


@case("conntrack-tool.events-both-families", topology="two-lans", needs=[*BARE, "ipv6"], cites=["CTTOOL-24", "CTTOOL-15"])
def test_events_both_families(client, firewall):
    """Without -f an -E hears of both families."""
    firewall.loads(ON)
    firewall.loads6(ON)
    watch = firewall.watches("conntrack -E -e NEW")
    client.sends(udp("client:1 > server:2", "x"), udp6("client:1 > server:2", "x"), tcp6("client:1 > server:2", "SYN"))
    watch.says("[NEW] udp      17 30 src=10.0.1.10", "[NEW] udp      17 30 src=2001:db8:1::10",
               "[NEW] tcp      6 120 SYN_SENT src=2001:db8:1::10")  # fmt: skip


@case("conntrack-tool.events-by-hand", topology="two-lans", needs=BARE, cites=["CTTOOL-25"])
def test_by_hand(firewall):
    """What the tool itself makes, changes and deletes is marked with the number of its socket."""
    firewall.loads(ON)
    watch = firewall.watches("conntrack -E -o id")
    flow = "-p udp -s 10.0.1.10 -d 10.0.2.10 --sport 1000 --dport 2000"
    firewall.runs(f"conntrack -I {flow} -t 100 -m 3")
    firewall.runs("conntrack -U -p udp -s 10.0.1.10 -m 9")
    firewall.runs(f"conntrack -D {flow}")
    lines = watch.lines()
    assert [line.split("]")[0].strip(" [") for line in lines] == ["NEW", "UPDATE", "DESTROY"]
    assert all(" [USERSPACE] portid=" in line for line in lines)
    assert [line.split("mark=")[1].split()[0] for line in lines] == ["3", "9", "9"]


@case("conntrack-tool.events-flush", topology="two-lans", needs=BARE, cites=["CTTOOL-25", "CTTOOL-20"])
def test_flush_events(client, firewall):
    """A flush tells the end of each connection."""
    firewall.loads(ON)
    watch = firewall.watches("conntrack -E -e DESTROY")
    client.sends(udp("client:1 > server:2", "x"), tcp("client:1 > server:2", "SYN"))
    firewall.runs("conntrack -F")
    lines = sorted(watch.lines())
    assert [line.split()[1] for line in lines] == ["tcp", "udp"]
    assert all("[USERSPACE] portid=" in line for line in lines)


@case("conntrack-tool.events-counted", topology="two-lans", needs=[*BARE, "accounting", "timestamps"], cites=["CTTOOL-23"])
def test_events_counted(client, server, firewall):
    """Counters and ages are told at the end alone."""
    firewall.sets("net.netfilter.nf_conntrack_acct", 1)
    firewall.sets("net.netfilter.nf_conntrack_timestamp", 1)
    firewall.loads(ON)
    watch = firewall.watches("conntrack -E -p udp -o ktimestamp")
    client.sends(udp("client:1000 > server:2000", "x"))
    server.answers(server.sees(udp("client:1000 > server:2000")), "yy")
    firewall.runs("conntrack -F")
    new, update, destroy = watch.lines()
    assert "packets" not in new + update
    assert "delta-time" not in new + update
    assert f"{OUT} packets=1 bytes=29 {BACK} packets=1 bytes=30 " in destroy
    assert "delta-time=" in destroy and "[start=" in destroy and "[stop=" in destroy
